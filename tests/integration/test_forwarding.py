"""Byte-true: what a request and an answer are on their way, and the few fields that a proxy changes."""
import pytest

from harness.origin import answering, saying
from harness.stack import MACHINE
from harness.websocket import echo_handler

ADDED = {"x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "x-iterate-proxy-via",
         "traceparent", "x-request-id"}


def sent_through(shared, origin, way, fields, target="/", method="GET", body=None):
    with way() as client:
        client.request(shared.host(origin.port), target, method, fields, body)
        client.response(method)
    return origin.last


def own(request):
    """The fields that came from the client, in their order."""
    return [(name, value) for name, value in request.fields if name.lower() not in ADDED]


def test_order_case_and_duplicates_of_fields_pass(shared, origin, way):
    fields = [("X-One", "1"), ("accept", "text/html"), ("x-oNe", "2"), ("ACCEPT-LANGUAGE", "de"), ("X-One", "1"),
              ("Cookie", "a=b; c=d"), ("Cookie", "e=f"), ("X-Empty", ""), ("Authorization", "Basic eDp5"),
              ("X-Blanks", "a  b\tc")]
    request = sent_through(shared, origin, way, fields)
    assert own(request) == [("Host", f"localhost:{origin.port}")] + fields


def test_bytes_beyond_ascii_in_a_value_pass(shared, origin):
    with shared.client() as client:
        client.send(f"GET / HTTP/1.1\r\nHost: {shared.host(origin.port)}\r\nX-Name: ".encode() + b"\xc3\xa4\xff\x80\r\n\r\n")
        assert client.response().status == 200
    assert b"X-Name: \xc3\xa4\xff\x80\r\n" in origin.raw


@pytest.mark.parametrize("target", [
    "/", "/a/b?c=d&e=f", "/%2e%2e/%00%zz", "//double//slash", "/a/../b/./c", "/?", "/a?b?c", "/;p=1", "/a%2Fb", "/*",
    "/" + "x" * 8000, "/~!$&'()*+,;=:@", "/a//?x=%", "/\"<>\\^`{|}",
])
def test_the_target_passes_as_it_is(shared, origin, target):
    assert shared.get(shared.host(origin.port), target).status == 200
    assert origin.last.target == target


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND", "MKCOL",
                                    "REPORT", "PURGE", "SEARCH", "QUERY", "LOCK"])
def test_the_method_passes(shared, origin, method):
    with shared.client() as client:
        client.request(shared.host(origin.port), "/m", method)
        assert client.response(method).status == 200
    assert origin.last.method == method


def test_options_asterisk_passes(shared, origin):
    assert shared.get(shared.host(origin.port), "*", method="OPTIONS").status == 200
    assert origin.last.target == "*"


def test_an_absolute_target_names_the_host(shared, origin):
    host = shared.host(origin.port)
    with shared.client() as client:
        client.send(f"GET http://{host}/a?b HTTP/1.1\r\nHost: nowhere.example.com\r\n\r\n".encode())
        assert client.response().status == 200
    assert origin.last.target == "/a?b"
    assert origin.last.host == f"localhost:{origin.port}"
    assert origin.last.get("X-Forwarded-Host") == host


def test_forwarding_fields_tell_where_the_request_came_from(shared, origin):
    host = shared.host(origin.port)
    shared.get(f"{host}:{shared.broker.https_port}", tls=True)
    request = origin.last
    assert request.get("X-Forwarded-For") == "127.0.0.1"
    assert request.get("X-Forwarded-Host") == f"{host}:{shared.broker.https_port}"
    assert request.get("X-Forwarded-Proto") == "https"
    assert request.get("X-Forwarded-Port") == str(shared.broker.https_port)
    assert request.get("X-Iterate-Proxy-Via") == f"{host}:{shared.broker.https_port}"


def test_the_scheme_of_a_clear_request_is_http_and_its_port_80(shared, origin):
    shared.get(shared.host(origin.port))
    assert origin.last.get("X-Forwarded-Proto") == "http"
    assert origin.last.get("X-Forwarded-Port") == "80"


def test_a_trace_and_a_request_id_are_begun(shared, origin):
    shared.get(shared.host(origin.port))
    version, trace, parent, flags = origin.last.get("traceparent").split("-")
    assert (version, len(trace), len(parent), len(flags)) == ("00", 32, 16, 2)
    first = origin.last.get("X-Request-Id")
    shared.get(shared.host(origin.port))
    assert first and origin.last.get("X-Request-Id") != first
    assert origin.last.get("traceparent").split("-")[1] != trace


