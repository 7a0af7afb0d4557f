"""Unbuffered both ways, with back pressure, in bounded memory."""
import hashlib
import threading
import time

import pytest

from harness.http1 import Client, Hash
from harness.origin import answer, random_bytes
from harness.wait import wait_until

pytestmark = pytest.mark.slow
MB = 1 << 20
BLOCK = random_bytes(MB)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"


def expected_hash(megabytes):
    sha = hashlib.sha256()
    for _ in range(megabytes):
        sha.update(BLOCK)
    return sha.hexdigest()


def endless(connection, request):
    """As many megabytes as the target says, as fast as they go."""
    megabytes = int(request.target.strip("/"))
    connection.send(HEAD % (megabytes * MB))
    for _ in range(megabytes):
        connection.send(BLOCK)


class Gate:
    """An event stream that says the next word when it is told to."""

    def __init__(self):
        self.words, self.condition = [], threading.Condition()

    def __call__(self, connection, request):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            with self.condition:
                while not self.words:
                    self.condition.wait(20)
                word = self.words.pop(0)
            if word is None:
                connection.send(b"0\r\n\r\n")
                return
            connection.send(f"{len(word):x}\r\n{word}\r\n".encode())

    def say(self, word):
        with self.condition:
            self.words.append(word)
            self.condition.notify()


