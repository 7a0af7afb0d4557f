"""The tunnel's second way: an HTTP/1.1 Upgrade, where what stands before the broker speaks HTTP only. nginx terminating TLS
stands in for a balancer of a cloud."""
import os
import shutil
import signal
import socket
import subprocess
import time

import pytest

from harness.connect_proxy import ConnectProxy
from harness.http1 import Client
from harness.nginx import Nginx
from harness.origin import answer
from harness.ports import free_port
from harness.process import Process, environment
from harness.stack import MACHINE
from harness.wait import wait_until

BALANCER = """
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {tls}/default.crt;
    ssl_certificate_key {tls}/default.key;
    location / {{
      proxy_pass {to};
      proxy_http_version 1.1;
      proxy_buffering off;
      proxy_request_buffering off;
      proxy_read_timeout {timeout};
      proxy_set_header Host $host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $http_connection;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto https;
    }}
"""


class Balanced:
    """A stack whose agent comes through nginx. Clients may, too."""

    def __init__(self, make_stack, folder, to="clear", timeout="60s", env=None, options=(), start=True, grace="3s",
                 **words):
        broker = {"options": ["--trusted-proxy", "127.0.0.1", *options], "grace": grace}
        self.stack = make_stack(start=False, broker=broker, **words)
        broker, self.port = self.stack.broker, free_port()
        upstream = {"clear": f"http://127.0.0.1:{broker.http_port}", "tls": f"https://127.0.0.1:{broker.https_port}"}[to]
        self.nginx = Nginx(folder, BALANCER.format(port=self.port, tls=broker.tls_dir, to=upstream, timeout=timeout))
        self.agent = self.stack.agent
        self.agent.url, self.agent.env = f"https://localhost:{self.port}", env or {}
        if start:
            self.agent.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.agent.stop()
        self.nginx.__exit__()

    def way(self):
        return self.agent.process.find("tunnel_up")[-1]["way"]

    def get(self, origin, target="/"):
        """By the balancer, as its clients come."""
        host = self.stack.host(origin.port)
        with Client(self.port, tls=self.stack.ca.context(), sni="broker.iterate.app") as client:
            return client.get(host, target)


@pytest.mark.parametrize("to", ["clear", "tls"])
@pytest.mark.parametrize("loops", ["1", "2"])
def test_the_tunnel_comes_through_a_balancer_that_speaks_http_only(make_stack, make_origin, tmp_path, to, loops):
    big = os.urandom(3 << 20)
    origin = make_origin(lambda connection, request: connection.send(answer(big)))
    with Balanced(make_stack, tmp_path, to, options=["--loops", loops]) as balanced:
        assert balanced.way() == "upgrade"
        assert balanced.get(origin).body == big
        assert origin.last.get("X-Forwarded-For") == "127.0.0.1, 127.0.0.1"
        assert balanced.stack.get(balanced.stack.host(origin.port)).body == big
        assert [tunnel["peer"].split(":")[0] for tunnel in balanced.stack.admin.tunnels(MACHINE)] == ["127.0.0.1"]


def test_it_comes_through_a_proxy_with_a_password_and_a_balancer(make_stack, origin, tmp_path):
    with ConnectProxy(credentials="user:p@ss") as proxy:
        env = {"HTTPS_PROXY": f"http://user:p%40ss@127.0.0.1:{proxy.port}"}
        with Balanced(make_stack, tmp_path, env=env) as balanced:
            assert balanced.way() == "upgrade"
            assert set(proxy.targets) == {f"localhost:{balanced.port}"}
            assert balanced.get(origin).status == 200


