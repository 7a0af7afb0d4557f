"""ingressctl: every noun, tables for people and JSON for programs, exit codes, and the file alone."""
import json
import os
import stat
import subprocess

import pytest

from harness.ctl import Ctl, write_secret
from harness.origin import answer, saying
from harness.process import program
from harness.stack import MACHINE


@pytest.fixture(scope="module")
def stack(tmp_path_factory, ca):
    from harness.stack import Stack

    made = Stack(tmp_path_factory.mktemp("ctl"), ca)
    yield made
    made.stop()


@pytest.fixture
def ctl(stack):
    return stack.ctl


def ids(ctl, noun, *words, key="id"):
    listed = ctl.json(noun, "list", *words)
    return [row[key] for row in (listed["items"] if isinstance(listed, dict) else listed)]


def test_a_machine_from_its_beginning_to_its_end(ctl):
    ctl.ok("machine", "create", "mach_1x", "--port", 4000, "--metadata", '{"owner": "a"}')
    shown = ctl.json("machine", "show", "mach_1x")
    assert (shown["defaultPort"], shown["metadata"], shown["state"]) == (4000, {"owner": "a"}, "active")
    ctl.ok("machine", "set", "mach_1x", "--port", 5000)
    assert ctl.json("machine", "show", "mach_1x")["defaultPort"] == 5000
    assert "mach_1x" in ctl.ok("machine", "list").out and "mach_1x" in ids(ctl, "machine")
    ctl.ok("machine", "archive", "mach_1x")
    assert ctl.json("machine", "show", "mach_1x")["state"] == "archived"
    ctl.ok("machine", "delete", "mach_1x")
    assert "mach_1x" not in ids(ctl, "machine")


def test_a_token_is_printed_once_and_alone(ctl, tmp_path):
    ctl.ok("machine", "create", "mach_2x")
    first = ctl.ok("machine", "token", "create", "mach_2x").out
    assert len(first.strip()) > 40 and first.count("\n") == 1
    second = ctl.ok("machine", "token", "mach_2x", "--label", "second").out.strip()
    assert second != first.strip()
    path = tmp_path / "token"
    done = ctl.ok("machine", "token", "mach_2x", "--output", path)
    assert done.out == "" and stat.S_IMODE(os.stat(path).st_mode) == 0o600 and len(path.read_text().strip()) > 40
    listed = ctl.ok("machine", "token", "list", "mach_2x").out
    assert "second" in listed and second not in listed
    rows = ctl.json("machine", "token", "list", "mach_2x")
    rows = rows["items"] if isinstance(rows, dict) else rows
    assert len(rows) == 3
    ctl.ok("machine", "token", "revoke", "mach_2x", rows[0]["id"])


def test_a_machine_can_come_with_its_token(ctl):
    made = ctl.json("machine", "create", "mach_3x", "--with-token")
    assert len(made["token"] if isinstance(made["token"], str) else made["token"]["token"]) > 40


def test_a_project_from_its_beginning_to_its_end(ctl):
    ctl.ok("machine", "create", "mach_4x")
    ctl.ok("project", "create", "fresh", "--machine", "mach_4x", "--port", 4000, "--profile", "vite")
    shown = ctl.json("project", "show", "fresh")
    assert (shown["machine"], shown["defaultPort"], shown["policy"]) == ("mach_4x", 4000, {"profile": "vite"})
    ctl.ok("project", "set", "fresh", "--port", 5000, "--auth", "deny")
    shown = ctl.json("project", "show", "fresh")
    assert (shown["defaultPort"], shown["policy"]) == (5000, {"profile": "vite", "auth": "deny"})
    ctl.ok("machine", "detach", "fresh")
    assert ctl.json("project", "show", "fresh")["machine"] is None
    ctl.ok("machine", "attach", "fresh", "mach_4x")
    assert ctl.json("project", "show", "fresh")["machine"] == "mach_4x"
    ctl.ok("project", "set", "fresh", "--suspended", "true")
    assert ctl.json("project", "show", "fresh")["suspended"] is True
    ctl.ok("project", "delete", "fresh")
    assert "fresh" not in ids(ctl, "project", key="slug")


