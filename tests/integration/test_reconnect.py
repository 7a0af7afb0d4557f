"""Tunnels that break come back; a machine has one agent; nobody takes it over by accident."""
import os
import time

import pytest

from harness import websocket
from harness.http1 import Client
from harness.origin import answer
from harness.process import under_sanitizer
from harness.wait import in_time, thrice, wait_until
from harness.websocket import WebSocket, echo_handler


def assert_works(stack, origin):
    response = stack.get(stack.host(origin.port))
    assert response.status == 200, response


@thrice
def test_a_killed_broker_gets_its_tunnels_back_in_half_a_second(stack, origin):
    assert_works(stack, origin)
    for _ in range(3):
        stack.broker.kill()
        stack.broker.start()
        listening = time.monotonic()
        stack.broker.process.wait_event("tunnel_up")
        took = time.monotonic() - listening
        assert_works(stack, origin)
        in_time(took, 0.5)


def test_a_killed_agent_is_back_as_soon_as_it_runs(stack, origin):
    for _ in range(3):
        stack.agent.kill()
        stack.agent.start()
        assert_works(stack, origin)


def test_a_stopped_agent_that_starts_again_serves(stack, origin):
    for _ in range(3):
        stack.agent.restart()
        assert_works(stack, origin)


def test_a_broker_that_was_away_for_a_while_is_found_again(stack, origin):
    stack.broker.kill()
    time.sleep(3)
    stack.broker.start()
    stack.broker.process.wait_event("tunnel_up", seconds=20)
    assert_works(stack, origin)


def test_an_agent_that_starts_before_its_broker_waits_for_it(make_stack, make_origin):
    stack, origin = make_stack(start=False), make_origin()
    stack.broker.process.stop()
    stack.agent.start(wait=False)
    stack.agent.process.wait_event("tunnel_unreachable")
    time.sleep(0.5)
    assert stack.agent.process.running()
    stack.broker.start()
    stack.agent.wait_up()
    assert_works(stack, origin)


def test_requests_under_way_end_when_the_agent_dies(stack, make_origin):
    origin = make_origin(lambda connection, request: connection.wait_end(20) and False)
    with stack.client() as client:
        client.request(stack.host(origin.port))
        origin.wait_requests()
        stack.agent.kill()
        response = client.response()
        assert response.status in (502, 503), response


def test_a_stream_under_way_is_cut_when_the_agent_dies(stack, make_origin):
    def handler(connection, request):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        connection.wait_end(20)
        return False

    origin = make_origin(handler)
    with stack.client() as client:
        client.request(stack.host(origin.port))
        assert client.final_head().status == 200
        assert client.reader.exactly(4) == b"half"
        stack.agent.kill()
        assert client.closed()


def test_the_origin_is_let_go_when_the_broker_dies(stack, make_origin):
    ended = []
    origin = make_origin(lambda connection, request: ended.append(connection.wait_end(20)) or False)
    with stack.client() as client:
        client.request(stack.host(origin.port))
        origin.wait_requests()
        stack.broker.kill()
        wait_until(lambda: ended, "the origin's connection ends")
    stack.broker.start()


def test_several_connections_of_one_agent_carry_its_requests(make_stack, make_origin):
    stack, origin = make_stack(agent={"connections": 3}), make_origin()
    assert sorted(int(row["slot"]) for row in stack.admin.tunnels("mach_a")) == [0, 1, 2]
    for _ in range(10):
        assert_works(stack, origin)


def test_one_lost_connection_of_several_is_not_noticed(make_stack, make_origin):
    stack, origin = make_stack(agent={"connections": 2}), make_origin()
    first = stack.admin.tunnels("mach_a")[0]["id"]
    stack.admin.close_tunnel(first)
    for _ in range(20):
        assert_works(stack, origin)
    wait_until(lambda: len(stack.admin.tunnels("mach_a")) == 2, "the second tunnel is back")
    assert first not in [row["id"] for row in stack.admin.tunnels("mach_a")]


def test_a_closed_tunnel_lets_its_requests_end_first(stack, make_origin):
    def handler(connection, request):
        time.sleep(1)
        connection.send(answer(b"done"))

    origin = make_origin(handler)
    with stack.client() as client:
        client.request(stack.host(origin.port))
        origin.wait_requests()
        stack.admin.close_tunnel(stack.admin.tunnels("mach_a")[0]["id"])
        assert client.response().body == b"done"


def test_a_second_agent_of_a_machine_is_refused_while_the_first_answers(stack, origin):
    clone = stack.another_agent("mach_a", stack.token, name="clone").start(wait=False)
    clone.process.wait_event("tunnel_refused", code="DUPLICATE_MACHINE")
    stack.broker.process.wait_event("tunnel_refused", machine="mach_a")
    time.sleep(0.3)
    assert not stack.broker.process.find("tunnel_down"), "nothing that was up is down"
    assert clone.process.running() and not clone.process.find("tunnel_up")
    assert_works(stack, origin)
    assert not stack.agent.process.find("tunnel_down")


