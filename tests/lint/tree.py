"""The files of the repository: tracked, and new ones that are not ignored."""
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def tracked():
    output = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True)
    return [path for path in output.stdout.decode().split("\0") if path and (ROOT / path).is_file()]
