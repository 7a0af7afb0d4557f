"""ssh, scp, rsync, git and psql over `ingressctl connect`: programs that nobody here wrote."""
import glob
import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile

import pytest

from harness.ports import free_port
from harness.process import Process, environment, program
from harness.stack import MACHINE
from harness.wait import wait_until

SSHD = shutil.which("sshd", path="/usr/sbin:" + os.environ["PATH"])
POSTGRES = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"))
needs_ssh = pytest.mark.skipif(not (SSHD and shutil.which("ssh")), reason="no ssh and sshd here")


def run(*argv, env=None, **words):
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, env={**environment(), **(env or {})}, check=False,
                          stdin=subprocess.DEVNULL, **words)
    assert done.returncode == 0, f"{argv}\n{done.stdout}\n{done.stderr}"
    return done.stdout


class Ssh:
    """An sshd in the machine, and a configuration by which ssh goes there through the tunnel alone."""

    def __init__(self, stack, folder):
        self.folder = str(folder)
        for name in ("host", "user"):
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{self.folder}/{name}")
        shutil.copy(f"{self.folder}/user.pub", f"{self.folder}/authorized")
        self.port = free_port()
        config = self._write("sshd_config", f"""
            Port {self.port}
            ListenAddress 127.0.0.1
            HostKey {self.folder}/host
            AuthorizedKeysFile {self.folder}/authorized
            StrictModes no
            UsePAM no
            PidFile none
            PermitRootLogin yes
            Subsystem sftp internal-sftp
            """)
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)
        self.process = Process("sshd", [SSHD, "-D", "-e", "-f", config], self.folder)
        wait_until(lambda: "Server listening" in self.process.log_text(), "sshd", detail=self.process.tail)
        proxy = f"{program('ingressctl')} --admin unix:{stack.broker.admin_socket} connect %h:%p"
        self.config = self._write("ssh_config", f"""
            Host *
              ProxyCommand {proxy}
              Port {self.port}
              User {pwd.getpwuid(os.geteuid()).pw_name}
              IdentityFile {self.folder}/user
              IdentitiesOnly yes
              StrictHostKeyChecking no
              UserKnownHostsFile /dev/null
              LogLevel ERROR
              BatchMode yes
            """)
        self.command = ["ssh", "-F", self.config]

    def _write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def stop(self):
        self.process.popen.terminate()
        self.process.popen.wait()


@pytest.fixture
def ssh(make_stack, tmp_path):
    server = Ssh(make_stack(), tmp_path)
    yield server
    server.stop()


def some_file(folder, name="data", megabytes=24):
    path = os.path.join(str(folder), name)
    with open(path, "wb") as file:
        file.write(os.urandom(1 << 20) * megabytes)
    return path


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


@needs_ssh
def test_ssh_runs_a_command_and_its_exit_code_and_end_of_input_come_back(ssh):
    assert run(*ssh.command, MACHINE, "echo out; echo err >&2").strip() == "out"
    failed = subprocess.run([*ssh.command, MACHINE, "exit 7"], env=environment(), check=False, timeout=60,
                            stdin=subprocess.DEVNULL)
    assert failed.returncode == 7
    big = os.urandom(1 << 20) * 16
    done = subprocess.run([*ssh.command, MACHINE, "sha256sum"], input=big, capture_output=True, env=environment(),
                          check=True, timeout=120)
    assert done.stdout.split()[0].decode() == hashlib.sha256(big).hexdigest()


@needs_ssh
def test_scp_copies_both_ways(ssh, tmp_path):
    data = some_file(tmp_path)
    run("scp", "-F", ssh.config, data, f"{MACHINE}:{tmp_path}/up")
    run("scp", "-F", ssh.config, f"{MACHINE}:{tmp_path}/up", f"{tmp_path}/down")
    assert digest(f"{tmp_path}/up") == digest(f"{tmp_path}/down") == digest(data)


