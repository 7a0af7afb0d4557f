"""JupyterLab with a kernel, Flask with its debugger, and Next.js with a Server Action and a hot edit, unmodified behind the tunnel."""
import os
import shutil
import time

from harness.browser import installed_npm
from harness.ports import free_port
from harness.process import Process
from harness.wait import wait_until
from jupyter_lab import JUPYTER, JupyterLab

HERE = os.path.dirname(os.path.abspath(__file__))

# Runs 6 * 7 in a new kernel, by the page's own fetch and WebSocket: their Origin is what the server checks.
KERNEL = """
window.kernelSaid = "";
(async () => {
  const headers = { Authorization: "token " + arguments_token };
  const xsrf = (document.cookie.match(/_xsrf=([^;]*)/) || [])[1];
  if (xsrf) headers["X-XSRFToken"] = xsrf;
  const kernel = await (await fetch("/api/kernels", { method: "POST", headers })).json();
  const socket = new WebSocket(`wss://${location.host}/api/kernels/${kernel.id}/channels?token=` + arguments_token);
  socket.onerror = () => (window.kernelSaid += "socket error");
  socket.onmessage = ({ data }) => {
    if (typeof data !== "string") return;
    const message = JSON.parse(data);
    if (message.msg_type === "execute_result") window.kernelSaid += message.content.data["text/plain"];
  };
  socket.onopen = () => socket.send(JSON.stringify({
    channel: "shell", metadata: {}, parent_header: {},
    header: { msg_id: "1", username: "", session: "s", msg_type: "execute_request", version: "5.3", date: new Date().toISOString() },
    content: { code: "6 * 7", silent: false, store_history: true, user_expressions: {}, allow_stdin: false },
  }));
})().catch((error) => (window.kernelSaid += error));
"""


def test_jupyterlab_opens_and_runs_a_kernel(make_stack, browser_of, tmp_path):
    with JupyterLab(tmp_path) as lab:
        stack = make_stack()
        stack.admin.service("misha", "lab", lab.port, policy={"profile": "jupyter"})
        browser = browser_of(stack)
        browser.go(f"https://lab__misha.iterate.app:{stack.broker.https_port}/lab?token={lab.token}")
        browser.wait_text("body", "Launcher", 60)
        browser.run("const arguments_token = arguments[0];" + KERNEL, lab.token)
        said = wait_until(lambda: browser.run("return window.kernelSaid"), "the kernel's answer", 60, lab.process.tail)
        assert said == "42"


def test_flask_takes_a_form_and_its_debugger_evaluates_in_a_frame_of_the_failure(make_stack, browser_of, tmp_path):
    port = free_port()
    flask = Process("flask", [os.path.join(os.path.dirname(JUPYTER), "python"), os.path.join(HERE, "flask_site", "app.py"), str(port)],
                    str(tmp_path), env={"WERKZEUG_DEBUG_PIN": "off"})
    try:
        wait_until(lambda: "Running on" in flask.log_text(), "Flask", 60, flask.tail)
        stack = make_stack()
        browser = browser_of(stack)
        site = f"https://{port}__misha.iterate.app:{stack.broker.https_port}/"
        browser.go(site)
        browser.type("[name=name]", "misha")
        browser.click("#send")
        browser.wait_text("#said", "said misha")
        browser.go(site + "fails")
        browser.wait_text(".detail", "RuntimeError: of the test: 42")
        # The console of the frame that failed; its commands are the page's own requests.
        said = browser.run("""
            const frame = [...document.querySelectorAll(".traceback .frame")].at(-1).id.replace("frame-", "");
            return fetch(`${location.pathname}?__debugger__=yes&cmd=answer%20%2B%201&frm=${frame}&s=${SECRET}`).then((got) => got.text())""")
        assert "43" in said, said
    finally:
        flask.kill()


def test_next_serves_a_page_a_server_action_and_a_hot_edit(make_stack, browser_of, tmp_path):
    port, site = free_port(), str(tmp_path / "site")
    modules = installed_npm(os.path.join(HERE, "next"))
    shutil.copytree(os.path.join(HERE, "next"), site)
    os.symlink(modules, os.path.join(site, "node_modules"))
    next_ = Process("next", ["node", os.path.join(modules, "next", "dist", "bin", "next"), "dev", "--port", str(port)], site,
                    env={"NEXT_TELEMETRY_DISABLED": "1"})
    try:
        wait_until(lambda: "Ready in" in next_.log_text(), "Next.js", 90, next_.tail)
        stack = make_stack()
        stack.admin.service("misha", "web", port, policy={"profile": "next"})
        browser = browser_of(stack)
        browser.go(f"https://web__misha.iterate.app:{stack.broker.https_port}/")
        browser.wait_text("#title", "the first title", 90)
        time.sleep(1)  # hydration: a form that is sent before it would be an ordinary post
        browser.type("[name=name]", "misha")
        browser.click("#send")
        browser.wait_text("#said", "hello misha")
        browser.run("window.notReloaded = true")
        path = os.path.join(site, "app", "page.js")
        with open(path) as file:
            text = file.read()
        with open(path, "w") as file:
            file.write(text.replace("the first title", "the second title"))
        browser.wait_text("#title", "the second title")
        assert browser.run("return window.notReloaded === true"), "the page was reloaded"
    finally:
        next_.kill_group()
