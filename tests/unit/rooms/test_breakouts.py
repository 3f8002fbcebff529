"""Breakout rooms: the manual of the parent's side, of the child's, and of what they tell each other."""

import pytest
from msgspec.structs import replace

from rooms.breakouts import child_room, directives
from rooms.child import report
from rooms.doors import may_enter, may_publish, refuse_entry, root
from rooms.errands import Errand, Told, errands, is_answer
from rooms.room import decide, initial, next_deadline
from rooms.state.breakouts import Visit
from rooms.state.files import File, Files
from rooms.view import view
from rooms.watch import rewatched, watched
from schemas.breakouts import Announcement, CarriedDeck, GroupPlan, StaffMember, VisitorPass
from schemas.commands import Command
from schemas.commands.breakouts import (
    AnswerHelp,
    BroadcastToBreakouts,
    CallForHelp,
    ChooseBreakout,
    CloseBreakouts,
    ConfirmClosed,
    DirectBreakout,
    EndBreakout,
    ExtendBreakouts,
    LeaveBreakout,
    MoveParticipant,
    OpenBreakouts,
    PlanAtRandom,
    PlanBreakouts,
    PlanByNumber,
    PlanLikeLastTime,
    ReportBreakout,
    SpeakToAll,
    StopSpeakingToAll,
    VisitBreakout,
    WithdrawHelp,
)
from schemas.commands.deadlines import DeadlinePassed
from schemas.commands.floor import RaiseHand
from schemas.commands.lifecycle import ChangeSettings, EndSession, StartSession
from schemas.commands.media import PlaceRoom
from schemas.commands.rights import LockPermission, RevokePermission
from schemas.commands.roster import ChangeRole, JoinSession, LeaveSession, RemoveParticipant
from schemas.commands.studio import AddDeck
from schemas.envelope import AND_STAFF, Actor, Audience, Event, encode_command
from schemas.events import EventData
from schemas.events.breakouts import (
    AnnouncementMade,
    BreakoutActivity,
    BreakoutsClosed,
    BreakoutsEndMoved,
    BreakoutsOpened,
    BreakoutsPlanned,
    ChildrenClosed,
    ChildStaffChanged,
    ClosedAsChild,
    Directed,
    DoorOpened,
    HelpCalled,
    HelpEnded,
    HelpQueued,
    HelpUnqueued,
    MembersChanged,
    OpenedAsChild,
    ParticipantMoved,
    SpeakingToAllStarted,
    SpeakingToAllStopped,
    VisitEnded,
    VisitorCame,
    VisitorWent,
    VisitStarted,
)
from schemas.events.lifecycle import RoomCreated, SessionEnded, SessionStarted, SettingsChanged
from schemas.events.rights import PermissionLocked, PermissionUnlocked, PolicyApplied
from schemas.events.roster import ParticipantLeft, RoleChanged
from schemas.events.studio import DeckAdded
from schemas.events.tracks import TrackClosed
from schemas.ids import DeckId, FileId, GroupId, OpeningId, RoomId, RoomKey, SessionId, UserId, participant_id
from schemas.limits import (
    BREAKOUT_CARRY_MAX,
    BREAKOUT_MEMBERS_MAX,
    BREAKOUT_MINUTES_MAX,
    BREAKOUT_NAME_CHARS_MAX,
    BREAKOUT_STAFF_MAX,
    BREAKOUT_TEXT_CHARS_MAX,
    BREAKOUT_TEXTS_KEPT_MAX,
    BREAKOUT_VISITORS_MAX,
    BREAKOUTS_CLOSING_MAX,
    BREAKOUTS_MAX,
    COMMAND_BYTES_MAX,
    CUSTOM_ROLE_NAME_CHARS_MAX,
    CUSTOM_ROLES_MAX,
    NAME_CHARS_MAX,
    PARTICIPANTS_MAX,
    TITLE_CHARS_MAX,
)
from schemas.media import Role, Source
from schemas.permissions import Permission
from schemas.policy import CustomRole, Policy
from schemas.rejections import Code
from schemas.room_settings import RoomSettings
from tests.unit.rooms.classroom import (
    CORA,
    GUS,
    KEY,
    NODE,
    OPERATOR,
    SAM,
    SECOND,
    SERVICE,
    START,
    TESS,
    VERA,
    Class,
    envelope,
    person,
    who,
)

MINUTE = 60 * SECOND
GONE = GroupId("gone")
TWO = PlanBreakouts((GroupPlan("Red", (who(SAM),)), GroupPlan("Blue", (who(VERA),))))


# --- given ---------------------------------------------------------------------------------------
def planned() -> Class:
    """Sam is planned for Red, Vera for Blue; Gus is in class and in no group."""
    room = Class().live(TESS, CORA, SAM, VERA, GUS)
    room.facts(TESS, ChangeRole(who(CORA), Role.CO_HOST))
    room.facts(TESS, TWO)
    return room


def opened(minutes: int | None = None, *, free_choice: bool = False) -> Class:
    """The same, open."""
    room = planned()
    room.facts(TESS, OpenBreakouts(minutes, free_choice=free_choice))
    return room


def red(room: Class) -> GroupId:
    """The first group."""
    return room.state.breakouts.groups[0].id


def blue(room: Class) -> GroupId:
    """The second group."""
    return room.state.breakouts.groups[1].id


def told(room: Class, *present: Actor, hands: int = 0, help: int = 0, over: bool = False) -> ReportBreakout:  # noqa: A002  The field's name.
    """What Red tells of itself."""
    opening = room.state.breakouts.opening
    assert opening is not None
    return ReportBreakout(opening.id, red(room), tuple(who(p) for p in present), hands, help, over)


def ready(minutes: int | None = None) -> Class:
    """Open, and Red is there."""
    room = opened(minutes)
    room.facts(SERVICE, told(room))
    return room


def people_of(room: Class) -> list[tuple[str, ...]]:
    """Who is in which group."""
    return [group.participants for group in room.state.breakouts.groups]


def audience(room: Class, fact: type[EventData]) -> Audience:
    """To whom the latest commit shows a fact."""
    return next(event.audience for event in room.log[-1].events if isinstance(event.data, fact))


# --- roles and presence --------------------------------------------------------------------------
STAFF_ONLY: tuple[Command, ...] = (
    TWO,
    PlanByNumber(2),
    PlanAtRandom(groups=2),
    PlanLikeLastTime(),
    MoveParticipant(who(SAM)),
    OpenBreakouts(),
    BroadcastToBreakouts("Hello."),
    ExtendBreakouts(1),
    CloseBreakouts(),
    AnswerHelp(GONE),
    VisitBreakout(GONE),
    SpeakToAll(),
    StopSpeakingToAll(),
)
PEOPLE_ONLY: tuple[Command, ...] = (
    ChooseBreakout(GONE),
    LeaveBreakout(),
    CallForHelp(),
    WithdrawHelp(),
    VisitBreakout(GONE),
    SpeakToAll(),
)
BETWEEN_ROOMS: tuple[Command, ...] = (
    EndBreakout(OpeningId("o")),
    ReportBreakout(OpeningId("o"), GONE),
    ConfirmClosed((RoomId("b"),)),
)