@needs_ssh
@pytest.mark.skipif(not shutil.which("rsync"), reason="no rsync here")
def test_rsync_copies_a_tree_and_then_what_changed(ssh, tmp_path):
    source = tmp_path / "source"
    (source / "deep" / "er").mkdir(parents=True)
    for number in range(100):
        (source / "deep" / f"file{number}").write_text(f"{number}\n" * number)
    some_file(source / "deep" / "er", megabytes=8)
    rsync = ["rsync", "-a", "--delete", "-e", " ".join(ssh.command), f"{source}/", f"{MACHINE}:{tmp_path}/target/"]
    run(*rsync)
    (source / "deep" / "file7").unlink()
    (source / "deep" / "file8").write_text("changed")
    run(*rsync)
    run("diff", "-r", str(source), str(tmp_path / "target"))


@needs_ssh
@pytest.mark.skipif(not shutil.which("git"), reason="no git here")
def test_git_clones_and_pushes(ssh, tmp_path):
    env = {"GIT_SSH_COMMAND": " ".join(ssh.command), "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_AUTHOR_NAME": "a",
           "GIT_AUTHOR_EMAIL": "a@example.com", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.com"}
    run("git", "init", "-q", "--bare", "-b", "main", f"{tmp_path}/origin.git", env=env)
    run("git", "clone", "-q", f"{MACHINE}:{tmp_path}/origin.git", f"{tmp_path}/one", env=env)
    some_file(tmp_path / "one", megabytes=4)
    for words in (["checkout", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "x"],
                  ["push", "-q", "origin", "main"]):
        run("git", "-C", f"{tmp_path}/one", *words, env=env)
    run("git", "clone", "-q", f"{MACHINE}:{tmp_path}/origin.git", f"{tmp_path}/two", env=env)
    assert digest(tmp_path / "one" / "data") == digest(tmp_path / "two" / "data")


class Postgres:
    """A server of its own; it refuses to be root's."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="ingress-postgres-", dir="/tmp")
        self.user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        if self.user:
            shutil.chown(self.folder, "postgres", "postgres")
        self.port = free_port()
        binaries = os.path.dirname(POSTGRES[-1])
        run(*self.user, f"{binaries}/initdb", "-D", f"{self.folder}/data", "-A", "trust", "-U", "postgres", cwd=self.folder)
        log = tempfile.mkdtemp(prefix="ingress-postgres-log-", dir="/tmp")
        self.log = log
        self.process = Process("postgres", [*self.user, f"{binaries}/postgres", "-D", f"{self.folder}/data", "-p", str(self.port),
                                            "-k", self.folder, "-h", "127.0.0.1"], log)
        wait_until(lambda: "ready to accept connections" in self.process.log_text(), "postgres", detail=self.process.tail)

    def stop(self):
        self.process.popen.terminate()
        self.process.popen.wait()
        for folder in (self.folder, self.log):
            shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.skipif(not POSTGRES or not shutil.which("psql"), reason="no postgresql here")
def test_psql_asks_by_a_forwarded_port(make_stack, tmp_path):
    stack, server = make_stack(), Postgres()
    forwarding = subprocess.Popen([program("ingressctl"), "--admin", f"unix:{stack.broker.admin_socket}", "connect", "-L",
                                   f"0:{MACHINE}:{server.port}"], stderr=subprocess.PIPE, text=True, env=environment())
    try:
        port = forwarding.stderr.readline().split(", for ")[0].rsplit(":", 1)[1]

        def psql(query):
            return run("psql", "-h", "127.0.0.1", "-p", port, "-U", "postgres", "-At", "-c", query)

        assert psql("select 1 + 1").strip() == "2"
        psql("create table t as select n, md5(n::text) as m from generate_series(1, 200000) n")
        out = str(tmp_path / "out.csv")
        psql(f"\\copy t to '{out}'")
        psql("create table u (like t)")
        psql(f"\\copy u from '{out}'")
        assert psql("select count(*) from (select * from t intersect select * from u) x").strip() == "200000"
        assert psql("select m from u where n = 7").strip() == hashlib.md5(b"7").hexdigest()
    finally:
        forwarding.terminate()
        forwarding.wait()
        server.stop()
