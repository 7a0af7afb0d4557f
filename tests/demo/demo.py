"""./dev demo: the main job on one machine, by `ingress-broker dev`. Two web apps; the https URLs and the curl lines that
reach them; the lines run once and their answers checked. Stays up until Ctrl-C; with --once it ends, 0 where all was
right."""
import argparse
import os
import shlex
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "integration"))
from harness.http1 import Client
from harness.ports import free_port
from harness.wait import wait_until
from harness.websocket import WebSocket

DOMAIN = "iterate.app"
MACHINE, PROJECT = "mach_demo", "misha"


class Wrong(Exception):
    """An answer or a program was not as it has to be."""


def taken(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            return False
        except OSError:
            return True


def choose_port(wanted, what):
    if not taken(wanted):
        return wanted
    port = free_port()
    print(f"(port {wanted} is taken here: {what} is on {port})")
    return port


class Demo:
    def __init__(self, bin_folder, folder):
        self.bin, self.folder = os.path.abspath(bin_folder), folder
        self.started = []
        self.https = choose_port(8443, "https")
        self.default_port = choose_port(3000, "the app on the default port")
        self.other_port = choose_port(4096, "the second app")
        self.ca = os.path.join(folder, "ca.crt")

    def hosts(self):
        """(host, the port that has to answer)"""
        machine, project = f"{MACHINE}.machines.{DOMAIN}", f"{PROJECT}.{DOMAIN}"
        return [(machine, self.default_port), (f"{self.other_port}__{machine}", self.other_port),
                (project, self.default_port), (f"{self.other_port}__{project}", self.other_port),
                (f"docs.{project}", self.other_port), (f"{self.other_port}__{PROJECT}.localhost", self.other_port)]

    # Programs

    def start(self, name, *argv):
        log_path = os.path.join(self.folder, f"{name}.log")
        with open(log_path, "wb") as log:
            # setpriv: where this process dies by force, its children end too.
            process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", "--", *argv], stdout=log, stderr=log,
                                       stdin=subprocess.DEVNULL, cwd=self.folder, start_new_session=True, env=environment())
        self.started.append((name, process, log_path))
        return process, log_path

    def start_apps(self):
        for port in (self.default_port, self.other_port):
            self.start(f"app-{port}", sys.executable, os.path.join(HERE, "app.py"), str(port))
            wait_until(lambda: accepts(port), f"the app on port {port}")

    def start_broker(self):
        words = ["dev", "--domain", DOMAIN, "--project", PROJECT, "--machine", MACHINE, "--port", str(self.default_port),
                 "--service", f"docs={self.other_port}", "--https", f"127.0.0.1:{self.https}", "--state-dir", self.folder]
        print(f"  $ {shlex.join(['ingress-broker', *words])}\n")
        process, log_path = self.start("broker", os.path.join(self.bin, "ingress-broker"), *words)

        def said():
            with open(log_path, errors="replace") as log:
                text = log.read()
            if process.poll() is not None:
                raise Wrong(f"the broker ended with {process.returncode}:\n{text[-3000:]}")
            return "Ctrl-C" in text and text

        print(wait_until(said, "the broker's screen"))

    def start_all(self):
        self.start_apps()
        self.start_broker()

    def stop_all(self):
        for _, process, _ in reversed(self.started):
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + 10
        for _, process, _ in self.started:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    # The job

    def ctl(self, *words):
        print("\n  $ ingressctl " + " ".join(words))
        done = subprocess.run([os.path.join(self.bin, "ingressctl"), "--admin", f"unix:{self.folder}/admin.sock", *words],
                              capture_output=True, text=True, env=environment())
        print("  " + done.stdout.replace("\n", "\n  ").rstrip())
        if done.returncode:
            raise Wrong(f"ingressctl ended with {done.returncode}: {done.stderr or done.stdout}")

    def curl_line(self, host):
        return ["curl", "-sS", "--cacert", self.ca, "--resolve", f"{host}:{self.https}:127.0.0.1",
                f"https://{host}:{self.https}/"]

    def check_curl(self, host, port):
        line = self.curl_line(host)
        print(f"\nhttps://{host}:{self.https}/\n  $ {shlex.join(line)}")
        done = subprocess.run(line, capture_output=True, text=True, timeout=30, env=environment())
        print(f"  {(done.stdout or done.stderr).strip()}")
        expected = f"hello from port {port}, asked for as {host}:{self.https}\n"
        if done.returncode or done.stdout != expected:
            raise Wrong(f"curl ended with {done.returncode}; the answer should be: {expected}")

    def check_web_socket(self, host):
        context = ssl.create_default_context(cafile=self.ca)
        context.set_alpn_protocols(["http/1.1"])
        client = Client(self.https, tls=context, sni=host)
        socket_ = WebSocket(client, f"{host}:{self.https}", "/ws")
        for text in ("hello", "x" * 100_000):
            socket_.send(text)
            _, payload = socket_.receive()
            if payload != text.encode():
                raise Wrong(f"the WebSocket of {host} said {payload[:100]!r}")
        client.close()
        print(f"\nwss://{host}:{self.https}/ws\n  said hello and 100,000 bytes, and heard them again")

    def check(self):
        for host, port in self.hosts():
            self.check_curl(host, port)
        self.check_web_socket(self.hosts()[1][0])
        self.ctl("machine", "show", MACHINE)
        self.ctl("why", f"{self.other_port}__{PROJECT}.localhost")

    def stay(self):
        print("\nAll of it is up until Ctrl-C. Logs are in " + self.folder)
        while True:
            for name, process, log_path in self.started:
                if process.poll() is not None:
                    with open(log_path, errors="replace") as log:
                        raise Wrong(f"{name} ended with {process.returncode}:\n{log.read()[-3000:]}")
            time.sleep(0.5)


def environment():
    """Without proxies and settings by variable: they would lead elsewhere."""
    return {name: value for name, value in os.environ.items()
            if not name.lower().endswith("_proxy") and not name.startswith("INGRESS_")}


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def end(*_):
    raise KeyboardInterrupt


def run(demo, once):
    demo.start_all()
    demo.check()
    if once:
        print("\nAll answers were right.")
    else:
        demo.stay()


def main():
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__)
    parser.add_argument("--bin", default="build/release/bin", help=argparse.SUPPRESS)
    parser.add_argument("--once", action="store_true", help="end after the answers")
    options = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGHUP, end)
    folder, demo, code = tempfile.mkdtemp(prefix="ingress-demo-"), None, 0
    try:
        demo = Demo(options.bin, folder)
        run(demo, options.once)
    except KeyboardInterrupt:
        print("\nending")
        code = 1 if options.once else 0
    except (Wrong, AssertionError, OSError, subprocess.SubprocessError) as failure:
        print(f"\ndemo failed: {failure}", file=sys.stderr)
        code = 1
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if demo is not None:
            demo.stop_all()
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(code)


main()
