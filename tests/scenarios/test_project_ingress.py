"""Project ingress, the core: docs/uses/project-ingress.md."""
import re

import pytest

from harness.ctl import write_secret
from harness.http1 import Client
from harness.origin import answer
from harness.ports import free_port
from harness.wait import wait_until
from login_bridge import LOGIN, LoginBridge
from page import Page

PAGE = Page("project-ingress")
HOSTS = ["*.misha.iterate.app"]
TARGET, SECRET = "X-Iterate-Proxy-Target-Host", "X-Iterate-Project-Ingress-Secret"


@pytest.fixture
def world(make_edge, make_origin):
    return World(make_edge, make_origin)


class World:
    """A project as the page makes it, each of its ports an origin that says its name and what cookies it got."""

    def __init__(self, make_edge, make_origin):
        self.origins = {name: make_origin(self._naming(name)) for name in ("home", "4096", "docs", "opencode", "other")}
        self.edge = make_edge(hosts=HOSTS, options=["--allow-url-target", "127.0.0.0/8"])
        self.edge.shell(PAGE.block("A project, its machine and a token"))
        write_secret(self.edge.folder, "secret", "open sesame")
        self.agent = self.edge.agent_of("mach_123", self.edge.read("token"), options=["--secret-file", f"{self.edge.folder}/secret"])
        self.admin.set_project("misha", defaultPort=self.port("home"))
        self.admin.ok("PATCH", "/v1/machines/mach_123", {"defaultPort": self.port("home")})

    @staticmethod
    def _naming(name):
        def handler(connection, request):
            fields = [("Set-Cookie", line) for line in request.all("X-Set")]
            connection.send(answer(f"{name} [{request.get('Cookie') or ''}] {request.get('X-User') or '-'}\n", fields=fields))
        return handler

    @property
    def admin(self):
        return self.edge.admin

    def port(self, name):
        return self.origins[name].port

    def run(self, heading, number=0, **names):
        """The page's commands, its ports led to origins: P4096="docs"."""
        instead = {said[1:]: self.port(name) for said, name in names.items()}
        return self.edge.shell(PAGE.block(heading, instead, number))


def said(printed):
    """The names of the origins that have answered."""
    return re.findall(r"^(\w+) \[.*\] \S+$", printed, flags=re.MULTILINE)


def test_every_host_of_a_project_leads_to_its_port_and_so_does_8080(world):
    assert said(world.run("The agent", 1, P4096="4096")) == ["home", "4096", "home", "4096", "4096"]
    assert said(world.run("Services", P4000="docs", P4096="opencode")) == ["docs", "opencode"]
    port = world.port("other")
    hosts = {"misha.iterate.app": "home", f"{port}__misha.iterate.app": "other", f"{port}--misha.iterate.app": "other",
             "docs.misha.iterate.app": "docs", "docs__misha.iterate.app": "docs", "opencode.misha.iterate.app": "opencode",
             "mach_123.machines.iterate.app": "home", "mach-123.machines.iterate.app": "home",
             f"{port}__mach_123.machines.iterate.app": "other", "MISHA.iterate.app.": "home"}
    secret = (SECRET, "open sesame")
    for host, name in hosts.items():
        for tls in (False, True):
            assert said(world.edge.get(host, tls=tls).text) == [name], host
        with Client(world.agent.local_port) as client:
            wait_until(lambda: said(client.get("fly.example.com", fields=[(TARGET, host), secret]).text) == [name],  # noqa: B023
                       f"{host} at 8080")
    printed = world.edge.shell(PAGE.block("The provider's own way in", {"4096": port, "8080": world.agent.local_port}))
    assert said(printed) == ["other"]
    with Client(world.agent.local_port) as client:
        for fields in ([], [(SECRET, "open")], [(SECRET, "")]):
            refused = client.get("fly.example.com", fields=[(TARGET, "misha.iterate.app"), *fields])
            assert (refused.status, refused.body) == (401, b'{"error":"unauthorized"}')


def test_each_tunnel_has_a_token_of_its_own(world):
    with_other = world.edge.another_agent("mach_456", world.edge.read("token"))
    world.admin.machine("mach_456")
    with_other.start(wait=False).process.wait_event("tunnel_refused", code="BAD_TOKEN")
    assert not world.admin.tunnels("mach_456")
    world.admin.ok("DELETE", f"/v1/machines/mach_123/tokens/{world.admin.items('/v1/machines/mach_123/tokens')[0]['id']}")
    wait_until(lambda: not world.admin.tunnels("mach_123"), "a revoked token's tunnel is closed")


def test_a_project_moves_to_another_machine_at_once_and_the_old_one_keeps_its_name(world):
    world.edge.shell(PAGE.block("Another machine"))
    assert world.edge.get("misha.iterate.app").status == 503  # it is attached, and has no agent yet
    assert said(world.edge.get("mach_123.machines.iterate.app").text) == ["home"]
    world.admin.set_project("misha", defaultPort=world.port("other"))
    world.edge.agent_of("mach_456", world.edge.read("token-456"))
    assert said(world.edge.get("misha.iterate.app").text) == ["other"]
    assert world.admin.ok("GET", "/v1/projects/misha")["machine"] == "mach_456"
    world.edge.shell("ingressctl machine detach misha")
    assert world.edge.get("misha.iterate.app").json["error"] == "machine_not_routable"
    assert said(world.edge.get(f"{world.port('4096')}__mach_456.machines.iterate.app").text) == ["4096"]


