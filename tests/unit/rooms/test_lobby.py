"""Who waits at the door: the manual of ``rooms.lobby``."""

from typing import Literal

import pytest
from msgspec.structs import replace

from rooms.room import next_deadline, recall
from rooms.state.lobby import Lobby
from rooms.view import public_data, view
from rooms.watch import watched
from schemas.commands import Command
from schemas.commands.deadlines import DeadlinePassed
from schemas.commands.lifecycle import ChangeSettings, EndSession, StartSession
from schemas.commands.lobby import Admit, AdmitAll, Deny, DenyAll, LeaveLobby, TellLobby
from schemas.commands.roster import (
    AddMember,
    JoinSession,
    LeaveSession,
    LoseConnection,
    LoseEdge,
    ReadmitParticipant,
    RemoveParticipant,
    ResumeConnection,
)
from schemas.envelope import AND_STAFF, Actor, Event, encode_commit
from schemas.events.lifecycle import SettingsChanged
from schemas.events.lobby import (
    Admitted,
    Denied,
    Knocked,
    LobbyTold,
    WaitingConnected,
    WaitingDisconnected,
    WaitingLeft,
)
from schemas.events.roster import ParticipantJoined
from schemas.ids import ConnectionId, EdgeId, UserId
from schemas.limits import COMMIT_BYTES_MAX, LOBBY_DENIED_MAX, LOBBY_WAITING_MAX, NAME_CHARS_MAX
from schemas.media import Role
from schemas.rejections import Code
from schemas.room_settings import RoomSettings
from schemas.view.lobby import LobbyView, WaitingView
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

GRACE = 30 * SECOND
NOBODY = LobbyView((), "none", "", "")


def guarded(
    lobby: Literal["guests", "everyone"] = "everyone", *waiting: Actor, capacity: int = 2_000
) -> Class:
    """A class with its teacher and somebody at the door."""
    room = Class().live(TESS)
    room.facts(TESS, ChangeSettings(RoomSettings(lobby=lobby, capacity=capacity)))
    return room.join(*waiting)


def knocked(actor: Actor, message: str = "") -> Knocked:
    """The fact that this person waits."""
    assert actor.edge is not None
    assert actor.connection is not None
    guest = actor.kind == "guest"
    return Knocked(who(actor), actor.id, actor.display_name, guest, actor.edge, actor.connection, message)


def joined(actor: Actor, role: Role = Role.SPEAKER) -> ParticipantJoined:
    """The fact that this person entered."""
    assert actor.edge is not None
    assert actor.connection is not None
    guest = actor.kind == "guest"
    return ParticipantJoined(
        who(actor), actor.id, actor.display_name, role, guest, actor.edge, actor.connection
    )


# --- who waits -----------------------------------------------------------------------------------
def test_without_a_lobby_nobody_waits() -> None:
    assert Class().live(TESS).facts(GUS, JoinSession("Gus")) == (joined(GUS),)


def test_a_lobby_for_guests_stops_guests() -> None:
    room = guarded("guests")
    assert room.facts(GUS, JoinSession("Gus")) == (knocked(GUS),)
    assert room.facts(SAM, JoinSession("Sam")) == (joined(SAM),)


def test_a_lobby_for_everyone_stops_all_but_staff() -> None:
    room = guarded()
    room.facts(TESS, AddMember(UserId("cora"), Role.CO_HOST))
    assert room.facts(SAM, JoinSession("Sam")) == (knocked(SAM),)
    assert room.facts(GUS, JoinSession("Gus")) == (knocked(GUS),)
    assert room.facts(CORA, JoinSession("Cora")) == (joined(CORA, Role.CO_HOST),)
    assert room.facts(ADA, JoinSession("Ada")) == (joined(ADA, Role.HOST),)
    assert list(room.state.lobby.waiting) == [who(SAM), who(GUS)], "in order of knocking"


def test_a_link_may_lead_past_the_lobby() -> None:
    invited = replace(GUS, admitted=True)
    assert guarded().facts(invited, JoinSession("Gus")) == (joined(GUS),)


def test_what_somebody_came_with_is_known_when_they_are_let_in() -> None:
    room = guarded("guests")
    (waits,) = room.facts(replace(GUS, device="tablet"), JoinSession("Gus"))
    assert waits == replace(knocked(GUS), device="tablet")
    _, entered = room.facts(TESS, Admit((who(GUS),)))
    assert entered == replace(joined(GUS), device="tablet")


