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
from benchlib.idle import idle_tunnels
from benchlib.load import measure
from benchlib.sse import sse_delay
from benchlib.syscalls import syscalls_per_request
from benchlib.targets import Bench

CASES = [  # name, path, connections
    ("12 B, c=1", "/small", 1),
    ("12 B, c=64", "/small", 64),
    ("12 B, c=256", "/small", 256),
    ("10 KB, c=64", "/10k", 64),
    ("1 MB, c=8", "/1m", 8),
]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", default="build/release/bin", help="folder of the programs")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3, help="length of one load run")
    parser.add_argument("--idle", default="1000,10000", help="numbers of idle tunnels, '' for none")
    parser.add_argument("--cases", default="", help="only the cases whose name holds this text")
    parser.add_argument("--only", default="", help="only the targets whose name holds this text (and nginx)")
    parser.add_argument("--quick", action="store_true", help="no idle tunnels, SSE or system calls")
    parser.add_argument("--json", default="", help="file for the figures")
    return parser.parse_args()


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


def main():
    options = arguments()
    bin_folder = os.path.abspath(options.bin)
    with tempfile.TemporaryDirectory(prefix="ingress-bench-") as folder:
        os.chmod(folder, 0o755)
        bench = Bench(folder, bin_folder)
        try:
            bench.start_origin()
            ingress, https, tls = bench.ingress()
            targets = [bench.nginx_one(), bench.nginx_one("nginx-64k", "proxy_buffer_size 64k; proxy_buffers 4 64k; proxy_busy_buffers_size 128k;"), bench.nginx_two(),
                       ingress, *bench.peers()]
            targets = [t for t in targets if t.name.startswith("nginx") or options.only in t.name]
            print(f"machine: {machine()}; {options.rounds} rounds of {options.seconds} s, interleaved, medians")
            idle_kb = {target.name: sum(p.rss_kb() for p in target.processes) for target in targets}
            print("idle RSS: " + ", ".join(f"{name} {kb / 1024:.1f} MB" for name, kb in idle_kb.items()))
            print("idle RSS by program: " + ", ".join(f"{p.name} {p.rss_kb() / 1024:.1f} MB" for p in ingress.processes))
            figures = {"idle_kb": idle_kb, "cases": run_cases(options, targets)}
            if not options.quick:
                figures["syscalls"] = syscalls_per_request(targets[0], ingress)
                figures["sse"] = sse_delay(bench, ingress)
                figures["idle"] = [idle_tunnels(bench, tls, int(n)) for n in options.idle.split(",") if n]
            if options.json:
                with open(options.json, "w") as file:
                    json.dump(figures, file, indent=1)
        finally:
            bench.stop()


if __name__ == "__main__":
    main()
