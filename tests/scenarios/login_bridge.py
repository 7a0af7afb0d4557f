"""A login in front of projects: a server that forward auth asks, and the login page that it sends browsers to. A browser
that logged in comes back with a ticket in the query, for which it gets a cookie of the project's."""
import secrets
from http.cookies import SimpleCookie
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from harness.origin import Origin, answer

LOGIN = "https://login.iterate.app"


class LoginBridge:
    """`check` is the origin that is asked, `login` the one behind LOGIN."""

    def __init__(self, users):
        self.users, self._tickets, self._sessions = users, {}, {}
        self.check, self.login = Origin(self._check), Origin(self._login)

    def _login(self, connection, request):
        """GET /?name=…&password=…&back=URL"""
        query = dict(parse_qsl(urlsplit(request.target).query))
        if not query.get("password") or self.users.get(query.get("name")) != query["password"]:
            return connection.send(answer("who are you?", "403 Forbidden"))
        ticket = secrets.token_urlsafe(16)
        self._tickets[ticket] = query["name"]
        joint = "&" if urlsplit(query["back"]).query else "?"
        return connection.send(answer("", "302 Found", [("Location", f"{query['back']}{joint}ticket={ticket}")]))

    def _check(self, connection, request):
        cookies = SimpleCookie(request.get("Cookie") or "")
        user = self._sessions.get(cookies["login"].value) if "login" in cookies else None
        if user:
            return connection.send(answer("", fields=[("X-User", user)]))
        url = urlsplit(request.get("X-Original-URL"))
        query = dict(parse_qsl(url.query))
        user = self._tickets.pop(query.pop("ticket", ""), None)
        if user:
            return connection.send(answer("", "302 Found", self._session_of(user, url._replace(query=urlencode(query)))))
        login = f"{LOGIN}/?back={quote(request.get('X-Original-URL'), safe='')}"
        return connection.send(answer("", "302 Found", [("Location", login)]))

    def _session_of(self, user, url):
        session = secrets.token_urlsafe(16)
        self._sessions[session] = user
        project = ".".join(url.hostname.split(".")[-3:])
        return [("Location", url.geturl()), ("Set-Cookie", f"login={session}; Domain={project}; Path=/; Secure; HttpOnly"),
                ("Set-Cookie", "everywhere=1; Domain=iterate.app; Path=/")]

    def close(self):
        for origin in (self.check, self.login):
            origin.close()
            assert not origin.failures, origin.failures
