"""ingress-broker dev: everything for one laptop."""
import os
import pty
import select
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import termios
import time

import pytest

from harness.dev import Dev
from harness.http1 import Client
from harness.origin import Origin, answer
from harness.ports import free_port
from harness.process import Process, gone, program
from harness.wait import wait_until
from harness.websocket import WebSocket, echo_handler


def saying_what_it_saw(connection, request):
    lines = [request.target, request.host, request.get("X-Iterate-Proxy-Via") or "-", request.get("Cookie") or "-",
             request.get("X-Ingress-Host") or "-"]
    connection.send(answer("\n".join(lines).encode()))


@pytest.fixture
def make_dev(tmp_path):
    made = []

    def make(*options, **more):
        folder = tmp_path / f"dev{len(made)}"
        folder.mkdir()
        made.append(Dev(folder, options, **more))
        return made[-1]

    yield make
    for dev in made:
        dev.stop()


@pytest.fixture
def origin(make_origin):
    return make_origin(saying_what_it_saw)


def test_each_port_is_at_a_name_of_its_own_with_a_certificate_that_is_good_for_it(make_dev, origin):
    dev = make_dev("--service", f"backend={origin.port}", "--port", str(origin.port))
    for host in ("dev.localhost", f"{origin.port}__dev.localhost", "backend.dev.localhost", "backend__dev.localhost",
                 "laptop.machines.localhost", f"{origin.port}--laptop.machines.localhost"):
        seen = dev.get(host, "/a?b=c", tls=True)
        assert seen.status == 200, (host, seen.text)
        assert seen.text.split("\n")[:3] == ["/a?b=c", f"localhost:{origin.port}", host]


def test_a_name_from_etc_hosts_leads_to_the_default_port_and_names_below_it_to_services_and_ports(make_dev, origin):
    dev = make_dev("--domain", "shop.test", "--service", f"backend={origin.port}", "--port", str(origin.port))
    for host in ("shop.test", "backend.shop.test", f"{origin.port}.shop.test", f"{origin.port}__dev.shop.test"):
        assert dev.get(host, tls=True).status == 200, host


def test_no_certificate_is_made_for_a_name_of_somebody_else(make_dev):
    dev = make_dev()
    with pytest.raises(ssl.SSLCertVerificationError):
        dev.client("bank.example")


def test_the_local_ca_is_made_once_is_for_its_owner_and_constrained(make_dev, tmp_path):
    dev = make_dev("--domain", "shop.test")
    ca = os.path.join(dev.state, "ca")
    assert sorted(os.listdir(ca)) == ["localhost.crt", "localhost.key", "shop.test.crt", "shop.test.key"]
    for path, mode in ((dev.state, 0o700), (ca, 0o700), (f"{ca}/localhost.key", 0o600)):
        assert stat.S_IMODE(os.stat(path).st_mode) == mode, path
    shown = subprocess.run(["openssl", "x509", "-noout", "-text", "-in", f"{ca}/localhost.crt"], check=True,
                           capture_output=True, text=True).stdout
    assert "X509v3 Name Constraints: critical" in shown and "DNS:localhost" in shown
    before = open(dev.ca_path).read()
    dev.stop()
    again = Dev(tmp_path / "dev0", ["--domain", "shop.test"])
    assert open(again.ca_path).read() == before
    again.stop()


@pytest.mark.parametrize("target", ["/x?__host={port}__dev.localhost", "/x?a=1&__host={port}%5F%5Fdev.localhost",
                                    "/x?replId=backend"])
def test_a_client_that_cannot_set_a_host_names_it_in_the_query(make_dev, origin, target):
    dev = make_dev("--service", f"backend={origin.port}", "--query-host", "replId={}.dev.localhost")
    target = target.format(port=origin.port)
    for host in (f"localhost:{dev.http_port}", f"127.0.0.1:{dev.http_port}"):
        seen = dev.get(host, target).text.split("\n")
        assert seen[:2] == [target, f"localhost:{origin.port}"]
        assert seen[2] in (f"{origin.port}__dev.localhost:{dev.http_port}", f"backend.dev.localhost:{dev.http_port}")