@pytest.mark.parametrize("at_once", [False, True], ids=["one after the other", "at once"])
def test_of_two_clones_of_a_vm_one_has_all_slots_and_the_other_is_refused(make_stack, make_origin, at_once):
    """A VM that was cloned with its memory has the same process twice, of the same instance."""
    cloned = {"connections": 2, "env": {"INGRESS_AGENT_INSTANCE": "5a" * 16}}
    stack, origin = make_stack(agent=cloned, start=not at_once), make_origin()
    clone = stack.another_agent("mach_a", stack.token, name="clone", **cloned)
    for agent in [stack.agent, clone] if at_once else [clone]:
        agent.start(wait=False)

    def is_settled():
        """The slots of one are up; those of the other were refused, and one came again (within 15 s), since."""
        rows = [row for row in stack.admin.tunnels("mach_a") if not row["draining"]]
        answers = [line["event"] for line in stack.broker.process.events()
                   if line["event"] in ("tunnel_up", "tunnel_refused")]
        return (sorted(row["slot"] for row in rows) == [0, 1] and len({row["instance"] for row in rows}) == 1
                and answers[-3:] == ["tunnel_refused"] * 3)

    wait_until(is_settled, "one has the machine, the other is refused", 60, stack.broker.process.tail)
    refused = [agent.process.find("tunnel_refused", code="DUPLICATE_MACHINE") for agent in (stack.agent, clone)]
    assert refused[0] or refused[1], "the other one says so, too"
    assert at_once or not refused[1], "the clone, which came last, has the machine"
    assert_works(stack, origin)


def test_a_second_agent_takes_over_from_one_that_is_dead(stack, origin):
    import signal

    stack.agent.process.signal(signal.SIGSTOP)
    try:
        successor = stack.another_agent("mach_a", stack.token, name="successor").start(wait=False)
        successor.process.wait_event("tunnel_up")
        assert_works(stack, origin)
    finally:
        stack.agent.process.signal(signal.SIGCONT)
    stack.agent.process.wait_event("tunnel_refused", code="DUPLICATE_MACHINE")
    assert_works(stack, origin)


def test_a_successor_has_all_its_tunnels_as_soon_as_the_dead_one_is_found_out(make_stack):
    import signal

    stack = make_stack(agent={"connections": 3})
    stack.agent.process.signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        successor = stack.another_agent("mach_a", stack.token, name="successor", connections=3).start()
        took = time.monotonic() - began
        assert not successor.process.find("tunnel_refused"), "a slot of its own instance is no rival"
        assert took > 1.5, f"the holder has 2 s to answer; {took:.2f} s"
    finally:
        stack.agent.process.signal(signal.SIGCONT)
    stack.agent.process.wait_event("tunnel_refused", code="DUPLICATE_MACHINE")


@pytest.mark.parametrize("machine, token, code", [
    ("mach_a", "wrong", "BAD_TOKEN"), ("mach_none", "wrong", "UNKNOWN_MACHINE")])
def test_a_bad_token_or_machine_is_refused_and_said(stack, machine, token, code):
    stranger = stack.another_agent(machine, token, name="stranger").start(wait=False)
    line = stranger.process.wait_event("tunnel_refused")
    assert line["code"] in (code, "BAD_TOKEN") and line["permanent"] == "true"
    assert stranger.process.running(), "an agent never ends for a reason of the network"


def test_a_token_of_another_machine_is_refused(stack):
    stack.admin.machine("mach_c")
    stranger = stack.another_agent("mach_c", stack.token, name="stranger").start(wait=False)
    stranger.process.wait_event("tunnel_refused", code="BAD_TOKEN")


def test_two_tokens_overlap_while_one_is_rotated(stack, origin):
    second = stack.admin.token_of("mach_a")
    stack.agent.process.stop()
    agent = stack.another_agent("mach_a", second, name="rotated").start()
    assert_works(stack, origin)
    assert agent.process.running()


def test_a_token_that_is_revoked_ends_the_tunnels_that_came_by_it_and_no_other(stack, make_origin):
    origin = make_origin(echo_handler)
    [old] = stack.admin.items("/v1/machines/mach_a/tokens")
    stack.agent.process.stop()
    stack.another_agent("mach_a", stack.admin.token_of("mach_a"), name="rotated").start()
    with stack.client() as client:
        held = WebSocket(client, stack.host(origin.port))
        tunnels = [row["id"] for row in stack.admin.tunnels()]
        stack.admin.ok("DELETE", f"/v1/machines/mach_a/tokens/{old['id']}")
        held.echo(b"still there")
    assert [row["id"] for row in stack.admin.tunnels()] == tunnels
    for row in stack.admin.items("/v1/machines/mach_a/tokens"):
        stack.admin.ok("DELETE", f"/v1/machines/mach_a/tokens/{row['id']}")
    wait_until(lambda: not stack.admin.tunnels(), "its own token's end ends it")


