"""A client that leaves ends its origin's request within a second; one that half-closes gets its answer."""
import select
import socket
import threading
import time

import pytest

from harness.http1 import Client
from harness.origin import answer
from harness.wait import in_time, thrice, wait_until


class Watching:
    """A handler that begins an answer (or does not) and measures when its connection ends."""

    def __init__(self, first=b""):
        self.first, self.started, self.ended_at = first, threading.Event(), None

    def __call__(self, connection, request):
        if self.first:
            connection.send(self.first)
        self.started.set()
        connection.wait_end(20)
        self.ended_at = time.monotonic()
        return False

    def after(self, moment):
        wait_until(lambda: self.ended_at, "the origin's connection ends")
        return self.ended_at - moment


SSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: a\n\n\r\n"


@pytest.mark.parametrize("how", ["close", "reset"])
@thrice
def test_a_reader_of_events_that_leaves_ends_the_origins_request(shared, make_origin, way, how):
    watching = Watching(SSE)
    origin = make_origin(watching)
    client = way()
    client.request(shared.host(origin.port))
    assert client.final_head().status == 200
    assert client.reader.until(b"data: a\n\n")
    left = time.monotonic()
    client.reset() if how == "reset" else client.close()
    in_time(watching.after(left), 1.0)


@pytest.mark.parametrize("how", ["close", "reset"])
@thrice
def test_a_long_poll_that_leaves_before_an_answer_ends_the_origins_request(shared, make_origin, way, how):
    watching = Watching()
    origin = make_origin(watching)
    client = way()
    client.request(shared.host(origin.port))
    assert watching.started.wait(10)
    time.sleep(0.05)
    left = time.monotonic()
    client.reset() if how == "reset" else client.close()
    in_time(watching.after(left), 1.0)


@thrice
def test_an_upload_that_breaks_off_ends_the_origins_request(shared, make_origin, way):
    watching = Watching()
    origin = make_origin(watching, read_bodies=False)
    client = way()
    client.request(shared.host(origin.port), method="POST", fields=[("Content-Length", "1000000")])
    client.send(b"x" * 1000)
    assert watching.started.wait(10)
    left = time.monotonic()
    client.close()
    in_time(watching.after(left), 1.0)


def test_a_chunked_upload_that_breaks_off_is_not_complete_at_the_origin(shared, make_origin):
    origin = make_origin()
    with shared.client() as client:
        client.request(shared.host(origin.port), method="POST", fields=[("Transfer-Encoding", "chunked")])
        client.send(b"5\r\nhello\r\n")
        wait_until(lambda: b"hello" in origin.raw, "the first chunk")
    wait_until(lambda: origin.connections[0].ended_at, "the origin's connection ends")
    assert b"\r\n0\r\n" not in origin.raw


@thrice
def test_a_client_that_leaves_in_its_trailers_ends_the_origins_request(shared, make_origin):
    watching = Watching()
    origin = make_origin(watching, read_bodies=False)
    client = shared.client()
    client.request(shared.host(origin.port), method="POST", fields=[("Transfer-Encoding", "chunked")])
    client.send(b"5\r\nhello\r\n0\r\nX-Sum: ")
    assert watching.started.wait(10)
    left = time.monotonic()
    client.close()
    in_time(watching.after(left), 1.0)


@pytest.mark.parametrize("port", ["broker", "agent"])
@pytest.mark.parametrize("upgrade", [False, True], ids=["upload", "upgrade"])
@thrice
def test_a_client_that_resets_while_the_origin_reads_nothing_ends_the_origins_request(shared, make_origin, port, upgrade):
    gone = []

    def handler(connection, _):
        if upgrade:
            connection.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
        poll = select.poll()
        poll.register(connection.sock, 0)  # of itself it tells a reset
        gone.append(time.monotonic() if poll.poll(5000) else None)
        return False

    origin = make_origin(handler, read_bodies=False)
    client = Client(shared.agent.local_port) if port == "agent" else shared.client()
    fields = [("Connection", "upgrade"), ("Upgrade", "x")] if upgrade else [("Content-Length", "100000000")]
    fields.append(("X-Iterate-Proxy-Target-Host", f"localhost:{origin.port}"))
    client.request(shared.host(origin.port), method="GET" if upgrade else "POST", fields=fields)
    if upgrade:
        assert client.final_head().status == 101
    client.sock.settimeout(0.5)
    with pytest.raises(TimeoutError):
        client.send(b"x" * 100_000_000)
    left = time.monotonic()
    client.reset()
    wait_until(lambda: gone, "the origin's connection ends")
    assert gone[0]
    in_time(gone[0] - left, 1.0)


def test_a_client_that_half_closes_while_its_answer_comes_gets_the_rest(shared, make_origin):
    def handler(connection, _):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
        for _ in range(10):
            time.sleep(0.1)
            connection.send(b"x")

    origin = make_origin(handler)
    with shared.client() as client:
        client.request(shared.host(origin.port))
        client.final_head()
        client.half_close()
        assert client.reader.rest() == b"x" * 10


def test_a_client_that_half_closes_with_its_request_gets_its_answer(shared, make_origin):
    def handler(connection, request):
        time.sleep(1.5)
        connection.send(answer(b"late"))

    origin = make_origin(handler)
    with shared.client() as client:
        # The FIN leaves in the segment of the request.
        client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        client.request(shared.host(origin.port))
        client.half_close()
        response = client.response()
        assert (response.status, response.body) == (200, b"late")
        assert client.closed()


def test_a_client_that_leaves_does_not_touch_its_neighbours(shared, make_origin):
    watching = Watching(SSE)
    streaming, origin = make_origin(watching), make_origin()
    with shared.client() as staying:
        staying.request(shared.host(streaming.port))
        assert staying.final_head().status == 200
        for _ in range(20):
            leaving = shared.client()
            leaving.request(shared.host(origin.port))
            leaving.reset()
        assert staying.reader.until(b"data: a\n\n")
        assert not staying.closed(0.2)


@thrice
def test_a_pipelined_request_behind_an_exchange_is_dropped_when_its_client_resets(shared, make_origin):
    watching = Watching()
    origin = make_origin(watching)
    client = shared.client()
    host = shared.host(origin.port)
    client.send(f"GET /1 HTTP/1.1\r\nHost: {host}\r\n\r\nGET /2 HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert watching.started.wait(10)
    client.reset()
    in_time(watching.after(time.monotonic()), 1.0)
    time.sleep(0.1)
    assert [request.target for request in origin.requests] == ["/1"]


def test_an_upgraded_connection_ends_when_its_answer_has_ended_and_its_tunnel_is_lost(make_stack, make_origin):
    """The client may end first or later: nothing of it is left in the broker."""
    def handler(connection, _request):
        connection.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nbye")
        connection.sock.shutdown(socket.SHUT_WR)
        connection.wait_end(60)
        return False

    stack, origin = make_stack(), make_origin(handler)
    with stack.client() as client:
        client.request(stack.host(origin.port), fields=[("Connection", "upgrade"), ("Upgrade", "x")])
        assert client.final_head().status == 101
        assert client.reader.rest() == b"bye"
        stack.agent.kill()
        stack.broker.process.wait_event("tunnel_down", count=stack.agent.connections)
        wait_until(lambda: sum(loop["clients"] for loop in stack.admin.loops()) == 0, "no client is left",
                   detail=lambda: str(stack.admin.loops()))
