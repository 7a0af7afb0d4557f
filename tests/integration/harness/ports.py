"""Free ports, below the kernel's ephemeral range, so that no outgoing connection takes one between choice and use."""
import fcntl
import itertools
import os
import random
import socket
import tempfile

FIRST, LAST = 10240, 32767
BLOCK = 2500


def _own_block():
    """A block of ports that no other test process uses, by a lock that ends with this process: a program that a test
    restarts finds its port still free, and a shared agent keeps no idle connection (60 s) to a port that comes round
    again. Without a free block, the ports from a random one on."""
    folder = os.path.join(tempfile.gettempdir(), f"ingress-test-ports-{os.getuid()}")
    os.makedirs(folder, exist_ok=True)
    blocks = list(range((LAST - FIRST) // BLOCK))
    random.Random(os.getpid() * 7919).shuffle(blocks)
    for block in blocks:
        lock = open(os.path.join(folder, str(block)), "w", encoding="utf-8")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        return FIRST + block * BLOCK, lock
    return FIRST + blocks[0] * BLOCK, None


_first, _lock = None, None
_turn = itertools.count()


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
    global _first, _lock
    if _first is None:
        _first, _lock = _own_block()
    while True:
        port = _first + next(_turn) % BLOCK
        if _free(port, "127.0.0.1", socket.AF_INET) and (not socket.has_ipv6 or _free(port, "::1", socket.AF_INET6)):
            return port
