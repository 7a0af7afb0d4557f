"""Share links, and what has a time to live: who comes in, where, and until when."""
import json
import time
from urllib.parse import urlsplit

import pytest

from harness.http1 import Closed
from harness.http2 import Client2
from harness.origin import answer
from harness.wait import wait_until
from harness.websocket import WebSocket, echo_handler

SHARED = {"auth": "share"}


@pytest.fixture
def port(stack, make_origin):
    origin = make_origin(lambda connection, request: echo_handler(connection, request) if request.get("Upgrade") else
                         connection.send(answer("in")))
    stack.admin.service("misha", "app", origin.port, policy=SHARED)
    return origin


def share(stack, host, **more):
    return stack.admin.ok("POST", "/v1/shares", {"host": host, **more})


def target_of(link):
    parts = urlsplit(link["url"])
    return f"{parts.path}?{parts.query}"


def follow(stack, host, link):
    """The cookie that a link leaves."""
    got = stack.get(host, target_of(link), tls=True)
    assert got.status == 302, got
    assert got.get("Referrer-Policy") == "no-referrer" and got.get("Cache-Control") == "no-store"
    cookie, *attributes = got.get("Set-Cookie").split("; ")
    assert cookie.startswith("__Host-") and {"Path=/", "Secure", "HttpOnly"} <= set(attributes) and not [a for a in attributes if a.startswith("Domain")]
    return got.get("Location"), ("Cookie", cookie)


def closed(client):
    """The other end is gone."""
    try:
        return client.reader.rest() is not None
    except (Closed, OSError):
        return True


def test_a_link_lets_in_to_its_host_port_and_path_alone(stack, port, make_origin):
    host = f"{port.port}__misha.iterate.app"
    other = make_origin()
    stack.admin.service("misha", "other", other.port, policy=SHARED)
    link = share(stack, host, path="/docs", label="for bob")
    assert link["label"] == "for bob" and link["port"] == port.port and link["machine"] == "mach_a"
    location, cookie = follow(stack, host, link)
    assert location == "/docs"
    fields = [cookie, ("Authorization", "Bearer the-app's")]
    for inside in ("/docs", "/docs/", "/docs/a?b", "/%64ocs/x", "//docs"):
        assert stack.get(host, inside, fields=fields).body == b"in", inside
    assert port.last.get("Authorization") == "Bearer the-app's" and port.last.get("Cookie") is None
    assert stack.get(host, "/docs", fields=[("Cookie", "a=b; " + cookie[1] + "; c=d")]).status == 200
    assert port.last.get("Cookie") == "a=b; c=d"
    count = len(port.requests)
    for outside in ("/", "/doc", "/docsx", "/docs/../admin", "/docs/%2e%2e/admin", "/docs%2f..%2fadmin"):
        assert stack.get(host, outside, fields=[cookie]).status == 401, outside
    for elsewhere in (f"{other.port}__misha.iterate.app", f"{port.port}__mach_a.machines.iterate.app", "app.misha.iterate.app"):
        assert stack.get(elsewhere, "/docs", fields=[cookie]).status == 401, elsewhere
    name, value = cookie[1].split("=", 1)
    last = "1" if value[-1] == "0" else "0"
    for forged in (f"{name}={value[:-1]}{last}", f"{name}=Lw.{value.split('.')[1]}", f"{name}x={value}", f"{name}="):
        assert stack.get(host, "/docs", fields=[("Cookie", forged)]).status == 401
    assert len(port.requests) == count and not other.requests
    assert target_of(link).split(".")[-1] not in json.dumps(stack.admin.ok("GET", "/v1/changes?limit=1000")["items"])
    assert "url" not in stack.admin.ok("GET", f"/v1/shares/{link['id']}")


def test_a_link_keeps_the_rest_of_its_query_and_a_post_or_a_websocket_comes_in_by_it(stack, port):
    host = f"{port.port}__misha.iterate.app"
    link = share(stack, host)
    secret = target_of(link).split("?")[1]
    got = stack.get(host, f"/a?x=1&{secret}&y=2")
    assert got.status == 302 and got.get("Location") == "/a?x=1&y=2"
    with stack.client() as client:
        client.request(host, f"/a?{secret}&x=1", "POST", body=b"hello")
        assert client.response("POST").status == 200
    assert port.last.target == "/a?x=1" and port.last.body == b"hello"
    with stack.client() as client:
        WebSocket(client, host, f"/ws?{secret}").echo("x")
    assert port.last.target == "/ws"


