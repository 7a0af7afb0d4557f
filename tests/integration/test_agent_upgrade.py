"""The agent under its own supervisor: an upgrade loses no request and cuts no stream, a child that dies comes back."""
import os
import signal
import socket
import time

import pytest

from harness.certificates import Ca
from harness.ctl import write_secret
from harness.http1 import Client
from harness.probes import Probes, by_tunnel, none_fails
from harness.process import gone
from harness.stack import MACHINE
from harness.wait import wait_until
from harness.websocket import WebSocket, echo_handler
from test_systemd import NotifySocket


@pytest.fixture
def supervised(make_stack):
    return make_stack(agent={"connections": 2, "options": ["--supervise"]}, broker={"park": "10s"})


def children(stack):
    """The pids of the children, in the order in which they were started."""
    return [int(line["pid"]) for line in stack.agent.process.find("child_started")]


def upgrade(stack, number=signal.SIGUSR2):
    """Done when the new child has the machine."""
    count = len(children(stack))
    stack.agent.process.signal(number)
    stack.agent.process.wait_event("child_started", count=count + 1)
    stack.agent.process.wait_event("tunnel_up", count=2 * (count + 1))
    return children(stack)[-1]


def by_local_port(stack, port):
    def ask():
        with Client(stack.agent.local_port) as client:
            return client.get("anything", fields=[("X-Iterate-Proxy-Target-Host", f"localhost:{port}")]).status
    return ask


@pytest.mark.parametrize("way", [by_tunnel, by_local_port])
@pytest.mark.parametrize("number", [signal.SIGUSR2, signal.SIGHUP])
def test_no_request_fails_in_upgrades(supervised, origin, way, number):
    probes = Probes(way(supervised, origin.port))
    try:
        for _ in range(3):
            probes.wait()
            old = children(supervised)[-1]
            upgrade(supervised, number)
            wait_until(lambda: gone(old), "the old child has run dry")
            probes.wait()
    finally:
        failures = probes.stop()
    assert not failures


def test_a_websocket_outlives_upgrades_and_new_streams_go_to_the_new_child(supervised, make_origin):
    origin = make_origin(handler=echo_handler)
    host = supervised.host(origin.port)
    with supervised.client() as first, supervised.client() as second:
        before = WebSocket(first, host)
        before.echo("one")
        old = children(supervised)[-1]
        upgrade(supervised)
        before.echo("two")
        after = WebSocket(second, host)
        after.echo("three")
        upgrade(supervised)
        before.echo("four")
        after.echo("five")
        assert not gone(old)
    wait_until(lambda: gone(old), "the first child ends with its last stream")


