"""The pulse: a private one-tap signal of how the class follows.

The latest signal of each person counts, for ``PULSE_EXPIRES_S``. Staff see how many, never who: a signal
is known by an alias, HMAC(secret of the class, who), as an anonymous answer is (``rooms.polls``), and the
secret is destroyed when the class ends. Only where the tenant's policy says ``named_pulse`` it is signed.
"""

from collections.abc import Iterator, Mapping
from typing import assert_never, get_args

from msgspec.structs import replace

from rooms.asker import Asker
from rooms.permissions import Permission
from rooms.state import RoomState
from rooms.state.pulse import Pulse, Signal
from rooms.topic import Stamp, Topic
from rooms.viewer import Viewer
from schemas.commands.pulse import SendPulse
from schemas.envelope import Event
from schemas.events.lifecycle import SessionEnded
from schemas.events.pulse import PulseFaded, PulseSent
from schemas.limits import PARTICIPANTS_MAX, PULSE_EXPIRES_S, PULSE_FADE_STEP_S, PULSE_INTERVAL_S
from schemas.pulse import PulseCounts, PulseValue
from schemas.rejections import Code, Rejection, rejection
from schemas.view.pulse import PulseView, SignalView

Command = SendPulse
Fact = PulseSent | PulseFaded | SessionEnded

_INTERVAL_MS = int(PULSE_INTERVAL_S * 1000)
_EXPIRES_MS = int(PULSE_EXPIRES_S * 1000)
_STEP_MS = int(PULSE_FADE_STEP_S * 1000)


def decide(state: RoomState, asks: Asker, command: Command, now: int) -> tuple[Event, ...] | Rejection:
    """What a signal leads to."""
    if not asks.may(Permission.PULSE):
        return rejection(Code.FORBIDDEN)
    if asks.present is None or state.live is None:
        return rejection(Code.NOT_A_PARTICIPANT)
    participant = asks.present.id if state.policy.named_pulse else None
    voter = participant or asks.alias
    if not voter:
        return rejection(Code.FORBIDDEN, "An anonymous signal needs an alias.")
    signals = state.pulse.signals
    before = signals.get(voter)
    if before is None and len(signals) >= PARTICIPANTS_MAX:
        return rejection(Code.LIMIT_REACHED)
    if before is not None and now < before.at + _INTERVAL_MS:
        is_so = (before.value, before.slide) == (command.value, command.slide)
        return () if is_so else rejection(Code.TOO_FAST)
    signal = Signal(command.value, command.slide, now, participant)
    counts = _counts({**signals, voter: signal})
    sent = PulseSent(state.live.id, voter, command.value, counts, command.slide, participant)
    return (Event(sent, "staff"),)


def secret_of(state: RoomState, command: SendPulse) -> str | None:
    """The name of the secret that makes the alias for this signal; None: it is signed, or refused."""
    return None if state.live is None or state.policy.named_pulse else state.live.id


def secrets(state: RoomState) -> Iterator[str]:
    """The names of the secrets that may still exist."""
    if state.live is not None and not state.policy.named_pulse:
        yield state.live.id


def deadlines(state: RoomState) -> Iterator[int]:
    """When the oldest signal stops to count, at the end of its step."""
    if state.pulse.signals:
        oldest = next(iter(state.pulse.signals.values()))
        yield -(-(oldest.at + _EXPIRES_MS) // _STEP_MS) * _STEP_MS


def due(state: RoomState, now: int) -> tuple[Event, ...]:
    """Lets all signals fade that are too old."""
    until = now - _EXPIRES_MS
    left = _younger(state.pulse.signals, until)
    if len(left) == len(state.pulse.signals) or now < min(deadlines(state)):
        return ()
    return (Event(PulseFaded(until, _counts(left)), "staff"),)


def _younger(signals: Mapping[str, Signal], until: int) -> dict[str, Signal]:
    return {voter: signal for voter, signal in signals.items() if signal.at > until}


def _counts(signals: Mapping[str, Signal]) -> PulseCounts:
    def how_many(value: PulseValue) -> int:
        return sum(1 for signal in signals.values() if signal.value == value)

    return PulseCounts(how_many("lost"), how_many("too_fast"), how_many("fine"))


def evolve(state: RoomState, fact: Fact, stamp: Stamp) -> RoomState:
    """The room after a signal, or after the end of the class."""
    match fact:
        case PulseSent(voter=voter):
            signals = {k: s for k, s in state.pulse.signals.items() if k != voter}
            signals[voter] = Signal(fact.value, fact.slide, stamp.at, fact.participant)
            return replace(state, pulse=Pulse(signals))
        case PulseFaded(until=until):
            return replace(state, pulse=Pulse(_younger(state.pulse.signals, until)))
        case SessionEnded():
            return replace(state, pulse=Pulse()) if state.pulse.signals else state
        case _:
            assert_never(fact)


def view(state: RoomState, viewer: Viewer) -> PulseView:
    """What staff see of it."""
    if not viewer.is_staff:
        return PulseView(PulseCounts(0, 0, 0), ())
    signals = state.pulse.signals
    people = tuple(
        SignalView(s.participant, s.value, s.slide, s.at)
        for s in signals.values()
        if s.participant is not None
    )
    return PulseView(_counts(signals), people)


TOPIC = Topic("pulse", (SendPulse,), get_args(Fact), decide, evolve, deadlines, due)
