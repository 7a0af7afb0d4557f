"""Roots of distributions, made by debootstrap once and kept in build/roots, and throw-away copies of them (overlays).

Debian's mirror is that of this machine's own apt; Ubuntu's is named by INGRESS_UBUNTU_MIRROR."""
import os
import shutil
import subprocess

import pytest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
KEPT = os.path.join(ROOT, "build", "roots")
PACKAGES = os.environ.get("INGRESS_PACKAGES") or os.path.join(ROOT, "build", "packages")
UBUNTU = ("focal", "jammy", "noble")
NO_QUESTIONS = {"DEBIAN_FRONTEND": "noninteractive", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


def sh(*words, **options):
    """Its output; a failure says all that it printed."""
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)
    assert done.returncode == 0, f"{' '.join(words)}: {done.returncode}\n{done.stdout}"
    return done.stdout


def mirror_of(suite):
    if suite in UBUNTU:
        return os.environ.get("INGRESS_UBUNTU_MIRROR") or pytest.skip("no INGRESS_UBUNTU_MIRROR says where Ubuntu is")
    known = sh("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages").split()
    debian = [uri for uri in known if uri.rstrip("/").endswith("/debian")]
    return debian[0] if debian else pytest.skip("this machine's apt names no mirror of Debian")


def package_file(name, folder=PACKAGES):
    found = [file for file in os.listdir(folder) if file.startswith(name + "_") and file.endswith(".deb")]
    assert len(found) == 1, f"{folder} has {found} of {name}"
    return os.path.join(folder, found[0])


def depends_of(*names):
    """What our packages need of the distribution."""
    words = ",".join(sh("dpkg-deb", "-f", package_file(name), "Depends") for name in names).split(",")
    return sorted({word.split("(")[0].strip() for word in words})


def debootstrap(suite, name=None, include=()):
    """The folder of a root: minbase, and `include`."""
    folder = os.path.join(KEPT, name or suite)
    if os.path.exists(folder):
        return folder
    os.makedirs(KEPT, exist_ok=True)
    new = f"{folder}.new"
    shutil.rmtree(new, ignore_errors=True)
    words = ["debootstrap", "--variant=minbase"] + (["--no-check-gpg"] if suite in UBUNTU else [])
    words += [f"--include={','.join(include)}"] if include else []
    sh(*words, suite, new, mirror_of(suite))
    os.rename(new, folder)
    return folder


def install_packages(folder, *names):
    """By the root's own apt, from the mirror that it was made from."""
    shutil.copy("/etc/resolv.conf", folder + "/etc/resolv.conf")
    for words in (["update", "-q"], ["install", "-y", "-q", "--no-install-recommends", *names]):
        sh("chroot", folder, "apt-get", *words, env=NO_QUESTIONS)


class Overlay:
    """A root that may be changed: what is written goes away with it."""

    def __init__(self, lower, folder):
        self.path = os.path.join(folder, "root")
        parts = [os.path.join(folder, name) for name in ("upper", "work", "root")]
        for part in parts:
            os.makedirs(part)
        sh("mount", "-t", "overlay", "overlay", "-o", f"lowerdir={lower},upperdir={parts[0]},workdir={parts[1]}", parts[2])

    def mount_proc(self):
        os.makedirs(self.path + "/proc", exist_ok=True)
        sh("mount", "-t", "proc", "proc", self.path + "/proc")

    def put(self, source, target, mode=0o644):
        """A file of this machine, there."""
        place = self.path + target + (os.path.basename(source) if target.endswith("/") else "")
        os.makedirs(os.path.dirname(place), exist_ok=True)
        shutil.copy(source, place)
        os.chmod(place, mode)

    def write(self, target, text):
        with open(self.path + target, "w") as file:
            file.write(text)

    def close(self):
        if os.path.ismount(self.path + "/proc"):
            sh("umount", "--lazy", self.path + "/proc")
        sh("umount", "--lazy", self.path)
