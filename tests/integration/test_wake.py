"""A machine without a tunnel is woken: one signed webhook for however many requests wait, and how long they wait is a
policy's to say."""
import hashlib
import hmac
import json
import os
import signal
import ssl
import threading
import time

import pytest

from harness.ctl import write_secret
from harness.origin import Connection, Origin, answer, answering
from harness.wait import wait_until

SECRET = "wake-secret-0123456789"
ACCEPTED = answer("{}", "202 Accepted")


@pytest.fixture
def make_sleeper(make_stack, tmp_path):
    """A stack whose agent was never started, with `wake` on its project. `options` are the broker's."""

    def make(url, policy=None, park="60s", allow=True, options=(), secret=True, **broker):
        words = [*options]
        if secret:
            words += ["--wake-secret-file", write_secret(str(tmp_path), "wake.secret", SECRET)]
        if allow:
            words += ["--allow-url-target", "127.0.0.0/8"]
        stack = make_stack(broker={"park": park, "options": words, **broker}, start=False)
        stack.admin.set_project("misha", policy={"wake": url, **(policy or {})})
        return stack

    return make


def url_of(hook, path="/wake?token=x"):
    return f"http://127.0.0.1:{hook.port}{path}"


def calls(stack, **fields):
    return stack.broker.process.find("wake", **fields)


def wait_parked(stack, count):
    wait_until(lambda: sum(loop["parked"] for loop in stack.admin.loops()) == count, f"{count} parked")


@pytest.mark.parametrize("loops", ["1", "3"])
def test_twenty_requests_wake_their_machine_once_and_all_are_served(make_sleeper, make_origin, origin, loops):
    called, started = threading.Event(), threading.Event()

    def wakes(connection, _):
        called.set()
        assert started.wait(30)
        connection.send(ACCEPTED)

    hook = make_origin(wakes)
    stack = make_sleeper(url_of(hook), options=["--loops", loops])
    clients = [stack.client(tls=number % 2 == 1) for number in range(20)]
    for number, client in enumerate(clients):
        client.request(stack.host(origin.port), f"/{number}", "POST", (), b"x" * number)
    assert called.wait(30)
    wait_parked(stack, 20)
    stack.agent.start()
    started.set()
    assert [client.response("POST").status for client in clients] == [200] * 20
    for client in clients:
        client.close()
    assert sorted(int(request.target[1:]) for request in origin.requests) == list(range(20))
    line = stack.broker.process.wait_event("wake")
    assert (line["outcome"], line["machine"], line["status"]) == ("woken", "mach_a", "202")
    assert "token" not in json.dumps(line)
    assert len(hook.requests) == 1


def test_the_call_says_which_machine_and_its_signature_verifies(make_sleeper, make_origin):
    hook = make_origin(answering("", "204 No Content"))
    stack = make_sleeper(url_of(hook), policy={"park": "300ms"})
    host = stack.host(4096)
    assert stack.get(host).status == 503
    request = hook.wait_requests()
    assert (request.method, request.target) == ("POST", "/wake?token=x")
    assert request.host == f"127.0.0.1:{hook.port}"
    assert request.get("Content-Type") == "application/json"
    stamp = request.get("X-Iterate-Timestamp")
    signed = hmac.new(SECRET.encode(), stamp.encode() + b"." + request.body, hashlib.sha256).hexdigest()
    assert request.get("X-Iterate-Signature") == f"sha256={signed}"
    assert abs(int(stamp) - time.time()) < 60
    body = json.loads(request.body)
    said = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(stamp)))
    assert body == {"event": "wake", "machine": "mach_a", "host": host, "time": said}


