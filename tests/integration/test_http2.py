"""HTTP/2 towards clients, by ALPN and by prior knowledge: what HTTP/1.1 promises, on every stream."""
import hashlib
import subprocess
import threading
import time

import pytest

from harness import websocket
from harness.http2 import Client2
from harness.origin import answer, answering, random_bytes
from harness.wait import in_time, thrice, wait_until

PROTOCOL_ERROR, ENHANCE_YOUR_CALM = 1, 11
MB = 1 << 20


def connect(stack, tls=False, **words):
    if tls:
        return Client2(stack.broker.https_port, tls=stack.ca.context(("h2", "http/1.1")), **words)
    return Client2(stack.broker.http_port, **words)


@pytest.fixture(params=["clear", "tls"])
def way2(request, shared):
    return lambda **words: connect(shared, request.param == "tls", **words)


def echo(connection, request):
    connection.send(answer(request.body, fields=[("X-Method", request.method)]))


def test_a_get_is_answered(shared, make_origin, way2):
    origin = make_origin(answering(b"hello", fields=[("X-Two", "a"), ("X-Two", "b")]))
    with way2() as client:
        stream = client.get(shared.host(origin.port), "/a?b=c", fields=[("cookie", "a=1"), ("x-one", "1"), ("cookie", "b=2")])
        assert (stream.status, stream.body) == (200, b"hello"), stream
        assert stream.all("X-Two") == ["a", "b"]
    request = origin.last
    assert (request.method, request.target, request.host) == ("GET", "/a?b=c", f"localhost:{origin.port}")
    assert request.get("X-Forwarded-Host") == shared.host(origin.port)
    assert request.all("Cookie") == ["a=1; b=2"]
    assert request.get("Transfer-Encoding") is None and request.get("Content-Length") is None


@pytest.mark.parametrize("with_length", [True, False])
def test_an_upload_and_its_echo_are_byte_true(shared, make_origin, way2, with_length):
    origin = make_origin(echo)
    body = random_bytes(3 * MB + 7)
    with way2() as client:
        fields = [("content-length", str(len(body)))] if with_length else []
        stream = client.finish(client.request(shared.host(origin.port), method="POST", fields=fields, body=body))
        assert stream.status == 200
        assert hashlib.sha256(stream.body).digest() == hashlib.sha256(body).digest()
    assert origin.last.body == body


@pytest.mark.parametrize("option", ["--http2", "--http2-prior-knowledge"])
def test_curl_downloads_and_uploads(shared, make_origin, tmp_path, option):
    origin = make_origin(echo)
    body = random_bytes(5 * MB)
    (tmp_path / "up").write_bytes(body)
    tls = option == "--http2"
    port = shared.broker.https_port if tls else shared.broker.http_port
    host = shared.host(origin.port)
    done = subprocess.run(
        ["curl", "-sk", option, "--max-time", "30", "--resolve", f"{host}:{port}:127.0.0.1", "--data-binary",
         f"@{tmp_path}/up", "-o", f"{tmp_path}/down", "-w", "%{http_version} %{http_code}",
         f"http{'s' if tls else ''}://{host}:{port}/"], capture_output=True, text=True, check=True)
    assert done.stdout == "2 200"
    assert (tmp_path / "down").read_bytes() == body


def test_h2load_is_served_without_a_failure(shared, make_origin):
    origin = make_origin(answering(b"hello"))
    done = subprocess.run(
        ["h2load", "-n", "1000", "-c", "4", "-m", "16", "-H", f":authority: {shared.host(origin.port)}",
         f"http://127.0.0.1:{shared.broker.http_port}/"], capture_output=True, text=True, timeout=60, check=True)
    assert "1000 succeeded, 0 failed, 0 errored, 0 timeout" in done.stdout, done.stdout
    assert "1000 2xx" in done.stdout


def test_many_streams_at_once(shared, make_origin, way2):
    origin = make_origin(lambda connection, request: connection.send(answer(request.target.encode() * 50)))
    with way2() as client:
        for _ in range(3):
            streams = [client.request(shared.host(origin.port), f"/{number}") for number in range(100)]
            client.finish(*streams)
            for number, stream in enumerate(streams):
                assert (stream.status, stream.body) == (200, f"/{number}".encode() * 50), stream


