"""What is malformed or ambiguous is 400 and closed, and nothing of it is forwarded."""
import pytest
from abuse_corpus import BODIES, HEADS, wire

from harness.http1 import Client, Closed
from harness.http2 import Client2

# Where another status says it better than 400 does.
OTHER_STATUS = {"request line: HTTP/2.0": 505, "request line: HTTP/3.0": 505,
                "coding: gzip alone": 501, "coding: an unknown coding": 501}


def test_the_corpus_holds_more_than_a_hundred_requests():
    assert len(HEADS) + len(BODIES) > 100


def assert_refused(client, name=""):
    response = client.response()
    assert response.status in (400, OTHER_STATUS.get(name, 400)), response
    assert response.error in ("bad_request", "invalid_host"), response
    assert client.closed(), "the connection stays open"


def assert_still_serving(shared, origin):
    before = len(origin.requests)
    response = shared.get(shared.host(origin.port), "/after")
    assert response.status == 200
    assert [request.target for request in origin.requests[before:]] == ["/after"], (response, origin.port)


@pytest.mark.parametrize("name", HEADS)
def test_a_malformed_head_is_refused_and_never_forwarded(shared, origin, name):
    with shared.client() as client:
        client.send(wire(HEADS[name], shared.host(origin.port)))
        assert_refused(client, name)
    assert origin.raw == b""
    assert_still_serving(shared, origin)


@pytest.mark.parametrize("name", BODIES)
def test_a_malformed_body_is_refused_and_never_completed(shared, make_origin, name):
    origin = make_origin(lambda connection, request: complete.append(request))
    complete = []
    with shared.client() as client:
        client.send(wire(BODIES[name], shared.host(origin.port)))
        assert_refused(client)
    assert complete == [] and b"smuggled" not in origin.raw


@pytest.mark.parametrize("name", list(HEADS)[::7])
def test_a_malformed_head_that_comes_byte_by_byte_is_refused_too(shared, origin, name):
    with shared.client() as client:
        try:
            for byte in wire(HEADS[name], shared.host(origin.port)):
                client.send(bytes([byte]))
        except OSError:
            pass  # it was refused before the end, and closed
        try:
            assert client.response().status in (400, OTHER_STATUS.get(name, 400))
        except Closed:
            pass  # the answer was lost to a reset: bytes were still on their way
    assert origin.raw == b""


@pytest.mark.parametrize("name", list(HEADS)[::11])
def test_a_malformed_head_is_refused_over_tls(shared, origin, name):
    with shared.client(tls=True) as client:
        client.send(wire(HEADS[name], shared.host(origin.port)))
        assert_refused(client, name)
    assert origin.raw == b""


@pytest.mark.parametrize("name", list(HEADS)[::5])
def test_a_malformed_head_behind_a_good_request_is_refused_after_its_answer(shared, origin, name):
    host = shared.host(origin.port)
    with shared.client() as client:
        client.send(f"GET /good HTTP/1.1\r\nHost: {host}\r\n\r\n".encode() + wire(HEADS[name], host))
        assert client.response().status == 200
        assert_refused(client, name)
    assert [request.target for request in origin.requests] == ["/good"]


# Good by RFC 9112, and no host of ours: this port does not look at it.
NOT_OURS = {"host: an empty label", "host: a leading dot", "host: two trailing dots", "host: a label of 64 bytes",
            "host: a percent in the Host", "host: an empty Host", "host: a Host of blanks",
            "host: a list of Hosts"}


@pytest.mark.parametrize("part", range(4))
def test_a_malformed_request_is_refused_on_the_agents_own_port_too(shared, make_origin, part):
    complete = []
    origin = make_origin(lambda connection, request: complete.append(request))
    target = f"\r\nX-Iterate-Proxy-Target-Host: localhost:{origin.port}\r\n"
    cases = {**HEADS, **BODIES}
    for name in [name for name in cases if name not in NOT_OURS][part::4]:
        with Client(shared.agent.local_port) as client:
            client.send(wire(cases[name].replace("\r\n", target, 1), "machine.example.com"))
            response = client.response()
            assert response.status in (400, OTHER_STATUS.get(name, 400)), (name, response)
            assert client.closed(), name
    assert complete == [] and b"smuggled" not in origin.raw


@pytest.mark.parametrize("fields", [
    "Transfer_Encoding: chunked", "Content_Length: 5", "Transfer_Encoding: chunked\r\nContent_Length: 5",
])
def test_framing_in_another_spelling_frames_nothing(shared, origin, fields):
    with shared.client() as client:
        client.send(wire(f"POST / HTTP/1.1\r\nHost: @H\r\n{fields}\r\n\r\n", shared.host(origin.port)))
        assert client.response().status == 200
    assert origin.last.body == b"" and origin.last.get("Transfer-Encoding") is None


def test_a_request_that_the_client_breaks_off_reaches_no_origin(shared, origin):
    with shared.client() as client:
        client.send(f"GET / HTTP/1.1\r\nHost: {shared.host(origin.port)}\r\nX: y".encode())
    assert_still_serving(shared, origin)


def test_empty_lines_before_a_request_are_skipped(shared, origin):
    with shared.client() as client:
        client.send(f"\r\nGET /good HTTP/1.1\r\nHost: {shared.host(origin.port)}\r\n\r\n".encode())
        assert client.response().status == 200


@pytest.mark.parametrize("method", ["CONNECT"])
def test_connect_is_refused(shared, origin, method):
    with shared.client() as client:
        client.send(f"{method} {shared.host(origin.port)}:443 HTTP/1.1\r\nHost: {shared.host(origin.port)}\r\n\r\n".encode())
        response = client.response()
        assert response.status in (400, 405, 501)
        assert client.closed()
    assert origin.raw == b""


def test_trace_is_answered_405_and_reaches_no_origin(shared, origin):
    host = shared.host(origin.port)
    with shared.client() as client:
        refused = client.get(host, method="TRACE")
        assert (refused.status, refused.error) == (405, "method_not_allowed")
    with Client2(shared.broker.https_port, tls=shared.ca.context(["h2"])) as client:
        assert client.get(host, method="TRACE").status == 405
    with Client(shared.agent.local_port) as client:
        named = [("X-Iterate-Proxy-Target-Host", f"localhost:{origin.port}")]
        assert client.get("x", method="TRACE", fields=named).status == 405
    assert origin.raw == b"" and not origin.requests


@pytest.mark.parametrize("head", [
    "GET / HTTP/1.1\r\nHost: @H\r\nX-Long: " + "a" * 70_000 + "\r\n\r\n",
    "GET /" + "a" * 70_000 + " HTTP/1.1\r\nHost: @H\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: @H\r\n" + "X: y\r\n" * 300 + "\r\n",
    "GET / HTTP/1.1\r\nHost: @H\r\n" + "".join(f"X-{n}: {'a' * 1000}\r\n" for n in range(100)) + "\r\n",
], ids=["a long field", "a long target", "many fields", "many long fields"])
def test_a_head_over_the_limit_is_431_and_closed(shared, origin, head):
    with shared.client() as client:
        client.send(wire(head, shared.host(origin.port)))
        response = client.response()
        assert (response.status, response.error) == (431, "header_too_large")
        assert client.closed()
    assert origin.raw == b""


def test_a_head_just_under_the_limit_passes(shared, origin):
    cookie = "a" * 30_000
    assert shared.get(shared.host(origin.port), fields=[("Cookie", cookie)]).status == 200
    assert origin.last.get("Cookie") == cookie
