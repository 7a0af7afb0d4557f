"""What runs in labs, small, with the checks that the real programs make: an editor (VS Code's server looks at a socket's
Origin), a notebook server (Jupyter looks at Host and Origin), a terminal (a real shell on a pty)."""
import os
import pty
import subprocess
import threading
from urllib.parse import urlsplit

from harness.http1 import Closed
from harness.origin import answer
from harness.websocket import CLOSE, TEXT, accept, frame, read_frame


def is_websocket(request):
    return (request.get("Upgrade") or "").lower() == "websocket"


def echo(connection):
    while True:
        opcode, payload = read_frame(connection.reader)
        connection.send(frame(payload, opcode))
        if opcode == CLOSE:
            return False


def editor(connection, request):
    """code-server: a WebSocket's Origin is the host that it is reached by."""
    if not is_websocket(request):
        return connection.send(answer(f"editor {request.method} {len(request.body)}"))
    seen = request.get("X-Forwarded-Host") or request.host
    if urlsplit(request.get("Origin") or "").netloc != seen:
        return connection.send(answer(f"{request.get('Origin')} is not {seen}", "403 Forbidden"))
    accept(connection, request)
    return echo(connection)


def notebook(connection, request):
    """Jupyter: Host is local, and Origin names it."""
    if urlsplit(f"//{request.host}").hostname not in ("localhost", "127.0.0.1"):
        return connection.send(answer(f"{request.host} is not local", "403 Forbidden"))
    if not is_websocket(request):
        return connection.send(answer(f"notebook {request.method} {len(request.body)}"))
    if urlsplit(request.get("Origin") or "").netloc != request.host:
        return connection.send(answer(f"{request.get('Origin')} is not {request.host}", "403 Forbidden"))
    accept(connection, request)
    return echo(connection)


class Terminal:
    """A shell for each WebSocket, as ttyd has it; it ends with the socket. `shells` are the processes."""

    def __init__(self):
        self.shells = []

    def __call__(self, connection, request):
        if not is_websocket(request):
            return connection.send(answer(f"terminal {request.method} {len(request.body)}"))
        accept(connection, request)
        master, slave = pty.openpty()
        shell = subprocess.Popen(["sh"], stdin=slave, stdout=slave, stderr=slave, start_new_session=True, env={"PS1": "$ ", "PATH": os.environ["PATH"]})
        os.close(slave)
        self.shells.append(shell)
        threading.Thread(target=self._show, args=(master, connection), daemon=True).start()
        try:
            while (got := read_frame(connection.reader))[0] != CLOSE:
                os.write(master, got[1])
        except (Closed, OSError):
            pass
        shell.kill()
        shell.wait()
        os.close(master)
        return False

    @staticmethod
    def _show(master, connection):
        try:
            while data := os.read(master, 4096):
                connection.send(frame(data, TEXT))
        except OSError:
            pass  # the shell has ended, or the client went
