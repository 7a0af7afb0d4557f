"""ingressctl db: backup of a broker that writes, restore where none runs, check; and a disk that is full."""
import os
import random
import sqlite3
import stat
import subprocess
import threading
import time

import pytest

from harness.ctl import Ctl
from harness.wait import LIMIT, wait_until

ALONE = Ctl(None)


def db(verb, path, *words):
    return ALONE.run("db", verb, *words, "--db", path)


def check(path, *words):
    """Check → detail of what is bad."""
    done = db("check", path, *words, "--json")
    rows = done.json
    assert [row["check"] for row in rows] == ["integrity", "foreign_keys", "changes", "tables"], done
    bad = {row["check"]: row["detail"] for row in rows if row["result"] != "good"}
    assert done.code == (1 if bad else 0), done
    return bad


def machines_in(path):
    return {row["id"] for row in ALONE.json("--db", path, "machine", "list")}


def sql(path, *statements):
    database = sqlite3.connect(path)
    for statement in statements:
        database.execute(statement)
    database.commit()
    database.close()


class Writer(threading.Thread):
    """Makes machines until it is told to end."""

    def __init__(self, admin):
        super().__init__()
        self.admin, self.made, self.wanted = admin, [], True

    def run(self):
        while self.wanted:
            self.admin.machine(f"w-{len(self.made)}x", metadata={"text": "x" * 3000})
            self.made.append(f"w-{len(self.made)}x")
            time.sleep(0.005)  # each check of the file costs more with every one


@pytest.fixture
def stopped(make_stack):
    """A stack whose broker is stopped, with a row of each kind."""
    stack = make_stack(start=False)
    admin = stack.admin
    admin.service("misha", "docs", 4000)
    admin.route(["a.example.com", "*.b.example.com"], machine="mach_a", port=5000)
    admin.domain("custom.example.net", "misha")
    stack.broker.process.stop()
    return stack


def test_a_backup_of_a_broker_that_writes_has_all_that_was_acknowledged_before(make_stack, tmp_path):
    stack = make_stack(start=False)
    writer = Writer(stack.admin)
    writer.start()
    try:
        for number in range(5):
            wait_until(lambda: len(writer.made) > number * 20, "machines are made")
            before, copy = set(writer.made), str(tmp_path / f"{number}.db")
            done = db("backup", stack.broker.db, copy, "--json")
            assert done.code == 0 and done.json["file"] == copy and done.json["bytes"] == os.path.getsize(copy), done
            assert stat.S_IMODE(os.stat(copy).st_mode) == 0o600
            assert check(copy) == {} and before <= machines_in(copy)
            assert check(stack.broker.db) == {}  # the one that is written, too
            assert check(stack.broker.db, "--base", copy) == {}
    finally:
        writer.wanted = False
        writer.join()
    assert sorted(os.listdir(tmp_path)) == [f"{number}.db" for number in range(5)]
    assert set(writer.made) <= {row["id"] for row in stack.admin.items("/v1/machines")}


def test_a_backup_replaces_nothing_unless_told(stopped, tmp_path):
    copy = tmp_path / "copy.db"
    copy.write_text("mine")
    refused = db("backup", stopped.broker.db, copy)
    assert refused.code == 1 and "--force" in refused.err and copy.read_text() == "mine", refused
    assert db("backup", stopped.broker.db, copy, "--force").code == 0 and check(str(copy)) == {}
    assert os.listdir(tmp_path) == ["copy.db"]


def test_a_backup_takes_no_place_of_the_database_or_of_what_stands_beside_it(make_stack):
    stack = make_stack(start=False)
    path = stack.broker.db
    inode = os.stat(path).st_ino
    spelled = os.path.join(os.path.dirname(path), ".", os.path.basename(path))
    for end in ("", "-wal", "-shm", "-journal", ".lock", ".recent"):
        for source, target, force in ((path, path, []), (path, path, ["--force"]), (os.path.relpath(path), spelled, ["--force"])):
            done = db("backup", source, target + end, *force)
            assert done.code == 2 and "is the database itself" in done.err, done
    stack.admin.machine("later")
    stack.broker.restart()
    assert os.stat(path).st_ino == inode and "later" in machines_in(path)


