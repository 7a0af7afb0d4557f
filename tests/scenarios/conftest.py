"""The harness and the fixtures of the integration tests hold here too."""
import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))
pytest.register_assert_rewrite("harness", "edge", "page")
from harness.fixtures import *  # noqa: E402,F401,F403  pylint: disable=wildcard-import,unused-wildcard-import

from edge import make_edge  # noqa: E402,F401
