"""The dashboard without a browser: what is served, who may log in, and what pages of others cannot reach."""
import base64
import gzip
import hashlib
import os
import re

import pytest

from harness.admin import Admin
from harness.events import Events
from harness.http1 import Client
from harness.stack import PROJECT
from harness.wait import wait_until

ROOT = os.path.join(os.path.dirname(__file__), "..", "..")
COOKIE = "__Host-admin-session"
FILES = ("", "dashboard/boot.js", "dashboard/dashboard.js", "dashboard/icon.svg")


@pytest.fixture(scope="module")
def stack(tmp_path_factory, ca):
    from harness.stack import Stack

    made = Stack(tmp_path_factory.mktemp("dashboard"), ca, broker={"options": ["--admin-host", "Admin.Example.com"]})
    made.admin.machine("mach_other")
    yield made
    made.stop()


def ask(stack, path, method="GET", host="127.0.0.1:8481", fields=(), body=None):
    with Client(stack.broker.admin_port) as client:
        client.request(host, path, method, fields, body)
        return client.response(method)


def login(stack, token, fields=(), host="127.0.0.1:8481"):
    return ask(stack, "/v1/session", "POST", host, fields, b'{"token":"%s"}' % token.encode())


class Session:
    """What a browser that has logged in sends with each request."""

    def __init__(self, stack, token=None):
        made = login(stack, token or stack.broker.admin_token)
        assert made.status == 201, made
        self.stack, self.set_cookie, self.told = stack, made.get("Set-Cookie"), made.json
        self.cookie = self.set_cookie.split(";")[0]

    def fields(self, **more):
        given = {"Cookie": self.cookie, "X-Ingress-Session": self.told["key"], "Sec-Fetch-Site": "same-origin"}
        for name, value in more.items():
            given[name.replace("_", "-")] = value
        return [(name, value) for name, value in given.items() if value is not None]

    def ask(self, path, method="GET", body=None, host="127.0.0.1:8481", **more):
        return ask(self.stack, path, method, host, self.fields(**more), body)


def built(stack):
    if ask(stack, "/dashboard/dashboard.js").status == 404:
        pytest.skip("this broker was built without npm, and so without its dashboard")