def test_services_and_domains(ctl):
    ctl.ok("service", "set", "misha", "docs", "--port", 4000, "--host", "preserve")
    shown = ctl.json("service", "show", "misha", "docs")
    assert (shown["port"], shown["policy"]) == (4000, {"host": "preserve"})
    ctl.ok("service", "set", "misha", "docs", "--port", 4001)
    assert ctl.json("service", "show", "misha", "docs")["port"] == 4001
    assert "docs" in ctl.ok("service", "list", "misha").out
    ctl.ok("domain", "add", "Custom.Example.NET.", "misha")
    assert ids(ctl, "domain", key="name") == ["custom.example.net"]
    ctl.ok("domain", "remove", "custom.example.net")
    ctl.ok("service", "delete", "misha", "docs")
    assert ids(ctl, "service", "misha", key="name") == []


def test_routes(ctl):
    made = ctl.json("route", "create", "a.example.com", "*.b.example.com", "--machine", "mach_a", "--port", 4000,
                    "--external-id", "ext-1")
    assert [row["pattern"] for row in made["patterns"]] == ["a.example.com", "*.b.example.com"]
    assert made["patterns"][0]["target"] == {"machine": "mach_a", "port": 4000}
    assert ctl.run("route", "create", "a.example.com", "--project", "misha").code == 1
    taken = ctl.json("route", "create", "a.example.com", "--project", "misha", "--on-conflict", "overwrite")
    assert [row["pattern"] for row in ctl.json("route", "show", made["id"])["patterns"]] == ["*.b.example.com"]
    ctl.ok("route", "update", taken["id"], "--auth", "deny")
    assert ctl.json("route", "show", taken["id"])["patterns"][0]["policy"] == {"auth": "deny"}
    for route in (made, taken):
        ctl.ok("route", "delete", route["id"])
    assert ids(ctl, "route") == []


def test_a_pattern_that_is_only_spelled_otherwise_keeps_its_target_and_policy(stack, ctl):
    made = stack.admin.ok("POST", "/v1/routes", {"patterns": [
        {"pattern": "a.spelled.net", "target": {"machine": "mach_a"}, "policy": {"auth": "public"}},
        {"pattern": "docs.spelled.net", "target": {"project": "misha"}, "policy": {"auth": "deny"}},
        {"pattern": "docs.spelled.net/~/{user}", "target": {"project": "misha", "port": 4000}}]})
    for host, path in (("docs.spelled.net", "/~/{user}"), ("Docs.Spelled.NET", "/%7E/{user}"), ("docs.spelled.net.", "//~/{user}/"),
                       ("DOCS.spelled.net./*", "/~/{user}")):
        updated = ctl.json("route", "update", made["id"], "A.spelled.net", host, "Docs.spelled.net." + path)
        assert updated["patterns"] == made["patterns"], (host, path)
    updated = ctl.json("route", "update", made["id"], "Docs.spelled.net", "new.spelled.net")
    first, last = made["patterns"][:2]
    assert updated["patterns"] == [last, {**first, "pattern": "new.spelled.net"}]
    ctl.ok("route", "delete", made["id"])


def test_routes_are_listed_by_what_they_say_lead_to_and_belong_to(stack, ctl):
    ctl.ok("project", "create", "listed")
    to_machine = ctl.json("route", "create", "Docs.listed.net", "*.deep.listed.net", "--machine", "mach_a", "--external-id", "ext 7")
    to_project = ctl.json("route", "create", "b.listed.net", "--project", "listed", "--owner", "listed", "--id", "rt_listed")
    one, other = [to_machine["id"]], [to_project["id"]]
    alone = Ctl(None)
    for words, wanted in ((["--search", "DEEP.list"], one), (["--search", "rt_list"], other), (["--search", "ext "], one),
                          (["--search", "listed.net"], one + other), (["--search", "nothing"], []),
                          (["--machine", "mach_a"], one), (["--project", "listed"], other), (["--owner", "listed"], other),
                          (["--machine", "mach_a", "--search", "docs"], one), (["--machine", "mach_a", "--owner", "listed"], []),
                          (["--external-id", "ext 7"], one)):
        assert sorted(ids(ctl, "route", *words)) == sorted(wanted), words
        from_file = alone.ok("--db", stack.broker.db, "route", "list", *words, "--json").json
        assert sorted(row["id"] for row in from_file) == sorted(wanted), words
    for route in one + other:
        ctl.ok("route", "delete", route)
    ctl.ok("project", "delete", "listed")


