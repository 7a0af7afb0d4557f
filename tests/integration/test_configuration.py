"""Settings by flag, variable and file; validate; exit codes; secrets never in argv."""
import json
import os
import re
import sqlite3
import subprocess

import pytest

from harness.broker import Broker
from harness.ctl import write_secret
from harness.process import environment, program

PROGRAMS = ["ingress-broker", "ingress-agent", "ingressctl"]


def run(name, *words, env=None):
    return subprocess.run([program(name), *words], capture_output=True, text=True, timeout=30, env=environment(env))


@pytest.mark.parametrize("name", PROGRAMS)
def test_version_and_help_are_good_and_on_stdout(name):
    for flag in ("--version", "--help"):
        done = run(name, flag)
        assert (done.returncode, done.stderr) == (0, "") and done.stdout


def helps_of(*words):
    """The help of a command and of all that are below it."""
    text = run(*words, "--help").stdout
    yield words, text
    if words[0] == "ingressctl":
        for command in re.findall(r"^  ([a-z-]+)", text.partition("Subcommands:\n")[2].partition("\n\n")[0], re.MULTILINE):
            yield from helps_of(*words, command)


@pytest.mark.parametrize("words", [["ingress-broker"], ["ingress-broker", "dev"], ["ingress-agent"], ["ingressctl"]])
def test_every_help_fits_80_columns(words):
    helps = dict(helps_of(*words))
    assert words != ["ingressctl"] or ("ingressctl", "machine", "join-token", "create") in helps
    wide = [(of, line) for of, text in helps.items() for line in text.splitlines()
            if len(line) > 80 and " " in line.strip()]  # a path of this machine's may be wider
    assert wide == []


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("words", [["--nonsense"], ["nonsense"], []])
def test_a_wrong_command_line_is_2_and_on_stderr(name, words):
    done = run(name, *words)
    assert done.returncode == 2 and done.stderr, done


def test_a_typo_is_met_with_the_nearest_word():
    assert "validate" in run("ingress-broker", "validat").stderr
    assert "--domain" in run("ingress-broker", "run", "--domian", "x").stderr


@pytest.fixture
def broker(tmp_path, ca):
    return Broker(tmp_path, ca)


def words_of(broker, *without):
    """`validate` with the broker's flags, less some."""
    words, left = [], broker.argv()[2:]
    while left:
        flag, value = left.pop(0), left.pop(0)
        if flag not in without:
            words += [flag, value]
    return ["validate", *words]


def test_validate_shows_the_settings_and_touches_nothing(broker):
    before = sorted(os.listdir(broker.folder))
    done = run("ingress-broker", *words_of(broker))
    assert done.returncode == 0, done
    assert sorted(os.listdir(broker.folder)) == before


SECRET_WAYS = '{"basic":{"users":{"alice":"open sesame"}}}', '{"bearer":{"tokens":["open sesame"]}}', \
    '[{"basic":{"users":{"alice":"open sesame"}}},"share"]'


@pytest.mark.parametrize("way", SECRET_WAYS)
def test_validate_shows_no_secret_of_a_policy(broker, way):
    policy = f'{{"auth":{way}}}'
    done = run("ingress-broker", *words_of(broker, "--default-auth"), "--default-auth", way, "--policy", policy,
               "--enforce", policy)
    assert done.returncode == 0 and "sesame" not in done.stdout + done.stderr, done
    assert done.stdout.count("sha256:") == 3
    bad = run("ingress-broker", *words_of(broker, "--default-auth"), "--default-auth", way[:-1] + ', "x"')
    assert bad.returncode == 78 and "sesame" not in bad.stderr, bad


