"""The .deb files under a real systemd: installed, configured, upgraded under traffic, stopped, removed, purged.

The tests of this file are steps of one story, in their order."""
import json
import os
import re

import pytest

from harness.wait import wait_until
from roots import PACKAGES, ROOT, package_file
from traffic import Download, Traffic

EDGE, MACHINE = "10.77.0.2", "10.77.0.3"
HOSTS = f"{EDGE} broker.iterate.app misha.iterate.app\n"
HOST = "misha.iterate.app"
NEXT = os.path.join(PACKAGES, "next")
BROKER, SOCKET, AGENT = "ingress-broker.service", "ingress-broker.socket", "ingress-agent.service"
ADMIN = "export INGRESS_ADMIN=unix:/run/ingress/admin.sock; "


@pytest.fixture(scope="module")
def edge(machines, public_ca, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("certificate"))
    public_ca.issue(folder, "iterate.app", ["*.iterate.app", "*.machines.iterate.app"])
    machine = machines("edge", EDGE, public_ca.path, HOSTS)
    for kind in ("crt", "key"):
        machine.root.put(f"{folder}/iterate.app.{kind}", f"/root/iterate.app.{kind}", 0o600)
    return machine


@pytest.fixture(scope="module")
def machine(machines, public_ca):
    made = machines("machine", MACHINE, public_ca.path, HOSTS)
    made.root.put(os.path.join(os.path.dirname(__file__), "slow_site.py"), "/root/slow_site.py")
    return made


@pytest.fixture(scope="module")
def context(public_ca):
    return public_ca.context()


def child_of(machine, unit):
    """The process that serves: the youngest child of the unit's main one."""
    return machine.run(f"pgrep --newest -P {machine.show(unit, 'MainPID')}").strip()


def test_an_installation_starts_and_enables_nothing(edge, machine):
    edge.install(package_file("ingress-broker"), package_file("ingressctl"))
    machine.install(package_file("ingress-agent"))
    for where, units in ((edge, (BROKER, SOCKET)), (machine, (AGENT,))):
        for unit in units:
            assert where.run(f"systemctl is-active {unit} || true").strip() == "inactive"
            assert where.run(f"systemctl is-enabled {unit} || true").strip() == "disabled"
    assert edge.run("ss -Hltn 'sport = :443 or sport = :80'") == ""
    assert edge.run("id -un ingress; stat -c %U:%G:%a /var/lib/ingress /var/log/ingress /etc/ingress/tls").split() == [
        "ingress", "ingress:ingress:750", "ingress:ingress:750", "root:ingress:750"]
    machine.run("test -s /etc/needrestart/conf.d/ingress-agent.conf")
    edge.run("test -x /usr/lib/ingress/certbot-hook; test -s /etc/needrestart/conf.d/ingress-broker.conf; test -s /usr/share/bash-completion/completions/ingressctl; test -s /usr/share/man/man8/ingress-broker.8.gz"
             "; test -s /usr/share/man/man1/ingressctl.1.gz; ingressctl --version; ingress-broker --version")


def test_without_a_configuration_it_ends_and_is_not_started_again(edge, machine):
    edge.fails(f"systemctl start {BROKER}")
    machine.fails(f"systemctl start {AGENT}")
    for where, unit in ((edge, BROKER), (machine, AGENT)):
        assert where.show(unit, "ExecMainStatus") == "78"
        assert where.show(unit, "ActiveState") == "failed" and where.show(unit, "NRestarts") == "0"
    assert "default-auth must be said" in edge.journal() and "--broker must be said" in machine.journal()


