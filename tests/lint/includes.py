"""Which code may include what. CMake's include paths refuse most of it at compile time; this says it for every file,
built or not: programs → common → proto, programs never each other, and only common/uv names the kernel's library
(and the simulator, which stands in for it)."""
import re
import sys

from tree import ROOT, tracked

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)
PARTS = ("broker", "agent", "ctl", "common", "proto")
MAY_INCLUDE = {
    "broker": {"broker", "common", "proto"},
    "agent": {"agent", "common", "proto"},
    "ctl": {"ctl", "common"},
    "common": {"common", "proto"},
    "proto": {"proto"},
}
# `ingressctl --db FILE` reads a database without a broker: the one part of it that another program links.
EXCEPTIONS = {("ctl", "broker/store/"), ("ctl", "broker/model/")}
PROTOCOL = ("common/http/", "common/tunnel/", "common/base/")  # state machines: no I/O, no loop


def part_of(path):
    first = path.split("/", 1)[0]
    return first if first in PARTS else None


def allowed(path, included):
    part, target = part_of(path), part_of(included)
    if target is None or target in MAY_INCLUDE[part]:
        return True
    return any(part == who and included.startswith(folder) for who, folder in EXCEPTIONS)


def complaints_of(path, text):
    for included in INCLUDE.findall(text):
        if included == "uv.h" and not path.startswith(("common/uv/", "tests/sim/")):
            yield f"{path}: includes <uv.h>; only common/uv does"
        if part_of(path) and not allowed(path, included):
            yield f"{path}: {part_of(path)} does not include {included}"
        if path.startswith(PROTOCOL) and included.startswith(("common/uv/", "common/transport/", "sys/socket.h")):
            yield f"{path}: protocol code does no I/O, but includes {included}"


def problems():
    found = []
    for path in tracked():
        if path.endswith((".cc", ".h")):
            found += complaints_of(path, (ROOT / path).read_text())
    return found


if __name__ == "__main__":
    complaints = problems()
    print("\n".join(complaints) if complaints else "includes: good")
    sys.exit(1 if complaints else 0)