def test_a_backup_takes_no_place_of_what_is_no_file(stopped, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    done = db("backup", stopped.broker.db, pipe, "--force")
    assert done.code == 2 and "is no file" in done.err and stat.S_ISFIFO(os.stat(pipe).st_mode)


def test_a_backup_follows_links_to_the_database(stopped, tmp_path):
    path = stopped.broker.db
    os.symlink(path, tmp_path / "soft")
    os.link(path, tmp_path / "hard")
    for source, target in ((path, "soft"), (path, "hard"), (tmp_path / "soft", path)):
        done = db("backup", source, path if target == path else tmp_path / target, "--force")
        assert done.code == 2 and "is the database itself" in done.err, done
    done = db("backup", tmp_path / "soft", path + "-wal", "--force")
    assert done.code == 2 and "is the database itself" in done.err, done
    assert check(path) == {}


def test_a_backup_takes_no_place_of_the_database_of_another_broker(make_stack, stopped, tmp_path):
    other = make_stack(start=False)
    os.symlink(other.broker.db, tmp_path / "link")
    (tmp_path / "link.lock").touch()  # of one that was started by the link, and ended
    for target in (other.broker.db, other.broker.db + "-wal", tmp_path / "link"):
        done = db("backup", stopped.broker.db, target, "--force")
        assert done.code == 2 and "a broker has" in done.err, done
    other.broker.process.stop()
    assert machines_in(other.broker.db) == {"mach_a"} and check(other.broker.db) == {}
    assert db("backup", stopped.broker.db, other.broker.db, "--force").code == 0


def test_a_backup_is_put_beside_no_log_of_another_database(stopped, tmp_path):
    copy = tmp_path / "copy.db"
    log = tmp_path / "copy.db-wal"
    log.write_bytes(b"a log")
    done = db("backup", stopped.broker.db, copy)
    assert done.code == 2 and "copy.db-wal stands beside it" in done.err and not copy.exists(), done
    log.write_bytes(b"")
    assert db("backup", stopped.broker.db, copy).code == 0 and check(str(copy)) == {}


@pytest.mark.parametrize("words, code", [(["backup", "x"], 2), (["check"], 2), (["restore", "x"], 2), (["backup"], 2),
                                         (["backup", "/nonexistent/x", "--db", "DB"], 1),
                                         (["backup", "x", "--db", "/nonexistent/x"], 1),
                                         (["restore", "/nonexistent/x", "--db", "DB"], 1),
                                         (["restore", "DB", "--db", "DB"], 2),
                                         (["check", "--db", "/nonexistent/x"], 1)])
def test_what_cannot_be_done_says_so_and_changes_nothing(stopped, words, code):
    before = open(stopped.broker.db, "rb").read()
    done = ALONE.run("db", *[stopped.broker.db if word == "DB" else word for word in words])
    assert done.code == code and done.err.startswith("ingressctl: "), done
    assert open(stopped.broker.db, "rb").read() == before and not os.path.exists("/nonexistent")


def test_a_restored_backup_is_what_the_broker_serves_and_the_old_file_is_kept(make_stack, tmp_path):
    stack, copy = make_stack(start=False), str(tmp_path / "copy.db")
    assert db("backup", stack.broker.db, copy).code == 0
    stack.admin.machine("later-x")
    running = db("restore", stack.broker.db, copy)
    assert running.code == 1 and "stop it first" in running.err, running
    assert "later-x" in {row["id"] for row in stack.admin.items("/v1/machines")}

    stack.broker.kill()  # the log of what was written last lies beside the file
    assert os.path.getsize(stack.broker.db + "-wal") > 0
    done = db("restore", stack.broker.db, copy, "--json")
    assert done.code == 0, done
    assert machines_in(done.json["kept"]) == {"mach_a", "later-x"} and check(done.json["kept"]) == {}
    assert stat.S_IMODE(os.stat(stack.broker.db).st_mode) == 0o640
    stack.broker.start()
    assert {row["id"] for row in stack.admin.items("/v1/machines")} == {"mach_a"}
    stack.admin.machine("again-x")
    assert check(stack.broker.db) == {}


def test_what_is_exported_from_a_file_can_be_imported_again(make_stack, tmp_path):
    stack, stored = make_stack(start=False), tmp_path / "routes.ndjson"
    stack.admin.route(["q.example.com/a%3Fb", "q.example.com/%3F/{x}", "q.example.com/%253F"], machine="mach_a", port=5000)
    stack.admin.ok("POST", "/v1/join-tokens", {"uses": None})
    stored.write_text(ALONE.ok("--db", stack.broker.db, "route", "export").out)
    told = stack.ctl.ok("route", "export").out
    assert "q.example.com/a%3Fb" in told and stored.read_text() == told and check(stack.broker.db) == {}
    assert stack.ctl.json("route", "import", stored, "--on-conflict", "overwrite") == {"imported": 1}
    assert stack.ctl.ok("route", "export").out == told and check(stack.broker.db) == {}


def test_a_file_of_an_older_broker_is_backed_up_and_restored_and_brought_up_at_each_start(stopped, tmp_path):
    older, copy = str(tmp_path / "older.db"), str(tmp_path / "copy.db")
    assert db("backup", stopped.broker.db, older).code == 0
    sql(older, "DROP INDEX patterns_by_reversed", "DROP INDEX domains_by_reversed", "DROP INDEX changes_that_make_projects",
        "ALTER TABLE patterns DROP COLUMN reversed", "ALTER TABLE patterns DROP COLUMN owner",
        "ALTER TABLE domains DROP COLUMN reversed", "ALTER TABLE access_tokens DROP COLUMN rotated",
        "UPDATE additions SET level = 2")
    assert db("backup", older, copy).code == 0
    told = db("check", copy)
    assert told.code == 1 and "older broker" in told.err, told
    for _ in range(2):
        done = db("restore", stopped.broker.db, copy)
        assert done.code == 0, done
        stopped.broker.start()
        assert [row["id"] for row in stopped.admin.items("/v1/machines")] == ["mach_a"]
        stopped.broker.process.stop()
        assert check(stopped.broker.db) == {}
        kept = sqlite3.connect(stopped.broker.db + ".v1.2")
        assert kept.execute("SELECT level FROM additions").fetchall() == [(2,)]
        kept.close()
        assert not os.path.exists(stopped.broker.db + ".v1.2.tmp")


def test_a_restore_makes_a_file_where_there_is_none(stopped, tmp_path):
    copy = str(tmp_path / "copy.db")
    assert db("backup", stopped.broker.db, copy).code == 0
    for name in os.listdir(stopped.folder):
        if name.startswith("routes.db"):
            os.remove(os.path.join(stopped.folder, name))
    done = db("restore", stopped.broker.db, copy, "--json")
    assert done.code == 0 and "kept" not in done.json, done
    stopped.broker.start()
    assert [row["id"] for row in stopped.admin.items("/v1/machines")] == ["mach_a"]


def test_a_restore_makes_a_file_of_a_name_alone_in_the_working_folder(stopped, tmp_path, monkeypatch):
    copy = str(tmp_path / "copy.db")
    assert db("backup", stopped.broker.db, copy).code == 0
    monkeypatch.chdir(tmp_path)
    assert db("restore", "new.db", copy).code == 0 and check("new.db") == {}


def test_a_restore_takes_the_place_of_a_file_that_is_damaged(stopped, tmp_path):
    copy = str(tmp_path / "copy.db")
    assert db("backup", stopped.broker.db, copy).code == 0
    with open(stopped.broker.db, "wb") as file:
        file.write(b"no database at all" * 1000)
    done = db("restore", stopped.broker.db, copy, "--json")
    assert done.code == 0, done
    assert open(done.json["kept"], "rb").read().startswith(b"no database at all")
    assert check(stopped.broker.db) == {}


def spoil_version(path):
    sql(path, "pragma user_version = 99")


def spoil_pages(path):
    with open(path, "r+b") as file:
        for page in range(1, 12):
            file.seek(page * 4096)
            file.write(b"\x7f" * 64)


def spoil_reference(path):
    sql(path, "pragma foreign_keys = off", "delete from projects")


@pytest.mark.parametrize("spoil", [spoil_version, spoil_pages, spoil_reference])
def test_a_bad_backup_is_not_restored(stopped, tmp_path, spoil):
    copy, before = str(tmp_path / "copy.db"), open(stopped.broker.db, "rb").read()
    assert db("backup", stopped.broker.db, copy).code == 0
    spoil(copy)
    done = db("restore", stopped.broker.db, copy)
    assert done.code == 1 and copy in done.err, done
    assert open(stopped.broker.db, "rb").read() == before
    assert not [name for name in os.listdir(stopped.folder) if name.startswith("routes.db.") and name != "routes.db.lock"
                and name != "routes.db.recent"]


def test_a_restore_is_refused_while_any_program_has_the_file_open(stopped, tmp_path):
    copy = str(tmp_path / "copy.db")
    assert db("backup", stopped.broker.db, copy).code == 0
    reader = sqlite3.connect(stopped.broker.db, isolation_level=None)
    reader.execute("begin")
    reader.execute("select count(*) from machines").fetchone()
    done = db("restore", stopped.broker.db, copy)
    assert done.code == 1 and "open in another program" in done.err, done
    reader.close()
    assert db("restore", stopped.broker.db, copy).code == 0


@pytest.mark.parametrize("statement, where, words", [
    ("update machines set default_port = 1", "tables", 'machine "mach_a"'),
    ("update machines set state = 'detached'", "tables", 'machine "mach_a"'),
    ("delete from domains", "tables", "1 of 1 domains"),
    ("update patterns set port = 1", "tables", "route "),
    ("update projects set machine = null", "tables", 'project "misha"'),
    ("insert into domains (name, project, created_at) values ('new.example.net', 'misha', 0)", "tables", 'domain "new.example.net" is in no change'),
    ("update tokens set label = 'x'", "tables", "token "),
    ("delete from changes where revision = 2", "changes", "revision 3 follows on 1"),
    ("update changes set after = '{}' where operation = 'service.create'", "tables", 'service "misha/docs"'),
    ("update changes set before = '{\"machine\":\"x\"}' where operation = 'project.attach'", "changes", 'project "misha"'),
    ("update changes set operation = 'x.y' where operation = 'domain.create'", "changes", '"x.y"'),
    ("update services set project = 'x'", "foreign_keys", "services"),
])
def test_check_finds_what_was_changed_behind_the_brokers_back(stopped, statement, where, words):
    assert check(stopped.broker.db) == {}
    sql(stopped.broker.db, statement)
    assert words in check(stopped.broker.db)[where]


def test_check_finds_damaged_pages(stopped):
    spoil_pages(stopped.broker.db)
    assert "integrity" in check(stopped.broker.db)


def random_change(admin, chance):
    """One request of any kind; it may be refused."""
    def pick(*words):
        return chance.choice(words)

    machine, project, service = pick("m_1", "m-2", "m3"), pick("p1", "p2", "p3"), pick("docs", "api")
    state = pick("starting", "active", "detached", "archived")
    target = pick({"machine": machine, "port": 90}, {"project": project}, {"project": project, "service": service})
    rows = [{"pattern": pattern, "target": target, "policy": {"host": "preserve"}}
            for pattern in {pick("x.e.com", "*.e.com"), pick("a*.e.com", "Y.e.com")}]
    method, path, body = pick(
        ("POST", "/v1/machines", {"id": machine, "metadata": {"é": [1.50, None, "\"\\\n"]}}),
        ("PATCH", f"/v1/machines/{machine}", {"state": state}), ("DELETE", f"/v1/machines/{machine}", None),
        ("POST", f"/v1/machines/{machine}/tokens", {"label": "é \U0001f600"}),
        ("POST", "/v1/projects", {"slug": project, "machine": machine}), ("DELETE", f"/v1/projects/{project}", None),
        ("PUT", f"/v1/projects/{project}/machine", {"machine": machine}), ("DELETE", f"/v1/projects/{project}/machine", None),
        ("PATCH", f"/v1/projects/{project}", {"suspended": chance.random() < 0.5, "policy": {"auth": "deny"}}),
        ("PUT", f"/v1/projects/{project}/services/{service}", {"port": 80, "machine": pick(machine, None)}),
        ("DELETE", f"/v1/projects/{project}/services/{service}", None),
        ("POST", "/v1/routes", {"patterns": rows, "onConflict": pick("fail", "overwrite"), "externalId": pick("e", None)}),
        ("POST", "/v1/routes", {"patterns": rows, "onConflict": "overwrite"}),
        ("POST", "/v1/domains", {"name": pick("d.com", "x.e.com"), "project": project}),
        ("DELETE", "/v1/domains/d.com", None))
    return admin.call(method, path, body).status


def test_changes_of_every_kind_rebuild_the_tables(make_stack, tmp_path):
    stack, chance = make_stack(start=False), random.Random(5)
    copy, statuses = str(tmp_path / "copy.db"), []
    for number in range(600):
        statuses.append(random_change(stack.admin, chance))
        if number == 300:
            assert db("backup", stack.broker.db, copy).code == 0
    assert statuses.count(200) + statuses.count(201) + statuses.count(204) > 100, statuses
    assert not [status for status in statuses if status >= 500]
    assert check(stack.broker.db) == {} and check(stack.broker.db, "--base", copy) == {}
    operations = {row["operation"] for row in ALONE.json("--db", stack.broker.db, "changes")}
    assert {"machine.delete", "project.delete", "project.detach", "route.delete", "service.delete"} <= operations
    assert check(copy, "--base", copy) == {}


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a file system of a megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", folder], capture_output=True, text=True)
    if made.returncode != 0:
        pytest.skip(f"cannot mount a file system here: {made.stderr}")
    yield str(folder)
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_full_disk_refuses_changes_while_routing_goes_on(make_stack, make_origin, small_disk):
    stack, origin = make_stack(), make_origin()
    stack.broker.process.stop()
    for name in ("routes.db", "routes.db.recent"):
        subprocess.run(["cp", os.path.join(stack.folder, name), small_disk], check=False)
    stack.broker.db = os.path.join(small_disk, "routes.db")
    stack.broker.start()
    stack.agent.wait_up(2)
    ballast = os.path.join(small_disk, "ballast")
    with pytest.raises(OSError), open(ballast, "wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))

    acknowledged, refused = {"mach_a"}, None
    for number in range(1000):
        answer = stack.admin.call("POST", "/v1/machines", {"id": f"m{number}x", "metadata": {"text": "x" * 9000}})
        if answer.status != 201:
            refused = answer
            break
        acknowledged.add(f"m{number}x")
    assert refused.status in (503, 507) and refused.get("Content-Type") == "application/problem+json", refused
    assert refused.json["code"] in ("storage_full", "storage_unavailable") and refused.json["detail"]
    for _ in range(20):
        assert stack.get(stack.host(origin.port)).status == 200
    assert {row["id"] for row in stack.admin.items("/v1/machines")} == acknowledged

    os.remove(ballast)
    wait_until(lambda: stack.admin.call("POST", "/v1/machines", {"id": "after-x"}).status == 201, "there is space", LIMIT)
    stack.broker.kill()
    stack.broker.start()
    assert {row["id"] for row in stack.admin.items("/v1/machines")} == acknowledged | {"after-x"}
    assert check(stack.broker.db) == {}
    stack.broker.process.stop()
