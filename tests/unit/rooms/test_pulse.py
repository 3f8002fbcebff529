"""The pulse: the manual of ``rooms.pulse`` as given, when, then."""

import msgspec

from rooms.room import decide, evolve, next_deadline, recall, secret_of, secrets_of
from rooms.view import view
from schemas.commands.deadlines import DeadlinePassed
from schemas.commands.lifecycle import EndSession
from schemas.commands.pulse import SendPulse
from schemas.commands.rights import ApplyPolicy, LockPermission
from schemas.envelope import Actor, Event, RecordedActor
from schemas.events.pulse import PulseFaded, PulseSent
from schemas.limits import PARTICIPANTS_MAX, PULSE_EXPIRES_S, PULSE_FADE_STEP_S, PULSE_INTERVAL_S
from schemas.permissions import Permission
from schemas.policy import Policy
from schemas.pulse import PulseCounts
from schemas.rejections import Code, Rejection
from schemas.view.pulse import PulseView, SignalView
from tests.unit.rooms.classroom import (
    OPERATOR,
    SAM,
    SERVICE,
    START,
    TESS,
    VERA,
    Class,
    envelope,
    who,
)

LOST, FINE, FAST = SendPulse("lost", "deck1.3"), SendPulse("fine"), SendPulse("too_fast")
INTERVAL, EXPIRES = int(PULSE_INTERVAL_S * 1000), int(PULSE_EXPIRES_S * 1000)
STEP = int(PULSE_FADE_STEP_S * 1000)


def named(room: Class) -> Class:
    """The tenant wants names."""
    room.facts(SERVICE, ApplyPolicy(Policy(version=1, named_pulse=True)))
    return room


def sees(room: Class, actor: Actor) -> PulseView:
    """What this person sees of the pulse."""
    return view(room.state, who(actor), actor.capabilities).pulse


# --- sending -------------------------------------------------------------------------------------
def test_staff_learn_how_many_and_on_which_slide_but_not_who() -> None:
    room = Class().live(TESS, SAM)
    outcome = decide(room.state, envelope(SAM, LOST), START, "alias")
    assert room.state.live is not None
    sent = PulseSent(room.state.live.id, "alias", "lost", PulseCounts(1, 0, 0), "deck1.3")
    assert outcome == (Event(sent, "staff"),)
    assert sent.hides_actor


def test_nothing_of_a_signal_names_its_author() -> None:
    room = Class().live(TESS, SAM)
    alias = room.alias(SAM, LOST)
    before = msgspec.json.encode(room.state)
    room.facts(SAM, LOST)
    after = msgspec.json.encode(room.state)
    assert room.log[-1].actor == RecordedActor("anonymous", alias)
    for name in (b'"sam"', who(SAM).encode()):
        assert after.count(name) == before.count(name)
        assert name not in msgspec.json.encode(room.log[-1])


def test_only_where_the_tenant_wants_names_a_signal_is_signed() -> None:
    room = named(Class().live(TESS, SAM))
    assert secret_of(room.state, LOST) is None
    (sent,) = room.facts(SAM, LOST)
    assert isinstance(sent, PulseSent)
    assert (sent.voter, sent.participant) == (who(SAM), who(SAM))
    assert sees(room, TESS).people == (SignalView(who(SAM), "lost", "deck1.3", START),)


def test_the_latest_signal_of_a_person_counts() -> None:
    room = Class().live(TESS, SAM, VERA)
    room.facts(SAM, LOST)
    room.facts(VERA, FINE)
    room.now += INTERVAL
    room.facts(SAM, FAST)
    assert sees(room, TESS).counts == PulseCounts(0, 1, 1)


def test_a_nervous_finger_is_no_news() -> None:
    room = Class().live(TESS, SAM)
    room.facts(SAM, LOST)
    room.now += INTERVAL - 1
    assert room.facts(SAM, LOST) == ()
    assert room.refusal(SAM, FINE) is Code.TOO_FAST
    room.now += 1
    assert room.facts(SAM, LOST) != ()


