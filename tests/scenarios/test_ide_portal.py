"""An IDE portal under a path: docs/uses/ide-portal.md."""
import json
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from control import Control
from harness.ctl import write_secret
from harness.http1 import Client
from harness.http2 import Client2
from harness.origin import Origin, answer
from harness.wait import wait_until
from harness.websocket import WebSocket, frame
from ides import Jupyter, rstudio
from lab_apps import editor
from page import Page
from portal_service import PortalService
from sessions import KEY, cookie_of, session_of

PAGE = Page("ide-portal")
IDE, PORTAL = "ide.example.com", "portal.example.org"
BASE = "/api/v1/connect/genome/ada"


class Portal:
    """The three routes of the page, ada's workspace, and the portal's service."""

    def __init__(self, make_edge, make_origin, tmp_path):
        write_secret(str(tmp_path), "portal", KEY)
        options = ["--secrets-dir", str(tmp_path), "--allow-url-target", "127.0.0.0/8"]
        self.edge = make_edge(hosts=[IDE, PORTAL], default_auth="deny", options=options)
        self.origins = {"rstudio": make_origin(rstudio), "vscode": make_origin(editor), "jupyter": make_origin(Jupyter(BASE + "/jupyter/"))}
        ports = {"8787": "rstudio", "8080": "vscode", "8888": "jupyter"}
        self.edge.shell(PAGE.block("Kinds of IDE", {said: self.origins[name].port for said, name in ports.items()}))
        self.booting = []
        control = Control(self.edge.broker.admin_port, self.edge.broker.admin_token)
        self.service = PortalService(control, lambda *words: self.booting.append(words))

    def boot(self):
        return self.edge.agent_of(*self.booting.pop(), local=False)

    def get(self, path, user="ada", fields=(), **words):
        return self.edge.get(IDE, path, tls=True, fields=[cookie_of(user), *fields], **words)


@pytest.fixture
def portal(make_edge, make_origin, tmp_path):
    made = Portal(make_edge, make_origin, tmp_path)
    made.edge.shell(PAGE.block("Three routes, for all users"))
    yield made
    made.service.close()


@pytest.fixture
def ada(portal):
    """Her workspace runs."""
    portal.edge.admin.machine("ws_genome_ada", owner="ides")
    portal.agent = portal.edge.agent_of("ws_genome_ada", portal.edge.admin.token_of("ws_genome_ada"))
    return portal


def test_users_are_kept_out_of_each_others_paths_by_the_claims_of_their_session(ada):
    assert ada.get(f"{BASE}/rstudio/home").status == 200
    # Whose path it is: not bob's, not of ada in another project, and nobody's without a session.
    for path in (f"{BASE}/rstudio/home", f"{BASE}/jupyter/lab", f"{BASE}/vscode/"):
        for fields in ([cookie_of("bob")], [cookie_of("ada", project="other")], [], [("Cookie", "session=x")]):
            refused = ada.edge.get(IDE, path, tls=True, fields=fields)
            assert refused.status == 401, (path, fields, refused)
    for path in (f"/api/v1/connect/genome/bob/../ada/rstudio/", "/api/v1/connect/genome/bob/%2e%2e/ada/rstudio/",
                 "/api/v1/connect/genome/bob%2f..%2fada/rstudio/"):
        assert ada.get(path, user="bob").status == 400
    # Not there, of nobody, of another kind, not the way of the portal at all.
    assert ada.get("/api/v1/connect/genome/bob/rstudio/", user="bob").json["error"] == "machine_not_found"
    assert ada.get(f"{BASE}/emacs/").status == 404
    port = ada.origins["rstudio"].port
    for host in ("ws_genome_ada.machines.iterate.app", f"{port}__ws_genome_ada.machines.iterate.app", "rstudio.ides.iterate.app"):
        assert ada.edge.get(host, fields=[cookie_of("ada")]).status in (403, 409), host
    with Client(ada.agent.local_port) as client:
        assert client.get("x", fields=[("X-Iterate-Proxy-Target-Host", f"localhost:{port}")]).status == 403
    assert ada.origins["rstudio"].last.target == "/home" and len(ada.origins["rstudio"].requests) == 1


