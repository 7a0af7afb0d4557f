"""Local development behind one domain: docs/uses/local-development.md; and routing by query, the end of
docs/uses/online-ide.md."""
import json
import os
import shlex
import shutil
import subprocess
import sys

import pytest

from harness.browser import Browser, installed_npm
from harness.dev import Dev
from harness.origin import Origin
from harness.ports import free_port
from harness.process import Process, environment, wait_listening
from harness.wait import wait_until
from harness.websocket import WebSocket, echo_handler
from page import Page

HERE = os.path.dirname(os.path.abspath(__file__))
INTEGRATION = os.path.join(HERE, "..", "integration")
PAGE, REPL_PAGE = Page("local-development"), Page("online-ide")


def options_of(line):
    """What the page's command says behind `ingress-broker dev`."""
    words = shlex.split(line)
    assert words[:2] == ["ingress-broker", "dev"], line
    return words[2:]


@pytest.fixture
def apps(tmp_path):
    """The apps of the page: Vite, an API, a signalling socket, something with a protocol of its own."""
    ports = {said: free_port() for said in ("5928", "8765", "4444", "6379")}
    page = str(tmp_path / "page")
    shutil.copytree(os.path.join(INTEGRATION, "vite", "page"), page)
    modules = installed_npm(os.path.join(INTEGRATION, "vite"))
    vite = Process("vite", ["node", os.path.join(modules, "vite", "bin", "vite.js"), page, "--port", str(ports["5928"]),
                            "--strictPort"], str(tmp_path))
    swagger = os.path.join(installed_npm(os.path.join(HERE, "swagger")), "swagger-ui-dist")
    api = Process("api", [sys.executable, os.path.join(HERE, "api.py"), str(ports["8765"]), swagger], str(tmp_path))
    wait_listening(vite, ports["5928"])
    wait_listening(api, ports["8765"])
    with Origin(echo_handler, port=ports["4444"]):
        yield ports, page
    vite.kill()
    api.kill()


@pytest.fixture
def dev(apps, tmp_path):
    made = Dev(tmp_path, options_of(PAGE.block("One command", apps[0])))
    yield made
    made.stop()


@pytest.fixture
def browser(dev, tmp_path):
    """Chromium of a user who has run `ingressctl cert trust`."""
    if not shutil.which("certutil"):
        pytest.skip("libnss3-tools is not installed")
    home = tmp_path / "home"
    database = home / ".pki/nssdb"
    database.mkdir(parents=True)
    subprocess.run(["certutil", "-d", f"sql:{database}", "-N", "--empty-password"], check=True)
    for ca in os.listdir(os.path.join(dev.state, "ca")):
        if ca.endswith(".crt"):
            subprocess.run(["certutil", "-d", f"sql:{database}", "-A", "-t", "C,,", "-n", ca, "-i",
                            os.path.join(dev.state, "ca", ca)], check=True)
    with Browser(tmp_path, home=str(home)) as made:
        yield made


@pytest.mark.slow
def test_an_edit_of_the_landing_page_shows_without_a_reload_over_https_that_the_browser_trusts(apps, dev, browser):
    browser.go(dev.url("dev.localhost"))
    browser.wait_text("#said", "the first words")
    browser.run("window.notReloaded = true")
    wait_until(lambda: any("connected" in message for _, message in browser.console()), "Vite's socket is up")
    with open(os.path.join(apps[1], "said.js"), "w") as file:
        file.write('export const said = "the second words";\n')
    browser.wait_text("#said", "the second words")
    assert browser.run("return window.notReloaded === true && isSecureContext"), "the page was reloaded"


@pytest.mark.slow
def test_the_api_has_its_swagger_page_and_both_of_its_names(dev, browser):
    browser.go(dev.url("backend.dev.localhost") + "ui")
    browser.wait_text("#ui", "/things")
    assert browser.run("return location.protocol === 'https:' && isSecureContext")
    for name in ("backend", "app"):
        host = f"{name}.dev.localhost"
        assert dev.get(host, "/things", tls=True).json == {"things": ["a", "b"], "host": host}


@pytest.mark.slow
def test_the_list_of_all_apps_follows_what_listens_in_a_browser(apps, dev, browser):
    browser.go(dev.url("localhost"))
    for name in ("backend", "app", "signal", "kv"):
        browser.wait_text("main", dev.url(f"{name}.dev.localhost"))
    with Origin(echo_handler) as late:
        browser.wait_text("main", dev.url(f"{late.port}__dev.localhost"))
    wait_until(lambda: dev.url(f"{late.port}__dev.localhost") not in browser.text("main"), "the port has gone from the page")


def test_the_signalling_socket_is_at_its_name(dev):
    with dev.client("signal.dev.localhost") as client:
        WebSocket(client, "signal.dev.localhost").echo(b"offer")


def test_the_traffic_of_one_service_can_be_looked_into(dev):
    with dev.ctl.start("tail", "--host", "backend.dev.localhost", "--json") as tail:
        def asked():
            dev.get("app.dev.localhost", "/things")
            dev.get("backend.dev.localhost", "/things?x=1")
            return tail.lines
        wait_until(asked, "an exchange is told")
        assert {json.loads(line)["host"].split(":")[0] for line in tail.lines} == {"backend.dev.localhost"}
        tail.interrupt()


def test_the_same_settings_come_by_a_file(apps, tmp_path):
    folder = tmp_path / "file"
    folder.mkdir()
    (folder / "dev.toml").write_text(PAGE.block("The same as a file", apps[0]))
    dev = Dev(folder, ["--config", str(folder / "dev.toml")])
    assert dev.get("backend.shop.test", "/things", tls=True).json["host"] == "backend.shop.test"
    assert dev.get("app.dev.localhost", "/things", tls=True).status == 200
    dev.stop()


@pytest.mark.parametrize("transports", ["polling", "websocket", "polling,websocket"])
def test_a_repl_is_named_by_the_query_of_socket_io(tmp_path, transports):
    sio = os.path.join(HERE, "socketio")
    modules, port, page = installed_npm(sio), free_port(), "http://localhost:3000"
    server = Process("socketio", ["node", os.path.join(sio, "server.js")], str(tmp_path),
                     env={"PORT": str(port), "PAGE": page, "MODULES": modules})
    wait_until(lambda: "listening" in server.log_text(), "socket.io", detail=server.tail)
    http_port = free_port()
    dev = Dev(tmp_path, options_of(REPL_PAGE.block("On a laptop", {"4000": port, "3001": http_port})))
    done = subprocess.run(["node", os.path.join(sio, "client.js"), f"ws://localhost:{http_port}?replId=myRepl123", transports],
                          capture_output=True, text=True, timeout=60, env=environment({"MODULES": modules, "PAGE": page}))
    assert done.stdout, done.stderr
    assert json.loads(done.stdout)["answer"] == "42", done.stdout
    dev.stop()
    server.kill()
