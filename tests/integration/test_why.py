"""why HOST in set-ups that are broken in one place each: it names that place and what to do."""
import re

import pytest

from harness.origin import saying
from harness.ports import free_port

STEPS = ["grammar", "route", "policy", "certificate", "dns", "machine", "tunnel", "probe"]


@pytest.fixture(scope="module")
def stack(tmp_path_factory, ca):
    from harness.stack import Stack

    made = Stack(tmp_path_factory.mktemp("why"), ca)
    admin = made.admin
    admin.project("alone")
    admin.project("shut", "mach_a")
    admin.machine("mach_shut")
    admin.ok("PUT", "/v1/projects/shut/machine", {"machine": "mach_shut"})
    admin.set_project("shut", suspended=True)
    admin.machine("mach_off")
    admin.machine("mach_old", state="archived")
    admin.service("misha", "closed", free_port(), policy={"auth": "deny"})
    yield made
    made.stop()


def report(stack, host):
    done = stack.ctl.run("why", host, "--json")
    said = done.json
    assert [step["step"] for step in said["steps"]] == STEPS
    assert done.code == (0 if said["ok"] else 1)
    for step in said["steps"]:
        assert step["state"] != "failed" or step["advice"], step
    return said


@pytest.mark.parametrize("host, step, words", [
    ("a..b", "grammar", "label"), ("mi!sha.iterate.app", "grammar", "label"), ("0__misha.iterate.app", "grammar", "port"),
    ("nobody.iterate.app", "route", "nobody"), ("mach_none.machines.iterate.app", "route", "mach_none"),
    ("none.misha.iterate.app", "route", "none"), ("elsewhere.example.org", "route", "elsewhere.example.org"),
    ("alone.iterate.app", "machine", "alone"), ("mach_old.machines.iterate.app", "machine", "archived"),
    ("mach_off.machines.iterate.app", "tunnel", "mach_off"),
])
def test_the_first_thing_that_is_wrong_is_named(stack, host, step, words):
    said = report(stack, host)
    assert said["ok"] is False
    assert said["problem"]["step"] == step and words in said["problem"]["detail"], said["problem"]
    assert said["problem"]["advice"]


@pytest.mark.parametrize("host", ["shut.iterate.app", "closed.misha.iterate.app"])
def test_a_suspension_or_a_policy_that_denies_is_named(stack, host):
    said = report(stack, host)
    assert said["ok"] is False and said["problem"]["step"] in ("route", "policy", "machine"), said["problem"]


def test_a_port_that_nobody_listens_on_is_named(stack):
    port = free_port()
    said = report(stack, f"{port}__misha.iterate.app")
    assert said["problem"]["step"] == "probe" and str(port) in said["problem"]["detail"]


def test_a_name_that_no_certificate_serves_is_said(stack, origin):
    stack.admin.route([f"bare{origin.port}.example.org"], machine="mach_a", port=origin.port)
    said = report(stack, f"bare{origin.port}.example.org")
    certificate = said["steps"][STEPS.index("certificate")]
    assert certificate["state"] == "failed" and "--tls-dir" in certificate["advice"]


def test_a_service_that_no_certificate_serves_is_told_its_name_that_one_does(stack):
    certificate = report(stack, "closed.misha.iterate.app")["steps"][STEPS.index("certificate")]
    assert certificate["state"] == "failed" and "or use closed__misha.iterate.app" in certificate["advice"]


@pytest.mark.parametrize("host", ["nobody.iterate.app", "mach_none.machines.iterate.app", "none.misha.iterate.app",
                                  "0__misha.iterate.app", "elsewhere.example.org", "alone.iterate.app", "shut.iterate.app",
                                  "mach_old.machines.iterate.app", "mach_off.machines.iterate.app"])
def test_what_an_advice_says_to_run_is_a_command(stack, host):
    for step in report(stack, host)["steps"]:
        for words in re.findall(r"ingressctl ([a-z]+ [a-z]+)", step["advice"]):
            done = stack.ctl.run(*words.split(), "--help")
            assert done.code == 0 and f"Usage: ingressctl {words} " in done.out, (step, done)


@pytest.mark.parametrize("host", ["10.0.0.1", "1.2.3", "localhost", "machines.iterate.app", "a.b.machines.iterate.app"])
def test_what_can_be_no_domain_is_told_of_a_route_alone(stack, host):
    said = report(stack, host)
    assert said["problem"]["advice"] == f"make a route: ingressctl route create {host} --project PROJECT"
    assert '""' not in said["problem"]["detail"]


def test_an_address_is_looked_up_by_nobody(stack):
    dns = report(stack, "10.0.0.1")["steps"][STEPS.index("dns")]
    assert dns["state"] == "ok" and "is an address" in dns["detail"]


def test_nobody_vouches_for_what_the_app_answers(stack, make_origin):
    """A greeting as SSH's, where HTTP is to be spoken: each request is a 502."""
    origin = make_origin(saying(b"SSH-2.0-OpenSSH\r\n"))
    host = f"{origin.port}__misha.iterate.app"
    assert stack.get(host).status == 502
    probe = report(stack, host)["steps"][-1]
    assert probe["state"] == "ok" and probe["detail"].endswith("whether it speaks http, its origin_protocol, is not tried")
    told = stack.ctl.run("why", host).out
    assert "all is well" not in told and "is not tried" in told


def test_a_host_that_works_passes_every_step_but_public_dns(stack, origin):
    said = report(stack, f"https://{origin.port}__misha.iterate.app:8443/some/page?x")
    assert said["host"] == f"{origin.port}__misha.iterate.app"
    assert [step["step"] for step in said["steps"] if step["state"] == "failed"] in ([], ["dns"])
    assert said["target"]["machine"] == "mach_a" and said["target"]["port"] == origin.port


def test_the_text_for_people_ends_with_what_to_do(stack):
    done = stack.ctl.run("why", "nobody.iterate.app")
    assert done.code == 1
    assert done.out.rstrip().splitlines()[-1] == "to do: make it: ingressctl project create nobody"
    for step in STEPS:
        assert step in done.out
    assert "the first thing that is wrong, DNS last" in stack.ctl.ok("why", "--help").out


def test_a_probe_reaches_an_origin_on_ipv6_loopback(stack, make_origin):
    origin = make_origin(host="::1")
    probe = report(stack, f"{origin.port}__misha.iterate.app")["steps"][-1]
    assert probe["state"] == "ok"


def test_a_probe_sends_the_origin_nothing(stack, origin):
    report(stack, f"{origin.port}__misha.iterate.app")
    assert origin.raw == b""
