"""What one project's token can take of another project, or learn of it."""
import pytest

from harness.admin import Admin
from harness.origin import answering
from harness.wait import wait_until


@pytest.fixture(scope="module")
def stack(tmp_path_factory, ca):
    from harness.stack import Stack

    made = Stack(tmp_path_factory.mktemp("tenants"), ca)
    for slug in ("vict", "evil"):
        made.admin.project(slug)
        made.admin.machine(f"mach_{slug}", owner=slug)
    yield made
    made.stop()


@pytest.fixture
def admin(stack):
    return stack.admin


@pytest.fixture
def token_of(stack):
    def make(slug):
        made = stack.admin.ok("POST", "/v1/tokens", {"role": f"project:{slug}"})
        return Admin(port=stack.broker.admin_port, token=made["token"])

    return make


def names_nothing(answer, *words):
    return not [word for word in words if word.encode() in answer.body]


@pytest.mark.parametrize("over", ["*.shared.net", "**.shared.net", "a*.shared.net", "app.shared.net", "app.shared.net/login", "**.net"])
def test_nobody_takes_the_rest_of_a_host_of_which_another_holds_a_path(admin, token_of, over):
    admin.call("POST", "/v1/routes", {"id": "rt_vict", "owner": "vict", "patterns": [
        {"pattern": "app.shared.net/api/*", "target": {"machine": "mach_vict"}}]})
    evil = token_of("evil")
    refused = evil.call("POST", "/v1/routes", {"patterns": [{"pattern": over, "target": {"machine": "mach_evil"}}]})
    assert refused.status == 403 and names_nothing(refused, "vict"), refused
    line = '{"patterns":[{"pattern":"%s","target":{"machine":"mach_evil"}}]}\n' % over
    assert evil.call("POST", "/v1/routes/import", raw=line.encode()).status == 403
    own = token_of("vict").ok("POST", "/v1/routes", {"patterns": [{"pattern": "*.shared.net", "target": {"machine": "mach_vict"}}]})
    admin.ok("DELETE", f"/v1/routes/{own['id']}")


@pytest.mark.parametrize("held, taken", [
    ("a--*.spell.net", "a__foo.spell.net"), ("*--b.spell.net", "a__b.spell.net"), ("*-b.spell.net", "a__b.spell.net"),
    ("a-*.spell.net", "a__x.spell.net"), ("a--*.spell.net", "a__f*.spell.net"), ("a__*.spell.net", "a-*foo.spell.net"),
    ("a__b--c.spell.net", "a--b--c.spell.net"), ("a__b---c.spell.net", "a--b---c.spell.net")])
def test_nobody_takes_anothers_host_by_its_other_spelling(token_of, held, taken):
    vict, evil = token_of("vict"), token_of("evil")
    for one, other in ((held, taken), (taken, held)):
        made = vict.ok("POST", "/v1/routes", {"patterns": [{"pattern": one, "target": {"machine": "mach_vict"}}]})
        body = {"patterns": [{"pattern": other, "target": {"machine": "mach_evil"}}]}
        assert evil.refused("POST", "/v1/routes", body) == (403, "forbidden"), (one, other)
        vict.ok("DELETE", f"/v1/routes/{made['id']}")
    # A later label is never spelled otherwise.
    made = vict.ok("POST", "/v1/routes", {"patterns": [{"pattern": "x.a__b.spell.net", "target": {"machine": "mach_vict"}}]})
    own = evil.ok("POST", "/v1/routes", {"patterns": [{"pattern": "x.a--b.spell.net", "target": {"machine": "mach_evil"}}]})
    vict.ok("DELETE", f"/v1/routes/{made['id']}")
    evil.ok("DELETE", f"/v1/routes/{own['id']}")


