#!/usr/bin/env python3
"""./dev soak [TIME]: every kind of traffic through broker and agent, both under --supervise, while one of them, or the origin,
is killed, upgraded, reloaded, frozen or stopped every few seconds. Each exchange is right to the byte; it may break only where
a fault that breaks such things was near; each POST is executed once at most. At the end descriptors and memory are back where they
were. Exits 1 where something is wrong."""
import argparse
import collections
import os
import random
import re
import signal
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests", "integration"), os.path.dirname(os.path.abspath(__file__))]
os.environ.setdefault("INGRESS_BIN", os.path.join(ROOT, "build", "release", "bin"))

from harness.certificates import Ca  # noqa: E402
from harness.http1 import Client  # noqa: E402
from harness.stack import MACHINE, Stack  # noqa: E402
from harness.wait import wait_until  # noqa: E402
from traffic import BREAKS, KINDS, Server  # noqa: E402

NEAR = 3.0  # seconds that a fault is felt for after its end
GROWTH_KB = 24 * 1024
MORE_FILES = 8


def seconds_of(text):
    found = re.fullmatch(r"(\d+)(s|m|h)?", text)
    if not found:
        raise argparse.ArgumentTypeError(f"'{text}' is no time such as 90s, 30m or 2h")
    return int(found[1]) * {"s": 1, "m": 60, "h": 3600, None: 1}[found[2]]


def child(process):
    return int(process.find("child_started")[-1]["pid"])


def memory_kb(pid):
    """RSS; 0 of a process that has ended."""
    try:
        with open(f"/proc/{pid}/status") as file:
            found = re.search(r"VmRSS:\s+(\d+)", file.read())
    except FileNotFoundError:
        found = None
    return int(found[1]) if found else 0


def open_files(pid):
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except FileNotFoundError:
        return 0


def end(pid, sign):
    """A child that the fault before has ended already is let be."""
    try:
        os.kill(pid, sign)
    except ProcessLookupError:
        pass


class Faults:
    """(what it is, whether it may break an exchange that is under way, how it is done). What may break nothing has to break
    nothing."""

    def __init__(self, stack, server):
        self.stack, self.server, self.done = stack, server, []

    def all(self):
        broker, agent = self.stack.broker.process, self.stack.agent.process
        return [
            ("agent killed", True, lambda: end(child(agent), signal.SIGKILL)),
            ("agent upgraded", False, lambda: agent.signal(signal.SIGUSR2)),
            ("agent reloaded", False, lambda: agent.signal(signal.SIGHUP)),
            ("agent frozen", False, lambda: self.freeze(child(agent))),
            ("broker killed", True, lambda: end(child(broker), signal.SIGKILL)),
            ("broker upgraded", False, lambda: broker.signal(signal.SIGUSR2)),
            ("broker reloaded", False, lambda: broker.signal(signal.SIGHUP)),
            ("origin's connections reset", True, self.reset_origin),
            ("origin restarted", True, self.restart_origin),
        ]

    @staticmethod
    def freeze(pid):
        end(pid, signal.SIGSTOP)
        time.sleep(1)
        end(pid, signal.SIGCONT)

    def reset_origin(self):
        for connection in list(self.server.origin.connections):
            if connection.ended_at is None:
                connection.close()
        self.server.origin.connections.clear()

    def restart_origin(self):
        self.server.origin.stop_listening()
        self.reset_origin()
        time.sleep(0.5)
        self.server.origin.listen_again()

    def one(self, chance):
        name, breaks, do = chance.choice(self.all())
        began = time.monotonic()
        do()
        self.done.append((began, time.monotonic() + NEAR, name, breaks))

    def explain(self, began, ended):
        """Whether something that breaks exchanges was near."""
        return any(breaks and began <= end and start <= ended for start, end, _, breaks in self.done)