def test_it_serves_on_ports_80_and_443_without_any_capability(edge, machine, context):
    edge.run("install -o root -g ingress -m 0640 iterate.app.crt iterate.app.key /etc/ingress/tls/;"
             """printf 'domain = ["iterate.app"]\\ndefault-auth = "public"\\ngrace-period = "2m"\\npark = "20s"\\n' """
             """>> /etc/ingress/broker.toml; echo 'access-log = "/var/log/ingress/access.log"' >> /etc/ingress/broker.toml; """
             "runuser -u ingress -- ingress-broker validate --config /etc/ingress/broker.toml; "
             f"systemctl enable --now {SOCKET} {BROKER}")
    edge.run(ADMIN + "ingressctl machine create mach_123; ingressctl project create misha --machine mach_123; "
             "ingressctl machine token create mach_123 > agent.token")
    with open(edge.root.path + "/root/agent.token") as file:
        machine.root.write("/root/agent.token", file.read())
    machine.run("install -o root -g ingress-agent -m 0640 agent.token /etc/ingress/agent.token;"
                """printf 'broker = "https://broker.iterate.app"\\nmachine = "mach_123"\\n' >> /etc/ingress/agent.toml;"""
                f"systemctl enable --now {AGENT}; "
                "systemd-run --unit=site python3 /root/slow_site.py 3000")
    machine.wait("curl -s http://127.0.0.1:3000/", "the site")
    for where, unit, user in ((edge, BROKER, "ingress"), (machine, AGENT, "ingress-agent")):
        for pid in (where.show(unit, "MainPID"), child_of(where, unit)):
            status = where.run(f"cat /proc/{pid}/status; stat -c %U /proc/{pid}")
            assert "CapEff:\t0000000000000000" in status and "NoNewPrivs:\t1" in status
            assert status.split()[-1] == user
    assert edge.run("curl -sI http://misha.iterate.app/").startswith("HTTP/1.1 30")
    download = Download(EDGE, HOST, context, "/slow/1")
    download.read(10)
    assert download.status == 200 and "mach_123" in machine.run("curl -s http://127.0.0.1:8080/_ingress/")


def test_the_packaged_agent_sees_which_ports_listen(edge, machine):
    """Its unit's /proc holds processes alone (ProcSubset=pid)."""
    def listening():
        shown = json.loads(edge.run(ADMIN + "ingressctl machine show mach_123 --json"))
        return [port["port"] for port in shown["listening"] or []]

    assert wait_until(lambda: 3000 in listening(), "the port of the site is listed", detail=machine.journal)


@pytest.fixture
def traffic(context):
    asking = Traffic(EDGE, HOST, context)
    asking.more()
    yield asking
    assert asking.stop() == []


def test_an_upgrade_of_the_broker_drops_nothing(edge, context, traffic):
    upgraded(edge, BROKER, "ingress-broker", context, traffic)
    assert "grace-period" in edge.run("tail -4 /etc/ingress/broker.toml"), "what the operator wrote is kept"


def test_an_upgrade_of_the_agent_drops_nothing(machine, context, traffic):
    upgraded(machine, AGENT, "ingress-agent", context, traffic)


def upgraded(where, unit, package, context, traffic):
    """There and back again, with a download under way."""
    for folder in (NEXT, PACKAGES):
        parent, old = where.show(unit, "MainPID"), child_of(where, unit)
        download = Download(EDGE, HOST, context, "/slow/15")
        where.install(package_file(package, folder))
        wait_until(lambda old=old: child_of(where, unit) != old, "a new process serves")
        traffic.more()
        assert where.show(unit, "MainPID") == parent and where.show(unit, "ActiveState") == "active"
        assert where.run(f"readlink /proc/{child_of(where, unit)}/exe").strip() == f"/usr/bin/{package}"
        download.read(150)
        download.close()
        where.wait(f"! test -d /proc/{old}", "the old process has ended", 60)
        where.run("rm -f ./*.deb")


def test_a_rotation_of_the_access_log_is_followed_by_the_process_that_runs_dry(edge, context):
    download = Download(EDGE, HOST, context, "/slow/30")
    download.read(10)
    old = child_of(edge, BROKER)
    edge.run(ADMIN + "ingressctl broker upgrade; logrotate --force /etc/logrotate.d/ingress-broker")
    edge.run(f"test -s /var/log/ingress/access.log.1; test -d /proc/{old}")
    download.read(300)
    download.close()
    edge.wait("grep -q /slow/30 /var/log/ingress/access.log", "its line is in the new file")
    assert edge.run("stat -c %U:%G /var/log/ingress/access.log").strip() == "ingress:ingress"


