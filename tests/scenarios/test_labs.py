"""Lab environments: docs/uses/labs.md."""
import hashlib
import json
import os
import time

import pytest

from control import Control
from harness.ctl import write_secret
from harness.http1 import Hash
from harness.origin import answer
from harness.process import under_sanitizer
from harness.wait import wait_until
from harness.websocket import WebSocket
from lab_apps import Terminal, editor, notebook
from lab_controller import LabController
from page import Page

PAGE = Page("labs")
DOMAIN = "projectlabs.example.com"
TEMPLATES = ["ubuntu", "vscode", "jupyter"]
# docs/uses/labs.md promises 2 GB; INGRESS_TEST_UPLOAD_MB=2000 sends them, every run a tenth.
UPLOAD_MB = int(os.environ.get("INGRESS_TEST_UPLOAD_MB", "20" if under_sanitizer() else "200"))


class Labs:
    """The controller behind the broker, and the three programs that labs run; labs boot when a test says so."""

    def __init__(self, make_edge, make_origin):
        self.edge = make_edge(hosts=[f"*.{DOMAIN}"], options=["--policy", '{"security_headers": "standard"}'])
        self.terminal = Terminal()
        self.apps = {"ubuntu": make_origin(self.terminal), "vscode": make_origin(editor), "jupyter": make_origin(notebook)}
        self.booting = []
        self.token = "lab-token-0123456789"
        write_secret(self.edge.folder, "lab.token", self.token)
        ports = {name: origin.port for name, origin in self.apps.items()}
        self.control = Control(self.edge.broker.admin_port, self.edge.broker.admin_token)
        self.controller = LabController(self.control, self.token, DOMAIN, ports, lambda *lab: self.booting.append(lab))
        self.edge.shell(PAGE.block("The controller's own host", {"9000": self.controller.port}))
        self.edge.agent_of("controller", self.edge.read("token"), local=False)

    def start(self, template="ubuntu", ttl=3600, boot=True):
        """The lab's host."""
        text = PAGE.block("Starting a lab", {"3600": ttl, '"ubuntu"': f'"{template}"'})
        started = json.loads(self.edge.shell(text))
        if boot:
            self.boot()
        return started["session"], f"{started['session']}.{DOMAIN}"

    def boot(self):
        while self.booting:
            self.edge.agent_of(*self.booting.pop(), local=False)

    def state(self, session):
        got = self.edge.get(f"labs.{DOMAIN}", f"/labs/{session}", tls=True, fields=[("Authorization", f"Bearer {self.token}")])
        return got.json.get("state")


@pytest.fixture
def labs(make_edge, make_origin):
    made = Labs(make_edge, make_origin)
    yield made
    made.controller.close()


def assert_careful(answered, tls=True):
    assert answered.get("X-Frame-Options") == "SAMEORIGIN", answered
    assert answered.get("X-Content-Type-Options") == "nosniff" and answered.get("X-XSS-Protection") == "1; mode=block"
    assert (answered.get("Strict-Transport-Security") is not None) == tls


def test_the_controller_is_reached_by_http2_and_wants_its_token(labs):
    printed = labs.edge.shell(PAGE.block("The controller's own host", number=1) + "curl -o /dev/null -w ' %{http_version} %{http_code}\\n' "
                              f"https://labs.{DOMAIN}/labs/start -d '{{}}'")
    assert printed == '{"status": "ok"} 2 401\n'


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_lab_is_starting_until_it_is_well(labs, template):
    session, host = labs.start(template, boot=False)
    refused = labs.edge.get(host, tls=True)
    assert (refused.status, refused.json["error"]) == (503, "machine_starting") and int(refused.get("Retry-After")) > 0
    assert_careful(refused)
    assert "<html" in labs.edge.get(host, tls=True, fields=[("Accept", "text/html")]).text
    assert labs.state(session) == "starting"
    labs.boot()
    wait_until(lambda: labs.state(session) == "active", "the controller sees it well")
    got = labs.edge.get(host, tls=True)
    assert got.status == 200 and got.text.startswith({"ubuntu": "terminal", "vscode": "editor", "jupyter": "notebook"}[template])
    assert_careful(got)


@pytest.mark.parametrize("template", ["vscode", "jupyter"])
def test_editors_and_notebooks_work_over_their_sockets(labs, template):
    _, host = labs.start(template)
    assert labs.edge.get(host, tls=True, method="PUT", body=b"print(1)").status == 200
    with labs.edge.client(tls=True) as client:
        socket = WebSocket(client, host, fields=[("Origin", f"https://{host}")])
        for text in ("keystroke", "x" * 70_000):
            socket.echo(text)
    with labs.edge.client(tls=True) as client, pytest.raises(AssertionError, match="403"):
        WebSocket(client, host, fields=[("Origin", "https://evil.example")])


def test_a_terminal_is_a_shell_that_ends_with_its_client(labs):
    _, host = labs.start("ubuntu")
    client = labs.edge.client(tls=True)
    socket = WebSocket(client, host)
    socket.send("echo $((6 * 7))=answer\n")
    seen = b""
    while b"42=answer" not in seen:
        seen += socket.receive()[1]
    shell = labs.terminal.shells[0]
    assert shell.poll() is None
    client.close()
    wait_until(lambda: shell.poll() is not None, "the shell ends")


