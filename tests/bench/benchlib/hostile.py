"""Good small requests beside thousands of connections that are slow on purpose: heads and bodies of a byte a second, and answers
that are hardly read."""
import asyncio
import socket
import statistics
import subprocess
import sys
import threading
import time

from benchlib.load import run_wrk
from benchlib.targets import HERE, MACHINE, DOMAIN, free_port

GOOD = 16
SETTLED = 5.0
KINDS = ("heads", "bodies", "readers")


def hostile(bench, ingress, count, rounds, seconds):
    sink = _Sink()
    figures = {}
    print(f"\n### good requests ({GOOD} connections) beside {count} slow ones (goal: p99 at most 2 of alone)\n\n"
          "| beside | good/s | p50 | p99 | ÷ alone | broker MB | agent MB |\n|---|---|---|---|---|---|---|", flush=True)
    alone = _good(ingress, rounds, seconds)
    _print("nobody", alone, alone, ingress)
    for kind in KINDS:
        with _Holding(kind, ingress, f"{sink.port}__{MACHINE}.machines.{DOMAIN}", count):
            figures[kind] = _good(ingress, rounds, seconds)
            _print(kind, figures[kind], alone, ingress)
    return {"alone": alone, **figures}


def _good(way, rounds, seconds):
    runs = [run_wrk(way.url + "/small", way.host, GOOD, seconds) for _ in range(rounds)]
    return {"rate": statistics.median(run["requests"] / run["seconds"] for run in runs),
            "p50": statistics.median(run["p50"] for run in runs), "p99": statistics.median(run["p99"] for run in runs)}


def _print(kind, run, alone, ingress):
    memory = [f"{process.rss_kb() / 1024:.1f}" for process in ingress.processes]
    print(f"| {kind} | {run['rate']:.0f} | {run['p50'] * 1e3:.2f} ms | {run['p99'] * 1e3:.2f} ms "
          f"| {run['p99'] / alone['p99']:.2f} | {memory[0]} | {memory[1]} |", flush=True)


class _Holding:
    """The load, in a process of its own."""

    def __init__(self, kind, way, host, count):
        words = [sys.executable, f"{HERE}/hold_hostile.py", kind, way.url.rsplit(":", 1)[1], host, str(count)]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        if self.process.stdout.readline().strip() != "ready":
            raise RuntimeError("the slow connections did not open")
        # What the kernel's buffers take at first goes at full speed.
        time.sleep(SETTLED)

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


class _Sink:
    """An origin that reads and never answers a POST, and has a megabyte for a GET. Its send buffers are small: filled ones of
    thousands of connections would take what the kernel has for TCP (net.ipv4.tcp_mem), and slow the whole machine down."""

    def __init__(self):
        self.port = free_port()
        self.listening = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True).start()
        self.listening.wait(10)

    async def _run(self):
        async def serve(reader, writer):
            try:
                await give_and_take(reader, writer)
            except OSError:
                pass  # the reader is gone

        async def give_and_take(reader, writer):
            if (await reader.read(3)) == b"GET":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
                for _ in range(100):
                    writer.write(bytes(10_000))
                    await writer.drain()
            while await reader.read(65536):
                pass

        listener = socket.create_server(("127.0.0.1", self.port), backlog=4096)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
        server = await asyncio.start_server(serve, sock=listener)
        self.listening.set()
        await server.serve_forever()
