"""What the admin API tells while requests run: exchanges and changes as events, traffic, metrics."""
import re
import threading
import time

import pytest

from harness.events import Events
from harness.http2 import Client2
from harness.origin import answer
from harness.ports import free_port
from harness.stack import MACHINE
from harness.wait import wait_until
from harness.websocket import WebSocket, echo_handler


def unique(name):
    return f"/{name}/{free_port()}/{time.monotonic_ns()}"


def listen(stack, query=""):
    return Events(stack.broker.admin_socket, f"/v1/exchanges{query}").listening()


def is_target(target):
    return lambda name, data: data.get("target") == target


def samples(stack):
    """{"name{labels}": value} of /metrics."""
    text = stack.admin.call("GET", "/metrics").text
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if not line.startswith("#")}


def sample(stack, name, **labels):
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    return sum(value for series, value in samples(stack).items()
               if series.split("{")[0] == name and all(each in series for each in wanted))


def traffic(stack, machine="mach_a"):
    rows = stack.admin.items(f"/v1/traffic?machine={machine}")
    return rows[0] if rows else None


# Exchanges

def test_a_project_s_token_hears_of_its_routes_and_machines_and_of_what_it_has_not(stack, make_origin):
    admin, origin = stack.admin, make_origin()
    for slug in ("mine", "theirs"):
        admin.project(slug)
        admin.machine(f"mach_{slug}", origin.port, owner=slug)
        admin.attach(f"mach_{slug}", slug)
        admin.ok("POST", "/v1/routes", {"owner": slug, "patterns": [
            {"pattern": f"{slug}.example.net", "target": {"machine": f"mach_{slug}"}},
            {"pattern": f"{{x}}.{slug}.example.net", "target": {"machine": "mach_{x}"}}]})
    token = admin.ok("POST", "/v1/tokens", {"role": "project:mine"})["token"]
    hosts = ("{}.iterate.app", "nope__{}.iterate.app", "nope.{}.iterate.app", "{}.example.net", "{}.{}.example.net", "none.{}.example.net",
             "mach_{}.machines.iterate.app")
    with Events(None, "/v1/exchanges?method=get", port=stack.broker.admin_port, token=token).listening() as events:
        for slug in ("theirs", "mine"):
            for host in hosts:
                stack.get(host.format(slug, slug))
        stack.get(stack.host(origin.port))
        heard = [events.next()[1]["host"] for _ in hosts]
    assert sorted(heard) == sorted(host.format("mine", "mine") for host in hosts)


def test_an_exchange_is_told_as_the_access_log_has_it(shared, origin):
    target = unique("told")
    with listen(shared, "?machine=mach_a") as events:
        shared.get(shared.host(origin.port), target)
        (name, data, _), _ = events.until(is_target(target))
    assert name == "exchange"
    assert data == wait_until(lambda: shared.access_lines(target=target), "its line")[0]


@pytest.mark.parametrize("query, goes", [
    ("host=@P__misha.iterate.app", True), ("host=*.ITERATE.app", True), ("host=*.misha.iterate.app", False),
    ("host=iterate.app", False), ("machine=mach_a", True), ("machine=mach_b", False), ("project=misha", True),
    ("project=other", False), ("status=404", True), ("status=4xx", True), ("status=5xx", False), ("method=PUT", True),
    ("method=GET", False), ("project=misha&method=PUT&status=4xx&host=*.iterate.app", True),
    ("project=misha&method=GET&status=4xx", False),
])
def test_filters_let_through_what_they_say(shared, make_origin, query, goes):
    origin = make_origin(lambda connection, request: connection.send(answer(b"no", "404 Not Found")))
    host, target = f"{origin.port}__misha.iterate.app", unique("filter")
    with listen(shared, "?" + query.replace("@P", str(origin.port))) as filtered, listen(shared) as everything:
        shared.get(host, target, method="PUT", body=b"x")
        everything.until(is_target(target))
        if goes:
            assert filtered.until(is_target(target))[0][1]["status"] == 404
        else:
            filtered.client.sock.settimeout(0.3)
            with pytest.raises(TimeoutError):
                filtered.until(is_target(target))


def test_a_long_exchange_is_told_while_it_runs_and_when_it_ends(shared, make_origin):
    origin, target = make_origin(echo_handler), unique("long")
    with listen(shared) as events, shared.client() as client:
        socket = WebSocket(client, shared.host(origin.port), target)
        socket.echo(b"x" * 100)
        (name, data, _), _ = events.until(is_target(target))
        assert (name, data["status"]) == ("open", 101) and data["ms"] >= 1000 and data["bytes_in"] >= 100
        client.close()
        (name, data, _), _ = events.until(is_target(target))
        assert name == "exchange"


