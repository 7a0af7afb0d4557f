"""The admin API: nouns, strictness, conflicts, entity tags, the two ways in, and the feed of changes."""
import os
import stat
import threading

import pytest

from harness.admin import Admin
from harness.http1 import Client


@pytest.fixture(scope="module")
def stack(tmp_path_factory, ca):
    from harness.stack import Stack

    made = Stack(tmp_path_factory.mktemp("admin"), ca)
    yield made
    made.stop()


@pytest.fixture
def admin(stack):
    return stack.admin


# The ways in

def test_the_unix_socket_is_for_its_owner_alone(stack):
    assert stat.S_IMODE(os.stat(stack.broker.admin_socket).st_mode) == 0o600


@pytest.mark.parametrize("token", [None, "", "wrong", "admin-secret-012345678", "admin-secret-0123456789x"])
def test_over_tcp_every_request_shows_the_token(stack, token):
    remote = Admin(port=stack.broker.admin_port, token=token)
    response = remote.call("GET", "/v1/machines")
    assert (response.status, response.json["code"]) == (401, "unauthorized")
    assert response.get("WWW-Authenticate").startswith("Bearer")


def test_over_tcp_the_token_lets_in(stack):
    remote = Admin(port=stack.broker.admin_port, token=stack.broker.admin_token)
    assert [row["id"] for row in remote.items("/v1/machines")].count("mach_a") == 1


@pytest.mark.parametrize("path", ["/health", "/ready"])
def test_health_and_readiness_need_no_token(stack, path):
    assert Admin(port=stack.broker.admin_port).call("GET", path).status == 200


def test_the_admin_is_never_served_to_clients(stack):
    for host in ("admin.iterate.app", "admin.localhost", "localhost", "127.0.0.1"):
        for tls in (False, True):
            assert stack.get(host, "/v1/machines", tls=tls).status in (400, 404)


# What is refused

@pytest.mark.parametrize("method, path, status", [
    ("GET", "/nothing", 404), ("GET", "/v1", 404), ("GET", "/v1/nothing", 404), ("GET", "/v2/machines", 404),
    ("PUT", "/v1/machines", 405), ("DELETE", "/v1/machines", 405), ("POST", "/v1/tunnels", 405),
    ("GET", "/v1/machines/none", 404), ("GET", "/v1/projects/none", 404), ("GET", "/v1/routes/none", 404),
    ("GET", "/v1/domains/none.example.com", 404), ("GET", "/v1/tunnels/none", 404),
    ("GET", "/v1/machines/none/tokens", 404), ("GET", "/v1/projects/none/services", 404),
    ("DELETE", "/v1/machines/none", 404), ("DELETE", "/v1/routes/none", 404), ("DELETE", "/v1/domains/none.x.yz", 404),
    ("PATCH", "/v1/machines/none", 404), ("PUT", "/v1/projects/none/services/docs", 400),
    ("GET", "/v1/machines?nonsense=1", 400), ("GET", "/v1/machines?limit=0", 400), ("GET", "/v1/machines?limit=x", 400),
])
def test_a_path_or_query_that_is_wrong_is_said(admin, method, path, status):
    assert admin.refused(method, path)[0] == status


@pytest.mark.parametrize("method, path, body", [
    ("POST", "/v1/machines", {"id": "mach_query"}), ("PATCH", "/v1/machines/mach_a", {}), ("DELETE", "/v1/machines/mach_a", None),
    ("PUT", "/v1/projects/misha/services/query", {"port": 1}), ("POST", "/v1/batch", {"operations": []}),
    ("GET", "/v1/machines/mach_a", None), ("HEAD", "/v1/machines/mach_a", None), ("GET", "/v1/projects/misha", None),
    ("POST", "/v1/shares", {"host": "misha.iterate.app"}),
    ("POST", "/v1/changes/1/undo", None), ("GET", "/v1/loops", None), ("GET", "/v1/session", None), ("POST", "/v1/routes/import", None)])
def test_a_query_value_that_is_not_known_is_refused_and_nothing_is_done(admin, method, path, body):
    before = admin.ok("GET", "/v1/changes?limit=1000")["next"]
    assert admin.call(method, path + "?nonsense=1", body).status == 400
    assert admin.ok("GET", "/v1/changes?limit=1000")["next"] == before