def test_who_is_in_the_class_is_not_sent_to_the_door_by_new_settings() -> None:
    room = Class().live(TESS, SAM)
    room.facts(TESS, ChangeSettings(RoomSettings(lobby="everyone")))
    assert who(SAM) in room.state.participants
    room.facts(SAM, LeaveSession())
    assert room.facts(SAM, JoinSession("Sam")) == (knocked(SAM),)


def test_knocking_twice_keeps_the_place_and_takes_the_new_page_and_name() -> None:
    room = guarded("everyone", SAM, VERA)
    assert room.facts(SAM, JoinSession("Sam")) == ()
    room.now += SECOND
    elsewhere = on(SAM, "phone", "edge-2")
    (again,) = room.facts(elsewhere, JoinSession("Sammy"))
    assert again == replace(knocked(elsewhere), display_name="Sammy")
    assert list(room.state.lobby.waiting) == [who(SAM), who(VERA)]
    assert room.state.lobby.waiting[who(SAM)].knocked_at == START


def test_knocking_needs_a_name() -> None:
    assert guarded().refusal(SAM, JoinSession("  ")) is Code.MALFORMED


def test_who_was_removed_need_not_knock() -> None:
    room = Class().live(TESS, SAM)
    room.facts(TESS, RemoveParticipant(who(SAM)))
    room.facts(TESS, ChangeSettings(RoomSettings(lobby="everyone")))
    assert room.refusal(SAM, JoinSession("Sam")) is Code.REMOVED


def test_the_lobby_is_bounded() -> None:
    room = guarded("everyone", *(person(f"student{i}") for i in range(LOBBY_WAITING_MAX)))
    assert room.refusal(SAM, JoinSession("Sam")) is Code.LOBBY_FULL


def test_who_waits_may_go() -> None:
    room = guarded("everyone", SAM)
    assert room.facts(SAM, LeaveLobby()) == (WaitingLeft(who(SAM), "left"),)
    assert room.facts(SAM, LeaveLobby()) == ()
    assert room.facts(OPERATOR, LeaveLobby()) == (), "who is nobody here waits for nothing"
    assert room.state.lobby.waiting == {}


# --- letting in ----------------------------------------------------------------------------------
def test_who_is_admitted_enters_at_once() -> None:
    room = guarded("everyone", SAM, VERA)
    assert room.facts(TESS, Admit((who(SAM),))) == (Admitted(who(SAM)), joined(SAM))
    assert list(room.state.lobby.waiting) == [who(VERA)]
    assert who(SAM) in room.state.participants
    assert room.facts(TESS, Admit((who(SAM),))) == (), "who is in is in"


def test_admission_holds_for_the_class() -> None:
    room = guarded("everyone", SAM)
    room.facts(TESS, Admit((who(SAM),)))
    room.facts(SAM, LeaveSession())
    assert room.facts(SAM, JoinSession("Sam")) == (joined(SAM),)


def test_who_is_removed_and_may_come_back_knocks_again() -> None:
    room = guarded("everyone", SAM)
    room.facts(TESS, Admit((who(SAM),)))
    room.facts(TESS, RemoveParticipant(who(SAM)))
    room.facts(TESS, ReadmitParticipant(who(SAM)))
    assert room.facts(SAM, JoinSession("Sam")) == (knocked(SAM),)


def test_everybody_is_admitted_in_order_of_knocking() -> None:
    room = guarded("everyone", SAM, GUS)
    assert room.facts(TESS, AdmitAll()) == (
        Admitted(who(SAM)),
        joined(SAM),
        Admitted(who(GUS)),
        joined(GUS),
    )
    assert room.facts(TESS, AdmitAll()) == ()


def test_a_page_that_is_gone_is_admitted_and_enters_when_it_is_back() -> None:
    room = guarded("everyone", SAM)
    room.facts(SERVICE, LoseConnection(who(SAM), ConnectionId("sam-socket")))
    assert room.facts(TESS, AdmitAll()) == (Admitted(who(SAM)),)
    assert room.facts(SAM, JoinSession("Sam")) == (joined(SAM),)


def test_as_many_are_admitted_as_fit() -> None:
    room = guarded("everyone", SAM, VERA, capacity=2)
    assert room.facts(TESS, AdmitAll()) == (Admitted(who(SAM)), joined(SAM))
    assert room.refusal(TESS, AdmitAll()) is Code.ROOM_FULL
    assert room.refusal(TESS, Admit((who(VERA),))) is Code.ROOM_FULL
    assert list(room.state.lobby.waiting) == [who(VERA)]


def test_who_became_staff_while_waiting_walks_in() -> None:
    room = guarded("everyone", CORA)
    room.facts(TESS, AddMember(UserId("cora"), Role.CO_HOST))
    assert room.facts(CORA, JoinSession("Cora")) == (joined(CORA, Role.CO_HOST),)
    assert room.state.lobby.waiting == {}


