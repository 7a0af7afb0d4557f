"""Processes under measurement: started in a folder of their own, ended by their own pids, counted from /proc."""
import glob
import os
import resource
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
        return self._status_kb("VmRSS:")

    def peak_kb(self):
        """The highest RSS since forget_peak(), or since the start."""
        return self._status_kb("VmHWM:")

    def forget_peak(self):
        for pid in self.pids():
            with open(f"/proc/{pid}/clear_refs", "w") as file:
                file.write("5")

    def rollup_kb(self):
        """Rss, Pss, Anonymous and the other lines of smaps_rollup, summed over the process and its children."""
        total = {}
        for pid in self.pids():
            with open(f"/proc/{pid}/smaps_rollup") as file:
                for line in list(file)[1:]:
                    key, kb = line.split()[:2]
                    total[key.rstrip(":")] = total.get(key.rstrip(":"), 0) + int(kb)
        return total

    def _status_kb(self, field):
        total = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/status") as file:
                total += next(int(line.split()[1]) for line in file if line.startswith(field))
        return total

    def log_text(self):
        with open(self.log_path, errors="replace") as file:
            return file.read()

    def wait_log(self, text, seconds=20):
        wait_until(lambda: text in self.log_text() or self.popen.poll() is not None, seconds, f"{self.name}: {text}")
        if text not in self.log_text():
            raise RuntimeError(f"{self.name} ended: {self.log_text()[-2000:]}")

    def kill(self):
        """As `kill -9` does."""
        self.popen.kill()
        self.popen.wait()

    def stop(self):
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGTERM)
            try:
                self.popen.wait(5)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()


def raise_file_limit():
    """As many descriptors as may be had, here and in everything that is started from here."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.02)
