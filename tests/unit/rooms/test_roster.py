"""Who is in the class: the manual of ``rooms.roster`` as given, when, then."""

import pytest
from msgspec.structs import replace

from rooms.room import evolve, recall
from rooms.state import GivenRole
from schemas.commands import Command
from schemas.commands.floor import RaiseHand
from schemas.commands.lifecycle import EndSession, StartSession
from schemas.commands.rights import ApplyPolicy, GrantPermission, RevokePermission
from schemas.commands.roster import (
    AddMember,
    ChangeRole,
    JoinSession,
    LeaveSession,
    LoseConnection,
    LoseEdge,
    ReadmitParticipant,
    RemoveMember,
    RemoveParticipant,
    ResumeConnection,
)
from schemas.envelope import Actor
from schemas.events.floor import HandLowered
from schemas.events.lifecycle import SessionStarted
from schemas.events.roster import (
    MemberAdded,
    MemberRemoved,
    ParticipantConnected,
    ParticipantDisconnected,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantReadmitted,
    RoleChanged,
)
from schemas.events.tracks import TrackClosed
from schemas.ids import ConnectionId, EdgeId, ParticipantId, UserId
from schemas.limits import MEMBERS_MAX, PARTICIPANTS_MAX
from schemas.media import Role, Source
from schemas.permissions import Permission
from schemas.policy import CustomRole, Policy
from schemas.rejections import Code
from tests.unit.rooms.classroom import (
    ADA,
    CORA,
    EDGE,
    GUS,
    OPERATOR,
    SAM,
    SECOND,
    SERVICE,
    START,
    TESS,
    VERA,
    Class,
    envelope,
    on,
    person,
    who,
)


# --- joining -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("actor", "role", "guest"),
    [
        (TESS, Role.HOST, False),
        (ADA, Role.HOST, False),
        (SAM, Role.SPEAKER, False),
        (GUS, Role.SPEAKER, True),
    ],
    ids=lambda value: value.id if isinstance(value, Actor) else str(value),
)
def test_who_joins_gets_the_role_of_who_they_are(actor: Actor, role: Role, guest: bool) -> None:
    room = Class().live()
    assert room.facts(actor, JoinSession(actor.display_name)) == (
        ParticipantJoined(
            who(actor), actor.id, actor.display_name, role, guest, EDGE, ConnectionId(f"{actor.id}-socket")
        ),
    )


def test_a_room_of_viewers_lets_in_viewers() -> None:
    room = Class().live(SAM, default_role=Role.VIEWER)
    assert room.state.participants[who(SAM)].role is Role.VIEWER


def test_a_member_joins_with_the_lasting_role() -> None:
    room = Class().live()
    assert room.facts(TESS, AddMember(UserId("cora"), Role.CO_HOST)) == (
        MemberAdded(UserId("cora"), Role.CO_HOST),
    )
    room.join(CORA)
    assert room.state.participants[who(CORA)].role is Role.CO_HOST


def test_making_somebody_present_a_member_changes_the_role_now() -> None:
    room = Class().live(SAM)
    track = room.publish(SAM, Source.CAMERA)
    assert room.facts(TESS, AddMember(UserId("sam"), Role.VIEWER)) == (
        MemberAdded(UserId("sam"), Role.VIEWER),
        RoleChanged(who(SAM), Role.SPEAKER, Role.VIEWER),
        TrackClosed(track, "role"),
    )


def test_nobody_joins_a_class_that_does_not_run() -> None:
    room = Class().created()
    assert room.refusal(SAM, JoinSession("Sam")) is Code.SESSION_NOT_LIVE


def test_joining_needs_a_page() -> None:
    room = Class().live()
    assert room.refusal(Actor("user", "sam"), JoinSession("Sam")) is Code.FORBIDDEN
    assert room.refusal(OPERATOR, JoinSession("Ops")) is Code.FORBIDDEN
    assert room.refusal(SERVICE, JoinSession("Rooms")) is Code.FORBIDDEN


def test_joining_needs_a_name() -> None:
    assert Class().live().refusal(SAM, JoinSession("  ")) is Code.MALFORMED


def test_joining_twice_from_one_page_changes_nothing() -> None:
    assert Class().live(SAM).facts(SAM, JoinSession("Sam")) == ()


def test_joining_from_another_page_moves_the_connection() -> None:
    room = Class().live(SAM)
    assert room.facts(on(SAM, "tablet", "edge-2"), JoinSession("Sam")) == (
        ParticipantConnected(who(SAM), EdgeId("edge-2"), ConnectionId("tablet")),
    )


def test_a_full_class_lets_nobody_in() -> None:
    room = Class().live(*(person(f"student{i}") for i in range(PARTICIPANTS_MAX)))
    assert room.refusal(SAM, JoinSession("Sam")) is Code.ROOM_FULL


def test_a_class_at_its_capacity_still_lets_in_its_staff() -> None:
    room = Class().live(SAM)
    room.state = replace(room.state, settings=replace(room.state.settings, capacity=1))
    assert room.refusal(VERA, JoinSession("Vera")) is Code.ROOM_FULL
    room.facts(TESS, AddMember(UserId("cora"), Role.CO_HOST))
    room.join(TESS, CORA)
    assert room.refusal(VERA, JoinSession("Vera")) is Code.ROOM_FULL
    assert room.facts(SAM, JoinSession("Sam")) == (), "who is in stays in"


def test_beyond_what_a_room_holds_not_even_staff_come_in() -> None:
    room = Class().live(*(person(f"student{i}") for i in range(PARTICIPANTS_MAX)))
    assert room.refusal(TESS, JoinSession("Tess")) is Code.ROOM_FULL


# --- leaving -------------------------------------------------------------------------------------
def test_leaving_takes_hand_and_tracks_along() -> None:
    room = Class().live(SAM)
    track = room.publish(SAM, Source.MICROPHONE)
    room.facts(SAM, RaiseHand())
    room.now += SECOND
    assert room.facts(SAM, LeaveSession()) == (
        HandLowered(who(SAM)),
        TrackClosed(track, "left"),
        ParticipantLeft(who(SAM), "left", room.now),
    )
    assert room.facts(SAM, LeaveSession()) == ()


def test_a_class_goes_on_without_its_host() -> None:
    room = Class().live(TESS, SAM)
    room.facts(TESS, LeaveSession())
    assert room.state.live is not None
    assert list(room.state.participants) == [who(SAM)]


# --- removing ------------------------------------------------------------------------------------
def test_a_removed_person_is_out_until_the_class_ends() -> None:
    room = Class().live(TESS, SAM)
    room.facts(SAM, RaiseHand())
    track = room.publish(SAM, Source.CAMERA)
    assert room.facts(TESS, RemoveParticipant(who(SAM))) == (
        HandLowered(who(SAM), who(TESS)),
        TrackClosed(track, "by_host"),
        ParticipantLeft(who(SAM), "removed", START),
    )
    assert room.refusal(SAM, JoinSession("Sam")) is Code.REMOVED
    room.facts(TESS, EndSession())
    room.facts(TESS, StartSession())
    room.join(SAM)


def test_removing_somebody_who_is_not_there_is_refused() -> None:
    assert Class().live(TESS).refusal(TESS, RemoveParticipant(who(SAM))) is Code.NO_SUCH_PARTICIPANT


def test_without_a_ban_who_was_sent_out_may_come_back() -> None:
    room = Class().live(TESS, SAM)
    assert room.facts(TESS, RemoveParticipant(who(SAM), ban=False)) == (
        ParticipantLeft(who(SAM), "removed", START, may_return=True),
    )
    assert room.state.removed == ()
    room.join(SAM)


def test_a_host_lets_a_removed_person_back() -> None:
    room = Class().live(TESS, SAM, VERA)
    room.facts(TESS, RemoveParticipant(who(SAM)))
    room.facts(TESS, RemoveParticipant(who(VERA)))
    assert room.facts(TESS, ReadmitParticipant(who(SAM))) == (ParticipantReadmitted(who(SAM)),)
    assert room.log[-1].events[0].audience == "staff"
    assert room.facts(TESS, ReadmitParticipant(who(SAM))) == ()
    room.join(SAM)
    assert room.refusal(VERA, JoinSession("Vera")) is Code.REMOVED