def test_a_stream_that_is_not_read_holds_up_itself_alone(shared, make_origin, way2):
    big = random_bytes(4 * MB)
    origin = make_origin(lambda connection, request: connection.send(answer(big if request.target == "/big" else b"ok")))
    with way2() as client:
        slow = client.request(shared.host(origin.port), "/big")
        slow.held = True
        client.until(lambda: len(slow.body) >= 65535, "the first window")
        for number in range(50):
            assert client.get(shared.host(origin.port), f"/{number}").body == b"ok"
        other = client.get(shared.host(origin.port), "/big")
        assert other.body == big
        assert len(slow.body) == 65535
        slow.held = False
        client.give_window(slow, 65535)
        client.finish(slow)
        assert slow.body == big


@pytest.mark.slow
def test_an_upload_that_the_origin_does_not_read_holds_up_itself_alone(shared, make_origin):
    release = threading.Event()

    def handler(connection, request):
        if request.target == "/stuck":
            assert release.wait(20)
        connection.read_body(request)
        connection.send(answer(b"%d" % len(request.body)))

    origin = make_origin(handler, read_bodies=False)
    with connect(shared) as client:
        stuck = client.request(shared.host(origin.port), "/stuck", method="POST", end=False)
        sent = 0
        while sent < 64 * MB:
            room = min(client.h2.local_flow_control_window(stuck.number), 16384)
            if room > 0:
                client.send(stuck, b"x" * room)
                sent += room
            elif not client.pump(1.5):
                break
        assert sent < 32 * MB
        for _ in range(5):
            done = client.finish(client.request(shared.host(origin.port), "/quick", method="POST", body=b"y" * MB))
            assert done.body == b"%d" % MB
        release.set()
        client.send(stuck, b"", end=True)
        assert client.finish(stuck).body == b"%d" % sent


def test_trailers_pass_both_ways(shared, make_origin, way2):
    def handler(connection, request):
        connection.send(b"HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 6\r\n\r\n")

    origin = make_origin(handler)
    with way2() as client:
        stream = client.request(shared.host(origin.port), method="POST", fields=[("te", "trailers")], end=False)
        client.send(stream, b"body")
        client.trailers(stream, [("x-check", "7")])
        client.finish(stream)
        assert (stream.body, stream.trailers) == (b"abc", [("x-sum", "6")])
    assert origin.last.body == b"body"
    assert origin.last.trailers == [("x-check", "7")]
    assert origin.last.get("te") == "trailers"


def test_interim_answers_pass(shared, make_origin, way2):
    def handler(connection, request):
        connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + b"HTTP/1.1 100 Continue\r\n\r\n")
        connection.read_body(request)
        connection.send(answer(request.body))

    origin = make_origin(handler, read_bodies=False)
    with way2() as client:
        stream = client.request(shared.host(origin.port), method="POST", fields=[("expect", "100-continue")], end=False)
        client.until(lambda: len(stream.informational) == 2, "two interim heads")
        client.send(stream, b"go", end=True)
        assert client.finish(stream).body == b"go"
        assert [head[0] for head in stream.informational] == [103, 100]
        assert stream.informational[0][1] == [("link", "</a>")]


@pytest.mark.parametrize("method, status, body", [("HEAD", "200 OK", b""), ("GET", "204 No Content", None), ("GET", "304 Not Modified", None)])
def test_answers_without_a_body(shared, make_origin, way2, method, status, body):
    def handler(connection, request):
        length = b"Content-Length: 1234\r\n" if body is not None else b""
        connection.send(b"HTTP/1.1 " + status.encode() + b"\r\n" + length + b"X-A: b\r\n\r\n")

    origin = make_origin(handler)
    with way2() as client:
        for _ in range(2):
            stream = client.get(shared.host(origin.port), method=method)
            assert (stream.status, stream.body, stream.get("X-A")) == (int(status[:3]), b"", "b")
            assert stream.get("Content-Length") == ("1234" if body is not None else None)


def test_an_early_answer_ends_the_upload(shared, make_origin):
    def handler(connection, request):
        connection.send(answer(b"too large", status="413 Content Too Large"))
        return False

    origin = make_origin(handler, read_bodies=False)
    with connect(shared) as client:
        stream = client.request(shared.host(origin.port), method="POST", end=False)
        client.send(stream, b"x" * 1000)
        client.until(lambda: stream.reset_code is not None, "a reset")
        assert (stream.status, stream.body, stream.ended, stream.reset_code) == (413, b"too large", True, 0)
        assert client.get(shared.host(origin.port), method="POST", body=b"").status == 413


