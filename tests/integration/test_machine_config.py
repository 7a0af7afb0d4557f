"""CONFIG: what the broker tells a machine's agent of its routes, and what the agent's port 8080 does by it."""
import os
import signal
import socket
import time

import pytest

from harness.ctl import write_secret
from harness.http1 import Client
from harness.origin import answer
from harness.path import Path
from harness.process import gone
from harness.stack import MACHINE, PROJECT
from harness.wait import wait_until

TARGET = "X-Iterate-Proxy-Target-Host"
SECRET = "X-Iterate-Project-Ingress-Secret"
DENY = {"auth": "deny"}
FORBIDDEN = (403, b'{"error":"forbidden"}')


def at(agent, value, fields=(), host="provider.example.com", address="127.0.0.1", **words):
    with Client(agent.local_port, host=address) as client:
        response = client.get(host, fields=[(TARGET, value), *fields], **words)
        return response.status, response.body


def until(agent, value, expected, **words):
    """A change is there within moments."""
    wait_until(lambda: at(agent, value, **words) == expected, f"{value}: {expected}",
               detail=lambda: str(at(agent, value, **words)))


@pytest.fixture
def named(make_origin):
    """Origins that answer their own name."""
    def make(name):
        return make_origin(lambda connection, request: connection.send(answer(body=name)))
    return make


@pytest.mark.parametrize("loops", ["1", "3"])
def test_hosts_end_at_8080_where_they_end_at_the_broker(make_stack, named, loops):
    home, docs, far, route = named("home"), named("docs"), named("far"), named("route")
    stack = make_stack(broker={"options": ["--loops", loops]}, default_port=home.port, agent={"connections": 2})
    admin, agent = stack.admin, stack.agent
    admin.service(PROJECT, "docs", docs.port)
    admin.domain("example.org", PROJECT)
    admin.route(["app.example.net"], machine=MACHINE, port=route.port)
    for host, body in [("misha.iterate.app", b"home"), ("MISHA.iterate.app.", b"home"),
                       ("docs.misha.iterate.app", b"docs"), ("docs__misha.iterate.app", b"docs"),
                       ("docs--misha.iterate.app", b"docs"), ("mach_a.machines.iterate.app", b"home"),
                       ("mach-a.machines.iterate.app", b"home"), (f"{far.port}__misha.iterate.app", b"far"),
                       ("example.org", b"home"), ("docs.example.org", b"docs"), (f"{far.port}.example.org", b"far"),
                       ("app.example.net", b"route")]:
        until(agent, host, (200, body))
        public = stack.get(host.rstrip("."))
        assert (public.status, public.body) == (200, body), host
    until(agent, "nix.misha.iterate.app", (400, b'{"error":"invalid_proxy_target_host"}'))
    until(agent, "nix__misha.iterate.app", (400, b'{"error":"invalid_proxy_target_host"}'))


def test_changes_reach_the_agent_while_it_is_connected(make_stack, named):
    one, two = named("one"), named("two")
    stack = make_stack(default_port=one.port)
    admin, agent = stack.admin, stack.agent
    until(agent, "misha.iterate.app", (200, b"one"))
    admin.set_project(PROJECT, defaultPort=two.port)
    until(agent, "misha.iterate.app", (200, b"two"))
    admin.service(PROJECT, "api", one.port)
    until(agent, "api.misha.iterate.app", (200, b"one"))
    admin.service(PROJECT, "api", two.port)
    until(agent, "api.misha.iterate.app", (200, b"two"))
    admin.delete_service(PROJECT, "api")
    until(agent, "api.misha.iterate.app", (400, b'{"error":"invalid_proxy_target_host"}'))
    admin.detach(PROJECT)
    until(agent, "misha.iterate.app", (200, b"one"))  # a name like any other: the machine's default port


def test_what_was_told_stays_good_without_a_broker(make_stack, named):
    docs = named("docs")
    stack = make_stack()
    stack.admin.service(PROJECT, "docs", docs.port)
    stack.admin.service(PROJECT, "db", 5432, policy=DENY)
    until(stack.agent, "docs.misha.iterate.app", (200, b"docs"))
    until(stack.agent, "localhost:5432", FORBIDDEN)
    stack.broker.kill()
    stack.agent.process.wait_event("tunnel_down")
    assert at(stack.agent, "docs.misha.iterate.app") == (200, b"docs")
    assert at(stack.agent, "localhost:5432") == FORBIDDEN
    stack.broker.start()
    stack.agent.wait_up(2)