def test_the_page_is_there_for_whoever_comes_and_may_run_nothing_but_its_own_files(stack):
    page = ask(stack, "/")
    assert page.status == 200 and page.get("Content-Type") == "text/html; charset=utf-8"
    rules = dict(rule.strip().split(" ", 1) for rule in page.get("Content-Security-Policy").split(";"))
    assert rules["default-src"] == "'none'" and rules["script-src"] == rules["connect-src"] == "'self'"
    assert re.fullmatch(r"'self'( 'sha256-[A-Za-z0-9+/=]+')?", rules["style-src"])
    assert rules["frame-ancestors"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert "unsafe" not in page.get("Content-Security-Policy")
    assert page.get("X-Content-Type-Options") == "nosniff" and page.get("Referrer-Policy") == "no-referrer"
    assert stack.admin.call("GET", "/").status == 200, "on the Unix socket, too"


def test_a_page_has_no_inline_script_one_style_that_the_policy_names_and_asks_nobody_else(stack):
    built(stack)
    answer = ask(stack, "/")
    style = re.search(r"<style>(.*?)</style>", answer.body.decode(), re.DOTALL).group(1)
    hashed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{hashed}'" in answer.get("Content-Security-Policy")
    page = answer.body.decode().replace(style, "")
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|https?://|url\(", page + style.replace("http://www.w3.org", "")), page


def test_files_come_compressed_where_that_is_taken_and_once_where_they_are_kept(stack):
    built(stack)
    for name in FILES:
        plain, packed = ask(stack, "/" + name), ask(stack, "/" + name, fields=[("Accept-Encoding", "br, gzip, zstd")])
        assert plain.get("Content-Encoding") is None
        if "boot" in name:
            assert packed.get("Content-Encoding") is None and packed.body == plain.body, "it would be longer"
        else:
            assert packed.get("Content-Encoding") == "gzip" and gzip.decompress(packed.body) == plain.body
            assert len(packed.body) < len(plain.body)
        assert packed.get("Vary") == "Accept-Encoding" and packed.get("Cache-Control") == "no-cache"
        again = ask(stack, "/" + name, fields=[("If-None-Match", packed.get("ETag"))])
        assert again.status == 304 and not again.body and again.get("ETag") == packed.get("ETag")
        assert again.get("Content-Length") in (None, "0"), again
    assert ask(stack, "/dashboard/other.js").status == 404


def test_the_whole_bundle_has_less_than_150_KB_compressed(stack):
    built(stack)
    whole = sum(len(ask(stack, "/" + name, fields=[("Accept-Encoding", "gzip")]).body) for name in FILES)
    assert 10_000 < whole < 150_000, whole


def test_a_token_is_shown_once_and_a_session_good_for_a_while_comes_of_it(stack):
    session = Session(stack)
    name, attributes = session.set_cookie.split("=", 1)[0], session.set_cookie.split("; ")[1:]
    assert name == COOKIE
    assert set(attributes) == {"Path=/", "Secure", "HttpOnly", "SameSite=Strict", "Max-Age=43200"}
    assert session.told["role"] == "admin" and session.told["actor"] == "admin-token" and session.told["expiresAt"]
    who = session.ask("/v1/session").json
    assert who["role"] == "admin" and who["expiresAt"] == session.told["expiresAt"] and "key" not in who
    assert session.ask("/v1/machines").status == 200
    assert session.ask("/v1/machines", "POST", b'{"id":"mach_made"}').status == 201
    changed = stack.admin.ok("GET", "/v1/changes?before=1000000&limit=1")["items"][0]
    assert (changed["actor"], changed["subject"]) == ("admin-token", "mach_made")
    assert stack.broker.admin_token not in str(session.told) + session.set_cookie


def test_the_cookie_alone_is_nobody_and_neither_is_the_key(stack):
    session, other = Session(stack), Session(stack)
    assert session.ask("/v1/machines", X_Ingress_Session=None).status == 401, "all ports of a host have its cookies"
    assert session.ask("/v1/machines", X_Ingress_Session=other.told["key"]).status == 401
    assert session.ask("/v1/machines", Cookie=None).status == 401
    assert session.ask("/v1/machines", Cookie=f"{COOKIE}=x").status == 401
    assert session.ask("/v1/machines", Cookie=f"a=b; {session.cookie}; c=d").status == 200


def test_a_wrong_token_logs_nobody_in(stack):
    for token in ("wrong", "", "iat_x_y", stack.token):
        refused = login(stack, token)
        assert refused.status == 401 and refused.get("Set-Cookie") is None and refused.json["code"] == "unauthorized"
    assert ask(stack, "/v1/session", "POST", body=b"{}").status == 400
    assert ask(stack, "/v1/session").status == 401


@pytest.mark.parametrize("said", [{"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"},
                                  {"Sec_Fetch_Site": None, "Origin": "http://127.0.0.1:3000"},
                                  {"Sec_Fetch_Site": None, "Origin": "null"}])
def test_a_page_of_another_origin_reaches_nothing_by_the_session(stack, said):
    session = Session(stack)
    for method, path, body in (("POST", "/v1/machines", b'{"id":"mach_csrf"}'), ("GET", "/v1/machines", None), ("DELETE", "/v1/session", None)):
        refused = session.ask(path, method, body, **said)
        assert (refused.status, refused.json["code"]) == (403, "cross_site"), (method, path)
    assert stack.admin.call("GET", "/v1/machines/mach_csrf").status == 404
    fields = [(name.replace("_", "-"), value) for name, value in said.items() if value]
    assert login(stack, stack.broker.admin_token, fields).status == 403, "nobody is logged in by another's page, either"
    assert ask(stack, "/v1/machines", fields=[("Authorization", f"Bearer {stack.broker.admin_token}"), *fields]).status == 200


def test_a_write_says_where_it_comes_from(stack):
    session = Session(stack)
    body = b'{"id":"mach_said"}'
    assert session.ask("/v1/machines", "POST", body, Sec_Fetch_Site=None).status == 403
    assert session.ask("/v1/machines", Sec_Fetch_Site=None).status == 200
    assert session.ask("/v1/machines", "POST", body, Sec_Fetch_Site=None, Origin="http://127.0.0.1:8481").status == 201


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8481", "localhost.evil.example", "evil-localhost",
                                  "misha.iterate.app", "iterate.app", ""])