@pytest.mark.parametrize("host, below", [("*.paths.net", "ops.paths.net"), ("w.paths.net", "*.paths.net")])
def test_a_project_adds_paths_to_a_host_that_it_has_whatever_the_operator_put_there_since(admin, token_of, host, below):
    vict, to = token_of("vict"), {"machine": "mach_vict"}
    made = vict.ok("POST", "/v1/routes", {"patterns": [{"pattern": host, "target": to}]})
    ops = admin.ok("POST", "/v1/routes", {"patterns": [{"pattern": below, "target": {"machine": "mach_a"}}]})
    own = vict.ok("POST", "/v1/routes", {"patterns": [{"pattern": f"{host}/login", "target": to}]})
    evil = token_of("evil")
    body = {"patterns": [{"pattern": f"{host}/evil", "target": {"machine": "mach_evil"}}]}
    assert evil.refused("POST", "/v1/routes", body) == (403, "forbidden")
    for each in (made, ops, own):
        admin.ok("DELETE", f"/v1/routes/{each['id']}")


def test_nobody_takes_anothers_host_by_undoing_a_deletion(admin, token_of):
    vict, evil = token_of("vict"), token_of("evil")
    for undone in ("{x}.undone.net", "*.undone.net"):
        body = {"patterns": [{"pattern": undone, "target": {"machine": "mach_evil"}}]}
        made = evil.ok("POST", "/v1/routes", body)
        evil.ok("DELETE", f"/v1/routes/{made['id']}")
        deleted = evil.ok("GET", "/v1/changes?before=1000000000")["items"][0]
        assert deleted["operation"] == "route.delete"
        held = vict.ok("POST", "/v1/routes", {"patterns": [{"pattern": "a.undone.net/api/*", "target": {"machine": "mach_vict"}}]})
        assert evil.refused("POST", "/v1/routes", body) == (403, "forbidden")
        assert evil.refused("POST", f"/v1/changes/{deleted['revision']}/undo") == (403, "forbidden")
        vict.ok("DELETE", f"/v1/routes/{held['id']}")
        assert evil.ok("POST", f"/v1/changes/{deleted['revision']}/undo")["operation"] == "route.create"
        evil.ok("DELETE", f"/v1/routes/{made['id']}")


@pytest.mark.parametrize("kind", [1, None, [], {}, True, "oct"])
def test_no_policy_of_a_project_ends_the_broker(admin, token_of, kind):
    evil = token_of("evil")
    policy = {"auth": {"jwt": {"jwks": {"keys": [{"kty": kind, "n": "x"}]}}}}
    for path in ("/v1/projects/evil", "/v1/machines/mach_evil"):
        assert evil.refused("PATCH", path, {"policy": policy}) == (400, "invalid_argument"), path
    body = {"patterns": [{"pattern": "jwks.evil.net", "target": {"machine": "mach_evil"}, "policy": policy}]}
    assert evil.refused("POST", "/v1/routes", body) == (400, "invalid_argument")
    assert evil.ok("GET", "/v1/projects/evil")["policy"] == {} and admin.ok("GET", "/v1/machines/mach_evil")["policy"] == {}


def test_an_encoded_byte_of_a_path_is_no_wildcard_and_comes_back_as_it_was_said(token_of):
    vict, to = token_of("vict"), {"machine": "mach_vict"}
    said = [f"enc.spell.net/{path}" for path in ("100%25", "pub/%2A", "%7Bx%7D", "%2541", "what%3F")]
    made = vict.ok("POST", "/v1/routes", {"patterns": [{"pattern": each, "target": to} for each in said]})
    path = f"/v1/routes/{made['id']}"
    shown = vict.ok("GET", path)
    assert [row["pattern"] for row in shown["patterns"]] == said
    vict.ok("PATCH", path, {"patterns": [{"pattern": row["pattern"], "target": to} for row in shown["patterns"]]})
    assert vict.ok("GET", path)["patterns"] == shown["patterns"]
    vict.ok("DELETE", path)


def test_nobody_takes_a_domain_above_a_host_of_another(admin, token_of):
    admin.call("POST", "/v1/routes", {"id": "rt_vict", "owner": "vict", "patterns": [
        {"pattern": "app.shared.net/api/*", "target": {"machine": "mach_vict"}}]})
    admin.domain("shop.acme.net", "vict")
    evil = token_of("evil")
    for name in ("shared.net", "app.shared.net", "acme.net"):
        assert evil.refused("POST", "/v1/domains", {"name": name}) == (403, "forbidden"), name
    for over in ("*.acme.net", "*.*.acme.net", "x.*.acme.net"):
        body = {"patterns": [{"pattern": over, "target": {"machine": "mach_evil"}}]}
        assert evil.refused("POST", "/v1/routes", body) == (403, "forbidden"), over
    made = evil.ok("POST", "/v1/routes", {"patterns": [{"pattern": "b*.shared.net", "target": {"machine": "mach_evil"}}]})
    evil.ok("DELETE", f"/v1/routes/{made['id']}")


