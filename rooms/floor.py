"""The floor: who wants to speak, in order of asking; who may, who is in the light, what people feel.

Who has **the floor** may speak and be seen whatever the role and the locks of the class say. It ends by
itself: by its time, when the person leaves, with the class. With it ends, in the same commit, what it
alone allowed. What staff revoked for a person is stronger than the floor.
"""

from collections.abc import Iterator
from typing import assert_never, get_args

from msgspec.structs import replace

from rooms.asker import Asker
from rooms.permissions import PUBLISHING, Permission, may, permissions_of
from rooms.state import Hand, RoomState
from rooms.topic import Decided, Stamp, Topic
from rooms.viewer import Viewer
from schemas.commands.floor import (
    AskToUnmute,
    GiveFloor,
    LowerAllHands,
    LowerHand,
    NextHand,
    RaiseHand,
    React,
    Spotlight,
    TakeFloor,
)
from schemas.envelope import AND_STAFF, STAFF, Event
from schemas.events.floor import (
    FloorGiven,
    FloorTaken,
    HandLowered,
    HandRaised,
    Reacted,
    Spotlighted,
    UnmuteAsked,
)
from schemas.events.lifecycle import SessionEnded
from schemas.events.roster import ParticipantLeft
from schemas.events.tracks import TrackClosed, TrackMuted, TrackPublished, TrackUnmuted
from schemas.ids import ParticipantId
from schemas.limits import HANDS_MAX, REACTION_INTERVAL_S, SPEAKING_MAX, UNMUTE_ASKED_AGAIN_S
from schemas.media import Source
from schemas.rejections import Code, rejection
from schemas.view.floor import FloorView, ReactionCount, SpeakingView

Command = (
    RaiseHand | LowerHand | LowerAllHands | NextHand | GiveFloor | TakeFloor | AskToUnmute | Spotlight | React
)
Fact = (
    HandRaised
    | HandLowered
    | FloorGiven
    | FloorTaken
    | UnmuteAsked
    | Spotlighted
    | Reacted
    | TrackPublished
    | TrackUnmuted
    | ParticipantLeft
    | SessionEnded
)

_REACTION_MS = int(REACTION_INTERVAL_S * 1000)
_ASKED_AGAIN_MS = int(UNMUTE_ASKED_AGAIN_S * 1000)


def decide(state: RoomState, asks: Asker, command: Command, now: int) -> Decided:
    """What a wish about the floor leads to. A hand that is up stays up; one that is down, down."""
    match command:
        case RaiseHand():
            return _raise(state, asks)
        case LowerHand():
            return _lower(state, asks, command)
        case LowerAllHands():
            return _lower_all(state, asks)
        case NextHand():
            return _next(state, asks, command, now)
        case GiveFloor():
            return _give(state, asks, command, now)
        case TakeFloor():
            return _take(state, asks, command)
        case AskToUnmute():
            return _ask_to_unmute(state, asks, command, now)
        case Spotlight():
            return _spotlight(state, asks, command)
        case React():
            return _react(state, asks, command, now)
        case _:
            assert_never(command)


def _is_elsewhere(asks: Asker) -> bool:
    return asks.present is None and asks.actor.kind != "operator"


# --- hands ---------------------------------------------------------------------------------------
def _raise(state: RoomState, asks: Asker) -> Decided:
    if asks.present is None:
        return rejection(Code.NOT_A_PARTICIPANT)
    if not asks.may(Permission.RAISE_HAND):
        return rejection(Code.FORBIDDEN)
    if state.has_hand_up(asks.present.id):
        return ()
    if len(state.hands) >= HANDS_MAX:
        return rejection(Code.LIMIT_REACHED)
    return (Event(HandRaised(asks.present.id)),)


def _lower(state: RoomState, asks: Asker, command: LowerHand) -> Decided:
    whose = command.participant or asks.participant
    if whose is None or whose == asks.participant:
        if asks.present is None:
            return rejection(Code.NOT_A_PARTICIPANT)
        whose = asks.present.id
    elif not asks.may(Permission.LOWER_HANDS):
        return rejection(Code.FORBIDDEN)
    elif whose not in state.participants:
        return rejection(Code.NO_SUCH_PARTICIPANT)
    return (Event(HandLowered(whose, asks.participant)),) if state.has_hand_up(whose) else ()


