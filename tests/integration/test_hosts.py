"""The table of hosts (design, section 2): which host leads to which machine and port, and what the others are told."""
import pytest

from harness.origin import Origin, answer
from harness.ports import free_port
from harness.stack import Stack


class World:
    """mach_a (attached to misha) and mach_b (detached) on one agent each; services, routes and a domain."""

    def __init__(self, folder, ca):
        self.origins = {name: Origin(naming(name)) for name in
                        ("machine", "project", "other", "docs", "detached", "elsewhere")}
        self.stack = Stack(folder, ca, default_port=self.port("machine"))
        admin = self.admin = self.stack.admin
        admin.set_project("misha", defaultPort=self.port("project"))
        admin.machine("mach_b", self.port("detached"))
        self.second = self.stack.another_agent("mach_b", admin.token_of("mach_b")).start()
        self.rows(admin)

    def rows(self, admin):
        admin.service("misha", "docs", self.port("docs"))
        admin.service("misha", "far", self.port("elsewhere"), machine="mach_b")
        admin.project("alone")
        admin.machine("mach_shut")
        admin.project("shut", "mach_shut")
        admin.set_project("shut", suspended=True)
        admin.machine("mach_old", state="archived")
        admin.machine("mach_new", state="starting")
        admin.machine("mach_off")
        admin.route(["exact.example.com"], machine="mach_b", port=self.port("elsewhere"))
        admin.route(["*.wild.example.com"], machine="mach_a", port=self.port("other"))
        admin.route(["**.wild.example.com"], machine="mach_a", port=self.port("docs"))
        admin.route(["pre-*.wild.example.com"], machine="mach_a", port=self.port("project"))
        admin.route(["taken.iterate.app"], machine="mach_b", port=self.port("elsewhere"))
        admin.route(["byservice.example.com"], project="misha", service="docs")
        admin.route(["byproject.example.com"], project="misha")
        admin.domain("custom.example.net", "misha")

    def port(self, name):
        return self.origins[name].port

    def stop(self):
        self.stack.stop()
        for origin in self.origins.values():
            origin.close()


def naming(name):
    return lambda connection, request: connection.send(answer(name))


@pytest.fixture(scope="module")
def world(tmp_path_factory, ca):
    made = World(tmp_path_factory.mktemp("world"), ca)
    yield made
    made.stop()


def filled(world, host):
    for name in world.origins:
        host = host.replace(f"@{name}@", str(world.port(name)))
    return host


GOOD = {
    "mach_a.machines.iterate.app": "machine",
    "@other@__mach_a.machines.iterate.app": "other",
    "misha.iterate.app": "project",
    "@other@__misha.iterate.app": "other",
    "docs.misha.iterate.app": "docs",
    "docs__misha.iterate.app": "docs",
    "mach_b.machines.iterate.app": "detached",
    "@other@__mach_b.machines.iterate.app": "other",
    "far.misha.iterate.app": "elsewhere",
    # Other spellings
    "@other@--misha.iterate.app": "other",
    "docs--misha.iterate.app": "docs",
    "mach-a.machines.iterate.app": "machine",
    "@other@--mach-a.machines.iterate.app": "other",
    "@other@__mach-a.machines.iterate.app": "other",
    "MISHA.ITERATE.APP": "project",
    "Docs__Misha.Iterate.App": "docs",
    "misha.iterate.app.": "project",
    "misha.iterate.app:8443": "project",
    "misha.iterate.app.:8443": "project",
    "MACH_A.machines.iterate.app": "machine",
    # Routes and domains
    "exact.example.com": "elsewhere",
    "Exact.Example.Com.": "elsewhere",
    "a.wild.example.com": "other",
    "a.b.wild.example.com": "docs",
    "a.b.c.wild.example.com": "docs",
    "pre-x.wild.example.com": "project",
    "taken.iterate.app": "elsewhere",
    "byservice.example.com": "docs",
    "byproject.example.com": "project",
    "custom.example.net": "project",
    "@other@.custom.example.net": "other",
    "docs.custom.example.net": "docs",
}


@pytest.mark.parametrize("host", GOOD)
def test_a_host_leads_to_its_origin(world, host):
    response = world.stack.get(filled(world, host))
    assert (response.status, response.text) == (200, GOOD[host]), response


@pytest.mark.parametrize("host", [host for host in GOOD if ":" not in host][::4])
def test_a_host_leads_to_its_origin_over_tls(world, host):
    response = world.stack.get(filled(world, host), tls=True)
    assert (response.status, response.text) == (200, GOOD[host])