@pytest.mark.parametrize("name", ["vict.iterate.app", "4096__vict.iterate.app", "4096--vict.iterate.app", "docs.vict.iterate.app",
                                  "mach_vict.machines.iterate.app", "4096__mach-vict.machines.iterate.app", "later.iterate.app",
                                  "machines.iterate.app", "a.b.machines.iterate.app"])
def test_no_custom_domain_takes_a_host_that_the_grammar_gives_to_another(stack, admin, name):
    refused = admin.call("POST", "/v1/domains", {"name": name, "project": "evil"})
    assert (refused.status, refused.json["code"]) == (409, "conflict"), refused
    assert f"ingressctl route create {name} --project evil" in refused.json["detail"]
    batch = {"operations": [{"method": "POST", "path": "/v1/domains", "body": {"name": name, "project": "evil"}}]}
    assert admin.call("POST", "/v1/batch", batch).status == 409
    assert "make a route" in stack.ctl.run("domain", "add", name, "evil").err


ADDRESSES = ["127.0.0.1", "10.0.0.3", "1.2.3", "0x7f.1", "a.example.0x1", "192.0.2.1."]


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_is_nobodys_domain_and_no_projects_route(admin, token_of, address):
    evil = token_of("evil")
    for each in (admin, evil):
        refused = each.call("POST", "/v1/domains", {"name": address, "project": "evil"})
        assert (refused.status, refused.json["code"]) == (400, "invalid_argument") and b"IP address" in refused.body, refused
    batch = {"operations": [{"method": "POST", "path": "/v1/domains", "body": {"name": address, "project": "evil"}}]}
    assert admin.call("POST", "/v1/batch", batch).status == 400
    for pattern in (address, address.rstrip(".") + "/login", "*." + address):
        body = {"patterns": [{"pattern": pattern, "target": {"machine": "mach_evil"}}]}
        assert evil.refused("POST", "/v1/routes", body) == (403, "forbidden"), pattern
        line = '{"patterns":[{"pattern":"%s","target":{"machine":"mach_evil"}}]}\n' % pattern
        assert evil.call("POST", "/v1/routes/import", raw=line.encode()).status == 403
    assert address.rstrip(".") not in [row["name"] for row in admin.items("/v1/domains")]
    assert admin.items("/v1/routes?q=" + address.rstrip(".")) == []


def test_an_operator_leads_an_address_somewhere_by_a_route(stack, admin, make_origin):
    origin = make_origin(answering(b"by address"))
    made = admin.route(["192.0.2.1"], machine="mach_a", port=origin.port)
    assert stack.get("192.0.2.1").body == b"by address"
    admin.ok("DELETE", f"/v1/routes/{made['id']}")


@pytest.mark.parametrize("name", ["shop.localhost", "localhost.localdomain", "a.b.localhost"])
def test_no_project_takes_a_name_that_each_machine_has_for_itself(admin, token_of, name):
    evil = token_of("evil")
    assert evil.refused("POST", "/v1/domains", {"name": name}) == (403, "forbidden")
    for pattern in (name, "*." + name):
        body = {"patterns": [{"pattern": pattern, "target": {"machine": "mach_evil"}}]}
        assert evil.refused("POST", "/v1/routes", body) == (403, "forbidden"), pattern
    admin.domain(name, "evil")
    admin.ok("DELETE", f"/v1/domains/{name}")


@pytest.mark.parametrize("name", ["iterate.app", "www.iterate.app", "deep.www.iterate.app", "a.b.vict.iterate.app", "notiterate.app"])
def test_an_operator_gives_a_name_that_the_grammar_gives_to_nobody(admin, name):
    admin.domain(name, "vict")
    admin.ok("DELETE", f"/v1/domains/{name}")


