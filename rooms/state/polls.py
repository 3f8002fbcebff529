"""Prepared polls, and those of the running class: the part of the state that belongs to ``rooms.polls``."""

from typing import Literal

from msgspec import Struct

from schemas.ids import PollId, SessionId
from schemas.polls import Counts, PollItem, PollText, Sheet


class Poll(Struct, frozen=True):
    """A poll. ``seconds`` is how long it is open, ``session`` the class it was opened in.

    ``sheets`` are by participant, or by alias in an anonymous poll: there they go when it closes. Both
    they and ``texts`` (the latest) go with the class, because the read model has them all.
    """

    id: PollId
    title: str
    items: tuple[PollItem, ...]
    anonymous: bool = False
    seconds: int | None = None
    status: Literal["draft", "open", "closed"] = "draft"
    session: SessionId | None = None
    opened_at: int | None = None
    closes_at: int | None = None
    answered: int = 0
    published: bool = False
    counts: Counts = ()
    sheets: dict[str, Sheet] = {}
    texts: tuple[PollText, ...] = ()


class Polls(Struct, frozen=True):
    """The room's polls: in order of creation, one that is opened moves to the end."""

    polls: tuple[Poll, ...] = ()

    def find(self, poll: PollId) -> Poll | None:
        """The poll with this id."""
        return next((p for p in self.polls if p.id == poll), None)

    @property
    def open(self) -> tuple[Poll, ...]:
        """Those that take answers now."""
        return tuple(p for p in self.polls if p.status == "open")