def test_a_restart_beside_a_download_lets_nobody_wait(edge, context, traffic):
    """systemd starts the next broker when the last one has ended, and that is when the download has."""
    before = edge.show(BROKER, "MainPID")
    download = Download(EDGE, HOST, context, "/slow/8")
    download.read(10)
    edge.run(f"systemctl restart --no-block {BROKER}")
    traffic.more()
    assert edge.show(BROKER, "MainPID") == before, "it serves on beside it"
    download.read(80)
    edge.wait(f"systemctl is-active {BROKER} && test $(systemctl show --value -p MainPID {BROKER}) != {before}",
              "the next one serves")
    traffic.more()
    download.close()


def test_who_comes_while_the_broker_is_killed_waits(edge, traffic):
    restarts = int(edge.show(BROKER, "NRestarts"))
    before = traffic.answered
    edge.run(f"systemctl kill --signal=SIGKILL {BROKER}")
    edge.wait(f"test $(systemctl show --value -p NRestarts {BROKER}) -gt {restarts}", "systemd starts it again")
    edge.wait(f"systemctl is-active {BROKER}", "it is ready")
    wait_until(lambda: traffic.answered > before + 20, "answers go on", 60, lambda: f"{traffic.failures}\n{edge.journal()}")
    # What was under way when it was killed is lost; nobody who came later is.
    assert len(traffic.failures) <= 3, traffic.failures
    traffic.failures.clear()


def test_a_broker_that_stands_still_is_ended_by_the_watchdog(edge):
    edge.run(f"mkdir -p /run/systemd/system/{BROKER}.d; printf '[Service]\\nWatchdogSec=2\\n' > "
             f"/run/systemd/system/{BROKER}.d/quick.conf; systemctl daemon-reload; systemctl restart {BROKER}")
    restarts = int(edge.show(BROKER, "NRestarts"))
    edge.run("sleep 5")  # it says in time that it goes on
    assert int(edge.show(BROKER, "NRestarts")) == restarts
    edge.run(f"kill -STOP {child_of(edge, BROKER)}")
    edge.wait(f"test $(systemctl show --value -p NRestarts {BROKER}) -gt {restarts}", "systemd starts it again")
    edge.wait(f"systemctl is-active {BROKER}", "it is ready")
    edge.run(f"rm -r /run/systemd/system/{BROKER}.d; systemctl daemon-reload")


def test_a_stop_waits_for_what_is_under_way_longer_than_the_unit_says(edge, context):
    edge.run(f"mkdir -p /run/systemd/system/{BROKER}.d; printf '[Service]\\nTimeoutStopSec=2\\n' > "
             f"/run/systemd/system/{BROKER}.d/short.conf; systemctl daemon-reload")
    download = Download(EDGE, HOST, context, "/slow/8")
    download.read(10)
    edge.run(f"systemctl stop --no-block {SOCKET} {BROKER}")
    download.read(80)
    edge.wait(f"test $(systemctl is-active {BROKER}) = inactive", "it ends by itself")
    assert edge.show(BROKER, "Result") == "success"
    edge.run(f"rm -r /run/systemd/system/{BROKER}.d; systemctl daemon-reload; systemctl start {SOCKET} {BROKER}")


def test_an_agent_restarts_and_reloads_while_the_broker_is_away(edge, machine):
    edge.run(f"systemctl stop {SOCKET} {BROKER}")
    machine.run(f"systemctl restart {AGENT}")
    assert machine.show(AGENT, "ActiveState") == "active"
    assert "no tunnel yet" in machine.show(AGENT, "StatusText")
    before = child_of(machine, AGENT)
    machine.run(f"systemctl reload {AGENT}")
    wait_until(lambda: child_of(machine, AGENT) != before, "a new process has the settings")
    edge.run(f"systemctl start {SOCKET} {BROKER}")
    machine.wait(f"systemctl show -p StatusText {AGENT} | grep 'tunnels up' | grep -v '=0 of'", "a tunnel is up", 120)
    # What came first was the child that judges the settings.
    machine.wait(f"! test -d /proc/{before}", "the old process has ended", 120)


