"""Several loops: a machine belongs to one, its tunnels and its clients are served there, and what comes in elsewhere
crosses to it unchanged."""
import contextlib
import json
import os
import signal
import socket
import ssl
import threading
import time

import pytest

from harness.certificates import Ca
from harness.http1 import Client, Hash
from harness.http2 import Client2
from harness.origin import answer
from harness.stack import MACHINE, Stack
from harness.wait import in_time, thrice, wait_until

BIG = os.urandom(1 << 20) * 3


def echo(connection, request):
    connection.send(answer(request.body or b"nothing"))


class Spread(Stack):
    """A broker of two loops and a machine on each."""

    def __init__(self, folder, ca, loops=2, **words):
        super().__init__(folder, ca, broker={"options": ["--loops", str(loops)], **words.pop("broker", {})}, **words)
        self.machines = {self.loop_of(MACHINE): MACHINE}
        number = 0
        while len(self.machines) < 2:
            machine = f"mach_{number}"
            number += 1
            self.add(machine)
            self.machines.setdefault(self.loop_of(machine), machine)

    def add(self, machine, **options):
        self.admin.machine(machine)
        agent = self.another_agent(machine, self.admin.token_of(machine), local=False, **options).start()
        wait_until(lambda: self.admin.tunnels(machine), "the machine's tunnel")
        return agent

    def loop_of(self, machine):
        return wait_until(lambda: self.admin.tunnels(machine), "a tunnel")[0]["loop"]

    @property
    def hosts(self):
        """Of the machines of both loops, as functions of the port."""
        return [lambda port, machine=machine: f"{port}__{machine}.machines.iterate.app" for _, machine in sorted(self.machines.items())]

    def counts(self):
        loops = self.admin.loops()
        return sum(loop["streams"] for loop in loops), sum(loop["crossingStreams"] for loop in loops)

    def h2(self, sni="broker.iterate.app"):
        return Client2(self.broker.https_port, self.ca.context(("h2",)), sni)


@pytest.fixture(scope="module")
def spread(tmp_path_factory):
    stack = Spread(tmp_path_factory.mktemp("spread"), Ca(str(tmp_path_factory.mktemp("ca"))))
    yield stack
    stack.stop()


@pytest.fixture
def own_spread(tmp_path_factory, ca):
    made = []

    def make(**words):
        made.append(Spread(tmp_path_factory.mktemp("spread"), ca, **words))
        return made[-1]

    yield make
    for stack in made:
        stack.stop()


class OnTheirLoops:
    """Streams that no crossing is made for: the broker waits half a second for the first bytes that name a machine, and
    who was slower than that, as anybody is on a busy machine, may be served by another loop."""

    def __init__(self, spread):
        self.spread, self.before, self.streams, self.slow = spread, spread.counts(), 0, 0

    @contextlib.contextmanager
    def connection(self, streams=1):
        began = time.monotonic()
        yield
        self.streams += streams
        self.slow += streams if time.monotonic() - began > 0.4 else 0

    def check(self):
        streams, crossing = self.spread.counts()
        assert streams == self.before[0] + self.streams
        assert crossing - self.before[1] <= self.slow < self.streams


@pytest.mark.parametrize("tls", [False, True])
def test_a_client_is_served_on_its_machines_loop(spread, make_origin, tls):
    origin, on_theirs = make_origin(), OnTheirLoops(spread)
    for _ in range(20):
        for host in spread.hosts:
            with on_theirs.connection(3), spread.client(tls, **({"sni": host(origin.port)} if tls else {})) as client:
                for _ in range(3):
                    assert client.get(host(origin.port)).status == 200
    on_theirs.check()


def test_a_client_hello_in_single_bytes_still_leads_to_the_machines_loop(spread, make_origin):
    origin, on_theirs = make_origin(), OnTheirLoops(spread)
    for host in spread.hosts:
        for _ in range(4):
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            session = spread.ca.context().wrap_bio(incoming, outgoing, server_hostname=host(origin.port))
            with on_theirs.connection(), socket.create_connection(("127.0.0.1", spread.broker.https_port)) as sock:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with pytest.raises(ssl.SSLWantReadError):
                    session.do_handshake()
                for byte in outgoing.read():
                    sock.sendall(bytes([byte]))
                handshake(session, sock, incoming, outgoing)
                session.write(f"GET / HTTP/1.1\r\nHost: {host(origin.port)}\r\nConnection: close\r\n\r\n".encode())
                assert exchange(session, sock, incoming, outgoing).startswith(b"HTTP/1.1 200 OK\r\n")
    on_theirs.check()


def handshake(session, sock, incoming, outgoing):
    while True:
        try:
            session.do_handshake()
            return
        except ssl.SSLWantReadError:
            sock.sendall(outgoing.read())
            incoming.write(sock.recv(65536))


