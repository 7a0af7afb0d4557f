"""WebSocket (RFC 6455) by hand: a client, and the origin's side."""
import base64
import hashlib
import os
import struct

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def accept_of(key):
    return base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()


def frame(payload, opcode=TEXT, masked=False):
    payload = payload.encode() if isinstance(payload, str) else payload
    mask_bit = 0x80 if masked else 0
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", 0x80 | opcode, mask_bit | size)
    elif size < 65536:
        head = struct.pack("!BBH", 0x80 | opcode, mask_bit | 126, size)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, mask_bit | 127, size)
    if not masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + apply_mask(payload, mask)


def apply_mask(payload, mask):
    count = len(payload)
    key = (mask * (count // 4 + 1))[:count]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(count, "big")


def read_frame(reader):
    """(opcode, payload)"""
    first, second = reader.exactly(2)
    size = second & 0x7F
    if size == 126:
        (size,) = struct.unpack("!H", reader.exactly(2))
    elif size == 127:
        (size,) = struct.unpack("!Q", reader.exactly(8))
    mask = reader.exactly(4) if second & 0x80 else None
    payload = reader.exactly(size)
    return first & 0x0F, apply_mask(payload, mask) if mask else payload


def handshake_fields(key, protocol="chat"):
    return [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", key), ("Sec-WebSocket-Protocol", protocol)]


class WebSocket:
    """The client's end, over an open http1.Client."""

    def __init__(self, client, host, target="/ws", fields=(), protocol="chat"):
        self.client = client
        key = base64.b64encode(os.urandom(16)).decode()
        client.request(host, target, fields=[*handshake_fields(key, protocol), *fields])
        self.response = client.final_head()
        assert self.response.status == 101, (self.response, bytes(client.reader.buffer))
        assert self.response.get("Sec-WebSocket-Accept") == accept_of(key)
        assert self.response.get("Upgrade").lower() == "websocket"
        assert self.response.get("Connection").lower() == "upgrade"

    def send(self, payload, opcode=TEXT):
        self.client.send(frame(payload, opcode, masked=True))

    def receive(self):
        return read_frame(self.client.reader)

    def echo(self, payload, opcode=TEXT):
        self.send(payload, opcode)
        got = self.receive()
        expected = payload.encode() if isinstance(payload, str) else payload
        assert got == (opcode, expected), (got[0], got[1][:100])


def accept(connection, request):
    """The origin's answer to the handshake."""
    fields = f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept_of(request.get('Sec-WebSocket-Key'))}"
    connection.send(f"HTTP/1.1 101 Switching Protocols\r\n{fields}\r\nSec-WebSocket-Protocol: chat\r\n\r\n".encode())


def echo_handler(connection, request):
    """For Origin: an echo server; ends after a CLOSE."""
    if (request.get("Upgrade") or "").lower() != "websocket":
        connection.send(b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n")
        return True
    accept(connection, request)
    while True:
        opcode, payload = read_frame(connection.reader)
        if opcode == PING:
            connection.send(frame(payload, PONG))
        else:
            connection.send(frame(payload, opcode))
        if opcode == CLOSE:
            return False
