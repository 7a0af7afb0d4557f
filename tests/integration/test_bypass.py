"""No way around a policy: every spelling of a name, every way in."""
import json

import pytest

from harness.http1 import Client
from harness.http2 import Client2
from harness.origin import answer
from harness.websocket import handshake_fields

LOCKED = {"auth": {"bearer": {"tokens": "t0ken"}}}
KEY = ("Authorization", "Bearer t0ken")


@pytest.fixture
def locked(stack, make_origin):
    """A port under a policy; nothing may reach it without the token."""
    origin = make_origin(lambda connection, request: connection.send(answer("in")))
    stack.admin.service("misha", "locked", origin.port, policy=LOCKED)
    stack.admin.domain("misha.example.net", "misha")
    stack.admin.route(["locked.example.org"], project="misha", service="locked")
    stack.admin.route(["*.wild.example.org"], machine="mach_a", port=origin.port)
    return origin


def names(port):
    return [f"{port}__misha.iterate.app", f"{port}--misha.iterate.app", f"{port}__mach_a.machines.iterate.app",
            f"{port}--mach-a.machines.iterate.app", f"{port}__mach-a.machines.iterate.app", "locked.misha.iterate.app",
            "locked__misha.iterate.app", "locked--misha.iterate.app", "locked.misha.example.net", f"{port}.misha.example.net",
            "locked.example.org", "any.wild.example.org", "LOCKED.Misha.Iterate.App", "locked.misha.iterate.app.",
            "locked.misha.iterate.app:443", "LOCKED.EXAMPLE.ORG.:8080"]


def test_no_name_of_the_port_is_open(stack, locked):
    for host in names(locked.port):
        assert stack.get(host).status == 401, host
    assert not locked.requests
    for host in names(locked.port):
        assert stack.get(host, fields=[KEY]).status == 200, host


