"""SIGTERM drains: what runs ends in order, the exit code is 0; a second one ends at once. (How long a program serves on
before it takes no more is in test_agent_restart.py and test_broker_restart.py.)"""
import signal
import socket
import threading
import time

import pytest

from harness.http1 import Client
from harness.origin import answer
from harness.wait import in_time, thrice, wait_until


class Slow:
    """Answers once it is told to."""

    def __init__(self):
        self.go = threading.Event()

    def __call__(self, connection, request):
        assert self.go.wait(20)
        connection.send(answer(b"done"))


def refused(port):
    try:
        socket.create_connection(("127.0.0.1", port), 2).close()
    except OSError:
        return True
    return False


@pytest.mark.parametrize("which", ["broker", "agent"])
def test_a_running_request_ends_before_the_program_does(stack, make_origin, which):
    slow = Slow()
    origin = make_origin(slow)
    process = getattr(stack, which).process
    with stack.client() as client:
        client.request(stack.host(origin.port))
        origin.wait_requests()
        process.signal(signal.SIGTERM)
        process.wait_event("draining")
        time.sleep(0.2)
        assert process.running()
        slow.go.set()
        assert client.response().body == b"done"
    assert process.wait_exit(10) == 0


def test_a_draining_broker_takes_no_new_connection(stack, make_origin):
    slow = Slow()
    origin = make_origin(slow)
    with stack.client() as client:
        client.request(stack.host(origin.port))
        origin.wait_requests()
        stack.broker.make_way()
        wait_until(lambda: refused(stack.broker.http_port), "it listens no more")
        slow.go.set()
        assert client.response().status == 200
        assert client.closed()


@thrice
def test_an_idle_connection_does_not_hold_up_the_end(make_stack, origin):
    stack = make_stack()
    with stack.client() as client:
        assert client.get(stack.host(origin.port)).status == 200
        began = time.monotonic()
        stack.broker.process.signal(signal.SIGTERM)
        assert stack.broker.process.wait_exit() == 0
        in_time(time.monotonic() - began, 3)
        assert client.closed()


@pytest.mark.parametrize("which", ["broker", "agent"])
def test_the_grace_period_ends_what_does_not(make_stack, make_origin, which):
    stack = make_stack(**{which: {"grace": "300ms"}})
    origin = make_origin(lambda connection, request: connection.wait_end(20) and False)
    process = getattr(stack, which).process
    with stack.client() as client:
        client.request(stack.host(origin.port))
        origin.wait_requests()
        process.signal(signal.SIGTERM)
        process.wait_event("grace_period_over")
        assert process.wait_exit() == 0


@pytest.mark.parametrize("which", ["broker", "agent"])
def test_a_second_signal_ends_at_once(make_stack, make_origin, which):
    stack = make_stack(**{which: {"grace": "600s"}})
    origin = make_origin(lambda connection, request: connection.wait_end(20) and False)
    process = getattr(stack, which).process
    with stack.client() as client:
        client.request(stack.host(origin.port))
        origin.wait_requests()
        process.signal(signal.SIGTERM)
        process.wait_event("draining")
        process.signal(signal.SIGTERM)
        assert process.wait_exit() == 0


@pytest.mark.parametrize("which", ["broker", "agent"])
def test_signals_that_keep_coming_to_the_very_end_leave_the_exit_code_good(make_stack, which):
    for _ in range(4):
        process = getattr(make_stack(), which).process
        while process.running():
            process.signal(signal.SIGTERM)
        assert process.wait_exit() == 0, process.tail()


@pytest.mark.parametrize("which", ["broker", "agent"])
@thrice
def test_an_idle_program_ends_at_once(make_stack, which):
    process = getattr(make_stack(), which).process
    began = time.monotonic()
    process.signal(signal.SIGINT)
    assert process.wait_exit() == 0
    in_time(time.monotonic() - began, 2)


def test_requests_through_the_agents_own_port_end_too(stack, make_origin):
    slow = Slow()
    origin = make_origin(slow)
    with Client(stack.agent.local_port) as client:
        client.request("x", fields=[("X-Iterate-Proxy-Target-Host", f"localhost:{origin.port}")])
        origin.wait_requests()
        stack.agent.process.signal(signal.SIGTERM)
        stack.agent.process.wait_event("draining")
        slow.go.set()
        assert client.response().body == b"done"
    assert stack.agent.process.wait_exit(10) == 0


def test_another_agent_can_follow_a_draining_one(make_stack, make_origin):
    stack = make_stack(agent={"grace": "30s"})
    slow, quick = Slow(), make_origin()
    origin = make_origin(slow)
    with stack.client() as client:
        client.request(stack.host(origin.port))
        origin.wait_requests()
        stack.agent.process.signal(signal.SIGTERM)
        stack.agent.process.wait_event("draining")
        assert stack.get(stack.host(quick.port)).status == 200
        successor = stack.another_agent("mach_a", stack.token, name="successor").start()
        assert stack.get(stack.host(quick.port)).status == 200
        slow.go.set()
        assert client.response().body == b"done"
    assert successor.process.running()


def test_systemd_is_told_when_the_first_tunnel_is_up_and_when_it_stops(make_stack, tmp_path):
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(path)
        notify.settimeout(20)
        stack = make_stack(start=False, agent={"env": {"NOTIFY_SOCKET": path}})
        stack.broker.process.stop()
        stack.agent.start(wait=False)
        stack.agent.process.wait_event("tunnel_unreachable")
        stack.broker.start()
        said = ""
        while "READY=1" not in said:
            said += notify.recv(4096).decode() + "\n"
        assert stack.agent.process.find("tunnel_up")
        stack.agent.process.signal(signal.SIGTERM)
        while "STOPPING=1" not in said:
            said += notify.recv(4096).decode() + "\n"
