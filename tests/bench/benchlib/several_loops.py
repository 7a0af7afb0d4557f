"""One loop against two: what a request costs the broker, how machines and streams are split, and how many cross."""
import json
import os
import re
import statistics
import subprocess
import time

from benchlib.load import _seconds
from benchlib.targets import DOMAIN

MACHINES, CONNECTIONS = 16, 64
SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "several_loops.lua")


class Broker:
    """With so many loops, and MACHINES machines."""

    def __init__(self, bench, loops):
        self.bench, self.loops, self.name = bench, loops, f"loops{loops}"
        tls = bench.certificate()
        os.environ["INGRESS_LOOPS"] = str(loops)
        self.process, http, https = bench.start_broker(tls, self.name, f"{self.name}.db")
        del os.environ["INGRESS_LOOPS"]
        self.url = f"http://127.0.0.1:{http}"
        self.agents = [self._agent(number, https, tls) for number in range(MACHINES)]
        for agent in self.agents:
            agent.wait_log("tunnel_up")

    def _agent(self, number, https, tls):
        machine = f"mach_{number}"
        self.bench.ctl("machine", "create", machine, "--port", str(self.bench.origin_port), broker=self.name)
        token = os.path.join(self.bench.folder, f"{self.name}-{machine}.token")
        with open(token, "w") as file:
            file.write(self.bench.ctl("machine", "token", "create", machine, broker=self.name))
        return self.bench.start(
            [self.bench.program("ingress-agent"), "run", "--broker", f"https://localhost:{https}", "--machine", machine,
             "--token-file", token, "--ca-file", f"{tls}/bench.crt", "--listen", "off"], f"{self.name}-{machine}")

    def counts(self):
        return json.loads(self.bench.ctl("--json", "loop", "list", broker=self.name))

    def load(self, seconds):
        """Every machine has a thread of wrk, and so its own share of the connections."""
        before, began = self.process.cpu_ns(), self.counts()
        argv = ["wrk", f"-t{MACHINES}", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", SCRIPT,
                self.url + "/small", "--", DOMAIN]
        out = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
        if "Non-2xx" in out:
            raise RuntimeError(f"wrong answers with {self.loops} loops:\n{out}")
        time.sleep(0.05)
        count, span = re.search(r"(\d+) requests in ([\d.]+\w+),", out).groups()
        streams = [now["streams"] - then["streams"] for now, then in zip(self.counts(), began)]
        crossing = sum(now["crossingStreams"] - then["crossingStreams"] for now, then in zip(self.counts(), began))
        return {
            "rate": int(count) / _seconds(span),
            "p50": _seconds(re.search(r"50%\s+(\S+)", out).group(1)),
            "cpu_us": (self.process.cpu_ns() - before) / 1000 / int(count),
            "largest_share": max(streams) / sum(streams),
            "crossing": crossing / sum(streams),
        }


def several_loops(bench, rounds, seconds):
    brokers = [Broker(bench, loops) for loops in (1, 2)]
    runs = {broker: [] for broker in brokers}
    for _ in range(rounds):
        for broker in brokers:
            runs[broker].append(broker.load(seconds))
    figures = {}
    print(f"\n### {MACHINES} machines, {CONNECTIONS} connections, 12 B\n")
    print("| loops | requests/s | p50 | broker CPU µs/request | ÷ one loop | machines | most streams on one | crossing |")
    print("|---|---|---|---|---|---|---|---|")
    for broker in brokers:
        found = {key: statistics.median(run[key] for run in runs[broker]) for key in runs[broker][0]}
        found["machines"] = [loop["machines"] for loop in broker.counts()]
        figures[broker.loops] = found
        print(f"| {broker.loops} | {found['rate']:.0f} | {found['p50'] * 1e6:.0f} µs | {found['cpu_us']:.2f} "
              f"| {found['cpu_us'] / figures[1]['cpu_us']:.2f} | {':'.join(map(str, found['machines']))} "
              f"| {found['largest_share'] * 100:.0f} % | {found['crossing'] * 100:.2f} % |")
    return figures
