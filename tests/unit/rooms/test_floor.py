"""Hands, turns, light and feelings: the manual of ``rooms.floor``."""

import pytest

from rooms import floor
from rooms.permissions import WITH_FLOOR, Permission, may
from rooms.room import next_deadline, recall
from rooms.view import role_seen
from rooms.viewer import viewer
from schemas.commands import Command
from schemas.commands.deadlines import DeadlinePassed
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
from schemas.commands.lifecycle import EndSession
from schemas.commands.rights import LockPermission, RevokePermission
from schemas.commands.roster import ChangeRole, JoinSession, LeaveSession
from schemas.commands.tracks import MuteTrack, UnmuteTrack
from schemas.envelope import Actor, Event, may_see
from schemas.events.floor import (
    FloorGiven,
    FloorTaken,
    HandLowered,
    HandRaised,
    Reacted,
    Spotlighted,
    UnmuteAsked,
)
from schemas.events.roster import ParticipantLeft
from schemas.events.tracks import TrackClosed, TrackMuted
from schemas.ids import ParticipantId
from schemas.limits import (
    HANDS_MAX,
    REACTION_INTERVAL_S,
    SPEAKING_MAX,
    SPOTLIGHT_MAX,
    UNMUTE_ASKED_AGAIN_S,
)
from schemas.media import Role, Source
from schemas.reactions import Reaction
from schemas.rejections import Code
from schemas.view.floor import FloorView, ReactionCount, SpeakingView
from tests.unit.rooms.classroom import (
    CORA,
    GUS,
    OPERATOR,
    SAM,
    SECOND,
    SERVICE,
    TESS,
    VERA,
    Class,
    envelope,
    person,
    publishing,
    who,
)

NOBODY = ParticipantId("nobody")
OF_STAFF: tuple[Command, ...] = (
    LowerAllHands(),
    NextHand(),
    GiveFloor(who(SAM)),
    TakeFloor(who(SAM)),
    AskToUnmute(who(SAM)),
    Spotlight((who(SAM),)),
)


def lecture(*people: Actor) -> Class:
    """A class in which students only listen."""
    return Class().live(TESS, *people, default_role=Role.VIEWER)


def sees(room: Class, actor: Actor) -> FloorView:
    """The floor as this person sees it."""
    return floor.view(room.state, viewer(room.state, who(actor)))


# --- who may, and from where ---------------------------------------------------------------------
@pytest.mark.parametrize("command", OF_STAFF, ids=lambda command: command.name)
def test_the_floor_is_in_the_hands_of_staff(command: Command) -> None:
    room = Class().live(TESS, CORA, SAM, VERA)
    room.facts(TESS, ChangeRole(who(CORA), Role.CO_HOST))
    assert room.refusal(VERA, command) is Code.FORBIDDEN
    assert room.refusal(SERVICE, command) is Code.FORBIDDEN
    room.facts(SAM, RaiseHand())
    assert isinstance(room.ask(CORA, command), tuple)
    room.facts(SAM, RaiseHand())
    assert isinstance(room.ask(OPERATOR, command), tuple)


