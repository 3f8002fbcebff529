"""Rooms, members and sessions."""

from projectors.model import Fact, Model, Write, queries
from schemas.events.lifecycle import (
    CourseAssigned,
    RoomArchived,
    RoomCreated,
    RoomRenamed,
    RoomRestored,
    SessionCancelled,
    SessionEnded,
    SessionMoved,
    SessionRenamed,
    SessionScheduled,
    SessionStarted,
    SettingsChanged,
)
from schemas.events.roster import MemberAdded, MemberRemoved

_sql = queries("rooms")


def writes(fact: Fact) -> tuple[Write, ...]:
    """What a fact changes in rooms, members and sessions."""
    tenant, room = fact.key.tenant, fact.key.room
    match fact.data:
        case RoomCreated(title, owner, default_role):
            return (Write(_sql["create_room"], (tenant, room, title, owner, default_role.value, fact.at)),)
        case MemberAdded(user, role, custom_role):
            return (Write(_sql["add_member"], (tenant, room, user, role.value, custom_role, fact.at)),)
        case MemberRemoved(user):
            return (Write(_sql["remove_member"], (tenant, room, user)),)
        case RoomRenamed(title):
            return (Write(_sql["rename_room"], (tenant, room, title)),)
        case SettingsChanged(after=after):
            return (Write(_sql["set_default_role"], (tenant, room, after.default_role.value)),)
        case CourseAssigned(course):
            return (Write(_sql["assign_course"], (tenant, room, course)),)
        case RoomArchived():
            return (Write(_sql["archive_room"], (tenant, room, fact.at)),)
        case RoomRestored():
            return (Write(_sql["archive_room"], (tenant, room, None)),)
    return _session_writes(fact)


def _session_writes(fact: Fact) -> tuple[Write, ...]:
    tenant, room = fact.key.tenant, fact.key.room
    match fact.data:
        case SessionScheduled(session, title, starts_at, minutes, series):
            return (Write(_sql["schedule"], (tenant, room, session, title, starts_at, minutes, series)),)
        case SessionMoved(session, starts_at, minutes):
            return (Write(_sql["move"], (tenant, room, session, starts_at, minutes)),)
        case SessionRenamed(session, title):
            return (Write(_sql["rename_session"], (tenant, room, session, title)),)
        case SessionCancelled(session):
            return (Write(_sql["cancel"], (tenant, room, session, fact.at)),)
        case SessionStarted(session, title):
            return (Write(_sql["start"], (tenant, room, session, title, fact.at)),)
        case SessionEnded(session, reason):
            return (Write(_sql["end"], (tenant, room, session, fact.at, reason)),)
    return ()


MODEL = Model("rooms", ("rooms", "members", "sessions"), _sql["tables"], writes)
