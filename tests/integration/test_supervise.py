"""The broker under its own supervisor: sockets outlive it, and an upgrade cuts nothing."""
import contextlib
import os
import signal
import socket
import sqlite3
import ssl
import subprocess
import threading
import time

import pytest

from harness.http1 import Client, Hash
from harness.probes import Probes, by_tunnel, none_fails
from harness.process import Process, gone, program
from harness.wait import wait_until
from harness.websocket import WebSocket, echo_handler


@pytest.fixture
def supervised(make_stack):
    return make_stack(broker={"options": ["--supervise"], "park": "20s", "grace": "60s"})


def child(stack):
    """The pid of the child that was started last."""
    return int(stack.broker.process.find("child_started")[-1]["pid"])


def ws_or_ok(connection, request):
    if request.get("Upgrade"):
        return echo_handler(connection, request)
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    return True


def test_nobody_is_refused_while_a_killed_broker_comes_back(supervised, origin):
    probes = Probes(by_tunnel(supervised, origin.port))
    try:
        for round_ in range(1, 5):
            probes.wait()
            wait_until(lambda: os.path.exists(supervised.broker.db + ".recent"), "the machines are on file")
            os.kill(child(supervised), signal.SIGKILL)
            killed = time.monotonic()
            supervised.broker.process.wait_event("ready", count=round_ + 1)
            probes.wait()
            # One that was under way when the process died is lost with it; nobody who came later is.
            late = [failure for failure in probes.failures if failure[0] > killed]
            assert not late
    finally:
        failures = probes.stop()
    assert len(failures) <= 4


def test_an_upgrade_cuts_nothing(supervised, make_origin):
    size = 30_000_000
    sent, release = os.urandom(1 << 20) * (size >> 20), threading.Event()

    def handler(connection, request):
        if request.target == "/ws":
            return echo_handler(connection, request)
        if request.target == "/big":
            connection.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(sent)}\r\n\r\n".encode())
            connection.send(sent[: 1 << 20])
            release.wait(60)
            connection.send(sent[1 << 20:])
            return True
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        return True

    origin = make_origin(handler)
    host = supervised.host(origin.port)
    chat = WebSocket(supervised.client(), host)
    download = supervised.client(tls=True)
    download.request(host, "/big")
    assert download.head().status == 200
    probes = Probes(by_tunnel(supervised, origin.port))
    try:
        for round_ in range(1, 4):
            probes.wait()
            old = child(supervised)
            supervised.broker.process.signal(signal.SIGUSR2)
            supervised.broker.process.wait_event("ready", count=round_ + 1)
            assert child(supervised) != old
            chat.echo(f"round {round_}")
            supervised.admin.machine(f"mach_{round_}")
            probes.wait()
            assert not gone(old) or round_ > 1
    finally:
        failures = probes.stop()
    assert not failures, failures[:5]
    release.set()
    digest = Hash()
    while digest.size < len(sent):
        digest(download.reader.some())
    expected = Hash()
    expected(sent)
    assert digest.sha.digest() == expected.sha.digest()
    download.close()
    chat.client.close()
    ended = wait_until(lambda: len(supervised.broker.process.find("child_ended", current="no")) == 3, "the old ones end")
    assert ended
    assert [line["code"] for line in supervised.broker.process.find("child_ended")] == ["0", "0", "0"]
    # Nothing that was changed meanwhile is lost.
    assert {"mach_1", "mach_2", "mach_3"} <= {machine["id"] for machine in supervised.admin.items("/v1/machines")}


def test_websockets_of_six_generations_run_side_by_side(supervised, make_origin):
    host = supervised.host(make_origin(ws_or_ok).port)
    chats = []
    for round_ in range(1, 7):
        chats.append(WebSocket(supervised.client(), host))
        ups = len(supervised.agent.process.find("tunnel_up"))
        supervised.broker.process.signal(signal.SIGUSR2)
        supervised.broker.process.wait_event("ready", count=round_ + 1)
        supervised.agent.process.wait_event("tunnel_up", count=ups + 1)
        for chat in chats:
            chat.echo(f"round {round_}")
    assert not supervised.agent.process.find("tunnel_cut")
    for chat in chats:
        chat.client.close()