@pytest.mark.parametrize("without, words, reason", [
    (["--default-auth"], [], "default-auth"), (["--default-auth"], ["--default-auth", "friends"], "default-auth"),
    (["--tls-dir"], [], "tls-dir"), (["--tls-dir"], ["--tls-dir", "/nonexistent"], "tls-dir"),
    (["--https"], [], "https"), (["--https"], ["--https", "nonsense:x"], "https"), (["--db"], ["--db", "/nonexistent/x.db"], "db"),
    (["--admin-token-file"], [], "admin"), (["--admin-token-file"], ["--admin-token-file", "/nonexistent"], "/nonexistent"),
    (["--domain"], ["--domain", "not a domain"], "domain"), (["--grace-period"], ["--grace-period", "soon"], "grace-period"),
    ([], ["--acme-webroot", "/nonexistent"], "acme-webroot"), ([], ["--log-level", "loud"], "log-level"),
    ([], ["--public-https-port", "65536"], "public-https-port"), ([], ["--public-https-port", "https"], "public-https-port"),
    (["--access-log"], ["--access-log", "/nonexistent/x.log"], "access-log"), (["--access-log"], ["--access-log", "/etc"], "access-log"),
    ([], ["--admin", "unix:/nonexistent/x.sock"], "admin unix:/nonexistent/x.sock"),
    ([], ["--http", "127.0.0.1:4444", "--https", "127.0.0.1:4444"], "https 127.0.0.1:4444"),
    ([], ["--admin", "127.0.0.1:4445", "--admin", "127.0.0.1:4445"], "admin 127.0.0.1:4445"),
    ([], ["--acme-hook", "/bin/true", "--acme-dir", "/etc/passwd/acme"], "acme-dir"),
    (["--db"], ["--db", "/etc/passwd"], "db /etc/passwd: is no database"),
])
def test_a_bad_configuration_of_the_broker_is_78_and_its_reason(broker, without, words, reason):
    for command in ("validate", "run"):
        line = words_of(broker, *without)
        done = run("ingress-broker", command, *line[1:], *words)
        assert done.returncode == 78 and reason in done.stderr, done


def test_a_variable_that_takes_the_place_of_a_list_of_the_file_is_told(broker, tmp_path):
    config = tmp_path / "broker.toml"
    config.write_text('domain = ["a.example", "b.example"]\n')
    words = [*words_of(broker, "--domain"), "--config", str(config)]
    alone = run("ingress-broker", *words)
    assert alone.returncode == 0 and "setting_replaced" not in alone.stderr, alone
    replaced = run("ingress-broker", *words, env={"INGRESS_DOMAIN": "c.example"})
    assert replaced.returncode == 0 and "domain = c.example  (environment)" in replaced.stdout, replaced
    line = json.loads(next(line for line in replaced.stderr.splitlines() if "setting_replaced" in line))
    assert (line["setting"], line["by"]) == ("domain", "INGRESS_DOMAIN")


@pytest.mark.parametrize("statement, reason", [
    ("PRAGMA user_version = 99", "schema version 99"), ("PRAGMA application_id = 7", "another program"), (None, None)])
def test_a_database_that_a_broker_cannot_use_is_refused_before_anything_is_made(make_stack, statement, reason):
    broker = make_stack(start=False).broker
    broker.process.stop()
    with sqlite3.connect(broker.db) as connection:
        if statement is not None:
            connection.execute(statement)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    before = sorted(os.listdir(broker.folder))
    argv = broker.argv()
    argv[argv.index("run")] = "validate"
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30)
    if reason is None:
        assert done.returncode == 0, done
    else:
        assert done.returncode == 78 and f"--db {broker.db}: " in done.stderr and reason in done.stderr, done
    assert sorted(os.listdir(broker.folder)) == before


@pytest.mark.parametrize("words, reason", [
    ([], "broker"), (["--broker", "http://x"], "broker"), (["--broker", "https://x/path"], "broker"),
    (["--broker", "https://x"], "machine"), (["--broker", "https://x", "--machine", "a b"], "machine"),
    (["--broker", "https://x", "--machine", "mach_a"], "token"),
    (["--broker", "https://x", "--machine", "mach_a", "--token-file", "/nonexistent"], "token"),
    (["--broker", "https://x", "--machine", "mach_a", "--token-file", "@T", "--ca-file", "/nonexistent"], "ca-file"),
    (["--broker", "https://x", "--machine", "mach_a", "--token-file", "@T", "--deny-port", "x"], "deny-port"),
    (["--broker", "https://x", "--machine", "mach_a", "--token-file", "@T", "--allow-target", "x"], "allow-target"),
    (["--broker", "https://x", "--machine", "mach_a", "--token-file", "@T", "--listen", "x"], "listen"),
    (["--broker", "https://x", "--machine", "mach_a", "--token-file", "@T", "--connections", "0"], "connections"),
    (["--broker", "https://x", "--machine", "mach_a", "--token-file", "@T", "--secret-file", "@T", "--open"], "open"),
    (["--broker", "https://x", "--machine", "mach_a", "--token-file", "@T", "--label", b"q=\xff"], "is not UTF-8"),
])
def test_a_bad_configuration_of_the_agent_is_78_and_its_reason(tmp_path, words, reason):
    token = write_secret(str(tmp_path), "token", "secret")
    for command in ("validate", "run"):
        done = run("ingress-agent", command, *[token if word == "@T" else word for word in words])
        assert done.returncode == 78 and reason in done.stderr, done