def test_a_name_that_is_not_the_admins_reaches_nothing(stack, host):
    session = Session(stack)
    for refused in (ask(stack, "/", host=host), ask(stack, "/dashboard/dashboard.js", host=host), login(stack, stack.broker.admin_token, host=host),
                    session.ask("/v1/machines", host=host)):
        assert (refused.status, refused.json["code"]) == (421, "misdirected_request")
    token = [("Authorization", f"Bearer {stack.broker.admin_token}")]
    assert ask(stack, "/v1/machines", host=host, fields=token).status == 200, "a token is sent by nobody but its owner"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8481", "admin.localhost:1", "127.0.0.1", "[::1]:8481", "192.0.2.7:8481",
                                  "admin.example.com", "admin.example.com.:443"])
def test_names_of_this_machine_addresses_and_given_names_are_the_admins(stack, host):
    assert ask(stack, "/", host=host).status == 200
    assert login(stack, stack.broker.admin_token, host=host).status == 201


def test_a_browser_led_to_the_unix_socket_is_refused_and_programs_are_not(stack):
    def local(host, *fields):
        with Client(path=stack.broker.admin_socket) as client:
            client.request(host, "/v1/machines", fields=list(fields))
            return client.response().status

    assert local("localhost") == local("admin") == local("127.0.0.1:8481", ("Sec-Fetch-Site", "same-origin")) == 200
    assert local("rebound.example") == 421
    assert local("127.0.0.1:8481", ("Sec-Fetch-Site", "cross-site")) == 403
    assert local("127.0.0.1:8481", ("Origin", "http://evil.example")) == 403
    assert stack.admin.ok("GET", "/v1/session")["actor"] == "unix"


def test_a_token_for_tcp_alone_logs_nobody_in(stack):
    made = stack.admin.ok("POST", "/v1/tokens", {"role": "tcp:mach_a:22"})
    refused = login(stack, made["token"])
    assert (refused.status, refused.json["code"]) == (403, "forbidden") and refused.get("Set-Cookie") is None


def test_log_out_ends_the_session_and_what_it_follows(stack):
    session = Session(stack)
    with Events(None, "/v1/exchanges", session.fields(), port=stack.broker.admin_port).listening() as events:
        gone = session.ask("/v1/session", "DELETE")
        assert gone.status == 204 and f"{COOKIE}=;" in gone.get("Set-Cookie") and "Max-Age=0" in gone.get("Set-Cookie")
        assert events.next() is None
    assert session.ask("/v1/machines").status == 401


def test_a_session_ends_with_its_token(stack):
    made = stack.admin.ok("POST", "/v1/tokens", {"role": "read"})
    session = Session(stack, made["token"])
    assert session.told["role"] == "read" and session.told["actor"] == made["id"]
    assert session.ask("/v1/machines").status == 200
    assert session.ask("/v1/machines", "POST", b'{"id":"mach_r"}').status == 403
    with Events(None, "/v1/changes?since=1000000", session.fields(), port=stack.broker.admin_port).listening() as events:
        stack.admin.ok("DELETE", f"/v1/tokens/{made['id']}")
        assert events.next() is None
    over = session.ask("/v1/machines")
    assert over.status == 401 and "its token was revoked" in over.json["detail"]
    assert login(stack, made["token"]).status == 401


def test_a_session_that_ended_with_the_brokers_process_is_told_so(make_stack):
    stack = make_stack(start=False)
    session = Session(stack)
    stack.broker.restart()
    over = session.ask("/v1/machines")
    assert (over.status, over.json["code"]) == (401, "unauthorized") and "the broker was restarted" in over.json["detail"]
    assert "Bearer TOKEN" in ask(stack, "/v1/machines").json["detail"]