@pytest.mark.parametrize("size", [10_000, 100_000, 3 * MB])
def test_curl_reads_an_early_answer_to_an_upload(shared, tmp_path, size):
    (tmp_path / "up").write_bytes(random_bytes(size))
    host, port = "nobody.iterate.app", shared.broker.https_port
    for _ in range(5):
        done = subprocess.run(
            ["curl", "-sk", "--http2", "--max-time", "30", "--resolve", f"{host}:{port}:127.0.0.1", "-H", "Expect:", "--data-binary",
             f"@{tmp_path}/up", "-w", "%{http_version} %{http_code}", "-o", "/dev/null", f"https://{host}:{port}/"],
            capture_output=True, text=True, check=False)
        assert (done.stdout, done.returncode) == ("2 404", 0), done


def test_several_hosts_over_one_connection(shared, make_origin, way2):
    first, second = make_origin(answering(b"first")), make_origin(answering(b"second"))
    with way2() as client:
        streams = [client.request(shared.host(port)) for port in (first.port, second.port) * 10]
        streams.append(client.request(f"{first.port}__misha.iterate.app"))
        client.finish(*streams)
        assert [stream.body for stream in streams] == [b"first", b"second"] * 10 + [b"first"]
        assert client.get("nobody.elsewhere.example").error == "route_not_found"
        assert client.get("mach_none.machines.iterate.app").error == "machine_not_found"


def test_errors_are_told_as_json_or_html(shared, way2):
    with way2() as client:
        json = client.get("none.iterate.app", fields=[("accept", "*/*")])
        assert (json.status, json.get("Content-Type"), json.json["error"]) == (404, "application/json", "project_not_found")
        page = client.get("none.iterate.app", fields=[("accept", "text/html,*/*;q=0.8")])
        assert page.status == 404 and page.get("Content-Type").startswith("text/html") and b"<html" in page.body
        assert client.get("none.iterate.app", method="HEAD").body == b""


@pytest.mark.parametrize("fields, status, error", [
    ([("host", "other.iterate.app")], 400, "bad_request"),
    ([("x-big", "a" * 70000)], 431, "header_too_large"),
    ([(f"x-{number}", "a" * 1000) for number in range(80)], 431, "header_too_large"),
    ([("x-many", "1")] * 300, 431, "header_too_large"),
])
def test_what_can_not_be_read_is_answered_on_its_stream(shared, origin, way2, fields, status, error):
    with way2() as client:
        stream = client.get(shared.host(origin.port), fields=fields)
        assert (stream.status, stream.error) == (status, error), stream
        assert client.get(shared.host(origin.port)).status == 200
    assert len(origin.requests) == 1


def test_a_value_beyond_the_decoder_is_431_and_ends_the_connection(shared, origin):
    with connect(shared) as client:
        stream = client.request(shared.host(origin.port), fields=[("x-big", "\x7f" * 20000)])
        client.until(lambda: stream.status, "an answer")
        assert stream.status == 431
        client.wait_closed()


def test_a_head_just_under_the_limit_passes(shared, origin, way2):
    with way2() as client:
        assert client.get(shared.host(origin.port), fields=[("x-big", "a" * 60000)]).status == 200
    assert len(origin.last.get("x-big")) == 60000


@pytest.mark.parametrize("rows", [
    [("connection", "close")], [("transfer-encoding", "chunked")], [("upgrade", "h2c")], [("te", "gzip")], [("X-Upper", "a")],
    [("content-length", "5")], [("x-a", "a\r\nx-smuggled: b")]])
def test_malformed_requests_end_their_stream_alone(shared, origin, way2, rows):
    with way2() as client:
        stream = client.get(shared.host(origin.port), fields=rows)
        assert (stream.status, stream.reset_code) == (None, PROTOCOL_ERROR), stream
        assert client.get(shared.host(origin.port), "/after").status == 200
    assert [request.target for request in origin.requests] == ["/after"]