def test_a_woken_machine_that_does_not_come_in_time_is_starting(make_sleeper, make_origin):
    hook = make_origin(answering())
    stack = make_sleeper(url_of(hook), policy={"park": "3s"})
    begin = time.monotonic()
    response = stack.get(stack.host(4096))
    assert (response.status, response.error) == (503, "machine_starting")
    assert response.get("Retry-After")
    assert time.monotonic() - begin >= 3
    page = stack.get(stack.host(4096), fields=[("Accept", "text/html")])
    assert page.status == 503 and b"machine_starting" in page.body
    assert b"comes back by itself" in page.body and b"setTimeout" in page.body
    # Within the quiet time after a success nobody is called again.
    assert len(hook.requests) == 1


def test_a_page_that_answers_a_post_does_not_come_back_by_itself(make_sleeper, make_origin):
    stack = make_sleeper(url_of(make_origin(answering())), policy={"park": "0s"})
    with stack.client() as client:
        client.request(stack.host(4096), "/", "POST", [("Accept", "text/html")], b"x")
        page = client.response("POST")
    assert page.status == 503 and b"comes back by itself" not in page.body


def test_a_webhook_that_fails_is_called_again_while_somebody_waits(make_sleeper, make_origin):
    hook = make_origin(answering("no", "500 Internal Server Error"))
    stack = make_sleeper(url_of(hook))
    with stack.client() as client:
        client.request(stack.host(4096))
        hook.wait_requests(3)
    lines = calls(stack, outcome="failed", status=500)
    assert len(lines) >= 2
    wait_parked(stack, 0)


def test_who_waited_for_a_webhook_that_fails_is_answered_503(make_sleeper, make_origin):
    hook = make_origin(answering("no", "500 Internal Server Error"))
    stack = make_sleeper(url_of(hook), policy={"park": "1500ms"})
    response = stack.get(stack.host(4096))
    assert (response.status, response.error) == (503, "machine_unavailable")
    assert response.get("Retry-After")
    assert hook.requests


