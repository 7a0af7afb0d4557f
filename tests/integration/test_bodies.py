"""Bodies both ways, framing, interim answers, trailers, HTTP/1.0, keep-alive and pipelining."""
import threading
import time

import pytest

from harness.origin import OK, answer, answering, random_bytes, saying

CHUNKED = [("Transfer-Encoding", "chunked")]


def chunk(data):
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


# Requests

@pytest.mark.parametrize("size", [0, 1, 7, 1024, 16 * 1024, 32 * 1024, 32 * 1024 + 1, 65536, 100_000, 3_000_000])
def test_a_request_body_with_a_length_passes(shared, origin, way, size):
    body = random_bytes(size)
    with way() as client:
        client.request(shared.host(origin.port), method="POST", body=body)
        assert client.response().status == 200
    assert origin.last.body == body
    assert origin.last.get("Content-Length") == str(size)
    assert not origin.last.chunked


def test_a_chunked_request_body_passes(shared, origin, way):
    pieces = [b"a", b"hello" * 100, random_bytes(70_000), b"z"]
    with way() as client:
        client.request(shared.host(origin.port), method="POST", fields=CHUNKED)
        for piece in pieces:
            client.send(chunk(piece))
        client.send(b"0\r\n\r\n")
        assert client.response().status == 200
    assert origin.last.body == b"".join(pieces)
    assert origin.last.chunked and origin.last.get("Content-Length") is None


def test_a_chunked_request_that_comes_byte_by_byte_passes(shared, origin):
    with shared.client() as client:
        text = f"POST /x HTTP/1.1\r\nHost: {shared.host(origin.port)}\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
        for byte in text.encode() + b"5;name=value\r\nhello\r\n00003\r\nabc\r\n0\r\nX-Sum: 8\r\n\r\n":
            client.send(bytes([byte]))
        assert client.response().status == 200
    assert origin.last.body == b"helloabc"
    assert origin.last.trailers == [("X-Sum", "8")]


def test_trailers_of_a_request_pass(shared, origin):
    with shared.client() as client:
        client.request(shared.host(origin.port), method="POST", fields=CHUNKED + [("Trailer", "X-Sum")])
        client.send(chunk(b"hello") + b"0\r\nX-Sum: abc\r\nX-sum: def\r\n\r\n")
        assert client.response().status == 200
    assert origin.last.trailers == [("X-Sum", "abc"), ("X-sum", "def")]


@pytest.mark.parametrize("name", ["Content-Length", "Transfer-Encoding", "Host", "X-Forwarded-For", "Connection"])
def test_a_trailer_that_would_be_a_framing_field_does_not_pass(shared, origin, name):
    with shared.client() as client:
        client.request(shared.host(origin.port), method="POST", fields=CHUNKED)
        client.send(chunk(b"hello") + f"0\r\n{name}: 5\r\nX-Kept: yes\r\n\r\n".encode())
        assert client.response().status in (200, 400)
    assert all(name.lower() not in (trailer.lower() for trailer, _ in request.trailers) for request in origin.requests)


def test_chunk_extensions_end_here(shared, origin):
    with shared.client() as client:
        client.request(shared.host(origin.port), method="POST", fields=CHUNKED)
        client.send(b'5;a;b=c;d="e f"\r\nhello\r\n0;last\r\n\r\n')
        assert client.response().status == 200
    assert origin.last.body == b"hello"
    assert b";a" not in origin.raw


def test_a_request_body_is_forwarded_as_it_comes(shared, make_origin):
    got = threading.Event()

    def handler(connection, request):
        assert connection.reader.exactly(5) == b"first"
        got.set()
        connection.read_body(request) if request.chunked else connection.reader.exactly(6)
        connection.send(OK)

    origin = make_origin(handler, read_bodies=False)
    with shared.client() as client:
        client.request(shared.host(origin.port), method="POST", fields=[("Content-Length", "11")])
        client.send(b"first")
        assert got.wait(10), "nothing of the body before its end"
        client.send(b"second")
        assert client.response().status == 200


def test_a_get_with_a_body_passes(shared, origin):
    assert shared.get(shared.host(origin.port), body=b"query").status == 200
    assert (origin.last.method, origin.last.body) == ("GET", b"query")


def test_a_post_without_a_body_keeps_its_length_of_zero(shared, origin):
    with shared.client() as client:
        client.request(shared.host(origin.port), method="POST", body=b"")
        assert client.response().status == 200
    assert origin.last.get("Content-Length") == "0"


# Expect and interim answers

def test_expect_continue_waits_for_the_origin(shared, make_origin, way):
    def handler(connection, request):
        assert request.get("Expect") == "100-continue"
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        connection.read_body(request)
        connection.send(OK)

    origin = make_origin(handler, read_bodies=False)
    with way() as client:
        client.request(shared.host(origin.port), method="POST",
                       fields=[("Expect", "100-continue"), ("Content-Length", "5")])
        assert client.head().status == 100
        client.send(b"hello")
        assert client.response().status == 200
    assert origin.last.body == b"hello"


