"""A program that may have so many inotify instances only, as where others of its user have them."""
import shutil
import subprocess

import pytest


def with_instances(count):
    """What to put before its command line. Skips the test where no user namespace can be made."""
    prefix = ["unshare", "--user", "--map-root-user", "sh", "-c",
              f'echo {count} > /proc/sys/user/max_inotify_instances && exec "$@"', "sh"]
    if not shutil.which("unshare") or subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no user namespace can be made here")
    return prefix
