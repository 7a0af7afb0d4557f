"""The way out through a proxy that knows CONNECT."""
import pytest

from harness.connect_proxy import ConnectProxy
from harness.http1 import Client
from harness.ports import free_port
from harness.wait import wait_until


def unreachable(stack, proxy):
    """What the agent's log says, its next lines being the same."""
    stack.agent.env = {"HTTPS_PROXY": proxy}
    stack.agent.start(wait=False)
    return stack.agent.process.wait_event("tunnel_unreachable")["error"]


def told(stack):
    """The sentences of /_ingress/, with how often each came."""
    with Client(stack.agent.local_port) as client:
        errors = client.get("localhost", "/_ingress/?format=json").json["errors"]
    return {error["message"]: error["times"] for error in errors}


def assert_works(stack, origin):
    assert stack.get(stack.host(origin.port)).status == 200


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy"])
def test_the_tunnel_goes_through_the_proxy(make_stack, origin, variable):
    with ConnectProxy() as proxy:
        stack = make_stack(agent={"env": {variable: f"http://127.0.0.1:{proxy.port}"}})
        assert proxy.targets == [f"localhost:{stack.broker.https_port}"]
        assert_works(stack, origin)


def test_credentials_of_the_proxy_are_used(make_stack, origin):
    with ConnectProxy(credentials="user:p@ss") as proxy:
        stack = make_stack(agent={"env": {"HTTPS_PROXY": f"http://user:p%40ss@127.0.0.1:{proxy.port}"}})
        assert_works(stack, origin)
        assert "p@ss" not in stack.agent.process.log_text() and "p%40ss" not in stack.agent.process.log_text()


def test_a_user_without_a_password_shows_an_empty_one(make_stack, origin):
    with ConnectProxy(credentials="user:") as proxy:
        assert_works(make_stack(agent={"env": {"HTTPS_PROXY": f"http://user@127.0.0.1:{proxy.port}"}}), origin)


def test_no_proxy_leads_past_it(make_stack, origin):
    with ConnectProxy() as proxy:
        stack = make_stack(agent={"env": {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}", "NO_PROXY": "localhost"}})
        assert_works(stack, origin)
        assert proxy.targets == []


def test_a_proxy_that_refuses_is_said_and_tried_again(make_stack, origin):
    with ConnectProxy(refuse=True) as proxy:
        stack = make_stack(start=False, agent={"env": {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"}})
        stack.agent.start(wait=False)
        line = stack.agent.process.wait_event("tunnel_unreachable")
        sentence = f"by the proxy 127.0.0.1:{proxy.port}: it answered 403: "
        assert line["error"].startswith(sentence)
        wait_until(lambda: any(times >= 3 for message, times in told(stack).items() if sentence in message),
                   "each failure is counted")
        assert len(stack.agent.process.find("tunnel_unreachable")) == 1, "and logged once"
        proxy.refuse = False
        stack.agent.wait_up()
        assert_works(stack, origin)


def test_a_proxy_that_wants_credentials_or_is_not_there_is_named(make_stack):
    stack = make_stack(start=False)
    with ConnectProxy(credentials="user:right") as proxy:
        said = unreachable(stack, f"http://user:wr0ng@127.0.0.1:{proxy.port}")
        assert said.startswith(f"by the proxy 127.0.0.1:{proxy.port}: it answered 407: ") and "wr0ng" not in said
        stack.agent.process.stop()
    port = free_port()
    assert unreachable(stack, f"http://127.0.0.1:{port}").startswith(f"by the proxy 127.0.0.1:{port}: ")
    assert any(f"by the proxy 127.0.0.1:{port}: " in message for message in told(stack))
    stack.agent.process.stop()
    said = unreachable(stack, "http://nosuch.invalid:3128")
    assert said.startswith("by the proxy nosuch.invalid:3128: the name nosuch.invalid: tunnel: resolve_failed: ")


def test_a_tunnel_that_the_proxy_cuts_comes_back(make_stack, origin):
    with ConnectProxy() as proxy:
        stack = make_stack(agent={"env": {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"}})
        proxy.cut()
        stack.agent.process.wait_event("tunnel_down")
        stack.agent.wait_up(2)
        assert_works(stack, origin)