def test_a_client_that_cannot_set_a_host_names_it_in_a_field_which_the_origin_does_not_see(make_dev, origin):
    dev = make_dev()
    seen = dev.get("localhost", "/x", fields=[("X-Ingress-Host", f"{origin.port}__dev.localhost")])
    assert seen.text.split("\n") == ["/x", f"localhost:{origin.port}", f"{origin.port}__dev.localhost", "-", "-"]


def test_a_page_that_was_chosen_by_the_query_gets_what_it_loads_by_a_cookie(make_dev, origin):
    dev = make_dev()
    page = dev.get("localhost", f"/?__host={origin.port}__dev.localhost", fields=[("Accept", "text/html")])
    cookie = page.get("Set-Cookie")
    assert cookie == f"__ingress_host={origin.port}__dev.localhost; Path=/; HttpOnly; SameSite=Lax"
    loaded = dev.get("localhost", "/style.css", fields=[("Cookie", f"a=b; {cookie.split(';')[0]}")])
    assert loaded.text.split("\n") == ["/style.css", f"localhost:{origin.port}", f"{origin.port}__dev.localhost", "a=b", "-"]
    assert dev.get("localhost", f"/x?__host={origin.port}__dev.localhost").get("Set-Cookie") is None


def leading_to_its_login(connection, request):
    """By the name that it has for itself, and below its path."""
    folder = request.target.split("?")[0].rstrip("/")
    connection.send(answer(status="302 Found", fields=[("Location", f"http://{request.host}{folder}/login")]))


def ways_to_choose(host):
    return [(f"/?__host={host}", [("Accept", "text/html")]), ("/", [("X-Ingress-Host", host)]), ("/", [("Cookie", f"__ingress_host={host}")])]


# A page's next request goes where a redirect leads, and its Origin is what the origin was told.
@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "10.9.8.7", "[fd00::7]"])
def test_whatever_host_is_chosen_the_site_stays_what_its_client_calls_it(make_dev, make_origin, name):
    origin = make_origin(leading_to_its_login)
    dev = make_dev()
    site = f"{name}:{dev.https_port}"
    for target, fields in ways_to_choose(f"{origin.port}__dev.localhost"):
        with dev.client("localhost") as client:
            led = client.get(site, target, fields=[*fields, ("Origin", f"https://{site}")])
        assert (led.status, led.get("Location")) == (302, f"https://{site}/login"), (target, fields)
        told = [origin.last.get(f"X-Forwarded-{what}") for what in ("Host", "Port", "Proto")]
        assert told == [site, str(dev.https_port), "https"] and origin.last.get("Origin") == f"https://{site}"
        assert origin.last.host == f"localhost:{origin.port}"
        assert origin.last.get("X-Iterate-Proxy-Via") == f"{origin.port}__dev.localhost:{dev.https_port}"


def test_a_redirect_is_followed_by_the_cookie_of_the_page_that_was_chosen(make_dev, make_origin):
    origin = make_origin(leading_to_its_login)
    dev = make_dev()
    site = f"localhost:{dev.http_port}"
    led = dev.get(site, f"/?__host={origin.port}__dev.localhost", fields=[("Accept", "text/html")])
    assert led.get("Location") == f"http://{site}/login"
    dev.get(site, "/login", fields=[("Accept", "text/html"), ("Cookie", led.get("Set-Cookie").split(";")[0])])
    assert origin.last.target == "/login"


@pytest.mark.parametrize("name, accept", [("localhost", "*/*"), ("dev.localhost", "text/html")])
def test_where_nothing_keeps_the_choice_a_redirect_leads_to_the_host_that_was_chosen(make_dev, make_origin, name, accept):
    origin = make_origin(leading_to_its_login)
    dev = make_dev()
    chosen = f"{origin.port}__dev.localhost"
    led = dev.get(f"{name}:{dev.http_port}", f"/?__host={chosen}", fields=[("Accept", accept)])
    assert led.get("Set-Cookie") is None
    assert led.get("Location") == f"http://{chosen}:{dev.http_port}/login"


