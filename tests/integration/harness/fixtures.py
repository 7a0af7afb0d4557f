"""Fixtures. A stack of a worker is shared by tests that only send requests through it; tests that end programs, or need
other settings, make their own."""
import os

import pytest

from harness.browser import Browser
from harness.certificates import Ca
from harness.origin import Origin
from harness.stack import Stack


def pytest_collection_modifyitems(items):
    """What takes long begins first, so that no worker is left with it at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session")
def ca(tmp_path_factory):
    return Ca(str(tmp_path_factory.mktemp("ca")))


@pytest.fixture(scope="session")
def shared(tmp_path_factory, ca):
    """For reading tests: nothing of it is ended or changed."""
    stack = Stack(tmp_path_factory.mktemp("shared"), ca)
    yield stack
    stack.stop()


@pytest.fixture(params=["clear", "tls"])
def way(request, shared):
    """Both ways in: a function that opens a client's connection."""
    return lambda: shared.client(tls=request.param == "tls")


@pytest.fixture
def make_stack(tmp_path_factory, ca):
    """Stacks of the test's own; stopped, and held to a clean end, after it."""
    made = []

    def make(**options):
        made.append(Stack(tmp_path_factory.mktemp("stack"), ca, **options))
        return made[-1]

    yield make
    for stack in made:
        stack.stop()


@pytest.fixture
def stack(make_stack):
    return make_stack()


@pytest.fixture
def make_origin():
    """Origins of the test's own; a failure in a handler fails the test."""
    made = []

    def make(*words, **options):
        made.append(Origin(*words, **options))
        return made[-1]

    yield make
    for origin in made:
        origin.close()
    failures = [failure for origin in made for failure in origin.failures]
    assert not failures, failures


@pytest.fixture
def origin(make_origin):
    """Answers 200 "ok" to everything."""
    return make_origin()


@pytest.fixture
def browser_of(tmp_path):
    """Headless Chromium that trusts a stack's certificate."""
    made = []

    def make(stack):
        made.append(Browser(tmp_path, os.path.join(stack.broker.tls_dir, "default.crt")))
        return made[-1]

    yield make
    for browser in made:
        browser.__exit__()
