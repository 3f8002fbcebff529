"""What redaction takes out of a log that is put away: the manual of ``rooms.erasure``."""

from hypothesis import HealthCheck, given, settings
from msgspec import to_builtins

from rooms.erasure import Erasure
from rooms.room import apply, initial
from rooms.state import RoomState
from schemas.commands.chat import EditMessage, PostMessage
from schemas.commands.questions import AskQuestion
from schemas.commands.redaction import Redact
from schemas.commands.roster import LeaveSession
from schemas.envelope import Commit
from schemas.events.chat import MessageHeld, MessagePosted
from schemas.events.redaction import REMOVED_PERSON
from schemas.events.roster import ParticipantJoined
from tests.unit.rooms.classroom import CORA, GUS, KEY, OPERATOR, SAM, TESS, VERA, Class, who
from tests.unit.rooms.test_laws import Steps, played, steps


def erased(log: list[Commit]) -> list[Commit]:
    erasure = Erasure()
    for commit in log:
        erasure.note(commit)
    return [erasure.erased(commit) for commit in log]


def fold(log: list[Commit]) -> RoomState:
    state = initial(KEY)
    for commit in log:
        state = apply(state, commit)
    return state


def test_a_redacted_messages_words_are_gone_and_nothing_else() -> None:
    room = Class().live(TESS, SAM)
    room.facts(SAM, PostMessage("My number is 555"))
    message = room.state.messages[-1].id
    room.facts(SAM, EditMessage(message, "My number is 556"))
    room.facts(SAM, PostMessage("Good morning"))
    room.facts(TESS, Redact("message", message=message))
    left = erased(room.log)
    text = repr(left)
    assert "555" not in text
    assert "556" not in text
    assert "Good morning" in text
    assert fold(left) == room.state
    assert [(c.seq, c.last_seq, c.at, c.cause) for c in left] == [
        (c.seq, c.last_seq, c.at, c.cause) for c in room.log
    ]


def test_a_redacted_persons_name_is_gone_up_to_the_tombstone() -> None:
    room = Class().live(TESS, SAM)
    room.facts(SAM, PostMessage("Good morning"))
    room.facts(SAM, AskQuestion("Why?"))
    room.facts(SAM, LeaveSession())
    room.facts(TESS, Redact("person", participant=who(SAM)))
    left = erased(room.log)
    assert "Sam" not in repr([to_builtins(event.data) for c in left for event in c.events])
    assert fold(left) == room.state
    room.join(SAM)
    names = [
        event.data.display_name
        for commit in erased(room.log)
        for event in commit.events
        if isinstance(event.data, ParticipantJoined) and event.data.participant == who(SAM)
    ]
    assert names == [REMOVED_PERSON, "Sam"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps)
def test_the_fold_of_what_is_left_is_the_fold_of_the_log(steps: Steps) -> None:
    """Whatever happened before, when everybody and everything that may be redacted was."""
    room = played(steps)
    said = [e.data for c in room.log for e in c.events if isinstance(e.data, MessagePosted | MessageHeld)]
    for message in sorted({fact.message for fact in said}):
        room.facts(OPERATOR, Redact("message", message=message))
    for person in (TESS, CORA, SAM, VERA, GUS):
        room.ask(OPERATOR, Redact("person", participant=who(person)))
    assert fold(erased(room.log)) == room.state


def test_a_log_without_tombstones_stays_as_it_is() -> None:
    room = Class().live(TESS, SAM)
    room.facts(SAM, PostMessage("Good morning"))
    assert all(one is other for one, other in zip(erased(room.log), room.log, strict=True))
