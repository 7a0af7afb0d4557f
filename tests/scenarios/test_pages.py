"""The lines of docs/uses/ that start programs are good command lines: the programs' own `validate` reads them."""
import os
import re

import pytest

from harness.ctl import write_secret
from page import FOLDER, Page

FILES = {"/etc/ingress/tls": "tls", "/run/ingress/admin.sock": "admin.sock", "/etc/ingress/admin.token": "admin.token",
         "/var/lib/ingress/routes.db": "new.db", "/etc/ingress/secrets": "secrets"}
PAGES = sorted(name[:-3] for name in os.listdir(FOLDER))


@pytest.fixture
def edge(make_edge):
    made = make_edge()
    os.mkdir(os.path.join(made.folder, "secrets"))
    write_secret(os.path.join(made.folder, "secrets"), "portal", "a-secret")
    for name in ("token", "secret"):
        write_secret(made.folder, name, "0123456789")
    return made


def test_programs_are_started_by_good_command_lines(edge):
    starts = {}
    for name in PAGES:
        for block in Page(name).all_blocks():
            for program in re.findall(r"^ingress-(broker|agent) run ", block, flags=re.MULTILINE):
                for path, here in FILES.items():
                    block = block.replace(path, os.path.join(edge.folder, here))
                edge.shell(re.sub(r"^(ingress-\w+) run ", r"\1 validate ", block, flags=re.MULTILINE))
                starts.setdefault(program, set()).add(name)
    assert starts["broker"] >= {"online-ide", "labs", "ide-portal"} and starts["agent"] >= {"project-ingress", "online-ide"}
