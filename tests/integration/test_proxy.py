"""The way out through a proxy that knows CONNECT."""
import pytest

from harness.connect_proxy import ConnectProxy


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


def test_no_proxy_leads_past_it(make_stack, origin):
    with ConnectProxy() as proxy:
        stack = make_stack(agent={"env": {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}", "NO_PROXY": "localhost"}})
        assert_works(stack, origin)
        assert proxy.targets == []


def test_a_proxy_that_refuses_is_said_and_tried_again(make_stack, origin):
    with ConnectProxy(refuse=True) as proxy:
        stack = make_stack(start=False, agent={"env": {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"}})
        stack.agent.start(wait=False)
        stack.agent.process.wait_event("tunnel_unreachable")
        assert stack.agent.process.running()
        proxy.refuse = False
        stack.agent.wait_up()
        assert_works(stack, origin)


def test_a_tunnel_that_the_proxy_cuts_comes_back(make_stack, origin):
    with ConnectProxy() as proxy:
        stack = make_stack(agent={"env": {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"}})
        proxy.cut()
        stack.agent.process.wait_event("tunnel_down")
        stack.agent.wait_up(2)
        assert_works(stack, origin)
