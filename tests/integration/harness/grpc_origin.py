"""A gRPC server of bytes, without protoc, and a channel to it through the broker."""
import socket
import threading
import time
from concurrent import futures

import grpc

CALLS = "/test.Echo/"


class GrpcOrigin:
    """/test.Echo/: Unary, ServerStream, ClientStream, Bidi, Fail, Slow. `cancelled` counts calls that ended before
    their handler did."""

    def __init__(self):
        self.cancelled = threading.Event()
        self.begun = threading.Event()
        self.remaining, self.metadata = None, {}
        self.server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
        self.server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Echo", {
            "Unary": grpc.unary_unary_rpc_method_handler(self.unary),
            "ServerStream": grpc.unary_stream_rpc_method_handler(self.server_stream),
            "ClientStream": grpc.stream_unary_rpc_method_handler(self.client_stream),
            "Bidi": grpc.stream_stream_rpc_method_handler(self.bidi),
            "Fail": grpc.unary_unary_rpc_method_handler(self.fail),
            "FailLate": grpc.unary_stream_rpc_method_handler(self.fail_late),
            "Slow": grpc.unary_unary_rpc_method_handler(self.slow),
            "Endless": grpc.unary_stream_rpc_method_handler(self.endless),
        }),))
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()

    def unary(self, request, context):
        self.metadata = dict(context.invocation_metadata())
        context.send_initial_metadata((("x-initial", "one"),))
        context.set_trailing_metadata((("x-trailing", "two"), ("x-some-bin", b"\0\xff")))
        return request[::-1]

    def server_stream(self, request, _):
        for number in range(int(request)):
            yield str(number).encode()

    def client_stream(self, requests, _):
        return b",".join(requests)

    def bidi(self, requests, _):
        for request in requests:
            yield request.upper()

    def fail(self, _, context):
        context.set_trailing_metadata((("x-why", "because"),))
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not now: 100 % sure")

    def fail_late(self, _, context):
        yield b"one"
        context.abort(grpc.StatusCode.DATA_LOSS, "gone")

    def slow(self, _, context):
        context.add_callback(self.cancelled.set)
        self.remaining = context.time_remaining()
        self.begun.set()
        self.cancelled.wait(20)
        return b""

    def endless(self, _, context):
        context.add_callback(self.cancelled.set)
        while not self.cancelled.is_set():
            self.begun.set()
            yield bytes(1000)
            time.sleep(0.01)

    def close(self):
        self.cancelled.set()
        self.server.stop(0).wait()


def speaks_h2(stack):
    """Whether the broker takes h2 by ALPN."""
    with socket.create_connection(("127.0.0.1", stack.broker.https_port), 10) as sock:
        with stack.ca.context(alpn=("h2",)).wrap_socket(sock, server_hostname="broker.iterate.app") as tls:
            return tls.selected_alpn_protocol() == "h2"


def channel_to(stack, host):
    with open(stack.ca.path, "rb") as file:
        credentials = grpc.ssl_channel_credentials(file.read())
    return grpc.secure_channel(f"127.0.0.1:{stack.broker.https_port}", credentials, options=[
        ("grpc.ssl_target_name_override", host), ("grpc.default_authority", host), ("grpc.enable_http_proxy", 0)])
