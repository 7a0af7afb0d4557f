"""The public side of a machine's URL: requests on connections of their own, one after the other, each counted; and one
long download."""
import http.client
import socket
import threading
import time

from harness.http1 import Client

SECONDS_A_REQUEST = 60


class Traffic:
    """https to `address`, for `host`, until stop(): the failures, each (time, what)."""

    def __init__(self, address, host, context, threads=3, target="/"):
        self._address, self._host, self._context, self._target = address, host, context, target
        self.answered, self.failures = 0, []
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def _one(self):
        with socket.create_connection((self._address, 443), SECONDS_A_REQUEST) as plain:
            with self._context.wrap_socket(plain, server_hostname="broker.iterate.app") as tls:
                tls.sendall(f"GET {self._target} HTTP/1.1\r\nHost: {self._host}\r\nConnection: close\r\n\r\n".encode())
                answer = http.client.HTTPResponse(tls)
                answer.begin()
                return answer.status, answer.read()

    def _ask(self):
        while not self._ended.is_set():
            try:
                status, body = self._one()
                problem = None if status == 200 else f"{status} {body[:200]}"
            except (OSError, http.client.HTTPException) as error:
                problem = repr(error)
            with self._lock:
                self.answered += problem is None
                if problem:
                    self.failures.append((time.monotonic(), problem))

    def more(self, count=50):
        """That many further answers."""
        from harness.wait import wait_until

        before = self.answered
        wait_until(lambda: self.answered >= before + count or self.failures, f"{count} answers", 120)

    def stop(self):
        self._ended.set()
        for thread in self._threads:
            thread.join(SECONDS_A_REQUEST + 5)
        return self.failures


class Download:
    """One answer, read as it comes, on a connection of its own."""

    def __init__(self, address, host, context, target):
        self._client = Client(443, address, tls=context, sni="broker.iterate.app")
        self._client.request(host, target)
        self.status = self._client.head().status
        self.size = 0

    def read(self, size):
        """Until so many bytes have come in all."""
        while self.size < size:
            self.size += len(self._client.reader.some())

    def close(self):
        self._client.close()
