"""JupyterLab with a kernel, and Next.js with a Server Action and a hot edit, unmodified behind the tunnel."""
import os
import shutil
import time

from harness.browser import installed_npm
from harness.ports import free_port
from harness.process import Process
from harness.wait import wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
JUPYTER = os.path.join(ROOT, "build", "compat", "jupyter", "bin", "jupyter")

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
    port, token = free_port(), "a-token-of-the-test"
    notebooks = tmp_path / "notebooks"
    notebooks.mkdir()
    home = {name: str(tmp_path / "home") for name in ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")}
    jupyter = Process("jupyter", [JUPYTER, "lab", "--no-browser", "--allow-root", f"--ServerApp.port={port}",
                                  "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}",
                                  f"--ServerApp.root_dir={notebooks}"], str(tmp_path), env=home)
    try:
        wait_until(lambda: "is running at" in jupyter.log_text(), "JupyterLab", 60, jupyter.tail)
        stack = make_stack()
        stack.admin.service("misha", "lab", port, policy={"profile": "jupyter"})
        browser = browser_of(stack)
        browser.go(f"https://lab__misha.iterate.app:{stack.broker.https_port}/lab?token={token}")
        browser.wait_text("body", "Launcher", 60)
        browser.run("const arguments_token = arguments[0];" + KERNEL, token)
        said = wait_until(lambda: browser.run("return window.kernelSaid"), "the kernel's answer", 60, jupyter.tail)
        assert said == "42"
    finally:
        jupyter.stop()


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
