"""The programs that labs and portals are for, unmodified, by the commands of docs/uses/: JupyterLab in a lab and under a
path, its terminal, code-server and ttyd."""
import json
import os
import shutil
import socket

import pytest

from harness.ctl import write_secret
from harness.ports import free_port
from harness.process import Process
from harness.wait import wait_until
from harness.websocket import BINARY, WebSocket
from jupyter_lab import ROOT, JupyterLab, run_in_kernel
from page import Page
from sessions import KEY, cookie_of, session_of

LABS, PORTAL = Page("labs"), Page("ide-portal")
LAB, IDE = "s-4711.projectlabs.example.com", "ide.example.com"
CODE_SERVER = os.path.join(ROOT, "build", "compat", "code-server")
BASE = "/api/v1/connect/genome/ada/jupyter/"


def lab_at(make_edge, port):
    """An edge on which the page's lab runs at `port`."""
    edge = make_edge(hosts=["*.projectlabs.example.com"])
    edge.admin.project("labs")
    write_secret(edge.folder, "admin.token", edge.broker.admin_token)
    edge.shell(LABS.block("Starting a lab", {"8481": edge.broker.admin_port, "8888": port}, number=1))
    edge.agent_of("s-4711", edge.admin.token_of("s-4711"), local=False)
    return edge


def test_jupyterlab_is_a_lab_and_runs_a_kernel_and_a_terminal(make_edge, tmp_path):
    with JupyterLab(tmp_path) as jupyter:
        edge = lab_at(make_edge, jupyter.port)

        def connect():
            return edge.client(tls=True)

        assert edge.get(LAB, f"/lab?token={jupyter.token}", tls=True).get("X-Frame-Options") == "SAMEORIGIN"
        assert run_in_kernel(connect, LAB, "/", jupyter.token, "6 * 7") == "42"
        own = [("Authorization", f"token {jupyter.token}"), ("Origin", f"https://{LAB}")]
        with connect() as client:
            client.request(LAB, "/api/terminals", "POST", own, b"{}")
            name = client.response("POST").json["name"]
        with connect() as client:
            terminal = WebSocket(client, LAB, f"/terminals/websocket/{name}", own)
            terminal.send(json.dumps(["stdin", "echo $((6 * 7))=answer\r"]))
            seen = ""
            while "42=answer" not in seen:
                kind, *text = json.loads(terminal.receive()[1])
                seen += text[0] if kind == "stdout" else ""
        body = json.dumps({"type": "file", "format": "text", "content": "x" * 5_000_000}).encode()
        with connect() as client:
            client.request(LAB, "/api/contents/large.txt", "PUT", own, body)
            assert client.response("PUT").status == 201
        assert os.path.getsize(tmp_path / "notebooks" / "large.txt") == 5_000_000


def portal_of(make_edge, tmp_path, **ports):
    """The page's portal; ada's workspace has an IDE at that port."""
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    write_secret(str(secrets), "portal", KEY)
    edge = make_edge(hosts=[IDE], default_auth="deny", options=["--secrets-dir", str(secrets)])
    edge.shell(PORTAL.block("Kinds of IDE", {said[1:]: port for said, port in ports.items()}) + PORTAL.block("Three routes, for all users"))
    edge.admin.machine("ws_genome_ada", owner="ides")
    edge.agent_of("ws_genome_ada", edge.admin.token_of("ws_genome_ada"), local=False)
    return edge


def logged_in(browser, edge, path):
    """The browser, with ada's session, at a path of the IDEs' host."""
    url = f"https://{IDE}:{edge.broker.https_port}"
    browser.go(url + path)
    browser.run("document.cookie = arguments[0]", f"session={session_of('ada')}; path=/; secure")
    browser.go(url + path)
    return browser


def test_jupyterlab_lives_under_the_portals_path(make_edge, browser_of, tmp_path):
    with JupyterLab(tmp_path, [f"--ServerApp.base_url={BASE}"]) as jupyter:
        edge = portal_of(make_edge, tmp_path, P8888=jupyter.port)
        session = [cookie_of("ada")]
        assert run_in_kernel(lambda: edge.client(tls=True), IDE, BASE, jupyter.token, "6 * 7", session) == "42"
        assert edge.get(IDE, BASE + "lab", tls=True, fields=[cookie_of("bob")]).status == 401
        lab = edge.get(IDE, f"{BASE}lab?token={jupyter.token}", tls=True, fields=session)
        assert lab.status == 200 and "frame-ancestors https://portal.example.org" in lab.all("Content-Security-Policy")
        logged_in(browser_of(edge), edge, f"{BASE}lab?token={jupyter.token}").wait_text("body", "Launcher", 60)


def test_code_server_lives_under_the_portals_path_and_knows_nothing_of_it(make_edge, browser_of, tmp_path):
    """Its files come over its WebSocket."""
    if not os.path.exists(os.path.join(CODE_SERVER, "ready")):
        pytest.skip("code-server: could not be installed (it wants Node 20 with its headers, and npm)")
    folder, port = tmp_path / "work", free_port()
    folder.mkdir()
    (folder / "hello-from-the-workspace.txt").write_text("hello")
    entry = os.path.join(CODE_SERVER, "node_modules", "code-server", "out", "node", "entry.js")
    code = Process("code-server", ["node", entry, "--auth", "none", "--bind-addr", f"127.0.0.1:{port}", "--disable-telemetry",
                                   "--disable-update-check", "--disable-workspace-trust"], str(tmp_path), env={"HOME": str(tmp_path)})
    try:
        wait_until(lambda: "HTTP server listening on" in code.log_text(), "code-server", 60, code.tail)
        edge = portal_of(make_edge, tmp_path, P8080=port)
        browser = logged_in(browser_of(edge), edge, f"/api/v1/connect/genome/ada/vscode/?folder={folder}")
        browser.wait_text("body", "hello-from-the-workspace.txt", 90)
        assert edge.admin.ok("GET", "/v1/machines/ws_genome_ada")["activity"]["interactiveStreams"] >= 1
        with edge.client(tls=True) as client, pytest.raises(AssertionError, match="403"):
            WebSocket(client, IDE, "/api/v1/connect/genome/ada/vscode/", [cookie_of("ada"), ("Origin", "https://evil.example")])
    finally:
        code.kill_group()


def test_ttyd_is_a_terminal_lab(make_edge, tmp_path):
    if not shutil.which("ttyd"):
        pytest.skip("ttyd: this distribution has no such package (Debian 13 and Ubuntu 24.04 do)")
    port = free_port()
    ttyd = Process("ttyd", ["ttyd", "--port", str(port), "--interface", "127.0.0.1", "--writable", "sh"], str(tmp_path))
    try:
        wait_until(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0, "ttyd", detail=ttyd.tail)
        edge = lab_at(make_edge, port)
        with edge.client(tls=True) as client:
            terminal = WebSocket(client, LAB, "/ws", [("Origin", f"https://{LAB}")], protocol="tty")
            terminal.send(json.dumps({"AuthToken": "", "columns": 80, "rows": 24}), BINARY)
            terminal.send("0echo $((6 * 7))=answer\r", BINARY)
            seen = b""
            while b"42=answer" not in seen:
                seen += terminal.receive()[1][1:]
    finally:
        ttyd.kill()