@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics", "/openapi.json", "/docs"])
def test_what_probes_and_scrapers_ask_for_takes_whatever_query_they_add(admin, path):
    assert admin.call("GET", path + "?t=1").status == 200


def test_a_tag_that_says_nothing_changes_nothing_and_the_lines_of_several_are_one_list(admin):
    admin.machine("mach_l")
    path = "/v1/machines/mach_l"
    tag = admin.call("GET", path).get("ETag")
    assert admin.refused("PATCH", path, {"defaultPort": 1}, [("If-Match", "")]) == (400, "invalid_argument")
    assert admin.refused("PATCH", path, {"defaultPort": 1}, [("If-Match", '"x"'), ("If-Match", '"y"')])[0] == 412
    assert admin.call("PATCH", path, {"defaultPort": 2}, [("If-Match", '"x"'), ("If-Match", tag)]).status == 200
    tag = admin.call("GET", path).get("ETag")
    assert admin.call("PATCH", path, {"defaultPort": 3}, [("If-Match", tag), ("If-Match", '"x"')]).status == 200
    batch = {"operations": [{"method": "DELETE", "path": path, "ifMatch": ""}]}
    assert admin.refused("POST", "/v1/batch", batch)[0] == 400
    admin.ok("DELETE", path)


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"null", b'"x"', b'{"id": 5}', b'{"id": "mach_x", "nonsense": 1}', b'{"id": "mach_x", "defaultPort": "3000"}',
    b'{"id": "mach_x", "defaultPort": 0}', b'{"id": "mach_x", "defaultPort": 65536}', b'{"id": "mach_x", "defaultPort": 1.5}',
    b'{"id": "mach_x", "state": "asleep"}', b'{"id": "mach_x", "metadata": []}', b'{"id": "mach x"}', b'{"id": ""}',
    b'{"id": "mach_x"} trailing', b"\xff\xfe", b'{"id": "mach_x", "defaultPort": 99999999999999999999}', b"[" * 10000,
])
def test_a_body_that_is_wrong_makes_nothing(admin, body):
    response = admin.call("POST", "/v1/machines", raw=body)
    if body == b"":
        assert response.status == 201
        admin.ok("DELETE", f"/v1/machines/{response.json['id']}")
    else:
        assert response.status == 400 and response.json["detail"], response
    assert admin.call("GET", "/v1/machines/mach_x").status == 404


def test_a_body_over_the_limit_is_413(admin):
    assert admin.call("POST", "/v1/machines", raw=b'{"metadata": {"x": "' + b"x" * (2 << 20) + b'"}}').status == 413


@pytest.mark.parametrize("policy", [{"auth": "maybe"}, {"nonsense": 1}, {"host": "keep"}, {"profile": "rails"}, {"auth": []}, {"auth": {"basic": {}}}])
def test_a_policy_with_an_unknown_key_or_word_is_refused(admin, policy):
    assert admin.refused("PATCH", "/v1/projects/misha", {"policy": policy}) == (400, "invalid_argument")


# The nouns

def test_a_machine_is_made_shown_changed_and_deleted(admin):
    made = admin.machine("mach_m", 4000, metadata={"owner": "a"})
    assert (made["id"], made["defaultPort"], made["connected"], made["metadata"]) == ("mach_m", 4000, False, {"owner": "a"})
    assert "mach_m.machines.iterate.app" in made["hosts"]
    assert admin.ok("GET", "/v1/machines/mach_m")["defaultPort"] == 4000
    assert admin.ok("PATCH", "/v1/machines/mach_m", {"defaultPort": 5000})["defaultPort"] == 5000
    assert admin.ok("GET", "/v1/machines/mach_m")["metadata"] == {"owner": "a"}
    admin.ok("DELETE", "/v1/machines/mach_m")
    assert admin.refused("GET", "/v1/machines/mach_m") == (404, "not_found")


def test_a_machine_without_an_id_gets_one(admin):
    made = admin.ok("POST", "/v1/machines", {})
    assert made["id"].startswith("mach_")
    admin.ok("DELETE", f"/v1/machines/{made['id']}")


def test_a_connected_machine_says_so(admin):
    assert admin.ok("GET", "/v1/machines/mach_a")["connected"] is True


