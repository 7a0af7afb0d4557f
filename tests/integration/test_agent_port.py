"""The agent's own port: what a provider's own ingress reaches (design, section 6), with exactly its bodies."""
import socket

import pytest

from harness.http1 import Client
from harness.ports import free_port
from harness.ctl import write_secret

TARGET = "X-Iterate-Proxy-Target-Host"


def ask(agent, target="/", fields=(), host="machine.example.com", **words):
    with Client(agent.local_port) as client:
        return client.get(host, target, fields=fields, **words)


def at(agent, value, **words):
    return ask(agent, fields=[(TARGET, value)], **words)


def test_health_is_ok_in_plain_text(shared):
    response = ask(shared.agent, "/health")
    assert (response.status, response.body) == (200, b"OK")
    assert response.get("Content-Type").startswith("text/plain")


@pytest.mark.parametrize("path", ["/health", "/ready"])
def test_a_check_may_be_a_head_and_have_a_query(shared, path):
    with Client(shared.agent.local_port) as client:
        for target in (path, f"{path}?probe=1"):
            client.request("x", target, method="HEAD")
            response = client.response("HEAD")
            assert (response.status, response.get("Content-Length")) == (200, "2")
            assert client.get("x", target).body == b"OK"


@pytest.mark.parametrize("method, path", [("POST", "/health"), ("OPTIONS", "/ready"), ("GET", "/health/"), ("GET", "/healthz")])
def test_what_is_no_check_needs_a_target(shared, method, path):
    response = ask(shared.agent, path, method=method)
    assert (response.status, response.body) == (400, b'{"error":"missing_proxy_target_host"}')


def test_ready_is_200_while_a_tunnel_is_up(shared):
    assert ask(shared.agent, "/ready").status == 200


def test_ready_is_503_without_a_tunnel_and_health_is_not(make_stack):
    stack = make_stack()
    stack.broker.kill()
    stack.agent.process.wait_event("tunnel_down")
    assert ask(stack.agent, "/ready").status == 503
    assert ask(stack.agent, "/health").status == 200
    stack.broker.start()
    stack.agent.wait_up(2)
    assert ask(stack.agent, "/ready").status == 200


def test_a_request_without_a_target_is_told_so(shared):
    response = ask(shared.agent)
    assert (response.status, response.body) == (400, b'{"error":"missing_proxy_target_host"}')
    assert response.get("Content-Type").startswith("application/json")


def test_an_empty_target_is_missing_or_invalid(shared):
    response = at(shared.agent, "")
    assert response.status == 400
    assert response.body in (b'{"error":"missing_proxy_target_host"}', b'{"error":"invalid_proxy_target_host"}')


@pytest.mark.parametrize("form", ["@P__mach_a.machines.iterate.app", "@P__misha.iterate.app", "localhost:@P",
                                  "127.0.0.1:@P", "@P__anything.example.com", "@P--misha.iterate.app", "LOCALHOST:@P",
                                  "[::1]:@P", "@P__misha.iterate.app.", "  @P__misha.iterate.app\t"])
def test_a_target_names_its_port(shared, origin, form):
    response = at(shared.agent, form.replace("@P", str(origin.port)))
    assert (response.status, response.body) == (200, b"ok"), response
    assert origin.last.get(TARGET) is None


@pytest.mark.parametrize("value", [
    "0__misha.iterate.app", "65536__misha.iterate.app", "99999__misha.iterate.app", "__misha.iterate.app",
    "localhost:0", "localhost:65536", "localhost:", "127.0.0.1:0", "127.0.0.1:99999", "localhost:abc",
    "example.com:3000", "10.0.0.1:3000", "misha.iterate.app:3000", "192.168.0.1:80", "169.254.169.254:80",
    "localhost:-1", "localhost:+80", "localhost:080", "localhost:80:80", "a b", "mis/ha", "user@localhost:80",
    "-1__misha.iterate.app", "+80__misha.iterate.app", "080__misha.iterate.app", "4 096__misha.iterate.app",
])
def test_an_invalid_target_is_refused(shared, value):
    response = at(shared.agent, value)
    assert (response.status, response.body) == (400, b'{"error":"invalid_proxy_target_host"}'), response


def test_two_targets_are_refused(shared, origin):
    response = ask(shared.agent, fields=[(TARGET, f"localhost:{origin.port}"), (TARGET, "localhost:1")])
    assert response.status == 400
    assert origin.requests == []


