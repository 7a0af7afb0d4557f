"""Certificates by ACME, against a real server (pebble): what is issued, what never is, and what a failure costs."""
import os
import shutil
import signal
import socket
import ssl
import stat
import subprocess

import pytest

from harness.admin import Admin
from harness.pebble import Pebble
from harness.wait import wait_until

DOMAIN = "www.example.com"


@pytest.fixture
def make_edge(make_stack, tmp_path):
    """A broker that gets certificates from a pebble of its own; `options` are further words of its command line."""
    made = []

    def make(*options, life=90 * 24 * 3600, **broker):
        edge = Edge(make_stack, tmp_path, options, life, broker)
        made.append(edge)
        return edge

    yield make
    for edge in made:
        edge.pebble.stop()


class Edge:
    def __init__(self, make_stack, tmp_path, options, life, broker):
        self.stack = make_stack(start=False, broker={"http_mode": "redirect", **broker})
        self.broker, self.ctl, self.admin = self.stack.broker, self.stack.ctl, self.stack.admin
        self.pebble = Pebble(tmp_path, self.stack.ca, self.broker.http_port, life)
        self.broker.options += ["--acme-server", self.pebble.url, "--acme-email", "ops@example.com", "--acme-ca-file",
                                self.stack.ca.path, "--resolver", self.pebble.resolver, "--acme-retry", "1s", *options]
        self.broker.restart()

    def add(self, domain, project="misha", owned=True):
        """A custom domain, whose owner makes the TXT record where `owned`."""
        record = next(each for each in self.admin.domain(domain, project)["records"] if each["type"] == "TXT")
        if owned:
            self.pebble.set_txt(record["name"], record["value"])
        return record

    def show(self, name):
        return self.admin.ok("GET", f"/v1/certificates/{name}")

    def events(self, event, **fields):
        return self.broker.process.find(event, **fields)

    def served(self, sni):
        """The names of the certificate that a client which trusts pebble's CA is shown; none where it trusts it not."""
        context = ssl.create_default_context(cafile=self.pebble.root())
        with socket.create_connection(("127.0.0.1", self.broker.https_port)) as sock:
            try:
                with context.wrap_socket(sock, server_hostname=sni) as tls:
                    return {value for _, value in tls.getpeercert()["subjectAltName"]}
            except ssl.SSLCertVerificationError:
                return set()


def test_a_custom_domain_gets_its_certificate_once_its_owner_has_made_the_record(make_edge):
    edge = make_edge()
    record = edge.add(DOMAIN, owned=False)
    waits = edge.broker.process.wait_event("certificate_waits", name=DOMAIN)
    assert record["name"] == f"_ingress-challenge.{DOMAIN}" and record["value"] in waits["reason"]
    assert edge.served(DOMAIN) == set()
    edge.pebble.set_txt(record["name"], record["value"])
    edge.broker.process.wait_event("certificate_issued", name=DOMAIN)
    wait_until(lambda: edge.served(DOMAIN) == {DOMAIN}, "the certificate at a client")
    shown = edge.show(DOMAIN)
    assert (shown["state"], shown["source"], shown["challenge"], shown["project"]) == ("valid", "acme", "http-01", "misha")
    assert shown["issuer"].startswith("Pebble") and shown["lastError"] is None
    for kind in ("crt", "key"):
        path = os.path.join(edge.broker.tls_dir, f"{DOMAIN}.{kind}")
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_domain_add_and_why_tell_the_records_to_make(make_edge):
    edge = make_edge()
    told = edge.ctl.ok("domain", "add", DOMAIN, "misha").out
    record = next(each for each in edge.show(DOMAIN)["records"] if each["type"] == "TXT")
    assert f'_ingress-challenge.{DOMAIN}.  TXT  "{record["value"]}"' in told
    assert f"{DOMAIN}.  CNAME  misha.iterate.app." in told

    def step():
        report = edge.admin.ok("GET", f"/v1/why?host={DOMAIN}")
        return next(each for each in report["steps"] if each["step"] == "certificate")

    missing = step()
    assert missing["state"] == "failed" and record["value"] in missing["detail"] and "cert issue" in missing["advice"]
    edge.pebble.set_txt(record["name"], "iterate-ingress=another")
    assert "iterate-ingress=another" in step()["detail"]
    edge.pebble.set_txt(record["name"], record["value"])
    assert edge.ctl.ok("cert", "issue", DOMAIN).out
    wait_until(lambda: step()["state"] == "ok", "a good certificate")
    edge.pebble.clear_txt(record["name"])
    lost = step()
    assert lost["state"] == "warning" and "renewal will fail" in lost["detail"]