@pytest.mark.parametrize(
    ("command", "permission"),
    [
        (LowerAllHands(), Permission.LOWER_HANDS),
        (LowerHand(who(SAM)), Permission.LOWER_HANDS),
        (NextHand(), Permission.GIVE_FLOOR),
        (GiveFloor(who(SAM)), Permission.GIVE_FLOOR),
        (TakeFloor(who(SAM)), Permission.GIVE_FLOOR),
        (AskToUnmute(who(SAM)), Permission.MUTE),
        (Spotlight((who(SAM),)), Permission.SPOTLIGHT),
    ],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_each_wish_needs_its_own_permission(command: Command, permission: Permission) -> None:
    room = Class().live(TESS, CORA, SAM)
    room.facts(TESS, ChangeRole(who(CORA), Role.CO_HOST))
    room.facts(SAM, RaiseHand())
    room.facts(TESS, RevokePermission(who(CORA), permission))
    assert room.refusal(CORA, command) is Code.FORBIDDEN


@pytest.mark.parametrize("command", OF_STAFF, ids=lambda command: command.name)
def test_staff_that_are_not_in_class_do_not_direct_it(command: Command) -> None:
    assert Class().live(SAM).refusal(TESS, command) is Code.NOT_A_PARTICIPANT


@pytest.mark.parametrize("command", OF_STAFF[2:], ids=lambda command: command.name)
def test_who_is_not_in_class_is_not_meant(command: Command) -> None:
    assert Class().live(TESS).refusal(TESS, command) is Code.NO_SUCH_PARTICIPANT


@pytest.mark.parametrize("command", OF_STAFF, ids=lambda command: command.name)
def test_a_repeated_wish_is_remembered_with_its_answer(command: Command) -> None:
    room = Class().live(TESS, SAM)
    room.facts(SAM, RaiseHand())
    if isinstance(command, TakeFloor):
        room.facts(TESS, GiveFloor(who(SAM)))
    assert room.ask(TESS, command, "once") != ()
    assert recall(room.state, envelope(TESS, command, "once", room.now)) == room.state.seq


# --- hands ---------------------------------------------------------------------------------------
def test_hands_stand_in_order_of_raising() -> None:
    room = Class().live(SAM, VERA, GUS)
    for actor in (VERA, SAM, GUS):
        assert room.facts(actor, RaiseHand()) == (HandRaised(who(actor)),)
    assert [h.participant for h in room.state.hands] == [who(VERA), who(SAM), who(GUS)]


def test_a_raised_hand_stays_where_it_is() -> None:
    room = Class().live(SAM)
    room.facts(SAM, RaiseHand())
    assert room.facts(SAM, RaiseHand()) == ()


def test_who_is_not_in_class_has_no_hand() -> None:
    room = Class().live()
    for actor in (SAM, OPERATOR):
        assert room.refusal(actor, RaiseHand()) is Code.NOT_A_PARTICIPANT
        assert room.refusal(actor, LowerHand()) is Code.NOT_A_PARTICIPANT


def test_raising_hands_can_be_locked() -> None:
    room = Class().live(TESS, SAM)
    room.facts(TESS, LockPermission(Permission.RAISE_HAND))
    assert room.refusal(SAM, RaiseHand()) is Code.FORBIDDEN


def test_everybody_lowers_their_own_hand() -> None:
    room = Class().live(SAM, default_role=Role.VIEWER)
    room.facts(SAM, RaiseHand())
    assert room.facts(SAM, LowerHand()) == (HandLowered(who(SAM), who(SAM)),)
    assert room.facts(SAM, LowerHand()) == ()


def test_hosts_lower_anybodys_hand_students_do_not() -> None:
    room = Class().live(TESS, SAM, VERA)
    room.facts(SAM, RaiseHand())
    assert room.refusal(VERA, LowerHand(who(SAM))) is Code.FORBIDDEN
    assert room.facts(TESS, LowerHand(who(SAM))) == (HandLowered(who(SAM), who(TESS)),)
    assert room.refusal(TESS, LowerHand(who(GUS))) is Code.NO_SUCH_PARTICIPANT


def test_all_hands_go_down_in_one_commit() -> None:
    room = Class().live(TESS, SAM, VERA)
    room.facts(VERA, RaiseHand())
    room.facts(SAM, RaiseHand())
    assert room.facts(TESS, LowerAllHands()) == (
        HandLowered(who(VERA), who(TESS)),
        HandLowered(who(SAM), who(TESS)),
    )
    assert room.facts(TESS, LowerAllHands()) == ()


def test_the_queue_of_hands_is_bounded() -> None:
    room = Class().live(*(person(f"student{i}") for i in range(HANDS_MAX)))
    for i in range(HANDS_MAX):
        room.facts(person(f"student{i}"), RaiseHand())
    room.join(SAM)
    assert room.refusal(SAM, RaiseHand()) is Code.LIMIT_REACHED


# --- who has the floor ---------------------------------------------------------------------------
def test_the_floor_lets_a_viewer_speak_and_be_seen() -> None:
    room = lecture(SAM)
    assert room.refusal(SERVICE, publishing(SAM, Source.MICROPHONE)) is Code.FORBIDDEN
    assert room.facts(TESS, GiveFloor(who(SAM))) == (FloorGiven(who(SAM), who(TESS), None),)
    assert room.facts(TESS, GiveFloor(who(SAM))) == ()
    for source in (Source.MICROPHONE, Source.CAMERA):
        assert room.facts(SERVICE, publishing(SAM, source)) != ()
    assert room.refusal(SERVICE, publishing(SAM, Source.SCREEN)) is Code.FORBIDDEN
    assert viewer(room.state, who(SAM)).permissions >= WITH_FLOOR
    assert sees(room, SAM).speaking == (SpeakingView(who(SAM), None),)


def test_the_floor_is_stronger_than_a_lock() -> None:
    room = Class().live(TESS, SAM)
    track = room.publish(SAM, Source.MICROPHONE)
    room.facts(TESS, GiveFloor(who(SAM)))
    room.facts(TESS, LockPermission(Permission.SPEAK))
    assert track in room.state.tracks
    assert room.facts(TESS, TakeFloor(who(SAM))) == (
        FloorTaken(who(SAM), who(TESS)),
        TrackClosed(track, "floor"),
    )


def test_what_was_revoked_for_a_person_is_stronger_than_the_floor() -> None:
    room = Class().live(TESS, SAM)
    room.facts(TESS, RevokePermission(who(SAM), Permission.SPEAK))
    assert room.refusal(TESS, GiveFloor(who(SAM))) is Code.FORBIDDEN
    room.facts(SAM, RaiseHand())
    assert room.refusal(TESS, NextHand()) is Code.FORBIDDEN


def test_the_first_hand_gets_the_floor_and_goes_down() -> None:
    room = lecture(SAM, VERA)
    room.facts(VERA, RaiseHand())
    room.facts(SAM, RaiseHand())
    assert room.facts(TESS, NextHand(seconds=30)) == (
        HandLowered(who(VERA), who(TESS)),
        FloorGiven(who(VERA), who(TESS), room.now + 30 * SECOND),
    )
    assert room.facts(TESS, NextHand()) == (
        HandLowered(who(SAM), who(TESS)),
        FloorGiven(who(SAM), who(TESS), None),
    )
    assert room.refusal(TESS, NextHand()) is Code.NO_HAND


def test_a_hand_goes_down_when_its_owner_gets_the_floor_or_has_it() -> None:
    room = lecture(SAM)
    room.facts(SAM, RaiseHand())
    assert room.facts(TESS, GiveFloor(who(SAM))) == (
        HandLowered(who(SAM), who(TESS)),
        FloorGiven(who(SAM), who(TESS), None),
    )
    room.facts(SAM, RaiseHand())
    assert room.facts(TESS, NextHand()) == (HandLowered(who(SAM), who(TESS)),)


def test_a_turn_ends_by_itself_and_closes_what_it_allowed() -> None:
    room = lecture(SAM)
    room.facts(TESS, GiveFloor(who(SAM), seconds=30))
    track = room.publish(SAM, Source.MICROPHONE)
    camera = room.publish(SAM, Source.CAMERA)
    ends = room.now + 30 * SECOND
    assert next_deadline(room.state) == ends
    room.now = ends
    assert room.facts(SERVICE, DeadlinePassed(ends)) == (
        FloorTaken(who(SAM), None),
        TrackClosed(track, "floor"),
        TrackClosed(camera, "floor"),
    )
    assert not may(room.state, who(SAM), Permission.SPEAK)
    assert room.facts(SERVICE, DeadlinePassed(ends)) == ()


def test_only_turns_whose_time_is_over_end() -> None:
    room = lecture(SAM, VERA, GUS)
    room.facts(TESS, GiveFloor(who(SAM), seconds=30))
    room.facts(TESS, GiveFloor(who(VERA), seconds=60))
    room.facts(TESS, GiveFloor(who(GUS)))
    room.now += 30 * SECOND
    assert room.facts(SERVICE, DeadlinePassed(room.now)) == (FloorTaken(who(SAM), None),)
    assert [s.participant for s in sees(room, TESS).speaking] == [who(VERA), who(GUS)]


def test_a_turn_can_be_made_longer() -> None:
    room = lecture(SAM)
    room.facts(TESS, GiveFloor(who(SAM), seconds=30))
    room.now += 20 * SECOND
    assert room.facts(TESS, GiveFloor(who(SAM), seconds=30)) == (
        FloorGiven(who(SAM), who(TESS), room.now + 30 * SECOND),
    )
    assert next_deadline(room.state) == room.now + 30 * SECOND


def test_whoever_may_speak_anyway_is_muted_when_the_turn_ends() -> None:
    room = Class().live(TESS, SAM)
    track = room.publish(SAM, Source.MICROPHONE)
    room.publish(SAM, Source.CAMERA)
    room.facts(TESS, GiveFloor(who(SAM)))
    assert room.facts(TESS, TakeFloor(who(SAM))) == (
        FloorTaken(who(SAM), who(TESS)),
        TrackMuted(track, who(TESS)),
    )
    room.facts(TESS, GiveFloor(who(SAM)))
    assert room.facts(TESS, TakeFloor(who(SAM))) == (FloorTaken(who(SAM), who(TESS)),)
    assert room.facts(TESS, TakeFloor(who(SAM))) == ()


def test_staff_are_not_muted_by_the_end_of_their_turn() -> None:
    room = Class().live(TESS)
    room.publish(TESS, Source.MICROPHONE)
    room.facts(TESS, GiveFloor(who(TESS)))
    assert room.facts(TESS, TakeFloor()) == (FloorTaken(who(TESS), who(TESS)),)


def test_everybody_gives_their_own_turn_back() -> None:
    room = lecture(SAM)
    room.facts(TESS, GiveFloor(who(SAM)))
    assert room.facts(SAM, TakeFloor()) == (FloorTaken(who(SAM), who(SAM)),)
    assert room.facts(SAM, TakeFloor()) == ()
    assert room.refusal(OPERATOR, TakeFloor()) is Code.NOT_A_PARTICIPANT


def test_a_turn_ends_with_the_person_and_with_the_class() -> None:
    room = lecture(SAM, VERA)
    room.facts(TESS, GiveFloor(who(SAM), seconds=30))
    room.facts(TESS, GiveFloor(who(VERA), seconds=30))
    room.facts(TESS, Spotlight((who(SAM), who(VERA))))
    room.facts(TESS, AskToUnmute(who(SAM)))
    track = room.publish(SAM, Source.MICROPHONE)
    assert room.facts(SAM, LeaveSession()) == (
        TrackClosed(track, "left"),
        ParticipantLeft(who(SAM), "left", room.now),
    )
    assert sees(room, TESS) == FloorView((SpeakingView(who(VERA), room.now + 30_000),), (who(VERA),), (), ())
    room.facts(SAM, JoinSession("Sam"))
    assert not may(room.state, who(SAM), Permission.SPEAK)
    room.facts(TESS, EndSession())
    assert sees(room, TESS) == FloorView((), (), (), ())


def test_the_number_of_turns_is_bounded() -> None:
    students = [person(f"student{i}") for i in range(SPEAKING_MAX)]
    room = lecture(SAM, *students)
    for student in students:
        room.facts(TESS, GiveFloor(who(student)))
    assert room.refusal(TESS, GiveFloor(who(SAM))) is Code.LIMIT_REACHED
    assert room.facts(TESS, GiveFloor(who(students[0]), seconds=9)) != ()


# --- asking to unmute ----------------------------------------------------------------------------
def test_asking_to_unmute_opens_nothing() -> None:
    room = Class().live(TESS, SAM)
    track = room.publish(SAM, Source.MICROPHONE)
    room.facts(SAM, MuteTrack(track))
    assert room.facts(TESS, AskToUnmute(who(SAM))) == (UnmuteAsked(who(SAM), who(TESS)),)
    assert room.state.tracks[track].muted
    room.facts(SAM, UnmuteTrack(track))
    assert sees(room, SAM).asked_to_unmute == ()
    assert room.facts(TESS, AskToUnmute(who(SAM))) == ()


def test_only_the_person_and_staff_learn_who_was_asked() -> None:
    room = Class().live(TESS, SAM, VERA)
    room.facts(TESS, AskToUnmute(who(SAM)))
    (asked,) = room.log[-1].events
    for actor, learns in ((SAM, True), (TESS, True), (VERA, False)):
        assert may_see(asked.audience, who(actor), role_seen(room.state, who(actor))) is learns
        assert sees(room, actor).asked_to_unmute == ((who(SAM),) if learns else ())


def test_a_person_is_asked_again_only_after_a_while() -> None:
    room = Class().live(TESS, SAM)
    room.facts(TESS, AskToUnmute(who(SAM)))
    room.now += int(UNMUTE_ASKED_AGAIN_S * 1000) - 1
    assert room.facts(TESS, AskToUnmute(who(SAM))) == ()
    room.now += 1
    assert room.facts(TESS, AskToUnmute(who(SAM))) == (UnmuteAsked(who(SAM), who(TESS)),)
    assert sees(room, TESS).asked_to_unmute == (who(SAM),)


def test_an_open_microphone_is_the_answer_and_a_camera_is_not() -> None:
    room = Class().live(TESS, SAM, VERA)
    room.facts(TESS, AskToUnmute(who(SAM)))
    camera = room.publish(SAM, Source.CAMERA)
    room.facts(SAM, MuteTrack(camera))
    room.facts(SAM, UnmuteTrack(camera))
    room.publish(VERA, Source.MICROPHONE)
    assert sees(room, SAM).asked_to_unmute == (who(SAM),)
    room.publish(SAM, Source.MICROPHONE)
    assert sees(room, SAM).asked_to_unmute == ()


def test_who_may_not_speak_is_not_asked_to() -> None:
    assert lecture(SAM).refusal(TESS, AskToUnmute(who(SAM))) is Code.FORBIDDEN


# --- light ---------------------------------------------------------------------------------------
def test_the_spotlight_is_on_some_for_all() -> None:
    room = Class().live(TESS, SAM, VERA)
    both = Spotlight((who(VERA), who(SAM), who(VERA)))
    assert room.facts(TESS, both) == (Spotlighted((who(VERA), who(SAM)), who(TESS)),)
    assert room.facts(TESS, both) == ()
    assert sees(room, SAM).spotlight == (who(VERA), who(SAM))
    room.facts(VERA, LeaveSession())
    assert sees(room, SAM).spotlight == (who(SAM),)
    assert room.facts(TESS, Spotlight()) == (Spotlighted((), who(TESS)),)
    assert len(both.participants) <= SPOTLIGHT_MAX


# --- feelings ------------------------------------------------------------------------------------
def test_reactions_are_counted() -> None:
    room = Class().live(TESS, SAM, VERA, default_role=Role.VIEWER)
    assert room.facts(SAM, React(Reaction.CLAP)) == (Reacted(who(SAM), Reaction.CLAP),)
    room.facts(VERA, React(Reaction.HEART))
    room.facts(TESS, React(Reaction.CLAP))
    assert sees(room, SAM).reactions == (ReactionCount(Reaction.CLAP, 2), ReactionCount(Reaction.HEART, 1))


def test_a_person_reacts_only_so_often() -> None:
    room = Class().live(SAM, VERA)
    room.facts(SAM, React(Reaction.CLAP))
    room.now += int(REACTION_INTERVAL_S * 1000) - 1
    assert room.refusal(SAM, React(Reaction.HEART)) is Code.TOO_FAST
    room.facts(VERA, React(Reaction.CLAP))
    room.now += 1
    room.facts(SAM, React(Reaction.HEART))
    assert set(room.state.floor.reacted_at) == {who(SAM), who(VERA)}
    room.now += 60 * SECOND
    room.facts(SAM, React(Reaction.HEART))
    assert set(room.state.floor.reacted_at) == {who(SAM)}


def test_leaving_and_coming_back_is_no_way_to_react_faster() -> None:
    room = Class().live(SAM)
    room.facts(SAM, React(Reaction.CLAP))
    room.facts(SAM, LeaveSession())
    room.join(SAM)
    assert room.refusal(SAM, React(Reaction.CLAP)) is Code.TOO_FAST


def test_who_is_not_in_class_or_locked_shows_no_feelings() -> None:
    room = Class().live(TESS, SAM)
    assert room.refusal(VERA, React(Reaction.CLAP)) is Code.NOT_A_PARTICIPANT
    assert room.refusal(SERVICE, React(Reaction.CLAP)) is Code.FORBIDDEN
    room.facts(TESS, LockPermission(Permission.REACT))
    assert room.refusal(SAM, React(Reaction.CLAP)) is Code.FORBIDDEN


def test_all_of_the_floor_but_asking_is_for_everyone() -> None:
    room = lecture(SAM)
    wishes = (GiveFloor(who(SAM)), TakeFloor(who(SAM)), Spotlight((who(SAM),)), React(Reaction.CLAP))
    for command in wishes:
        room.facts(TESS, command)
        assert [e.audience for e in room.log[-1].events] == ["everyone"] * len(room.log[-1].events)
        assert all(isinstance(e, Event) for e in room.log[-1].events)