def test_a_port_that_nobody_listens_on_is_a_proxy_error(shared):
    response = at(shared.agent, f"localhost:{free_port()}")
    assert (response.status, response.body) == (502, b'{"error":"proxy_error"}')


def test_a_host_name_alone_is_the_default_port(shared):
    """3000 before anybody said otherwise; nothing listens there in a test, or something does."""
    response = at(shared.agent, "misha.iterate.app")
    assert response.status != 400


@pytest.mark.parametrize("listen", ["127.0.0.1:@P", "[::1]:@P", "0.0.0.0:@P", "[::]:@P"])
def test_the_agent_never_dials_itself_wherever_it_listens(make_stack, listen):
    stack = make_stack(start=False)
    port, argv = stack.agent.local_port, stack.agent.argv()
    argv[argv.index("--listen") + 1] = listen.replace("@P", str(port))
    stack.agent.argv = lambda: argv
    stack.agent.start()
    for value in (f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}", f"{port}__misha.iterate.app"):
        with Client(port, host="::1" if "::1" in listen else "127.0.0.1") as client:
            assert client.get("x", fields=[(TARGET, value)]).status == 403
    assert stack.get(stack.host(port)).status == 403


def test_the_agent_never_dials_itself(shared):
    response = at(shared.agent, f"localhost:{shared.agent.local_port}")
    assert response.status in (400, 403, 502)
    through_tunnel = shared.get(shared.host(shared.agent.local_port))
    assert through_tunnel.status in (403, 502)


def test_requests_and_bodies_pass_as_through_the_tunnel(shared, make_origin):
    origin = make_origin()
    body = bytes(range(256)) * 500
    response = at(shared.agent, f"localhost:{origin.port}", method="POST", body=body)
    assert response.body == b"ok"
    assert origin.last.body == body
    assert origin.last.host == f"localhost:{origin.port}"


def test_forwarding_fields_are_set_here_too(shared, origin):
    at(shared.agent, f"localhost:{origin.port}", host="4096.fly.example.com")
    assert origin.last.get("X-Forwarded-Host") == "4096.fly.example.com"
    assert origin.last.get("X-Iterate-Proxy-Via") is not None


def redirecting(port):
    return (f"HTTP/1.1 302 Found\r\nLocation: http://localhost:{port}/x?y#z\r\nContent-Location: /kept\r\n"
            "Content-Length: 0\r\n\r\n").encode()


def test_an_absolute_location_stays_at_the_host_that_was_asked_for(shared, make_origin):
    """The client is at the project's host: whoever set the target header for it asked by the provider's."""
    origin = make_origin(lambda connection, request: connection.send(redirecting(request.host.split(":")[1])))
    for named in (f"{origin.port}__misha.iterate.app", f"{origin.port}--mach-a.machines.iterate.app"):
        response = ask(shared.agent, fields=[(TARGET, named), ("X-Forwarded-Host", "evil.example")], host="abc.fly.dev")
        assert response.get("Location") == f"https://{named}/x?y#z" and response.get("Content-Location") == "/kept"
        assert origin.last.get("X-Forwarded-Host") == "abc.fly.dev" and origin.last.get("X-Forwarded-Proto") == "http"
    response = at(shared.agent, f"localhost:{origin.port}", host=f"localhost:{shared.agent.local_port}")
    assert response.get("Location") == f"http://localhost:{shared.agent.local_port}/x?y#z"


def test_idle_strangers_shut_nobody_out(make_stack, make_origin):
    """Neither /health nor the tunnel's streams, where descriptors are few."""
    stack, origin = make_stack(agent={"prefix": ["prlimit", "--nofile=64:64"]}), make_origin()
    strangers = [socket.create_connection(("127.0.0.1", stack.agent.local_port)) for _ in range(120)]
    try:
        assert ask(stack.agent, "/health").body == b"OK"
        assert at(stack.agent, f"localhost:{origin.port}").body == b"ok"
        for _ in range(5):
            assert stack.get(stack.host(origin.port)).status == 200
    finally:
        for stranger in strangers:
            stranger.close()


def test_errors_of_this_port_are_json_whatever_the_client_accepts(shared):
    response = ask(shared.agent, fields=[("Accept", "text/html")])
    assert response.body == b'{"error":"missing_proxy_target_host"}'


