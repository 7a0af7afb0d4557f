"""`canonical: redirect` beside what is for the host asked alone: share links, their cookies, preflights."""
from urllib.parse import urlsplit

import pytest

from harness.origin import answer
from harness.wait import wait_until
from harness.websocket import WebSocket, echo_handler

HOST, CANONICAL = "misha.iterate.app", "www.example.com"


@pytest.fixture
def shared(make_stack, make_origin):
    """Project misha, whose other names lead to www.example.com, for those with a share alone."""
    origin = make_origin(lambda connection, request: echo_handler(connection, request) if request.get("Upgrade") else
                         connection.send(answer("in")))
    stack = make_stack(default_port=origin.port)
    stack.admin.set_project("misha", policy={"canonical": "redirect", "auth": "share"})
    stack.admin.domain(CANONICAL, "misha")
    return stack, origin


def link_to(stack, host, **more):
    """Path and query of a new link."""
    parts = urlsplit(stack.admin.ok("POST", "/v1/shares", {"host": host, **more})["url"])
    assert parts.netloc.split(":")[0] == host
    return f"{parts.path}?{parts.query}"


def cookie_of(got):
    return ("Cookie", got.get("Set-Cookie").split("; ")[0])


@pytest.mark.parametrize("host", [HOST, CANONICAL])
def test_a_link_lets_in_to_the_host_that_it_is_for(shared, host):
    stack, origin = shared
    got = stack.get(host, link_to(stack, host) + "&a=b")
    assert got.status == 302 and got.get("Location") == "/?a=b"
    assert stack.get(host, "/?a=b", fields=[cookie_of(got)]).body == b"in"
    with stack.client() as client:
        WebSocket(client, host, "/ws", fields=[cookie_of(got)]).echo("x")
    other = CANONICAL if host == HOST else HOST
    assert stack.get(other, "/", fields=[cookie_of(got)]).status in (301, 401)
    assert all("__share" not in request.target for request in origin.requests)


def test_who_is_in_stays_in_where_the_project_gets_a_canonical_name(shared):
    stack, _ = shared
    stack.admin.set_project("misha", policy={"auth": "share"})
    cookie = cookie_of(stack.get(HOST, link_to(stack, HOST)))
    stack.admin.set_project("misha", policy={"canonical": "redirect", "auth": "share"})
    assert stack.get(HOST, "/", fields=[cookie]).status == 200
    assert stack.get(HOST, "/").get("Location") == f"http://{CANONICAL}/"


def test_no_redirect_shows_a_link_to_another_host(shared):
    stack, origin = shared
    link = link_to(stack, HOST)
    service = f"{origin.port}__{HOST}"  # not the host of the link
    wrong = link[:-1] + ("A" if link[-1] != "A" else "B")
    for host, target in ((service, link + "&a=b"), (HOST, wrong + "&a=b")):
        got = stack.get(host, target)
        assert got.status == 301 and got.get("Location").endswith(f"{CANONICAL}/?a=b"), got
    stack.admin.set_project("misha", policy={"canonical": "redirect", "auth": "public"})
    got = stack.get(HOST, link)
    assert got.status == 301 and got.get("Location") == f"http://{CANONICAL}/"


def test_a_link_that_is_over_is_told_so_by_the_host_that_it_is_for(shared):
    stack, _ = shared
    link = link_to(stack, HOST, ttl=2)
    wait_until(lambda: stack.get(HOST, link).status == 410, "the end of its time")


def test_a_preflight_is_answered_where_it_was_asked(shared):
    stack, _ = shared
    with stack.client() as client:
        client.request(HOST, "/api", "OPTIONS", [("Origin", "https://app.example"), ("Access-Control-Request-Method", "PUT")])
        assert client.response("OPTIONS").status == 200
    with stack.client() as client:
        client.request(HOST, "/api", "OPTIONS", [("Origin", "https://app.example")])
        assert client.response("OPTIONS").status == 301


def test_a_second_custom_domain_leads_to_the_first_but_for_who_has_a_share_of_it(shared):
    stack, origin = shared
    second = "xyz.example.net"
    stack.admin.domain(second, "misha")
    cookie = cookie_of(stack.get(second, link_to(stack, second)))
    assert stack.get(second, "/x?a=b", fields=[cookie]).body == b"in"
    got = stack.get(second, "/x?a=b")
    assert got.status == 301 and got.get("Location") == f"http://{CANONICAL}/x?a=b"
    got = stack.get(f"{origin.port}.{second}", "/x")
    assert got.status == 301 and got.get("Location") == f"http://{origin.port}.{CANONICAL}/x"
    stack.admin.set_project("misha", policy={"canonical": "redirect", "auth": "public"})
    for host in (CANONICAL, f"{origin.port}.{CANONICAL}"):
        assert stack.get(host, "/x").body == b"in", host
    assert stack.get(second, "/x").status == 301


def test_nobody_is_sent_to_a_name_that_another_project_holds(shared, make_origin):
    stack, _ = shared
    docs = make_origin()
    stack.admin.set_project("misha", policy={"canonical": "redirect", "auth": "public"})
    stack.admin.service("misha", "docs", docs.port)
    assert stack.get(f"docs__{HOST}").get("Location") == f"http://docs.{CANONICAL}/"
    stack.admin.machine("mach_b")
    stack.admin.project("other", "mach_b")
    stack.admin.domain(f"docs.{CANONICAL}", "other")
    assert stack.get(f"docs__{HOST}").status == 200 and docs.requests
