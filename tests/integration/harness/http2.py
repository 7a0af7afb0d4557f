"""A client of HTTP/2 over the h2 package: streams that record what comes, windows that a test may hold back."""
import socket
import time

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

from harness.http1 import Message
from harness.wait import LIMIT


class Stream(Message):
    """What came on one stream. `fields` are those of the final head."""

    def __init__(self, number):
        self.number, self.status, self.fields, self.trailers = number, None, [], []
        self.informational, self.body, self.ended, self.reset_code = [], b"", False, None
        self.held = False  # no window is given back

    def __repr__(self):
        return f"<stream {self.number}: {self.status} {self.fields} {self.body[:200]!r} reset {self.reset_code}>"

    @property
    def over(self):
        return self.ended or self.reset_code is not None

    @property
    def error(self):
        return self.get("X-Iterate-Error")


class Client2:
    def __init__(self, port, tls=None, sni="broker.iterate.app", receive_buffer=None, initial_window=None, silent=False):
        self.sock = socket.socket()
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.connect(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            tls.check_hostname = False
            self.sock = tls.wrap_socket(self.sock, server_hostname=sni)
            assert self.sock.selected_alpn_protocol() == "h2"
        self.scheme = "https" if tls else "http"
        # What we send may be wrong on purpose.
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            validate_outbound_headers=False, normalize_outbound_headers=False, header_encoding="latin-1"))
        self.streams, self.goaways, self.closed, self.unread = {}, [], False, b""
        self.strict = True  # False where a test sends frames that the package does not know of
        self.h2.initiate_connection()
        if initial_window is not None:
            self.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: initial_window})
        if not silent:  # the preface goes with the first request then
            self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def flush(self):
        self.sock.settimeout(LIMIT)
        self.sock.sendall(self.h2.data_to_send())

    def send_raw(self, data):
        self.sock.sendall(data)

    def request(self, host, target="/", method="GET", fields=(), body=None, end=True, pseudo=()):
        """Opens a stream; with a body it is sent as the windows allow."""
        number = self.h2.get_next_available_stream_id()
        rows = [(":method", method), (":scheme", self.scheme), (":authority", host), (":path", target), *pseudo, *fields]
        self.streams[number] = Stream(number)
        self.h2.send_headers(number, rows, end_stream=end and body is None)
        self.flush()
        if body is not None:
            self.send(number, body, end)
        return self.streams[number]

    def send(self, number, data, end=False):
        number = getattr(number, "number", number)
        view = memoryview(data)
        while view:
            room = min(self.h2.local_flow_control_window(number), self.h2.max_outbound_frame_size, len(view))
            if room == 0:
                self.pump()
                continue
            self.h2.send_data(number, bytes(view[:room]), end_stream=end and room == len(view))
            view = view[room:]
            self.flush()
        if end and not data:
            self.h2.end_stream(number)
            self.flush()

    def trailers(self, stream, fields):
        self.h2.send_headers(stream.number, list(fields), end_stream=True)
        self.flush()

    def reset(self, stream, code=h2.errors.ErrorCodes.CANCEL):
        self.h2.reset_stream(stream.number, code)
        self.flush()

    def give_window(self, stream, size):
        self.h2.increment_flow_control_window(size, stream.number)
        self.flush()

    def pump(self, seconds=LIMIT):
        """What comes next, within the time. False where nothing did."""
        self.sock.settimeout(seconds)
        try:
            data = self.sock.recv(1 << 18)
        except TimeoutError:
            return False
        except ConnectionResetError:
            data = b""
        if not data:
            self.closed = True
            return True
        self.unread += data
        while (frame := self.next_frame()):
            try:
                events = self.h2.receive_data(frame)
            except h2.exceptions.ProtocolError:
                if self.strict:
                    raise
                continue
            for event in events:
                self.take(event)
            if self.goaways:
                self.h2.state_machine.state = h2.connection.ConnectionState.CLIENT_OPEN
        self.flush()
        return True

    def next_frame(self):
        """One at a time: for the package a GOAWAY is the end, and for us what was begun goes on."""
        size = 9 + int.from_bytes(self.unread[:3], "big")
        if len(self.unread) < max(size, 9):
            return b""
        frame, self.unread = self.unread[:size], self.unread[size:]
        return frame

    def take(self, event):
        if isinstance(event, h2.events.ConnectionTerminated):
            self.goaways.append((event.last_stream_id, int(event.error_code)))
        stream = self.streams.get(getattr(event, "stream_id", None))
        if stream is None:
            return
        if isinstance(event, h2.events.InformationalResponseReceived):
            self.head(stream.informational, event.headers)
        elif isinstance(event, h2.events.ResponseReceived):
            stream.status = int(dict(event.headers)[":status"])
            stream.fields = [row for row in event.headers if not row[0].startswith(":")]
        elif isinstance(event, h2.events.TrailersReceived):
            stream.trailers = list(event.headers)
        elif isinstance(event, h2.events.DataReceived):
            stream.body += event.data
            size = event.flow_controlled_length
            if stream.held:
                self.h2.increment_flow_control_window(size)
            elif size and not stream.over:
                self.h2.acknowledge_received_data(size, stream.number)
        elif isinstance(event, h2.events.StreamEnded):
            stream.ended = True
        elif isinstance(event, h2.events.StreamReset):
            stream.reset_code = int(event.error_code)

    @staticmethod
    def head(to, rows):
        to.append((int(dict(rows)[":status"]), [row for row in rows if not row[0].startswith(":")]))

    def until(self, condition, what="it", seconds=LIMIT):
        end = time.monotonic() + seconds
        while not condition():
            left = end - time.monotonic()
            assert left > 0, f"{what} did not come: {list(self.streams.values())[-3:]} {self.goaways}"
            assert not self.closed, f"closed before {what}: {list(self.streams.values())[-3:]} {self.goaways}"
            self.pump(left)

    def finish(self, *streams):
        self.until(lambda: all(stream.over for stream in streams), "the end of a stream")
        return streams[0]

    def get(self, host, target="/", **words):
        return self.finish(self.request(host, target, **words))

    def wait_closed(self, seconds=LIMIT):
        end = time.monotonic() + seconds
        while not self.closed:
            assert time.monotonic() < end, "the connection is still open"
            self.pump(end - time.monotonic())
