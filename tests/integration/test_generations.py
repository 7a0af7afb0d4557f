"""Two processes of one broker after an upgrade: each reaches machines by way of the other, until the agents have moved
and the last client of the old one has left."""
import os
import re
import signal
import socket
import threading

import pytest

from harness.http2 import Client2
from harness.origin import answer
from harness.process import gone
from harness.stack import MACHINE
from harness.wait import wait_until
from harness.websocket import WebSocket, echo_handler

BODY = os.urandom(1 << 20) * 3


def echo(connection, request):
    connection.send(answer(request.body or b"nothing"))


@pytest.fixture(params=[1, 2], ids=["one loop", "two loops"])
def supervised(make_stack, request):
    return make_stack(broker={"options": ["--supervise", "--loops", str(request.param)], "park": "60s", "grace": "60s"})


def child(stack):
    return int(stack.broker.process.find("child_started")[-1]["pid"])


def upgrade(stack):
    """The pid of the old child; back when the new one serves."""
    old, count = child(stack), len(stack.broker.process.find("ready"))
    stack.broker.process.signal(signal.SIGUSR2)
    stack.broker.process.wait_event("ready", count=count + 1)
    return old


def wait_moved(stack, machine=MACHINE):
    """The machine's tunnel is with the child that answers the admin API; those before take no more streams."""
    wait_until(lambda: stack.admin.tunnels(machine), "a tunnel at the new child")
    ups = len(stack.broker.process.find("tunnel_up", machine=machine))
    stack.broker.process.wait_event("tunnel_draining", count=ups - 1, machine=machine)


class Gate:
    """A way to the broker that can be closed for newcomers: an agent behind it can't move."""

    def __init__(self, port):
        self.target, self.open = port, True
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if not self.open:
                client.close()
                continue
            broker = socket.create_connection(("127.0.0.1", self.target))
            for ends in ((client, broker), (broker, client)):
                threading.Thread(target=self.copy, args=ends, daemon=True).start()

    @staticmethod
    def copy(source, sink):
        try:
            while data := source.recv(1 << 16):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            sink.close()

    def close(self):
        self.listener.close()


@pytest.fixture
def held(supervised):
    """(gate, machine): a machine whose agent can't come to a new child while the gate is closed."""
    gate = Gate(supervised.broker.https_port)
    machines = []
    for number in range(2):
        machine = f"mach_held_{number}"
        supervised.admin.machine(machine)
        agent = supervised.another_agent(machine, supervised.admin.token_of(machine), local=False,
                                         url=f"https://localhost:{gate.port}")
        agent.start()
        machines.append(machine)
    gate.open = False
    yield gate, machines
    gate.close()


def host_of(machine, origin):
    return f"{origin.port}__{machine}.machines.iterate.app"


def test_a_request_that_is_parked_in_the_old_child_is_answered_when_its_agent_comes_to_the_new_one(supervised, make_origin):
    origin = make_origin(echo)
    supervised.agent.kill()
    supervised.broker.process.wait_event("tunnel_down")
    with supervised.client() as small, supervised.client(tls=True) as large:
        small.request(supervised.host(origin.port), "/parked")
        sender = threading.Thread(target=large.request, args=(supervised.host(origin.port), "/up", "POST", (), BODY))
        sender.start()
        wait_until(lambda: sum(loop["parked"] for loop in supervised.admin.loops()) == 2, "both are parked")
        old = upgrade(supervised)
        assert not gone(old)
        supervised.agent.start()
        assert small.response().body == b"nothing"
        sender.join()
        assert large.response().body == BODY
    assert [request.method for request in origin.requests].count("POST") == 1
    wait_until(lambda: gone(old), "the old child ends")


