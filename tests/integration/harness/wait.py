"""Waiting for a condition, with a limit so generous that only a real fault reaches it."""
import time

LIMIT = 30.0


def wait_until(condition, what, seconds=LIMIT, detail=lambda: ""):
    """Returns what `condition` returned as soon as that is true."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}\n{detail()}")
        time.sleep(0.005)
