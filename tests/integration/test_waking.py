"""A machine that slept, stood still or changed its network has a tunnel again at once, not when a PING has been silent
for long."""
import mmap
import os
import shutil
import signal
import struct
import subprocess
import time

import pytest

from harness.broker import HOSTS
from harness.path import Path
from harness.process import under_sanitizer

SOON = 12  # seconds; the idle tunnel's own PINGs need 15 to begin with, and 15 more

BOOT_CLOCK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
int clock_gettime(clockid_t clock, struct timespec* now) {
  static int (*real)(clockid_t, struct timespec*);
  static volatile int64_t* gap;
  if (!real) real = (int (*)(clockid_t, struct timespec*))dlsym(RTLD_NEXT, "clock_gettime");
  if (clock == CLOCK_BOOTTIME && !gap) {
    const int file = open(getenv("TEST_BOOT_GAP"), O_RDONLY);
    gap = mmap(0, 8, PROT_READ, MAP_SHARED, file, 0);
  }
  const int result = real(clock, now);
  if (clock == CLOCK_BOOTTIME) now->tv_sec += *gap;
  return result;
}
"""


@pytest.fixture
def path_of():
    made = []

    def make(stack, host="127.0.0.1"):
        made.append(Path(stack.broker.https_port, host))
        return made[-1]

    yield make
    for path in made:
        path.close()


def assert_works(stack, origin):
    assert stack.get(stack.host(origin.port)).status == 200


@pytest.mark.skipif(under_sanitizer(), reason="the clock is preloaded before the sanitizer")
def test_after_a_sleep_the_next_tunnel_is_dialled_though_the_old_one_looks_open(make_stack, origin, path_of, tmp_path):
    source, library, gap_file = tmp_path / "boot.c", tmp_path / "boot.so", tmp_path / "gap"
    source.write_text(BOOT_CLOCK)
    subprocess.run([shutil.which("gcc") or "cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    gap_file.write_bytes(bytes(8))
    stack = make_stack(start=False)
    path = path_of(stack)
    stack.agent.url = f"https://localhost:{path.port}"
    stack.agent.env = {"LD_PRELOAD": str(library), "TEST_BOOT_GAP": str(gap_file)}
    stack.agent.start()
    assert_works(stack, origin)
    path.forget()
    with open(gap_file, "r+b") as file, mmap.mmap(file.fileno(), 8) as gap:
        gap[:] = struct.pack("q", 600)
    stack.agent.process.wait_event("machine_slept", seconds=SOON)
    stack.agent.process.wait_event("tunnel_up", count=2, seconds=SOON)
    assert_works(stack, origin)
    assert not stack.agent.process.find("tunnel_unreachable")


@pytest.mark.slow
def test_a_process_that_stood_still_for_long_dials_anew(make_stack, origin, path_of):
    stack = make_stack(start=False)
    path = path_of(stack)
    stack.agent.url = f"https://localhost:{path.port}"
    stack.agent.start()
    os.kill(stack.agent.process.pid, signal.SIGSTOP)
    time.sleep(10.5)
    path.forget()
    os.kill(stack.agent.process.pid, signal.SIGCONT)
    stack.agent.process.wait_event("tunnel_up", count=2, seconds=SOON)
    assert_works(stack, origin)


class Namespace:
    """A network namespace with one link to this one."""

    def __init__(self):
        self.name = f"wake-{os.getpid()}"
        self.subnet = f"10.213.{os.getpid() % 250 + 1}"  # another worker may have one at the same time
        self.near, self.far = f"wk{os.getpid() % 100000}a", f"wk{os.getpid() % 100000}b"
        self.run("netns", "add", self.name)
        self.run("link", "add", self.near, "type", "veth", "peer", "name", self.far)
        self.run("link", "set", self.far, "netns", self.name)
        self.run("addr", "add", f"{self.subnet}.1/24", "dev", self.near)
        self.run("link", "set", self.near, "up")
        self.inside("link", "set", self.far, "up")
        self.inside("addr", "add", f"{self.subnet}.2/24", "dev", self.far)

    @staticmethod
    def run(*words):
        subprocess.run(["ip", *words], check=True, capture_output=True)

    def inside(self, *words):
        self.run("-n", self.name, *words)

    def remove(self):
        subprocess.run(["ip", "netns", "del", self.name], check=False, capture_output=True)
        subprocess.run(["ip", "link", "del", self.near], check=False, capture_output=True)


@pytest.fixture
def namespace():
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("network namespaces need root and iproute2")
    made = Namespace.__new__(Namespace)
    try:
        made.__init__()
    except subprocess.CalledProcessError as failure:
        made.remove()
        pytest.skip(f"no network namespaces here: {failure.stderr}")
    yield made
    made.remove()


@pytest.fixture
def apart(make_stack, path_of, namespace):
    """A stack whose agent runs in the namespace, and the path between it and its broker."""
    stack = make_stack(start=False, agent={"local": False})
    stack.ca.issue(stack.broker.tls_dir, "default", [*HOSTS, f"{namespace.subnet}.1"])
    path = path_of(stack, f"{namespace.subnet}.1")
    stack.agent.prefix = ["ip", "netns", "exec", namespace.name]
    stack.agent.url = f"https://{namespace.subnet}.1:{path.port}"
    stack.agent.start()
    return stack, path


def test_a_machine_that_changes_its_address_has_a_tunnel_from_the_new_one(apart, namespace):
    stack, _ = apart
    namespace.inside("addr", "del", f"{namespace.subnet}.2/24", "dev", namespace.far)
    namespace.inside("addr", "add", f"{namespace.subnet}.3/24", "dev", namespace.far)
    stack.agent.process.wait_event("tunnel_up", count=2, seconds=SOON)
    stack.broker.process.wait_event("tunnel_up", count=2)


def test_a_link_that_comes_back_after_a_while_has_its_tunnel(apart, namespace):
    stack, path = apart
    namespace.inside("link", "set", namespace.far, "down")
    stack.agent.process.wait_event("tunnel_unreachable", seconds=SOON)
    path.forget()
    namespace.inside("link", "set", namespace.far, "up")
    stack.agent.process.wait_event("tunnel_up", count=2, seconds=SOON)