@pytest.mark.parametrize("command", STAFF_ONLY, ids=lambda c: c.name)
def test_only_staff_plan_open_direct_and_visit(command: Command) -> None:
    assert opened().refusal(SAM, command) is Code.FORBIDDEN


@pytest.mark.parametrize("command", PEOPLE_ONLY, ids=lambda c: c.name)
def test_only_who_is_in_class_goes_somewhere_or_calls(command: Command) -> None:
    room = opened(free_choice=True)
    room.facts(TESS, LeaveSession())
    assert room.refusal(TESS, command) is Code.NOT_A_PARTICIPANT


@pytest.mark.parametrize("command", BETWEEN_ROOMS, ids=lambda c: c.name)
def test_only_the_service_speaks_for_another_room(command: Command) -> None:
    for actor in (TESS, OPERATOR):
        assert opened().refusal(actor, command) is Code.FORBIDDEN


@pytest.mark.parametrize(
    "command",
    [
        ChooseBreakout(GONE),
        BroadcastToBreakouts("Hello."),
        ExtendBreakouts(1),
        AnswerHelp(GONE),
        VisitBreakout(GONE),
        SpeakToAll(),
    ],
    ids=lambda c: c.name,
)
def test_nothing_happens_in_rooms_that_are_not_open(command: Command) -> None:
    assert planned().refusal(TESS, command) is Code.BREAKOUTS_NOT_OPEN


@pytest.mark.parametrize(
    "command",
    [MoveParticipant(who(SAM), GONE), ChooseBreakout(GONE), AnswerHelp(GONE), VisitBreakout(GONE)],
    ids=lambda c: c.name,
)
def test_a_group_that_is_not_there_is_refused(command: Command) -> None:
    assert opened().refusal(TESS, command) is Code.NO_SUCH_GROUP


# --- planning ------------------------------------------------------------------------------------
def test_groups_are_planned_by_hand_before_class_and_shown_to_staff() -> None:
    room = Class().created()
    (fact,) = room.facts(TESS, TWO)
    assert isinstance(fact, BreakoutsPlanned)
    assert [(g.name, g.participants) for g in fact.groups] == [("Red", (who(SAM),)), ("Blue", (who(VERA),))]
    assert len({g.id for g in fact.groups}) == 2
    assert audience(room, BreakoutsPlanned) == "staff"
    assert room.facts(TESS, TWO) == (), "the same plan is no news"


def test_an_operator_plans_as_a_host_does() -> None:
    assert Class().created().facts(OPERATOR, TWO) != ()


def test_a_plan_without_groups_is_no_plan() -> None:
    room = planned()
    assert room.facts(TESS, PlanBreakouts(())) == (BreakoutsPlanned(()),)
    assert room.refusal(TESS, OpenBreakouts()) is Code.NO_SUCH_GROUP


def test_nobody_is_planned_for_two_groups_and_no_group_is_nameless() -> None:
    twice = PlanBreakouts((GroupPlan("Red", (who(SAM),)), GroupPlan("Blue", (who(SAM),))))
    assert Class().created().refusal(TESS, twice) is Code.MALFORMED
    assert Class().created().refusal(TESS, PlanBreakouts((GroupPlan(" "),))) is Code.MALFORMED


def test_more_people_than_a_class_has_are_not_planned() -> None:
    crowd = [participant_id(KEY, f"s{i}") for i in range(PARTICIPANTS_MAX + 1)]
    groups = [
        GroupPlan(f"{i}", tuple(crowd[i : i + BREAKOUT_MEMBERS_MAX]))
        for i in range(0, len(crowd), BREAKOUT_MEMBERS_MAX)
    ]
    assert Class().created().refusal(TESS, PlanBreakouts(tuple(groups))) is Code.LIMIT_REACHED


def test_counting_off_deals_those_in_class_but_staff_in_order_of_coming() -> None:
    room = planned()
    room.facts(TESS, PlanByNumber(2))
    assert [g.name for g in room.state.breakouts.groups] == ["1", "2"]
    assert people_of(room) == [(who(SAM), who(GUS)), (who(VERA),)]


def test_a_drawing_with_the_same_seed_is_the_same_drawing() -> None:
    first, second = planned(), planned()
    first.facts(TESS, PlanAtRandom(size=2, seed="dice"))
    second.facts(CORA, PlanAtRandom(groups=2, seed="dice"))
    assert people_of(first) == people_of(second)
    assert {p for group in people_of(first) for p in group} == {who(SAM), who(VERA), who(GUS)}


def test_a_drawing_without_seed_follows_from_the_command_and_is_balanced() -> None:
    room = Class().live(TESS, *(person(f"s{i}") for i in range(11)))
    command = envelope(TESS, PlanAtRandom(groups=3), "draw")
    first = decide(room.state, command, START)
    assert first == decide(room.state, command, START), "a retry draws the same"
    assert first != decide(room.state, envelope(TESS, PlanAtRandom(groups=3), "draw2"), START)
    room.ask(TESS, PlanAtRandom(groups=3), "draw")
    assert sorted(len(group) for group in people_of(room)) == [3, 4, 4]


def test_a_drawing_needs_a_number_or_a_size_and_keeps_the_bounds() -> None:
    room = planned()
    assert room.refusal(TESS, PlanAtRandom()) is Code.MALFORMED
    assert room.refusal(TESS, PlanAtRandom(groups=2, size=2)) is Code.MALFORMED
    crowd = Class().live(TESS, *(person(f"s{i}") for i in range(BREAKOUTS_MAX + 1)))
    assert crowd.refusal(TESS, PlanAtRandom(size=1)) is Code.LIMIT_REACHED


def test_one_group_is_never_larger_than_what_a_child_room_can_be_told() -> None:
    room = Class().live(TESS)
    someone = room.state.participants[who(TESS)]
    crowd = {
        p: replace(someone, id=p, role=Role.SPEAKER)
        for p in (participant_id(KEY, f"s{i}") for i in range(BREAKOUT_MEMBERS_MAX + 1))
    }
    room.state = replace(room.state, participants={**room.state.participants, **crowd})
    assert room.refusal(TESS, PlanByNumber(1)) is Code.LIMIT_REACHED
    room.facts(TESS, PlanByNumber(2))
    full = replace(room.state.breakouts.groups[0], participants=tuple(crowd)[:BREAKOUT_MEMBERS_MAX])
    others = replace(room.state.breakouts.groups[1], participants=())
    room.state = replace(room.state, breakouts=replace(room.state.breakouts, groups=(full, others)))
    assert room.refusal(TESS, MoveParticipant(tuple(crowd)[-1], full.id)) is Code.LIMIT_REACHED


