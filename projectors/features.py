"""Feature use: how often what was used in which room on which day (UTC), from the events alone.

A use is one event, the one by which it began: a poll counts when it is opened, a recording when it
starts. What single people do counts as in ``acts``. Nothing here says who.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from projectors.acts import Kind, act
from projectors.model import Fact, Model, Write, queries
from schemas.events.boards import BoardCreated
from schemas.events.breakouts import BreakoutsOpened
from schemas.events.common import EventData
from schemas.events.files import FileAdded
from schemas.events.floor import FloorGiven, Spotlighted
from schemas.events.lifecycle import RoomCreated, SessionScheduled, SessionStarted
from schemas.events.lobby import Knocked
from schemas.events.notes import NotesWritten
from schemas.events.polls import PollOpened
from schemas.events.pulse import PulseSent
from schemas.events.recording import RecordingStarted
from schemas.events.roster import ParticipantJoined
from schemas.events.studio import CallShown, DeckAdded, SceneActivated
from schemas.events.timer import TimerStarted
from schemas.events.tracks import TrackPublished

_sql = queries("features")

FEATURES: Mapping[type[EventData], str] = {
    RoomCreated: "rooms",
    SessionScheduled: "schedule",
    SessionStarted: "sessions",
    ParticipantJoined: "joins",
    Knocked: "lobby",
    FloorGiven: "turns",
    Spotlighted: "spotlight",
    PollOpened: "polls",
    PulseSent: "pulse",
    SceneActivated: "scenes",
    DeckAdded: "slides",
    CallShown: "calls_to_action",
    NotesWritten: "notes",
    TimerStarted: "timer",
    BoardCreated: "boards",
    FileAdded: "files",
    BreakoutsOpened: "breakouts",
    RecordingStarted: "recordings",
}
"""What the use of which feature begins with. Shared tracks are told apart by their source."""

_OF_PEOPLE: Mapping[Kind, str] = {
    "hands": "hands",
    "messages": "chat",
    "questions": "questions",
    "answers": "poll_answers",
    "reactions": "reactions",
    "drawings": "drawing",
}


def writes(fact: Fact) -> tuple[Write, ...]:
    """One more use, if the fact is one."""
    feature = _feature(fact)
    if feature is None:
        return ()
    day = datetime.fromtimestamp(fact.at // 1000, UTC).date()
    return (Write(_sql["use"], (fact.key.tenant, fact.key.room, day, feature, 1), adds=1),)


def _feature(fact: Fact) -> str | None:
    if isinstance(fact.data, TrackPublished):
        return fact.data.source.value
    done = act(fact)
    return FEATURES.get(type(fact.data)) if done is None else _OF_PEOPLE[done.kind]


MODEL = Model("features", ("feature_use",), _sql["tables"], writes)
