"""The audit trail: who changed what about whom, before and after.

One row for every decision about people, their rights and the room: the fact itself is the proof, so a
row is nothing but the fact's own words. ``about`` names what was decided about, where that is no
participant: a permission, an account, a recording.
"""

import msgspec
from msgspec import Struct

from projectors.model import Fact, Model, Write, queries
from schemas.events import EventData
from schemas.events.lifecycle import CourseAssigned, RoomArchived, RoomRenamed, RoomRestored, SettingsChanged
from schemas.events.lobby import Admitted, Denied
from schemas.events.recording import RecordingDeleted, RetentionSet
from schemas.events.redaction import Redacted
from schemas.events.rights import (
    PermissionGranted,
    PermissionLocked,
    PermissionRevoked,
    PermissionsReset,
    PermissionUnlocked,
    PolicyApplied,
)
from schemas.events.roster import (
    MemberAdded,
    MemberRemoved,
    ParticipantLeft,
    ParticipantReadmitted,
    RoleChanged,
)
from schemas.ids import ParticipantId, RoomKey, participant_id
from schemas.media import Role

_sql = queries("audit")
_json = msgspec.json.Encoder()


class Entry(Struct, frozen=True):
    """What an event says to the trail. ``before`` and ``after`` are values of the contract."""

    whom: ParticipantId | None = None
    about: str = ""
    before: object = None
    after: object = None


def writes(fact: Fact) -> tuple[Write, ...]:
    """The row of a fact, if it is a decision."""
    entry = _entry(fact.key, fact.data)
    if entry is None:
        return ()
    actor = fact.actor
    row = (
        fact.key.tenant,
        fact.key.room,
        fact.seq,
        fact.at,
        fact.data.type,
        actor.kind,
        actor.id,
        actor.participant,
        entry.whom,
        entry.about,
        _text(entry.before),
        _text(entry.after),
    )
    return (Write(_sql["add"], row),)


def _entry(key: RoomKey, data: EventData) -> Entry | None:
    return _about_rights(data) or _about_people(key, data) or _about_room(data)


def _about_rights(data: EventData) -> Entry | None:
    match data:
        case PermissionGranted() | PermissionRevoked():
            return Entry(data.participant, data.permission.value, data.before, data.after)
        case PermissionsReset():
            return Entry(data.participant, before=data.before)
        case PermissionLocked() | PermissionUnlocked():
            return Entry(None, data.permission.value, data.before, data.after)
        case PolicyApplied() | SettingsChanged():
            return Entry(before=data.before, after=data.after)
        case _:
            return None


def _about_people(key: RoomKey, data: EventData) -> Entry | None:
    match data:
        case RoleChanged():
            left, taken = _role(data.before, data.custom_role_before), _role(data.after, data.custom_role)
            return Entry(data.participant, before=left, after=taken)
        case MemberAdded(user=user):
            had = _role(data.before, data.custom_role_before) if data.before else None
            return Entry(participant_id(key, user), user, had, _role(data.role, data.custom_role))
        case MemberRemoved(user=user):
            return Entry(participant_id(key, user), user, _role(data.role, data.custom_role))
        case ParticipantLeft(participant=whom, reason="removed"):
            return Entry(whom, after={"may_return": data.may_return})
        case ParticipantReadmitted() | Admitted() | Denied():
            return Entry(data.participant)
        case _:
            return None


def _about_room(data: EventData) -> Entry | None:
    match data:
        case RoomRenamed(title=title):
            return Entry(after={"title": title})
        case CourseAssigned(course=course):
            return Entry(after={"course": course})
        case RoomArchived() | RoomRestored():
            return Entry()
        case RetentionSet(recording=recording, keep_until=keep_until):
            return Entry(None, recording, after={"keep_until": keep_until})
        case RecordingDeleted(recording=recording):
            return Entry(None, recording)
        case Redacted(participant=whom, redaction=redaction):
            return Entry(whom, redaction, after=data)
        case _:
            return None


def _role(role: Role, custom_role: str) -> dict[str, str]:
    return {"role": role.value, "custom_role": custom_role}


def _text(value: object) -> str | None:
    return None if value is None else _json.encode(value).decode()


MODEL = Model("audit", ("audit",), _sql["tables"], writes)