def test_the_groups_of_last_time_come_back_in_another_lesson() -> None:
    room = ready()
    before = people_of(room)
    room.facts(TESS, EndSession())
    room.facts(TESS, PlanByNumber(1))
    room.facts(TESS, StartSession())
    room.facts(TESS, PlanLikeLastTime())
    assert people_of(room) == before
    assert room.facts(TESS, PlanLikeLastTime()) == ()


def test_there_is_no_last_time_before_the_first() -> None:
    assert planned().refusal(TESS, PlanLikeLastTime()) is Code.NO_SUCH_GROUP


def test_what_is_open_is_not_planned_anew() -> None:
    assert opened().refusal(TESS, PlanByNumber(2)) is Code.BREAKOUTS_OPEN


# --- moving --------------------------------------------------------------------------------------
def test_a_person_is_moved_before_opening_and_only_staff_know() -> None:
    room = planned()
    assert room.facts(TESS, MoveParticipant(who(GUS), red(room))) == (ParticipantMoved(who(GUS), red(room)),)
    assert audience(room, ParticipantMoved) == "staff"
    assert people_of(room) == [(who(SAM), who(GUS)), (who(VERA),)]
    assert room.facts(TESS, MoveParticipant(who(GUS), red(room))) == ()


def test_who_is_moved_while_open_is_shown_the_way() -> None:
    room = ready()
    facts = room.facts(CORA, MoveParticipant(who(VERA), red(room)))
    assert facts == (ParticipantMoved(who(VERA), red(room)), DoorOpened(red(room), child_of(room, red(room))))
    assert audience(room, ParticipantMoved) == "everyone"
    assert audience(room, DoorOpened) == (who(VERA),)


def test_nobody_is_shown_a_door_that_is_not_there_yet() -> None:
    room = opened()
    assert room.facts(TESS, MoveParticipant(who(VERA), red(room))) == (
        ParticipantMoved(who(VERA), red(room)),
    )
    assert audience(room, ParticipantMoved) == "everyone"


def test_a_person_is_taken_out_of_all_groups() -> None:
    room = planned()
    room.facts(TESS, MoveParticipant(who(SAM)))
    assert people_of(room) == [(), (who(VERA),)]
    assert room.facts(TESS, MoveParticipant(who(SAM))) == ()


def test_who_is_removed_from_class_is_in_no_group() -> None:
    room = ready()
    room.facts(TESS, RemoveParticipant(who(SAM)))
    assert people_of(room) == [(), (who(VERA),)]


def test_who_just_leaves_keeps_the_place() -> None:
    room = ready()
    room.facts(SAM, LeaveSession())
    assert people_of(room)[0] == (who(SAM),)


# --- opening and closing -------------------------------------------------------------------------
def child_of(room: Class, group: GroupId) -> RoomId:
    """The child room of a group of what is open."""
    opening = room.state.breakouts.opening
    assert opening is not None
    return child_room(KEY, opening.id, group)


def test_opening_names_the_groups_and_everybody_sees_them() -> None:
    room = planned()
    room.facts(TESS, AddDeck("Sets", 3, FileId("f1"), DeckId("d1")))
    (fact,) = room.facts(TESS, OpenBreakouts(10, ("d1", "d1")))
    assert isinstance(fact, BreakoutsOpened)
    assert (fact.ends_at, fact.carry, fact.free_choice) == (START + 10 * MINUTE, ("d1",), False)
    assert fact.groups == room.state.breakouts.groups == room.state.breakouts.last
    assert audience(room, BreakoutsOpened) == "everyone"
    assert room.refusal(TESS, OpenBreakouts()) is Code.BREAKOUTS_OPEN


def test_chosen_slides_are_carried_into_every_group_to_be_drawn_on_there() -> None:
    room = planned()
    assert room.refusal(TESS, OpenBreakouts(carry=("d1",))) is Code.NO_SUCH_FILE
    room.facts(TESS, AddDeck("Sets", 3, FileId("f1"), DeckId("d1")))
    room.facts(TESS, AddDeck("Not these", 9, FileId("f2"), DeckId("d2")))
    room.facts(TESS, OpenBreakouts(carry=("d1",)))
    group = nothing()
    facts = group.facts(SERVICE, asked(room)[0].command)
    assert [f for f in facts if isinstance(f, DeckAdded)] == [
        DeckAdded(DeckId("d1"), "Sets", 3, FileId("f1"))
    ]
    of = group.state.breakouts.of
    assert of is not None
    assert of.carry == ("d1",)
    group.facts(SERVICE, EndBreakout(of.opening))
    room.facts(TESS, CloseBreakouts(0))
    room.facts(TESS, OpenBreakouts(carry=("d1",)))
    again = replace(asked(room)[0].command, version=99)
    assert not [f for f in group.facts(SERVICE, again) if isinstance(f, DeckAdded)], "they are there"


def test_files_are_carried_by_name_and_opened_in_the_parent_room() -> None:
    room = planned()
    file = File(FileId("f1"), "a.pdf", 9, "application/pdf", "library", True, who(TESS), "Tess", START)
    room.state = replace(room.state, files=Files((file,)))
    room.facts(TESS, OpenBreakouts(carry=("f1",)))
    assert [(d.carry, d.decks) for _, d in directives(room.state)] == [(("f1",), ())] * 2


def test_only_a_running_class_goes_into_groups() -> None:
    room = Class().created()
    room.facts(TESS, TWO)
    assert room.refusal(TESS, OpenBreakouts()) is Code.SESSION_NOT_LIVE


def test_a_door_opens_when_its_room_is_there() -> None:
    room = opened()
    assert room.facts(SERVICE, told(room)) == (DoorOpened(red(room), child_of(room, red(room))),)
    assert audience(room, DoorOpened) == (who(SAM), AND_STAFF)
    assert room.facts(SERVICE, told(room)) == ()


def test_where_people_choose_every_door_is_for_everybody() -> None:
    room = opened(free_choice=True)
    room.facts(SERVICE, told(room))
    assert audience(room, DoorOpened) == "everyone"
    assert room.facts(GUS, ChooseBreakout(red(room))) == (ParticipantMoved(who(GUS), red(room)),)
    assert room.facts(GUS, ChooseBreakout(red(room))) == ()
    assert room.facts(GUS, LeaveBreakout()) == (ParticipantMoved(who(GUS), None),)


def test_whom_staff_have_put_somewhere_does_not_choose_and_keeps_the_place() -> None:
    room = ready()
    assert room.refusal(SAM, ChooseBreakout(blue(room))) is Code.FORBIDDEN
    assert room.facts(SAM, LeaveBreakout()) == ()
    assert room.facts(CORA, ChooseBreakout(blue(room))) != (), "staff go where they want"


def test_groups_of_two_openings_have_rooms_of_their_own() -> None:
    room = ready()
    first = child_of(room, red(room))
    room.facts(TESS, CloseBreakouts(0))
    room.facts(TESS, OpenBreakouts())
    assert child_of(room, red(room)) != first


