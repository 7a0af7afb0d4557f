"""A program under test: its log, its waits, and what must hold when it ends."""
import json
import os
import signal
import socket
import subprocess

from harness.wait import LIMIT, wait_until

BIN = os.environ.get("INGRESS_BIN") or os.path.abspath(
    os.path.join(os.path.dirname(__file__), "..", "..", "..", "build", "release", "bin"))
SANITIZER_WORDS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "WARNING: ThreadSanitizer", "runtime error:",
                   "Assertion `", "terminate called")


def program(name):
    path = os.path.join(BIN, name)
    assert os.path.exists(path), f"{path} is not built"
    return path


def gone(pid):
    """A process that has ended, and that its parent knows of."""
    return not os.path.exists(f"/proc/{pid}")


def under_sanitizer():
    """A sanitizer keeps what is freed, and its memory is not the program's."""
    return "asan" in BIN or "tsan" in BIN


def environment(extra=None):
    """This process's environment less what would change a program's way: proxies and settings by variable."""
    kept = {name: value for name, value in os.environ.items()
            if not name.lower().endswith("_proxy") and not name.startswith("INGRESS_")}
    return {**kept, **(extra or {})}


def with_sockets(argv, sockets):
    """The command by which a program gets listening sockets as systemd passes them (LISTEN_FDS): from 3 on."""
    spare = 200  # above what a socket has here
    first = " ".join(f"{spare + number}<&{sock.fileno()}" for number, sock in enumerate(sockets))
    then = " ".join(f"{3 + number}<&{spare + number} {spare + number}<&-" for number in range(len(sockets)))
    return ["bash", "-c", f'exec {first}; exec {then}; LISTEN_PID=$$ LISTEN_FDS={len(sockets)} exec "$@"', "bash", *argv]


class Process:
    """Started at once, with listening sockets where there are some; stderr and stdout go to a file in `folder`. stop()
    asserts a clean end. It ends with the thread that started it (setpriv becomes the program: same pid)."""

    def __init__(self, name, argv, folder, env=None, sockets=()):
        self.name, self.ending = name, False
        self.log_path = os.path.join(folder, f"{name}.log")
        self._read, self._rest, self._events = 0, b"", []
        if os.path.exists(self.log_path):
            self._read = os.path.getsize(self.log_path)
        argv = with_sockets(argv, sockets) if sockets else argv
        with open(self.log_path, "ab") as log:
            self.popen = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", "--", *argv], stdout=log, stderr=log,
                                          stdin=subprocess.DEVNULL, cwd=folder, env=environment(env),
                                          pass_fds=[sock.fileno() for sock in sockets], start_new_session=True)

    @property
    def pid(self):
        return self.popen.pid

    def running(self):
        return self.popen.poll() is None

    def events(self):
        """Every JSON log line of this run so far."""
        with open(self.log_path, "rb") as log:
            log.seek(self._read)
            data = log.read()
        self._read += len(data)
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            if line.startswith(b"{"):
                self._events.append(json.loads(line))
        return self._events

    def log_text(self):
        with open(self.log_path, errors="replace") as log:
            return log.read()

    def tail(self):
        return f"--- {self.name} ({'running' if self.running() else self.popen.returncode}):\n{self.log_text()[-4000:]}"

    def find(self, event, **fields):
        return [line for line in self.events() if line["event"] == event
                and all(line.get(name) == str(value) for name, value in fields.items())]

    def wait_event(self, event, count=1, seconds=LIMIT, **fields):
        """The count-th such line of this run."""
        def found():
            running = self.running()  # first: what is written before an end is found after it
            lines = self.find(event, **fields)
            assert len(lines) >= count or running, f"{self.name} ended\n{self.tail()}"
            return len(lines) >= count and lines

        return wait_until(found, f"{self.name}: {count} × {event} {fields}", seconds, self.tail)[count - 1]

    def signal(self, number):
        self.ending = self.ending or number in (signal.SIGTERM, signal.SIGINT)
        self.popen.send_signal(number)

    def wait_exit(self, seconds=LIMIT):
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} does not end\n{self.tail()}") from None

    def kill(self):
        self.popen.kill()
        self.popen.wait()

    def kill_group(self):
        """With all that it started and that made no session of its own (`next dev` has a server beside it)."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # all of them have ended
        self.popen.wait()

    def stop(self):
        """SIGTERM, and a clean end."""
        if not self.ending:
            self.signal(signal.SIGTERM)
        self.wait_exit()
        assert self.popen.returncode in (0, -signal.SIGKILL), f"exit code {self.popen.returncode}\n{self.tail()}"
        self.assert_sane()

    def assert_sane(self):
        text = self.log_text()
        for word in SANITIZER_WORDS:
            assert word not in text, f"{self.name}: {word}\n{text[-12000:]}"

    def rss_kb(self):
        return self._status("VmRSS")

    def anonymous_kb(self):
        """What the program has written itself: heap and stacks, no pages of its code or the libraries'."""
        return self._status("RssAnon")

    def peak_kb(self):
        return self._status("VmHWM")

    def reset_peak(self):
        with open(f"/proc/{self.pid}/clear_refs", "w") as file:
            file.write("5")

    def _status(self, key):
        with open(f"/proc/{self.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith(key + ":"))

    def open_files(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))


def wait_listening(process, port):
    """On 127.0.0.1 or on [::1]."""
    def accepts():
        assert process.running(), process.tail()
        for host in ("127.0.0.1", "::1"):
            try:
                socket.create_connection((host, port), 1).close()
                return True
            except OSError:
                pass
        return False

    wait_until(accepts, f"{process.name} listens on {port}", detail=process.tail)
