"""Taking changes back, and the declared file of a project."""
import pytest


@pytest.fixture(scope="module")
def stack(tmp_path_factory, ca):
    from harness.stack import Stack

    made = Stack(tmp_path_factory.mktemp("undo"), ca)
    yield made
    made.stop()


@pytest.fixture
def admin(stack):
    return stack.admin


def last(admin):
    return admin.ok("GET", "/v1/changes?limit=1000")["items"][-1]


def undo(admin, change):
    return admin.call("POST", f"/v1/changes/{change['revision']}/undo")


def test_each_kind_of_row_can_be_as_it_was(admin):
    admin.machine("mach_u", 4000, metadata={"a": 1})
    admin.project("undone", "mach_u")
    admin.service("undone", "docs", 4000, policy={"host": "preserve"})
    admin.domain("undone.example.com", "undone")
    route = admin.ok("POST", "/v1/routes", {"externalId": "x", "patterns": [
        {"pattern": "{user}.undone.example.net/api/{thing}/*", "target": {"machine": "mach_u", "port": 1}, "policy": {"auth": "deny"}}]})
    for path, change in ((f"/v1/routes/{route['id']}", {"externalId": "y"}), ("/v1/machines/mach_u", {"defaultPort": 5000}),
                         ("/v1/projects/undone", {"metadata": {"b": 2}})):
        before = admin.ok("GET", path)
        admin.ok("PATCH", path, change)
        assert undo(admin, last(admin)).status == 200
        assert admin.ok("GET", path) == before
    for path in (f"/v1/routes/{route['id']}", "/v1/domains/undone.example.com", "/v1/projects/undone/services/docs"):
        before = admin.ok("GET", path)
        admin.ok("DELETE", path)
        undone = undo(admin, last(admin))
        assert (undone.status, undone.json["operation"].split(".")[1]) == (200, "create"), undone
        assert admin.ok("GET", path) == before


def test_a_row_that_was_made_goes_and_an_attachment_returns(admin):
    admin.machine("mach_u2")
    assert undo(admin, last(admin)).status == 200
    assert admin.refused("GET", "/v1/machines/mach_u2")[0] == 404
    admin.machine("mach_u3")
    admin.attach("mach_u3", "misha")
    assert undo(admin, last(admin)).status == 200
    assert admin.ok("GET", "/v1/projects/misha")["machine"] == "mach_a"


def test_what_something_newer_touched_is_a_conflict(admin):
    admin.machine("mach_u4", 4000)
    made = last(admin)
    admin.ok("PATCH", "/v1/machines/mach_u4", {"defaultPort": 5000})
    assert undo(admin, made).status == 409
    admin.ok("DELETE", "/v1/machines/mach_u4")
    deleted = last(admin)
    admin.machine("mach_u4", 6000)
    assert undo(admin, deleted).status == 409
    assert undo(admin, {"revision": 10**9}).status == 404 and undo(admin, {"revision": "x"}).status == 404


def test_a_secret_can_be_taken_back_and_does_not_return(admin):
    token = admin.ok("POST", "/v1/machines/mach_a/tokens", {})
    made = last(admin)
    assert undo(admin, made).status == 200
    assert token["id"] not in [row["id"] for row in admin.items("/v1/machines/mach_a/tokens")]
    answer = undo(admin, last(admin))
    assert answer.status == 409 and "secret" in answer.json["detail"]


def test_a_share_that_was_prolonged_ends_when_it_did(admin):
    share = admin.ok("POST", "/v1/shares", {"host": "misha.iterate.app", "ttl": 100})
    admin.ok("PATCH", f"/v1/shares/{share['id']}", {"ttl": None})
    answer = undo(admin, last(admin))
    assert (answer.status, answer.json["operation"]) == (200, "share.update"), answer
    assert admin.ok("GET", f"/v1/shares/{share['id']}")["expiresAt"] == share["expiresAt"]


