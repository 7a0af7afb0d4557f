"""What systemd is told (sd_notify): that the program goes on (the watchdog), and how long it may take to stop."""
import os
import signal
import socket
import struct

import pytest

from harness.wait import wait_until

CREDENTIALS = struct.Struct("3i")


class NotifySocket:
    """Stands in for systemd: who said what."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "notify")
        self.said = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket.bind(self.path)
        self._socket.setblocking(False)

    def environment(self, watchdog_ms):
        return {"NOTIFY_SOCKET": self.path, "WATCHDOG_USEC": str(watchdog_ms * 1000), "WATCHDOG_PID": "1"}

    def heard(self):
        """(pid, message) of all that came so far."""
        while True:
            try:
                message, ancillary, _, _ = self._socket.recvmsg(4096, socket.CMSG_SPACE(CREDENTIALS.size))
            except BlockingIOError:
                return self.said
            self.said.append((CREDENTIALS.unpack(ancillary[0][2])[0], message.decode()))

    def alive(self):
        """Who said that he goes on."""
        return [pid for pid, message in self.heard() if message == "WATCHDOG=1"]

    def wait_alive(self, pid=None, count=3):
        before = len(self.alive())
        return wait_until(lambda: len([one for one in self.alive()[before:] if pid in (None, one)]) >= count,
                          f"{pid} says that it goes on")

    def close(self):
        self._socket.close()


@pytest.fixture
def notify(tmp_path):
    heard = NotifySocket(str(tmp_path))
    yield heard
    heard.close()


def child(process):
    return int(process.find("child_started")[-1]["pid"])


def test_both_programs_say_that_they_go_on(make_stack, notify):
    stack = make_stack(broker={"env": notify.environment(200), "options": ["--loops", "3"]},
                       agent={"env": notify.environment(200)})
    notify.wait_alive(stack.broker.process.pid)
    notify.wait_alive(stack.agent.process.pid)


def test_one_that_stands_still_says_nothing(make_stack, notify):
    stack = make_stack(broker={"env": notify.environment(200)})
    notify.wait_alive(stack.broker.process.pid)
    stack.broker.process.signal(signal.SIGSTOP)
    state = f"/proc/{stack.broker.process.pid}/stat"
    wait_until(lambda: open(state).read().rsplit(")", 1)[1].split()[0] == "T", "it has stopped")
    notify.heard().clear()
    # As long as it takes another program to say it three times.
    with NotifyingAgent(stack, notify) as agent:
        notify.wait_alive(agent.process.pid)
    assert stack.broker.process.pid not in notify.alive()
    stack.broker.process.signal(signal.SIGCONT)
    notify.wait_alive(stack.broker.process.pid)


class NotifyingAgent:
    """An agent that is not the stack's own, watched too; it needs no broker."""

    def __init__(self, stack, notify):
        self._agent = stack.another_agent("mach_a", stack.token, name="watched", env=notify.environment(200))

    def __enter__(self):
        return self._agent.start(wait=False)

    def __exit__(self, *_):
        self._agent.stop()


def test_after_an_upgrade_the_new_process_speaks_and_the_old_one_does_not(make_stack, notify, make_origin):
    stack = make_stack(broker={"env": notify.environment(200), "options": ["--supervise"], "grace": "60s"})
    process = stack.broker.process
    origin = make_origin(lambda connection, request: True)
    with stack.client() as waiting:
        waiting.request(stack.host(origin.port))  # never answered: the old child stays
        old = child(process)
        notify.wait_alive(old)
        process.signal(signal.SIGUSR2)
        process.wait_event("ready", count=2)
        notify.wait_alive(child(process))
        notify.heard().clear()
        notify.wait_alive(child(process), count=5)
        assert os.path.exists(f"/proc/{old}") and old not in notify.alive()
        waiting.reset()


@pytest.mark.parametrize("which", ["broker", "agent"])
def test_systemd_waits_as_long_as_the_drain_may_take(make_stack, notify, which):
    env = notify.environment(60000)
    stack = make_stack(broker={"env": env, "grace": "7m"}, agent={"env": env, "options": ["--grace-period", "7m"]})
    process = getattr(stack, which).process
    process.signal(signal.SIGTERM)
    assert process.wait_exit() == 0
    messages = [message for pid, message in notify.heard() if pid == process.pid and "STOPPING=1" in message]
    extended = int(messages[0].split("EXTEND_TIMEOUT_USEC=")[1].split()[0])
    assert 7 * 60 * 1_000_000 < extended <= 8 * 60 * 1_000_000


def test_the_parent_says_that_the_service_stops_and_a_child_that_is_told_to_end_does_not(make_stack, notify):
    stack = make_stack(broker={"env": notify.environment(60000), "options": ["--supervise"], "grace": "7m"})
    process = stack.broker.process
    os.kill(child(process), signal.SIGTERM)
    process.wait_event("ready", count=2)
    assert not [message for _, message in notify.heard() if "STOPPING=1" in message]
    process.signal(signal.SIGTERM)
    assert process.wait_exit() == 0
    assert [pid for pid, message in notify.heard() if "STOPPING=1" in message] == [process.pid]
    assert [pid for pid, message in notify.heard() if "EXTEND_TIMEOUT_USEC" in message and pid != process.pid]
