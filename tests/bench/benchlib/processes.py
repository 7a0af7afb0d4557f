"""Processes under measurement: started in a folder of their own, ended by their own pids, counted from /proc."""
import glob
import os
import signal
import subprocess
import time


class Process:
    def __init__(self, argv, folder, name, env=None):
        self.name = name
        self.log_path = os.path.join(folder, name + ".log")
        with open(self.log_path, "ab") as log:
            self.popen = subprocess.Popen(argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=folder, env=env)

    def pids(self):
        """The process and its children (nginx's worker)."""
        found = [self.popen.pid]
        for path in glob.glob(f"/proc/{self.popen.pid}/task/*/children"):
            with open(path) as file:
                found += [int(word) for word in file.read().split()]
        return found

    def cpu_ns(self):
        """Time on a processor of every thread so far, in nanoseconds (schedstat: finer than the clock tick)."""
        total = 0
        for pid in self.pids():
            for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
                try:
                    with open(path) as file:
                        total += int(file.read().split()[0])
                except FileNotFoundError:
                    pass
        return total

    def rss_kb(self):
        total = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/status") as file:
                total += next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))
        return total

    def log_text(self):
        with open(self.log_path, errors="replace") as file:
            return file.read()

    def wait_log(self, text, seconds=20):
        wait_until(lambda: text in self.log_text() or self.popen.poll() is not None, seconds, f"{self.name}: {text}")
        if text not in self.log_text():
            raise RuntimeError(f"{self.name} ended: {self.log_text()[-2000:]}")

    def stop(self):
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGTERM)
            try:
                self.popen.wait(5)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.02)
