"""Rates, with the time in the test's hand."""

from edge.limiter import Limiter, TokenBucket


def test_a_bucket_allows_its_burst_and_then_its_rate() -> None:
    """And never more than the burst after a rest."""
    bucket = TokenBucket(rate=8, burst=5, now_s=100.0)
    assert [bucket.take(100.0) for _ in range(6)] == [True] * 5 + [False]
    assert bucket.take(100.125)
    assert not bucket.take(100.125)
    assert [bucket.take(500.0) for _ in range(6)] == [True] * 5 + [False]


def test_asking_whether_more_is_allowed_counts_nothing() -> None:
    """Only what is taken is gone; an unknown key has all it may have."""
    limiter = Limiter(per_minute=1, keys_max=2)
    assert [limiter.has("a", 0.0) for _ in range(3)] == [True] * 3
    assert limiter.take("a", 0.0)
    assert [limiter.has("a", 30.0), limiter.has("a", 60.0)] == [False, True]


def test_a_limiter_counts_each_key_by_itself() -> None:
    """One guesser does not lock out others."""
    limiter = Limiter(per_minute=2, keys_max=10)
    assert [limiter.take("a", 0.0) for _ in range(3)] == [True, True, False]
    assert limiter.take("b", 0.0)
    assert not limiter.take("a", 29.0)
    assert limiter.take("a", 60.0)


def test_a_limiter_forgets_the_longest_unused_key() -> None:
    """Its memory is bounded, whatever a botnet does."""
    limiter = Limiter(per_minute=1, keys_max=2)
    assert limiter.take("a", 0.0)
    assert limiter.take("b", 0.0)
    assert not limiter.take("a", 0.0)
    assert limiter.take("c", 0.0)  # Pushes out "b".
    assert not limiter.take("a", 0.0)
    assert limiter.take("b", 0.0)