def test_a_redirect_of_a_chosen_host_loses_the_prefix_that_its_policy_adds(make_dev, make_origin):
    origin = make_origin(leading_to_its_login)
    dev = make_dev("--port", str(origin.port))
    dev.ctl.ok("project", "set", "dev", "--policy", '{"add_prefix": "/base"}')
    site = f"localhost:{dev.http_port}"
    for target, fields in ways_to_choose("dev.localhost")[1:]:
        assert dev.get(site, target, fields=fields).get("Location") == f"http://{site}/login", (target, fields)
        assert origin.last.target.startswith("/base")


def test_a_bad_link_leaves_nothing_behind(make_dev, origin):
    dev = make_dev()
    html = ("Accept", "text/html")
    for bad in ("%25", "typo.example", "99999__dev.localhost"):
        refused = dev.get("localhost", f"/?__host={bad}", fields=[html])
        assert refused.status in (400, 404) and refused.get("Set-Cookie") is None, refused
    landing = dev.get("localhost", "/?__host=", fields=[html, ("Cookie", f"__ingress_host={origin.port}__dev.localhost")])
    assert landing.status == 200 and landing.get("X-Ingress-Landing")
    assert landing.get("Set-Cookie") == "__ingress_host=; Path=/; Max-Age=0"
    cookies = [("Cookie", f"__ingress_host={origin.port}__dev.localhost"), ("Cookie", "a=b; __ingress_host=x"), ("Cookie", "__ingress_host=y")]
    seen = dev.get("localhost", "/x", fields=cookies)
    assert seen.status == 200 and not [field for field in origin.last.fields if "__ingress_host" in field[1]]


def test_a_web_socket_names_its_host_in_the_query(make_dev, make_origin):
    origin = make_origin(echo_handler)
    dev = make_dev()
    with dev.client() as client:
        socket = WebSocket(client, "localhost", f"/ws?__host={origin.port}__dev.localhost")
        socket.echo(b"hello")


def test_a_foreign_name_that_leads_here_by_rebinding_chooses_no_host(make_dev, origin):
    dev = make_dev()
    for fields in ((), [("X-Ingress-Host", f"{origin.port}__dev.localhost")]):
        refused = dev.get("evil.example", f"/?__host={origin.port}__dev.localhost", fields=fields)
        assert refused.status == 404 and refused.error == "route_not_found"
    assert not origin.requests


def test_the_landing_page_lists_what_listens_and_follows_it(make_dev, make_origin):
    dev = make_dev("--service", "backend=1")
    assert dev.ports()[1]["service"] == "backend" and not dev.ports()[1]["listening"]
    origin = make_origin(saying_what_it_saw)
    wait_until(lambda: origin.port in dev.ports(), "the new port is listed")
    entry = dev.ports()[origin.port]
    assert entry["url"] == dev.url(f"{origin.port}__dev.localhost") and entry["listening"]
    page = dev.get("localhost", fields=[("Accept", "text/html")])
    assert page.get("Content-Type").startswith("text/html") and entry["url"] in page.text
    assert dev.https_port not in dev.ports() and dev.admin_port not in dev.ports()
    origin.stop_listening()
    wait_until(lambda: origin.port not in dev.ports(), "the port is gone")


def test_a_device_of_the_network_gets_links_that_it_can_follow(make_dev, origin):
    dev = make_dev("--service", f"backend={origin.port}", "--port", str(free_port()))
    html = [("Accept", "text/html")]
    for name in ("10.9.8.7", "[fd00::7]"):
        site = f"{name}:{dev.https_port}"
        with dev.client("localhost") as client:
            urls = [entry["url"] for entry in client.get(site, "/").json["ports"]]
            page = client.get(site, "/", fields=html).text
            assert urls[:2] == [f"https://{site}/?__host={host}" for host in ("dev.localhost", "backend.dev.localhost")]
            assert f'<a href="{urls[1]}">' in page and f"https://{site}/?__host=N__dev.localhost" in page
            assert client.get(site, urls[1].removeprefix(f"https://{site}")).status == 200
        clear = f"{name}:{dev.http_port}"
        assert dev.get(clear).json["ports"][1]["url"] == f"http://{clear}/?__host=backend.dev.localhost"
        # The default port has nothing to show yet.
        instead = dev.get(clear, "/?__host=dev.localhost", fields=html)
        assert instead.status == 502 and f'<a href="http://{clear}/?__host=backend.dev.localhost">' in instead.text


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]"])
def test_on_this_machine_the_list_links_to_names(make_dev, name):
    dev = make_dev("--service", "backend=1")
    assert dev.get(f"{name}:{dev.http_port}").json["ports"][1]["url"] == dev.url("backend.dev.localhost")


