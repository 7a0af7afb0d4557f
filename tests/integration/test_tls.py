"""Certificates: by SNI, from a folder, taken over while running; what goes wrong in a handshake stays there."""
import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

from harness.http1 import Client
from harness.inotify import with_instances
from harness.origin import answer, random_bytes
from harness.wait import in_time, thrice, wait_until


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


@thrice
def test_a_new_certificate_is_served_within_a_second(certificates):
    name = f"fresh{time.monotonic_ns()}.example.net"
    certificates.ca.issue(certificates.broker.tls_dir, name, [name])
    placed = time.monotonic()
    wait_until(lambda: fresh_served(certificates, name), "the new certificate")
    in_time(time.monotonic() - placed, 1.2)


def fresh_served(stack, name="fresh.example.net"):
    try:
        return name in names_served(stack, name)
    except ssl.SSLError:
        return False


def test_where_the_kernel_has_no_watch_left_a_new_certificate_is_served_all_the_same(make_stack):
    stack = make_stack(start=False)
    stack.broker.process.stop()
    stack.broker.prefix = with_instances(0)
    stack.broker.start()
    stack.broker.process.wait_event("certificates_not_watched")
    stack.ca.issue(stack.broker.tls_dir, "fresh", ["fresh.example.net"])
    wait_until(lambda: fresh_served(stack), "the new certificate")


@thrice
def test_a_renewed_certificate_is_served_within_a_second_and_running_connections_stay(certificates):
    def serial():
        with Client(certificates.broker.https_port, tls=certificates.ca.context(), sni="one.example.com") as client:
            return client.sock.getpeercert()["serialNumber"]

    before = serial()
    with Client(certificates.broker.https_port, tls=certificates.ca.context(), sni="one.example.com") as old:
        assert old.get("nobody.iterate.app").status == 404
        certificates.ca.issue(certificates.broker.tls_dir, "exact", ["one.example.com"])
        placed = time.monotonic()
        wait_until(lambda: serial() != before, "the renewed certificate")
        in_time(time.monotonic() - placed, 1.2)
        assert old.get("nobody.iterate.app").status == 404


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_clients_session_is_resumed_also_after_its_certificate_was_renewed(certificates, version):
    context, port = certificates.ca.context(), certificates.broker.https_port
    context.minimum_version = context.maximum_version = version

    def visit(session=None):
        """The session to go on with, and the certificate's number; asserts that `session` was resumed."""
        with socket.create_connection(("127.0.0.1", port)) as sock:
            with context.wrap_socket(sock, server_hostname="one.example.com", session=session) as tls:
                assert tls.session_reused == (session is not None)
                tls.sendall(b"GET / HTTP/1.1\r\nHost: nobody.iterate.app\r\nConnection: close\r\n\r\n")
                while tls.recv(65536):  # tickets of TLS 1.3 come with the answer
                    pass
                return tls.session, tls.getpeercert()["serialNumber"]

    session, before = visit()
    session, _ = visit(session)
    certificates.ca.issue(certificates.broker.tls_dir, "exact", ["one.example.com"])
    wait_until(lambda: visit()[1] != before, "the renewed certificate", 5)
    visit(session)


@pytest.mark.parametrize("damage", ["not a certificate", ""])
def test_a_broken_file_keeps_the_certificate_that_was_there(certificates, damage):
    path = f"{certificates.broker.tls_dir}/exact.crt"
    with open(path, "w") as file:
        file.write(damage)
    certificates.broker.process.wait_event("certificate_refused", seconds=5)
    assert names_served(certificates, "one.example.com") == {"one.example.com"}
    assert names_served(certificates, "two.example.com") == {"*.example.com", "example.com"}


def test_a_removed_certificate_is_no_longer_served(certificates):
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


@pytest.mark.parametrize("offered, chosen", [
    (("http/1.1",), "http/1.1"), (("http/1.1", "h2"), "h2"), (("h2",), "h2"), (("spdy/3", "http/1.1"), "http/1.1")])
def test_of_the_protocols_that_a_client_offers_http_2_is_taken_first(shared, offered, chosen):
    with Client(shared.broker.https_port, tls=shared.ca.context(offered), sni="misha.iterate.app") as client:
        assert client.sock.selected_alpn_protocol() == chosen


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


# Certificates by symbolic link, as certbot and Kubernetes lay them out


def serial(stack, sni):
    with Client(stack.broker.https_port, tls=stack.ca.context(), sni=sni) as client:
        return client.sock.getpeercert()["serialNumber"]


def assert_renewed(stack, sni, before):
    wait_until(lambda: serial(stack, sni) != before, "the renewed certificate")


