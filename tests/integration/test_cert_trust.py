"""ingressctl cert trust: this system, Firefox and Chromium trust the CAs of `ingress-broker dev`."""
import hashlib
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


DATABASES = (".pki/nssdb", ".mozilla/firefox/abc.default")


def nickname(state, domain="localhost"):
    """With a mark of the folder, by its true path."""
    folder = os.path.realpath(os.path.join(state, "ca"))
    return f"ingress local CA ({domain}) {hashlib.sha256(folder.encode()).hexdigest()[:8]}"


@pytest.fixture
def as_user(home, tmp_path):
    """`ingressctl cert WORD --ca-dir STATE/ca` of a user who is not root and has this home: its results."""
    for parent in (tmp_path, *tmp_path.parents):
        if str(parent).startswith("/tmp/"):
            os.chmod(parent, os.stat(parent).st_mode | 0o5)
    os.chmod(home, 0o777)
    subprocess.run(["chown", "-R", "65534:65534", str(home)], check=True)

    def run(word, state):
        for path in (state, os.path.join(state, "ca")):
            os.chmod(path, 0o777)
        done = subprocess.run(
            as_nobody(program("ingressctl"), "cert", word, "--ca-dir", os.path.join(state, "ca"), "--json"),
            env=environment({"HOME": str(home)}), capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done
        return json.loads(done.stdout)

    return run


@certutil
def test_trust_puts_the_cas_into_the_browsers_databases_and_untrust_takes_them_out(home, tmp_path, as_user):
    dev = Dev(tmp_path, ["--domain", "shop.test"])
    dev.stop()
    names = [nickname(dev.state), nickname(dev.state, "shop.test")]
    for _ in range(2):
        system, = [row for row in as_user("trust", dev.state) if not row["store"].startswith(str(home))]
        assert system["result"] == "skipped" and "needs root" in system["detail"]
        for database in DATABASES:
            assert sorted(nicknames(home, database)) == names
    for word in ("removed", "absent"):  # the second time there is nothing to take out
        rows = as_user("untrust", dev.state)
        assert [row["result"] for row in rows if row["store"].startswith(str(home))] == [word] * 4, rows
        for database in DATABASES:
            assert nicknames(home, database) == []


@certutil
def test_the_ca_of_another_folder_stays_trusted_and_one_that_is_made_anew_takes_the_place_of_the_one_before(
        home, tmp_path, as_user):
    states = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        dev = Dev(tmp_path / name)
        dev.stop()
        states.append(dev.state)
        as_user("trust", dev.state)
    one, two = map(nickname, states)
    for file in os.listdir(os.path.join(states[0], "ca")):
        os.remove(os.path.join(states[0], "ca", file))
    Dev(tmp_path / "one").stop()
    as_user("trust", states[0])
    for database in DATABASES:
        assert sorted(nicknames(home, database)) == sorted([one, two])
    as_user("untrust", states[0])
    for database in DATABASES:
        assert nicknames(home, database) == [two]


@certutil
def test_a_ca_that_is_called_by_its_domain_alone_goes_where_it_is_this_very_one(home, tmp_path, as_user):
    states = []
    for name, database in zip(("one", "two"), DATABASES):
        (tmp_path / name).mkdir()
        dev = Dev(tmp_path / name)
        dev.stop()
        states.append(dev.state)
        subprocess.run(["certutil", "-d", f"sql:{home / database}", "-A", "-t", "C,,", "-n", "ingress local CA (localhost)",
                        "-i", f"{dev.state}/ca/localhost.crt"], check=True)
    as_user("trust", states[0])
    assert nicknames(home, DATABASES[0]) == [nickname(states[0])]
    assert sorted(nicknames(home, DATABASES[1])) == ["ingress local CA (localhost)", nickname(states[0])]
    as_user("untrust", states[1])
    assert [nicknames(home, database) for database in DATABASES] == [[nickname(states[0])]] * 2


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

# The same of two folders: the second one's CA comes and goes, and an entry that is called by its domain alone is either
# this very one or another's.
IN_COPIES_OF_TWO = IN_COPIES.split("ask;")[0] + """
cp "$CA_DIR/localhost.crt" /usr/local/share/ca-certificates/ingress-local-localhost.crt
"$CTL" cert trust --ca-dir "$CA_DIR" >&2; ls /usr/local/share/ca-certificates | grep -c ingress-local
"$CTL" cert trust --ca-dir "$OTHER_CA_DIR" >&2; ask
cp "$CA_DIR/localhost.crt" /usr/local/share/ca-certificates/ingress-local-localhost.crt
"$CTL" cert untrust --ca-dir "$OTHER_CA_DIR" >&2; ls /usr/local/share/ca-certificates | grep -c ingress-local; ask
"""


def may_unshare():
    return subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode == 0


on_copies = pytest.mark.skipif(
    not may_unshare() or not shutil.which("update-ca-certificates") or
    not os.path.isdir("/usr/local/share/ca-certificates"), reason="needs root on a Debian-like system")


def said_in_copies(script, tmp_path, dev, url, other_state=""):
    env = {name: value for name, value in environment().items() if not name.startswith(("SSL_CERT", "CURL_CA"))}
    env.update(HOME=str(tmp_path), COPIES=str(tmp_path / "copies"), CTL=program("ingressctl"),
               CA_DIR=os.path.join(dev.state, "ca"), OTHER_CA_DIR=os.path.join(other_state, "ca"), URL=url)
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], env=env, capture_output=True, text=True, timeout=120)
    return done.stdout.split() if done.returncode == 0 else done


@on_copies
def test_the_systems_store_leads_curl_to_it_and_untrust_ends_that(tmp_path, make_origin):
    origin = make_origin(answering(b"trusted"))
    dev = Dev(tmp_path)
    said = said_in_copies(IN_COPIES, tmp_path, dev, dev.url(f"{origin.port}__dev.localhost"))
    assert said == "curl ended with 60 trusted curl ended with 60".split()
    dev.stop()


@on_copies
def test_in_the_systems_store_the_ca_of_one_folder_stays_while_another_ones_comes_and_goes(tmp_path, make_origin):
    origin = make_origin(answering(b"trusted"))
    (tmp_path / "other").mkdir()
    other = Dev(tmp_path / "other")
    other.stop()
    dev = Dev(tmp_path)
    said = said_in_copies(IN_COPIES_OF_TWO, tmp_path, dev, dev.url(f"{origin.port}__dev.localhost"), other.state)
    assert said == "1 trusted 2 trusted".split()
    dev.stop()
