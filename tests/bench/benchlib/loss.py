"""Bulk over a link of 50 ms round trip and 1 % loss each way between agent and broker, with one tunnel and with four,
against plain TCP over the same link. The link is bin/lossy_link, between two network namespaces: root only."""
import os
import re
import statistics
import subprocess

from benchlib.processes import wait_until
from benchlib.targets import DOMAIN, MACHINE

DELAY_MS, LOSS_PERCENT, MEGABITS = 25, 1, 200
NEAR, FAR = "10.199.0.1", "10.199.0.2"
PORTS = {"origin": 8001, "http": 8002, "https": 8003}  # in namespaces that nobody else has
BIG = "/100m"
TUNNELS, DOWNLOADS = (1, 4), (1, 4)
UNITS = {"B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3}
SECONDS = 10


def why_not():
    if os.geteuid() != 0:
        return "it needs root"
    return "" if os.path.exists("/dev/net/tun") else "it needs /dev/net/tun"


def loss(bench, rounds):
    if why_not():
        print(f"\n### loss: left out, {why_not()}")
        return None
    link = Link(bench)
    try:
        return link.measure(rounds)
    finally:
        link.remove()


class Link:
    def __init__(self, bench):
        self.bench = bench
        self.spaces = [f"bench-{side}-{os.getpid()}" for side in ("near", "far")]
        self.near, self.far = (("ip", "netns", "exec", space) for space in self.spaces)
        self.agents = 0

    def measure(self, rounds):
        self.set_up()
        figures = {}
        print(f"\n### bulk over {2 * DELAY_MS} ms and {LOSS_PERCENT} % loss each way, {MEGABITS} Mbit/s: MB/s (÷ plain TCP, "
              "as many downloads)\n\n| congestion control | way | 1 download | 4 downloads |\n|---|---|---|---|", flush=True)
        for control in _controls():
            for side in (self.near, self.far):
                _run(*side, "sysctl", "-qw", f"net.ipv4.tcp_congestion_control={control}")
            runs = [self._round() for _ in range(rounds)]
            figures[control] = {way: {n: statistics.median(run[way][n] for run in runs) for n in DOWNLOADS} for way in runs[0]}
            for way, rates in figures[control].items():
                cells = " | ".join(f"{rates[n] / 1e6:.2f} ({rates[n] / figures[control]['plain TCP'][n]:.2f})" for n in DOWNLOADS)
                print(f"| {control} | {way} | {cells} |", flush=True)
        return figures

    def set_up(self):
        for space in self.spaces:
            _run("ip", "netns", "add", space)
            _run("ip", "-n", space, "link", "set", "lo", "up")
        link = self.bench.start([self.bench.program("lossy_link"), *self.spaces, str(DELAY_MS), str(LOSS_PERCENT),
                                 str(MEGABITS)], "lossy-link")
        link.wait_log("link ready")
        for space, own, other in zip(self.spaces, (NEAR, FAR), (FAR, NEAR)):
            _run("ip", "-n", space, "addr", "add", own, "peer", other, "dev", "bench0")
            _run("ip", "-n", space, "link", "set", "bench0", "up")
        self.bench.make_file(BIG, 100_000_000)
        self.bench.nginx("nginx_origin.conf", "far-origin", prefix=self.far, ORIGIN=f"0.0.0.0:{PORTS['origin']}")
        self.tls = self.bench.certificate("far-tls", f"IP:{NEAR}")
        self.bench.start_broker(self.tls, "far-broker", "far.db", (PORTS["http"], PORTS["https"]), address=NEAR, prefix=self.near)

    def _round(self):
        rates = {"plain TCP": {n: self._load(f"http://{FAR}:{PORTS['origin']}{BIG}", "localhost", n) for n in DOWNLOADS}}
        for tunnels in TUNNELS:
            agent = self._start_agent(tunnels)
            rates[f"--connections {tunnels}"] = {
                n: self._load(f"http://{NEAR}:{PORTS['http']}{BIG}", f"{PORTS['origin']}__{MACHINE}.machines.{DOMAIN}", n)
                for n in DOWNLOADS}
            agent.stop()
        return rates

    def _start_agent(self, tunnels):
        self.agents += 1
        agent = self.bench.start_agent(PORTS["https"], self.tls, "far-broker", f"far-agent-{self.agents}", PORTS["origin"],
                                       ("--connections", str(tunnels)), broker_host=NEAR, prefix=self.far)
        wait_until(lambda: agent.log_text().count("tunnel_up") >= tunnels, 30, f"{tunnels} tunnels")
        return agent

    def _load(self, url, host, downloads):
        out = _run(*self.near, "wrk", "-t1", f"-c{downloads}", f"-d{SECONDS}s", "--timeout", "600s", "-H", f"Host: {host}", url)
        number, unit = re.search(r"Transfer/sec:\s+([\d.]+)(\w+)", out).groups()
        return float(number) * UNITS[unit]

    def remove(self):
        """The processes inside are the bench's own and end with it; a namespace lives until its last one has."""
        for space in self.spaces:
            subprocess.run(["ip", "netns", "del", space], capture_output=True, check=False)


def _controls():
    """One that takes a loss for a full queue (reno where a namespace of its own may not have cubic) and one that does not."""
    with open("/proc/sys/net/ipv4/tcp_allowed_congestion_control") as file:
        allowed = file.read().split()
    return ["cubic" if "cubic" in allowed else "reno", *(["bbr"] if "bbr" in allowed else [])]


def _run(*argv):
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout
