"""Rights beyond roles: the manual of ``rooms.rights`` as given, when, then."""

import pytest
from msgspec.structs import replace

from rooms.permissions import BY_ROLE_ONLY, LOCKABLE, may
from rooms.room import recall
from rooms.state import RoomState
from rooms.view import view
from schemas.commands import Command
from schemas.commands.lifecycle import EndSession, StartSession
from schemas.commands.rights import (
    ApplyPolicy,
    GrantPermission,
    LockPermission,
    ResetPermissions,
    RevokePermission,
    UnlockPermission,
)
from schemas.commands.roster import ChangeRole, LeaveSession, ReadmitParticipant, RemoveParticipant
from schemas.envelope import AND_STAFF, Actor, Audience
from schemas.events.rights import (
    PermissionGranted,
    PermissionLocked,
    PermissionRevoked,
    PermissionsReset,
    PermissionUnlocked,
    PolicyApplied,
)
from schemas.events.tracks import TrackClosed
from schemas.ids import ParticipantId
from schemas.limits import PARTICIPANTS_MAX, RIGHTS_PEOPLE_MAX, TRACKS_MAX, TRACKS_PER_PARTICIPANT_MAX
from schemas.media import Role, Source
from schemas.permissions import Exceptions, Permission
from schemas.policy import CustomRole, Policy
from schemas.rejections import Code
from schemas.view.rights import PersonRights, RemovedView, RightsView
from tests.unit.rooms.classroom import (
    ADA,
    CORA,
    GUS,
    OPERATOR,
    SAM,
    SERVICE,
    TESS,
    VERA,
    Class,
    envelope,
    person,
    publishing,
    who,
)

NONE = Exceptions()
TUTOR = CustomRole("tutor", Role.CO_HOST, (Permission.GRANT, Permission.CHANGE_ROLE, Permission.MUTE))
LISTENER = CustomRole("listener", Role.VIEWER, (Permission.CHAT,))
POLICY = Policy(3, (TUTOR, LISTENER))


def staffed() -> Class:
    """Tess hosts, Cora helps as co-host, Sam speaks, Vera only listens."""
    room = Class().live(TESS, CORA, SAM, VERA)
    room.facts(TESS, ChangeRole(who(CORA), Role.CO_HOST))
    room.facts(TESS, ChangeRole(who(VERA), Role.VIEWER))
    return room


def audience(room: Class) -> Audience:
    """Who was told of the last commit's first event."""
    return room.log[-1].events[0].audience


# --- one person ----------------------------------------------------------------------------------
def test_a_host_grants_one_permission_to_one_person() -> None:
    room = staffed()
    assert room.facts(TESS, GrantPermission(who(VERA), Permission.SPEAK)) == (
        PermissionGranted(who(VERA), Permission.SPEAK, NONE, Exceptions((Permission.SPEAK,))),
    )
    assert audience(room) == (who(VERA), AND_STAFF)
    assert may(room.state, who(VERA), Permission.SPEAK)
    assert not may(room.state, who(VERA), Permission.CAMERA)
    room.publish(VERA, Source.MICROPHONE)


def test_what_is_granted_already_is_not_granted_again() -> None:
    room = staffed()
    room.facts(TESS, GrantPermission(who(VERA), Permission.SPEAK))
    assert room.facts(CORA, GrantPermission(who(VERA), Permission.SPEAK)) == ()


def test_revoking_takes_away_what_the_role_gives_and_closes_what_it_allowed() -> None:
    room = staffed()
    microphone, camera = room.publish(SAM, Source.MICROPHONE), room.publish(SAM, Source.CAMERA)
    assert room.facts(CORA, RevokePermission(who(SAM), Permission.CAMERA)) == (
        PermissionRevoked(who(SAM), Permission.CAMERA, NONE, Exceptions((), (Permission.CAMERA,))),
        TrackClosed(camera, "role"),
    )
    assert audience(room) == (who(SAM), AND_STAFF)
    assert list(room.state.tracks) == [microphone]
    assert room.facts(CORA, RevokePermission(who(SAM), Permission.CAMERA)) == ()
    assert room.refusal(SERVICE, publishing(SAM, Source.CAMERA)) is Code.FORBIDDEN