def test_what_is_not_in_the_table_or_not_owned_is_never_issued(make_edge):
    edge = make_edge()
    refused = edge.ctl.run("cert", "issue", "other.example.com")
    assert refused.code == 1 and "other.example.com" in refused.err
    record = edge.add(DOMAIN, owned=False)
    edge.pebble.set_txt(record["name"], "iterate-ingress=" + "0" * 40)
    for host in (f"4096.{DOMAIN}", f"docs.{DOMAIN}"):  # labels under a domain are no names of the table
        assert edge.ctl.run("cert", "issue", host).code == 1
    failed = edge.ctl.run("cert", "issue", DOMAIN)
    assert failed.code == 1 and record["value"] in failed.err
    assert edge.show(DOMAIN)["state"] == "failed" and not edge.events("certificate_ordered")
    assert "newOrder" not in edge.pebble.server.log_text() and "new-order" not in edge.pebble.server.log_text()


def test_another_project_needs_a_record_of_its_own(make_edge):
    edge = make_edge()
    edge.admin.project("other")
    first = edge.add(DOMAIN, owned=False)
    edge.ctl.ok("domain", "remove", DOMAIN)
    second = edge.add(DOMAIN, "other", owned=False)
    assert first["name"] == second["name"] and first["value"] != second["value"]


def test_a_certificate_goes_with_its_domain_and_not_to_another_project(make_edge):
    edge = make_edge("--acme-retry", "1h")
    edge.admin.project("other")
    edge.add(DOMAIN)
    edge.ctl.ok("cert", "issue", DOMAIN)
    wait_until(lambda: edge.served(DOMAIN) == {DOMAIN}, "the certificate")
    edge.ctl.ok("domain", "remove", DOMAIN)
    edge.broker.process.wait_event("certificate_withdrawn", name=DOMAIN)
    wait_until(lambda: edge.served(DOMAIN) == set(), "its end")
    edge.add(DOMAIN, "other", owned=False)  # the record that is there is the first project's
    assert edge.ctl.run("cert", "issue", DOMAIN).code == 1 and len(edge.events("certificate_ordered")) == 1


def test_where_no_record_is_asked_for_the_table_is_enough(make_edge):
    edge = make_edge("--acme-ownership", "none")
    assert [each["type"] for each in edge.admin.domain(DOMAIN, "misha")["records"]] == ["CNAME"]
    edge.ctl.ok("cert", "issue", DOMAIN)  # which ends when it is served
    table = edge.ctl.ok("cert", "list").out.splitlines()
    assert table[0].split()[:3] == ["NAME", "STATE", "EXPIRES"]
    assert any(line.split()[:2] == [DOMAIN, "valid"] for line in table)
    assert {"default", DOMAIN} == {item["name"] for item in edge.ctl.json("cert", "list")}


def test_a_failed_order_waits_longer_each_time_and_the_reason_is_told(make_edge):
    edge = make_edge()
    edge.pebble.set_a(DOMAIN, "127.0.0.9")  # nobody answers there
    edge.add(DOMAIN)
    edge.broker.process.wait_event("certificate_failed", count=2, name=DOMAIN, seconds=60)
    first, second = edge.events("certificate_failed")[:2]
    assert "127.0.0.9" in first["reason"] or "refused" in first["reason"].lower()
    assert int(second["next_try"]) > int(first["next_try"])
    failed = edge.ctl.run("cert", "issue", DOMAIN)
    assert failed.code == 1 and failed.err
    shown = edge.show(DOMAIN)
    assert shown["state"] == "failed" and shown["lastError"] and shown["nextTry"] > shown["failedAt"]
    metrics = edge.admin.call("GET", "/metrics").body.decode()
    assert 'ingress_certificate_orders_total{result="failed"}' in metrics
    edge.pebble.clear_a(DOMAIN)
    edge.ctl.ok("cert", "issue", DOMAIN)
    assert edge.show(DOMAIN)["lastError"] is None and len(edge.events("certificate_issued")) == 1


def test_a_restart_keeps_certificates_and_what_failed(make_edge):
    edge = make_edge("--acme-retry", "1h")
    edge.add(DOMAIN)
    edge.ctl.ok("cert", "issue", DOMAIN)
    edge.pebble.set_a("bad.example.com", "127.0.0.9")
    edge.add("bad.example.com")
    edge.broker.process.wait_event("certificate_failed", name="bad.example.com")
    before = edge.show("bad.example.com")
    edge.broker.restart()
    after = edge.show("bad.example.com")
    assert [after[each] for each in ("state", "lastError", "failedAt", "nextTry")] == \
        [before[each] for each in ("state", "lastError", "failedAt", "nextTry")]
    assert edge.served(DOMAIN) == {DOMAIN}
    edge.ctl.ok("cert", "issue", DOMAIN)  # there is a good one: nothing is ordered
    edge.add("third.example.com")
    edge.broker.process.wait_event("certificate_issued", name="third.example.com")
    assert [line["name"] for line in edge.events("certificate_ordered")] == ["third.example.com"]


def test_a_certificate_that_could_not_be_put_in_its_place_is_placed_later_and_not_ordered_again(make_edge):
    edge = make_edge()
    obstacle = os.path.join(edge.broker.tls_dir, f"{DOMAIN}.crt.new")
    os.makedirs(os.path.join(obstacle, "something"))
    edge.add(DOMAIN)
    failed = edge.broker.process.wait_event("certificate_failed", name=DOMAIN)
    assert f"cannot write {edge.broker.tls_dir}/{DOMAIN}.crt" in failed["reason"]
    edge.broker.restart()
    asked = edge.ctl.run("cert", "issue", DOMAIN)
    assert asked.code == 1 and "cannot write" in asked.err
    shutil.rmtree(obstacle)
    edge.broker.process.wait_event("certificate_issued", name=DOMAIN)
    wait_until(lambda: edge.served(DOMAIN) == {DOMAIN}, "the certificate at a client")
    assert not edge.events("certificate_ordered") and edge.pebble.server.log_text().count("Issued certificate") == 1


def test_a_pair_that_a_broken_renewal_left_is_placed_again_at_the_start(make_edge):
    edge = make_edge("--acme-retry", "1h")
    edge.add(DOMAIN)
    edge.broker.process.wait_event("certificate_issued", name=DOMAIN)
    edge.broker.process.stop()
    shutil.copy(os.path.join(edge.broker.tls_dir, "default.key"), os.path.join(edge.broker.tls_dir, f"{DOMAIN}.key"))
    edge.broker.start()
    edge.broker.process.wait_event("certificate_placed_again", name=DOMAIN)
    wait_until(lambda: edge.served(DOMAIN) == {DOMAIN}, "the certificate at a client")
    assert edge.show(DOMAIN)["state"] == "valid" and not edge.events("certificate_ordered")


def test_rates_hold_for_who_asks_too(make_edge):
    edge = make_edge("--acme-project-orders", "1")
    edge.add(DOMAIN)
    edge.broker.process.wait_event("certificate_issued", name=DOMAIN)
    edge.add("second.example.com")
    refused = edge.admin.call("POST", f"/v1/certificates/second.example.com/issue", {})
    assert refused.status == 429 and 3000 < int(refused.get("Retry-After")) <= 3600
    assert edge.admin.call("POST", f"/v1/certificates/{DOMAIN}/issue", {"renew": True}).status == 429
    edge.admin.project("other")
    edge.add("third.example.com", "other")
    edge.broker.process.wait_event("certificate_issued", name="third.example.com")
    assert {line["name"] for line in edge.events("certificate_ordered")} == {DOMAIN, "third.example.com"}


