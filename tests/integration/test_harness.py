"""What the harness promises to the tests, where no test of the product would notice that it failed."""
import os

from harness.process import Process
from harness.wait import wait_until


def group_is_gone(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def test_what_a_program_started_ends_with_its_group(tmp_path):
    process = Process("parent", ["sh", "-c", "sleep 600 & echo started; wait"], str(tmp_path))
    wait_until(lambda: "started" in process.log_text(), "the child", detail=process.tail)
    process.kill_group()
    wait_until(lambda: group_is_gone(process.pid), "the end of every process of the group")
