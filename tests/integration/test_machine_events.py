"""A machine's events and its activity: what whoever suspends machines, or shows their state, goes by."""
import signal

import pytest

from harness.admin import Admin
from harness.events import Events

from harness.origin import Origin
from harness.stack import MACHINE, PROJECT
from harness.wait import wait_until
from harness.websocket import WebSocket, echo_handler

PATH = f"/v1/machines/{MACHINE}/events"


def page(stack, since=None, limit=None, machine=MACHINE):
    words = [f"{name}={value}" for name, value in (("since", since), ("limit", limit)) if value is not None]
    return stack.admin.ok("GET", f"/v1/machines/{machine}/events" + ("?" + "&".join(words) if words else ""))


def types(stack):
    return [event["type"] for event in page(stack)["items"]]


def until_type(stack, name, check=lambda data: True):
    def found():
        return [event for event in page(stack)["items"] if event["type"] == name and check(event["data"])]

    return wait_until(found, f"event {name}", detail=lambda: str(page(stack)))[-1]


def of_its_own(names):
    """Without what other tests' listeners do, which are ports of this machine, too."""
    return [name for name in names if not name.startswith("ports_")]


def activity(stack, machine=MACHINE):
    return stack.admin.ok("GET", f"/v1/machines/{machine}")["activity"]


@pytest.mark.parametrize("loops", ["1", "3"])
def test_tunnels_ports_and_attachments_are_events(make_stack, loops):
    stack = make_stack(broker={"options": ["--loops", loops]})
    up = until_type(stack, "tunnel_up")
    assert up["machine"] == MACHINE and up["data"]["tunnel"].startswith("tn_") and up["data"]["connected"] is True
    assert up["at"].endswith("Z")
    origin = Origin()

    def names(data):
        return origin.port in [port["port"] for port in data["ports"]]

    opened = until_type(stack, "ports_opened", names)
    assert any("python" in (port["process"] or "") for port in opened["data"]["ports"])
    origin.close()
    until_type(stack, "ports_closed", names)
    stack.admin.detach(PROJECT)
    assert until_type(stack, "detached")["data"] == {"project": PROJECT}
    stack.admin.attach(MACHINE, PROJECT)
    assert until_type(stack, "attached", lambda data: data == {"project": PROJECT})
    stack.agent.kill()
    down = until_type(stack, "tunnel_down")
    assert down["data"]["connected"] is False and down["data"]["reason"]
    assert down["data"]["tunnel"] == up["data"]["tunnel"]
    ids = [int(event["id"]) for event in page(stack)["items"]]
    assert ids == sorted(ids) and len(set(ids)) == len(ids)


def test_a_page_goes_on_where_another_ended(stack):
    until_type(stack, "tunnel_up")
    first = page(stack, limit=1)
    assert len(first["items"]) == 1 and first["next"] == first["items"][0]["id"] and first["lost"] is False
    stack.admin.detach(PROJECT)
    until_type(stack, "detached")
    rest = page(stack, since=first["next"])
    assert rest["items"] == page(stack)["items"][1:len(rest["items"]) + 1]
    end = page(stack, since=rest["next"])
    assert end["lost"] is False and not of_its_own(event["type"] for event in end["items"])
    assert end["items"] or end["next"] == rest["next"]
    assert page(stack, since=1)["lost"] is True, "of an earlier process"


def test_bad_questions_are_refused(stack):
    assert stack.admin.refused("GET", "/v1/machines/nobody/events") == (404, "not_found")
    assert stack.admin.refused("GET", PATH + "?since=x") == (400, "invalid_argument")
    assert stack.admin.refused("GET", PATH + "?since=-1") == (400, "invalid_argument")
    assert stack.admin.refused("GET", PATH + "?limit=0")[0] == 400
    assert stack.admin.refused("GET", PATH + "?what=x")[0] == 400


@pytest.mark.parametrize("loops", ["1", "3"])
def test_events_stream_as_they_happen_and_resume(make_stack, loops):
    stack = make_stack(broker={"options": ["--loops", loops]})
    with Events(stack.broker.admin_socket, PATH) as events:
        events.until(lambda name, data: name == "tunnel_up")
        stack.admin.detach(PROJECT)
        (_, data, last), _ = events.until(lambda name, data: name == "detached")
        assert data["type"] == "detached" and data["id"] == last and data["data"] == {"project": PROJECT}
    stack.admin.attach(MACHINE, PROJECT)
    with Events(stack.broker.admin_socket, PATH, fields=[("Last-Event-ID", last)]) as events:
        (name, data, number), before = events.until(lambda name, data: name == "attached")
        assert not of_its_own(name for name, _, _ in before) and int(number) > int(last)
        stack.agent.kill()
        (_, data, _), _ = events.until(lambda name, data: name == "tunnel_down")
        assert data["data"]["connected"] is False
        stack.agent.start()
        events.until(lambda name, data: name == "tunnel_up")


def test_the_stream_of_a_machine_that_is_deleted_ends(stack):
    stack.admin.machine("other")
    with Events(stack.broker.admin_socket, "/v1/machines/other/events") as events:
        events.listening()
        stack.admin.ok("DELETE", "/v1/machines/other")
        assert events.next() is None


