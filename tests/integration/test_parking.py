"""Nothing is lost while a machine is away for a moment: requests wait for its tunnel, and those that broke are sent
again where that is safe."""
import hashlib
import threading
import time

import pytest

from harness.connect_proxy import ConnectProxy
from harness.http2 import Client2
from harness.origin import OK
from harness.wait import wait_until
from harness.websocket import WebSocket, echo_handler

PATIENT = {"park": "60s"}


@pytest.fixture
def patient(make_stack):
    return make_stack(broker=PATIENT)


def parked(stack):
    return sum(loop["parked"] for loop in stack.admin.loops())


def wait_parked(stack, count=1):
    wait_until(lambda: parked(stack) == count, f"{count} parked", detail=lambda: str(stack.admin.loops()))


def kill_agent(stack):
    """Back when the broker has noticed."""
    downs = len(stack.broker.process.find("tunnel_down"))
    stack.agent.kill()
    stack.broker.process.wait_event("tunnel_down", count=downs + stack.agent.connections)


def test_a_request_waits_until_the_agent_is_back(patient, origin):
    kill_agent(patient)
    with patient.client() as client:
        client.request(patient.host(origin.port), "/late")
        wait_parked(patient)
        patient.agent.start()
        assert client.response().status == 200
        # The connection goes on.
        assert client.get(patient.host(origin.port), "/next").status == 200
    assert [request.target for request in origin.requests] == ["/late", "/next"]
    assert parked(patient) == 0


def test_a_parked_post_is_delivered_once_and_whole(patient, origin):
    body = bytes(range(256)) * 12_000
    kill_agent(patient)
    with patient.client(tls=True) as client:
        sender = threading.Thread(target=client.request, args=(patient.host(origin.port), "/up", "POST", (), body))
        sender.start()
        wait_parked(patient)
        patient.agent.start()
        sender.join()
        assert client.response().status == 200
    assert [(r.method, len(r.body)) for r in origin.requests] == [("POST", len(body))]
    assert hashlib.sha256(origin.requests[0].body).digest() == hashlib.sha256(body).digest()


@pytest.mark.parametrize("end, trailers", [(b"0\r\n\r\n", []), (b"0\r\nX-Sum: 1\r\n\r\n", [("X-Sum", "1")])])
def test_the_end_of_an_empty_body_comes_while_its_request_waits(patient, origin, end, trailers):
    kill_agent(patient)
    with patient.client() as client:
        head = f"POST /empty HTTP/1.1\r\nHost: {patient.host(origin.port)}\r\nTransfer-Encoding: chunked\r\n\r\n"
        client.send(head.encode() + end)
        wait_parked(patient)
        patient.agent.start()
        assert client.response("POST").status == 200
    assert [(r.target, r.body, list(r.trailers)) for r in origin.requests] == [("/empty", b"", trailers)]


def test_a_request_that_waits_is_judged_by_the_policy_of_its_end(patient, origin):
    bearer = [("Authorization", "Bearer abcdefgh12345678abcdefgh")]
    patient.admin.service("misha", "kept", origin.port, policy={"auth": {"bearer": {"tokens": ["abcdefgh12345678abcdefgh"]}}})
    host = "kept.misha.iterate.app"
    assert patient.get(host, fields=bearer).status == 200
    kill_agent(patient)
    with patient.client() as client:
        client.request(host, "/late", "GET", bearer)
        wait_parked(patient)
        patient.admin.service("misha", "kept", origin.port, policy={"auth": "deny"})
        patient.agent.start()
        assert client.response().status == 403
    assert [request.target for request in origin.requests] == ["/"]


def test_many_wait_and_all_are_served(patient, origin):
    kill_agent(patient)
    clients = [patient.client() for _ in range(50)]
    for number, client in enumerate(clients):
        client.request(patient.host(origin.port), f"/{number}", "POST", (), b"x" * number)
    wait_parked(patient, 50)
    patient.agent.start()
    assert [client.response("POST").status for client in clients] == [200] * 50
    assert sorted(int(request.target[1:]) for request in origin.requests) == list(range(50))
    for client in clients:
        client.close()


def test_streams_of_http2_wait_too(patient, origin):
    kill_agent(patient)
    with Client2(patient.broker.https_port, tls=patient.ca.context(("h2",))) as client:
        streams = [client.request(patient.host(origin.port), f"/{n}", "POST", body=b"x" * 10_000) for n in range(5)]
        wait_parked(patient, 5)
        patient.agent.start()
        client.finish(*streams)
        assert [stream.status for stream in streams] == [200] * 5
    assert sorted((request.target, len(request.body)) for request in origin.requests) == [
        (f"/{n}", 10_000) for n in range(5)]


