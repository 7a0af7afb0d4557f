#!/usr/bin/env python3
"""./dev bench: nginx (one hop and two), our tunnel and the peers on PATH, in one run, interleaved; medians are printed.

The unit is nginx as a reverse proxy of the same origin, one worker. CPU is the time of the tunnel's own processes."""
import argparse
import json
import os
import platform
import statistics
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from benchlib.fairness import fairness
from benchlib.fleet import fleet
from benchlib.handshakes import handshakes
from benchlib.hostile import hostile
from benchlib.https import https_cases
from benchlib.idle import idle_tunnels
from benchlib.idle_upgrades import idle_upgrades
from benchlib.load import measure
from benchlib.loss import loss
from benchlib.memory import idle_memory, stripped_sizes
from benchlib.processes import raise_file_limit
from benchlib.restart import restarts
from benchlib.several_loops import several_loops
from benchlib.soak import soak
from benchlib.sse import sse_delay
from benchlib.syscalls import syscalls_per_request
from benchlib.targets import Bench
from benchlib.websocket import websocket

CASES = [  # name, path, connections
    ("12 B, c=1", "/small", 1),
    ("12 B, c=64", "/small", 64),
    ("12 B, c=256", "/small", 256),
    ("10 KB, c=64", "/10k", 64),
    ("1 MB, c=8", "/1m", 8),
]

