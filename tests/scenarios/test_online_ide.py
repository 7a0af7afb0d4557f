"""An online IDE by wildcard host: docs/uses/online-ide.md."""
import json
import os
import subprocess

import pytest

from control import Control, Service
from harness.browser import installed_npm
from harness.ctl import write_secret
from harness.http1 import Client
from harness.origin import Origin, answer
from harness.ports import free_port
from harness.process import Process, environment
from harness.wait import wait_until
from page import Page

PAGE = Page("online-ide")
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "socketio")
LOCAL = "http://localhost:3000"


class ReplService(Service):
    """POST /{username}/{replId}/start makes the machine, its token and its route, and boots the repl."""

    def __init__(self, control, boot):
        super().__init__()
        self.control, self.boot = control, boot

    def handle(self, handler):
        if handler.command != "POST" or not handler.path.endswith("/start"):
            return handler.answer(404, {"error": "no such call"})
        user, repl, _ = handler.path.strip("/").split("/")
        _, token, _ = self.control.batch(
            ("POST", "/v1/machines", {"id": repl, "owner": "repls", "metadata": {"user": user}}),
            ("POST", f"/v1/machines/{repl}/tokens", {"label": "start"}),
            ("POST", "/v1/routes", {"externalId": f"{user}/{repl}", "owner": "repls", "patterns": [
                {"pattern": f"preview-{repl}.peetcode.com", "target": {"machine": repl, "port": 3000}}]}))
        self.boot(repl, token["token"])
        return handler.answer(200, {"url": f"wss://{repl}.peetcode.com"})


@pytest.fixture(scope="module")
def modules():
    return installed_npm(HERE)


class Repls:
    """The route of the page; each repl's machine has the same socket.io server, since all run on this one."""

    def __init__(self, make_edge, modules, page=LOCAL):
        self.edge = make_edge(hosts=["*.peetcode.com"])
        self.modules, self.page, self.port = modules, page, free_port()
        self.server = Process("socketio", ["node", os.path.join(HERE, "server.js")], self.edge.folder,
                              env={"PORT": str(self.port), "PAGE": page, "MODULES": modules})
        wait_until(lambda: "listening" in self.server.log_text(), "socket.io", detail=self.server.tail)
        self.edge.shell(PAGE.block("One route for all repls", {"3001": self.port}))
        self.control = Control(self.edge.broker.admin_port, self.edge.broker.admin_token)
        self.booting = []
        self.service = ReplService(self.control, lambda repl, token: self.booting.append((repl, token)))

    def start(self, user, repl):
        with Client(self.service.port) as client:
            client.request("repls", f"/{user}/{repl}/start", "POST", body=b"")
            answered = client.response("POST")
        # A program ends with the thread that started it: it is this one, and none of the service's.
        while self.booting:
            self.edge.agent_of(*self.booting.pop(), local=False)
        return answered

    def run_client(self, url, transports):
        done = subprocess.run(["node", os.path.join(HERE, "client.js"), url, transports], capture_output=True, text=True, timeout=60,
                              env=environment({"MODULES": self.modules, "PAGE": self.page,
                                               "NODE_EXTRA_CA_CERTS": self.edge.ca.path}))
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    def url(self, repl, tls):
        return f"https://{repl}.peetcode.com:{self.edge.broker.https_port}" if tls else f"http://{repl}.peetcode.com:{self.edge.broker.http_port}"

    def stop(self):
        self.service.close()
        self.server.kill()


@pytest.fixture
def repls(make_edge, modules):
    made = Repls(make_edge, modules)
    yield made
    made.stop()


@pytest.mark.parametrize("tls", [False, True], ids=["ws", "wss"])
def test_a_repl_is_started_and_reached_by_its_host_over_socket_io(repls, tls):
    assert repls.start("ada", "myrepl").json == {"url": "wss://myrepl.peetcode.com"}
    assert repls.start("bob", "other-repl").status == 200
    assert repls.start("bob", "myrepl").json == {"error": "conflict"}
    for repl in ("myrepl", "other-repl"):
        for transports in ("polling", "websocket", "polling,websocket"):
            said = repls.run_client(repls.url(repl, tls), transports)
            host = repls.url(repl, tls).split("//")[1]
            assert said == {"hello": {"host": host}, "answer": "42", "echoed": True, "again": "ab",
                            "transport": transports.split(",")[-1]}, said
    rows = repls.control.call("GET", "/v1/routes?externalId=ada/myrepl")["items"]
    assert [pattern["pattern"] for row in rows for pattern in row["patterns"]] == ["preview-myrepl.peetcode.com"]
    machines = {tunnel["machine"] for tunnel in repls.edge.admin.tunnels()}
    assert machines == {"myrepl", "other-repl"}