def test_a_certificate_is_renewed_by_itself_and_when_somebody_asks(make_edge):
    edge = make_edge(life=45)  # a third of its life before its end
    edge.add(DOMAIN)
    edge.broker.process.wait_event("certificate_issued", name=DOMAIN)
    edge.broker.process.wait_event("certificate_issued", count=2, name=DOMAIN, seconds=90)
    first, second = edge.events("certificate_issued")
    assert int(second["expires_at"]) > int(first["expires_at"])
    edge.ctl.ok("cert", "renew", DOMAIN)
    assert len(edge.events("certificate_issued")) == 3
    wait_until(lambda: edge.served(DOMAIN) == {DOMAIN}, "the renewed one")


class TestDns01:
    @staticmethod
    def edge(make_edge, tmp_path, *options):
        edge = make_edge(*options, domains=("edge.example",))
        environment = edge.pebble.exec_provider()
        edge.broker.options += ["--acme-dns", "exec", "--acme-env-file", environment,
                                "--acme-lego-option=--dns.disable-cp"]
        return edge

    def test_the_domain_and_a_project_that_asks_get_wildcards(self, make_edge, tmp_path):
        edge = self.edge(make_edge, tmp_path)
        edge.broker.restart()
        edge.broker.process.wait_event("certificate_issued", name="edge.example", seconds=60)
        names = {"edge.example", "*.edge.example", "*.machines.edge.example"}
        wait_until(lambda: edge.served("misha.edge.example") == names, "the wildcard at a client")
        assert edge.served("4096--mach-a.machines.edge.example") == names
        edge.admin.set_project("misha", wildcardCertificate=True)
        assert edge.admin.call("GET", "/v1/certificates/*.misha.edge.example").status == 404  # it has no service
        edge.admin.service("misha", "docs", 4000)
        edge.broker.process.wait_event("certificate_issued", name="*.misha.edge.example", seconds=60)
        wait_until(lambda: edge.served("docs.misha.edge.example") == {"*.misha.edge.example"}, "the project's own")
        assert os.path.exists(os.path.join(edge.broker.tls_dir, "_.misha.edge.example.crt"))
        edge.admin.set_project("misha", wildcardCertificate=False)
        edge.broker.process.wait_event("certificate_withdrawn", name="*.misha.edge.example")
        wait_until(lambda: edge.served("docs.misha.edge.example") == set(), "the end of the project's own")

    def test_a_broker_without_any_certificate_starts_with_one_that_stands_in(self, make_edge, tmp_path):
        edge = self.edge(make_edge, tmp_path)
        edge.broker.process.stop()
        shutil.rmtree(edge.broker.tls_dir)
        os.makedirs(edge.broker.tls_dir)
        edge.broker.start()
        edge.broker.process.wait_event("placeholder_certificate")
        edge.broker.process.wait_event("certificate_issued", name="edge.example", seconds=60)
        wait_until(lambda: edge.served("misha.edge.example") >= {"*.edge.example"}, "the real one")
        assert edge.show("edge.example")["source"] == "acme"
        assert [line["name"] for line in edge.events("certificate_ordered")] == ["edge.example"]


def test_a_file_of_the_operator_is_used_and_never_replaced(make_edge):
    edge = make_edge()
    edge.stack.ca.issue(edge.broker.tls_dir, "mine", ["*.example.com"])
    edge.stack.ca.issue(edge.broker.tls_dir, "taken.example.org", ["else.example.org"])
    edge.broker.restart()
    edge.add(DOMAIN)
    edge.add("taken.example.org")
    waits = edge.broker.process.wait_event("certificate_waits", name="taken.example.org")
    assert "not the broker's" in waits["reason"]
    shown = edge.show(DOMAIN)
    assert (shown["source"], shown["file"]) == ("file", os.path.join(edge.broker.tls_dir, "mine.crt"))
    assert not edge.events("certificate_ordered")


