"""The roster, and attendance: who was in class when, from the log alone."""

from projectors.model import Fact, Model, Write, queries
from schemas.events.lifecycle import SessionEnded, SessionStarted
from schemas.events.redaction import REMOVED_PERSON, Redacted
from schemas.events.roster import (
    ParticipantConnected,
    ParticipantDisconnected,
    ParticipantJoined,
    ParticipantLeft,
    RoleChanged,
)

_sql = queries("roster")


def writes(fact: Fact) -> tuple[Write, ...]:
    """What a fact changes in roster and attendance."""
    tenant, room = fact.key.tenant, fact.key.room
    match fact.data:
        case SessionStarted(session):
            return (Write(_sql["open_session"], (tenant, room, session)),)
        case ParticipantJoined(participant, person, name, role, guest):
            return (
                Write(_sql["know"], (tenant, room, participant, person, name)),
                Write(_sql["join"], (tenant, room, participant, person, name, role.value, guest, fact.at)),
            )
        case ParticipantConnected(participant):
            return (Write(_sql["connect"], (tenant, room, participant, fact.at)),)
        case ParticipantDisconnected(participant):
            return (Write(_sql["disconnect"], (tenant, room, participant, fact.at)),)
        case RoleChanged(participant, _, after):
            return (Write(_sql["change_role"], (tenant, room, participant, after.value)),)
        case ParticipantLeft(participant, reason, left_at):
            return (Write(_sql["leave"], (tenant, room, participant, left_at, reason, fact.seq)),)
        case SessionEnded():
            return (
                Write(_sql["leave"], (tenant, room, None, fact.at, "session_ended", fact.seq)),
                Write(_sql["close_session"], (tenant, room)),
            )
        case Redacted(what="person", participant=participant):
            row = (tenant, room, participant, REMOVED_PERSON)
            return tuple(Write(_sql[name], row) for name in ("redact_people", "redact_attendance"))
    return ()


MODEL = Model("roster", ("roster_session", "roster", "attendance", "people"), _sql["tables"], writes)
