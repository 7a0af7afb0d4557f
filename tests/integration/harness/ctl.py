"""ingressctl, and secrets by file."""
import json
import os
import subprocess

from harness.process import SANITIZER_WORDS, environment, program
from harness.wait import LIMIT


class Done:
    def __init__(self, process):
        self.code, self.out, self.err = process.returncode, process.stdout, process.stderr

    def __repr__(self):
        return f"exit {self.code}\nstdout: {self.out}\nstderr: {self.err}"

    @property
    def json(self):
        return json.loads(self.out)


class Ctl:
    def __init__(self, admin, env=None, folder=None):
        self.admin, self.env, self.folder = admin, env or {}, folder

    def run(self, *words):
        """Whatever the exit code; a sanitizer's complaint is a failure always."""
        admin = ["--admin", self.admin] if self.admin else []
        argv = [program("ingressctl"), *admin, *[str(word) for word in words]]
        done = Done(subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT * 2, env=environment(self.env),
                                   stdin=subprocess.DEVNULL))
        assert not any(word in done.err for word in SANITIZER_WORDS), f"{argv}\n{done}"
        return done

    def ok(self, *words):
        done = self.run(*words)
        assert done.code == 0, f"ingressctl {' '.join(str(word) for word in words)}: {done}"
        return done

    def json(self, *words):
        return self.ok(*words, "--json").json


def write_secret(folder, name, text):
    path = os.path.join(folder, name)
    with open(path + ".new", "w") as file:
        file.write(text + "\n")
    os.rename(path + ".new", path)
    return path
