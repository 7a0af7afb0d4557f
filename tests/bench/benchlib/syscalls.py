"""System calls of each process for one request under load: counted by perf where the kernel lets it (the process is not
slowed down, so no more requests than usual share a turn of its loop), else by strace."""
import re
import shutil
import signal
import subprocess
import time

from benchlib.load import run_wrk

CONNECTIONS = 64


def syscalls_per_request(nginx, ingress):
    tool = "perf" if perf_counts() else "strace"
    figures = {}
    print(f"\n### system calls per request and process, c={CONNECTIONS} ({tool})\n")
    for target in (nginx, ingress):
        figures.update(_by_perf(target) if tool == "perf" else _by_strace(target))
    for name, value in figures.items():
        print(f"- {name}: {value:.2f}")
    return figures


def perf_counts():
    if shutil.which("perf") is None:
        return False
    tried = subprocess.run(["perf", "stat", "-e", "raw_syscalls:sys_enter", "--", "true"], capture_output=True, text=True)
    return tried.returncode == 0 and re.search(r"\d+\s+raw_syscalls", tried.stderr) is not None


def _by_perf(target, seconds=4):
    counters = {process.name: subprocess.Popen(
        ["perf", "stat", "-x,", "-e", "raw_syscalls:sys_enter", "-p", ",".join(map(str, process.pids()))],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) for process in target.processes}
    time.sleep(0.5)
    load = run_wrk(target.url + "/small", target.host, CONNECTIONS, seconds)
    figures = {}
    for name, counter in counters.items():
        counter.send_signal(signal.SIGINT)
        out = counter.communicate()[1]
        figures[name] = int(re.search(r"^(\d+),", out, re.M).group(1)) / load["requests"]
    return figures


def _by_strace(target, seconds=4):
    """Attaches for the whole of one load run of each process, so that calls and requests cover the same span."""
    figures = {}
    for process in target.processes:
        tracer = subprocess.Popen(["strace", "-f", "-c", "-S", "calls", "-p", str(process.pids()[-1])],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        while tracer.stderr.readline() == "":
            pass
        load = run_wrk(target.url + "/small", target.host, CONNECTIONS, seconds)
        tracer.send_signal(signal.SIGINT)
        figures[process.name] = _total(tracer.communicate()[1]) / max(load["requests"], 1)
    return figures


def _total(summary):
    total = re.search(r"^\s*100\.00\s+\S+\s+(?:\d+\s+)?(\d+)(?:\s+\d+)?\s+total", summary, re.M)
    return int(total.group(1)) if total else float("nan")
