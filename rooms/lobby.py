"""The lobby: who waits at the door, and who lets them in.

Whom the settings make wait knocks by ``join_session`` (``rooms.roster`` asks ``must_wait``). Who is
admitted enters in the same commit if their page is there, and may come back until the class ends. Who is
denied stays out as long, unless somebody admits them after all. Staff never wait. The door is nobody's
business but staff's and one's own: events name the one whom they are about.

Somebody whose page is gone keeps their place for a grace time, as people in class do. The lobby ends
with the class.
"""

from collections.abc import Iterable, Iterator
from typing import Literal, assert_never, get_args

from msgspec.structs import replace

from rooms.asker import Asker
from rooms.permissions import Permission, standing_role
from rooms.state import RoomState
from rooms.state.lobby import Lobby, Waiting
from rooms.topic import Decided, Stamp, Topic
from rooms.viewer import Viewer
from schemas.commands.lobby import Admit, AdmitAll, Deny, DenyAll, LeaveLobby, TellLobby
from schemas.commands.roster import LoseConnection, LoseEdge, ResumeConnection
from schemas.envelope import AND_STAFF, STAFF, Event
from schemas.events.lifecycle import SessionEnded
from schemas.events.lobby import (
    Admitted,
    Denied,
    Knocked,
    LobbyTold,
    WaitingConnected,
    WaitingDisconnected,
    WaitingLeft,
)
from schemas.events.roster import ParticipantJoined, ParticipantLeft
from schemas.ids import ParticipantId
from schemas.limits import DISCONNECT_GRACE_S, LOBBY_DENIED_MAX, LOBBY_WAITING_MAX, PARTICIPANTS_MAX
from schemas.rejections import Code, Rejection, rejection
from schemas.room_settings import RoomSettings
from schemas.view.lobby import LobbyView, WaitingView

Command = Admit | AdmitAll | Deny | DenyAll | TellLobby | LeaveLobby
Fact = (
    Knocked
    | WaitingConnected
    | WaitingDisconnected
    | Admitted
    | Denied
    | LobbyTold
    | WaitingLeft
    | ParticipantJoined
    | ParticipantLeft
    | SessionEnded
)

_GRACE_MS = int(DISCONNECT_GRACE_S * 1000)


def decide(state: RoomState, asks: Asker, command: Command, now: int) -> Decided:
    """What a wish about the door leads to."""
    match command:
        case Admit(participants=participants):
            return _refuse_staff(state, asks) or _admit(state, participants)
        case AdmitAll():
            return _refuse_staff(state, asks) or _let_in(state, state.lobby.waiting)
        case Deny(participants=participants, message=message):
            return _refuse_staff(state, asks) or _deny(state, participants, message)
        case DenyAll(message=message):
            return _refuse_staff(state, asks) or _turn_away(state.lobby.waiting, message)
        case TellLobby():
            return _refuse_staff(state, asks) or _tell(state, command)
        case LeaveLobby():
            return _leave(state, asks)
        case _:
            assert_never(command)


def _refuse_staff(state: RoomState, asks: Asker) -> Rejection | None:
    if not asks.may(Permission.ADMIT):
        return rejection(Code.FORBIDDEN)
    return None if state.live else rejection(Code.SESSION_NOT_LIVE)


# --- at the door ---------------------------------------------------------------------------------
def must_wait(state: RoomState, asks: Asker) -> bool:
    """Whether this person, who wants to join, has to be let in by staff first. Who was denied has, also
    when the door was opened to others since."""
    if asks.role in STAFF or asks.actor.admitted or asks.participant in state.lobby.admitted:
        return False
    if asks.participant in state.lobby.denied:
        return True
    return _stops(state.settings, guest=asks.actor.kind == "guest")


def _stops(settings: RoomSettings, *, guest: bool) -> bool:
    return settings.lobby == "everyone" or (settings.lobby == "guests" and guest)


def knock(state: RoomState, asks: Asker, display_name: str) -> Decided:
    """Somebody who must wait wants to join. Who waits already keeps the place, whatever page they use."""
    actor, who, lobby = asks.actor, asks.participant, state.lobby
    assert who is not None
    assert actor.edge is not None
    assert actor.connection is not None
    if who in lobby.denied:
        return rejection(Code.DENIED, lobby.denied[who] or None)
    waiting = lobby.waiting.get(who)
    if waiting is None and len(lobby.waiting) >= LOBBY_WAITING_MAX:
        return rejection(Code.LOBBY_FULL)
    here = (display_name, actor.edge, actor.connection, None)
    if waiting and (waiting.display_name, waiting.edge, waiting.connection, waiting.grace_until) == here:
        return ()
    guest = actor.kind == "guest"
    page = (actor.edge, actor.connection, lobby.message, actor.device)
    fact = Knocked(who, actor.id, display_name, guest, *page)
    return (Event(fact, (who, AND_STAFF)),)