def test_the_end_is_put_off_and_brought_near() -> None:
    room = opened(10)
    assert next_deadline(room.state) == START + 10 * MINUTE
    assert room.facts(TESS, ExtendBreakouts(5)) == (BreakoutsEndMoved(START + 15 * MINUTE, closing=False),)
    assert room.facts(CORA, CloseBreakouts(30)) == (BreakoutsEndMoved(START + 30 * SECOND, closing=True),)
    assert room.facts(TESS, CloseBreakouts(60)) == (), "it ends sooner anyway"
    assert room.facts(TESS, ExtendBreakouts(1)) == (BreakoutsEndMoved(START + 90 * SECOND, closing=False),), (
        "more time stops the countdown"
    )


def test_without_limit_there_is_nothing_to_extend() -> None:
    assert opened().facts(TESS, ExtendBreakouts(5)) == ()


def test_the_end_is_not_put_off_for_ever() -> None:
    room = opened(BREAKOUT_MINUTES_MAX)
    room.facts(TESS, ExtendBreakouts(BREAKOUT_MINUTES_MAX))
    assert room.refusal(TESS, ExtendBreakouts(1)) is Code.LIMIT_REACHED


def test_at_the_end_everybody_comes_back_by_itself() -> None:
    room = opened(1)
    opening = room.state.breakouts.opening
    assert opening is not None
    room.now += MINUTE
    assert room.facts(SERVICE, DeadlinePassed(room.now)) == (BreakoutsClosed(opening.id),)
    assert room.state.breakouts.opening is None
    assert len(room.state.breakouts.closing) == 2


def test_before_the_end_nothing_happens_by_itself() -> None:
    room = opened(1)
    assert room.facts(SERVICE, DeadlinePassed(room.now)) == ()


def test_closing_at_once_keeps_the_plan_and_closing_again_is_no_news() -> None:
    room = ready()
    groups = room.state.breakouts.groups
    (fact,) = room.facts(TESS, CloseBreakouts(0))
    assert isinstance(fact, BreakoutsClosed)
    assert audience(room, BreakoutsClosed) == "everyone"
    assert room.state.breakouts.groups == groups
    assert room.facts(TESS, CloseBreakouts(0)) == ()


def test_the_end_of_the_class_closes_what_is_open() -> None:
    room = ready()
    room.facts(TESS, SpeakToAll())
    room.facts(TESS, EndSession())
    after = room.state.breakouts
    assert (after.opening, after.visits, after.speaking) == (None, (), None)
    assert len(after.closing) == 2


def test_children_that_have_heard_are_forgotten() -> None:
    room = ready()
    room.facts(TESS, CloseBreakouts(0))
    rooms = tuple(c.room for c in room.state.breakouts.closing)
    assert room.facts(SERVICE, ConfirmClosed((*rooms, RoomId("stranger")))) == (ChildrenClosed(rooms),)
    assert audience(room, ChildrenClosed) == "staff"
    assert room.state.breakouts.closing == ()
    assert room.facts(SERVICE, ConfirmClosed(rooms)) == ()