def test_a_grant_undoes_a_revocation_and_the_other_way_round() -> None:
    room = staffed()
    chat, private = Permission.CHAT, Permission.CHAT_PRIVATE
    room.facts(TESS, RevokePermission(who(SAM), chat))
    room.facts(TESS, RevokePermission(who(SAM), private))
    granted, revoked = Exceptions((chat,), (private,)), Exceptions((), (chat, private))
    assert room.facts(TESS, GrantPermission(who(SAM), chat)) == (
        PermissionGranted(who(SAM), chat, revoked, granted),
    )
    assert room.facts(TESS, RevokePermission(who(SAM), chat)) == (
        PermissionRevoked(who(SAM), chat, granted, revoked),
    )


def test_resetting_lets_the_role_alone_count_again() -> None:
    room = staffed()
    room.facts(TESS, GrantPermission(who(VERA), Permission.SPEAK))
    room.facts(TESS, RevokePermission(who(VERA), Permission.CHAT))
    microphone = room.publish(VERA, Source.MICROPHONE)
    assert room.facts(TESS, ResetPermissions(who(VERA))) == (
        PermissionsReset(who(VERA), Exceptions((Permission.SPEAK,), (Permission.CHAT,))),
        TrackClosed(microphone, "role"),
    )
    assert audience(room) == (who(VERA), AND_STAFF)
    assert may(room.state, who(VERA), Permission.CHAT)
    assert room.facts(TESS, ResetPermissions(who(VERA))) == ()


def test_rights_outlast_leaving_and_can_be_reset_meanwhile() -> None:
    room = staffed()
    room.facts(TESS, RevokePermission(who(SAM), Permission.CHAT))
    room.facts(SAM, LeaveSession())
    room.join(SAM)
    assert not may(room.state, who(SAM), Permission.CHAT)
    room.facts(SAM, LeaveSession())
    assert room.facts(TESS, ResetPermissions(who(SAM))) != ()
    assert room.refusal(TESS, ResetPermissions(who(SAM))) is Code.NO_SUCH_PARTICIPANT


@pytest.mark.parametrize("permission", list(Permission))
def test_what_comes_with_a_role_only_is_not_granted_to_one_person(permission: Permission) -> None:
    room = staffed()
    if permission in BY_ROLE_ONLY:
        assert room.refusal(TESS, GrantPermission(who(VERA), permission)) is Code.FORBIDDEN
    else:
        assert len(room.facts(TESS, GrantPermission(who(VERA), permission))) == 1


def test_nobody_grants_what_they_do_not_have() -> None:
    room = staffed()
    assert room.refusal(CORA, GrantPermission(who(SAM), Permission.END_SESSION)) is Code.FORBIDDEN
    room.facts(TESS, RevokePermission(who(CORA), Permission.SPEAK))
    assert room.refusal(CORA, GrantPermission(who(VERA), Permission.SPEAK)) is Code.FORBIDDEN
    assert room.facts(CORA, GrantPermission(who(VERA), Permission.CAMERA)) != ()


def test_nobody_gives_back_by_a_reset_what_they_do_not_have() -> None:
    room = staffed()
    room.facts(TESS, RevokePermission(who(SAM), Permission.CHAT))
    room.facts(TESS, RevokePermission(who(CORA), Permission.CHAT))
    assert room.refusal(CORA, ResetPermissions(who(SAM))) is Code.FORBIDDEN
    assert room.facts(TESS, ResetPermissions(who(SAM))) != ()


def about(whose: Actor) -> tuple[Command, ...]:
    return (
        GrantPermission(who(whose), Permission.PRESENT),
        RevokePermission(who(whose), Permission.PRESENT),
        ResetPermissions(who(whose)),
    )


def test_co_hosts_decide_about_speakers_and_viewers_only() -> None:
    room = staffed()
    room.facts(TESS, ChangeRole(who(VERA), Role.CO_HOST))
    room.facts(TESS, GrantPermission(who(VERA), Permission.POLL))
    room.facts(TESS, GrantPermission(who(TESS), Permission.POLL))
    for target in (TESS, VERA, CORA):
        for command in about(target)[: 3 if target is not CORA else 2]:
            assert room.refusal(CORA, command) is Code.FORBIDDEN
    for command in about(SAM):
        room.facts(CORA, command)


def test_from_a_host_nothing_is_revoked_so_a_class_cannot_lock_itself_out() -> None:
    room = staffed()
    room.join(ADA)
    for actor, target in ((TESS, ADA), (ADA, TESS), (TESS, TESS), (OPERATOR, TESS)):
        assert room.refusal(actor, RevokePermission(who(target), Permission.GRANT)) is Code.FORBIDDEN
    room.facts(TESS, RevokePermission(who(CORA), Permission.GRANT))
    assert room.refusal(CORA, GrantPermission(who(SAM), Permission.POLL)) is Code.FORBIDDEN
    room.facts(TESS, ChangeRole(who(CORA), Role.HOST))
    assert may(room.state, who(CORA), Permission.GRANT), "a host may everything, whatever was before"


# --- the class -----------------------------------------------------------------------------------
def test_a_lock_binds_everybody_but_staff_and_silences_in_the_same_commit() -> None:
    room = staffed()
    for actor in (TESS, CORA, SAM):
        room.publish(actor, Source.SCREEN)
    assert room.facts(CORA, LockPermission(Permission.SHARE_SCREEN)) == (
        PermissionLocked(Permission.SHARE_SCREEN, (), (Permission.SHARE_SCREEN,)),
        TrackClosed(publishing(SAM, Source.SCREEN).track, "role"),
    )
    assert audience(room) == "everyone"
    allowed = [a for a in (TESS, CORA, SAM, VERA) if may(room.state, who(a), Permission.SHARE_SCREEN)]
    assert allowed == [TESS, CORA]
    assert room.facts(TESS, LockPermission(Permission.SHARE_SCREEN)) == ()


def test_a_personal_grant_beats_a_lock_whichever_came_first() -> None:
    room = staffed()
    room.facts(TESS, GrantPermission(who(SAM), Permission.SHARE_SCREEN))
    screen = room.publish(SAM, Source.SCREEN)
    room.facts(TESS, LockPermission(Permission.SHARE_SCREEN))
    room.facts(TESS, GrantPermission(who(VERA), Permission.SHARE_SCREEN))
    assert list(room.state.tracks) == [screen]
    assert may(room.state, who(VERA), Permission.SHARE_SCREEN)


def test_unlocking_lets_roles_decide_again() -> None:
    room = staffed()
    room.facts(TESS, LockPermission(Permission.SPEAK))
    room.facts(TESS, LockPermission(Permission.CHAT))
    assert room.facts(TESS, UnlockPermission(Permission.SPEAK)) == (
        PermissionUnlocked(Permission.SPEAK, (Permission.CHAT, Permission.SPEAK), (Permission.CHAT,)),
    )
    assert audience(room) == "everyone"
    assert may(room.state, who(SAM), Permission.SPEAK)
    assert not may(room.state, who(SAM), Permission.CHAT)
    assert room.facts(TESS, UnlockPermission(Permission.SPEAK)) == ()


@pytest.mark.parametrize("permission", list(Permission))
def test_only_what_everybody_may_do_can_be_locked(permission: Permission) -> None:
    room = staffed()
    if permission in LOCKABLE:
        assert len(room.facts(TESS, LockPermission(permission))) == 1
    else:
        assert room.refusal(TESS, LockPermission(permission)) is Code.FORBIDDEN


# --- who may, and when ---------------------------------------------------------------------------
WISHES: tuple[Command, ...] = (
    GrantPermission(who(VERA), Permission.CHAT),
    RevokePermission(who(VERA), Permission.CHAT),
    ResetPermissions(who(VERA)),
    LockPermission(Permission.CHAT),
    UnlockPermission(Permission.CHAT),
)


@pytest.mark.parametrize("command", WISHES, ids=lambda command: command.name)
def test_rights_are_for_staff_in_the_running_class(command: Command) -> None:
    room = staffed()
    room.join(GUS)
    for actor in (SAM, VERA, GUS, SERVICE):
        assert room.refusal(actor, command) is Code.FORBIDDEN
    assert room.refusal(ADA, command) is Code.NOT_A_PARTICIPANT
    assert isinstance(room.ask(OPERATOR, command), tuple)
    room.facts(TESS, EndSession())
    assert room.refusal(TESS, command) is Code.NOT_A_PARTICIPANT
    assert room.refusal(OPERATOR, command) is Code.SESSION_NOT_LIVE


@pytest.mark.parametrize("command", WISHES[:3], ids=lambda command: command.name)
def test_rights_of_somebody_who_was_never_there_do_not_change(command: Command) -> None:
    room = Class().live(TESS)
    assert room.refusal(TESS, command) is Code.NO_SUCH_PARTICIPANT


