"""http://127.0.0.1:8080/_ingress/: what the agent says of itself to who works in the machine, and to nobody else."""
import json
import socket
import subprocess

import pytest

from harness.ctl import write_secret
from harness.http1 import Client
from harness.ports import free_port
from harness.stack import MACHINE, PROJECT
from harness.wait import wait_until

MISSING = (400, b'{"error":"missing_proxy_target_host"}')
TARGET = "X-Iterate-Proxy-Target-Host"


def ask(agent, path="/_ingress/", host=None, fields=(), address="127.0.0.1", **words):
    with Client(agent.local_port, host=address) as client:
        return client.get(host or f"localhost:{agent.local_port}", path, fields=list(fields), **words)


def report(agent):
    response = ask(agent, fields=[("Accept", "application/json")])
    assert response.status == 200 and response.get("Content-Type") == "application/json", response
    return response.json


def port_of(agent, number):
    return next((port for port in report(agent)["ports"] if port["port"] == number), None)


def test_each_port_that_listens_has_its_public_urls_and_they_lead_there(stack, make_origin):
    docs, plain, shut = make_origin(), make_origin(), make_origin()
    stack.admin.service(PROJECT, "docs", docs.port)
    stack.admin.service(PROJECT, "shut", shut.port, policy={"auth": "deny"})
    stack.admin.domain("example.org", PROJECT)
    wait_until(lambda: (port_of(stack.agent, shut.port) or {"public": True})["public"] is False, "the policy is known")
    suffix = f":{stack.broker.https_port}/"
    shown = port_of(stack.agent, docs.port)
    assert shown["public"] is True and "python" in shown["process"]
    assert shown["urls"] == [f"https://docs__misha.iterate.app{suffix}", f"https://{docs.port}__misha.iterate.app{suffix}",
                             f"https://{docs.port}__mach_a.machines.iterate.app{suffix}"]
    for url in [*shown["urls"], *port_of(stack.agent, plain.port)["urls"]]:
        host = url[len("https://"):].split(":")[0]
        assert stack.get(host).status == 200, url
    assert port_of(stack.agent, stack.agent.local_port) is None, "the agent's own"


def test_the_tunnel_is_told(make_stack):
    stack = make_stack(agent={"connections": 2})
    tunnel = report(stack.agent)["tunnel"]
    assert tunnel["connected"] is True and tunnel["since"].endswith("Z")
    assert tunnel["broker"] == f"localhost:{stack.broker.https_port}" and tunnel["brokerId"].startswith("br_")
    assert [connection["up"] for connection in tunnel["connections"]] == [True, True]
    stack.broker.kill()
    stack.agent.process.wait_event("tunnel_down", count=2)
    wait_until(lambda: report(stack.agent)["tunnel"]["connected"] is False, "down")
    shown = report(stack.agent)
    assert shown["tunnel"]["since"] is None
    assert {"tunnel_down"} <= {error["code"] for error in shown["errors"]}
    wait_until(lambda: "tunnel_unreachable" in {error["code"] for error in report(stack.agent)["errors"]}, "unreachable")
    assert b"down; the broker is" in ask(stack.agent).body
    stack.broker.start()
    stack.agent.wait_up(2)


def test_the_last_errors_are_told_and_counted(stack):
    port = free_port()
    for _ in range(3):
        assert stack.get(stack.host(port)).status == 502
    assert ask(stack.agent, "/", fields=[(TARGET, f"localhost:{port}")]).status == 502
    error = report(stack.agent)["errors"][0]
    assert error["code"] == "connect_failed" and error["times"] == 4
    assert f"port {port}:" in error["message"] and error["at"].endswith("Z")
    for extra in range(30):
        stack.get(stack.host(free_port()))
    assert len(report(stack.agent)["errors"]) <= 20


