"""What `ingress-broker dev` is told, and what it says where it cannot start."""
import socket
import subprocess

import pytest

from harness.dev import Dev
from harness.origin import answering
from harness.ports import free_port
from harness.process import environment, program


def refused(*options):
    """What a start says that cannot be: with a sentence, and 78."""
    done = subprocess.run([program("ingress-broker"), "dev", *options], capture_output=True, text=True, timeout=60,
                          env=environment())
    assert done.returncode == 78 and not done.stdout, done
    return done.stderr


def test_a_second_one_in_the_same_folder_says_which_one_runs_and_how_there_can_be_two(tmp_path):
    dev = Dev(tmp_path)
    said = refused("--state-dir", dev.state, "--https", f"127.0.0.1:{dev.https_port}", "--admin", "off")
    for words in (f"another `ingress-broker dev` runs with the database {dev.state}/routes.db", "Ctrl-C", "--state-dir",
                  "--https"):
        assert words in said
    assert dev.get("localhost").status == 200
    dev.stop()


@pytest.mark.parametrize("flag", ["--https", "--http", "--admin"])
def test_a_port_that_another_program_has_is_named_with_the_flag_that_says_another(tmp_path, flag):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        said = {"--https": f"127.0.0.1:{free_port()}", "--admin": "off", flag: address}
        sentence = refused("--state-dir", str(tmp_path / "state"), *(word for pair in said.items() for word in pair))
    assert f"{address} is taken, another program listens there" in sentence and f"e.g. {flag} :" in sentence


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6")
@pytest.mark.parametrize("flag", ["--https", "--http"])
def test_of_a_port_alone_another_programs_address_of_ipv6_is_named_too(tmp_path, flag):
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as taken:
        port = taken.getsockname()[1]
        said = {"--https": f"127.0.0.1:{free_port()}", "--admin": "off", flag: f":{port}"}
        sentence = refused("--state-dir", str(tmp_path / "state"), *(word for pair in said.items() for word in pair))
    assert f"[::1]:{port} is taken, another program listens there" in sentence


@pytest.mark.parametrize("options, reason", [
    (["--service", "backend"], "NAME=PORT"), (["--service", "Back_end=80"], "NAME=PORT"),
    (["--service", "a=0"], "NAME=PORT"), (["--domain", "a..b"], "not a domain"), (["--domain", "10.0.0.1"], "not a name"),
    (["--project", "admin"], "kept for the broker"), (["--https", "unix:/x"], "not an address"),
    (["--query-host", "a={"], "NAME={}"), (["--machine", "A B"], "--machine"), (["--port", "0"], "port"),
    (["--domain", "x"], "two labels"), (["--machine", "admin"], "reserved"), (["--service", "www=80"], "kept for the broker"),
    (["--service", "web=80", "--service", "web=81"], "port 80 already"), (["--query-host", "a={"], "={}.dev.localhost"),
    (["--domain", "machines.localhost"], "kept for the broker"), (["--domain", "x.machines.localhost"], "kept for the broker"),
    (["--domain", "machines.shop.test", "--domain", "shop.test"], "under machines.shop.test"),
])
def test_a_bad_setting_is_78_with_a_sentence(tmp_path, options, reason):
    assert reason in refused("--state-dir", str(tmp_path / "s"), *options)


def test_settings_come_from_a_file_too(tmp_path, make_origin):
    origin = make_origin(answering(b"ok"))
    file = tmp_path / "dev.toml"
    file.write_text(f'domain = ["shop.test"]\nservice = ["backend={origin.port}"]\n')
    dev = Dev(tmp_path, ["--config", str(file)])
    assert dev.get("backend.shop.test", tls=True).status == 200
    dev.stop()


def test_help_of_the_broker_names_dev_and_dev_has_a_help_of_its_own():
    shown = subprocess.run([program("ingress-broker"), "--help"], capture_output=True, text=True, check=True).stdout
    assert "ingress-broker dev --help" in shown
    shown = subprocess.run([program("ingress-broker"), "dev", "--help"], capture_output=True, text=True, check=True).stdout
    assert "--service" in shown and "--tls-dir" not in shown
    assert "replId={}.dev.localhost" in shown