def test_a_child_that_is_told_to_end_makes_way_at_once_and_cuts_nothing(supervised, make_origin):
    origin = make_origin(lambda connection, request: echo_handler(connection, request) if request.get("Upgrade")
                         else connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
    chat = WebSocket(supervised.client(), supervised.host(origin.port))
    with none_fails(supervised, origin.port) as probes:
        probes.wait()
        old = children(supervised)[-1]
        os.kill(old, signal.SIGTERM)
        supervised.agent.process.wait_event("child_started", count=2)
        probes.wait()
        chat.echo("by the old one")
    assert not gone(old)
    chat.client.close()
    wait_until(lambda: gone(old), "the old child ends with its last stream")


def test_the_machine_never_changes_hands_by_a_contest(supervised):
    for _ in range(2):
        upgrade(supervised)
    assert not supervised.broker.process.find("tunnel_refused")
    assert not supervised.agent.process.find("tunnel_refused")
    wait_until(lambda: len(supervised.broker.process.find("tunnel_down")) == 4, "the old tunnels are gone")


def test_a_child_that_is_killed_is_started_again(supervised, origin):
    for count in (2, 3):
        os.kill(children(supervised)[-1], signal.SIGKILL)
        supervised.agent.process.wait_event("child_started", count=count)
        assert by_tunnel(supervised, origin.port)() == 200


def test_a_child_whose_parent_is_killed_makes_way_for_the_next_agent(supervised, origin):
    old = children(supervised)[-1]
    supervised.agent.process.kill()
    supervised.agent.start()
    assert by_tunnel(supervised, origin.port)() == 200
    wait_until(lambda: gone(old), "the old child has ended")
    assert by_tunnel(supervised, origin.port)() == 200


def test_a_bad_configuration_upgrades_nothing(supervised, origin):
    token = supervised.agent.token_file
    os.rename(token, token + ".away")
    supervised.agent.process.signal(signal.SIGHUP)
    supervised.agent.process.wait_event("upgrade_refused")
    os.rename(token + ".away", token)
    assert len(children(supervised)) == 1
    assert by_tunnel(supervised, origin.port)() == 200


def test_the_old_child_serves_while_the_new_one_has_no_tunnel(supervised, origin):
    """The broker takes no new connection meanwhile: the new child cannot come in, and nothing is lost."""
    old = children(supervised)[-1]
    supervised.broker.process.signal(signal.SIGSTOP)
    supervised.agent.process.signal(signal.SIGUSR2)
    supervised.agent.process.wait_event("child_started", count=2)
    supervised.broker.process.signal(signal.SIGCONT)
    assert by_tunnel(supervised, origin.port)() == 200
    wait_until(lambda: gone(old), "the old child has handed over")
    assert by_tunnel(supervised, origin.port)() == 200


def test_of_several_upgrades_while_the_broker_is_away_the_last_has_the_machine(supervised, origin):
    supervised.broker.kill()
    for count in (2, 3, 4):
        supervised.agent.process.signal(signal.SIGUSR2)
        supervised.agent.process.wait_event("child_started", count=count)
        supervised.agent.process.wait_event("starting", count=count)
        os.kill(children(supervised)[-1], signal.SIGSTOP)
    supervised.broker.start()
    wait_until(lambda: by_tunnel(supervised, origin.port)() == 200, "the first child is back")
    for pid in (children(supervised)[2], children(supervised)[1], children(supervised)[3]):
        refusals = len(supervised.broker.process.find("tunnel_refused"))
        os.kill(pid, signal.SIGCONT)
        wait_until(lambda: by_tunnel(supervised, origin.port)() == 200, "the machine is reachable")
        assert len(supervised.broker.process.find("tunnel_refused")) == refusals or pid == children(supervised)[1]
    wait_until(lambda: all(gone(pid) for pid in children(supervised)[:3]), "the children before the last have ended")
    assert by_tunnel(supervised, origin.port)() == 200


@pytest.fixture
def by_file(make_stack, tmp_path):
    """An agent that is not started yet, and `write`, which says anew what its file says: whom it trusts, who it is."""
    stack = make_stack(start=False, agent={"connections": 2, "options": ["--supervise"]})
    config = tmp_path / "agent.toml"
    argv = stack.agent.argv()
    for word in ("--machine", "--token-file", "--ca-file"):
        at = argv.index(word)
        del argv[at:at + 2]
    stack.agent.argv = lambda: [*argv, "--config", str(config)]

    def write(ca=stack.ca, machine=MACHINE, token=stack.agent.token_file):
        config.write_text(f'ca-file = "{ca.path}"\nmachine = "{machine}"\ntoken-file = "{token}"\n')

    return stack, write


def of_8080(agent, path):
    with Client(agent.local_port) as client:
        return client.get("anything", path).status


def is_ready(stack):
    return of_8080(stack.agent, "/ready") == 200


def test_a_child_that_can_reach_no_broker_ends_when_the_next_one_does(by_file, tmp_path):
    stack, write = by_file
    write(ca=Ca(str(tmp_path), "somebody else's CA"))
    stack.agent.start(wait=False)
    stack.agent.process.wait_event("tunnel_unreachable")
    assert not is_ready(stack)
    write()
    stack.agent.process.signal(signal.SIGHUP)
    stack.agent.wait_up()
    wait_until(lambda: gone(children(stack)[0]), "the old child has ended")
    assert all(is_ready(stack) for _ in range(20))


def test_a_child_of_another_machine_ends_when_the_next_one_has_a_tunnel(by_file, origin):
    stack, write = by_file
    stack.admin.machine("mach_b")
    write()
    stack.agent.start()
    assert by_tunnel(stack, origin.port)() == 200
    write(machine="mach_b", token=write_secret(stack.folder, "mach_b.token", stack.admin.token_of("mach_b")))
    stack.agent.process.signal(signal.SIGHUP)
    stack.agent.process.wait_event("tunnel_up", count=2, machine="mach_b")
    wait_until(lambda: gone(children(stack)[0]), "the old child has ended")
    assert all(is_ready(stack) for _ in range(20))
    assert stack.get(f"{origin.port}__mach_b.machines.iterate.app").status == 200


def instance_of(pid):
    """As its parent named it."""
    start = "INGRESS_AGENT_INSTANCE="
    with open(f"/proc/{pid}/environ") as file:
        return next(entry[len(start):] for entry in file.read().split("\0") if entry.startswith(start))


def start_clone(stack):
    """Of the child's process; it has the machine, for it comes later."""
    clone = stack.another_agent(MACHINE, stack.token, name="clone", connections=2,
                                env={"INGRESS_AGENT_INSTANCE": instance_of(children(stack)[-1])})
    return clone.start()


def test_who_comes_after_a_child_that_a_clone_has_replaced_is_refused_and_evicts_nobody(supervised, origin):
    clone = start_clone(supervised)
    supervised.agent.process.wait_event("tunnel_refused", count=2)
    os.kill(children(supervised)[-1], signal.SIGKILL)
    supervised.agent.process.wait_event("child_started", count=2)
    supervised.agent.process.wait_event("tunnel_refused", count=4)
    assert not clone.process.find("tunnel_goaway") and not clone.process.find("tunnel_down")
    assert by_tunnel(supervised, origin.port)() == 200


def test_a_child_that_a_clone_had_replaced_serves_until_the_next_one_does(by_file, origin, tmp_path):
    stack, write = by_file
    write()
    stack.agent.start()
    start_clone(stack).kill()
    stack.agent.wait_up(2)
    old, refusals = children(stack)[0], len(stack.broker.process.find("tunnel_refused"))
    with none_fails(stack, origin.port) as probes:
        write(ca=Ca(str(tmp_path), "somebody else's CA"))
        stack.agent.process.signal(signal.SIGHUP)
        stack.agent.process.wait_event("tunnel_unreachable", count=2)
        probes.wait()
        assert not gone(old)
        write()
        stack.agent.process.signal(signal.SIGHUP)
        stack.agent.wait_up(3)
        wait_until(lambda: gone(old), "the old child has handed over")
        probes.wait()
    assert len(stack.broker.process.find("tunnel_refused")) == refusals, "the last one has named who had the machine"


@pytest.mark.slow
def test_port_8080_of_an_agent_that_is_refused_is_served_all_through_an_upgrade(stack, make_origin):
    origin = make_origin(handler=echo_handler)
    other = stack.another_agent(MACHINE, stack.token, name="other", connections=4, options=["--supervise"])
    other.start(wait=False)
    other.process.wait_event("tunnel_refused", count=4)
    old = int(other.process.find("child_started")[0]["pid"])
    chat = WebSocket(Client(other.local_port), "anything",
                     fields=[("X-Iterate-Proxy-Target-Host", f"localhost:{origin.port}")])
    of_old = {"instance": instance_of(old)}
    refusals = len(stack.broker.process.find("tunnel_refused", **of_old))
    other.process.signal(signal.SIGHUP)
    other.process.wait_event("tunnel_refused", count=8)
    assert of_8080(other, "/health") == 200
    # It takes the next refusal for its last.
    stack.broker.process.wait_event("tunnel_refused", count=refusals + 1, **of_old)
    assert all(of_8080(other, "/health") == 200 for _ in range(20))
    chat.echo("by the old one")
    stack.agent.stop()
    other.process.wait_event("draining")
    wait_until(lambda: of_8080(other, "/ready") == 200, "the next one has the machine")
    assert all(of_8080(other, "/ready") == 200 for _ in range(20))
    chat.echo("still by the old one")
    chat.client.close()
    wait_until(lambda: gone(old), "the old one ends with its last stream")


def test_without_a_supervisor_the_signals_say_what_is_missing_and_end_nothing(make_stack, origin):
    stack = make_stack()
    stack.agent.process.signal(signal.SIGUSR2)
    stack.agent.process.wait_event("upgrade_needs_supervise")
    stack.agent.process.signal(signal.SIGHUP)
    stack.agent.process.wait_event("reload_needs_supervise")
    assert by_tunnel(stack, origin.port)() == 200


def test_sigterm_ends_all_children_within_the_grace_period(supervised, make_origin):
    origin = make_origin(handler=echo_handler)
    with supervised.client() as client:
        WebSocket(client, supervised.host(origin.port)).echo("one")
        upgrade(supervised)
        pids = children(supervised)
        supervised.agent.process.signal(signal.SIGTERM)
        wait_until(lambda: all(gone(pid) for pid in pids), "all children end", seconds=20)
    assert supervised.agent.process.wait_exit() == 0
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", supervised.agent.local_port)) != 0


@pytest.fixture
def notified(make_stack, tmp_path):
    """A stack whose agent is not started and speaks to a stand-in of systemd; and that one."""
    heard = NotifySocket(str(tmp_path))
    yield make_stack(start=False, agent={"options": ["--supervise"], "env": {"NOTIFY_SOCKET": heard.path}}), heard
    heard.close()


def ready_messages(notify):
    return [message for _, message in notify.heard() if "READY=1" in message.splitlines()]


def test_the_service_is_ready_with_the_first_tunnel(notified):
    stack, notify = notified
    stack.agent.start()
    assert wait_until(lambda: ready_messages(notify), "ready") == ["READY=1\nSTATUS=1 of 1 tunnels up"]


@pytest.mark.slow
def test_the_service_is_ready_after_a_while_though_no_broker_is_there_and_says_so(notified):
    """systemctl start returns, and restart and reload work; 30 s, and ServiceStatus has the unit test. The child of an upgrade
    says that it is ready, too: the one before may be of a version that does not."""
    stack, notify = notified
    stack.broker.process.stop()
    stack.agent.start(wait=False)
    stack.agent.process.wait_event("starting")
    stack.agent.process.signal(signal.SIGHUP)
    wait_until(lambda: len(ready_messages(notify)) > 1, "both are ready", seconds=120, detail=stack.agent.process.tail)
    ready = ready_messages(notify)
    assert ready == [f"READY=1\nSTATUS=no tunnel yet, connecting to localhost:{stack.broker.https_port}", "READY=1"]
    stack.broker.start()
    stack.agent.wait_up()
    wait_until(lambda: "STATUS=1 of 1 tunnels up" in [message for _, message in notify.heard()], "the status is told")
    assert ready_messages(notify) == ready
