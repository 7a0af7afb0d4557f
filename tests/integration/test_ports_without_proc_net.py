"""Which ports listen, seen by an agent whose /proc holds processes and nothing beside them: the unit's (ProcSubset=pid)."""
import subprocess

import pytest

from harness.stack import MACHINE
from harness.wait import wait_until

PROCESSES_ALONE = ["unshare", "--mount", "sh", "-c", 'mount -t proc -o subset=pid proc /proc && exec "$@"', "sh"]


@pytest.fixture
def stack(make_stack):
    if subprocess.run([*PROCESSES_ALONE, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no such /proc can be mounted here")
    return make_stack(agent={"prefix": PROCESSES_ALONE})


def test_a_port_that_listens_is_listed_though_there_is_no_proc_net(stack, origin):
    def listening():
        return [port["port"] for port in stack.admin.ok("GET", f"/v1/machines/{MACHINE}")["listening"] or []]

    wait_until(lambda: origin.port in listening(), "the port is listed", detail=lambda: str(listening()))