def test_an_upgrade_to_what_would_not_start_is_refused(supervised, origin):
    for name in os.listdir(supervised.broker.tls_dir):
        if name.endswith(".key"):
            os.rename(os.path.join(supervised.broker.tls_dir, name), os.path.join(supervised.folder, name))
    old = child(supervised)
    supervised.broker.process.signal(signal.SIGUSR2)
    supervised.broker.process.wait_event("upgrade_refused")
    assert child(supervised) == old and not gone(old)
    assert supervised.get(supervised.host(origin.port)).status == 200


def test_a_new_child_that_cannot_begin_changes_nothing(supervised, make_origin):
    origin = make_origin(ws_or_ok)
    chat = WebSocket(supervised.client(), supervised.host(origin.port))
    os.rename(supervised.broker.access_log, supervised.broker.access_log + ".1")
    os.mkdir(supervised.broker.access_log)
    with none_fails(supervised, origin.port) as probes:
        old = child(supervised)
        supervised.broker.process.signal(signal.SIGUSR2)
        supervised.broker.process.wait_event("upgrade_refused")
        probes.wait()
        chat.echo("still there")
        assert not gone(old) and supervised.broker.ctl.json("broker", "show")["pid"] == old
        os.rmdir(supervised.broker.access_log)
        started = len(supervised.broker.process.find("child_started"))
        supervised.broker.process.signal(signal.SIGUSR2)
        supervised.broker.process.wait_event("child_started", count=started + 1)
        wait_until(lambda: supervised.broker.ctl.json("broker", "show")["pid"] == child(supervised), "it has taken over")
        probes.wait()


def test_an_upgrade_to_what_cannot_read_the_database_is_refused(supervised, origin):
    old = child(supervised)
    with sqlite3.connect(supervised.broker.db) as database:
        version = database.execute("pragma user_version").fetchone()[0]
        database.execute(f"pragma user_version = {version + 7}")
    database.close()
    supervised.broker.process.signal(signal.SIGUSR2)
    supervised.broker.process.wait_event("upgrade_refused")
    assert supervised.get(supervised.host(origin.port)).status == 200
    assert child(supervised) != old or not gone(old)
    assert supervised.broker.ctl.json("broker", "show")["pid"] == old


def test_an_old_child_that_was_told_to_end_is_not_told_twice_by_its_parents_end(supervised, make_origin):
    chat = WebSocket(supervised.client(), supervised.host(make_origin(ws_or_ok).port))
    old = child(supervised)
    supervised.broker.process.signal(signal.SIGUSR2)
    supervised.broker.process.wait_event("ready", count=2)
    os.kill(old, signal.SIGTERM)
    supervised.broker.process.wait_event("draining")
    supervised.broker.process.signal(signal.SIGTERM)
    supervised.broker.process.wait_event("lingering")  # the new child, beside the old one
    chat.echo("still there")
    assert not gone(old)
    chat.client.close()
    assert supervised.broker.process.wait_exit() == 0


def test_sigusr2_ends_no_broker_that_nobody_would_follow(stack, origin):
    stack.broker.process.signal(signal.SIGUSR2)
    stack.broker.process.wait_event("upgrade_needs_supervise")
    assert stack.get(stack.host(origin.port)).status == 200


def test_sigterm_ends_all_of_it(supervised, origin):
    assert supervised.get(supervised.host(origin.port)).status == 200
    pid = child(supervised)
    supervised.broker.process.signal(signal.SIGTERM)
    assert supervised.broker.process.wait_exit() == 0
    assert gone(pid)
    assert not os.path.exists(supervised.broker.admin_socket)
    with pytest.raises(ConnectionRefusedError):
        Client(supervised.broker.http_port)


def test_a_child_whose_parent_is_killed_makes_way_for_the_next_broker(supervised, make_origin):
    origin = make_origin(echo_handler)
    host = supervised.host(origin.port)
    chat = WebSocket(supervised.client(), host)
    old = child(supervised)
    supervised.broker.process.kill()
    wait_until(lambda: "handing_over" in supervised.broker.process.log_text(), "the child hands over")
    supervised.broker.start()
    supervised.agent.process.wait_event("tunnel_up", count=2)
    with supervised.client() as fresh:
        WebSocket(fresh, host).echo("by the new one")
    chat.echo("by the old one, which runs dry")
    assert not gone(old)
    chat.client.close()
    wait_until(lambda: gone(old), "the old child ends with its last stream")