def test_each_event_arrives_before_the_next_is_said(shared, make_origin, way):
    gate = Gate()
    origin = make_origin(gate)
    with way() as client:
        client.request(shared.host(origin.port))
        assert client.final_head().status == 200
        times = []
        for number in range(50):
            word = f"data: {number}\n\n"
            began = time.monotonic()
            gate.say(word)
            assert client.reader.until(word.encode()).endswith(word.encode())
            times.append(time.monotonic() - began)
        gate.say(None)
    assert sorted(times)[len(times) // 2] < 0.05


def test_the_head_arrives_before_the_body_begins(shared, make_origin, way):
    gate = Gate()
    origin = make_origin(gate)
    with way() as client:
        client.request(shared.host(origin.port))
        assert client.final_head().get("Content-Type") == "text/event-stream"
        gate.say(None)


@pytest.mark.parametrize("megabytes", [64])
def test_a_large_download_is_byte_exact_in_bounded_memory(make_stack, make_origin, megabytes):
    stack, origin = make_stack(), make_origin(endless)
    programs = [stack.broker.process, stack.agent.process]
    stack.get(stack.host(origin.port), "/1")
    before = [program.rss_kb() for program in programs]
    for program in programs:
        program.reset_peak()
    got = Hash()
    with stack.client(tls=True) as client:
        client.request(stack.host(origin.port), f"/{megabytes}")
        client.response(sink=got)
    assert (got.size, got.sha.hexdigest()) == (megabytes * MB, expected_hash(megabytes))
    for program, kb in zip(programs, before):
        assert program.peak_kb() - kb < memory_limit_kb(24), program.name


def memory_limit_kb(megabytes):
    """AddressSanitizer keeps what was freed for a while (256 MB, its default quarantine)."""
    import os

    return (megabytes + (300 if "asan" in os.environ.get("INGRESS_BIN", "") else 0)) * 1024


@pytest.mark.parametrize("megabytes", [64])
def test_a_large_upload_is_byte_exact_in_bounded_memory(make_stack, make_origin, megabytes):
    got = Hash()

    def handler(connection, request):
        connection.read_body(request, got)
        connection.send(answer(b"thanks"))

    stack, origin = make_stack(), make_origin(handler, read_bodies=False)
    programs = [stack.broker.process, stack.agent.process]
    before = [program.rss_kb() for program in programs]
    with stack.client(tls=True) as client:
        client.request(stack.host(origin.port), method="PUT", fields=[("Content-Length", str(megabytes * MB))])
        for _ in range(megabytes):
            client.send(BLOCK)
        assert client.response().body == b"thanks"
    assert (got.size, got.sha.hexdigest()) == (megabytes * MB, expected_hash(megabytes))
    for program, kb in zip(programs, before):
        assert program.peak_kb() - kb < memory_limit_kb(24), program.name


def test_a_reader_that_stops_holds_up_its_own_stream_alone(make_stack, make_origin):
    """The origin of a stalled reader is held back, and its neighbours on the same tunnel are not."""
    sent = []

    def counting(connection, request):
        connection.send(HEAD % (1 << 40))
        while True:
            connection.send(BLOCK[:65536])
            sent.append(65536)

    stack, bulk, quick = make_stack(), make_origin(counting), make_origin()
    stalled = [stack.client(receive_buffer=16 * 1024) for _ in range(8)]
    for client in stalled:
        client.request(stack.host(bulk.port))
        assert client.final_head().status == 200

    def steady():
        before = len(sent)
        time.sleep(0.3)
        return before == len(sent)

    wait_until(steady, "the origins are held back")
    times = []
    for _ in range(50):
        began = time.monotonic()
        assert stack.get(stack.host(quick.port)).status == 200
        times.append(time.monotonic() - began)
    assert sorted(times)[25] < 0.1
    assert sum(sent) < 8 * 24 * MB
    for client in stalled:
        client.close()


def test_a_hundred_slow_readers_cost_little_memory(make_stack, make_origin):
    stack, origin = make_stack(), make_origin(endless)
    programs = [stack.broker.process, stack.agent.process]
    stack.get(stack.host(origin.port), "/1")
    before = [program.rss_kb() for program in programs]
    readers = [stack.client(receive_buffer=16 * 1024) for _ in range(100)]
    for reader in readers:
        reader.request(stack.host(origin.port), "/100")
    for reader in readers:
        assert reader.final_head().status == 200
        reader.reader.exactly(100_000)
    time.sleep(0.5)
    for program, kb in zip(programs, before):
        assert program.rss_kb() - kb < memory_limit_kb(64), program.name
    for reader in readers:
        reader.close()


def test_an_origin_that_does_not_read_holds_up_its_own_upload_alone(make_stack, make_origin):
    deaf = make_origin(lambda connection, request: connection.reader and time.sleep(15) and False, read_bodies=False)
    stack, quick = make_stack(), make_origin()
    sent = 0
    with stack.client() as client:
        client.request(stack.host(deaf.port), method="POST", fields=[("Content-Length", str(1 << 40))])
        client.sock.settimeout(1)
        try:
            while True:
                sent += client.sock.send(BLOCK)
        except TimeoutError:
            pass
        assert sent < 40 * MB
        for _ in range(20):
            assert stack.get(stack.host(quick.port)).status == 200


def test_small_answers_stay_quick_beside_downloads(make_stack, make_origin):
    stack, bulk, quick = make_stack(), make_origin(endless), make_origin()
    ended = threading.Event()

    def download():
        while not ended.is_set():
            with stack.client() as client:
                client.request(stack.host(bulk.port), "/32")
                client.response(sink=lambda data: None)

    threads = [threading.Thread(target=download) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        times = []
        with stack.client() as client:
            for _ in range(100):
                began = time.monotonic()
                assert client.get(stack.host(quick.port)).status == 200
                times.append(time.monotonic() - began)
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert sorted(times)[50] < 0.25


def test_many_clients_at_once_get_their_own_answers(shared, make_origin):
    origin = make_origin(lambda connection, request: connection.send(answer(request.target * 200)))
    wrong = []

    def ask(number):
        with shared.client() as client:
            for turn in range(20):
                target = f"/{number}-{turn}"
                if client.get(shared.host(origin.port), target).text != target * 200:
                    wrong.append(target)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_download_through_the_agents_own_port_is_byte_exact(shared, make_origin):
    origin = make_origin(endless)
    got = Hash()
    with Client(shared.agent.local_port) as client:
        client.request("x", "/16", fields=[("X-Iterate-Proxy-Target-Host", f"localhost:{origin.port}")])
        client.response(sink=got)
    assert (got.size, got.sha.hexdigest()) == (16 * MB, expected_hash(16))
