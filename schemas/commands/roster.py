"""Commands of roster."""

from typing import ClassVar

from schemas.commands.common import Command, Milliseconds, Name
from schemas.ids import (
    ConnectionToken,
    EdgeToken,
    ParticipantToken,
    UserToken,
)
from schemas.media import Role


class JoinSession(Command, frozen=True, forbid_unknown_fields=True):
    """The asker enters the running class under this display name."""

    name: ClassVar[str] = "join_session"
    display_name: Name


class LeaveSession(Command, frozen=True, forbid_unknown_fields=True):
    """The asker leaves the running class."""

    name: ClassVar[str] = "leave_session"


class RemoveParticipant(Command, frozen=True, forbid_unknown_fields=True):
    """A host sends a person out until the class ends."""

    name: ClassVar[str] = "remove_participant"
    participant: ParticipantToken


class ChangeRole(Command, frozen=True, forbid_unknown_fields=True):
    """A host gives a person another role."""

    name: ClassVar[str] = "change_role"
    participant: ParticipantToken
    role: Role


class ResumeConnection(Command, frozen=True, forbid_unknown_fields=True):
    """An edge reports that a participant's page is connected again, on this edge and socket."""

    name: ClassVar[str] = "resume_connection"
    participant: ParticipantToken
    connection: ConnectionToken
    edge: EdgeToken


class LoseConnection(Command, frozen=True, forbid_unknown_fields=True):
    """An edge reports that a participant's socket is gone. Grace time starts."""

    name: ClassVar[str] = "lose_connection"
    participant: ParticipantToken
    connection: ConnectionToken


class LoseEdge(Command, frozen=True, forbid_unknown_fields=True):
    """``rooms`` closes the connections of an edge process whose lease ran out at ``last_beat``."""

    name: ClassVar[str] = "lose_edge"
    edge: EdgeToken
    last_beat: Milliseconds


class AddMember(Command, frozen=True, forbid_unknown_fields=True):
    """Gives a user a lasting role in the room (a co-teacher, a speaker in a room of viewers)."""

    name: ClassVar[str] = "add_member"
    user: UserToken
    role: Role


CLIENT: tuple[type[Command], ...] = (
    JoinSession,
    LeaveSession,
    RemoveParticipant,
    ChangeRole,
    AddMember,
)
SERVICE: tuple[type[Command], ...] = (
    ResumeConnection,
    LoseConnection,
    LoseEdge,
)
