"""Past a limit of its own the broker says so, and what is running already goes on."""
import os
import resource
import socket
import ssl
import threading
import time

import pytest

from harness.origin import OK, answer
from harness.process import under_sanitizer
from harness.wait import wait_until

WAITED = 1.2  # seconds after which a connection without a request may be closed for another


def silent(stack, count, begin=b""):
    """Connections that ask for nothing, or only begin to."""
    found = []
    for _ in range(count):
        found.append(socket.create_connection(("127.0.0.1", stack.broker.http_port), 10))
        if begin:
            found[-1].sendall(begin)
    return found


def open_ones(sockets):
    """Those that the broker has not closed."""
    found = []
    for sock in sockets:
        sock.setblocking(False)
        try:
            if sock.recv(4096):
                found.append(sock)
        except BlockingIOError:
            found.append(sock)
        except OSError:
            pass
    return found


def close_all(sockets):
    for sock in sockets:
        sock.close()


@pytest.mark.parametrize("begin", [b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "])
def test_who_waits_longest_for_a_request_gives_way_to_new_connections(make_stack, origin, begin):
    stack = make_stack(broker={"options": ["--max-connections", "30", "--loops", "1"]})
    host = stack.host(origin.port)
    with stack.client() as kept:
        assert kept.get(host).status == 200
        waiting = silent(stack, 12, begin)
        time.sleep(WAITED)
        for i in range(60):
            # The kept one is used, and so never waits longest.
            assert kept.get(host).status == 200
            with stack.client(tls=i % 2 == 0) as client:
                assert client.get(host).status == 200
                if i % 2 == 0:
                    waiting += silent(stack, 1, begin)
    assert len(open_ones(waiting)) <= 30
    assert stack.broker.process.find("connections_full")
    close_all(waiting)


def test_who_comes_when_all_are_busy_waits_until_one_has_ended(make_stack, make_origin):
    go = threading.Event()

    def slow(connection, request):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
        go.wait(30)
        connection.send(b"cd")

    origin = make_origin(slow)
    stack = make_stack(broker={"options": ["--max-connections", "12", "--loops", "1"]})
    host = stack.host(origin.port)
    busy = [stack.client() for _ in range(12)]
    for client in busy:
        client.request(host, "/")
    wait_until(lambda: stack.broker.process.find("connections_full"), "the limit")
    late = stack.client()
    late.request(host, "/late")
    late.sock.settimeout(0.5)
    if len(origin.requests) < 12:
        with pytest.raises(TimeoutError):
            late.sock.recv(1)
    late.sock.settimeout(30)
    go.set()
    assert [client.response().body for client in busy] == [b"abcd"] * len(busy)
    for client in busy:
        client.close()
    assert late.response().body == b"abcd"
    late.close()


def test_few_descriptors_and_many_slow_heads_leave_good_requests_alone(make_stack, origin):
    stack = make_stack(broker={"files": 200, "options": ["--loops", "1"]})
    host = stack.host(origin.port)
    slow = silent(stack, 120, b"GET / HTTP/1.1\r\n")
    time.sleep(WAITED)
    for i in range(100):
        slow += silent(stack, 1, b"GET / HTTP/1.1\r\n")
        if i % 2 == 0:
            assert stack.get(host, tls=i % 4 == 0).status == 200
    assert stack.admin.loops(), "the admin API has descriptors, too"
    close_all(slow)


@pytest.mark.skipif(under_sanitizer(), reason="UBSan opens a pipe to look at memory, and takes none for a bad pointer")
def test_an_agent_without_descriptors_lets_go_of_what_it_does_not_use(make_stack, make_origin):
    """Connections that wait in its pool for a next request have all that it may open."""
    stack = make_stack()
    pid = stack.agent.process.pid
    most = 20 + len(os.listdir(f"/proc/{pid}/fd"))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, most))
    together = threading.Barrier(15)

    def handler(connection, request):
        if request.target == "/together":
            together.wait(30)
        connection.send(OK)

    pools = [make_origin(handler), make_origin(handler)]
    threads = [threading.Thread(target=stack.get, args=(stack.host(pools[0].port), "/together")) for _ in range(15)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for origin in (pools[1], pools[0], pools[1]):
        clients = [stack.client() for _ in range(10)]
        for client in clients:
            client.request(stack.host(origin.port), "/", "POST", (), b"x")
        assert {client.response().status for client in clients} == {200}
        for client in clients:
            client.close()


def test_an_address_may_begin_so_many_handshakes_and_requests_in_clear_go_on(make_stack, origin):
    stack = make_stack(broker={"options": ["--handshake-rate", "5"]})
    host = stack.host(origin.port)

    def handshake():
        try:
            with stack.client(tls=True):
                return True
        except (ConnectionError, ssl.SSLError, OSError):
            return False

    assert [handshake() for _ in range(4)] == [True] * 4
    wait_until(lambda: not handshake(), "a refusal")
    assert stack.broker.process.find("handshake_refused")
    assert stack.get(host).status == 200
    wait_until(handshake, "a token again")


@pytest.mark.skipif(under_sanitizer(), reason="a sanitizer's memory is not the program's")
def test_beyond_the_memory_budget_new_requests_are_503_and_running_ones_end_well(make_stack, make_origin):
    """The budget is passed by what many slow readers leave in the broker, and kept again when they are gone."""
    big = answer(bytes(4 << 20))

    def serve(connection, request):
        try:
            connection.send(big if request.target == "/big" else OK)
        except OSError:
            pass  # its reader has left

    origin = make_origin(serve)
    stack = make_stack(broker={"options": ["--memory-budget", "20"]})
    host = stack.host(origin.port)
    assert stack.get(host).status == 200
    with stack.client() as running:
        running.request(host, "/big")
        readers = []
        for _ in range(800):
            if stack.broker.process.find("memory_budget_exceeded"):
                break
            readers.append(stack.client(tls=True))
            readers[-1].sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            readers[-1].request(host, "/big")
        wait_until(lambda: stack.broker.process.find("memory_budget_exceeded"), "the budget is used up")
        refused = stack.get(host)
        assert refused.status == 503
        assert refused.json["error"] == "overloaded"
        assert refused.get("Retry-After") == "2"
        assert running.response().body == bytes(4 << 20)
    for reader in readers:
        reader.close()
    wait_until(lambda: stack.get(host).status == 200, "requests again")
    assert stack.broker.process.find("memory_budget_kept")


def test_without_a_budget_nothing_is_refused_for_memory(make_stack, origin):
    stack = make_stack(broker={"options": ["--memory-budget", "4096"]})
    assert stack.get(stack.host(origin.port)).status == 200
    assert not stack.broker.process.find("memory_budget_exceeded")