def test_a_deleted_project_has_its_machine_again(admin):
    admin.machine("mach_u6")
    before = admin.project("again", "mach_u6")
    admin.ok("DELETE", "/v1/projects/again")
    answer = undo(admin, last(admin))
    assert (answer.status, answer.json["operation"]) == (200, "project.create"), answer
    assert admin.ok("GET", "/v1/projects/again") == before
    assert admin.ok("GET", "/v1/machines/mach_u6")["state"] == "active"


def test_what_names_something_that_is_gone_is_a_conflict(admin):
    for machine in ("mach_u7", "mach_u8"):
        admin.machine(machine)
    admin.project("moved", "mach_u7")
    admin.attach("mach_u8", "moved")
    moved = last(admin)
    admin.ok("DELETE", "/v1/machines/mach_u7")
    answer = undo(admin, moved)
    assert answer.status == 409 and "mach_u7" in answer.json["detail"], answer
    admin.machine("mach_u9")
    admin.service("moved", "web", 1, machine="mach_u9")
    admin.delete_service("moved", "web")
    deleted = last(admin)
    admin.ok("DELETE", "/v1/machines/mach_u9")
    answer = undo(admin, deleted)
    assert answer.status == 409 and "not there any more" in answer.json["detail"], answer


def test_the_undoing_of_a_machine_that_has_tokens_is_told_by_the_machine(admin):
    admin.machine("mach_u10")
    made = last(admin)
    admin.token_of("mach_u10")
    answer = undo(admin, made)
    assert (answer.status, answer.json["operation"], answer.json["subject"]) == (200, "machine.delete", "mach_u10"), answer


def test_ingressctl_undoes(stack, admin):
    admin.machine("mach_u5")
    shown = stack.ctl.json("changes", "undo", last(admin)["revision"])
    assert (shown["operation"], shown["subject"]) == ("machine.delete", "mach_u5")
    assert stack.ctl.run("changes", "undo", shown["revision"] - 1).code == 1


DECLARED = """
slug = "declared"
defaultPort = 5173
domains = ["declared.example.com"]
[policy]
auth = "public"
[services.docs]
port = 4000
"""


def test_a_project_becomes_what_its_file_declares(stack, admin, tmp_path):
    file = tmp_path / "project.toml"
    file.write_text(DECLARED)
    since = admin.ok("GET", "/v1/changes?limit=1000")["next"]
    refused = stack.ctl.run("project", "apply", "-f", file)
    assert refused.code == 2 and "--yes" in refused.err and "+ project declared" in refused.out
    assert admin.ok("GET", f"/v1/changes?since={since}")["items"] == []
    assert "+ service docs" in stack.ctl.ok("project", "apply", "-f", file, "--yes").out
    shown = admin.ok("GET", "/v1/projects/declared")
    assert (shown["defaultPort"], shown["policy"]) == (5173, {"auth": "public"})
    assert [row["port"] for row in admin.items("/v1/projects/declared/services")] == [4000]
    assert stack.ctl.json("project", "apply", "-f", file, "--yes") == {"plan": [], "applied": False}
    file.write_text(DECLARED.replace("[services.docs]", "[services.api]").replace('"declared.example.com"', ""))
    assert stack.ctl.json("project", "apply", "-f", file, "--plan")["plan"] == [
        "+ service api: port 4000", "- service docs", "- domain declared.example.com"]
    stack.ctl.ok("project", "apply", "-f", file, "--yes")
    assert [row["name"] for row in admin.items("/v1/projects/declared/services")] == ["api"]
    assert admin.items("/v1/domains?project=declared") == []


def test_a_file_of_which_one_part_is_refused_changes_nothing(stack, admin, tmp_path):
    file = tmp_path / "project.toml"
    file.write_text(DECLARED.replace("declared", "halfway").replace("4000", "70000"))
    assert stack.ctl.run("project", "apply", "-f", file, "--yes").code == 1
    assert admin.refused("GET", "/v1/projects/halfway")[0] == 404
