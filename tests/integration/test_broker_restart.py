"""A broker that is told to end beside what lasts: it serves on, until that is over, the next process wants its place, or its
grace period is nearly over. So where the next one starts only when it has ended (`systemctl restart`), nobody waits for the
end of what others have open."""
import signal

import pytest

from harness.http1 import Client
from harness.inotify import with_instances
from harness.origin import answer
from harness.probes import none_fails
from harness.process import gone
from harness.stack import MACHINE
from harness.tcp_server import TcpServer, echo
from harness.wait import wait_until
from harness.websocket import WebSocket, echo_handler


def serve(connection, request):
    if request.get("Upgrade"):
        return echo_handler(connection, request)
    if request.target != "/endless":
        return connection.send(answer("ok"))
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbegun")
    connection.wait_end(60)
    return False


@pytest.fixture
def origin(make_origin):
    return make_origin(serve)


@pytest.fixture
def held(make_stack):
    """made(*options): a broker whose public sockets this process holds, as systemd does; it has started with them."""
    def made(*options, **more):
        stack = make_stack(broker={"park": "20s", "grace": "60s", "options": list(options), **more}, start=False)
        stack.broker.process.stop()
        stack.broker.hold_sockets()
        stack.broker.start()
        stack.agent.start()
        return stack

    return made


@pytest.fixture
def single(make_stack):
    """It binds its sockets itself."""
    return make_stack(broker={"park": "20s", "grace": "60s"})


def child(stack):
    return int(stack.broker.process.find("child_started")[-1]["pid"])


def stop_beside(stack, probes, more=200):
    """SIGTERM, and it serves on."""
    probes.wait()
    stop(stack)
    probes.wait(more)
    assert stack.broker.process.running()


def stop(stack):
    stack.broker.process.signal(signal.SIGTERM)
    stack.broker.process.wait_event("lingering")


class Socket:
    """A WebSocket."""

    def __init__(self, stack, origin):
        self.chat = WebSocket(stack.client(), stack.host(origin.port))

    def still_there(self):
        self.chat.echo("still there")

    def close(self):
        self.chat.client.close()


class Download:
    def __init__(self, stack, origin):
        self.client = stack.client(tls=True)
        self.client.request(stack.host(origin.port), "/endless")
        assert self.client.head().status == 200 and self.client.reader.exactly(5) == b"begun"

    def still_there(self):
        assert not self.client.closed(0.1)

    def close(self):
        self.client.close()