def test_readmitting_is_for_staff_while_the_class_runs() -> None:
    room = Class().live(TESS, SAM, VERA)
    room.facts(TESS, RemoveParticipant(who(SAM)))
    for actor in (SAM, VERA):
        assert room.refusal(actor, ReadmitParticipant(who(SAM))) is Code.FORBIDDEN
    room.facts(TESS, EndSession())
    assert room.refusal(TESS, ReadmitParticipant(who(SAM))) is Code.SESSION_NOT_LIVE


@pytest.mark.parametrize("actor", [SAM, VERA, GUS], ids=lambda actor: actor.id)
def test_only_staff_may_remove(actor: Actor) -> None:
    room = Class().live(TESS, SAM, VERA, GUS)
    assert room.refusal(actor, RemoveParticipant(who(TESS))) is Code.FORBIDDEN


def test_co_hosts_rule_over_speakers_and_viewers_only() -> None:
    room = Class().live(TESS, CORA, SAM, VERA, ADA)
    room.facts(TESS, ChangeRole(who(CORA), Role.CO_HOST))
    room.facts(TESS, ChangeRole(who(VERA), Role.CO_HOST))
    assert room.refusal(CORA, RemoveParticipant(who(TESS))) is Code.FORBIDDEN
    assert room.refusal(CORA, RemoveParticipant(who(VERA))) is Code.FORBIDDEN
    assert room.refusal(CORA, ChangeRole(who(SAM), Role.CO_HOST)) is Code.FORBIDDEN
    assert room.refusal(CORA, ChangeRole(who(ADA), Role.VIEWER)) is Code.FORBIDDEN
    assert room.facts(CORA, ChangeRole(who(SAM), Role.VIEWER)) != ()
    assert room.facts(CORA, RemoveParticipant(who(SAM))) != ()


def test_an_operator_may_do_what_a_host_may() -> None:
    room = Class().live(SAM)
    assert room.facts(OPERATOR, RemoveParticipant(who(SAM))) == (ParticipantLeft(who(SAM), "removed", START),)


def test_owner_and_last_host_can_neither_be_demoted_nor_removed() -> None:
    room = Class().live(TESS, ADA)
    assert room.refusal(ADA, ChangeRole(who(TESS), Role.VIEWER)) is Code.FORBIDDEN
    assert room.refusal(ADA, RemoveParticipant(who(TESS))) is Code.FORBIDDEN
    room.facts(TESS, LeaveSession())
    assert room.refusal(ADA, ChangeRole(who(ADA), Role.SPEAKER)) is Code.FORBIDDEN
    assert room.refusal(OPERATOR, RemoveParticipant(who(ADA))) is Code.FORBIDDEN


# --- roles ---------------------------------------------------------------------------------------
def test_a_role_that_may_not_publish_closes_what_is_published() -> None:
    room = Class().live(TESS, SAM)
    microphone, screen = room.publish(SAM, Source.MICROPHONE), room.publish(SAM, Source.SCREEN)
    assert room.facts(TESS, ChangeRole(who(SAM), Role.VIEWER)) == (
        RoleChanged(who(SAM), Role.SPEAKER, Role.VIEWER),
        TrackClosed(microphone, "role"),
        TrackClosed(screen, "role"),
    )
    assert room.facts(TESS, ChangeRole(who(SAM), Role.VIEWER)) == ()


def test_a_role_given_in_class_outlasts_leaving_but_not_the_class() -> None:
    room = Class().live(TESS, SAM)
    room.facts(TESS, ChangeRole(who(SAM), Role.VIEWER))
    room.facts(SAM, LeaveSession())
    room.join(SAM)
    assert room.state.participants[who(SAM)].role is Role.VIEWER
    room.facts(TESS, EndSession())
    room.facts(TESS, StartSession())
    room.join(SAM)
    assert room.state.participants[who(SAM)].role is Role.SPEAKER


def test_changing_the_role_of_somebody_who_is_not_there_is_refused() -> None:
    assert Class().live(TESS).refusal(TESS, ChangeRole(who(SAM), Role.VIEWER)) is Code.NO_SUCH_PARTICIPANT


@pytest.mark.parametrize("actor", [SAM, GUS, SERVICE], ids=lambda actor: actor.id)
def test_only_staff_change_roles(actor: Actor) -> None:
    room = Class().live(TESS, SAM, GUS)
    assert room.refusal(actor, ChangeRole(who(SAM), Role.VIEWER)) is Code.FORBIDDEN