def test_every_answer_has_the_security_headers_errors_too(labs):
    session, host = labs.start("ubuntu")
    labs.edge.admin.machine("mach_old", state="archived")
    for wrong, status in ((f"nobody.{DOMAIN}", 404), ("0__misha.iterate.app", 400), ("mach_old.machines.iterate.app", 409),
                          ("9__mach_none.machines.iterate.app", 404), (f"1__{session}.machines.iterate.app", 502)):
        for tls in (False, True):
            refused = labs.edge.get(wrong, tls=tls)
            assert refused.status == status, (wrong, refused)
            assert_careful(refused, tls)
    for agent in labs.edge._extra:
        agent.kill()
    away = labs.edge.get(host, tls=True)
    assert away.status == 503
    assert_careful(away)


def test_a_lab_ends_with_its_time_and_may_be_given_more(labs):
    _, host = labs.start("ubuntu", ttl=8)
    longer, other = labs.start("ubuntu", ttl=8)
    labs.edge.shell(PAGE.block("The end", {"s-4711": longer}))
    with labs.edge.client(tls=True) as client, labs.edge.client(tls=True) as second:
        WebSocket(client, host).send("sleep 100\n")
        stays = WebSocket(second, other)
        while client.reader.some():
            pass  # until it is closed
        stays.send("echo still here\n")
        assert stays.receive()[1]
    refused = labs.edge.get(host, tls=True)
    assert (refused.status, refused.json["error"]) == (410, "route_expired")
    assert_careful(refused)
    assert labs.edge.get(other, tls=True).status == 200
    machine = f"1__{host.split('.')[0]}.machines.iterate.app"
    assert labs.edge.get(machine, tls=True).status == 410


def test_the_calls_of_the_page_make_a_lab(labs):
    write_secret(labs.edge.folder, "admin.token", labs.edge.broker.admin_token)
    made = json.loads(labs.edge.shell(PAGE.block(
        "Starting a lab", {"8481": labs.edge.broker.admin_port, "8888": labs.apps["jupyter"].port}, number=1)))
    host = f"s-4711.{DOMAIN}"
    assert labs.edge.get(host).json["error"] == "machine_starting"
    labs.edge.agent_of("s-4711", made["results"][1]["body"]["token"], local=False)
    labs.edge.shell(PAGE.block("Starting a lab", number=2))
    assert labs.edge.admin.ok("GET", "/v1/machines/s-4711")["state"] == "active"
    got = labs.edge.get(host, tls=True)
    assert got.text.startswith("notebook")
    assert_careful(got)
    expires = labs.edge.admin.ok("GET", "/v1/routes/s-4711")["expiresAt"]
    assert expires == labs.edge.admin.ok("GET", "/v1/machines/s-4711")["expiresAt"] is not None


def test_a_silent_socket_lives_as_long_as_the_policy_says(labs):
    session, host = labs.start("vscode")
    route = labs.edge.admin.ok("GET", f"/v1/routes/{session}")
    assert route["patterns"][0]["policy"]["timeouts"] == {"idle": "3600s"}
    fields = [("Origin", f"https://{host}")]
    with labs.edge.client(tls=True) as first:
        lasting = WebSocket(first, host, fields=fields)
        pattern = route["patterns"][0]
        short = {**pattern, "policy": {**pattern["policy"], "timeouts": {"idle": "1s"}}}
        labs.edge.admin.ok("PATCH", f"/v1/routes/{session}", {"patterns": [short]})
        with labs.edge.client(tls=True) as second:
            WebSocket(second, host, fields=fields)
            assert not second.reader.some(), "it was silent for a second"
        lasting.echo("still here")


@pytest.mark.slow
def test_a_large_upload_passes_whole_and_in_little_memory(labs, make_origin):
    taken = Hash()

    def take(connection, request):
        connection.read_body(request, taken)
        connection.send(answer(str(taken.size)))

    origin = make_origin(take, read_bodies=False)
    session, host = labs.start("vscode")
    pattern = labs.edge.admin.ok("GET", f"/v1/routes/{session}")["patterns"][0]
    pattern["target"]["port"] = origin.port
    labs.edge.admin.ok("PATCH", f"/v1/routes/{session}", {"patterns": [pattern]})
    block, sent = os.urandom(1 << 20), hashlib.sha256()
    began = time.monotonic()
    with labs.edge.client(tls=True) as client:
        client.send(f"POST /upload HTTP/1.1\r\nHost: {host}\r\nContent-Length: {UPLOAD_MB << 20}\r\n\r\n".encode())
        for _ in range(UPLOAD_MB):
            client.send(block)
            sent.update(block)
        assert client.response("POST").text == str(UPLOAD_MB << 20), time.monotonic() - began
    assert taken.sha.hexdigest() == sent.hexdigest()
    if not under_sanitizer():
        assert labs.edge.broker.process.peak_kb() < 100_000
