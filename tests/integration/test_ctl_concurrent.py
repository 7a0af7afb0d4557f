"""ingressctl, several at the same time: each changes its own part of a record, and no change is lost."""
import pytest

# So many as there are keys of a policy that have a flag.
SAID = {"--profile": "vite", "--host": "preserve", "--origin": "preserve", "--origin-protocol": "http", "--auth": "deny",
        "--park": "30s", "--wake": "off"}
KEYS = {flag.removeprefix("--").replace("-", "_") for flag in SAID}
ROUNDS = 3


@pytest.fixture(scope="module")
def ctl(tmp_path_factory, ca):
    from harness.stack import Stack

    made = Stack(tmp_path_factory.mktemp("ctl_concurrent"), ca)
    yield made.ctl
    made.stop()


def at_once(ctl, *commands):
    """All of them are started before the end of any is waited for; all have to end well."""
    running = [ctl.start(*words) for words in commands]
    for each in running:
        assert each.wait() == 0, each.errors


def set_all_at_once(ctl, *words):
    at_once(ctl, *[(*words, flag, value) for flag, value in SAID.items()])


def test_keys_of_a_projects_policy_that_are_set_at_the_same_time_are_all_there(ctl):
    for number in range(ROUNDS):
        ctl.ok("project", "create", f"busy-{number}")
        set_all_at_once(ctl, "project", "set", f"busy-{number}")
        assert set(ctl.json("project", "show", f"busy-{number}")["policy"]) == KEYS


def test_and_so_are_those_of_a_machines(ctl):
    for number in range(ROUNDS):
        ctl.ok("machine", "create", f"mach_busy{number}")
        set_all_at_once(ctl, "machine", "set", f"mach_busy{number}")
        assert set(ctl.json("machine", "show", f"mach_busy{number}")["policy"]) == KEYS


def test_a_service_keeps_its_port_and_every_key(ctl):
    ctl.ok("project", "create", "served")
    for number in range(ROUNDS):
        service = ("served", f"docs{number}")
        ctl.ok("service", "set", *service, "--port", 4000)
        several = [("service", "set", *service, flag, value) for flag, value in SAID.items()]
        at_once(ctl, ("service", "set", *service, "--port", 4001), *several)
        shown = ctl.json("service", "show", *service)
        assert shown["port"] == 4001 and set(shown["policy"]) == KEYS


def test_a_route_keeps_its_target_and_every_key(ctl):
    ctl.ok("project", "create", "routed")
    for number in range(ROUNDS):
        route = ctl.json("route", "create", f"busy{number}.example.com", "--project", "routed")["id"]
        several = [("route", "update", route, flag, value) for flag, value in SAID.items()]
        at_once(ctl, ("route", "update", route, "--project", "routed", "--port", 4000), *several)
        (pattern,) = ctl.json("route", "show", route)["patterns"]
        assert pattern["target"] == {"project": "routed", "port": 4000} and set(pattern["policy"]) == KEYS


def test_a_service_that_is_not_there_needs_a_port_and_its_project(ctl):
    ctl.ok("project", "create", "sparse")
    new = ctl.run("service", "set", "sparse", "docs", "--auth", "deny")
    assert new.code == 2 and "is new: say its --port" in new.err
    nowhere = ctl.run("service", "set", "nowhere", "docs", "--auth", "deny")
    assert nowhere.code == 1 and 'no project "nowhere"' in nowhere.err