def test_a_body_that_belies_its_length_never_completes_at_the_origin(shared, make_origin):
    complete = []
    origin = make_origin(lambda connection, request: complete.append(request))
    with connect(shared) as client:
        stream = client.request(shared.host(origin.port), method="POST", fields=[("content-length", "50")], body=b"short")
        assert client.finish(stream).reset_code == PROTOCOL_ERROR
        wait_until(lambda: all(connection.ended_at for connection in origin.connections), "the origin's connections end")
    assert complete == []


def test_connect_is_refused(shared, origin, way2):
    with way2() as client:
        number = client.h2.get_next_available_stream_id()
        stream = client.streams[number] = type(client.get(shared.host(origin.port)))(number + 2)
        client.streams[number + 2] = stream
        client.h2.send_headers(number + 2, [(":method", "CONNECT"), (":authority", "h:22")])
        client.flush()
        client.until(lambda: stream.status, "an answer")
        assert (stream.status, stream.error) == (405, "method_not_allowed")


class Watching:
    """Answers nothing, or only begins to; sees when the request is given up."""

    def __init__(self, first=b""):
        self.first, self.started, self.ended_at = first, threading.Event(), None

    def __call__(self, connection, request):
        connection.send(self.first)
        self.started.set()
        connection.wait_end(20)
        self.ended_at = time.monotonic()
        return False


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"])
@pytest.mark.parametrize("how", ["reset", "leave"])
@thrice
def test_a_client_that_gives_up_ends_the_origins_request_within_a_second(shared, make_origin, way2, first, how):
    watching = Watching(first)
    origin = make_origin(watching)
    with way2() as client:
        stream = client.request(shared.host(origin.port))
        assert watching.started.wait(10)
        if first:
            client.until(lambda: stream.body, "the first byte")
        left = time.monotonic()
        client.reset(stream) if how == "reset" else client.sock.close()
        wait_until(lambda: watching.ended_at, "the origin's connection ends")
        in_time(watching.ended_at - left, 1.0)


def test_an_origin_that_breaks_off_resets_the_stream_alone(shared, make_origin, way2):
    def handler(connection, request):
        if request.target == "/ok":
            connection.send(answer(b"ok"))
            return True
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        return False

    origin = make_origin(handler)
    with way2() as client:
        stream = client.get(shared.host(origin.port), "/half")
        assert (stream.status, stream.body, stream.ended, stream.reset_code) == (200, b"half", False, 2), stream
        assert client.get(shared.host(origin.port), "/ok").body == b"ok"


WEBSOCKET = [(":protocol", "websocket")]


def test_a_websocket_by_extended_connect(shared, make_origin, way2):
    origin = make_origin(websocket.echo_handler)
    with way2() as client:
        client.until(lambda: client.h2.remote_settings.enable_connect_protocol == 1, "the setting")
        stream = client.request(shared.host(origin.port), "/ws?x=1", method="CONNECT", pseudo=WEBSOCKET, end=False,
                                fields=[("sec-websocket-version", "13"), ("sec-websocket-protocol", "chat"), ("origin", "https://a")])
        client.until(lambda: stream.status, "the handshake's answer")
        assert (stream.status, stream.get("sec-websocket-protocol")) == (200, "chat")
        assert stream.get("sec-websocket-accept") is None and stream.get("upgrade") is None and stream.get("connection") is None
        for payload in ("hello", "x" * 70000):
            seen = len(stream.body)
            client.send(stream, websocket.frame(payload, masked=True))
            expected = websocket.frame(payload)
            client.until(lambda: len(stream.body) >= seen + len(expected), "an echo")
            assert stream.body[seen:] == expected
        client.send(stream, websocket.frame(b"\x03\xe8", websocket.CLOSE, masked=True))
        client.send(stream, b"", end=True)
        client.finish(stream)
        assert stream.ended
    assert (origin.last.method, origin.last.target, origin.last.get("origin")) == ("GET", "/ws?x=1", "https://a")


PAGE = b"""<p id=said>nothing</p><script>
const socket = new WebSocket(location.href.replace("https", "wss") + "ws", "chat")
socket.onopen = () => socket.send("hello over " + performance.getEntriesByType("navigation")[0].nextHopProtocol)
socket.onmessage = (message) => { document.querySelector("#said").textContent = message.data }
</script>"""


