"""The portal's own API: starts, lists and ends IDEs by the broker's admin API, and streams what happens to them.

    GET|POST|DELETE /api/v1/analysis     X-User and X-Project are set by the login in front of it
    GET /api/v1/analysis/options
    GET /api/v1/analysis/events/{ide}    SSE"""
import json
import socket
import threading

from control import Service

KINDS = ["rstudio", "vscode", "jupyter"]
STATES = {"tunnel_up": "running", "tunnel_down": "away"}


class PortalService(Service):
    """`boot(machine, token)` starts a workspace; `streams` is how many event streams run."""

    def __init__(self, control, boot):
        super().__init__()
        self.control, self.boot, self.streams, self._lock = control, boot, 0, threading.Lock()

    def handle(self, handler):
        machine = f"ws_{handler.headers['X-Project']}_{handler.headers['X-User']}"
        path = handler.path.removeprefix("/api/v1/analysis").strip("/")
        if path == "options":
            return handler.answer(200, {"kinds": KINDS})
        if path.startswith("events/"):
            return self.stream(handler, machine)
        if handler.command == "POST":
            return handler.answer(201, self.start(machine, handler.body()["ide"]))
        if handler.command == "DELETE":
            self.control.call("DELETE", f"/v1/machines/{machine}")
            return handler.answer(200, {"ended": machine})
        return handler.answer(200, self.show(machine))

    def start(self, machine, ide):
        _, token = self.control.batch(
            ("POST", "/v1/machines", {"id": machine, "owner": "ides", "state": "starting", "ttl": 28800, "metadata": {"ide": ide}}),
            ("POST", f"/v1/machines/{machine}/tokens", {"label": "portal"}))
        self.boot(machine, token["token"])
        return {"id": machine, "ide": ide, "status": "starting"}

    def show(self, machine):
        rows = [row for row in self.control.call("GET", "/v1/machines?limit=1000")["items"] if row["id"] == machine]
        return {"ides": [{"id": row["id"], "ide": row["metadata"]["ide"],
                          "status": "running" if row["connected"] else row["state"]} for row in rows]}

    def stream(self, handler, machine):
        """One event for each change of the machine's tunnel, until the client goes."""
        connection, events = self.control.open("GET", f"/v1/machines/{machine}/events", accept="text/event-stream")
        with self._lock:
            self.streams += 1
        try:
            handler.send_response(events.status)
            handler.send_header("Content-Type", "text/event-stream")
            handler.send_header("Connection", "close")
            handler.end_headers()
            threading.Thread(target=self._watch, args=(handler.connection, connection.sock), daemon=True).start()
            self._pass_on(handler, events)
        except OSError:
            pass  # the client has gone
        finally:
            connection.close()
            handler.close_connection = True
            with self._lock:
                self.streams -= 1

    @staticmethod
    def _watch(client, admin):
        """Ends the admin's stream once the client has gone: it sends nothing after its request."""
        try:
            while client.recv(64):
                pass
        except OSError:
            pass
        try:
            admin.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it has ended by itself

    def _pass_on(self, handler, events):
        for line in events:
            if not line.startswith(b"data: "):
                continue
            event = json.loads(line[6:])
            if event["type"] in STATES:
                handler.wfile.write(f"data: {json.dumps({'status': STATES[event['type']]})}\n\n".encode())
                handler.wfile.flush()