def test_tunnels(stack, ctl):
    (tunnel,) = [row for row in stack.admin.tunnels("mach_a")]
    assert tunnel["id"] in ctl.ok("tunnel", "list").out
    assert ctl.json("tunnel", "show", tunnel["id"])["machine"] == "mach_a"
    ctl.ok("tunnel", "close", tunnel["id"])
    stack.agent.wait_up(2)


def test_loops(stack, ctl):
    rows = ctl.json("loop", "list")
    assert [row["loop"] for row in rows] == list(range(len(rows)))
    assert sum(row["machines"] for row in rows) == sum(row["tunnels"] for row in rows) == 1
    assert "CROSSING" in ctl.ok("loop", "list").out


def test_changes_are_listed_oldest_first(ctl):
    lines = ctl.ok("changes").out.splitlines()
    assert "machine.create" in lines[1] and "mach_a" in lines[1]
    rows = ctl.json("changes")
    rows = rows["items"] if isinstance(rows, dict) else rows
    assert [row["revision"] for row in rows] == sorted(row["revision"] for row in rows)


def test_of_the_changes_a_limit_takes_the_newest_or_those_after_a_revision(ctl):
    for number in range(5):
        ctl.ok("project", "set", "misha", "--metadata", json.dumps({"n": number}))
    revisions = [row["revision"] for row in ctl.json("changes")]
    assert [row["revision"] for row in ctl.json("changes", "--limit", 3)] == revisions[-3:]
    assert [row["revision"] for row in ctl.json("changes", "--limit", 10**6)] == revisions
    assert [row["revision"] for row in ctl.json("changes", "--since", 0, "--limit", 3)] == revisions[:3]
    assert [row["revision"] for row in ctl.json("changes", "--since", revisions[1], "--limit", 2)] == revisions[2:4]


def test_a_result_that_cannot_be_written_is_1(ctl):
    for closed in (">&-", ">/dev/full"):
        for words in (["machine", "list"], ["--help"], ["machine", "--help"], ["--version"], ["man"], ["completion", "bash"]):
            argv = ["sh", "-c", f'exec "$@" {closed}', "sh", program("ingressctl"), "--admin", ctl.admin, *words]
            done = subprocess.run(argv, capture_output=True, text=True, timeout=30)
            assert done.returncode == 1 and "cannot write" in done.stderr, (closed, words, done)


LISTS = ("machine list", "route list", "route export", "changes", "machine events m", "top --once --interval 100ms")
STRANGE = {
    "nothing": answer(b"{}"), "no content": b"HTTP/1.1 204 No Content\r\n\r\n", "no rows": answer(b'{"items":5,"next":null}'),
    "rows that are none": answer(b'{"items":[5],"next":null}'), "rows of nothing": answer(b'{"items":[{}],"next":null}'),
    "rows of other types": answer(b'{"items":[{"id":5,"name":{},"slug":[],"patterns":5,"revision":"x"}],"next":{}}'),
    "a list without an end": answer(b'{"items":[],"next":"a"}'), "no JSON": answer(b"<html>"),
    "a deep one": answer(b'{"items":[' + b"[" * 200000 + b"]" * 200000 + b"]}"),
    "a deep record": answer(b'{"id":' + b'{"a":' * 200000 + b"1" + b"}" * 200001),
}
# Rows are shown as they come, whatever they have; a list of changes or events ends with a page that is short.
SHOWN = {"rows of nothing": LISTS, "rows of other types": LISTS, "a list without an end": ("changes", "machine events m")}


@pytest.mark.parametrize("strange", STRANGE)
def test_what_is_no_answer_of_the_api_is_said_and_taken_for_none(make_origin, strange):
    admin = make_origin(saying(STRANGE[strange]))
    ctl = Ctl(f"127.0.0.1:{admin.port}", env={"INGRESS_TOKEN": "x"})
    for words in LISTS:
        done = ctl.run(*words.split(), "--json")
        if words in SHOWN.get(strange, ()):
            assert done.code in (0, 1), (words, done)  # and no other: it has not crashed
            continue
        assert done.code == 1 and done.out == "" and json.loads(done.err)["code"] == "admin_no_answer", (words, done)
    if strange in ("nothing", "no content", "no JSON", "a deep record"):
        for words in ("machine show m", "project show p", "why x", "machine create m", "broker show", "token create --role read"):
            done = ctl.run(*words.split())
            assert done.code == 1 and done.out == "" and "is this the admin API? (--admin)" in done.err, (words, done)


