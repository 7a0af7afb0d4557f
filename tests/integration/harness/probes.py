"""Requests without end while something is done to the programs."""
import contextlib
import threading
import time

from harness.wait import LIMIT, wait_until


class Probes:
    """One after the other, in a thread: `ask` gives a status. Failures are kept with the time they began."""

    def __init__(self, ask):
        self.ask = ask
        self.count, self.failures, self._done = 0, [], threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        while not self._done.wait(0.005):
            began = time.monotonic()
            try:
                status = self.ask()
                failure = None if status == 200 else status
            except Exception as error:  # pylint: disable=broad-except
                failure = repr(error)
            self.count += 1
            if failure:
                self.failures.append((began, failure))

    def wait(self, more=30):
        target = self.count + more
        wait_until(lambda: self.count >= target, "probes go on", LIMIT + more)

    def stop(self):
        self._done.set()
        self._thread.join()
        return self.failures


def by_tunnel(stack, port):
    """Each on a connection of its own."""
    def ask():
        with stack.client() as client:
            return client.get(stack.host(port)).status
    return ask


@contextlib.contextmanager
def none_fails(stack, port):
    """Probes by the tunnel all the while, of which each is answered."""
    probes = Probes(by_tunnel(stack, port))
    try:
        yield probes
    finally:
        failures = probes.stop()
    assert not failures
