"""Join tokens: an agent that comes with one makes its machine; and what a revoked token ends."""
import pytest


@pytest.fixture(scope="module", params=[1, 2], ids=["one loop", "two loops"])
def stack(request, tmp_path_factory, ca):
    from harness.stack import Stack

    made = Stack(tmp_path_factory.mktemp("joining"), ca, broker={"options": ["--loops", str(request.param)]})
    yield made
    made.stop()


@pytest.fixture
def admin(stack):
    return stack.admin


def join_token(admin, **more):
    return admin.ok("POST", "/v1/join-tokens", more)


def test_an_agent_with_a_join_token_makes_its_machine_and_comes_back_by_it(stack, admin):
    made = join_token(admin, project="misha", label="pool")
    agent = stack.another_agent("mach_j1", made["token"]).start()
    machine = admin.ok("GET", "/v1/machines/mach_j1")
    assert (machine["owner"], machine["connected"]) == ("misha", True)
    assert admin.ok("GET", f"/v1/join-tokens/{made['id']}")["usesLeft"] == 0
    (token,) = admin.items("/v1/machines/mach_j1/tokens")
    assert made["id"] in token["label"]
    (row,) = [row for row in admin.ok("GET", "/v1/changes?limit=1000")["items"] if row["subject"] == "mach_j1"]
    assert row["actor"] == made["id"]
    agent.stop()
    again = stack.another_agent("mach_j1", made["token"]).start()
    assert len(admin.tunnels("mach_j1")) == 1, "its uses are gone, but the machine is its own"
    again.stop()


def test_a_token_for_one_use_makes_no_second_machine(stack, admin):
    made = join_token(admin)
    stack.another_agent("mach_j2", made["token"]).start().stop()
    late = stack.another_agent("mach_j3", made["token"])
    late.start(wait=False)
    late.process.wait_event("tunnel_refused", code="UNKNOWN_MACHINE")
    assert admin.refused("GET", "/v1/machines/mach_j3") == (404, "not_found")
    late.process.stop()


@pytest.mark.parametrize("machine, limits, words", [("mach_j9", {"machines": 0}, "machines"), ("mach-a", {}, "mach-a")])
def test_a_machine_that_cannot_be_made_is_asked_for_once_and_its_agent_told_why(stack, admin, machine, limits, words):
    """Its project may have no more machines; or its id is another's, but for a hyphen."""
    slug = f"join-{machine.replace('_', '-')}"
    admin.project(slug, limits=limits)
    made = join_token(admin, project=slug, uses=None)
    agent = stack.another_agent(machine, made["token"], connections=2)
    agent.start(wait=False)
    for count in (1, 2):
        # Each slot comes until it is told so; then it slows.
        said = agent.process.wait_event("tunnel_refused", code="UNKNOWN_MACHINE", count=count, permanent="true")
        assert "cannot be made" in said["reason"] and words in said["reason"], said
    assert len(stack.broker.process.find("machine_join_refused", machine=machine)) == 1
    assert "mach_a" not in agent.process.find("tunnel_refused", code="UNKNOWN_MACHINE")[0]["reason"]
    agent.process.stop()


def test_a_join_token_opens_no_machine_that_another_made(stack, admin):
    made = join_token(admin, uses=None)
    assert made["usesLeft"] is None
    thief = stack.another_agent("mach_a", made["token"])
    thief.start(wait=False)
    thief.process.wait_event("tunnel_refused", code="BAD_TOKEN")
    thief.process.stop()


def test_a_revoked_join_token_makes_nothing_and_what_it_made_stays(stack, admin):
    made = join_token(admin, uses=None)
    agent = stack.another_agent("mach_j4", made["token"]).start()
    admin.ok("DELETE", f"/v1/join-tokens/{made['id']}")
    late = stack.another_agent("mach_j5", made["token"])
    late.start(wait=False)
    late.process.wait_event("tunnel_refused", code="UNKNOWN_MACHINE")
    late.process.stop()
    assert len(admin.tunnels("mach_j4")) == 1
    (token,) = admin.items("/v1/machines/mach_j4/tokens")
    admin.ok("DELETE", f"/v1/machines/mach_j4/tokens/{token['id']}")
    agent.process.wait_event("tunnel_refused", code="BAD_TOKEN")
    assert admin.tunnels("mach_j4") == []
    agent.process.stop()


def test_a_revoked_machine_token_ends_its_tunnels_in_a_batch_too(stack, admin):
    admin.machine("mach_j6")
    made = admin.ok("POST", "/v1/machines/mach_j6/tokens", {})
    agent = stack.another_agent("mach_j6", made["token"]).start()
    admin.ok("POST", "/v1/batch", {"operations": [{"method": "DELETE", "path": f"/v1/machines/mach_j6/tokens/{made['id']}"}]})
    agent.process.wait_event("tunnel_refused", code="BAD_TOKEN")
    agent.process.stop()


def test_ingressctl_makes_lists_and_revokes_them(stack):
    ctl = stack.ctl
    secret = ctl.ok("machine", "join-token", "create", "--uses", 3, "--ttl", 600, "--project", "misha", "--label", "ci").out.strip()
    assert secret.startswith("jt_") and len(secret) > 60
    (row,) = [row for row in ctl.json("machine", "join-token", "list", "--project", "misha") if row["label"] == "ci"]
    assert (row["usesLeft"], row["project"]) == (3, "misha") and row["expiresAt"] and secret not in str(row)
    ctl.ok("machine", "join-token", "revoke", row["id"])
    assert row["id"] not in ctl.ok("machine", "join-token", "list").out