def test_a_session_is_over_in_time(make_stack):
    stack = make_stack(broker={"options": ["--admin-session", "60s"]})
    assert "Max-Age=60" in Session(stack).set_cookie
    made = stack.admin.ok("POST", "/v1/tokens", {"role": "read", "ttl": 5})
    session = Session(stack, made["token"])
    wait_until(lambda: session.ask("/v1/machines").status == 401, "the token's time is over, and its session's with it")


def test_a_projects_session_sees_its_project_alone(stack):
    made = stack.admin.ok("POST", "/v1/tokens", {"role": f"project:{PROJECT}"})
    session = Session(stack, made["token"])
    assert session.told["role"] == "project:misha"
    assert [row["id"] for row in session.ask("/v1/machines").json["items"]] == ["mach_a"]
    assert session.ask("/v1/machines/mach_other").status == 404
    for path in ("/metrics", "/v1/traffic", "/v1/why?host=a.example.com", "/v1/tokens"):
        assert session.ask(path).status == 403, path
    assert session.ask("/v1/exchanges?project=other").status == 404


def test_a_tenant_neither_logs_the_operator_out_nor_takes_the_places_of_feeds(stack):
    operator = Session(stack)
    token = stack.admin.ok("POST", "/v1/tokens", {"role": f"project:{PROJECT}"})["token"]
    with Client(stack.broker.admin_port) as client:
        for _ in range(1001):
            client.request("127.0.0.1:8481", "/v1/session", "POST", (), b'{"token":"%s"}' % token.encode())
            assert client.response().status == 201
    assert operator.ask("/v1/session").status == 200
    bearer = [("Authorization", f"Bearer {token}")]
    for path in ("/v1/exchanges", "/v1/changes"):
        feeds = []
        for _ in range(40):
            client = Client(stack.broker.admin_port)
            client.request("127.0.0.1:8481", path, "GET", [*bearer, ("Accept", "text/event-stream")])
            feeds.append((client, client.final_head().status))
        assert {status for _, status in feeds} == {200, 503} and feeds[0][1] == 200, path
        with Events(stack.broker.admin_socket, path) as events:
            events.listening()
        for client, _ in feeds:
            client.reset()


def test_settings_that_would_put_the_admin_on_a_tenants_domain_are_refused(stack):
    import subprocess

    for name, why in (("admin.iterate.app", b"no tenant's domain"), ("iterate.app", b"no tenant's domain"), ("a b", b"not a host name")):
        argv = [*stack.broker.argv(), "--admin-host", name]
        argv[argv.index("run")] = "validate"
        done = subprocess.run(argv, capture_output=True, timeout=30)
        assert done.returncode == 78 and why in done.stderr + done.stdout, done
    assert stack.get("admin.iterate.app", "/").status != 200


def test_exchanges_tell_their_fields_where_asked_and_no_secret(stack, make_origin):
    from harness.origin import answering

    origin = make_origin(answering(b"ok", fields=[("Set-Cookie", "sid=s3cret; Path=/; HttpOnly"), ("X-Auth-Token", "s3cret"),
                                                  ("Location", "/next?code=s3cret&page=2")]))
    said = [("Authorization", "Bearer s3cret"), ("Cookie", "a=s3cret; b=s3cret"), ("X-Api-Key", "s3cret"),
            ("Referer", "https://me:s3cret@a.example/x?access_token=s3cret&q=1#id_token=s3cret"), ("X-Plain", "pl\xe4in")]
    host = stack.host(origin.port)
    with Events(stack.broker.admin_socket, "/v1/exchanges?headers=1").listening() as events, \
            Events(stack.broker.admin_socket, "/v1/exchanges").listening() as short:
        assert stack.get(host, "/p?token=s3cret&v=1", fields=said).status == 200
        (_, told, _), _ = events.until(lambda name, data: data["host"] == host)
        (_, brief, _), _ = short.until(lambda name, data: data["host"] == host)
    assert "s3cret" not in str(told), told
    assert told["target"] == "/p?token=[redacted]&v=1"
    request, answer = told["request_fields"], told["response_fields"]
    assert ["Authorization", "Bearer [redacted]"] in request and ["Cookie", "a=[redacted]; b=[redacted]"] in request
    assert ["X-Api-Key", "[redacted]"] in request and ["X-Plain", "pl\xe4in"] in request
    assert ["Referer", "https://[redacted]@a.example/x?access_token=[redacted]&q=1#id_token=[redacted]"] in request
    assert ["Set-Cookie", "sid=[redacted]; Path=/; HttpOnly"] in answer and ["X-Auth-Token", "[redacted]"] in answer
    assert ["Location", "/next?code=[redacted]&page=2"] in answer
    assert "request_fields" not in brief and "response_fields" not in brief