def test_a_browser_gets_the_list_until_the_default_port_listens_and_a_program_an_error(make_dev, make_origin):
    port = free_port()
    dev = make_dev("--port", str(port))
    page = dev.get("dev.localhost", fields=[("Accept", "text/html")])
    assert page.status == 502 and "Ports of this machine" in page.text
    assert dev.get("dev.localhost").error == "proxy_error"
    make_origin(saying_what_it_saw, port=port)
    wait_until(lambda: dev.get("dev.localhost", fields=[("Accept", "text/html")]).status == 200, "the app is there")


def test_the_screen_names_urls_and_follows_ports(make_dev, make_origin):
    dev = make_dev("--service", "backend=1")
    dev.wait_screen(f"{dev.url('backend.dev.localhost')}")
    dev.wait_screen("ingressctl cert trust")
    token = os.path.join(dev.state, "admin.token")
    dev.wait_screen(f"Dashboard:  http://127.0.0.1:{dev.admin_port}/  (its token: {token})")
    assert open(token).read().strip() not in dev.screen(), "the file that this is in may be anybody's to read"
    origin = make_origin(saying_what_it_saw)
    dev.wait_screen(f"+ {dev.url(f'{origin.port}__dev.localhost')}")


def test_the_screen_says_how_ingressctl_is_called_here(make_dev):
    dev = make_dev()
    beside = os.path.realpath(program("ingressctl"))
    called = "ingressctl" if shutil.which("ingressctl") else beside
    dev.wait_screen(f"trusted:  {called} cert trust --ca-dir {dev.state}/ca\n")
    on_path = make_dev(env={"PATH": f"{os.path.dirname(beside)}:{os.environ['PATH']}"})
    on_path.wait_screen("trusted:  ingressctl cert trust --ca-dir")


@pytest.mark.skipif(not shutil.which("certutil"), reason="libnss3-tools is not installed")
def test_the_screen_says_which_browsers_and_programs_trust_the_ca(make_dev, tmp_path):
    home = tmp_path / "home"
    databases = [home / ".pki/nssdb", home / ".mozilla/firefox/abc.default"]
    for database in databases:
        database.mkdir(parents=True)
        subprocess.run(["certutil", "-d", f"sql:{database}", "-N", "--empty-password"], check=True)
    first = make_dev(env={"HOME": str(home)})
    first.wait_screen("Browsers warn until the local CA is trusted")
    first.stop()
    said = ["Browsers warn until the local CA is trusted", "Browsers trust the local CA. For curl and other programs:  sudo "]
    for database in databases:
        subprocess.run(["certutil", "-d", f"sql:{database}", "-A", "-t", "C,,", "-n", "the local CA",
                        "-i", f"{first.state}/ca/localhost.crt"], check=True)
        again = make_dev("--state-dir", first.state, env={"HOME": str(home)})
        again.wait_screen(f"cert trust --ca-dir {first.state}/ca\nor, for one program")
        assert [words in again.screen() for words in said] == ([False, True] if database == databases[-1] else [True, False])
        again.stop()


def test_the_dashboard_is_there_for_who_has_its_token_and_on_no_name_of_an_app(make_dev):
    dev = make_dev()
    token = open(os.path.join(dev.state, "admin.token")).read().strip().encode()

    def ask(host, target, method="GET", fields=(), body=None):
        with Client(dev.admin_port) as client:
            client.request(host, target, method, fields, body)
            return client.response(method)

    made = ask(f"127.0.0.1:{dev.admin_port}", "/v1/session", "POST", (), b'{"token":"%s"}' % token)
    assert made.status == 201 and "Max-Age=43200" in made.get("Set-Cookie")
    fields = [("Cookie", made.get("Set-Cookie").split(";")[0]), ("X-Ingress-Session", made.json["key"])]
    assert [row["id"] for row in ask("localhost", "/v1/machines", fields=fields).json["items"]] == ["laptop"]
    for host in (f"dev.localhost:{dev.admin_port}", "4096__dev.localhost"):
        assert ask(host, "/").status == ask(host, "/v1/machines", fields=fields).status == 421


