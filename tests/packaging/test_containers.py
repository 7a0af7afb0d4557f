"""What containers are made of, looked at without a Docker: the broker's entry point with a broker that is none, its image's
file, and the pod."""
import contextlib
import os
import re
import signal
import subprocess

import pytest

from harness.wait import wait_until
from roots import ROOT

CONTAINER = os.path.join(ROOT, "packaging", "container")


def text_of(*path):
    with open(os.path.join(ROOT, *path)) as file:
        return file.read()


# ---- broker-entrypoint.sh, as another user than root (tests/packaging/test_deb.py has root's way)

BROKER = """if [ "$1" = validate ]; then echo "${COMPLAINT:---tls-dir: no certificate}" >&2; exit 78; fi
echo "$@" > "$FOLDER/started"
"""
STAND_INS = {"id": "echo 1000", "ingress-broker": BROKER, "sleep": 'echo >> "$FOLDER/looks"; exec /bin/sleep 0.02'}


@pytest.fixture
def entry_point(tmp_path):
    """entry_point(words, variables): a process. Its broker leaves its words in `started`; each look is a line in `looks`."""
    for name, script in STAND_INS.items():
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
    (tmp_path / "tls").mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INGRESS_")}
    with contextlib.ExitStack() as stack:
        def start(*words, **variables):
            process = subprocess.Popen([os.path.join(CONTAINER, "broker-entrypoint.sh"), *words], stderr=subprocess.PIPE, text=True,
                                       preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL), env={
                **kept, "PATH": f"{tmp_path}/bin:{kept['PATH']}", "FOLDER": str(tmp_path),
                "INGRESS_DB": str(tmp_path / "routes.db"), **variables})
            stack.callback(process.stderr.close)
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        yield start


def looks(folder):
    path = folder / "looks"
    return len(path.read_text()) if path.exists() else 0


def looked(folder, times=3):
    before = looks(folder)
    wait_until(lambda: looks(folder) >= before + times, "it looks again")


def test_the_entry_point_waits_on_a_new_volume_until_a_certificate_and_its_key_are_there(entry_point, tmp_path):
    process = entry_point("run")
    looked(tmp_path)
    (tmp_path / "tls" / "iterate.app.crt").write_text("certificate")
    (tmp_path / "tls" / "other.key").write_text("key")
    looked(tmp_path)
    assert not (tmp_path / "started").exists()
    (tmp_path / "tls" / "iterate.app.key").write_text("key")
    assert process.wait(30) == 0 and (tmp_path / "started").read_text() == "run\n"
    said = process.stderr.read()
    assert str(tmp_path / "tls") in said and "docker cp" in said and "INGRESS_ACME_EMAIL" in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_container_that_waits_for_a_certificate_ends_when_it_is_told_to(entry_point, tmp_path, number):
    process = entry_point("run")
    looked(tmp_path)
    process.send_signal(number)
    assert process.wait(30) == 0 and not (tmp_path / "started").exists()


@pytest.mark.parametrize("words, variables", [
    (["--help"], {}), (["--version"], {}), (["run"], {"COMPLAINT": "--default-auth is to be said"}),
    (["run"], {"INGRESS_ACME_EMAIL": "ops@example.com"}),
    (["run"], {"INGRESS_ACME_HOOK": "/hook"}), (["run", "--acme-email", "ops@example.com"], {}),
    (["run", "--tls-dir", "/elsewhere"], {}), (["run"], {"INGRESS_CONFIG": "/broker.toml"}), (["run", "--config=/broker.toml"], {})])
def test_the_entry_point_waits_for_no_certificate_that_it_knows_nothing_of(entry_point, tmp_path, words, variables):
    assert entry_point(*words, **variables).wait(30) == 0
    assert (tmp_path / "started").read_text() == " ".join(words) + "\n" and not looks(tmp_path)


# ---- The images' files

def test_the_image_of_the_broker_has_a_dashboard_and_lego_and_shows_the_port_that_is_published():
    made, image = re.split(r"^FROM .*slim\n", text_of("packaging", "container", "Dockerfile.broker"), flags=re.MULTILINE)
    assert re.search(r"apt-get install .*\bnpm\b(?s:.*)^COPY \. ", made, flags=re.MULTILINE), "./dev needs npm before it builds"
    assert re.search(r"apt-get install (?s:[^&]*)\blego\b", image)
    assert "INGRESS_PUBLIC_HTTPS_PORT=443" in image


def test_what_a_build_leaves_in_the_tree_comes_into_no_image():
    left_out = {line.strip("/").removeprefix("**/") for line in text_of(".dockerignore").splitlines() if not line.startswith("#")}
    of_git = {line.strip("/") for line in text_of(".gitignore").splitlines() if line}
    assert of_git <= left_out and ".git" in left_out


def test_the_program_of_the_pod_listens_on_another_port_than_the_agent():
    agent, program = text_of("packaging", "kubernetes", "sidecar.yaml").split("\n  containers:\n")
    assert "containerPort: 8080" in agent
    # An image whose own port is 8080 cannot be beside the agent.
    assert "listen=:3000" in program and "8080" not in program and "nginx" not in program
