"""Prepared polls, and those of the running class, as somebody sees it."""

from msgspec import Struct


class PollsView(Struct, frozen=True):
    """Prepared polls, and those of the running class."""
