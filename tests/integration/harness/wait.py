"""Waiting for a condition, with a limit so generous that only a real fault reaches it."""
import functools
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


class Late(AssertionError):
    """Slower than was promised; so is anything on a machine that has other work."""


def in_time(seconds, limit):
    if seconds >= limit:
        raise Late(f"took {seconds:.2f} s, promised are {limit:g}")


def thrice(test):
    """For a test of a promise in seconds that begins anew each time: it holds where it does in one of three."""
    @functools.wraps(test)
    def tried(*words, **named):
        for _ in range(2):
            try:
                return test(*words, **named)
            except Late:
                pass
        return test(*words, **named)
    return tried
