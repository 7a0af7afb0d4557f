"""ingress-broker dev: everything for one laptop."""
import os
import signal
import ssl
import stat
import subprocess

import pytest

from harness.dev import Dev
from harness.http1 import Client
from harness.origin import Origin, answer
from harness.ports import free_port
from harness.process import gone
from harness.wait import wait_until
from harness.websocket import WebSocket, echo_handler


def saying_what_it_saw(connection, request):
    lines = [request.target, request.host, request.get("X-Forwarded-Host") or "-", request.get("Cookie") or "-",
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
        assert seen[2] in (f"{origin.port}__dev.localhost", "backend.dev.localhost")


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


def test_a_second_one_in_the_same_folder_says_what_is_wrong(make_dev):
    from harness.process import program
    dev = make_dev()
    second = subprocess.run([program("ingress-broker"), "dev", "--state-dir", dev.state, "--https",
                             f"127.0.0.1:{dev.https_port}", "--admin", "off"], capture_output=True, text=True, timeout=60)
    assert second.returncode == 1 and "another broker has the database open" in second.stderr


@pytest.mark.parametrize("options, reason", [
    (["--service", "backend"], "NAME=PORT"), (["--service", "Back_end=80"], "NAME=PORT"),
    (["--service", "a=0"], "NAME=PORT"), (["--domain", "a..b"], "not a domain"), (["--domain", "10.0.0.1"], "not a name"),
    (["--project", "admin"], "kept for the broker"), (["--https", "unix:/x"], "not an address"),
    (["--query-host", "a={"], "NAME={}"), (["--machine", "A B"], "--machine"), (["--port", "0"], "port"),
    (["--domain", "x"], "two labels"), (["--machine", "admin"], "reserved"), (["--service", "www=80"], "kept for the broker"),
    (["--service", "web=80", "--service", "web=81"], "port 80 already"),
])
def test_a_bad_setting_is_78_with_a_sentence(tmp_path, options, reason):
    from harness.process import environment, program
    done = subprocess.run([program("ingress-broker"), "dev", "--state-dir", str(tmp_path / "s"), *options],
                          capture_output=True, text=True, timeout=30, env=environment())
    assert done.returncode == 78 and reason in done.stderr, done


def test_settings_come_from_a_file_too(tmp_path, origin):
    file = tmp_path / "dev.toml"
    file.write_text(f'domain = ["shop.test"]\nservice = ["backend={origin.port}"]\n')
    dev = Dev(tmp_path, ["--config", str(file)])
    assert dev.get("backend.shop.test", tls=True).status == 200
    dev.stop()


def test_help_of_the_broker_names_dev_and_dev_has_a_help_of_its_own():
    from harness.process import program
    shown = subprocess.run([program("ingress-broker"), "--help"], capture_output=True, text=True, check=True).stdout
    assert "ingress-broker dev --help" in shown
    shown = subprocess.run([program("ingress-broker"), "dev", "--help"], capture_output=True, text=True, check=True).stdout
    assert "--service" in shown and "--tls-dir" not in shown


def test_it_starts_in_a_shell_that_has_its_admin_socket_exported_for_ingressctl(make_dev):
    for socket in ("unix:/nonexistent/admin.sock", "unix:admin.sock"):
        dev = make_dev(admin=False, env={"INGRESS_ADMIN": socket})
        assert dev.ctl.json("project", "list")
        dev.wait_screen(f"INGRESS_ADMIN=unix:{dev.admin_socket}")
