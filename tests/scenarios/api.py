"""api.py PORT SWAGGER: an API of two calls with its description and its Swagger page at /ui. SWAGGER is the folder of
swagger-ui-dist."""
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = b"""<!doctype html><meta charset=utf-8><title>API</title><link rel=stylesheet href=/ui/swagger-ui.css><div id=ui></div>
<script src=/ui/swagger-ui-bundle.js></script><script src=/ui/start.js></script>"""
START = b'window.ui = SwaggerUIBundle({ url: "/openapi.json", dom_id: "#ui", tryItOutEnabled: true, deepLinking: true });'
DESCRIPTION = {"openapi": "3.0.3", "info": {"title": "Things", "version": "1"}, "paths": {"/things": {
    "get": {"operationId": "listThings", "responses": {"200": {"description": "All things"}}}}}}
TYPES = {".css": "text/css", ".js": "text/javascript"}


class Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = self.path.split("?")[0]
        if path in ("/ui", "/ui/"):
            return self.answer(PAGE, "text/html")
        if path == "/ui/start.js":
            return self.answer(START, "text/javascript")
        if path.startswith("/ui/"):
            with open(os.path.join(sys.argv[2], os.path.basename(path)), "rb") as file:
                return self.answer(file.read(), TYPES[os.path.splitext(path)[1]])
        if path == "/openapi.json":
            return self.answer(json.dumps(DESCRIPTION).encode(), "application/json")
        host = self.headers.get("X-Forwarded-Host")
        return self.answer(json.dumps({"things": ["a", "b"], "host": host}).encode(), "application/json")

    def answer(self, body, content_type):
        self.send_response(200)
        self.send_header("Content-Type", f"{content_type}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Api).serve_forever()
