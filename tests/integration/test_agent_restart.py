"""An agent without a supervisor that is told to end beside a stream that lasts: its machine stays reachable by it, until
the stream is over, another agent is there, or its grace period is."""
import signal

import pytest

from harness.probes import none_fails
from harness.stack import MACHINE
from harness.wait import wait_until
from harness.websocket import WebSocket, echo_handler


@pytest.fixture
def origin(make_origin):
    return make_origin(lambda connection, request: echo_handler(connection, request) if request.get("Upgrade")
                       else connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))


@pytest.fixture
def patient(make_stack):
    return make_stack(agent={"grace": "60s"}, broker={"park": "10s", "options": ["--supervise"]})


def stop_beside(stack, probes, more=300):
    probes.wait()
    stack.agent.process.signal(signal.SIGTERM)
    stack.agent.process.wait_event("draining")
    probes.wait(more)
    assert stack.agent.process.running()


def test_the_machine_is_reachable_as_long_as_a_stream_lasts(patient, origin):
    stack = patient
    chat = WebSocket(stack.client(), stack.host(origin.port))
    with none_fails(stack, origin.port) as probes:
        stop_beside(stack, probes)
        chat.echo("still there")
        chat.client.close()
        assert stack.agent.process.wait_exit(10) == 0
        stack.agent.start()
        probes.wait()


def test_the_next_agent_has_the_machine_at_once(patient, origin):
    stack = patient
    chat = WebSocket(stack.client(), stack.host(origin.port))
    with none_fails(stack, origin.port) as probes:
        stop_beside(stack, probes)
        stack.another_agent(MACHINE, stack.token, connections=2, name="next").start()
        probes.wait()
        chat.echo("by the old one")
    assert not stack.broker.process.find("tunnel_refused")
    chat.client.close()
    assert stack.agent.process.wait_exit(10) == 0


def test_at_the_end_of_the_grace_period_only_what_lasts_is_cut(make_stack, origin):
    stack = make_stack(agent={"grace": "10s"}, broker={"park": "30s"})
    chat = WebSocket(stack.client(), stack.host(origin.port))
    with none_fails(stack, origin.port) as probes:
        stop_beside(stack, probes, 10)
        assert stack.agent.process.wait_exit() == 0
        assert chat.client.closed()
        stack.agent.start()
        probes.wait()


def test_a_broker_that_is_upgraded_meanwhile_is_told_too(patient, origin):
    stack = patient
    chat = WebSocket(stack.client(), stack.host(origin.port))
    with none_fails(stack, origin.port) as probes:
        stop_beside(stack, probes)
        tunnels = len(stack.agent.process.find("tunnel_up"))
        stack.broker.process.signal(signal.SIGUSR2)
        stack.agent.process.wait_event("tunnel_up", count=tunnels + 1)
        stack.another_agent(MACHINE, stack.token, name="next").start()
        probes.wait()
        chat.echo("by the old one")
    chat.client.close()
    wait_until(lambda: not stack.agent.process.running(), "the old agent ends with its last stream")