class Raw:
    """A TCP connection by the admin address."""

    def __init__(self, stack, _):
        self.server = TcpServer(echo)
        self.client = Client(path=stack.broker.admin_socket)
        target = f"{MACHINE}:{self.server.port}"
        self.client.send(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        assert self.client.head().status == 200

    def still_there(self):
        self.client.send(b"still there")
        assert self.client.reader.exactly(11) == b"still there"

    def close(self):
        self.client.close()
        self.server.__exit__()


@pytest.mark.parametrize("what", [Socket, Download, Raw])
@pytest.mark.parametrize("loops", ["1", "3"])
def test_nobody_waits_for_the_end_of_what_others_have_open(held, origin, what, loops):
    stack = held("--loops", loops)
    lasting = what(stack, origin)
    with none_fails(stack, origin.port) as probes:
        stop_beside(stack, probes)
        lasting.still_there()
        lasting.close()
        assert stack.broker.process.wait_exit() == 0
        stack.broker.start()
        probes.wait()


@pytest.mark.parametrize("what", [Socket, Download])
def test_what_comes_back_while_it_lingers_is_waited_for_too(held, origin, what):
    """As a page does that is loaded anew."""
    stack = held()
    first = what(stack, origin)
    with none_fails(stack, origin.port) as probes:
        stop_beside(stack, probes, 20)
        first.close()
        second = what(stack, origin)
        probes.wait(200)
        second.still_there()
        second.close()
        assert stack.broker.process.wait_exit() == 0
        stack.broker.start()
        probes.wait()


def test_the_next_process_has_all_at_once_where_it_is_started_meanwhile(held, origin):
    stack = held()
    lasting = Socket(stack, origin)
    with none_fails(stack, origin.port) as probes:
        stop_beside(stack, probes)
        old = stack.broker.succeed()
        probes.wait()
        stack.admin.machine("mach_b")
        lasting.still_there()
        assert old.running()
    lasting.close()
    assert old.wait_exit() == 0
    assert stack.admin.tunnels(MACHINE)


def test_it_makes_way_at_its_own_addresses_too(single, origin):
    lasting = Socket(single, origin)
    stop(single)
    assert single.get(single.host(origin.port)).status == 200
    old = single.broker.succeed()
    assert single.get(single.host(origin.port)).status == 200
    lasting.still_there()
    assert old.running()
    lasting.close()
    assert old.wait_exit() == 0


@pytest.mark.parametrize("before, after", [([], ["--supervise"]), (["--supervise"], []), (["--supervise"], ["--supervise"])])
def test_with_or_without_a_parent_it_makes_way_at_its_own_addresses(make_stack, origin, before, after):
    stack = make_stack(broker={"park": "20s", "grace": "60s", "options": before})
    lasting = Socket(stack, origin)
    stop(stack)
    stack.broker.options = after
    old = stack.broker.succeed()
    assert stack.get(stack.host(origin.port)).status == 200
    lasting.still_there()
    assert old.running()
    lasting.close()
    assert old.wait_exit() == 0


def test_a_process_that_waits_already_is_not_kept_waiting(single, origin):
    lasting = Socket(single, origin)
    single.broker.make_way()
    old = single.broker.succeed()
    assert single.get(single.host(origin.port)).status == 200
    lasting.still_there()
    lasting.close()
    assert old.wait_exit() == 0
    assert "lingering" not in single.broker.process.log_text()


def test_it_is_changed_and_reloaded_as_before_and_what_was_changed_is_kept(single, origin):
    lasting = Socket(single, origin)
    stop(single)
    single.admin.project("late", MACHINE)
    assert single.get(f"{origin.port}__late.iterate.app").status == 200
    single.broker.process.signal(signal.SIGHUP)
    single.broker.process.wait_event("reloaded")
    single.admin.machine("mach_late")
    single.another_agent("mach_late", single.admin.token_of("mach_late"), name="late").start()
    lasting.still_there()
    lasting.close()
    assert single.broker.process.wait_exit() == 0
    single.broker.start()
    assert single.get(f"{origin.port}__late.iterate.app").status == 200


def test_sigusr2_ends_the_lingering(single, origin):
    lasting = Socket(single, origin)
    stop(single)
    single.broker.process.signal(signal.SIGUSR2)
    single.broker.process.wait_event("handing_over")
    lasting.still_there()
    lasting.close()
    assert single.broker.process.wait_exit() == 0


def test_beside_nothing_that_lasts_it_ends_at_once(single, origin):
    with single.client() as idle:
        assert idle.get(single.host(origin.port)).status == 200
        single.broker.process.signal(signal.SIGTERM)
        assert single.broker.process.wait_exit() == 0
    assert not single.broker.process.find("lingering")


@pytest.mark.parametrize("options", [[], ["--supervise"]], ids=["alone", "supervised"])
def test_told_twice_it_ends_at_once(make_stack, origin, options):
    stack = make_stack(broker={"grace": "600s", "options": options})
    lasting = Socket(stack, origin)
    stop(stack)
    lasting.still_there()
    stack.broker.process.signal(signal.SIGTERM)
    assert stack.broker.process.wait_exit() == 0
    assert lasting.chat.client.closed()


def test_at_the_end_of_the_grace_period_only_what_lasts_is_cut(held, origin):
    stack = held(grace="10s")
    lasting = Socket(stack, origin)
    with none_fails(stack, origin.port) as probes:
        stop_beside(stack, probes, 5)
        assert stack.broker.process.wait_exit() == 0
        assert lasting.chat.client.closed()
        stack.broker.start()
        probes.wait()


@pytest.mark.parametrize("loops", ["1", "3"])
def test_under_a_parent_that_is_told_to_end_the_child_serves_on(held, origin, loops):
    stack = held("--supervise", "--loops", loops)
    lasting = Socket(stack, origin)
    with none_fails(stack, origin.port) as probes:
        stop_beside(stack, probes)
        lasting.still_there()
        refused = stack.broker.ctl.run("broker", "upgrade")
        assert refused.code != 0 and stack.broker.process.running()
        lasting.close()
        assert stack.broker.process.wait_exit() == 0
        stack.broker.start()
        probes.wait()


def test_a_parent_that_has_bound_its_sockets_itself_serves_on_too(make_stack, origin):
    stack = make_stack(broker={"park": "20s", "grace": "60s", "options": ["--supervise"]})
    lasting = Socket(stack, origin)
    with none_fails(stack, origin.port) as probes:
        stop_beside(stack, probes)
    lasting.still_there()
    lasting.close()
    assert stack.broker.process.wait_exit() == 0
    stack.broker.start()
    assert stack.get(stack.host(origin.port)).status == 200


def test_the_newest_child_serves_on_beside_what_lasts_in_an_older_one(held, origin):
    """An upgrade leaves its streams in the old child, and the parent ends with the last of its children."""
    stack = held("--supervise")
    lasting = Socket(stack, origin)
    with none_fails(stack, origin.port) as probes:
        old = child(stack)
        stack.broker.process.signal(signal.SIGUSR2)
        stack.broker.process.wait_event("ready", count=2)
        stop_beside(stack, probes)
        lasting.still_there()
        assert not gone(old)
        lasting.close()
        assert stack.broker.process.wait_exit() == 0
        stack.broker.start()
        probes.wait()


def test_a_child_that_lingers_makes_way_when_its_parent_is_killed(held, origin):
    stack = held("--supervise")
    lasting = Socket(stack, origin)
    stop(stack)
    old = child(stack)
    stack.broker.process.kill()
    wait_until(lambda: "handing_over" in stack.broker.process.log_text(), "the child hands over")
    stack.broker.start()
    assert stack.get(stack.host(origin.port)).status == 200
    lasting.still_there()
    lasting.close()
    wait_until(lambda: gone(old), "the old child ends with its last stream")


def test_where_nobody_would_be_noticed_it_does_not_linger_and_says_so(make_stack, origin):
    """The kernel has one inotify instance for the broker, which watches its certificates by it."""
    stack = make_stack(broker={"park": "20s", "grace": "60s"}, start=False)
    stack.broker.process.stop()
    stack.broker.prefix = with_instances(1)
    stack.broker.start()
    stack.agent.start()
    stack.broker.process.wait_event("lingering_unavailable")
    lasting = Socket(stack, origin)
    stack.broker.process.signal(signal.SIGTERM)
    stack.broker.process.wait_event("handing_over")
    lasting.still_there()
    assert stack.broker.process.running()
    lasting.close()
    assert stack.broker.process.wait_exit() == 0
