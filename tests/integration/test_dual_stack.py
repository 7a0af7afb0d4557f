"""Listeners at every address take IPv4 and IPv6, however they are named."""
import socket

import pytest

from harness.http1 import Client
from harness.ports import free_port


def has_ipv6():
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
@pytest.mark.parametrize("address", ["0.0.0.0", "[::]", ""])
@pytest.mark.parametrize("words", [[], ["--supervise"]])
def test_both_families_are_taken(make_stack, origin, address, words):
    port = free_port()
    stack = make_stack(broker={"options": ["--http", f"{address}:{port}", *words]})
    for number, ip in enumerate(("127.0.0.1", "::1")):
        with Client(port, host=ip) as client:
            assert client.get(stack.host(origin.port), f"/{number}").status == 200
        assert origin.last.get("X-Forwarded-For") == ip
