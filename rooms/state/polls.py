"""Prepared polls, and those of the running class: the part of the state that belongs to ``rooms.polls``."""

from msgspec import Struct


class Polls(Struct, frozen=True):
    """Prepared polls, and those of the running class."""