def test_what_fails_has_a_word_for_programs(stack, tmp_path):
    def code_of(admin, *words):
        return json.loads(Ctl(admin).run(*words, "machine", "list", "--json").err)["code"]

    assert code_of("unix:/nonexistent/admin.sock") == code_of("127.0.0.1:1") == "admin_unreachable"
    wrong = write_secret(str(tmp_path), "wrong", "no-such-token")
    assert code_of(f"127.0.0.1:{stack.broker.admin_port}", "--token-file", wrong) == "unauthorized"


def test_a_declared_project_is_the_same_the_second_time_and_tells_no_secret(ctl, tmp_path):
    """Its names in whatever case, its passwords as hashes of the broker's."""
    path = tmp_path / "decl.toml"
    path.write_text('slug = "decl"\ndomains = ["Shop.Example.NET.", "b.example.net"]\n'
                    '[policy]\nauth = [{basic = {users = {a = "hunter2"}}}, {bearer = {tokens = ["hunter3-with-enough-bits"]}}]\n'
                    '[services.docs]\nport = 4000\npolicy = {auth = {basic = {users = {b = "hunter4"}}}}\n')
    for words in (["--plan"], ["--plan", "--json"], ["--yes"]):
        done = ctl.ok("project", "apply", "-f", path, *words)
        assert "hunter" not in done.out + done.err and "(hidden)" in done.out, done
    for _ in range(2):
        assert ctl.ok("project", "apply", "-f", path, "--yes").out == "nothing to change\n"
        assert {row["name"] for row in ctl.json("domain", "list", "--project", "decl")} == {"shop.example.net", "b.example.net"}
    path.write_text(path.read_text().replace("hunter2", "hunter5"))
    assert ctl.ok("project", "apply", "-f", path, "--yes").out.startswith("~ project decl: policy")


def test_a_plan_that_would_be_refused_says_so_and_changes_nothing(stack, ctl, tmp_path):
    path = tmp_path / "planned.toml"
    path.write_text('slug = "planned"\ndomains = ["taken.example.org", "free.example.org"]\n')
    ctl.ok("project", "create", "holder")
    ctl.ok("domain", "add", "taken.example.org", "holder")
    refused = ctl.run("project", "apply", "-f", path, "--plan")
    assert refused.code == 1 and "+ domain taken.example.org" in refused.out
    assert 'this plan would be refused: domain "taken.example.org" is held by project "holder"' in refused.err
    by_json = ctl.run("project", "apply", "-f", path, "--plan", "--json")
    assert by_json.code == 1 and "would be refused" in by_json.json["problem"] and by_json.json["applied"] is False
    assert json.loads(by_json.err)["code"] == "conflict"
    reader = write_secret(str(tmp_path), "reader", ctl.json("token", "create", "--role", "read")["token"])
    read = Ctl(f"127.0.0.1:{stack.broker.admin_port}").run("--token-file", reader, "project", "apply", "-f", path, "--plan")
    assert read.code == 0 and "is not tried" in read.err and "+ domain taken.example.org" in read.out
    ctl.ok("domain", "remove", "taken.example.org")
    planned = ctl.ok("project", "apply", "-f", path, "--plan")
    assert planned.out.splitlines() == ["+ project planned", "+ domain free.example.org", "+ domain taken.example.org"]
    assert ctl.run("project", "show", "planned").code == 1
    ctl.ok("project", "delete", "holder")


@pytest.mark.parametrize("words", [
    ["machine", "show", "none"], ["machine", "create", "mach_a"], ["machine", "create", "A B"], ["machine", "delete", "mach_a"],
    ["project", "show", "none"], ["project", "create", "misha"], ["project", "create", "www"], ["service", "show", "misha", "none"],
    ["service", "set", "none", "docs", "--port", "80"], ["route", "show", "none"], ["domain", "remove", "none.example.com"],
    ["tunnel", "close", "none"], ["machine", "attach", "misha", "none"], ["project", "set", "misha", "--policy", '{"x": 1}'],
])
def test_a_refusal_is_1_with_a_sentence_on_stderr(ctl, words):
    done = ctl.run(*words)
    assert done.code == 1 and done.out == "" and done.err.startswith("ingressctl: "), done


