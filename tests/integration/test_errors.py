"""Our own answers: a stable code, JSON or HTML by Accept, and the hop that failed."""
import pytest

from harness.origin import answer
from harness.ports import free_port
from harness.wait import wait_until


@pytest.mark.parametrize("accept, html", [
    (None, False), ("*/*", False), ("application/json", False), ("text/html", True),
    ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
    ("application/json, text/html;q=0.5", False), ("text/html;q=0", False),
])
def test_an_error_is_json_or_html_by_accept(shared, accept, html):
    response = shared.get("nobody.iterate.app", fields=[("Accept", accept)] if accept else [])
    assert response.status == 404
    if html:
        assert response.get("Content-Type").startswith("text/html")
        assert b"project_not_found" in response.body and b"<" in response.body
    else:
        assert response.get("Content-Type").startswith("application/json")
        assert response.error == "project_not_found"
        assert response.json["message"]


def test_an_error_to_head_has_no_body(shared):
    with shared.client() as client:
        client.request("nobody.iterate.app", method="HEAD")
        assert client.response("HEAD").status == 404
        assert client.get("nobody.iterate.app").status == 404, "the connection stays in step"


def test_an_error_leaves_the_connection_usable(shared, origin):
    with shared.client() as client:
        assert client.get("nobody.iterate.app").status == 404
        assert client.get(shared.host(origin.port)).status == 200
        assert client.get(shared.host(free_port())).status == 502
        assert client.get(shared.host(origin.port)).status == 200


def test_an_error_to_a_request_with_a_body_ends_in_step_or_closed(shared):
    with shared.client() as client:
        client.request("nobody.iterate.app", method="POST", body=b"x" * 100)
        assert client.response().status == 404
        if not client.closed(0.2):
            assert client.get("nobody.iterate.app").status == 404


def test_a_port_that_refuses_is_502_and_named(shared):
    port = free_port()
    response = shared.get(shared.host(port))
    assert (response.status, response.error) == (502, "proxy_error")
    assert response.json["port"] == port


def test_the_page_of_a_502_escapes_what_it_shows_and_comes_back_by_itself(shared):
    response = shared.get(shared.host(free_port()), "/<script>alert(1)</script>", fields=[("Accept", "text/html")])
    assert response.status == 502
    assert b"<script>alert" not in response.body
    assert b"fetch(" in response.body or b'http-equiv="refresh"' in response.body
    for word in (b"src=\"http", b"href=\"http", b"@import"):
        assert word not in response.body


def test_a_machine_without_a_tunnel_is_503_with_retry_after(make_stack):
    stack = make_stack(start=False)
    response = stack.get("misha.iterate.app")
    assert (response.status, response.error) == (503, "machine_unavailable")
    assert int(response.get("Retry-After")) > 0
    assert response.json["machine"] == "mach_a"


def test_default_auth_deny_is_403(make_stack, make_origin):
    origin = make_origin()
    stack = make_stack(broker={"default_auth": "deny"})
    response = stack.get(stack.host(origin.port))
    assert (response.status, response.error) == (403, "forbidden")
    assert origin.requests == []
    stack.admin.service("misha", "open", origin.port, policy={"auth": "public"})
    assert stack.get("open.misha.iterate.app").status == 200


def test_an_origin_that_says_nothing_is_504(make_stack, make_origin):
    silent = make_origin(lambda connection, request: connection.wait_end(20) and False)
    stack = make_stack(agent={"options": ["--origin-idle-timeout", "300ms"]})
    response = stack.get(stack.host(silent.port))
    assert (response.status, response.error) == (504, "origin_timeout")


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("tls", [False, True])
def test_where_the_brokers_own_limit_is_over_first_it_is_504_as_well(make_stack, make_origin, method, tls):
    silent = make_origin(lambda connection, request: connection.wait_end(20) and False)
    stack = make_stack(broker={"options": ["--exchange-timeout", "300ms"]})
    host, body = stack.host(silent.port), b"all of it" if method == "POST" else None
    with stack.client(tls) as client:
        client.request(host, "/silent", method=method, body=body)
        response = client.response()
        assert (response.status, response.error) == (504, "origin_timeout")
        assert client.get("nobody.iterate.app").status == 404, "the connection goes on"
    line = wait_until(lambda: stack.access_lines(target="/silent"), "a line of the access log")[0]
    assert (line["status"], line["error"]) == (504, "origin_timeout")
    wait_until(lambda: silent.connections[0].ended_at, "the origin's request ends")


