"""The one place of media control that reads the wall clock: deadlines and beats."""

import time


def now_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000
