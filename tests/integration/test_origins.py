"""Connections to origins: kept and reused, a stale one never seen, both loopback addresses."""
import threading
import time

import pytest

from harness.nginx import Nginx
from harness.origin import OK, Origin, answer
from harness.ports import free_port


def test_an_origin_on_ipv6_loopback_alone_is_reached(shared, make_origin):
    origin = make_origin(host="::1")
    for _ in range(3):
        assert shared.get(shared.host(origin.port)).status == 200


def test_an_origin_that_moves_from_ipv4_to_ipv6_is_followed(shared):
    port = free_port()
    for host in ("127.0.0.1", "::1", "127.0.0.1"):
        with Origin(host=host, port=port):
            assert shared.get(shared.host(port)).status == 200


def test_idle_connections_are_reused_by_other_clients(shared, origin):
    for _ in range(10):
        assert shared.get(shared.host(origin.port)).status == 200
    assert len(origin.connections) == 1


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_a_connection_that_went_stale_is_never_seen(shared, make_origin, method):
    """The origin closes after each answer without saying so, some time later: the next request meets a dead socket."""
    def handler(connection, request):
        connection.send(OK if request.method != "HEAD" else b"HTTP/1.1 200 OK\r\n\r\n")
        return False

    origin = make_origin(handler)
    with shared.client() as client:
        for _ in range(30):
            client.request(shared.host(origin.port), method=method)
            assert client.response(method).status == 200


def test_a_post_never_meets_a_stale_connection(shared, make_origin):
    origin = make_origin(lambda connection, request: connection.send(OK) and False)
    with shared.client() as client:
        for number in range(30):
            assert client.get(shared.host(origin.port)).status == 200
            time.sleep(0.002 * (number % 5))
            assert client.get(shared.host(origin.port), method="POST", body=b"x").status == 200


def test_a_get_that_the_origin_drops_is_tried_again_once_and_a_post_is_not(shared, make_origin):
    """The origin reads a request on a reused connection and resets."""
    def handler(connection, request):
        if len([other for other in origin.requests if other.target == request.target]) == 1 and request.target != "/warm":
            connection.reset()
            return False
        connection.send(OK)

    origin = make_origin(handler)
    with shared.client() as client:
        assert client.get(shared.host(origin.port), "/warm").status == 200
        assert client.get(shared.host(origin.port), "/get").status == 200
        assert [request.target for request in origin.requests].count("/get") == 2
        assert client.get(shared.host(origin.port), "/warm").status == 200
        assert client.get(shared.host(origin.port), "/post", method="POST", body=b"x").status == 502
        assert [request.target for request in origin.requests].count("/post") == 1


def test_an_origin_that_restarts_is_reached_again(shared):
    port = free_port()
    for _ in range(3):
        with Origin(port=port):
            assert shared.get(shared.host(port)).status == 200
        response = shared.get(shared.host(port))
        assert (response.status, response.error) == (502, "proxy_error")


def test_requests_at_once_take_connections_of_their_own(shared, make_origin):
    def handler(connection, request):
        time.sleep(0.2)
        connection.send(answer(b"x"))

    origin = make_origin(handler)
    clients = [shared.client() for _ in range(20)]
    for client in clients:
        client.request(shared.host(origin.port))
    for client in clients:
        assert client.response().status == 200
        client.close()
    assert len(origin.connections) >= 10


# nginx: an origin that nobody here wrote

@pytest.fixture
def nginx(tmp_path):
    with Nginx(tmp_path, server="""
        location /echo { if ($request_method != POST) { return 405; } client_body_buffer_size 64k; return 200 "posted\\n"; }
        location /none { return 204; }
        location /moved { return 301 /elsewhere; }
        location /closing { keepalive_timeout 0; return 200 "x"; }
        location /gzip { gzip on; gzip_min_length 1; gzip_types text/plain; alias %s/www/; }
    """ % tmp_path) as made:
        made.write("small", b"hello world\n")
        made.write("big", bytes(range(256)) * 8192)
        yield made


def test_nginx_serves_small_and_big_files(shared, nginx, way):
    with way() as client:
        for _ in range(3):
            assert client.get(shared.host(nginx.port), "/small").body == b"hello world\n"
            assert client.get(shared.host(nginx.port), "/big").body == bytes(range(256)) * 8192


def test_nginx_serves_ranges_and_conditions(shared, nginx):
    response = shared.get(shared.host(nginx.port), "/big", fields=[("Range", "bytes=10-19")])
    assert (response.status, response.body) == (206, bytes(range(10, 20)))
    tag = response.get("ETag")
    assert shared.get(shared.host(nginx.port), "/big", fields=[("If-None-Match", tag)]).status == 304


def test_nginx_answers_without_bodies_keep_the_connection_in_step(shared, nginx):
    with shared.client() as client:
        for _ in range(3):
            assert client.get(shared.host(nginx.port), "/none").status == 204
            assert client.get(shared.host(nginx.port), "/moved").status == 301
            assert client.get(shared.host(nginx.port), "/missing").status == 404
            assert client.get(shared.host(nginx.port), "/closing").body == b"x"
            assert client.get(shared.host(nginx.port), "/small", method="HEAD").get("Content-Length") == "12"


def test_nginx_chunks_what_it_compresses(shared, nginx):
    import gzip

    response = shared.get(shared.host(nginx.port), "/gzip/small", fields=[("Accept-Encoding", "gzip")])
    assert response.chunked and gzip.decompress(response.body) == b"hello world\n"


def test_nginx_takes_posts(shared, nginx):
    with shared.client() as client:
        for size in (0, 10, 100_000):
            assert client.get(shared.host(nginx.port), "/echo", method="POST", body=b"x" * size).body == b"posted\n"


@pytest.mark.slow
def test_nginx_closing_its_idle_connections_is_never_seen(shared, tmp_path):
    with Nginx(tmp_path, keep_alive=1) as short:
        short.write("small", b"x")
        with shared.client() as client:
            for pause in (0, 0.9, 1.0, 1.05, 1.1, 0.95, 1.5):
                time.sleep(pause)
                assert client.get(shared.host(short.port), "/small").status == 200

def test_a_dev_server_that_restarts_is_not_an_error(stack, make_origin):
    """Back after 0.7 s: requests of that time wait, a POST too, and are served once."""
    origin = make_origin()
    assert stack.get(stack.host(origin.port)).status == 200
    for method in ("GET", "POST"):
        origin.stop_listening()
        for connection in origin.connections:
            connection.close()
        with stack.client() as client:
            client.request(stack.host(origin.port), "/again", method, (), b"body" if method == "POST" else None)
            threading.Timer(0.7, origin.listen_again).start()
            assert client.response(method).status == 200
    assert [request.method for request in origin.requests] == ["GET", "GET", "POST"]


def test_a_port_that_stays_away_is_told_after_the_wait_and_one_that_never_listened_at_once(make_stack, make_origin):
    stack = make_stack(agent={"options": ["--origin-wait", "300ms"]})
    origin = make_origin()
    assert stack.get(stack.host(origin.port)).status == 200
    origin.close()
    response = stack.get(stack.host(origin.port))
    assert (response.status, response.error) == (502, "proxy_error")
    response = stack.get(stack.host(free_port()))
    assert (response.status, response.error) == (502, "proxy_error")
