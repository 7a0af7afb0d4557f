"""System calls of each process for one request, counted by strace while the load runs."""
import re
import subprocess

from benchlib.load import run_wrk


def syscalls_per_request(nginx, ingress):
    figures = {}
    print("\n### system calls per request and process, c=64 (strace)\n")
    for target in (nginx, ingress):
        figures.update(_by_ratio(target))
    for name, value in figures.items():
        print(f"- {name}: {value:.2f}")
    return figures


def _by_ratio(target, seconds=4):
    """Attaches for the whole of one load run, so that calls and requests cover the same span."""
    figures = {}
    for process in target.processes:
        pid = process.pids()[-1]
        tracer = subprocess.Popen(["strace", "-f", "-c", "-S", "calls", "-p", str(pid)], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, text=True)
        while tracer.stderr.readline() == "":
            pass
        load = run_wrk(target.url + "/small", target.host, 64, seconds)
        tracer.send_signal(2)
        out = tracer.communicate()[1]
        total = re.search(r"^\s*100\.00\s.*?(\d+)(?:\s+\d+)?\s+total", out, re.M)
        figures[process.name] = int(total.group(1)) / load["requests"] if total else float("nan")
    return figures
