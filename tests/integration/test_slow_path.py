"""A tunnel over a path so slow that a PING waits for seconds behind a body: it is alive as long as bytes arrive."""
import os
import socket
import threading
import time

import pytest

from harness.origin import answering

RATE = 5_000  # bytes a second
BODY = os.urandom(70_000)


class SlowPath:
    """Carries connections to the broker; what the agent sends gets through slowly, and waits in the agent's kernel."""

    def __init__(self, port, buffer=8192):
        self.port, self.connections = port, 0
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return f"https://localhost:{self.listener.getsockname()[1]}"

    def _accept(self):
        while True:
            try:
                agent, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            broker = socket.create_connection(("127.0.0.1", self.port))
            threading.Thread(target=self._pump, args=(agent, broker, RATE), daemon=True).start()
            threading.Thread(target=self._pump, args=(broker, agent, None), daemon=True).start()

    @staticmethod
    def _pump(source, sink, rate):
        try:
            while data := source.recv(512 if rate else 65536):
                sink.sendall(data)
                if rate:
                    time.sleep(len(data) / rate)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self.listener.close()


@pytest.mark.slow
def test_downloads_over_a_slow_path_do_not_end_its_tunnel(make_stack, make_origin):
    stack = make_stack()
    stack.agent.stop()
    path = SlowPath(stack.broker.https_port)
    slow = stack.another_agent("mach_a", stack.token, url=path.url, name="slow")
    slow.start()
    origin = make_origin(handler=answering(BODY))
    clients = [stack.client() for _ in range(1)]
    for client in clients:
        client.sock.settimeout(60)
        client.request(stack.host(origin.port))
    for client in clients:
        with client:
            assert client.response().body == BODY
    assert path.connections == 1
    assert not slow.process.find("tunnel_down")
    path.close()
