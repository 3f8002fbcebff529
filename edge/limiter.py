"""Rates: token buckets, with the time as an argument."""

from collections import OrderedDict


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
        self._tokens = min(self._burst, self._tokens + (now_s - self._at) * self._rate)
        self._at = now_s
        return self._tokens >= 1.0

    def take(self, now_s: float) -> bool:
        """Whether one more is allowed now; if so it is counted."""
        if not self.has(now_s):
            return False
        self._tokens -= 1.0
        return True


class Limiter:
    """One bucket per key, for at most ``keys_max`` keys; the longest unused is forgotten first."""

    def __init__(self, *, per_minute: int, keys_max: int) -> None:
        self._per_minute = per_minute
        self._keys_max = keys_max
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def has(self, key: str, now_s: float) -> bool:
        """Whether this key may once more now. Nothing is counted."""
        bucket = self._buckets.get(key)
        return bucket is None or bucket.has(now_s)

    def take(self, key: str, now_s: float) -> bool:
        """Whether this key may once more now."""
        bucket = self._buckets.pop(key, None) or TokenBucket(self._per_minute / 60, self._per_minute, now_s)
        self._buckets[key] = bucket
        if len(self._buckets) > self._keys_max:
            self._buckets.popitem(last=False)
        return bucket.take(now_s)
