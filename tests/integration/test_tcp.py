"""Raw TCP through the tunnel: ingressctl connect, and CONNECT by other clients."""
import hashlib
import json
import os
import signal
import socket
import struct
import subprocess
import threading

import pytest

from harness.ctl import Ctl, write_secret
from harness.http1 import Client
from harness.process import environment, program
from harness.stack import MACHINE, Stack
from harness.tcp_server import TcpServer, echo, read_all, upper_at_end
from harness.wait import LIMIT, wait_until


@pytest.fixture(scope="module", params=["1", "2"])
def stack(request, tmp_path_factory):
    from harness.certificates import Ca

    stack = Stack(tmp_path_factory.mktemp("tcp"), Ca(str(tmp_path_factory.mktemp("ca"))),
                  broker={"options": ["--loops", request.param]}, agent={"options": ["--deny-port", "7777"]})
    yield stack
    stack.stop()


def ctl_argv(stack, *words, token=None):
    admin = f"127.0.0.1:{stack.broker.admin_port}" if token else f"unix:{stack.broker.admin_socket}"
    more = ["--token-file", write_secret(stack.folder, f"{hashlib.sha1(token.encode()).hexdigest()}.token", token)] if token else []
    return [program("ingressctl"), "--admin", admin, *more, "connect", *words]


def connect(stack, target, data=b"", token=None):
    return subprocess.run(ctl_argv(stack, target, token=token), input=data, capture_output=True, timeout=LIMIT * 3,
                          env=environment(), check=False)


def access_token(stack, role):
    return stack.admin.ok("POST", "/v1/tokens", {"role": role})


class Forwarding:
    """ingressctl connect -L, with the addresses that it listens on."""

    def __init__(self, stack, *forwards, token=None):
        words = [word for forward in forwards for word in ("-L", forward)]
        self.process = subprocess.Popen(ctl_argv(stack, *words, token=token), stderr=subprocess.PIPE, text=True,
                                        env=environment(), stdin=subprocess.DEVNULL)
        self.ports, self.lines = [], []
        for _ in forwards:
            line = self.process.stderr.readline()
            assert "listening on " in line, line
            self.ports.append(int(line.split(", for ")[0].rsplit(":", 1)[1]))
        threading.Thread(target=lambda: self.lines.extend(self.process.stderr), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def open(self, number=0):
        sock = socket.create_connection(("127.0.0.1", self.ports[number]))
        sock.settimeout(LIMIT)
        return sock


def test_standard_streams_are_the_connection_and_a_half_close_is_kept(stack):
    with TcpServer(upper_at_end) as server:
        done = connect(stack, f"{MACHINE}:{server.port}", b"hello")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"HELLO", b"")


def open_streams(stack, target, token=None):
    """ingressctl connect, whose standard input stays open."""
    return subprocess.Popen(ctl_argv(stack, target, token=token), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, env=environment())


def ends_first(got):
    """Says all that it has to say to a first byte, and reads on."""
    def handler(sock):
        first = sock.recv(65536)
        sock.sendall(b"hi")
        sock.shutdown(socket.SHUT_WR)
        got.append(hashlib.sha256(first + read_all(sock)).digest())
    return handler


@pytest.mark.parametrize("by_tcp", [False, True])
def test_an_upload_goes_on_where_the_server_ends_first(stack, by_tcp):
    token, data, got = stack.broker.admin_token if by_tcp else None, os.urandom(1 << 20) * 30, []
    with TcpServer(ends_first(got)) as server:
        done = connect(stack, f"{MACHINE}:{server.port}", data, token=token)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"hi", b"")
        wait_until(lambda: got == [hashlib.sha256(data).digest()], "all of the upload", 60)


@pytest.mark.parametrize("by_tcp", [False, True])
def test_a_slow_upload_goes_on_after_the_servers_end_which_the_reader_is_told(stack, by_tcp):
    got = []
    with TcpServer(ends_first(got)) as server:
        with open_streams(stack, f"{MACHINE}:{server.port}", stack.broker.admin_token if by_tcp else None) as process:
            process.stdin.write(b"one")
            process.stdin.flush()
            assert process.stdout.read() == b"hi", "standard output is closed"
            process.stdin.write(b"two")
            process.stdin.close()
            assert process.wait(LIMIT) == 0
        wait_until(lambda: got == [hashlib.sha256(b"onetwo").digest()], "all of the upload")