def test_opening_the_door_lets_in_whom_it_stops_no_more() -> None:
    room = guarded("everyone", SAM, GUS)
    before = room.state.settings
    for_guests = RoomSettings(lobby="guests")
    assert room.facts(TESS, ChangeSettings(for_guests)) == (
        SettingsChanged(before, for_guests),
        Admitted(who(SAM)),
        joined(SAM),
    )
    off = RoomSettings(default_role=Role.VIEWER)
    assert room.facts(TESS, ChangeSettings(off)) == (
        SettingsChanged(for_guests, off),
        Admitted(who(GUS)),
        joined(GUS, Role.VIEWER),
    )


def test_admitting_a_full_lobby_fits_one_commit_whatever_the_names() -> None:
    def long(i: int) -> Actor:
        named = person(f"student{i}".ljust(40, "x"), guest=True)
        page = on(named, f"socket{i}".ljust(40, "x"), "edge".ljust(40, "x"))
        return replace(page, display_name="\x01" * NAME_CHARS_MAX)  # Six bytes each in JSON.

    room = guarded("everyone", *(long(i) for i in range(LOBBY_WAITING_MAX)))
    assert len(room.facts(TESS, AdmitAll())) == 2 * LOBBY_WAITING_MAX
    assert len(encode_commit(room.log[-1])) < COMMIT_BYTES_MAX


# --- keeping out ---------------------------------------------------------------------------------
def test_who_is_denied_stays_out_and_is_told_why() -> None:
    room = guarded("everyone", SAM)
    assert room.facts(TESS, Deny((who(SAM),), "Not today.")) == (Denied(who(SAM), "Not today."),)
    assert room.refusal(SAM, JoinSession("Sam")) is Code.DENIED
    assert room.facts(TESS, Deny((who(SAM),))) == (), "the first word counts"
    assert room.state.lobby.denied == {who(SAM): "Not today."}


def test_who_is_denied_stays_out_when_the_door_is_opened() -> None:
    room = guarded("everyone", SAM)
    room.facts(TESS, Deny((who(SAM),)))
    room.facts(TESS, ChangeSettings(RoomSettings()))
    assert room.refusal(SAM, JoinSession("Sam")) is Code.DENIED
    room.facts(TESS, AddMember(UserId("sam"), Role.CO_HOST))
    assert room.facts(SAM, JoinSession("Sam")) == (joined(SAM, Role.CO_HOST),), "staff never wait"


def test_who_is_denied_may_be_admitted_after_all() -> None:
    room = guarded("everyone", SAM)
    room.facts(TESS, Deny((who(SAM),)))
    assert room.facts(TESS, Admit((who(SAM),))) == (Admitted(who(SAM)),)
    assert room.facts(SAM, JoinSession("Sam")) == (joined(SAM),)


def test_everybody_is_denied() -> None:
    room = guarded("everyone", SAM, GUS)
    assert room.facts(TESS, DenyAll("Full.")) == (Denied(who(SAM), "Full."), Denied(who(GUS), "Full."))
    assert room.facts(TESS, DenyAll("Full.")) == ()


def test_the_first_of_too_many_denied_may_knock_again() -> None:
    people = [person(f"student{i}") for i in range(LOBBY_DENIED_MAX + 1)]
    room = guarded("everyone", *people)
    room.facts(TESS, DenyAll())
    assert len(room.state.lobby.denied) == LOBBY_DENIED_MAX
    assert room.facts(people[0], JoinSession(people[0].display_name)) == (knocked(people[0]),)


def test_who_is_not_at_the_door_is_neither_admitted_nor_denied() -> None:
    room = guarded("everyone", SAM)
    assert room.refusal(TESS, Admit((who(GUS),))) is Code.NO_SUCH_PARTICIPANT
    assert room.refusal(TESS, Deny((who(GUS),))) is Code.NO_SUCH_PARTICIPANT
    assert room.facts(TESS, Admit((who(GUS), who(SAM), who(SAM)))) == (Admitted(who(SAM)), joined(SAM))


# --- words ---------------------------------------------------------------------------------------
def test_those_who_wait_are_told_and_so_is_who_comes_later() -> None:
    room = guarded("everyone", SAM)
    assert room.facts(TESS, TellLobby("We begin at ten.")) == (LobbyTold("We begin at ten."),)
    assert room.facts(TESS, TellLobby("We begin at ten.")) == ()
    assert room.facts(VERA, JoinSession("Vera")) == (knocked(VERA, "We begin at ten."),)
    assert view(room.state, who(VERA)).lobby.told == "We begin at ten."


