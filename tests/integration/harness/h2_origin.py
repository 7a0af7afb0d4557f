"""An origin that speaks HTTP/2 in clear and nothing else, by python3-h2: it does what a test tells it."""
import socket
import threading
import time

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2 import events, exceptions, settings

from harness.ports import free_port
from harness.wait import wait_until


class Stream:
    """One request as it came, and the means to answer it. The handler runs in the connection's own thread, at each
    event (`what`: head, data, trailers, end, reset) of the stream."""

    def __init__(self, connection, number, fields):
        self.connection, self.number, self.fields = connection, number, fields
        self.body, self.trailers, self.ended, self.reset_code = bytearray(), None, False, None
        self.sent, self.sent_at = 0, time.monotonic()

    def get(self, name):
        return next((value for key, value in self.fields if key == name), None)

    def head(self, status=200, fields=(), end=False):
        self.connection.do(lambda h2: h2.send_headers(
            self.number, [(":status", str(status)), *fields], end_stream=end))

    def data(self, data, end=False):
        """Not more than the window has."""
        self.connection.do(lambda h2: h2.send_data(self.number, data, end_stream=end))
        self.sent, self.sent_at = self.sent + len(data), time.monotonic()

    def finish(self, trailers):
        self.connection.do(lambda h2: h2.send_headers(self.number, trailers, end_stream=True))

    def window(self):
        with self.connection.lock:
            return self.connection.h2.local_flow_control_window(self.number)

    def stalled(self):
        """Nothing could be sent for a while."""
        return self.sent > 0 and time.monotonic() - self.sent_at > 0.5

    def reset(self, code):
        self.connection.do(lambda h2: h2.reset_stream(self.number, code))

    def answer(self, body=b"ok", status=200, fields=()):
        self.head(status, [("content-length", str(len(body))), *fields], end=not body)
        if body:
            self.data(body, end=True)


class Connection:
    def __init__(self, origin, sock):
        self.origin, self.sock, self.lock = origin, sock, threading.RLock()
        self.streams, self.ended, self.goaway = {}, False, None
        # What the tests send is meant to be wrong at times.
        self.h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8",
                                               validate_outbound_headers=False, normalize_outbound_headers=False))
        self.h2.local_settings = settings.Settings(client=False, initial_values={
            settings.SettingCodes.MAX_CONCURRENT_STREAMS: origin.max_streams,
            settings.SettingCodes.INITIAL_WINDOW_SIZE: origin.window})
        self.h2.initiate_connection()
        self.flush()

    def flush(self):
        with self.lock:
            data = self.h2.data_to_send()
            try:
                if data:
                    self.sock.sendall(data)
            except OSError:
                pass

    def do(self, act):
        with self.lock:
            try:
                act(self.h2)
            except exceptions.StreamClosedError:
                pass
            self.flush()

    def raw(self, data):
        with self.lock:
            self.sock.sendall(data)

    def goaway_at(self, last):
        self.do(lambda h2: h2.close_connection(last_stream_id=last))

    def close(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def run(self):
        try:
            while data := self.sock.recv(65536):
                with self.lock:
                    received = self.h2.receive_data(data)
                for event in received:
                    self.take(event)
                self.flush()
        except (OSError, exceptions.ProtocolError):
            pass
        self.ended = True

    def take(self, event):
        if isinstance(event, events.RequestReceived):
            stream = self.streams[event.stream_id] = Stream(self, event.stream_id, event.headers)
            self.origin.requests.append(stream)
            return self.tell(stream, "head")
        if isinstance(event, events.ConnectionTerminated):
            self.goaway = event
            return None
        stream = self.streams.get(getattr(event, "stream_id", None))
        if isinstance(event, events.DataReceived):
            stream.body += event.data
            if self.origin.reading:
                self.do(lambda h2: event.flow_controlled_length and h2.acknowledge_received_data(
                    event.flow_controlled_length, event.stream_id))
            return self.tell(stream, "data")
        if isinstance(event, events.TrailersReceived):
            stream.trailers = event.headers
            return self.tell(stream, "trailers")
        if isinstance(event, events.StreamEnded):
            stream.ended = True
            return self.tell(stream, "end")
        if isinstance(event, events.StreamReset):
            stream.reset_code = event.error_code
            return self.tell(stream, "reset")
        return self.tell(stream, "window") if isinstance(event, events.WindowUpdated) and stream else None

    def tell(self, stream, what):
        try:
            self.origin.handler(stream, what)
        except Exception as failure:  # pylint: disable=broad-except
            self.origin.failures.append(repr(failure))


def send_as_allowed(stream, data, end):
    """As much as fits the window, until all is out or the stream is gone."""
    at = 0
    while at < len(data):
        with stream.connection.lock:
            size = min(stream.window(), 16384, len(data) - at)
            if size:
                stream.data(data[at:at + size], end=end and at + size == len(data))
        at += size
        if not size:
            if stream.reset_code is not None or stream.connection.ended:
                return
            time.sleep(0.001)


def pour(stream, size):
    send_as_allowed(stream, bytes(size), end=True)


def echo(stream, what):
    """Answers with the body, once all of it is there."""
    if what == "end":
        stream.head()
        threading.Thread(target=send_as_allowed, args=(stream, bytes(stream.body), True), daemon=True).start()


class RawOrigin:
    """Says the same to every connection at once."""

    def __init__(self, words):
        self.port = free_port()
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.words = words
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
                sock.recv(65536)
                sock.sendall(self.words)
                sock.close()
            except OSError:
                return

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def answer_ok(stream, what):
    if what == "end":
        stream.answer()


class H2Origin:
    def __init__(self, handler=answer_ok, host="127.0.0.1", port=0, max_streams=100, window=65535):
        self.handler, self.max_streams, self.window, self.reading = handler, max_streams, window, True
        self.connections, self.requests, self.failures = [], [], []
        self.port = port or free_port()
        self.listener = socket.create_server((host, self.port), backlog=128)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(self, sock)
            self.connections.append(connection)
            threading.Thread(target=connection.run, daemon=True).start()

    def wait_requests(self, count):
        wait_until(lambda: len(self.requests) >= count, f"{count} requests at the origin")
        return self.requests

    def close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        for connection in self.connections:
            connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
