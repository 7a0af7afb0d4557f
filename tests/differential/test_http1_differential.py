"""Our reading of HTTP/1.1 requests against nginx's and Node's, over the unit tests' table and the fuzz corpus.

Whatever we accept, each of them sees as the same requests or refuses, and one of them at least accepts it too."""
import glob
import json
import os
import re
import subprocess
import tempfile

import pytest
from readers import Nginx, Node

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BIN = os.environ.get("INGRESS_BIN", os.path.join(ROOT, "build/release/bin"))
CORPUS = os.path.join(ROOT, "tests/fuzz/corpus/http1_request")
DRIVER = os.path.join(BIN, "http1_read")


def driver(*arguments):
    result = subprocess.run([DRIVER, *arguments], check=True, stdout=subprocess.PIPE)
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture(scope="module")
def folder():
    with tempfile.TemporaryDirectory(prefix="differential-") as path:
        yield path


@pytest.fixture(scope="module")
def cases(folder):
    """Name, raw bytes and our reading of each case."""
    files = []
    for number, entry in enumerate(driver("--table")):
        path = os.path.join(folder, f"{number}.raw")
        with open(path, "wb") as file:
            file.write(bytes.fromhex(entry["raw"]))
        files.append((entry["name"], path))
    files += [(f"corpus {os.path.basename(path)}", path) for path in sorted(glob.glob(f"{CORPUS}/*"))]
    assert len(files) > 200
    found = []
    for (name, path), ours in zip(files, driver(*[path for _, path in files]), strict=True):
        with open(path, "rb") as file:
            found.append((name, file.read(), ours))
    return found


@pytest.fixture(scope="module")
def nginx(folder):
    reader = Nginx(folder)
    yield reader
    reader.stop()


@pytest.fixture(scope="module")
def node(folder):
    reader = Node(folder)
    yield reader
    reader.stop()


def origin_form(target):
    """nginx passes the path of an absolute-form target on, without a query that is empty, Node the target as it came."""
    absolute = re.match(r"(?i)https?://[^/?#]*", target)
    if not absolute:
        return target
    rest = target[absolute.end():]
    return "/" if rest in ("?", "/?") else rest if rest.startswith("/") else "/" + rest


def normal(requests):
    return [(method, origin_form(target), size) for method, target, size in requests]


def ours_of(case):
    return normal([(one["method"], one["target"], one["body_bytes"]) for one in case["requests"]])


def disagreement(ours, error, seen):
    """Why what the other reader saw is not a part of what we saw; None where it is."""
    theirs = normal(seen.requests)
    common = min(len(ours), len(theirs))
    if theirs[:common] != ours[:common]:
        return f"we saw {ours}, it saw {theirs}"
    if len(theirs) > len(ours) and not error:
        return f"we saw {len(ours)} requests, it saw {len(theirs)}"
    if len(theirs) < len(ours) and not seen.refused:
        return f"we saw {len(ours)} requests, it saw {len(theirs)} and did not refuse"
    return None


def with_known_methods(raw, ours):
    """Node knows a list of methods, nginx capitals alone; any token is a method (RFC 9110, 9.1)."""
    for method, target, _ in ours:
        if not re.fullmatch("[A-Z]+", method):
            raw = raw.replace(f"{method} {target}".encode("latin-1"), f"GET {target}".encode("latin-1"), 1)
    return raw


def problems_of(reader, cases):
    for name, raw, case in cases:
        if why := disagreement(ours_of(case), case["error"], reader.read(raw)):
            yield f"{name}: {raw[:300]!r}: {why}"


def test_nginx_sees_what_we_accept_as_the_same_requests(cases, nginx):
    assert not list(problems_of(nginx, cases))


def test_node_sees_what_we_accept_as_the_same_requests(cases, node):
    assert not list(problems_of(node, cases))


def test_nothing_is_accepted_that_both_refuse(cases, nginx, node):
    alone = []
    for name, raw, case in cases:
        ours = ours_of(case)
        raw = with_known_methods(raw, ours)
        if all(len(reader.read(raw).requests) < len(ours) for reader in (nginx, node)):
            alone.append(f"{name}: {raw[:300]!r}: we alone saw {ours}")
    assert not alone


def test_the_readers_see_what_there_is(nginx, node):
    """The test's own eyes: a body's length, two requests on one connection, a refusal."""
    raw = b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n"
    for reader in (nginx, node):
        seen = reader.read(raw)
        assert seen.requests == [("POST", "/a", 3), ("GET", "/b", 0)]
        assert not seen.refused
        assert reader.read(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n").refused


def test_a_disagreement_is_found():
    class Seen:
        requests = [("GET", "/", 0), ("GET", "/hidden", 0)]
        refused = False

    assert disagreement([("GET", "/", 0)], "", Seen) is not None
    assert disagreement([("GET", "/", 0)], "bad_request", Seen) is None
    assert disagreement([("GET", "/other", 0), ("GET", "/hidden", 0)], "", Seen) is not None
    assert disagreement([("GET", "/", 0), ("GET", "/hidden", 0), ("GET", "/3", 0)], "", Seen) is not None
