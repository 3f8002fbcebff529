"""Wishes about lobby."""

from random import Random

from msgspec.structs import replace

from rooms.state import RoomState
from schemas.commands import Command
from schemas.commands.lifecycle import ChangeSettings
from schemas.commands.lobby import Admit, AdmitAll, Deny, DenyAll, LeaveLobby, TellLobby
from schemas.commands.roster import JoinSession, LoseConnection, LoseEdge, ResumeConnection
from schemas.ids import ConnectionId, EdgeId, ParticipantId
from tests.wishes.cast import SERVICE, Cast, Wish

EXAMPLES: tuple[Command, ...] = (
    Admit((ParticipantId("p"),)),
    AdmitAll(),
    Deny((ParticipantId("p"),), "Not today."),
    DenyAll("Not today."),
    TellLobby("We begin at ten."),
    LeaveLobby(),
)


def wishes(state: RoomState, chance: Random, cast: Cast) -> list[Wish]:
    """What somebody may want now."""
    who = cast.anyone(chance)
    lobby = state.lobby
    at_the_door = [*lobby.waiting, *lobby.denied, ParticipantId("nobody")]
    one = chance.choice(at_the_door)
    others = cast.others
    outside = [a for a in others if a.participant not in state.participants] or others
    visitor = chance.choice(outside)
    open_or_not = replace(state.settings, lobby=chance.choice(("everyone", "everyone", "guests", "off")))
    waiting = chance.choice(list(lobby.waiting.values())) if lobby.waiting else None
    connection = waiting.connection if waiting else ConnectionId("gone")
    page = waiting.id if waiting else one
    knocks: list[Wish] = [
        (visitor, JoinSession(visitor.display_name)),
        (visitor, JoinSession(chance.choice(("Somebody", visitor.display_name)))),
        (visitor, LeaveLobby()),
        (SERVICE, LoseConnection(page, connection)),
        (SERVICE, ResumeConnection(page, ConnectionId("c-other"), EdgeId("edge-2"))),
        (SERVICE, LoseEdge(EdgeId("edge-2"), state.at)),
    ]
    answers: list[Wish] = [
        (asker, command)
        for asker in (cast.host, who)
        for command in (
            Admit((one, chance.choice(at_the_door))),
            AdmitAll(),
            Deny((one,), chance.choice(("", "Not today."))),
            DenyAll("Too late."),
            TellLobby(chance.choice(("", "We begin at ten.", "A moment, please."))),
        )
    ]
    doors: list[Wish] = [(cast.host, ChangeSettings(open_or_not))]
    return [*knocks, *knocks, *knocks, *answers, *doors] if state.settings.lobby != "off" else doors