@pytest.mark.parametrize("method, path, body", [
    ("POST", "/v1/machines", {"id": "mach_a"}), ("POST", "/v1/machines", {"id": "mach-a"}),
    ("POST", "/v1/projects", {"slug": "misha"}), ("DELETE", "/v1/machines/mach_a", None),
])
def test_what_another_row_forbids_is_a_conflict(admin, method, path, body):
    assert admin.refused(method, path, body) == (409, "conflict")


def test_a_token_is_shown_once(admin):
    admin.machine("mach_t")
    made = admin.ok("POST", "/v1/machines/mach_t/tokens", {"label": "first"})
    assert len(made["token"]) > 40
    listed = admin.items("/v1/machines/mach_t/tokens")
    assert [(row["id"], row["label"], "token" in row) for row in listed] == [(made["id"], "first", False)]
    admin.ok("DELETE", f"/v1/machines/mach_t/tokens/{made['id']}")
    assert admin.items("/v1/machines/mach_t/tokens") == []


def test_a_revoked_token_ends_its_tunnels_at_once(stack, admin):
    admin.machine("mach_r")
    made = admin.ok("POST", "/v1/machines/mach_r/tokens", {})
    agent = stack.another_agent("mach_r", made["token"]).start()
    assert len(admin.tunnels("mach_r")) == 1
    admin.ok("DELETE", f"/v1/machines/mach_r/tokens/{made['id']}")
    agent.process.wait_event("tunnel_refused", code="BAD_TOKEN")
    assert admin.tunnels("mach_r") == []
    agent.process.stop()


def test_archiving_a_machine_ends_its_tunnels(stack, admin):
    admin.machine("mach_z")
    agent = stack.another_agent("mach_z", admin.token_of("mach_z")).start()
    admin.ok("PATCH", "/v1/machines/mach_z", {"state": "archived"})
    agent.process.wait_event("tunnel_refused", code="MACHINE_ARCHIVED")
    assert stack.get("mach_z.machines.iterate.app").error == "machine_not_routable"
    agent.process.stop()


def test_a_project_moves_between_machines(admin):
    admin.machine("mach_p")
    admin.project("mover", "mach_p")
    assert admin.ok("GET", "/v1/projects/mover")["machine"] == "mach_p"
    admin.detach("mover")
    assert admin.ok("GET", "/v1/projects/mover")["machine"] is None
    assert admin.ok("GET", "/v1/machines/mach_p")["state"] == "detached"
    assert admin.attach("mach_p", "mover")["machine"] == "mach_p"
    assert admin.refused("PUT", "/v1/projects/mover/machine", {"machine": "mach_none"})[0] in (400, 404)


def test_a_project_with_services_and_domains_is_deleted_whole(admin):
    admin.project("brief")
    admin.service("brief", "docs", 4000)
    admin.domain("brief.example.net", "brief")
    admin.ok("DELETE", "/v1/projects/brief")
    assert admin.refused("GET", "/v1/domains/brief.example.net")[0] == 404


def test_a_service_is_made_and_replaced(admin):
    made = admin.call("PUT", "/v1/projects/misha/services/docs", {"port": 4000})
    assert (made.status, made.json["port"]) == (201, 4000)
    assert "docs__misha.iterate.app" in made.json["hosts"] and "docs.misha.iterate.app" in made.json["hosts"]
    again = admin.call("PUT", "/v1/projects/misha/services/docs", {"port": 4001})
    assert (again.status, again.json["port"]) == (200, 4001)
    admin.delete_service("misha", "docs")


def test_a_pattern_of_another_route_is_a_conflict_over_all_of_them(admin):
    first = admin.route(["one.example.com", "two.example.com"], machine="mach_a")
    body = {"patterns": [{"pattern": name, "target": {"machine": "mach_a"}} for name in ("three.example.com", "TWO.example.com.")]}
    assert admin.refused("POST", "/v1/routes", body) == (409, "conflict")
    assert all(row["id"] == first["id"] for row in admin.items("/v1/routes"))
    second = admin.ok("POST", "/v1/routes", {**body, "onConflict": "overwrite"})
    left = admin.ok("GET", f"/v1/routes/{first['id']}")
    assert [row["pattern"] for row in left["patterns"]] == ["one.example.com"]
    assert sorted(row["pattern"] for row in second["patterns"]) == ["three.example.com", "two.example.com"]
    for route in (first, second):
        admin.ok("DELETE", f"/v1/routes/{route['id']}")