@pytest.mark.parametrize("by_tcp", [False, True])
def test_a_server_that_is_gone_ends_it_while_a_pipe_stays_open_that_nobody_writes_to(stack, by_tcp):
    with TcpServer(lambda sock: sock.sendall(b"bye")) as server:
        with open_streams(stack, f"{MACHINE}:{server.port}", stack.broker.admin_token if by_tcp else None) as process:
            assert process.stdout.read() == b"bye"
            assert process.wait(LIMIT) == 0


@pytest.mark.parametrize("by_tcp", [False, True])
def test_what_a_server_that_is_gone_did_not_take_is_told(stack, by_tcp):
    def bye(sock):
        sock.recv(1)
        sock.sendall(b"bye")

    with TcpServer(bye) as server:
        with open_streams(stack, f"{MACHINE}:{server.port}", stack.broker.admin_token if by_tcp else None) as process:
            process.stdin.write(b"x")
            process.stdin.flush()
            assert process.stdout.read() == b"bye"
            process.stdin.write(b"nobody reads this")
            process.stdin.flush()
            assert process.wait(LIMIT) == 1, "its input is open still"
            assert b"broke off" in process.stderr.read()


def test_a_terminal_is_read_no_more_where_the_server_has_ended(stack):
    terminal, keyboard = os.openpty()
    try:
        with TcpServer(lambda sock: sock.sendall(b"bye")) as server:
            done = subprocess.run(ctl_argv(stack, f"{MACHINE}:{server.port}"), stdin=keyboard, capture_output=True,
                                  timeout=LIMIT * 3, env=environment(), check=False)
        assert (done.returncode, done.stdout) == (0, b"bye")
    finally:
        os.close(terminal)
        os.close(keyboard)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_server_that_speaks_first_is_heard(stack, host):
    with TcpServer(lambda sock: sock.sendall(b"220 ready\r\n"), host) as server:
        done = connect(stack, f"{MACHINE}:{server.port}")
    assert (done.returncode, done.stdout) == (0, b"220 ready\r\n")


def test_hosts_that_lead_to_a_machine_name_it_too(stack):
    with TcpServer(lambda sock: sock.sendall(b"x")) as server:
        for host in (MACHINE.replace("_", "-"), f"{MACHINE}.machines.iterate.app", "misha.iterate.app"):
            done = connect(stack, f"{host}:{server.port}")
            assert (done.returncode, done.stdout) == (0, b"x"), (host, done)


def test_much_goes_both_ways_unchanged(stack):
    up, down = os.urandom(1 << 20) * 40, os.urandom(1 << 20) * 40
    got = []

    def both(sock):
        thread = threading.Thread(target=lambda: got.append(hashlib.sha256(read_all(sock)).digest()))
        thread.start()
        sock.sendall(down)
        sock.shutdown(socket.SHUT_WR)
        thread.join()

    with TcpServer(both) as server, Forwarding(stack, f"0:{MACHINE}:{server.port}") as forwarding:
        sock = forwarding.open()
        back = []
        reader = threading.Thread(target=lambda: back.append(read_all(sock)))
        reader.start()
        sock.sendall(up)
        sock.shutdown(socket.SHUT_WR)
        reader.join(120)
        assert back and hashlib.sha256(back[0]).digest() == hashlib.sha256(down).digest()
        wait_until(lambda: got == [hashlib.sha256(up).digest()], "the other direction", 60)


def test_a_slow_reader_holds_up_its_server_and_nobodys_memory(stack):
    sent = [0]

    def flood(sock):
        for _ in range(4096):
            sock.sendall(bytes(65536))
            sent[0] += 65536

    with TcpServer(flood) as server, Forwarding(stack, f"0:{MACHINE}:{server.port}") as forwarding:
        with TcpServer(echo) as other:
            assert connect(stack, f"{MACHINE}:{other.port}", b"warm").stdout == b"warm"
        processes = [stack.broker.process, stack.agent.process]
        for process in processes:
            process.reset_peak()
        before = [process.peak_kb() for process in processes]
        sock = forwarding.open()
        assert sock.recv(1)
        last = [None, 0]

        def stalled():
            last[1] = last[1] + 1 if sent[0] == last[0] else 0
            last[0] = sent[0]
            return last[1] >= 40

        wait_until(stalled, "a server that is held up")
        assert sent[0] < 64 << 20
        assert all(process.peak_kb() - had < 24 * 1024 for process, had in zip(processes, before))
        with TcpServer(echo) as other:
            assert connect(stack, f"{MACHINE}:{other.port}", b"others go on").stdout == b"others go on"
        sock.close()


