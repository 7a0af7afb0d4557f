"""An HTTP proxy that knows CONNECT and nothing else, as a company's way out does."""
import base64
import socket
import threading

from harness.http1 import Closed, Reader, fields_named, parse_fields
from harness.pump import pump


class ConnectProxy:
    """Records the targets that were asked for. `credentials` "user:password" makes it ask for them."""

    def __init__(self, credentials=None, refuse=False):
        self.credentials, self.refuse = credentials, refuse
        self.targets, self._sockets = [], []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def cut(self):
        """Breaks off everything that runs through it."""
        for sock in list(self._sockets):  # who comes back meanwhile is another one
            try:
                sock.shutdown(socket.SHUT_RDWR)  # close() alone would wait for the thread that reads
            except OSError:
                pass
            sock.close()

    def cut_one(self, port):
        """Breaks off the connection that this proxy made from that port of its own."""
        upstream = next(sock for sock in self._sockets if sock.fileno() >= 0 and sock.getsockname()[1] == port)
        upstream.shutdown(socket.SHUT_RDWR)

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._sockets.append(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        try:
            line, *rest = Reader(sock).until(b"\r\n\r\n").split(b"\r\n")
        except Closed:
            return
        method, target, _ = line.decode().split(" ")
        if method != "CONNECT" or self.refuse:
            sock.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        if self.credentials and not self._authorised(b"\r\n".join(rest)):
            sock.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        self.targets.append(target)
        self._relay(sock, target)

    def _authorised(self, block):
        expected = "Basic " + base64.b64encode(self.credentials.encode()).decode()
        return fields_named(parse_fields(block), "Proxy-Authorization") == [expected]

    def _relay(self, sock, target):
        host, port = target.rsplit(":", 1)
        address = "127.0.0.1" if host == "localhost" else host.strip("[]")  # a bare root has no /etc/hosts
        upstream = socket.create_connection((address, int(port)))
        self._sockets.append(upstream)
        sock.sendall(b"HTTP/1.1 200 Connection established\r\nX-Proxy: yes\r\n\r\n")
        threading.Thread(target=pump, args=(upstream, sock), daemon=True).start()
        pump(sock, upstream)
