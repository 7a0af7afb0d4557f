"""packaging/supervisord, packaging/runit and packaging/container/with-agent.sh as they are, but for the paths, under the real
supervisors: a dead agent is started again, a bad configuration is not, and a stop drains."""
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading

import pytest

from harness.ctl import write_secret
from harness.process import environment, program
from harness.wait import wait_until
from roots import ROOT, sh

SAMPLES = os.path.join(ROOT, "packaging")


@pytest.fixture
def stack(make_stack):
    return make_stack(start=False)


@pytest.fixture
def settings(stack, tmp_path):
    """A file of the agent's settings; and what a test's machine has in place of the samples' paths."""
    token = write_secret(str(tmp_path), "token", stack.token)
    path = tmp_path / "agent.toml"
    path.write_text(f'broker = "{stack.broker.url}"\nmachine = "mach_a"\ntoken-file = "{token}"\nlisten = "off"\n'
                    f'ca-file = "{stack.ca.path}"\nlog-format = "json"\n')
    return str(path)


def sample(name, settings, **more):
    """A sample's text; each path of it has to be there."""
    with open(os.path.join(SAMPLES, name)) as file:
        text = file.read()
    for said, meant in {"/usr/bin/ingress-agent": program("ingress-agent"), "/etc/ingress/agent.toml": settings, **more}.items():
        assert said in text, f"{name} says no {said}"
        text = text.replace(said, meant)
    return text


class SlowOrigin:
    """GET /slow is answered when `go` is set."""

    def __init__(self, make_origin):
        self.go, self.came = threading.Event(), threading.Event()
        self.origin = make_origin(self._answer)
        self.port = self.origin.port

    def _answer(self, connection, request):
        if request.target == "/slow":
            self.came.set()
            self.go.wait(60)
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        return True


@pytest.fixture
def origin(make_origin):
    return SlowOrigin(make_origin)


def serves(stack, origin):
    return wait_until(lambda: stack.get(stack.host(origin.port)).status == 200, "the agent serves")


def stop_drains(stack, origin, stop, ended):
    """What is under way when the supervisor is told to stop is answered; then the agent is gone."""
    with stack.client() as client:
        client.request(stack.host(origin.port), "/slow")
        assert origin.came.wait(30)
        stop()
        wait_until(lambda: stack.get(stack.host(origin.port)).status == 503, "no new streams")
        origin.go.set()
        assert client.response().body == b"ok"
    wait_until(ended, "the agent has ended")


# ---- supervisord

@pytest.fixture
def supervisord(settings, tmp_path):
    if not shutil.which("supervisord"):
        pytest.skip("no supervisord here")
    text = sample("supervisord/ingress-agent.conf", settings, **{
        "user=ingress-agent": "user=root", "/var/log/supervisor": str(tmp_path)})
    conf = tmp_path / "supervisord.conf"
    conf.write_text(f"[supervisord]\nnodaemon=true\nuser=root\nlogfile={tmp_path}/supervisord.log\n"
                    f"pidfile={tmp_path}/supervisord.pid\n[unix_http_server]\nfile={tmp_path}/supervisor.sock\n"
                    "[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory = "
                    "supervisor.rpcinterface:make_main_rpcinterface\n"
                    f"[supervisorctl]\nserverurl=unix://{tmp_path}/supervisor.sock\n{text}")
    daemon = subprocess.Popen(["supervisord", "-c", str(conf)], env=environment(), stdout=subprocess.DEVNULL)

    def ctl(*words):
        return subprocess.run(["supervisorctl", "-c", str(conf), *words], capture_output=True, text=True, check=False,
                              env=environment()).stdout

    yield ctl
    daemon.terminate()
    daemon.wait(60)


def test_supervisord_starts_a_dead_agent_again_and_a_stop_drains(stack, settings, supervisord, origin):
    serves(stack, origin)
    pid = int(supervisord("pid", "ingress-agent"))
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: supervisord("pid", "ingress-agent").strip() not in ("0", str(pid)), "it is started again")
    serves(stack, origin)
    stopping = threading.Thread(target=supervisord, args=("stop", "ingress-agent"))
    stop_drains(stack, origin, stopping.start, lambda: "STOPPED" in supervisord("status", "ingress-agent"))
    stopping.join()