def test_a_slow_listener_loses_events_and_holds_nobody_up(make_stack, origin):
    stack = make_stack()
    long, target = "/" + "x" * 4000, unique("after")
    with Events(stack.broker.admin_socket, "/v1/exchanges", receive_buffer=4096).listening() as slow:
        with stack.client() as client:
            for _ in range(600):
                assert client.get(stack.host(origin.port), long).status == 200
        (_, data, _), before = slow.until(lambda name, data: name == "lost")
        assert data["lost"] > 0 and data["lost"] + len(before) <= 600
        stack.get(stack.host(origin.port), target)
        slow.until(is_target(target))


def test_listeners_hear_of_every_loop(make_stack, make_origin):
    stack = make_stack(broker={"options": ["--loops", "2"]})
    machines = [f"mach_l{number}" for number in range(4)]
    origin = make_origin()
    for machine in machines:
        stack.admin.machine(machine)
        stack.another_agent(machine, stack.admin.token_of(machine)).start()
    with listen(stack) as events:
        seen = set()
        for machine in machines:
            stack.get(f"{origin.port}__{machine}.machines.iterate.app")
        while not seen >= set(machines):
            seen.add(events.next()[1]["machine"])
    assert len({tunnel["loop"] for tunnel in stack.admin.tunnels()}) == 2


def test_a_broker_that_ends_ends_its_streams_in_order(make_stack):
    stack = make_stack(start=False)
    with listen(stack) as exchanges, Events(stack.broker.admin_socket, "/v1/changes?since=1000000") as changes:
        stack.broker.process.stop()
        assert exchanges.next() is None and changes.next() is None


def test_the_streams_and_the_metrics_need_the_token_over_tcp(shared):
    from harness.admin import Admin

    for path in ("/v1/exchanges", "/v1/changes", "/v1/traffic", "/metrics"):
        assert Admin(port=shared.broker.admin_port).refused("GET", path) == (401, "unauthorized")
    over_tcp = Admin(port=shared.broker.admin_port, token=shared.broker.admin_token)
    assert over_tcp.call("GET", "/metrics").status == 200


@pytest.mark.parametrize("path", ["/v1/exchanges", "/v1/changes?since=1000000"])
@pytest.mark.parametrize("end", ["revoked", "over"])
def test_a_stream_ends_with_the_token_that_it_came_by(make_stack, path, end):
    stack = make_stack(start=False)
    made = stack.admin.ok("POST", "/v1/tokens", {"role": "read", **({"ttl": 8} if end == "over" else {})})
    over_tcp = {"port": stack.broker.admin_port}
    with Events(None, path, token=made["token"], **over_tcp) as events, \
            Events(None, path, token=stack.broker.admin_token, **over_tcp).listening() as another:
        events.listening()
        if end == "revoked":
            stack.admin.ok("DELETE", f"/v1/tokens/{made['id']}")
        assert events.next() is None
        another.client.sock.settimeout(1)
        with pytest.raises(TimeoutError):
            another.next()


# Changes

def test_a_change_reaches_who_follows_as_it_is_made(make_stack):
    stack = make_stack(start=False)
    with Events(stack.broker.admin_socket, "/v1/changes") as first:
        subjects = [first.next()[1]["subject"] for _ in range(2)]
        assert "mach_a" in subjects
        stack.admin.machine("mach_new")
        (name, data, revision), _ = first.until(lambda name, data: data["subject"] == "mach_new")
    assert (name, data["operation"]) == ("change", "machine.create") and int(revision) == data["revision"]
    stack.admin.machine("mach_newer")
    with Events(stack.broker.admin_socket, "/v1/changes", [("Last-Event-ID", revision)]) as resumed:
        assert resumed.next()[1]["subject"] == "mach_newer"


# Traffic and metrics

def test_bytes_are_counted_while_they_flow(make_stack, make_origin):
    go_on = threading.Event()

    def halves(connection, request):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n" + b"x" * 10000)
        assert go_on.wait(30)
        connection.send(b"x" * 10000)

    stack, origin = make_stack(), make_origin(halves)
    with stack.client() as client:
        client.request(stack.host(origin.port), "/", "POST", body=b"y" * 3000)
        wait_until(lambda: (traffic(stack) or {}).get("bytesOut", 0) >= 10000, "half of the answer")
        row = traffic(stack)
        assert (row["bytesIn"], row["bytesOut"], row["open"], row["requests"]) == (3000, 10000, 1, 0)
        assert sample(stack, "ingress_body_bytes_total", direction="out") == 10000
        assert sample(stack, "ingress_requests_open") == 1
        go_on.set()
        assert len(client.response().body) == 20000
    row = wait_until(lambda: (row := traffic(stack))["open"] == 0 and row, "the end of it")
    assert (row["bytesIn"], row["bytesOut"], row["requests"], row["errors"]) == (3000, 20000, 1, 0)
    assert sum(row["firstByteCounts"]) == 1


