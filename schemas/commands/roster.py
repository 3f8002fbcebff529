"""Commands of roster."""

from typing import Annotated, ClassVar

from msgspec import Meta

from schemas.commands.common import Command, Milliseconds, Name
from schemas.ids import (
    ConnectionToken,
    EdgeToken,
    ParticipantToken,
    UserToken,
)
from schemas.limits import CUSTOM_ROLE_NAME_CHARS_MAX
from schemas.media import Role

CustomRole = Annotated[str, Meta(max_length=CUSTOM_ROLE_NAME_CHARS_MAX)]  # "": none.


class JoinSession(Command, frozen=True, forbid_unknown_fields=True):
    """The asker enters the running class under this display name."""

    name: ClassVar[str] = "join_session"
    display_name: Name


class LeaveSession(Command, frozen=True, forbid_unknown_fields=True):
    """The asker leaves the running class."""

    name: ClassVar[str] = "leave_session"


class RemoveParticipant(Command, frozen=True, forbid_unknown_fields=True):
    """A host sends a person out: until the class ends, or without ``ban`` for as long as they like."""

    name: ClassVar[str] = "remove_participant"
    participant: ParticipantToken
    ban: bool = True


class ReadmitParticipant(Command, frozen=True, forbid_unknown_fields=True):
    """A host lets somebody who was sent out come back."""

    name: ClassVar[str] = "readmit_participant"
    participant: ParticipantToken


class ChangeRole(Command, frozen=True, forbid_unknown_fields=True):
    """A host gives a person another role: one of the tenant's own if ``custom_role`` names it (its base
    then counts instead of ``role``)."""

    name: ClassVar[str] = "change_role"
    participant: ParticipantToken
    role: Role
    custom_role: CustomRole = ""


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
    """Gives a user a lasting role in the room (a co-teacher, a speaker in a room of viewers).

    ``custom_role`` names one of the tenant's own, whose base then counts instead of ``role``.
    """

    name: ClassVar[str] = "add_member"
    user: UserToken
    role: Role
    custom_role: CustomRole = ""


class RemoveMember(Command, frozen=True, forbid_unknown_fields=True):
    """Takes a user's lasting role in the room away."""

    name: ClassVar[str] = "remove_member"
    user: UserToken


CLIENT: tuple[type[Command], ...] = (
    JoinSession,
    LeaveSession,
    RemoveParticipant,
    ReadmitParticipant,
    ChangeRole,
    AddMember,
    RemoveMember,
)
SERVICE: tuple[type[Command], ...] = (
    ResumeConnection,
    LoseConnection,
    LoseEdge,
)