def test_a_page_in_chromium_and_its_websocket_share_a_connection(make_stack, make_origin, browser_of):
    def handler(connection, request):
        if request.target == "/ws":
            return websocket.echo_handler(connection, request)
        return connection.send(answer(PAGE, fields=[("Content-Type", "text/html")]))

    stack, origin = make_stack(), make_origin(handler)
    browser = browser_of(stack)
    browser.go(f"https://{origin.port}__misha.iterate.app:{stack.broker.https_port}/")
    browser.wait_text("#said", "hello over h2")
    (handshake,) = [request for request in origin.requests if request.target == "/ws"]
    # An extended CONNECT has its names in lower case, and no key of its own.
    names = [name for name, _ in handshake.fields]
    assert "sec-websocket-version" in names and "sec-websocket-key" not in names and "Sec-WebSocket-Key" in names


@pytest.mark.parametrize("said, status", [("403 Forbidden", 403), ("200 OK", 502)])
def test_a_websocket_that_is_not_accepted(shared, make_origin, said, status):
    origin = make_origin(answering(b"no", status=said))
    with connect(shared) as client:
        stream = client.request(shared.host(origin.port), method="CONNECT", pseudo=WEBSOCKET, end=False)
        client.finish(stream)
        assert stream.status == status, stream


@pytest.mark.parametrize("content", ["token.thumbprint", ""])
def test_an_extended_connect_to_a_challenge_is_answered_as_anything_else_is(make_stack, tmp_path, content):
    folder = tmp_path / ".well-known" / "acme-challenge"
    folder.mkdir(parents=True)
    (folder / "token").write_text(content)
    stack = make_stack(broker={"http_mode": "redirect", "options": ["--acme-webroot", str(tmp_path)]}, start=False)
    with connect(stack) as client:
        asked = client.request("misha.iterate.app", "/.well-known/acme-challenge/token", method="CONNECT", pseudo=WEBSOCKET, end=False)
        client.finish(asked)
        assert asked.status == 301, asked
        got = client.get("misha.iterate.app", "/.well-known/acme-challenge/token")
        assert (got.status, got.body.decode()) == (200, content)


def test_a_client_that_begins_with_http2_while_the_broker_drains_is_served(make_stack, make_origin):
    stack = make_stack(broker={"grace": "30s"})
    go = threading.Event()

    def handler(connection, request):
        assert go.wait(20)
        connection.send(answer(b"done"))

    origin = make_origin(handler)
    with connect(stack, silent=True) as client:
        stack.broker.make_way()
        stream = client.request(stack.host(origin.port))
        origin.wait_requests()
        time.sleep(2.5)  # longer than the broker waits for agents once no client is left
        go.set()
        client.finish(stream)
        assert (stream.status, stream.body) == (200, b"done")
    assert stack.broker.process.wait_exit(10) == 0


def test_a_draining_broker_serves_what_was_begun_and_says_goaway(make_stack, make_origin):
    stack, go = make_stack(broker={"grace": "30s"}), threading.Event()

    def handler(connection, request):
        assert go.wait(20)
        connection.send(answer(b"done"))

    origin = make_origin(handler)
    with connect(stack) as client, connect(stack, tls=True) as idle:
        stream = client.request(stack.host(origin.port))
        origin.wait_requests()
        idle.pump()
        stack.broker.make_way()
        client.until(lambda: len(client.goaways) == 2, "both GOAWAYs")
        assert client.goaways == [(0x7FFFFFFF, 0), (stream.number, 0)]
        idle.wait_closed()
        assert idle.goaways[0] == (0x7FFFFFFF, 0)
        go.set()
        client.finish(stream)
        assert stream.body == b"done"
        client.wait_closed()
    assert stack.broker.process.wait_exit(10) == 0


def assert_told_to_calm_down(client):
    client.wait_closed()
    assert client.goaways and client.goaways[-1][1] == ENHANCE_YOUR_CALM, client.goaways


def flood(client, pieces):
    """Sends until the peer closes; reads little by little."""
    client.strict = False
    try:
        for piece in pieces:
            client.send_raw(piece)
            while client.pump(0.0005) and not client.closed:
                pass
            if client.closed:
                break
    except OSError:
        client.closed = True