def test_a_project_that_gets_the_slug_of_an_earlier_one_has_nothing_of_it(stack, admin, token_of):
    admin.project("reused", "mach_a")
    admin.service("reused", "payroll", 4000, policy={"request_headers": {"set": {"X-Api-Key": "s3cr3t"}}})
    link = admin.ok("POST", "/v1/shares", {"host": "reused.iterate.app", "label": "for the former owner"})
    admin.detach("reused")
    since = admin.ok("GET", "/v1/changes?limit=1000")["next"]
    admin.ok("DELETE", "/v1/projects/reused")
    rows = admin.ok("GET", f"/v1/changes?since={since}")["items"]
    assert [row["operation"] for row in rows] == ["project.delete", "share.delete"]
    admin.project("reused", "mach_a")
    assert admin.refused("GET", f"/v1/shares/{link['id']}")[0] == 404
    later = token_of("reused")
    assert later.items("/v1/shares") == []
    for query in ("?limit=1000", "?before=1000000"):
        seen = later.call("GET", f"/v1/changes{query}")
        assert {row["operation"] for row in seen.json["items"]} == {"project.create", "project.attach"}
        assert names_nothing(seen, "s3cr3t", "former")
    for row in rows:
        assert later.refused("POST", f"/v1/changes/{row['revision']}/undo")[0] == 404
    assert admin.ok("GET", "/v1/changes?limit=1000")["items"][-1]["operation"] == "access_token.create"


def test_a_token_for_the_ports_of_a_machine_needs_the_machine(admin):
    assert admin.refused("POST", "/v1/tokens", {"role": "tcp:ghost:*"}) == (404, "not_found")
    assert admin.refused("POST", "/v1/tokens", {"role": "tcp:ghost:22"}) == (404, "not_found")


def test_a_machine_of_two_projects_tells_each_of_its_own_names_and_attachments(admin, token_of):
    admin.project("left")
    admin.project("right")
    admin.machine("mach_both", owner="left")
    admin.attach("mach_both", "left")
    admin.attach("mach_both", "right")
    admin.service("right", "hidden", 4000)
    admin.domain("hidden.example.com", "right")
    admin.ok("POST", "/v1/routes", {"id": "rt_ops", "patterns": [{"pattern": "ops.example.com", "target": {"machine": "mach_both"}}]})
    left, right = token_of("left"), token_of("right")
    own = left.ok("POST", "/v1/routes", {"patterns": [{"pattern": "own.example.com", "target": {"machine": "mach_both"}}]})
    assert left.ok("GET", "/v1/machines/mach_both")["hosts"] == ["mach_both.machines.iterate.app", "left.iterate.app", "own.example.com"]
    assert right.ok("GET", "/v1/machines/mach_both")["hosts"] == [
        "mach_both.machines.iterate.app", "right.iterate.app", "hidden__right.iterate.app", "hidden.example.com"]
    assert [row["hosts"] for row in left.items("/v1/machines")] == [left.ok("GET", "/v1/machines/mach_both")["hosts"]]
    assert len(admin.ok("GET", "/v1/machines/mach_both")["hosts"]) == 7
    for each, slug in ((left, "left"), (right, "right")):
        told = wait_until(lambda each=each: each.ok("GET", "/v1/machines/mach_both/events")["items"], "an event")
        assert [event["data"] for event in told if event["type"] == "attached"] == [{"project": slug}]
    left.detach("left")
    left.ok("DELETE", f"/v1/routes/{own['id']}")
    for take_away in (lambda: admin.detach("right"), lambda: admin.ok("DELETE", "/v1/routes/rt_ops"), None):
        refused = left.call("DELETE", "/v1/machines/mach_both")
        assert names_nothing(refused, "right", "rt_ops") and refused.status == (409 if take_away else 204), refused
        if take_away:
            take_away()


def test_a_machine_that_only_a_service_is_on_tells_its_project_of_its_events(admin, token_of):
    admin.project("serving")
    admin.service("serving", "web", 4000, machine="mach_vict")
    own = token_of("serving")
    assert own.ok("GET", "/v1/machines/mach_vict")["id"] == "mach_vict"
    assert own.call("GET", "/v1/machines/mach_vict/events").status == 200
    admin.delete_service("serving", "web")
    assert own.refused("GET", "/v1/machines/mach_vict/events")[0] == 404


