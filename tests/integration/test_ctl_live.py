"""ingressctl's commands that go on: tail, top, changes --follow."""
import json
import os
import pty
import re
import subprocess
import threading
import time

import pytest

from harness.ctl import Ctl
from harness.http1 import Client
from harness.origin import answer
from harness.process import environment, program
from harness.wait import wait_until


def get_until(stack, host, target, done):
    """Asks again and again: the listener may not listen yet."""
    def asked():
        stack.get(host, target)
        return done()

    return wait_until(asked, f"{target} to be told")


def test_tail_shows_a_line_an_exchange_until_it_is_interrupted(shared, origin):
    host = shared.host(origin.port)
    with shared.ctl.start("tail", "--host", host) as tail:
        get_until(shared, host, "/a?b", lambda: tail.lines)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\S+Z 127\.0\.0\.1 GET " + re.escape(host) +
                            r"/a\?b 200 2B \d+\.\dms mach_a:" + str(origin.port), tail.lines[0]), tail.lines
        assert tail.interrupt() == 0 and tail.errors == []


def test_tail_filters_and_prints_json_lines(shared, make_origin):
    origin = make_origin(lambda connection, request: connection.send(answer(b"", f"{request.target[1:4]} X")))
    host = f"{origin.port}__misha.iterate.app"
    words = ["--status", "5xx", "--machine", "mach_a", "--project", "misha", "--method", "GET", "--host", host]
    with shared.ctl.start("tail", "--json", *words) as tail:
        def once():
            shared.get(host, "/404")
            shared.get(host, "/500", method="POST", body=b"")
            shared.get(host, "/503")
            return tail.lines

        wait_until(once, "a line")
        line = json.loads(tail.lines[0])
        assert (line["event"], line["status"], line["target"], line["method"]) == ("exchange", 503, "/503", "GET")
        assert tail.interrupt() == 0
    assert {json.loads(line)["status"] for line in tail.lines} == {503}


def test_tail_ends_with_1_and_a_sentence_where_the_broker_goes_away(make_stack):
    for end in ("stop", "kill"):
        stack = make_stack(start=False)
        with stack.ctl.start("tail") as tail:
            get_until(stack, "misha.iterate.app", "/", lambda: tail.lines)
            getattr(stack.broker.process, end)()
            assert tail.wait() == 1
        assert len(tail.errors) == 1 and tail.errors[0].startswith("ingressctl: "), tail.errors


EVENT_STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(text):
    return f"{len(text):x}\r\n{text}\r\n".encode()


def quiet(connection, _):
    """For a minute three bytes every 15 s, and then something."""
    connection.send(EVENT_STREAM)
    for _ in range(4):
        time.sleep(15)
        connection.send(chunk(":\n\n"))
    connection.send(chunk('event: exchange\ndata: {"status": 200}\n\n'))


def hanging(connection, _):
    connection.send(EVENT_STREAM + chunk(":\n\n"))


def mute(*_):
    """Not even a head."""


@pytest.mark.slow
def test_a_stream_that_has_comments_alone_is_followed_on_and_one_without_ends(make_origin):
    def follow(handler):
        return Ctl(f"127.0.0.1:{make_origin(handler).port}", env={"INGRESS_TOKEN": "x"}).start("tail", "--json")

    with follow(quiet) as followed, follow(hanging) as hangs, follow(mute) as says_nothing:
        wait_until(lambda: followed.lines or followed.process.poll() is not None, "the event behind the comments", 90)
        assert [json.loads(line) for line in followed.lines] == [{"event": "exchange", "status": 200}], followed.errors
        assert followed.interrupt() == 0 and followed.errors == []
        for ended in (hangs, says_nothing):
            assert ended.wait() == 1 and ended.lines == []
            [told] = ended.errors
            assert json.loads(told)["code"] == "admin_no_answer" and "it was silent for 45 s" in told


@pytest.mark.slow
def test_a_quiet_stream_says_enough_for_an_ingressctl_of_before(shared):
    """That one's libcurl takes less than a byte a second, over five of them and rounded down, for nothing."""
    with Client(path=shared.broker.admin_socket) as client:
        client.request("admin.localhost", "/v1/exchanges?host=nobody.example.com")
        client.final_head()
        for _ in range(2):  # the first one says that it listens
            size = int(client.reader.until(b"\r\n"), 16)
            comment = client.reader.exactly(size + 2)
        assert comment.startswith(b":") and comment.endswith(b"\n\n\r\n") and size >= 16, comment


@pytest.mark.parametrize("words, code, told", [
    (["tail", "--status", "nope"], 1, "status"), (["tail", "--nope"], 2, "unknown flag"), (["top", "--interval", "x"], 2, "--interval"),
    (["top", "--interval", "1ms"], 2, "100ms"), (["changes", "--follow", "--limit", "3"], 2, "--limit"),
])
def test_what_cannot_be_shown_is_refused_in_a_sentence(shared, words, code, told):
    done = shared.ctl.run(*words)
    assert done.code == code and told in done.err and done.out == "", done


@pytest.mark.parametrize("words", [["tail"], ["top"], ["changes", "--follow"], ["machine", "events", "m", "--follow"]])
def test_without_the_token_or_a_broker_there_is_nothing_to_follow(shared, words):
    done = Ctl(f"127.0.0.1:{shared.broker.admin_port}").run(*words)
    assert done.code == 4 and "not authorised" in done.err, done
    done = Ctl("unix:/nonexistent.sock").run(*words)
    assert done.code == 1 and "is the broker running" in done.err, done


