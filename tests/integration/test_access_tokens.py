"""Tokens of the admin API: roles, what a project's token sees and changes, rotation, revocation and expiry."""
import signal

import pytest

from harness.admin import Admin
from harness.ctl import write_secret
from harness.http1 import Client
from harness.wait import wait_until


@pytest.fixture(scope="module")
def stack(tmp_path_factory, ca):
    from harness.stack import Stack

    made = Stack(tmp_path_factory.mktemp("tokens"), ca)
    admin = made.admin
    admin.project("other")
    admin.machine("mach_other", owner="other")
    admin.machine("mach_own", owner="misha")
    admin.ok("PUT", "/v1/projects/other/services/docs", {"port": 1})
    admin.ok("POST", "/v1/routes", {"id": "rt_other", "owner": "other", "patterns": [
        {"pattern": "other.example.com", "target": {"machine": "mach_other"}}]})
    admin.domain("other-domain.example.com", "other")
    yield made
    made.stop()


@pytest.fixture
def admin(stack):
    return stack.admin


def made_token(stack, role, **more):
    made = stack.admin.ok("POST", "/v1/tokens", {"role": role, **more})
    return made, Admin(port=stack.broker.admin_port, token=made["token"])


def status(admin, method, path, body=None):
    return admin.call(method, path, body).status


def test_a_reader_reads_and_changes_nothing(stack):
    made, reader = made_token(stack, "read")
    assert "mach_a" in [row["id"] for row in reader.items("/v1/machines")]
    for method, path in (("POST", "/v1/machines"), ("DELETE", "/v1/machines/mach_own"), ("POST", "/v1/batch"), ("POST", "/v1/tokens")):
        assert status(reader, method, path, {}) == 403
    assert made["token"] not in str(reader.call("GET", "/v1/tokens").body)


@pytest.mark.parametrize("role", ["read", "write", "project:misha", "tcp:mach_a:22"])
def test_what_is_open_to_all_is_open_to_every_token(stack, role):
    _, remote = made_token(stack, role)
    for path in ("/health", "/ready", "/", "/docs", "/openapi.json"):
        assert [status(remote, method, path) for method in ("GET", "HEAD")] == [200, 200], path
    if role.startswith("tcp:"):
        assert status(remote, "GET", "/v1/session") == status(remote, "POST", "/health") == 403


def test_of_two_tokens_neither_lets_in(stack):
    made, reader = made_token(stack, "read")
    for other in (made["token"], "x"):
        refused = reader.call("GET", "/v1/machines", fields=[("Authorization", f"Bearer {other}")])
        assert refused.status == 401 and refused.json["code"] == "unauthorized", refused


def test_a_writer_changes_all_but_tokens_and_is_named_in_the_changes(stack, admin):
    made, writer = made_token(stack, "write", label="deploys")
    writer.machine("mach_w")
    assert admin.ok("GET", "/v1/changes?limit=1000")["items"][-1]["actor"] == made["id"]
    assert status(writer, "POST", "/v1/tokens", {"role": "read"}) == 403
    assert status(writer, "DELETE", f"/v1/tokens/{made['id']}") == 403
    writer.ok("DELETE", "/v1/machines/mach_w")


def test_a_project_token_sees_its_project_alone(stack, admin):
    _, own = made_token(stack, "project:misha")
    assert [row["slug"] for row in own.items("/v1/projects")] == ["misha"]
    assert [row["id"] for row in own.items("/v1/machines")] == ["mach_a", "mach_own"], "the attached one and its own"
    assert own.items("/v1/routes") == [] and own.items("/v1/domains") == []
    for path in ("/v1/projects/other", "/v1/projects/other/services", "/v1/projects/other/services/docs", "/v1/machines/mach_other",
                 "/v1/machines/mach_other/tokens", "/v1/routes/rt_other", "/v1/domains/other-domain.example.com"):
        assert status(own, "GET", path) == 404, path
    assert status(own, "GET", "/v1/machines/mach_a/tokens") == 404, "attached, but not its own"
    for path in ("/v1/tokens", "/v1/loops", "/v1/nothing"):
        assert status(own, "GET", path) in (403, 404), path
    admin.ok("PATCH", "/v1/projects/other", {"metadata": {"secret": "of the other"}})
    feed = own.call("GET", "/v1/changes?limit=1000")
    assert {row["subject"].split("/")[0] for row in feed.json["items"]} <= {"misha", "mach_own"} and b"of the other" not in feed.body


