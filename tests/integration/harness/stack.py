"""A broker, one machine, one project and an agent: the main job, ready."""
import os

from harness.agent import Agent
from harness.broker import Broker
from harness.http1 import Client

MACHINE, PROJECT = "mach_a", "misha"


class Stack:
    """`broker` and `agent` are keyword options of theirs. Machine `mach_a`, attached to project `misha`; the default
    port of both is `default_port` where given, else 3000."""

    def __init__(self, folder, ca, broker=None, agent=None, default_port=None, start=True):
        self.folder, self.ca = str(folder), ca
        self.broker = Broker(self.folder, ca, **(broker or {}))
        self.broker.start()
        self.admin.machine(MACHINE, default_port)
        self.admin.project(PROJECT, MACHINE, default_port)
        self.token = self.admin.token_of(MACHINE)
        self.agent = Agent(self.folder, self.broker, MACHINE, self.token, **(agent or {}))
        self._extra = []
        if start:
            self.agent.start()

    @property
    def admin(self):
        return self.broker.admin

    @property
    def ctl(self):
        return self.broker.ctl

    def host(self, port):
        """A host that leads to that port."""
        return f"{port}__{MACHINE}.machines.iterate.app"

    def client(self, tls=False, **words):
        if tls:
            words.setdefault("sni", "broker.iterate.app")
            return Client(self.broker.https_port, tls=self.ca.context(), **words)
        return Client(self.broker.http_port, **words)

    def get(self, host, target="/", tls=False, **words):
        with self.client(tls) as client:
            return client.get(host, target, **words)

    def another_agent(self, machine, token, **options):
        agent = Agent(self.folder, self.broker, machine, token, **options)
        self._extra.append(agent)
        return agent

    def access_lines(self, **fields):
        """Lines of the access log (written in blocks, at most a second late) that have these values."""
        import json

        if not os.path.exists(self.broker.access_log):
            return []
        with open(self.broker.access_log) as file:
            lines = [json.loads(line) for line in file if line.endswith("\n")]
        return [line for line in lines if all(line.get(name) == value for name, value in fields.items())]

    def stop(self):
        for agent in [*self._extra, self.agent]:
            agent.stop()
        self.broker.stop()