def test_a_route_is_found_by_its_external_id(admin):
    made = admin.ok("POST", "/v1/routes", {"externalId": "ext-1", "metadata": {"a": 1}, "patterns": [
        {"pattern": "ext.example.com", "target": {"machine": "mach_a", "port": 4000}}]})
    assert [row["id"] for row in admin.items("/v1/routes?externalId=ext-1")] == [made["id"]]
    assert admin.items("/v1/routes?externalId=ext-2") == []
    admin.ok("DELETE", f"/v1/routes/{made['id']}")


@pytest.mark.parametrize("pattern", ["", "*", "a..b", "*.*", "a b.example.com", "**", "a.**.example.com", "-a.example.com:80",
                                     "http://a.example.com", "a" * 64 + ".example.com",
                                     "a.example.com?b", "a.example.com/?b", "a.example.com/b?c=*"])
def test_a_pattern_that_is_none_is_refused(admin, pattern):
    body = {"patterns": [{"pattern": pattern, "target": {"machine": "mach_a"}}]}
    assert admin.refused("POST", "/v1/routes", body)[0] == 400


def test_a_pattern_with_a_query_is_told_that_it_has_none_and_a_question_mark_is_written_as_one(admin):
    def made(pattern):
        return admin.call("POST", "/v1/routes", {"patterns": [{"pattern": pattern, "target": {"machine": "mach_a"}}]})

    assert "a query is in neither" in made("q.example.com/a?b").json["detail"]
    route = made("q.example.com/a%3Fb").json
    assert route["patterns"][0]["pattern"] == "q.example.com/a%3Fb"
    admin.ok("PATCH", f"/v1/routes/{route['id']}", {"patterns": route["patterns"]})  # as it is shown, so it is read
    assert admin.ok("GET", f"/v1/routes/{route['id']}")["patterns"] == route["patterns"]
    admin.ok("DELETE", f"/v1/routes/{route['id']}")


@pytest.mark.parametrize("target", [{}, {"machine": "mach_none"}, {"project": "none"}, {"machine": "mach_a", "project": "misha"},
                                    {"service": "docs"}, {"project": "misha", "service": "none"}, {"machine": "mach_a", "port": 70000}])
def test_a_target_that_leads_nowhere_is_refused(admin, target):
    body = {"patterns": [{"pattern": "target.example.com", "target": target}]}
    assert admin.refused("POST", "/v1/routes", body)[0] in (400, 404, 409)


# Lists, entity tags, changes

def test_lists_come_in_pages(admin):
    for number in range(7):
        admin.machine(f"page-{number}x")
    seen, cursor = [], ""
    for _ in range(100):
        page = admin.ok("GET", f"/v1/machines?limit=2&cursor={cursor}")
        assert len(page["items"]) <= 2
        seen += [row["id"] for row in page["items"]]
        if page["next"] is None:
            break
        cursor = page["next"]
    assert seen == sorted(row["id"] for row in admin.items("/v1/machines"))


def test_a_change_with_a_stale_tag_is_refused(admin):
    admin.machine("mach_e")
    tag = admin.call("GET", "/v1/machines/mach_e").get("ETag")
    assert admin.call("PATCH", "/v1/machines/mach_e", {"defaultPort": 1000}, [("If-Match", tag)]).status == 200
    stale = admin.call("PATCH", "/v1/machines/mach_e", {"defaultPort": 2000}, [("If-Match", tag)])
    assert stale.status == 412
    assert admin.ok("GET", "/v1/machines/mach_e")["defaultPort"] == 1000


@pytest.mark.parametrize("noun", ["machine", "project", "service", "route", "domain"])
def test_a_deletion_with_a_stale_tag_deletes_nothing(admin, noun):
    admin.machine("mach_s")
    admin.project("stale")
    admin.service("stale", "docs", 4000)
    admin.domain("stale.example.net", "stale")
    route = admin.route(["stale.example.com"], machine="mach_s")
    path = {"machine": "/v1/machines/mach_s", "project": "/v1/projects/stale", "service": "/v1/projects/stale/services/docs",
            "route": f"/v1/routes/{route['id']}", "domain": "/v1/domains/stale.example.net"}[noun]
    try:
        assert admin.call("DELETE", path, fields=[("If-Match", '"of another state"')]).status == 412
        if noun == "machine":
            admin.ok("DELETE", f"/v1/routes/{route['id']}")
        tag = admin.call("GET", path).get("ETag")
        assert admin.call("DELETE", path, fields=[("If-Match", tag)]).status == 204
        assert admin.call("DELETE", path, fields=[("If-Match", "*")]).status == 412, "there is nothing that it could match"
    finally:
        for left in (f"/v1/routes/{route['id']}", "/v1/projects/stale", "/v1/machines/mach_s"):
            admin.call("DELETE", left)