@pytest.mark.parametrize("method, path, body", [
    ("PATCH", "/v1/projects/other", {"defaultPort": 1}), ("DELETE", "/v1/projects/other", None), ("DELETE", "/v1/projects/misha", None),
    ("POST", "/v1/projects", {"slug": "third"}), ("PATCH", "/v1/projects/misha", {"suspended": True}),
    ("PATCH", "/v1/projects/misha", {"limits": {"machines": 1000}}), ("PUT", "/v1/projects/other/machine", {"machine": "mach_own"}),
    ("PUT", "/v1/projects/misha/machine", {"machine": "mach_other"}), ("PUT", "/v1/projects/misha/machine", {"machine": "mach_a"}),
    ("PUT", "/v1/projects/other/services/docs", {"port": 2}), ("PUT", "/v1/projects/misha/services/x", {"port": 2, "machine": "mach_other"}),
    ("DELETE", "/v1/projects/other/services/docs", None), ("POST", "/v1/machines", {"id": "mach_x", "owner": "other"}),
    ("POST", "/v1/machines", {"id": "mach_x", "owner": None}), ("PATCH", "/v1/machines/mach_other", {"owner": "misha"}),
    ("PATCH", "/v1/machines/mach_a", {"owner": "misha"}), ("DELETE", "/v1/machines/mach_other", None),
    ("PATCH", "/v1/machines/mach_own", {"owner": "other"}), ("POST", "/v1/machines/mach_other/tokens", {}),
    ("POST", "/v1/machines/mach_a/tokens", {}), ("DELETE", "/v1/routes/rt_other", None),
    ("PATCH", "/v1/routes/rt_other", {"externalId": "x"}),
    ("POST", "/v1/domains", {"name": "misha.example.com", "project": "other"}), ("DELETE", "/v1/domains/other-domain.example.com", None),
    ("POST", "/v1/tokens", {"role": "write"}), ("POST", "/v1/join-tokens", {"project": "other"}), ("POST", "/v1/join-tokens", {"project": None}),
])
def test_a_project_token_changes_nothing_of_others(stack, admin, method, path, body):
    _, own = made_token(stack, "project:misha")
    before = admin.ok("GET", "/v1/changes?limit=1000")["next"]
    assert status(own, method, path, body) in (403, 404)
    batched = {"operations": [{"method": method, "path": path, **({} if body is None else {"body": body})}]}
    assert status(own, "POST", "/v1/batch", batched) in (403, 404), "nor in a batch"
    if "other" in path:
        tagged = own.call(method, path, body, [("If-Match", '"of another state"')])
        assert tagged.status in (403, 404), "nor is it told whether it is there"
    assert admin.ok("GET", "/v1/changes?limit=1000")["next"] == before


@pytest.mark.parametrize("pattern, target", [
    ("a.example.org", {"machine": "mach_other"}), ("a.example.org", {"project": "other"}), ("a.example.org", {"machine": "mach_a"}),
    ("other.iterate.app", {"machine": "mach_own"}), ("4096__other.iterate.app", {"machine": "mach_own"}),
    ("*.iterate.app", {"machine": "mach_own"}), ("**.app", {"machine": "mach_own"}), ("mach_other.machines.iterate.app", {"machine": "mach_own"}),
    ("xmisha.iterate.app", {"machine": "mach_own"}), ("iterate.app", {"machine": "mach_own"}),
])
def test_a_project_token_takes_no_name_and_no_target_of_others(stack, pattern, target):
    _, own = made_token(stack, "project:misha")
    assert status(own, "POST", "/v1/routes", {"patterns": [{"pattern": pattern, "target": target}]}) in (403, 404)


