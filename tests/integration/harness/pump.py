"""One direction of a relay."""
import socket


def pump(source, sink):
    """Passes on what comes, and its end as a half-close, until either side breaks."""
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass
