"""An ingress-agent of one machine."""
from harness.ctl import write_secret
from harness.ports import free_port
from harness.process import Process, program


class Agent:
    """`local` False: --listen off. `options` are further words, `prefix` is what the program is started by. Not started
    before start()."""

    def __init__(self, folder, broker, machine, token, options=(), connections=1, local=True, env=None, name=None,
                 url=None, grace="3s", prefix=()):
        self.folder, self.broker, self.machine = str(folder), broker, machine
        self.options, self.connections, self.env = list(options), connections, env or {}
        self.local_port = free_port() if local else None
        self.url = url or broker.url
        self.grace, self.prefix = grace, list(prefix)
        self.name = name or f"agent-{machine}"
        self.token_file = write_secret(self.folder, f"{self.name}.token", token)
        self.process = None
        self._past = []

    def argv(self):
        listen = f"127.0.0.1:{self.local_port}" if self.local_port else "off"
        return [*self.prefix, program("ingress-agent"), "run", "--log-format", "json", "--broker", self.url, "--machine",
                self.machine, "--token-file", self.token_file, "--ca-file", self.broker.ca.path, "--listen", listen,
                "--connections", str(self.connections), "--grace-period", self.grace, *self.options]

    def start(self, wait=True):
        assert self.process is None or not self.process.running()
        self.process = Process(self.name, self.argv(), self.folder, self.env)
        self._past.append(self.process)
        if wait:
            self.wait_up()
        return self

    def wait_up(self, times=1):
        """Every slot's tunnel is up, `times` times since the process began."""
        self.process.wait_event("tunnel_up", count=self.connections * times)
        return self

    def kill(self):
        self.process.kill()

    def restart(self):
        self.process.stop()
        return self.start()

    def stop(self):
        for process in self._past:
            process.stop()