def test_supervisord_leaves_a_bad_configuration_to_the_operator(stack, settings, supervisord, origin):
    serves(stack, origin)
    with open(settings, "a") as file:
        file.write("no-such-setting = 1\n")
    supervisord("restart", "ingress-agent")
    wait_until(lambda: "EXITED" in supervisord("status", "ingress-agent"), "it has ended with 78, and for good")


# ---- runit

@pytest.fixture
def runit(settings, tmp_path):
    if not shutil.which("runsv"):
        pytest.skip("no runit here")
    service = tmp_path / "service"
    (service / "log").mkdir(parents=True)
    replaced = {"chpst -u ingress-agent:ingress-agent": "chpst -u root:root"}
    (service / "run").write_text(sample("runit/ingress-agent/run", settings, **replaced))
    shutil.copy(os.path.join(SAMPLES, "runit/ingress-agent/finish"), service / "finish")
    with open(os.path.join(SAMPLES, "runit/ingress-agent/log/run")) as file:
        (service / "log" / "run").write_text(file.read().replace("/var/log/ingress-agent", str(tmp_path / "log")))
    for name in ("run", "log/run"):
        os.chmod(service / name, 0o755)
    daemon = subprocess.Popen(["runsv", str(service)], env=environment())

    def sv(*words):
        return subprocess.run(["sv", *words, str(service)], capture_output=True, text=True, check=False,
                              env=environment()).stdout

    yield sv
    sv("-w", "45", "force-shutdown")
    daemon.wait(60)


def test_runit_starts_a_dead_agent_again_and_a_stop_drains(stack, runit, origin, tmp_path):
    serves(stack, origin)
    pid = int((tmp_path / "service/supervise/pid").read_text())
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: (tmp_path / "service/supervise/pid").read_text().strip() not in ("", str(pid)), "it is started again")
    serves(stack, origin)
    stop_drains(stack, origin, lambda: runit("down"), lambda: runit("status").startswith("down:"))
    assert "tunnel_up" in (tmp_path / "log/current").read_text()


def test_runit_leaves_a_bad_configuration_to_the_operator(stack, settings, runit, origin):
    serves(stack, origin)
    with open(settings, "a") as file:
        file.write("no-such-setting = 1\n")
    runit("-w", "45", "restart")
    wait_until(lambda: runit("status").startswith("down:") and "want up" not in runit("status"), "it has ended with 78")


# ---- a container's entry point

@contextlib.contextmanager
def container(stack, settings, *words):
    entry = subprocess.Popen([os.path.join(SAMPLES, "container/with-agent.sh"), *words],
                             env=environment({"INGRESS_AGENT": program("ingress-agent"), "INGRESS_CONFIG": settings}))
    try:
        yield entry
    finally:
        if entry.poll() is None:
            entry.kill()


def test_the_entry_point_drains_the_agent_while_its_program_still_answers(stack, settings, origin, tmp_path):
    mark = tmp_path / "told"
    script = f"import signal,sys,time; signal.signal(15, lambda *_: (open('{mark}', 'w'), sys.exit(7)))\nwhile True: time.sleep(1)"
    with container(stack, settings, sys.executable, "-c", script) as entry:
        serves(stack, origin)

        def stop():
            entry.terminate()

        def ended():
            return entry.poll() is not None

        with stack.client() as client:
            client.request(stack.host(origin.port), "/slow")
            assert origin.came.wait(30)
            stop()
            wait_until(lambda: stack.get(stack.host(origin.port)).status == 503, "no new streams")
            assert not mark.exists(), "the program is not told before the agent is done"
            origin.go.set()
            assert client.response().body == b"ok"
        wait_until(ended, "both have ended")
        assert mark.exists() and entry.returncode == 7


def test_the_entry_point_ends_as_its_program_does_and_takes_the_agent_with_it(stack, settings, origin):
    with container(stack, settings, "sh", "-c", "while ! test -e go; do sleep 0.1; done; exit 3") as entry:
        serves(stack, origin)
        sh("touch", "go")
        try:
            assert entry.wait(30) == 3
        finally:
            os.unlink("go")
    wait_until(lambda: stack.get(stack.host(origin.port)).status == 503, "the agent is gone")


def test_the_entry_point_says_what_is_wrong_with_the_settings(stack, settings):
    with open(settings, "a") as file:
        file.write("no-such-setting = 1\n")
    with container(stack, settings, "true") as entry:
        assert entry.wait(30) == 78