def test_what_is_issued_serves_a_name_whose_file_of_the_operator_is_near_its_end(make_edge):
    edge = make_edge()
    edge.stack.ca.issue(edge.broker.tls_dir, "a-own", [DOMAIN], days=10)
    edge.broker.restart()
    edge.add(DOMAIN)
    edge.ctl.ok("cert", "renew", DOMAIN)
    edge.broker.process.wait_event("certificate_issued", name=DOMAIN)
    wait_until(lambda: edge.served(DOMAIN) == {DOMAIN}, "the issued one at a client")
    shown = edge.show(DOMAIN)
    assert (shown["state"], shown["source"]) == ("valid", "acme")
    assert shown["file"] == os.path.join(edge.broker.tls_dir, f"{DOMAIN}.crt")
    assert [item["name"] for item in edge.ctl.json("cert", "list")].count(DOMAIN) == 1


def test_an_end_that_is_near_is_told_by_the_log_and_the_metrics(make_edge):
    edge = make_edge()
    edge.stack.ca.issue(edge.broker.tls_dir, "near", ["near.example.org"], days=10)
    edge.broker.restart()
    warned = edge.broker.process.wait_event("certificate_expires_soon", name="near.example.org")
    assert warned["days_left"] in ("9", "10")
    metrics = edge.admin.call("GET", "/metrics").body.decode()
    line = next(each for each in metrics.splitlines()
                if each.startswith('ingress_certificate_expiry_seconds{file="near",name="near.example.org"}'))
    assert 9 * 86400 < float(line.split()[-1]) <= 10 * 86400
    assert not edge.events("certificate_expires_soon", name="iterate.app")
    assert edge.show("near")["state"] == "expires_soon"


