"""The port of what is shown and redirected to, where clients come by another than the broker has bound."""
from urllib.parse import urlsplit

import pytest

from harness.http1 import Client
from harness.wait import wait_until

PUBLIC = "--public-https-port"
HOST = "misha.iterate.app"


def location_of(stack, target="/a?b=c"):
    return stack.get(HOST, target).get("Location")


@pytest.mark.parametrize("port, shown", [("443", ""), ("9443", ":9443")])
@pytest.mark.parametrize("loops", ["1", "3"])
def test_a_redirect_leads_to_the_port_that_clients_come_by(make_stack, loops, port, shown):
    stack = make_stack(broker={"http_mode": "redirect", "options": [PUBLIC, port, "--loops", loops]}, start=False)
    # Each loop answers some of them.
    assert {location_of(stack) for _ in range(12)} == {f"https://{HOST}{shown}/a?b=c"}


def test_without_a_word_it_is_the_port_that_is_bound(make_stack):
    stack = make_stack(broker={"http_mode": "redirect", "options": [PUBLIC, "0"]}, start=False)
    assert location_of(stack) == f"https://{HOST}:{stack.broker.https_port}/a?b=c"


def test_it_is_said_by_variable_as_the_image_does(make_stack):
    stack = make_stack(broker={"http_mode": "redirect", "env": {"INGRESS_PUBLIC_HTTPS_PORT": "443"}}, start=False)
    assert location_of(stack) == f"https://{HOST}/a?b=c"


def test_links_and_urls_that_are_shown_have_that_port(make_stack, make_origin):
    origin = make_origin()
    stack = make_stack(broker={"options": [PUBLIC, "443"]})
    link = stack.admin.ok("POST", "/v1/shares", {"host": stack.host(origin.port)})
    assert urlsplit(link["url"]).netloc == stack.host(origin.port)
    urls = stack.admin.ok("GET", "/v1/projects/misha")["urls"]
    assert urls and all(urlsplit(url).port is None for url in urls)


def test_the_agent_shows_that_port_to_who_works_in_the_machine(make_stack, make_origin):
    origin = make_origin()
    stack = make_stack(broker={"options": [PUBLIC, "443"]})

    def shown():
        with Client(stack.agent.local_port) as client:
            ports = client.get(f"localhost:{stack.agent.local_port}", "/_ingress/", fields=[("Accept", "application/json")]).json["ports"]
        return [url for port in ports if port["port"] == origin.port for url in port["urls"]]

    assert f"https://{origin.port}__{HOST}/" in wait_until(shown, "the port is listed")
