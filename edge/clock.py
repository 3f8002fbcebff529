"""The one place of this package that reads a clock for what is stored or signed."""

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""Gives Unix milliseconds."""


def now_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000