@pytest.mark.parametrize("tls", [False, True])
def test_a_connection_of_the_old_child_reaches_a_machine_that_moved(supervised, make_origin, tls):
    origin = make_origin(echo)
    with supervised.client(tls) as client:
        assert client.get(supervised.host(origin.port)).body == b"nothing"
        client.send(b"POST /half HTTP/1.1\r\nX-Some: Thing\r\n")
        wait_until(lambda: supervised.admin.tunnels(MACHINE), "the admin API")  # the broker has turned since
        old = upgrade(supervised)
        wait_moved(supervised)
        assert not gone(old)
        client.send(f"Host: {supervised.host(origin.port)}\r\nContent-Length: {len(BODY)}\r\n\r\n".encode() + BODY)
        response = client.response()
        assert (response.status, response.body) == (200, BODY)
    request = origin.last
    assert (request.target, request.get("X-Some"), request.get("Iterate-Machine")) == ("/half", "Thing", None)
    wait_until(lambda: gone(old), "the old child ends")


def test_streams_of_an_open_http2_connection_of_the_old_child_reach_a_machine_that_moved(supervised, make_origin):
    origin = make_origin(echo)
    host = supervised.host(origin.port)
    with Client2(supervised.broker.https_port, supervised.ca.context(("h2",))) as client:
        assert client.get(host).body == b"nothing"
        begun = [client.request(host, f"/begun/{number}", method="POST", end=False) for number in range(3)]
        wait_until(lambda: sum(loop["streams"] for loop in supervised.admin.loops()) == 4, "the streams are open")
        old = upgrade(supervised)
        wait_moved(supervised)
        assert not gone(old)
        # Nothing of the GOAWAY was read yet: for the broker these were on their way.
        late = [client.request(host, f"/late/{number}", method="POST", body=BODY) for number in range(3)]
        client.finish(*late)
        assert [stream.body == BODY for stream in late] == [True] * 3
        for stream in begun:
            client.send(stream.number, b"the rest", end=True)
        client.finish(*begun)
        assert [stream.body for stream in begun] == [b"the rest"] * 3
    wait_until(lambda: gone(old), "the old child ends")


def test_the_new_child_answers_for_machines_that_are_still_at_the_old_one(supervised, held, make_origin):
    gate, machines = held

    def handler(connection, request):
        return echo_handler(connection, request) if request.target == "/ws" else echo(connection, request)

    origin = make_origin(handler)
    # A client of the old child, so that it stays.
    stays = WebSocket(supervised.client(), supervised.host(origin.port), "/ws")
    old = upgrade(supervised)
    chats = []
    for machine in machines:
        host = host_of(machine, origin)
        assert supervised.get(host).body == b"nothing"
        with supervised.client(tls=True, sni=host) as client:
            for _ in range(3):
                client.request(host, "/up", "POST", (), BODY)
                assert client.response().body == BODY
        chats.append(WebSocket(supervised.client(), host, "/ws"))
        chats[-1].echo("hello" * 30_000)
    assert not any(supervised.admin.tunnels(machine) for machine in machines)
    # Its last client leaves: the agents are told to go, and what runs through the old child runs on.
    gate.open = True
    stays.echo("still there")
    stays.client.close()
    for machine in machines:
        wait_until(lambda: supervised.admin.tunnels(machine), "the agent has moved")  # pylint: disable=cell-var-from-loop
        assert supervised.get(host_of(machine, origin)).body == b"nothing"
    assert not gone(old)
    for chat in chats:
        chat.echo("and again")
        chat.client.close()
    wait_until(lambda: gone(old), "the old child ends")
    assert supervised.broker.process.wait_event("child_ended")["code"] == "0"
    assert len(supervised.broker.process.find("child_ended")) == 1


def test_a_machine_that_neither_holds_is_503_at_both(supervised, make_origin):
    origin = make_origin(echo)
    supervised.admin.machine("mach_none")
    host = host_of("mach_none", origin)
    with supervised.client() as client:
        client.send(b"GET / HTTP/1.1\r\n")
        wait_until(lambda: supervised.admin.tunnels(MACHINE), "the admin API")
        upgrade(supervised)
        wait_moved(supervised)
        client.send(f"Host: {host}\r\n\r\n".encode())
        assert client.response().status == 503
    assert supervised.get(host).status == 503