def test_services_of_a_project_share_cookies_and_other_projects_see_none(world):
    """With curl's own cookie jar, which goes by the same rules as a browser's."""
    world.run("Services", P4000="docs", P4096="opencode")
    world.admin.project("other", "mach_123", world.port("other"))
    printed = world.edge.shell("""
        curl -b jar -c jar https://docs.misha.iterate.app/ -H 'X-Set: shared=1; Domain=misha.iterate.app' \\
             -H 'X-Set: wide=1; Domain=iterate.app' -H 'X-Set: own=1' -H 'X-Set: dotted=1; Domain=.Iterate.App; Path=/'
        for host in docs.misha opencode.misha misha other docs__misha mach_123.machines; do
            curl -b jar -c jar https://$host.iterate.app/
        done""")
    cookies = [set(filter(None, line.split("[")[1].split("]")[0].split("; "))) for line in printed.splitlines()]
    everything = {"shared=1", "wide=1", "own=1", "dotted=1"}
    assert cookies == [set(), everything, {"shared=1"}, {"shared=1"}, set(), set(), set()]


def test_services_are_declared_in_a_file(world):
    def declare(**ports):
        with open(f"{world.edge.folder}/misha.toml", "w") as file:
            file.write(PAGE.block("Services in a file", {said[1:]: world.port(name) for said, name in ports.items()}))

    apply, admin = PAGE.block("Services in a file", number=1), world.admin
    assert len(apply.splitlines()) == 2
    declare(P4000="docs", P4096="opencode", P5173="other")
    plan, go = apply.splitlines()
    assert "docs" in world.edge.shell(plan) and not admin.items("/v1/projects/misha/services")
    world.edge.shell(go)
    for service, name in (("docs", "docs"), ("opencode", "opencode"), ("preview", "other")):
        for host in (f"{service}.misha.iterate.app", f"{service}__misha.iterate.app"):
            assert said(world.edge.get(host).text) == [name], host
    assert admin.ok("GET", "/v1/projects/misha")["machine"] == "mach_123", "what the file does not name stays"
    revision = admin.ok("GET", "/v1/changes?limit=1000")["items"][-1]["revision"]
    world.edge.shell(apply)
    assert admin.ok("GET", "/v1/changes?limit=1000")["items"][-1]["revision"] == revision, "an unchanged file changes nothing"
    admin.service("misha", "by-hand", 1)
    world.edge.shell(apply)
    assert world.edge.get("by-hand.misha.iterate.app").json["error"] == "service_not_found"


@pytest.fixture
def bridge():
    made = LoginBridge({"alice": "wonder"})
    yield made
    made.close()


def test_a_login_bridge_guards_a_project(world, bridge):
    world.admin.ok("POST", "/v1/routes", {"patterns": [{"pattern": "login.iterate.app", "policy": {"auth": "public"}, "target": {
        "machine": "mach_123", "port": bridge.login.port}}]})
    world.run("Services", P4000="docs", P4096="opencode")
    world.edge.shell(PAGE.block("A login in front", {"4180": bridge.check.port}))
    world.origins["docs"].requests.clear()
    sent = world.edge.get("docs.misha.iterate.app", "/a?b=c", tls=True)
    assert sent.status == 302 and sent.get("Location").startswith(LOGIN) and not world.origins["docs"].requests
    walked = world.edge.shell(r"""
        curl -L -c jar -b jar -o /dev/null -w '%{http_code} %{url_effective}\n' 'https://docs.misha.iterate.app/a?b=c'
        back='https%3A%2F%2Fdocs.misha.iterate.app%2Fa%3Fb%3Dc'
        curl -L -c jar -b jar "https://login.iterate.app/?name=alice&password=wonder&back=$back" -w '%{url_effective}\n'
        curl -c jar -b jar https://opencode.misha.iterate.app/ -H 'X-User: mallory'
        cat jar""")
    assert "403 " in walked.splitlines()[0] and walked.splitlines()[0].split()[1].startswith(LOGIN)
    assert "https://docs.misha.iterate.app/a?b=c" in walked.splitlines()
    assert said(walked)[:2] == ["docs", "opencode"] and "mallory" not in walked
    assert world.origins["docs"].last.target == "/a?b=c" and world.origins["docs"].last.get("X-User") == "alice"
    # A project's judge cannot set a cookie for others either.
    assert "everywhere" in walked and "\n.iterate.app" not in walked and "#HttpOnly_.misha.iterate.app" in walked
    # The port stays guarded, whatever it is called, and on 8080.
    for host in ("docs__misha.iterate.app", f"{world.port('docs')}__mach_123.machines.iterate.app", "misha.iterate.app"):
        assert world.edge.get(host).status == 302, host
    wait_until(lambda: at_8080(world, "docs.misha.iterate.app") == (403, b'{"error":"forbidden"}'), "8080 is shut")


def at_8080(world, host):
    with Client(world.agent.local_port) as client:
        got = client.get("fly.example.com", fields=[(TARGET, host), (SECRET, "open sesame")])
        return got.status, got.body


def test_health_and_readiness_need_no_secret(world):
    with Client(world.agent.local_port) as client:
        assert client.get("x", "/health").body == b"OK" and client.get("x", "/ready").status == 200
    assert world.edge.get(f"{free_port()}__misha.iterate.app").status == 502
