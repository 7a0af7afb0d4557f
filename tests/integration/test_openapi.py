"""The admin API against its document, by schemathesis (PyPI): made-up requests for every operation, answers held to it."""
import os
import subprocess
import venv

import pytest

from harness.admin import Admin

PINNED = "schemathesis==4.*"
# A stale tag (412), another row (409) and a quota (422) may come before what else is wrong with a request.
REFUSALS = """[checks]
negative_data_rejection.expected-statuses = ["400", "401", "403", "404", "405", "409", "412", "413", "422", "5xx"]
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory, ca):
    from harness.stack import Stack

    made = Stack(tmp_path_factory.mktemp("openapi"), ca)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def schemathesis(tmp_path_factory):
    """The program, in an environment of its own; kept where INGRESS_SCHEMATHESIS names one already."""
    known = os.environ.get("INGRESS_SCHEMATHESIS")
    if known:
        return known
    folder = tmp_path_factory.mktemp("schemathesis")
    venv.create(folder, with_pip=True)
    done = subprocess.run([folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", PINNED],
                          capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        pytest.skip(f"pip cannot install schemathesis here: {done.stderr.strip().splitlines()[-1:]}")
    return str(folder / "bin" / "schemathesis")


def test_the_document_needs_no_token_and_is_that_of_the_repository(stack):
    remote = Admin(port=stack.broker.admin_port)
    served = remote.call("GET", "/openapi.json")
    with open(os.path.join(os.path.dirname(__file__), "..", "..", "docs", "openapi.json"), "rb") as file:
        assert served.body == file.read()
    assert b"openapi.json" in remote.call("GET", "/docs").body


@pytest.mark.slow
def test_no_made_up_request_gets_an_answer_that_the_document_does_not_tell(stack, schemathesis, tmp_path):
    # An exchange stream has no end, and schemathesis writes no NDJSON: these have tests of their own. That what fits the
    # schema is accepted is not asked: names are reserved, rows exist, tags are stale.
    argv = [schemathesis, "run", f"http://127.0.0.1:{stack.broker.admin_port}/openapi.json",
            "--header", f"Authorization: Bearer {stack.broker.admin_token}", "--phases", "examples,coverage,fuzzing",
            "--exclude-checks", "positive_data_acceptance", "--exclude-path", "/v1/exchanges", "--exclude-path", "/v1/routes/import",
            "--max-examples", "20", "--seed", "1", "--no-color"]
    (tmp_path / "schemathesis.toml").write_text(REFUSALS)
    done = subprocess.run(argv, capture_output=True, text=True, timeout=600, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert stack.admin.call("GET", "/ready").status == 200