@pytest.mark.parametrize("pattern", [
    "shop.acme.com/login", "docs.shop.acme.com", "4096.shop.acme.com", "*.shop.acme.com", "**.shop.acme.com", "a.b.shop.acme.com",
    "app.victim.com/login", "x.wild.victim.com", "x.wild.victim.com/login", "x*.wild.victim.com", "*.wild.victim.com/a", "ws-1.victim.com",
    "1-ide.victim.com", "a.b.deep.victim.com", "one.two.any.victim.com", "*.com", "**.com", "localhost", "*.*.com"])
def test_a_project_token_takes_nothing_of_a_name_that_another_project_holds(stack, admin, pattern):
    admin.call("POST", "/v1/domains", {"name": "shop.acme.com", "project": "other"})
    admin.call("POST", "/v1/routes", {"id": "rt_victim", "owner": "other", "patterns": [
        {"pattern": each, "target": {"machine": "mach_other"}} for each in
        ("app.victim.com", "*.wild.victim.com", "ws-*.victim.com", "*-ide.victim.com", "*.*.deep.victim.com", "**.any.victim.com")]})
    _, own = made_token(stack, "project:misha")
    refused = own.call("POST", "/v1/routes", {"patterns": [{"pattern": pattern, "target": {"machine": "mach_own"}}]})
    assert refused.status in (403, 409), refused
    if "*" not in pattern and "/" not in pattern:
        assert status(own, "POST", "/v1/domains", {"name": pattern, "project": "misha"}) in (400, 403, 409)
    beside = own.ok("POST", "/v1/routes", {"patterns": [{"pattern": "beside.acme.com/login", "target": {"machine": "mach_own"}}]})
    own.ok("DELETE", f"/v1/routes/{beside['id']}")


@pytest.mark.parametrize("name", ["app", "iterate.app", "x.iterate.app", "org"])
def test_a_project_token_takes_no_domain_above_or_below_the_brokers(stack, name):
    _, own = made_token(stack, "project:misha")
    assert status(own, "POST", "/v1/domains", {"name": name, "project": "misha"}) in (400, 403)


def test_a_project_token_does_not_overwrite_the_route_of_another(stack, admin):
    _, own = made_token(stack, "project:misha")
    body = {"onConflict": "overwrite", "patterns": [{"pattern": "other.example.com", "target": {"machine": "mach_own"}}]}
    assert status(own, "POST", "/v1/routes", body) == 409
    line = b'{"id":"rt_other","patterns":[{"pattern":"other.example.com","target":{"machine":"mach_own"}}]}\n'
    assert own.call("POST", "/v1/routes/import?onConflict=overwrite", raw=line).status in (403, 404)
    assert admin.ok("GET", "/v1/routes/rt_other")["owner"] == "other"


def test_a_project_token_makes_what_is_its_own(stack, admin):
    _, own = made_token(stack, "project:misha")
    assert own.machine("mach_mine")["owner"] == "misha"
    assert own.ok("POST", "/v1/machines/mach_mine/tokens", {})["token"]
    own.attach("mach_mine", "misha")
    own.service("misha", "docs", 4000, machine="mach_mine")
    route = own.ok("POST", "/v1/routes", {"patterns": [
        {"pattern": "mine.example.com", "target": {"machine": "mach_mine"}}, {"pattern": "x.misha.iterate.app", "target": {"project": "misha"}}]})
    assert route["owner"] == "misha" and [row["id"] for row in own.items("/v1/routes")] == [route["id"]]
    own.domain("misha-domain.example.com", "misha")
    own.set_project("misha", defaultPort=4000)
    rows = own.ok("GET", "/v1/changes?limit=1000")["items"]
    assert "machine.create" in [row["operation"] for row in rows] and "route.create" in [row["operation"] for row in rows]
    own.ok("DELETE", f"/v1/routes/{route['id']}")
    own.delete_service("misha", "docs")
    own.attach("mach_own", "misha")
    own.ok("DELETE", "/v1/machines/mach_mine")
    admin.attach("mach_a", "misha")