def test_a_personal_grant_keeps_a_track_open_when_the_role_changes() -> None:
    room = Class().live(TESS, SAM)
    room.facts(TESS, GrantPermission(who(SAM), Permission.CAMERA))
    room.publish(SAM, Source.CAMERA)
    screen = room.publish(SAM, Source.SCREEN)
    assert room.facts(TESS, ChangeRole(who(SAM), Role.VIEWER)) == (
        RoleChanged(who(SAM), Role.SPEAKER, Role.VIEWER),
        TrackClosed(screen, "role"),
    )


def test_given_roles_are_bounded_and_the_oldest_is_forgotten() -> None:
    room = Class().live(TESS, SAM)
    others = {ParticipantId(f"p{i}"): GivenRole(Role.VIEWER) for i in range(PARTICIPANTS_MAX)}
    room.state = replace(room.state, given_roles=others)
    room.facts(TESS, ChangeRole(who(SAM), Role.VIEWER))
    assert len(room.state.given_roles) == PARTICIPANTS_MAX
    assert who(SAM) in room.state.given_roles
    assert "p0" not in room.state.given_roles


def test_facts_about_who_is_not_there_change_nobody() -> None:
    room = Class().live(TESS)
    for fact in (
        ParticipantDisconnected(who(SAM), START),
        ParticipantConnected(who(SAM), EDGE, ConnectionId("x")),
        ParticipantLeft(who(SAM), "removed", START),
        RoleChanged(who(SAM), Role.SPEAKER, Role.VIEWER),
    ):
        assert evolve(room.state, fact, room.now).participants == room.state.participants


# --- the tenant's own roles ----------------------------------------------------------------------
TUTOR = CustomRole("tutor", Role.CO_HOST, (Permission.CHANGE_ROLE, Permission.CHAT, Permission.REMOVE))
LISTENER = CustomRole("listener", Role.VIEWER, (Permission.CHAT,))
CLERK = CustomRole("clerk", Role.VIEWER, (Permission.ADD_MEMBER, Permission.CHAT))


def with_policy(*people: Actor, roles: tuple[CustomRole, ...] = (TUTOR, LISTENER, CLERK)) -> Class:
    room = Class().live(*people)
    room.facts(SERVICE, ApplyPolicy(Policy(1, roles)))
    return room


def test_a_custom_role_brings_its_base_whatever_role_was_named() -> None:
    room = with_policy(TESS, SAM)
    microphone = room.publish(SAM, Source.MICROPHONE)
    assert room.facts(TESS, ChangeRole(who(SAM), Role.HOST, "listener")) == (
        RoleChanged(who(SAM), Role.SPEAKER, Role.VIEWER, "listener"),
        TrackClosed(microphone, "role"),
    )
    assert room.facts(TESS, ChangeRole(who(SAM), Role.VIEWER, "listener")) == ()
    assert room.facts(TESS, ChangeRole(who(SAM), Role.VIEWER)) == (
        RoleChanged(who(SAM), Role.VIEWER, Role.VIEWER, "", "listener"),
    )


def test_a_role_that_the_policy_does_not_have_is_refused() -> None:
    room = with_policy(TESS, SAM)
    assert room.refusal(TESS, ChangeRole(who(SAM), Role.VIEWER, "king")) is Code.NO_SUCH_ROLE
    assert room.refusal(TESS, AddMember(UserId("sam"), Role.VIEWER, "king")) is Code.NO_SUCH_ROLE


def test_a_custom_role_outlasts_leaving_and_a_lasting_one_the_class() -> None:
    room = with_policy(TESS, SAM, VERA)
    room.facts(TESS, ChangeRole(who(SAM), Role.VIEWER, "listener"))
    room.facts(TESS, AddMember(UserId("vera"), Role.VIEWER, "tutor"))
    for actor in (SAM, VERA):
        room.facts(actor, LeaveSession())
    (joined,) = room.facts(SAM, JoinSession("Sam"))
    assert joined == ParticipantJoined(
        who(SAM), "sam", "Sam", Role.VIEWER, False, EDGE, ConnectionId("sam-socket"), "listener"
    )
    room.facts(TESS, EndSession())
    room.facts(TESS, StartSession())
    room.join(SAM, VERA)
    people = room.state.participants
    assert (people[who(SAM)].role, people[who(SAM)].custom_role) == (Role.SPEAKER, "")
    assert (people[who(VERA)].role, people[who(VERA)].custom_role) == (Role.CO_HOST, "tutor")


