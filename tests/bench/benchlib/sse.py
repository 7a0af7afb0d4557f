"""An event's way from the origin's write to the client, through nginx's hop and through the tunnel, in one run."""
import socket
import statistics
import threading
import time

from benchlib.targets import MACHINE, DOMAIN


class EventOrigin:
    """Answers any request with an event stream; send() writes one event and notes the time."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.streams = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            connection, _ = self.listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            self.streams.append(connection)


def _delays(origin, port, host, events):
    known = len(origin.streams)
    client = socket.create_connection(("127.0.0.1", port))
    client.sendall(f"GET /events HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    while len(origin.streams) == known:
        time.sleep(0.001)
    stream, seen, delays = origin.streams[-1], b"", []
    while b"\r\n\r\n" not in seen:
        seen += client.recv(65536)
    for number in range(events):
        text = b"data: event %d\n\n" % number
        start = time.perf_counter()
        stream.sendall(b"%x\r\n%s\r\n" % (len(text), text))
        got = b""
        while text not in got:
            got += client.recv(65536)
        delays.append(time.perf_counter() - start)
        time.sleep(0.002)
    client.close()
    return delays


def sse_delay(bench, ingress, events=300):
    origin = EventOrigin()
    port, _ = bench.nginx_hop("nginx-sse", origin.port)
    ways = {"nginx": (port, "localhost"),
            "ingress": (int(ingress.url.rsplit(":", 1)[1]), f"{origin.port}__{MACHINE}.machines.{DOMAIN}")}
    delays = {name: [] for name in ways}
    for _ in range(3):
        for name, way in ways.items():
            delays[name] += _delays(origin, *way, events // 3)
    medians = {name: statistics.median(list_) for name, list_ in delays.items()}
    print(f"\n### an SSE event's way, median of {events}\n")
    for name, seconds in medians.items():
        print(f"- {name}: {seconds * 1e6:.0f} µs ({seconds / medians['nginx']:.2f})")
    return medians