def test_a_webhook_that_failed_first_wakes_at_last(make_sleeper, make_origin, origin):
    answers = [b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", ACCEPTED]
    hook = make_origin(lambda connection, _: connection.send(answers.pop(0)))
    stack = make_sleeper(url_of(hook))
    with stack.client() as client:
        client.request(stack.host(origin.port))
        stack.broker.process.wait_event("wake", outcome="woken")
        stack.agent.start()
        assert client.response().status == 200
    assert len(hook.requests) == 2


def test_a_loopback_url_is_refused_unless_the_operator_allowed_it(make_sleeper, make_origin):
    hook = make_origin()
    stack = make_sleeper(url_of(hook), allow=False, policy={"park": "500ms"})
    for url in (url_of(hook), f"http://localhost:{hook.port}/", f"http://[::1]:{hook.port}/",
                f"http://[::ffff:127.0.0.1]:{hook.port}/", f"http://0x7f.1:{hook.port}/"):
        stack.admin.machine("mach_b")
        stack.admin.attach("mach_b", "misha")
        stack.admin.set_project("misha", policy={"wake": url, "park": "500ms"})
        response = stack.get("misha.iterate.app")
        assert (response.status, response.error) == (503, "machine_unavailable")
        assert "not public" in stack.broker.process.wait_event("wake", machine="mach_b")["problem"], url
        stack.admin.detach("misha")
        stack.admin.ok("DELETE", "/v1/machines/mach_b")
    assert hook.connections == []


def test_what_the_operator_allows_may_be_a_name(make_sleeper, make_origin):
    hook = make_origin(answering())
    stack = make_sleeper(f"http://localhost:{hook.port}/", allow=False, policy={"park": "300ms"},
                         options=["--allow-url-target", "localhost"])
    assert stack.get(stack.host(4096)).status == 503
    assert hook.wait_requests().host == f"localhost:{hook.port}"


def test_a_request_that_the_policy_denies_wakes_nobody(make_sleeper, make_origin):
    hook = make_origin(answering())
    stack = make_sleeper(url_of(hook), policy={"park": "300ms"}, default_auth="deny")
    for _ in range(3):
        assert stack.get(stack.host(4096), "/denied").status == 403
    stack.admin.service("misha", "open", 5000, policy={"auth": "public"})
    assert stack.get(stack.host(5000)).status == 503
    assert json.loads(hook.wait_requests().body)["host"] == stack.host(5000)
    assert len(hook.requests) == 1 and len(calls(stack)) <= 1


def test_who_may_not_wait_wakes_the_machine_all_the_same(make_sleeper, make_origin):
    hook = make_origin(answering())
    stack = make_sleeper(url_of(hook), policy={"park": "0s"})
    begin = time.monotonic()
    assert stack.get(stack.host(4096)).status == 503
    assert time.monotonic() - begin < 30
    stack.broker.process.wait_event("wake", outcome="woken")
    response = stack.get(stack.host(4096))
    assert (response.status, response.error) == (503, "machine_starting")
    assert len(hook.requests) == 1


def test_a_redirect_is_not_followed_and_wakes_nobody(make_sleeper, make_origin):
    elsewhere = make_origin()
    hook = make_origin(answering("", "302 Found", fields=[("Location", f"http://127.0.0.1:{elsewhere.port}/")]))
    stack = make_sleeper(url_of(hook), policy={"park": "500ms"})
    response = stack.get(stack.host(4096))
    assert (response.status, response.error) == (503, "machine_unavailable")
    stack.broker.process.wait_event("wake", outcome="failed", status=302)
    assert elsewhere.connections == []


def test_an_answer_without_end_is_cut_and_counts_by_its_status(make_sleeper, make_origin):
    def endless(connection, _):
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.send(b"1000\r\n" + b"x" * 0x1000 + b"\r\n")

    hook = make_origin(endless)
    stack = make_sleeper(url_of(hook))
    with stack.client() as client:
        client.request(stack.host(4096))
        stack.broker.process.wait_event("wake", outcome="woken")
        wait_until(lambda: hook.connections[0].ended_at, "the webhook's connection ends")


@pytest.mark.slow
def test_a_webhook_that_does_not_answer_is_given_up_and_holds_no_broker_up(make_sleeper, make_origin):
    hook = make_origin(lambda connection, _: connection.wait_end(60) and False)
    stack = make_sleeper(url_of(hook))
    client = stack.client()
    client.request(stack.host(4096))
    line = stack.broker.process.wait_event("wake", outcome="failed")
    assert (line["status"], line["problem"]) == ("0", "no answer within 10 s")
    hook.wait_requests(2)
    begin = time.monotonic()
    stack.broker.process.stop()  # a call is under way, and a request is parked: cut after the grace period
    assert time.monotonic() - begin < 20
    client.close()


def test_a_broker_without_a_secret_calls_nobody(make_sleeper, make_origin):
    hook = make_origin()
    stack = make_sleeper(url_of(hook), secret=False, policy={"park": "300ms"})
    assert stack.get(stack.host(4096)).status == 503
    assert "--wake-secret-file" in stack.broker.process.wait_event("wake", outcome="failed")["problem"]
    assert hook.connections == []


def test_a_secret_that_changed_signs_after_a_hang_up(make_sleeper, make_origin, tmp_path):
    hook = make_origin(answering())
    stack = make_sleeper(url_of(hook), policy={"park": "0s"})
    write_secret(str(tmp_path), "wake.secret", "another")
    stack.broker.process.signal(signal.SIGHUP)
    stack.broker.process.wait_event("reloaded", changed="yes")
    stack.get(stack.host(4096))
    request = hook.wait_requests()
    stamp = request.get("X-Iterate-Timestamp").encode()
    signed = hmac.new(b"another", stamp + b"." + request.body, hashlib.sha256).hexdigest()
    assert request.get("X-Iterate-Signature") == f"sha256={signed}"


class SecureHook(Origin):
    """The same over TLS, with a certificate for `localhost`; `newest` is the newest version that it speaks."""

    def __init__(self, ca, folder, newest):
        ca.issue(folder, "hook", ["localhost"])
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(os.path.join(folder, "hook.crt"), os.path.join(folder, "hook.key"))
        self.tls.maximum_version = newest
        self.refusals = 0
        super().__init__()

    def _serve(self, connection):
        try:
            secured = Connection(self.tls.wrap_socket(connection.sock, server_side=True))
        except (ssl.SSLError, OSError):
            self.refusals += 1
            return connection.close()
        self.connections[self.connections.index(connection)] = secured
        return super()._serve(secured)


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_webhook_over_tls_is_called_where_its_certificate_is_good(make_sleeper, ca, tmp_path, newest):
    with SecureHook(ca, str(tmp_path), newest) as hook:
        stack = make_sleeper(f"https://localhost:{hook.port}/wake", policy={"park": "300ms"},
                             env={"SSL_CERT_FILE": ca.path})
        assert stack.get(stack.host(4096)).status == 503
        assert stack.broker.process.wait_event("wake", outcome="woken")["status"] == "200"
        assert json.loads(hook.requests[0].body)["machine"] == "mach_a"


@pytest.mark.parametrize("name, trusted", [("localhost", False), ("127.0.0.1", True)])
def test_a_webhook_whose_certificate_is_not_good_is_not_called(make_sleeper, ca, tmp_path, name, trusted):
    with SecureHook(ca, str(tmp_path), ssl.TLSVersion.TLSv1_3) as hook:
        stack = make_sleeper(f"https://{name}:{hook.port}/wake", policy={"park": "300ms"},
                             env={"SSL_CERT_FILE": ca.path} if trusted else {})
        assert stack.get(stack.host(4096)).status == 503
        assert stack.broker.process.wait_event("wake", outcome="failed")["status"] == "0"
        assert hook.requests == []


def test_the_nearest_policy_says_how_long_a_request_waits(make_stack, origin):
    stack = make_stack(broker={"park": "0s"})
    stack.admin.set_project("misha", policy={"park": "60s"})
    stack.admin.service("misha", "hasty", origin.port, policy={"park": "0s"})
    down = len(stack.broker.process.find("tunnel_down"))
    stack.agent.kill()
    stack.broker.process.wait_event("tunnel_down", count=down + 1)
    begin = time.monotonic()
    assert stack.get(stack.host(origin.port)).error == "machine_unavailable"
    assert time.monotonic() - begin < 30
    with stack.client() as client:
        client.request(stack.host(4096))
        wait_parked(stack, 1)
        stack.admin.delete_service("misha", "hasty")
        with stack.client() as other:
            other.request(stack.host(origin.port))
            wait_parked(stack, 2)
            stack.agent.start()
            assert other.response().status == 200


def test_ctl_sets_both_keys_shows_them_and_why_names_them(stack):
    stack.ctl.ok("project", "set", "misha", "--park", "45s", "--wake", "https://hooks.example.com/wake")
    policy = stack.ctl.json("project", "show", "misha")["policy"]
    assert policy == {"park": "45s", "wake": "https://hooks.example.com/wake"}
    assert "park 45s, wake https://hooks.example.com/wake" in json.dumps(stack.ctl.run("why", "misha.iterate.app", "--json").json)
    stack.ctl.ok("project", "set", "misha", "--wake", "off")
    assert stack.ctl.json("project", "show", "misha")["policy"] == {"park": "45s", "wake": "off"}


@pytest.mark.parametrize("policy", [{"wake": "ftp://a.com/"}, {"wake": "https://u:p@a.com/"}, {"wake": {"url": "https://a"}},
                                    {"park": "soon"}, {"park": 30}])
def test_a_policy_with_a_bad_url_or_time_is_refused(shared, policy):
    assert shared.admin.refused("PATCH", "/v1/projects/misha", {"policy": policy}) == (400, "invalid_argument")
