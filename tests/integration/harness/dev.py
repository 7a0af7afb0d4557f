"""`ingress-broker dev`, with ports and a folder of its own."""
import os
import ssl

from harness.ctl import Ctl
from harness.http1 import Client
from harness.ports import free_port
from harness.process import Process, program
from harness.wait import wait_until


class Dev:
    """`options` are further words. Started at once; up when it says so. `admin` False: nothing is said of --admin."""

    def __init__(self, folder, options=(), env=None, admin=True):
        self.folder = str(folder)
        self.state = os.path.join(self.folder, "state")
        self.https_port, self.http_port, self.admin_port = free_port(), free_port(), free_port()
        self.admin_socket = os.path.join(self.state, "admin.sock")
        said = ["--admin", f"127.0.0.1:{self.admin_port}"] if admin else []
        self.process = Process("dev", [
            program("ingress-broker"), "dev", "--log-format", "json", "--log-level", "info", "--state-dir", self.state,
            "--https", f"127.0.0.1:{self.https_port}", "--http", f"127.0.0.1:{self.http_port}", *said,
            *options], self.folder, env)
        self.process.wait_event("ready")

    @property
    def ca_path(self):
        return os.path.join(self.state, "ca.crt")

    @property
    def ctl(self):
        return Ctl(f"unix:{self.admin_socket}")

    def url(self, host):
        return f"https://{host}:{self.https_port}/"

    def screen(self):
        """What stands on its screen: all but the log lines."""
        return "\n".join(line for line in self.process.log_text().split("\n") if not line.startswith("{"))

    def wait_screen(self, words):
        return wait_until(lambda: words in self.screen(), f"the screen says {words}", detail=self.process.tail)

    def ports(self):
        """What the landing page says, by port."""
        return {entry["port"]: entry for entry in self.get("localhost").json["ports"]}

    def context(self):
        context = ssl.create_default_context(cafile=self.ca_path)
        context.set_alpn_protocols(["http/1.1"])
        return context

    def client(self, host=None):
        """In clear, or over https to a name, which the certificate has to be good for."""
        if host is None:
            return Client(self.http_port)
        return Client(self.https_port, tls=self.context(), sni=host)

    def get(self, host, target="/", tls=False, fields=()):
        with self.client(host if tls else None) as client:
            return client.get(host, target, fields=fields)

    def stop(self):
        self.process.stop()
