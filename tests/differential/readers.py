"""The readers that ours is held against: nginx as a proxy before a recording origin, and Node's http server. Both listen on
Unix sockets; `read(raw)` gives what they saw of one connection's bytes."""
import json
import os
import re
import socket
import subprocess
import threading
import time
from dataclasses import dataclass

TIMEOUT_S = 5

NGINX_CONF = """
daemon off;
master_process off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size 0;
  lingering_close off;
  server {{
    listen unix:{folder}/nginx.sock;
    location / {{
      proxy_pass http://unix:{folder}/origin.sock:;
      proxy_ignore_client_abort on;
      proxy_pass_request_headers off;
    }}
  }}
}}
"""


@dataclass
class Seen:
    requests: list  # of (method, target, body bytes)
    refused: bool


def wait_for(path):
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(path)
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise
        time.sleep(0.01)


def exchange(path, raw):
    """Sends the bytes and the end of them; gives what came back."""
    reply = b""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(TIMEOUT_S)
        client.connect(path)
        try:
            client.sendall(raw)
            client.shutdown(socket.SHUT_WR)
            while piece := client.recv(65536):
                reply += piece
        except (BrokenPipeError, ConnectionResetError):
            pass
    return reply


def is_refusal(reply):
    return not reply or re.search(rb"HTTP/1\.[01] [45]\d\d ", reply) is not None


class RecordingOrigin:
    """Behind nginx, which sends each request on a connection of its own, with a Content-Length where there is a body."""

    def __init__(self, path):
        self.requests = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(64)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(TIMEOUT_S)
                self.serve(connection)

    def serve(self, connection):
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                return
            data += piece
        head, body = data.split(b"\r\n\r\n", 1)
        length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.I)
        size = int(length.group(1)) if length else 0
        while len(body) < size:
            body += connection.recv(65536)
        method, rest = head.split(b"\r\n", 1)[0].split(b" ", 1)
        target = rest.rsplit(b" ", 1)[0]
        self.requests.append((method.decode("latin-1"), target.decode("latin-1"), len(body)))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")

    def close(self):
        self.listener.close()


class Nginx:
    def __init__(self, folder):
        self.path = f"{folder}/nginx.sock"
        self.origin = RecordingOrigin(f"{folder}/origin.sock")
        conf = os.path.join(folder, "nginx.conf")
        with open(conf, "w", encoding="ascii") as file:
            file.write(NGINX_CONF.format(folder=folder))
        self.process = subprocess.Popen(["/usr/sbin/nginx", "-c", conf, "-e", f"{folder}/start.log"])
        wait_for(self.path)

    def read(self, raw):
        self.origin.requests = []
        reply = exchange(self.path, raw)
        return Seen(self.origin.requests, is_refusal(reply))

    def stop(self):
        self.process.terminate()
        self.process.wait(TIMEOUT_S)
        self.origin.close()


# Debian 13's Node reads with a llhttp that knows one method more than Node has a name for.
NAMELESS_METHOD = "QUERY"


class Node:
    def __init__(self, folder):
        self.path = f"{folder}/node.sock"
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "node_recorder.js")
        self.process = subprocess.Popen(["node", script, self.path], stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == b"ready\n"

    def read(self, raw):
        reply = exchange(self.path, raw)
        seen = json.loads(self.process.stdout.readline())
        requests = [(one.get("method", NAMELESS_METHOD), one["target"], one["body_bytes"]) for one in seen["requests"]]
        return Seen(requests, bool(seen["error"]) or is_refusal(reply))

    def stop(self):
        self.process.terminate()
        self.process.wait(TIMEOUT_S)
