"""What the access log tells of an exchange: its way, its hops' times, its bytes, its ids."""
import threading
import time
from datetime import datetime, timedelta

import pytest

from harness.http2 import Client2
from harness.origin import answer
from harness.ports import free_port
from harness.wait import wait_until
from harness.websocket import WebSocket, echo_handler

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


def line_of(stack, target):
    return wait_until(lambda: stack.access_lines(target=target), f"a line for {target}")[0]


def unique(name):
    return f"/{name}/{free_port()}/{time.monotonic_ns()}"


def test_hops_are_told_in_the_order_in_which_they_were_reached(shared, make_origin):
    begun = threading.Event()

    def late(connection, request):
        time.sleep(0.05)
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe")
        assert begun.wait(20)
        time.sleep(0.05)
        connection.send(b"llo")

    origin, target = make_origin(late), unique("hops")
    with shared.client() as client:
        client.request(shared.host(origin.port), target, method="POST", body=b"x" * 1000)
        assert client.reader.until(b"he")
        begun.set()
        assert client.reader.until(b"llo")
    line = line_of(shared, target)
    assert 0 <= line["policy_ms"] <= line["tunnel_ms"]
    assert line["first_byte_ms"] - line["tunnel_ms"] >= 49 and line["ms"] - line["first_byte_ms"] >= 40
    assert (line["bytes"], line["bytes_in"]) == (5, 1000)
    assert line["protocol"] == "HTTP/1.1" and line["machine"] == "mach_a"


def test_a_hop_that_was_not_reached_is_not_told(shared):
    target = unique("nowhere")
    shared.get("nobody.iterate.app", target)
    line = line_of(shared, target)
    assert (line["route_class"], line["error"]) == ("none", "project_not_found")
    assert not {"policy_ms", "tunnel_ms", "first_byte_ms", "project", "route"} & set(line)
    closed = unique("closed")
    shared.get(shared.host(free_port()), closed)
    line = line_of(shared, closed)
    assert line["error"] == "proxy_error" and "tunnel_ms" in line and "first_byte_ms" not in line


def test_the_time_in_the_tunnel_has_the_waiting_in_it(make_stack, origin):
    stack = make_stack(broker={"park": "60s"})
    stack.agent.kill()
    stack.broker.process.wait_event("tunnel_down", count=stack.agent.connections)
    target, got = unique("parked"), []
    thread = threading.Thread(target=lambda: got.append(stack.get(stack.host(origin.port), target)))
    thread.start()
    wait_until(lambda: sum(loop["parked"] for loop in stack.admin.loops()) == 1, "a parked request")
    time.sleep(0.2)
    stack.agent.start()
    thread.join()
    line = line_of(stack, target)
    assert got[0].status == line["status"] == 200
    assert line["tunnel_ms"] - line["policy_ms"] >= 199
    assert line["tunnel_ms"] <= line["first_byte_ms"] <= line["ms"]


def test_the_way_that_led_to_the_machine_is_named(make_stack, origin):
    stack = make_stack()
    stack.admin.service("misha", "docs", origin.port)
    stack.admin.domain("misha.example.com", "misha")
    route = stack.admin.route(["*.wild.example.com"], machine="mach_a", port=origin.port)
    ways = {f"{origin.port}__mach_a.machines.iterate.app": ("machine", None, None),
            f"{origin.port}__misha.iterate.app": ("project", "misha", None),
            "docs__misha.iterate.app": ("service", "misha", None),
            f"{origin.port}.misha.example.com": ("domain", "misha", None),
            "a.wild.example.com": ("route", None, route["id"])}
    for host, (route_class, project, route_id) in ways.items():
        target = unique(route_class)
        assert stack.get(host, target).status == 200
        line = line_of(stack, target)
        assert (line["route_class"], line.get("project"), line.get("route")) == (route_class, project, route_id)
        assert (line["machine"], line["port"]) == ("mach_a", origin.port)


def test_http2_is_named_and_its_streams_have_hops_too(shared, origin):
    target = unique("h2")
    with Client2(shared.broker.https_port, tls=shared.ca.context(["h2"])) as client:
        assert client.get(shared.host(origin.port), target).status == 200
    line = line_of(shared, target)
    assert line["protocol"] == "h2" and line["first_byte_ms"] >= line["tunnel_ms"] >= 0


def test_the_ids_of_a_request_are_those_that_its_origin_sees(shared, origin):
    target = unique("own")
    shared.get(shared.host(origin.port), target, fields=[("traceparent", TRACEPARENT), ("X-Request-Id", "mine")])
    assert origin.last.get("traceparent") == TRACEPARENT
    line = line_of(shared, target)
    assert (line["trace_id"], line["request_id"]) == (TRACE, "mine")
    target = unique("begun")
    shared.get(shared.host(origin.port), target, fields=[("traceparent", "00-zz-1-01")])
    line = line_of(shared, target)
    assert line["trace_id"] == origin.last.get("traceparent").split("-")[1]
    assert line["request_id"] == origin.last.get("X-Request-Id")