PARTS = ("memory", "cases", "syscalls", "sse", "restart", "idle", "loops", "https", "websocket", "handshakes", "fairness",
         "websockets-idle", "loss", "fleet", "hostile")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", default="build/release/bin", help="folder of the programs")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3, help="length of one load run")
    parser.add_argument("--idle", default="1000,10000", help="numbers of idle tunnels, '' for none")
    parser.add_argument("--fleet", type=int, default=10_000, help="number of agents whose broker restarts")
    parser.add_argument("--websockets", type=int, default=10_000, help="number of idle WebSockets")
    parser.add_argument("--hostile", type=int, default=3_000, help="number of slow connections")
    parser.add_argument("--cases", default="", help="only the cases (or parts of the soak) whose name holds this text")
    parser.add_argument("--only", default="", help="only the targets whose name holds this text (and nginx)")
    parser.add_argument("--parts", default=",".join(PARTS), help="which of " + ", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="as --parts cases")
    parser.add_argument("--soak", action="store_true", help="large bodies and slow readers, and no other part")
    parser.add_argument("--soak-gb", type=float, default=10, help="size of the large bodies")
    parser.add_argument("--json", default="", help="file for the figures")
    options = parser.parse_args()
    options.parts = {"cases"} if options.quick else {"soak"} if options.soak else set(options.parts.split(","))
    if not options.parts <= {*PARTS, "soak"}:
        parser.error("--parts: one or more of " + ", ".join(PARTS))
    return options


def median_of(runs):
    keys = ("rate", "p50", "p99", "cpu_us", "busy_kb")
    result = {key: statistics.median(run[key] for run in runs) for key in keys}
    names = runs[0]["by_process"]
    result["by_process"] = {name: statistics.median(run["by_process"][name] for run in runs) for name in names}
    return result


def run_cases(options, targets):
    figures = {}
    for case, path, connections in CASES:
        if options.cases not in case:
            continue
        runs = {target.name: [] for target in targets}
        for _ in range(options.rounds):
            for target in targets:
                runs[target.name].append(measure(target, path, connections, options.seconds))
        figures[case] = {name: median_of(list_) for name, list_ in runs.items()}
        print_case(case, path, figures[case])
    return figures


def print_case(case, path, by_target):
    print(f"\n### {case}\n")
    bulk = path == "/1m"
    print(f"| target | requests/s | p50 | p99 | CPU {'s/GB' if bulk else 'µs/request'} | ÷ nginx | ÷ nginx 64 KB buffers | busy RSS |")
    print("|---|---|---|---|---|---|---|---|")
    unit, wide = by_target["nginx"], by_target["nginx-64k"]
    for name, f in by_target.items():
        cpu = f"{f['cpu_us'] / 1000:.2f}" if bulk else f"{f['cpu_us']:.1f}"
        parts = ", ".join(f"{part} {us / 1000 if bulk else us:.2f}" for part, us in f["by_process"].items())
        detail = f" ({parts})" if len(f["by_process"]) > 1 else ""
        print(f"| {name} | {f['rate']:.0f} | {f['p50'] * 1e6:.0f} µs ({f['p50'] / unit['p50']:.2f}) | {f['p99'] * 1e6:.0f} µs "
              f"| {cpu}{detail} | {f['cpu_us'] / unit['cpu_us']:.2f} | {f['cpu_us'] / wide['cpu_us']:.2f} "
              f"| {f['busy_kb'] / 1024:.1f} MB |")
    sys.stdout.flush()


def machine():
    with open("/proc/cpuinfo") as file:
        model = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    return f"{os.cpu_count()} × {model}, Linux {platform.release()}"


def all_targets(bench, options, ingress):
    wide = "proxy_buffer_size 64k; proxy_buffers 4 64k; proxy_busy_buffers_size 128k;"
    found = [bench.nginx_one(), bench.nginx_one("nginx-64k", wide), bench.nginx_two(), ingress, *bench.peers()]
    return [target for target in found if target.name.startswith("nginx") or options.only in target.name]


def run_parts(options, bench):
    """Each part in turn, in the order of PARTS: memory first, before a load has touched the programs."""
    figures = {"machine": machine()}
    bench.start_origin()
    if "soak" in options.parts:
        figures["soak"] = soak(bench, options.soak_gb, options.cases)
    if options.parts <= {"soak"}:
        return figures
    ingress, https, tls = bench.ingress()
    if "memory" in options.parts:
        figures["stripped"], figures["idle_memory"] = stripped_sizes(bench), idle_memory(ingress)
    if options.parts & {"cases", "syscalls"}:
        targets = all_targets(bench, options, ingress)
        if "cases" in options.parts:
            idle_kb = {target.name: sum(p.rss_kb() for p in target.processes) for target in targets}
            print("\nRSS before the load: " + ", ".join(f"{name} {kb / 1024:.1f} MB" for name, kb in idle_kb.items()))
            figures["idle_kb"], figures["cases"] = idle_kb, run_cases(options, targets)
        if "syscalls" in options.parts:
            figures["syscalls"] = syscalls_per_request(targets[0], ingress)
    if "sse" in options.parts:
        figures["sse"] = sse_delay(bench, ingress)
    if "restart" in options.parts:
        figures["restart"] = restarts(bench, tls)
    if "idle" in options.parts:
        figures["idle"] = [idle_tunnels(bench, tls, int(n)) for n in options.idle.split(",") if n]
    if "loops" in options.parts:
        figures["loops"] = several_loops(bench, options.rounds, options.seconds)
    figures.update(run_wider_parts(options, bench, ingress, https, tls))
    return figures


def run_wider_parts(options, bench, ingress, https, tls):
    """What other clients than a plain HTTP/1.1 one get."""
    rounds = options.rounds, options.seconds
    parts = {
        "https": lambda: https_cases(bench, ingress, https, tls, *rounds),
        "websocket": lambda: websocket(bench, ingress, *rounds),
        "handshakes": lambda: handshakes(bench, ingress, https, tls, *rounds),
        "fairness": lambda: fairness(bench, ingress, *rounds),
        "websockets-idle": lambda: idle_upgrades(bench, options.websockets),
        "hostile": lambda: hostile(bench, ingress, options.hostile, *rounds),
        "loss": lambda: loss(bench, options.rounds),
        "fleet": lambda: [fleet(bench, tls, options.fleet, spread) for spread in ("0s", "3s")],
    }
    return {name: part() for name, part in parts.items() if name in options.parts}


def main():
    options = arguments()
    descriptors = raise_file_limit()
    print(f"machine: {machine()}; {options.rounds} rounds of {options.seconds} s, interleaved, medians; "
          f"load average {os.getloadavg()[0]:.1f}; {descriptors} descriptors a process")
    with tempfile.TemporaryDirectory(prefix="ingress-bench-") as folder:
        os.chmod(folder, 0o755)
        bench = Bench(folder, os.path.abspath(options.bin))
        try:
            figures = run_parts(options, bench)
        finally:
            bench.stop()
    print(f"\nload average at the end: {os.getloadavg()[0]:.1f}")
    if options.json:
        with open(options.json, "w") as file:
            json.dump(figures, file, indent=1)


if __name__ == "__main__":
    main()