class TestHook:
    @staticmethod
    def script(tmp_path, text):
        path = tmp_path / "hook"
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o755)
        return str(path)

    def test_a_program_of_the_operator_gets_what_it_needs_and_no_secret(self, make_edge, tmp_path):
        environment = tmp_path / "hook.env"
        environment.write_text("# credentials\nDNS_TOKEN='a b'\n")
        hook = self.script(tmp_path, f"""env > {tmp_path}/seen
cp {tmp_path}/{DOMAIN}.key "$INGRESS_ACME_KEY_FILE"
cp {tmp_path}/{DOMAIN}.crt "$INGRESS_ACME_CERT_FILE"
""")
        edge = make_edge("--acme-hook", hook, "--acme-env-file", str(environment),
                         env={"INGRESS_WAKE_SECRET": "never to be seen"})
        edge.stack.ca.issue(str(tmp_path), DOMAIN, [DOMAIN])
        edge.add(DOMAIN)
        edge.broker.process.wait_event("certificate_issued", name=DOMAIN)
        seen = (tmp_path / "seen").read_text()
        assert f"INGRESS_ACME_NAME={DOMAIN}\n" in seen and "INGRESS_ACME_CHALLENGE=http-01\n" in seen
        assert "DNS_TOKEN=a b\n" in seen and "never to be seen" not in seen

    def test_one_that_takes_too_long_is_ended_with_all_that_it_started(self, make_edge, tmp_path):
        hook = self.script(tmp_path, f"sleep 600 & echo $! > {tmp_path}/child; wait")
        edge = make_edge("--acme-hook", hook, "--acme-timeout", "5s", "--acme-retry", "1h")
        edge.add(DOMAIN)
        failed = edge.broker.process.wait_event("certificate_failed", name=DOMAIN)
        assert failed["reason"] == "it was not done within 5s"
        child = int((tmp_path / "child").read_text())
        wait_until(lambda: not running(child), "the end of what it started")

    def test_one_that_prints_without_end_is_ended_and_fills_no_disk(self, make_edge, tmp_path):
        hook = self.script(tmp_path, f"echo $$ > {tmp_path}/child; exec yes 'error: flood'")
        edge = make_edge("--acme-hook", hook, "--acme-retry", "1h")
        edge.add(DOMAIN)
        failed = edge.broker.process.wait_event("certificate_failed", name=DOMAIN)
        assert failed["reason"] == "it printed more than 4 MiB"
        assert os.path.getsize(os.path.join(edge.broker.folder, "acme", "order.log")) == 4 << 20
        assert not running(int((tmp_path / "child").read_text()))

    def test_what_it_prints_is_kept_from_its_first_word_to_its_last(self, make_edge, tmp_path):
        hook = self.script(tmp_path, "echo first; seq 100000; echo 'error: last' >&2; exit 1")
        edge = make_edge("--acme-hook", hook, "--acme-retry", "1h")
        edge.add(DOMAIN)
        assert edge.broker.process.wait_event("certificate_failed", name=DOMAIN)["reason"] == "error: last"
        with open(os.path.join(edge.broker.folder, "acme", "order.log")) as log:
            assert log.read().split() == ["first", *map(str, range(1, 100001)), "error:", "last"]

    def test_an_order_that_outlives_a_killed_broker_is_waited_for(self, make_edge, tmp_path):
        hook = self.script(tmp_path, f"""echo begin >> {tmp_path}/runs
while [ ! -e {tmp_path}/go ]; do sleep 0.1; done
echo end >> {tmp_path}/runs
exit 1
""")
        edge = make_edge("--acme-hook", hook)
        edge.add(DOMAIN)
        wait_until(lambda: (tmp_path / "runs").exists(), "the first run")
        edge.broker.kill()
        edge.broker.start()
        edge.broker.process.wait_event("certificate_order_waits", name=DOMAIN)
        (tmp_path / "go").touch()
        edge.broker.process.wait_event("certificate_failed", name=DOMAIN)
        assert (tmp_path / "runs").read_text().split()[:4] == ["begin", "end", "begin", "end"]

    def test_an_order_that_nobody_ends_is_ended_by_the_next_broker(self, make_edge, tmp_path):
        hook = self.script(tmp_path, f"echo $$ >> {tmp_path}/runs; exec sleep 600")
        edge = make_edge("--acme-hook", hook, "--acme-timeout", "2s", "--acme-retry", "1h")
        edge.add(DOMAIN)
        wait_until(lambda: (tmp_path / "runs").exists() and (tmp_path / "runs").read_text().endswith("\n"), "the order")
        orphan = int((tmp_path / "runs").read_text())
        wait_until(lambda: str(orphan) in read_text(os.path.join(edge.broker.folder, "acme", "order.lock")), "its name")
        edge.broker.kill()
        edge.broker.start()
        edge.broker.process.wait_event("certificate_order_waits", name=DOMAIN)
        edge.broker.process.wait_event("certificate_order_ended")
        failed = edge.broker.process.wait_event("certificate_failed", name=DOMAIN)
        assert failed["reason"] == "it was not done within 2s" and not running(orphan)

    def test_what_a_program_leaves_running_holds_no_other_order_up(self, make_edge, tmp_path):
        hook = self.script(tmp_path, f"""cp {tmp_path}/$INGRESS_ACME_NAME.key "$INGRESS_ACME_KEY_FILE"
cp {tmp_path}/$INGRESS_ACME_NAME.crt "$INGRESS_ACME_CERT_FILE"
setsid sleep 600 > {tmp_path}/out 2>&1 & echo $! >> {tmp_path}/left
""")
        edge = make_edge("--acme-hook", hook)
        try:
            for name in (DOMAIN, "second.example.com"):
                edge.stack.ca.issue(str(tmp_path), name, [name])
                edge.add(name)
                edge.broker.process.wait_event("certificate_issued", name=name)
            assert not edge.events("certificate_order_waits")
        finally:
            for pid in (tmp_path / "left").read_text().split():
                os.kill(int(pid), signal.SIGKILL)

    def test_the_same_certificate_given_back_is_no_new_one(self, make_edge, tmp_path):
        hook = self.script(tmp_path, f"""echo run >> {tmp_path}/runs
cp {tmp_path}/{DOMAIN}.key "$INGRESS_ACME_KEY_FILE"
cp {tmp_path}/{DOMAIN}.crt "$INGRESS_ACME_CERT_FILE"
""")
        edge = make_edge("--acme-hook", hook, "--acme-retry", "1h")
        edge.stack.ca.issue(str(tmp_path), DOMAIN, [DOMAIN])
        edge.add(DOMAIN)
        edge.broker.process.wait_event("certificate_issued", name=DOMAIN)
        renewed = edge.ctl.run("cert", "renew", DOMAIN)
        assert renewed.code == 1 and "same certificate" in renewed.err
        assert len(edge.events("certificate_issued")) == 1
        edge.stack.ca.issue(str(tmp_path), DOMAIN, [DOMAIN])
        edge.ctl.ok("cert", "renew", DOMAIN)
        assert len(edge.events("certificate_issued")) == 2

    @pytest.mark.parametrize("text, reason", [
        ("echo progress; echo 'error: no luck' >&2; exit 3", "error: no luck"), ("exit 3", "exit code 3"),
        ("exit 0", "no good pair"), (f"kill -9 $$", "signal 9")])
    def test_a_failure_is_told_by_its_own_words(self, make_edge, tmp_path, text, reason):
        edge = make_edge("--acme-hook", self.script(tmp_path, text), "--acme-retry", "1h")
        edge.add(DOMAIN)
        assert reason in edge.broker.process.wait_event("certificate_failed", name=DOMAIN)["reason"]

    def test_certbot_does_it_by_the_sample_of_packaging(self, make_edge):
        if shutil.which("certbot") is None:
            pytest.skip("no certbot is installed")
        sample = os.path.join(os.path.dirname(__file__), "..", "..", "packaging", "acme", "certbot-hook")
        edge = make_edge("--acme-hook", os.path.abspath(sample))
        edge.add(DOMAIN)
        edge.broker.process.wait_event("certificate_issued", name=DOMAIN, seconds=60)
        wait_until(lambda: edge.served(DOMAIN) == {DOMAIN}, "the certificate at a client")