def test_a_projects_token_shares_nothing_of_a_machine_of_another_but_its_own_names(admin, token_of):
    admin.project("sharing")
    admin.service("sharing", "web", 4000, machine="mach_vict")
    private = token_of("vict").ok("POST", "/v1/routes", {"patterns": [{"pattern": "private.vict.com", "target": {"machine": "mach_vict"}}]})
    ops = admin.route(["ops.vict.com"], machine="mach_vict", port=5000)
    own = token_of("sharing")
    for attached in (False, True):
        if attached:
            admin.attach("mach_vict", "sharing")
        for host in ("5000__mach_vict.machines.iterate.app", "5000--mach-vict.machines.iterate.app", "4000__mach_vict.machines.iterate.app",
                     "mach_vict.machines.iterate.app", "private.vict.com", "ops.vict.com"):
            refused = own.call("POST", "/v1/shares", {"host": host})
            assert refused.status == 403 and names_nothing(refused, "vict"), (host, attached, refused)
            batch = {"operations": [{"method": "POST", "path": "/v1/shares", "body": {"host": host}}]}
            assert own.refused("POST", "/v1/batch", batch) == (403, "forbidden"), (host, attached)
        assert own.ok("POST", "/v1/shares", {"host": "web__sharing.iterate.app"})["project"] == "sharing"
    assert token_of("vict").call("POST", "/v1/shares", {"host": "private.vict.com"}).status == 201
    assert admin.call("POST", "/v1/shares", {"host": "5000__mach_vict.machines.iterate.app"}).status == 201
    admin.detach("sharing")
    admin.ok("DELETE", "/v1/projects/sharing")
    for each in (private, ops):
        admin.ok("DELETE", f"/v1/routes/{each['id']}")


def test_a_projects_token_shares_its_own_machines_and_of_the_operators_what_it_was_given(admin, token_of):
    admin.project("given")
    admin.machine("mach_given", owner="given")
    admin.machine("mach_lent")
    admin.ok("POST", "/v1/routes", {"id": "rt_lent", "patterns": [{"pattern": "lent.ops.net", "target": {"machine": "mach_lent", "port": 5000}}]})
    own = token_of("given")
    own.ok("POST", "/v1/routes", {"patterns": [{"pattern": "own.given.net", "target": {"machine": "mach_given"}}]})
    served, other = "4000__mach_lent.machines.iterate.app", "5000__mach_lent.machines.iterate.app"

    def statuses(*hosts):
        return [own.call("POST", "/v1/shares", {"host": host}).status for host in hosts]

    assert statuses("5000__mach_given.machines.iterate.app", "own.given.net") == [201, 201]
    assert statuses(served, other, "lent.ops.net") == [403, 403, 403]
    admin.service("given", "web", 4000, machine="mach_lent")
    assert statuses(served, other, "lent.ops.net") == [201, 403, 403]
    admin.attach("mach_lent", "given")
    assert statuses(served, other, "lent.ops.net", "5000__given.iterate.app") == [201, 201, 201, 201]


def test_what_is_anothers_stands_in_the_way_without_its_name(admin, token_of):
    admin.ok("POST", "/v1/routes", {"id": "rt_unsaid", "owner": "vict", "patterns": [
        {"pattern": "unsaid.example.net", "target": {"machine": "mach_vict"}}]})
    evil = token_of("evil")
    body = {"patterns": [{"pattern": "unsaid.example.net", "target": {"machine": "mach_evil"}}]}
    held = evil.call("POST", "/v1/routes", body)
    assert held.status == 409 and names_nothing(held, "rt_unsaid", "vict"), held
    taken = evil.call("POST", "/v1/machines", {"id": "mach-vict"})
    assert taken.status == 409 and names_nothing(taken, "mach_vict"), taken
    own = token_of("vict").call("POST", "/v1/machines", {"id": "mach-vict"})
    assert own.status == 409 and b"mach_vict" in own.body, "its owner is told"
    assert b"rt_unsaid" in admin.call("POST", "/v1/routes", body).body