@pytest.mark.parametrize("words", [
    [], ["nonsense"], ["machine"], ["machine", "nonsense"], ["machine", "create"], ["machine", "create", "a", "b"],
    ["machine", "list", "--nonsense"], ["service", "set", "misha"], ["why"], ["route", "create"],
])
def test_a_wrong_command_line_is_2(ctl, words):
    done = ctl.run(*words)
    assert done.code == 2 and done.err, done


@pytest.mark.parametrize("words", [["--since", "x"], ["--since", "-1"], ["--limit", "0"], ["--limit", "9" * 30]])
def test_a_number_that_is_none_is_said_in_a_line(ctl, words):
    done = ctl.run("changes", *words)
    assert done.code == 2 and f"'{words[1]}' is not a whole number" in done.err and len(done.err) < 200, done


@pytest.mark.parametrize("admin, reason", [("unix:/nonexistent/admin.sock", "No such file"), ("127.0.0.1:1", "Connection refused")])
def test_a_broker_that_is_not_there_is_1_and_why(admin, reason):
    done = Ctl(admin).run("machine", "list")
    assert done.code == 1 and reason in done.err and "is the broker running" in done.err, done


def test_the_wrong_token_is_4(stack):
    for env in ({}, {"INGRESS_TOKEN": "wrong"}):
        done = Ctl(f"127.0.0.1:{stack.broker.admin_port}", env=env).run("machine", "list")
        assert done.code == 4 and "not authorised" in done.err, done


@pytest.mark.parametrize("secret, words", [("abc\ndef", "more than one line"), ("abc\rdef", "more than one line"),
                                           ("abc\x01def", "a control character")])
def test_a_token_that_no_header_can_hold_is_said(stack, tmp_path, secret, words):
    path = write_secret(str(tmp_path), "token", secret)
    admin = f"127.0.0.1:{stack.broker.admin_port}"
    for done, name in ((Ctl(admin).run("--token-file", path, "machine", "list"), path),
                       (Ctl(admin, env={"INGRESS_TOKEN": secret}).run("machine", "list"), "INGRESS_TOKEN"),
                       (Ctl(admin).run("--token-file", path, "connect", "mach_a:22"), path)):
        assert done.code == 1 and f"the admin token: {name} holds {words}" in done.err, done


@pytest.mark.parametrize("form", ["127.0.0.1:@P", "http://127.0.0.1:@P", "localhost:@P"])
def test_over_tcp_with_the_token_by_variable_or_file(stack, tmp_path, form):
    address = form.replace("@P", str(stack.broker.admin_port))
    by_variable = Ctl(address, env={"INGRESS_TOKEN": stack.broker.admin_token})
    assert "mach_a" in ids(by_variable, "machine")
    path = write_secret(str(tmp_path), "token", stack.broker.admin_token)
    assert "mach_a" in Ctl(address).ok("--token-file", path, "machine", "list").out


def test_the_address_may_come_by_variable(stack):
    ctl = Ctl(None, env={"INGRESS_ADMIN": f"unix:{stack.broker.admin_socket}"})
    assert "mach_a" in ids(ctl, "machine")


def test_no_broker_is_1_and_says_so(tmp_path):
    for address in (f"unix:{tmp_path}/none.sock", "127.0.0.1:1"):
        done = Ctl(address).run("machine", "list")
        assert done.code == 1 and "broker" in done.err, done


@pytest.mark.parametrize("noun, words", [("machine", []), ("project", []), ("service", ["misha"]), ("route", []), ("domain", [])])
def test_the_file_alone_lists_what_the_broker_lists(stack, ctl, noun, words):
    if noun == "service":
        ctl.ok("service", "set", "misha", "api", "--port", 4000)
    alone = Ctl(None).run("--db", stack.broker.db, noun, "list", *words, "--json")
    assert alone.code == 0, alone

    def names(listed):
        rows = listed["items"] if isinstance(listed, dict) else listed
        return sorted(row.get("id") or row.get("slug") or row.get("name") for row in rows)

    assert names(alone.json) == names(ctl.json(noun, "list", *words))