def test_an_answer_of_the_brokers_own_has_the_requests_fields_alone(stack):
    with Events(stack.broker.admin_socket, "/v1/exchanges?headers=1&status=404").listening() as events:
        assert stack.get("nobody.example.com", "/", fields=[("X-Mark", "1")]).status == 404
        (_, told, _), _ = events.until(lambda name, data: data["host"] == "nobody.example.com")
    assert ["X-Mark", "1"] in told["request_fields"] and "response_fields" not in told


def test_a_project_token_hears_of_what_came_by_the_projects_names(stack, make_origin):
    origin = make_origin()
    made = stack.admin.ok("POST", "/v1/tokens", {"role": f"project:{PROJECT}"})
    with Events(None, "/v1/exchanges", port=stack.broker.admin_port, token=made["token"]).listening() as events:
        assert stack.get(stack.host(origin.port)).status == 200
        assert stack.get("nobody.example.com").status == 404
        assert stack.get(f"{origin.port}__misha.iterate.app").status == 200
        assert events.next()[1]["project"] == PROJECT


def test_changes_are_read_backwards(stack):
    admin = stack.admin
    forwards = [row["revision"] for row in admin.ok("GET", "/v1/changes?limit=1000")["items"]]
    backwards, before = [], 2**53
    while True:
        page = admin.ok("GET", f"/v1/changes?before={before}&limit=2")
        if not page["items"]:
            break
        assert page["next"] == page["items"][-1]["revision"]
        backwards += [row["revision"] for row in page["items"]]
        before = page["next"]
    assert backwards == forwards[::-1] and len(forwards) > 3
    assert admin.refused("GET", "/v1/changes?before=3&since=1") == (400, "invalid_argument")
    assert admin.refused("GET", "/v1/changes?before=0") == (400, "invalid_argument")


def test_routes_are_searched_by_a_part_of_what_they_say(stack):
    admin = stack.admin
    rows = {"rt_one": ["shop.one.example", "*.one.example"], "rt_two": ["two.example", "cart.shop.example"],
            "rt_shop": ["third.example"], "rt_cap": ["{repl}.caps.example/Api/{user}/*"]}
    for name, patterns in rows.items():
        admin.ok("POST", "/v1/routes", {"id": name, "externalId": f"ext-{name}", "patterns": [
            {"pattern": pattern, "target": {"machine": "mach_a"}} for pattern in patterns]})

    def found(q, more=""):
        return [row["id"] for row in admin.items(f"/v1/routes?q={q}{more}")]

    assert found("shop") == ["rt_one", "rt_two"], "begins so, then holds it; each once"
    assert found("rt_") == ["rt_cap", "rt_one", "rt_shop", "rt_two"]
    assert found("ext-rt_s") == ["rt_shop"]
    assert found("SHOP.ONE") == ["rt_one"] and found("api/") == ["rt_cap"] and found("{repl}") == ["rt_cap"]
    assert found("nothing-of-it") == []
    assert found("example", "&limit=1") == found("example") and len(found("example")) == 4
    assert found("shop", "&machine=mach_a") == ["rt_one", "rt_two"] and found("shop", "&machine=mach_other") == []
    assert admin.refused("GET", "/v1/routes?q=x&cursor=zzz") == (400, "invalid_argument")
    made = admin.ok("POST", "/v1/tokens", {"role": f"project:{PROJECT}"})
    assert Admin(port=stack.broker.admin_port, token=made["token"]).items("/v1/routes?q=shop") == []