BAD = {
    # 400
    "a..iterate.app": (400, "invalid_host"),
    ".iterate.app": (400, "invalid_host"),
    "mi!sha.iterate.app": (400, "invalid_host"),
    "mi%73ha.iterate.app": (400, "invalid_host"),
    "a" * 64 + ".iterate.app": (400, "invalid_host"),
    "mis ha.iterate.app": (400, "invalid_host"),
    "m\xefsha.iterate.app": (400, "invalid_host"),
    "misha/x.iterate.app": (400, "invalid_host"),
    "user@misha.iterate.app": (400, "invalid_host"),
    "misha.iterate.app:port": (400, "invalid_host"),
    "[::1]:443": (400, "invalid_host"),
    "0__misha.iterate.app": (400, "invalid_port"),
    "65536__misha.iterate.app": (400, "invalid_port"),
    "99999999999999999999__misha.iterate.app": (400, "invalid_port"),
    "080__misha.iterate.app": (400, "invalid_port"),
    "nosuch__misha.iterate.app": (400, "invalid_port"),
    "0__mach_a.machines.iterate.app": (400, "invalid_port"),
    "70000__mach_a.machines.iterate.app": (400, "invalid_port"),
    "-x.iterate.app": (400, "invalid_project_slug"),
    "1234.iterate.app": (400, "invalid_project_slug"),
    # 403
    "shut.iterate.app": (403, "forbidden"),
    "4096__shut.iterate.app": (403, "forbidden"),
    "mach_shut.machines.iterate.app": (403, "forbidden"),  # or a suspension would be no more than a detour
    # 404
    "nobody.iterate.app": (404, "project_not_found"),
    "4096__nobody.iterate.app": (404, "project_not_found"),
    "docs.nobody.iterate.app": (404, "project_not_found"),
    "mach_none.machines.iterate.app": (404, "machine_not_found"),
    "4096__mach_none.machines.iterate.app": (404, "machine_not_found"),
    "nosuch.misha.iterate.app": (404, "service_not_found"),
    "example.com": (404, "route_not_found"),
    "deep.er.exact.example.com": (404, "route_not_found"),
    "wild.example.com": (404, "route_not_found"),
    "127.0.0.1": (404, "route_not_found"),
    # 409
    "alone.iterate.app": (409, "machine_not_routable"),
    "4096__alone.iterate.app": (409, "machine_not_routable"),
    "mach_old.machines.iterate.app": (409, "machine_not_routable"),
    # 503
    "mach_off.machines.iterate.app": (503, "machine_unavailable"),
    "mach_new.machines.iterate.app": (503, "machine_starting"),
}


@pytest.mark.parametrize("host", BAD)
def test_a_host_that_leads_nowhere_says_why(world, host):
    response = world.stack.get(host)
    assert (response.status, response.error) == BAD[host], response


@pytest.mark.parametrize("word", ["machines", "prj", "org", "broker", "admin", "www"])
def test_reserved_words_are_nobodys_hosts(world, word):
    assert world.stack.get(f"{word}.iterate.app").status == 404
    assert world.admin.refused("POST", "/v1/projects", {"slug": word}) == (400, "invalid_argument")


@pytest.mark.parametrize("slug", ["1234", "a--b", "a__b", "-a", "a-", "A", "a_b", "a.b", "a" * 57, ""])
def test_a_slug_outside_the_rules_is_refused(world, slug):
    assert world.admin.refused("POST", "/v1/projects", {"slug": slug}) == (400, "invalid_argument")


@pytest.mark.parametrize("machine", ["1234", "a--b", "a__b", "-a", "a-", "_a", "A", "a.b", "a" * 57, "mach-a"])
def test_a_machine_id_outside_the_rules_is_refused(world, machine):
    """mach-a: the alias of mach_a, which must never become another machine's."""
    assert world.admin.refused("POST", "/v1/machines", {"id": machine})[0] == (409 if machine == "mach-a" else 400)


def test_an_id_of_56_bytes_leaves_room_for_a_port(world):
    machine = "m" * 56
    world.admin.machine(machine)
    assert world.stack.get(f"65535__{machine}.machines.iterate.app").error == "machine_unavailable"


def test_attaching_another_machine_moves_the_hosts_at_once(world):
    port = free_port()
    with Origin(naming("moved"), port=port):
        world.admin.project("mover", "mach_a", port)
        assert world.stack.get("mover.iterate.app").text == "moved"
        world.admin.attach("mach_off", "mover")
        assert world.stack.get("mover.iterate.app").error == "machine_unavailable"
        world.admin.attach("mach_b", "mover")
        assert world.stack.get("mover.iterate.app").text == "moved"
        world.admin.detach("mover")
        assert world.stack.get("mover.iterate.app").error == "machine_not_routable"


def test_several_domains_are_served_alike(make_stack, make_origin):
    origin = make_origin()
    stack = make_stack(broker={"domains": ("iterate.app", "second.example.org")})
    for domain in ("iterate.app", "second.example.org"):
        assert stack.get(f"{origin.port}__misha.{domain}").status == 200
        assert stack.get(f"{origin.port}__mach_a.machines.{domain}").status == 200


def test_a_removed_row_is_gone_for_the_next_request(world):
    port = world.port("docs")
    world.admin.service("misha", "brief", port)
    assert world.stack.get("brief.misha.iterate.app").status == 200
    world.admin.delete_service("misha", "brief")
    assert world.stack.get("brief.misha.iterate.app").error == "service_not_found"
