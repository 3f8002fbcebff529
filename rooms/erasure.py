"""Erasure: a room's log without what was redacted, to be put away in place of the log as it was written.

The events stay, with their ids, times and audiences, so that every ``seq`` means what it meant; only the
words of a redacted message and the name of a redacted person go from what was said before the tombstone.
Whoever folds the result comes to what they came to before, for the fold of the tombstone takes the same
away. Ids stay, also of accounts: they say nothing to who has not the table of accounts beside them.
"""

from collections.abc import Mapping
from typing import TypeVar

from msgspec.structs import replace

from schemas.envelope import Commit, Event, RecordedActor
from schemas.events import EventData
from schemas.events.breakouts import AnnouncementMade, VisitorCame
from schemas.events.chat import MessageEdited, MessageHeld, MessagePosted
from schemas.events.files import FileAdded
from schemas.events.lobby import Knocked
from schemas.events.questions import QuestionAsked, QuestionOpened
from schemas.events.redaction import REMOVED_PERSON, Redacted
from schemas.events.roster import ParticipantJoined
from schemas.ids import MessageId, ParticipantId

T = TypeVar("T")

ERASED_TEXT = ""

_Said = MessagePosted | MessageHeld | MessageEdited


class Erasure:
    """What a log's tombstones name, and up to which event they reach: the whole log is shown to ``note``
    first, then each of its commits to ``erased``."""

    def __init__(self) -> None:
        self._messages: dict[MessageId, int] = {}
        self._people: dict[ParticipantId, int] = {}

    def note(self, commit: Commit) -> None:
        """Remembers the tombstones of a commit."""
        for i, event in enumerate(commit.events):
            match event.data:
                case Redacted(what="message", message=message) if message is not None:
                    self._messages[message] = commit.seq + i
                case Redacted(what="person", participant=who) if who is not None:
                    self._people[who] = commit.seq + i

    def erased(self, commit: Commit) -> Commit:
        """The commit without what goes; the very same where nothing does."""
        if not self._messages and not self._people:
            return commit
        events = tuple(
            self._event(event, commit.seq + i, commit.actor) for i, event in enumerate(commit.events)
        )
        same = all(one is other for one, other in zip(events, commit.events, strict=True))
        return commit if same else replace(commit, events=events)

    def _event(self, event: Event, seq: int, actor: RecordedActor) -> Event:
        data = self._without_name(self._without_words(event.data, seq), seq, actor)
        return event if data is event.data else replace(event, data=data)

    def _without_words(self, data: EventData, seq: int) -> EventData:
        if isinstance(data, _Said) and _goes(self._messages, data.message, seq):
            return replace(data, text=ERASED_TEXT)
        return data

    def _without_name(self, data: EventData, seq: int, actor: RecordedActor) -> EventData:
        match data:
            case (
                MessagePosted(participant=who)
                | MessageHeld(participant=who)
                | FileAdded(participant=who)
                | Knocked(participant=who)
                | ParticipantJoined(participant=who)
                | QuestionAsked(participant=who)
                | QuestionOpened(participant=who)
                | VisitorCame(participant=who)
            ):
                named: ParticipantId | None = who
            case AnnouncementMade():
                named = actor.participant
            case _:
                return data
        return replace(data, display_name=REMOVED_PERSON) if _goes(self._people, named, seq) else data


def _goes(named: Mapping[T, int], what: T | None, seq: int) -> bool:
    """Whether a tombstone further down names it."""
    return what is not None and seq < named.get(what, 0)