def linked_stack(make_stack, tmp_path):
    """one.example.com's pair is links in the folder to `live`, links again to files of `archive`."""
    stack = make_stack(start=False)
    live = tmp_path / "live"
    live.mkdir()
    issue_generation(stack, tmp_path, 1)
    for kind in ("key", "crt"):
        (live / f"one.{kind}").symlink_to(tmp_path / f"archive1/one.{kind}")
        os.symlink(live / f"one.{kind}", f"{stack.broker.tls_dir}/linked.{kind}")
    wait_until(lambda: "one.example.com" in names_served(stack, "one.example.com"), "the linked certificate", 5)
    return stack, live


def issue_generation(stack, tmp_path, number):
    folder = tmp_path / f"archive{number}"
    folder.mkdir()
    stack.ca.issue(str(folder), "one", ["one.example.com"])
    return folder


def swap_link(link, target):
    new = f"{link}.new"
    os.symlink(target, new)
    os.rename(new, link)


def test_a_link_that_leads_elsewhere_now_is_served(make_stack, tmp_path):
    stack, live = linked_stack(make_stack, tmp_path)
    before, folder = serial(stack, "one.example.com"), issue_generation(stack, tmp_path, 2)
    for kind in ("crt", "key"):
        swap_link(live / f"one.{kind}", folder / f"one.{kind}")
    assert_renewed(stack, "one.example.com", before)


def test_a_file_that_a_link_leads_to_is_served_when_it_changed(make_stack, tmp_path):
    stack, _ = linked_stack(make_stack, tmp_path)
    before = serial(stack, "one.example.com")
    stack.ca.issue(str(tmp_path / "archive1"), "one", ["one.example.com"])
    assert_renewed(stack, "one.example.com", before)


def test_a_mounted_secret_that_is_swapped_whole_is_served(make_stack, tmp_path):
    stack = make_stack(start=False)
    folder = stack.broker.tls_dir
    for number in (1, 2):
        os.rename(issue_generation(stack, tmp_path, number), f"{folder}/..{number}")
    os.symlink("..1", f"{folder}/..data")
    for kind in ("key", "crt"):
        os.symlink(f"..data/one.{kind}", f"{folder}/one.{kind}")
    wait_until(lambda: "one.example.com" in names_served(stack, "one.example.com"), "the linked certificate", 5)
    before = serial(stack, "one.example.com")
    swap_link(f"{folder}/..data", "..2")
    assert_renewed(stack, "one.example.com", before)


def test_a_folder_that_is_swapped_by_its_link_is_served_and_watched(make_stack, tmp_path):
    stack = make_stack(start=False)
    first, second = issue_generation(stack, tmp_path, 1), issue_generation(stack, tmp_path, 2)
    current = tmp_path / "current"
    current.symlink_to(first)
    stack.broker.process.stop()
    stack.broker.tls_dir = str(current)
    stack.broker.start()
    before = serial(stack, "one.example.com")
    swap_link(current, second)
    assert_renewed(stack, "one.example.com", before)
    before = serial(stack, "one.example.com")
    stack.ca.issue(str(second), "one", ["one.example.com"])
    assert_renewed(stack, "one.example.com", before)


def by_rename(folder, fresh):
    os.rename(folder, f"{folder}.old")
    os.rename(fresh, folder)


def by_removal(folder, fresh):
    shutil.rmtree(folder)
    shutil.copytree(fresh, folder)


def after_a_while(folder, fresh):
    shutil.rmtree(folder)
    time.sleep(1)  # it is looked at again in between
    shutil.copytree(fresh, folder)


@pytest.mark.parametrize("replace", [by_rename, by_removal, after_a_while])
def test_a_folder_that_is_replaced_is_served_and_watched(certificates, tmp_path, replace):
    folder, fresh = certificates.broker.tls_dir, str(tmp_path / "fresh")
    before = serial(certificates, "one.example.com")
    shutil.copytree(folder, fresh)
    certificates.ca.issue(fresh, "exact", ["one.example.com"])
    replace(folder, fresh)
    assert_renewed(certificates, "one.example.com", before)
    for _ in range(2):
        before = serial(certificates, "one.example.com")
        certificates.ca.issue(folder, "exact", ["one.example.com"])
        assert_renewed(certificates, "one.example.com", before)


def test_while_the_folder_is_away_what_was_loaded_is_served(certificates):
    before = serial(certificates, "one.example.com")
    os.rename(certificates.broker.tls_dir, f"{certificates.broker.tls_dir}.away")
    certificates.broker.process.wait_event("certificate_refused", path=certificates.broker.tls_dir)
    assert serial(certificates, "one.example.com") == before
    certificates.ca.issue(f"{certificates.broker.tls_dir}.away", "exact", ["one.example.com"])
    os.rename(f"{certificates.broker.tls_dir}.away", certificates.broker.tls_dir)
    assert_renewed(certificates, "one.example.com", before)


def test_a_hangup_loads_the_certificates_though_no_setting_has_changed(certificates):
    process = certificates.broker.process
    before = len(process.find("certificate_loaded"))
    process.signal(signal.SIGHUP)
    process.wait_event("reloaded", changed="no")
    process.wait_event("certificate_loaded", count=before + 1)


