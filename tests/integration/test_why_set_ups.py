"""Twenty set-ups that are broken in one place each: `why` names the place, and the error page has the same cause."""
import pytest

from harness.origin import answer
from harness.ports import free_port
from harness.stack import Stack

LIFE = {"ttl": 1}


@pytest.fixture(scope="module")
def stack(tmp_path_factory, ca):
    made = Stack(tmp_path_factory.mktemp("set-ups"), ca, agent={"options": ["--deny-port", "4444"]}, broker={"park": "0s"})
    admin = made.admin
    admin.project("alone")
    admin.project("shut")
    admin.machine("mach_shut")
    admin.attach("mach_shut", "shut")
    admin.set_project("shut", suspended=True)
    admin.machine("mach_off")
    admin.machine("mach_new", state="starting")
    admin.machine("mach_old", state="archived")
    admin.machine("mach_theirs")
    admin.project("theirs")
    admin.ok("PATCH", "/v1/machines/mach_theirs", {"owner": "theirs"})
    admin.machine("mach_past")
    admin.ok("PATCH", "/v1/machines/mach_past", {"expiresAt": "2026-01-01T00:00:00Z"})
    admin.service("misha", "closed", 4001, policy={"auth": "deny"})
    admin.service("misha", "gone", 4002)
    admin.route(["svc.example.org"], project="misha", service="gone")
    admin.ok("POST", "/v1/routes", {"id": "rt_past", "expiresAt": "2099-01-01T00:00:00Z", "patterns": [
        {"pattern": "past.example.org", "target": {"machine": "mach_a"}}]})
    admin.ok("PATCH", "/v1/routes/rt_past", LIFE)
    admin.ok("POST", "/v1/routes", {"owner": "misha", "patterns": [
        {"pattern": "cap.example.org/{m}/*", "target": {"machine": "{m}"}},
        {"pattern": "port.example.org/{s}/*", "target": {"machine": "mach_a", "service": "{s}"}}]})
    yield made
    made.stop()


# host and path, the status and code that a client gets, the step and words of `why`.
SET_UPS = [
    ("a..b", 400, "invalid_host", "grammar", "label"),
    ("mi!sha.iterate.app", 400, "invalid_host", "grammar", "label"),
    ("0__misha.iterate.app", 400, "invalid_port", "grammar", "port"),
    ("99999__mach_a.machines.iterate.app", 400, "invalid_port", "grammar", "port"),
    ("nope__misha.iterate.app", 400, "invalid_port", "grammar", "nope"),
    ("nobody.iterate.app", 404, "project_not_found", "route", "nobody"),
    ("mach_none.machines.iterate.app", 404, "machine_not_found", "route", "mach_none"),
    ("none.misha.iterate.app", 404, "service_not_found", "route", "none"),
    ("elsewhere.example.net", 404, "route_not_found", "route", "elsewhere.example.net"),
    ("www.iterate.app", 404, "route_not_found", "route", "kept for the broker"),
    ("shut.iterate.app", 403, "forbidden", "route", "suspended"),
    ("alone.iterate.app", 409, "machine_not_routable", "machine", "alone"),
    ("mach_old.machines.iterate.app", 409, "machine_not_routable", "machine", "archived"),
    ("closed.misha.iterate.app", 403, "forbidden", "policy", "deny"),
    ("mach_off.machines.iterate.app", 503, "machine_unavailable", "tunnel", "mach_off"),
    ("mach_new.machines.iterate.app", 503, "machine_starting", "tunnel", "mach_new"),
    ("cap.example.org/mach_theirs/", 404, "machine_not_found", "route", "mach_theirs"),
    ("cap.example.org/x/%2e%2e/", 400, "bad_request", "grammar", "path"),
    ("port.example.org/none/", 404, "service_not_found", "route", "none"),
    ("4444__misha.iterate.app", 403, "forbidden", "probe", "4444"),
]


@pytest.mark.parametrize("url, status, code, step, words", SET_UPS)
def test_why_names_the_cause_that_the_error_page_names(stack, url, status, code, step, words):
    host, _, path = url.partition("/")
    refused = stack.get(host, "/" + path)
    assert (refused.status, refused.json["error"]) == (status, code), refused
    said = stack.ctl.run("why", url, "--json")
    assert said.code == 1 and said.json["problem"]["step"] == step, said.json
    assert words in said.json["problem"]["detail"] and said.json["problem"]["advice"], said.json["problem"]


@pytest.mark.parametrize("host, words", [("mach_past.machines.iterate.app", "mach_past"), ("past.example.org", "rt_past")])
def test_what_is_over_is_named(stack, host, words):
    from harness.wait import wait_until

    gone = 404 if host.startswith("mach") else 410  # a machine that ended long ago is not even told of
    wait_until(lambda: stack.get(host).status == gone, "its end")
    said = stack.ctl.run("why", host, "--json")
    assert said.code == 1 and said.json["problem"]["step"] == "route" and words in said.json["problem"]["detail"]


def test_a_port_that_nobody_listens_on_and_a_service_that_went_are_named(stack, make_origin):
    port = free_port()
    assert stack.get(f"{port}__misha.iterate.app").error == "proxy_error"
    assert stack.ctl.run("why", f"{port}__misha.iterate.app", "--json").json["problem"]["step"] == "probe"
    origin = make_origin(lambda connection, _: connection.send(answer("in")))
    assert stack.get(f"{origin.port}__misha.iterate.app").status == 200
