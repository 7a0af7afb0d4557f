"""Origins that speak https on the machine's own loopback: `origin_protocol: https`."""
import socketserver
import ssl
import threading

import pytest

from harness.origin import answer, random_bytes
from harness.ports import free_port
from harness.websocket import WebSocket, echo_handler


@pytest.fixture
def server_context(ca, tmp_path):
    """A certificate for a name that is not localhost, as development servers have it."""
    ca.issue(str(tmp_path), "app", ["app.internal"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "app.crt", tmp_path / "app.key")
    context.names = []
    context.sni_callback = lambda _, name, __: context.names.append(name)
    return context


@pytest.fixture
def serve(stack, make_origin, server_context):
    """A service `app` of the project, over https: its host."""
    def start(handler, policy=None):
        origin = make_origin(handler, tls=server_context)
        stack.admin.service("misha", "app", origin.port, policy={"origin_protocol": "https", **(policy or {})})
        return origin
    return start


def echo(connection, request):
    connection.send(answer(request.body or b"-", fields=[("Seen-Host", request.host), ("Seen-Origin", request.get("Origin") or "-")]))


def test_requests_and_bodies_pass_over_tls_whatever_the_certificate_says(stack, serve, server_context):
    origin, body = serve(echo), random_bytes(300_000)
    with stack.client(tls=True) as client:
        for _ in range(3):
            client.request("app__misha.iterate.app", "/x", "POST", body=body)
            got = client.response("POST")
            assert got.status == 200 and got.body == body and got.get("Seen-Host") == f"localhost:{origin.port}"
    assert server_context.names == ["localhost"] * len(origin.connections)


def test_an_upgrade_goes_over_tls_too(stack, serve):
    serve(echo_handler)
    with stack.client() as client:
        socket = WebSocket(client, "app__misha.iterate.app")
        for size in (1, 70_000):
            socket.echo(random_bytes(size))


def test_an_origin_is_rewritten_to_https_and_a_redirect_is_mapped_back(stack, serve):
    def redirect(connection, request):
        connection.send(answer(b"", "302 Found", [("Location", f"https://localhost:{origin.port}/next"),
                                                  ("Seen-Origin", request.get("Origin"))]))
    origin = serve(redirect, {"origin": "rewrite"})
    with stack.client(tls=True) as client:
        host = f"app__misha.iterate.app:{stack.broker.https_port}"
        got = client.get(host, fields=[("Origin", f"https://{host}")])
    assert got.get("Location") == f"https://{host}/next" and got.get("Seen-Origin") == f"https://localhost:{origin.port}"


def test_a_port_that_speaks_no_tls_is_502(stack):
    class Plain(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", free_port()), Plain) as plain:
        threading.Thread(target=plain.serve_forever, daemon=True).start()
        stack.admin.service("misha", "plain", plain.server_address[1], policy={"origin_protocol": "https"})
        with stack.client() as client:
            assert client.get("plain__misha.iterate.app").error == "proxy_error"
        plain.shutdown()


def test_ingressctl_sets_it_and_why_says_it(stack, serve):
    origin = serve(echo)
    stack.ctl.ok("service", "set", "misha", "byctl", "--port", origin.port, "--origin-protocol", "https")
    assert "origin_protocol https" in stack.ctl.run("why", "byctl__misha.iterate.app").out