def test_an_origin_that_refuses_an_expectation_never_gets_the_body(shared, make_origin):
    def handler(connection, request):
        connection.send(answer(b"no", "417 Expectation Failed", [("Connection", "close")]))
        return False

    origin = make_origin(handler, read_bodies=False)
    with shared.client() as client:
        client.request(shared.host(origin.port), method="POST",
                       fields=[("Expect", "100-continue"), ("Content-Length", "5")])
        response = client.response()
        assert (response.status, response.interim) == (417, [])


def test_interim_answers_pass_with_their_fields(shared, make_origin, way):
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nLink: </b.js>; rel=preload\r\n\r\n"
    origin = make_origin(lambda connection, request: connection.send(
        early + b"HTTP/1.1 102 Processing\r\n\r\n" + answer(b"done")))
    with way() as client:
        response = client.get(shared.host(origin.port))
    assert [interim.status for interim in response.interim] == [103, 102]
    assert response.interim[0].all("Link") == ["</a.css>; rel=preload", "</b.js>; rel=preload"]
    assert response.body == b"done"


def test_interim_answers_are_not_sent_to_http_1_0(shared, make_origin):
    origin = make_origin(lambda connection, request: connection.send(b"HTTP/1.1 103 Early Hints\r\n\r\n" + answer(b"done")))
    response = shared.get(shared.host(origin.port), version="HTTP/1.0")
    assert (response.status, response.interim, response.body) == (200, [], b"done")


# Answers

@pytest.mark.parametrize("size", [0, 1, 16 * 1024, 65536, 65537, 3_000_000])
def test_an_answer_with_a_length_passes(shared, make_origin, way, size):
    body = random_bytes(size)
    origin = make_origin(answering(body))
    with way() as client:
        response = client.get(shared.host(origin.port))
    assert response.body == body
    assert response.get("Content-Length") == str(size) and not response.chunked


def test_a_chunked_answer_passes_and_stays_chunked(shared, make_origin, way):
    pieces = [b"a", random_bytes(100_000), b"", b"end"]

    def handler(connection, _):
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n")
        for piece in pieces:
            if piece:
                connection.send(chunk(piece))
        connection.send(b"0\r\nX-Sum: abc\r\nX-Sum: def\r\n\r\n")

    origin = make_origin(handler)
    with way() as client:
        response = client.get(shared.host(origin.port))
        assert response.body == b"".join(pieces) and response.chunked
        assert response.trailers == [("X-Sum", "abc"), ("X-Sum", "def")]
        assert client.get(shared.host(origin.port)).status == 200, "the connection stays usable"


def test_an_answer_until_close_ends_chunked_for_http_1_1_and_by_close_for_1_0(shared, make_origin):
    body = random_bytes(200_000)
    origin = make_origin(saying(b"HTTP/1.1 200 OK\r\nX: y\r\n\r\n" + body))
    assert shared.get(shared.host(origin.port)).body == body
    with shared.client() as client:
        client.request(shared.host(origin.port), version="HTTP/1.0")
        response = client.response()
        assert response.body == body and not response.chunked
        assert client.closed()


