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


# A policy of the project, what a client gets with these fields, and words of `why`, which is not content.
SHUT_BY_POLICY = [
    ({"ip_deny": ["0.0.0.0/0", "::/0"]}, (), 403, "ip_deny"),
    ({"ip_allow": ["192.0.2.1"], "ip_deny": ["192.0.2.0/24"]}, (), 403, "let no address in"),
    ({"auth": {"forward": {"url": "http://127.0.0.1:1/x"}}}, (), 502, "may not call 127.0.0.1:1"),
    ({"auth": {"jwt": {"jwks_url": "http://127.0.0.1:1/x"}}}, [("Authorization", "Bearer a.b.c")], 401, "may not call 127.0.0.1:1"),
    ({"auth": {"jwt": {"secret": "nofile", "algorithms": ["HS256"]}}}, [("Authorization", "Bearer a.b.c")], 401, "nofile"),
]


@pytest.fixture
def open_port(stack, make_origin):
    origin = make_origin(lambda connection, _: connection.send(answer("in")))
    yield f"{origin.port}__misha.iterate.app"
    stack.admin.ok("PATCH", "/v1/projects/misha", {"policy": {}, "limits": {}})


@pytest.mark.parametrize("policy, fields, status, words", SHUT_BY_POLICY)
def test_a_policy_by_which_nobody_comes_in_is_named(stack, open_port, policy, fields, status, words):
    stack.admin.ok("PATCH", "/v1/projects/misha", {"policy": policy})
    assert stack.get(open_port, fields=fields).status == status
    said = stack.ctl.run("why", open_port, "--json")
    assert said.code == 1 and said.json["problem"]["step"] == "policy", said.json
    assert words in said.json["problem"]["detail"] and said.json["problem"]["advice"], said.json["problem"]


def test_a_server_that_auth_forward_asks_is_looked_at(make_stack, make_origin):
    stack = make_stack(broker={"options": ["--allow-url-target", "127.0.0.1", "--allow-url-target", "localhost",
                                           "--allow-url-target", "nowhere.invalid"]})
    origin, judge = make_origin(), make_origin(lambda connection, _: connection.send(answer("")))
    host = f"{origin.port}__misha.iterate.app"

    def policy_step(*ways):
        stack.admin.ok("PATCH", "/v1/projects/misha", {"policy": {"auth": list(ways)}})
        return next(step for step in stack.ctl.run("why", host, "--json").json["steps"] if step["step"] == "policy")

    def forward(url):
        return {"forward": {"url": url}}

    for url in (f"http://127.0.0.1:{judge.port}/x", f"https://localhost:{judge.port}/x"):
        assert policy_step(forward(url))["state"] == "ok", url
    assert judge.raw == b"", "it is sent nothing"
    port = free_port()
    for url in (f"http://127.0.0.1:{port}/x", f"http://localhost:{port}/x", f"https://localhost:{port}/x"):
        shut = policy_step(forward(url))
        assert shut["state"] == "failed" and f":{port}, which its auth forward asks, accepts no connection" in shut["detail"], shut
        assert stack.get(host).status == 502
    assert policy_step("share", forward(f"http://localhost:{port}/x"))["state"] == "warning"
    unknown = policy_step(forward("http://nowhere.invalid/x"))
    assert unknown["state"] in ("failed", "warning") and "nowhere.invalid, which its auth forward asks" in unknown["detail"]
    assert unknown["advice"], unknown


def test_limits_by_which_nothing_may_run_are_named(stack, make_origin):
    origin = make_origin(lambda connection, _: connection.send(answer("in")))
    stack.admin.project("zero")
    stack.admin.machine("mach_zero", owner="zero")
    stack.admin.attach("mach_zero", "zero")
    stack.admin.ok("PATCH", "/v1/projects/zero", {"limits": {"streams": 0}})
    host = f"{origin.port}__zero.iterate.app"
    assert stack.get(host).status == 429
    said = stack.ctl.run("why", host, "--json").json["problem"]
    assert said["step"] == "policy" and "429" in said["detail"] and "--limits" in said["advice"], said


@pytest.mark.parametrize("policy, step, words", [
    ({"ip_allow": ["192.0.2.1"]}, "policy", "ip_allow"), ({"ip_deny": ["192.0.2.1"]}, "policy", "ip_deny"),
    ({"methods": ["PATCH"]}, "policy", "PATCH"),
    ({"auth": ["share", {"forward": {"url": "http://127.0.0.1:1/x"}}]}, "policy", "may not call"),
    ({"origin_protocol": "https"}, "probe", "https"), ({"origin_protocol": "h2c"}, "probe", "h2c")])
def test_what_lets_some_in_is_worth_a_look(stack, open_port, policy, step, words):
    stack.admin.ok("PATCH", "/v1/projects/misha", {"policy": policy})
    steps = {each["step"]: each for each in stack.ctl.run("why", open_port, "--json").json["steps"]}
    assert steps[step]["state"] == "warning" and words in steps[step]["detail"] and steps[step]["advice"], steps[step]


def test_a_name_that_a_route_alone_can_hold_is_told_of_no_domain(stack):
    advice = stack.ctl.run("why", "www.iterate.app", "--json").json["problem"]["advice"]
    assert "route create www.iterate.app" in advice and "domain add" not in advice


def test_a_port_that_nobody_listens_on_and_a_service_that_went_are_named(stack, make_origin):
    port = free_port()
    assert stack.get(f"{port}__misha.iterate.app").error == "proxy_error"
    assert stack.ctl.run("why", f"{port}__misha.iterate.app", "--json").json["problem"]["step"] == "probe"
    origin = make_origin(lambda connection, _: connection.send(answer("in")))
    assert stack.get(f"{origin.port}__misha.iterate.app").status == 200
