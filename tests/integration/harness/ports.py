"""Free ports, below the kernel's ephemeral range, so that no outgoing connection takes one between choice and use."""
import itertools
import os
import random
import socket

FIRST, LAST = 10240, 32767
# Each process begins somewhere else: workers and other runs on the machine rarely meet.
_turn = itertools.count(random.Random(os.getpid() * 7919).randrange(LAST - FIRST))


def _free(port, host, family):
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port():
    """Free on 127.0.0.1 and, where there is IPv6, on [::1]."""
    while True:
        port = FIRST + next(_turn) % (LAST - FIRST)
        if _free(port, "127.0.0.1", socket.AF_INET) and (not socket.has_ipv6 or _free(port, "::1", socket.AF_INET6)):
            return port