@pytest.mark.parametrize("command", WISHES, ids=lambda command: command.name)
def test_a_repeated_wish_has_one_effect(command: Command) -> None:
    room = staffed()
    room.facts(TESS, RevokePermission(who(VERA), Permission.REACT))
    room.facts(TESS, LockPermission(Permission.CHAT if command is WISHES[4] else Permission.REACT))
    room.ask(TESS, command, "once")
    assert recall(room.state, envelope(TESS, command, "once")) == room.state.seq
    assert room.facts(TESS, command) == ()


def test_a_policy_that_is_told_twice_has_one_effect() -> None:
    room = Class().created()
    room.ask(SERVICE, ApplyPolicy(POLICY), "once")
    assert recall(room.state, envelope(SERVICE, ApplyPolicy(POLICY), "once")) == room.state.seq


def test_rights_end_with_the_class() -> None:
    room = staffed()
    room.facts(TESS, GrantPermission(who(VERA), Permission.SPEAK))
    room.facts(TESS, RevokePermission(who(SAM), Permission.SPEAK))
    room.facts(TESS, LockPermission(Permission.CHAT))
    room.facts(TESS, EndSession())
    assert room.state.rights == type(room.state.rights)()
    room.facts(TESS, StartSession())
    room.join(SAM)
    assert may(room.state, who(SAM), Permission.SPEAK)


def test_people_with_rights_of_their_own_are_bounded() -> None:
    students = [person(f"student{i}") for i in range(RIGHTS_PEOPLE_MAX + 1)]
    room = Class().live(TESS, *students)
    for student in students[:-1]:
        room.facts(TESS, RevokePermission(who(student), Permission.CHAT))
    last = who(students[-1])
    assert room.refusal(TESS, GrantPermission(last, Permission.CHAT)) is Code.LIMIT_REACHED
    assert room.refusal(TESS, RevokePermission(last, Permission.CHAT)) is Code.LIMIT_REACHED
    room.facts(TESS, GrantPermission(who(students[0]), Permission.CHAT))
    room.facts(TESS, ResetPermissions(who(students[1])))
    room.facts(TESS, RevokePermission(last, Permission.CHAT))


