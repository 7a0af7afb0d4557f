"""pebble, Let's Encrypt's ACME server for tests, with its DNS and challenge server (Debian's package `pebble`)."""
import json
import os
import shutil
import ssl
import subprocess
import urllib.request

import pytest

from harness.ports import free_port
from harness.process import Process
from harness.wait import wait_until


def need_programs():
    for name in ("pebble", "pebble-challtestsrv", "lego"):
        if shutil.which(name) is None:
            pytest.skip(f"no {name} is installed (Debian's packages pebble and lego)")


def newer_words():
    """A later version listens for DNS over HTTPS, too, at a port that may be taken."""
    told = subprocess.run(["pebble-challtestsrv", "-h"], capture_output=True, text=True).stderr
    return ["-doh", ""] if "-doh " in told else []


class Pebble:
    """An ACME server that asks `http_port` for HTTP-01 answers, and a DNS server: every name is 127.0.0.1 there, where
    nothing else is said. `life` is that of its certificates, in seconds."""

    def __init__(self, folder, ca, http_port, life=90 * 24 * 3600):
        need_programs()
        self.folder, self.ca = str(folder), ca
        self.port, self.manage_port, self.dns_port, self.challenge_port = (free_port() for _ in range(4))
        ca.issue(self.folder, "pebble", ["127.0.0.1", "localhost"])
        self.config = os.path.join(self.folder, "pebble.json")
        with open(self.config, "w") as file:
            json.dump({"pebble": {
                "listenAddress": f"127.0.0.1:{self.port}", "managementListenAddress": f"127.0.0.1:{self.manage_port}",
                "certificate": os.path.join(self.folder, "pebble.crt"),
                "privateKey": os.path.join(self.folder, "pebble.key"),
                "httpPort": http_port, "tlsPort": free_port(), "ocspResponderURL": "",
                "certificateValidityPeriod": life}}, file)
        self.dns = Process("challtestsrv", [
            "pebble-challtestsrv", "-dns01", f"127.0.0.1:{self.dns_port}", "-management",
            f"127.0.0.1:{self.challenge_port}", "-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv6", "",
            *newer_words()], self.folder)
        self.server = None
        self.start()
        wait_until(lambda: self._answers(f"http://127.0.0.1:{self.challenge_port}/"), "the DNS server")

    def start(self):
        self.server = Process("pebble", ["pebble", "-config", self.config, "-dnsserver", f"127.0.0.1:{self.dns_port}"],
                              self.folder, {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0"})
        wait_until(lambda: self._answers(self.url), "pebble")

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}/dir"

    @property
    def resolver(self):
        return f"127.0.0.1:{self.dns_port}"

    def _answers(self, url):
        try:
            urllib.request.urlopen(url, context=ssl.create_default_context(cafile=self.ca.path)).read()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    def _manage(self, what, **body):
        url = f"http://127.0.0.1:{self.challenge_port}/{what}"
        urllib.request.urlopen(url, json.dumps(body).encode()).read()

    def set_txt(self, name, value):
        self._manage("set-txt", host=name + ".", value=value)

    def clear_txt(self, name):
        self._manage("clear-txt", host=name + ".")

    def set_a(self, name, *addresses):
        self._manage("add-a", host=name + ".", addresses=list(addresses))

    def clear_a(self, name):
        self._manage("clear-a", host=name + ".")

    def root(self):
        """What a client trusts: the CA of the certificates that it issues (another one after each start)."""
        url = f"https://127.0.0.1:{self.manage_port}/roots/0"
        path = os.path.join(self.folder, "root.crt")
        with open(path, "wb") as file:
            file.write(urllib.request.urlopen(url, context=ssl.create_default_context(cafile=self.ca.path)).read())
        return path

    def exec_provider(self):
        """A file of variables for lego's DNS provider `exec`: its program makes the records at the DNS server."""
        program = os.path.join(self.folder, "dns-record")
        with open(program, "w") as file:
            file.write(f"""#!/bin/sh
case $1 in
  present) exec curl -fsS -d "{{\\"host\\": \\"$2\\", \\"value\\": \\"$3\\"}}" http://127.0.0.1:{self.challenge_port}/set-txt ;;
esac
""")
        os.chmod(program, 0o755)
        path = os.path.join(self.folder, "dns.env")
        with open(path, "w") as file:
            file.write(f"# of lego's provider exec\nEXEC_PATH={program}\nEXEC_PROPAGATION_TIMEOUT=10\nEXEC_POLLING_INTERVAL=1\n"
                       "EXEC_SEQUENCE_INTERVAL=1\n")
        return path

    def stop(self):
        for process in (self.server, self.dns):
            process.signal(15)
            process.popen.wait(10)
