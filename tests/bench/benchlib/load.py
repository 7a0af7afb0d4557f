"""One load run with wrk, and what it cost the processes that are measured."""
import re
import subprocess
import threading
import time


def _seconds(text):
    """A time as wrk prints it; "-nanus" and the like are what it makes of a run with too few answers for percentiles."""
    match = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text)
    if match is None:
        return float("nan")
    return float(match.group(1)) * {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}[match.group(2)]


def run_wrk(url, host, connections, seconds):
    """Requests, bytes and latency percentiles of one run; raises where an answer was not 2xx or a socket failed."""
    argv = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-H", f"Host: {host}", url]
    out = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in out:
        raise RuntimeError(f"wrong answers from {url} ({host}):\n{out}")
    count, span = re.search(r"(\d+) requests in ([\d.]+\w+),", out).groups()
    return {
        "requests": int(count),
        "seconds": _seconds(span),
        "p50": _seconds(re.search(r"50%\s+(\S+)", out).group(1)),
        "p99": _seconds(re.search(r"99%\s+(\S+)", out).group(1)),
    }


def measure(target, path, connections, seconds):
    """A target under load: requests/s, p50, p99, CPU µs a request and the same by process, busy RSS."""
    before = {process.name: process.cpu_ns() for process in target.processes}
    busy_kb = []
    done = threading.Event()

    def watch():
        while not done.wait(0.5):
            busy_kb.append(sum(process.rss_kb() for process in target.processes))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        result = run_wrk(target.url + path, target.host, connections, seconds)
        time.sleep(0.05)
    finally:
        done.set()
        watcher.join()
    by_process = {p.name: (p.cpu_ns() - before[p.name]) / 1000 / result["requests"] for p in target.processes}
    return {
        "rate": result["requests"] / result["seconds"],
        "p50": result["p50"],
        "p99": result["p99"],
        "cpu_us": sum(by_process.values()),
        "by_process": by_process,
        "busy_kb": max(busy_kb, default=0),
    }
