"""A fleet's tunnels through a restart of its broker: how long until all are back, and that a request waits for its machine
meanwhile. bin/hold_tunnels dials again as agents do; one machine has a real agent."""
import os
import signal
import sqlite3
import subprocess
import threading
import time
import hashlib

from benchlib.idle import fill
from benchlib.processes import wait_until
from benchlib.targets import DOMAIN, MACHINE


def fleet(bench, tls, count, spread):
    name, token = f"fleet-{spread}", "bench-token"
    first, _, _ = bench.start_broker(tls, name + "-first", name + ".db")
    first.stop()
    with sqlite3.connect(os.path.join(bench.folder, name + ".db")) as rows:
        fill(rows, count, hashlib.sha256(token.encode()).hexdigest())
    broker, http, https = bench.start_broker(tls, name, name + ".db", options=["--supervise", "--reconnect-spread", spread])
    agent = bench.start_agent(https, tls, name, name + "-agent")
    agent.wait_log("tunnel_up")
    holder = bench.start([bench.program("hold_tunnels"), "127.0.0.1", str(https), f"{tls}/bench.crt", "localhost", "mach_idle_",
                          str(count), token, "again"], name + "-holder")
    holder.wait_log("holding", 300)
    figures = {}
    for fault, number in (("kill -9", signal.SIGKILL), ("SIGTERM", signal.SIGTERM)):
        figures[fault] = restart(bench, broker, holder, http, number)
    for process in (holder, agent, broker):
        process.stop()
    print(f"\n### {count} tunnels through a restart of their broker, --reconnect-spread {spread}\n")
    for fault, (seconds, waited) in figures.items():
        print(f"- {fault}: all back after {seconds:.1f} s; a request that came at once was answered after {waited:.2f} s")
    return figures


def restart(bench, broker, holder, http, number):
    """Seconds until all tunnels are back, and until a request was answered that began at once."""
    child = [pid for pid in broker.pids() if pid != broker.popen.pid][-1]
    times = holder.log_text().count("holding")
    answers = []

    def ask():
        out = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "60", "-H",
                              f"Host: {MACHINE}.machines.{DOMAIN}", f"http://127.0.0.1:{http}/small"],
                             capture_output=True, text=True, check=False).stdout
        answers.append((time.monotonic(), out))

    begun = time.monotonic()
    os.kill(child, number)
    asker = threading.Thread(target=ask)
    asker.start()
    wait_until(lambda: holder.log_text().count("holding") > times, 120, "all tunnels")
    back = time.monotonic() - begun
    asker.join()
    ended, status = answers[0]
    if status != "200":
        raise RuntimeError(f"the request that waited was answered {status}")
    return back, ended - begun
