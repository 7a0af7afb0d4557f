"""After an upgrade the older processes go by what is committed since: what a change closes, or refuses, in one process it
closes and refuses in all of them."""
import os
import signal

import pytest

from harness.ctl import Ctl
from harness.origin import answer
from harness.process import gone
from harness.stack import MACHINE
from harness.wait import wait_until
from harness.websocket import WebSocket, echo_handler

ALONE = Ctl(None)  # --db says where
LIMIT = 10  # seconds for what takes less than one


@pytest.fixture(params=[1, 2], ids=["one loop", "two loops"])
def loops(request):
    return ["--loops", str(request.param)]


@pytest.fixture
def supervised(make_stack, loops):
    return make_stack(broker={"options": ["--supervise", *loops], "park": "20s", "grace": "60s"})


@pytest.fixture
def single(make_stack, loops):
    return make_stack(broker={"options": loops, "park": "20s", "grace": "60s"})


def chat_or_answer(connection, request):
    return echo_handler(connection, request) if request.get("Upgrade") else connection.send(answer("in"))


def child(stack):
    return int(stack.broker.process.find("child_started")[-1]["pid"])


def wait_moved(stack):
    """Who answers the admin API has the agent, so that those before have let go of the database."""
    wait_until(lambda: stack.admin.tunnels(MACHINE), "the agent has moved")


def upgrade(stack):
    """The pid of the old child."""
    old, count = child(stack), len(stack.broker.process.find("ready"))
    stack.broker.process.signal(signal.SIGUSR2)
    stack.broker.process.wait_event("ready", count=count + 1)
    wait_moved(stack)
    return old


def succeed(stack):
    """The old process, which runs dry, without a parent that links it to the next one."""
    stack.broker.process.signal(signal.SIGTERM)
    old = stack.broker.succeed()
    wait_moved(stack)
    return old


class Shared:
    """A port that is reached by share links alone, and WebSockets by them; and one that all reach."""

    def __init__(self, stack, make_origin):
        self.stack = stack
        self.origin, self.other = make_origin(chat_or_answer), make_origin(chat_or_answer)
        stack.admin.service("misha", "app", self.origin.port, policy={"auth": "share"})
        self.host = f"{self.origin.port}__misha.iterate.app"
        self.clients = []

    def open(self):
        """(the share's id, its WebSocket)"""
        link = self.stack.admin.ok("POST", "/v1/shares", {"host": self.host})
        socket = WebSocket(self.client(), self.host, f"/ws?{link['url'].split('?')[1]}")
        socket.echo("open")
        return link["id"], socket

    def open_free(self):
        socket = WebSocket(self.client(), self.stack.host(self.other.port))
        socket.echo("open")
        return socket

    def client(self):
        self.clients.append(self.stack.client())
        return self.clients[-1]

    def revoke(self, share):
        self.stack.admin.ok("DELETE", f"/v1/shares/{share}")


@pytest.fixture
def share_of(make_origin):
    made = []

    def make(stack):
        made.append(Shared(stack, make_origin))
        return made[-1]

    yield make
    for shared in made:
        for client in shared.clients:
            client.close()


def test_a_share_that_is_revoked_after_an_upgrade_closes_what_it_let_in_before(supervised, share_of):
    shared = share_of(supervised)
    link, chat = shared.open()
    _, kept = shared.open()
    free = shared.open_free()
    old = upgrade(supervised)
    for socket in (chat, kept, free):
        socket.echo("by the old child")
    shared.revoke(link)
    assert chat.client.closed(LIMIT)
    kept.echo("still there")
    free.echo("still there")
    assert not gone(old)


def test_each_of_several_older_processes_goes_by_it(supervised, share_of):
    shared = share_of(supervised)
    link, first = shared.open()
    free = shared.open_free()
    upgrade(supervised)
    other, second = shared.open()
    upgrade(supervised)
    for socket in (first, second):
        socket.echo("still there")
    shared.revoke(link)
    assert first.client.closed(LIMIT)
    second.echo("still there")
    shared.revoke(other)
    assert second.client.closed(LIMIT)
    free.echo("still there")


def test_an_older_process_follows_the_one_that_takes_a_killed_ones_place(supervised, share_of):
    shared = share_of(supervised)
    link, chat = shared.open()
    upgrade(supervised)
    shared.revoke(shared.open()[0])
    started = len(supervised.broker.process.find("ready"))
    # One that dies in its first second would be the operator's to mend.
    wait_until(lambda: age_of(child(supervised)) > 1.2, "the child has run for a while")
    os.kill(child(supervised), signal.SIGKILL)
    supervised.broker.process.wait_event("ready", count=started + 1)
    wait_moved(supervised)
    chat.echo("still there")
    shared.revoke(link)
    assert chat.client.closed(LIMIT)


def age_of(pid):
    with open(f"/proc/{pid}/stat") as file:
        began = int(file.read().rsplit(")", 1)[1].split()[19]) / os.sysconf("SC_CLK_TCK")
    with open("/proc/uptime") as file:
        return float(file.read().split()[0]) - began


def test_a_request_whose_head_comes_to_the_old_process_late_is_judged_by_what_holds_now(supervised, share_of, make_origin):
    shared = share_of(supervised)
    link, chat = shared.open()
    supervised.admin.project("guest", MACHINE)
    origin = make_origin(chat_or_answer)
    host = f"{origin.port}__guest.iterate.app"
    late = [supervised.client() for _ in range(2)]
    for client in late:
        client.send(b"GET / HTTP/1.1\r\n")
    wait_until(lambda: supervised.admin.tunnels(MACHINE), "the admin API")  # the broker has turned since
    free = WebSocket(shared.client(), host)
    upgrade(supervised)
    late[0].send(f"Host: {host}\r\n\r\n".encode())
    assert late[0].response().status == 200
    supervised.admin.set_project("guest", policy={"auth": "deny"})
    shared.revoke(link)
    assert chat.client.closed(LIMIT)  # what was committed before holds too
    late[1].send(f"Host: {host}\r\n\r\n".encode())
    assert late[1].response().status == 403
    # What was let in before is not judged again, as in one process.
    free.echo("still there")
    assert len(origin.requests) == 2


def test_without_a_supervisor_the_old_process_goes_by_it_too(single, share_of):
    shared = share_of(single)
    link, chat = shared.open()
    free = shared.open_free()
    old = succeed(single)
    chat.echo("by the old process")
    shared.revoke(link)
    assert chat.client.closed(LIMIT)
    free.echo("still there")
    single.admin.ok("PATCH", f"/v1/machines/{MACHINE}", {"state": "archived"})
    assert free.client.closed(LIMIT)
    assert old.wait_exit() == 0


def test_an_old_process_is_not_in_the_way_of_a_restore_and_does_not_follow_it(single, share_of):
    shared = share_of(single)
    backup = os.path.join(single.folder, "backup.db")
    assert ALONE.run("db", "backup", backup, "--db", single.broker.db).code == 0
    link, chat = shared.open()
    single.broker.process.signal(signal.SIGTERM)
    wait_until(lambda: ALONE.run("db", "restore", backup, "--db", single.broker.db).code == 0, "it lets go of the file")
    old = single.broker.succeed()
    assert old.wait_event("database_not_followed")["reason"].endswith("replaced by another file, or removed")
    assert single.admin.call("GET", f"/v1/shares/{link}").status == 404
    chat.echo("as before")
