"""What stands in front of a broker and says whose connection it passes on: PROXY headers, and a relay that sends them."""
import ipaddress
import socket
import threading

from harness.pump import pump

MARK = b"\r\n\r\n\0\r\nQUIT\n"


def version1(client, port=4660):
    family = "TCP6" if ":" in client else "TCP4"
    return f"PROXY {family} {client} {'::1' if ':' in client else '127.0.0.1'} {port} 443\r\n".encode()


def version2(client, port=4660, tlvs=b"", command=1):
    source = ipaddress.ip_address(client)
    to = ipaddress.ip_address("::1" if source.version == 6 else "127.0.0.1")
    rest = source.packed + to.packed + port.to_bytes(2, "big") + (443).to_bytes(2, "big") + tlvs
    return (MARK + bytes([0x20 | command, 0x21 if source.version == 6 else 0x11]) + len(rest).to_bytes(2, "big") + rest)


class HeaderRelay:
    """Passes connections on to a port, each behind `header`."""

    def __init__(self, port, header):
        self.to, self.header, self._sockets = port, header, []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        for sock in [self._listener, *self._sockets]:
            sock.close()

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            upstream = socket.create_connection(("127.0.0.1", self.to))
            upstream.sendall(self.header)
            self._sockets += [sock, upstream]
            for pair in ((sock, upstream), (upstream, sock)):
                threading.Thread(target=pump, args=pair, daemon=True).start()
