"""What the programs weigh: their stripped size, and their resident memory when the tunnel is up and nothing happens."""
import os
import subprocess
import time

from benchlib.load import run_wrk

PROGRAMS = ("ingress-agent", "ingress-broker", "ingressctl")


def stripped_sizes(bench):
    sizes = {}
    for name in PROGRAMS:
        copy = os.path.join(bench.folder, name + ".stripped")
        subprocess.run(["strip", "-o", copy, bench.program(name)], check=True)
        sizes[name] = os.path.getsize(copy)
    print("stripped: " + ", ".join(f"{name} {size / 1e6:.2f} MB" for name, size in sizes.items()))
    return sizes


def idle_memory(ingress):
    """RSS (VmRSS), PSS and anonymous memory: soon after the tunnel came up, settled, and settled again after a load."""
    figures = {}
    for when, action, wait in (("0.5 s after the tunnel came up", None, 0.5), ("3 s later", None, 3),
                               ("5 s after a load, c=64", _load, 5)):
        if action is not None:
            action(ingress)
        time.sleep(wait)
        figures[when] = {process.name: _memory_of(process) for process in ingress.processes}
    print("\n### idle memory, MB: RSS (PSS, anonymous)\n")
    for when, by_name in figures.items():
        print(f"- {when}: " + "; ".join(f"{name} {f['rss'] / 1024:.1f} ({f['pss'] / 1024:.1f}, {f['anonymous'] / 1024:.1f})"
                                        for name, f in by_name.items()))
    return figures


def _load(ingress):
    run_wrk(ingress.url + "/small", ingress.host, 64, 2)


def _memory_of(process):
    rollup = process.rollup_kb()
    return {"rss": process.rss_kb(), "pss": rollup["Pss"], "anonymous": rollup["Anonymous"]}