def test_a_machine_is_attached_and_detached_only_where_the_tag_of_the_project_matches(admin):
    admin.machine("mach_tagged")
    admin.project("tagged")
    path = "/v1/projects/tagged/machine"
    assert admin.refused("PUT", path, {"machine": "mach_tagged"}, [("If-Match", '"another"')]) == (412, "precondition_failed")
    assert admin.ok("GET", "/v1/projects/tagged")["machine"] is None
    tag = admin.call("GET", "/v1/projects/tagged").get("ETag")
    attached = admin.call("PUT", path, {"machine": "mach_tagged"}, [("If-Match", tag)])
    assert attached.status == 200 and attached.get("ETag") not in (None, tag)
    assert admin.refused("DELETE", path, fields=[("If-Match", tag)]) == (412, "precondition_failed")
    assert admin.ok("GET", "/v1/projects/tagged")["machine"] == "mach_tagged"
    assert admin.call("DELETE", path, fields=[("If-Match", attached.get("ETag"))]).status == 204
    assert admin.refused("DELETE", "/v1/projects/none/machine", fields=[("If-Match", "*")])[0] == 412


def test_all_filters_of_routes_hold_together_page_after_page(admin):
    admin.machine("mach_f1")
    admin.machine("mach_f2")
    admin.project("filtered")
    for number, (external, target) in enumerate([
            ("e1", {"machine": "mach_f1"}), ("e1", {"machine": "mach_f2"}), ("e2", {"machine": "mach_f1"}), ("e1", {"project": "filtered"}),
            ("e1", {"machine": "mach_f1"}), ("e1", {"machine": "mach_f1"})]):
        admin.ok("POST", "/v1/routes", {"id": f"rt_f{number}", "externalId": external,
                                        "patterns": [{"pattern": f"f{number}.filter.example.com", "target": target}]})
    admin.ok("POST", "/v1/routes", {"id": "rt_f9", "patterns": [{"pattern": "m.filter.example.com", "target": {"machine": "mach_f1"}},
                                                              {"pattern": "p.filter.example.com", "target": {"project": "filtered"}}]})
    for query, found in (("externalId=e1&machine=mach_f1", ["rt_f0", "rt_f4", "rt_f5"]), ("externalId=e1&project=filtered", ["rt_f3"]),
                         ("machine=mach_f1&project=filtered", ["rt_f9"]), ("externalId=e1&machine=none", []),
                         ("q=rt_f&externalId=e1&machine=mach_f2", ["rt_f1"])):
        for limit in (1, 2, 1000):
            assert [row["id"] for row in admin.items(f"/v1/routes?{query}&limit={limit}")] == found, query


@pytest.mark.parametrize("path, body", [
    ("/v1/machines", {"expiresAt": "2099-02-30T00:00:00Z"}), ("/v1/machines", {"expiresAt": "2099-01-01T00:00:60Z"}),
    ("/v1/machines", {"expiresAt": "2099-1-1T00:00:00Z"}), ("/v1/machines", {"expiresAt": "2001-01-01T00:00:00Z"}),
    ("/v1/routes", {"expiresAt": "2001-01-01T00:00:00Z", "patterns": [{"pattern": "past.example.com", "target": {"machine": "mach_a"}}]}),
    ("/v1/shares", {"expiresAt": "2001-01-01T00:00:00Z", "host": "misha.iterate.app"}), ("/v1/tokens", {"expiresAt": "2001-01-01T00:00:00Z", "role": "read"}),
    ("/v1/join-tokens", {"expiresAt": "2001-01-01T00:00:00Z"}), ("/v1/join-tokens", {"uses": -1}), ("/v1/join-tokens", {"uses": 0}),
    ("/v1/routes", {"id": "..", "patterns": [{"pattern": "dots.example.com", "target": {"machine": "mach_a"}}]})])