def _leave(state: RoomState, asks: Asker) -> Decided:
    who = asks.participant
    if who is None or who not in state.lobby.waiting:
        return ()
    return (Event(WaitingLeft(who, "left"), (who, AND_STAFF)),)


# --- the line of those who wait ------------------------------------------------------------------
def resumed(state: RoomState, command: ResumeConnection) -> tuple[Event, ...]:
    """The page of somebody who waits is connected again."""
    waiting = state.lobby.waiting[command.participant]
    here = (command.edge, command.connection, None)
    if (waiting.edge, waiting.connection, waiting.grace_until) == here:
        return ()
    fact = WaitingConnected(waiting.id, command.edge, command.connection)
    return (Event(fact, (waiting.id, AND_STAFF)),)


def lost(state: RoomState, command: LoseConnection, now: int) -> tuple[Event, ...]:
    """The page of somebody who may be waiting is gone; news about a replaced page is no news."""
    waiting = state.lobby.waiting.get(command.participant)
    if waiting is None or waiting.connection != command.connection or not waiting.connected:
        return ()
    return (_disconnected(waiting, now),)


def lost_edge(state: RoomState, command: LoseEdge, now: int) -> tuple[Event, ...]:
    """All pages of those who wait on a dead edge are gone."""
    waiting = state.lobby.waiting.values()
    return tuple(_disconnected(w, now) for w in waiting if w.edge == command.edge and w.connected)


def _disconnected(waiting: Waiting, now: int) -> Event:
    return Event(WaitingDisconnected(waiting.id, now + _GRACE_MS), (waiting.id, AND_STAFF))


def deadlines(state: RoomState) -> Iterator[int]:
    """The ends of all grace times at the door."""
    return (w.grace_until for w in state.lobby.waiting.values() if w.grace_until is not None)


def due(state: RoomState, now: int) -> tuple[Event, ...]:
    """Those whose grace time is over wait no longer."""
    return tuple(
        Event(WaitingLeft(w.id, "timeout"), (w.id, AND_STAFF))
        for w in state.lobby.waiting.values()
        if w.grace_until is not None and w.grace_until <= now
    )


# --- letting in ----------------------------------------------------------------------------------
def _admit(state: RoomState, participants: Iterable[ParticipantId]) -> Decided:
    lobby, named = state.lobby, tuple(dict.fromkeys(participants))
    if not any(p in lobby.waiting or p in lobby.denied or p in lobby.admitted for p in named):
        return rejection(Code.NO_SUCH_PARTICIPANT)
    outside = tuple(p for p in named if p in lobby.waiting or p in lobby.denied)
    return _let_in(state, outside)


def _let_in(state: RoomState, participants: Iterable[ParticipantId]) -> Decided:
    """As many as fit into the class, in this order; refused if there is not even place for one."""
    outside = tuple(participants)
    events = tuple(_entering(state, state.settings, outside))
    return events if events or not outside else rejection(Code.ROOM_FULL)


def opened(state: RoomState, after: RoomSettings) -> tuple[Event, ...]:
    """Who comes in because these new settings make them wait no longer."""
    free = [w.id for w in state.lobby.waiting.values() if not _stops(after, guest=w.guest)]
    return tuple(_entering(state, after, free))


def _entering(
    state: RoomState, settings: RoomSettings, participants: Iterable[ParticipantId]
) -> Iterator[Event]:
    """Whose page is gone is let in too, takes no place, and joins when it is back."""
    places = min(settings.capacity, PARTICIPANTS_MAX) - len(state.participants)
    for who in participants:
        waiting = state.lobby.waiting.get(who)
        is_here = waiting is not None and waiting.connected
        if is_here and places <= 0:
            continue
        yield Event(Admitted(who), (who, AND_STAFF))
        if waiting is not None and waiting.connected:
            places -= 1
            yield Event(_joined(state, settings, waiting))


def _joined(state: RoomState, settings: RoomSettings, waiting: Waiting) -> ParticipantJoined:
    holds = standing_role(replace(state, settings=settings), waiting.id)
    return ParticipantJoined(
        waiting.id,
        waiting.person,
        waiting.display_name,
        holds.role,
        waiting.guest,
        waiting.edge,
        waiting.connection,
        holds.custom_role,
        waiting.device,
    )


