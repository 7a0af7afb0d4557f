"""./dev demo: the main job on one machine. A broker, an agent and a web app; the https URLs and the curl lines that reach
them; the lines run once and their answers checked. Stays up until Ctrl-C; with --once it ends, 0 where all was right."""
import argparse
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "integration"))
from harness.certificates import Ca
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
        self.admin = f"unix:{folder}/admin.sock"
        self.ca = Ca(folder, "ingress demo CA")

    def hosts(self):
        """(host, the port that has to answer)"""
        machine, project = f"{MACHINE}.machines.{DOMAIN}", f"{PROJECT}.{DOMAIN}"
        return [(machine, self.default_port), (f"{self.other_port}__{machine}", self.other_port),
                (project, self.default_port), (f"{self.other_port}__{project}", self.other_port)]

    # Programs

    def start(self, name, *argv):
        log_path = os.path.join(self.folder, f"{name}.log")
        with open(log_path, "wb") as log:
            # setpriv: where this process dies by force, its children end too.
            process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", "--", *argv], stdout=log, stderr=log,
                                       stdin=subprocess.DEVNULL, cwd=self.folder, start_new_session=True, env=environment())
        self.started.append((name, process, log_path))
        return process, log_path

    def wait_log(self, name, process, log_path, words):
        def said():
            with open(log_path, errors="replace") as log:
                text = log.read()
            if words in text:
                return True
            if process.poll() is not None:
                raise Wrong(f"{name} ended with {process.returncode}:\n{text[-3000:]}")
            return False

        wait_until(said, f"{name} says {words}")

    def program(self, name):
        return os.path.join(self.bin, name)

    def ctl(self, *words):
        print("  $ ingressctl " + " ".join(words))
        done = subprocess.run([self.program("ingressctl"), "--admin", self.admin, *words], capture_output=True, text=True,
                              env=environment())
        if done.returncode:
            raise Wrong(f"ingressctl ended with {done.returncode}: {done.stderr or done.stdout}")
        return done.stdout

    def start_apps(self):
        for port in (self.default_port, self.other_port):
            self.start(f"app-{port}", sys.executable, os.path.join(HERE, "app.py"), str(port))
            wait_until(lambda: accepts(port), f"the app on port {port}")

    def start_broker(self):
        tls = os.path.join(self.folder, "tls")
        os.makedirs(tls)
        names = [DOMAIN, f"*.{DOMAIN}", f"*.machines.{DOMAIN}", *[host for host, _ in self.hosts()], "localhost"]
        self.ca.issue(tls, "demo", names)
        process, log = self.start(
            "broker", self.program("ingress-broker"), "run", "--domain", DOMAIN, "--https", f"127.0.0.1:{self.https}",
            "--tls-dir", tls, "--default-auth", "public", "--admin", self.admin, "--db",
            os.path.join(self.folder, "routes.db"), "--access-log", os.path.join(self.folder, "access.log"))
        self.wait_log("the broker", process, log, "ready")

    def make_machine(self):
        port = [] if self.default_port == 3000 else ["--port", str(self.default_port)]
        self.ctl("machine", "create", MACHINE, *port)
        self.ctl("project", "create", PROJECT, "--machine", MACHINE, *port)
        token_file = os.path.join(self.folder, "token")
        with open(os.open(token_file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(self.ctl("machine", "token", "create", MACHINE))
        return token_file

    def start_agent(self, token_file):
        process, log = self.start(
            "agent", self.program("ingress-agent"), "run", "--broker", f"https://localhost:{self.https}", "--machine",
            MACHINE, "--token-file", token_file, "--ca-file", self.ca.path, "--listen", f"127.0.0.1:{free_port()}")
        self.wait_log("the agent", process, log, "tunnel_up")

    def start_all(self):
        self.start_apps()
        self.start_broker()
        self.start_agent(self.make_machine())

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

    def curl_line(self, host):
        return ["curl", "-sS", "--cacert", self.ca.path, "--resolve", f"{host}:{self.https}:127.0.0.1",
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
        client = Client(self.https, tls=self.ca.context(), sni=host)
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
