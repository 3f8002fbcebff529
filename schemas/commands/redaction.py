"""Commands of redaction."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from schemas.commands.common import Command, Milliseconds
from schemas.ids import MessageToken, ParticipantToken, RecordingToken
from schemas.limits import REDACTION_REASON_CHARS_MAX


class Redact(Command, frozen=True, forbid_unknown_fields=True):
    """Takes something out of everything that is kept of this room.

    A ``person`` (``participant``), a ``span`` of the film of a ``recording`` as it is now
    (``since_ms`` to ``until_ms``), or a ``message``. What does not belong to ``what`` is left away.
    """

    name: ClassVar[str] = "redact"
    what: Literal["person", "span", "message"]
    reason: Annotated[str, Meta(max_length=REDACTION_REASON_CHARS_MAX)] = ""
    participant: ParticipantToken | None = None
    recording: RecordingToken | None = None
    since_ms: Milliseconds = 0
    until_ms: Milliseconds = 0
    message: MessageToken | None = None


CLIENT: tuple[type[Command], ...] = (Redact,)
SERVICE: tuple[type[Command], ...] = ()