def test_a_slow_server_holds_up_its_client(stack):
    go_on = threading.Event()

    def slow(sock):
        go_on.wait(LIMIT)
        sock.sendall(hashlib.sha256(read_all(sock)).digest())

    data = os.urandom(1 << 20) * 64
    with TcpServer(slow) as server, Forwarding(stack, f"0:{MACHINE}:{server.port}") as forwarding:
        sock = forwarding.open()
        sock.setblocking(False)
        sent, idle = 0, 0
        while idle < 40 and sent < len(data):
            try:
                sent += sock.send(data[sent:sent + 65536])
                idle = 0
            except BlockingIOError:
                idle += 1
                threading.Event().wait(0.02)
        assert sent < len(data), "the client is held up"
        go_on.set()
        sock.settimeout(LIMIT * 2)
        sock.sendall(data[sent:])
        sock.shutdown(socket.SHUT_WR)
        assert read_all(sock) == hashlib.sha256(data).digest()


def test_several_ports_are_forwarded_side_by_side_until_ctrl_c(stack):
    with TcpServer(upper_at_end) as one, TcpServer(echo) as other:
        with Forwarding(stack, f"0:{MACHINE}:{one.port}", f"127.0.0.1:0:{MACHINE}:{other.port}") as forwarding:
            socks = [forwarding.open(number % 2) for number in range(20)]
            for number, sock in enumerate(socks):
                sock.sendall(f"c{number}".encode())
                sock.shutdown(socket.SHUT_WR)
            for number, sock in enumerate(socks):
                assert read_all(sock) == (f"C{number}" if number % 2 == 0 else f"c{number}").encode()
            forwarding.process.send_signal(signal.SIGINT)
            assert forwarding.process.wait(LIMIT) == 0


def test_a_broken_connection_is_broken_at_the_other_side(stack):
    def reset(sock):
        sock.sendall(b"partial")
        sock.recv(1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with TcpServer(reset) as server, Forwarding(stack, f"0:{MACHINE}:{server.port}") as forwarding:
        sock = forwarding.open()
        assert sock.recv(7) == b"partial"
        sock.sendall(b"x")
        with pytest.raises(ConnectionResetError):
            while sock.recv(65536):
                pass


def test_a_client_that_resets_is_told_to_the_server(stack):
    seen = []

    def wait(sock):
        sock.sendall(b"x")
        try:
            seen.append(sock.recv(1))
        except ConnectionResetError:
            seen.append("reset")

    with TcpServer(wait) as server, Forwarding(stack, f"0:{MACHINE}:{server.port}") as forwarding:
        sock = forwarding.open()
        assert sock.recv(1) == b"x"
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        sock.close()
        wait_until(lambda: seen, "an end")


@pytest.mark.parametrize("target, words, code", [
    (f"{MACHINE}:1", "nothing listens on that port", 1), (f"{MACHINE}:7777", "does not serve that port", 4),
    ("mach_none:22", "", 1), ("none.example.com:22", "", 1), (f"{MACHINE}:0", "1 to 65535", 2), (MACHINE, "1 to 65535", 2)])
def test_what_cannot_be_reached_is_said_and_why(stack, target, words, code):
    done = connect(stack, target)
    assert done.returncode == code and done.stdout == b"", done
    assert done.stderr.startswith(b"ingressctl: ") and words in done.stderr.decode(), done


def test_a_forwarded_port_that_refuses_is_said_and_reset(stack):
    with Forwarding(stack, f"0:{MACHINE}:1") as forwarding:
        sock = forwarding.open()
        with pytest.raises(ConnectionResetError):
            sock.recv(1)
        wait_until(lambda: any("nothing listens" in line for line in forwarding.lines), "a sentence")
        assert forwarding.process.poll() is None


def test_a_forwarded_connection_for_which_there_is_no_thread_is_refused_alone(stack):
    """No thread can be made: the stack of each would fill the address space."""
    stacks = 1 << 47
    argv = ["prlimit", f"--stack={stacks}:{stacks}", "--", *ctl_argv(stack, "-L", f"0:{MACHINE}:1")]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True, env=environment(), stdin=subprocess.DEVNULL) as process:
        port = int(process.stderr.readline().split(", for ")[0].rsplit(":", 1)[1])
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", port)) as sock:
                sock.settimeout(LIMIT)
                with pytest.raises(ConnectionResetError):
                    sock.recv(1)
            assert "no thread" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(LIMIT) == 0


