"""/etc/ingress/broker.toml and agent.toml, which whoever runs the programs edits: no upgrade asks about them or changes them,
also one from the packages whose conffiles they were. dpkg alone, in a root that does not run."""
import os
import re
import shutil
import subprocess

import pytest

from machine import base_root
from roots import NO_QUESTIONS, PACKAGES, Overlay, package_file, sh

NEXT = os.path.join(PACKAGES, "next")
NAMES = ["broker", "agent"]


@pytest.fixture
def root(as_root, tmp_path):
    made = Overlay(base_root(), str(tmp_path))
    yield made
    made.close()


def dpkg(root, *words):
    """A question would find nobody who answers, and end it."""
    return sh("chroot", root.path, "dpkg", *words, env=NO_QUESTIONS, stdin=subprocess.DEVNULL)


def install(root, file):
    root.put(file, "/root/package.deb")
    dpkg(root, "--install", "/root/package.deb")


def read(root, path):
    with open(root.path + path) as file:
        return file.read()


def edit(root, name):
    """The file's text from then on."""
    with open(f"{root.path}/etc/ingress/{name}.toml", "a") as file:
        file.write('log-level = "warn"\n')
    return read(root, f"/etc/ingress/{name}.toml")


def as_it_was(name, folder):
    """The package of before: the settings' file is dpkg's, and says something else."""
    tree = os.path.join(folder, "before")
    sh("dpkg-deb", "--raw-extract", package_file(f"ingress-{name}"), tree)
    os.makedirs(f"{tree}/etc/ingress")
    shutil.move(f"{tree}/usr/share/ingress/{name}.toml", f"{tree}/etc/ingress/{name}.toml")
    for path, text in ((f"etc/ingress/{name}.toml", "# An earlier version explains less.\n"), ("DEBIAN/conffiles", f"/etc/ingress/{name}.toml\n")):
        with open(os.path.join(tree, path), "a") as file:
            file.write(text)
    with open(f"{tree}/DEBIAN/control") as file:
        control = re.sub(r"^Version: .*$", "Version: 0.0.1-1", file.read(), flags=re.MULTILINE)
    with open(f"{tree}/DEBIAN/control", "w") as file:
        file.write(control)
    sh("dpkg-deb", "--root-owner-group", "--build", tree, f"{folder}/before.deb")
    return f"{folder}/before.deb"


@pytest.mark.parametrize("name", NAMES)
def test_an_installation_has_the_file_that_explains_and_an_upgrade_leaves_it_as_it_was_edited(root, name):
    etc, shared = f"/etc/ingress/{name}.toml", f"/usr/share/ingress/{name}.toml"
    install(root, package_file(f"ingress-{name}"))
    assert read(root, etc) == read(root, shared)
    assert etc not in dpkg(root, "--status", f"ingress-{name}")
    edited, explained = edit(root, name), read(root, shared)
    install(root, package_file(f"ingress-{name}", NEXT))
    assert read(root, etc) == edited and read(root, shared) != explained
    dpkg(root, "--remove", f"ingress-{name}")
    assert read(root, etc) == edited
    install(root, package_file(f"ingress-{name}"))
    assert read(root, etc) == edited
    dpkg(root, "--purge", f"ingress-{name}")
    assert not os.path.exists(root.path + etc)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_was_dpkgs_own_stays_as_it_was_edited(root, name, tmp_path):
    etc = f"/etc/ingress/{name}.toml"
    install(root, as_it_was(name, str(tmp_path)))
    assert etc in dpkg(root, "--status", f"ingress-{name}")
    edited = edit(root, name)
    for folder in (PACKAGES, NEXT):
        install(root, package_file(f"ingress-{name}", folder))
        assert read(root, etc) == edited
    assert sorted(os.listdir(f"{root.path}/etc/ingress")) == sorted({f"{name}.toml", *(["tls"] if name == "broker" else [])}), "no .dpkg-dist"
    dpkg(root, "--purge", f"ingress-{name}")
    assert not os.path.exists(root.path + etc)


def test_the_access_log_is_rotated_by_one_rule_alone(root):
    rule = "/etc/logrotate.d/ingress-broker"
    install(root, package_file("ingress-broker"))
    assert "/var/log/ingress/*.log" in read(root, rule) and rule not in dpkg(root, "--status", "ingress-broker")
    root.write(rule, "")
    install(root, package_file("ingress-broker", NEXT))
    assert read(root, rule) == "", "the operator wants none"
    root.write(rule, "/var/log/ingress/access.log {\n\tweekly\n}\n")
    install(root, package_file("ingress-broker"))
    assert "weekly" in read(root, rule)
    dpkg(root, "--purge", "ingress-broker")
    assert not os.path.exists(root.path + rule)
    root.write("/etc/logrotate.d/mine", "/var/log/ingress/access.log {\n\tdaily\n}\n")
    install(root, package_file("ingress-broker"))
    assert not os.path.exists(root.path + rule)