@pytest.mark.parametrize("path", ["//evil.com/", "///evil.com", "//"])
def test_a_link_sends_on_to_this_host_alone(stack, port, path):
    host = f"{port.port}__misha.iterate.app"
    link = share(stack, host)
    got = stack.get(host, f"{path}?{urlsplit(link['url']).query}&a=b", tls=True)
    assert got.status == 302 and got.get("Location") == "/" + path.lstrip("/") + "?a=b"


def test_a_preflight_passes_and_a_websocket_of_another_site_does_not(stack, port):
    host = f"{port.port}__misha.iterate.app"
    _, cookie = follow(stack, host, share(stack, host))
    with stack.client() as client:
        client.request(host, "/", "OPTIONS", [("Origin", "https://a.example"), ("Access-Control-Request-Method", "PUT")])
        assert client.response("OPTIONS").status == 200
    with stack.client() as client:
        client.request(host, "/", "OPTIONS")
        assert client.response("OPTIONS").status == 401
    with stack.client() as client:
        WebSocket(client, host, fields=[cookie, ("Origin", f"https://{host}")]).echo("x")
    for origin in ("https://evil.example", "null", f"https://evil.{host}"):
        with stack.client() as client:
            client.request(host, "/ws", fields=[("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
                                                ("Sec-WebSocket-Key", "x3JJHMbDL1EzLkh9GBhXDw=="), cookie, ("Origin", origin)])
            assert client.final_head().status == 401


def test_a_share_that_is_revoked_closes_what_is_open(stack, port):
    host = f"{port.port}__misha.iterate.app"
    link = share(stack, host)
    _, cookie = follow(stack, host, link)
    kept = share(stack, host)
    _, other = follow(stack, host, kept)
    with stack.client() as client, stack.client() as second:
        WebSocket(client, host, fields=[cookie]).echo("x")
        stays = WebSocket(second, host, fields=[other])
        stack.admin.ok("DELETE", f"/v1/shares/{link['id']}")
        began = time.monotonic()
        assert closed(client)
        assert time.monotonic() - began < 5
        assert stack.get(host, fields=[cookie]).status == 401
        assert stack.get(host, target_of(link)).status == 401
        stays.echo("still here")


def test_a_share_ends_with_its_time_and_can_be_given_more(stack, port):
    host = f"{port.port}__misha.iterate.app"
    link = share(stack, host, ttl=60)
    _, cookie = follow(stack, host, link)
    with stack.client() as client:
        WebSocket(client, host, fields=[cookie]).echo("x")
        stack.admin.ok("PATCH", f"/v1/shares/{link['id']}", {"ttl": 1})
        assert closed(client)
    refused = stack.get(host, fields=[cookie])
    assert refused.status == 410 and refused.json["error"] == "route_expired"
    assert stack.get(host, target_of(link)).status == 410
    stack.admin.ok("PATCH", f"/v1/shares/{link['id']}", {"ttl": 60})
    assert stack.get(host, fields=[cookie]).status == 200


@pytest.mark.parametrize("noun", ["route", "machine"])
def test_what_expires_is_410_to_the_second_and_closes_what_is_open(stack, make_origin, noun):
    origin = make_origin(lambda connection, request: echo_handler(connection, request) if request.get("Upgrade") else
                         connection.send(answer("in")))
    body = {"patterns": [{"pattern": "lab.example.org", "target": {"machine": "mach_a", "port": origin.port}}]}
    route = stack.admin.ok("POST", "/v1/routes", body)
    path = f"/v1/routes/{route['id']}" if noun == "route" else "/v1/machines/mach_a"
    stack.admin.ok("PATCH", path, {"ttl": 60})
    assert stack.get("lab.example.org").body == b"in"
    with stack.client() as client, stack.client() as second:
        socket = WebSocket(client, "lab.example.org")
        socket.echo("x")
        stack.admin.ok("PATCH", path, {"ttl": 5})
        socket.echo("it was given more")
        assert closed(client)
    wait_until(lambda: stack.get("lab.example.org").status == 410, "the end")
    assert stack.get("lab.example.org").json["error"] == "route_expired"
    stack.admin.ok("PATCH", path, {"expiresAt": None})
    assert stack.get("lab.example.org").body == b"in"


@pytest.mark.parametrize("noun", ["route", "machine"])
@pytest.mark.parametrize("before", [None, 3600], ids=["never", "an hour"])
def test_a_time_that_is_set_while_something_is_open_closes_it_too(stack, make_origin, noun, before):
    origin = make_origin(echo_handler)
    body = {"patterns": [{"pattern": "lab.example.org", "target": {"machine": "mach_a", "port": origin.port}}]}
    route = stack.admin.ok("POST", "/v1/routes", body)
    path = f"/v1/routes/{route['id']}" if noun == "route" else "/v1/machines/mach_a"
    if before:
        stack.admin.ok("PATCH", path, {"ttl": before})
    with stack.client() as client, stack.client() as other:
        socket, stays = WebSocket(client, "lab.example.org"), WebSocket(other, stack.host(origin.port))
        socket.echo("x")
        stack.admin.ok("PATCH", path, {"ttl": 5})
        socket.echo("there is time left")
        assert closed(client)
        if noun == "route":
            stays.echo("another way to the machine")
        else:
            assert closed(other)


def test_what_is_over_gives_its_name_to_a_new_one(stack, make_origin):
    origin = make_origin(lambda connection, request: connection.send(answer("in")))
    host, machine_host = "brief.example.org", "mach_brief.machines.iterate.app"
    body = {"patterns": [{"pattern": host, "target": {"machine": "mach_a", "port": origin.port}}]}
    old = stack.admin.ok("POST", "/v1/routes", {**body, "ttl": 1})
    stack.admin.machine("mach_brief", ttl=1)
    stack.admin.token_of("mach_brief")
    for name in (host, machine_host):
        wait_until(lambda name=name: stack.get(name).status == 410, "the end")
    new = stack.admin.ok("POST", "/v1/routes", body)
    assert stack.get(host).body == b"in"
    assert stack.admin.call("GET", f"/v1/routes/{old['id']}").status == 404
    stack.admin.machine("mach_brief")
    assert stack.get(machine_host).status == 503
    assert stack.admin.items("/v1/machines/mach_brief/tokens") == []
    assert stack.admin.call("POST", "/v1/routes", body).status == 409
    assert stack.admin.call("POST", "/v1/machines", {"id": "mach_brief"}).status == 409
    stack.admin.ok("DELETE", f"/v1/routes/{new['id']}")
    stack.admin.ok("DELETE", "/v1/machines/mach_brief")


def test_a_share_of_a_project_s_host_goes_with_the_project_and_of_a_machine_s_with_the_machine(stack, port, make_origin):
    admin, host, machine_host = stack.admin, f"{port.port}__misha.iterate.app", f"{port.port}__mach_a.machines.iterate.app"
    (_, cookie), (_, own) = follow(stack, host, share(stack, host)), follow(stack, machine_host, share(stack, machine_host))
    admin.machine("mach_b")
    agent = stack.another_agent("mach_b", admin.token_of("mach_b")).start()
    admin.service("misha", "app", port.port, policy=SHARED)
    admin.attach("mach_b", "misha")
    admin.ok("PATCH", "/v1/machines/mach_a", {"policy": SHARED})
    assert stack.get(host, fields=[cookie]).status == 200
    assert stack.get(machine_host, fields=[own]).status == 200
    # Another project on the same machine and port is not opened by it, by whatever name it comes.
    admin.project("other", "mach_b")
    admin.ok("PATCH", "/v1/projects/other", {"policy": SHARED})
    assert stack.get(f"{port.port}__other.iterate.app", fields=[cookie]).status == 401
    admin.ok("POST", "/v1/routes", {"id": "rt_taken", "patterns": [{"pattern": host, "target": {"project": "other", "port": port.port}}]})
    assert stack.get(host, fields=[cookie]).status == 401
    admin.ok("DELETE", "/v1/routes/rt_taken")
    stack.agent.stop()
    admin.ok("DELETE", "/v1/machines/mach_a")
    assert stack.get(host, fields=[cookie]).status == 200, "the machine that it was made on is gone, the project is not"
    assert [row["machine"] for row in admin.items("/v1/shares")] == ["mach_b"]
    agent.stop()


def test_a_share_that_is_extended_goes_on_for_those_who_are_in(stack, port):
    host = f"{port.port}__misha.iterate.app"
    link = share(stack, host, ttl=60)
    got = stack.get(host, target_of(link), tls=True)
    assert "Max-Age" not in got.get("Set-Cookie") and "Expires" not in got.get("Set-Cookie")


def test_shares_by_the_command_line(stack, port):
    host = f"{port.port}__misha.iterate.app"
    made = stack.ctl.json("share", "create", host, "--path", "/x", "--ttl", "1h")
    assert made["url"].startswith(f"https://{host}") and made["expiresAt"]
    assert [row["id"] for row in stack.ctl.json("share", "list")] == [made["id"]]
    stack.ctl.ok("share", "revoke", made["id"])
    assert stack.ctl.json("share", "list") == []


@pytest.fixture
def other(make_origin):
    return make_origin(lambda connection, request: echo_handler(connection, request) if request.get("Upgrade") else
                       connection.send(answer("other")))


def test_no_other_origin_of_the_host_gets_what_a_share_lets_in_by(stack, port, other):
    """Browsers send the cookie to every path of the host: by HTTP/1.1, HTTP/2 and for an Upgrade, judged or not."""
    machine = {"machine": "mach_a"}
    stack.admin.ok("POST", "/v1/routes", {"patterns": [
        {"pattern": "ide.example.com/a/*", "target": {**machine, "port": port.port}, "policy": SHARED},
        {"pattern": "ide.example.com/b/*", "target": {**machine, "port": other.port}},
        {"pattern": "ide.example.com/c/*", "target": {**machine, "port": other.port}, "policy": {"methods": ["GET", "POST"]}}]})
    _, cookie = follow(stack, "ide.example.com", share(stack, "ide.example.com", path="/a"))
    fields = [("Cookie", "a=b; " + cookie[1])]
    for path in ("/b/x", "/c/x"):
        assert stack.get("ide.example.com", path, fields=[cookie]).status == 200
        assert other.last.get("Cookie") is None, path
        with Client2(stack.broker.http_port) as client:
            assert client.get("ide.example.com", path, fields=[("cookie", "a=b"), ("cookie", cookie[1])]).status == 200
        assert other.last.get("Cookie") == "a=b", path
        with stack.client() as client:
            WebSocket(client, "ide.example.com", path, fields=fields).echo("x")
        assert other.last.get("Cookie") == "a=b", path
    assert stack.get("ide.example.com", "/a/secret", fields=[cookie]).status == 200


@pytest.mark.parametrize("auth", ["public", [{"basic": {"users": {"u": "p"}}}, "share"]], ids=["public", "basic"])
def test_a_link_s_secret_goes_to_no_origin_whatever_lets_in(stack, port, auth):
    host = f"{port.port}__misha.iterate.app"
    secret = target_of(share(stack, host)).split("?")[1]
    stack.admin.service("misha", "app", port.port, policy={"auth": auth})
    basic = ("Authorization", "Basic dTpw")
    assert stack.get(host, f"/x?a=1&{secret}&b=2", fields=[basic, ("Referer", f"http://{host}/y?{secret}")]).status == 200
    assert port.last.target == "/x?a=1&b=2" and port.last.get("Referer") == f"http://{host}/y"
    with Client2(stack.broker.http_port) as client:
        assert client.get(host, f"/x?{secret}", fields=[("authorization", basic[1])]).status == 200
    assert port.last.target == "/x"
    with stack.client() as client:
        WebSocket(client, host, f"/ws?{secret}", fields=[basic]).echo("x")
    assert port.last.target == "/ws"
    assert stack.get(host, "/x?__share=mine&__share=", fields=[basic]).status == 200
    assert port.last.target == "/x?__share=mine&__share="


def test_a_link_to_nowhere_is_refused(stack):
    assert stack.admin.refused("POST", "/v1/shares", {"host": "nobody.iterate.app"}) == (409, "conflict")
    assert stack.admin.refused("POST", "/v1/shares", {"host": "misha.iterate.app", "path": "/a/../b"})[0] == 400
