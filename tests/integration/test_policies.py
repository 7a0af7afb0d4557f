"""Policies: who may come in and on which terms, whatever the name that a port is reached by."""
import base64
import hashlib
import hmac
import json
import socket
import subprocess
import time

import pytest

from harness.ctl import write_secret
from harness.origin import answer
from harness.stack import Stack
from harness.wait import wait_until
from harness.websocket import WebSocket, echo_handler

SECRET = "a-shared-secret-of-32-bytes-or-so"


@pytest.fixture(scope="module")
def stack(tmp_path_factory, ca):
    folder = tmp_path_factory.mktemp("policies")
    secrets = folder / "secrets"
    secrets.mkdir()
    (secrets / "hs").write_text(SECRET + "\n")
    (secrets / "blanks").write_text(f"\n {SECRET}\t \r\n\n")
    made = Stack(folder, ca, broker={"options": ["--secrets-dir", str(secrets), "--allow-url-target", "127.0.0.0/8"]})
    yield made
    made.stop()


@pytest.fixture
def under(stack, make_origin):
    """An origin whose port is under a policy: a function that sets it and gives (origin, host)."""

    def make(policy, handler=None, **origin):
        made = make_origin(handler or (lambda connection, request: connection.send(answer("in"))), **origin)
        stack.admin.service("misha", f"p{made.port}", made.port, policy=policy)
        return made, f"{made.port}__misha.iterate.app"

    return make