def test_text_is_for_people(stack, origin):
    wait_until(lambda: port_of(stack.agent, origin.port), "listens")
    response = ask(stack.agent)
    assert response.get("Content-Type").startswith("text/plain") and response.get("Cache-Control") == "no-store"
    text = response.body.decode()
    assert text.startswith(f"machine  {MACHINE}, ingress-agent ")
    assert f"\n{origin.port}" in text and f"https://{origin.port}__misha.iterate.app" in text
    by_curl = subprocess.run(["curl", "-s", f"http://127.0.0.1:{stack.agent.local_port}/_ingress/"], capture_output=True,
                             timeout=30, check=True)
    assert by_curl.stdout.decode().startswith("machine  ")
    json.loads(subprocess.run(["curl", "-s", f"http://localhost:{stack.agent.local_port}/_ingress/?format=json"],
                              capture_output=True, timeout=30, check=True).stdout)


def test_json_is_for_who_prefers_it(stack):
    def kind(accept, path="/_ingress/"):
        return ask(stack.agent, path, fields=[("Accept", accept)]).get("Content-Type").split(";")[0]

    for accept in ("text/html, application/json", "application/json;q=0.5, text/*;q=0.1"):
        assert kind(accept) == "application/json", accept
    for accept in ("application/json;q=0", "application/json;q=0.5, text/plain"):
        assert kind(accept) == "text/plain", accept
    assert kind("*/*", "/_ingress/?a=b&format=json") == "application/json"


def test_each_failure_is_counted_though_the_log_has_it_once(make_stack):
    stack = make_stack(agent={"connections": 1})
    stack.broker.kill()
    stack.agent.process.wait_event("tunnel_unreachable")

    def times():
        return sum(error["times"] for error in report(stack.agent)["errors"] if error["code"] == "tunnel_unreachable")

    wait_until(lambda: times() >= 4, "each is counted")
    causes = [line["error"] for line in stack.agent.process.find("tunnel_unreachable")]
    assert len(causes) == len(set(causes)) < times()


def test_others_get_what_they_got_before(stack, origin):
    """Exactly the contract of port 8080."""
    for words in [{"host": "misha.iterate.app"}, {"host": "evil.example.com"}, {"host": "localhost.evil.example.com"},
                  {"method": "POST"}, {"path": "/_ingress"}, {"path": "/_ingress/x"}, {"path": "/%5fingress/"},
                  {"fields": [("X-Forwarded-For", "1.2.3.4")]}, {"fields": [("Via", "1.1 proxy")]},
                  {"fields": [("X_Forwarded_For", "1.2.3.4")]}, {"fields": [("X_Real_IP", "1.2.3.4")]},
                  {"fields": [(TARGET, "")]}]:
        response = ask(stack.agent, **words)
        assert (response.status, response.body) == MISSING, words
    response = ask(stack.agent, fields=[(TARGET, f"localhost:{origin.port}")])
    assert (response.status, response.body) == (200, b"ok")
    assert origin.last.target == "/_ingress/", "a target's own path of that name is the target's"


def test_it_never_comes_by_a_tunnel(stack, origin):
    for host in (stack.host(stack.agent.local_port), f"{stack.agent.local_port}__misha.iterate.app"):
        assert stack.get(host, "/_ingress/").status == 403
    assert stack.get(stack.host(origin.port), "/_ingress/").body == b"ok"


def own_address():
    """An address of this machine that is not loopback; None where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        return probe.getsockname()[0]


def test_a_peer_elsewhere_gets_nothing_though_it_says_localhost(make_stack):
    address = own_address()
    if address is None or address.startswith("127."):
        pytest.skip("this machine has loopback alone")
    stack = make_stack(start=False, agent={"options": ["--open"]})
    port, argv = stack.agent.local_port, stack.agent.argv()
    argv[argv.index("--listen") + 1] = f"0.0.0.0:{port}"
    stack.agent.argv = lambda: argv
    stack.agent.start()
    response = ask(stack.agent, address=address)
    assert (response.status, response.body) == MISSING


def test_a_secret_is_for_the_ports_and_not_for_who_works_in_the_machine(make_stack, tmp_path):
    secret = write_secret(str(tmp_path), "secret", "open sesame")
    stack = make_stack(agent={"options": ["--secret-file", secret]})
    assert ask(stack.agent).status == 200
    through_ingress = ask(stack.agent, fields=[("X-Iterate-Project-Ingress-Secret", "open sesame")])
    assert (through_ingress.status, through_ingress.body) == MISSING
    assert ask(stack.agent, host="misha.iterate.app").status == 401
