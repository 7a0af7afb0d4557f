"""A real Prometheus and its promtool (Debian's) on what the broker tells and on packaging/monitoring."""
import json
import os
import re
import shutil
import subprocess
import urllib.parse
import urllib.request

import pytest

from harness.ports import free_port
from harness.wait import LIMIT, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
MONITORING = os.path.join(HERE, "..", "..", "packaging", "monitoring")
RULES = os.path.join(MONITORING, "ingress.rules.yml")


def promtool(*words, text=None):
    done = subprocess.run(["promtool", *words], input=text, capture_output=True, text=True, timeout=LIMIT * 2)
    return done.returncode, done.stdout + done.stderr


def configuration(folder, port, token_file):
    """The sample of packaging/monitoring, for that broker, with short intervals."""
    with open(os.path.join(MONITORING, "prometheus.yml")) as file:
        text = file.read()
    shutil.copy(RULES, folder)
    for old, new in (("127.0.0.1:8481", f"127.0.0.1:{port}"), ("/etc/prometheus/ingress-admin.token", token_file), (": 15s", ": 1s")):
        assert old in text, old
        text = text.replace(old, new)
    path = os.path.join(folder, "prometheus.yml")
    with open(path, "w") as file:
        file.write(text)
    return path


class Prometheus:
    def __init__(self, folder, config):
        self.port, self.log_path = free_port(), os.path.join(folder, "prometheus.log")
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", "--", "prometheus", f"--config.file={config}",
                 f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{self.port}"],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)

    def close(self):
        self.process.terminate()
        self.process.wait(LIMIT)

    def api(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{path}", timeout=LIMIT) as answer:
                return json.load(answer)["data"]
        except OSError:
            assert self.process.poll() is None, self.log()
            return None

    def log(self):
        with open(self.log_path) as file:
            return file.read()[-4000:]

    def value(self, query):
        data = self.api("query?query=" + urllib.parse.quote(query))
        return float(data["result"][0]["value"][1]) if data and data["result"] else None

    def wait_value(self, query, wanted):
        wait_until(lambda: self.value(query) == wanted, f"{query} = {wanted}", detail=lambda: f"{self.value(query)}\n{self.log()}")


@pytest.fixture
def make_prometheus(tmp_path):
    made = []

    def make(*words):
        made.append(Prometheus(str(tmp_path), configuration(str(tmp_path), *words)))
        return made[-1]

    yield make
    for prometheus in made:
        prometheus.close()


def test_promtool_finds_nothing_wrong_with_the_metrics(shared, origin):
    shared.get(shared.host(origin.port))
    answer = shared.admin.call("GET", "/metrics")
    assert answer.get("Content-Type") == "text/plain; version=0.0.4; charset=utf-8"
    assert promtool("check", "metrics", text=answer.text) == (0, "")


def test_promtool_finds_nothing_wrong_with_the_rules_and_the_configuration(tmp_path):
    code, said = promtool("check", "rules", RULES)
    assert code == 0 and "SUCCESS" in said, said
    token = tmp_path / "token"
    token.write_text("x")
    code, said = promtool("check", "config", configuration(str(tmp_path), 1, str(token)))
    assert code == 0 and "SUCCESS" in said, said


def test_alerts_fire_on_what_they_are_for_and_on_nothing_else(tmp_path):
    with open(os.path.join(HERE, "monitoring", "rules_test.yml")) as file:
        text = file.read()
    path = tmp_path / "test.yml"
    path.write_text(text.replace("rule_files: [RULES]", f"rule_files: ['{RULES}']"))
    code, said = promtool("test", "rules", str(path))
    assert code == 0, said


def test_what_the_rules_ask_for_is_told(shared):
    with open(RULES) as file:
        asked = set(re.findall(r"\b(?:ingress|process)_\w+", file.read()))
    told = set(re.findall(r"^(\w+)", shared.admin.call("GET", "/metrics").text, re.MULTILINE))
    assert asked and asked <= told, asked - told


def test_a_prometheus_scrapes_a_broker(make_stack, make_prometheus, origin):
    stack = make_stack()
    prometheus = make_prometheus(stack.broker.admin_port, stack.broker.admin_token_file)
    prometheus.wait_value('up{job="ingress-broker"}', 1)
    stack.get(stack.host(origin.port))
    prometheus.wait_value("ingress_tunnels", stack.agent.connections)
    prometheus.wait_value('ingress_requests_total{route_class="machine",status_class="2xx"}', 1)
    prometheus.wait_value('ingress_request_duration_seconds_count{route_class="machine"}', 1)
    rules = [rule["name"] for group in prometheus.api("rules")["groups"] for rule in group["rules"]]
    assert "IngressBrokerDown" in rules
    stack.broker.kill()
    prometheus.wait_value('up{job="ingress-broker"}', 0)


def test_without_the_token_a_prometheus_gets_nothing(make_stack, make_prometheus, tmp_path):
    stack = make_stack(start=False)
    token = tmp_path / "wrong.token"
    token.write_text("wrong")
    prometheus = make_prometheus(stack.broker.admin_port, str(token))
    prometheus.wait_value('up{job="ingress-broker"}', 0)
    wait_until(lambda: "401" in prometheus.api("targets")["activeTargets"][0]["lastError"], "it is refused")
