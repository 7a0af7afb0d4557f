"""A JupyterLab of its own, and a kernel that is run over its WebSocket."""
import json
import os
import time

from harness.ports import free_port
from harness.process import Process
from harness.wait import wait_until
from harness.websocket import WebSocket

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
JUPYTER = os.path.join(ROOT, "build", "compat", "jupyter", "bin", "jupyter")


class JupyterLab:
    """Unmodified; `options` are further words, its token is `token`."""

    def __init__(self, folder, options=()):
        self.port, self.token = free_port(), "a-token-of-the-test"
        notebooks = folder / "notebooks"
        notebooks.mkdir()
        home = {name: str(folder / "home") for name in ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")}
        self.process = Process("jupyter", [
            JUPYTER, "lab", "--no-browser", "--allow-root", f"--ServerApp.port={self.port}", "--ServerApp.port_retries=0",
            f"--IdentityProvider.token={self.token}", f"--ServerApp.root_dir={notebooks}", *options], str(folder), env=home)
        wait_until(lambda: "is running at" in self.process.log_text(), "JupyterLab", 60, self.process.tail)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stop()


def run_in_kernel(connect, host, base, token, code, fields=()):
    """What a new kernel says of the code. `connect()` is a client's connection; `base` ends with a slash."""
    own = [("Authorization", f"token {token}"), ("Origin", f"https://{host}"), *fields]
    with connect() as client:
        client.request(host, base + "api/kernels", "POST", own, b"{}")
        made = client.response("POST")
    assert made.status == 201, made
    with connect() as client:
        socket = WebSocket(client, host, f"{base}api/kernels/{made.json['id']}/channels", own)
        socket.send(json.dumps({
            "channel": "shell", "metadata": {}, "parent_header": {}, "header": {
                "msg_id": "1", "username": "", "session": "s", "msg_type": "execute_request", "version": "5.3",
                "date": time.strftime("%Y-%m-%dT%H:%M:%SZ")},
            "content": {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}}))
        while True:
            message = json.loads(socket.receive()[1])
            if message["msg_type"] == "execute_result":
                return message["content"]["data"]["text/plain"]
            assert message["msg_type"] != "error", message