def test_a_child_that_is_told_to_end_makes_way_at_once_and_cuts_nothing(supervised, make_origin):
    origin = make_origin(ws_or_ok)
    host = supervised.host(origin.port)
    chat = WebSocket(supervised.client(tls=True), host)
    probes = Probes(by_tunnel(supervised, origin.port))
    try:
        for round_ in range(1, 4):
            probes.wait()
            old = child(supervised)
            os.kill(old, signal.SIGTERM)
            supervised.broker.process.wait_event("ready", count=round_ + 1)
            assert child(supervised) != old
            chat.echo(f"round {round_}")
            probes.wait()
    finally:
        failures = probes.stop()
    assert not failures, failures[:5]
    chat.client.close()
    ended = wait_until(lambda: supervised.broker.process.find("child_ended", current="no"), "the old ones end")
    assert {line["code"] for line in ended} == {"0"} and len(supervised.broker.process.find("child_leaves")) == 3


@pytest.mark.parametrize("how", ["upgraded", "told to end"])
def test_an_old_child_runs_dry_when_all_are_told_to_end_and_ends_at_once_when_told_twice(supervised, make_origin, how):
    origin = make_origin(echo_handler)
    chat = WebSocket(supervised.client(), supervised.host(origin.port))
    if how == "upgraded":
        supervised.broker.process.signal(signal.SIGUSR2)
    else:
        os.kill(child(supervised), signal.SIGTERM)
    supervised.broker.process.wait_event("ready", count=2)
    supervised.broker.process.signal(signal.SIGTERM)
    supervised.broker.process.wait_event("lingering")
    chat.echo("by the old one")
    assert supervised.broker.process.running()
    supervised.broker.process.signal(signal.SIGTERM)
    assert supervised.broker.process.wait_exit() == 0


def test_a_broker_that_is_told_to_end_beside_a_websocket_makes_way_for_the_next(make_stack, make_origin):
    """Without a supervisor, as a script restarts it: the next one is started while the old one runs dry."""
    stack = make_stack(broker={"park": "20s", "grace": "60s"})
    origin = make_origin(ws_or_ok)
    host = stack.host(origin.port)
    olds = []
    chat = WebSocket(stack.client(), host)
    for round_ in range(3):
        stack.broker.process.signal(signal.SIGTERM)
        olds.append(stack.broker.succeed())
        assert stack.get(host).status == 200
        chat.echo(f"round {round_}")
    assert olds[0].running()
    chat.client.close()
    assert olds[0].wait_exit(20) == 0


def test_what_cannot_start_ends_with_its_code(supervised, make_stack, tmp_path):
    argv = supervised.broker.argv()
    taken = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert taken.returncode == 1 and "listen_failed" in taken.stdout + taken.stderr
    argv[argv.index("--https") + 1] = "127.0.0.1:0"
    any_port = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert any_port.returncode == 78


def test_a_parent_that_ends_spares_the_admin_socket_of_the_next_broker(supervised, make_origin):
    chat = WebSocket(supervised.client(), supervised.host(make_origin(ws_or_ok).port))
    supervised.broker.process.signal(signal.SIGTERM)
    old = supervised.broker.succeed()
    chat.echo("by the old one")
    chat.client.close()
    assert old.wait_exit(20) == 0
    assert supervised.broker.ctl.json("broker", "show")["pid"] == child(supervised)


def test_a_parent_that_ends_spares_the_admin_socket_of_systemd(supervised):
    broker = supervised.broker
    broker.process.stop()
    with socket.socket(socket.AF_UNIX) as held:
        held.bind(broker.admin_socket)
        held.listen()
        for _ in range(2):
            process = Process("broker", broker.argv(), broker.folder, None, [held])
            process.wait_event("ready")
            assert broker.ctl.json("broker", "show")["pid"]
            process.stop()
            assert os.path.exists(broker.admin_socket)