def test_a_trace_and_a_request_id_are_passed_on(shared, origin):
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    shared.get(shared.host(origin.port), fields=[("traceparent", trace), ("X-Request-Id", "mine")])
    assert origin.last.get("traceparent") == trace
    assert origin.last.get("X-Request-Id") == "mine"


def test_a_malformed_trace_is_begun_anew(shared, origin):
    shared.get(shared.host(origin.port), fields=[("traceparent", "00-zz-1-01")])
    assert len(origin.last.get("traceparent").split("-")[1]) == 32


@pytest.mark.parametrize("name", [
    "Forwarded", "X-Real-IP", "X-Iterate-Proxy-Target-Host", "X-Iterate-Project-Ingress-Secret", "X-Forwarded-User",
    "X-Forwarded-Email", "Remote-User", "X-Remote-User", "X-Auth-Request-User", "X-Auth-Request-Email",
    "X_Forwarded_For", "X_Real_IP", "X_Iterate_Proxy_Target_Host", "Remote_User", "x-fOrWaRdEd-prefix",
])
def test_a_client_cannot_claim_what_only_a_proxy_may_say(shared, origin, name):
    shared.get(shared.host(origin.port), fields=[(name, "forged"), ("X-Kept", "yes")])
    assert b"forged" not in origin.raw
    assert origin.last.get("X-Kept") == "yes"


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port",
                                  "X-Iterate-Proxy-Via"])
def test_forwarding_fields_of_a_client_are_replaced(shared, origin, name):
    shared.get(shared.host(origin.port), fields=[(name, "forged")])
    assert len(origin.last.all(name)) == 1
    assert b"forged" not in origin.raw


def test_hop_by_hop_fields_of_a_request_end_here(shared, origin):
    shared.get(shared.host(origin.port), fields=[
        ("Connection", "keep-alive, X-Private"), ("X-Private", "mine"), ("Keep-Alive", "timeout=9"),
        ("Proxy-Connection", "keep-alive"), ("Proxy-Authorization", "Basic eDp5"), ("TE", "gzip"), ("X-Kept", "yes")])
    names = {name.lower() for name, _ in origin.last.fields}
    assert not names & {"x-private", "keep-alive", "proxy-connection", "proxy-authorization", "te"}
    assert origin.last.get("X-Kept") == "yes"


def test_te_trailers_passes_and_other_codings_do_not(shared, origin):
    shared.get(shared.host(origin.port), fields=[("TE", "gzip, trailers"), ("Connection", "TE")])
    assert origin.last.get("TE") == "trailers"


@pytest.mark.parametrize("upgrade", ["h2c, websocket", "websocket, h2c", "websocket,H2C/1,"])
def test_of_an_upgrade_to_h2c_or_another_the_other_is_forwarded(shared, make_origin, upgrade):
    origin = make_origin(echo_handler)
    key = "dGhlIHNhbXBsZSBub25jZQ=="
    with shared.client() as client:
        client.request(shared.host(origin.port), fields=[
            ("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", upgrade), ("HTTP2-Settings", "AAMAAABk"),
            ("Sec-WebSocket-Key", key), ("Sec-WebSocket-Version", "13")])
        response = client.final_head()
    assert (response.status, response.get("Upgrade")) == (101, "websocket")
    assert origin.last.get("Upgrade") == "websocket" and origin.last.get("HTTP2-Settings") is None


@pytest.mark.parametrize("fields", [[("Upgrade", "websocket"), ("Connection", "Upgrade")], [("upgrade", "TLS/1.0, a")]])
def test_what_a_426_asks_for_reaches_the_client(shared, make_origin, fields):
    origin = make_origin(answering(b"", "426 Upgrade Required", fields))
    response = shared.get(shared.host(origin.port))
    assert (response.status, response.get("Upgrade")) == (426, fields[0][1])
    assert "upgrade" in response.get("Connection").lower()


def test_a_target_with_a_query_and_no_path_has_the_path_slash(shared, origin, way):
    host = shared.host(origin.port)
    with way() as client:
        client.send(f"GET http://{host}?y=1 HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n".encode())
        assert client.response().status == 200
    assert origin.last.target == "/?y=1"


@pytest.mark.parametrize("upgrade", ["h2c", "h2c, h2c/1", "H2C"])
def test_an_upgrade_to_h2c_is_never_forwarded(shared, origin, upgrade):
    response = shared.get(shared.host(origin.port), fields=[
        ("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", upgrade), ("HTTP2-Settings", "AAMAAABk")])
    assert response.status == 200
    assert b"h2c" not in origin.raw.lower()
    assert origin.last.get("HTTP2-Settings") is None


