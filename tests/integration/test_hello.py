"""What a HELLO has to be (docs/protocol.md, 3): said by hand, in an Upgrade on the clear listener."""
import pytest

from harness.http1 import Client
from harness.stack import MACHINE

HELLO, WELCOME, REFUSED, GOAWAY = 8, 9, 10, 11
BAD_HELLO = 7
INSTANCE = b"0123456789abcdef"


def varint(number):
    out = b""
    while number > 0x7f:
        out, number = out + bytes([number & 0x7f | 0x80]), number >> 7
    return out + bytes([number])


def text(number, value):
    return varint(number << 3 | 2) + varint(len(value)) + value


def whole_number(number, value):
    return varint(number << 3) + varint(value)


def hello(token, instance=INSTANCE, supersedes=(b"",), slot=0, machine=MACHINE.encode()):
    fields = [text(1, b"\x01"), text(2, machine), text(3, token.encode()), text(5, instance),
              whole_number(6, slot), *(text(7, other) for other in supersedes), whole_number(9, 32768)]
    payload = b"".join(fields)
    return len(payload).to_bytes(3, "big") + bytes([HELLO, 0, 0, 0, 0, 0]) + payload


def say(client, stack, **fields):
    """The type and the payload of what the broker says first."""
    client.request("broker.iterate.app", "/.well-known/iterate-tunnel",
                   fields=[("Connection", "Upgrade"), ("Upgrade", "iterate-tunnel")])
    assert client.final_head().status == 101
    client.send(hello(stack.token, **fields))
    head = client.reader.exactly(9)
    return head[3], client.reader.exactly(int.from_bytes(head[:3], "big"))


def answer_to(stack, **fields):
    with Client(stack.broker.http_port) as client:
        return say(client, stack, **fields)


@pytest.mark.parametrize("loops", ["1", "3"])
def test_a_hello_that_is_not_as_it_has_to_be_is_refused(make_stack, loops):
    stack = make_stack(start=False, broker={"options": ["--loops", loops]})
    for fields in ({"instance": b""}, {"instance": INSTANCE[1:]}, {"instance": INSTANCE + b"x"},
                   {"instance": b"x" * 4096}, {"supersedes": [b"abc"]}, {"supersedes": [INSTANCE + b"x"]},
                   {"supersedes": [INSTANCE] * 65}, {"supersedes": [INSTANCE, b"abc"]},
                   {"slot": 2 ** 31}, {"slot": 2 ** 32 - 1}):
        kind, payload = answer_to(stack, **fields)
        assert kind == REFUSED and payload.startswith(whole_number(1, BAD_HELLO)), fields
    assert stack.admin.tunnels(MACHINE) == []
    for fields in ({}, {"supersedes": [b"fedcba9876543210"]}, {"slot": 2 ** 31 - 1}):
        assert answer_to(stack, **fields)[0] == WELCOME, fields


@pytest.mark.parametrize("loops", ["1", "3"])
def test_a_hello_that_is_no_message_writes_nothing_of_protobufs_into_the_log(make_stack, loops):
    stack = make_stack(start=False, broker={"options": ["--loops", loops]})
    assert answer_to(stack, machine=b"\xff\xfe")[0] == GOAWAY
    assert "libprotobuf" not in stack.broker.process.log_text()


def test_an_instance_takes_over_from_any_that_it_names(make_stack):
    stack = make_stack(start=False)
    with Client(stack.broker.http_port) as holder, Client(stack.broker.http_port) as newcomer:
        assert say(holder, stack)[0] == WELCOME
        assert say(newcomer, stack, instance=b"fedcba9876543210", supersedes=[INSTANCE, b"another_instance"])[0] == WELCOME
    assert not stack.broker.process.find("tunnel_refused")
