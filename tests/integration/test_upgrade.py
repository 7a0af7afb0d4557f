"""WebSocket and every other Upgrade: opaque bytes after the 101, both ways, to the end."""
import threading
import time

import pytest

from harness import websocket
from harness.http1 import Client
from harness.origin import random_bytes
from harness.wait import in_time, thrice, wait_until
from harness.websocket import BINARY, CLOSE, PING, PONG, WebSocket


def raw_upgrade(client, host, protocol="my-protocol/2", extra=b""):
    client.send(f"GET /up HTTP/1.1\r\nHost: {host}\r\nConnection: upgrade\r\nUpgrade: {protocol}\r\n\r\n".encode() + extra)
    response = client.final_head()
    assert response.status == 101, response
    return response


def switch(connection, protocol="my-protocol/2", extra=b""):
    connection.send(f"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: {protocol}\r\n\r\n".encode() + extra)


def test_a_websocket_echoes_small_and_large_messages(shared, make_origin, way):
    origin = make_origin(websocket.echo_handler)
    with way() as client:
        socket = WebSocket(client, shared.host(origin.port))
        for payload in ("hello", "", "x" * 125, "x" * 126, "y" * 65535, "z" * 65536):
            socket.echo(payload)
        socket.echo(random_bytes(3_000_000), BINARY)
        socket.send("are you there", PING)
        assert socket.receive() == (PONG, b"are you there")


def test_the_handshake_reaches_the_origin_as_it_was(shared, make_origin):
    origin = make_origin(websocket.echo_handler)
    with shared.client() as client:
        socket = WebSocket(client, shared.host(origin.port), "/ws?token=x", [("Origin", "https://elsewhere.example.com"),
                                                                               ("Sec-WebSocket-Extensions", "permessage-deflate")])
        assert socket.response.get("Sec-WebSocket-Protocol") == "chat"
    request = origin.last
    assert (request.method, request.target, request.get("Upgrade").lower()) == ("GET", "/ws?token=x", "websocket")
    assert request.get("Connection").lower() == "upgrade"
    assert request.get("Origin") == "https://elsewhere.example.com"
    assert request.get("Sec-WebSocket-Extensions") == "permessage-deflate"
    assert request.get("Host") == f"localhost:{origin.port}"


def test_the_closing_handshake_passes_both_ways(shared, make_origin):
    origin = make_origin(websocket.echo_handler)
    with shared.client() as client:
        socket = WebSocket(client, shared.host(origin.port))
        socket.send(b"\x03\xe8bye", CLOSE)
        assert socket.receive() == (CLOSE, b"\x03\xe8bye")
        assert client.closed()