def test_the_answer_passes_as_it_is(shared, make_origin, way):
    fields = [("X-One", "1"), ("set-cookie", "a=b; Path=/"), ("Set-Cookie", "c=d"), ("X-oNe", "2"), ("X-Empty", ""),
              ("Server", "mine"), ("Date", "Sat, 21 Nov 2026 10:00:00 GMT"), ("ETag", '"x"'), ("Cache-Control", "no-store")]
    origin = make_origin(answering(b"body", "299 Own Words", fields))
    with way() as client:
        response = client.get(shared.host(origin.port))
    assert (response.status, response.reason, response.body) == (299, "Own Words", b"body")
    assert response.fields == fields + [("Content-Length", "4")]


@pytest.mark.parametrize("status", [200, 201, 202, 203, 206, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 409, 410,
                                    418, 422, 429, 451, 500, 501, 502, 503, 504, 511, 599])
def test_every_final_status_passes(shared, make_origin, status):
    origin = make_origin(answering(b"x", f"{status} Because"))
    response = shared.get(shared.host(origin.port))
    assert (response.status, response.reason, response.body) == (status, "Because", b"x")


def test_hop_by_hop_fields_of_an_answer_end_here(shared, make_origin):
    origin = make_origin(answering(b"x", fields=[
        ("Connection", "X-Private"), ("X-Private", "mine"), ("Keep-Alive", "timeout=5"), ("Proxy-Authenticate", "Basic"),
        ("X-Kept", "yes")]))
    response = shared.get(shared.host(origin.port))
    names = {name.lower() for name, _ in response.fields}
    assert not names & {"x-private", "keep-alive", "proxy-authenticate", "connection"}
    assert response.get("X-Kept") == "yes"


def test_an_answer_without_a_reason_passes(shared, make_origin):
    origin = make_origin(saying(b"HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\nx"))
    assert shared.get(shared.host(origin.port)).body == b"x"


@pytest.mark.parametrize("location", ["http://localhost:@P/a?b", "http://127.0.0.1:@P/a?b", "http://[::1]:@P/a?b",
                                      "https://localhost:@P/a?b"])
def test_an_absolute_location_at_the_origin_is_mapped_back(shared, make_origin, location):
    origin = make_origin(lambda connection, request: connection.send(
        f"HTTP/1.1 302 Found\r\nLocation: {location.replace('@P', str(origin.port))}\r\nContent-Length: 0\r\n\r\n".encode()))
    host = f"{shared.host(origin.port)}:{shared.broker.https_port}"
    assert shared.get(host, tls=True).get("Location") == f"https://{host}/a?b"


@pytest.mark.parametrize("location", ["/relative", "https://example.com/x", "http://localhost:1/other", "//x/y", "?q"])
def test_another_location_passes_as_it_is(shared, make_origin, location):
    origin = make_origin(answering(b"", "302 Found", [("Location", location)]))
    assert shared.get(shared.host(origin.port)).get("Location") == location


def test_the_policy_can_keep_the_host(stack, make_origin):
    origin = make_origin()
    stack.admin.service("misha", "kept", origin.port, policy={"host": "preserve"})
    assert stack.get("kept.misha.iterate.app:8443").status == 200
    assert origin.last.host == "kept.misha.iterate.app:8443"


def test_a_same_site_origin_is_rewritten_where_the_policy_says_so(stack, make_origin):
    origin = make_origin()
    stack.admin.service("misha", "app", origin.port, policy={"origin": "rewrite"})
    host = "app.misha.iterate.app"
    stack.get(host, fields=[("Origin", f"http://{host}"), ("Referer", f"http://{host}/page")])
    assert origin.last.get("Origin") == f"http://localhost:{origin.port}"
    assert origin.last.get("Referer") == f"http://localhost:{origin.port}/page"
    stack.get(host, fields=[("Origin", "https://elsewhere.example.com"), ("Referer", "https://elsewhere.example.com/")])
    assert origin.last.get("Origin") == "https://elsewhere.example.com"
    assert origin.last.get("Referer") == "https://elsewhere.example.com/"


def test_a_policy_follows_the_port_and_not_the_name(stack, make_origin):
    origin = make_origin()
    stack.admin.service("misha", "kept", origin.port, policy={"host": "preserve"})
    for host in (f"{origin.port}__misha.iterate.app", f"{origin.port}__{MACHINE}.machines.iterate.app", "kept__misha.iterate.app"):
        assert stack.get(host).status == 200
        assert origin.last.host == host