def test_the_file_alone_lists_join_tokens_as_the_broker_does(stack, ctl):
    ctl.ok("machine", "join-token", "create", "--any-number", "--label", "any")
    ctl.ok("machine", "join-token", "create", "--uses", 7, "--label", "seven")
    from_file = Ctl(None).json("--db", stack.broker.db, "machine", "join-token", "list")
    assert {row["label"]: row["usesLeft"] for row in from_file} == {"any": None, "seven": 7}
    assert from_file == ctl.json("machine", "join-token", "list")
    for row in from_file:
        ctl.ok("machine", "join-token", "revoke", row["id"])


@pytest.mark.parametrize("words", [["machine", "create", "mach_9x"], ["tunnel", "list"], ["why", "misha.iterate.app"]])
def test_the_file_alone_changes_nothing_and_knows_no_tunnels(stack, words):
    assert Ctl(None).run("--db", stack.broker.db, *words).code in (1, 2)


def test_a_policy_with_secrets_comes_by_a_file_or_by_standard_input(stack, tmp_path):
    way = '{"basic":{"users":{"alice":"open sesame"}}}'
    (tmp_path / "auth").write_text(way + "\n")
    name = "misha-s"
    host = f"{name}.iterate.app"
    stack.ctl.ok("project", "create", name, "--machine", MACHINE, "--auth", f"@{tmp_path}/auth")
    assert stack.get(host).status == 401
    stack.ctl.ok("project", "set", name, "--auth", "public")
    assert stack.get(host).status != 401
    argv = [program("ingressctl"), "--admin", f"unix:{stack.broker.admin_socket}", "project", "set", name, "--policy", "-"]
    subprocess.run(argv, input=f'{{"auth":{way}}}', text=True, check=True, capture_output=True, timeout=30)
    assert stack.get(host).status == 401
    stack.ctl.ok("project", "delete", name)
    refused = stack.ctl.run("project", "set", name, "--policy", "-")
    assert refused.code == 2 and "standard input is empty" in refused.err


def test_programs_are_told_what_failed_by_the_apis_code(shared):
    done = shared.ctl.run("machine", "show", "nobody", "--json")
    assert done.code == 1 and json.loads(done.err) == {"error": 'there is no machine "nobody"', "code": "not_found"}
    done = Ctl("unix:/nonexistent.sock").run("machine", "list", "--json")
    assert done.code == 1 and "is the broker running" in json.loads(done.err)["error"]


def test_times_are_durations_or_seconds_everywhere(shared):
    for ttl in ("8h", "28800"):
        made = shared.ctl.run("token", "create", "--role", "read", "--ttl", ttl)
        assert made.code == 0, made
        assert shared.ctl.run("machine", "join-token", "create", "--ttl", ttl).code == 0
    [*_, last] = [row for row in shared.ctl.json("token", "list")]
    assert shared.ctl.run("token", "rotate", last["id"], "--overlap", "1h").code == 0
    refused = shared.ctl.run("token", "create", "--role", "read", "--ttl", "soon")
    assert refused.code == 2 and "--ttl" in refused.err


def test_a_declared_service_keeps_the_machine_and_the_policy_that_its_file_does_not_name(stack, ctl, tmp_path):
    stack.admin.machine("mach_pinned")
    path = tmp_path / "kept.toml"
    path.write_text('slug = "kept"\n[services.docs]\nport = 4000\n')
    ctl.ok("project", "apply", "-f", path, "--yes")
    stack.admin.service("kept", "docs", 4000, machine="mach_pinned", policy={"auth": "share"})
    assert ctl.ok("project", "apply", "-f", path, "--yes").out == "nothing to change\n"
    for text, plan, machine in (("port = 4001\n", "port 4001", "mach_pinned"),
                                ('port = 4001\nmachine = ""\n', 'machine "", port 4001', None)):
        path.write_text('slug = "kept"\n[services.docs]\n' + text)
        assert ctl.ok("project", "apply", "-f", path, "--yes").out.startswith(f"~ service docs: {plan}\n")
        kept = stack.admin.ok("GET", "/v1/projects/kept/services/docs")
        assert (kept["port"], kept["machine"], kept["policy"]) == (4001, machine, {"auth": "share"})
        assert ctl.ok("project", "apply", "-f", path, "--yes").out == "nothing to change\n"
    ctl.ok("project", "delete", "kept")
    stack.admin.ok("DELETE", "/v1/machines/mach_pinned")
