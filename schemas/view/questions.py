"""Questions of the running class, as somebody sees it."""

from msgspec import Struct


class QuestionsView(Struct, frozen=True):
    """Questions of the running class."""