def test_names_that_look_alike_lead_to_nobody_elses_machine(portal):
    for machine in ("ws_a-b_c", "ws_genome_d_e"):
        portal.edge.admin.machine(machine, owner="ides")
        portal.edge.agent_of(machine, portal.edge.admin.token_of(machine), local=False)

    def ask(project, user):
        return portal.edge.get(IDE, f"/api/v1/connect/{project}/{user}/rstudio/x", fields=[cookie_of(user, project=project)]).status

    assert ask("a-b", "c") == ask("genome", "d_e") == 200
    for project, user in (("a_b", "c"), ("a", "b-c"), ("a", "b_c"), ("A-B", "C"), ("genome", "d-e")):
        assert ask(project, user) == 404, (project, user)


def test_a_server_may_decide_by_the_paths_captures(ada):
    ada.edge.admin.machine("ws_genome_bob", owner="ides")
    asked = []

    def may(connection, request):
        asked.append(request)
        user, project = request.get("X-Iterate-Capture-user"), request.get("X-Iterate-Capture-project")
        if f"portal={project}.{user}" not in (request.get("Cookie") or ""):
            return connection.send(answer("", "403 Forbidden"))
        return connection.send(answer("", fields=[("X-User", user)]))

    with Origin(may) as judge:
        ada.edge.shell(PAGE.block("The session", {"4180": judge.port}))
        spoofed = [("X-Iterate-Capture-user", "bob"), ("X_Iterate_Capture_User", "bob"), ("X-User", "root")]

        def ask(path, cookie):
            return ada.edge.get(IDE, path, tls=True, fields=[("Cookie", cookie), *spoofed])

        assert ask(f"{BASE}/rstudio/x", "portal=genome.ada").status == 200
        assert ada.origins["rstudio"].last.all("X-User") == ["ada"]
        assert asked[-1].all("X-Iterate-Capture-user") == ["ada"] and asked[-1].get("X-Original-URI") == f"{BASE}/rstudio/x"
        for path, cookie in ((f"{BASE}/rstudio/x", "portal=genome.bob"), ("/api/v1/connect/genome/bob/rstudio/x", "portal=genome.ada")):
            assert ask(path, cookie).status == 403
        assert len(ada.origins["rstudio"].requests) == 1


def test_a_prefix_is_taken_off_and_put_back_into_redirects_and_cookies(ada):
    prefix = f"{BASE}/rstudio"
    assert ada.get(prefix).get("Location") == f"{prefix}/auth-sign-in?next=%2F"
    assert ada.get(f"{prefix}/absolute").get("Location") == f"https://{IDE}{prefix}/there"
    got = ada.get(f"{prefix}/page?a=b%2Fc")
    assert f"rstudio at {prefix} saw GET /page?a=b%2Fc" in got.text
    assert [cookie.split("; ")[1] for cookie in got.all("Set-Cookie")] == [f"Path={prefix}/", f"Path={prefix}"]
    seen = ada.origins["rstudio"].last
    assert seen.get("X-Forwarded-Prefix") == prefix and seen.host == IDE and seen.get("X-Forwarded-Proto") == "https"
    with ada.edge.client(tls=True) as client:
        WebSocket(client, IDE, f"{prefix}/events", [cookie_of("ada")]).echo("x" * 1000)
    assert ada.origins["rstudio"].last.target == "/events"


def test_a_prefix_is_kept_for_a_server_that_knows_its_base_url(ada):
    base = f"{BASE}/jupyter/"
    first = ada.get(base)
    assert first.get("Location") == base + "lab" and first.get("Set-Cookie") == f"_xsrf=1; Path={base}"
    assert ada.get(base + "lab").text == f"jupyter {base}lab {BASE}/jupyter"
    with ada.edge.client(tls=True) as client:
        WebSocket(client, IDE, base + "api/kernels/1/channels", [cookie_of("ada")]).echo("kernel")
    # VS Code's server looks at a socket's Origin.
    with ada.edge.client(tls=True) as client:
        WebSocket(client, IDE, f"{BASE}/vscode/", [cookie_of("ada"), ("Origin", f"https://{IDE}")]).echo("lsp")
    assert ada.origins["vscode"].last.get("X-Forwarded-Prefix") == f"{BASE}/vscode"


def test_methods_are_filtered(ada):
    for method, status in (("TRACE", 405), ("PROPFIND", 403), ("DEBUG", 403), ("DELETE", 200), ("PATCH", 200)):
        assert ada.get(f"{BASE}/rstudio/x", method=method).status == status, method
    assert {request.method for request in ada.origins["rstudio"].requests} == {"DELETE", "PATCH"}


