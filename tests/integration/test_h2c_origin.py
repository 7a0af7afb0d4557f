"""Origins that speak HTTP/2 in clear: `origin_protocol: h2c`."""
import itertools
import os
import threading
import time

import pytest
from h2.errors import ErrorCodes

from harness.h2_origin import H2Origin, RawOrigin, echo, pour
from harness.http1 import Closed
from harness.http2 import Client2
from harness.wait import wait_until

NAMES = (f"h2c{number}" for number in itertools.count())


@pytest.fixture
def make_h2c(shared):
    """(host, origin): a service with the policy, on the port of an origin of the test's own."""
    made = []

    def make(*words, policy=None, **options):
        origin = H2Origin(*words, **options)
        made.append(origin)
        name = next(NAMES)
        shared.admin.service("misha", name, origin.port, policy=policy or {"origin_protocol": "h2c"})
        return f"{name}.misha.iterate.app", origin

    yield make
    for origin in made:
        origin.close()
    failures = [failure for origin in made for failure in origin.failures]
    assert not failures, failures


def test_a_get_reaches_an_h2c_origin_and_its_answer_the_client(shared, make_h2c):
    host, origin = make_h2c()
    response = shared.get(host, "/a?b=c", fields=[("X-Some", "Thing"), ("TE", "trailers"), ("Connection", "TE")])
    assert (response.status, response.body) == (200, b"ok")
    request = origin.requests[0]
    assert request.get(":method") == "GET" and request.get(":path") == "/a?b=c" and request.get(":scheme") == "http"
    assert request.get(":authority") == f"localhost:{origin.port}"
    assert request.get("x-some") == "Thing" and request.get("te") == "trailers"
    assert request.get("host") is None and request.get("connection") is None
    assert request.get("x-forwarded-host") == host


def test_a_body_and_trailers_cross_both_ways(shared, make_h2c):
    def handler(stream, what):
        if what == "end":
            stream.head(fields=[("x-some", "Thing")])
            stream.data(bytes(stream.body))
            stream.finish([("grpc-status", "0"), ("x-seen", str(dict(stream.trailers or []).get("x-sum")))])

    host, origin = make_h2c(handler)
    with shared.client() as client:
        client.send(f"POST / HTTP/1.1\r\nHost: {host}\r\nTE: trailers\r\nConnection: TE\r\nTrailer: x-sum\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 9\r\n\r\n".encode())
        response = client.response()
    assert (response.status, response.body) == (200, b"hello")
    assert dict(response.trailers) == {"grpc-status": "0", "x-seen": "9"}
    assert origin.requests[0].body == b"hello"