def test_a_time_that_is_none_or_over_and_a_number_or_id_that_is_none_make_nothing(admin, path, body):
    since = admin.ok("GET", "/v1/changes?limit=1000")["next"]
    assert admin.refused("POST", path, body) == (400, "invalid_argument")
    assert admin.ok("GET", f"/v1/changes?since={since}")["items"] == []


def test_any_number_of_uses_is_said_by_null(admin):
    made = admin.ok("POST", "/v1/join-tokens", {"uses": None})
    assert made["usesLeft"] is None
    admin.ok("DELETE", f"/v1/join-tokens/{made['id']}")


def test_a_segment_of_a_path_may_be_a_wildcard_without_a_name(admin):
    pattern = "stars.example.com/*/end"
    made = admin.ok("POST", "/v1/routes", {"patterns": [{"pattern": pattern, "target": {"machine": "mach_a"}}]})
    assert admin.ok("GET", f"/v1/routes/{made['id']}")["patterns"][0]["pattern"] == pattern
    admin.ok("PATCH", f"/v1/routes/{made['id']}", {"externalId": "still"})
    assert admin.refused("POST", "/v1/routes", {"patterns": [{"pattern": "stars.example.com/{x}/end", "target": {"machine": "mach_a"}}]})[0] == 409
    admin.ok("DELETE", f"/v1/routes/{made['id']}")


def test_a_service_is_replaced_only_where_its_tag_matches(admin):
    path = "/v1/projects/misha/services/tagged"
    assert admin.call("PUT", path, {"port": 4000}, [("If-Match", "*")]).status == 412
    admin.service("misha", "tagged", 4000)
    tag = admin.call("GET", path).get("ETag")
    assert admin.call("PUT", path, {"port": 4001}, [("If-Match", tag)]).status == 200
    assert admin.call("PUT", path, {"port": 4002}, [("If-Match", tag)]).status == 412
    assert admin.ok("GET", path)["port"] == 4001
    admin.delete_service("misha", "tagged")


def test_changes_tell_what_was_done_and_hold_no_secret(admin):
    since = admin.ok("GET", "/v1/changes?limit=1000")["next"]
    admin.machine("mach_c")
    token = admin.token_of("mach_c")
    admin.ok("DELETE", "/v1/machines/mach_c")
    feed = admin.call("GET", f"/v1/changes?since={since}")
    rows = feed.json["items"]
    assert [row["operation"] for row in rows] == ["machine.create", "token.create", "token.delete", "machine.delete"]
    assert rows[0]["subject"] == rows[3]["subject"] == "mach_c"
    revisions = [row["revision"] for row in rows]
    assert revisions == sorted(set(revisions)) and revisions[0] > since
    assert rows[0]["before"] is None and rows[0]["after"]["id"] == "mach_c"
    assert token.encode() not in feed.body
    assert admin.ok("GET", f"/v1/changes?since={revisions[-1]}")["items"] == []


def test_many_writers_at_once_all_succeed(stack):
    failures = []

    def write(letter):
        try:
            for number in range(20):
                stack.admin.machine(f"many-{letter}{number}")
        except AssertionError as failure:
            failures.append(failure)

    threads = [threading.Thread(target=write, args=(letter,)) for letter in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len([row for row in stack.admin.items("/v1/machines") if row["id"].startswith("many-")]) == 80


def test_a_tunnel_is_listed_and_shown(stack, admin):
    stack.get("misha.iterate.app")
    (row,) = admin.tunnels("mach_a")
    assert (row["machine"], row["slot"], row["draining"]) == ("mach_a", 0, False)
    assert row["peer"].startswith("127.0.0.1:") and row["agentVersion"]
    assert admin.ok("GET", f"/v1/tunnels/{row['id']}")["id"] == row["id"]


def test_a_client_that_breaks_off_a_change_does_no_harm(stack, admin):
    for _ in range(20):
        with Client(path=stack.broker.admin_socket) as client:
            client.send(b"POST /v1/machines HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    for number in range(20):
        with Client(path=stack.broker.admin_socket) as client:
            client.request("x", "/v1/machines", "POST", body=b'{"id": "left-%dx"}' % number)
    assert admin.ok("GET", "/v1/machines/mach_a")["id"] == "mach_a"
