"""docs/install/edge-vm.md, followed literally: its own blocks, in two network namespaces with systemd as PID 1."""
import shutil

import pytest

from page import Page
from roots import package_file

EDGE, MACHINE = "10.77.0.2", "10.77.0.3"
HOSTS = f"{EDGE} broker.iterate.app misha.iterate.app 3000__misha.iterate.app mach_123.machines.iterate.app\n"


@pytest.fixture(scope="module")
def page():
    return Page("../install/edge-vm")


def blocks(page, heading):
    return "".join(page.blocks(heading))


def test_a_stranger_who_follows_the_page_gets_an_answer(machines, public_ca, page, tmp_path):
    public_ca.issue(str(tmp_path), "iterate.app", ["*.iterate.app", "*.machines.iterate.app"])
    edge = machines("edge", EDGE, public_ca.path, HOSTS)
    machine = machines("machine", MACHINE, public_ca.path, HOSTS)
    for name in ("ingress-broker", "ingressctl"):
        edge.root.put(package_file(name), "/root/")
    for kind in ("crt", "key"):
        edge.root.put(str(tmp_path / f"iterate.app.{kind}"), f"/root/iterate.app.{kind}")
    edge.run(blocks(page, "On the edge VM"))
    machine.root.put(package_file("ingress-agent"), "/root/")
    shutil.copy(edge.root.path + "/root/agent.token", machine.root.path + "/root/agent.token")
    machine.run(blocks(page, "In the machine"))
    assert machine.run(blocks(page, "The first request")).count("hello from mach_123\n") == 3
    assert edge.run("INGRESS_ADMIN=unix:/run/ingress/admin.sock ingressctl why misha.iterate.app")
