"""What a project may use at once, and what its clear port does: `limits` of streams and bytes, `http_mode`."""
import threading
import time

import pytest

from harness.http1 import Client, Hash
from harness.origin import answer
from harness.wait import wait_until
from harness.websocket import WebSocket, echo_handler

MIB = 1 << 20


def held(stack, count, host):
    """So many WebSockets, open."""
    sockets = []
    for _ in range(count):
        client = stack.client()
        sockets.append((client, WebSocket(client, host)))
    return sockets


def test_one_stream_more_than_the_project_may_have_is_429_by_whatever_name(make_stack, make_origin):
    stack, origin = make_stack(), make_origin(echo_handler)
    stack.admin.set_project("misha", limits={"streams": 2})
    sockets = held(stack, 2, stack.host(origin.port))
    for host in (stack.host(origin.port), f"{origin.port}__mach_a.machines.iterate.app"):
        with stack.client() as client:
            refused = client.get(host)
            assert (refused.status, refused.error) == (429, "rate_limited") and refused.get("Retry-After")
    sockets.pop()[0].reset()
    # The place is free once the broker has seen the end.
    wait_until(lambda: held_one(stack, origin.port), "another stream is let in")
    for client, _ in sockets:
        client.reset()
    stack.admin.set_project("misha", limits={})
    for client, _ in held(stack, 4, stack.host(origin.port)):
        client.reset()


def held_one(stack, port):
    try:
        client, _ = held(stack, 1, stack.host(port))[0]
    except AssertionError:
        return False
    client.reset()
    return True


def test_a_projects_bytes_a_second_are_shared_by_its_downloads(make_stack, make_origin):
    body = b"x" * (2 * MIB)
    origin = make_origin(lambda connection, _: connection.send(answer(body)))
    stack = make_stack()
    stack.admin.set_project("misha", limits={"bytes_per_second": "1m"})
    began, took = time.monotonic(), []

    def download():
        with stack.client() as client:
            client.request(stack.host(origin.port))
            seen = Hash()
            assert client.response(sink=seen).status == 200
            took.append(time.monotonic() - began)

    threads = [threading.Thread(target=download) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # 4 MiB at 1 MiB/s, of which the first comes at once, as does what was under way at the end. Each with 1 MiB/s of its
    # own would take 1 s.
    assert len(took) == 2 and max(took) > 1.7, took


@pytest.mark.parametrize("limits, word", [
    ({"streams": -1}, "streams"), ({"bytes_per_second": "fast"}, "bytes_per_second"), ({"requests": 1}, "requests")])
def test_limits_that_are_none_are_refused_with_a_sentence(shared, limits, word):
    refused = shared.admin.call("PATCH", "/v1/projects/misha", {"limits": limits})
    assert refused.status == 400 and word in refused.json["detail"], refused


def test_nothing_runs_where_no_stream_may(make_stack, make_origin):
    stack, origin = make_stack(), make_origin()
    stack.admin.set_project("misha", limits={"streams": 0})
    with stack.client() as client:
        assert client.get(stack.host(origin.port)).error == "rate_limited"


def test_a_project_does_not_leave_its_limits_or_its_suspension_by_detaching(make_stack, make_origin):
    stack, origin = make_stack(), make_origin()
    stack.admin.ok("PATCH", "/v1/machines/mach_a", {"owner": "misha"})
    stack.admin.ok("POST", "/v1/routes", {"owner": "misha", "patterns": [{"pattern": "own.example.com", "target": {"machine": "mach_a", "port": origin.port}}]})
    stack.admin.detach("misha")
    hosts = (f"{origin.port}__mach_a.machines.iterate.app", "own.example.com")
    assert [stack.get(host).status for host in hosts] == [200, 200]
    stack.admin.set_project("misha", limits={"streams": 0})
    assert [stack.get(host).status for host in hosts] == [429, 429]
    stack.admin.set_project("misha", limits={}, suspended=True)
    assert [stack.get(host).status for host in hosts] == [403, 403]
    stack.admin.set_project("misha", suspended=False)
    assert [stack.get(host).status for host in hosts] == [200, 200]


def test_a_host_is_served_in_clear_where_its_policy_says_so_and_led_to_https_where_not(make_stack, make_origin):
    stack = make_stack(broker={"http_mode": "redirect"}, start=False)
    origin = make_origin(echo_handler)
    stack.admin.set_project("misha", policy={"http_mode": "serve"})
    stack.agent.start()
    with Client(stack.broker.http_port) as client:
        WebSocket(client, stack.host(origin.port)).echo(b"in clear")
    with Client(stack.broker.http_port) as client:
        assert client.get("mach_a.machines.iterate.org").status == 301
    stack.admin.set_project("misha", policy={})
    with Client(stack.broker.http_port) as client:
        assert client.get(stack.host(origin.port)).status == 301


def test_a_connection_that_ends_with_a_redirect_says_so(make_stack):
    stack = make_stack(broker={"http_mode": "redirect"}, start=False)
    for body in (b"x" * 100, None):
        with Client(stack.broker.http_port) as client:
            client.request("mach_a.machines.iterate.app", "/", "POST" if body else "GET", (), body)
            moved = client.response()
            assert moved.status == (308 if body else 301)
            assert (moved.get("Connection") == "close") == bool(body)


def test_a_host_is_led_to_https_where_the_others_are_served(make_stack, make_origin):
    stack, origin = make_stack(), make_origin()
    stack.admin.service("misha", "only-https", origin.port, policy={"http_mode": "redirect"})
    with Client(stack.broker.http_port) as client:
        moved = client.get("only-https__misha.iterate.app", "/a?b")
        assert moved.status == 301
        assert moved.get("Location") == f"https://only-https__misha.iterate.app:{stack.broker.https_port}/a?b"
