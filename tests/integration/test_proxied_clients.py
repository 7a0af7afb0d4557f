"""Behind a proxy of the operator's: the PROXY protocol and X-Forwarded-*, from --trusted-proxy alone; and the client's
address wherever one counts."""
import os
import shutil
import signal
import socket

import pytest

from harness.balancer import HeaderRelay, version1, version2
from harness.ctl import write_secret
from harness.http1 import Client
from harness.http2 import Client2
from harness.ports import free_port
from harness.process import Process
from harness.stack import MACHINE
from harness.wait import wait_until

LOCAL = ["--trusted-proxy", "127.0.0.1"]
HEADER = [*LOCAL, "--proxy-protocol", "on"]
NOOP = b"\x04\x00\x03xyz"


@pytest.fixture(scope="module", params=["1", "2"])
def behind(request, tmp_path_factory):
    """A stack that takes PROXY headers, of one loop and of two; its agent comes through a relay that sends them."""
    from harness.certificates import Ca
    from harness.stack import Stack

    stack = Stack(tmp_path_factory.mktemp("behind"), Ca(str(tmp_path_factory.mktemp("ca"))), start=False,
                  broker={"options": [*HEADER, "--loops", request.param]})
    with HeaderRelay(stack.broker.https_port, version2("203.0.113.77", tlvs=NOOP)) as relay:
        stack.agent.url = f"https://localhost:{relay.port}"
        stack.agent.start()
        yield stack
        stack.stop()


def seen(client, host, origin, **words):
    """The address that the origin is told."""
    response = client.get(host, **words)
    assert response.status == 200, response
    return origin.last.get("X-Forwarded-For")


HEADERS = [version1("203.0.113.9"), version1("2001:db8::9"), version2("203.0.113.9"), version2("2001:db8::9", tlvs=NOOP * 40)]


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("tls", [False, True])
def test_the_client_of_the_header_is_the_client(behind, origin, header, tls):
    client_ip = "2001:db8::9" if b"2001" in header or header[13] == 0x21 else "203.0.113.9"
    host = behind.host(origin.port)
    with behind.client(tls, first=header) as client:
        assert seen(client, host, origin, target=f"/{tls}") == client_ip
        assert seen(client, host, origin, target=f"/{tls}", fields=[("X-Forwarded-For", "1.2.3.4")]) == client_ip
    wait_until(lambda: behind.access_lines(client=client_ip, target=f"/{tls}", host=host), "a line of the access log")


def test_a_header_may_come_in_single_bytes(behind, origin):
    for header in HEADERS:
        with Client(behind.broker.http_port) as client:
            for byte in header + f"GET / HTTP/1.1\r\nHost: {behind.host(origin.port)}\r\n\r\n".encode():
                client.send(bytes([byte]))
            assert client.response().status == 200
        assert origin.last.get("X-Forwarded-For") in ("203.0.113.9", "2001:db8::9")


def test_a_header_and_a_request_may_come_together(behind, origin):
    for header in HEADERS:
        with Client(behind.broker.http_port) as client:
            client.send(header + f"GET / HTTP/1.1\r\nHost: {behind.host(origin.port)}\r\n\r\n".encode())
            assert client.response().status == 200
        assert origin.last.get("X-Forwarded-For") in ("203.0.113.9", "2001:db8::9")


@pytest.mark.parametrize("header", [b"PROXY UNKNOWN\r\n", version2("203.0.113.9", command=0)])
def test_a_header_that_names_nobody_leaves_the_connections_own_address(behind, origin, header):
    with behind.client(first=header) as client:
        assert seen(client, behind.host(origin.port), origin) == "127.0.0.1"


def test_http2_in_clear_and_over_tls_comes_behind_a_header_too(behind, origin, monkeypatch):
    real = socket.socket.connect

    def connect(sock, address):
        real(sock, address)
        if address == ("127.0.0.1", behind.broker.http_port) or address == ("127.0.0.1", behind.broker.https_port):
            sock.sendall(version2("203.0.113.5"))

    monkeypatch.setattr(socket.socket, "connect", connect)
    for port, tls in ((behind.broker.http_port, None), (behind.broker.https_port, behind.ca.context(("h2",)))):
        with Client2(port, tls) as client:
            stream = client.request(behind.host(origin.port))
            client.finish(stream)
            assert stream.status == 200 and origin.last.get("X-Forwarded-For") == "203.0.113.5"