def _lower_all(state: RoomState, asks: Asker) -> Decided:
    if not asks.may(Permission.LOWER_HANDS):
        return rejection(Code.FORBIDDEN)
    if _is_elsewhere(asks):
        return rejection(Code.NOT_A_PARTICIPANT)
    return tuple(Event(HandLowered(h.participant, asks.participant)) for h in state.hands)


# --- who has the floor ---------------------------------------------------------------------------
def _next(state: RoomState, asks: Asker, command: NextHand, now: int) -> Decided:
    if not asks.may(Permission.GIVE_FLOOR):
        return rejection(Code.FORBIDDEN)
    if _is_elsewhere(asks):
        return rejection(Code.NOT_A_PARTICIPANT)
    if not state.hands:
        return rejection(Code.NO_HAND)
    return _given(state, asks, state.hands[0].participant, command.seconds, now)


def _give(state: RoomState, asks: Asker, command: GiveFloor, now: int) -> Decided:
    if not asks.may(Permission.GIVE_FLOOR):
        return rejection(Code.FORBIDDEN)
    if _is_elsewhere(asks):
        return rejection(Code.NOT_A_PARTICIPANT)
    if command.participant not in state.participants:
        return rejection(Code.NO_SUCH_PARTICIPANT)
    return _given(state, asks, command.participant, command.seconds, now)


def _given(state: RoomState, asks: Asker, who: ParticipantId, seconds: int | None, now: int) -> Decided:
    """A turn; the hand that asked for it goes down."""
    speaking = state.floor.speaking
    if not may(_floor(state, speaking={**speaking, who: None}), who, Permission.SPEAK):
        return rejection(Code.FORBIDDEN, "Speaking was revoked for this person. Take that back first.")
    if who not in speaking and len(speaking) >= SPEAKING_MAX:
        return rejection(Code.LIMIT_REACHED)
    until = None if seconds is None else now + seconds * 1_000
    hand = [Event(HandLowered(who, asks.participant))] if state.has_hand_up(who) else []
    known = who in speaking and speaking[who] == until
    return (*hand, *([] if known else [Event(FloorGiven(who, asks.participant, until))]))


def _take(state: RoomState, asks: Asker, command: TakeFloor) -> Decided:
    who = command.participant or asks.participant
    if who != asks.participant and not asks.may(Permission.GIVE_FLOOR):
        return rejection(Code.FORBIDDEN)
    if who is None or _is_elsewhere(asks):
        return rejection(Code.NOT_A_PARTICIPANT)
    if who not in state.participants:
        return rejection(Code.NO_SUCH_PARTICIPANT)
    return turn_over(state, who, asks.participant)


def turn_over(state: RoomState, who: ParticipantId, by: ParticipantId | None) -> tuple[Event, ...]:
    """The end of a turn: what it alone allowed is closed, and a student's open microphone is muted."""
    if who not in state.floor.speaking:
        return ()
    person = state.participants[who]
    allowed = permissions_of(_without_turn(state, who), who, person.role, person.custom_role)
    events = [Event(FloorTaken(who, by))]
    for track in state.tracks_of(who):
        if PUBLISHING[track.source] not in allowed:
            events.append(Event(TrackClosed(track.id, "floor")))
        elif track.source is Source.MICROPHONE and not track.muted and person.role not in STAFF:
            events.append(Event(TrackMuted(track.id, by)))
    return tuple(events)


def deadlines(state: RoomState) -> Iterator[int]:
    """The ends of turns by the clock."""
    return (until for until in state.floor.speaking.values() if until is not None)


def due(state: RoomState, now: int) -> tuple[Event, ...]:
    """Ends the turns whose time is over."""
    return tuple(
        event
        for who, until in state.floor.speaking.items()
        if until is not None and until <= now
        for event in turn_over(state, who, None)
    )


def _ask_to_unmute(state: RoomState, asks: Asker, command: AskToUnmute, now: int) -> Decided:
    who = command.participant
    if not asks.may(Permission.MUTE):
        return rejection(Code.FORBIDDEN)
    if _is_elsewhere(asks):
        return rejection(Code.NOT_A_PARTICIPANT)
    if who not in state.participants:
        return rejection(Code.NO_SUCH_PARTICIPANT)
    if not may(state, who, Permission.SPEAK):
        return rejection(Code.FORBIDDEN, "This person may not speak. Give them the floor first.")
    asked_at = state.floor.asked_at.get(who)
    if _is_heard(state, who) or (asked_at is not None and now - asked_at < _ASKED_AGAIN_MS):
        return ()
    return (Event(UnmuteAsked(who, asks.participant), (who, AND_STAFF)),)