def test_a_machine_that_is_active_again_is_back_soon(stack, origin):
    stack.admin.ok("PATCH", "/v1/machines/mach_a", {"state": "archived"})
    refused = stack.agent.process.wait_event("tunnel_refused", code="MACHINE_ARCHIVED")
    assert refused["permanent"] == "false"
    stack.admin.ok("PATCH", "/v1/machines/mach_a", {"state": "active"})
    wait_until(lambda: stack.admin.tunnels(), "a tunnel")
    assert_works(stack, origin)


def test_a_corrected_token_file_is_tried_at_once(stack, origin):
    from harness.ctl import write_secret

    stack.admin.machine("mach_d")
    agent = stack.another_agent("mach_d", "not yet known").start(wait=False)
    agent.process.wait_event("tunnel_refused")
    write_secret(agent.folder, f"{agent.name}.token", stack.admin.token_of("mach_d"))
    agent.process.wait_event("tunnel_up", seconds=10)


def test_an_agent_does_not_trust_a_broker_of_another_ca(stack, tmp_path):
    from harness.certificates import Ca

    other = Ca(str(tmp_path), "another CA")
    agent = stack.another_agent("mach_a", stack.token, name="careful")
    argv = agent.argv()
    argv[argv.index("--ca-file") + 1] = other.path
    agent.argv = lambda: argv
    agent.start(wait=False)
    agent.process.wait_event("tunnel_unreachable")
    assert not agent.process.find("tunnel_up")


def test_an_agent_checks_the_brokers_name(make_stack):
    stack = make_stack(start=False)
    stack.agent.url = f"https://127.0.0.2:{stack.broker.https_port}"
    stack.broker.process.stop()
    stack.broker.options += ["--https", f"127.0.0.2:{stack.broker.https_port}"]
    stack.broker.start()
    stack.agent.start(wait=False)
    stack.agent.process.wait_event("tunnel_unreachable")
    assert not stack.agent.process.find("tunnel_up")


def test_websockets_survive_what_happens_to_others(stack, make_origin):
    origin = make_origin(websocket.echo_handler)
    with stack.client() as client:
        socket = WebSocket(client, stack.host(origin.port))
        stack.admin.project("later", "mach_a")
        stack.admin.service("misha", "docs", origin.port)
        stack.admin.route(["unrelated.example.com"], machine="mach_a")
        clone = stack.another_agent("mach_a", stack.token, name="clone").start(wait=False)
        clone.process.wait_event("tunnel_refused")
        socket.echo("still here")


@pytest.mark.slow
def test_days_of_reconnects_grow_nothing(stack, origin):
    def settled():
        wait_until(lambda: len(stack.admin.tunnels("mach_a")) == 1, "one tunnel")
        assert_works(stack, origin)

    settled()
    files, kb = None, None
    for number in range(40):
        tunnel = stack.admin.tunnels("mach_a")[0]["id"]
        stack.admin.close_tunnel(tunnel)
        wait_until(lambda: [row for row in stack.admin.tunnels("mach_a") if row["id"] != tunnel], "a new tunnel")
        if number == 9:
            settled()
            files, kb = stack.agent.process.open_files(), stack.agent.process.anonymous_kb()
    settled()
    wait_until(lambda: stack.agent.process.open_files() <= files + 2, "no file is left open")
    if not under_sanitizer():  # which keeps what is freed
        assert stack.agent.process.anonymous_kb() < kb + 1024


@pytest.mark.slow
@pytest.mark.parametrize("garbage", [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x00" * 100, b"\xff" * 100, b"\x00\x00\x05\x01\x00\x00\x00\x00\x00hello",
    bytes(range(256)) * 300, b"\xff\xff\xff\x01\x00\x00\x00\x00\x00", b"",
], ids=["http", "zeros", "ones", "a bad hello", "much", "a huge length", "nothing"])
def test_garbage_on_the_tunnel_ends_that_session_alone(shared, origin, garbage):
    with Client(shared.broker.https_port, tls=shared.ca.context(("iterate-tunnel/1",)), sni="broker.iterate.app") as client:
        assert client.sock.selected_alpn_protocol() == "iterate-tunnel/1"
        client.send(garbage)
        if garbage:
            assert client.closed() or client.reader.buffer
        assert_works(shared, origin)
    assert_works(shared, origin)
    assert shared.broker.process.running()


def test_an_agent_whose_token_s_file_became_a_directory_keeps_the_token_that_was_good(stack, origin):
    path = stack.agent.token_file
    os.unlink(path)
    os.mkdir(path)
    tunnel = stack.admin.ok("GET", "/v1/tunnels")["items"][0]["id"]
    stack.admin.ok("DELETE", f"/v1/tunnels/{tunnel}")
    assert "Is a directory" in stack.agent.process.wait_event("token_unreadable")["error"]
    stack.agent.wait_up(2)
    assert_works(stack, origin)
