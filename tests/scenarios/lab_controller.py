"""A lab controller: starts, shows and ends labs by the broker's admin API."""
import secrets

from control import Service

POLICY = {"security_headers": "standard", "timeouts": {"idle": "3600s"}}
PROFILES = {"vscode": {"profile": "code-server"}, "jupyter": {"profile": "jupyter"}, "ubuntu": {}}


class LabController(Service):
    """`ports` of a lab by template; `boot(machine, token)` starts the lab's machine."""

    def __init__(self, control, token, domain, ports, boot):
        super().__init__()
        self.control, self.token, self.domain, self.ports, self.boot = control, token, domain, ports, boot

    def handle(self, handler):
        first, _, rest = handler.path.strip("/").partition("/")
        if (handler.command, first) == ("GET", "health"):
            return handler.answer(200, {"status": "ok"})
        body = handler.body()
        if handler.headers.get("Authorization") != f"Bearer {self.token}":
            return handler.answer(401, {"error": "unauthorized"})
        if (handler.command, first, rest) == ("POST", "labs", "start"):
            return handler.answer(200, self.start(body))
        if (handler.command, first) == ("GET", "labs"):
            return handler.answer(200, self.state(rest))
        if (handler.command, first) == ("DELETE", "labs"):
            return handler.answer(200, self.end(rest))
        return handler.answer(404, {"error": "not_found"})

    def start(self, asked):
        session, template, ttl = "s-" + secrets.token_hex(4), asked["template"], asked["ttl"]
        _, token, _ = self.control.batch(
            ("POST", "/v1/machines", {"id": session, "owner": "labs", "state": "starting", "ttl": ttl}),
            ("POST", f"/v1/machines/{session}/tokens", {"label": asked["user_id"]}),
            ("POST", "/v1/routes", {
                "id": session, "owner": "labs", "ttl": ttl, "externalId": f"{asked['user_id']}/{session}", "patterns": [
                    {"pattern": f"{session}.{self.domain}", "policy": {**POLICY, **PROFILES[template]},
                     "target": {"machine": session, "port": self.ports[template]}}]}))
        self.boot(session, token["token"])
        return {"session": session, "url": f"https://{session}.{self.domain}/"}

    def state(self, session):
        """The controller's health check of a lab: once its tunnel is up and its port listens it is no longer starting."""
        machine = self.control.call("GET", f"/v1/machines/{session}")
        route = self.control.call("GET", f"/v1/routes/{session}")
        port = route["patterns"][0]["target"]["port"]
        listens = any(each["port"] == port for each in machine["listening"] or [])
        if machine["state"] == "starting" and machine["connected"] and listens:
            machine = self.control.call("PATCH", f"/v1/machines/{session}", {"state": "active"})
        return {"session": session, "state": machine["state"], "expiresAt": route["expiresAt"],
                "activity": machine["activity"] and machine["activity"]["lastRequestAt"]}

    def end(self, session):
        self.control.call("DELETE", f"/v1/routes/{session}")
        self.control.call("DELETE", f"/v1/machines/{session}")
        return {"session": session}
