"""A server of raw TCP that does what a test says with each connection."""
import socket
import threading

from harness.wait import LIMIT


class TcpServer:
    """`handler(sock)` is called on a thread for each connection, which is closed after it. Failures are kept."""

    def __init__(self, handler, host="127.0.0.1"):
        self.handler, self.failures, self.sockets = handler, [], []
        self._listener = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        for sock in [self._listener, *self.sockets]:
            sock.close()

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.settimeout(LIMIT * 2)
            self.sockets.append(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        try:
            self.handler(sock)
        except OSError as failure:
            self.failures.append(failure)
        sock.close()


def read_all(sock):
    data = bytearray()
    while piece := sock.recv(65536):
        data += piece
    return bytes(data)


def upper_at_end(sock):
    """Reads to the peer's half-close, and only then answers."""
    sock.sendall(read_all(sock).upper())


def echo(sock):
    while piece := sock.recv(65536):
        sock.sendall(piece)