def test_errors_of_a_machine_are_its_own_and_a_clients_are_not(make_stack, make_origin):
    stack = make_stack()
    answers = make_origin(lambda connection, request: connection.send(answer(b"", f"{request.target[1:]} X")))
    for status in (200, 404, 500, 503):
        stack.get(stack.host(answers.port), f"/{status}")
    stack.get(stack.host(free_port()))  # refused: 502
    row = wait_until(lambda: (row := traffic(stack))["requests"] == 5 and row, "five requests")
    assert row["errors"] == 3


def test_requests_are_counted_by_class_status_and_code_never_by_host(make_stack, make_origin):
    stack, origin = make_stack(), make_origin()
    before = set(samples(stack))
    for number in range(5):
        stack.get(f"nobody-{number}.iterate.app")
    stack.get(stack.host(origin.port))
    stack.get(f"{origin.port}__misha.iterate.app")
    assert sample(stack, "ingress_requests_total", route_class="none", status_class="4xx") == 5
    assert sample(stack, "ingress_request_errors_total", code="project_not_found") == 5
    assert sample(stack, "ingress_requests_total", route_class="machine", status_class="2xx") == 1
    assert sample(stack, "ingress_requests_total", route_class="project", status_class="2xx") == 1
    assert sample(stack, "ingress_request_duration_seconds_count", route_class="project") == 1
    assert sample(stack, "ingress_request_hop_duration_seconds_count", route_class="project", hop="origin") == 1
    assert set(samples(stack)) == before


def test_connections_tunnels_and_handshakes_are_told(make_stack, origin):
    stack = make_stack()
    assert sample(stack, "ingress_machines_connected") == 1
    assert sample(stack, "ingress_tunnels") == sample(stack, "ingress_tunnels_opened_total") == stack.agent.connections
    with Client2(stack.broker.https_port, stack.ca.context(("h2",))) as http2, stack.client(tls=True) as http1:
        assert http2.get(stack.host(origin.port)).status == 200
        assert http1.get(stack.host(origin.port)).status == 200
        assert sample(stack, "ingress_client_connections", protocol="h2", tls="yes") == 1
        assert sample(stack, "ingress_client_connections", protocol="HTTP/1.1", tls="yes") == 1
    done = sample(stack, "ingress_tls_handshakes_total", result="done")
    assert done == stack.agent.connections + 2
    assert stack.client(tls=False).__class__(stack.broker.https_port).get("a").status == 400
    wait_until(lambda: sample(stack, "ingress_tls_handshakes_total", result="failed") == 1, "a failed handshake")


@pytest.mark.parametrize("end, reason", [
    (lambda stack: stack.agent.stop(), "drained"), (lambda stack: stack.agent.kill(), "closed"),
    (lambda stack: stack.admin.ok("PATCH", f"/v1/machines/{MACHINE}", {"state": "archived"}), "withdrawn")],
    ids=["stop", "kill", "archive"])
def test_why_tunnels_ended_is_told(make_stack, end, reason):
    stack = make_stack()
    end(stack)
    wait_until(lambda: sample(stack, "ingress_tunnels_ended_total", reason=reason) == stack.agent.connections, "the end",
               detail=lambda: str({series: value for series, value in samples(stack).items() if "ended" in series}))
    assert sample(stack, "ingress_tunnels") == sample(stack, "ingress_machines_connected") == 0


@pytest.mark.parametrize("http2", [False, True])
def test_a_client_that_goes_is_counted_as_no_error(make_stack, make_origin, http2):
    def endless(connection, _):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbegun")
        connection.wait_end(60)

    stack, origin = make_stack(), make_origin(endless)
    if http2:
        with Client2(stack.broker.https_port, stack.ca.context(("h2",))) as client:
            stream = client.request(stack.host(origin.port))
            client.until(lambda: stream.status == 200, "its head")
    else:
        with stack.client() as client:
            client.request(stack.host(origin.port))
            assert client.head().status == 200
    wait_until(lambda: stack.access_lines(status=200), "its line")
    assert "error" not in stack.access_lines(status=200)[0]
    assert not any(count for series, count in samples(stack).items() if "ingress_request_errors_total" in series)


def test_the_process_and_the_store_are_told(make_stack):
    stack = make_stack(start=False)
    before = sample(stack, "ingress_store_commits_total")
    stack.admin.machine("mach_b")
    assert sample(stack, "ingress_store_commits_total") == before + 1
    text = stack.admin.call("GET", "/metrics").text
    assert re.search(r'^ingress_build_info\{version="\d+\.\d+\.\d+"\} 1$', text, re.MULTILINE)
    assert 0 < sample(stack, "process_open_fds") < sample(stack, "process_max_fds")
    assert sample(stack, "process_resident_memory_bytes") > 1e6 and sample(stack, "process_cpu_seconds_total") > 0
    assert abs(sample(stack, "process_start_time_seconds") - time.time()) < 600