def test_a_repl_that_is_not_there_or_is_somebody_elses_is_a_plain_error(repls):
    repls.edge.admin.machine("secret-machine")
    repls.edge.agent_of("secret-machine", repls.edge.admin.token_of("secret-machine"), local=False)
    for host in ("nobody.peetcode.com", "secret-machine.peetcode.com"):
        refused = repls.edge.get(host, "/socket.io/?EIO=4&transport=polling", fields=[("Origin", LOCAL)])
        assert (refused.status, refused.json["error"]) == (404, "machine_not_found"), refused
    assert "error" in repls.run_client(repls.url("nobody", False), "websocket")
    assert repls.edge.get("a.b.peetcode.com").status == 404


def test_the_page_of_another_origin_may_use_it_and_others_may_not(repls):
    repls.start("ada", "myrepl")
    polling = "/socket.io/?EIO=4&transport=polling"
    for origin, allowed in ((LOCAL, LOCAL), ("http://evil.example", LOCAL)):
        got = repls.edge.get("myrepl.peetcode.com", polling, fields=[("Origin", origin)])
        assert got.status == 200 and got.all("Access-Control-Allow-Origin") == [allowed]
    with repls.edge.client() as client:
        client.request("myrepl.peetcode.com", polling, "OPTIONS", [("Origin", LOCAL), ("Access-Control-Request-Method", "POST")])
        preflight = client.response("OPTIONS")
        assert preflight.status == 204 and preflight.get("Access-Control-Allow-Credentials") == "true"


def test_the_calls_of_the_page_do_what_the_start_call_does(repls):
    write_secret(repls.edge.folder, "admin.token", repls.edge.broker.admin_token)
    made = json.loads(repls.edge.shell(PAGE.block("Starting a repl", {"8481": repls.edge.broker.admin_port})))
    token = made["results"][1]["body"]["token"]
    repls.edge.agent_of("myrepl", token, local=False)
    assert repls.run_client(repls.url("myrepl", False), "polling,websocket")["answer"] == "42"
    with repls.edge.client() as client:
        client.request("myrepl.peetcode.com", "/socket.io/?EIO=4&transport=websocket", fields=[
            ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "x3JJHMbDL1EzLkh9GBhXDw==")])
        assert client.final_head().status == 101
        repls.edge.shell(PAGE.block("Ending a repl"))
        client.reader.rest()  # it ends
    assert repls.edge.get("myrepl.peetcode.com").status == 404


PAGE_HTML = """<!doctype html><p id=said></p><script src=/socket.io.js></script><script>
const said = document.querySelector("#said");
const socket = io("%s", { withCredentials: true });
socket.on("connect_error", (error) => (said.textContent = "failed: " + error.message));
socket.on("connect", async () => {
  const answer = await socket.emitWithAck("run", "6 * 7");
  if (socket.io.engine.transport.name !== "websocket") await new Promise((done) => socket.io.engine.once("upgrade", done));
  said.textContent = `answer ${answer} by ${socket.io.engine.transport.name}`;
});
</script>"""


@pytest.mark.slow
def test_a_browsers_page_of_another_origin_runs_code_in_a_repl(make_edge, modules, browser_of):
    page = Origin(lambda connection, request: connection.send(answer(bundle if request.target == "/socket.io.js" else html,
                                                                     fields=[("Content-Type", "text/javascript" if request.target == "/socket.io.js" else "text/html")])))
    with open(os.path.join(modules, "socket.io-client", "dist", "socket.io.min.js"), "rb") as file:
        bundle = file.read()
    with page:
        repls = Repls(make_edge, modules, page=f"http://localhost:{page.port}")
        try:
            repls.start("ada", "myrepl")
            html = PAGE_HTML % repls.url("myrepl", False).replace("http:", "ws:")
            browser = browser_of(repls.edge)
            browser.go(f"http://localhost:{page.port}/")
            browser.wait_text("#said", "answer 42 by websocket")
        finally:
            repls.stop()
