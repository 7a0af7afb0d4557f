"""Which ports listen in a machine: told by its agent, kept by the broker, shown where somebody looks for a port."""
import signal
import socket
import threading
import time

import pytest

from harness.http1 import Client
from harness.origin import Origin
from harness.ports import free_port
from harness.stack import MACHINE, PROJECT
from harness.wait import wait_until


def listening(stack, machine=MACHINE):
    """By port; None where nobody has told."""
    ports = stack.admin.ok("GET", f"/v1/machines/{machine}")["listening"]
    return None if ports is None else {port["port"]: port for port in ports}


def until_listens(stack, port, wanted=True):
    wait_until(lambda: (port in (listening(stack) or {})) == wanted, f"port {port} listens: {wanted}",
               detail=lambda: str(listening(stack)))


@pytest.mark.parametrize("loops", ["1", "3"])
def test_ports_are_shown_as_they_open_and_close(make_stack, make_origin, loops):
    before = make_origin()
    stack = make_stack(broker={"options": ["--loops", loops]}, agent={"connections": 2})
    until_listens(stack, before.port)
    later = Origin()
    until_listens(stack, later.port)
    assert stack.agent.local_port not in listening(stack), "the agent's own"
    later.close()
    until_listens(stack, later.port, False)
    assert before.port in listening(stack)


def test_a_port_is_shown_with_who_listens_and_whether_its_policy_is_public(stack, make_origin):
    open_, shut = make_origin(), make_origin()
    stack.admin.service(PROJECT, "shut", shut.port, policy={"auth": "deny"})
    until_listens(stack, shut.port)
    ports = listening(stack)
    assert ports[open_.port]["public"] is True and ports[shut.port]["public"] is False
    assert "python" in ports[open_.port]["process"], ports[open_.port]
    text = stack.ctl.ok("machine", "show", MACHINE).out
    assert f"{open_.port} {ports[open_.port]['process']}\n" in text
    assert f"{shut.port} {ports[shut.port]['process']}, not public\n" in text
    shown = stack.ctl.json("machine", "show", MACHINE)
    assert ports[open_.port] in shown["listening"]


def test_ports_on_ipv6_loopback_alone_listen_and_on_other_addresses_do_not(stack):
    with socket.socket(socket.AF_INET6) as six, socket.socket() as elsewhere:
        six.bind(("::1", 0))
        elsewhere.bind(("127.0.0.2", 0))
        for each in (six, elsewhere):
            each.listen()
        until_listens(stack, six.getsockname()[1])
        assert elsewhere.getsockname()[1] not in listening(stack)


def test_ports_that_the_agent_denies_are_not_told(make_stack, make_origin):
    denied, other = make_origin(), make_origin()
    stack = make_stack(agent={"options": ["--deny-port", str(denied.port)]})
    until_listens(stack, other.port)
    assert denied.port not in listening(stack)


def test_a_machine_without_an_agent_lists_none(stack, origin):
    until_listens(stack, origin.port)
    stack.agent.kill()
    wait_until(lambda: listening(stack) is None, "no list")
    assert listening(stack) is None
    stack.agent.start()
    until_listens(stack, origin.port)


def test_a_502_names_the_ports_that_do_listen(stack, make_origin):
    open_, shut = make_origin(), make_origin()
    stack.admin.service(PROJECT, "shut", shut.port, policy={"auth": "deny"})
    until_listens(stack, shut.port)
    port = free_port()
    answer = stack.get(stack.host(port))
    assert (answer.status, answer.error, answer.json["port"]) == (502, "proxy_error", port)
    assert open_.port in answer.json["listening"]
    assert shut.port not in answer.json["listening"], "a visitor learns of no port that he may not reach"
    page = stack.get(stack.host(port), fields=[("Accept", "text/html")])
    assert page.status == 502 and f"{open_.port}".encode() in page.body and b"listening" in page.body
    assert "listening" not in stack.get("nobody.iterate.app").json


def test_the_list_beside_a_502_is_of_that_moment(stack, make_origin):
    """The port that refuses has the agent look, whenever it would look next."""
    gone = Origin()
    until_listens(stack, gone.port)
    gone.close()
    new = make_origin()
    time.sleep(0.3)  # looks that are asked for are 250 ms apart
    answer = stack.get(stack.host(free_port()))
    assert answer.status == 502
    assert new.port in answer.json["listening"] and gone.port not in answer.json["listening"]


def test_at_most_20_ports_are_named_in_a_502(stack, make_origin):
    origins = [make_origin() for _ in range(25)]
    until_listens(stack, origins[-1].port)
    assert len(stack.get(stack.host(free_port())).json["listening"]) == 20
    assert b" more" in stack.get(stack.host(free_port()), fields=[("Accept", "text/html")]).body


def test_a_port_that_listened_is_waited_for_though_no_request_had_reached_it(make_stack):
    """A dev server restarts just when its first visitor comes."""
    stack = make_stack(agent={"options": ["--origin-wait", "20s"]})
    origin = Origin()
    until_listens(stack, origin.port)
    origin.close()
    back = []
    timer = threading.Timer(1, lambda: back.append(Origin(port=origin.port)))
    timer.start()
    try:
        assert stack.get(stack.host(origin.port)).status == 200
    finally:
        timer.join()
        back[0].close()


def test_a_port_that_listened_is_waited_for_at_8080_too(make_stack):
    stack = make_stack(agent={"options": ["--origin-wait", "20s"]})
    origin = Origin()
    until_listens(stack, origin.port)
    origin.close()
    back = []
    timer = threading.Timer(1, lambda: back.append(Origin(port=origin.port)))
    timer.start()
    try:
        with Client(stack.agent.local_port) as client:
            response = client.get("x", fields=[("X-Iterate-Proxy-Target-Host", f"localhost:{origin.port}")])
            assert response.status == 200
    finally:
        timer.join()
        back[0].close()


def test_an_agent_that_is_upgraded_hands_its_list_on(make_stack, origin):
    stack = make_stack(agent={"options": ["--supervise"]})
    until_listens(stack, origin.port)
    stack.agent.process.signal(signal.SIGUSR2)
    stack.agent.wait_up(2)
    until_listens(stack, origin.port)
    later = Origin()
    until_listens(stack, later.port)
    later.close()
    until_listens(stack, later.port, False)