def test_a_removal_stops_it_and_keeps_the_configuration(edge, machine):
    edge.run("apt-get remove -y ingress-broker ingressctl")
    machine.run("apt-get remove -y ingress-agent")
    assert edge.run("pgrep ingress-broker || true; ss -Hltn 'sport = :443'") == ""
    assert machine.run("pgrep ingress-agent || true") == ""
    edge.run("test -f /etc/ingress/broker.toml; test -f /var/lib/ingress/routes.db; ! test -e /usr/bin/ingress-broker")
    machine.run("test -f /etc/ingress/agent.toml; test -f /etc/ingress/agent.token")


def test_installed_again_it_goes_on_where_it_was(edge, machine, context):
    edge.install(package_file("ingress-broker"), package_file("ingressctl"))
    machine.install(package_file("ingress-agent"))
    assert edge.run(f"systemctl is-enabled {SOCKET} {BROKER}").split() == ["enabled", "enabled"]
    edge.run(f"systemctl start {SOCKET} {BROKER}")
    machine.run(f"systemctl start {AGENT}")
    download = Download(EDGE, HOST, context, "/slow/1")
    download.read(10)
    assert download.status == 200


def test_the_entry_point_of_the_image_makes_its_folders_and_becomes_ingress(edge):
    """On a volume that is new and root's, with the variables of the image; no socket of systemd's. Certificates come later."""
    container = os.path.join(ROOT, "packaging", "container")
    with open(os.path.join(container, "Dockerfile.broker")) as file:
        variables = re.findall(r"INGRESS_[A-Z_]+=\S+", file.read())
    edge.run(f"systemctl stop {SOCKET} {BROKER}; mkdir /data")
    edge.root.put(os.path.join(container, "broker-entrypoint.sh"), "/usr/local/bin/broker-entrypoint", 0o755)
    edge.run(f"systemd-run --unit=container -p KillMode=mixed env {' '.join(variables)} INGRESS_DOMAIN=iterate.app "
             "INGRESS_DEFAULT_AUTH=share broker-entrypoint run")
    edge.wait("journalctl -u container | grep -q 'no certificate in /data/tls'", "it waits for a certificate")
    edge.run("cp iterate.app.crt iterate.app.key /data/tls/")
    edge.wait(ADMIN + "ingressctl machine create mach_9", "the broker is there")
    main = edge.show("container", "MainPID")
    status = edge.run(f"cat /proc/{main}/status; stat -c %U:%G /data/routes.db /data/tls/iterate.app.key /proc/{main}")
    assert "CapEff:\t0000000000000000" in status and status.split()[-3:] == ["ingress:ingress"] * 3
    assert edge.run("curl -sk -o /dev/null -w '%{http_code}' https://127.0.0.1:8443/ -H 'Host: mach_9.machines.iterate.app'") == "401"
    assert "\nLocation: https://misha.iterate.app/a\n" in edge.run("curl -sI http://127.0.0.1:8080/a -H 'Host: misha.iterate.app'")
    edge.run(f"systemctl stop container; systemctl start {SOCKET} {BROKER}")


def test_a_purge_takes_configuration_and_state_away(edge, machine):
    edge.run("apt-get purge -y ingress-broker ingressctl")
    machine.run("apt-get purge -y ingress-agent")
    edge.run("! test -e /etc/ingress/broker.toml; ! test -e /var/lib/ingress; test -f /etc/ingress/tls/iterate.app.key")
    machine.run("! test -e /etc/ingress")
    for where in (edge, machine):
        assert where.run("find /etc/systemd /var/lib/systemd/deb-systemd-helper-* -name 'ingress*'") == ""