def exchange(session, sock, incoming, outgoing):
    sock.sendall(outgoing.read())
    data = b""
    while True:
        try:
            piece = session.read(65536)
            if not piece:
                return data
            data += piece
        except ssl.SSLWantReadError:
            came = sock.recv(65536)
            if not came:
                return data
            incoming.write(came)
        except ssl.SSLZeroReturnError:
            return data


def test_a_request_in_single_bytes_still_leads_to_the_machines_loop(spread, make_origin):
    origin, on_theirs = make_origin(echo), OnTheirLoops(spread)
    for host in spread.hosts:
        for _ in range(4):
            with on_theirs.connection(), spread.client() as client:
                for byte in f"POST / HTTP/1.1\r\nX: y\r\nHost: {host(origin.port)}\r\nContent-Length: 3\r\n\r\nabc".encode():
                    client.send(bytes([byte]))
                assert client.response().body == b"abc"
    on_theirs.check()


@pytest.mark.parametrize("first", [b"", b"GET / HTTP/1.1\r\nX: y\r\n"])
def test_a_client_that_says_no_host_for_a_while_is_served_all_the_same(spread, make_origin, first):
    origin = make_origin()
    for host in spread.hosts:
        clients = [spread.client() for _ in range(4)]
        for client in clients:
            client.send(first)
        time.sleep(0.7)  # longer than the broker waits for a host
        for client in clients:
            client.send((b"" if first else b"GET / HTTP/1.1\r\n") + f"Host: {host(origin.port)}\r\n\r\n".encode())
            assert client.response().status == 200
            client.close()


def test_a_kept_connection_reaches_machines_of_both_loops(spread, make_origin):
    origin = make_origin(echo)
    before = spread.counts()
    with spread.client() as client:
        for _ in range(10):
            for host in spread.hosts:
                client.request(host(origin.port), method="POST", body=BIG)
                assert client.response().body == BIG
    now = spread.counts()
    assert now == (before[0] + 20, before[1] + 10)


def test_streams_of_one_connection_reach_machines_of_both_loops_side_by_side(spread, make_origin):
    origin = make_origin(echo)
    before = spread.counts()
    with spread.h2() as client:
        for _ in range(5):
            streams = [client.request(host(origin.port), method="POST", body=BIG) for host in spread.hosts for _ in range(4)]
            client.finish(*streams)
            assert [stream.body == BIG for stream in streams] == [True] * 8
    now = spread.counts()
    assert now == (before[0] + 40, before[1] + 20)


@pytest.mark.parametrize("crossing", [False, True])
def test_a_slow_reader_holds_up_its_origin_and_not_the_brokers_memory(own_spread, make_origin, crossing):
    def flood(connection, request):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 268435456\r\n\r\n")
        try:
            for _ in range(4096):
                connection.send(bytes(65536))
                sent[0] += 65536
        except OSError:
            pass

    spread, sent = own_spread(), [0]
    origin = make_origin(flood)
    here, there = spread.hosts if spread.loop_of(MACHINE) == 0 else spread.hosts[::-1]
    with spread.client() as warm:
        assert warm.get(here(make_origin().port)).status == 200
        spread.broker.process.reset_peak()
        before = spread.broker.process.peak_kb()
        warm.request((there if crossing else here)(origin.port))
        stopped_at = settle(lambda: sent[0])
        assert 0 < stopped_at < 80 << 20
        assert spread.broker.process.peak_kb() - before < 40 << 10
        body = Hash()
        warm.response(sink=body)
        assert body.size == 268435456


def settle(value):
    """The value once it stays for a second."""
    while True:
        before = value()
        time.sleep(1)
        if value() == before:
            return before


@pytest.mark.parametrize("crossing", [False, True])
def test_an_origin_that_does_not_read_holds_up_its_client(spread, make_origin, crossing):
    size, go, sent = 96 << 20, threading.Event(), [0]

    def stall(connection, request):
        assert go.wait(60)
        sink = Hash()
        connection.read_body(request, sink)
        connection.send(answer(str(sink.size).encode()))

    def upload(client, host):
        client.send(f"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: {size}\r\n\r\n".encode())
        for _ in range(size >> 16):
            client.send(bytes(65536))
            sent[0] += 65536

    origin, quick = make_origin(stall, read_bodies=False), make_origin()
    with spread.client() as client:
        assert client.get(spread.hosts[0](quick.port)).status == 200
        uploading = threading.Thread(target=upload, args=(client, spread.hosts[crossing](origin.port)))
        uploading.start()
        assert 0 < settle(lambda: sent[0]) < 40 << 20
        go.set()
        assert client.response().body == str(size).encode()
        uploading.join()


