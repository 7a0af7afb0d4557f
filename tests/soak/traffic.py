"""What goes on during the soak, a thread a kind: each exchange is right, or broken off, or wrong. What an origin gets is held
against what was sent."""
import hashlib
import os
import random
import socket
import ssl
import threading
import time
import urllib.parse

from harness.http1 import Client, Closed
from harness.http2 import Client2
from harness.origin import Origin, answer
from harness.websocket import WebSocket, echo_handler

PARTIAL = 20.0  # seconds without a byte after which a client gives up
BLOCK = os.urandom(65536)


class Broken(Exception):
    """Ended by something that a fault may explain."""


def body_of(size):
    return (BLOCK * (size // len(BLOCK) + 1))[:size]


class Server:
    """The origin: says what it is asked for, and remembers each POST."""

    def __init__(self):
        self.posts, self.lock = {}, threading.Lock()
        self.origin = Origin(self._handle, read_bodies=False)
        self.port = self.origin.port

    def _handle(self, connection, request):
        if (request.get("Upgrade") or "").lower() == "websocket":
            return echo_handler(connection, request)
        self.origin.requests.clear()  # a soak is long
        connection.reader.raw.clear()
        connection.read_body(request)
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(request.target).query))
        if request.method == "POST":
            with self.lock:
                self.posts[query["id"]] = self.posts.get(query["id"], 0) + 1
            connection.send(answer(hashlib.sha256(request.body).hexdigest()))
        elif "events" in query:
            return self._events(connection, int(query["events"]))
        else:
            connection.send(answer(body_of(int(query.get("size", "2")))))
        return True

    @staticmethod
    def _events(connection, count):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in range(count):
            event = f"data: {number}\n\n".encode()
            connection.send(b"%x\r\n%s\r\n" % (len(event), event))
            time.sleep(0.05)
        connection.send(b"0\r\n\r\n")
        return True


class Kind:
    """One kind of traffic. `exchange` raises Broken, or AssertionError where something is wrong."""

    def __init__(self, stack, server, seed):
        self.stack, self.server, self.random = stack, server, random.Random(seed)
        self.host = stack.host(server.port)
        self.client = None

    def connect(self):
        """The last connection where it is kept."""
        if self.client is None:
            self.client = self.stack.client(tls=self.random.random() < 0.5)
            self.client.sock.settimeout(PARTIAL)
        return self.client

    def drop(self):
        if self.client is not None:
            self.client.close()
        self.client = None

    def get(self, target, method="GET", body=None, sink=None):
        client = self.connect()
        client.request(self.host, target, method, body=body)
        response = client.response(method, sink)
        if response.status in (502, 503, 504):
            self.drop()
            raise Broken(f"{response.status} {response.body[:80]!r}")
        assert response.status == 200, f"{response.status} for {method} {target}: {response.body[:200]!r}"
        self.keep_or_drop(response)
        return response

    def keep_or_drop(self, response):
        if (response.get("Connection") or "").lower() == "close" or self.random.random() < 0.2:
            self.drop()

    def exchange(self):
        raise NotImplementedError


class Small(Kind):
    def exchange(self):
        assert self.get("/?size=12").body == body_of(12)


class Post(Kind):
    def exchange(self):
        name, body = os.urandom(8).hex(), body_of(self.random.randrange(1, 300_000))
        response = self.get(f"/?id={name}", "POST", body)
        assert response.body.decode() == hashlib.sha256(body).hexdigest()
        assert self.server.posts.get(name) == 1


class Download(Kind):
    def exchange(self):
        size = self.random.randrange(1, 8_000_000)
        assert self.get(f"/?size={size}").body == body_of(size)


class SlowReader(Kind):
    def exchange(self):
        size, seen = self.random.randrange(200_000, 2_000_000), hashlib.sha256()

        def slowly(piece):
            seen.update(piece)
            time.sleep(0.01)

        self.get(f"/?size={size}", sink=slowly)
        assert seen.digest() == hashlib.sha256(body_of(size)).digest()


class Events(Kind):
    def exchange(self):
        count = self.random.randrange(1, 40)
        assert self.get(f"/?events={count}").body == b"".join(f"data: {n}\n\n".encode() for n in range(count))


class Messages(Kind):
    def exchange(self):
        self.drop()
        client = self.connect()
        client.request(self.host, "/?size=2")
        if client.response().status != 200:
            self.drop()
            raise Broken("no answer before the WebSocket")
        talk = WebSocket(client, self.host)
        for _ in range(self.random.randrange(1, 60)):
            talk.echo(os.urandom(self.random.randrange(1, 20_000)), opcode=2)
            time.sleep(0.02)
        self.drop()


class Streams(Kind):
    """HTTP/2: several streams at a time on one connection."""

    def exchange(self):
        with Client2(self.stack.broker.https_port, self.stack.ca.context(("h2",))) as client:
            sizes = [self.random.randrange(1, 400_000) for _ in range(8)]
            streams = [client.request(self.host, f"/?size={size}") for size in sizes]
            limit = time.monotonic() + PARTIAL
            while not all(stream.over for stream in streams):
                if client.closed or time.monotonic() > limit:
                    break
                client.pump(PARTIAL)
            for size, stream in zip(sizes, streams):
                if not stream.ended or stream.status in (502, 503, 504):
                    raise Broken(f"stream {stream.status} reset {stream.reset_code} goaway {client.goaways}")
                assert stream.status == 200 and stream.body == body_of(size)


class LocalPort(Kind):
    """By the agent's own port."""

    def connect(self):
        if self.client is None:
            self.client = Client(self.stack.agent.local_port)
            self.client.sock.settimeout(PARTIAL)
            self.host = "anything"
        return self.client

    def exchange(self):
        client = self.connect()
        client.request("anything", "/?size=500", fields=[("X-Iterate-Proxy-Target-Host", f"localhost:{self.server.port}")])
        response = client.response()
        if response.status == 502:
            self.drop()
            raise Broken("502")
        assert response.status == 200 and response.body == body_of(500)
        self.keep_or_drop(response)


KINDS = [Small, Small, Post, Post, Download, SlowReader, Events, Messages, Streams, LocalPort]
BREAKS = (Broken, Closed, ConnectionError, TimeoutError, socket.timeout, ssl.SSLError, EOFError)
