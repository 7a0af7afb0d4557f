"""The fixtures of the integration tests hold here too."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))
from conftest import ca, make_stack, shared  # noqa: F401  pylint: disable=unused-import
