"""app.py PORT: a small web app, as somebody would have it in a machine: a page, a JSON answer, a form, a stream of
events, and a WebSocket that echoes (RFC 6455, by hand). Python's standard library only."""
import base64
import hashlib
import html
import json
import struct
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CLOSE, PING, PONG = 8, 9, 10

PAGE = """<!doctype html>
<title>A port in a machine</title>
<style>body {{ font: 16px/1.5 system-ui; max-width: 40em; margin: 3em auto; padding: 0 1em }}</style>
<h1>Hello from port {port}</h1>
<p>You asked for <b>{host}</b>; this app thinks that it is <b>{local}</b>.</p>
<p>WebSocket: <span id="said">connecting…</span></p>
<p>Events: <span id="tick">…</span></p>
<script>
  const socket = new WebSocket(location.href.replace(/^http/, "ws").replace(/[?#].*/, "") + "ws");
  socket.onopen = () => socket.send("hello through the tunnel");
  socket.onmessage = (event) => (said.textContent = event.data);
  new EventSource("events").onmessage = (event) => (tick.textContent = event.data);
</script>
"""


class App(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "demo"

    def facts(self):
        return {"app": "demo", "port": self.server.server_port, "path": self.path,
                "public_host": self.headers.get("X-Forwarded-Host"), "local_host": self.headers.get("Host"),
                "scheme": self.headers.get("X-Forwarded-Proto")}

    def answer(self, body, content_type, status=200):
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def do_GET(self):
        path = self.path.split("?")[0]
        if path == "/ws" and self.headers.get("Upgrade", "").lower() == "websocket":
            self.web_socket()
        elif path == "/events":
            self.events()
        elif path == "/facts":
            self.answer(json.dumps(self.facts()) + "\n", "application/json")
        elif path == "/":
            self.front_page()
        else:
            self.answer("not here\n", "text/plain; charset=utf-8", 404)

    do_HEAD = do_GET

    def front_page(self):
        facts = self.facts()
        if "text/html" in self.headers.get("Accept", ""):
            names = {name: html.escape(str(facts[key])) for name, key in
                     (("port", "port"), ("host", "public_host"), ("local", "local_host"))}
            self.answer(PAGE.format(**names), "text/html; charset=utf-8")
        else:
            self.answer(f"hello from port {facts['port']}, asked for as {facts['public_host']}\n",
                        "text/plain; charset=utf-8")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(f"{len(body)} bytes came to port {self.server.server_port}\n", "text/plain; charset=utf-8")

    def events(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            while True:
                self.wfile.write(f"data: {time.strftime('%H:%M:%S')}\n\n".encode())
                time.sleep(1)
        except OSError:
            pass  # the reader left

    def web_socket(self):
        accept = base64.b64encode(hashlib.sha1(self.headers["Sec-WebSocket-Key"].encode() + GUID).digest()).decode()
        self.send_response(101, "Switching Protocols")
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accept)
        self.end_headers()
        self.close_connection = True
        while (frame := self.read_frame()) is not None:
            opcode, payload = frame
            self.write_frame(PONG if opcode == PING else opcode, payload)
            if opcode == CLOSE:
                return

    def read_frame(self):
        head = self.rfile.read(2)
        if len(head) < 2:
            return None
        size = head[1] & 0x7F
        if size == 126:
            size = struct.unpack("!H", self.rfile.read(2))[0]
        elif size == 127:
            size = struct.unpack("!Q", self.rfile.read(8))[0]
        mask = self.rfile.read(4)
        masked = self.rfile.read(size)
        return head[0] & 0x0F, bytes(byte ^ mask[index % 4] for index, byte in enumerate(masked))

    def write_frame(self, opcode, payload):
        size = len(payload)
        if size < 126:
            head = struct.pack("!BB", 0x80 | opcode, size)
        elif size < 65536:
            head = struct.pack("!BBH", 0x80 | opcode, 126, size)
        else:
            head = struct.pack("!BBQ", 0x80 | opcode, 127, size)
        self.wfile.write(head + payload)

    def log_message(self, format, *words):  # pylint: disable=redefined-builtin
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True


if __name__ == "__main__":
    Server(("127.0.0.1", int(sys.argv[1])), App).serve_forever()
