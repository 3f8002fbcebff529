"""Rooms, members and sessions."""

from projectors.model import Fact, Model, Write, queries
from schemas.events.lifecycle import RoomCreated, SessionEnded, SessionScheduled, SessionStarted
from schemas.events.roster import MemberAdded

_sql = queries("rooms")


def writes(fact: Fact) -> tuple[Write, ...]:
    """What a fact changes in rooms, members and sessions."""
    tenant, room = fact.key.tenant, fact.key.room
    match fact.data:
        case RoomCreated(title, owner, default_role):
            return (Write(_sql["create_room"], (tenant, room, title, owner, default_role.value, fact.at)),)
        case MemberAdded(user, role):
            return (Write(_sql["add_member"], (tenant, room, user, role.value)),)
        case SessionScheduled(session, title, starts_at, minutes):
            return (Write(_sql["schedule"], (tenant, room, session, title, starts_at, minutes)),)
        case SessionStarted(session, title):
            return (Write(_sql["start"], (tenant, room, session, title, fact.at)),)
        case SessionEnded(session, reason):
            return (Write(_sql["end"], (tenant, room, session, fact.at, reason)),)
    return ()


MODEL = Model("rooms", ("rooms", "members", "sessions"), _sql["tables"], writes)
