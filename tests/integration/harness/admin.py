"""The admin API of a broker, as a program uses it: what tests make their rows with."""
import json
from urllib.parse import quote

from harness.http1 import Client

REFUSED = (400, 401, 403, 404, 405, 409, 412, 413, 422)


class Admin:
    """Over the Unix socket; `port` and `token` for TCP instead."""

    def __init__(self, socket_path=None, port=None, token=None):
        self.socket_path, self.port, self.token = socket_path, port, token

    def call(self, method, path, body=None, fields=(), raw=None):
        """The answer, whatever its status."""
        fields = list(fields)
        if self.token:
            fields.append(("Authorization", f"Bearer {self.token}"))
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        client = Client(path=self.socket_path) if self.socket_path else Client(self.port)
        with client:
            client.request("admin.localhost", path, method, fields, data)
            return client.response(method)

    def ok(self, method, path, body=None, fields=()):
        response = self.call(method, path, body, fields)
        assert response.status in (200, 201, 204), (method, path, body, response)
        return response.json if response.body else None

    def refused(self, method, path, body=None, fields=()):
        """(status, code) of a refusal in the form of RFC 9457."""
        response = self.call(method, path, body, fields)
        assert response.status in REFUSED, (method, path, body, response)
        assert response.get("Content-Type") == "application/problem+json", response
        assert response.json["status"] == response.status and response.json["detail"] and response.json["title"]
        return response.status, response.json["code"]

    def machine(self, machine, port=None, **more):
        return self.ok("POST", "/v1/machines", {"id": machine, **({"defaultPort": port} if port else {}), **more})

    def token_of(self, machine, label=""):
        return self.ok("POST", f"/v1/machines/{machine}/tokens", {"label": label})["token"]

    def project(self, slug, machine=None, port=None, **more):
        return self.ok("POST", "/v1/projects", {
            "slug": slug, **({"machine": machine} if machine else {}), **({"defaultPort": port} if port else {}), **more})

    def set_project(self, slug, **changes):
        return self.ok("PATCH", f"/v1/projects/{slug}", changes)

    def attach(self, machine, slug):
        return self.ok("PUT", f"/v1/projects/{slug}/machine", {"machine": machine})

    def detach(self, slug):
        self.ok("DELETE", f"/v1/projects/{slug}/machine")

    def service(self, slug, name, port, machine=None, policy=None):
        return self.ok("PUT", f"/v1/projects/{slug}/services/{name}", {
            "port": port, **({"machine": machine} if machine else {}), **({"policy": policy} if policy else {})})

    def delete_service(self, slug, name):
        self.ok("DELETE", f"/v1/projects/{slug}/services/{name}")

    def route(self, patterns, policy=None, on_conflict="fail", **target):
        rows = [{"pattern": pattern, "target": target, **({"policy": policy} if policy else {})} for pattern in patterns]
        return self.ok("POST", "/v1/routes", {"patterns": rows, "onConflict": on_conflict})

    def domain(self, name, slug):
        return self.ok("POST", "/v1/domains", {"name": name, "project": slug})

    def items(self, path):
        """Every row, page after page."""
        page = self.ok("GET", path)
        rows = page["items"]
        while page["next"] is not None:
            joint = "&" if "?" in path else "?"
            page = self.ok("GET", f"{path}{joint}cursor={quote(page['next'], safe='')}")
            rows += page["items"]
        return rows

    def tunnels(self, machine=None):
        return self.items("/v1/tunnels" + (f"?machine={machine}" if machine else ""))

    def loops(self):
        """What each loop has and has done, by its number."""
        return self.items("/v1/loops")

    def close_tunnel(self, tunnel):
        self.ok("DELETE", f"/v1/tunnels/{tunnel}")