def _is_heard(state: RoomState, who: ParticipantId) -> bool:
    return any(t.source is Source.MICROPHONE and not t.muted for t in state.tracks_of(who))


# --- light and feelings --------------------------------------------------------------------------
def _spotlight(state: RoomState, asks: Asker, command: Spotlight) -> Decided:
    if not asks.may(Permission.SPOTLIGHT):
        return rejection(Code.FORBIDDEN)
    if _is_elsewhere(asks):
        return rejection(Code.NOT_A_PARTICIPANT)
    people = tuple(dict.fromkeys(command.participants))
    if any(who not in state.participants for who in people):
        return rejection(Code.NO_SUCH_PARTICIPANT)
    return () if people == state.floor.spotlight else (Event(Spotlighted(people, asks.participant)),)


def _react(state: RoomState, asks: Asker, command: React, now: int) -> Decided:
    if not asks.may(Permission.REACT):
        return rejection(Code.FORBIDDEN)
    if asks.present is None:
        return rejection(Code.NOT_A_PARTICIPANT)
    reacted_at = state.floor.reacted_at.get(asks.present.id)
    if reacted_at is not None and now - reacted_at < _REACTION_MS:
        return rejection(Code.TOO_FAST)
    return (Event(Reacted(asks.present.id, command.reaction)),)


# --- facts ---------------------------------------------------------------------------------------
def evolve(state: RoomState, fact: Fact, stamp: Stamp) -> RoomState:
    """The room after a fact about the floor."""
    floor = state.floor
    match fact:
        case HandRaised(participant=who):
            return replace(state, hands=(*state.hands, Hand(who, stamp.at)))
        case HandLowered(participant=who):
            return replace(state, hands=tuple(h for h in state.hands if h.participant != who))
        case FloorGiven(participant=who, until=until):
            return _floor(state, speaking={**floor.speaking, who: until})
        case FloorTaken(participant=who):
            return _without_turn(state, who)
        case UnmuteAsked(participant=who):
            return _floor(state, asked_at={**floor.asked_at, who: stamp.at})
        case Spotlighted(participants=people):
            return _floor(state, spotlight=people)
        case Reacted(participant=who, reaction=reaction):
            recent = {p: at for p, at in floor.reacted_at.items() if stamp.at - at < _REACTION_MS}
            counts = {**floor.reactions, reaction: floor.reactions.get(reaction, 0) + 1}
            return _floor(state, reactions=counts, reacted_at={**recent, who: stamp.at})
        case TrackPublished(participant=who, source=source, muted=muted):
            return state if muted or source is not Source.MICROPHONE else _answered(state, who)
        case TrackUnmuted(track=track):
            opened = state.tracks.get(track)
            is_heard = opened is not None and opened.source is Source.MICROPHONE
            return _answered(state, opened.participant) if opened and is_heard else state
        case ParticipantLeft(participant=who):
            return _left(state, who)
        case SessionEnded():
            return _floor(state, speaking={}, spotlight=(), asked_at={}, reactions={}, reacted_at={})
        case _:
            assert_never(fact)


def _floor(state: RoomState, **changes: object) -> RoomState:
    return replace(state, floor=replace(state.floor, **changes))


def _without_turn(state: RoomState, who: ParticipantId) -> RoomState:
    return _floor(state, speaking={p: until for p, until in state.floor.speaking.items() if p != who})


def _answered(state: RoomState, who: ParticipantId) -> RoomState:
    """Whoever opens the microphone is not being asked any more."""
    if who not in state.floor.asked_at:
        return state
    return _floor(state, asked_at={p: at for p, at in state.floor.asked_at.items() if p != who})


def _left(state: RoomState, who: ParticipantId) -> RoomState:
    floor = state.floor
    if who not in floor.speaking and who not in floor.spotlight and who not in floor.asked_at:
        return state
    rest = _answered(_without_turn(state, who), who)
    return _floor(rest, spotlight=tuple(p for p in floor.spotlight if p != who))


def view(state: RoomState, viewer: Viewer) -> FloorView:
    """What somebody sees of it."""
    floor = state.floor
    return FloorView(
        tuple(SpeakingView(who, until) for who, until in floor.speaking.items()),
        floor.spotlight,
        tuple(who for who in floor.asked_at if viewer.is_staff or who == viewer.participant),
        tuple(ReactionCount(reaction, count) for reaction, count in floor.reactions.items()),
    )


TOPIC = Topic("floor", get_args(Command), get_args(Fact), decide, evolve, deadlines, due)