def test_usage(stack):
    for words in ((), (f"{MACHINE}:22", "-L", f"0:{MACHINE}:22"), ("-L", "22"), ("-L", f"x:{MACHINE}:22"),
                  ("-L", f"1:{MACHINE}:0"), (f"{MACHINE}:022",), (f"{MACHINE}:22:33",), ("[::1]:22",), (f"{MACHINE}: 22",),
                  ("-L", f"0:{MACHINE}:022")):
        done = subprocess.run(ctl_argv(stack, *words), capture_output=True, text=True, env=environment(), check=False)
        assert done.returncode == 2 and "MACHINE:PORT" in done.stderr, (words, done)


def test_tokens_reach_what_their_role_says(stack):
    with TcpServer(lambda sock: sock.sendall(b"in")) as server, TcpServer(lambda sock: sock.sendall(b"in")) as other:
        here, there = f"{MACHINE}:{server.port}", f"{MACHINE}:{other.port}"

        def codes(token):
            return [connect(stack, target, token=token).returncode for target in (here, there)]

        assert codes("iat_wrong_secret") == [4, 4]
        assert codes(stack.broker.admin_token) == [0, 0]
        stack.admin.machine("mach_b")
        for role, good in ((f"tcp:{here}", [0, 4]), (f"tcp:{MACHINE}:*", [0, 0]), (f"tcp:mach_b:{server.port}", [4, 4]),
                           ("read", [4, 4]), ("write", [0, 0]), ("project:misha", [0, 0])):
            assert codes(access_token(stack, role)["token"]) == good, role
        # Another project's token does not even learn that the machine is there.
        stack.admin.call("POST", "/v1/projects", {"slug": "other"})
        assert codes(access_token(stack, "project:other")["token"]) == [1, 1]


def test_a_role_that_names_a_machine_by_its_alias_is_of_that_machine(stack):
    with TcpServer(lambda sock: sock.sendall(b"in")) as server:
        alias = MACHINE.replace("_", "-")
        made = access_token(stack, f"tcp:{alias}:{server.port}")
        assert made["role"] == f"tcp:{MACHINE}:{server.port}"
        for name in (MACHINE, alias):
            assert connect(stack, f"{name}:{server.port}", token=made["token"]).returncode == 0, name
        assert access_token(stack, f"tcp:{alias}:*")["role"] == f"tcp:{MACHINE}:*"


@pytest.mark.parametrize("role", ["tcp:", "tcp:mach_a", "tcp:mach_a:", "tcp:mach_a:0", "tcp:mach_a:65536", "tcp::22", "tcp:a b:22"])
def test_a_role_that_is_none_is_refused(stack, role):
    assert stack.admin.refused("POST", "/v1/tokens", {"role": role})[0] in (400, 422)


def test_a_token_for_tcp_does_nothing_else(stack):
    from harness.admin import Admin

    token = access_token(stack, f"tcp:{MACHINE}:22")["token"]
    remote = Admin(port=stack.broker.admin_port, token=token)
    assert remote.refused("GET", "/v1/machines") == (403, "forbidden")
    assert remote.refused("POST", "/v1/machines", {"id": "mach_x"}) == (403, "forbidden")


def test_a_token_goes_with_its_machine_and_opens_no_later_one_of_that_id(stack):
    stack.admin.machine("mach_gone")
    token = access_token(stack, "tcp:mach_gone:*")
    stack.admin.ok("DELETE", "/v1/machines/mach_gone")
    stack.admin.machine("mach_gone")
    assert token["id"] not in [row["id"] for row in stack.admin.items("/v1/tokens")]
    assert connect(stack, "mach_gone:22", token=token["token"]).returncode == 4
    stack.admin.ok("DELETE", "/v1/machines/mach_gone")