def test_no_form_of_a_request_goes_around(stack, locked):
    host = "locked.misha.iterate.app"
    heads = [
        f"GET http://{host}/ HTTP/1.1\r\nHost: misha.iterate.app",
        f"GET / HTTP/1.0\r\nHost: {host}",
        f"OPTIONS * HTTP/1.1\r\nHost: {host}",
        f"HEAD / HTTP/1.1\r\nHost: {host}",
        f"PROPFIND / HTTP/1.1\r\nHost: {host}",
        f"GET / HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-Host: misha.iterate.app\r\nX-Iterate-Proxy-Target-Host: localhost:1",
        f"GET / HTTP/1.1\r\nHost: {host}\r\nX-Original-URL: /public\r\nX-HTTP-Method-Override: OPTIONS",
        f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: Host, Authorization",
        f"GET /%2e%2e/ HTTP/1.1\r\nHost: {host}",
        f"GET //_ingress/ HTTP/1.1\r\nHost: {host}",
        "\r\n".join([f"GET /ws HTTP/1.1\r\nHost: {host}"] + [f"{n}: {v}" for n, v in handshake_fields("x3JJHMbDL1EzLkh9GBhXDw==")]),
        f"OPTIONS / HTTP/1.1\r\nHost: {host}\r\nAccess-Control-Request-Method: GET",
    ]
    for head in heads:
        with stack.client() as client:
            client.send(head.encode() + b"\r\n\r\n")
            assert client.final_head().status in (401, 400, 405), head
    with stack.client() as client:
        client.send(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert client.final_head().status in (400, 405, 501)
    assert not locked.requests


def test_http2_is_resolved_stream_by_stream_and_by_authority(stack, locked, make_origin, ca):
    open_ = make_origin(lambda connection, request: connection.send(answer("open")))
    stack.admin.service("misha", "open", open_.port)
    with Client2(stack.broker.https_port, tls=ca.context(alpn=["h2"])) as client:
        # A wildcard certificate lets a browser put both on one connection.
        assert client.get("open.misha.iterate.app").status == 200
        assert client.get("locked.misha.iterate.app").status == 401
        assert client.get("open.misha.iterate.app").status == 200
        assert client.get("locked.misha.iterate.app", fields=[("authorization", "Bearer t0ken")]).status == 200
        # Where Host and :authority differ the request is refused, or :authority holds.
        assert client.get("locked.misha.iterate.app", fields=[("host", "open.misha.iterate.app")]).status in (400, 401)
        client.request("locked.misha.iterate.app", "/ws", "CONNECT", pseudo=[(":protocol", "websocket")], end=False)
    assert len(locked.requests) == 1


def test_an_agents_port_and_pages_are_no_way_in(stack, locked):
    with stack.client() as client:
        client.request("misha.iterate.app", "/_ingress/")
        assert b"tunnel" not in client.response().body
    for target in (f"{locked.port}__misha.iterate.app", "locked.misha.iterate.app", f"localhost:{locked.port}",
                   f"127.0.0.1:{locked.port}", "locked__misha.iterate.app"):
        with Client(stack.agent.local_port) as client:
            client.request("machine.example.com", fields=[("X-Iterate-Proxy-Target-Host", target)])
            response = client.response()
        assert response.status == 403 and response.body == b'{"error":"forbidden"}', (target, response)
    assert not locked.requests
    # Nor does the tunnel lead to the agent's own port.
    assert stack.get(f"{stack.agent.local_port}__misha.iterate.app").status in (403, 502)


def test_identity_fields_of_a_client_never_arrive(stack, make_origin):
    origin = make_origin(lambda connection, request: connection.send(answer("in")))
    stack.admin.service("misha", "id", origin.port, policy={"request_headers": {"set": {"X-Team": "blue"}, "add": {"X-Role": "user"}}})
    spoofed = [(name, "mallory") for name in ("X-Team", "X_Team", "x_team", "X_Role", "Remote-User", "Remote_User", "X-Forwarded-User",
                                              "X_Forwarded_User", "X-Auth-Request-Email", "Forwarded", "X-Real-IP", "X_Real_IP",
                                              "X-Iterate-Project-Ingress-Secret", "X-Iterate-Machine")]
    assert stack.get("id.misha.iterate.app", fields=spoofed).status == 200
    assert not [field for field in origin.last.fields if field[1] == "mallory"], origin.last.fields


def test_identity_fields_never_arrive_by_another_way_in_either(stack, make_origin):
    """What a token would have told the origin, from a client whom another way lets in."""
    origin = make_origin(lambda connection, request: connection.send(answer("in")))
    jwt = {"secret": "jwt.key", "algorithms": ["HS256"], "claim_headers": {"sub": "X-User"}}
    forward = {"url": "http://203.0.113.9/", "response_headers": ["X-Group"]}
    stack.admin.service("misha", "ways", origin.port, policy={"auth": [
        {"bearer": {"tokens": ["abcdefgh12345678abcdefgh"]}}, {"jwt": jwt}, {"forward": forward}]})
    spoofed = [(name, "mallory") for name in ("X-User", "x_user", "X_User", "X-Group", "X_Group")]
    bearer = ("Authorization", "Bearer abcdefgh12345678abcdefgh")
    assert stack.get("ways.misha.iterate.app", fields=[bearer, *spoofed]).status == 200
    assert not [field for field in origin.last.fields if field[1] == "mallory"], origin.last.fields
    preflight = [("Origin", "https://a.example"), ("Access-Control-Request-Method", "GET")]
    assert stack.get("ways.misha.iterate.app", method="OPTIONS", fields=[*preflight, *spoofed]).status == 200
    assert not [field for field in origin.last.fields if field[1] == "mallory"], origin.last.fields


SPELLINGS = ("X-User", "x_user", "X_User", "X-Team", "X_Team", "X_Role", "X-Gone", "X_Gone")
ONLY_THE_POLICY = {"request_headers": {"set": {"X-User": "{client_ip}", "X-Team": ""}, "add": {"X-Role": "user"}, "remove": ["X-Gone"]}}


def test_identity_fields_never_arrive_as_trailers(stack, make_origin):
    origin = make_origin(lambda connection, request: connection.send(answer("in")))
    stack.admin.service("misha", "trailed", origin.port, policy=ONLY_THE_POLICY)
    with stack.client() as client:
        client.request("trailed.misha.iterate.app", method="POST", fields=[("Transfer-Encoding", "chunked")])
        trailers = "".join(f"{name}: mallory\r\n" for name in SPELLINGS)
        client.send(f"1\r\na\r\n0\r\n{trailers}X-Fine: 1\r\n\r\n".encode())
        assert client.response("POST").status == 200
    assert origin.last.trailers == [("X-Fine", "1")]


def test_identity_fields_never_arrive_as_trailers_of_http2(stack, make_origin, ca):
    origin = make_origin(lambda connection, request: connection.send(answer("in")))
    stack.admin.service("misha", "trailed2", origin.port, policy=ONLY_THE_POLICY)
    with Client2(stack.broker.https_port, tls=ca.context(("h2",))) as client:
        stream = client.request("trailed2.misha.iterate.app", method="POST", end=False)
        client.send(stream, b"a")
        client.trailers(stream, [(name.lower(), "mallory") for name in SPELLINGS] + [("x-fine", "1")])
        client.finish(stream)
        assert stream.status == 200
    assert origin.last.trailers == [("x-fine", "1")]


def test_a_preflight_is_what_browsers_send_and_no_way_in(stack, locked):
    """No body, no Upgrade, no credentials."""
    origin, port = locked, locked.port
    preflight = [("Origin", "https://a.example"), ("Access-Control-Request-Method", "GET")]
    for fields, body in (([], b"delete=all"), ([("Cookie", "a=b")], None), ([("Authorization", "Basic eA==")], None),
                         ([("Connection", "Upgrade"), ("Upgrade", "websocket")], None), ([("Transfer-Encoding", "chunked")], None)):
        with stack.client() as client:
            client.request(f"{port}__misha.iterate.app", "/", "OPTIONS", [*preflight, *fields], body)
            if ("Transfer-Encoding", "chunked") in fields:
                client.send(b"1\r\nx\r\n0\r\n\r\n")
            assert client.final_head().status in (401, 403), fields
    assert not origin.requests


def test_a_capture_finds_no_machine_of_another_project(stack, make_origin):
    origin = make_origin()
    stack.admin.machine("mach_other", origin.port)
    stack.admin.project("other", "mach_other")
    stack.admin.ok("PATCH", "/v1/machines/mach_other", {"owner": "other"})
    stack.admin.ok("POST", "/v1/routes", {"owner": "misha", "patterns": [
        {"pattern": "{m}.cap.example.org", "target": {"machine": "{m}", "port": origin.port}},
        {"pattern": "cap.example.org/{m}/*", "target": {"machine": "mach_{m}"}}]})
    assert stack.get("mach_a.cap.example.org").status == 200
    for host, target in (("mach-other.cap.example.org", "/"), ("mach_other.cap.example.org", "/"), ("cap.example.org", "/other/"),
                         ("cap.example.org", "/%6fther/")):
        refused = stack.get(host, target)
        assert refused.status == 404 and refused.json["error"] == "machine_not_found", (host, refused)
    assert stack.get("cap.example.org", "/a/../other/").status == 400


def test_a_projects_policy_does_not_loosen_what_is_enforced(make_stack, make_origin):
    origin = make_origin()
    stack = make_stack(broker={"options": ["--enforce", json.dumps(LOCKED)]})
    stack.admin.service("misha", "x", origin.port, policy={"auth": "public"})
    stack.admin.route(["x.example.org"], policy={"auth": "public"}, project="misha", service="x")
    for host in ("x.misha.iterate.app", "x.example.org", f"{origin.port}__mach_a.machines.iterate.app"):
        assert stack.get(host).status == 401
        assert stack.get(host, fields=[KEY]).status == 200
    stack.admin.service("misha", "x", origin.port, policy={"auth": "deny"})
    assert stack.get("x.misha.iterate.app", fields=[KEY]).status == 403


def test_secrets_are_neither_logged_nor_told(stack, locked):
    assert stack.get("locked.misha.iterate.app", fields=[KEY]).status == 200
    told = json.dumps(stack.admin.ok("GET", "/v1/changes?limit=1000")) + json.dumps(stack.admin.ok("GET", "/v1/policy?host=locked.misha.iterate.app"))
    assert "t0ken" not in told and stack.token not in told
    assert "t0ken" not in stack.broker.process.log_text() and stack.token not in stack.broker.process.log_text() + stack.agent.process.log_text()
