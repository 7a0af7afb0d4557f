"""What the programs weigh while nothing happens."""
import ssl

import pytest

from harness.process import under_sanitizer
from harness.wait import wait_until

MB = 1 << 20
BLOCK = b"x" * MB

pytestmark = pytest.mark.skipif(under_sanitizer(), reason="a sanitizer's memory is not the program's")


def endless(connection, request):
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (1 << 40))
    while True:
        connection.send(BLOCK)


def test_an_idle_agent_is_below_8_mb_soon_after_its_tunnel_is_up(make_stack):
    agent = make_stack().agent
    wait_until(lambda: agent.process.rss_kb() < 8 * 1024, "the agent's start is given back", 5)


def test_an_idle_broker_is_below_15_mb(make_stack):
    # Of it 12 MB are code, most of it of libraries; OpenSSL's as of 3.5 (Debian 13) is 1.3 MB more than before.
    limit_mb = 16 if ssl.OPENSSL_VERSION_INFO >= (3, 5) else 15
    assert make_stack().broker.process.rss_kb() < limit_mb * 1024


def test_what_many_readers_needed_is_given_back_when_they_have_left(make_stack, make_origin):
    stack, origin = make_stack(), make_origin(endless)
    broker, agent = stack.broker.process, stack.agent.process
    idle = broker.anonymous_kb()
    readers = [stack.client(tls=True, receive_buffer=16 * 1024) for _ in range(150)]
    for reader in readers:
        reader.request(stack.host(origin.port))
        assert reader.final_head().status == 200
        reader.reader.exactly(100_000)
    held = broker.anonymous_kb() - idle
    assert held > 5 * 1024
    for reader in readers:
        reader.close()
    wait_until(lambda: broker.anonymous_kb() - idle < held / 2, "the broker's memory is given back", 25,
               lambda: f"idle {idle}, held {held}, now {broker.anonymous_kb()}")
    wait_until(lambda: agent.rss_kb() < 10 * 1024, "the agent's memory is given back", 25)
