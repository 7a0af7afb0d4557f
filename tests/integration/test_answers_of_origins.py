"""An origin's answer is read as strictly as a request: what is ambiguous is 502, and its connection is not used again."""
import threading

import pytest

from harness.http1 import Client
from harness.http2 import Client2
from harness.origin import saying
from harness.wait import wait_until

GOOD = "HTTP/1.1 200 OK\r\n"
BAD_HEADS = {
    "a length and chunked": GOOD + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths that differ": GOOD + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "a negative length": GOOD + "Content-Length: -5\r\n\r\nhello",
    "a length with a sign": GOOD + "Content-Length: +5\r\n\r\nhello",
    "a list of lengths": GOOD + "Content-Length: 5, 6\r\n\r\nhello",
    "chunked twice": GOOD + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "a fold": GOOD + "X: y\r\n z\r\nContent-Length: 0\r\n\r\n",
    "a blank before the colon": GOOD + "Content-Length : 0\r\n\r\n",
    "a control in a value": GOOD + "X: a\x01b\r\nContent-Length: 0\r\n\r\n",
    "NUL in a value": GOOD + "X: a\x00b\r\nContent-Length: 0\r\n\r\n",
    "bare CR in a value": GOOD + "X: a\rb\r\nContent-Length: 0\r\n\r\n",
    "no colon": GOOD + "novalue\r\nContent-Length: 0\r\n\r\n",
    "two CR behind a field": GOOD + "X: y\r\r\nContent-Length: 0\r\n\r\n",
    "a status of two digits": "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
    "a status of four digits": "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
    "a status of letters": "HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n",
    "a status below 100": "HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n",
    "another protocol": "ICY 200 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/2.0": "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "no HTTP at all": "hello, I am a database\r\n\r\n",
    "binary": "\x00\x01\x02\x03\x04\x05\x06\x07\r\n\r\n",
    "a 101 that nobody asked for": "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
}


@pytest.mark.parametrize("name", BAD_HEADS)
def test_an_ambiguous_head_of_an_origin_is_502(shared, make_origin, name):
    origin = make_origin(saying(BAD_HEADS[name].encode("latin-1")))
    response = shared.get(shared.host(origin.port))
    assert (response.status, response.error) == (502, "proxy_error"), response


BAD_HEADS_OF_HELD_CONNECTIONS = {**BAD_HEADS, **{
    "chunked and a length": GOOD + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
    "two lengths that agree": GOOD + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nok",
    "an empty length": GOOD + "Content-Length:\r\n\r\nok",
    "gzip and then chunked": GOOD + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "a coding in HTTP/1.0": "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "bare LF everywhere": "HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    "bare LF for the empty line": GOOD + "Content-Length: 2\r\n\nok",
    "an empty line first": "\r\n" + GOOD + "Content-Length: 2\r\n\r\nok",
    "a lower-case protocol": "http/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.2": "HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "two spaces before the status": "HTTP/1.1  200 OK\r\nContent-Length: 2\r\n\r\nok",
    "a tab behind the status": "HTTP/1.1 200\tOK\r\nContent-Length: 2\r\n\r\nok",
    "a sign in the status": "HTTP/1.1 +20 OK\r\nContent-Length: 2\r\n\r\nok",
    "a control in the reason": "HTTP/1.1 200 O\x01K\r\nContent-Length: 2\r\n\r\nok",
    "no name": GOOD + ": x\r\nContent-Length: 2\r\n\r\nok",
    "a 204 with a length": "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello",
    "a 100 with a length": "HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\nhello",
    "65 interim heads": "HTTP/1.1 103 Early Hints\r\n\r\n" * 65 + GOOD + "Content-Length: 2\r\n\r\nok",
    "a bad head behind an interim one": "HTTP/1.1 103 Early Hints\r\n\r\n" + "HTTP/1.1 2000 OK\r\n\r\n",
}}


@pytest.mark.parametrize("port", ["broker", "agent"])
@pytest.mark.parametrize("name", BAD_HEADS_OF_HELD_CONNECTIONS)
def test_a_connection_that_gave_an_ambiguous_head_is_closed(shared, make_origin, name, port):
    ends = []

    def handler(connection, _):
        connection.send(BAD_HEADS_OF_HELD_CONNECTIONS[name].encode("latin-1"))
        ends.append(connection.wait_end())
        return False

    origin = make_origin(handler)
    fields = [("X-Iterate-Proxy-Target-Host", f"localhost:{origin.port}")] if port == "agent" else []
    with (Client(shared.agent.local_port) if port == "agent" else shared.client()) as client:
        assert client.get(shared.host(origin.port), fields=fields).status == 502
    wait_until(lambda: ends, "the origin's connection ends")
    assert len(origin.connections) == 1