def test_a_lock_that_silences_the_largest_class_fits_one_commit() -> None:
    publishers = [person(f"student{i}") for i in range(TRACKS_MAX // TRACKS_PER_PARTICIPANT_MAX)]
    room = Class().live(TESS, *publishers)
    for actor in publishers:
        for source in Source:
            room.publish(actor, source)
    facts = room.facts(TESS, LockPermission(Permission.SHARE_SCREEN))
    assert len(facts) == 1 + TRACKS_MAX // 2
    assert all(t.source in {Source.MICROPHONE, Source.CAMERA} for t in room.state.tracks.values())


# --- the tenant's policy -------------------------------------------------------------------------
def test_a_room_keeps_the_newest_policy_of_its_tenant() -> None:
    room = Class().created()
    assert room.facts(SERVICE, ApplyPolicy(POLICY)) == (PolicyApplied(Policy(), POLICY),)
    assert audience(room) == "staff"
    assert room.facts(SERVICE, ApplyPolicy(POLICY)) == ()
    assert room.facts(SERVICE, ApplyPolicy(replace(POLICY, version=2, roles=()))) == ()
    room.facts(TESS, StartSession())
    room.facts(TESS, EndSession())
    assert room.state.policy == POLICY
    newer = replace(POLICY, version=4)
    assert room.facts(SERVICE, ApplyPolicy(newer)) == (PolicyApplied(POLICY, newer),)


@pytest.mark.parametrize("actor", [TESS, ADA, OPERATOR], ids=lambda actor: actor.id)
def test_only_a_service_tells_a_room_its_policy(actor: Actor) -> None:
    assert Class().created().refusal(actor, ApplyPolicy(POLICY)) is Code.FORBIDDEN


def test_a_room_that_does_not_exist_has_no_policy() -> None:
    assert Class().refusal(SERVICE, ApplyPolicy(POLICY)) is Code.NO_SUCH_ROOM


def test_a_policy_that_takes_permissions_away_silences_at_once() -> None:
    singer = CustomRole("singer", Role.VIEWER, (Permission.SPEAK,))
    room = staffed()
    room.facts(SERVICE, ApplyPolicy(Policy(1, (singer,))))
    room.facts(TESS, ChangeRole(who(VERA), Role.VIEWER, "singer"))
    track = room.publish(VERA, Source.MICROPHONE)
    before, after = room.state.policy, Policy(2, (replace(singer, permissions=()),))
    assert room.facts(SERVICE, ApplyPolicy(after)) == (
        PolicyApplied(before, after),
        TrackClosed(track, "role"),
    )


def permissions(state: RoomState, actor: Actor) -> tuple[str, ...]:
    return view(state, who(actor)).me.permissions


def test_a_custom_role_counts_while_the_policy_has_it_on_this_base() -> None:
    room = staffed()
    room.facts(SERVICE, ApplyPolicy(POLICY))
    viewer = permissions(room.state, VERA)
    room.facts(TESS, ChangeRole(who(VERA), Role.VIEWER, "listener"))
    assert permissions(room.state, VERA) == (Permission.CHAT,)
    room.facts(TESS, LockPermission(Permission.CHAT))
    assert permissions(room.state, VERA) == ()
    room.facts(TESS, UnlockPermission(Permission.CHAT))
    room.facts(SERVICE, ApplyPolicy(Policy(4, (replace(LISTENER, base=Role.CO_HOST),))))
    assert permissions(room.state, VERA) == viewer, "nobody becomes staff by a policy"
    room.facts(SERVICE, ApplyPolicy(Policy(5)))
    assert permissions(room.state, VERA) == viewer


# --- what is shown -------------------------------------------------------------------------------
def test_staff_see_all_rights_and_others_their_own() -> None:
    room = staffed()
    room.facts(SERVICE, ApplyPolicy(POLICY))
    room.facts(TESS, LockPermission(Permission.REACT))
    room.facts(TESS, GrantPermission(who(VERA), Permission.SPEAK))
    room.facts(TESS, RevokePermission(who(SAM), Permission.CHAT))
    veras = PersonRights(who(VERA), (Permission.SPEAK,), ())
    sams = PersonRights(who(SAM), (), (Permission.CHAT,))
    everybody = tuple(sorted((veras, sams), key=lambda p: p.participant))
    locks = (Permission.REACT,)
    for actor in (TESS, CORA):
        assert view(room.state, who(actor)).rights == RightsView(locks, everybody, POLICY.roles, ())
    assert view(room.state, who(SAM)).rights == RightsView(locks, (sams,), (), ())
    for outsider in (who(GUS), None):
        assert view(room.state, outsider).rights == RightsView((), (), (), ()), "at the door"
    room.join(GUS)
    assert view(room.state, who(GUS)).rights == RightsView(locks, (), (), ())


def test_staff_in_the_class_see_whom_they_can_readmit() -> None:
    room = staffed()
    room.facts(TESS, RemoveParticipant(who(SAM)))
    room.facts(TESS, RemoveParticipant(who(VERA), ban=False))
    for actor, shown in ((CORA, (RemovedView(who(SAM), "Sam"),)), (SAM, ()), (ADA, ())):
        assert view(room.state, who(actor), actor.capabilities).rights.removed == shown
    room.facts(CORA, ReadmitParticipant(who(SAM)))
    assert view(room.state, who(TESS)).rights.removed == ()


def test_the_names_of_the_removed_are_bounded_and_the_oldest_is_forgotten() -> None:
    room = staffed()
    names = {ParticipantId(f"p{i}"): "Somebody" for i in range(PARTICIPANTS_MAX)}
    room.state = replace(room.state, rights=replace(room.state.rights, removed=names))
    room.facts(TESS, RemoveParticipant(who(SAM)))
    known = room.state.rights.removed
    assert (len(known), known[who(SAM)], "p0" in known) == (PARTICIPANTS_MAX, "Sam", False)


def test_me_lists_what_holds_for_this_person_now() -> None:
    room = staffed()
    before = permissions(room.state, SAM)
    room.facts(TESS, LockPermission(Permission.CHAT))
    room.facts(TESS, RevokePermission(who(SAM), Permission.SPEAK))
    room.facts(TESS, GrantPermission(who(SAM), Permission.POLL))
    expected = set(before) - {Permission.CHAT, Permission.SPEAK} | {Permission.POLL}
    assert permissions(room.state, SAM) == tuple(sorted(expected))
