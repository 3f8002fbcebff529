"""The settings of rooms, and who knocked at their doors."""

import msgspec

from projectors.model import Fact, Model, Write, queries
from schemas.events.lifecycle import RoomCreated, SessionEnded, SettingsChanged
from schemas.events.lobby import Admitted, Denied, Knocked, WaitingLeft
from schemas.events.redaction import REMOVED_PERSON, Redacted
from schemas.events.roster import ParticipantJoined
from schemas.room_settings import RoomSettings

_sql = queries("lessons")


def writes(fact: Fact) -> tuple[Write, ...]:
    """What a fact changes in settings and knocks."""
    tenant, room, at = fact.key.tenant, fact.key.room, fact.at
    match fact.data:
        case RoomCreated(default_role=default_role):
            return (_set_up(fact, RoomSettings(default_role)),)
        case SettingsChanged(after=after):
            return (_set_up(fact, after),)
        case Knocked(participant, person, display_name, guest):
            return (
                Write(_sql["rename"], (tenant, room, participant, display_name)),
                Write(_sql["knock"], (tenant, room, fact.seq, participant, person, display_name, guest, at)),
            )
        case Admitted(participant):
            return (Write(_sql["decide"], (tenant, room, participant, "admitted", at)),)
        case Denied(participant):
            return (Write(_sql["decide"], (tenant, room, participant, "denied", at)),)
        case WaitingLeft(participant, reason):
            return (Write(_sql["decide"], (tenant, room, participant, reason, at)),)
        case ParticipantJoined(participant):  # Made staff, or the door was opened, while waiting.
            return (Write(_sql["decide"], (tenant, room, participant, "joined", at)),)
        case SessionEnded():
            return (Write(_sql["close"], (tenant, room, at)),)
        case Redacted(what="person", participant=participant):
            return (Write(_sql["redact"], (tenant, room, participant, REMOVED_PERSON)),)
    return ()


def _set_up(fact: Fact, settings: RoomSettings) -> Write:
    text = msgspec.json.encode(settings).decode()
    return Write(_sql["set_up"], (fact.key.tenant, fact.key.room, text, fact.at))


MODEL = Model("lessons", ("room_settings", "knocks"), _sql["tables"], writes)
