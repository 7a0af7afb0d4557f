"""SIGHUP: settings that are live change at once and cut nothing; a bad configuration changes nothing and says why."""
import os
import signal
import time

import pytest

from harness.admin import Admin
from harness.certificates import Ca
from harness.ctl import write_secret
from harness.http1 import Client
from harness.origin import answer
from harness.wait import wait_until
from harness.websocket import WebSocket, echo_handler

LIVE = ("--tls-dir", "--default-auth", "--grace-period", "--park", "--admin-token-file", "--access-log")


class Reloaded:
    """A stack whose broker has some settings in a file."""

    def __init__(self, make_stack, tmp_path, *options):
        self.path = str(tmp_path / "broker.toml")
        write(self.path, "")
        self.stack = make_stack(broker={"options": [*options, "--config", self.path]}, start=False)
        broker = self.stack.broker
        words, self.settings = broker.argv(), {"log-level": "info"}
        for flag in LIVE:
            at = words.index(flag)
            self.settings[flag[2:]] = words[at + 1]
            del words[at:at + 2]
        broker.argv = lambda: words
        self.write()
        broker.restart()
        self.stack.agent.start()
        self.events = lambda name: broker.process.find(name)

    def write(self, **changes):
        self.settings.update({name.replace("_", "-"): value for name, value in changes.items()})
        write(self.path, "".join(f'{name} = "{value}"\n' for name, value in self.settings.items()))

    def reload(self, event="reloaded"):
        count = len(self.events(event))
        self.stack.broker.process.signal(signal.SIGHUP)
        return self.stack.broker.process.wait_event(event, count=count + 1)


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


@pytest.fixture(params=[["--loops", "1"], ["--loops", "2"], ["--supervise"]], ids=["one loop", "two loops", "supervised"])
def reloaded(make_stack, tmp_path, request):
    return Reloaded(make_stack, tmp_path, *request.param)


def handler(connection, request):
    return echo_handler(connection, request) if request.target == "/ws" else connection.send(answer(b"ok"))


def test_settings_change_at_once_and_nothing_is_cut(reloaded, make_origin):
    stack, origin = reloaded.stack, make_origin(handler)
    host = stack.host(origin.port)
    with stack.client() as kept:
        chat = WebSocket(stack.client(), host, "/ws")
        assert kept.get(host).status == 200
        assert reloaded.reload()["changed"] == "no"
        reloaded.write(default_auth="deny")
        assert reloaded.reload()["changed"] == "yes"
        wait_until(lambda: stack.get(host).status == 403, "the other default")
        assert kept.get(host).status == 403
        chat.echo("still open")
        reloaded.write(default_auth="public")
        reloaded.reload()
        wait_until(lambda: stack.get(host).status == 200, "the first default again")
        assert kept.get(host).status == 200
        chat.echo("still open")
        chat.client.close()
    assert not reloaded.events("reload_leaves_out") and len(reloaded.events("tunnel_up")) == 1


def test_how_long_a_request_waits_for_its_machine_changes(reloaded, make_origin):
    stack, origin = reloaded.stack, make_origin(handler)
    stack.agent.kill()
    stack.broker.process.wait_event("tunnel_down")
    reloaded.write(park="60s")
    reloaded.reload()
    with stack.client() as client:
        client.request(stack.host(origin.port))
        wait_until(lambda: sum(loop["parked"] for loop in stack.admin.loops()) == 1, "it is parked")
        time.sleep(1)  # longer than it was before
        stack.agent.start()
        assert client.response().status == 200


def test_times_change_on_connections_that_are_open(make_stack, tmp_path, make_origin):
    reloaded = Reloaded(make_stack, tmp_path)
    stack, origin = reloaded.stack, make_origin(handler)
    with stack.client() as kept:
        assert kept.get(stack.host(origin.port)).status == 200
        reloaded.write(keep_alive_timeout="100ms")
        reloaded.reload()
        assert kept.get(stack.host(origin.port)).status == 200
        assert kept.closed(20)


