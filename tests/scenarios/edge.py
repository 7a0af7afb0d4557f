"""A broker as it is on its first day: no machine, no project. Agents come as a test makes them."""
import os
import subprocess

import pytest

from harness.agent import Agent
from harness.broker import HOSTS, Broker
from harness.process import BIN, environment
from harness.stack import Stack


class Edge(Stack):
    """`hosts` are names beyond iterate.app that its certificate is for; `options` are the broker's."""

    def __init__(self, folder, ca, hosts=(), **options):
        self.folder, self.ca, self._extra = str(folder), ca, []
        self.broker = Broker(self.folder, ca, **options)
        ca.issue(self.broker.tls_dir, "default", [*HOSTS, *hosts])
        self.broker.start()

    def agent_of(self, machine, token, **options):
        """An agent of that machine, its tunnel up."""
        self._extra.append(Agent(self.folder, self.broker, machine, token, **options))
        return self._extra[-1].start()

    def shell(self, text):
        """What a shell prints for these commands, as a person would have it: ingressctl on the PATH, and curl that finds
        every https host at this broker. Each has to succeed."""
        with open(os.path.join(self.folder, ".curlrc"), "w") as file:
            file.write(f'silent\nshow-error\nconnect-to = ":443:127.0.0.1:{self.broker.https_port}"\ncacert = "{self.ca.path}"\n')
        env = environment({"PATH": f"{BIN}:{os.environ['PATH']}", "CURL_HOME": self.folder, "HOME": self.folder,
                           "INGRESS_ADMIN": f"unix:{self.broker.admin_socket}"})
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=self.folder, env=env, capture_output=True,
                              text=True, timeout=120, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, f"{text}\nexit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def read(self, name):
        """A file that a command left."""
        with open(os.path.join(self.folder, name)) as file:
            return file.read().strip()

    def stop(self):
        for agent in self._extra:
            agent.stop()
        self.broker.stop()


@pytest.fixture
def make_edge(tmp_path_factory, ca):
    """Brokers of the test's own, with the agents that it started; stopped, and held to a clean end, after it."""
    made = []

    def make(**options):
        made.append(Edge(tmp_path_factory.mktemp("edge"), ca, **options))
        return made[-1]

    yield make
    for edge in made:
        edge.stop()