def test_an_answer_of_an_http_1_0_origin_passes(shared, make_origin):
    origin = make_origin(saying(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nold"))
    response = shared.get(shared.host(origin.port))
    assert (response.body, response.get("Content-Type")) == (b"old", "text/plain")


def test_a_chunked_answer_reaches_an_http_1_0_client_without_chunks(shared, make_origin):
    origin = make_origin(lambda connection, request: connection.send(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(b"hello ") + chunk(b"world") + b"0\r\nX: y\r\n\r\n"))
    with shared.client() as client:
        client.request(shared.host(origin.port), version="HTTP/1.0")
        head = client.final_head()
        assert not head.chunked
        assert client.reader.rest() == b"hello world"


@pytest.mark.parametrize("fields", [[], [("Content-Length", "1234")], [("Transfer-Encoding", "chunked")]])
def test_head_has_the_fields_and_no_body(shared, make_origin, way, fields):
    head = "".join(f"{name}: {value}\r\n" for name, value in fields)
    origin = make_origin(lambda connection, request: connection.send(f"HTTP/1.1 200 OK\r\n{head}X: y\r\n\r\n".encode()))
    with way() as client:
        for _ in range(3):
            client.request(shared.host(origin.port), method="HEAD")
            response = client.response("HEAD")
            assert (response.status, response.get("X")) == (200, "y")
            if fields and fields[0][0] == "Content-Length":
                assert response.get("Content-Length") == "1234"
        assert not client.reader.buffer


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_an_answer_without_a_body_leaves_the_connection_in_step(shared, make_origin, way, status):
    origin = make_origin(lambda connection, request: connection.send(
        f"HTTP/1.1 {status}\r\nETag: \"x\"\r\n\r\n".encode() if request.target == "/none" else answer(b"some")))
    with way() as client:
        for _ in range(3):
            assert client.get(shared.host(origin.port), "/none").status == int(status[:3])
            assert client.get(shared.host(origin.port), "/some").body == b"some"
    assert not client.reader.buffer


def test_a_304_may_name_a_length(shared, make_origin):
    origin = make_origin(lambda connection, request: connection.send(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n"))
    with shared.client() as client:
        for _ in range(2):
            response = client.get(shared.host(origin.port))
            assert (response.status, response.get("Content-Length")) == (304, "99")


def test_an_early_answer_passes_while_the_request_still_comes(shared, make_origin):
    def handler(connection, _):
        connection.send(answer(b"too big", "413 Content Too Large", [("Connection", "close")]))
        return False

    origin = make_origin(handler, read_bodies=False)
    with shared.client() as client:
        client.request(shared.host(origin.port), method="POST", fields=[("Content-Length", "100000000")])
        client.send(b"x" * 1000)
        response = client.response()
    assert (response.status, response.body) == (413, b"too big")


def test_an_early_answer_and_a_body_read_to_its_end_keep_the_connection(shared, make_origin):
    def handler(connection, request):
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(b"early"))
        connection.read_body(request)
        connection.send(chunk(str(len(request.body)).encode()) + b"0\r\n\r\n")

    origin = make_origin(handler, read_bodies=False)
    with shared.client() as client:
        client.request(shared.host(origin.port), method="POST", fields=[("Content-Length", "10")])
        head = client.final_head()
        assert head.status == 200
        assert client.reader.until(b"early\r\n") == b"5\r\nearly\r\n"
        client.send(b"0123456789")
        assert client.reader.until(b"0\r\n\r\n") == b"2\r\n10\r\n0\r\n\r\n"


# Connections

def test_many_requests_share_a_connection_at_both_ends(shared, origin, way):
    with way() as client:
        for number in range(50):
            response = client.get(shared.host(origin.port), f"/{number}")
            assert (response.status, response.get("Connection")) == (200, None)
    assert [request.target for request in origin.requests] == [f"/{number}" for number in range(50)]
    assert len(origin.connections) == 1


def test_pipelined_requests_are_answered_in_their_order(shared, make_origin, way):
    def handler(connection, request):
        if request.target == "/0":
            time.sleep(0.2)
        connection.send(answer(request.target + ":" + request.body.decode()))

    origin = make_origin(handler)
    with way() as client:
        host = shared.host(origin.port)
        client.send(b"".join(
            f"POST /{number} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1\r\n\r\n{number}".encode() for number in range(8)))
        for number in range(8):
            assert client.response().text == f"/{number}:{number}"


def test_connection_close_of_a_client_closes_after_the_answer(shared, origin, way):
    with way() as client:
        response = client.get(shared.host(origin.port), fields=[("Connection", "close")])
        assert (response.status, response.get("Connection")) == (200, "close")
        assert client.closed()
    assert shared.get(shared.host(origin.port)).status == 200


def test_an_http_1_0_client_is_closed_unless_it_asks_to_keep(shared, origin):
    with shared.client() as client:
        assert client.get(shared.host(origin.port), version="HTTP/1.0").status == 200
        assert client.closed()
    with shared.client() as client:
        for _ in range(2):
            response = client.get(shared.host(origin.port), version="HTTP/1.0", fields=[("Connection", "keep-alive")])
            assert (response.status, response.get("Connection").lower()) == (200, "keep-alive")
    assert origin.last.version == "HTTP/1.1"


def test_an_http_1_0_request_without_a_host_is_400(shared, origin):
    with shared.client() as client:
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        response = client.response()
        assert (response.status, response.error) == (400, "invalid_host")


def test_connection_close_of_an_origin_is_not_the_clients(shared, make_origin):
    def handler(connection, _):
        connection.send(answer(b"x", fields=[("Connection", "close")]))
        return False

    origin = make_origin(handler)
    with shared.client() as client:
        for _ in range(3):
            response = client.get(shared.host(origin.port))
            assert (response.status, response.get("Connection")) == (200, None)
    assert len(origin.connections) == 3


def test_an_idle_connection_ends_after_its_time(make_stack, make_origin):
    stack, origin = make_stack(broker={"options": ["--keep-alive-timeout", "300ms"]}), make_origin()
    with stack.client() as client:
        assert client.get(stack.host(origin.port)).status == 200
        assert client.closed()


def test_a_head_that_does_not_end_is_408_after_its_time(make_stack):
    stack = make_stack(broker={"options": ["--head-timeout", "300ms"]})
    with stack.client() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: misha")
        response = client.response()
        assert response.status == 408
        assert client.closed()