def test_the_same_command_is_answered_once() -> None:
    room = Class().live(TESS, SAM, VERA)
    room.ask(SAM, LOST, "once")
    assert recall(room.state, envelope(SAM, LOST, "once"), room.alias(SAM, LOST)) == room.state.seq
    assert recall(room.state, envelope(VERA, LOST, "once"), room.alias(VERA, LOST)) is None


def test_who_may_not_or_is_not_there_sends_nothing() -> None:
    room = Class().live(TESS, SAM)
    assert room.refusal(SERVICE, LOST) is Code.FORBIDDEN
    assert room.refusal(OPERATOR, LOST) is Code.NOT_A_PARTICIPANT
    assert room.refusal(VERA, LOST) is Code.NOT_A_PARTICIPANT
    assert Class().created().refusal(SAM, LOST) is Code.NOT_A_PARTICIPANT


def test_who_was_locked_out_of_the_pulse_sends_nothing() -> None:
    room = Class().live(TESS, SAM)
    room.facts(TESS, LockPermission(Permission.PULSE))
    assert room.refusal(SAM, LOST) is Code.FORBIDDEN


def test_without_an_alias_a_signal_is_refused_not_signed() -> None:
    room = Class().live(TESS, SAM)
    assert isinstance(decide(room.state, envelope(SAM, LOST), START), Rejection)


def test_signals_are_bounded() -> None:
    room = Class().live(TESS, SAM)
    assert room.state.live is not None
    for number in range(PARTICIPANTS_MAX):
        sent = PulseSent(room.state.live.id, f"v{number}", "fine", PulseCounts(0, 0, 0))
        room.state = evolve(room.state, sent, START)
    assert room.refusal(SAM, LOST) is Code.LIMIT_REACHED


# --- fading --------------------------------------------------------------------------------------
def test_old_signals_fade_together_at_the_end_of_a_step() -> None:
    room = Class().live(TESS, SAM, VERA)
    room.facts(SAM, LOST)
    room.now += STEP // 2
    room.facts(VERA, FINE)
    due = next_deadline(room.state)
    assert due is not None
    assert due % STEP == 0
    assert START + EXPIRES <= due < START + EXPIRES + STEP
    room.now = START + EXPIRES
    room.now = due
    (faded,) = room.facts(SERVICE, DeadlinePassed(due))
    assert faded == PulseFaded(due - EXPIRES, PulseCounts(0, 0, 1))
    assert sees(room, TESS).counts == PulseCounts(0, 0, 1)


def test_fading_is_for_staff_and_nothing_fades_early() -> None:
    room = Class().live(TESS, SAM)
    room.facts(SAM, LOST)
    room.now = START + STEP
    assert room.facts(SERVICE, DeadlinePassed(room.now)) == ()
    due = next_deadline(room.state)
    assert due is not None
    outcome = decide(room.state, envelope(SERVICE, DeadlinePassed(due)), due)
    assert isinstance(outcome, tuple)
    assert [event.audience for event in outcome] == ["staff"]


def test_the_pulse_stops_with_the_class_and_its_secret_goes() -> None:
    room = Class().live(TESS, SAM)
    room.facts(SAM, LOST)
    assert room.state.live is not None
    assert secrets_of(room.state) == {room.state.live.id}
    assert secret_of(room.state, LOST) == room.state.live.id
    room.facts(TESS, EndSession())
    assert secrets_of(room.state) == frozenset()
    assert secret_of(room.state, LOST) is None
    assert room.state.pulse.signals == {}
    assert next_deadline(room.state) is None


def test_a_tenant_that_wants_names_has_no_secret() -> None:
    assert secrets_of(named(Class().live(TESS)).state) == frozenset()


# --- seeing --------------------------------------------------------------------------------------
def test_only_staff_see_the_pulse() -> None:
    room = Class().live(TESS, SAM)
    room.facts(SAM, LOST)
    assert sees(room, TESS) == PulseView(PulseCounts(1, 0, 0), ())
    assert sees(room, SAM) == PulseView(PulseCounts(0, 0, 0), ())