@pytest.mark.parametrize("bad", [
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n", b"PROXY TCP4 1.2.3.4", b"\x16\x03\x01\x00\x01",
    version2("203.0.113.9")[:13] + b"\x31" + version2("203.0.113.9")[14:], b"PROXY " + b"x" * 120])
def test_what_is_no_header_closes_the_connection_and_is_counted(behind, bad):
    def refused():
        text = Client(behind.broker.admin_port)
        with text as client:
            client.request("localhost", "/metrics", fields=[("Authorization", f"Bearer {behind.broker.admin_token}")])
            body = client.response().text
        return next(int(line.split()[1]) for line in body.splitlines()
                    if line.startswith("ingress_proxy_headers_refused_total "))

    before = refused()
    with Client(behind.broker.http_port) as client:
        client.send(bad)
        if bad.endswith(b"1.2.3.4"):
            client.half_close()
        assert client.closed()
    wait_until(lambda: refused() == before + 1, "a count")
    assert behind.broker.process.find("proxy_header_refused", peer=behind.broker.process.find("proxy_header_refused")[0]["peer"])


def test_a_health_check_that_only_connects_is_no_refusal(behind, origin):
    for _ in range(3):
        Client(behind.broker.http_port).close()
    with behind.client(first=HEADERS[0]) as client:
        assert client.get(behind.host(origin.port)).status == 200


def test_an_agent_comes_by_the_same_way_and_its_own_address_is_listed(behind):
    assert [tunnel["peer"] for tunnel in behind.admin.tunnels(MACHINE)] == ["203.0.113.77:4660"]


def test_policies_judge_the_client_of_the_header(behind, origin):
    host = behind.host(origin.port)
    with behind.client(first=version1("198.51.100.7")) as client:
        assert client.get(host).status == 200
    behind.admin.ok("PATCH", f"/v1/machines/{MACHINE}", {"policy": {"ip_allow": ["198.51.100.0/24"], "rate": {
        "requests_per_second": 0.01, "burst": 2, "per": "client"}}})
    try:
        with behind.client(first=version1("203.0.113.9")) as client:
            assert client.get(host).status == 403
        for last in (7, 8):
            with behind.client(first=version2(f"198.51.100.{last}")) as client:
                assert [client.get(host).status for _ in range(3)] == [200, 200, 429]
    finally:
        behind.admin.ok("PATCH", f"/v1/machines/{MACHINE}", {"policy": {}})


def test_handshakes_are_limited_by_the_client_of_the_header(make_stack, origin):
    stack = make_stack(start=False, broker={"options": [*HEADER, "--handshake-rate", "2"]})
    one = [stack.client(tls=True, first=version1("203.0.113.1")) for _ in range(4)]

    def refused():
        try:
            one.append(stack.client(tls=True, first=version1("203.0.113.1")))
        except OSError:
            return True
        return False

    wait_until(refused, "one too many")
    others = [stack.client(tls=True, first=version1(f"203.0.113.{last}")) for last in range(2, 6)]
    # Who says no client is the proxy itself, which speaks for many.
    many = [stack.client(tls=True, first=b"PROXY UNKNOWN\r\n") for _ in range(8)]
    for client in one + others + many:
        client.close()


def test_from_other_addresses_no_header_is_taken(make_stack, origin):
    stack = make_stack(broker={"options": ["--trusted-proxy", "192.0.2.0/24", "--proxy-protocol", "on"]})
    host = stack.host(origin.port)
    for tls in (False, True):
        with stack.client(tls) as client:
            assert seen(client, host, origin, fields=[("X-Forwarded-For", "1.2.3.4")]) == "127.0.0.1"
    with Client(stack.broker.http_port, first=version1("203.0.113.9")) as client:
        client.request(host)
        assert client.response().status == 400