def basic(user, password):
    return ("Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())


def bearer(token):
    return ("Authorization", f"Bearer {token}")


def b64(data):
    data = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def hs256(claims, secret=SECRET, **head):
    signed = b64({"alg": "HS256", **head}) + "." + b64(claims)
    return signed + "." + b64(hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest())


def same_port(port):
    """Every name of the port."""
    return [f"{port}__misha.iterate.app", f"{port}--misha.iterate.app", f"{port}__mach_a.machines.iterate.app",
            f"{port}--mach-a.machines.iterate.app", f"p{port}.misha.iterate.app", f"p{port}__misha.iterate.app",
            f"{port}__MISHA.Iterate.APP.", f"{port}__misha.iterate.app:8443"]


@pytest.mark.parametrize("auth, good, status", [
    ({"basic": {"users": {"alice": "wonder"}}}, basic("alice", "wonder"), 401),
    ({"bearer": {"tokens": ["t0ken"]}}, bearer("t0ken"), 401),
    ({"jwt": {"secret": "hs", "claims": {"role": "dev"}}}, bearer(hs256({"role": "dev"})), 401),
    (["share", {"bearer": {"tokens": ["t0ken"]}}], bearer("t0ken"), 401),
    ("deny", None, 403),
    ("share", None, 401),
])
def test_a_way_in_guards_every_name_of_its_port(stack, under, auth, good, status):
    origin, _ = under({"auth": auth})
    for host in same_port(origin.port):
        refused = stack.get(host)
        assert refused.status == status, (host, refused)
        assert bool(refused.all("WWW-Authenticate")) == (status == 401)
        assert refused.json["error"] == ("unauthorized" if status == 401 else "forbidden")
        if good:
            assert stack.get(host, fields=[good]).body == b"in"
    # And by an absolute target, whatever Host says.
    with stack.client() as client:
        client.send(f"GET http://{origin.port}__misha.iterate.app/ HTTP/1.1\r\nHost: other.example.com\r\n\r\n".encode())
        assert client.response().status == status
    assert len(origin.requests) == (len(same_port(origin.port)) if good else 0)


def test_blanks_and_newlines_around_a_secret_in_its_file_are_not_part_of_it(stack, under):
    _, host = under({"auth": {"jwt": {"secret": "blanks"}}})
    assert stack.get(host, fields=[bearer(hs256({"sub": "a"}))]).status == 200


def test_passwords_and_tokens_are_kept_as_hashes_and_their_field_stays_here(stack, under):
    origin, host = under({"auth": [{"basic": {"users": {"alice": "wonder"}}}, {"bearer": {"tokens": "t0ken"}}]})
    assert stack.get(host, fields=[basic("alice", "wonder")]).status == 200
    assert origin.last.get("Authorization") is None
    assert stack.get(host, fields=[bearer("t0ken")]).status == 200
    assert origin.last.get("Authorization") is None
    for wrong in (basic("alice", "wander"), basic("bob", "wonder"), bearer("t0kem"), ("Authorization", "Basic !!!"),
                  ("Authorization", "Basic"), bearer("")):
        assert stack.get(host, fields=[wrong]).status == 401, wrong
    kept = json.dumps(stack.admin.ok("GET", "/v1/changes?limit=1000")["items"]) + json.dumps(stack.admin.ok("GET", f"/v1/projects/misha/services/p{origin.port}"))
    assert "wonder" not in kept and "t0ken" not in kept and "sha256:" in kept
    stack.admin.service("misha", f"p{origin.port}", origin.port, policy={"auth": {"bearer": {"tokens": "x", "pass": True}}})
    assert stack.get(host, fields=[bearer("x")]).status == 200
    assert origin.last.get("Authorization") == "Bearer x"


def test_a_token_is_held_against_its_issuer_audience_times_and_claims(stack, under):
    origin, host = under({"auth": {"jwt": {"secret": "hs", "issuer": "me", "audience": ["a", "b"], "claims": {"roles": ["dev", "ops"]},
                                           "claim_headers": {"sub": "X-User"}, "cookie": "session"}}})
    now = int(time.time())
    good = {"iss": "me", "aud": ["b", "c"], "roles": ["ops"], "sub": "alice", "exp": now + 600, "nbf": now}
    fields = [bearer(hs256(good)), ("X-User", "mallory"), ("X_User", "mallory")]
    assert stack.get(host, fields=fields).status == 200
    assert [value for name, value in origin.last.fields if name.lower().replace("_", "-") == "x-user"] == ["alice"]
    assert stack.get(host, fields=[("Cookie", "a=b; session=" + hs256(good))]).status == 200
    for change in ({"iss": "you"}, {"aud": "c"}, {"roles": "dev2"}, {"exp": now - 600}, {"nbf": now + 600}, {"exp": "soon"}):
        assert stack.get(host, fields=[bearer(hs256({**good, **change}))]).status == 401, change
    head, body, signature = hs256(good).split(".")
    for forged in (f"{head}.{body}.", f"{head}.{body}", f"{b64({'alg': 'none'})}.{body}.", hs256(good, secret="other"),
                   f"{head}.{b64({**good, 'sub': 'root'})}.{signature}", hs256(good, crit=["x"]), "a.b.c", "...", "x" * 20000):
        assert stack.get(host, fields=[bearer(forged)]).status == 401, forged[:80]


@pytest.fixture(scope="module")
def rsa(tmp_path_factory):
    """(sign, JWKS) of an RSA key."""
    path = str(tmp_path_factory.mktemp("rsa") / "key.pem")
    subprocess.run(["openssl", "genrsa", "-out", path, "2048"], check=True, capture_output=True)
    modulus = subprocess.run(["openssl", "rsa", "-in", path, "-noout", "-modulus"], check=True, capture_output=True, text=True).stdout
    n = bytes.fromhex(modulus.strip().split("=")[1])
    jwks = {"keys": [{"kty": "RSA", "kid": "k1", "n": b64(n), "e": "AQAB"}]}

    def sign(claims, **head):
        signed = b64({"alg": "RS256", "kid": "k1", **head}) + "." + b64(claims)
        done = subprocess.run(["openssl", "dgst", "-sha256", "-sign", path], input=signed.encode(), check=True, capture_output=True)
        return signed + "." + b64(done.stdout)

    return sign, jwks


def test_public_keys_come_from_the_policy_or_from_a_url(stack, under, make_origin, rsa):
    sign, jwks = rsa
    _, host = under({"auth": {"jwt": {"jwks": jwks}}})
    assert stack.get(host, fields=[bearer(sign({"sub": "a"}))]).status == 200
    # A public key is no shared one.
    confused = hs256({"sub": "a"}, secret=jwks["keys"][0]["n"], kid="k1")
    assert stack.get(host, fields=[bearer(confused)]).status == 401
    asked = []
    server = make_origin(lambda connection, request: (asked.append(request), connection.send(answer(json.dumps(jwks)))))
    _, host = under({"auth": {"jwt": {"jwks_url": f"http://127.0.0.1:{server.port}/keys"}}})
    for _ in range(3):
        assert stack.get(host, fields=[bearer(sign({"sub": "a"}))]).status == 200
    assert len(asked) == 1
    assert stack.get(host, fields=[bearer(sign({}) + "x")]).status == 401


def test_keys_and_judges_inside_are_not_asked_unless_the_operator_allowed_it(make_stack, make_origin, rsa):
    sign, jwks = rsa
    inside = make_origin(lambda connection, request: connection.send(answer(json.dumps(jwks))))
    stack = make_stack(start=True)
    origin = make_origin()
    for auth in ({"jwt": {"jwks_url": f"http://127.0.0.1:{inside.port}/"}}, {"jwt": {"jwks_url": f"http://localhost:{inside.port}/"}},
                 {"forward": {"url": f"http://127.0.0.1:{inside.port}/"}}, {"forward": {"url": f"http://[::1]:{inside.port}/"}}):
        stack.admin.service("misha", "x", origin.port, policy={"auth": auth})
        assert stack.get("x.misha.iterate.app", fields=[bearer(sign({}))]).status in (401, 502)
    assert not inside.requests and not origin.requests


def test_a_server_decides_and_what_it_says_goes_on(stack, under, make_origin):
    asked = []

    def decides(connection, request):
        asked.append(request)
        way = request.get("X-Way")
        if way == "in":
            connection.send(answer("", fields=[("X-User", "alice"), ("X-Extra", "no")]))
        elif way == "login":
            connection.send(answer("", "302 Found", [("Location", "https://login.example.com/?x"), ("Set-Cookie", "s=1")]))
        else:
            connection.send(answer("secret page", {"401": "401 Unauthorized", "403": "403 Forbidden"}.get(way, "500 Oops")))

    server = make_origin(decides)
    origin, host = under({"auth": {"forward": {"url": f"http://127.0.0.1:{server.port}/check?a=b", "response_headers": ["X-User", "X-Groups"]}}})
    spoofed = [("X_User", "mallory"), ("X-Groups", "admin"), ("x-original-uri", "/public"), ("X-Forwarded-Uri", "/public")]
    got = stack.get(host, "/path?q=1", fields=[("X-Way", "in"), ("Cookie", "sid=7"), *spoofed])
    assert got.body == b"in"
    assert [v for n, v in origin.last.fields if n.lower().replace("_", "-") == "x-user"] == ["alice"]
    assert origin.last.get("X-Groups") is None and origin.last.get("X-Extra") is None
    question = asked[-1]
    assert question.target == "/check?a=b" and question.get("Cookie") == "sid=7"
    assert question.all("X-Original-URI") == ["/path?q=1"] and question.all("X-Forwarded-Uri") == ["/path?q=1"]
    assert question.get("X-Original-Method") == "GET" and question.get("X-Forwarded-Host") == host
    assert question.get("X-Iterate-Machine") == "mach_a" and question.get("X-Iterate-Port") == str(origin.port)
    for way, status in (("401", 401), ("403", 403), ("500", 502)):
        refused = stack.get(host, fields=[("X-Way", way)])
        assert refused.status == status and b"secret page" not in refused.body
    sent = stack.get(host, fields=[("X-Way", "login")])
    assert (sent.status, sent.get("Location"), sent.get("Set-Cookie")) == (302, "https://login.example.com/?x", "s=1")
    with stack.client() as client:
        with pytest.raises(AssertionError):
            WebSocket(client, host, fields=[("X-Way", "login")])
    posted = stack.client()
    with posted as client:
        client.request(host, "/", "POST", [("X-Way", "in")], b"a body that waits for the answer")
        assert client.response("POST").body == b"in"
    assert origin.last.body == b"a body that waits for the answer"


def test_addresses_methods_and_bodies_are_filtered(stack, under):
    _, host = under({"methods": ["GET", "HEAD"]})
    assert stack.get(host).status == 200
    with stack.client() as client:
        client.request(host, "/", "DELETE")
        assert client.response("DELETE").status == 403
    assert stack.get(under({"ip_deny": ["127.0.0.0/8"]})[1]).status == 403
    assert stack.get(under({"ip_allow": ["10.0.0.0/8"]})[1]).status == 403
    assert stack.get(under({"ip_allow": ["127.0.0.1", "::1"]})[1]).status == 200
    origin, host = under({"max_body": 10})
    for body, fields, status in ((b"x" * 10, [], 200), (b"x" * 11, [], 413)):
        with stack.client() as client:
            client.request(host, "/", "POST", fields, body)
            assert client.response("POST").status == status
    with stack.client() as client:
        client.send(f"POST / HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n".encode())
        client.send(b"6\r\nabcdef\r\n0\r\n\r\n")
        assert client.response("POST").status == 413


def test_fields_are_set_added_and_removed_with_what_is_known_of_the_request(stack, under):
    origin, host = under({
        "request_headers": {"set": {"X-Where": "{scheme}://{host} {method} {path} {machine} {project} {port}", "X-Ip": "{client_ip}"},
                            "add": {"X-More": "b"}, "remove": ["X-Gone"]},
        "response_headers": {"set": {"Server": "ours"}, "add": {"Vary": "X"}, "remove": ["X-Powered-By"]},
    }, lambda connection, _: connection.send(answer("in", fields=[("Server", "theirs"), ("X-Powered-By", "me"), ("Vary", "Y")])))
    got = stack.get(host, "/a?b", fields=[("X-Where", "spoof"), ("X_Where", "spoof"), ("X-More", "a"), ("X-Gone", "1"), ("X_GONE", "1")])
    assert got.all("Server") == ["ours"] and got.get("X-Powered-By") is None and got.all("Vary") == ["Y", "X"]
    assert origin.last.get("X-Where") == f"http://{host} GET /a mach_a misha {origin.port}"
    assert origin.last.get("X-Ip") == "127.0.0.1" and origin.last.all("X-More") == ["a", "b"]
    assert not [name for name, _ in origin.last.fields if name.lower() in ("x-gone", "x_gone", "x_where")]


@pytest.mark.parametrize("policy", [{}, {"response_headers": {"set": {"Server": "ours"}, "remove": ["X-Secret"]}}])
def test_interim_heads_and_trailers_keep_to_the_answer_s_rules(stack, under, policy):
    cookie = ("Set-Cookie", "a=1; Domain=iterate.app")
    rows = [("X-Secret", "s"), ("x_secret", "s"), ("Server", "theirs")]
    early = answer("", "103 Early Hints", [cookie, ("Link", "</a.css>"), *rows]).replace(b"Content-Length: 0\r\n", b"")
    trailers = "".join(f"{name}: {value}\r\n" for name, value in [*rows, ("X-Fine", "1")]).encode()
    origin, host = under(policy, lambda connection, _: connection.send(
        early + b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nin\r\n0\r\n" + trailers + b"\r\n"))
    got = stack.get(host)
    assert (got.status, got.body) == (200, b"in") and [head.status for head in got.interim] == [103]
    kept = [] if policy else rows
    assert got.interim[0].all("Set-Cookie") == ["a=1"] and got.interim[0].get("Link") == "</a.css>"
    assert [field for field in got.interim[0].fields if field in rows or field[1] == "ours"] == kept
    assert got.trailers == [*kept, ("X-Fine", "1")]


def test_a_trailer_never_passes_for_what_a_server_that_decides_says(stack, under, make_origin):
    """The trailers come while that server is asked."""
    server = make_origin(lambda connection, _: connection.send(answer("", fields=[("X-User", "alice")])))
    origin, host = under({"auth": {"forward": {"url": f"http://127.0.0.1:{server.port}/", "response_headers": ["X-User", "X-Groups"]}}})
    with stack.client() as client:
        head = f"POST / HTTP/1.1\r\nHost: {host}\r\nX_User: root\r\nTransfer-Encoding: chunked\r\n\r\n"
        client.send((head + "0\r\nX-User: root\r\nX_User: root\r\nX_Groups: wheel\r\nX-Fine: 1\r\n\r\n").encode())
        assert client.response("POST").status == 200
    assert origin.last.all("X-User") == ["alice"] and origin.last.get("X_User") is None
    assert origin.last.trailers == [("X-Fine", "1")]


def test_a_prefix_is_taken_off_and_put_before_what_the_origin_names(stack, make_origin):
    told = []

    def handler(connection, request):
        told.append(request)
        connection.send(answer("", "302 Found", [("Location", request.get("X-Go") or "/next?x"), ("Set-Cookie", "a=b; Path=/; HttpOnly"),
                                                 ("Set-Cookie", "c=d; path=/deep"), ("Set-Cookie", "e=f")]))

    origin = make_origin(handler)
    stack.admin.route(["ide.example.org/connect/{user}/*"], policy={"strip_prefix": "/connect/{user}", "profile": "rstudio"},
                      machine="mach_a", port=origin.port)
    got = stack.get("ide.example.org", "/connect/bob/x/y?z=1")
    assert told[-1].target == "/x/y?z=1"
    assert told[-1].get("X-Forwarded-Prefix") == "/connect/bob" and told[-1].get("X-RStudio-Root-Path") == "/connect/bob"
    assert got.get("Location") == "/connect/bob/next?x"
    assert got.all("Set-Cookie") == ["a=b; Path=/connect/bob/; HttpOnly", "c=d; Path=/connect/bob/deep", "e=f"]
    assert stack.get("ide.example.org", "/connect/bob").get("Location") == "/connect/bob/next?x"
    assert told[-1].target == "/"
    for sent, location in (("/connect/bob/kept", "/connect/bob/kept"), ("https://else.example.com/x", "https://else.example.com/x"),
                           ("http://ide.example.org/abs", "http://ide.example.org/connect/bob/abs"), ("//else.example.com/", "//else.example.com/")):
        assert stack.get("ide.example.org", "/connect/bob/", fields=[("X-Go", sent)]).get("Location") == location
    for unclear in ("/connect/bob/../alice/", "/connect/bob/%2e%2e/alice", "/connect/bob%2f..%2falice/"):
        assert stack.get("ide.example.org", unclear).status == 400
    added = make_origin(handler)
    stack.admin.service("misha", f"p{added.port}", added.port, policy={"add_prefix": "/base"})
    got = stack.get(f"{added.port}__misha.iterate.app", "/x", fields=[("X-Go", "/base/there")])
    assert told[-1].target == "/base/x" and got.get("Location") == "/there"


@pytest.mark.parametrize("target", ["//evil.com/x", "///evil.com/x", "//evil.com"])
def test_no_redirect_leads_to_another_site_by_a_doubled_slash(stack, make_origin, target):
    origin = make_origin(lambda connection, _: connection.send(
        answer("", "302 Found", [("Location", "/login"), ("Set-Cookie", "a=b; Path=/")])))
    stack.admin.route(["cap.example.org/{user}/*"], policy={"strip_prefix": "/{user}"}, on_conflict="overwrite",
                      machine="mach_a", port=origin.port)
    got = stack.get("cap.example.org", target)
    assert got.get("Location") == "/evil.com/login" and got.get("Set-Cookie") == "a=b; Path=/evil.com/"
    assert origin.last.get("X-Forwarded-Prefix") == "/evil.com"


def test_a_location_without_a_scheme_is_mapped_and_one_at_the_origin_whatever_its_host(stack, under, make_origin):
    origin = make_origin(lambda connection, request: connection.send(
        answer("", "302 Found", [("Location", request.get("X-Go").replace("@P", str(origin.port)))])))
    stack.admin.route(["ref.example.org/app/*"], policy={"strip_prefix": "/app"}, machine="mach_a", port=origin.port)
    for sent, location in (("//localhost:@P/v2", "http://ref.example.org/app/v2"), ("//ref.example.org/v2/z", "//ref.example.org/app/v2/z"),
                           ("//else.example.com/v2", "//else.example.com/v2"), ("http://127.0.0.1:@P/z", "http://ref.example.org/app/z")):
        assert stack.get("ref.example.org", "/app/", fields=[("X-Go", sent)]).get("Location") == location
    for policy in ({"host": "preserve"}, {"profile": "next"}, {}):
        stack.admin.service("misha", f"p{origin.port}", origin.port, policy=policy)
        host = f"{origin.port}__misha.iterate.app"
        for sent in ("http://localhost:@P/z", "//localhost:@P/z"):
            assert stack.get(host, fields=[("X-Go", sent)]).get("Location") == f"http://{host}/z", policy


def test_what_a_policy_sets_comes_from_no_client_where_a_nearer_one_has_overridden_it(make_stack, make_origin):
    stack = make_stack(broker={"options": ["--policy", json.dumps({"request_headers": {"set": {"X-Far": "1"}}})]})
    origin = make_origin()
    spoofed = [(name, "evil") for name in ("X-User", "X_User", "x_USER", "X-Groups", "X-Far", "X_Far")]

    def seen(project, service):
        stack.admin.set_project("misha", policy=project)
        stack.admin.service("misha", "x", origin.port, policy=service)
        assert stack.get("x.misha.iterate.app", fields=[*spoofed, ("X-Else", "1")]).status == 200
        assert origin.last.get("X-Else") == "1"
        return {name.lower().replace("_", "-") for name, value in origin.last.fields if value == "evil"}

    jwt = {"auth": {"jwt": {"jwks_url": "http://auth.example.com/keys", "claim_headers": {"sub": "X-User"}}}}
    forward = {"auth": {"forward": {"url": "http://auth.example.com/", "response_headers": ["X-User"]}}}
    fields = {"auth": "public", "request_headers": {"set": {"X-User": "{project}"}}}
    for project in (jwt, forward, fields):
        assert seen(project, {"auth": "public"}) == {"x-groups"}
        assert seen(project, {"auth": "public", "request_headers": {"set": {"X-Other": "1"}}}) == {"x-groups"}
    assert seen({}, {"auth": "public"}) == {"x-user", "x-groups"}


def test_a_tenant_opens_nothing_that_another_has_closed_on_the_same_port(make_stack, make_origin):
    origin = make_origin(lambda connection, _: connection.send(answer("in", fields=[("Set-Cookie", "a=1; Domain=iterate.app")])))
    stack = make_stack()
    stack.admin.set_project("misha", policy={"ip_deny": ["127.0.0.2"], "methods": ["GET"], "max_body": 5, "cookies": "isolate"})
    stack.admin.project("aaa", "mach_a", policy={"ip_deny": [], "methods": ["GET", "PUT"], "max_body": 100, "cookies": "pass"})
    for slug, cookie in (("misha", "a=1"), ("aaa", "a=1; Domain=iterate.app")):
        host = f"{origin.port}__{slug}.iterate.app"
        assert stack.get(host).get("Set-Cookie") == cookie, slug
        with stack.client() as client:
            client.request(host, "/", "PUT", [], b"x")
            assert client.response("PUT").status == 403, slug
        with stack.client() as client:
            client.request(host, "/", "GET", [], b"too long")
            assert client.response().status == 413, slug
        told = stack.admin.ok("GET", f"/v1/policy?host={host}")
        other = {"misha": "aaa", "aaa": "misha"}[slug]
        assert [each["from"] for each in told["keys"]["cookies"]] == [f"project {slug}"]
        assert [each["from"] for each in told["keys"]["methods"]] == [f"project {slug}", f"project {other}"]
        assert [each["from"] for each in told["layers"]][:2] == [f"project {slug}", f"project {other}"]


def test_a_page_that_may_be_framed_is_told_by_no_field_of_its_origin_that_it_may_not(stack, under):
    said = [("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'"), ("content-security-policy", "frame-ancestors 'self'"),
            ("Content-Security-Policy-Report-Only", "frame-ancestors 'none'")]
    _, host = under({"security_headers": "frameable"}, lambda c, _: c.send(answer("in", fields=said)))
    got = stack.get(host)
    assert got.all("Content-Security-Policy") == ["default-src 'self'"]
    assert got.all("Content-Security-Policy-Report-Only") == ["frame-ancestors 'none'"]


def test_browsers_are_told_to_be_careful_on_every_answer(stack, under):
    _, host = under({"security_headers": "standard"}, lambda c, _: c.send(answer("in", fields=[("X-Frame-Options", "DENY")])))
    got = stack.get(host, tls=True)
    assert got.get("Strict-Transport-Security") and got.get("X-Content-Type-Options") == "nosniff"
    assert got.get("Referrer-Policy") and got.get("X-XSS-Protection") == "1; mode=block" and got.all("X-Frame-Options") == ["DENY"]
    assert stack.get(host).get("Strict-Transport-Security") is None
    _, host = under({"security_headers": "standard", "auth": "deny"})
    refused = stack.get(host)
    assert refused.status == 403 and refused.get("X-Frame-Options") == "SAMEORIGIN" and refused.get("X-Content-Type-Options") == "nosniff"
    _, host = under({"security_headers": "frameable"}, lambda c, _: c.send(answer("in", fields=[("X-Frame-Options", "DENY")])))
    assert stack.get(host).get("X-Frame-Options") is None


def test_what_leads_nowhere_is_told_with_the_brokers_own_fields(make_stack):
    stack = make_stack(broker={"options": ["--policy", json.dumps({"security_headers": "standard"})]}, start=False)
    stack.admin.machine("mach_old", state="archived")
    stack.admin.route(["framed.example.org"], policy={"security_headers": "frameable"}, machine="mach_old")
    for host, status in (("nobody.example.org", 404), ("none.iterate.app", 404), ("0__misha.iterate.app", 400), ("mach_old.machines.iterate.app", 409)):
        refused = stack.get(host, tls=True)
        assert refused.status == status and refused.get("X-Frame-Options") == "SAMEORIGIN", refused
        assert refused.get("X-Content-Type-Options") == "nosniff" and refused.get("Strict-Transport-Security")
    framed = stack.get("framed.example.org")
    assert framed.status == 409 and framed.get("X-Content-Type-Options") and framed.get("X-Frame-Options") is None


def test_what_leads_nowhere_in_a_project_is_told_with_the_projects_fields(make_stack):
    stack = make_stack(start=False)
    policy = {"security_headers": "standard"}
    stack.admin.set_project("misha", policy=policy)
    stack.admin.project("alone", policy=policy)
    stack.admin.project("shut", policy=policy)
    stack.admin.set_project("shut", suspended=True)
    stack.admin.domain("misha.example.net", "misha")
    for host, status in (("nope.misha.iterate.app", 404), ("nope.misha.example.net", 404), ("0__misha.iterate.app", 400),
                         ("nope__misha.iterate.app", 400), ("shut.iterate.app", 403), ("alone.iterate.app", 409)):
        refused = stack.get(host)
        assert refused.status == status and refused.get("X-Content-Type-Options") == "nosniff", (host, refused)
    assert stack.get("nobody.iterate.app").get("X-Content-Type-Options") is None


def test_too_many_requests_are_429_and_say_when(stack, under):
    _, host = under({"rate": {"requests_per_second": 0.05, "burst": 3}})
    statuses = [stack.get(host).status for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    assert 1 <= int(stack.get(host).get("Retry-After")) <= 21
    origin, host = under({"rate": {"streams": 1, "per": "route"}}, echo_handler)
    with stack.client() as client:
        WebSocket(client, host).echo("x")
        assert stack.get(host).status == 429
    wait_until(lambda: stack.get(host, "/plain").status != 429, "the place is free again")


def test_other_names_lead_to_the_canonical_one(stack, make_origin):
    origin = make_origin()
    stack.admin.machine("mach_c", origin.port)
    stack.admin.project("canon", "mach_c", origin.port, policy={"canonical": "redirect"})
    stack.admin.domain("canon.example.net", "canon")
    for port, shown in (("", ""), (":8080", ":8080"), (":80", "")):
        got = stack.get("canon.iterate.app" + port, "/a?b=c")
        assert got.status == 301 and got.get("Location") == f"http://canon.example.net{shown}/a?b=c"
    assert stack.get("4000__canon.iterate.app").get("Location") == "http://4000.canon.example.net/"
    assert stack.get("canon.iterate.app", "//evil.com/").get("Location") == "http://canon.example.net//evil.com/"
    with stack.client() as client:
        client.request("canon.iterate.app", "*", "OPTIONS")
        assert client.response("OPTIONS").get("Location") == "http://canon.example.net/"
    assert stack.get("mach_c.machines.iterate.app").status == 503  # no agent; not sent elsewhere


def test_a_cookie_stays_with_its_project(stack, under):
    cookies = ["a=1; Domain=iterate.app; Path=/", "b=1; domain=.iterate.app", "c=1; Domain={host}", "d=1", "e=1; Domain=misha.iterate.app; Secure",
               "f=1; DOMAIN=iterate.app", "g=1;\tdOmAiN\t=iterate.app; Path=/"]

    def handler(connection, request):
        host = request.get("X-Forwarded-Host").split(":")[0]
        said = [cookies[int(request.get("X-Only"))]] if request.get("X-Only") else cookies
        connection.send(answer("in", fields=[("Set-Cookie", cookie.replace("{host}", host)) for cookie in said]))

    origin, host = under({}, handler)
    assert stack.get(host).all("Set-Cookie") == ["a=1; Path=/", "b=1", f"c=1; Domain={host}", "d=1", "e=1; Secure", "f=1", "g=1; Path=/"]
    assert stack.get(host, fields=[("X-Only", "5")]).all("Set-Cookie") == ["f=1"]
    service = f"p{origin.port}.misha.iterate.app"
    assert stack.get(service).all("Set-Cookie")[4] == "e=1; Domain=misha.iterate.app; Secure"
    assert stack.get(service).all("Set-Cookie")[0] == "a=1; Path=/"
    _, host = under({"cookies": "pass"}, handler)
    assert stack.get(host).all("Set-Cookie")[0] == cookies[0]


def test_a_server_that_decides_sets_no_cookie_beyond_the_project(stack, under, make_origin):
    server = make_origin(lambda connection, _: connection.send(answer("", "302 Found", [
        ("Location", "/"), ("Set-Cookie", "a=1; Domain=iterate.app; Path=/"), ("Set-Cookie", "b=1; Domain=misha.iterate.app")])))
    auth = {"forward": {"url": f"http://127.0.0.1:{server.port}/"}}
    origin, _ = under({"auth": auth})
    assert stack.get(f"p{origin.port}.misha.iterate.app").all("Set-Cookie") == ["a=1; Path=/", "b=1; Domain=misha.iterate.app"]
    assert stack.get(f"{origin.port}__misha.iterate.app").all("Set-Cookie") == ["a=1; Path=/", "b=1"]
    origin, host = under({"auth": auth, "cookies": "pass"})
    assert stack.get(host).all("Set-Cookie")[0] == "a=1; Domain=iterate.app; Path=/"


def test_an_answer_that_does_not_begin_in_time_is_504(stack, under):
    _, host = under({"timeouts": {"first_byte": "300ms"}}, lambda connection, _: connection.wait_end())
    refused = stack.get(host)
    assert refused.status == 504 and refused.json["error"] == "origin_timeout"


@pytest.fixture
def unanswering_port():
    """A port of 127.0.0.1 whose queue of connections is full, so that whoever connects waits."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    waiting = []
    while len(waiting) < 16:
        waiting.append(socket.socket())
        waiting[-1].settimeout(0.5)
        try:
            waiting[-1].connect(listener.getsockname())
        except TimeoutError:
            yield listener.getsockname()[1]
            break
    for each in (*waiting, listener):
        each.close()


def test_connecting_takes_no_longer_than_the_policy_says(stack, unanswering_port):
    """The agent's own limit is a minute."""
    stack.admin.service("misha", "stuck", unanswering_port, policy={"timeouts": {"connect": "300ms"}})
    began = time.monotonic()
    refused = stack.get("stuck.misha.iterate.app")
    assert refused.status == 504 and refused.json["error"] == "origin_timeout"
    assert time.monotonic() - began < 30


def test_bytes_pass_no_faster_than_the_policy_says(stack, under):
    size = 3_000_000
    _, host = under({"rate": {"bytes_per_second": 1_000_000}}, lambda connection, _: connection.send(answer(b"x" * size)))
    began = time.monotonic()
    assert len(stack.get(host).body) == size
    # The first second's worth passes at once; it cannot be faster, and may be as slow as this machine is.
    assert time.monotonic() - began > 0.6


def test_max_body_is_of_a_body_and_not_of_what_follows_an_upgrade(stack, under):
    _, host = under({"max_body": 10}, echo_handler)
    with stack.client() as client:
        socket = WebSocket(client, host)
        for _ in range(5):
            socket.echo(b"more than ten bytes")


def test_what_the_operator_enforces_cannot_be_loosened(make_stack, make_origin, tmp_path):
    origin = make_origin()
    stack = make_stack(broker={"options": ["--enforce", json.dumps({"ip_deny": ["127.0.0.1"], "security_headers": "standard"}),
                                           "--policy", json.dumps({"response_headers": {"set": {"X-Default": "1"}}})]})
    stack.admin.service("misha", "x", origin.port, policy={"auth": "public", "ip_deny": [], "security_headers": "off"})
    refused = stack.get("x.misha.iterate.app")
    assert refused.status == 403 and refused.get("X-Frame-Options") == "SAMEORIGIN" and not origin.requests


def test_what_a_policy_may_not_say_is_refused_with_a_reason(stack):
    for policy, words in (
            ({"strip_prefix": "app"}, "a path"), ({"request_headers": {"set": {"Host": "x"}}}, "cannot have the field"),
            ({"request_headers": {"set": {"X": "a\r\nb"}}}, "no good value"), ({"request_headers": {"put": {}}}, "set, add and remove"),
            ({"ip_allow": ["10.0.0.0/33"]}, "no address"), ({"max_body": "much"}, "number of bytes"), ({"rate": {"burst": 0}}, "above 0"),
            ({"rate": {"bytes_per_second": 0}}, "above 0"), ({"rate": {"bytes_per_second": "0"}}, "above 0"),
            ({"auth": {"jwt": {"secret": "../x"}}}, "--secrets-dir"), ({"auth": {"jwt": {"secret": "x", "algorithms": ["RS256"]}}}, "algorithm"),
            ({"auth": {"jwt": {"jwks": {"keys": [{"kty": "oct", "k": "x"}]}}}}, "public keys alone"), ({"auth": {"forward": {}}}, "needs a url"),
            ({"auth": {"basic": {"users": {"a:b": "x"}}}}, "user"), ({"timeouts": {"idle": "0s"}}, "duration"), ({"methods": ["get"]}, "capitals"),
            ({"auth": {"jwt": {"secret": "x", "algorithms": ["none"]}}}, "algorithm")):
        refused = stack.admin.call("PATCH", "/v1/projects/misha", {"policy": policy})
        assert refused.status == 400 and words in refused.json["detail"], (policy, refused.json)


def test_what_holds_for_a_route_is_told_with_where_it_comes_from(stack, make_origin):
    origin = make_origin()
    stack.admin.service("misha", "eff", origin.port, policy={"auth": "share", "host": "preserve"})
    route = stack.admin.route(["eff.example.org", "{x}.eff.example.org"], policy={"methods": ["GET"], "host": "rewrite"},
                              project="misha", service="eff")
    stack.admin.ok("PATCH", "/v1/machines/mach_a", {"policy": {"park": "1s"}})
    lines = {(line["host"], line["key"]): (line["value"], line["from"])
             for line in stack.ctl.json("route", "show", route["id"], "--effective")}
    assert lines[("eff.example.org", "host")] == ("rewrite", f"route {route['id']}")
    assert lines[("eff.example.org", "auth")] == ("share", "service misha/eff")
    assert lines[("eff.example.org", "park")] == ("1s", "machine mach_a")
    other = stack.ctl.json("route", "show", route["id"], "--effective", "--for", "a.eff.example.org/x")
    assert {line["key"] for line in other} == {"host", "auth", "park", "methods"}
    assert [line for line in stack.ctl.json("route", "show", route["id"], "--effective", "--for", "misha.iterate.app")
            if line["key"] == "auth"][0]["from"] == "the broker's default"
    stack.admin.ok("PATCH", "/v1/machines/mach_a", {"policy": {}})


def test_what_a_profile_sets_is_told_where_it_holds(stack, make_origin):
    origin = make_origin()
    stack.admin.machine("mach_prof")
    stack.admin.project("prof", "mach_prof", policy={"profile": "vite", "host": "rewrite", "origin_protocol": "https"})
    stack.admin.service("prof", "app", origin.port, policy={"origin": "rewrite"})
    route = stack.admin.route(["prof.example.org"], policy={"profile": "next"}, project="prof", service="app")
    told = stack.admin.ok("GET", "/v1/policy?host=prof.example.org")
    of_route = {"host": "preserve", "origin": "preserve", "origin_protocol": "http", "profile": "next"}
    assert {key: held for key, held in told["keys"].items() if key in of_route} == {
        key: [{"from": f"route {route['id']}", "value": value}] for key, value in of_route.items()}
    assert [each["policy"] for each in told["layers"] if each["from"] == f"route {route['id']}"] == [{"profile": "next"}]
    lines = {line["key"]: (line["value"], line["from"]) for line in stack.ctl.json("route", "show", route["id"], "--effective")}
    assert lines["host"] == ("preserve", f"route {route['id']}")
    # A key beside the profile is its own, and a nearer one is nearer.
    told = stack.admin.ok("GET", "/v1/policy?host=app.prof.iterate.app")["keys"]
    assert {key: (told[key][0]["value"], told[key][0]["from"]) for key in of_route} == {
        "host": ("rewrite", "project prof"), "origin": ("rewrite", "service prof/app"),
        "origin_protocol": ("https", "project prof"), "profile": ("vite", "project prof")}
    stack.admin.ok("DELETE", f"/v1/routes/{route['id']}")


def test_clients_that_leave_while_a_server_decides_leave_nothing_behind(stack, under, make_origin):
    asked = []
    server = make_origin(lambda connection, request: (asked.append(request), connection.wait_end()))
    origin, host = under({"auth": {"forward": {"url": f"http://127.0.0.1:{server.port}/"}}})
    clients = []
    for number in range(40):
        client = stack.client(tls=number % 2 == 0)
        client.request(host, "/", "POST", body=b"x" * 100)
        clients.append(client)
    wait_until(lambda: len(asked) == 40, "all are asked about")
    for client in clients:
        client.reset() if client.sock.__class__.__name__ == "socket" else client.close()
    wait_until(lambda: all(connection.ended_at for connection in server.connections), "the questions end with who asked")
    assert not origin.requests
    assert stack.get("misha.iterate.app").status in (200, 502)
