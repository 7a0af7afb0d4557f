"""What a platform's own services use of the broker: its admin API by HTTP, with a bearer token. Deliberately without the
harness: this is what a user of the product writes."""
import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Control:
    def __init__(self, port, token):
        self.port, self.token = port, token

    def open(self, method, path, body=None, accept="application/json"):
        """(connection, answer): for streams."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, json.dumps(body) if body is not None else None,
                           {"Authorization": f"Bearer {self.token}", "Accept": accept, "Content-Type": "application/json"})
        return connection, connection.getresponse()

    def call(self, method, path, body=None):
        connection, answer = self.open(method, path, body)
        text = answer.read()
        connection.close()
        if answer.status >= 400:
            raise Refused(answer.status, json.loads(text))
        return json.loads(text) if text else None

    def batch(self, *operations):
        """The bodies of their answers: all (method, path, body) are done, or none."""
        results = self.call("POST", "/v1/batch", {"operations": [
            {"method": method, "path": path, "body": body} for method, path, body in operations]})["results"]
        return [result["body"] for result in results]


class Refused(Exception):
    def __init__(self, status, problem):
        super().__init__(f"{status} {problem}")
        self.status, self.problem = status, problem


class Service:
    """A small HTTP API of a platform; a subclass has `routes`, {(method, first segment of the path): function(handler, rest)}."""

    def __init__(self):
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, status, value):
                data = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def body(self):
                return json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")

            def handle_any(self):
                try:
                    service.handle(self)
                except Refused as refused:
                    self.answer(refused.status, {"error": refused.problem.get("code")})

            do_GET = do_POST = do_DELETE = handle_any

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def handle(self, handler):
        raise NotImplementedError

    def close(self):
        self.server.shutdown()
        self.server.server_close()