def children_of(pid):
    return [int(child) for child in open(f"/proc/{pid}/task/{pid}/children").read().split()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_when_it_ends_nothing_is_left_behind(make_dev, number):
    dev = make_dev()
    dev.wait_screen("Ctrl-C")
    agents = children_of(dev.process.pid)
    assert agents
    dev.process.ending = True
    os.kill(dev.process.pid, number)
    dev.process.popen.wait(30)
    wait_until(lambda: all(gone(agent) for agent in agents), "the agent inside has ended")
    if number != signal.SIGKILL:
        assert dev.process.popen.returncode == 0
        assert not os.path.exists(dev.admin_socket)


def test_the_agent_inside_is_started_again_where_it_ends(make_dev, origin):
    dev = make_dev()
    dev.wait_screen("Ctrl-C")
    agent, = children_of(dev.process.pid)
    os.kill(agent, signal.SIGKILL)
    assert dev.get(f"{origin.port}__dev.localhost").status == 200  # it waits
    assert children_of(dev.process.pid) != [agent]


def test_the_next_start_has_the_services_that_it_is_told_and_keeps_the_rest(make_dev, tmp_path):
    first = make_dev("--service", "old=1", "--service", "kept=2", "--domain", "shop.test")
    first.ctl.ok("project", "set", "dev", "--park", "3s")
    first.stop()
    again = Dev(tmp_path / "dev0", ["--service", "kept=3"])
    assert [(service["name"], service["port"]) for service in again.ctl.json("service", "list", "dev")] == [("kept", 3)]
    assert again.ctl.json("domain", "list") == []
    assert again.ctl.json("project", "show", "dev")["policy"]["park"] == "3s"
    again.stop()


def test_a_start_by_another_project_takes_the_domain_with_it(make_dev, tmp_path, origin):
    make_dev("--domain", "shop.test").stop()
    again = Dev(tmp_path / "dev0", ["--project", "shop", "--domain", "shop.test", "--port", str(origin.port)])
    try:
        assert [row["project"] for row in again.ctl.json("domain", "list")] == ["shop"]
        assert again.get("shop.test", tls=True).status == again.get("shop.localhost", tls=True).status == 200
    finally:
        again.stop()


def test_what_is_set_for_other_programs_is_nothing_to_the_agent_inside(tmp_path, origin):
    folder = tmp_path / "dev"
    folder.mkdir()
    wrong = tmp_path / "wrong.token"
    wrong.write_text("an agent's elsewhere\n")
    wrong.chmod(0o600)
    theirs = {"INGRESS_TOKEN_FILE": str(wrong), "INGRESS_SECRET": "x", "INGRESS_OPEN": "true", "INGRESS_ALLOW_PORT": "1",
              "INGRESS_CA_FILE": "/nowhere", "INGRESS_LABEL": "no"}
    dev = Dev(folder, env=theirs)
    try:
        wait_until(lambda: dev.get(f"{origin.port}__dev.localhost", tls=True).status == 200, "its port is served")
    finally:
        dev.stop()


def test_the_projects_own_name_is_no_further_domain(make_dev, origin):
    dev = make_dev("--domain", "dev.localhost", "--domain", "shop.test", "--port", str(origin.port))
    assert [row["name"] for row in dev.ctl.json("domain", "list")] == ["shop.test"]
    dev.wait_screen("Ctrl-C")
    assert dev.screen().count(f"  {dev.url('dev.localhost')} ") == 1
    assert dev.get("dev.localhost", tls=True).status == dev.get("laptop.machines.localhost", tls=True).status == 200


def test_it_starts_in_a_shell_that_has_its_admin_socket_exported_for_ingressctl(make_dev):
    for socket in ("unix:/nonexistent/admin.sock", "unix:admin.sock"):
        dev = make_dev(admin=False, env={"INGRESS_ADMIN": socket})
        assert dev.ctl.json("project", "list")
        dev.wait_screen(f"INGRESS_ADMIN=unix:{dev.admin_socket}")


@pytest.fixture
def start_so(tmp_path):
    """One that is told these words alone, but where it serves in clear and that its folder is `dev/state`; and that port.
    `before`: words of a command that becomes it."""
    processes = []

    def start(*options, before=()):
        folder, port = tmp_path / "dev", free_port()
        folder.mkdir()
        processes.append(Process("dev", [
            *before, program("ingress-broker"), "dev", "--log-format", "json", "--log-level", "info", "--state-dir", "state",
            "--http", f"127.0.0.1:{port}", "--admin", "off", *options], str(folder)))
        processes[-1].wait_event("ready")
        return processes[-1], port

    yield start
    for process in processes:
        process.stop()


def listed(port):
    """The ports that the agent inside has told of."""
    with Client(port) as client:
        return {entry["port"] for entry in client.get("localhost", "/").json["ports"] if entry["listening"]}


def test_the_agent_inside_comes_to_whatever_address_of_loopback_is_said(start_so, tmp_path, origin):
    process, port = start_so("--https", f"127.0.0.2:{free_port()}")
    wait_until(lambda: origin.port in listed(port), "the agent has told its ports", detail=process.tail)
    # A relative folder is nothing to who runs the command elsewhere.
    folder = os.path.realpath(tmp_path / "dev")
    wait_until(lambda: f"cert trust --ca-dir {folder}/state/ca\n" in process.log_text(), "the screen", detail=process.tail)


def test_with_lan_a_port_alone_is_the_networks(start_so, origin):
    https_port = free_port()
    process, port = start_so("--lan", "--https", f":{https_port}")
    socket.create_connection(("127.0.0.2", https_port), 10).close()
    wait_until(lambda: origin.port in listed(port), "the agent has told its ports", detail=process.tail)


def test_with_lan_an_address_of_this_machine_alone_is_no_url_for_other_devices(make_dev):
    dev = make_dev("--lan")
    dev.wait_screen("Ctrl-C")
    assert "from other devices" not in dev.screen()


class HeldTerminal:
    """A terminal, and what has been written to it."""

    def __init__(self):
        self.master, self.slave = pty.openpty()
        self.text = ""

    def redirecting(self):
        return ["bash", "-c", f'exec "$@" >{os.ttyname(self.slave)}', "bash"]

    def shows(self, words):
        while select.select([self.master], [], [], 0)[0]:
            self.text += os.read(self.master, 65536).decode()
        return words in self.text

    def hold(self, held):
        """Ctrl-S, Ctrl-Q."""
        termios.tcflow(self.slave, termios.TCOOFF if held else termios.TCOON)


def test_a_terminal_that_is_held_holds_up_no_request(start_so, make_origin):
    terminal = HeldTerminal()
    process, port = start_so("--https", f"127.0.0.1:{free_port()}", before=terminal.redirecting())
    wait_until(lambda: terminal.shows("Ctrl-C ends it."), "the screen is drawn", detail=process.tail)
    terminal.hold(True)
    origin = make_origin(saying_what_it_saw)
    wait_until(lambda: origin.port in listed(port), "the new port is told", detail=process.tail)
    for _ in range(10):  # it would be drawn within a quarter of a second
        assert origin.port in listed(port)
        time.sleep(0.1)
    assert not terminal.shows(f"https://{origin.port}__dev.localhost")
    terminal.hold(False)
    wait_until(lambda: terminal.shows(f"https://{origin.port}__dev.localhost"), "the screen follows", detail=process.tail)


def test_a_folder_that_is_there_keeps_its_mode_and_what_is_secret_in_it_is_its_owners(tmp_path):
    (tmp_path / "state").mkdir()
    os.chmod(tmp_path / "state", 0o755)
    dev = Dev(tmp_path)
    wanted = {".": 0o755, "ca": 0o700, "tls": 0o700, "admin.token": 0o600, "routes.db": 0o600}
    assert {name: stat.S_IMODE(os.stat(os.path.join(dev.state, name)).st_mode) for name in wanted} == wanted
    dev.stop()


def test_a_domain_whose_name_is_too_long_for_a_subject_is_served(make_dev, origin):
    domain = "a-shop-with-quite-a-long-name.of-a-company-with-a-long-name-too.test"
    dev = make_dev("--domain", domain, "--port", str(origin.port))
    for host in (domain, f"{origin.port}.{domain}"):
        assert dev.get(host, tls=True).status == 200, host
