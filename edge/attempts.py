"""How often somebody may try to come in: by one address at one account, at one account, by one address.

Guessing at one account is slow from one address, and not much faster from a thousand. A person whose
account others guess at still comes in from where they have come in before. Unknown accounts are counted
like known ones. Counted by each edge process for itself; the time is an argument, Unix milliseconds.
"""

from edge.limiter import Limiter
from schemas.limits import (
    LOGIN_ADDRESSES_MAX,
    LOGIN_ATTEMPTS_PER_ACCOUNT_PER_MINUTE,
    LOGIN_ATTEMPTS_PER_MINUTE,
    LOGIN_FAILURES_PER_ADDRESS_PER_MINUTE,
)


class Attempts:
    """The three counts of one process."""

    def __init__(self) -> None:
        self._pairs = Limiter(per_minute=LOGIN_ATTEMPTS_PER_MINUTE, keys_max=LOGIN_ADDRESSES_MAX)
        self._accounts = Limiter(
            per_minute=LOGIN_ATTEMPTS_PER_ACCOUNT_PER_MINUTE, keys_max=LOGIN_ADDRESSES_MAX
        )
        self._failures = Limiter(
            per_minute=LOGIN_FAILURES_PER_ADDRESS_PER_MINUTE, keys_max=LOGIN_ADDRESSES_MAX
        )

    def may(self, address: str, what: str, now: int) -> bool:
        """Whether this address may try ``what`` (an account, a kind of link) again. Nothing is counted."""
        return self._pairs.has(f"{address} {what}", now / 1000) and self._failures.has(address, now / 1000)

    def take(self, address: str, what: str, now: int) -> bool:
        """The same; if it may, it is counted."""
        return self._failures.has(address, now / 1000) and self._pairs.take(f"{address} {what}", now / 1000)

    def take_account(self, account: str, now: int) -> bool:
        """Whether this account may be tried once more from wherever; if it may, it is counted."""
        return self._accounts.take(account, now / 1000)

    def failed(self, address: str, now: int) -> None:
        """An attempt of this address came to nothing."""
        self._failures.take(address, now / 1000)
