"""The libraries of rooms."""

from projectors.model import Fact, Model, Write, queries
from schemas.events.files import FileAdded, FileRemoved, FileRenamed
from schemas.events.redaction import REMOVED_PERSON, Redacted

_sql = queries("files")


def writes(fact: Fact) -> tuple[Write, ...]:
    """What a fact changes in files."""
    at = (fact.key.tenant, fact.key.room)
    match fact.data:
        case FileAdded(file, name, size, media_type, sha256, purpose, scanned, participant, display_name):
            what = (file, name, size, media_type, sha256, purpose, scanned, participant, display_name)
            return (Write(_sql["add"], (*at, *what, fact.at)),)
        case FileRenamed(file, name):
            return (Write(_sql["rename"], (*at, file, name)),)
        case FileRemoved(file):
            return (Write(_sql["remove"], (*at, file, fact.at)),)
        case Redacted(what="person", participant=who) if who is not None:
            return (Write(_sql["rename_person"], (*at, who, REMOVED_PERSON)),)
    return ()


MODEL = Model("files", ("files",), _sql["tables"], writes)
