"""gRPC end to end, python3-grpcio on both sides: all four kinds of calls, trailers, deadlines and cancellation."""
import time

import grpc
import pytest
from h2.errors import ErrorCodes

from harness.grpc_origin import CALLS, GrpcOrigin, channel_to, speaks_h2
from harness.h2_origin import H2Origin
from harness.wait import in_time, thrice, wait_until

HOST = "grpc__misha.iterate.app"


@pytest.fixture(scope="module")
def origin():
    made = GrpcOrigin()
    yield made
    made.close()


@pytest.fixture(scope="module")
def channel(shared, origin):
    if not speaks_h2(shared):
        pytest.skip("the broker does not offer h2 by ALPN yet; gRPC's clients speak nothing else")
    shared.admin.service("misha", "grpc", origin.port, policy={"profile": "grpc"})
    with channel_to(shared, HOST) as made:
        grpc.channel_ready_future(made).result(timeout=20)
        yield made


@pytest.fixture(autouse=True)
def fresh(origin):
    origin.cancelled.clear()
    origin.begun.clear()


def test_a_unary_call_brings_its_metadata_there_and_back(channel, origin):
    reply, call = channel.unary_unary(CALLS + "Unary").with_call(
        b"hello", metadata=(("x-mine", "three"), ("x-mine-bin", b"\1\xfe")), timeout=20)
    assert reply == b"olleh" and call.code() == grpc.StatusCode.OK
    assert dict(call.initial_metadata())["x-initial"] == "one"
    trailing = dict(call.trailing_metadata())
    assert trailing["x-trailing"] == "two" and trailing["x-some-bin"] == b"\0\xff"
    assert origin.metadata["x-mine"] == "three" and origin.metadata["x-mine-bin"] == b"\1\xfe"


def test_a_large_message_crosses_both_ways(channel):
    message = bytes(range(256)) * 12_000
    assert channel.unary_unary(CALLS + "Unary")(message, timeout=20) == message[::-1]


def test_a_server_streams(channel):
    assert list(channel.unary_stream(CALLS + "ServerStream")(b"1000", timeout=20)) == [
        str(number).encode() for number in range(1000)]


def test_a_client_streams(channel):
    words = [str(number).encode() for number in range(1000)]
    assert channel.stream_unary(CALLS + "ClientStream")(iter(words), timeout=20) == b",".join(words)


def test_both_stream_and_each_message_is_answered_before_the_next(channel):
    answers = []

    def ask():
        for number in range(50):
            wait_until(lambda: len(answers) == number, f"answer {number}", seconds=10)
            yield f"word {number}".encode()

    for answer in channel.stream_stream(CALLS + "Bidi")(ask(), timeout=20):
        answers.append(answer)
    assert answers == [f"WORD {number}".encode() for number in range(50)]


def failure_of(call):
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value


def test_a_refusal_without_a_message_is_a_trailers_only_answer_with_its_status(channel):
    error = failure_of(lambda: channel.unary_unary(CALLS + "Fail")(b"", timeout=20))
    assert error.code() == grpc.StatusCode.FAILED_PRECONDITION and error.details() == "not now: 100 % sure"
    assert dict(error.trailing_metadata())["x-why"] == "because"
    error = failure_of(lambda: channel.unary_unary("/test.Echo/None")(b"", timeout=20))
    assert error.code() == grpc.StatusCode.UNIMPLEMENTED


def test_a_status_after_messages_arrives_after_them(channel):
    got = []
    error = failure_of(lambda: got.extend(channel.unary_stream(CALLS + "FailLate")(b"", timeout=20)))
    assert error.code() == grpc.StatusCode.DATA_LOSS and error.details() == "gone"


def test_a_deadline_reaches_the_server_and_ends_the_call_there(channel, origin):
    error = failure_of(lambda: channel.unary_unary(CALLS + "Slow")(b"", timeout=3))
    assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    # grpc-timeout is rounded up to a whole number of its unit.
    assert origin.begun.is_set() and 0 < origin.remaining < 3.1
    assert origin.cancelled.wait(20)


@pytest.mark.parametrize("kind", ["before an answer", "amid an answer"])
@thrice
def test_a_call_that_its_client_cancels_is_cancelled_at_the_server_within_a_second(channel, origin, kind):
    origin.begun.clear()
    origin.cancelled.clear()
    if kind == "before an answer":
        call = channel.unary_unary(CALLS + "Slow").future(b"", timeout=20)
    else:
        call = channel.unary_stream(CALLS + "Endless")(b"", timeout=20)
        next(call)
    assert origin.begun.wait(10)
    start = time.monotonic()
    call.cancel()
    assert origin.cancelled.wait(20)
    in_time(time.monotonic() - start, 1)
    assert call.code() == grpc.StatusCode.CANCELLED


def test_calls_at_once_share_the_way(channel):
    futures = [channel.unary_unary(CALLS + "Unary").future(str(number).encode(), timeout=30) for number in range(200)]
    assert [future.result() for future in futures] == [str(number).encode()[::-1] for number in range(200)]


@pytest.mark.parametrize("amid", [False, True])
@pytest.mark.parametrize("code, status", [
    (ErrorCodes.CANCEL, grpc.StatusCode.CANCELLED),
    (ErrorCodes.ENHANCE_YOUR_CALM, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (ErrorCodes.REFUSED_STREAM, grpc.StatusCode.UNAVAILABLE),
    (ErrorCodes.INADEQUATE_SECURITY, grpc.StatusCode.PERMISSION_DENIED),
    (ErrorCodes.INTERNAL_ERROR, grpc.StatusCode.INTERNAL),
])
def test_a_server_that_resets_a_call_gives_it_the_status_of_its_code(shared, channel, code, status, amid):
    def handler(stream, what):
        if what == "end":
            if amid:
                stream.head(fields=[("content-type", "application/grpc")])
            stream.reset(code)

    origin = H2Origin(handler)
    name = f"resets{int(code)}{'amid' if amid else ''}"
    shared.admin.service("misha", name, origin.port, policy={"profile": "grpc"})
    with channel_to(shared, f"{name}__misha.iterate.app") as other:
        error = failure_of(lambda: other.unary_unary(CALLS + "Unary")(b"", timeout=20))
    assert error.code() == status, error
    origin.close()
    assert not origin.failures


def test_no_server_on_the_port_is_unavailable(shared, channel):
    shared.admin.service("misha", "nogrpc", 1, policy={"profile": "grpc"})
    with channel_to(shared, "nogrpc__misha.iterate.app") as other:
        error = failure_of(lambda: other.unary_unary(CALLS + "Unary")(b"", timeout=20))
    assert error.code() == grpc.StatusCode.UNAVAILABLE


def test_a_server_that_stops_amid_a_call_is_unavailable_or_cancelled(shared, channel):
    mine = GrpcOrigin()
    shared.admin.service("misha", "stops", mine.port, policy={"profile": "grpc"})
    with channel_to(shared, "stops__misha.iterate.app") as other:
        call = other.unary_unary(CALLS + "Slow").future(b"", timeout=20)
        assert mine.begun.wait(10)
        mine.server.stop(0).wait()
        error = call.exception(timeout=20)
    assert error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
    mine.close()