def test_why_a_host_of_another_leads_nowhere_is_not_told(admin, token_of):
    admin.machine("mach_hush")
    admin.service("vict", "hush", 4000, machine="mach_hush")
    admin.ok("PATCH", "/v1/machines/mach_hush", {"state": "archived"})
    body = {"host": "hush__vict.iterate.app"}
    refused = token_of("evil").call("POST", "/v1/shares", body)
    assert refused.status == 409 and names_nothing(refused, "mach_hush", "archived"), refused
    assert b"archived" in token_of("vict").call("POST", "/v1/shares", body).body
    assert b"neither a port nor a service" in token_of("evil").call("POST", "/v1/shares", {"host": "none__evil.iterate.app"}).body


def test_of_anothers_machine_a_project_sees_neither_the_owner_nor_what_is_kept_of_it(admin, token_of):
    path = "/v1/machines/mach_lender"
    admin.machine("mach_lender", owner="vict", metadata={"rack": "r4ck"}, policy={
        "request_headers": {"set": {"X-Key": "s3cr3t"}}, "wake": "https://calls.example.com/up"})
    admin.project("borrower", "mach_lender")
    own, vict = token_of("borrower"), token_of("vict")
    told, listed = own.call("GET", path), own.call("GET", "/v1/machines")
    for answer, row in ((told, told.json), (listed, listed.json["items"][0])):
        assert (row["id"], row["owner"], row["metadata"], row["policy"]) == ("mach_lender", None, {}, {})
        assert names_nothing(answer, "vict", "r4ck", "s3cr3t", "calls.example.com"), answer
    assert own.items("/v1/machines?owner=vict") == []
    assert names_nothing(own.call("GET", "/v1/changes?limit=1000"), "vict", "r4ck", "s3cr3t")
    vict.ok("PATCH", path, {"metadata": {"rack": "another"}})
    assert own.call("GET", path).get("ETag") == told.get("ETag"), "a tag of what is not shown would tell that it changed"
    assert vict.ok("GET", path)["policy"]["wake"] == admin.ok("GET", path)["policy"]["wake"] == "https://calls.example.com/up"
    assert [row["owner"] for row in vict.items("/v1/machines?owner=vict") if row["id"] == "mach_lender"] == ["vict"]
    assert own.refused("PATCH", path, {"metadata": {}}) == (404, "not_found")
    admin.ok("DELETE", "/v1/projects/borrower")
    admin.ok("DELETE", path)


def test_a_share_of_a_route_goes_with_its_machine_though_the_project_has_another(admin, token_of):
    admin.project("moving")
    for machine in ("mach_first", "mach_second"):
        admin.machine(machine, owner="moving")
    admin.attach("mach_first", "moving")
    own = token_of("moving")
    route = own.ok("POST", "/v1/routes", {"patterns": [{"pattern": "routed.moving.net", "target": {"machine": "mach_first"}}]})
    hosts = ("moving.iterate.app", "routed.moving.net", "mach_first.machines.iterate.app")
    kept = [own.ok("POST", "/v1/shares", {"host": host})["id"] for host in hosts][0]
    own.attach("mach_second", "moving")
    own.ok("PATCH", f"/v1/routes/{route['id']}", {"patterns": [{"pattern": "routed.moving.net", "target": {"machine": "mach_second"}}]})
    own.ok("DELETE", "/v1/machines/mach_first")
    assert [(row["id"], row["machine"]) for row in own.items("/v1/shares")] == [(kept, "mach_second")]


def test_a_project_prolongs_a_share_of_its_host_once_it_has_another_machine(admin, token_of):
    for machine in ("mach_then", "mach_now"):
        admin.machine(machine)
    admin.project("prolonging", "mach_then")
    own = token_of("prolonging")
    named, lent = (own.ok("POST", "/v1/shares", {"host": host, "ttl": 60})["id"]
                   for host in ("prolonging.iterate.app", "5000__mach_then.machines.iterate.app"))
    admin.attach("mach_now", "prolonging")
    assert own.ok("PATCH", f"/v1/shares/{named}", {"ttl": None})["expiresAt"] is None
    assert own.refused("PATCH", f"/v1/shares/{lent}", {"ttl": 3600}) == (403, "forbidden")
    own.ok("DELETE", f"/v1/shares/{lent}")