def test_a_socket_over_http2_is_no_connect_to_the_method_filter(ada):
    with Client2(ada.edge.broker.https_port, tls=ada.edge.ca.context(("h2",))) as client:
        client.until(lambda: client.h2.remote_settings.enable_connect_protocol == 1, "the setting")
        fields = [("sec-websocket-version", "13"), ("cookie", cookie_of("ada")[1])]
        stream = client.request(IDE, f"{BASE}/rstudio/events", "CONNECT", fields, pseudo=[(":protocol", "websocket")], end=False)
        client.until(lambda: stream.status, "the handshake's answer")
        assert stream.status == 200, stream
        client.send(stream, frame("hello", masked=True))
        client.until(lambda: stream.body == frame("hello"), "the echo")


def test_the_portals_service_starts_shows_and_ends_an_ide_and_tells_by_events(portal):
    edge = portal.edge
    edge.admin.machine("portal")
    edge.agent_of("portal", edge.admin.token_of("portal"), local=False)
    edge.admin.route([f"{PORTAL}/api/v1/analysis/*", f"{PORTAL}/api/v1/analysis"], machine="portal", port=portal.service.port, policy={
        "auth": "public", "request_headers": {"set": {"X-User": "ada", "X-Project": "genome"}}})

    def call(method, path="", body=None):
        with edge.client(tls=True) as client:
            client.request(PORTAL, f"/api/v1/analysis{path}", method, body=None if body is None else json.dumps(body).encode())
            got = client.response(method)
        return got.status, got.json

    assert call("GET", "/options") == (200, {"kinds": ["rstudio", "vscode", "jupyter"]})
    assert call("GET") == (200, {"ides": []})
    assert call("POST", body={"ide": "rstudio"}) == (201, {"id": "ws_genome_ada", "ide": "rstudio", "status": "starting"})
    assert call("POST", body={"ide": "rstudio"}) == (409, {"error": "conflict"})
    assert call("GET")[1]["ides"][0]["status"] == "starting"
    assert portal.get(f"{BASE}/rstudio/x").json["error"] == "machine_starting"
    with edge.client(tls=True) as client:
        client.request(PORTAL, "/api/v1/analysis/events/rstudio")
        assert client.final_head().get("Content-Type") == "text/event-stream"
        agent = portal.boot()
        client.reader.until(b'data: {"status": "running"}\n\n')
        assert call("GET")[1]["ides"][0]["status"] == "running"
        assert portal.get(f"{BASE}/rstudio/x").status == 200
        agent.kill()
        client.reader.until(b'data: {"status": "away"}\n\n')
        assert portal.get(f"{BASE}/rstudio/x").status == 503
        assert portal.service.streams == 1
    wait_until(lambda: portal.service.streams == 0, "the stream ends with its client")
    assert call("DELETE") == (200, {"ended": "ws_genome_ada"})
    assert portal.get(f"{BASE}/rstudio/x").json["error"] == "machine_not_found"


def test_the_calls_of_the_page_start_and_end_an_ide(portal):
    write_secret(portal.edge.folder, "admin.token", portal.edge.broker.admin_token)
    port = {"8481": portal.edge.broker.admin_port}
    made = json.loads(portal.edge.shell(PAGE.block("Starting an IDE", port)))
    portal.edge.agent_of("ws_genome_ada", made["results"][1]["body"]["token"], local=False)
    events = json.loads(portal.edge.shell(PAGE.block("Starting an IDE", port, number=1)))["items"]
    assert events[0]["type"] == "tunnel_up"
    with portal.edge.client(tls=True) as client:
        WebSocket(client, IDE, f"{BASE}/rstudio/events", [cookie_of("ada")])
        portal.edge.shell(PAGE.block("Ending it"))
        assert not client.reader.rest()
    assert portal.get(f"{BASE}/rstudio/x").status == 404


