"""The static agent in roots of distributions, old and new, and in one that holds nothing: names by /etc/hosts and by a name
server, the machine's CAs from where each distribution keeps them."""
import contextlib
import os
import shutil

import pytest

from harness.process import Process
from harness.wait import wait_until
from own_network import NameServer, own_network
from roots import ROOT, Overlay, debootstrap, sh

STATIC = os.path.join(ROOT, "build", "static", "bin", "ingress-agent")
STATIC_ARM64 = os.path.join(ROOT, "build", "static-arm64", "bin", "ingress-agent")
BROKER = "broker.iterate.app"
DEBIAN_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
IDLE_KB = 6 * 1024
SUITES = ("bullseye", "bookworm", "trixie", "jammy")


@pytest.fixture(scope="module")
def suites(as_root):
    """Their roots are made while the mirror can be reached."""
    for suite in SUITES:
        with contextlib.suppress(pytest.skip.Exception):
            debootstrap(suite)


@pytest.fixture(scope="module")
def edge(suites, tmp_path_factory):
    """A broker, its origin and a name server in a network of their own; /etc/resolv.conf of the roots names that."""
    from harness.certificates import Ca
    from harness.origin import Origin
    from harness.stack import Stack

    with own_network():
        server = NameServer({BROKER})
        ca = Ca(str(tmp_path_factory.mktemp("ca")))
        stack = Stack(tmp_path_factory.mktemp("stack"), ca, start=False)
        stack.origin, stack.names = Origin(lambda connection, request: connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
                                           or True), server
        yield stack
        stack.origin.close()
        stack.broker.stop()
        server.close()


def static_file(path):
    if not os.path.exists(path):
        pytest.skip(f"{path} is not built: ./dev build {path.split('/')[-3]}")
    return path


def idle(agent):
    wait_until(lambda: agent.rss_kb() < IDLE_KB, "idle memory", detail=lambda: f"{agent.rss_kb()} KB")
    print(f"idle: {agent.rss_kb()} KB")


@contextlib.contextmanager
def running(edge, folder, root, *more, environment=None, before=()):
    """The agent in that root, until it has served a request and is idle."""
    with open(root + "/token", "w") as file:
        file.write(edge.token)
    said = [] if environment else ["-u", "SSL_CERT_FILE", "-u", "SSL_CERT_DIR"]  # this machine's own
    process = Process("agent", ["env", *said, "chroot", root, *before, "/ingress-agent", "run", "--log-format", "json", "--broker",
                                f"https://{BROKER}:{edge.broker.https_port}", "--machine", "mach_a", "--token-file", "/token",
                                "--listen", "off", *more], folder, environment)
    try:
        process.wait_event("tunnel_up")
        answer = edge.get(edge.host(edge.origin.port))
        assert (answer.status, answer.body) == (200, b"hello")
        yield process
    finally:
        process.stop()


def hashed(folder, certificate):
    """As `openssl rehash` has it; both hashes, old and new programs look for different ones."""
    os.makedirs(folder, exist_ok=True)
    name = sh("openssl", "x509", "-in", certificate, "-noout", "-hash").strip()
    shutil.copy(certificate, os.path.join(folder, name + ".0"))


@pytest.mark.parametrize("suite", SUITES)
def test_it_runs_on_a_distribution_with_that_ones_cas_and_resolver(edge, suite, tmp_path):
    root = Overlay(debootstrap(suite), str(tmp_path))
    try:
        root.mount_proc()
        root.put(static_file(STATIC), "/ingress-agent", 0o755)
        root.write("/etc/resolv.conf", "nameserver 127.0.0.1\n")
        hashed(root.path + "/etc/ssl/certs", edge.ca.path)
        edge.names.asked.clear()
        with running(edge, str(tmp_path), root.path) as agent:
            assert BROKER in edge.names.asked
            idle(agent)
        # The name is in /etc/hosts now; nobody is asked, and the CAs are one file.
        root.write("/etc/hosts", f"127.0.0.1 {BROKER}\n")
        edge.names.asked.clear()
        shutil.rmtree(root.path + "/etc/ssl/certs")
        os.mkdir(root.path + "/etc/ssl/certs")
        shutil.copy(edge.ca.path, root.path + DEBIAN_BUNDLE)
        with running(edge, str(tmp_path), root.path):
            assert BROKER not in edge.names.asked
    finally:
        root.close()


