"""IDEs as a portal meets them: one that knows nothing of its prefix but what RStudio does with X-RStudio-Root-Path, one that
is told its base URL at the start, as JupyterLab is."""
from harness.origin import answer
from harness.websocket import accept
from lab_apps import echo, is_websocket


def rstudio(connection, request):
    """Paths are seen from the root; URLs in pages and cookies have the root path in front, redirects do not."""
    root = request.get("X-RStudio-Root-Path") or ""
    if is_websocket(request):
        accept(connection, request)
        return echo(connection)
    if request.target == "/":
        return connection.send(answer("", "302 Found", [("Location", "/auth-sign-in?next=%2F")]))
    if request.target == "/absolute":
        return connection.send(answer("", "302 Found", [("Location", f"https://{request.host}{root}/there")]))
    fields = [("Content-Type", "text/html"), ("X-Frame-Options", "DENY"), ("Set-Cookie", "rs-session=1; Path=/; HttpOnly; Secure; SameSite=None; Partitioned"),
              ("Set-Cookie", f"rs-root=1; Path={root or '/'}; Secure; SameSite=None; Partitioned")]
    page = (f"<p id=said>rstudio at {root} saw {request.method} {request.target}</p><p id=cookie>{request.get('Cookie')}</p>"
            f"<a id=next href='{root}/next'>next</a>")
    return connection.send(answer(page, fields=fields))


class Jupyter:
    """Answers under its base URL alone."""

    def __init__(self, base):
        self.base = base

    def __call__(self, connection, request):
        if not request.target.startswith(self.base):
            return connection.send(answer("no base", "404 Not Found"))
        if is_websocket(request):
            accept(connection, request)
            return echo(connection)
        if request.target == self.base:
            return connection.send(answer("", "302 Found", [("Location", self.base + "lab"), ("Set-Cookie", f"_xsrf=1; Path={self.base}")]))
        return connection.send(answer(f"jupyter {request.target} {request.get('X-Forwarded-Prefix')}"))
