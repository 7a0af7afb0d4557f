"""Small requests now and then beside a load, through several targets in turn, and how long each one took."""
import http.client
import threading
import time


class Probe:
    """`targets` in turn, on a kept-alive connection each; delays[name] in seconds."""

    def __init__(self, targets, path="/small", every=0.05):
        self.targets, self.path, self.every = targets, path, every
        self.delays = {target.name: [] for target in targets}
        self.error = None
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()
        if self.error is not None:
            raise self.error

    def _run(self):
        try:
            ways = [(target, http.client.HTTPConnection("127.0.0.1", int(target.url.rsplit(":", 1)[1]), timeout=60))
                    for target in self.targets]
            while not self.done.wait(self.every):
                for target, connection in ways:
                    self.delays[target.name].append(self._ask(target, connection))
        except (OSError, http.client.HTTPException, RuntimeError) as error:
            self.error = error

    def _ask(self, target, connection):
        start = time.perf_counter()
        connection.request("GET", self.path, headers={"Host": target.host})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"a small request beside the load was answered {answer.status} by {target.name}")
        return time.perf_counter() - start
