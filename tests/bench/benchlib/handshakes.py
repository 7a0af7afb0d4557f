"""New TLS connections: CPU of the broker for each, against nginx's, full handshakes and resumed ones."""
import json
import statistics
import subprocess
import time

from benchlib.targets import Target

THREADS = 4


def handshakes(bench, ingress, https_port, tls, rounds, seconds):
    broker = Target("ingress", f"https://127.0.0.1:{https_port}", ingress.host, ingress.processes[:1])
    ways = [bench.nginx_tls(tls, "nginx-handshakes", mode="ssl"), broker]
    print("\n### new TLS connections per CPU second (goal: at least 0.95 of nginx)\n\n"
          "| handshakes | target | a second | CPU µs each | per CPU second | ÷ nginx |\n|---|---|---|---|---|---|", flush=True)
    figures = {}
    for kind in ("full", "resumed"):
        runs = {way.name: [] for way in ways}
        for _ in range(rounds):
            for way in ways:
                runs[way.name].append(_measure(bench, way, kind, seconds))
        medians = {name: {key: statistics.median(run[key] for run in list_) for key in list_[0]}
                   for name, list_ in runs.items()}
        for name, f in medians.items():
            print(f"| {kind} | {name} | {f['rate']:.0f} | {f['cpu_us']:.0f} | {1e6 / f['cpu_us']:.0f} "
                  f"| {medians['nginx-handshakes']['cpu_us'] / f['cpu_us']:.2f} |", flush=True)
        figures[kind] = medians
    return figures


def _measure(bench, target, kind, seconds):
    before = sum(process.cpu_ns() for process in target.processes)
    out = subprocess.run([bench.program("tls_connects"), target.url.rsplit(":", 1)[1], kind, str(THREADS), str(seconds)],
                         capture_output=True, text=True, check=True).stdout
    result = json.loads(out)
    time.sleep(0.05)
    spent = sum(process.cpu_ns() for process in target.processes) - before
    return {"rate": result["connections"] / result["seconds"], "cpu_us": spent / 1000 / result["connections"]}
