"""Messages on upgraded connections: 64 bytes to and fro on 64 connections, and 1 MB on 8, through nginx's hop and through
the tunnel. The bytes are bare (upgrade_load and upgrade_origin): neither proxy looks into a WebSocket's frames."""
import json
import statistics
import subprocess
import time

from benchlib.processes import wait_until
from benchlib.targets import DOMAIN, MACHINE, Target, accepts, free_port

UPGRADES = "proxy_set_header Upgrade $http_upgrade;"
CASES = [  # name, connections, bytes of a message, goal and aim as ratios to nginx's CPU
    ("64 B, c=64", 64, 64, "1.3 / 1.18"),
    ("1 MB, c=8", 8, 1_000_000, "none"),
]


def start_upgrade_origin(bench):
    port = free_port()
    bench.start([bench.program("upgrade_origin"), str(port)], "upgrade-origin")
    wait_until(lambda: accepts(port), 10, "upgrade origin")
    return port


def websocket(bench, ingress, rounds, seconds):
    origin = start_upgrade_origin(bench)
    port, process = bench.nginx_hop("nginx-upgrade", origin, UPGRADES, connection="upgrade")
    ways = [Target("nginx", f"http://127.0.0.1:{port}", "localhost", [process]),
            Target("ingress", ingress.url, f"{origin}__{MACHINE}.machines.{DOMAIN}", ingress.processes)]
    print("\n### messages on upgraded connections (CPU µs a message; s per GB, which goes to the origin and back)\n\n"
          "| case | goal / aim | target | messages/s | p50 | p99 | CPU | ÷ nginx |\n|---|---|---|---|---|---|---|---|", flush=True)
    figures = {}
    for name, connections, size, goal in CASES:
        runs = {way.name: [] for way in ways}
        for _ in range(rounds):
            for way in ways:
                runs[way.name].append(_measure(bench, way, connections, size, seconds))
        figures[name] = {who: {key: statistics.median(run[key] for run in list_) for key in list_[0]}
                         for who, list_ in runs.items()}
        _print(name, goal, size, figures[name])
    return figures


def _measure(bench, target, connections, size, seconds):
    before = [process.cpu_ns() for process in target.processes]
    out = subprocess.run([bench.program("upgrade_load"), target.url.rsplit(":", 1)[1], target.host, str(connections), str(size),
                          str(seconds)], capture_output=True, text=True, check=True).stdout
    result = json.loads(out)
    time.sleep(0.05)
    spent = sum(process.cpu_ns() for process in target.processes) - sum(before)
    return {"rate": result["messages"] / result["seconds"], "p50": result["p50"], "p99": result["p99"],
            "cpu_us": spent / 1000 / result["messages"]}


def _print(case, goal, size, by_target):
    for name, f in by_target.items():
        cpu = f"{f['cpu_us'] * 1000 / size:.2f} s/GB" if size >= 1_000_000 else f"{f['cpu_us']:.1f} µs"
        print(f"| {case} | {goal} | {name} | {f['rate']:.0f} | {f['p50'] * 1e6:.0f} µs | {f['p99'] * 1e6:.0f} µs | {cpu} "
              f"| {f['cpu_us'] / by_target['nginx']['cpu_us']:.2f} |", flush=True)