def test_a_suspended_projects_tokens_connect_nowhere(stack):
    with TcpServer(lambda sock: sock.sendall(b"in")) as server:
        token = access_token(stack, f"tcp:{MACHINE}:*")["token"]
        assert connect(stack, f"{MACHINE}:{server.port}", token=token).returncode == 0
        stack.admin.set_project("misha", suspended=True)
        try:
            assert connect(stack, f"{MACHINE}:{server.port}", token=token).returncode == 4
        finally:
            stack.admin.set_project("misha", suspended=False)


@pytest.mark.parametrize("role", [f"tcp:{MACHINE}:*", "project:misha"])
def test_a_suspended_projects_tokens_keep_nothing_open(stack, role):
    token = access_token(stack, role)["token"]
    with TcpServer(echo) as server, Forwarding(stack, f"0:{MACHINE}:{server.port}", token=token) as tenants, \
            Forwarding(stack, f"0:{MACHINE}:{server.port}") as operators:
        socks = [forwarding.open() for forwarding in (tenants, operators)]
        for sock in socks:
            sock.sendall(b"x")
            assert sock.recv(1) == b"x"
        stack.admin.set_project("misha", suspended=True)
        try:
            with pytest.raises(ConnectionResetError):
                socks[0].recv(1)
            socks[1].sendall(b"y")
            assert socks[1].recv(1) == b"y"
        finally:
            stack.admin.set_project("misha", suspended=False)


def test_a_revoked_token_ends_its_connections(stack):
    made = access_token(stack, f"tcp:{MACHINE}:*")
    with TcpServer(echo) as server, Forwarding(stack, f"0:{MACHINE}:{server.port}", token=made["token"]) as forwarding:
        sock = forwarding.open()
        sock.sendall(b"x")
        assert sock.recv(1) == b"x"
        stack.admin.ok("DELETE", f"/v1/tokens/{made['id']}")
        with pytest.raises(ConnectionResetError):
            sock.recv(1)


def raw_connect(stack, target, fields=(), version="HTTP/1.1"):
    client = Client(stack.broker.admin_port)
    lines = [f"CONNECT {target} {version}", f"Host: {target}", *[f"{name}: {value}" for name, value in fields]]
    client.send("\r\n".join(lines).encode() + b"\r\n\r\n")
    return client


@pytest.mark.parametrize("name", ["Proxy-Authorization", "Authorization"])
@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/1.0"])
def test_any_client_may_connect(stack, name, version):
    with TcpServer(echo) as server:
        with raw_connect(stack, f"{MACHINE}:{server.port}", [(name, f"Bearer {stack.broker.admin_token}")], version) as client:
            client.send(b"early")
            response = client.head()
            assert response.status == 200 and response.fields == []
            assert client.reader.exactly(5) == b"early"
            client.half_close()
            assert client.closed()


def asks_whether_peer_is_there(port, peer_port):
    """The kernel's timer of a socket of this machine, by /proc/net/tcp, is that of keepalive."""
    ends = f":{port:04X}", f":{peer_port:04X}"
    with open("/proc/net/tcp", encoding="ascii") as lines:
        rows = [line.split() for line in lines]
    return any(row[5].startswith("02:") for row in rows if (row[1][8:], row[2][8:]) == ends)


def test_a_client_that_vanishes_is_not_held_for_ever(stack):
    with TcpServer(echo) as server, raw_connect(
            stack, f"{MACHINE}:{server.port}", [("Authorization", f"Bearer {stack.broker.admin_token}")]) as client:
        assert client.head().status == 200
        own = client.sock.getsockname()[1]
        wait_until(lambda: asks_whether_peer_is_there(stack.broker.admin_port, own), "the timer of keepalive")