def read_text(path):
    with open(path) as file:
        return file.read()


def running(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_after_an_upgrade_the_new_process_alone_orders(make_edge):
    edge = make_edge("--supervise")
    edge.add(DOMAIN)
    edge.broker.process.wait_event("certificate_issued", name=DOMAIN)
    edge.broker.process.signal(signal.SIGUSR2)
    edge.broker.process.wait_event("ready", count=2)
    edge.add("second.example.com")
    edge.broker.process.wait_event("certificate_issued", name="second.example.com")
    assert [line["name"] for line in edge.events("certificate_ordered")] == [DOMAIN, "second.example.com"]


def test_a_projects_token_sees_and_asks_for_its_own(make_edge):
    edge = make_edge()
    edge.admin.project("other")
    edge.add(DOMAIN)
    edge.add("other.example.com", "other")
    token = edge.admin.ok("POST", "/v1/tokens", {"role": "project:misha"})["token"]
    mine = Admin(port=edge.broker.admin_port, token=token)
    assert [item["name"] for item in mine.items("/v1/certificates")] == [DOMAIN]
    assert mine.call("POST", "/v1/certificates/other.example.com/issue", {}).status == 404
    assert mine.call("POST", f"/v1/certificates/{DOMAIN}/issue", {}).status == 202
    reader = Admin(port=edge.broker.admin_port,
                   token=edge.admin.ok("POST", "/v1/tokens", {"role": "read"})["token"])
    assert reader.call("POST", f"/v1/certificates/{DOMAIN}/issue", {}).status == 403


@pytest.mark.parametrize("words, said", [
    (["--acme-dns", "exec"], "--acme-dns needs --acme-email"), (["--acme-email", "a@b.c", "--acme-server", "http://x"], "https"),
    (["--acme-email", "a@b.c", "--acme-command", "/no/such"], "apt install lego"),
    (["--acme-email", "a@b.c", "--acme-env-file", "/no/such"], "--acme-env-file"), (["--resolver", "a,b"], "--resolver"),
    (["--acme-hook", "/no/such"], "--acme-hook"), (["--acme-hook", "/bin/true", "--tls-dir", "/no/such"], "--tls-dir"),
    (["--acme-email", "a@b.c", "--acme-timeout", "0s"], "above 0")])
def test_bad_settings_are_said_before_anything_is_touched(stack, words, said):
    argv = stack.broker.argv()
    argv[1] = "validate"
    done = subprocess.run([*argv, *words], capture_output=True, text=True)
    assert done.returncode == 78 and said in done.stderr, done.stderr