def test_a_projects_token_follows_its_machine_for_as_long_as_it_is_its_own(stack):
    stack.admin.project("other")
    made = stack.admin.ok("POST", "/v1/tokens", {"role": f"project:{PROJECT}"})
    own = Admin(port=stack.broker.admin_port, token=made["token"])
    assert "tunnel_up" in [event["type"] for event in own.ok("GET", PATH)["items"]]
    bearer = [("Authorization", f"Bearer {made['token']}")]
    with Events(None, PATH, fields=bearer, port=stack.broker.admin_port) as events:
        events.until(lambda name, data: name == "tunnel_up")
        stack.admin.attach(MACHINE, "other")
        stack.admin.detach(PROJECT)
        seen = []
        while (event := events.next()) is not None:
            seen.append(event[0])
        assert "detached" not in seen, "it ends with what the token may not see any more"
    assert own.call("GET", PATH).status == 404
    stack.admin.attach(MACHINE, PROJECT)
    with Events(None, PATH, fields=bearer, port=stack.broker.admin_port) as events:
        events.until(lambda name, data: name == "tunnel_up")
        stack.admin.ok("DELETE", f"/v1/tokens/{made['id']}")
        stack.agent.kill()
        while (event := events.next()) is not None:
            assert event[0] != "tunnel_down", "the token is revoked"


def test_requests_are_activity_and_nothing_else_is(stack, origin):
    assert activity(stack)["lastRequestAt"] is None and activity(stack)["active"] is False
    assert "accepts connections" in stack.ctl.run("why", stack.host(origin.port)).out  # by a probe
    stack.admin.tunnels(MACHINE)
    wait_until(lambda: origin.port in [port["port"] for port in
                                       stack.admin.ok("GET", f"/v1/machines/{MACHINE}")["listening"] or []], "listens")
    assert activity(stack)["lastRequestAt"] is None, "a probe, heart-beats and lists are no activity"
    assert "activity" not in types(stack)
    assert stack.get(stack.host(origin.port)).status == 200
    wait_until(lambda: activity(stack)["lastRequestAt"], "a request is")
    shown = activity(stack)
    assert shown["active"] is True and shown["openExchanges"] == 0 and shown["interactiveStreams"] == 0
    assert shown["lastActiveAt"] >= shown["lastRequestAt"] > shown["since"]
    event = until_type(stack, "activity")
    assert event["data"]["active"] is True
    rows = {row["id"]: row for row in stack.admin.items("/v1/machines")}
    assert rows[MACHINE]["activity"]["active"] is True


@pytest.mark.parametrize("loops", ["1", "3"])
def test_an_open_websocket_is_told_while_it_lasts(make_stack, make_origin, loops):
    stack, origin = make_stack(broker={"options": ["--loops", loops]}), make_origin(echo_handler)
    socket = WebSocket(stack.client(), stack.host(origin.port))
    wait_until(lambda: (activity(stack) or {}).get("interactiveStreams") == 1, "one is open")
    assert activity(stack)["openExchanges"] == 1
    until_type(stack, "activity", lambda data: data["interactiveStreams"] == 1)
    first = activity(stack)["lastActiveAt"]
    wait_until(lambda: activity(stack)["lastActiveAt"] > first, "it is active now, whenever one looks")
    socket.client.close()
    wait_until(lambda: activity(stack)["interactiveStreams"] == 0 == activity(stack)["openExchanges"], "none is open")
    until_type(stack, "activity", lambda data: data["interactiveStreams"] == 0 and data["active"])


def test_a_long_answer_is_an_open_exchange(stack, make_origin):
    def slow(connection, request):
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
        connection.closed = wait_until(lambda: done, "the test is done")
        connection.send(b"0\r\n\r\n")

    done = []
    origin = make_origin(slow)
    with stack.client() as client:
        client.request(stack.host(origin.port), "/")
        wait_until(lambda: activity(stack)["openExchanges"] == 1, "it is open")
        assert activity(stack)["interactiveStreams"] == 0
        done.append(True)
        assert client.response().status == 200
    wait_until(lambda: activity(stack)["openExchanges"] == 0, "it is over")


def test_a_machine_that_was_never_connected_has_no_activity(stack):
    stack.admin.machine("other")
    assert activity(stack, "other") is None
    assert page(stack, machine="other") == {"items": [], "next": "0", "lost": False}


def test_activity_is_shown_by_ingressctl(stack, origin):
    assert stack.get(stack.host(origin.port)).status == 200
    wait_until(lambda: activity(stack)["lastRequestAt"], "a request is told")
    text = stack.ctl.ok("machine", "show", MACHINE).out
    assert f"last request {activity(stack)['lastRequestAt']}" in text
    assert stack.ctl.json("machine", "show", MACHINE)["activity"]["active"] is True
    listed = stack.ctl.ok("machine", "events", MACHINE).out
    assert "tunnel_up" in listed
    assert any(event["type"] == "tunnel_up" for event in stack.ctl.json("machine", "events", MACHINE))


def test_a_websocket_that_an_earlier_process_carries_is_told_after_an_upgrade(make_stack, make_origin):
    """Whoever suspends machines must not take one whose user has been there since before the upgrade."""
    origin = make_origin(echo_handler)
    stack = make_stack(broker={"options": ["--supervise"], "grace": "60s"})
    socket = WebSocket(stack.client(), stack.host(origin.port))
    wait_until(lambda: (activity(stack) or {}).get("interactiveStreams") == 1, "one is open")
    stack.broker.process.signal(signal.SIGUSR2)
    stack.broker.process.wait_event("ready", count=2)
    stack.agent.wait_up(2)
    wait_until(lambda: (activity(stack) or {}).get("interactiveStreams") == 1, "the new process knows of it",
               detail=lambda: str(activity(stack)))
    assert activity(stack)["active"] is True
    socket.echo("still there")
    socket.client.close()
    wait_until(lambda: activity(stack)["interactiveStreams"] == 0 == activity(stack)["openExchanges"], "none is open")
