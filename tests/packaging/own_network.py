"""A network of the test's own, for ports below 1024, and a name server in it."""
import contextlib
import ctypes
import os
import socket
import struct
import threading

from roots import sh

CLONE_NEWNET = 0x40000000
A, NXDOMAIN = 1, 3


@contextlib.contextmanager
def own_network():
    """This thread, and processes and threads that it starts, have a loopback of their own meanwhile."""
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    assert libc.unshare(CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
    try:
        sh("ip", "link", "set", "lo", "up")
        yield
    finally:
        assert libc.setns(before, CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        os.close(before)


class NameServer:
    """On 127.0.0.1:53, UDP: `names` have that address, all others none. `asked` are the names that were asked for."""

    def __init__(self, names):
        self._names, self.asked = names, []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                query, peer = self._socket.recvfrom(512)
                self._socket.sendto(self._answer(query), peer)

    def _answer(self, query):
        place, labels = 12, []
        while query[place]:
            labels.append(query[place + 1:place + 1 + query[place]].decode())
            place += 1 + query[place]
        name, question = ".".join(labels).lower(), query[12:place + 5]
        kind = struct.unpack(">H", query[place + 1:place + 3])[0]
        self.asked.append(name)
        found = name in self._names
        answer = b""
        if found and kind == A:
            answer = b"\xc0\x0c" + struct.pack(">HHIH", A, 1, 60, 4) + socket.inet_aton("127.0.0.1")
        flags = 0x8180 | (0 if found else NXDOMAIN)
        return query[:2] + struct.pack(">HHHHH", flags, 1, 1 if answer else 0, 0, 0) + question + answer

    def close(self):
        self._socket.close()