@pytest.fixture
def secret_stack(make_stack, tmp_path):
    return make_stack(agent={"options": ["--secret-file", write_secret(str(tmp_path), "secret", "open sesame")]})


def test_a_secret_is_asked_for_where_one_is_set(secret_stack, make_origin):
    origin = make_origin()
    target, name = (TARGET, f"localhost:{origin.port}"), "X-Iterate-Project-Ingress-Secret"
    for fields in ([target], [target, (name, "wrong")], [target, (name, "")], [target, (name, "open sesame!")],
                   [target, (name, "open sesam")]):
        response = ask(secret_stack.agent, fields=fields)
        assert (response.status, response.body) == (401, b'{"error":"unauthorized"}'), fields
    assert origin.requests == []
    assert ask(secret_stack.agent, fields=[target, (name, "open sesame")]).status == 200
    assert origin.last.get(name) is None
    assert ask(secret_stack.agent, "/health").status == 200
    assert ask(secret_stack.agent, "/ready").status == 200


@pytest.mark.parametrize("text", ["open sesame ", "open sesame\n\n", "open sesame \r\n"])
def test_what_is_blank_around_a_secret_is_not_part_of_it(make_stack, tmp_path, text):
    stack = make_stack(agent={"options": ["--secret-file", write_secret(str(tmp_path), "secret", text)]})
    target = (TARGET, f"localhost:{free_port()}")
    for shown, status in ("open sesame", 502), ("open sesam", 401), ("", 401):
        assert ask(stack.agent, fields=[target, ("X-Iterate-Project-Ingress-Secret", shown)]).status == status, shown


def test_who_shows_the_secret_is_believed_as_a_trusted_proxy_is(secret_stack, make_origin):
    origin = make_origin(lambda connection, request: connection.send(redirecting(request.host.split(":")[1])))
    named = f"{origin.port}__misha.iterate.app"
    fields = [(TARGET, named), ("X-Iterate-Project-Ingress-Secret", "open sesame")]
    assert ask(secret_stack.agent, fields=fields, host="abc.fly.dev").get("Location") == f"https://{named}/x?y#z"
    said = {name: origin.last.get(f"X-Forwarded-{name}") for name in ("For", "Host", "Proto", "Port")}
    assert said == {"For": "127.0.0.1", "Host": named, "Proto": "https", "Port": "443"}
    assert origin.last.get("X-Iterate-Proxy-Via") == "abc.fly.dev"
    theirs = [("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Host", "shop.example"), ("X-Forwarded-Proto", "https")]
    response = ask(secret_stack.agent, fields=fields + theirs, host="abc.fly.dev")
    assert response.get("Location") == "https://shop.example/x?y#z"
    said = {name: origin.last.get(f"X-Forwarded-{name}") for name in ("For", "Host", "Proto", "Port")}
    assert said == {"For": "203.0.113.9, 127.0.0.1", "Host": "shop.example", "Proto": "https", "Port": "443"}


@pytest.mark.parametrize("port", [2375, 2376, 9222, 9229])
def test_debuggers_and_docker_are_denied_by_default(shared, port):
    assert shared.get(shared.host(port)).status == 403


def test_ports_can_be_denied_and_allowed(make_stack, make_origin):
    denied, allowed, other = make_origin(), make_origin(), make_origin()
    stack = make_stack(agent={"options": ["--deny-port", str(denied.port), "--allow-port", f"{allowed.port},{denied.port}"]})
    assert stack.get(stack.host(allowed.port)).status == 200
    assert stack.get(stack.host(denied.port)).status == 403
    assert stack.get(stack.host(other.port)).status == 403
    assert at(stack.agent, f"localhost:{other.port}").status in (400, 403)
    assert denied.requests == other.requests == []


def test_listen_off_opens_no_port(make_stack, make_origin):
    stack, origin = make_stack(agent={"local": False}), make_origin()
    assert stack.get(stack.host(origin.port)).status == 200
    with open(f"/proc/{stack.agent.process.pid}/net/tcp") as table:
        listening = {line.split()[9] for line in table.readlines()[1:] if line.split()[3] == "0A"}
    import os
    links = [os.readlink(f"/proc/{stack.agent.process.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{stack.agent.process.pid}/fd")]
    assert not [link for link in links if link.startswith("socket:[") and link[8:-1] in listening]