@pytest.mark.parametrize("method, status", [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_an_answer_without_a_body_is_whole(shared, make_h2c, method, status):
    fields = [("content-length", "5")] if method == "HEAD" else []
    host, _ = make_h2c(lambda stream, what: what == "end" and stream.head(status, fields, end=True))
    with shared.client() as client:
        for _ in range(2):
            client.request(host, method=method)
            assert client.response(method).status == status


def test_a_trailers_only_answer_is_a_head_that_ends(shared, make_h2c):
    fields = [("content-type", "application/grpc"), ("grpc-status", "12")]
    host, _ = make_h2c(lambda stream, what: what == "end" and stream.head(200, fields, end=True))
    response = shared.get(host)
    assert (response.status, response.get("grpc-status"), response.body) == (200, "12", b"")


def test_interim_heads_come_through(shared, make_h2c):
    def handler(stream, what):
        if what == "head":
            stream.head(100)
            stream.head(103, [("link", "</a.css>")])
        if what == "end":
            stream.answer()

    host, _ = make_h2c(handler)
    with shared.client() as client:
        client.request(host, method="POST", body=b"x", fields=[("Expect", "100-continue")])
        heads = [client.head() for _ in range(3)]
    assert [head.status for head in heads] == [100, 103, 200] and heads[1].get("link") == "</a.css>"


def test_requests_at_once_share_one_connection_as_far_as_the_origin_takes_them(shared, make_h2c):
    held = []
    host, origin = make_h2c(lambda stream, what: what == "end" and held.append(stream), max_streams=4)
    clients = [shared.client() for _ in range(6)]
    for client in clients:
        client.request(host)
    wait_until(lambda: len(held) == 6, "six requests at the origin")
    assert sorted(len(connection.streams) for connection in origin.connections) == [2, 4]
    for stream in held:
        stream.answer()
    for client in clients:
        assert client.response().body == b"ok"
        client.close()


def test_a_client_that_leaves_resets_the_stream_and_not_the_connection(shared, make_h2c):
    host, origin = make_h2c(lambda stream, what: what == "end" and stream.get(":path") == "/ok" and stream.answer())
    with shared.client() as client:
        client.request(host)
        origin.wait_requests(1)
        client.reset()
    wait_until(lambda: origin.requests[0].reset_code is not None, "the RST_STREAM at the origin")
    assert origin.requests[0].reset_code == ErrorCodes.CANCEL
    assert shared.get(host, "/ok").status == 200
    assert len(origin.connections) == 1


@pytest.mark.parametrize("code", [ErrorCodes.INTERNAL_ERROR, ErrorCodes.CANCEL, ErrorCodes.REFUSED_STREAM])
def test_a_stream_that_the_origin_resets_is_502(shared, make_h2c, code):
    host, origin = make_h2c(lambda stream, what: what == "end" and stream.reset(code))
    response = shared.get(host)
    assert (response.status, response.error) == (502, "proxy_error")
    assert len(origin.requests) == (2 if code == ErrorCodes.REFUSED_STREAM else 1)


CODES = [code for code in ErrorCodes if code != ErrorCodes.NO_ERROR]


@pytest.mark.parametrize("code", [*CODES, 200])
def test_the_code_by_which_an_origin_resets_a_stream_reaches_a_client_of_http2(shared, make_h2c, code):
    def handler(stream, what):
        if what == "end" and stream.get(":path") == "/ok":
            stream.answer()
        elif what == "end":
            if stream.get(":path") == "/amid":
                stream.head()
                stream.data(b"half of it")
            stream.reset(code)

    host, _ = make_h2c(handler)
    with Client2(shared.broker.https_port, shared.ca.context(("h2",))) as client:
        before, amid, well = [client.request(host, path) for path in ("/before", "/amid", "/ok")]
        client.finish(before, amid, well)
    assert (before.status, before.reset_code, before.ended) == (None, code, False)
    assert (amid.status, amid.body, amid.reset_code, amid.ended) == (200, b"half of it", code, False)
    assert (well.status, well.body) == (200, b"ok")


def test_a_code_comes_behind_all_that_the_origin_sent_before_it(shared, make_h2c):
    body = os.urandom(60_000)

    def handler(stream, what):
        if what == "end":
            stream.head()
            stream.data(body[:16_000])
            stream.data(body[16_000:32_000])
            stream.data(body[32_000:48_000])
            stream.data(body[48_000:])
            stream.reset(ErrorCodes.ENHANCE_YOUR_CALM)

    host, _ = make_h2c(handler)
    with Client2(shared.broker.https_port, shared.ca.context(("h2",)), initial_window=1000) as client:
        stream = client.request(host)
        client.finish(stream)
    assert body.startswith(stream.body)
    assert (stream.status, stream.reset_code) == (200, ErrorCodes.ENHANCE_YOUR_CALM)


def test_a_reset_without_an_error_before_the_answer_is_502(shared, make_h2c):
    host, _ = make_h2c(lambda stream, what: what == "end" and stream.reset(ErrorCodes.NO_ERROR))
    with Client2(shared.broker.https_port, shared.ca.context(("h2",))) as client:
        assert client.get(host).status == 502


def test_a_client_of_http2_that_cancels_is_cancel_at_the_origin(shared, make_h2c):
    host, origin = make_h2c(lambda stream, what: what == "head" and stream.get(":path") == "/amid" and stream.head())
    with Client2(shared.broker.https_port, shared.ca.context(("h2",))) as client:
        streams = [client.request(host, path, method="POST", end=False) for path in ("/before", "/amid")]
        origin.wait_requests(2)
        client.until(lambda: streams[1].status == 200, "a head")
        for stream in streams:
            client.reset(stream, ErrorCodes.CANCEL)
        wait_until(lambda: all(request.reset_code is not None for request in origin.requests), "RST_STREAM at the origin")
    assert [request.reset_code for request in origin.requests] == [ErrorCodes.CANCEL] * 2


def test_an_early_answer_is_whole_though_the_rest_of_the_request_is_not_wanted(shared, make_h2c):
    def handler(stream, what):
        if what == "head":
            stream.answer(b"enough")
            stream.reset(ErrorCodes.NO_ERROR)

    host, _ = make_h2c(handler)
    with shared.client() as client:
        client.send(f"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 100000\r\n\r\n".encode() + b"x" * 1000)
        response = client.response()
    assert (response.status, response.body) == (200, b"enough")


def test_a_goaway_moves_what_was_not_processed_to_a_new_connection_once(shared, make_h2c):
    def handler(stream, what):
        if what == "end" and len(origin.connections) == 1:
            stream.connection.goaway_at(0)
        elif what == "end":
            stream.answer()

    host, origin = make_h2c(handler)
    assert shared.get(host, method="POST", body=b"x").body == b"ok"
    assert len(origin.connections) == 2 and [request.body for request in origin.requests] == [b"x", b"x"]


def test_after_a_goaway_streams_that_are_under_way_end_in_order_and_others_take_a_new_connection(shared, make_h2c):
    held = []
    host, origin = make_h2c(lambda stream, what: what == "end" and (
        held.append(stream) if stream.get(":path") == "/held" else stream.answer()))
    with shared.client() as client:
        client.request(host, "/held")
        wait_until(lambda: held, "the request at the origin")
        held[0].connection.raw(bytes.fromhex("000008070000000000" "00000001" "00000000"))
        wait_until(lambda: shared.get(host).status == 200 and len(origin.connections) == 2, "a second connection")
        held[0].answer()
        assert client.response().body == b"ok"
    wait_until(lambda: origin.connections[0].ended, "the end of the old connection")


def test_an_origin_that_closes_between_requests_is_never_seen(shared, make_h2c):
    host, origin = make_h2c()
    for number in range(20):
        assert shared.get(host, method="POST" if number % 2 else "GET", body=b"x").status == 200
        origin.connections[-1].close()
        time.sleep(0.01)
    assert len(origin.connections) == 20


BAD_ANSWERS = {
    "no status": lambda h2, number: h2.send_headers(number, [("x", "y")]),
    "status 101": lambda h2, number: h2.send_headers(number, [(":status", "101")]),
    "an upper-case name": lambda h2, number: h2.send_headers(number, [(":status", "200"), ("X-Y", "z")]),
    "a Connection field": lambda h2, number: h2.send_headers(number, [(":status", "200"), ("connection", "close")]),
    "two lengths": lambda h2, number: h2.send_headers(number, [
        (":status", "200"), ("content-length", "1"), ("content-length", "2")]),
    "a line break in a value": lambda h2, number: h2.send_headers(number, [(":status", "200"), ("a", "b\r\nc: d")]),
    "a large head": lambda h2, number: h2.send_headers(number, [(":status", "200")] + [
        (f"x-{i}", "y" * 1000) for i in range(150)]),
    "many fields": lambda h2, number: h2.send_headers(number, [(":status", "200")] + [(f"x-{i}", "") for i in range(2100)]),
}


@pytest.mark.parametrize("what", BAD_ANSWERS)
def test_a_malformed_answer_is_502_and_its_neighbours_go_on(shared, make_h2c, what):
    held = []

    def handler(stream, event):
        if event != "end":
            return
        if stream.get(":path") == "/held":
            held.append(stream)
        else:
            stream.connection.do(lambda h2: BAD_ANSWERS[what](h2, stream.number))

    host, origin = make_h2c(handler)
    with shared.client() as client:
        client.request(host, "/held")
        wait_until(lambda: held, "the request at the origin")
        response = shared.get(host)
        assert (response.status, response.error) == (502, "proxy_error")
        held[0].answer()
        assert client.response().body == b"ok"
    assert len(origin.connections) == 1


def test_a_body_that_is_not_as_long_as_said_is_cut_off(shared, make_h2c):
    def handler(stream, what):
        if what == "end":
            stream.head(fields=[("content-length", "5")])
            stream.data(b"abc", end=True)

    host, _ = make_h2c(handler)
    with shared.client() as client, pytest.raises(Closed):
        client.request(host)
        client.response()


def test_an_origin_that_speaks_http_1_is_502(shared):
    with RawOrigin(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n") as origin:
        shared.admin.service("misha", "h1only", origin.port, policy={"origin_protocol": "h2c"})
        response = shared.get("h1only.misha.iterate.app")
    assert (response.status, response.error) == (502, "proxy_error")


def test_a_large_upload_and_download_arrive_whole(shared, make_h2c):
    size = 3_000_000
    host, origin = make_h2c(echo)
    body = os.urandom(size // 20) * 20
    with shared.client() as client:
        sender = threading.Thread(target=lambda: client.request(host, method="POST", body=body))
        sender.start()
        response = client.response()
        sender.join()
    assert response.body == body and origin.requests[0].body == body


def test_a_client_that_does_not_read_holds_up_its_own_stream_alone(shared, make_h2c):
    def handler(stream, what):
        if what == "end" and stream.get(":path") == "/big":
            stream.head()
            threading.Thread(target=pour, args=(stream, 50_000_000), daemon=True).start()
        elif what == "end":
            stream.answer()

    host, origin = make_h2c(handler)
    with shared.client(receive_buffer=4096) as slow:
        slow.request(host, "/big")
        big = origin.wait_requests(1)[0]
        wait_until(big.stalled, "the origin to be held up")
        for _ in range(20):
            assert shared.get(host).body == b"ok"
        assert len(origin.connections) == 1 and big.sent < 20_000_000


def test_a_websocket_to_an_h2c_origin_goes_over_http_1(shared, make_origin):
    def handler(connection, request):
        assert request.get("Upgrade") == "websocket"
        connection.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        connection.send(connection.reader.exactly(4))
        return False

    origin = make_origin(handler)
    shared.admin.service("misha", "h2cws", origin.port, policy={"origin_protocol": "h2c"})
    with shared.client() as client:
        client.request("h2cws.misha.iterate.app", fields=[("Connection", "Upgrade"), ("Upgrade", "websocket")])
        assert client.head().status == 101
        client.send(b"ping")
        assert client.reader.exactly(4) == b"ping"


def test_the_key_is_checked_and_the_profile_grpc_sets_it(shared, make_h2c):
    host, _ = make_h2c(policy={"profile": "grpc"})
    assert shared.get(host).body == b"ok"
    status, code = shared.admin.refused("PUT", "/v1/projects/misha/services/refused", {
        "port": 1, "policy": {"origin_protocol": "h3"}})
    assert status == 400, code


def test_ingressctl_sets_the_key_and_why_names_it(shared):
    with H2Origin() as origin:
        shared.ctl.ok("service", "set", "misha", "byctl", "--port", origin.port, "--origin-protocol", "h2c")
        assert shared.get("byctl.misha.iterate.app").body == b"ok"
        # The policy follows the port, whatever name it is reached by.
        assert shared.get(shared.host(origin.port)).body == b"ok"
        said = shared.ctl.run("why", "byctl.misha.iterate.app")
        assert "origin_protocol h2c" in said.out, said