def test_a_lasting_custom_role_follows_the_policy_at_the_next_joining() -> None:
    room = with_policy()
    room.facts(TESS, AddMember(UserId("sam"), Role.VIEWER, "listener"))
    room.facts(TESS, AddMember(UserId("vera"), Role.VIEWER, "tutor"))
    room.facts(SERVICE, ApplyPolicy(Policy(2, (replace(LISTENER, base=Role.SPEAKER),))))
    room.join(SAM, VERA)
    people = room.state.participants
    assert (people[who(SAM)].role, people[who(SAM)].custom_role) == (Role.SPEAKER, "listener")
    assert (people[who(VERA)].role, people[who(VERA)].custom_role) == (Role.CO_HOST, "")


def test_nobody_gives_by_a_role_what_they_do_not_have() -> None:
    room = with_policy(TESS, CORA, SAM, VERA)
    room.facts(TESS, ChangeRole(who(CORA), Role.CO_HOST, "tutor"))
    room.facts(TESS, ChangeRole(who(VERA), Role.VIEWER))
    assert room.refusal(CORA, ChangeRole(who(VERA), Role.SPEAKER)) is Code.FORBIDDEN
    assert room.facts(CORA, ChangeRole(who(SAM), Role.VIEWER, "listener")) != ()
    room.facts(TESS, ChangeRole(who(CORA), Role.CO_HOST))
    assert room.refusal(CORA, ChangeRole(who(VERA), Role.VIEWER, "clerk")) is Code.FORBIDDEN
    assert room.facts(CORA, ChangeRole(who(VERA), Role.SPEAKER)) != ()


# --- members -------------------------------------------------------------------------------------
def test_a_member_may_be_given_another_lasting_role() -> None:
    room = Class().created()
    room.facts(TESS, AddMember(UserId("sam"), Role.VIEWER))
    assert room.facts(TESS, AddMember(UserId("sam"), Role.VIEWER)) == ()
    assert room.facts(TESS, AddMember(UserId("sam"), Role.CO_HOST)) == (
        MemberAdded(UserId("sam"), Role.CO_HOST, before=Role.VIEWER),
    )
    assert room.log[-1].events[0].audience == "staff"
    assert room.state.members == {who(SAM): GivenRole(Role.CO_HOST)}


def test_the_owner_is_no_member_of_a_lesser_kind() -> None:
    room = Class().live(TESS, ADA)
    assert room.refusal(ADA, AddMember(UserId("tess"), Role.CO_HOST)) is Code.FORBIDDEN
    assert room.facts(ADA, AddMember(UserId("tess"), Role.HOST)) != ()
    assert room.facts(ADA, RemoveMember(UserId("tess"))) == (MemberRemoved(UserId("tess"), Role.HOST),)
    assert room.state.participants[who(TESS)].role is Role.HOST


def test_members_are_bounded() -> None:
    room = Class().created()
    for i in range(MEMBERS_MAX):
        room.facts(TESS, AddMember(UserId(f"user{i}"), Role.CO_HOST))
    assert room.refusal(TESS, AddMember(UserId("sam"), Role.CO_HOST)) is Code.LIMIT_REACHED
    assert room.facts(TESS, AddMember(UserId("user0"), Role.VIEWER)) != ()


