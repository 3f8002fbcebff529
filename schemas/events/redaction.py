"""Events of redaction."""

from typing import ClassVar, Literal

from schemas.events.common import EventData
from schemas.ids import MessageId, ParticipantId, RecordingId, RedactionId

REMOVED_PERSON = "Removed person"
"""The name under which a redacted person stands in what is kept."""


class Redacted(EventData, frozen=True):
    """The tombstone of what goes: a person, a span of a recording's film, or a message.

    ``recordings`` are those that are withdrawn until they are rebuilt without it. A span is counted in
    the film as it was before this event, with all earlier redactions of it done.
    """

    type: ClassVar[str] = "redaction.redacted"
    redaction: RedactionId
    what: Literal["person", "span", "message"]
    participant: ParticipantId | None
    recordings: tuple[RecordingId, ...]
    since_ms: int
    until_ms: int
    message: MessageId | None


class ReasonGiven(EventData, frozen=True):
    """Why something was redacted; for staff only."""

    type: ClassVar[str] = "redaction.reason_given"
    redaction: RedactionId
    reason: str


EVENTS: tuple[type[EventData], ...] = (Redacted, ReasonGiven)