def spellings(port):
    return [f"{port}__misha.iterate.app", f"{port}--misha.iterate.app", f"{port}__mach_a.machines.iterate.app",
            f"{port}--mach-a.machines.iterate.app", f"{port}__anything.example.com", f"{port}__db.misha.iterate.app",
            f"{port}--any.misha.iterate.app", f"{port}__db.example.org", f"localhost:{port}",
            f"LOCALHOST:{port}", f"127.0.0.1:{port}", f"[::1]:{port}", "db.misha.iterate.app", "DB.Misha.Iterate.App.",
            "db__misha.iterate.app", "db--misha.iterate.app", "db.example.org", f"{port}.example.org",
            "open.example.net"]


@pytest.mark.parametrize("way_in", ["loopback", "open", "secret"])
def test_no_spelling_goes_around_a_policy_by_8080(make_stack, named, tmp_path, way_in):
    shut, free = named("shut"), named("free")
    options, fields = [], []
    if way_in == "open":
        options = ["--open"]
    if way_in == "secret":
        options = ["--secret-file", write_secret(str(tmp_path), "secret", "open sesame")]
        fields = [(SECRET, "open sesame")]
    stack = make_stack(agent={"options": options})
    admin, agent = stack.admin, stack.agent
    admin.service(PROJECT, "db", shut.port, policy=DENY)
    admin.domain("example.org", PROJECT)
    # Even a route that is public by its own word does not make the port so.
    admin.route(["open.example.net"], policy={"auth": "public"}, machine=MACHINE, port=shut.port)
    until(agent, f"localhost:{shut.port}", FORBIDDEN, fields=fields)
    for value in spellings(shut.port):
        until(agent, value, FORBIDDEN, fields=fields)
    shut.requests.clear()  # what came before the agent knew
    for value in spellings(shut.port):
        assert at(agent, value, fields=fields) == FORBIDDEN, value
    assert at(agent, f"localhost:{free.port}", fields=fields) == (200, b"free")
    upgrade = [("Connection", "Upgrade"), ("Upgrade", "websocket")]
    assert at(agent, f"localhost:{shut.port}", fields=[*fields, *upgrade]) == FORBIDDEN
    assert at(agent, f"localhost:{shut.port}", fields=fields, method="POST", body=b"x") == FORBIDDEN
    assert at(agent, f"localhost:{shut.port}", fields=fields, host=f"{free.port}__misha.iterate.app") == FORBIDDEN
    if way_in == "secret":
        assert at(agent, f"localhost:{shut.port}")[0] == 401, "who shows no secret learns nothing of policies"
    assert shut.requests == []


@pytest.mark.parametrize("policy", [{"auth": "share"}, {"auth": {"basic": {"users": {"a": "b"}}}},
                                    {"ip_allow": ["127.0.0.1/32"]}, {"ip_deny": ["10.0.0.0/8"]}, {"methods": ["GET"]},
                                    {"request_headers": {"set": {"X-User": "anybody"}}}])
@pytest.mark.parametrize("level", ["service", "project", "machine"])
def test_whatever_asks_something_of_a_client_closes_8080(stack, named, policy, level):
    guarded, other = named("guarded"), named("other")
    if level == "service":
        stack.admin.service(PROJECT, "guarded", guarded.port, policy=policy)
    elif level == "project":
        stack.admin.set_project(PROJECT, policy=policy)
    else:
        stack.admin.ok("PATCH", f"/v1/machines/{MACHINE}", {"policy": policy})
    until(stack.agent, f"localhost:{guarded.port}", FORBIDDEN)
    assert at(stack.agent, f"localhost:{other.port}") == ((200, b"other") if level == "service" else FORBIDDEN)


def test_a_broker_that_lets_nobody_in_by_default_closes_8080_but_for_what_is_public(make_stack, named):
    shut, free = named("shut"), named("free")
    stack = make_stack(broker={"default_auth": "deny"})
    stack.admin.service(PROJECT, "free", free.port, policy={"auth": "public"})
    until(stack.agent, f"localhost:{shut.port}", FORBIDDEN)
    until(stack.agent, "free.misha.iterate.app", (200, b"free"))
    stack.admin.service(PROJECT, "free", free.port)
    until(stack.agent, "free.misha.iterate.app", FORBIDDEN)
    assert at(stack.agent, "localhost:0")[0] == 400


def test_a_suspended_project_is_closed_at_8080_too(make_stack, named):
    home = named("home")
    stack = make_stack(default_port=home.port)
    until(stack.agent, "misha.iterate.app", (200, b"home"))
    stack.admin.set_project(PROJECT, suspended=True)
    until(stack.agent, "misha.iterate.app", FORBIDDEN)
    until(stack.agent, f"localhost:{home.port}", FORBIDDEN)
    stack.admin.set_project(PROJECT, suspended=False)
    until(stack.agent, "misha.iterate.app", (200, b"home"))