@pytest.fixture
def empty_root(tmp_path):
    """busybox, /etc/resolv.conf, and what a test puts there: no libc, no /proc, no /dev."""
    root = tmp_path / "empty"
    (root / "bin").mkdir(parents=True)
    (root / "etc").mkdir()
    shutil.copy("/bin/busybox", root / "bin" / "busybox")
    (root / "etc" / "resolv.conf").write_text("nameserver 127.0.0.1\n")
    return str(root)


def test_it_runs_where_nothing_is_but_the_file_and_resolv_conf(edge, empty_root, tmp_path):
    shutil.copy(static_file(STATIC), empty_root + "/ingress-agent")
    shutil.copy(edge.ca.path, empty_root + "/ca.pem")
    assert "static-pie linked" in sh("file", STATIC)
    listing = sh("chroot", empty_root, "/bin/busybox", "find", "/", "-type", "f").split()
    assert sorted(listing) == ["/bin/busybox", "/ca.pem", "/etc/resolv.conf", "/ingress-agent"]
    with running(edge, str(tmp_path), empty_root, "--ca-file", "/ca.pem"):
        pass


@pytest.mark.parametrize("place", [DEBIAN_BUNDLE, "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
                                   "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem"])
def test_the_cas_are_found_where_a_distribution_keeps_them(edge, empty_root, tmp_path, place):
    shutil.copy(static_file(STATIC), empty_root + "/ingress-agent")
    os.makedirs(os.path.dirname(empty_root + place), exist_ok=True)
    shutil.copy(edge.ca.path, empty_root + place)
    with running(edge, str(tmp_path), empty_root):
        pass


def test_the_environment_says_where_the_cas_are(edge, empty_root, tmp_path):
    shutil.copy(static_file(STATIC), empty_root + "/ingress-agent")
    shutil.copy(edge.ca.path, empty_root + "/elsewhere.pem")
    with running(edge, str(tmp_path), empty_root, environment={"SSL_CERT_FILE": "/elsewhere.pem"}):
        pass


def test_without_a_ca_or_an_address_it_says_so_and_goes_on_trying(edge, empty_root, tmp_path):
    shutil.copy(static_file(STATIC), empty_root + "/ingress-agent")
    with pytest.raises(AssertionError):
        with running(edge, str(tmp_path), empty_root, "--broker", "https://nowhere.iterate.app"):
            pass
    with open(tmp_path / "agent.log") as log:
        assert "the name nowhere.iterate.app: tunnel: resolve_failed" in log.read()


def test_memory_stays_small_with_all_cas_of_a_distribution_in_one_file(edge, tmp_path):
    """Alpine without its ca-certificates package, and RHEL, have no folder of hashes: the file is read whole."""
    root = Overlay(debootstrap("bookworm"), str(tmp_path))
    try:
        root.mount_proc()
        root.put(static_file(STATIC), "/ingress-agent", 0o755)
        root.write("/etc/resolv.conf", "nameserver 127.0.0.1\n")
        place = root.path + "/etc/ssl/certs"
        shutil.rmtree(place, ignore_errors=True)
        os.makedirs(place)
        with open(root.path + DEBIAN_BUNDLE, "w") as bundle:
            for path in (DEBIAN_BUNDLE, edge.ca.path):
                with open(path) as part:
                    bundle.write(part.read())
        with running(edge, str(tmp_path), root.path) as agent:
            idle(agent)
    finally:
        root.close()


def test_the_arm64_file_runs_under_qemu(edge, empty_root, tmp_path):
    qemu = shutil.which("qemu-aarch64-static") or pytest.skip("no qemu-user-static here")
    shutil.copy(static_file(STATIC_ARM64), empty_root + "/ingress-agent")
    shutil.copy(qemu, empty_root + "/bin/qemu")
    shutil.copy(edge.ca.path, empty_root + "/ca.pem")
    assert "ARM aarch64" in sh("file", STATIC_ARM64)
    with running(edge, str(tmp_path), empty_root, "--ca-file", "/ca.pem", before=["/bin/qemu"]):
        pass
