"""Origins that record every byte they get, and do what a test tells them."""
import os
import socket
import threading
import time

from harness.http1 import Closed, Message, Reader, fields_named, parse_fields, read_chunked
from harness.ports import free_port
from harness.wait import LIMIT, wait_until

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def answer(body=b"ok", status="200 OK", fields=()):
    """A whole answer's bytes."""
    body = body if isinstance(body, bytes) else body.encode()
    head = "".join(f"{name}: {value}\r\n" for name, value in fields)
    return f"HTTP/1.1 {status}\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode("latin-1") + body


class Request(Message):
    def __init__(self, line, fields):
        self.method, self.target, self.version = line.decode("latin-1").rstrip("\r\n").split(" ")
        self.fields = fields

    def __repr__(self):
        return f"<{self.method} {self.target} {self.fields} {self.body[:200]!r}>"

    @property
    def host(self):
        return self.get("Host")


class Connection:
    """One connection that the tunnel opened."""

    def __init__(self, sock):
        self.sock = sock
        sock.settimeout(LIMIT * 2)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = Reader(sock)
        self.opened_at, self.ended_at = time.monotonic(), None

    @property
    def raw(self):
        return bytes(self.reader.raw)

    def shake_hands(self, tls):
        """As a server, where there is a context."""
        if tls:
            self.sock = tls.wrap_socket(self.sock, server_side=True)
            self.reader.sock = self.sock

    def send(self, data):
        self.sock.sendall(data)

    def read_head(self):
        """The next request's head; None where the peer closed between requests."""
        if not self.reader.buffer and not self.reader.fill():
            return None
        line = self.reader.until(b"\r\n")
        block = b""
        while (field := self.reader.until(b"\r\n")) != b"\r\n":
            block += field
        return Request(line, parse_fields(block))

    def read_body(self, request, sink=None):
        pieces = []
        take = sink or pieces.append
        if "chunked" in (",".join(fields_named(request.fields, "Transfer-Encoding"))).lower():
            request.trailers = read_chunked(self.reader, take)
        else:
            left = int(request.get("Content-Length") or 0)
            while left:
                data = self.reader.exactly(min(left, 65536))
                take(data)
                left -= len(data)
        request.chunks = pieces
        request.body = b"".join(pieces)
        return request

    def wait_end(self, seconds=LIMIT):
        """Reads until the peer ends or resets; how long that took."""
        start = time.monotonic()
        self.sock.settimeout(seconds)
        try:
            while self.reader.fill():
                pass
        except TimeoutError:
            raise AssertionError(f"the origin's connection is still open after {seconds} s") from None
        return time.monotonic() - start

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.sock.close()

    def close(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()


class Origin:
    """`handler(connection, request)` is called after each request's head and sends the answer; without one every
    request is read whole and answered 200 "ok". It may close the connection. Failures of a handler fail the test at
    close(). `tls` is a server's context."""

    def __init__(self, handler=None, host="127.0.0.1", port=None, read_bodies=True, tls=None):
        self.handler, self.host, self.read_bodies, self.server_context = handler, host, read_bodies, tls
        self.port = port or free_port()
        self.requests, self.connections, self.failures = [], [], []
        self._closed = False
        self._listen()

    def _listen(self):
        self._listener = socket.create_server((self.host, self.port), backlog=1024,
                                              family=socket.AF_INET6 if ":" in self.host else socket.AF_INET)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.close()
        if kind is None:
            assert not self.failures, self.failures

    def close(self):
        self._closed = True
        self.stop_listening()
        for connection in self.connections:
            connection.close()

    def stop_listening(self):
        # shutdown wakes the accept of the other thread; close alone would leave the port open until then.
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()

    def listen_again(self):
        self._listen()

    def _accept(self, listener):
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            connection = Connection(sock)
            self.connections.append(connection)
            if self._closed:  # it was accepted while the others were being closed
                connection.close()
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            connection.shake_hands(self.server_context)
            while (request := connection.read_head()) is not None:
                self.requests.append(request)
                if self.read_bodies:
                    connection.read_body(request)
                if self.handler is None:
                    connection.send(OK)
                elif self.handler(connection, request) is False:
                    break
        except (Closed, OSError):
            pass  # the tunnel went away: what the test is about, or an end of it
        except Exception as failure:  # pylint: disable=broad-except
            self.failures.append(repr(failure))
        connection.ended_at = time.monotonic()
        connection.close()

    def wait_requests(self, count=1):
        wait_until(lambda: len(self.requests) >= count, f"{count} requests at the origin")
        return self.requests[count - 1]

    @property
    def last(self):
        return self.requests[-1]

    @property
    def raw(self):
        """Everything that came, of every connection."""
        return b"".join(connection.raw for connection in self.connections)


def answering(*words, **named):
    """A handler that gives the same whole answer always."""
    data = answer(*words, **named)
    return lambda connection, request: connection.send(data)


def saying(data):
    """A handler that says these very bytes, and closes."""
    def handler(connection, _):
        connection.send(data)
        return False

    return handler


def random_bytes(count):
    return os.urandom(count)