def test_other_defaults_reach_every_agent_by_a_reload(make_stack, named, tmp_path):
    home = named("home")
    config = tmp_path / "broker.toml"
    config.write_text('default-auth = "public"\n')
    stack = make_stack(start=False)
    argv = stack.broker.argv()
    at_auth = argv.index("--default-auth")
    del argv[at_auth:at_auth + 2]
    stack.broker.argv = lambda: [*argv, "--config", str(config)]
    stack.broker.restart()
    stack.agent.start()
    until(stack.agent, f"localhost:{home.port}", (200, b"home"))
    config.write_text('default-auth = "deny"\n')
    os.kill(stack.broker.process.pid, signal.SIGHUP)
    until(stack.agent, f"localhost:{home.port}", FORBIDDEN)


def guard(stack, named):
    """The agent knows which of two ports is public: the stack, and the two origins."""
    shut, free = named("shut"), named("free")
    stack.admin.service(PROJECT, "db", shut.port, policy=DENY)
    until(stack.agent, f"localhost:{shut.port}", FORBIDDEN)
    until(stack.agent, f"localhost:{free.port}", (200, b"free"))
    shut.requests.clear()  # what came before the agent knew
    return stack, shut, free


@pytest.fixture
def guarded(make_stack, named):
    return guard(make_stack(agent={"options": ["--supervise"]}), named)


class LateConfig(Path):
    """A way to the broker by which a TLS record that is full, as a long CONFIG's is, comes `late` seconds later."""

    late = 0

    def _copy(self, source, sink, pair):
        if source is pair[0]:
            return super()._copy(source, sink, pair)
        try:
            with source.makefile("rb") as records:
                while len(head := records.read(5)) == 5:
                    body = records.read(int.from_bytes(head[3:], "big"))
                    if len(body) > 16384:
                        time.sleep(self.late)
                    sink.sendall(head + body)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


@pytest.fixture
def late(make_stack, named):
    """As `guarded`, by a path on which CONFIG, which is long, may come late; and the path."""
    stack = make_stack(start=False, agent={"options": ["--supervise"]})
    stack.admin.ok("POST", "/v1/batch", {"operations": [
        {"method": "PUT", "path": f"/v1/projects/{PROJECT}/services/s{number}{'x' * 46}", "body": {"port": 3000}}
        for number in range(100, 420)]})
    path = LateConfig(stack.broker.https_port)
    stack.agent.url = f"https://localhost:{path.port}"
    stack.agent.start()
    yield *guard(stack, named), path
    path.close()


def upgrade_without_broker(stack):
    """The new child has begun, and has nobody to ask. The pid of the old one."""
    stack.broker.kill()
    stack.agent.process.signal(signal.SIGHUP)
    stack.agent.process.wait_event("starting", count=2)
    return int(stack.agent.process.find("child_started")[0]["pid"])


def test_a_port_does_not_open_by_an_upgrade_while_the_broker_is_away(guarded):
    stack, shut, free = guarded
    old = upgrade_without_broker(stack)
    for _ in range(40):
        assert at(stack.agent, f"localhost:{shut.port}") == FORBIDDEN
        assert at(stack.agent, f"localhost:{free.port}") == (200, b"free")
    stack.broker.start()
    wait_until(lambda: gone(old), "the old child has handed over")
    for _ in range(40):
        assert at(stack.agent, f"localhost:{shut.port}") == FORBIDDEN
        assert at(stack.agent, f"localhost:{free.port}") == (200, b"free")
    assert shut.requests == []


def test_a_port_does_not_open_by_an_upgrade_before_the_new_child_is_told(late):
    stack, shut, free, path = late
    path.late = 0.7
    old = int(stack.agent.process.find("child_started")[0]["pid"])
    stack.agent.process.signal(signal.SIGHUP)

    def is_gone():
        assert at(stack.agent, f"localhost:{shut.port}") == FORBIDDEN
        return gone(old)

    wait_until(is_gone, "the old child has handed over")
    for _ in range(40):
        assert at(stack.agent, f"localhost:{shut.port}") == FORBIDDEN
        assert at(stack.agent, f"localhost:{free.port}") == (200, b"free")
    assert shut.requests == []


def test_a_new_child_serves_8080_where_the_old_one_dies_before_the_broker_is_back(guarded):
    stack, _, free = guarded
    old = upgrade_without_broker(stack)
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: gone(old), "the old child is gone")
    with Client(stack.agent.local_port) as client:
        assert client.get("provider.example.com", "/health").status == 200
    assert at(stack.agent, f"localhost:{free.port}") == (200, b"free")