BAD_BODIES = {
    "a bad chunk size": "zz\r\nhello\r\n0\r\n\r\n",
    "a signed chunk size": "+5\r\nhello\r\n0\r\n\r\n",
    "bare LF behind the chunk size": "5\nhello\r\n0\r\n\r\n",
    "a chunk longer than its size": "3\r\nhello\r\n0\r\n\r\n",
    "an end in the middle": "5\r\nhel",
    "an end before the last chunk": "5\r\nhello\r\n",
}


@pytest.mark.parametrize("name", BAD_BODIES)
def test_a_body_that_breaks_is_cut_so_that_the_client_sees_it(shared, make_origin, name):
    text = GOOD + "Transfer-Encoding: chunked\r\n\r\n" + BAD_BODIES[name]
    origin = make_origin(saying(text.encode()))
    with shared.client() as client:
        client.request(shared.host(origin.port))
        rest = client.reader.rest()
    # Either a whole 502, or a body without its last chunk.
    assert rest.startswith(b"HTTP/1.1 502") or b"0\r\n\r\n" not in rest


def test_a_body_shorter_than_its_length_is_cut(shared, make_origin):
    origin = make_origin(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort"))
    with shared.client() as client:
        client.request(shared.host(origin.port))
        head = client.final_head()
        assert (head.status, head.get("Content-Length")) == (200, "50")
        assert client.reader.rest() == b"short"


def test_bytes_behind_an_answer_are_not_the_next_answer(shared, make_origin):
    extra = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npoisoned"
    origin = make_origin(lambda connection, request: connection.send(
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood" + extra))
    for _ in range(5):
        assert shared.get(shared.host(origin.port)).body == b"good"
    assert len(origin.connections) == 5


def test_bytes_that_follow_an_answer_a_moment_later_are_not_the_next_answer(shared, make_origin):
    def handler(connection, _):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood")
        said.wait(5)
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npoisoned")
        connection.wait_end()
        return False

    origin = make_origin(handler)
    for _ in range(5):
        said = threading.Event()
        assert shared.get(shared.host(origin.port)).body == b"good"
        said.set()
        wait_until(lambda: all(connection.ended_at for connection in origin.connections), "the connection ends")
    assert len(origin.connections) == 5


def test_a_head_of_an_origin_over_the_limit_is_502(shared, make_origin):
    origin = make_origin(saying(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000 + b"\r\nContent-Length: 0\r\n\r\n"))
    assert shared.get(shared.host(origin.port)).status == 502


LARGE_HEADS = {
    "one of 100 KiB": [b"X: " + b"a" * 102_400],
    "a thousand fields": [b"X-%d: y" % number for number in range(1000)],
}


@pytest.mark.parametrize("protocol", ["http/1.1", "h2"])
@pytest.mark.parametrize("name", LARGE_HEADS)
def test_a_large_head_of_an_origin_passes_as_the_tunnel_carries_it(shared, make_origin, name, protocol):
    lines = LARGE_HEADS[name]
    origin = make_origin(saying(b"\r\n".join([b"HTTP/1.1 200 OK", *lines, b"Content-Length: 2", b"", b"ok"])))
    if protocol == "h2":
        with Client2(shared.broker.http_port) as client:
            client.h2.decoder.max_header_list_size = 1 << 20
            response = client.get(shared.host(origin.port))
    else:
        response = shared.get(shared.host(origin.port))
    assert (response.status, bytes(response.body)) == (200, b"ok")
    passed = sum(len(name) + len(value) for name, value in response.fields if name.lower().startswith("x"))
    assert passed >= sum(len(line) - 2 for line in lines)


@pytest.mark.parametrize("when", ["at once", "behind the request"])
def test_an_origin_that_closes_without_an_answer_is_502(shared, make_origin, when):
    def handler(connection, _):
        if when == "at once":
            connection.reset()
        return False

    origin = make_origin(handler)
    response = shared.get(shared.host(origin.port), method="POST", body=b"x")
    assert (response.status, response.error) == (502, "proxy_error")
