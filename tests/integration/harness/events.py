"""Server-sent events of the admin API."""
import json

from harness.http1 import Client


class Events:
    """A request whose answer is a stream of events. `comments` are counted; events are (name, data, id)."""

    def __init__(self, socket_path, target, fields=(), receive_buffer=None, port=None, token=None):
        """`port` and `token` for TCP instead of the socket."""
        self.client = Client(port, path=socket_path, receive_buffer=receive_buffer)
        fields = [*fields, *([("Authorization", f"Bearer {token}")] if token else [])]
        self.client.request("admin.localhost", target, fields=[("Accept", "text/event-stream"), *fields])
        self.head = self.client.final_head()
        assert self.head.status == 200 and self.head.get("Content-Type") == "text/event-stream", self.head
        self.comments, self.ended, self._text = 0, False, b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.client.close()

    def _chunk(self):
        size = int(self.client.reader.until(b"\r\n"), 16)
        data = self.client.reader.exactly(size)
        assert self.client.reader.exactly(2) == b"\r\n"
        self.ended = size == 0
        self._text += data

    def next(self):
        """The next event; None at the stream's end."""
        while True:
            while b"\n\n" not in self._text:
                if self.ended:
                    return None
                self._chunk()
            block, self._text = self._text.split(b"\n\n", 1)
            event = self._event(block.decode())
            if event:
                return event

    def _event(self, block):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
        if not fields:
            self.comments += 1
            return None
        return fields["event"], json.loads(fields["data"]), fields.get("id")

    def listening(self):
        """The broker has written the first comment: it listens."""
        while not self.comments:
            while b"\n\n" not in self._text:
                self._chunk()
            block, self._text = self._text.split(b"\n\n", 1)
            assert self._event(block.decode()) is None, block
        return self

    def until(self, wanted):
        """The first event that `wanted(name, data)` is true of, and those before it."""
        before = []
        while (event := self.next()) is not None:
            if wanted(event[0], event[1]):
                return event, before
            before.append(event)
        raise AssertionError(f"the stream ended before it; had {before}")
