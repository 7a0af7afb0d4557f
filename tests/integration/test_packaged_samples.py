"""Units, settings' files and samples of packaging/, looked at without being installed. `./dev package test` runs them."""
import contextlib
import os
import re
import shutil
import subprocess
import tomllib

import pytest

from harness.process import program
from harness.wait import wait_until

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
PACKAGING = os.path.join(ROOT, "packaging")
UNITS = ("ingress-broker.service", "ingress-agent.service")


def text_of(*path):
    with open(os.path.join(PACKAGING, *path)) as file:
        return file.read()


@pytest.mark.parametrize("unit", UNITS)
def test_the_sandbox_is_narrow(unit):
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze here")
    told = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager",
                           os.path.join(PACKAGING, "systemd", unit)], capture_output=True, text=True, check=True).stdout
    exposure = float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", told).group(1))
    assert exposure < 2.0, told


@pytest.mark.parametrize("name", ["broker", "agent"])
def test_a_file_of_settings_explains_each_setting(name):
    """Every flag of --help has its line, with a value that the program takes, but `config`."""
    told = subprocess.run([program(f"ingress-{name}"), "--help"], capture_output=True, text=True, check=True).stdout
    settings = set(re.findall(r"^  --([a-z-]+)", told, flags=re.MULTILINE)) - {"help", "version", "config"}
    lines = text_of("config", f"{name}.toml").splitlines()
    shown = [line.lstrip("#") for line in lines if re.match(r"#?[a-z-]+ = ", line)]
    assert sorted(tomllib.loads("\n".join(shown))) == sorted(settings)
    assert len(shown) == len(settings)


@pytest.mark.parametrize("name", ["broker", "agent"])
def test_a_file_of_settings_says_what_is_still_missing(name, tmp_path):
    text = text_of("config", f"{name}.toml")
    text = re.sub(r'"/(etc|var)/[^"]*/', f'"{tmp_path}/', text)
    (tmp_path / "settings.toml").write_text(text)
    (tmp_path / "tls").mkdir()
    told = subprocess.run([program(f"ingress-{name}"), "validate", "--config", str(tmp_path / "settings.toml")],
                          capture_output=True, text=True, check=False)
    missing = {"broker": "--default-auth must be said", "agent": "--broker must be said"}[name]
    assert told.returncode == 78 and missing in told.stderr


def test_sockets_and_settings_name_the_same_addresses():
    socket, settings = text_of("systemd", "ingress-broker.socket"), tomllib.loads(text_of("config", "broker.toml"))
    listed = re.findall(r"^ListenStream=(.*)$", socket, flags=re.MULTILINE)
    said = [address.removeprefix("unix:").removeprefix("0.0.0.0:")
            for name in ("http", "https", "admin") for address in settings[name]]
    assert listed == said


def test_stop_times_are_above_the_drain():
    """The agent's default is 30 s; pidnap's own 5 s need a shorter one."""
    assert int(re.search(r"stopwaitsecs=(\d+)", text_of("supervisord", "ingress-agent.conf")).group(1)) > 30
    assert int(re.search(r"terminationGracePeriodSeconds: (\d+)", text_of("kubernetes", "sidecar.yaml")).group(1)) > 30
    assert '"--grace-period", "4s"' in text_of("pidnap", "pidnap.config.ts")
    fly = tomllib.loads(text_of("fly", "broker.fly.toml"))
    assert fly["kill_timeout"] == "300s" and fly["env"]["INGRESS_GRACE_PERIOD"] == "4m"


def test_what_samples_copy_is_there():
    fly = tomllib.loads(text_of("fly", "broker.fly.toml"))
    assert os.path.exists(os.path.join(PACKAGING, "fly", fly["build"]["dockerfile"]))
    for copied in re.findall(r"^COPY (packaging/\S+)", text_of("container", "Dockerfile.broker"), flags=re.MULTILINE):
        assert os.path.exists(os.path.join(ROOT, copied))


@pytest.mark.parametrize("name", ["broker", "agent"])
def test_variables_of_samples_are_settings(name):
    told = subprocess.run([program(f"ingress-{name}"), "--help"], capture_output=True, text=True, check=True).stdout
    known = {"INGRESS_" + flag.upper().replace("-", "_") for flag in re.findall(r"^  --([a-z-]+)", told, flags=re.MULTILINE)}
    samples = {"broker": [("container", "Dockerfile.broker"), ("fly", "broker.fly.toml")],
               "agent": [("kubernetes", "sidecar.yaml"), ("pidnap", "pidnap.config.ts")]}[name]
    for sample in samples:
        used = set(re.findall(r"\b(INGRESS_[A-Z_]+)\b(?=\s*[=:\n])", text_of(*sample)))
        assert used and used <= known, (sample, used - known)


class TestTheEntryPointOfAContainer:
    """with-agent.sh, with an agent that does as a script says (tests/packaging/test_supervisors.py has the real one)."""

    @staticmethod
    @contextlib.contextmanager
    def container(tmp_path, run, *words):
        agent = tmp_path / "agent"
        agent.write_text(f"#!/bin/sh\ncd {tmp_path}\ncase $1 in\nrun) echo run >> runs\n{run}\n;;\nesac\n")
        agent.chmod(0o755)
        entry = subprocess.Popen([os.path.join(PACKAGING, "container", "with-agent.sh"), *words], stderr=subprocess.PIPE, text=True,
                                 env={**os.environ, "INGRESS_AGENT": str(agent)})
        try:
            yield entry
        finally:
            if entry.poll() is None:
                entry.terminate()
                entry.wait(10)
            entry.stderr.close()

    @pytest.mark.parametrize("code", [1, 2, 78])
    def test_an_agent_that_cannot_begin_ends_the_container_with_its_code(self, tmp_path, code):
        told = f"trap 'echo told > {tmp_path}/told; exit 5' TERM; touch {tmp_path}/begun; while :; do sleep 0.05; done"
        held = f"while ! test -e {tmp_path}/go; do sleep 0.05; done; exit {code}"
        with self.container(tmp_path, held, "sh", "-c", told) as entry:
            wait_until(lambda: (tmp_path / "begun").exists(), "the program has begun")
            (tmp_path / "go").touch()
            assert entry.wait(10) == code
            assert f"the agent ended with exit code {code}" in entry.stderr.read()
        assert (tmp_path / "told").exists() and (tmp_path / "runs").read_text() == "run\n"

    def test_an_agent_that_ended_otherwise_is_started_again(self, tmp_path):
        again = "[ $(wc -l < runs) -gt 1 ] || exit 137; touch again; exec sleep 600"
        with self.container(tmp_path, again, "sh", "-c", f"while ! test -e {tmp_path}/again; do sleep 0.05; done; exit 3") as entry:
            assert entry.wait(20) == 3
            assert "is started again" in entry.stderr.read()

    def test_a_stop_is_the_agents_first_and_then_the_programs(self, tmp_path):
        drain = "trap 'echo agent >> order; exit 0' TERM; touch up; while :; do sleep 0.05; done"
        told = f"trap 'echo program >> {tmp_path}/order; exit 7' TERM; touch {tmp_path}/begun; while :; do sleep 0.05; done"
        with self.container(tmp_path, drain, "sh", "-c", told) as entry:
            wait_until(lambda: (tmp_path / "up").exists() and (tmp_path / "begun").exists(), "both run")
            entry.terminate()
            assert entry.wait(10) == 7
        assert (tmp_path / "order").read_text() == "agent\nprogram\n"
