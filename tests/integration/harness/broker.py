"""An ingress-broker with its database, certificates and ports; they stay the same over restarts."""
import os
import signal
import socket

from harness.admin import Admin
from harness.ctl import Ctl, write_secret
from harness.ports import free_port
from harness.process import Process, program

DOMAIN = "iterate.app"
HOSTS = [f"{start}{DOMAIN}" for start in ("", "*.", "*.machines.")] + ["localhost", "127.0.0.1"]


class Broker:
    """`options` are further words of its command line. Not started before start(). It has INGRESS_TEST_LOOPS loops where
    the options say no number. `files` is how many descriptors it may have, `prefix` is what it is started by."""

    def __init__(self, folder, ca, options=(), http_mode="serve", default_auth="public", domains=(DOMAIN,),
                 grace="3s", park="300ms", files=None, env=None):
        self.folder, self.ca = str(folder), ca
        self.options, self.http_mode, self.default_auth, self.domains = list(options), http_mode, default_auth, domains
        self.grace, self.park, self.files, self.env = grace, park, files, env
        self.prefix = []
        self.tls_dir = os.path.join(self.folder, "tls")
        self.db = os.path.join(self.folder, "routes.db")
        self.access_log = os.path.join(self.folder, "access.log")
        self.admin_socket = os.path.join(self.folder, "admin.sock")
        self.http_port, self.https_port, self.admin_port = free_port(), free_port(), free_port()
        self.admin_token = "admin-secret-0123456789"
        self.process = None
        self._past, self._sockets = [], []
        os.makedirs(self.tls_dir)
        ca.issue(self.tls_dir, "default", HOSTS)
        self.admin_token_file = write_secret(self.folder, "admin.token", self.admin_token)

    def argv(self):
        words = [program("ingress-broker"), "run", "--log-format", "json", "--http", f"127.0.0.1:{self.http_port}",
                 "--https", f"127.0.0.1:{self.https_port}", "--http-mode", self.http_mode, "--tls-dir", self.tls_dir,
                 "--default-auth", self.default_auth, "--admin", f"unix:{self.admin_socket}", "--admin",
                 f"127.0.0.1:{self.admin_port}", "--admin-token-file", self.admin_token_file, "--db", self.db,
                 "--access-log", self.access_log, "--grace-period", self.grace,
                 "--park", self.park]
        for domain in self.domains:
            words += ["--domain", domain]
        loops = os.environ.get("INGRESS_TEST_LOOPS")
        if loops and "--loops" not in self.options:
            words += ["--loops", loops]
        limited = [] if self.files is None else ["prlimit", f"--nofile={self.files}:{self.files}"]
        return self.prefix + limited + words + self.options

    def start(self):
        assert self.process is None or not self.process.running()
        self.process = Process("broker", self.argv(), self.folder, self.env, self._sockets)
        self._past.append(self.process)
        self.process.wait_event("ready")
        return self

    def succeed(self):
        """Starts the next process while this one runs dry; gives this one."""
        old, self.process = self.process, None
        self.start()
        return old

    def hold_sockets(self):
        """Its public sockets are this process's from now on, as they may be systemd's; it does not run."""
        self._sockets = [socket.create_server(("127.0.0.1", port), backlog=128)
                         for port in (self.http_port, self.https_port)]

    def make_way(self):
        """SIGTERM, beside a next process that waits for the database already: it takes no more, whatever runs."""
        os.close(os.open(self.db + ".lock", os.O_RDWR))
        self.process.signal(signal.SIGTERM)
        self.process.wait_event("handing_over")

    def kill(self):
        self.process.kill()

    def restart(self):
        self.process.stop()
        return self.start()

    def stop(self):
        for process in self._past:
            process.stop()
        for sock in self._sockets:
            sock.close()

    @property
    def ctl(self):
        return Ctl(f"unix:{self.admin_socket}")

    @property
    def url(self):
        return f"https://localhost:{self.https_port}"

    @property
    def admin(self):
        return Admin(self.admin_socket)