def test_a_flood_of_resets_ends_the_connection_and_the_broker_serves_on(shared, make_origin):
    origin = make_origin(lambda connection, request: time.sleep(0.01))
    with connect(shared) as client:
        try:
            for _ in range(1000):
                client.reset(client.request(shared.host(origin.port)))
        except OSError:
            pass
        assert_told_to_calm_down(client)
    assert shared.get("none.iterate.app").status == 404


@pytest.mark.parametrize("piece", [
    b"\0\0\x08\x06\0\0\0\0\0" + b"12345678", b"\0\0\x05\x02\0\0\0\0\x03" + b"\0\0\0\0\x10", b"\0\0\0\x00\0\0\0\0\x01"],
    ids=["PING", "PRIORITY", "empty DATA"])
def test_a_flood_of_frames_that_bring_nothing_ends_the_connection(shared, make_origin, piece):
    origin = make_origin(lambda connection, request: connection.wait_end(20) and False, read_bodies=False)
    with connect(shared) as client:
        client.request(shared.host(origin.port), method="POST", end=False)
        flood(client, [piece * 100] * 100)
        client.wait_closed()
    assert shared.get("none.iterate.app").status == 404


def test_a_flood_of_continuation_frames_ends_the_connection(shared):
    with connect(shared) as client:
        client.send_raw(b"\0\0\x01\x01\0\0\0\0\x01\x82")
        flood(client, [b"\0\0\x01\x09\0\0\0\0\x01\x82"] * 1000)
        client.wait_closed()
    assert shared.get("none.iterate.app").status == 404


def test_an_origin_that_says_nothing_is_504(make_stack, make_origin):
    silent = make_origin(lambda connection, request: connection.wait_end(20) and False)
    stack = make_stack(broker={"options": ["--exchange-timeout", "300ms"]})
    with connect(stack) as client:
        for method in ("GET", "POST"):
            stream = client.request(stack.host(silent.port), method=method)
            client.until(lambda: stream.over, "the answer")
            assert stream.status == 504 and stream.error == "origin_timeout"
        assert client.get("nobody.iterate.app").status == 404


def test_a_stream_without_window_ends_by_time_and_holds_little(make_stack, make_origin):
    stack = make_stack(broker={"options": ["--exchange-timeout", "2s"]})
    ends = []

    def handler(connection, request):
        try:
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (64 * MB))
            for _ in range(64):
                connection.send(b"x" * MB)
        finally:
            ends.append(time.monotonic())

    origin = make_origin(handler)
    before = stack.broker.process.rss_kb()
    with connect(stack, initial_window=0) as client:
        streams = [client.request(stack.host(origin.port)) for _ in range(50)]
        client.until(lambda: all(stream.status for stream in streams), "the heads")
        time.sleep(0.5)
        assert stack.broker.process.rss_kb() - before < 32 * 1024
        client.until(lambda: all(stream.over for stream in streams), "the time-outs")
        assert all(stream.reset_code is not None and stream.body == b"" for stream in streams)
        wait_until(lambda: len(ends) == 50, "the origin's requests end")


def test_an_idle_connection_and_a_half_head_end_by_time(make_stack, origin):
    stack = make_stack(broker={"options": ["--keep-alive-timeout", "1s", "--head-timeout", "1s"]})
    with connect(stack) as client:
        began = time.monotonic()
        assert client.get(stack.host(origin.port)).status == 200
        client.wait_closed()
        assert time.monotonic() - began >= 1 and client.goaways[0][1] == 0
    with connect(stack) as client:
        client.send_raw(b"\0\0\x01\x01\0\0\0\0\x01\x82")
        client.wait_closed()


def test_upgrade_to_h2c_is_not_taken(shared, origin):
    with shared.client() as client:
        response = client.get(shared.host(origin.port), fields=[("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"),
                                                               ("HTTP2-Settings", "AAMAAABkAAQAAP__")])
        assert response.status == 200
    assert origin.last.get("Upgrade") is None and origin.last.get("HTTP2-Settings") is None


def test_the_access_log_has_a_line_for_each_stream(shared, make_origin):
    origin = make_origin(answering(b"12345"))
    with connect(shared) as client:
        client.finish(*[client.request(shared.host(origin.port), f"/log{number}") for number in range(5)])
    for number in range(5):
        wait_until(lambda n=number: shared.access_lines(host=shared.host(origin.port), target=f"/log{n}", status=200), "a line")