def test_certificates_of_another_folder_are_served(reloaded, tmp_path):
    stack, other = reloaded.stack, str(tmp_path / "other")
    os.makedirs(other)
    ca = Ca(str(tmp_path))
    ca.issue(other, "default", ["localhost"])

    def trusted():
        context = ca.context()
        try:
            with Client(stack.broker.https_port, tls=context, sni="localhost"):
                return True
        except OSError:
            return False

    assert not trusted()
    reloaded.write(tls_dir=other)
    reloaded.reload()
    wait_until(trusted, "the other certificate")
    # It is watched as the first one was.
    ca.issue(other, "more", ["more.example.com"])
    stack.broker.process.wait_event("certificate_loaded", path=os.path.join(other, "more.crt"))


def test_the_admin_token_and_the_log_level_change(reloaded):
    stack = reloaded.stack
    port = stack.broker.admin_port
    token_file = write_secret(stack.folder, "other.token", "another-secret-0123456789")
    reloaded.write(admin_token_file=token_file, log_level="debug")
    reloaded.reload()
    statuses = {token: status_with(port, token) for token in (stack.broker.admin_token, "another-secret-0123456789")}
    assert statuses == {stack.broker.admin_token: 401, "another-secret-0123456789": 200}


def status_with(port, token):
    with Client(port) as client:
        return client.get("localhost", "/v1/loops", fields=[("Authorization", f"Bearer {token}")]).status


@pytest.mark.parametrize("text, reason", [
    ("nonsense", "broker.toml"), ('parc = "1s"\n', "parc"), ('park = "soon"\n', "park"),
    ('tls-dir = "/nonexistent"\n', "tls-dir"), ('default-auth = "everyone"\n', "default-auth"),
])
def test_a_bad_file_changes_nothing_and_says_why(make_stack, tmp_path, make_origin, text, reason):
    reloaded = Reloaded(make_stack, tmp_path)
    stack, origin = reloaded.stack, make_origin(handler)
    reloaded.write(default_auth="deny", log_level="error")
    with open(reloaded.path) as file:
        good = {line.split(" = ")[0]: line for line in file.read().splitlines()}
    good.pop(text.split(" = ")[0], None)
    write(reloaded.path, "\n".join(good.values()) + "\n" + text)
    assert reason in reloaded.reload("reload_refused")["error"]
    assert stack.get(stack.host(origin.port)).status == 200
    assert not reloaded.events("reloaded")
    # The log level, too, is what it was.
    reloaded.write(default_auth="public", log_level="info")
    reloaded.reload()


def test_what_cannot_change_is_named_and_left_as_it_was(make_stack, tmp_path, make_origin):
    reloaded = Reloaded(make_stack, tmp_path)
    stack, origin = reloaded.stack, make_origin(handler)
    log = reloaded.settings["access-log"]
    reloaded.write(access_log=log + ".other", acme_webroot=str(tmp_path), default_auth="deny")
    reloaded.reload()
    assert [line["setting"] for line in reloaded.events("reload_leaves_out")] == ["acme-webroot", "access-log"]
    wait_until(lambda: stack.get(stack.host(origin.port)).status == 403, "what can change did")
    wait_until(lambda: stack.access_lines(status=403), "a line in the first log")
    assert not os.path.exists(log + ".other")


def test_a_rotated_access_log_is_opened_anew(make_stack, tmp_path, make_origin):
    reloaded = Reloaded(make_stack, tmp_path)
    stack, origin = reloaded.stack, make_origin(handler)
    os.rename(stack.broker.access_log, stack.broker.access_log + ".1")
    reloaded.reload()
    wait_until(lambda: os.path.exists(stack.broker.access_log), "the new file")
    assert stack.get(stack.host(origin.port)).status == 200
    wait_until(lambda: stack.access_lines(status=200), "a line in the new file")


def test_a_directory_in_place_of_the_token_s_file_changes_nothing(reloaded):
    """As where a mount's source is missing."""
    stack = reloaded.stack
    path = stack.broker.admin_token_file
    os.rename(path, path + ".away")
    os.mkdir(path)
    assert "Is a directory" in reloaded.reload("reload_refused")["error"]
    assert stack.broker.process.running()
    by_token = Admin(port=stack.broker.admin_port, token=stack.broker.admin_token)
    assert by_token.call("GET", "/v1/machines").status == 200
    os.rmdir(path)
    os.rename(path + ".away", path)
    assert reloaded.reload()["changed"] == "no"
