#!/usr/bin/env python3
"""./dev faults: a probe every 20 ms, without retries and with a time-out of 2 s, while one of the programs is killed,
stopped, restarted, upgraded or frozen. Prints how many probes failed in each case, and how long the slowest waited."""
import argparse
import os
import signal
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "integration"))
os.environ.setdefault("INGRESS_BIN", os.path.join(ROOT, "build", "release", "bin"))

from harness.certificates import Ca  # noqa: E402
from harness.http1 import Client  # noqa: E402
from harness.origin import OK, Origin  # noqa: E402
from harness.stack import Stack  # noqa: E402
from harness.websocket import WebSocket, echo_handler  # noqa: E402

INTERVAL, TIMEOUT, BEFORE, AFTER = 0.02, 2.0, 2.0, 10.0


class Probes:
    """Each on a connection of its own, in a thread of its own."""

    def __init__(self, stack, host):
        self.stack, self.host, self.results, self.lock = stack, host, [], threading.Lock()

    def one(self):
        began, failure = time.monotonic(), None
        try:
            client = Client(self.stack.broker.http_port)
            client.sock.settimeout(TIMEOUT)
            with client:
                status = client.get(self.host).status
            failure = None if status == 200 else str(status)
        except Exception as error:  # pylint: disable=broad-except
            failure = type(error).__name__
        with self.lock:
            self.results.append((time.monotonic() - began, failure))

    def run(self, fault):
        """The fault runs in this thread: what it starts ends with the thread that started it."""
        prober = threading.Thread(target=self._probe)
        prober.start()
        time.sleep(BEFORE)
        fault()
        prober.join()
        return self.results

    def _probe(self):
        threads, begun = [], time.monotonic()
        while time.monotonic() - begun < BEFORE + AFTER:
            threads.append(threading.Thread(target=self.one))
            threads[-1].start()
            time.sleep(max(0.0, begun + len(threads) * INTERVAL - time.monotonic()))
        for thread in threads:
            thread.join()


def child(stack):
    return int(stack.broker.process.find("child_started")[-1]["pid"])


def agent_killed(stack):
    stack.agent.kill()
    time.sleep(1)
    stack.agent.start(wait=False)


def broker_killed(stack):
    os.kill(child(stack), signal.SIGKILL)


def broker_stopped(stack):
    os.kill(child(stack), signal.SIGTERM)


def broker_upgraded(stack):
    stack.broker.process.signal(signal.SIGUSR2)


def agent_restarted(stack):
    stack.agent.restart()


def agent_stopped(stack):
    os.kill(int(stack.agent.process.find("child_started")[-1]["pid"]), signal.SIGTERM)


def agent_upgraded(stack):
    stack.agent.process.signal(signal.SIGUSR2)


def agent_frozen(stack):
    stack.agent.process.signal(signal.SIGSTOP)
    time.sleep(5)
    stack.agent.process.signal(signal.SIGCONT)


# Beside an open WebSocket, which has to outlive them.
BESIDE_A_WEBSOCKET = (broker_stopped, broker_upgraded, agent_stopped, agent_upgraded)
FAULTS = [
    ("none", lambda stack: None),
    ("agent killed -9, back after 1 s", agent_killed),
    ("agent SIGTERM and restart", agent_restarted),
    ("agent's child SIGTERM, started again by --supervise", agent_stopped),
    ("agent upgraded (SIGUSR2 to --supervise)", agent_upgraded),
    ("broker killed -9 (under --supervise)", broker_killed),
    ("broker's child SIGTERM, started again by --supervise", broker_stopped),
    ("broker upgraded (SIGUSR2 to --supervise)", broker_upgraded),
    ("agent frozen for 5 s", agent_frozen),
]


def answer(connection, request):
    if request.get("Upgrade"):
        return echo_handler(connection, request)
    return connection.send(OK)


def measure(name, fault, folder, ca):
    """In a folder of its own."""
    agent = {"connections": 2, "grace": "30s", "options": ["--supervise"] if fault in (agent_stopped, agent_upgraded) else []}
    stack = Stack(folder, ca, broker={"options": ["--supervise"], "park": "10s", "grace": "30s"}, agent=agent)
    try:
        with Origin(answer) as origin:
            time.sleep(1.5)  # the machine is on file
            host = stack.host(origin.port)
            chat = WebSocket(stack.client(), host) if fault in BESIDE_A_WEBSOCKET else None
            results = Probes(stack, host).run(lambda: fault(stack))
            if chat is not None:
                chat.echo("still here")
                chat.client.close()
    finally:
        stack.stop()
    failed = [failure for _, failure in results if failure]
    kinds = ", ".join(f"{failed.count(kind)} {kind}" for kind in sorted(set(failed)))
    print(f"| {name} | {len(results)} | {len(failed)} | {max(took for took, _ in results):.2f} s | {kinds} |", flush=True)


def chosen_fault():
    """What the names of the faults to run have in common: all of them where nothing is said."""
    parser = argparse.ArgumentParser(prog="./dev faults", description=__doc__)
    parser.add_argument("name", nargs="?", default="", help="run those with this in their names: "
                        + "; ".join(name for name, _ in FAULTS))
    chosen = parser.parse_args().name
    if not any(chosen in name for name, _ in FAULTS):
        parser.error(f'no fault has "{chosen}" in its name')
    return chosen


def main():
    chosen = chosen_fault()
    print(f"load average {os.getloadavg()[0]:.1f}\n")
    print("| fault | probes | failed | slowest | how |\n|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory(prefix="ingress-faults-") as folder:
        ca_folder = os.path.join(folder, "ca")
        os.makedirs(ca_folder)
        ca = Ca(ca_folder)
        for number, (name, fault) in enumerate(FAULTS):
            if chosen in name:
                own = os.path.join(folder, str(number))
                os.makedirs(own)
                measure(name, fault, own, ca)


if __name__ == "__main__":
    main()
