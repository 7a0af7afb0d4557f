"""Large bodies, byte for byte, and many slow readers: what they make the programs' memory grow by."""
import json
import statistics
import subprocess
import time

from benchlib.probe import Probe
from benchlib.processes import wait_until
from benchlib.targets import Target, accepts, free_port

READERS = 1000
READER_BYTES = 1_000_000_000
READER_RATE = 4096
READER_SECONDS = 30


def soak(bench, gigabytes, only):
    """The parts whose label holds the text `only`. Each part has a broker and an agent of its own, so that none profits from what another left mapped."""
    origin_port = free_port()
    bench.start([bench.program("soak_origin"), str(origin_port)], "soak-origin")
    wait_until(lambda: accepts(origin_port), 10, "soak origin")
    nginx_port, process = bench.nginx_hop("nginx-soak", origin_port)
    nginx = Target("nginx", f"http://127.0.0.1:{nginx_port}", "localhost", [process])
    print("\n### soak: MB of RSS above idle, at the peak; and a small request meanwhile, ms\n\n"
          "| part | every byte right | seconds | broker | agent | small p50 | worst | the same through nginx |\n"
          "|---|---|---|---|---|---|---|---|", flush=True)
    return {label: _part(bench, f"soak{number}-", origin_port, nginx, label, *part)
            for number, (label, part) in enumerate(_parts(gigabytes).items()) if only in label}


def _parts(gigabytes):
    """What the client of each part is told: clear or tls, and its words."""
    parts = {}
    for way, label in (("clear", "http"), ("tls", "https")):
        for what in ("download", "upload"):
            parts[f"{what} of {gigabytes:g} GB, {label}"] = (way, [what, int(gigabytes * 1e9)])
        parts[f"{READERS} slow readers, {label}"] = (way, ["readers", READERS, READER_BYTES, READER_RATE, READER_SECONDS])
    return parts


def _part(bench, name, origin_port, nginx, label, way, words):
    target, https, _ = bench.ingress(name, origin_port)
    time.sleep(3)
    idle = {process.name: process.rss_kb() for process in target.processes}
    for process in target.processes:
        process.forget_peak()
    port = https if way == "tls" else target.url.rsplit(":", 1)[1]
    with Probe([nginx, target]) as probe:
        client = subprocess.run([bench.program("soak_client"), way, str(port), target.host, *map(str, words)],
                                capture_output=True, text=True)
    result = json.loads(client.stdout)
    grown = {p.name[len(name):]: (p.peak_kb() - idle[p.name]) / 1024 for p in target.processes}
    for process in reversed(target.processes):
        process.stop()
    result["grown_mb"] = grown
    result["small"] = {who: (statistics.median(delays), max(delays)) for who, delays in probe.delays.items()}
    _print(label, result)
    return result


def _print(label, result):
    ms = {who: (p50 * 1e3, worst * 1e3) for who, (p50, worst) in result["small"].items()}
    print(f"| {label} | {'yes' if result['good'] else 'NO: ' + json.dumps(result)} | {result['seconds']:.1f} "
          f"| {result['grown_mb']['broker']:.1f} | {result['grown_mb']['agent']:.1f} "
          f"| {ms['ingress'][0]:.2f} | {ms['ingress'][1]:.0f} | {ms['nginx'][0]:.2f}, worst {ms['nginx'][1]:.0f} |", flush=True)
