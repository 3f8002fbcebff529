"""Commands of lobby. Who waits got there by ``join_session``."""

from typing import Annotated, ClassVar

from msgspec import Meta

from schemas.commands.common import Command
from schemas.ids import ParticipantToken
from schemas.limits import LOBBY_MESSAGE_CHARS_MAX, LOBBY_WAITING_MAX

Waiting = Annotated[tuple[ParticipantToken, ...], Meta(min_length=1, max_length=LOBBY_WAITING_MAX)]
"""Some of those who wait at the door."""

LobbyMessage = Annotated[str, Meta(max_length=LOBBY_MESSAGE_CHARS_MAX)]
"""A sentence for people at the door."""


class Admit(Command, frozen=True, forbid_unknown_fields=True):
    """Staff let these people in: those who wait, and those whom a host kept out before."""

    name: ClassVar[str] = "admit"
    participants: Waiting


class AdmitAll(Command, frozen=True, forbid_unknown_fields=True):
    """Staff let everybody in who waits."""

    name: ClassVar[str] = "admit_all"


class Deny(Command, frozen=True, forbid_unknown_fields=True):
    """Staff keep these people out until the class ends or somebody admits them; ``message`` says why."""

    name: ClassVar[str] = "deny"
    participants: Waiting
    message: LobbyMessage = ""


class DenyAll(Command, frozen=True, forbid_unknown_fields=True):
    """Staff keep everybody out who waits."""

    name: ClassVar[str] = "deny_all"
    message: LobbyMessage = ""


class TellLobby(Command, frozen=True, forbid_unknown_fields=True):
    """Staff tell those who wait something, and those who come later too; empty takes it back."""

    name: ClassVar[str] = "tell_lobby"
    message: LobbyMessage


class LeaveLobby(Command, frozen=True, forbid_unknown_fields=True):
    """The asker waits no longer."""

    name: ClassVar[str] = "leave_lobby"


CLIENT: tuple[type[Command], ...] = (Admit, AdmitAll, Deny, DenyAll, TellLobby, LeaveLobby)
SERVICE: tuple[type[Command], ...] = ()
