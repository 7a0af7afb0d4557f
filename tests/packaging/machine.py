"""Machines: a root with systemd as PID 1 (systemd-nspawn), in a network namespace of its own, on one bridge with this
process, which is their public side."""
import contextlib
import os
import signal
import subprocess

import pytest

from harness.wait import wait_until
from roots import NO_QUESTIONS, Overlay, debootstrap, depends_of, install_packages, sh

BRIDGE, GATEWAY = "ingressbr0", "10.77.0.1"
PROGRAMS = ("systemd", "systemd-sysv", "dbus", "ca-certificates", "python3", "curl", "iproute2", "procps")


def base_root(suite="bookworm"):
    """With what our packages depend on, so that they install without a network; and who rotates the access log."""
    needs = sorted([*depends_of("ingress-broker", "ingress-agent", "ingressctl"), "logrotate"])
    folder = debootstrap(suite, f"{suite}-systemd", PROGRAMS)
    # A root that is kept from earlier may lack what they need since.
    known = os.path.join(folder, "root", "installed-for-ingress")
    if not os.path.exists(known) or open(known).read().split() != needs:
        install_packages(folder, *needs)
        with open(known, "w") as file:
            file.write("\n".join(needs))
    return folder


@contextlib.contextmanager
def bridge():
    subprocess.run(["ip", "link", "del", BRIDGE], capture_output=True, check=False)
    sh("ip", "link", "add", BRIDGE, "type", "bridge")
    sh("ip", "address", "add", f"{GATEWAY}/24", "dev", BRIDGE)
    sh("ip", "link", "set", BRIDGE, "up")
    try:
        yield
    finally:
        sh("ip", "link", "del", BRIDGE)


class Machine:
    """`hosts` are lines of /etc/hosts, `ca` is one that its system store trusts, as a public one would be."""

    def __init__(self, folder, name, address, ca=None, hosts=""):
        self.name, self.address = name, address
        self.namespace = f"ingress-{name}"
        self.root = Overlay(base_root(), folder)
        self.root.write("/etc/hosts", f"127.0.0.1 localhost\n::1 localhost\n{hosts}")
        if ca:
            self.root.put(ca, "/usr/local/share/ca-certificates/public.crt")
            sh("chroot", self.root.path, "update-ca-certificates")
        self.log = os.path.join(folder, "boot.log")
        self._network()
        self._boot()

    def _network(self):
        outer = f"ing-{self.name}"
        subprocess.run(["ip", "netns", "del", self.namespace], capture_output=True, check=False)
        sh("ip", "netns", "add", self.namespace)
        sh("ip", "link", "add", outer, "type", "veth", "peer", "name", "eth0", "netns", self.namespace)
        sh("ip", "link", "set", outer, "master", BRIDGE, "up")
        for words in (["address", "add", f"{self.address}/24", "dev", "eth0"], ["link", "set", "eth0", "up"],
                      ["link", "set", "lo", "up"], ["route", "add", "default", "via", GATEWAY]):
            sh("ip", "-n", self.namespace, *words)

    def _boot(self):
        with open(self.log, "wb") as log:
            self._nspawn = subprocess.Popen(
                ["systemd-nspawn", "--quiet", "--directory", self.root.path, "--boot", "--register=no", "--keep-unit",
                 f"--network-namespace-path=/run/netns/{self.namespace}", "--console=pipe",
                 f"--machine=ingress-{self.name}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        with contextlib.suppress(AssertionError):
            wait_until(self._is_up, f"{self.name} boots", seconds=60)
        if not self._is_up():
            with open(self.log, errors="replace") as log:
                pytest.skip(f"systemd does not run as PID 1 here: {log.read()[-400:]}")

    @property
    def init(self):
        """The pid of its systemd, out here; None before it runs."""
        with open(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children") as file:
            children = file.read().split()
        return children[0] if children else None

    def _is_up(self):
        if self._nspawn.poll() is not None or not self.init:
            return False
        done = subprocess.run(self._words("systemctl", "is-system-running"), capture_output=True, text=True, check=False)
        return done.stdout.strip() in ("running", "degraded")

    def _words(self, *words):
        return ["nsenter", "--target", self.init, "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root",
                "--", "env", "-i", *(f"{name}={value}" for name, value in NO_QUESTIONS.items()),
                "HOME=/root", "sh", "-c", 'cd /root && exec "$@"', "sh", *words]

    def run(self, script, seconds=180):
        """bash -e, as root, in /root; its output. A failure says the log of our units, too."""
        done = subprocess.run(self._words("bash", "-ec", script), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=seconds, check=False)
        assert done.returncode == 0, f"{self.name}: {script}\n→ {done.returncode}\n{done.stdout}\n{self.journal()}"
        return done.stdout

    def fails(self, script):
        done = subprocess.run(self._words("bash", "-ec", script), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=180, check=False)
        assert done.returncode != 0, f"{self.name}: {script}\nshould have failed\n{done.stdout}"
        return done.stdout

    def start(self, *words):
        """In the background, until the machine goes."""
        return subprocess.Popen(self._words(*words), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)

    def journal(self):
        return subprocess.run(self._words("journalctl", "--no-pager", "-n", "60", "-u", "ingress-*"),
                              capture_output=True, text=True, check=False).stdout

    def show(self, unit, name):
        """A property of a unit."""
        return self.run(f"systemctl show --value -p {name} {unit}").strip()

    def wait(self, script, what, seconds=40):
        """Until the script is good."""
        def good():
            return subprocess.run(self._words("bash", "-ec", script), capture_output=True, check=False).returncode == 0

        return wait_until(good, f"{self.name}: {what}", seconds, self.journal)

    def install(self, *files):
        for file in files:
            self.root.put(file, "/root/" + os.path.basename(file))
        return self.run("apt-get install -y --allow-downgrades --no-install-recommends "
                        + " ".join("./" + os.path.basename(file) for file in files))

    def close(self):
        if self._nspawn.poll() is None:
            subprocess.run(self._words("systemctl", "poweroff", "--force", "--force"), capture_output=True, check=False)
            try:
                self._nspawn.wait(20)
            except subprocess.TimeoutExpired:
                self._nspawn.send_signal(signal.SIGKILL)
                self._nspawn.wait()
        self.root.close()
        sh("ip", "netns", "del", self.namespace)
