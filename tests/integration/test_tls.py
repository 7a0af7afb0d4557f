"""Certificates: by SNI, from a folder, taken over while running; what goes wrong in a handshake stays there."""
import socket
import ssl
import time

import pytest

from harness.http1 import Client
from harness.wait import wait_until


def names_served(stack, sni):
    with Client(stack.broker.https_port, tls=stack.ca.context(), sni=sni) as client:
        return {value for kind, value in client.sock.getpeercert()["subjectAltName"] if kind == "DNS"}


@pytest.fixture
def certificates(make_stack):
    stack = make_stack(start=False)
    for name, hosts in {"exact": ["one.example.com"], "wild": ["*.example.com", "example.com"],
                        "deep": ["*.deep.example.com"]}.items():
        stack.ca.issue(stack.broker.tls_dir, name, hosts)
    stack.broker.restart()
    return stack


@pytest.mark.parametrize("sni, expected", [
    ("one.example.com", {"one.example.com"}), ("ONE.Example.com", {"one.example.com"}),
    ("two.example.com", {"*.example.com", "example.com"}), ("example.com", {"*.example.com", "example.com"}),
    ("a.deep.example.com", {"*.deep.example.com"}),
])
def test_the_certificate_is_chosen_by_sni_exact_before_wildcard(certificates, sni, expected):
    assert names_served(certificates, sni) == expected


def test_underscores_match_a_wildcard(certificates):
    assert "*.machines.iterate.app" in names_served(certificates, "4096__mach_a.machines.iterate.app")


@pytest.mark.parametrize("sni", ["unknown.example.org", None])
def test_an_unknown_or_absent_name_does_no_harm(certificates, sni):
    """A default certificate or a refused handshake; in any case the broker goes on."""
    try:
        with Client(certificates.broker.https_port, tls=certificates.ca.context(), sni=sni) as client:
            assert client.get("nobody.iterate.app").status == 404
    except ssl.SSLError:
        pass
    assert names_served(certificates, "one.example.com") == {"one.example.com"}


def test_a_new_certificate_is_served_within_a_second(certificates):
    certificates.ca.issue(certificates.broker.tls_dir, "fresh", ["fresh.example.net"])
    placed = time.monotonic()
    wait_until(lambda: fresh_served(certificates), "the new certificate", 5)
    assert time.monotonic() - placed < 1.2


def fresh_served(stack):
    try:
        return "fresh.example.net" in names_served(stack, "fresh.example.net")
    except ssl.SSLError:
        return False


def test_a_renewed_certificate_is_served_within_a_second_and_running_connections_stay(certificates):
    def serial():
        with Client(certificates.broker.https_port, tls=certificates.ca.context(), sni="one.example.com") as client:
            return client.sock.getpeercert()["serialNumber"]

    before = serial()
    with Client(certificates.broker.https_port, tls=certificates.ca.context(), sni="one.example.com") as old:
        assert old.get("nobody.iterate.app").status == 404
        certificates.ca.issue(certificates.broker.tls_dir, "exact", ["one.example.com"])
        placed = time.monotonic()
        wait_until(lambda: serial() != before, "the renewed certificate", 5)
        assert time.monotonic() - placed < 1.2
        assert old.get("nobody.iterate.app").status == 404


@pytest.mark.parametrize("damage", ["not a certificate", ""])
def test_a_broken_file_keeps_the_certificate_that_was_there(certificates, damage):
    path = f"{certificates.broker.tls_dir}/exact.crt"
    with open(path, "w") as file:
        file.write(damage)
    certificates.broker.process.wait_event("certificate_refused", seconds=5)
    assert names_served(certificates, "one.example.com") == {"one.example.com"}
    assert names_served(certificates, "two.example.com") == {"*.example.com", "example.com"}


def test_a_removed_certificate_is_no_longer_served(certificates):
    import os

    for kind in ("crt", "key"):
        os.remove(f"{certificates.broker.tls_dir}/exact.{kind}")
    wait_until(lambda: names_served(certificates, "one.example.com") == {"*.example.com", "example.com"}, "the wildcard", 5)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_clients_speak_tls_1_2_and_1_3(shared, origin, version):
    context = shared.ca.context()
    context.minimum_version = context.maximum_version = version
    with Client(shared.broker.https_port, tls=context, sni="misha.iterate.app") as client:
        assert client.get(shared.host(origin.port)).status == 200


def test_older_versions_are_refused(shared):
    context = shared.ca.context()
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, OSError)):
        Client(shared.broker.https_port, tls=context, sni="misha.iterate.app")


def test_a_client_without_alpn_speaks_http_1_1(shared, origin):
    context = ssl.create_default_context(cafile=shared.ca.path)
    context.check_hostname = False
    with Client(shared.broker.https_port, tls=context, sni="misha.iterate.app") as client:
        assert client.get(shared.host(origin.port)).status == 200


def test_a_client_that_also_offers_h2_gets_http_1_1(shared, origin):
    with Client(shared.broker.https_port, tls=shared.ca.context(("h2", "http/1.1")), sni="misha.iterate.app") as client:
        assert client.sock.selected_alpn_protocol() == "http/1.1"
        assert client.get(shared.host(origin.port)).status == 200


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"\0" * 500, b"\0" * 2000, b"\x16"])
def test_clear_bytes_on_the_tls_port_end_that_connection_alone(shared, origin, data):
    with Client(shared.broker.https_port) as client:
        client.send(data)
        if len(data) > 1:
            client.sock.settimeout(10)
            client.reader.rest()
    assert shared.get(shared.host(origin.port), tls=True).status == 200


def test_a_handshake_that_is_broken_off_does_no_harm(shared, origin):
    for _ in range(50):
        with socket.create_connection(("127.0.0.1", shared.broker.https_port)) as sock:
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            handshake = shared.ca.context().wrap_bio(incoming, outgoing, server_hostname="misha.iterate.app")
            try:
                handshake.do_handshake()
            except ssl.SSLWantReadError:
                pass
            sock.sendall(outgoing.read()[:100])
    assert shared.get(shared.host(origin.port), tls=True).status == 200