def test_a_websocket_waits_too(patient, make_origin):
    echo = make_origin(echo_handler)
    kill_agent(patient)
    opened = []
    opener = threading.Thread(target=lambda: opened.append(
        WebSocket(patient.client(), patient.host(echo.port))))
    opener.start()
    wait_parked(patient)
    patient.agent.start()
    opener.join()
    opened[0].echo("hello")
    opened[0].client.close()


def test_a_machine_that_never_came_is_refused_at_once(patient):
    patient.admin.machine("mach_never")
    start = time.monotonic()
    response = patient.get("mach_never.machines.iterate.app")
    assert (response.status, response.error) == (503, "machine_unavailable")
    assert time.monotonic() - start < 30
    assert parked(patient) == 0


def test_a_machine_that_starts_is_waited_for(patient, origin):
    patient.admin.machine("mach_new", state="starting")
    with patient.client() as client:
        client.request(f"{origin.port}__mach_new.machines.iterate.app")
        wait_parked(patient)
        patient.another_agent("mach_new", patient.admin.token_of("mach_new")).start()
        assert client.response().status == 200


def test_who_has_waited_long_enough_is_told_so(make_stack):
    stack = make_stack(broker={"park": "200ms"})
    kill_agent(stack)
    response = stack.get(stack.host(4096), fields=[("Accept", "text/html")])
    assert response.status == 503
    assert response.get("Retry-After")
    assert b"machine_unavailable" in response.body
    stack.admin.machine("mach_new", state="starting")
    response = stack.get("mach_new.machines.iterate.app")
    assert (response.status, response.error) == (503, "machine_starting")


def test_more_than_may_wait_are_refused_at_once(make_stack, origin):
    stack = make_stack(broker={**PATIENT, "options": ["--park-requests", "2", "--loops", "1"]})
    kill_agent(stack)
    waiting = [stack.client() for _ in range(2)]
    for client in waiting:
        client.request(stack.host(origin.port))
    wait_parked(stack, 2)
    response = stack.get(stack.host(origin.port))
    assert (response.status, response.error) == (503, "machine_unavailable")
    stack.agent.start()
    assert [client.response().status for client in waiting] == [200, 200]
    for client in waiting:
        client.close()


def test_heads_that_wait_are_bounded_by_their_bytes(make_stack, origin):
    stack = make_stack(broker={**PATIENT, "options": ["--park-head-bytes", "10000", "--loops", "1"]})
    kill_agent(stack)
    with stack.client() as client:
        client.request(stack.host(origin.port), fields=[("Cookie", "c" * 8000)])
        wait_parked(stack)
        assert stack.get(stack.host(origin.port), fields=[("Cookie", "c" * 8000)]).status == 503
        stack.agent.start()
        assert client.response().status == 200


@pytest.mark.parametrize("leave", ["reset", "close"])
def test_a_client_that_leaves_while_it_waits_reaches_no_origin(patient, origin, leave):
    kill_agent(patient)
    with patient.client() as client:
        client.request(patient.host(origin.port), "/gone")
        wait_parked(patient)
        # A FIN that is seen with the request, or by the very next look, is a half-close (decision 0003).
        for _ in range(3):
            patient.admin.loops()
        getattr(client, leave)()
    wait_parked(patient, 0)
    patient.agent.start()
    assert patient.get(patient.host(origin.port), "/there").status == 200
    assert [request.target for request in origin.requests] == ["/there"]


def test_a_route_that_moved_meanwhile_is_followed(patient, origin):
    patient.admin.machine("mach_b")
    other = patient.another_agent("mach_b", patient.admin.token_of("mach_b")).start()
    kill_agent(patient)
    with patient.client() as client:
        client.request(f"{origin.port}__misha.iterate.app")
        wait_parked(patient)
        patient.admin.attach("mach_b", "misha")
        patient.agent.start()
        assert client.response().status == 200
    patient.agent.stop()
    with patient.client() as client:
        assert client.get(f"{origin.port}__misha.iterate.app").status == 200
    assert other.process.running()


def test_a_machine_that_is_archived_meanwhile_is_not_waited_for_in_vain(patient, origin):
    kill_agent(patient)
    with patient.client() as client:
        client.request(f"{origin.port}__misha.iterate.app")
        wait_parked(patient)
        patient.admin.detach("misha")
        patient.agent.start()
        response = client.response()
    assert (response.status, response.error) == (409, "machine_not_routable")
    assert origin.requests == []