def test_removing_a_member_takes_the_role_from_who_has_it_by_that_alone() -> None:
    room = Class().created()
    for name in ("cora", "sam"):
        room.facts(TESS, AddMember(UserId(name), Role.CO_HOST))
    room.facts(TESS, StartSession())
    room.join(TESS, CORA, SAM, VERA)
    room.facts(TESS, ChangeRole(who(SAM), Role.VIEWER))
    room.facts(TESS, ChangeRole(who(SAM), Role.CO_HOST))
    assert room.facts(TESS, RemoveMember(UserId("cora"))) == (
        MemberRemoved(UserId("cora"), Role.CO_HOST),
        RoleChanged(who(CORA), Role.CO_HOST, Role.SPEAKER),
    )
    assert room.log[-1].events[0].audience == "staff"
    assert room.facts(TESS, RemoveMember(UserId("sam"))) == (MemberRemoved(UserId("sam"), Role.CO_HOST),)
    assert room.state.participants[who(SAM)].role is Role.CO_HOST, "given in class, until it ends"
    assert room.facts(TESS, RemoveMember(UserId("sam"))) == ()
    assert room.state.members == {}


def test_the_last_host_in_class_keeps_the_lasting_role() -> None:
    room = Class().created()
    room.facts(TESS, AddMember(UserId("cora"), Role.HOST))
    room.facts(TESS, StartSession())
    room.join(CORA)
    assert room.refusal(TESS, RemoveMember(UserId("cora"))) is Code.FORBIDDEN
    room.join(TESS)
    assert room.facts(TESS, RemoveMember(UserId("cora"))) != ()


@pytest.mark.parametrize("command", [AddMember(UserId("vera"), Role.VIEWER), RemoveMember(UserId("vera"))])
def test_only_hosts_decide_about_members(command: AddMember | RemoveMember) -> None:
    room = Class().live(TESS, CORA, SAM)
    room.facts(TESS, ChangeRole(who(CORA), Role.CO_HOST))
    for actor in (CORA, SAM, VERA, GUS, SERVICE):
        assert room.refusal(actor, command) is Code.FORBIDDEN
    room.facts(OPERATOR, command)


def test_who_may_add_members_without_being_host_adds_no_staff_and_removes_none() -> None:
    room = with_policy(TESS, SAM)
    room.facts(TESS, ChangeRole(who(SAM), Role.VIEWER, "clerk"))
    room.facts(TESS, AddMember(UserId("cora"), Role.CO_HOST))
    assert room.refusal(SAM, AddMember(UserId("vera"), Role.HOST)) is Code.FORBIDDEN
    assert room.refusal(SAM, AddMember(UserId("vera"), Role.VIEWER, "tutor")) is Code.FORBIDDEN
    assert room.refusal(SAM, AddMember(UserId("cora"), Role.VIEWER)) is Code.FORBIDDEN
    assert room.refusal(SAM, RemoveMember(UserId("cora"))) is Code.FORBIDDEN
    assert room.facts(SAM, AddMember(UserId("vera"), Role.VIEWER)) != ()
    assert room.facts(SAM, RemoveMember(UserId("vera"))) != ()
    room.facts(TESS, RevokePermission(who(SAM), Permission.ADD_MEMBER))
    assert room.refusal(SAM, AddMember(UserId("vera"), Role.VIEWER)) is Code.FORBIDDEN


# --- who is told, and how often ------------------------------------------------------------------
def test_everybody_is_told_who_is_there_and_staff_what_names_accounts_or_the_removed() -> None:
    room = with_policy(TESS, SAM, VERA)
    room.facts(TESS, AddMember(UserId("cora"), Role.CO_HOST))
    room.facts(TESS, RemoveMember(UserId("cora")))
    room.facts(TESS, ChangeRole(who(SAM), Role.VIEWER))
    room.facts(SERVICE, lose(SAM))
    room.facts(SERVICE, ResumeConnection(who(SAM), ConnectionId("again"), EDGE))
    room.facts(TESS, RemoveParticipant(who(SAM)))
    room.facts(TESS, ReadmitParticipant(who(SAM)))
    told = {e.type: e.audience for c in room.log for e in c.events if e.type.startswith("roster.")}
    assert told == {
        "roster.joined": "everyone",
        "roster.connected": "everyone",
        "roster.disconnected": "everyone",
        "roster.left": "everyone",
        "roster.role_changed": "everyone",
        "roster.member_added": "staff",
        "roster.member_removed": "staff",
        "roster.readmitted": "staff",
    }