def test_a_request_that_went_nowhere_is_told_by_its_own_ids(shared):
    target = unique("refused")
    shared.get("nobody.iterate.app", target, fields=[("traceparent", TRACEPARENT), ("X-Request-Id", "mine")])
    line = line_of(shared, target)
    assert (line["trace_id"], line["request_id"]) == (TRACE, "mine")
    target = unique("bare")
    shared.get("nobody.iterate.app", target)
    assert not {"trace_id", "request_id"} & set(line_of(shared, target))


def test_what_follows_a_101_is_counted_both_ways(shared, make_origin):
    origin, target = make_origin(echo_handler), unique("ws")
    with shared.client() as client:
        socket = WebSocket(client, shared.host(origin.port), target)
        socket.echo(b"x" * 1000)
    line = line_of(shared, target)
    assert line["status"] == 101 and line["bytes_in"] >= 1000 and line["bytes"] >= 1000


def test_a_request_that_is_no_http_is_a_line_with_its_code(make_stack):
    stack = make_stack(start=False)
    with stack.client() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
        assert client.final_head().status == 400
    line = wait_until(lambda: stack.access_lines(status=400), "a line")[0]
    assert (line["error"], line["route_class"], line["machine"]) == ("bad_request", "none", "") and "protocol" not in line


def test_of_a_request_without_a_good_host_what_was_read_is_told(shared):
    target = unique("no-host")
    with shared.client() as client:
        client.send(f"PUT {target} HTTP/1.1\r\nHost: a b\r\n\r\n".encode())
        refused = client.response()
    assert (refused.status, refused.error) == (400, "invalid_host")
    line = line_of(shared, target)
    assert (line["host"], line["method"], line["error"], line["bytes"]) == ("a b", "PUT", "invalid_host", len(refused.body))


def test_the_bytes_of_our_own_answers_are_told(shared):
    target = unique("own-answer")
    refused = shared.get("nobody.iterate.app", target)
    assert line_of(shared, target)["bytes"] == len(refused.body) > 0
    target = unique("own-head")
    with shared.client() as client:
        client.request("nobody.iterate.app", target, method="HEAD")
        client.response("HEAD")
    assert line_of(shared, target)["bytes"] == 0


@pytest.mark.parametrize("body", [b"", b"x" * 100_000])
def test_bytes_are_those_of_bodies(shared, make_origin, body):
    origin, target = make_origin(lambda connection, request: connection.send(answer(body))), unique("bytes")
    shared.get(shared.host(origin.port), target, method="POST", body=body)
    line = line_of(shared, target)
    assert (line["bytes"], line["bytes_in"]) == (len(body), len(body))


def test_a_pipelined_request_is_timed_from_when_its_turn_comes(shared, make_origin):
    def slow_first(connection, request):
        if request.target.endswith("/first"):
            time.sleep(0.2)
        connection.send(answer(b"ok"))

    origin, target = make_origin(slow_first), unique("pipelined")
    with shared.client() as client:
        head = f"HTTP/1.1\r\nHost: {shared.host(origin.port)}\r\n\r\n"
        client.send(f"GET {target}/first {head}GET {target}/second {head}".encode())
        assert client.response().status == client.response().status == 200
    first, second = line_of(shared, f"{target}/first"), line_of(shared, f"{target}/second")
    began = datetime.fromisoformat(second["time"].rstrip("Z")) - timedelta(milliseconds=second["ms"])
    assert began >= datetime.fromisoformat(first["time"].rstrip("Z")) - timedelta(milliseconds=2)


def test_the_secret_of_a_share_link_is_not_logged(shared, origin):
    target, secret = unique("shared"), f"SECRET{time.monotonic_ns()}"
    shared.get(shared.host(origin.port), f"{target}?__share=sh_1.{secret}&x=1")
    line_of(shared, f"{target}?__share=sh_1.hidden&x=1")
    with open(shared.broker.access_log) as file:
        assert secret not in file.read()


def test_a_client_that_leaves_has_status_0_and_is_timed(shared, make_origin):
    asked = threading.Event()

    def silent(connection, request):
        asked.set()
        connection.wait_end()

    origin, target = make_origin(silent), unique("left")
    with shared.client() as client:
        client.request(shared.host(origin.port), target)
        assert asked.wait(30)
        client.reset()  # a FIN that the loop sees together with the request would be a half-close
    line = line_of(shared, target)
    assert line["status"] == 0 and line["tunnel_ms"] <= line["ms"] and "first_byte_ms" not in line
