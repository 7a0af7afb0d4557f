"""ingressctl, and secrets by file."""
import json
import os
import signal
import subprocess
import threading

from harness.process import SANITIZER_WORDS, environment, program
from harness.wait import LIMIT, wait_until


class Done:
    def __init__(self, process):
        self.code, self.out, self.err = process.returncode, process.stdout, process.stderr

    def __repr__(self):
        return f"exit {self.code}\nstdout: {self.out}\nstderr: {self.err}"

    @property
    def json(self):
        return json.loads(self.out)


class Running:
    """A command that goes on until it is told to end; its lines are gathered as they come."""

    def __init__(self, argv, env):
        self.lines, self.errors = [], []
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env,
                                        stdin=subprocess.DEVNULL)
        self._threads = [threading.Thread(target=self._read, args=each, daemon=True) for each in (
            (self.process.stdout, self.lines), (self.process.stderr, self.errors))]
        for thread in self._threads:
            thread.start()

    @staticmethod
    def _read(stream, into):
        for line in stream:
            into.append(line.rstrip("\n"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def wait_line(self, wanted):
        """The first line that `wanted` is true of."""
        return wait_until(lambda: next((line for line in list(self.lines) if wanted(line)), None), "a line",
                          detail=lambda: f"{self.lines} {self.errors}")

    def interrupt(self):
        """Ctrl-C; the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.wait()

    def wait(self):
        code = self.process.wait(LIMIT)
        for thread in self._threads:
            thread.join(LIMIT)
        assert not any(word in line for line in self.errors for word in SANITIZER_WORDS), self.errors
        return code


class Ctl:
    def __init__(self, admin, env=None, folder=None):
        self.admin, self.env, self.folder = admin, env or {}, folder

    def _argv(self, words):
        admin = ["--admin", self.admin] if self.admin else []
        return [program("ingressctl"), *admin, *[str(word) for word in words]]

    def start(self, *words):
        return Running(self._argv(words), environment(self.env))

    def run(self, *words):
        """Whatever the exit code; a sanitizer's complaint is a failure always."""
        argv = self._argv(words)
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