def test_a_pair_of_pipes_is_refused_and_stops_nobody(certificates):
    for kind in ("key", "crt"):
        os.mkfifo(f"{certificates.broker.tls_dir}/pipes.{kind}")
    certificates.broker.process.wait_event("certificate_refused", path=f"{certificates.broker.tls_dir}/pipes.crt")
    before = serial(certificates, "one.example.com")
    certificates.ca.issue(certificates.broker.tls_dir, "exact", ["one.example.com"])
    assert_renewed(certificates, "one.example.com", before)


def test_one_changed_certificate_is_all_that_is_read_and_told(certificates):
    process, folder = certificates.broker.process, certificates.broker.tls_dir
    certificates.ca.issue(folder, "fresh", ["fresh.example.net"])
    wait_until(lambda: fresh_served(certificates), "the new certificate", 5)
    told, before = len(process.find("certificate_loaded")), serial(certificates, "one.example.com")
    certificates.ca.issue(folder, "exact", ["one.example.com"])
    assert_renewed(certificates, "one.example.com", before)
    assert {line["path"] for line in process.find("certificate_loaded")[told:]} == {f"{folder}/exact.crt"}
    for kind in ("crt", "key"):
        os.remove(f"{folder}/fresh.{kind}")
    process.wait_event("certificate_removed", path=f"{folder}/fresh.crt")
    told = len(process.find("certificate_loaded"))
    certificates.ca.issue(folder, "other", ["other.example.net"])
    process.wait_event("certificate_loaded", path=f"{folder}/other.crt")
    assert len(process.find("certificate_removed")) == 1 and len(process.find("certificate_loaded")) == told + 1


def test_files_that_never_rest_are_served_all_the_same(certificates):
    ended = threading.Event()

    def write():
        while not ended.wait(0.05):
            with open(f"{certificates.broker.tls_dir}/busy.txt", "w") as file:
                file.write("x")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        before = serial(certificates, "one.example.com")
        certificates.ca.issue(certificates.broker.tls_dir, "exact", ["one.example.com"])
        assert_renewed(certificates, "one.example.com", before)
    finally:
        ended.set()
        writer.join()


def test_a_key_of_another_certificate_keeps_the_pair_that_was_there(certificates):
    before = serial(certificates, "one.example.com")
    shutil.copy(f"{certificates.broker.tls_dir}/wild.key", f"{certificates.broker.tls_dir}/exact.key")
    certificates.broker.process.wait_event("certificate_refused", seconds=5)
    assert serial(certificates, "one.example.com") == before
    certificates.ca.issue(certificates.broker.tls_dir, "exact", ["one.example.com"])
    assert_renewed(certificates, "one.example.com", before)


@pytest.mark.parametrize("version, suite", [
    ("1.3", "TLS_AES_128_GCM_SHA256"), ("1.3", "TLS_AES_256_GCM_SHA384"), ("1.3", "TLS_CHACHA20_POLY1305_SHA256"),
    ("1.2", "ECDHE-ECDSA-AES128-GCM-SHA256"), ("1.2", "ECDHE-ECDSA-AES256-GCM-SHA384"),
    ("1.2", "ECDHE-ECDSA-CHACHA20-POLY1305"),
])
def test_curl_sends_and_reads_a_body_by_each_suite(shared, make_origin, tmp_path, version, suite):
    echo = make_origin(lambda connection, request: connection.send(answer(request.body)))
    body = random_bytes(700_001)
    (tmp_path / "body").write_bytes(body)
    host = shared.host(echo.port)
    done = subprocess.run(
        ["curl", "-sS", "--http1.1", "--cacert", shared.ca.path, f"--tlsv{version}", "--tls-max", version,
         "--tls13-ciphers" if version == "1.3" else "--ciphers", suite, "-H", "Expect:", "--data-binary",
         f"@{tmp_path}/body", "--resolve", f"{host}:{shared.broker.https_port}:127.0.0.1", "-o", f"{tmp_path}/echo",
         "-w", "%{http_code}", f"https://{host}:{shared.broker.https_port}/"],
        capture_output=True, text=True, timeout=30)
    assert (done.stdout, done.stderr) == ("200", "")
    assert (tmp_path / "echo").read_bytes() == body


@pytest.mark.parametrize("request_line", [b"GET / HTTP/1.1", b"POST /x HTTP/1.1", b"PRI * HTTP/2.0"])
def test_a_request_in_clear_at_the_https_port_is_told_so(shared, request_line):
    with Client(shared.broker.https_port) as client:
        client.send(request_line + b"\r\nHost: misha.iterate.app\r\n\r\n")
        told = client.response()
        assert (told.status, told.get("Connection")) == (400, "close") and "https://" in told.text
        assert client.closed()