def test_a_rotated_token_is_good_for_the_overlap_and_no_longer(stack, admin):
    made, old = made_token(stack, "read", label="turning")
    fresh = admin.ok("POST", f"/v1/tokens/{made['id']}/rotate", {"overlap": 600})
    new = Admin(port=stack.broker.admin_port, token=fresh["token"])
    assert (fresh["role"], fresh["label"]) == ("read", "turning") and fresh["id"] != made["id"]
    assert status(old, "GET", "/v1/machines") == 200 and status(new, "GET", "/v1/machines") == 200
    assert admin.ok("GET", f"/v1/tokens/{made['id']}")["expiresAt"] is not None
    admin.ok("POST", f"/v1/tokens/{fresh['id']}/rotate", {"overlap": 0})
    assert status(new, "GET", "/v1/machines") == 401


def test_a_token_is_rotated_once_and_its_successor_has_the_end_that_it_had(stack, admin):
    for life in ({}, {"ttl": 7200}):
        made, _ = made_token(stack, "read", **life)
        fresh = admin.ok("POST", f"/v1/tokens/{made['id']}/rotate", {"overlap": 60})
        assert fresh["expiresAt"] == made["expiresAt"]
        again = admin.call("POST", f"/v1/tokens/{made['id']}/rotate", {"overlap": 60})
        assert again.status == 409 and "rotated already" in again.json["detail"], again
        turned = admin.ok("POST", f"/v1/tokens/{fresh['id']}/rotate", {"overlap": 0})
        assert turned["expiresAt"] == made["expiresAt"]
        over = admin.call("POST", f"/v1/tokens/{fresh['id']}/rotate")
        assert over.status == 409 and "over" in over.json["detail"], over


def test_a_revocation_is_held_to_the_tag_that_it_names(stack, admin):
    rows = ((admin.ok("POST", "/v1/tokens", {"role": "read"}), "/v1/tokens/"),
            (admin.ok("POST", "/v1/machines/mach_own/tokens", {}), "/v1/machines/mach_own/tokens/"),
            (admin.ok("POST", "/v1/join-tokens", {}), "/v1/join-tokens/"))
    for row, path in rows:
        one = path + row["id"]
        tag = admin.call("GET", one).get("ETag")
        assert tag, one
        assert admin.refused("DELETE", one, fields=[("If-Match", '"another"')]) == (412, "precondition_failed"), one
        assert admin.call("DELETE", one, fields=[("If-Match", tag)]).status == 204, one
        assert admin.refused("DELETE", one, fields=[("If-Match", "*")])[0] == 412, one


def test_a_revoked_token_and_one_whose_time_is_over_let_nobody_in(stack, admin):
    made, gone = made_token(stack, "read")
    admin.ok("DELETE", f"/v1/tokens/{made['id']}")
    assert status(gone, "GET", "/v1/machines") == 401
    _, brief = made_token(stack, "read", ttl=1)
    wait_until(lambda: status(brief, "GET", "/v1/machines") == 401, "the token ends")


class Begun:
    """A request to make a token or a machine, of which the broker has the head, and all of the body but its end."""

    def __init__(self, stack, token, path, body, chunked):
        self.client = Client(stack.broker.admin_port)
        framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}"
        self.client.send(f"POST {path} HTTP/1.1\r\nHost: admin.localhost\r\nAuthorization: Bearer {token}\r\n"
                         f"Expect: 100-continue\r\n{framing}\r\n\r\n".encode())
        assert self.client.head().status == 100, "it is let in"
        self.client.send(b"%x\r\n%s\r\n" % (len(body), body) if chunked else body[:-1])
        self.end = b"0\r\nX-Sum: 1\r\n\r\n" if chunked else body[-1:]

    def refused(self, send_end=True):
        with self.client as client:
            if send_end:
                client.send(self.end)
            response = client.response("POST")
        assert response.get("WWW-Authenticate") == "Bearer" or response.status != 401, response
        return response.status, response.json.get("code")


