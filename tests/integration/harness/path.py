"""A way between an agent and its broker that forgets connections, as a NAT does: they stay open and carry nothing."""
import socket
import threading

from harness.ports import free_port


class Path:
    """Listens on loopback and passes bytes on to `port`."""

    def __init__(self, port, host="127.0.0.1"):
        self.target, self.port = port, free_port()
        self._pairs, self._lock, self._lost = [], threading.Lock(), set()
        self._listener = socket.create_server((host, self.port), backlog=64)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self.target), 10)
            except OSError:
                return
            far.settimeout(None)
            pair = (near, far)
            with self._lock:
                self._pairs.append(pair)
            for source, sink in (pair, pair[::-1]):
                threading.Thread(target=self._copy, args=(source, sink, pair), daemon=True).start()

    def _copy(self, source, sink, pair):
        while True:
            try:
                data = source.recv(65536)
                if pair in self._lost:
                    return
                if not data:
                    sink.shutdown(socket.SHUT_WR)
                    return
                sink.sendall(data)
            except OSError:
                return

    def forget(self):
        """What is connected carries nothing from now on; new connections are served."""
        with self._lock:
            self._lost.update(self._pairs)

    def close(self):
        self._listener.close()
        with self._lock:
            for pair in self._pairs:
                for sock in pair:
                    sock.close()