def test_trailers_interim_heads_and_errors_cross_unchanged(spread, make_origin):
    def rich(connection, request):
        if request.target == "/cut":
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart")
            connection.sock.close()
            return
        connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
                        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 6\r\n\r\n")

    origin = make_origin(rich)
    with spread.h2() as client:
        for host in spread.hosts:
            stream = client.get(host(origin.port))
            assert (stream.status, stream.body, stream.trailers) == (200, b"abc", [("x-sum", "6")])
            cut = client.finish(client.request(host(origin.port), "/cut"))
            assert cut.reset_code is not None and cut.body == b"part"
            assert client.get(host(1)).status == 502
            assert client.get(host(0)).error == "invalid_port"


def test_a_client_that_leaves_ends_its_request_on_the_other_loop(spread, make_origin):
    ended = []

    def wait(connection, request):
        ended.append(connection.wait_end())

    origin = make_origin(wait)
    with spread.h2() as client:
        for host in spread.hosts:
            client.request(host(origin.port))
        origin.wait_requests(2)
    wait_until(lambda: len(ended) == 2, "the end of both requests at the origin")


def test_a_tunnel_that_goes_ends_the_streams_that_cross_to_it(own_spread, make_origin):
    spread = own_spread()

    def hang(connection, request):
        connection.wait_end()

    origin = make_origin(hang)
    with spread.h2() as client:
        streams = [client.request(host(origin.port)) for host in spread.hosts]
        origin.wait_requests(2)
        for agent in [*spread._extra, spread.agent]:
            agent.kill()
        client.finish(*streams)
        assert [stream.status for stream in streams] == [503, 503]
        for host in spread.hosts:
            assert client.get(host(origin.port)).error == "machine_unavailable"


def test_a_machine_that_is_starting_says_so_on_every_loop(own_spread):
    spread = own_spread()
    spread.admin.machine("mach_new", state="starting")
    with spread.h2() as client:
        assert client.get("80__mach_new.machines.iterate.app").error == "machine_starting"


def test_a_change_is_what_the_next_request_on_every_loop_sees(spread, make_origin):
    origin = make_origin()
    clients = [spread.client(True, sni=host(1)) for host in spread.hosts]
    machines = [machine for _, machine in sorted(spread.machines.items())]
    spread.admin.project("moves", machines[0], origin.port)
    for turn in range(60):
        machine = machines[turn % 2]
        spread.admin.attach(machine, "moves")
        spread.admin.set_project("moves", suspended=turn % 3 == 0)
        expected = 403 if turn % 3 == 0 else 200
        assert [client.get("moves.iterate.app").status for client in clients] == [expected] * 2
    for client in clients:
        client.close()


def test_16_machines_are_split_no_worse_than_60_to_40(own_spread, make_origin):
    spread, origin = own_spread(), make_origin()
    known = 1 + len(spread._extra)
    names = [machine for machine in (row["id"] for row in spread.admin.items("/v1/machines"))]
    for number in range(known, 16):
        spread.add(f"more_{number}")
        names.append(f"more_{number}")
    before = spread.counts()
    for machine in names:
        host = f"{origin.port}__{machine}.machines.iterate.app"
        for tls in (False, True):
            with spread.client(tls, **({"sni": host} if tls else {})) as client:
                for _ in range(5):
                    assert client.get(host).status == 200
    loops = spread.admin.loops()
    assert sum(loop["machines"] for loop in loops) == 16
    assert max(loop["machines"] for loop in loops) <= 9
    streams, crossing = (now - then for now, then in zip(spread.counts(), before))
    assert streams == 160 and crossing == 0


def test_tunnels_are_listed_closed_and_dropped_on_every_loop(own_spread):
    spread = own_spread()
    machines = list(spread.machines.values())
    spread.admin.detach("misha")
    assert {tunnel["machine"] for tunnel in spread.admin.tunnels()} >= set(machines)
    assert len({tunnel["id"] for tunnel in spread.admin.tunnels()}) == len(spread.admin.tunnels())
    for machine in machines:
        tunnel = spread.admin.tunnels(machine)[0]["id"]
        assert spread.admin.ok("GET", f"/v1/tunnels/{tunnel}")["machine"] == machine
        spread.admin.close_tunnel(tunnel)
        wait_until(lambda: [t["id"] for t in spread.admin.tunnels(machine)] not in ([], [tunnel]), "another tunnel")
        assert spread.admin.ok("GET", f"/v1/machines/{machine}")["connected"]
        spread.admin.ok("DELETE", f"/v1/machines/{machine}")
        assert spread.admin.tunnels(machine) == []
    assert spread.admin.call("DELETE", "/v1/tunnels/tn_none").status == 404


def test_why_probes_a_port_on_every_loop(spread, make_origin):
    origin = make_origin()
    for host in spread.hosts:
        report = spread.admin.ok("GET", f"/v1/why?host={host(origin.port)}")
        probe = next(step for step in report["steps"] if step["step"] == "probe")
        assert probe["state"] == "ok", report