def test_clients_of_three_generations_reach_the_machine(supervised, make_origin):
    origin = make_origin(echo)
    clients = []
    for _ in range(3):
        clients.append(supervised.client())
        clients[-1].send(b"GET / HTTP/1.1\r\n")
        wait_until(lambda: supervised.admin.tunnels(MACHINE), "the admin API")
        upgrade(supervised)
        wait_moved(supervised)
    for client in clients:
        client.send(f"Host: {supervised.host(origin.port)}\r\n\r\n".encode())
        assert client.response().body == b"nothing"
        client.close()


def test_no_request_with_a_body_is_lost_to_upgrades(supervised, make_origin):
    """Each may be sent once alone: what a process that is leaving refuses has to be whole still."""
    origin = make_origin(echo)
    answers, stop = [], threading.Event()

    def post():
        while not stop.is_set():
            with supervised.client() as client:
                for size in (0, 100, 20_000, 100):
                    client.request(supervised.host(origin.port), "/", "POST", (), b"x" * size)
                    answer = client.response()
                    answers.append((answer.status, answer.body == (b"x" * size or b"nothing")))
                    if answer.get("Connection") == "close":
                        break

    threads = [threading.Thread(target=post) for _ in range(8)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(4):
            upgrade(supervised)
            wait_until(lambda: supervised.admin.tunnels(MACHINE), "a tunnel at the new child")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert set(answers) == {(200, True)}, [each for each in answers if each != (200, True)]
    assert len(origin.requests) == len(answers)


def test_a_machine_that_is_archived_is_cut_at_the_old_child_too(supervised, make_origin):
    origin = make_origin(echo_handler)
    with supervised.client() as client:
        socket_ = WebSocket(client, supervised.host(origin.port))
        socket_.echo(b"before")
        upgrade(supervised)
        wait_moved(supervised)
        socket_.echo(b"moved")
        supervised.admin.ok("PATCH", f"/v1/machines/{MACHINE}", {"state": "archived"})
        assert client.closed(10)


def test_a_new_child_that_dies_is_replaced_and_linked_anew(supervised, held, make_origin):
    _, machines = held
    origin = make_origin(echo)
    with supervised.client() as stays:
        stays.send(b"GET / HTTP/1.1\r\n")
        wait_until(lambda: supervised.admin.tunnels(MACHINE), "the admin API")
        upgrade(supervised)
        assert supervised.get(host_of(machines[0], origin)).status == 200
        started = len(supervised.broker.process.find("ready"))
        # One that dies in its first second, before any has lived for one, would be the operator's to mend.
        wait_until(lambda: old_enough(child(supervised)), "the child has run for a while")
        os.kill(child(supervised), signal.SIGKILL)
        supervised.broker.process.wait_event("ready", count=started + 1)
        for machine in machines:
            assert supervised.get(host_of(machine, origin)).status == 200
        wait_until(lambda: supervised.admin.tunnels(MACHINE), "the agent is back")
        stays.send(f"Host: {supervised.host(origin.port)}\r\n\r\n".encode())
        assert stays.response().status == 200


def old_enough(pid):
    with open(f"/proc/{pid}/stat") as file:
        began = int(file.read().rsplit(")", 1)[1].split()[19]) / os.sysconf("SC_CLK_TCK")
    with open("/proc/uptime") as file:
        return float(file.read().split()[0]) - began > 1.2


def test_a_strangers_connection_to_a_childs_door_is_refused(supervised):
    inodes = set()
    for fd in os.listdir(f"/proc/{child(supervised)}/fd"):
        if found := re.fullmatch(r"socket:\[(\d+)\]", os.readlink(f"/proc/{child(supervised)}/fd/{fd}")):
            inodes.add(found[1])
    with open("/proc/net/unix") as file:
        names = [row[7] for row in map(str.split, file) if len(row) == 8 and row[6] in inodes and row[7].startswith("@")]
    assert len(names) == 2
    for number, name in enumerate(names, 1):
        with socket.socket(socket.AF_UNIX) as stranger:
            stranger.connect("\0" + name[1:])
            stranger.settimeout(20)
            assert stranger.recv(1) == b""
        supervised.broker.process.wait_event("generation_link_refused", count=number)