def test_what_worked_for_an_address_is_tried_first_the_next_time(make_stack, origin, tmp_path):
    with ConnectProxy() as proxy:
        env = {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"}
        with Balanced(make_stack, tmp_path, env=env) as balanced:
            assert len(proxy.targets) == 2, "ALPN first, and then the Upgrade"
            proxy.cut()
            balanced.agent.process.wait_event("tunnel_down")
            balanced.agent.wait_up(2)
            assert len(proxy.targets) == 3 and balanced.way() == "upgrade"
            assert balanced.get(origin).status == 200


def test_without_a_balancer_the_first_way_is_taken(shared):
    assert shared.agent.process.find("tunnel_up")[0]["way"] == "alpn"


@pytest.mark.slow
def test_an_idle_tunnel_outlives_the_balancers_time_out(make_stack, origin, tmp_path):
    with Balanced(make_stack, tmp_path, timeout="20s") as balanced:
        began = time.monotonic()
        wait_until(lambda: time.monotonic() - began > 26, "the end of the balancer's time-out", 60)
        assert not balanced.agent.process.find("tunnel_down")
        assert balanced.get(origin).status == 200


def test_requests_wait_for_a_tunnel_that_comes_back_by_the_second_way(make_stack, origin, tmp_path):
    with Balanced(make_stack, tmp_path, options=["--park", "20s"]) as balanced:
        balanced.agent.process.signal(signal.SIGSTOP)
        balanced.stack.admin.close_tunnel(balanced.stack.admin.tunnels(MACHINE)[0]["id"])
        wait_until(lambda: not balanced.stack.admin.tunnels(MACHINE), "no tunnel")
        with balanced.stack.client() as client:
            client.request(balanced.stack.host(origin.port))
            wait_until(lambda: sum(loop["parked"] for loop in balanced.stack.admin.loops()) == 1, "a request that waits")
            balanced.agent.process.signal(signal.SIGCONT)
            assert client.response().status == 200


def test_after_an_upgrade_of_the_broker_the_agent_moves_by_the_second_way(make_stack, make_origin, tmp_path):
    import threading

    go_on = threading.Event()

    def slow(connection, request):
        if request.target == "/slow":
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
            go_on.wait(60)
            connection.send(b"cd")
        else:
            connection.send(answer())

    origin = make_origin(slow)
    with Balanced(make_stack, tmp_path, options=["--supervise"], grace="60s") as balanced:
        host = balanced.stack.host(origin.port)
        with balanced.stack.client() as client:
            client.request(host, "/slow")
            assert client.final_head().status == 200
            balanced.stack.broker.process.signal(signal.SIGUSR2)
            balanced.agent.wait_up(2)
            assert balanced.way() == "upgrade" and not balanced.agent.process.find("tunnel_down")
            assert balanced.get(origin).status == 200
            go_on.set()
            assert client.reader.exactly(4) == b"abcd"


UPGRADE = [("Connection", "Upgrade"), ("Upgrade", "iterate-tunnel")]


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("target", ["/.well-known/iterate-tunnel", "/", "/any?x=1"])
def test_the_upgrade_is_the_brokers_on_every_host_and_no_origins(shared, origin, tls, target):
    with shared.client(tls) as client:
        client.request(shared.host(origin.port), target, fields=UPGRADE)
        response = client.final_head()
        assert response.status == 101 and response.get("Upgrade") == "iterate-tunnel"
        # A HELLO that is none: the broker's own GOAWAY and end, not an origin's answer.
        client.send(b"\x00\x00\x00\xee\x00\x00\x00\x00\x00")
        frame = client.reader.exactly(9)
        assert frame[3] == 11
    assert origin.requests == []


def test_its_path_without_the_upgrade_is_an_ordinary_one(shared, origin):
    for fields in ([], [("Upgrade", "iterate-tunnel")], [("Connection", "upgrade"), ("Upgrade", "other")]):
        assert shared.get(shared.host(origin.port), "/.well-known/iterate-tunnel", fields=fields).status == 200


def test_where_the_clear_port_redirects_tunnels_are_taken_all_the_same(make_stack, origin, tmp_path):
    stack = make_stack(start=False, broker={"http_mode": "redirect"})
    with Client(stack.broker.http_port) as client:
        client.request("broker.iterate.app", fields=UPGRADE)
        assert client.final_head().status == 101


def own_address():
    """An address of this machine that is not loopback; None where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        return probe.getsockname()[0]


@pytest.mark.skipif(own_address() is None, reason="no address but loopback here")
def test_in_clear_only_trusted_proxies_and_loopback_bring_tunnels(make_stack, origin):
    port, own = free_port(), own_address()
    stack = make_stack(start=False, broker={"options": ["--http", f"0.0.0.0:{port}"]})
    with Client(port, host=own) as client:
        client.request("broker.iterate.app", fields=UPGRADE)
        response = client.response()
        assert response.status == 403 and response.error == "forbidden"
        assert client.closed()
    port = free_port()
    stack = make_stack(start=False, broker={"options": ["--http", f"0.0.0.0:{port}", "--trusted-proxy", own]})
    with Client(port, host=own) as client:
        client.request("broker.iterate.app", fields=UPGRADE)
        assert client.final_head().status == 101


def test_a_server_that_takes_no_tunnels_is_said_and_tried_again(make_stack, tmp_path, origin):
    with Balanced(make_stack, tmp_path, start=False) as balanced:
        other = Nginx(tmp_path / "other", BALANCER.format(port=(port := free_port()), tls=balanced.stack.broker.tls_dir,
                                                          to=f"http://127.0.0.1:{origin.port}", timeout="60s"))
        balanced.agent.url = f"https://127.0.0.1:{port}"
        balanced.agent.start(wait=False)
        line = balanced.agent.process.wait_event("tunnel_unreachable")
        assert "takes no tunnels, neither by ALPN nor by Upgrade" in line["error"], line
        other.__exit__()


needs_namespaces = pytest.mark.skipif(os.geteuid() != 0 or not all(map(shutil.which, ("unshare", "nsenter", "ip"))),
                                      reason="network namespaces need root, unshare, nsenter and ip")


class Namespace:
    """A network that has loopback by IPv6, and no IPv4 at all."""

    def __init__(self, folder):
        script = "ip link set lo up && ip -4 addr flush dev lo && echo '{\"event\":\"ready\"}' && exec sleep infinity"
        self.process = Process("namespace", ["unshare", "-n", "sh", "-c", script], str(folder))
        self.process.wait_event("ready")
        self.enter = ["nsenter", "-t", str(self.process.pid), "-n"]

    def start(self, name, argv, folder, env=None):
        return Process(name, [*self.enter, *argv], str(folder), env)

    def run(self, argv):
        return subprocess.run([*self.enter, *argv], capture_output=True, text=True, timeout=60, env=environment())


@needs_namespaces
def test_over_ipv6_alone(ca, tmp_path):
    from harness.agent import Agent
    from harness.broker import Broker

    def in_v6(argv):
        return [word.replace("127.0.0.1", "[::1]") for word in argv]

    network = Namespace(tmp_path)
    broker = Broker(tmp_path, ca)
    ca.issue(broker.tls_dir, "default", ["broker.iterate.app", "*.machines.iterate.app", "::1"])
    processes = [network.process]
    try:
        processes.append(network.start("broker", in_v6(broker.argv()), tmp_path))
        processes[-1].wait_event("ready")
        broker.admin.machine(MACHINE)
        agent = Agent(tmp_path, broker, MACHINE, broker.admin.token_of(MACHINE), url=f"https://[::1]:{broker.https_port}")
        processes.append(network.start("agent", in_v6(agent.argv()), tmp_path))
        processes[-1].wait_event("tunnel_up")
        origin = free_port()
        server = network.start("origin", ["/usr/bin/python3", "-m", "http.server", "--bind", "::1", str(origin)], tmp_path)
        host = f"{origin}__{MACHINE}.machines.iterate.app"
        curl = ["curl", "-sS", "--cacert", ca.path, "--resolve", f"{host}:{broker.https_port}:[::1]", "-o", "/dev/null",
                "-w", "%{http_code}", f"https://{host}:{broker.https_port}/"]
        wait_until(lambda: network.run(curl).stdout == "200", "an answer", detail=lambda: network.run(curl).stderr)
        server.popen.terminate()
        processes.append(server)
        assert [tunnel["peer"].rsplit(":", 1)[0] for tunnel in broker.admin.tunnels(MACHINE)] == ["[::1]"]
    finally:
        for process in reversed(processes):
            process.popen.terminate()
            process.popen.wait(30)