@pytest.mark.parametrize("end", ["reset", "close"])
def test_a_client_that_leaves_while_the_server_reads_nothing(stack, end):
    """A reset ends it at both ends. What a client said that closed in order is the server's, whenever it reads."""
    let_go, got = threading.Event(), []

    def reads_late(sock):
        let_go.wait(LIMIT * 2)
        got.append(len(read_all(sock)))

    with TcpServer(reads_late) as server:
        authorization = [("Authorization", f"Bearer {stack.broker.admin_token}")]
        with raw_connect(stack, f"{MACHINE}:{server.port}", authorization) as client:
            assert client.head().status == 200
            sent = send_until_nobody_takes_more(client.sock)
            if end == "reset":
                client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if end == "reset":
            stack.broker.process.wait_event("tcp_closed", port=server.port)
            wait_until(lambda: all(not tunnel["streams"] for tunnel in stack.admin.tunnels()), "no stream to be left")
        let_go.set()
        if end == "close":
            wait_until(lambda: got == [sent], "all of it")


def send_until_nobody_takes_more(sock):
    """How many bytes were taken, until none was for a while."""
    sent, piece = 0, bytes(65536)
    sock.settimeout(1)
    try:
        while True:
            sent += sock.send(piece)
    except TimeoutError:
        return sent


def test_without_a_token_nobody_connects(stack):
    with raw_connect(stack, f"{MACHINE}:22") as client:
        response = client.response()
        assert response.status == 407 and response.get("Proxy-Authenticate") == "Bearer"
        assert client.closed()


@pytest.mark.parametrize("head", [b"CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", b"CONNECT mach_a HTTP/1.1\r\nHost: a\r\n\r\n",
                                  b"CONNECT http://mach_a:22/ HTTP/1.1\r\nHost: a\r\n\r\n",
                                  b"CONNECT mach_a:22 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab",
                                  b"CONNECT mach_a:22 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"])
def test_a_malformed_connect_is_refused(stack, head):
    with Client(stack.broker.admin_port) as client:
        client.send(head)
        assert client.response().status == 400
        assert client.closed()


def test_the_public_ports_serve_no_connect(stack):
    for tls in (False, True):
        with stack.client(tls) as client:
            client.send(f"CONNECT {MACHINE}:22 HTTP/1.1\r\nHost: {MACHINE}:22\r\n\r\n".encode())
            assert client.response().status == 405


def test_it_is_logged_who_connected_where(stack):
    with TcpServer(upper_at_end) as server:
        had = len(stack.broker.process.find("tcp_closed", port=server.port))  # another test's port may come again
        assert connect(stack, f"{MACHINE}:{server.port}", b"12345").stdout == b"12345"
        line = stack.broker.process.wait_event("tcp_closed", count=had + 1, port=server.port)
    assert (line["machine"], line["actor"], line["bytes_in"], line["bytes_out"]) == (MACHINE, "unix", "5", "5")


def test_a_machine_that_is_away_is_said(make_stack):
    stack = make_stack(start=False)
    done = connect(stack, f"{MACHINE}:22")
    assert done.returncode == 1 and b"tunnel" in done.stderr, done


def test_a_connection_outlives_an_upgrade_of_the_broker(make_stack):
    stack = make_stack(broker={"options": ["--supervise"], "grace": "60s"})
    with TcpServer(echo) as server, Forwarding(stack, f"0:{MACHINE}:{server.port}") as forwarding:
        sock = forwarding.open()
        sock.sendall(b"a")
        assert sock.recv(1) == b"a"
        stack.broker.process.signal(signal.SIGUSR2)
        stack.agent.wait_up(2)
        assert Ctl(f"unix:{stack.broker.admin_socket}").ok("machine", "list")
        sock.sendall(b"b")
        assert sock.recv(1) == b"b"
        other = forwarding.open()
        other.sendall(b"c")
        assert other.recv(1) == b"c"
        for each in (sock, other):
            each.shutdown(socket.SHUT_WR)
            assert each.recv(1) == b""


def test_a_tunnel_that_breaks_breaks_its_connections(make_stack):
    stack = make_stack()
    with TcpServer(echo) as server, Forwarding(stack, f"0:{MACHINE}:{server.port}") as forwarding:
        sock = forwarding.open()
        sock.sendall(b"a")
        assert sock.recv(1) == b"a"
        stack.agent.kill()
        with pytest.raises(ConnectionResetError):
            sock.recv(1)


def test_the_json_of_a_token_names_its_role(stack):
    made = access_token(stack, f"tcp:{MACHINE}:22")
    assert json.loads(json.dumps(made))["role"] == f"tcp:{MACHINE}:22"