@pytest.mark.parametrize(
    "command",
    [Admit((who(SAM),)), AdmitAll(), Deny((who(SAM),)), DenyAll(), TellLobby("Hello")],
    ids=lambda command: command.name,
)
def test_the_door_is_for_staff_of_a_running_class(command: Command) -> None:
    room = guarded("guests", GUS, SAM)
    for actor in (SAM, GUS, VERA, SERVICE):
        assert room.refusal(actor, command) is Code.FORBIDDEN
    assert Class().created().refusal(TESS, command) is Code.SESSION_NOT_LIVE


def test_a_co_host_and_an_operator_keep_the_door_too() -> None:
    room = guarded("everyone", SAM, VERA)
    room.facts(TESS, AddMember(UserId("cora"), Role.CO_HOST))
    room.join(CORA)
    assert room.facts(CORA, Admit((who(SAM),))) != ()
    assert room.facts(OPERATOR, Admit((who(VERA),))) != ()


# --- the line ------------------------------------------------------------------------------------
def test_a_lost_page_keeps_its_place_for_the_grace_time() -> None:
    room = guarded("everyone", SAM)
    lost = LoseConnection(who(SAM), ConnectionId("sam-socket"))
    assert room.facts(SERVICE, lost) == (WaitingDisconnected(who(SAM), room.now + GRACE),)
    assert room.facts(SERVICE, lost) == ()
    assert next_deadline(room.state) == room.now + GRACE
    room.now += GRACE
    assert room.facts(SERVICE, DeadlinePassed(room.now)) == (WaitingLeft(who(SAM), "timeout"),)
    assert room.state.lobby.waiting == {}


def test_a_page_that_comes_back_in_time_waits_on() -> None:
    room = guarded("everyone", SAM)
    room.facts(SERVICE, LoseConnection(who(SAM), ConnectionId("sam-socket")))
    back = ResumeConnection(who(SAM), ConnectionId("new"), EdgeId("edge-2"))
    assert room.facts(SERVICE, back) == (WaitingConnected(who(SAM), EdgeId("edge-2"), ConnectionId("new")),)
    assert room.facts(SERVICE, back) == ()
    assert room.facts(SERVICE, LoseConnection(who(SAM), ConnectionId("sam-socket"))) == (), "replaced"
    assert room.state.lobby.waiting[who(SAM)].connected


def test_knocking_again_ends_the_grace_time_too() -> None:
    room = guarded("everyone", SAM)
    room.facts(SERVICE, LoseConnection(who(SAM), ConnectionId("sam-socket")))
    assert room.facts(SAM, JoinSession("Sam")) == (knocked(SAM),)
    assert room.state.lobby.waiting[who(SAM)].connected


def test_those_at_the_door_vanish_with_their_edge() -> None:
    room = guarded("everyone", on(SAM, "s", "edge-2"), on(VERA, "v", "edge-2"), GUS)
    assert watched(room.state).edges == {EDGE, "edge-2"}
    lost = room.facts(SERVICE, LoseEdge(EdgeId("edge-2"), START))
    assert lost == (
        WaitingDisconnected(who(SAM), room.now + GRACE),
        WaitingDisconnected(who(VERA), room.now + GRACE),
    )
    assert watched(room.state).edges == {EDGE}
    room.now += GRACE
    room.facts(SERVICE, DeadlinePassed(room.now))
    assert list(room.state.lobby.waiting) == [who(GUS)]


def test_the_lobby_ends_with_the_class() -> None:
    room = guarded("everyone", SAM, VERA, GUS)
    room.facts(TESS, Admit((who(SAM),)))
    room.facts(TESS, Deny((who(VERA),)))
    room.facts(TESS, TellLobby("A moment."))
    room.facts(TESS, EndSession())
    assert room.state.lobby == Lobby()
    assert next_deadline(room.state) is None
    room.facts(TESS, StartSession())
    assert room.facts(VERA, JoinSession("Vera")) == (knocked(VERA),)


def test_only_whose_grace_time_is_over_goes() -> None:
    room = guarded("everyone", SAM, VERA, GUS)
    room.facts(SERVICE, LoseConnection(who(SAM), ConnectionId("sam-socket")))
    room.now += SECOND
    room.facts(SERVICE, LoseConnection(who(VERA), ConnectionId("vera-socket")))
    room.now = START + GRACE
    assert room.facts(SERVICE, DeadlinePassed(room.now)) == (WaitingLeft(who(SAM), "timeout"),)
    assert list(room.state.lobby.waiting) == [who(VERA), who(GUS)]