@pytest.mark.parametrize("chunked", [False, True], ids=["by its length", "with trailers"])
@pytest.mark.parametrize("rotated", [False, True], ids=["revoked", "rotated"])
def test_what_was_begun_before_its_token_was_revoked_is_not_done(stack, admin, rotated, chunked):
    made, _ = made_token(stack, "write")
    path = f"/v1/tokens/{made['id']}"
    begun = [Begun(stack, made["token"], "/v1/machines", b'{"id": "mach_late"}', chunked) for _ in range(2)]
    admin.ok("POST", path + "/rotate", {"overlap": 0}) if rotated else admin.ok("DELETE", path)
    assert begun[0].refused() == (401, "unauthorized")
    assert begun[1].refused(send_end=False) == (401, "unauthorized"), "nor is it waited for"
    assert admin.refused("GET", "/v1/machines/mach_late")[0] == 404


def test_what_was_begun_by_another_token_than_that_of_the_file_is_not_done(make_stack):
    stack = make_stack(start=False)
    broker, kept = stack.broker, len(stack.admin.items("/v1/tokens"))
    begun = [Begun(stack, broker.admin_token, "/v1/tokens", b'{"role": "read"}', chunked) for chunked in (False, True)]
    write_secret(stack.folder, "admin.token", "another-secret-0123456789")
    broker.process.signal(signal.SIGHUP)
    broker.process.wait_event("reloaded")
    assert [each.refused() for each in begun] == [(401, "unauthorized")] * 2
    assert len(stack.admin.items("/v1/tokens")) == kept
    last = Begun(stack, "another-secret-0123456789", "/v1/tokens", b'{"role": "read"}', False)
    last.client.send(last.end)
    assert last.client.response("POST").status == 201


def test_a_token_that_is_nearly_right_is_wrong(stack):
    made, _ = made_token(stack, "write")
    secret = made["token"]
    for wrong in (secret[:-1], secret + "x", secret[:-1] + ("A" if secret[-1] != "A" else "B"), made["id"], "i" + made["id"], "iat_", secret.upper()):
        assert status(Admin(port=stack.broker.admin_port, token=wrong), "GET", "/v1/machines") == 401, wrong


def test_the_tokens_of_a_project_go_with_it(stack, admin):
    admin.project("brief")
    _, own = made_token(stack, "project:brief")
    assert status(own, "GET", "/v1/projects/brief") == 200
    admin.ok("DELETE", "/v1/projects/brief")
    assert status(own, "GET", "/v1/projects") == 401
    admin.project("brief")
    assert status(own, "GET", "/v1/projects/brief") == 401, "a later project of that name is another"


@pytest.mark.parametrize("body", [{}, {"role": "admin"}, {"role": "project:"}, {"role": "project:None!"}, {"role": "read", "ttl": 0}])
def test_a_token_without_a_good_role_is_refused(admin, body):
    assert admin.refused("POST", "/v1/tokens", body) == (400, "invalid_argument")


def test_limits_of_a_project_hold_for_machines_and_routes(admin):
    admin.project("small", limits={"machines": 2, "routes": 1})
    admin.machine("mach_s1", owner="small")
    admin.machine("mach_s2", owner="small")
    full = admin.call("POST", "/v1/machines", {"id": "mach_s3", "owner": "small"})
    assert (full.status, full.json["code"]) == (422, "quota_exceeded")
    route = {"owner": "small", "patterns": [{"pattern": "s1.example.com", "target": {"machine": "mach_s1"}}]}
    first = admin.ok("POST", "/v1/routes", route)
    admin.ok("PATCH", f"/v1/routes/{first['id']}", {"externalId": "still"})
    second = {"owner": "small", "patterns": [{"pattern": "s2.example.com", "target": {"machine": "mach_s1"}}]}
    assert admin.call("POST", "/v1/routes", second).status == 422
    both = {"operations": [{"method": "POST", "path": "/v1/machines", "body": {"id": f"mach_s{n}", "owner": "small"}} for n in (4, 5)]}
    admin.set_project("small", limits={"machines": 3})
    assert admin.call("POST", "/v1/batch", both).status == 422, "they are counted within a batch"
    assert admin.refused("PATCH", "/v1/projects/small", {"limits": {"streams!": 1}}) == (400, "invalid_argument")