def test_over_tcp_with_the_token_it_goes_on_too(shared, origin):
    ctl = Ctl(f"127.0.0.1:{shared.broker.admin_port}", env={"INGRESS_TOKEN": shared.broker.admin_token})
    host = shared.host(origin.port)
    with ctl.start("tail", "--host", host) as tail:
        get_until(shared, host, "/tcp", lambda: tail.lines)
        assert tail.interrupt() == 0


class Load:
    """Requests, one after the other, as long as it is open."""

    def __init__(self, stack, host):
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(stack, host))

    def _run(self, stack, host):
        with stack.client() as client:
            while not self.over.is_set():
                client.get(host, "/load")

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def test_top_shows_the_rates_of_a_machine(make_stack, make_origin):
    stack = make_stack()
    origin = make_origin(lambda connection, request: connection.send(answer(b"x" * 1000)))
    host = stack.host(origin.port)
    stack.get(host)
    with Load(stack, host):
        table = stack.ctl.ok("top", "--once", "--interval", "500ms").out.splitlines()
        shown = stack.ctl.ok("top", "--once", "--interval", "500ms", "--json").json
    assert table[0].split() == "MACHINE REQ/S ERR/S IN B/S OUT B/S OPEN P50 MS P99 MS".split()
    assert table[1].split()[0] == "mach_a" and len(table) == 2
    row = shown["machines"][0]
    assert row["machine"] == "mach_a" and row["requestsPerSecond"] > 0 and row["errorsPerSecond"] == 0
    assert row["bytesOutPerSecond"] == pytest.approx(row["requestsPerSecond"] * 1000, abs=2000 / shown["seconds"])
    assert 0 < row["p50Ms"] <= row["p99Ms"] and shown["seconds"] > 0.4


def test_top_goes_on_until_it_is_interrupted(shared):
    with shared.ctl.start("top", "--interval", "100ms", "--json") as top:
        wait_until(lambda: len(top.lines) >= 3, "three tables")
        assert top.interrupt() == 0 and top.errors == []
    for line in top.lines:
        assert set(json.loads(line)) == {"seconds", "machines"}


def test_top_redraws_on_a_terminal(shared):
    master, slave = pty.openpty()
    process = subprocess.Popen([program("ingressctl"), "--admin", f"unix:{shared.broker.admin_socket}", "top", "--interval", "100ms"],
                               stdin=slave, stdout=slave, stderr=slave, env=environment(), start_new_session=True)
    os.close(slave)
    shown = b""
    while shown.count(b"\033[H\033[J") < 2:
        shown += os.read(master, 4096)
    assert b"MACHINE" in shown
    process.terminate()
    assert process.wait(30) == 0
    os.close(master)


@pytest.mark.parametrize("where", [">/dev/full", ">&-"])
@pytest.mark.parametrize("words", [["tail"], ["tail", "--json"], ["changes", "--follow"], ["changes", "--follow", "--json"],
                                   ["machine", "events", "mach_a", "--follow"], ["machine", "events", "mach_a", "--follow", "--json"],
                                   ["top", "--interval", "100ms"], ["top", "--interval", "100ms", "--json"]])
def test_what_goes_on_ends_with_1_where_it_cannot_be_written(shared, origin, words, where):
    argv = ["sh", "-c", f'exec "$@" {where}', "sh", program("ingressctl"), "--admin", f"unix:{shared.broker.admin_socket}", *words]
    process = subprocess.Popen(argv, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, env=environment())
    try:
        get_until(shared, shared.host(origin.port), "/full", lambda: process.poll() is not None)
        told = '{"error":"cannot write the result"}' if "--json" in words else "ingressctl: cannot write the result"
        assert process.returncode == 1 and process.stderr.read() == told + "\n"
    finally:
        process.kill()
        process.communicate()


def test_the_events_of_a_machine_are_followed(make_stack):
    stack = make_stack(start=False)
    stack.admin.machine("mach_new")
    with stack.ctl.start("machine", "events", "mach_new", "--follow") as everything:
        stack.admin.attach("mach_new", "misha")
        everything.wait_line(lambda line: " attached " in line)
        [*_, last] = stack.ctl.json("machine", "events", "mach_new")
        with stack.ctl.start("machine", "events", "mach_new", "--since", last["id"], "--follow", "--json") as later:
            stack.admin.detach("misha")
            everything.wait_line(lambda line: " detached " in line)
            assert json.loads(later.wait_line(lambda line: True))["type"] == "detached"
            assert everything.interrupt() == later.interrupt() == 0
    assert len(later.lines) == 1


def test_changes_are_followed_from_a_revision(make_stack):
    stack = make_stack(start=False)
    last = stack.ctl.json("changes")[-1]["revision"]
    with stack.ctl.start("changes", "--follow") as everything, \
            stack.ctl.start("changes", "--follow", "--since", last, "--json") as later:
        everything.wait_line(lambda line: line.startswith(f"{last} "))
        stack.admin.machine("mach_new")
        line = everything.wait_line(lambda line: "mach_new" in line)
        assert line.split()[2:] == ["unix", "machine.create", "mach_new"]
        assert json.loads(later.wait_line(lambda line: True))["subject"] == "mach_new"
        assert everything.interrupt() == later.interrupt() == 0
    assert len(later.lines) == 1 and [line.split()[0] for line in everything.lines] == [str(each) for each in range(1, last + 2)]
