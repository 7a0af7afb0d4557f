"""The dashboard's sources: sound by TypeScript's rules, their pure parts by tests of their own, and a build that does
without npm and says so."""
import os
import shutil
import subprocess

import pytest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
SOURCES = os.path.join(ROOT, "broker", "dashboard")
MODULES = os.path.join(ROOT, "build", "dashboard", "node_modules")


@pytest.fixture
def folder(tmp_path):
    """The sources, with their modules beside them."""
    if not os.path.isdir(os.path.join(MODULES, "esbuild")):
        pytest.skip("the dashboard's npm modules are not installed (./dev build does it)")
    shutil.copytree(SOURCES, tmp_path / "dashboard")
    os.symlink(MODULES, tmp_path / "dashboard" / "node_modules")
    return tmp_path / "dashboard"


def run(argv, folder, **more):
    return subprocess.run([str(word) for word in argv], cwd=folder, capture_output=True, text=True, timeout=120, **more)


def test_the_sources_are_sound(folder):
    done = run(["node", "node_modules/typescript/bin/tsc", "--project", "."], folder)
    assert done.returncode == 0, done.stdout


def test_their_pure_parts_do_what_they_say(folder):
    bundled = run(["node_modules/.bin/esbuild", "test/pure.test.ts", "--bundle", "--platform=node", "--format=esm", "--outfile=pure.test.mjs"], folder)
    assert bundled.returncode == 0, bundled.stderr
    done = run(["node", "--test", "pure.test.mjs"], folder)
    assert done.returncode == 0, done.stdout


def test_the_lock_file_says_no_more_than_versions_and_hashes():
    with open(os.path.join(SOURCES, "package-lock.json")) as file:
        assert '"resolved"' not in file.read()


def state_after(tmp_path, path):
    """What scripts/dashboard.sh makes of a tree, with these commands alone."""
    tree = tmp_path / "tree"
    shutil.copytree(SOURCES, tree / "broker" / "dashboard", dirs_exist_ok=True)
    script = f'set -euo pipefail; ROOT={tree}; source {ROOT}/scripts/dashboard.sh; need_dashboard_modules'
    done = run(["/bin/bash", "-c", script], tmp_path, env={"PATH": path, "HOME": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    return (tree / "build" / "dashboard" / "state").read_text(), done.stderr


def commands(tmp_path, npm=None, node="exit 0"):
    """A folder of the few commands that are needed, and programs that do so."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("cmp", "cat", "cp", "mkdir", "flock", "cksum", "tail", "touch"):
        os.symlink(shutil.which(name), folder / name)
    if npm is not None:
        for name, text in (("npm", npm), ("node", node)):
            (folder / name).write_text(f"#!/bin/bash\n{text}\n")
            (folder / name).chmod(0o755)
    return str(folder)


def test_without_npm_the_broker_is_built_without_its_dashboard_and_the_build_says_so(tmp_path):
    state, said = state_after(tmp_path, commands(tmp_path))
    assert state == "npm is not installed\n" and "without its dashboard: npm is not installed" in said


def test_where_npm_fails_the_build_goes_on_and_says_so(tmp_path):
    state, said = state_after(tmp_path, commands(tmp_path, "echo no network; exit 1"))
    assert state == "npm ci failed\n" and "no network" in said


def test_where_the_bundler_does_not_run_the_build_goes_on_and_says_so(tmp_path):
    state, said = state_after(tmp_path, commands(tmp_path, "exit 0", "echo wrong machine >&2; exit 1"))
    assert state == "esbuild does not run here\n" and "wrong machine" in said


def test_modules_are_installed_once_for_each_lock_file(tmp_path):
    path = commands(tmp_path, 'echo "$@" >> ../../../calls; mkdir -p node_modules/esbuild')
    first, _ = state_after(tmp_path, path)
    again, _ = state_after(tmp_path, path)
    assert first == again and first.startswith("installed ")
    calls = (tmp_path / "calls").read_text().splitlines()
    assert len(calls) == 1 and calls[0].startswith("ci ")
    state_file = tmp_path / "tree" / "build" / "dashboard" / "state"
    before = state_file.stat().st_mtime_ns
    state_after(tmp_path, path)
    assert state_file.stat().st_mtime_ns == before, "CMake is not configured anew for nothing"
