"""Rates: token buckets, with the time as an argument."""

import math
from collections import OrderedDict

from msgspec import Struct

from schemas.limits import (
    API_KEYS_COUNTED_MAX,
    API_LOGINS_PER_ADDRESS,
    API_LOGINS_PER_TENANT,
    API_PER_MINUTE,
)

RATE_WINDOW_S = 60


class TokenBucket:
    """Allows ``rate`` things per second on average and ``burst`` at once."""

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, rate: float, burst: float, now_s: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._at = now_s

    def has(self, now_s: float) -> bool:
        """Whether one more is allowed now. Nothing is counted."""
        self._tokens = min(self._burst, self._tokens + max(now_s - self._at, 0.0) * self._rate)
        self._at = now_s  # A wall clock that is set back costs nobody anything.
        return self._tokens >= 1.0

    def left(self, now_s: float) -> float:
        """How many are allowed at once now."""
        self.has(now_s)
        return self._tokens

    def take(self, now_s: float) -> bool:
        """Whether one more is allowed now; if so it is counted."""
        if not self.has(now_s):
            return False
        self._tokens -= 1.0
        return True


class Limiter:
    """One bucket per key, for at most ``keys_max`` keys; the longest unused is forgotten first."""

    def __init__(self, *, per_minute: int, keys_max: int) -> None:
        self.per_minute = per_minute
        self._keys_max = keys_max
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def has(self, key: str, now_s: float) -> bool:
        """Whether this key may once more now. Nothing is counted."""
        bucket = self._buckets.get(key)
        return bucket is None or bucket.has(now_s)

    def left(self, key: str, now_s: float) -> float:
        """How often this key may now."""
        bucket = self._buckets.get(key)
        return self.per_minute if bucket is None else bucket.left(now_s)

    def take(self, key: str, now_s: float) -> bool:
        """Whether this key may once more now."""
        bucket = self._buckets.pop(key, None) or TokenBucket(self.per_minute / 60, self.per_minute, now_s)
        self._buckets[key] = bucket
        if len(self._buckets) > self._keys_max:
            self._buckets.popitem(last=False)
        return bucket.take(now_s)


class Left(Struct, frozen=True):
    """What is left of one bound."""

    name: str
    quota: int
    remaining: int
    reset_s: int


class Rates:
    """The three bounds of one process."""

    def __init__(self, per_minute: int = API_PER_MINUTE) -> None:
        self._limits = {
            "address": Limiter(per_minute=per_minute * API_LOGINS_PER_ADDRESS, keys_max=API_KEYS_COUNTED_MAX),
            "tenant": Limiter(per_minute=per_minute * API_LOGINS_PER_TENANT, keys_max=API_KEYS_COUNTED_MAX),
            "login": Limiter(per_minute=per_minute, keys_max=API_KEYS_COUNTED_MAX),
        }

    def take(self, keys: dict[str, str], now_s: float) -> tuple[bool, tuple[Left, ...]]:
        """Counts a request against each of these; whether it may, and what is left afterwards.

        A refused request counts against nobody that allows it: who is over one bound does not use up the
        others.
        """
        may = all(self._limits[name].has(key, now_s) for name, key in keys.items())
        if may:
            for name, key in keys.items():
                self._limits[name].take(key, now_s)
        return may, tuple(self._left(name, key, now_s) for name, key in keys.items())

    def _left(self, name: str, key: str, now_s: float) -> Left:
        limit = self._limits[name]
        left = limit.left(key, now_s)
        missing = limit.per_minute - left
        return Left(name, limit.per_minute, int(left), math.ceil(missing * RATE_WINDOW_S / limit.per_minute))