def test_sockets_of_systemd_are_taken(make_stack, origin):
    """LISTEN_FDS as systemd passes them: the first connection was queued before the broker began."""
    stack = make_stack(start=False)
    stack.broker.process.stop()
    listener = socket.create_server(("127.0.0.1", stack.broker.http_port), backlog=16)
    with stack.client() as early:
        early.request(stack.host(origin.port))
        argv = stack.broker.argv() + ["--park", "30s"]
        script = f"exec 3<&{listener.fileno()}; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\""
        with subprocess.Popen(["bash", "-c", script, "bash", *argv], pass_fds=[listener.fileno()],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as broker:
            listener.close()
            assert early.response().status in (200, 503)
            broker.terminate()
            assert broker.wait(60) == 0


def wildcard(port, family):
    sock = socket.socket(family)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    sock.bind(("", port))
    sock.listen(16)
    return sock


@pytest.mark.parametrize("more", [[], ["--supervise"]])
@pytest.mark.parametrize("listeners", [["[::]"], ["0.0.0.0"], ["0.0.0.0", "[::]"], ["[::]", "0.0.0.0"]])
def test_both_families_sockets_of_systemd_are_served_for_one_listener(make_stack, more, listeners):
    stack = make_stack(start=False)
    broker = stack.broker
    broker.process.stop()
    port = broker.http_port
    broker._sockets = [wildcard(port, family) for family in (socket.AF_INET6, socket.AF_INET)]
    argv = broker.argv()
    at = argv.index("--http")
    argv[at:at + 2] = [word for host in listeners for word in ("--http", f"{host}:{port}")]
    broker.argv = lambda: argv + more
    broker.start()
    for host in ("127.0.0.1", "::1"):
        with Client(port, host) as client:
            assert client.get("unknown.example.com").status >= 400, host
    assert not broker.process.find("socket_unused")


@pytest.mark.parametrize("more", [[], ["--supervise"]])
def test_a_socket_of_systemd_that_no_listener_is_for_is_said(make_stack, more):
    stack = make_stack(start=False)
    broker = stack.broker
    broker.process.stop()
    broker.options += more
    broker.hold_sockets()
    other = socket.create_server(("127.0.0.1", 0))
    broker._sockets.append(other)
    broker.start()
    address = f"127.0.0.1:{other.getsockname()[1]}"
    assert [line["address"] for line in broker.process.find("socket_unused")] == [address]


def test_a_broker_with_sockets_of_systemd_makes_way_for_the_next_and_nobody_is_refused(make_stack, make_origin):
    stack = make_stack(broker={"park": "20s", "grace": "60s"}, start=False)
    stack.broker.process.stop()
    stack.broker.hold_sockets()
    stack.broker.start()
    stack.agent.start()
    origin = make_origin(ws_or_ok)
    chat = WebSocket(stack.client(), stack.host(origin.port))
    olds = []
    with none_fails(stack, origin.port) as probes:
        for round_ in range(3):
            probes.wait()
            stack.broker.process.signal(signal.SIGTERM)
            olds.append(stack.broker.succeed())
            probes.wait()
            chat.echo(f"round {round_}")
    chat.client.close()
    for old in olds:
        assert old.wait_exit() == 0


@pytest.mark.slow
def test_a_second_broker_does_not_open_the_same_database(stack):
    argv = stack.broker.argv()
    for flag in ("--http", "--https"):
        argv[argv.index(flag) + 1] = "127.0.0.1:0"
    for _ in range(2):
        at = argv.index("--admin")
        del argv[at:at + 2]
    second = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    assert second.returncode == 1
    assert "another broker has the database open" in second.stdout + second.stderr
    assert program("ingress-broker") == argv[0]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_clients_session_resumes_after_each_upgrade(supervised, version):
    context = supervised.ca.context()
    context.minimum_version = context.maximum_version = version
    session = visit(supervised, context)
    for round_ in range(1, 4):
        old = child(supervised)
        supervised.broker.process.signal(signal.SIGUSR2)
        supervised.broker.process.wait_event("ready", count=round_ + 1)
        wait_until(lambda: gone(old), "the old child ends")  # pylint: disable=cell-var-from-loop
        session = visit(supervised, context, session)


def visit(stack, context, session=None):
    """The session to go on with; asserts that `session` was resumed."""
    with socket.create_connection(("127.0.0.1", stack.broker.https_port)) as sock:
        with context.wrap_socket(sock, server_hostname="localhost", session=session) as tls:
            assert tls.session_reused == (session is not None)
            tls.sendall(b"GET / HTTP/1.1\r\nHost: nobody.iterate.app\r\nConnection: close\r\n\r\n")
            while tls.recv(65536):  # tickets of TLS 1.3 come with the answer
                pass
            return tls.session


def test_ticket_keys_are_in_no_argument_no_variable_and_no_file(supervised):
    pid = child(supervised)
    with open(f"/proc/{pid}/environ", "rb") as file:
        variables = dict(entry.split(b"=", 1) for entry in file.read().split(b"\0") if b"=" in entry)
    fd = int(variables[b"INGRESS_TICKET_KEYS_FD"])
    assert os.readlink(f"/proc/{pid}/fd/{fd}").startswith("/memfd:")
    with open(f"/proc/{pid}/maps") as file:
        assert [line.split()[1] for line in file if "/memfd:ingress" in line] == ["r--s"]


def test_ingressctl_upgrades_a_supervised_broker_and_says_so(supervised):
    ctl, before = supervised.broker.ctl, supervised.broker.ctl.json("broker", "show")
    assert before["supervised"] is True and before["pid"] == child(supervised)
    assert "upgraded" in ctl.ok("broker", "upgrade").out
    after = ctl.json("broker", "show")
    assert after["pid"] != before["pid"] and after["version"] == before["version"]
    supervised.broker.process.wait_event("child_ended", pid=str(before["pid"]))


def test_a_broker_without_a_supervisor_says_that_it_cannot_be_upgraded(stack):
    assert stack.broker.ctl.json("broker", "show")["supervised"] is False
    refused = stack.broker.ctl.run("broker", "upgrade")
    assert refused.code == 1 and "--supervise" in refused.err


def lines_of(path, target):
    """The access log's lines of exchanges with that target, in one file."""
    try:
        with open(path) as file:
            return [line for line in file if f'"target":"{target}"' in line]
    except FileNotFoundError:
        return []


def test_a_rotation_is_followed_by_children_that_run_dry_too(supervised, make_origin):
    broker = supervised.broker
    host = supervised.host(make_origin(ws_or_ok).port)
    chat = WebSocket(supervised.client(), host, "/of-the-old-child")
    old = child(supervised)
    broker.process.signal(signal.SIGUSR2)
    broker.process.wait_event("ready", count=2)
    rotated = broker.access_log + ".1"
    os.rename(broker.access_log, rotated)
    broker.process.signal(signal.SIGHUP)
    broker.process.wait_event("reloaded")
    wait_until(lambda: all(has_open(pid, broker.access_log) for pid in (old, child(supervised))), "both have the new file")
    assert supervised.get(host, "/of-the-new-child").status == 200
    chat.client.close()
    wait_until(lambda: lines_of(broker.access_log, "/of-the-old-child"), "the old child's line is in the new file")
    wait_until(lambda: lines_of(broker.access_log, "/of-the-new-child"), "and the new one's")
    assert not lines_of(rotated, "/of-the-old-child")
    assert len(broker.process.find("reloaded")) == 1, "settings are read by the child that serves alone"


def has_open(pid, path):
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            if os.readlink(f"/proc/{pid}/fd/{fd}") == path:
                return True
    return False


def test_a_hang_up_while_the_first_child_starts_ends_nothing(make_stack):
    stack = make_stack(start=False, broker={"options": ["--supervise"]})
    broker = stack.broker
    for _ in range(5):
        broker.process.stop()
        broker.process = Process("broker", broker.argv(), broker.folder)
        broker._past.append(broker.process)
        broker.process.wait_event("child_started")
        broker.process.signal(signal.SIGHUP)  # before the program takes it: by itself it ends a process
        broker.process.wait_event("ready")
        assert not broker.process.find("child_ended")
