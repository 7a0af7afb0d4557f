"""POST /v1/batch: several changes as one transaction, all or nothing."""
import pytest


@pytest.fixture(scope="module")
def stack(tmp_path_factory, ca):
    from harness.stack import Stack

    made = Stack(tmp_path_factory.mktemp("batch"), ca)
    yield made
    made.stop()


@pytest.fixture
def admin(stack):
    return stack.admin


def batch(admin, *operations):
    return admin.call("POST", "/v1/batch", {"operations": [
        {"method": method, "path": path, **({} if body is None else {"body": body})} for method, path, body in operations]})


def test_a_machine_its_token_and_a_route_are_made_in_one_step(stack, admin):
    done = batch(admin, ("POST", "/v1/machines", {"id": "mach_b"}),
                 ("POST", "/v1/machines/mach_b/tokens", {"label": "first"}),
                 ("POST", "/v1/routes", {"patterns": [{"pattern": "b.example.com", "target": {"machine": "mach_b"}}]}),
                 ("PATCH", "/v1/machines/mach_b", {"defaultPort": 4000}))
    assert done.status == 200, done
    machine, token, route, changed = done.json["results"]
    assert (machine["status"], token["status"], route["status"], changed["status"]) == (201, 201, 201, 200)
    assert machine["location"] == "/v1/machines/mach_b" and machine["etag"]
    assert changed["body"]["defaultPort"] == 4000
    agent = stack.another_agent("mach_b", token["body"]["token"]).start()
    assert len(admin.tunnels("mach_b")) == 1
    agent.stop()
    assert admin.ok("GET", f"/v1/routes/{route['body']['id']}")["patterns"][0]["pattern"] == "b.example.com"


def test_where_one_is_refused_nothing_is_done_and_its_place_is_said(admin):
    since = admin.ok("GET", "/v1/changes?limit=1000")["next"]
    done = batch(admin, ("POST", "/v1/machines", {"id": "mach_n"}), ("POST", "/v1/projects", {"slug": "misha"}))
    assert (done.status, done.json["code"], done.json["operation"]) == (409, "conflict", 1)
    assert admin.refused("GET", "/v1/machines/mach_n") == (404, "not_found")
    assert admin.ok("GET", f"/v1/changes?since={since}")["items"] == []


def test_a_dry_run_is_refused_as_the_batch_would_be_and_changes_nothing(admin):
    since = admin.ok("GET", "/v1/changes?limit=1000")["next"]
    machine = {"method": "POST", "path": "/v1/machines", "body": {"id": "mach_dry"}}
    again = {"method": "POST", "path": "/v1/projects", "body": {"slug": "misha"}}
    good = admin.call("POST", "/v1/batch", {"operations": [machine], "dryRun": True})
    assert (good.status, good.json) == (200, {"results": []})
    bad = admin.call("POST", "/v1/batch", {"operations": [machine, again], "dryRun": True})
    assert (bad.status, bad.json["code"], bad.json["operation"]) == (409, "conflict", 1)
    assert admin.ok("GET", f"/v1/changes?since={since}")["items"] == []
    assert admin.call("POST", "/v1/batch", {"operations": [machine], "dryRun": "yes"}).status == 400
    assert admin.call("POST", "/v1/batch", {"operations": [machine], "dryRun": False}).status == 200
    admin.ok("DELETE", "/v1/machines/mach_dry")


@pytest.mark.parametrize("operation, status", [
    (("GET", "/v1/machines", None), 400), (("POST", "/v1/batch", {"operations": []}), 400), (("POST", "/v1/nothing", {}), 404),
    (("PUT", "/v1/machines", {}), 405), (("POST", "/v1/machines", {"id": 5}), 400), (("POST", "no path", {}), 400),
    (("POST", "/v1/machines?x=1", {"id": "mach_r"}), 400), (("POST", "/v1/routes/import?onConflict=overwrite&x=1", {}), 400),
])
def test_what_is_no_change_is_refused_before_anything_is_done(admin, operation, status):
    done = batch(admin, ("POST", "/v1/machines", {"id": "mach_q"}), operation)
    assert done.status == status, done
    assert admin.refused("GET", "/v1/machines/mach_q") == (404, "not_found")


def test_an_operation_may_hold_a_record_to_its_tag(admin):
    admin.machine("mach_i")
    tag = admin.call("GET", "/v1/machines/mach_i").get("ETag")
    change = {"method": "PATCH", "path": "/v1/machines/mach_i", "body": {"defaultPort": 5000}, "ifMatch": tag}
    assert admin.call("POST", "/v1/batch", {"operations": [change]}).status == 200
    again = admin.call("POST", "/v1/batch", {"operations": [change]})
    assert (again.status, again.json["operation"]) == (412, 0)


def test_the_changes_of_a_batch_follow_each_other(admin):
    since = admin.ok("GET", "/v1/changes?limit=1000")["next"]
    batch(admin, ("POST", "/v1/projects", {"slug": "batched"}), ("PUT", "/v1/projects/batched/services/docs", {"port": 1}),
          ("POST", "/v1/domains", {"name": "batched.example.com", "project": "batched"}), ("DELETE", "/v1/domains/batched.example.com", None))
    rows = admin.ok("GET", f"/v1/changes?since={since}")["items"]
    assert [row["operation"] for row in rows] == ["project.create", "service.create", "domain.create", "domain.delete"]
    assert len({row["at"] for row in rows}) == 1


def test_each_result_is_what_its_own_operation_left(admin):
    admin.machine("mach_r")
    done = batch(admin, ("POST", "/v1/projects", {"slug": "brief"}), ("PATCH", "/v1/projects/brief", {"metadata": {"a": 1}}),
                 ("DELETE", "/v1/projects/brief", None))
    assert [row["status"] for row in done.json["results"]] == [201, 200, 204], done
    assert done.json["results"][1]["body"]["metadata"] == {"a": 1}
    done = batch(admin, ("POST", "/v1/projects", {"slug": "kept", "machine": "mach_r"}), ("PATCH", "/v1/projects/kept", {"defaultPort": 1111}),
                 ("PATCH", "/v1/projects/kept", {"defaultPort": 2222}), ("DELETE", "/v1/projects/kept/machine", None),
                 ("PUT", "/v1/projects/kept/machine", {"machine": "mach_r"}), ("DELETE", "/v1/projects/kept/machine", None))
    made, first, second, _, attached, _ = done.json["results"]
    assert (made["body"]["machine"], attached["body"]["machine"]) == ("mach_r", "mach_r")
    assert (first["body"]["defaultPort"], second["body"]["defaultPort"]) == (1111, 2222)
    assert first["etag"] != second["etag"]
    assert admin.ok("GET", "/v1/projects/kept")["machine"] is None


def test_the_host_of_a_share_leads_somewhere_before_the_batch(admin):
    made = [("POST", "/v1/projects", {"slug": "linked", "machine": "mach_a"}), ("POST", "/v1/shares", {"host": "linked.iterate.app"})]
    refused = batch(admin, *made)
    assert (refused.status, refused.json["code"], refused.json["operation"]) == (409, "conflict", 1)
    assert batch(admin, made[0]).status == 200 and batch(admin, made[1]).status == 200