class Soak:
    def __init__(self, stack, server, faults, seed):
        self.stack, self.server, self.faults, self.seed = stack, server, faults, seed
        self.counts, self.wrong, self.lock = collections.Counter(), [], threading.Lock()
        self.over = threading.Event()

    def traffic(self, number):
        kind = KINDS[number % len(KINDS)](self.stack, self.server, self.seed * 1000 + number)
        name = type(kind).__name__
        while not self.over.is_set():
            began, outcome = time.monotonic(), "good"
            try:
                kind.exchange()
            except BREAKS as error:
                kind.drop()
                outcome = "broken"
                # A fault that is being done is known when it has been.
                self.over.wait(1.5)
                if not self.faults.explain(began, time.monotonic()):
                    self.note(f"{name}: broken without a reason after {time.monotonic() - began - 1.5:.2f} s: {error!r}")
            except AssertionError as error:
                kind.drop()
                outcome = "wrong"
                self.note(f"{name}: {error}")
            with self.lock:
                self.counts[f"{name} {outcome}"] += 1
            self.over.wait(0.01)
        kind.drop()

    def note(self, text):
        with self.lock:
            self.wrong.append(text)
        print(f"WRONG at {time.strftime('%T')}: {text}; last faults {[f[2] for f in self.faults.done[-3:]]}", flush=True)

    def run(self, length, pause):
        threads = [threading.Thread(target=self.traffic, args=(number,)) for number in range(len(KINDS))]
        for thread in threads:
            thread.start()
        chance, until, told = random.Random(self.seed), time.monotonic() + length, 0.0
        try:
            while time.monotonic() < until:
                time.sleep(chance.uniform(0.3, 2 * pause))
                self.faults.one(chance)
                if time.monotonic() - told > 30:
                    told = time.monotonic()
                    self.tell()
            time.sleep(NEAR)
        finally:
            self.over.set()
            for thread in threads:
                thread.join()

    def tell(self):
        good = sum(count for name, count in self.counts.items() if name.endswith("good"))
        pids = {role: child(process) for role, process in self.processes().items()}
        memory = ", ".join(f"{role} {memory_kb(pid) / 1024:.1f} MB, {open_files(pid)} files" for role, pid in pids.items())
        print(f"{time.strftime('%T')} {len(self.faults.done)} faults, {good} good, {sum(self.counts.values()) - good} broken; "
              f"{memory}", flush=True)

    def processes(self):
        return {"broker": self.stack.broker.process, "agent": self.stack.agent.process}

    def settle(self, before=None):
        """Until only what serves is left: one child each, two tunnels, no client, no connection that is kept for an origin."""
        for process in self.processes().values():
            wait_until(lambda process=process: self.children_of(process.pid) == {child(process)}, "old children end", 90)
        wait_until(lambda: len(self.stack.admin.tunnels(MACHINE)) == 2, "both tunnels are up", 60)
        with Client(self.stack.broker.http_port) as client:
            assert client.get(self.stack.host(self.server.port)).status == 200
        now = lambda: {role: (open_files(child(process)), memory_kb(child(process)))  # noqa: E731
                       for role, process in self.processes().items()}
        few = lambda: all(files <= before[role][0] + MORE_FILES for role, (files, _) in now().items())  # noqa: E731
        try:
            wait_until(lambda: before is None or few(), "descriptors are closed", 150)
        except AssertionError:
            pass  # judge says it
        return now()

    @staticmethod
    def children_of(pid):
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return {int(word) for word in file.read().split()}

    def judge(self, before, after):
        for role, (files, memory) in after.items():
            if files > before[role][0] + MORE_FILES:
                self.note(f"{role}: {files} files are open, {before[role][0]} were at the start")
            if memory > before[role][1] + GROWTH_KB:
                self.note(f"{role}: {memory} KB, {before[role][1]} KB at the start")
        twice = [name for name, count in self.server.posts.items() if count > 1]
        if twice:
            self.note(f"{len(twice)} POSTs came more than once")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("time", nargs="?", type=seconds_of, default="5m", help="such as 90s or 30m")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    parser.add_argument("--pause", type=float, default=2.0, help="seconds between faults, in the mean")
    parser.add_argument("--loops", default="1")
    return parser.parse_args()


def main():
    options = arguments()
    print(f"{options.time} s, seed {options.seed}, {options.loops} loops, a fault every {options.pause} s", flush=True)
    with tempfile.TemporaryDirectory(prefix="ingress-soak-") as folder:
        os.makedirs(os.path.join(folder, "ca"))
        stack = Stack(folder, Ca(os.path.join(folder, "ca")),
                      broker={"options": ["--supervise", "--loops", options.loops], "park": "15s", "grace": "40s"},
                      agent={"connections": 2, "options": ["--supervise", "--upgrade-grace-period", "40s"]})
        server = Server()
        soak = Soak(stack, server, Faults(stack, server), options.seed)
        try:
            time.sleep(2)  # the machine is on file
            before = soak.settle()
            soak.run(options.time, options.pause)
            soak.judge(before, soak.settle(before))
        finally:
            stack.stop()
            server.origin.close()
    for name, count in sorted(soak.counts.items()):
        print(f"  {name}: {count}")
    faults = collections.Counter(name for _, _, name, _ in soak.faults.done)
    print("  " + ", ".join(f"{name} {count}" for name, count in sorted(faults.items())))
    print(f"{len(soak.wrong)} wrong, {sum(soak.counts.values())} exchanges, {len(soak.faults.done)} faults")
    return 1 if soak.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