def test_a_second_agent_is_refused_whichever_loop_accepts_it(spread):
    for machine in spread.machines.values():
        token = spread.admin.token_of(machine)
        for number in range(4):
            clone = spread.another_agent(machine, token, local=False, name=f"clone-{machine}-{number}")
            clone.start(wait=False)
            clone.process.wait_event("tunnel_refused")
            clone.process.stop()


def serial(port, context, name):
    context.check_hostname = False
    with socket.create_connection(("127.0.0.1", port)) as sock:
        with context.wrap_socket(sock, server_hostname=name) as tls:
            return tls.getpeercert()["serialNumber"]


@thrice
def test_a_certificate_is_served_by_every_loop_within_a_second_of_its_change(own_spread):
    spread = own_spread()
    names = [host(1).replace("_", "-") for host in spread.hosts]

    def served():
        return [serial(spread.broker.https_port, spread.ca.context(), name) for name in names]

    def changed(before):
        spread.ca.issue(spread.broker.tls_dir, "more", names)
        began = time.monotonic()
        wait_until(lambda: served()[0] == served()[1] != before, "every loop serves the one that came")
        in_time(time.monotonic() - began, 1.5)
        return served()[0]

    changed(changed(served()[0]))


def test_a_session_of_one_loop_resumes_on_the_other(spread):
    context = spread.ca.context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # the session is there with the handshake
    first, second = (host(1) for host in spread.hosts)
    session = None
    for name in (first, second, first):
        with socket.create_connection(("127.0.0.1", spread.broker.https_port)) as sock:
            with context.wrap_socket(sock, server_hostname=name, session=session) as tls:
                assert tls.session_reused == (session is not None)
                session = tls.session


def test_lines_of_the_access_log_are_whole_whatever_loop_wrote_them(own_spread, make_origin):
    spread, origin = own_spread(), make_origin()

    def load(host):
        with spread.client(True, sni=host(origin.port)) as client:
            for number in range(400):
                assert client.get(host(origin.port), f"/{number}?{'x' * 900}").status == 200

    threads = [threading.Thread(target=load, args=(host,)) for host in spread.hosts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_until(lambda: len(spread.access_lines(status=200)) == 800, "800 lines")
    with open(spread.broker.access_log) as file:
        assert all(json.loads(line) for line in file)


def test_a_drain_lets_streams_that_cross_end(own_spread, make_origin):
    spread, go = own_spread(broker={"grace": "30s"}), threading.Event()

    def slow(connection, request):
        assert go.wait(20)
        connection.send(answer(b"done"))

    origin = make_origin(slow)
    with spread.h2() as client:
        streams = [client.request(host(origin.port)) for host in spread.hosts]
        origin.wait_requests(2)
        spread.broker.process.signal(signal.SIGTERM)
        spread.broker.process.wait_event("draining")
        go.set()
        client.finish(*streams)
        assert [stream.body for stream in streams] == [b"done", b"done"]
    assert spread.broker.process.wait_exit(10) == 0


def test_the_grace_period_cuts_streams_that_cross(own_spread, make_origin):
    spread = own_spread(broker={"grace": "1s"})

    def hang(connection, request):
        connection.wait_end()

    origin = make_origin(hang)
    with spread.h2() as client:
        for host in spread.hosts:
            client.request(host(origin.port))
        origin.wait_requests(2)
        spread.broker.process.signal(signal.SIGTERM)
        spread.broker.process.wait_event("grace_period_over")
    assert spread.broker.process.wait_exit(10) == 0


def test_every_loops_thread_has_its_name(spread):
    folder = f"/proc/{spread.broker.process.pid}/task"
    names = [open(f"{folder}/{task}/comm").read().strip() for task in os.listdir(folder)]
    assert names.count("loop-1") == 1 and "loop-0" not in names


def test_machines_come_and_go_under_load(own_spread, make_origin):
    spread, origin = own_spread(loops=3), make_origin()
    stop, statuses = threading.Event(), []

    def load(host):
        while not stop.is_set():
            try:
                with spread.client(True, sni=host(origin.port)) as client:
                    for _ in range(20):
                        statuses.append(client.get(host(origin.port)).status)
            except Exception as error:
                statuses.append(error)

    host_of = "{}__churn.machines.iterate.app".format
    agent = spread.add("churn")
    threads = [threading.Thread(target=load, args=(host,)) for host in (*spread.hosts, host_of, host_of)]
    for thread in threads:
        thread.start()
    for _ in range(6):
        agent.restart()
        spread.admin.project(f"p{len(statuses)}", MACHINE)
    stop.set()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {200, 502, 503} and statuses.count(200) > 200