def test_x_forwarded_of_a_trusted_proxy_is_believed_and_added_to(make_stack, origin):
    stack = make_stack(broker={"options": [*LOCAL, "--trusted-proxy", "10.0.0.0/8"]})
    host = stack.host(origin.port)
    told = [("X-Forwarded-For", "1.2.3.4, 203.0.113.9"), ("x-forwarded-for", "10.0.0.7"), ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Host", "www.example.com"), ("X-Forwarded-Port", "8443")]
    for tls in (False, True):
        assert stack.get(host, target=f"/{tls}", tls=tls, fields=told).status == 200
        request = origin.last
        assert request.all("X-Forwarded-For") == ["1.2.3.4, 203.0.113.9, 10.0.0.7, 127.0.0.1"]
        assert request.all("X-Forwarded-Proto") == ["https"] and request.all("X-Forwarded-Port") == ["8443"]
        assert request.all("X-Forwarded-Host") == ["www.example.com"]
        assert request.all("X-Iterate-Proxy-Via") == [host] and request.host == f"localhost:{origin.port}"
        wait_until(lambda: stack.access_lines(client="203.0.113.9", target=f"/{tls}"), "the client in the access log")
    assert stack.get(host, "/empty", fields=[("X-Forwarded-For", "198.51.100.4,,10.0.0.1, ")]).status == 200
    wait_until(lambda: stack.access_lines(client="198.51.100.4", target="/empty"), "the client before an empty element")
    assert stack.get(host, fields=[("X-Forwarded-For", "unknown"), ("X-Forwarded-Proto", "gopher"),
                                   ("X-Forwarded-Host", "a b"), ("X-Forwarded-Port", "0")]).status == 200
    assert origin.last.all("X-Forwarded-For") == ["unknown, 127.0.0.1"]
    assert (origin.last.get("X-Forwarded-Proto"), origin.last.get("X-Forwarded-Port")) == ("http", "80")
    assert origin.last.get("X-Forwarded-Host") == host


def test_the_client_that_a_trusted_proxy_names_is_judged(make_stack, origin):
    stack = make_stack(broker={"options": LOCAL})
    stack.admin.ok("PATCH", f"/v1/machines/{MACHINE}", {"policy": {"ip_deny": ["203.0.113.0/24"]}})
    host = stack.host(origin.port)
    assert stack.get(host, fields=[("X-Forwarded-For", "203.0.113.9")]).status == 403
    assert stack.get(host, fields=[("X-Forwarded-For", "203.0.113.9, 198.51.100.7")]).status == 200
    assert stack.get(host).status == 200


def test_what_a_balancer_took_over_https_is_not_redirected(make_stack, origin):
    stack = make_stack(broker={"http_mode": "redirect", "options": LOCAL})
    host = stack.host(origin.port)
    assert stack.get(host).status == 301
    assert stack.get(host, fields=[("X-Forwarded-Proto", "http")]).status == 301
    assert stack.get(host, fields=[("X-Forwarded-Proto", "https")]).status == 200
    assert origin.last.get("X-Forwarded-Proto") == "https"


def test_nobody_elses_x_forwarded_proto_gets_past_the_redirect(make_stack, origin):
    stack = make_stack(broker={"http_mode": "redirect"})
    assert stack.get(stack.host(origin.port), fields=[("X-Forwarded-Proto", "https")]).status == 301


def test_trusted_proxies_change_by_sighup(make_stack, origin, tmp_path):
    config = tmp_path / "broker.toml"
    config.write_text("")
    stack = make_stack(broker={"options": ["--config", str(config)]})
    host = stack.host(origin.port)
    with stack.client() as old:
        assert seen(old, host, origin, fields=[("X-Forwarded-For", "203.0.113.9")]) == "127.0.0.1"
        config.write_text('trusted-proxy = ["127.0.0.1"]\n')
        stack.broker.process.signal(signal.SIGHUP)
        stack.broker.process.wait_event("reloaded", changed="yes")
        assert seen(old, host, origin, fields=[("X-Forwarded-For", "203.0.113.9")]) == "203.0.113.9, 127.0.0.1"
        config.write_text('trusted-proxy = ["127.0.0.1"]\nproxy-protocol = "on"\n')
        stack.broker.process.signal(signal.SIGHUP)
        stack.broker.process.wait_event("reloaded", count=2, changed="yes")
        with stack.client(first=version1("198.51.100.1")) as client:
            assert seen(client, host, origin) == "198.51.100.1"
        assert seen(old, host, origin) == "127.0.0.1"


def test_after_an_upgrade_headers_are_read_as_before(make_stack, origin):
    stack = make_stack(start=False, broker={"options": ["--supervise", *HEADER], "grace": "60s"})
    host = stack.host(origin.port)
    with HeaderRelay(stack.broker.https_port, version2("203.0.113.77")) as relay:
        stack.agent.url = f"https://localhost:{relay.port}"
        stack.agent.start()
        with stack.client(first=version2("203.0.113.9")) as kept:
            assert seen(kept, host, origin) == "203.0.113.9"
            # An idle connection is closed soon.
            kept.request(host, method="POST", fields=[("Content-Length", "1")])
            stack.broker.process.signal(signal.SIGUSR2)
            stack.broker.process.wait_event("ready", count=2)
            with stack.client(tls=True, first=version2("203.0.113.10")) as client:
                assert seen(client, host, origin) == "203.0.113.10"
            kept.send(b"x")
            assert kept.response().status == 200
            began = next(request for request in origin.requests if request.method == "POST")
            assert began.get("X-Forwarded-For") == "203.0.113.9"
        stack.agent.stop()


@pytest.mark.parametrize("options, sentence", [
    (["--trusted-proxy", "balancer"], "--trusted-proxy balancer: not an address"),
    (["--proxy-protocol", "on"], "--proxy-protocol on needs --trusted-proxy")])
def test_a_bad_setting_is_said(make_stack, options, sentence):
    import subprocess

    stack = make_stack(start=False)
    argv = stack.broker.argv()
    argv[argv.index("run")] = "validate"
    done = subprocess.run(argv + options, capture_output=True, text=True)
    assert done.returncode == 78 and sentence in done.stderr + done.stdout


HAPROXY = """
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
listen clear
  bind 127.0.0.1:{clear}
  server broker 127.0.0.1:{http} send-proxy check check-send-proxy inter 200
listen secure
  bind 127.0.0.1:{secure}
  server broker 127.0.0.1:{https} send-proxy-v2 proxy-v2-options ssl,crc32c,unique-id check check-send-proxy inter 200
listen outer
  bind 127.0.0.1:{outer}
  server inner 127.0.0.1:{inner} send-proxy-v2
listen inner
  bind 127.0.0.1:{inner} accept-proxy
  server broker 127.0.0.1:{http} send-proxy
"""


@pytest.mark.skipif(not shutil.which("haproxy", path="/usr/sbin:" + os.environ["PATH"]), reason="no haproxy here")
def test_haproxy_in_front_by_either_version(make_stack, origin, tmp_path):
    stack = make_stack(broker={"options": HEADER}, start=False)
    ports = {name: free_port() for name in ("clear", "secure", "outer", "inner")}
    config = write_secret(str(tmp_path), "haproxy.cfg", HAPROXY.format(
        http=stack.broker.http_port, https=stack.broker.https_port, **ports))
    haproxy = Process("haproxy", [shutil.which("haproxy", path="/usr/sbin:" + os.environ["PATH"]), "-f", config, "-db"],
                      str(tmp_path))
    try:
        stack.agent.url = f"https://localhost:{ports['secure']}"
        stack.agent.start()
        host = stack.host(origin.port)
        for name in ("clear", "secure", "outer"):
            tls = stack.ca.context() if name == "secure" else None
            client = Client(ports[name], tls=tls, sni="broker.iterate.app") if tls else Client(ports[name])
            with client:
                port = client.sock.getsockname()[1]
                assert seen(client, host, origin) == "127.0.0.1" and port
        assert not stack.broker.process.find("proxy_header_refused")
        # Its agent's own port, and not the one that HAProxy connected from.
        peers = {tunnel["peer"] for tunnel in stack.admin.tunnels(MACHINE)}
        assert len(peers) == 1 and not peers & {f"127.0.0.1:{port}" for port in ports.values()}
        stack.agent.stop()
    finally:
        haproxy.popen.terminate()
        haproxy.popen.wait()
