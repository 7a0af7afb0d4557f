"""Silence is when nothing moves though somebody who is waited for could move it. Who reads slowly moves, what we hold up
ourselves is nobody's silence, and whoever is waited for is who is blamed."""
import contextlib
import threading
import time

import pytest

from harness.h2_origin import H2Origin, send_as_allowed
from harness.http2 import Client2
from harness.origin import answer, answering
from harness.wait import wait_until

MB = 1 << 20
LIMIT = "2s"
# Three times the limit.
LONG = 6
HOST = "slow.misha.iterate.app"
# Nothing that a kernel, a window or a tunnel can hold.
BODY = bytes(48 * MB)


def connect(stack, tls, **words):
    if tls:
        return Client2(stack.broker.https_port, tls=stack.ca.context(("h2",)), **words)
    return Client2(stack.broker.http_port, **words)


@pytest.fixture
def h2_origin():
    made = []

    def make(handler):
        made.append(H2Origin(handler))
        return made[-1]

    yield make
    for origin in made:
        origin.close()


def at_length(stream, what):
    """An h2c origin's long answer."""
    if what == "end":
        stream.head(fields=[("content-length", str(len(BODY)))])
        threading.Thread(target=send_as_allowed, args=(stream, BODY, True), daemon=True).start()


def read_slowly(sock, take=lambda data: None):
    """For three times the limit, a little five times a second. False where the connection ended."""
    sock.settimeout(10)
    end = time.monotonic() + LONG
    while time.monotonic() < end:
        time.sleep(0.2)
        try:
            data = sock.recv(32 * 1024)
        except OSError:
            return False
        if not data:
            return False
        take(data)
    return True


def h1_goes_on(stack, tls):
    with stack.client(tls, receive_buffer=32 * 1024) as client:
        client.request(HOST)
        assert client.final_head().status == 200
        return read_slowly(client.sock)


def h2_goes_on(stack, tls):
    with connect(stack, tls, receive_buffer=32 * 1024) as client:
        stream = client.request(HOST)

        def take(data):
            client.unread += data
            while frame := client.next_frame():
                for event in client.h2.receive_data(frame):
                    client.take(event)
            client.flush()

        return read_slowly(client.sock, take) and stream.status == 200 and not stream.over


WAYS = {
    "exchange": ({"broker": {"options": ["--exchange-timeout", LIMIT]}}, {}),
    "policy": ({}, {"timeouts": {"idle": LIMIT}}),
    "origin": ({"agent": {"options": ["--origin-idle-timeout", LIMIT]}}, {}),
}


