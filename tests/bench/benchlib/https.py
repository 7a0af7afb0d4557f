"""https in: HTTP/1.1 by wrk and HTTP/2 by h2load, against nginx that terminates TLS 1.3 with the same certificate and
cipher suite."""
import re
import statistics
import subprocess
import time

from benchlib.load import measure
from benchlib.targets import Target

CASES = [  # name, path, connections, goal and aim as ratios to nginx's CPU
    ("HTTP/1.1, 12 B, c=64", "/small", 64, "1.12 / 1.0"),
    ("HTTP/1.1, 1 MB, c=8", "/1m", 8, "0.8 / 0.70"),
]
HTTP2_CASE = ("HTTP/2, 12 B, 8 connections × 32 streams", "0.85 / 0.7")
WIDE = "proxy_buffer_size 64k; proxy_buffers 4 64k; proxy_busy_buffers_size 128k;"


def https_cases(bench, ingress, https_port, tls, rounds, seconds):
    ways = [bench.nginx_tls(tls, "nginx-tls"), bench.nginx_tls(tls, "nginx-tls-64k", WIDE),
            Target("ingress", f"https://127.0.0.1:{https_port}", ingress.host, ingress.processes)]
    print("\n### https in, against nginx that terminates TLS (CPU µs a request, ms for 1 MB)\n\n"
          "| case | goal / aim | target | requests/s | CPU | ÷ nginx | ÷ nginx 64 KB buffers |\n|---|---|---|---|---|---|---|", flush=True)
    figures = {}
    for name, path, connections, goal in CASES:
        figures[name] = _interleaved(ways, rounds, lambda way: measure(way, path, connections, seconds))
        _print(name, goal, figures[name], 1000 if path == "/1m" else 1)
    name, goal = HTTP2_CASE
    figures[name] = _interleaved(ways, rounds, lambda way: measure_http2(way, seconds))
    _print(name, goal, figures[name], 1)
    return figures


def measure_http2(target, seconds, connections=8, streams=32):
    """h2load refuses a "_" in a host: the machine's other spelling is asked for."""
    before = {process.name: process.cpu_ns() for process in target.processes}
    port = target.url.rsplit(":", 1)[1]
    out = subprocess.run(
        ["h2load", f"-c{connections}", f"-m{streams}", f"-D{seconds}", f"--connect-to=127.0.0.1:{port}",
         f"https://{target.host.replace('_', '-')}:{port}/small"], capture_output=True, text=True, check=True).stdout
    time.sleep(0.05)
    if "Application protocol: h2" not in out:
        raise RuntimeError(f"no HTTP/2 from {target.name}:\n{out}")
    codes = re.search(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", out)
    requests, *wrong = map(int, codes.groups())
    # What is under way when the time is up counts as neither.
    if requests == 0 or any(wrong):
        raise RuntimeError(f"wrong answers from {target.name}:\n{out}")
    by_process = {p.name: (p.cpu_ns() - before[p.name]) / 1000 / requests for p in target.processes}
    return {"rate": requests / seconds, "cpu_us": sum(by_process.values()), "by_process": by_process}


def _interleaved(ways, rounds, once):
    runs = {way.name: [] for way in ways}
    for _ in range(rounds):
        for way in ways:
            runs[way.name].append(once(way))
    return {name: {"rate": statistics.median(run["rate"] for run in list_),
                   "cpu_us": statistics.median(run["cpu_us"] for run in list_),
                   "by_process": {part: statistics.median(run["by_process"][part] for run in list_)
                                  for part in list_[0]["by_process"]}} for name, list_ in runs.items()}


def _print(case, goal, by_target, scale):
    unit, wide = by_target["nginx-tls"]["cpu_us"], by_target["nginx-tls-64k"]["cpu_us"]
    for name, f in by_target.items():
        parts = ", ".join(f"{part} {us / scale:.2f}" for part, us in f["by_process"].items())
        detail = f" ({parts})" if len(f["by_process"]) > 1 else ""
        print(f"| {case} | {goal} | {name} | {f['rate']:.0f} | {f['cpu_us'] / scale:.2f}{detail} | {f['cpu_us'] / unit:.2f} "
              f"| {f['cpu_us'] / wide:.2f} |", flush=True)
