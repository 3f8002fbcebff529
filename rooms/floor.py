"""The floor: who wants to speak, in order of asking."""

from typing import assert_never, get_args

from msgspec.structs import replace

from rooms.asker import Asker
from rooms.permissions import Permission
from rooms.state import Hand, RoomState
from rooms.topic import Stamp, Topic
from rooms.viewer import Viewer
from schemas.commands.floor import LowerHand, RaiseHand
from schemas.envelope import Event
from schemas.events.floor import HandLowered, HandRaised
from schemas.limits import HANDS_MAX
from schemas.rejections import Code, Rejection, rejection
from schemas.view.floor import FloorView

Command = RaiseHand | LowerHand
Fact = HandRaised | HandLowered


def decide(state: RoomState, asks: Asker, command: Command, now: int) -> tuple[Event, ...] | Rejection:
    """What a wish about the floor leads to. A hand that is up stays up; one that is down, down."""
    match command:
        case RaiseHand():
            return _raise(state, asks)
        case LowerHand():
            return _lower(state, asks, command)
        case _:
            assert_never(command)


def _raise(state: RoomState, asks: Asker) -> tuple[Event, ...] | Rejection:
    if asks.present is None:
        return rejection(Code.NOT_A_PARTICIPANT)
    if not asks.may(Permission.RAISE_HAND):
        return rejection(Code.FORBIDDEN)
    if state.has_hand_up(asks.present.id):
        return ()
    if len(state.hands) >= HANDS_MAX:
        return rejection(Code.LIMIT_REACHED)
    return (Event(HandRaised(asks.present.id)),)


def _lower(state: RoomState, asks: Asker, command: LowerHand) -> tuple[Event, ...] | Rejection:
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


def evolve(state: RoomState, fact: Fact, stamp: Stamp) -> RoomState:
    """The room after a fact about the floor."""
    match fact:
        case HandRaised(participant=who):
            return replace(state, hands=(*state.hands, Hand(who, stamp.at)))
        case HandLowered(participant=who):
            return replace(state, hands=tuple(h for h in state.hands if h.participant != who))
        case _:
            assert_never(fact)


def view(state: RoomState, viewer: Viewer) -> FloorView:
    """What somebody sees of it."""
    return FloorView()


TOPIC = Topic("floor", get_args(Command), get_args(Fact), decide, evolve)
