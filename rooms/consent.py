"""Consent: who is in the running recording.

Everybody is told that a recording runs, and may answer while it runs. Where the room asks for consent,
only who agreed is recorded; elsewhere everybody but who declined. Staff may keep a person out whatever
that person said, but take nobody in who declined. An answer holds for one recording.
"""

from typing import Literal, assert_never, get_args

from msgspec.structs import replace

from rooms.asker import Asker
from rooms.permissions import Permission
from rooms.state import RoomState
from rooms.state.consent import Consents, Standing
from rooms.topic import Stamp, Topic
from rooms.viewer import Viewer
from schemas.commands.recording import AgreeToRecording, DeclineRecording, LeaveOut, TakeIn
from schemas.envelope import AND_STAFF, Event
from schemas.events.recording import (
    ConsentAnswered,
    PersonLeftOut,
    PersonTakenIn,
    RecordingStarted,
    RecordingStopped,
)
from schemas.ids import ParticipantId, RecordingId
from schemas.limits import PARTICIPANTS_MAX
from schemas.rejections import Code, Rejection, rejection
from schemas.view.consent import ConsentsView, ConsentView

Command = AgreeToRecording | DeclineRecording | LeaveOut | TakeIn
Fact = RecordingStarted | RecordingStopped | ConsentAnswered | PersonLeftOut | PersonTakenIn

_UNKNOWN = Standing()


def is_recorded(consents: Consents, participant: ParticipantId) -> bool:
    """Whether what this person shares is kept, as far as consent goes."""
    return _counts(consents.people.get(participant, _UNKNOWN), asks=consents.asks)


def _counts(standing: Standing, *, asks: bool) -> bool:
    if standing.kept_out or standing.answer == "declined":
        return False
    return standing.answer == "agreed" or not asks


def agreement(recording: RecordingId, participant: ParticipantId) -> tuple[Event, ...]:
    """Somebody agrees, who was not recorded until now."""
    to = (participant, AND_STAFF)
    return (
        Event(ConsentAnswered(recording, participant, agreed=True), to),
        Event(PersonTakenIn(recording, participant), to),
    )


def decide(state: RoomState, asks: Asker, command: Command, now: int) -> tuple[Event, ...] | Rejection:
    """What a wish about who is recorded leads to."""
    match command:
        case AgreeToRecording(recording):
            return _answer(state, asks, recording, "agreed")
        case DeclineRecording(recording):
            return _answer(state, asks, recording, "declined")
        case LeaveOut(participant) | TakeIn(participant):
            if not asks.may(Permission.RECORD):
                return rejection(Code.FORBIDDEN)
            if state.consents.recording is None:
                return rejection(Code.NOT_RECORDING)
            if participant not in state.participants and participant not in state.consents.people:
                return rejection(Code.NO_SUCH_PARTICIPANT)
            if isinstance(command, LeaveOut):
                return _leave_out(state.consents, state.consents.recording, participant)
            return _take_in(state.consents, state.consents.recording, participant)
        case _:
            assert_never(command)


def _answer(
    state: RoomState, asks: Asker, recording: RecordingId, answer: Literal["agreed", "declined"]
) -> tuple[Event, ...] | Rejection:
    if asks.present is None:
        return rejection(Code.NOT_A_PARTICIPANT)
    consents, who = state.consents, asks.present.id
    if consents.recording is None or consents.recording != recording:
        return rejection(Code.NO_SUCH_RECORDING)
    known = consents.people.get(who, _UNKNOWN)
    if known.answer == answer:
        return ()
    if answer == "declined" and _is_full(consents, who):
        return rejection(Code.LIMIT_REACHED, "Please ask the teacher to stop the recording.")
    to = (who, AND_STAFF)
    answered = Event(ConsentAnswered(recording, who, agreed=answer == "agreed"), to)
    before = _counts(known, asks=consents.asks)
    after = _counts(replace(known, answer=answer), asks=consents.asks)
    if before and not after:
        return (answered, Event(PersonLeftOut(recording, who, "person"), to))
    if after and not before:
        return agreement(recording, who)
    return (answered,)


