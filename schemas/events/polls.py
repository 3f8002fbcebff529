"""Events of polls.

Right answers are in the events for staff (``poll.created``, ``poll.edited``) and in ``poll.published``,
and nowhere else.
"""

from typing import ClassVar, Literal

from schemas.events.common import EventData
from schemas.ids import PollId, SessionId
from schemas.polls import Answer, Counts, PollItem, PollText, Sheet


class PollCreated(EventData, frozen=True):
    """A poll was prepared. For staff: it names the right answers."""

    type: ClassVar[str] = "poll.created"
    poll: PollId
    title: str
    items: tuple[PollItem, ...]
    anonymous: bool = False
    seconds: int | None = None


class PollEdited(EventData, frozen=True):
    """A poll that was never opened is now this. For staff."""

    type: ClassVar[str] = "poll.edited"
    poll: PollId
    title: str
    items: tuple[PollItem, ...]
    anonymous: bool = False
    seconds: int | None = None


class PollDeleted(EventData, frozen=True):
    """A poll is gone with its answers."""

    type: ClassVar[str] = "poll.deleted"
    poll: PollId


class PollShelved(EventData, frozen=True):
    """A closed poll left the room's list to make place; its results can still be read."""

    type: ClassVar[str] = "poll.shelved"
    poll: PollId


class PollOpened(EventData, frozen=True):
    """A poll is before the class. ``items`` do not say what is right."""

    type: ClassVar[str] = "poll.opened"
    poll: PollId
    session: SessionId
    title: str
    items: tuple[PollItem, ...]
    anonymous: bool = False
    seconds: int | None = None
    closes_at: int | None = None


class PollAnswered(EventData, frozen=True):
    """Somebody answered, or answered anew: then ``before`` is what counted until now.

    For its author and staff. In an anonymous poll ``voter`` is an alias that nobody can lead back to a
    person, and the event is for staff alone.
    """

    type: ClassVar[str] = "poll.answered"
    poll: PollId
    voter: str
    answers: tuple[Answer, ...]
    anonymous: bool = False
    before: Sheet | None = None

    @property
    def hides_actor(self) -> bool:
        """An answer is between its author and staff."""
        return True


class PollCounted(EventData, frozen=True):
    """So many have answered by now. That is all that everyone learns of an answer."""

    type: ClassVar[str] = "poll.counted"
    poll: PollId
    answered: int

    @property
    def hides_actor(self) -> bool:
        """Classmates do not learn whose answer was the latest."""
        return True


class PollClosed(EventData, frozen=True):
    """A poll takes no more answers. The end of the class closes all of them without this event."""

    type: ClassVar[str] = "poll.closed"
    poll: PollId
    reason: Literal["closed", "time"] = "closed"


class PollReopened(EventData, frozen=True):
    """A closed poll takes answers again."""

    type: ClassVar[str] = "poll.reopened"
    poll: PollId
    seconds: int | None = None
    closes_at: int | None = None


class PollPublished(EventData, frozen=True):
    """Everyone sees the results, the latest texts (without names) and which options were right."""

    type: ClassVar[str] = "poll.published"
    poll: PollId
    answered: int
    counts: Counts
    correct: tuple[tuple[int, ...], ...]
    texts: tuple[PollText, ...] = ()


EVENTS: tuple[type[EventData], ...] = (
    PollCreated,
    PollEdited,
    PollDeleted,
    PollShelved,
    PollOpened,
    PollAnswered,
    PollCounted,
    PollClosed,
    PollReopened,
    PollPublished,
)
