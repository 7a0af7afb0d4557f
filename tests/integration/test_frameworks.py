"""Unmodified frameworks behind the tunnel, in headless Chromium: Vite with hot module replacement, Django's form with its
CSRF check."""
import os
import shutil
import sys

import pytest

from harness.browser import installed_npm
from harness.origin import Origin, answering
from harness.ports import free_port
from harness.process import Process, wait_listening
from harness.wait import wait_until

pytestmark = pytest.mark.slow
HERE = os.path.dirname(os.path.abspath(__file__))


@pytest.fixture
def vite(tmp_path):
    """Its default host: "localhost", which may be [::1] alone."""
    port, page = free_port(), str(tmp_path / "page")
    shutil.copytree(os.path.join(HERE, "vite", "page"), page)
    modules = installed_npm(os.path.join(HERE, "vite"))
    argv = ["node", os.path.join(modules, "vite", "bin", "vite.js"), page, "--port", str(port), "--strictPort"]
    process = Process("vite", argv, str(tmp_path))
    wait_listening(process, port)
    yield port, page
    process.kill()


@pytest.fixture
def django(tmp_path):
    port = free_port()
    argv = [sys.executable, os.path.join(HERE, "django_site", "site.py"), "runserver", "--noreload", f"127.0.0.1:{port}"]
    process = Process("django", argv, str(tmp_path))
    wait_listening(process, port)
    yield port
    process.kill()


def url(shared, host):
    return f"https://{host}:{shared.broker.https_port}/"


@pytest.mark.parametrize("profile", [None, "vite"])
def test_a_vite_page_loads_and_an_edit_reaches_it_without_a_reload(make_stack, browser_of, vite, profile):
    port, page = vite
    stack = make_stack()
    if profile:
        stack.admin.service("misha", "web", port, policy={"profile": profile})
    browser = browser_of(stack)
    browser.go(url(stack, f"{port}__misha.iterate.app"))
    browser.wait_text("#said", "the first words")
    browser.run("window.notReloaded = true")
    wait_until(lambda: any("connected" in message for _, message in browser.console()), "Vite's socket is up")
    with open(os.path.join(page, "said.js"), "w") as file:
        file.write('export const said = "the second words";\n')
    browser.wait_text("#said", "the second words")
    assert browser.run("return window.notReloaded === true"), "the page was reloaded"
    assert not [line for line in browser.console() if "WebSocket" in line[1] and line[0] == "SEVERE"]


def test_a_django_form_is_accepted(make_stack, browser_of, django):
    stack = make_stack()
    stack.admin.set_project("misha", policy={"profile": "django"})
    browser = browser_of(stack)
    browser.go(url(stack, f"{django}__misha.iterate.app"))
    browser.type("[name=name]", "misha")
    browser.click("#send")
    browser.wait_text("#said", "hello misha")


def test_a_page_of_an_error_comes_back_by_itself(make_stack, browser_of):
    stack, port = make_stack(), free_port()
    browser = browser_of(stack)
    browser.go(url(stack, f"{port}__misha.iterate.app"))
    browser.wait_text("body", str(port))
    with Origin(answering(b"<p id=said>there now</p>", fields=[("Content-Type", "text/html")]), port=port):
        browser.wait_text("#said", "there now", 15)
