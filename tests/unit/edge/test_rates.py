"""Rates of the API: three bounds, what is left of each, and how it is told."""

from edge.limiter import Left, Rates
from edge.rates import rate_headers
from schemas.limits import API_LOGINS_PER_ADDRESS, API_LOGINS_PER_TENANT

ASKER = {"address": "192.0.2.1", "tenant": "demo", "login": "l1"}


def test_a_login_is_bounded_and_its_tokens_come_back() -> None:
    """Sixty a minute are one a second."""
    rates = Rates(per_minute=60)
    for n in range(60):
        may, left = rates.take(ASKER, 100.0)
        assert may
        assert left[-1] == Left("login", 60, 59 - n, n + 1)
    assert not rates.take(ASKER, 100.0)[0]
    assert rates.take(ASKER, 101.0)[0]
    assert not rates.take(ASKER, 101.0)[0]


def test_who_is_refused_uses_nothing_up_for_others() -> None:
    """A login beyond its bound does not empty its school's."""
    rates = Rates(per_minute=1)
    assert rates.take(ASKER, 0.0)[0]
    refused = [rates.take(ASKER, 0.0) for _ in range(1_000)]
    assert not any(may for may, _ in refused)
    may, left = rates.take({**ASKER, "login": "l2"}, 0.0)
    assert may
    assert [each.remaining for each in left] == [API_LOGINS_PER_ADDRESS - 2, API_LOGINS_PER_TENANT - 2, 0]


def test_an_address_is_bounded_over_all_who_come_from_it() -> None:
    """Also without a login."""
    rates = Rates(per_minute=1)
    asked = [rates.take({"address": "192.0.2.1"}, 0.0)[0] for _ in range(API_LOGINS_PER_ADDRESS + 1)]
    assert asked == [True] * API_LOGINS_PER_ADDRESS + [False]
    assert rates.take({"address": "192.0.2.2"}, 0.0)[0]


def test_what_is_left_is_told_as_structured_fields() -> None:
    """draft-ietf-httpapi-ratelimit-headers-10 §3 and §4."""
    assert rate_headers((Left("address", 100, 98, 2), Left("login", 10, 9, 6))) == {
        "RateLimit-Policy": '"address";q=100;w=60, "login";q=10;w=60',
        "RateLimit": '"address";r=98;t=2, "login";r=9;t=6',
    }
    assert rate_headers(()) == {}