@pytest.mark.parametrize(
    ("actor", "command"),
    [
        (VERA, JoinSession("Vera")),
        (SAM, LeaveSession()),
        (TESS, ChangeRole(who(SAM), Role.VIEWER)),
        (TESS, AddMember(UserId("sam"), Role.VIEWER)),
        (TESS, RemoveMember(UserId("cora"))),
        (TESS, ReadmitParticipant(who(GUS))),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_a_repeated_wish_has_one_effect(actor: Actor, command: Command) -> None:
    room = Class().live(TESS, SAM, GUS)
    room.facts(TESS, AddMember(UserId("cora"), Role.VIEWER))
    room.facts(TESS, RemoveParticipant(who(GUS)))
    assert room.ask(actor, command, "once") != ()
    assert recall(room.state, envelope(actor, command, "once")) == room.state.seq
    assert room.facts(actor, command) == ()


# --- the line ------------------------------------------------------------------------------------
def lose(actor: Actor, connection: str | None = None) -> LoseConnection:
    return LoseConnection(who(actor), ConnectionId(connection or f"{actor.id}-socket"))


def test_a_lost_connection_starts_grace_and_a_new_one_ends_it() -> None:
    room = Class().live(SAM)
    assert room.facts(SERVICE, lose(SAM)) == (ParticipantDisconnected(who(SAM), START + 30 * SECOND, START),)
    assert room.facts(SERVICE, lose(SAM)) == ()
    resume = ResumeConnection(who(SAM), ConnectionId("again"), EdgeId("edge-2"))
    assert room.facts(SERVICE, resume) == (
        ParticipantConnected(who(SAM), EdgeId("edge-2"), ConnectionId("again")),
    )
    assert room.facts(SERVICE, resume) == ()
    assert room.state.participants[who(SAM)].connected


def test_losing_a_replaced_connection_is_no_news() -> None:
    room = Class().live(SAM)
    room.facts(SERVICE, ResumeConnection(who(SAM), ConnectionId("again"), EDGE))
    assert room.facts(SERVICE, lose(SAM)) == ()
    assert room.facts(SERVICE, lose(VERA)) == ()


def test_who_is_out_cannot_resume() -> None:
    resume = ResumeConnection(ParticipantId("pnobody"), ConnectionId("x"), EDGE)
    assert Class().live().refusal(SERVICE, resume) is Code.NO_SUCH_PARTICIPANT


def test_a_lost_edge_takes_its_own_people_and_remembers_its_last_beat() -> None:
    room = Class().live(SAM, VERA, on(GUS, "other", "edge-2"))
    room.now += 10 * SECOND
    beat = START + 4 * SECOND
    grace = room.now + 30 * SECOND
    assert room.facts(SERVICE, LoseEdge(EDGE, beat)) == (
        ParticipantDisconnected(who(SAM), grace, beat, edge_lost=True),
        ParticipantDisconnected(who(VERA), grace, beat, edge_lost=True),
    )
    assert room.facts(SERVICE, LoseEdge(EDGE, beat)) == ()


def test_a_host_removing_somebody_in_grace_closes_attendance_at_the_last_sign_of_life() -> None:
    room = Class().live(TESS, SAM)
    room.facts(SERVICE, lose(SAM))
    room.now += 20 * SECOND
    assert room.facts(TESS, RemoveParticipant(who(SAM))) == (ParticipantLeft(who(SAM), "removed", START),)


def test_roster_of_a_session_starts_empty() -> None:
    room = Class().live(TESS, SAM)
    room.facts(TESS, EndSession())
    (started,) = room.facts(TESS, StartSession())
    assert isinstance(started, SessionStarted)
    assert room.state.participants == {}


def test_who_came_back_and_then_leaves_has_left_now() -> None:
    room = Class().live(SAM)
    room.facts(SERVICE, lose(SAM))
    room.now += 10 * SECOND
    room.facts(SERVICE, ResumeConnection(who(SAM), ConnectionId("again"), EDGE))
    room.now += 10 * SECOND
    assert room.facts(SAM, LeaveSession()) == (ParticipantLeft(who(SAM), "left", room.now),)


def test_leaving_alone_means_that_nothing_of_a_person_stays() -> None:
    room = Class().live(SAM)
    room.publish(SAM, Source.CAMERA)
    room.facts(SAM, RaiseHand())
    after = evolve(room.state, ParticipantLeft(who(SAM), "left", room.now), room.now)
    assert (after.participants, after.tracks, after.hands) == ({}, {}, ())