def validate_agent(tmp_path, *words, broker="https://x", machine="mach_a", token="secret"):
    file = write_secret(str(tmp_path), "token", token)
    return run("ingress-agent", "validate", "--broker", broker, f"--machine={machine}", "--token-file", file, *words)


@pytest.mark.parametrize("machine", ["a--b", "a__b", "-a", "a-", "123", "machines", "Mach", "a" * 57])
def test_a_machine_that_no_broker_has_is_refused_by_its_agent(tmp_path, machine):
    done = validate_agent(tmp_path, machine=machine)
    assert done.returncode == 78 and f'"{machine}"' in done.stderr and "cannot be a machine id" in done.stderr, done


@pytest.mark.parametrize("words, reason", [
    ({"broker": "https://b..c"}, "malformed"), ({"broker": "https://[:::::]"}, "malformed"),
    (["--allow-target", "[:::::]:80"], "HOST:PORT"), (["--allow-target", "b..c:80"], "HOST:PORT"),
    (["--allow-target", "localhost:9222"], "port 9222 of this machine is denied"),
    (["--allow-target", "127.0.0.1:81", "--allow-port", "80"], "port 81 of this machine is denied"),
    ({"token": " \n\n"}, "is empty"),
])
def test_what_would_never_work_is_refused_by_the_agent(tmp_path, words, reason):
    named, more = (words, []) if isinstance(words, dict) else ({}, words)
    done = validate_agent(tmp_path, *more, **named)
    assert done.returncode == 78 and reason in done.stderr, done


@pytest.mark.parametrize("words", [
    {"broker": "HTTPS://b"}, ["--allow-port", "80, 90"], ["--allow-target", "localhost:9222", "--allow-port", "1-65535"],
    ["--allow-target", "localhost:3000"], {"token": "secret \r\n\n"}])
def test_what_works_is_good_to_the_agent(tmp_path, words):
    named, more = (words, []) if isinstance(words, dict) else ({}, words)
    done = validate_agent(tmp_path, *more, **named)
    assert done.returncode == 0, done


DIRECTORY = "Is a directory"


@pytest.mark.parametrize("flag", ["--admin-token-file", "--wake-secret-file", "--config"])
def test_a_directory_in_place_of_a_file_of_the_broker_is_78(broker, flag):
    for command in ("validate", "run"):
        done = run("ingress-broker", command, *words_of(broker, flag)[1:], flag, broker.folder)
        assert done.returncode == 78 and DIRECTORY in done.stderr, done


@pytest.mark.parametrize("flag", ["--token-file", "--secret-file", "--config"])
def test_a_directory_in_place_of_a_file_of_the_agent_is_78(tmp_path, flag):
    words = ["--broker", "https://x", "--machine", "mach_a"]
    if flag != "--token-file":
        words += ["--token-file", write_secret(str(tmp_path), "token", "secret")]
    for command in ("validate", "run"):
        done = run("ingress-agent", command, *words, flag, str(tmp_path))
        assert done.returncode == 78 and DIRECTORY in done.stderr, done


@pytest.mark.parametrize("words", [
    ["--token-file", "@D", "machine", "list"], ["project", "create", "misha", "--policy", "@@D"], ["project", "apply", "-f", "@D"],
    ["route", "import", "@D"]])
def test_a_directory_in_place_of_a_file_of_ingressctl_is_an_error(tmp_path, words):
    done = run("ingressctl", "--admin", "127.0.0.1:1", *[word.replace("@D", str(tmp_path)) for word in words])
    assert done.returncode in (1, 2, 4, 78) and DIRECTORY in done.stderr, done


def test_a_directory_by_variable_is_an_error(tmp_path):
    done = run("ingressctl", "--admin", "127.0.0.1:1", "machine", "list", env={"INGRESS_TOKEN_FILE": str(tmp_path)})
    assert done.returncode > 0 and DIRECTORY in done.stderr, done


