"""ingressctl cert trust: this system, Firefox and Chromium trust the CAs of `ingress-broker dev`."""
import json
import os
import shutil
import subprocess

import pytest

from harness.ctl import Ctl
from harness.dev import Dev
from harness.origin import answering
from harness.process import environment, program

certutil = pytest.mark.skipif(not shutil.which("certutil"), reason="libnss3-tools is not installed")


@pytest.fixture
def home(tmp_path):
    """A home with Chromium's database and a profile of Firefox."""
    home = tmp_path / "home"
    for database in (".pki/nssdb", ".mozilla/firefox/abc.default"):
        (home / database).mkdir(parents=True)
        subprocess.run(["certutil", "-d", f"sql:{home / database}", "-N", "--empty-password"], check=True)
    return home


def nicknames(home, database):
    shown = subprocess.run(["certutil", "-d", f"sql:{home / database}", "-L"], check=True, capture_output=True, text=True)
    return [line.split("  ")[0] for line in shown.stdout.split("\n") if "ingress local CA" in line]


def as_nobody(*argv):
    return ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--", *argv]


@certutil
def test_trust_puts_the_cas_into_the_browsers_databases_and_untrust_takes_them_out(home, tmp_path):
    dev = Dev(tmp_path, ["--domain", "shop.test"])
    dev.stop()
    for path in (tmp_path, home, dev.state, os.path.join(dev.state, "ca")):
        os.chmod(path, 0o777)
    subprocess.run(["chown", "-R", "65534:65534", str(home)], check=True)
    for parent in tmp_path.parents:
        if str(parent).startswith("/tmp/"):
            os.chmod(parent, os.stat(parent).st_mode | 0o5)
    env = environment({"HOME": str(home)})
    ca_dir = os.path.join(dev.state, "ca")

    def run(word):
        return subprocess.run(as_nobody(program("ingressctl"), "cert", word, "--ca-dir", ca_dir, "--json"), env=env,
                              capture_output=True, text=True, timeout=60)

    names = ["ingress local CA (localhost)", "ingress local CA (shop.test)"]
    for _ in range(2):
        done = run("trust")
        assert done.returncode == 0, done
        assert '"skipped"' in done.stdout and "needs root" in done.stdout
        for database in (".pki/nssdb", ".mozilla/firefox/abc.default"):
            assert sorted(nicknames(home, database)) == names
    for word in ("removed", "absent"):  # the second time there is nothing to take out
        done = run("untrust")
        assert done.returncode == 0, done
        results = [row["result"] for row in json.loads(done.stdout) if row["store"].startswith(str(home))]
        assert results == [word] * 4, done
        for database in (".pki/nssdb", ".mozilla/firefox/abc.default"):
            assert nicknames(home, database) == []


def test_without_a_ca_it_says_what_makes_one(tmp_path):
    done = Ctl("unix:/nonexistent", env={"XDG_STATE_HOME": str(tmp_path)}).run("cert", "trust")
    assert done.code == 2 and "ingress-broker dev" in done.err


# In a mount namespace, on copies of the system's folders: nothing of this machine changes.
IN_COPIES = """
set -eu
for folder in /etc/ssl /usr/local/share/ca-certificates; do
  mkdir -p "$COPIES$folder"; cp -a $folder/. "$COPIES$folder/"; mount --bind "$COPIES$folder" $folder
done
ask() { curl -sS --noproxy '*' "$URL" 2>/dev/null || echo "curl ended with $?"; echo; }
ask; "$CTL" cert trust --ca-dir "$CA_DIR" >&2; ask; "$CTL" cert untrust --ca-dir "$CA_DIR" >&2; ask
"""


def may_unshare():
    return subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode == 0


@pytest.mark.skipif(not may_unshare() or not shutil.which("update-ca-certificates") or
                    not os.path.isdir("/usr/local/share/ca-certificates"), reason="needs root on a Debian-like system")
def test_the_systems_store_leads_curl_to_it_and_untrust_ends_that(tmp_path, make_origin):
    origin = make_origin(answering(b"trusted"))
    dev = Dev(tmp_path)
    env = {name: value for name, value in environment().items() if not name.startswith(("SSL_CERT", "CURL_CA"))}
    env.update(HOME=str(tmp_path), COPIES=str(tmp_path / "copies"), CTL=program("ingressctl"),
               CA_DIR=os.path.join(dev.state, "ca"), URL=dev.url(f"{origin.port}__dev.localhost"))
    done = subprocess.run(["unshare", "-m", "sh", "-c", IN_COPIES], env=env, capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == "curl ended with 60 trusted curl ended with 60".split(), done
    dev.stop()