def test_rooms_that_cannot_be_closed_do_not_pile_up() -> None:
    room = planned()
    for _ in range(BREAKOUTS_CLOSING_MAX // 2):
        room.facts(TESS, OpenBreakouts())
        room.facts(TESS, CloseBreakouts(0))
    assert room.refusal(TESS, OpenBreakouts()) is Code.LIMIT_REACHED


# --- texts, help, visits -------------------------------------------------------------------------
def test_a_text_for_all_is_counted_and_the_latest_are_kept() -> None:
    room = ready()
    assert room.facts(TESS, BroadcastToBreakouts(" Five minutes. ")) == (
        AnnouncementMade(1, "Five minutes.", "Tess"),
    )
    assert audience(room, AnnouncementMade) == "everyone"
    for i in range(BREAKOUT_TEXTS_KEPT_MAX):
        room.facts(CORA, BroadcastToBreakouts(f"Text {i}"))
    opening = room.state.breakouts.opening
    assert opening is not None
    latest = range(2, BREAKOUT_TEXTS_KEPT_MAX + 2)
    assert [a.number for a in opening.announcements] == list(latest)
    assert room.refusal(TESS, BroadcastToBreakouts("  ")) is Code.MALFORMED
    (fact,) = room.facts(OPERATOR, BroadcastToBreakouts("The bell rings."))
    assert fact == AnnouncementMade(BREAKOUT_TEXTS_KEPT_MAX + 2, "The bell rings.", "")


def test_calls_for_help_queue_until_they_are_answered() -> None:
    room = ready()
    assert room.facts(SERVICE, told(room, help=1)) == (HelpQueued(red(room), 1),)
    assert audience(room, HelpQueued) == "staff"
    assert room.facts(CORA, AnswerHelp(red(room))) == (HelpUnqueued(red(room), 1, answered=True),)
    assert room.facts(CORA, AnswerHelp(red(room))) == ()
    assert room.facts(SERVICE, told(room, help=1)) == (), "the child has not heard of the answer yet"
    assert room.facts(SERVICE, told(room, help=2)) == (HelpQueued(red(room), 2),)


def test_a_call_that_is_withdrawn_leaves_the_queue() -> None:
    room = ready()
    room.facts(SERVICE, told(room, help=1))
    assert room.facts(SERVICE, told(room)) == (HelpUnqueued(red(room), 1, answered=False),)
    room.facts(SERVICE, told(room, help=2))
    assert room.facts(SERVICE, told(room, help=3)) == (
        HelpUnqueued(red(room), 2, answered=False),
        HelpQueued(red(room), 3),
    )


def test_staff_see_who_is_in_a_child_room_and_what_happens_there() -> None:
    room = ready()
    assert room.facts(SERVICE, told(room, SAM, hands=2)) == (
        BreakoutActivity(red(room), (who(SAM),), 2, over=False),
    )
    assert audience(room, BreakoutActivity) == "staff"
    assert room.facts(SERVICE, told(room, SAM, hands=2)) == ()
    assert room.facts(SERVICE, told(room, over=True)) == (BreakoutActivity(red(room), (), 0, over=True),)


def test_a_report_of_another_opening_or_group_is_refused() -> None:
    room = ready()
    assert room.refusal(SERVICE, replace(told(room), opening=OpeningId("other"))) is Code.BREAKOUTS_NOT_OPEN
    assert room.refusal(SERVICE, replace(told(room), group=GONE)) is Code.NO_SUCH_GROUP
    report = told(room)
    room.facts(TESS, CloseBreakouts(0))
    assert room.refusal(SERVICE, report) is Code.BREAKOUTS_NOT_OPEN


def test_a_visit_replaces_the_one_before_and_ends() -> None:
    room = ready()
    visit = VisitStarted(who(CORA), red(room), child_of(room, red(room)), "listen")
    assert room.facts(CORA, VisitBreakout(red(room), "listen")) == (visit,)
    assert audience(room, VisitStarted) == (who(CORA), AND_STAFF)
    assert room.facts(CORA, VisitBreakout(red(room), "listen")) == ()
    room.facts(CORA, VisitBreakout(blue(room)))
    assert [v.group for v in room.state.breakouts.visits] == [blue(room)]
    assert room.facts(CORA, LeaveBreakout()) == (VisitEnded(who(CORA)),)
    assert audience(room, VisitEnded) == (who(CORA), AND_STAFF)
    assert room.facts(CORA, LeaveBreakout()) == ()


def test_visits_are_bounded() -> None:
    room = ready()
    visits = tuple(
        Visit(participant_id(KEY, f"v{i}"), red(room), "visit") for i in range(BREAKOUT_VISITORS_MAX)
    )
    room.state = replace(room.state, breakouts=replace(room.state.breakouts, visits=visits))
    assert room.refusal(CORA, VisitBreakout(red(room))) is Code.LIMIT_REACHED


def test_one_person_speaks_to_all_until_stopped() -> None:
    room = ready()
    assert room.facts(TESS, SpeakToAll()) == (SpeakingToAllStarted(who(TESS)),)
    assert audience(room, SpeakingToAllStarted) == "everyone"
    assert room.facts(TESS, SpeakToAll()) == ()
    assert room.facts(CORA, SpeakToAll()) == (
        SpeakingToAllStopped(who(TESS)),
        SpeakingToAllStarted(who(CORA)),
    )
    assert room.facts(TESS, StopSpeakingToAll()) == (SpeakingToAllStopped(who(CORA)),)
    assert room.facts(TESS, StopSpeakingToAll()) == ()


def test_who_leaves_the_class_visits_nobody_and_speaks_to_nobody() -> None:
    room = ready()
    room.facts(CORA, VisitBreakout(red(room)))
    room.facts(CORA, SpeakToAll())
    room.facts(CORA, LeaveSession())
    assert (room.state.breakouts.visits, room.state.breakouts.speaking) == ((), None)


# --- the child -----------------------------------------------------------------------------------
CHILD = RoomKey(KEY.tenant, RoomId("bchild"))
OPENING = OpeningId("o1")
BE = DirectBreakout(
    title="Algebra: Red",
    owner=UserId("tess"),
    parent=KEY.room,
    session=SessionId("s1"),
    opening=OPENING,
    group=GroupId("g1"),
    group_name="Red",
    members=(who(SAM), who(VERA)),
    version=10,
)
AS_COHOST = StaffMember("cora", Role.CO_HOST)


def inside(actor: Actor) -> Actor:
    """The same person in the child room."""
    return replace(actor, participant=participant_id(CHILD, actor.id))


def nothing() -> Class:
    """A room of which the log says nothing."""
    room = Class()
    room.state = initial(CHILD)
    return room


def child(*people: Actor) -> Class:
    """A child room with these people in it."""
    room = nothing()
    room.facts(SERVICE, BE)
    room.facts(SERVICE, PlaceRoom(NODE))
    return room.join(*(inside(p) for p in people))


def test_a_child_room_is_created_for_the_same_owner_and_its_class_runs() -> None:
    room = nothing()
    facts = room.facts(SERVICE, replace(BE, staff=(AS_COHOST,)))
    assert facts[0] == RoomCreated("Algebra: Red", UserId("tess"), Role.SPEAKER)
    assert facts[1] == OpenedAsChild(
        KEY.room, SessionId("s1"), OPENING, GroupId("g1"), "Red", (who(SAM), who(VERA)), None, ()
    )
    assert isinstance(facts[2], SessionStarted)
    assert facts[3:] == (ChildStaffChanged((AS_COHOST,)), Directed(10))
    assert audience(room, ChildStaffChanged) == audience(room, Directed) == "staff"
    assert root(room.state) == KEY


def test_only_the_service_makes_a_child_room() -> None:
    for actor in (TESS, OPERATOR):
        assert nothing().refusal(actor, BE) is Code.FORBIDDEN


def test_a_child_room_is_set_up_as_its_parent_is() -> None:
    settings, policy = RoomSettings(default_role=Role.VIEWER, slow_mode_s=5), Policy(version=3)
    told_so = replace(BE, default_role="viewer", settings=settings, policy=policy)
    facts = nothing().facts(SERVICE, told_so)
    assert SettingsChanged(RoomSettings(default_role=Role.VIEWER), settings) in facts
    assert PolicyApplied(Policy(), policy) in facts


def test_said_again_it_changes_nothing_and_what_is_stale_changes_nothing() -> None:
    room = child(SAM)
    assert room.facts(SERVICE, replace(BE, version=11)) == ()
    room.facts(SERVICE, replace(BE, members=(who(SAM),), version=12))
    assert room.facts(SERVICE, replace(BE, version=11)) == ()
    assert room.facts(SERVICE, replace(BE, opening=OpeningId("o0"), version=9)) == ()


def test_a_room_that_is_there_is_taken_in_as_it_is() -> None:
    room = Class().live(SAM, GUS)
    facts = room.facts(SERVICE, BE)
    assert [type(fact) for fact in facts] == [OpenedAsChild, ParticipantLeft, Directed]
    assert root(room.state) == KEY


def test_a_parent_of_open_rooms_becomes_nobodys_child_and_a_child_nobodys_parent() -> None:
    assert opened().refusal(SERVICE, BE) is Code.BREAKOUTS_OPEN
    room = child(SAM)
    room.facts(inside(TESS), TWO)
    assert room.refusal(inside(TESS), OpenBreakouts()) is Code.IS_A_BREAKOUT


def test_into_a_child_room_come_its_members_staff_and_visitors() -> None:
    room = child()
    room.facts(
        SERVICE, replace(BE, visitors=(VisitorPass("gus", "Gus", "visit"),), staff=(AS_COHOST,), version=11)
    )
    role = Role.SPEAKER
    assert may_enter(room.state, "sam", role)
    assert may_enter(room.state, "gus", role)
    assert may_enter(room.state, "tess", Role.HOST)
    assert refuse_entry(room.state, "sam", role) is None
    refusal = refuse_entry(room.state, "stranger", role)
    assert refusal is not None
    assert refusal.code is Code.NOT_YOUR_GROUP
    assert may_enter(Class().live().state, "stranger", role), "another room has other doors"
    room.join(inside(CORA))
    assert room.state.participants[participant_id(CHILD, "cora")].role is Role.CO_HOST


def test_nobody_else_joins_a_child_room() -> None:
    room = child()
    assert room.refusal(inside(GUS), JoinSession("Gus")) is Code.NOT_YOUR_GROUP
    room.join(inside(SAM), inside(TESS))


def test_who_is_moved_away_leaves_and_may_come_back() -> None:
    room = child(SAM, VERA)
    room.facts(inside(SAM), RaiseHand())
    facts = room.facts(SERVICE, replace(BE, members=(who(VERA),), version=11))
    sam = participant_id(CHILD, "sam")
    assert facts[0] == MembersChanged((who(VERA),))
    assert ParticipantLeft(sam, "left", START) in facts
    assert audience(room, MembersChanged) == "everyone"
    room.facts(SERVICE, replace(BE, version=12))
    room.join(inside(SAM))


def test_the_owner_stays_whatever_the_parent_says() -> None:
    room = child(TESS)
    assert room.facts(SERVICE, replace(BE, members=(), version=11)) == (MembersChanged(()), Directed(11))


def test_a_role_in_the_parent_is_a_role_in_the_child() -> None:
    room = child(SAM)
    room.facts(SERVICE, replace(BE, default_role="viewer", version=11))
    sam = participant_id(CHILD, "sam")
    room.publish(inside(SAM), Source.CAMERA)
    risen = replace(BE, staff=(StaffMember("sam", Role.CO_HOST),), version=12)
    assert RoleChanged(sam, Role.SPEAKER, Role.CO_HOST) in room.facts(SERVICE, risen)
    room.state = replace(room.state, settings=replace(room.state.settings, default_role=Role.VIEWER))
    facts = room.facts(SERVICE, replace(BE, version=13))
    assert RoleChanged(sam, Role.CO_HOST, Role.VIEWER) in facts
    assert TrackClosed("sam-camera", "role") in facts  # type: ignore[arg-type]  # A track's id.
    assert room.state.members == {}


def test_staff_that_are_staff_no_more_leave_unless_it_is_their_group() -> None:
    room = nothing()
    room.facts(SERVICE, replace(BE, staff=(AS_COHOST,)))
    room.join(inside(CORA))
    facts = room.facts(SERVICE, replace(BE, version=11))
    assert ParticipantLeft(participant_id(CHILD, "cora"), "left", START) in facts


def test_everybody_sees_who_listens_and_a_listener_publishes_nothing() -> None:
    room = child()
    listens = replace(BE, visitors=(VisitorPass("gus", "Gus", "visit"),), version=11)
    gus = participant_id(CHILD, "gus")
    assert room.facts(SERVICE, listens)[0] == VisitorCame(gus, "Gus", "visit", to_all=False)
    assert audience(room, VisitorCame) == "everyone"
    room.join(inside(GUS))
    room.publish(inside(GUS), Source.MICROPHONE)
    camera = room.publish(inside(GUS), Source.CAMERA)
    speaks = replace(listens, visitors=(VisitorPass("gus", "Gus", "speak", to_all=True),), version=12)
    assert room.facts(SERVICE, speaks) == (
        VisitorCame(gus, "Gus", "speak", to_all=True),
        TrackClosed(camera, "role"),
        Directed(12),
    )
    assert may_publish(room.state, gus, Source.MICROPHONE)
    assert not may_publish(room.state, gus, Source.CAMERA)
    room.facts(SERVICE, replace(BE, visitors=(VisitorPass("gus", "Gus", "listen"),), version=13))
    assert not may_publish(room.state, gus, Source.MICROPHONE)
    assert may_publish(room.state, participant_id(CHILD, "sam"), Source.CAMERA)
    assert may_publish(Class().live(SAM).state, who(SAM), Source.CAMERA)
    facts = room.facts(SERVICE, replace(BE, version=14))
    assert VisitorWent(gus) in facts
    assert ParticipantLeft(gus, "left", START) in facts


def test_texts_and_the_end_reach_a_child_once_and_in_order() -> None:
    room = child()
    texts = tuple(Announcement(i, f"Text {i}", "Tess") for i in (1, 2))
    told_so = replace(BE, announcements=texts, ends_at=START + MINUTE, closing=True, version=11)
    assert room.facts(SERVICE, told_so) == (
        BreakoutsEndMoved(START + MINUTE, closing=True),
        AnnouncementMade(1, "Text 1", "Tess"),
        AnnouncementMade(2, "Text 2", "Tess"),
        Directed(11),
    )
    third = replace(told_so, announcements=(texts[1], Announcement(3, "Text 3", "Tess")), version=12)
    assert room.facts(SERVICE, third) == (AnnouncementMade(3, "Text 3", "Tess"), Directed(12))
    of = room.state.breakouts.of
    assert of is not None
    assert (of.announced, len(of.announcements), of.ends_at, of.closing) == (3, 3, START + MINUTE, True)


def test_a_group_calls_for_help_once_and_takes_it_back() -> None:
    room = child(SAM, VERA)
    sam = participant_id(CHILD, "sam")
    assert room.facts(inside(SAM), CallForHelp()) == (HelpCalled(sam, 1),)
    assert audience(room, HelpCalled) == "everyone"
    assert room.facts(inside(VERA), CallForHelp()) == ()
    assert room.facts(inside(VERA), WithdrawHelp()) == (HelpEnded(1, answered=False),)
    assert room.facts(inside(VERA), WithdrawHelp()) == ()
    assert room.facts(inside(VERA), CallForHelp()) == (HelpCalled(participant_id(CHILD, "vera"), 2),)
    assert room.facts(SERVICE, replace(BE, helped=1, version=11)) == (), "that was an earlier call"
    assert room.facts(SERVICE, replace(BE, helped=2, version=12))[0] == HelpEnded(2, answered=True)


@pytest.mark.parametrize("command", [CallForHelp(), WithdrawHelp()], ids=lambda c: c.name)
def test_help_is_called_in_a_breakout_only_by_who_may(command: Command) -> None:
    assert Class().live(SAM).refusal(SAM, command) is Code.NOT_A_BREAKOUT
    assert Class().live(SAM).refusal(SERVICE, command) is Code.FORBIDDEN


def test_a_closed_child_ends_once_and_is_at_rest() -> None:
    room = child(SAM)
    facts = room.facts(SERVICE, EndBreakout(OPENING))
    assert [type(fact) for fact in facts] == [ParticipantLeft, SessionEnded, ClosedAsChild]
    assert room.facts(SERVICE, EndBreakout(OPENING)) == ()
    assert room.facts(SERVICE, replace(BE, members=(), version=20)) == (), "what is closed stays closed"
    assert watched(room.state).is_at_rest


def test_a_child_that_ended_by_itself_is_not_started_again() -> None:
    room = child(SAM)
    room.facts(inside(TESS), EndSession())
    assert room.facts(SERVICE, replace(BE, members=(), version=20)) == ()
    assert not watched(room.state).is_at_rest, "its parent must hear of it"
    assert room.facts(SERVICE, EndBreakout(OPENING)) == (ClosedAsChild(OPENING),)


def test_only_a_child_is_ended_and_only_of_this_opening() -> None:
    assert Class().live().refusal(SERVICE, EndBreakout(OPENING)) is Code.NOT_A_BREAKOUT
    assert child().facts(SERVICE, EndBreakout(OpeningId("other"))) == ()


# --- what they tell each other -------------------------------------------------------------------
def asked(room: Class, told_before: dict[RoomKey, Told] | None = None) -> list[Errand]:
    """What other rooms are told now."""
    return list(errands(room.state.key, room.state.seq, watched(room.state).others, told_before or {}))


def remembered(asked_for: list[Errand], refused: Code | None = None) -> dict[RoomKey, Told]:
    """All of it was said."""
    return {errand.to: Told(errand.says, refused) for errand in asked_for}


def test_every_child_is_told_what_it_shall_be_until_it_was_heard() -> None:
    room = opened(5)
    said = asked(room)
    assert [errand.to.room for errand in said] == [child_of(room, red(room)), child_of(room, blue(room))]
    command = said[0].command
    assert isinstance(command, DirectBreakout)
    assert (command.title, command.owner, command.members) == ("Algebra: Red", "tess", (who(SAM),))
    assert command.staff == (StaffMember("tess", Role.HOST), StaffMember("cora", Role.CO_HOST))
    assert command.version == room.state.seq
    assert asked(room) == said, "another keeper says the same"
    assert asked(room, remembered(said)) == []
    assert len(asked(room, remembered(said, Code.EXPIRED))) == 2


def test_a_child_made_from_what_its_parent_says_lets_in_whom_it_named() -> None:
    parent = opened()
    parent.facts(CORA, VisitBreakout(red(parent), "listen"))
    parent.facts(CORA, SpeakToAll())
    parent.facts(TESS, BroadcastToBreakouts("Hello."))
    room = nothing()
    room.facts(SERVICE, asked(parent)[0].command)
    of = room.state.breakouts.of
    assert of is not None
    cora = participant_id(CHILD, "cora")
    assert [(v.participant, v.mode, v.to_all) for v in of.visitors] == [(cora, "speak", True)]
    assert of.announced == 1
    assert may_enter(room.state, "sam", Role.SPEAKER)
    assert not may_enter(room.state, "vera", Role.SPEAKER)


def test_what_the_parent_locks_and_sets_later_holds_in_its_children() -> None:
    room = ready()
    room.facts(TESS, LockPermission(Permission.CHAT))
    room.facts(TESS, ChangeSettings(RoomSettings(slow_mode_s=30)))
    for _, said in directives(room.state):
        assert said.locks == (Permission.CHAT,)
        assert said.settings == RoomSettings(slow_mode_s=30)


def test_a_child_is_locked_from_the_first_and_unlocked_with_its_parent() -> None:
    room = nothing()
    locks = (Permission.CHAT, Permission.DRAW)
    facts = room.facts(SERVICE, replace(BE, locks=locks))
    assert PermissionLocked(Permission.DRAW, (Permission.CHAT,), locks) in facts
    assert facts[-1] == Directed(10, None, locks)
    later = room.facts(SERVICE, replace(BE, locks=locks[1:], version=11))
    assert later == (
        PermissionUnlocked(Permission.CHAT, locks, locks[1:]),
        Directed(11, None, locks[1:]),
    )
    assert room.state.rights.locks == locks[1:]
    assert room.facts(SERVICE, replace(BE, locks=locks[1:], version=12)) == ()


def test_a_later_lock_silences_who_speaks_in_the_child() -> None:
    room = child(SAM)
    track = room.publish(inside(SAM), Source.MICROPHONE)
    facts = room.facts(SERVICE, replace(BE, locks=(Permission.SPEAK,), version=11))
    assert facts == (
        PermissionLocked(Permission.SPEAK, (), (Permission.SPEAK,)),
        TrackClosed(track, "role"),
        Directed(11, None, (Permission.SPEAK,)),
    )


def test_what_staff_decide_in_a_child_stays_until_the_parent_changes_it() -> None:
    own, parents = RoomSettings(slow_mode_s=5), RoomSettings(hold_messages=True)
    room = child(SAM)
    room.facts(OPERATOR, ChangeSettings(own))
    room.facts(OPERATOR, LockPermission(Permission.DRAW))
    assert room.facts(SERVICE, replace(BE, group_name="Red", version=11)) == ()
    assert room.facts(SERVICE, replace(BE, settings=parents, version=12)) == (
        SettingsChanged(own, parents),
        Directed(12, parents),
    )
    assert room.state.rights.locks == (Permission.DRAW,)


def test_a_new_policy_of_the_tenant_comes_with_the_parent() -> None:
    room = child(SAM)
    assert room.facts(SERVICE, replace(BE, policy=Policy(version=3), version=11)) == (
        PolicyApplied(Policy(), Policy(version=3)),
        Directed(11),
    )


def test_what_a_child_is_told_always_fits_a_command() -> None:
    """Every field at its bound, in characters of four bytes: the parent must not be unable to speak."""
    wide, token = "\N{GRINNING FACE}", "x" * 40
    roles = tuple(
        CustomRole(wide * CUSTOM_ROLE_NAME_CHARS_MAX, Role.CO_HOST, tuple(Permission))
        for _ in range(CUSTOM_ROLES_MAX)
    )
    full = DirectBreakout(
        title=wide * TITLE_CHARS_MAX,
        owner=UserId(token),
        parent=RoomId(token),
        session=SessionId(token),
        opening=OpeningId(token),
        group=GroupId(token),
        group_name=wide * BREAKOUT_NAME_CHARS_MAX,
        members=(who(SAM),) * BREAKOUT_MEMBERS_MAX,
        staff=(StaffMember(token, Role.CO_HOST, wide * CUSTOM_ROLE_NAME_CHARS_MAX),) * BREAKOUT_STAFF_MAX,
        visitors=(VisitorPass(token, wide * NAME_CHARS_MAX, "listen", to_all=True),)
        * (BREAKOUT_VISITORS_MAX + 1),
        announcements=(Announcement(9, wide * BREAKOUT_TEXT_CHARS_MAX, wide * NAME_CHARS_MAX),)
        * BREAKOUT_TEXTS_KEPT_MAX,
        ends_at=START,
        carry=(token,) * BREAKOUT_CARRY_MAX,
        decks=(CarriedDeck(DeckId(token), wide * TITLE_CHARS_MAX, 500, FileId(token)),) * BREAKOUT_CARRY_MAX,
        locks=tuple(Permission),
        policy=Policy(version=9, roles=roles),
        version=1 << 53,
    )
    assert len(encode_command(full)) < COMMAND_BYTES_MAX


def test_only_children_whose_orders_changed_are_told() -> None:
    room = opened()
    before = remembered(asked(room))
    room.facts(TESS, MoveParticipant(who(GUS), red(room)))
    assert [errand.to.room for errand in asked(room, before)] == [child_of(room, red(room))]


def test_who_is_not_in_class_is_in_no_child_room_either() -> None:
    """One active class per user, and the parent's roster is whole."""
    room = opened()
    room.facts(SAM, LeaveSession())
    assert [d.members for _, d in directives(room.state)] == [(), (who(VERA),)]
    room.facts(SAM, JoinSession("Sam"))
    assert [d.members for _, d in directives(room.state)] == [(who(SAM),), (who(VERA),)]


def test_a_viewers_class_has_viewers_groups_and_a_long_title_is_cut() -> None:
    room = Class().live(TESS, SAM, default_role=Role.VIEWER)
    room.state = replace(room.state, title="A" * 200)
    room.facts(TESS, TWO)
    room.facts(TESS, OpenBreakouts())
    (_, directive), _ = directives(room.state)
    assert directive.default_role == "viewer"
    assert len(directive.title) == 200
    assert directive.title.endswith("A: Red")


def test_closed_children_are_told_and_then_struck_off() -> None:
    room = opened()
    opening = room.state.breakouts.opening
    assert opening is not None
    room.facts(TESS, CloseBreakouts(0))
    ends = asked(room)
    assert [errand.command for errand in ends] == [EndBreakout(opening.id)] * 2
    assert not watched(room.state).is_at_rest
    half = remembered(ends[:1])
    assert [errand.to for errand in asked(room, half)] == [ends[1].to]
    # A child that never came to be is as good as closed.
    done = {**half, ends[1].to: Told(ends[1].says, Code.NO_SUCH_ROOM)}
    (confirm,) = asked(room, done)
    assert (confirm.to, confirm.command) == (KEY, ConfirmClosed(tuple(e.to.room for e in ends)))
    room.facts(SERVICE, confirm.command)
    assert asked(room) == []


def test_a_child_tells_its_parent_who_is_there() -> None:
    room = child(SAM)
    room.facts(inside(SAM), RaiseHand())
    (errand,) = asked(room)
    assert errand.to == KEY
    assert errand.command == ReportBreakout(OPENING, GroupId("g1"), (who(SAM),), 1)
    assert errand.pause_s > 0
    room.facts(inside(SAM), CallForHelp())
    room.facts(inside(TESS), EndSession())
    assert report(room.state) == (KEY.room, ReportBreakout(OPENING, GroupId("g1"), over=True))


def test_a_child_that_its_parent_does_not_know_ends_itself() -> None:
    room = child(SAM)
    (errand,) = asked(room)
    (end,) = asked(room, remembered([errand], Code.BREAKOUTS_NOT_OPEN))
    assert (end.to, end.command) == (CHILD, EndBreakout(OPENING))
    assert asked(room, remembered([errand], Code.EXPIRED)) == [errand]


def test_some_refusals_are_answers() -> None:
    assert is_answer(EndBreakout(OPENING), Code.NO_SUCH_ROOM)
    assert not is_answer(EndBreakout(OPENING), Code.EXPIRED)
    assert is_answer(ReportBreakout(OPENING, GONE), Code.NO_SUCH_GROUP)
    assert not is_answer(BE, Code.NO_SUCH_ROOM)


def test_other_rooms_hear_of_every_change_that_matters_to_them() -> None:
    parent, room = opened(), child(SAM)
    for one, actor, command in (
        (parent, TESS, ChangeRole(who(SAM), Role.CO_HOST)),
        (parent, TESS, RevokePermission(who(CORA), Permission.VISIT_BREAKOUTS)),
        (parent, TESS, BroadcastToBreakouts("Hello.")),
        (parent, TESS, CloseBreakouts(0)),
        (room, inside(SAM), RaiseHand()),
        (room, inside(SAM), CallForHelp()),
        (room, inside(SAM), LeaveSession()),
    ):
        before = one.state
        one.facts(actor, command)
        assert rewatched(before, watched(before), one.state) == watched(one.state)


# --- what people see -----------------------------------------------------------------------------
def seen(room: Class, actor: Actor) -> object:
    """The groups as a person sees them: name, members, whether the door is shown, who is there."""
    opening = view(room.state, actor.participant, actor.capabilities).breakouts.opening
    assert opening is not None
    return [(g.name, g.participants, g.child is not None, g.present, g.help) for g in opening.groups]


def test_staff_see_plan_doors_and_people_and_others_their_own_door() -> None:
    room = ready()
    room.facts(SERVICE, told(room, SAM, help=1))
    blue_too = replace(told(room), group=blue(room))
    room.facts(SERVICE, blue_too)
    assert seen(room, TESS) == [
        ("Red", (who(SAM),), True, (who(SAM),), 1),
        ("Blue", (who(VERA),), True, (), 0),
    ]
    assert seen(room, SAM) == [("Red", (who(SAM),), True, (), 0), ("Blue", (who(VERA),), False, (), 0)]
    assert [g for _, _, *g in seen(room, GUS)] == [[False, (), 0], [False, (), 0]]  # type: ignore[attr-defined]  # A list.
    mine = view(room.state, who(SAM)).breakouts
    assert mine.opening is not None
    assert (mine.plan, mine.opening.group, mine.sees_all) == ((), red(room), False)


def test_a_plan_is_for_staff_only_and_nothing_is_open_before() -> None:
    room = planned()
    assert view(room.state, who(SAM)).breakouts.plan == ()
    assert [g.name for g in view(room.state, who(CORA)).breakouts.plan] == ["Red", "Blue"]
    assert view(room.state, who(SAM)).breakouts.opening is None
    assert view(room.state, None).breakouts.plan == ()


def test_visits_are_seen_by_staff_and_the_visitor() -> None:
    room = ready()
    room.facts(CORA, VisitBreakout(red(room)))
    counts = {}
    for actor in (TESS, CORA, SAM):
        opening = view(room.state, actor.participant).breakouts.opening
        assert opening is not None
        counts[actor.id] = len(opening.visits)
    assert counts == {"tess": 1, "cora": 1, "sam": 0}


def test_a_child_shows_whose_it_is_and_who_listens() -> None:
    room = child(SAM)
    room.facts(SERVICE, replace(BE, visitors=(VisitorPass("gus", "Gus", "listen"),), version=11))
    of = view(room.state, participant_id(CHILD, "sam")).breakouts.of
    assert of is not None
    assert (of.parent, of.group_name, [v.mode for v in of.visitors], of.closed) == (
        KEY.room,
        "Red",
        ["listen"],
        False,
    )


def test_the_facts_of_a_fold_that_has_no_opening_mean_nothing() -> None:
    """A history that begins in the middle (a room that was played again) folds without error."""
    room = Class().live()
    before = room.state
    room.store(
        SERVICE,
        "x",
        [
            Event(AnnouncementMade(1, "Hello.", "Tess")),
            Event(BreakoutsEndMoved(None, closing=False)),
            Event(DoorOpened(GONE, RoomId("b"))),
        ],
    )
    assert room.state.breakouts == before.breakouts


def test_who_joins_again_finds_the_group_again() -> None:
    room = ready()
    room.facts(SAM, LeaveSession())
    room.facts(SAM, JoinSession("Sam"))
    opening = view(room.state, who(SAM)).breakouts.opening
    assert opening is not None
    assert opening.group == red(room)