def test_a_client_that_stops_amid_its_body_is_told_so(make_stack, make_origin):
    reading = make_origin()
    stack = make_stack(broker={"options": ["--exchange-timeout", "300ms"]})
    with stack.client() as client:
        client.send(f"POST / HTTP/1.1\r\nHost: {stack.host(reading.port)}\r\nContent-Length: 9\r\n\r\nhalf".encode())
        response = client.response()
        assert (response.status, response.error) == (408, "request_timeout")
        assert client.closed()


def test_an_error_of_ours_is_told_from_one_of_the_origin(shared, make_origin):
    origin = make_origin(lambda connection, request: connection.send(answer(b"mine", "502 Bad Gateway")))
    theirs, ours = shared.get(shared.host(origin.port)), shared.get(shared.host(free_port()))
    assert (theirs.status, theirs.get("X-Iterate-Error")) == (502, None)
    assert (ours.status, ours.get("X-Iterate-Error")) == (502, "proxy_error")


def test_each_exchange_is_a_line_of_the_access_log(shared, origin):
    target = f"/logged/{origin.port}"
    shared.get(shared.host(origin.port), target)
    line = wait_until(lambda: shared.access_lines(target=target), "a line of the access log")[0]
    assert (line["status"], line["method"], line["machine"], line["port"]) == (200, "GET", "mach_a", origin.port)
    assert (line["bytes"], line["client"]) == (2, "127.0.0.1")


def test_an_error_is_named_in_the_access_log(shared):
    target = f"/failed/{free_port()}"
    shared.get("nobody.iterate.app", target)
    line = wait_until(lambda: shared.access_lines(target=target), "a line of the access log")[0]
    assert (line["status"], line["error"]) == (404, "project_not_found")


# The clear listener

def test_the_clear_listener_redirects_to_https(make_stack):
    stack = make_stack(broker={"http_mode": "redirect"}, start=False)
    response = stack.get("misha.iterate.app", "/a?b=c")
    assert response.status in (301, 308)
    assert response.get("Location") == f"https://misha.iterate.app:{stack.broker.https_port}/a?b=c"
    assert stack.get("misha.iterate.app", "/", method="POST", body=b"x").status == 308


@pytest.mark.parametrize("mode", ["redirect", "serve"])
def test_the_clear_listener_answers_acme_challenges(make_stack, tmp_path, mode):
    folder = tmp_path / "webroot" / ".well-known" / "acme-challenge"
    folder.mkdir(parents=True)
    (folder / "token-1").write_text("token-1.thumbprint")
    (tmp_path / "secret").write_text("not for you")
    stack = make_stack(broker={"http_mode": mode, "options": ["--acme-webroot", str(tmp_path / "webroot")]}, start=False)
    response = stack.get("misha.iterate.app", "/.well-known/acme-challenge/token-1")
    assert (response.status, response.body) == (200, b"token-1.thumbprint")
    for target in ("/.well-known/acme-challenge/../../../secret", "/.well-known/acme-challenge/none"):
        assert b"not for you" not in stack.get("misha.iterate.app", target).body


@pytest.mark.parametrize("host, target, word", [
    ("docs.example.org", "/a/../b", "dot segments"), ("a..iterate.app", "/", "label that is empty"), ("a!b.iterate.app", "/", "character")])
def test_what_a_client_can_mend_in_its_request_has_a_reason(make_stack, host, target, word):
    stack = make_stack()
    stack.admin.route(["docs.example.org/a/*"], machine="mach_a", port=4000)
    refused = stack.get(host, target)
    assert refused.status == 400 and word in refused.json["reason"]
    page = stack.get(host, target, fields=[("Accept", "text/html")])
    assert page.status == 400 and word.encode() in page.body