def _leave_out(
    consents: Consents, recording: RecordingId, participant: ParticipantId
) -> tuple[Event, ...] | Rejection:
    if consents.people.get(participant, _UNKNOWN).kept_out:
        return ()
    if _is_full(consents, participant):
        return rejection(Code.LIMIT_REACHED)
    return (Event(PersonLeftOut(recording, participant, "staff"), (participant, AND_STAFF)),)


def _take_in(
    consents: Consents, recording: RecordingId, participant: ParticipantId
) -> tuple[Event, ...] | Rejection:
    known = consents.people.get(participant, _UNKNOWN)
    if not _counts(replace(known, kept_out=False), asks=consents.asks):
        return rejection(Code.NO_CONSENT)
    if not known.kept_out:
        return ()
    return (Event(PersonTakenIn(recording, participant), (participant, AND_STAFF)),)


def _is_full(consents: Consents, participant: ParticipantId) -> bool:
    """Whether nothing can be remembered of one more person without forgetting somebody who is out."""
    if participant in consents.people or len(consents.people) < PARTICIPANTS_MAX:
        return False
    return not any(_is_in(standing) for standing in consents.people.values())


def _is_in(standing: Standing) -> bool:
    return standing == Standing("agreed")


# --- facts ---------------------------------------------------------------------------------------
def evolve(state: RoomState, fact: Fact, stamp: Stamp) -> RoomState:
    """The room after a fact about consent. It is asked anew for each recording."""
    consents = state.consents
    match fact:
        case RecordingStarted():
            return replace(state, consents=Consents(fact.recording, fact.asks_consent))
        case RecordingStopped():
            return replace(state, consents=Consents())
        case ConsentAnswered() | PersonLeftOut() | PersonTakenIn():
            if fact.recording != consents.recording:
                return state
            changed = _changed(consents.people.get(fact.participant, _UNKNOWN), fact)
            people = _bounded({**consents.people, fact.participant: changed})
            return replace(state, consents=replace(consents, people=people))
        case _:
            assert_never(fact)


def _changed(standing: Standing, fact: ConsentAnswered | PersonLeftOut | PersonTakenIn) -> Standing:
    match fact:
        case ConsentAnswered(agreed=agreed):
            return replace(standing, answer="agreed" if agreed else "declined")
        case PersonLeftOut(by="staff"):
            return replace(standing, kept_out=True)
        case PersonLeftOut():
            return standing
        case PersonTakenIn():
            return replace(standing, kept_out=False)
        case _:
            assert_never(fact)


def _bounded(people: dict[ParticipantId, Standing]) -> dict[ParticipantId, Standing]:
    """Forgets whoever agreed first: where consent is asked they are asked again, elsewhere it changes
    nothing. Who is out is never forgotten."""
    if len(people) <= PARTICIPANTS_MAX:
        return people
    goes = next((who for who, standing in people.items() if _is_in(standing)), None)
    return {who: standing for who, standing in people.items() if who != goes}


def view(state: RoomState, viewer: Viewer) -> ConsentsView:
    """The running recording, what the viewer said, and for staff what everybody said."""
    consents, me = state.consents, viewer.participant
    if consents.recording is None:
        return ConsentsView(None, asks=False, mine=None, people=())
    people = tuple(
        ConsentView(who, standing.answer, standing.kept_out)
        for who, standing in consents.people.items()
        if viewer.is_staff or who == me
    )
    standing = consents.people.get(me, _UNKNOWN) if me is not None else None
    mine = None if standing is None else "left_out" if standing.kept_out else standing.answer
    return ConsentsView(consents.recording, consents.asks, mine, people)


TOPIC = Topic("recording", get_args(Command), get_args(Fact), decide, evolve)