def test_facts_about_people_who_are_not_at_the_door_change_nothing() -> None:
    """A log from elsewhere is folded whatever it says."""
    room = guarded("everyone", SAM)
    before = room.state.lobby
    odd = (
        WaitingConnected(who(GUS), EDGE, ConnectionId("c")),
        WaitingDisconnected(who(GUS), START),
        WaitingLeft(who(GUS), "left"),
    )
    room.store(SERVICE, "odd", [Event(fact) for fact in odd])
    assert room.state.lobby == before


# --- who learns what -----------------------------------------------------------------------------
def test_what_happens_at_the_door_is_for_staff_and_for_whom_it_is_about() -> None:
    room = guarded()
    wishes: list[tuple[Actor, Command]] = [
        (SAM, JoinSession("Sam")),
        (SERVICE, LoseConnection(who(SAM), ConnectionId("sam-socket"))),
        (SERVICE, ResumeConnection(who(SAM), ConnectionId("sam-socket"), EDGE)),
        (SAM, LeaveLobby()),
        (SAM, JoinSession("Sam")),
        (TESS, TellLobby("Hello")),
        (TESS, Deny((who(SAM),))),
        (TESS, Admit((who(SAM),))),
    ]
    for actor, command in wishes:
        room.facts(actor, command)
        (event,) = room.log[-1].events
        assert event.audience == (who(SAM), AND_STAFF), event
    room.facts(SAM, JoinSession("Sam"))
    room.join(VERA)
    room.facts(TESS, AdmitAll())
    assert [event.audience for event in room.log[-1].events] == [(who(VERA), AND_STAFF), "everyone"]


def test_words_to_the_lobby_reach_all_who_wait_and_staff() -> None:
    room = guarded("everyone", SAM, GUS)
    room.facts(TESS, TellLobby("Hello"))
    assert room.log[-1].events[0].audience == (who(SAM), who(GUS), AND_STAFF)


def test_staff_see_who_waits_and_others_only_themselves() -> None:
    room = guarded("everyone", SAM, GUS, VERA)
    room.facts(SERVICE, LoseConnection(who(GUS), ConnectionId("gus-socket")))
    room.facts(TESS, Deny((who(VERA),), "Sorry."))
    room.facts(TESS, TellLobby("A moment."))
    at = room.state.lobby.waiting[who(SAM)].knocked_at
    assert view(room.state, who(TESS)).lobby == LobbyView(
        (
            WaitingView(who(SAM), "Sam", guest=False, connected=True, knocked_at=at),
            WaitingView(who(GUS), "Gus", guest=True, connected=False, knocked_at=at),
        ),
        "none",
        "A moment.",
        "",
    )
    assert view(room.state, who(SAM)).lobby == LobbyView((), "waiting", "A moment.", "")
    assert view(room.state, who(VERA)).lobby == LobbyView((), "denied", "", "Sorry.")
    assert view(room.state, who(CORA)).lobby == NOBODY
    assert view(room.state, None).lobby == NOBODY
    room.facts(TESS, Admit((who(SAM),)))
    assert view(room.state, who(SAM)).lobby.mine == "admitted"


def test_accounts_and_sockets_at_the_door_are_for_staff() -> None:
    room = guarded("everyone", SAM)
    (event,) = room.log[-1].events
    shown = public_data(event, Role.SPEAKER)
    assert isinstance(shown, Knocked)
    assert (shown.person, shown.edge, shown.connection) == ("", "", "")
    assert public_data(event, Role.HOST) == knocked(SAM)
    room.facts(SERVICE, ResumeConnection(who(SAM), ConnectionId("new"), EDGE))
    shown = public_data(room.log[-1].events[0], None)
    assert isinstance(shown, WaitingConnected)
    assert (shown.edge, shown.connection) == ("", "")


@pytest.mark.parametrize(
    ("actor", "command"),
    [
        (VERA, JoinSession("Vera")),
        (SAM, LeaveLobby()),
        (TESS, Admit((who(SAM),))),
        (TESS, AdmitAll()),
        (TESS, Deny((who(SAM),))),
        (TESS, DenyAll()),
        (TESS, TellLobby("Hello")),
    ],
    ids=lambda value: value.name if isinstance(value, Command) else "",
)
def test_the_same_wish_is_answered_once(actor: Actor, command: Command) -> None:
    room = guarded("everyone", SAM)
    room.ask(actor, command, "once")
    answer = room.state.seq
    room.ask(TESS, TellLobby("in between"))
    assert recall(room.state, envelope(actor, command, "once", room.now)) == answer
