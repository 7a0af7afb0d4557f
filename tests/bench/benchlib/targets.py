"""What is measured: nginx with one hop and two, our tunnel, and the peers that are on PATH. Each has a URL, a Host and
the processes whose time counts (never the load's nor the origin's)."""
import os
import secrets
import shutil
import socket
import subprocess

from benchlib.processes import Process, wait_until

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MACHINE = "mach_bench"
DOMAIN = "bench.test"


class Target:
    def __init__(self, name, url, host, processes):
        self.name, self.url, self.host, self.processes = name, url, host, processes


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class Bench:
    """Everything that is started, in one temporary folder."""

    def __init__(self, folder, bin_folder):
        self.folder, self.bin = folder, bin_folder
        self.processes = []
        self.origin_port = None

    def start(self, argv, name, env=None):
        process = Process(argv, self.folder, name, env)
        self.processes.append(process)
        return process

    def stop(self):
        for process in reversed(self.processes):
            process.stop()

    def nginx(self, template, name, prefix=(), **values):
        with open(os.path.join(HERE, template)) as file:
            text = file.read()
        for key, value in {"DIR": self.folder, "NAME": name, **values}.items():
            text = text.replace(f"@{key}@", str(value))
        path = os.path.join(self.folder, name + ".conf")
        with open(path, "w") as file:
            file.write(text)
        return self.start([*prefix, "nginx", "-p", self.folder, "-c", path], name)

    def start_origin(self):
        www = os.path.join(self.folder, "www")
        os.makedirs(www)
        for name, size in (("small", 12), ("10k", 10_000), ("1m", 1_000_000)):
            with open(os.path.join(www, name), "wb") as file:
                file.write(b"hello world\n" if size == 12 else secrets.token_bytes(size))
        self.origin_port = free_port()
        self.nginx("nginx_origin.conf", "origin", ORIGIN=f"127.0.0.1:{self.origin_port}")
        wait_until(lambda: accepts(self.origin_port), 10, "origin")

    def make_file(self, path, size):
        """A large answer of the origin: one megabyte over and over."""
        with open(os.path.join(self.folder, "www", path.lstrip("/")), "wb") as file:
            part = secrets.token_bytes(1_000_000)
            for _ in range(size // len(part)):
                file.write(part)

    def nginx_hop(self, name, upstream, location="", server="", mode="", connection=""):
        port = free_port()
        process = self.nginx("nginx_hop.conf", name, LISTEN=f"{port} {mode}".strip(), UPSTREAM=upstream, LOCATION=location,
                             SERVER=server, CONNECTION=connection)
        wait_until(lambda: accepts(port), 10, name)
        return port, process

    def nginx_one(self, name="nginx", buffers=""):
        port, process = self.nginx_hop(name, self.origin_port, buffers)
        return Target(name, f"http://127.0.0.1:{port}", "localhost", [process])

    def nginx_tls(self, tls, name="nginx", buffers="", mode="ssl http2"):
        """One hop that terminates https with the broker's certificate and first cipher suite."""
        server = (f"ssl_certificate {tls}/bench.crt; ssl_certificate_key {tls}/bench.key; ssl_protocols TLSv1.3; "
                  "ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256; http2_max_requests 100000000;")
        port, process = self.nginx_hop(name, self.origin_port, buffers, server, mode)
        return Target(name, f"https://127.0.0.1:{port}", "localhost", [process])

    def nginx_two(self):
        inner, first = self.nginx_hop("nginx-inner", self.origin_port)
        outer, second = self.nginx_hop("nginx-outer", inner)
        return Target("nginx, two hops", f"http://127.0.0.1:{outer}", "localhost", [second, first])

    def program(self, name):
        return os.path.join(self.bin, name)

    def ctl(self, *words, broker="broker"):
        argv = [self.program("ingressctl"), "--admin", f"unix:{self.folder}/{broker}.sock", *words]
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout

    def certificate(self, folder="tls", *more_names):
        tls = os.path.join(self.folder, folder)
        if os.path.exists(tls):
            return tls
        os.makedirs(tls)
        names = ",".join([f"subjectAltName=DNS:{DOMAIN}", f"DNS:*.{DOMAIN}", f"DNS:*.machines.{DOMAIN}", "DNS:localhost",
                          *more_names])
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", f"/CN={DOMAIN}", "-addext", names, "-keyout", f"{tls}/bench.key", "-out", f"{tls}/bench.crt"],
            check=True, capture_output=True)
        return tls

    def start_broker(self, tls, name="broker", database="routes.db", ports=None, wait=True, address="127.0.0.1",
                     prefix=(), options=()):
        """`options` are further words; `prefix` is what the program is started by (ip netns exec NAME)."""
        http, https = ports or (free_port(), free_port())
        argv = [*prefix, self.program("ingress-broker"), "run", "--domain", DOMAIN, "--http", f"{address}:{http}", "--https",
                f"{address}:{https}", "--http-mode", "serve", "--tls-dir", tls, "--default-auth", "public", "--admin",
                f"unix:{self.folder}/{name}.sock", "--db", os.path.join(self.folder, database), "--access-log",
                os.path.join(self.folder, name + "-access.log"), "--grace-period", "1s", *options]
        broker = self.start(argv, name)
        if wait:
            broker.wait_log("ready")
        return broker, http, https

    def start_agent(self, https, tls, broker="broker", name="agent", default_port=None, options=(),
                    broker_host="localhost", prefix=()):
        """The agent of MACHINE, which is made where that broker does not know it yet."""
        token = os.path.join(self.folder, broker + "-token")
        if not os.path.exists(token):
            self.ctl("machine", "create", MACHINE, "--port", str(default_port or self.origin_port), broker=broker)
            with open(token, "w") as file:
                file.write(self.ctl("machine", "token", "create", MACHINE, broker=broker))
        return self.start(
            [*prefix, self.program("ingress-agent"), "run", "--broker", f"https://{broker_host}:{https}", "--machine", MACHINE,
             "--token-file", token, "--ca-file", f"{tls}/bench.crt", "--listen", "off", *options], name)

    def ingress(self, name="", default_port=None, agent_options=()):
        """A broker and an agent; a name other than "" tells a further pair from the first."""
        tls = self.certificate()
        broker, http, https = self.start_broker(tls, name + "broker", name + "routes.db")
        agent = self.start_agent(https, tls, name + "broker", name + "agent", default_port, agent_options)
        agent.wait_log("tunnel_up")
        return Target("ingress", f"http://127.0.0.1:{http}", f"{MACHINE}.machines.{DOMAIN}", [broker, agent]), https, tls

    def peers(self):
        """Raw tunnels with one flag each, where they are installed: rathole and chisel carry TCP, so any Host will do."""
        found = []
        if shutil.which("chisel"):
            found.append(self.chisel())
        if shutil.which("rathole"):
            found.append(self.rathole())
        if shutil.which("frps") and shutil.which("frpc"):
            found.append(self.frp())
        if shutil.which("piko"):
            found.append(self.piko())
        return found

    def chisel(self):
        server_port, port = free_port(), free_port()
        server = self.start(["chisel", "server", "--host", "127.0.0.1", "--port", str(server_port), "--reverse"], "chisel-server")
        wait_until(lambda: accepts(server_port), 10, "chisel")
        client = self.start(["chisel", "client", f"127.0.0.1:{server_port}",
                             f"R:127.0.0.1:{port}:127.0.0.1:{self.origin_port}"], "chisel-client")
        wait_until(lambda: accepts(port), 10, "chisel")
        return Target("chisel", f"http://127.0.0.1:{port}", "localhost", [server, client])

    def rathole(self):
        server_port, port = free_port(), free_port()
        configurations = {
            "server": f'[server]\nbind_addr="127.0.0.1:{server_port}"\ndefault_token="t"\n'
                      f'[server.services.o]\nbind_addr="127.0.0.1:{port}"\n',
            "client": f'[client]\nremote_addr="127.0.0.1:{server_port}"\ndefault_token="t"\n'
                      f'[client.services.o]\nlocal_addr="127.0.0.1:{self.origin_port}"\n',
        }
        processes = []
        for role, text in configurations.items():
            path = os.path.join(self.folder, f"rathole-{role}.toml")
            with open(path, "w") as file:
                file.write(text)
            processes.append(self.start(["rathole", f"--{role}", path], f"rathole-{role}"))
        wait_until(lambda: accepts(port), 10, "rathole")
        return Target("rathole", f"http://127.0.0.1:{port}", "localhost", processes)

    def frp(self):
        server_port, port = free_port(), free_port()
        configurations = {
            "frps": f'bindAddr = "127.0.0.1"\nbindPort = {server_port}\nproxyBindAddr = "127.0.0.1"\nvhostHTTPPort = {port}\n',
            "frpc": f'serverAddr = "127.0.0.1"\nserverPort = {server_port}\n[[proxies]]\nname = "o"\ntype = "http"\n'
                    f'localPort = {self.origin_port}\ncustomDomains = ["frp.test"]\n',
        }
        processes = []
        for role, text in configurations.items():
            path = os.path.join(self.folder, f"{role}.toml")
            with open(path, "w") as file:
                file.write(text)
            processes.append(self.start([role, "-c", path], role))
        processes[1].wait_log("start proxy success")
        return Target("frp", f"http://127.0.0.1:{port}", "frp.test", processes)

    def piko(self):
        proxy, upstream, admin = free_port(), free_port(), free_port()
        server = self.start(["piko", "server", "--proxy.bind-addr", f"127.0.0.1:{proxy}", "--upstream.bind-addr",
                             f"127.0.0.1:{upstream}", "--admin.bind-addr", f"127.0.0.1:{admin}", "--gossip.bind-addr",
                             f"127.0.0.1:{free_port()}"], "piko-server")
        wait_until(lambda: accepts(upstream), 10, "piko")
        agent = self.start(["piko", "agent", "http", "o", str(self.origin_port), "--connect.url",
                            f"http://127.0.0.1:{upstream}", "--server.bind-addr", f"127.0.0.1:{free_port()}"], "piko-agent")
        agent.wait_log("connected")
        return Target("piko", f"http://127.0.0.1:{proxy}", "o.piko.test", [server, agent])