@pytest.mark.parametrize("protocol", ["http", "h2c"])
@pytest.mark.parametrize("way", WAYS)
def test_a_client_that_reads_slowly_is_not_silent(make_stack, make_origin, h2_origin, way, protocol):
    options, policy = WAYS[way]
    stack = make_stack(**options)
    origin = h2_origin(at_length) if protocol == "h2c" else make_origin(answering(BODY))
    stack.admin.service("misha", "slow", origin.port, policy={**policy, "origin_protocol": protocol})
    found = {}

    def run(name, goes_on, tls):
        found[name] = goes_on(stack, tls)

    threads = [threading.Thread(target=run, args=(f"{goes_on.__name__} {tls}", goes_on, tls))
               for goes_on in (h1_goes_on, h2_goes_on) for tls in (False, True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and all(found.values()), found


@pytest.mark.parametrize("way", ["exchange", "policy"])
def test_a_client_that_reads_no_more_is_cut(make_stack, make_origin, way):
    options, policy = WAYS[way]
    stack = make_stack(**options)
    origin = make_origin(answering(BODY))
    stack.admin.service("misha", "slow", origin.port, policy=policy)
    with stack.client(receive_buffer=32 * 1024) as client:
        client.request(HOST, "/stuck")
        assert client.final_head().status == 200
        line = wait_until(lambda: stack.access_lines(target="/stuck"), "a line of the access log", seconds=20)[0]
        assert line["error"] == "request_timeout" and line["bytes"] < len(BODY)


def test_a_stream_whose_client_gives_it_no_room_is_reset(make_stack, make_origin):
    stack = make_stack()
    origin = make_origin(answering(BODY))
    stack.admin.service("misha", "slow", origin.port, policy={"timeouts": {"idle": LIMIT}})
    with connect(stack, True) as client:
        stream = client.request(HOST, "/stuck")
        stream.held = True
        client.until(lambda: stream.over, "its reset", seconds=60)
        assert stream.reset_code is not None and len(stream.body) < len(BODY)


def send_all(client, host):
    with contextlib.suppress(OSError):
        client.send(f"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(BODY)}\r\n\r\n".encode() + BODY)


def test_an_upload_that_its_origin_does_not_read_is_the_origins_silence(make_stack, make_origin):
    stack = make_stack(broker={"options": ["--exchange-timeout", LIMIT]})
    over = threading.Event()
    origin = make_origin(lambda connection, request: over.wait(60) and False, read_bodies=False)
    host = stack.host(origin.port)
    with stack.client() as client:
        client.sock.settimeout(30)
        sender = threading.Thread(target=send_all, args=(client, host))
        sender.start()
        response = client.response()
        assert (response.status, response.error) == (504, "origin_timeout")
    sender.join()
    with connect(stack, True) as client:
        stream = client.request(host, method="POST", end=False)
        left, end = len(BODY), time.monotonic() + 20
        while not stream.over and time.monotonic() < end:
            size = min(client.h2.local_flow_control_window(stream.number), 16384, left)
            if size == 0:
                client.pump(0.2)
                continue
            client.h2.send_data(stream.number, BODY[:size])
            client.flush()
            left -= size
        assert (stream.status, stream.error) == (504, "origin_timeout")
    over.set()


@pytest.mark.parametrize("limit", ["exchange", "idle", "first_byte"])
def test_a_request_that_is_parked_is_not_silent(make_stack, make_origin, limit):
    options = ["--exchange-timeout", "1s"] if limit == "exchange" else []
    stack = make_stack(broker={"options": options, "park": "60s"})
    origin = make_origin()
    stack.admin.service("misha", "slow", origin.port, policy={} if limit == "exchange" else {"timeouts": {limit: "1s"}})
    stack.agent.process.stop()
    wait_until(lambda: not stack.admin.tunnels(), "the tunnel is gone")
    answers = {}

    def ask(method):
        with stack.client() as client:
            client.request(HOST, method=method, body=b"abc" if method == "POST" else None)
            answers["h1", method] = client.response().status

    def ask2(method):
        with connect(stack, True) as client:
            stream = client.request(HOST, method=method, body=b"abc" if method == "POST" else None)
            client.until(lambda: stream.over, "the answer", 60)
            answers["h2", method] = stream.status

    threads = [threading.Thread(target=each, args=(method,)) for each in (ask, ask2) for method in ("GET", "POST")]
    for thread in threads:
        thread.start()
    time.sleep(3)
    stack.agent.start()
    for thread in threads:
        thread.join()
    assert answers == dict.fromkeys([(version, method) for version in ("h1", "h2") for method in ("GET", "POST")], 200)


def test_what_is_parked_for_longer_than_any_silence_is_503(make_stack, make_origin):
    stack = make_stack(broker={"options": ["--exchange-timeout", "1s"], "park": "3s"})
    origin = make_origin()
    assert stack.get(stack.host(origin.port)).status == 200
    stack.agent.process.stop()
    wait_until(lambda: not stack.admin.tunnels(), "the tunnel is gone")
    response = stack.get(stack.host(origin.port))
    assert (response.status, response.error) == (503, "machine_unavailable")


def test_a_rate_that_is_used_up_is_nobodys_silence(make_stack, make_origin):
    stack = make_stack(broker={"options": ["--exchange-timeout", "1s"]})
    body = bytes(700_000)
    origin = make_origin(lambda connection, request: connection.send(
        answer(body if request.method == "GET" else str(len(request.body)).encode())))
    stack.admin.service("misha", "slow", origin.port, policy={
        "rate": {"bytes_per_second": "100k", "per": "client"}, "timeouts": {"idle": "1s", "first_byte": "1s"}})
    with stack.client(tls=True) as client:
        client.sock.settimeout(60)
        client.request(HOST)
        assert len(client.response().body) == len(body)
        client.request(HOST, method="POST", body=body[:400_000])
        response = client.response()
        assert (response.status, response.body) == (200, b"400000")


def test_an_answer_is_due_when_the_upload_is_over(make_stack, make_origin):
    stack = make_stack()
    origin = make_origin(lambda connection, request: connection.send(answer(str(len(request.body)).encode())))
    silent = make_origin(lambda connection, request: connection.wait_end(60) and False)
    for name, port in (("slow", origin.port), ("mute", silent.port)):
        stack.admin.service("misha", name, port, policy={"timeouts": {"first_byte": LIMIT}})
    with stack.client() as client:
        client.send(f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 30000\r\n\r\n".encode())
        for _ in range(30):
            time.sleep(0.2)
            client.send(bytes(1000))
        assert client.response().body == b"30000"
        client.request("mute.misha.iterate.app", method="POST", body=b"whole")
        assert client.response().status == 504