def test_what_belonged_to_a_client_ends_when_it_goes(ada):
    """A socket, a long answer and an upload that never ends, each left behind by its client."""
    def held(connection, request):
        if request.target == "/long":
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ntick\r\n")
            connection.wait_end()
            return False
        return rstudio(connection, request)

    origin = ada.origins["rstudio"]
    origin.handler = held
    machine = "/v1/machines/ws_genome_ada"
    clients = [ada.edge.client(tls=True) for _ in range(3)]
    WebSocket(clients[0], IDE, f"{BASE}/rstudio/events", [cookie_of("ada")]).echo("x")
    clients[1].request(IDE, f"{BASE}/rstudio/long", fields=[cookie_of("ada")])
    assert clients[1].final_head().status == 200
    name, value = cookie_of("ada")
    clients[2].send(f"POST {BASE}/rstudio/up HTTP/1.1\r\nHost: {IDE}\r\n{name}: {value}\r\nContent-Length: 1000000\r\n\r\nbegun".encode())
    wait_until(lambda: len(origin.requests) == 3, "all three are at the origin")
    held_open = [connection for connection in origin.connections if connection.ended_at is None]
    wait_until(lambda: ada.edge.admin.ok("GET", machine)["activity"]["openExchanges"] == 3, "the broker tells of them")
    for client in clients:
        client.close()
    wait_until(lambda: all(connection.ended_at for connection in held_open), "the origin's connections have ended")
    wait_until(lambda: ada.edge.admin.ok("GET", machine)["activity"]["openExchanges"] == 0, "nothing is left of them")


FRAME = "<h1 id=top>%s</h1><iframe id=ide src='%s'></iframe>"


@pytest.mark.slow
def test_the_portal_alone_may_frame_an_ide_and_its_cookies_work_there(ada, browser_of, make_origin):
    edge, port = ada.edge, ada.edge.broker.https_port

    def login(connection, request):
        """At the IDE's host: the portal's login leaves the session."""
        cookie = f"session={session_of('ada')}; Path=/; HttpOnly; Secure; SameSite=None; Partitioned"
        connection.send(answer("", "302 Found", [("Location", f"{BASE}/rstudio/page"), ("Set-Cookie", cookie)]))

    def show(connection, request):
        shown = parse_qs(urlsplit(request.target).query).get("shown", [f"https://{IDE}:{port}/login"])[0]
        connection.send(answer(FRAME % (request.get("X-Forwarded-Host"), shown), fields=[("Content-Type", "text/html")]))

    pages = make_origin(show)
    edge.admin.machine("portal")
    edge.agent_of("portal", edge.admin.token_of("portal"), local=False)
    edge.admin.route([PORTAL, "evil.example.net"], {"auth": "public"}, machine="portal", port=pages.port)
    edge.admin.route([f"{IDE}/login"], {"auth": "public"}, machine="portal", port=make_origin(login).port)
    said = json.dumps(edge.admin.ok("GET", "/v1/routes/rstudio")["patterns"])
    edge.admin.ok("PATCH", "/v1/routes/rstudio", {"patterns": json.loads(said.replace(f"//{PORTAL}", f"//{PORTAL}:{port}"))})
    browser = browser_of(edge)
    browser.go(f"https://{PORTAL}:{port}/")
    browser.wait_text("#top", PORTAL)
    assert browser.in_frame("#ide", lambda: browser.wait_text("#said", f"rstudio at {BASE}/rstudio saw GET /page"))
    # Again: the cookies that the IDE set in its frame come back with the next request.
    browser.in_frame("#ide", lambda: (browser.click("#next"), browser.wait_text("#said", "GET /next")))
    shown = browser.in_frame("#ide", lambda: browser.text("#cookie"))
    assert "rs-session=1" in shown and "rs-root=1" in shown and "session=" in shown
    count = len(ada.origins["rstudio"].requests)
    browser.go(f"https://evil.example.net:{port}/")
    browser.wait_text("#top", "evil.example.net")
    wait_until(lambda: any("frame-ancestors" in line for _, line in browser.console()), "the browser refuses")
    assert browser.in_frame("#ide", lambda: browser.text("#said")) is None
    assert len(ada.origins["rstudio"].requests) <= count + 1
    # A share link's cookie works there too.
    edge.shell("ingressctl route update rstudio --auth share")
    link = edge.admin.ok("POST", "/v1/shares", {"host": IDE, "path": f"{BASE}/rstudio"})["url"]
    browser.go(f"https://{PORTAL}:{port}/?shown={quote(link, safe='')}")
    browser.in_frame("#ide", lambda: browser.wait_text("#said", "saw GET /auth-sign-in"))
    browser.in_frame("#ide", lambda: (browser.click("#next"), browser.wait_text("#said", "GET /next")))
