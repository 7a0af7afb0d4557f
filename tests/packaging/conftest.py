"""`./dev package test`. These make roots and namespaces, which only root may; everybody else is told so."""
import os
import shutil
import sys

import pytest

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", part) for part in ("integration", "scenarios")]
pytest.register_assert_rewrite("harness", "machine", "roots", "traffic")
from harness.fixtures import *  # noqa: E402,F401,F403  pylint: disable=wildcard-import,unused-wildcard-import

from machine import Machine, bridge  # noqa: E402

DOMAIN_HOSTS = " ".join(f"{name}.iterate.app" for name in ("broker", "misha", "4096__misha", "mach_123.machines"))


@pytest.fixture(scope="session")
def as_root():
    if os.geteuid() != 0:
        pytest.skip("only root makes roots and network namespaces")
    for tool in ("debootstrap", "systemd-nspawn", "ip"):
        if not shutil.which(tool):
            pytest.skip(f"no {tool} here")


@pytest.fixture(scope="module")
def machines(as_root, tmp_path_factory):
    """machines(name, address): booted, and gone with the module."""
    made = []
    with bridge():
        def make(name, address, ca=None, hosts=""):
            made.append(Machine(str(tmp_path_factory.mktemp(name)), name, address, ca, hosts))
            return made[-1]

        yield make
        for machine in made:
            machine.close()


@pytest.fixture(scope="module")
def public_ca(tmp_path_factory):
    from harness.certificates import Ca

    return Ca(str(tmp_path_factory.mktemp("ca")))
