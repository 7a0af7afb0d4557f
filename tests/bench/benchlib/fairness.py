"""Small requests while four downloads fill the same tunnel, the same mix through nginx, and each without the downloads.
wrk is the load of both: 4 connections that fetch 100 MB over and over, and 16 that fetch 12 bytes."""
import re
import statistics
import subprocess
import threading

from benchlib.load import run_wrk

DOWNLOADS, SMALL = 4, 16
BIG = "/100m"
UNITS = {"B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3}


def fairness(bench, ingress, rounds, seconds):
    bench.make_file(BIG, 100_000_000)
    ways = [bench.nginx_one("nginx-fairness"), ingress]
    ways[0].name = "nginx"
    runs = {(way.name, mix): [] for mix in ("alone", "with downloads") for way in ways}
    for _ in range(rounds):
        for way in ways:
            runs[way.name, "alone"].append({**_small(way, seconds), "bytes_s": 0.0})
            runs[way.name, "with downloads"].append(_mix(way, seconds))
    figures = {key: {item: statistics.median(run[item] for run in list_) for item in list_[0]} for key, list_ in runs.items()}
    _print(figures)
    return {f"{name}, {mix}": f for (name, mix), f in figures.items()}


def _small(way, seconds):
    run = run_wrk(way.url + "/small", way.host, SMALL, seconds)
    return {"rate": run["requests"] / run["seconds"], "p50": run["p50"], "p99": run["p99"]}


def _mix(way, seconds):
    """The downloads begin a second before the small requests and end a second after them."""
    downloads = subprocess.Popen(
        ["wrk", "-t1", f"-c{DOWNLOADS}", f"-d{seconds + 2}s", "--timeout", "60s", "-H", f"Host: {way.host}", way.url + BIG],
        stdout=subprocess.PIPE, text=True)
    threading.Event().wait(1)
    small = _small(way, seconds)
    out = downloads.communicate()[0]
    if downloads.returncode != 0 or "Socket errors" in out or "Non-2xx" in out:
        raise RuntimeError(f"the downloads of {way.name} failed:\n{out}")
    number, unit = re.search(r"Transfer/sec:\s+([\d.]+)(\w+)", out).groups()
    return {**small, "bytes_s": float(number) * UNITS[unit]}


def _print(figures):
    print(f"\n### {SMALL} connections of small requests beside {DOWNLOADS} downloads "
          "(goals: p99 at most nginx's, downloads at least 1.3 of nginx's rate)\n\n"
          "| mix | target | small/s | p50 | p99 | p99 ÷ nginx | p99 ÷ alone | downloads MB/s | ÷ nginx |\n"
          "|---|---|---|---|---|---|---|---|---|")
    for (name, mix), f in figures.items():
        unit, alone = figures["nginx", mix], figures[name, "alone"]
        bulk = f"{f['bytes_s'] / 1e6:.0f} | {f['bytes_s'] / unit['bytes_s']:.2f}" if f["bytes_s"] else " | "
        print(f"| {mix} | {name} | {f['rate']:.0f} | {f['p50'] * 1e3:.2f} ms | {f['p99'] * 1e3:.2f} ms "
              f"| {f['p99'] / unit['p99']:.2f} | {f['p99'] / alone['p99']:.1f} | {bulk} |", flush=True)
