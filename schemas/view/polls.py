"""Prepared polls, and those of the running class, as somebody sees it."""

from typing import Literal

from msgspec import Struct

from schemas.ids import PollId, SessionId
from schemas.polls import Counts, PollItem, PollText, Sheet


class PollView(Struct, frozen=True):
    """A poll as somebody sees it.

    ``counts`` is None and ``items`` name nothing right for all but staff until ``published``. ``mine`` is
    what the viewer chose in a poll that is not anonymous, while the class runs, and ``score`` what that
    was worth; of an anonymous poll only the page that sent it knows.
    """

    id: PollId
    title: str
    items: tuple[PollItem, ...]
    anonymous: bool
    seconds: int | None
    status: Literal["draft", "open", "closed"]
    session: SessionId | None
    opened_at: int | None
    closes_at: int | None
    answered: int
    published: bool
    counts: Counts | None
    texts: tuple[PollText, ...]
    mine: Sheet | None
    score: int | None


class PollsView(Struct, frozen=True):
    """Prepared polls (for staff) and those that were opened, in the order of creation, then of opening."""

    polls: tuple[PollView, ...]