def held_once(*, first):
    """A handler whose first answer never comes: the request is under way when something breaks."""
    seen = threading.Event()

    def handler(connection, request):
        connection.read_body(request)
        if not seen.is_set() and request.target == first:
            seen.set()
            connection.wait_end(60)
            return False
        connection.send(OK)
        return True

    return handler, seen


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_safe_request_that_broke_off_is_sent_again(patient, make_origin, method):
    handler, seen = held_once(first="/x")
    origin = make_origin(handler, read_bodies=False)
    with patient.client() as client:
        client.request(patient.host(origin.port), "/x", method)
        assert seen.wait(30)
        patient.agent.kill()
        wait_parked(patient)
        patient.agent.start()
        assert client.response(method).status == 200
    assert [request.method for request in origin.requests] == [method, method]


@pytest.mark.parametrize("method,body", [("POST", None), ("POST", b"abc"), ("PUT", b"abc"), ("GET", b"abc")])
def test_what_the_origin_may_have_acted_on_is_not_sent_again(patient, make_origin, method, body):
    handler, seen = held_once(first="/x")
    origin = make_origin(handler, read_bodies=False)
    with patient.client() as client:
        client.request(patient.host(origin.port), "/x", method, (), body)
        assert seen.wait(30)
        patient.agent.kill()
        response = client.response(method)
    assert (response.status, response.error) == (502, "proxy_error")
    patient.agent.start()
    assert patient.get(patient.host(origin.port), "/after").status == 200
    assert [request.target for request in origin.requests] == ["/x", "/after"]


def test_a_request_of_a_broken_tunnel_goes_by_the_other_one(make_stack, make_origin):
    handler, seen = held_once(first="/x")
    origin = make_origin(handler, read_bodies=False)
    with ConnectProxy() as proxy:
        stack = make_stack(broker=PATIENT, agent={"connections": 2, "env": {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"}})
        with stack.client() as client:
            client.request(stack.host(origin.port), "/x")
            assert seen.wait(30)
            busy = next(tunnel for tunnel in stack.admin.tunnels() if tunnel["streams"])
            proxy.cut_one(int(busy["peer"].rsplit(":", 1)[1]))
            assert client.response().status == 200
        stack.agent.stop()


def test_an_answer_that_has_begun_is_cut_and_not_sent_again(patient, make_origin):
    begun = threading.Event()

    def handler(connection, request):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        begun.set()
        connection.wait_end(60)
        return False

    origin = make_origin(handler)
    with patient.client() as client:
        client.request(patient.host(origin.port))
        assert client.final_head().status == 200
        assert begun.wait(30)
        patient.agent.kill()
        assert client.reader.rest() in (b"half", b"")
    assert len(origin.requests) == 1


def test_a_restarted_broker_knows_who_is_about_to_come_back(patient, origin):
    """The file of machines that were there is at most a second old when the broker dies."""
    wait_until(lambda: "mach_a" in recent(patient), "the file of recent machines")
    for _ in range(3):
        patient.broker.kill()
        patient.broker.start()
        assert patient.get(patient.host(origin.port)).status == 200
    patient.broker.restart()
    assert patient.get(patient.host(origin.port)).status == 200


def recent(stack):
    try:
        with open(stack.broker.db + ".recent") as file:
            return file.read()
    except FileNotFoundError:
        return ""


@pytest.mark.slow
def test_no_request_is_lost_or_doubled_while_the_agent_dies_again_and_again(patient, make_origin):
    """POSTs with a body: each is at the origin once where it was answered 200, and never twice."""
    origin = make_origin()
    done, answers = threading.Event(), {}

    def send(worker):
        number = 0
        while not done.is_set():
            name = f"/{worker}-{number}"
            number += 1
            with patient.client() as client:
                client.request(patient.host(origin.port), name, "POST", (), name.encode() * 50)
                answers[name] = client.response("POST").status

    workers = [threading.Thread(target=send, args=(worker,)) for worker in range(8)]
    for worker in workers:
        worker.start()
    for _ in range(12):
        before = len(answers)
        wait_until(lambda: len(answers) > before + 20, "requests go on")
        patient.agent.kill()
        patient.agent.start()
    done.set()
    for worker in workers:
        worker.join()
    seen = [request.target for request in origin.requests]
    assert len(seen) == len(set(seen)), "a request came twice"
    assert set(answers.values()) <= {200, 502}
    lost = [name for name, status in answers.items() if status == 200 and name not in seen]
    assert not lost
    # Those that were under way when the agent died, and no others.
    assert sum(status == 502 for status in answers.values()) <= 12 * 8
