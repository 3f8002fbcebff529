"""Whose standing a commit may have changed: ``rooms.viewer.moved``."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from rooms.view import view
from rooms.viewer import moved, viewer
from schemas.commands.chat import PostMessage
from schemas.commands.floor import RaiseHand
from schemas.commands.lifecycle import EndSession
from schemas.commands.rights import ApplyPolicy, GrantPermission, LockPermission, RevokePermission
from schemas.commands.roster import (
    AddMember,
    ChangeRole,
    JoinSession,
    LeaveSession,
    LoseConnection,
    RemoveMember,
)
from schemas.envelope import Actor
from schemas.ids import ConnectionId, ParticipantId, UserId
from schemas.media import Role
from schemas.permissions import Permission
from schemas.policy import Policy
from tests.golden.fold_vectors import PEOPLE, STORIES, story
from tests.unit.rooms.classroom import CORA, SAM, SERVICE, TESS, VERA, Class, who
from tests.wishes import TOPICS

ANYBODY = None


def moved_by(room: Class, act: Callable[[], object]) -> frozenset[ParticipantId] | None:
    """Whom something that happens moves."""
    before = room.state
    act()
    assert room.state is not before
    return moved(before, room.state)


@pytest.mark.parametrize(
    ("actor", "command", "whom"),
    [
        (SAM, PostMessage("hello"), ()),
        (SAM, RaiseHand(), ()),
        (SERVICE, LoseConnection(who(SAM), ConnectionId("sam-socket")), ()),
        (CORA, JoinSession("Cora"), (CORA,)),
        (SAM, LeaveSession(), (SAM,)),
        (TESS, ChangeRole(who(SAM), Role.VIEWER), (SAM,)),
        (TESS, AddMember(UserId("cora"), Role.CO_HOST), (CORA,)),
        (TESS, AddMember(UserId("sam"), Role.CO_HOST), (SAM,)),
        (TESS, RemoveMember(UserId("vera")), (VERA,)),
        (TESS, GrantPermission(who(VERA), Permission.POLL), (VERA,)),
        (TESS, RevokePermission(who(VERA), Permission.CHAT), (VERA,)),
        (TESS, EndSession(), (TESS, SAM, VERA)),
        (TESS, LockPermission(Permission.CHAT), ANYBODY),
        (SERVICE, ApplyPolicy(Policy(1)), ANYBODY),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_a_commit_moves_only_those_whom_it_concerns(
    actor: Actor, command: object, whom: tuple[Actor, ...] | None
) -> None:
    room = Class().created()
    room.facts(TESS, AddMember(UserId("vera"), Role.SPEAKER))
    room.state = replace(Class().live(TESS, SAM, VERA).state, members=room.state.members)
    expected = None if whom is None else frozenset(who(a) for a in whom)
    assert moved_by(room, lambda: room.facts(actor, command)) == expected  # type: ignore[arg-type]


def test_the_default_role_moves_anybody() -> None:
    state = Class().live(SAM).state
    quiet = replace(state, settings=replace(state.settings, default_role=Role.VIEWER))
    assert moved(state, quiet) is ANYBODY
    assert moved(state, replace(state, settings=replace(state.settings, slow_mode_s=5))) == frozenset()


@pytest.mark.parametrize("name", [*(f"story{n}" for n in range(STORIES)), *sorted(TOPICS)])
def test_nobody_moves_unnoticed(name: str) -> None:
    """In every story: whoever's ``me`` or role differs after a commit was named by it."""
    for before, commit, after in story(name):
        whose = moved(before, after)
        for person in PEOPLE:
            assert person.participant is not None
            looks = [viewer(state, person.participant, person.capabilities) for state in (before, after)]
            shown = [view(state, person.participant, person.capabilities).me for state in (before, after)]
            if looks[0].role != looks[1].role or shown[0] != shown[1]:
                assert whose is None or person.participant in whose, commit
