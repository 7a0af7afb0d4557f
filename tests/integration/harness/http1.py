"""HTTP/1.1 by hand: bytes out, bytes in, nothing repaired."""
import hashlib
import json as json_module
import socket
import ssl

from harness.wait import LIMIT


class Closed(Exception):
    """The peer closed before the message was whole."""


class Reader:
    """Reads exactly from a socket. `raw` is everything that came."""

    def __init__(self, sock):
        self.sock, self.buffer, self.raw, self.ended = sock, bytearray(), bytearray(), False

    def fill(self):
        """Reads once; False at the end."""
        if self.ended:
            return False
        try:
            data = self.sock.recv(65536)
        except (ConnectionResetError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
            data = b""
        if not data:
            self.ended = True
            return False
        self.buffer += data
        if len(self.raw) < 1 << 20:
            self.raw += data
        return True

    def until(self, mark):
        while mark not in self.buffer:
            if not self.fill():
                raise Closed(f"closed before {mark!r}; had {bytes(self.buffer[:400])!r}")
        at = self.buffer.index(mark) + len(mark)
        return self.take(at)

    def take(self, count):
        data = bytes(self.buffer[:count])
        del self.buffer[:count]
        return data

    def exactly(self, count):
        while len(self.buffer) < count:
            if not self.fill():
                raise Closed(f"closed after {len(self.buffer)} of {count} bytes")
        return self.take(count)

    def some(self):
        """What is there, at least a byte; b"" at the end."""
        if not self.buffer and not self.fill():
            return b""
        return self.take(len(self.buffer))

    def rest(self):
        while self.fill():
            pass
        return self.take(len(self.buffer))


def parse_fields(block):
    """[(name, value)] of the lines of a head, in their order and spelling."""
    fields = []
    for line in block.split(b"\r\n"):
        if line:
            name, _, value = line.partition(b":")
            fields.append((name.decode("latin-1"), value.strip(b" \t").decode("latin-1")))
    return fields


def fields_named(fields, name):
    return [value for field, value in fields if field.lower() == name.lower()]


class Message:
    """What a request and a response have in common."""

    fields, trailers, body, chunks = (), (), b"", ()

    def get(self, name):
        """The one value, None where there is none; two are a failure."""
        values = self.all(name)
        assert len(values) < 2, f"{name} twice: {values}"
        return values[0] if values else None

    def all(self, name):
        return fields_named(self.fields, name)

    @property
    def chunked(self):
        return "chunked" in (self.get("Transfer-Encoding") or "").lower()

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json_module.loads(self.body)


def read_chunked(reader, sink):
    """Gives each chunk to `sink`; returns the trailers."""
    while True:
        size = int(reader.until(b"\r\n").split(b";")[0], 16)
        if size == 0:
            break
        sink(reader.exactly(size))
        assert reader.exactly(2) == b"\r\n"
    block = b""
    while (line := reader.until(b"\r\n")) != b"\r\n":
        block += line
    return parse_fields(block)


class Response(Message):
    def __init__(self, line, fields):
        version, status, *reason = line.decode("latin-1").rstrip("\r\n").split(" ", 2)
        self.version, self.status, self.reason = version, int(status), reason[0] if reason else ""
        self.fields, self.interim = fields, []

    def __repr__(self):
        return f"<{self.status} {self.reason} {self.fields} {self.body[:300]!r}>"

    @property
    def error(self):
        """The code of one of our own answers."""
        return self.json["error"]


class Hash:
    """A sink for bodies too big to keep."""

    def __init__(self):
        self.sha, self.size = hashlib.sha256(), 0

    def __call__(self, data):
        self.sha.update(data)
        self.size += len(data)


class Client:
    """One connection of a client, clear or TLS, or by a Unix socket's path. `first` is sent before anything else."""

    def __init__(self, port=None, host="127.0.0.1", tls=None, sni=None, receive_buffer=None, path=None, first=b""):
        family = socket.AF_UNIX if path else socket.AF_INET6 if ":" in host else socket.AF_INET
        self.sock = socket.socket(family)
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(LIMIT)
        self.sock.connect(path or (host, port))
        if not path:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if first:
            self.sock.sendall(first)
        if tls:
            self.sock = tls.wrap_socket(self.sock, server_hostname=sni)
        self.reader = Reader(self.sock)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def reset(self):
        """Closes with RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.sock.close()

    def half_close(self):
        if isinstance(self.sock, ssl.SSLSocket):
            raise AssertionError("ssl.SSLSocket cannot half-close")
        self.sock.shutdown(socket.SHUT_WR)

    def send(self, data):
        self.sock.sendall(data)

    def request(self, host, target="/", method="GET", fields=(), body=None, version="HTTP/1.1"):
        """Sends a whole, proper request."""
        lines = [f"{method} {target} {version}", f"Host: {host}"] + [f"{name}: {value}" for name, value in fields]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b""))

    def head(self):
        """The next head, interim ones apart."""
        line = self.reader.until(b"\r\n")
        block = b""
        while (field := self.reader.until(b"\r\n")) != b"\r\n":
            block += field
        return Response(line, parse_fields(block))

    def final_head(self):
        interim = []
        while True:
            response = self.head()
            if response.status >= 200 or response.status == 101:
                response.interim = interim
                return response
            interim.append(response)

    def response(self, method="GET", sink=None):
        """A whole answer. `sink` takes the body's pieces instead of `body`."""
        response = self.final_head()
        pieces = []
        take = sink or pieces.append
        if method == "HEAD" or response.status in (204, 304) or response.status == 101:
            pass
        elif response.chunked:
            response.trailers = read_chunked(self.reader, take)
        elif response.get("Content-Length") is not None:
            self._read_length(int(response.get("Content-Length")), take)
        else:
            while data := self.reader.some():
                take(data)
        response.chunks = pieces
        response.body = b"".join(pieces)
        return response

    def _read_length(self, left, take):
        while left:
            data = self.reader.some()
            if not data:
                raise Closed(f"closed {left} bytes before the body's end")
            if len(data) > left:
                self.reader.buffer[:0] = data[left:]
                data = data[:left]
            take(data)
            left -= len(data)

    def get(self, host, target="/", **words):
        self.request(host, target, **words)
        return self.response(words.get("method", "GET"))

    def closed(self, seconds=LIMIT):
        """Whether the peer closes (in order or not) within that time, and sends nothing more before it."""
        self.sock.settimeout(seconds)
        try:
            return not self.reader.buffer and not self.reader.fill()
        except TimeoutError:
            return False
        finally:
            self.sock.settimeout(LIMIT)