def test_a_token_by_a_pipe_is_read(tmp_path):
    """As the shell's <(command) gives it: a path of a descriptor."""
    reader, writer = os.pipe()
    os.write(writer, b"secret\n")
    os.close(writer)
    done = subprocess.run([program("ingress-agent"), "validate", "--broker", "https://x", "--machine", "mach_a", "--token-file",
                           f"/dev/fd/{reader}"], capture_output=True, text=True, timeout=30, env=environment(),
                          pass_fds=[reader])
    os.close(reader)
    assert done.returncode == 0, done


def test_the_agent_has_no_switch_to_skip_verification():
    text = run("ingress-agent", "--help").stdout + run("ingress-agent", "run", "--help").stdout
    for word in ("insecure", "skip", "no-verify"):
        assert word not in text.lower()


def test_secrets_are_not_taken_by_flag():
    for name in ("ingress-agent", "ingress-broker"):
        assert run(name, "run", "--token", "x", "--admin-token", "x").returncode == 2


def test_a_flag_is_stronger_than_a_variable_and_that_than_the_file(tmp_path):
    token = write_secret(str(tmp_path), "token", "secret")
    config = tmp_path / "agent.toml"
    config.write_text(f'broker = "https://file.example.com"\nmachine = "mach_file"\ntoken-file = "{token}"\nconnections = 3\n')
    variables = {"INGRESS_MACHINE": "mach_variable", "INGRESS_BROKER": "https://variable.example.com"}
    done = run("ingress-agent", "validate", "--config", str(config), "--broker", "https://flag.example.com", env=variables)
    assert done.returncode == 0, done
    assert "https://flag.example.com" in done.stdout and "mach_variable" in done.stdout and "3" in done.stdout
    assert "mach_file" not in done.stdout and "variable.example.com" not in done.stdout
    assert "secret" not in done.stdout.replace("secret-file", "").replace("--secret", "").replace("secret ", "")


@pytest.mark.parametrize("text", ["nonsense = 1\n", "broker = \n", "[section\n", 'connections = "many"\n'])
def test_a_bad_file_is_78(tmp_path, text):
    config = tmp_path / "agent.toml"
    config.write_text(text)
    assert run("ingress-agent", "validate", "--config", str(config)).returncode == 78


@pytest.mark.parametrize("text, place", [
    ("# one\nnonsense = 1\n", "nonsense in {}, line 2"), ("# one\nbroker = \n", "broker in {}, line 2"),
    ('# one\nbroker = "https://b.example"\nlisten = "nowhere"\nmachine = "mach_1"\n', "listen in {}, line 3"),
])
def test_a_bad_file_is_told_with_its_line_and_its_key(tmp_path, text, place):
    config = tmp_path / "agent.toml"
    config.write_text(text)
    done = run("ingress-agent", "validate", "--config", str(config), env={"INGRESS_TOKEN": "secret"})
    assert done.returncode == 78 and place.format(config) in done.stderr, done


def test_a_missing_file_is_78():
    assert run("ingress-agent", "validate", "--config", "/nonexistent.toml").returncode == 78


def test_a_port_that_is_taken_is_said_and_1(make_stack):
    stack = make_stack(start=False)
    from harness.process import Process

    argv = stack.broker.argv()
    argv[argv.index("--db") + 1] = os.path.join(stack.folder, "other.db")
    second = Process("second", argv, stack.folder)
    assert second.wait_exit() == 1
    assert second.find("listen_failed")
    second.assert_sane()


def test_text_logs_are_one_line_an_event(make_stack):
    stack = make_stack(start=False)
    stack.broker.process.stop()
    words = stack.broker.argv()
    words[words.index("--log-format") + 1] = "text"
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=environment())
    lines = []
    for line in process.stderr:
        lines.append(line)
        if " ready " in line:
            process.terminate()
    assert process.wait(20) == 0
    assert any(" info listening what=https " in line for line in lines)


@pytest.mark.parametrize("word, policy", [("batch", os.SCHED_BATCH), ("normal", os.SCHED_OTHER)])
def test_every_loop_is_scheduled_as_the_setting_says(make_stack, word, policy):
    stack = make_stack(broker={"options": ["--scheduling", word, "--loops", "2"]})
    threads = os.listdir(f"/proc/{stack.broker.process.pid}/task")
    assert len(threads) > 2
    assert {os.sched_getscheduler(int(thread)) for thread in threads} == {policy}