# --- keeping out ---------------------------------------------------------------------------------
def _deny(state: RoomState, participants: Iterable[ParticipantId], message: str) -> Decided:
    named = tuple(dict.fromkeys(participants))
    if not any(p in state.lobby.waiting or p in state.lobby.denied for p in named):
        return rejection(Code.NO_SUCH_PARTICIPANT)
    return _turn_away((p for p in named if p in state.lobby.waiting), message)


def _turn_away(participants: Iterable[ParticipantId], message: str) -> tuple[Event, ...]:
    """One event for each, so that nobody learns who else was turned away."""
    return tuple(Event(Denied(who, message), (who, AND_STAFF)) for who in participants)


def _tell(state: RoomState, command: TellLobby) -> Decided:
    if command.message == state.lobby.message:
        return ()
    return (Event(LobbyTold(command.message), (*state.lobby.waiting, AND_STAFF)),)


# --- facts ---------------------------------------------------------------------------------------
def evolve(state: RoomState, fact: Fact, stamp: Stamp) -> RoomState:
    """The room after a fact about the door."""
    lobby = state.lobby
    match fact:
        case Knocked():
            return replace(state, lobby=_with(lobby, fact, stamp.at))
        case WaitingConnected(participant=who, edge=edge, connection=connection):
            changed = _change(lobby, who, edge=edge, connection=connection, grace_until=None)
            return replace(state, lobby=changed)
        case WaitingDisconnected(participant=who, grace_until=grace_until):
            return replace(state, lobby=_change(lobby, who, grace_until=grace_until))
        case Admitted(participant=who):
            others = tuple(p for p in lobby.admitted if p != who)
            admitted = (*others, who)[-PARTICIPANTS_MAX:]
            denied = {p: why for p, why in lobby.denied.items() if p != who}
            return replace(state, lobby=replace(_without(lobby, who), admitted=admitted, denied=denied))
        case Denied(participant=who, message=message):
            denied = {p: why for p, why in lobby.denied.items() if p != who} | {who: message}
            if len(denied) > LOBBY_DENIED_MAX:
                del denied[next(iter(denied))]
            return replace(state, lobby=replace(_without(lobby, who), denied=denied))
        case LobbyTold(message=message):
            return replace(state, lobby=replace(lobby, message=message))
        case WaitingLeft(participant=who) | ParticipantJoined(participant=who):
            return replace(state, lobby=_without(lobby, who)) if who in lobby.waiting else state
        case ParticipantLeft(participant=who, reason=reason):
            if reason != "removed" or who not in lobby.admitted:
                return state
            admitted = tuple(p for p in lobby.admitted if p != who)  # Whom a host lets back knocks again.
            return replace(state, lobby=replace(lobby, admitted=admitted))
        case SessionEnded():
            return replace(state, lobby=Lobby())
        case _:
            assert_never(fact)


def _with(lobby: Lobby, fact: Knocked, at: int) -> Lobby:
    before = lobby.waiting.get(fact.participant)
    waiting = Waiting(
        fact.participant,
        fact.person,
        fact.display_name,
        fact.guest,
        fact.edge,
        fact.connection,
        before.knocked_at if before else at,
        device=fact.device,
    )
    return replace(lobby, waiting={**lobby.waiting, fact.participant: waiting})


def _change(lobby: Lobby, who: ParticipantId, **changes: object) -> Lobby:
    waiting = lobby.waiting.get(who)
    if waiting is None:
        return lobby
    return replace(lobby, waiting={**lobby.waiting, who: replace(waiting, **changes)})


def _without(lobby: Lobby, who: ParticipantId) -> Lobby:
    return replace(lobby, waiting={p: w for p, w in lobby.waiting.items() if p != who})


# --- view ----------------------------------------------------------------------------------------
def view(state: RoomState, viewer: Viewer) -> LobbyView:
    """What somebody sees of the door: staff all of it, others where they stand themselves."""
    lobby, me = state.lobby, viewer.participant
    waiting = lobby.waiting.values() if viewer.is_staff else ()
    return LobbyView(
        waiting=tuple(
            WaitingView(w.id, w.display_name, w.guest, w.connected, w.knocked_at)
            for w in waiting
            if w.id != me
        ),
        mine=_place(lobby, me),
        told=lobby.message if viewer.is_staff or me in lobby.waiting else "",
        denial=lobby.denied.get(me, "") if me else "",
    )


def _place(lobby: Lobby, who: ParticipantId | None) -> Literal["none", "waiting", "admitted", "denied"]:
    if who in lobby.waiting:
        return "waiting"
    if who in lobby.admitted:
        return "admitted"
    return "denied" if who in lobby.denied else "none"


TOPIC = Topic("lobby", get_args(Command), get_args(Fact), decide, evolve, deadlines, due)