def test_a_refused_handshake_passes_as_an_ordinary_answer(shared, make_origin):
    origin = make_origin(lambda connection, request: connection.send(
        b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"))
    with shared.client() as client:
        client.request(shared.host(origin.port), fields=websocket.handshake_fields("x" * 22 + "=="))
        response = client.response()
        assert (response.status, response.body) == (403, b"no")
        assert client.get(shared.host(origin.port)).status == 403, "the connection stays usable"


def test_any_protocol_is_an_opaque_stream(shared, make_origin, way):
    def handler(connection, request):
        assert request.get("Upgrade") == "my-protocol/2"
        switch(connection)
        while data := connection.reader.some():
            connection.send(data[::-1])
        return False

    origin = make_origin(handler)
    with way() as client:
        raw_upgrade(client, shared.host(origin.port))
        for data in (b"GET / HTTP/1.1\r\n\r\n", b"\x00\xff\n\r", b"0\r\n\r\n"):
            client.send(data)
            assert client.reader.exactly(len(data)) == data[::-1]


def test_bytes_right_behind_the_heads_are_not_lost(shared, make_origin):
    got = []

    def handler(connection, _):
        switch(connection, extra=b"first words of the origin")
        got.append(connection.reader.exactly(11))
        return False

    origin = make_origin(handler)
    with shared.client() as client:
        raw_upgrade(client, shared.host(origin.port), extra=b"first words")
        assert client.reader.rest() == b"first words of the origin"
    assert got == [b"first words"]


def test_a_half_close_of_the_client_passes_and_the_origin_can_still_speak(shared, make_origin):
    def handler(connection, _):
        switch(connection)
        said = connection.reader.rest()
        connection.send(b"you said " + said)
        return False

    origin = make_origin(handler)
    with shared.client() as client:
        raw_upgrade(client, shared.host(origin.port))
        client.send(b"all of it")
        client.half_close()
        assert client.reader.rest() == b"you said all of it"


@pytest.mark.parametrize("port", ["broker", "agent"])
def test_a_half_close_that_comes_before_the_101_passes_behind_it(shared, make_origin, port):
    def handler(connection, _):
        time.sleep(0.1)
        switch(connection)
        connection.send(b"saw the end of " + connection.reader.rest())
        return False

    origin = make_origin(handler)
    with (Client(shared.agent.local_port) if port == "agent" else shared.client()) as client:
        client.request(shared.host(origin.port), fields=[
            ("Connection", "upgrade"), ("Upgrade", "x"), ("X-Iterate-Proxy-Target-Host", f"localhost:{origin.port}")])
        client.half_close()
        assert client.final_head().status == 101
        assert client.reader.rest() == b"saw the end of "


def test_a_half_close_of_the_origin_passes_and_the_client_can_still_speak(shared, make_origin):
    import socket

    said = []

    def handler(connection, _):
        switch(connection, extra=b"that is all")
        connection.sock.shutdown(socket.SHUT_WR)
        said.append(connection.reader.rest())
        return False

    origin = make_origin(handler)
    with shared.client() as client:
        raw_upgrade(client, shared.host(origin.port))
        assert client.reader.rest() == b"that is all"
        client.send(b"one more thing")
        client.half_close()
        wait_until(lambda: said == [b"one more thing"], "what the client said after the origin's half-close")


@pytest.mark.parametrize("how", ["close", "reset"])
@thrice
def test_a_client_that_leaves_closes_the_origins_connection_within_a_second(shared, make_origin, way, how):
    ended = []

    def handler(connection, request):
        websocket.accept(connection, request)
        started.set()
        ended.append(connection.wait_end(10))
        return False

    started = threading.Event()
    origin = make_origin(handler)
    client = way()
    WebSocket(client, shared.host(origin.port))
    started.wait(10)
    import time
    left = time.monotonic()
    if how == "reset":
        client.reset()
    else:
        client.close()
    wait_until(lambda: ended, "the origin's connection ends")
    in_time(time.monotonic() - left, 1.0)


@pytest.mark.parametrize("how", ["close", "reset"])
def test_an_origin_that_leaves_closes_the_clients_connection(shared, make_origin, way, how):
    def handler(connection, request):
        websocket.accept(connection, request)
        assert websocket.read_frame(connection.reader) == (websocket.TEXT, b"go")
        if how == "reset":
            connection.reset()
        return False

    origin = make_origin(handler)
    with way() as client:
        WebSocket(client, shared.host(origin.port)).send("go")
        assert client.closed()


def test_bulk_both_ways_at_once_arrives_whole(shared, make_origin):
    size = 8_000_000
    data, heard = random_bytes(size), []

    def handler(connection, _):
        switch(connection)
        sender = threading.Thread(target=connection.send, args=(data,))
        sender.start()
        heard.append(connection.reader.exactly(size))
        sender.join()
        connection.send(b"END")
        return False

    origin = make_origin(handler)
    with shared.client() as client:
        raw_upgrade(client, shared.host(origin.port))
        sender = threading.Thread(target=client.send, args=(data,))
        sender.start()
        assert client.reader.exactly(size) == data
        sender.join()
        assert client.reader.exactly(3) == b"END"
    assert heard == [data]


def test_many_websockets_share_a_tunnel(shared, make_origin):
    origin = make_origin(websocket.echo_handler)
    sockets = [WebSocket(shared.client(), shared.host(origin.port)) for _ in range(100)]
    for number, socket in enumerate(sockets):
        socket.send(f"message {number}")
    for number, socket in enumerate(sockets):
        assert socket.receive() == (websocket.TEXT, f"message {number}".encode())
        socket.client.close()


def test_an_upgrade_of_an_http_1_0_client_is_an_ordinary_request(shared, origin):
    with shared.client() as client:
        client.request(shared.host(origin.port), version="HTTP/1.0", fields=[("Connection", "upgrade"), ("Upgrade", "websocket")])
        assert client.response().status == 200
    assert origin.last.get("Upgrade") is None


def test_an_upgrade_that_connection_does_not_name_is_an_ordinary_request(shared, origin):
    assert shared.get(shared.host(origin.port), fields=[("Upgrade", "websocket")]).status == 200
    assert origin.last.get("Upgrade") is None


def test_an_upgrade_with_a_body_is_an_ordinary_request(shared, origin):
    fields = [("Connection", "upgrade"), ("Upgrade", "my-protocol/2")]
    with shared.client() as client:
        for _ in range(2):
            client.request(shared.host(origin.port), method="POST", fields=fields, body=b"hello")
            assert client.response().status == 200
    assert (origin.last.get("Upgrade"), origin.last.body) == (None, b"hello")


def test_an_upgrade_that_the_origin_ignores_leaves_the_connection_usable(shared, origin):
    fields = [("Connection", "upgrade"), ("Upgrade", "my-protocol/2")]
    with shared.client() as client:
        for _ in range(3):
            assert client.get(shared.host(origin.port), fields=fields).status == 200
    assert origin.last.get("Upgrade") == "my-protocol/2"


def test_a_websocket_works_through_the_agents_own_port(shared, make_origin):
    origin = make_origin(websocket.echo_handler)
    with Client(shared.agent.local_port) as client:
        socket = WebSocket(client, "machine.example.com", fields=[("X-Iterate-Proxy-Target-Host", f"localhost:{origin.port}")])
        socket.echo("hello")
        socket.echo("x" * 100_000)
