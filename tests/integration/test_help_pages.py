"""Completion scripts and the man page, which are made from the commands themselves."""
import shutil
import subprocess

import pytest

from harness.ctl import Ctl


@pytest.fixture(scope="module")
def ctl():
    return Ctl(None)


def completed(script, *words):
    """What bash offers behind these words."""
    line = " ".join(["ingressctl", *words])
    program = f'''{script}
COMP_WORDS=(ingressctl {" ".join(f"'{word}'" for word in words)}); COMP_CWORD={len(words)}; COMP_LINE='{line}'
_ingressctl; printf '%s\\n' "${{COMPREPLY[@]}}"'''
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert done.stderr == ""
    return done.stdout.split()


def test_bash_completes_commands_flags_and_values(ctl):
    script = ctl.ok("completion", "bash").out
    assert {"machine", "project", "route", "--json"} <= set(completed(script, ""))
    assert completed(script, "mach") == ["machine"]
    assert {"create", "token", "join-token"} <= set(completed(script, "machine", ""))
    assert {"--uses", "--ttl", "--admin"} <= set(completed(script, "machine", "join-token", "create", "--"))
    assert completed(script, "route", "create", "--on-conflict", "") == ["fail", "overwrite"]
    assert {"bash", "zsh", "fish"} <= set(completed(script, "completion", ""))
    assert {"vite", "django"} <= set(completed(script, "route", "create", "a.example", "--profile", ""))
    assert completed(script, "machine", "set", "m", "--state", "d") == ["detached"]
    assert completed(script, "route", "create", "--origin-protocol", "h") == ["http", "https", "h2c"]
    # Files, which bash offers itself, and a value that nobody knows.
    assert completed(script, "project", "apply", "-f", "") == completed(script, "--db", "") == []
    assert completed(script, "route", "create", "--machine", "") == []


def in_zsh(path, *words):
    """What zsh's own functions are called with behind these words."""
    calls = """compadd() { print -rl -- "${@:2}" }; _files() { print -r FILES }; _message() { print -r VALUE }
_describe() { print -rl -- "${(P@)4}" }"""
    line = " ".join(f"'{word}'" for word in ["ingressctl", *words])
    done = subprocess.run(["zsh", "-f", "-c", f"{calls}\nwords=({line}); CURRENT={len(words) + 1}; source {path}"],
                          capture_output=True, text=True, timeout=30, check=True)
    return [row.split(":")[0] for row in done.stdout.splitlines()]


def test_zsh_completes_values_files_and_the_flags_of_every_command(ctl, tmp_path):
    if shutil.which("zsh") is None:
        pytest.skip("no zsh is installed")
    path = tmp_path / "_ingressctl"
    path.write_text(ctl.ok("completion", "zsh").out)
    assert {"create", "list", "--json", "--admin"} <= set(in_zsh(path, "route", ""))
    assert {"--profile", "--json", "--db"} <= set(in_zsh(path, "route", "create", ""))
    assert {"vite", "django"} <= set(in_zsh(path, "route", "create", "a.example", "--profile", ""))
    assert in_zsh(path, "project", "apply", "-f", "") == in_zsh(path, "--db", "") == ["FILES"]
    assert in_zsh(path, "route", "create", "--machine", "") == ["VALUE"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_scripts_of_other_shells_can_be_read_by_them(ctl, shell, tmp_path):
    script = ctl.ok("completion", shell).out
    for word in ("join-token", "--on-conflict", "overwrite"):
        assert word in script or word.lstrip("-") in script
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"no {shell} is installed")
    path = tmp_path / "script"
    path.write_text(script)
    done = subprocess.run([program, "-n", str(path)], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_man_page_tells_every_command_and_is_good_roff(ctl, tmp_path):
    page = ctl.ok("man").out
    for words in ("ingressctl machine join\\-token create", "ingressctl project apply", "ingressctl changes undo", "\\-\\-on\\-conflict"):
        assert words in page, words
    if shutil.which("groff") is None:
        pytest.skip("no groff is installed")
    done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z"], input=page, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_shell_that_is_none_is_a_usage_error(ctl):
    assert ctl.run("completion", "csh").code == 2
