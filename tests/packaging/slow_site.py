"""The origin in a machine of the tests: GET / is a line of ten bytes, GET /slow/N is N of them, one a second."""
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LINE = b"012345678\n"


class Site(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        lines = int(self.path.rsplit("/", 1)[1]) if self.path.startswith("/slow/") else 1
        self.send_response(200)
        self.send_header("Content-Length", str(lines * len(LINE)))
        self.end_headers()
        for number in range(lines):
            if number:
                time.sleep(1)
            self.wfile.write(LINE)
            self.wfile.flush()

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Site).serve_forever()
