"""kill -9 at any moment loses no change that was acknowledged."""
import os
import random
import sqlite3
import subprocess
import threading
import time

from harness.ctl import Ctl
from harness.http1 import Closed
from harness.wait import wait_until


def test_an_acknowledged_change_survives_kill_9(make_stack):
    stack = make_stack(start=False)
    for number in range(5):
        stack.admin.machine(f"mach_{number}x")
        stack.broker.kill()
        stack.broker.start()
        names = {row["id"] for row in stack.admin.items("/v1/machines")}
        assert {f"mach_{done}x" for done in range(number + 1)} <= names


def items(listed):
    return listed["items"] if isinstance(listed, dict) else listed


class Writer(threading.Thread):
    """Makes machines until its broker is gone; keeps what was acknowledged."""

    def __init__(self, admin, name):
        super().__init__()
        self.admin, self.name_, self.acknowledged = admin, name, []

    def run(self):
        try:
            for number in range(10_000):
                machine = f"{self.name_}-{number}x"
                self.admin.machine(machine)
                self.acknowledged.append(machine)
        except (OSError, Closed):
            pass  # the broker was killed


def test_no_change_is_lost_while_many_write(make_stack):
    stack = make_stack(start=False)
    acknowledged = set()
    for round_ in range(3):
        writers = [Writer(stack.admin, f"w{round_}{letter}") for letter in "abc"]
        for writer in writers:
            writer.start()
        time.sleep(0.3 + random.random() * 0.5)
        stack.broker.kill()
        for writer in writers:
            writer.join()
            acknowledged.update(writer.acknowledged)
        stack.broker.start()
        names = {row["id"] for row in stack.admin.items("/v1/machines")}
        assert acknowledged <= names
    assert acknowledged


class CommandWriter(threading.Thread):
    """Makes machines and projects by ingressctl until one of its commands fails; keeps what was acknowledged."""

    def __init__(self, ctl, name):
        super().__init__()
        self.ctl, self.name_, self.machines, self.projects = ctl, name, [], []

    def run(self):
        for number in range(10_000):
            name = f"{self.name_}-{number}x"
            if self.ctl.run("machine", "create", name).code != 0:
                return
            self.machines.append(name)
            if self.ctl.run("project", "create", name, "--machine", name).code != 0:
                return
            self.projects.append(name)


def test_no_change_that_ingressctl_acknowledged_is_lost_by_kill_9_after_kill_9(make_stack):
    stack, alone, chance = make_stack(start=False), Ctl(None), random.Random(9)
    machines, projects = set(), set()
    for round_ in range(8):
        writers = [CommandWriter(stack.ctl, f"c{round_}{letter}") for letter in "abc"]
        for writer in writers:
            writer.start()
        wanted = chance.randrange(3, 20)
        wait_until(lambda: sum(len(writer.machines) for writer in writers) >= wanted, "machines are made")
        stack.broker.kill()
        for writer in writers:
            writer.join()
            machines.update(writer.machines)
            projects.update(writer.projects)
        checks = alone.json("db", "check", "--db", stack.broker.db)
        assert [row for row in checks if row["result"] != "good"] == []
        listed = {row["slug"]: row["machine"] for row in alone.json("project", "list", "--db", stack.broker.db)}
        assert machines <= {row["id"] for row in alone.json("machine", "list", "--db", stack.broker.db)}
        assert {name: name for name in projects}.items() <= listed.items()
        stack.broker.start()
    assert machines <= {row["id"] for row in stack.admin.items("/v1/machines")} and len(projects) > 8


def test_a_change_is_visible_to_the_next_request(make_stack, make_origin):
    stack, origin = make_stack(), make_origin()
    for number in range(20):
        stack.admin.project(f"p{number}x", "mach_a", origin.port)
        assert stack.get(f"p{number}x.iterate.app").status == 200


def test_everything_is_there_after_a_restart(make_stack, make_origin):
    stack, origin = make_stack(), make_origin()
    admin = stack.admin
    admin.service("misha", "docs", origin.port)
    admin.route(["a.example.com", "*.b.example.com"], machine="mach_a", port=origin.port)
    admin.domain("custom.example.net", "misha")
    hosts = ["docs.misha.iterate.app", "a.example.com", "x.b.example.com", "docs.custom.example.net",
             f"{origin.port}__misha.iterate.app"]
    stack.broker.restart()
    stack.agent.wait_up(2)
    for host in hosts:
        assert stack.get(host).status == 200, host


def test_ctl_reads_the_file_alone_while_the_broker_is_down(make_stack):
    stack = make_stack(start=False)
    stack.broker.kill()
    alone = Ctl(None)
    rows = items(alone.json("--db", stack.broker.db, "machine", "list"))
    assert [row["id"] for row in rows] == ["mach_a"]
    assert alone.run("--db", stack.broker.db, "machine", "create", "mach_b").code != 0
    stack.broker.start()


def test_secrets_are_not_in_the_file(make_stack):
    stack = make_stack(start=False)
    stack.broker.process.stop()
    for name in os.listdir(stack.folder):
        if name.startswith("routes.db"):
            with open(os.path.join(stack.folder, name), "rb") as file:
                assert stack.token.encode() not in file.read()


def test_every_change_is_a_row_of_changes(make_stack):
    stack = make_stack(start=False)
    stack.broker.process.stop()
    with sqlite3.connect(f"file:{stack.broker.db}?mode=ro", uri=True) as database:
        assert database.execute("select count(*) from changes").fetchone()[0] >= 3
        assert database.execute("pragma integrity_check").fetchone()[0] == "ok"


def test_a_file_of_a_newer_version_is_refused_and_left_alone(make_stack):
    stack = make_stack(start=False)
    stack.broker.process.stop()
    with sqlite3.connect(stack.broker.db) as database:
        version = database.execute("pragma user_version").fetchone()[0]
        database.execute("pragma user_version = 9999")
    database.close()
    done = subprocess.run(stack.broker.argv(), capture_output=True, text=True, timeout=30)
    assert done.returncode == 78 and "schema version 9999" in done.stderr, done
    with sqlite3.connect(stack.broker.db) as database:
        assert database.execute("pragma user_version").fetchone()[0] == 9999
        database.execute(f"pragma user_version = {version}")
    stack.broker.start()


def test_a_damaged_file_is_refused(make_stack, tmp_path):
    stack = make_stack(start=False)
    stack.broker.process.stop()
    argv = stack.broker.argv()
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(b"this is no database" * 1000)
    argv[argv.index("--db") + 1] = str(damaged)
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30)
    assert done.returncode == 78 and f"--db {damaged}: is no database" in done.stderr, done
    assert damaged.read_bytes() == b"this is no database" * 1000


def test_a_file_that_is_damaged_behind_its_header_is_refused(make_stack, tmp_path):
    stack = make_stack(start=False)
    stack.broker.process.stop()
    argv = stack.broker.argv()
    damaged = tmp_path / "damaged.db"
    with open(stack.broker.db, "rb") as file:
        damaged.write_bytes(file.read(100) + b"no page of a database" * 1000)
    argv[argv.index("--db") + 1] = str(damaged)
    from harness.process import Process

    process = Process("damaged", argv, stack.folder)
    assert process.wait_exit() == 1
    process.assert_sane()
    assert process.find("database_failed")
