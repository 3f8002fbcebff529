"""Frames of the browser's WebSocket, JSON text, told apart by ``t`` (PROTOCOL.md has examples).

The client says ``hello`` first. Then the server sends ``welcome``, a ``view`` (or, on resume, the
missing tail as ``events``), and from there ``events`` in strict ``seq`` order. An ``events`` frame
covers the span ``(after, through]``: what the viewer may not see is left out without being a hole.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from schemas.envelope import RecordedActor
from schemas.ids import TOKEN_PATTERN, CommandToken, ConnectionId, ParticipantId, ParticipantToken
from schemas.media import Role
from schemas.rejections import Code
from schemas.view import ParticipantView, RoomView

PROTOCOL_VERSION = 1

RequestId = Annotated[str, Meta(pattern=TOKEN_PATTERN)]
ShortName = Annotated[str, Meta(pattern=r"^[a-z_]{1,40}$(?!\n)")]


# --- client to server ----------------------------------------------------------------------------
class Hello(Struct, frozen=True, tag_field="t", tag="hello", forbid_unknown_fields=True):
    """First frame. ``resume_from`` is the last seq the client has applied, if it has a view, and
    ``view_seq`` that of this view: a change of what it may see whose view was lost with the line is
    known by it. ``connection`` is the id of the socket it had, so that the old one is replaced."""

    protocol: int
    resume_from: Annotated[int, Meta(ge=0)] | None = None
    view_seq: Annotated[int, Meta(ge=0)] | None = None
    connection: RequestId | None = None


class CommandFrame(Struct, frozen=True, tag_field="t", tag="command", forbid_unknown_fields=True):
    """A command (``schemas.commands.CLIENT_COMMANDS``). ``id`` is its idempotency key: an unanswered
    command is sent again with the same id, on any connection."""

    id: CommandToken
    name: ShortName
    data: Raw = Raw(b"{}")


class MediaFrame(Struct, frozen=True, tag_field="t", tag="media", forbid_unknown_fields=True):
    """A media request (``schemas.signalling.METHODS``) under the media epoch the client works with."""

    id: RequestId
    method: ShortName
    epoch: Annotated[int, Meta(ge=0)]
    data: Raw = Raw(b"{}")


class SignalFrame(Struct, frozen=True, tag_field="t", tag="signal", forbid_unknown_fields=True):
    """An ephemeral signal (``schemas.signalling.CLIENT_SIGNALS``); may be lost."""

    kind: ShortName
    data: Raw = Raw(b"{}")
    to: Annotated[tuple[ParticipantToken, ...], Meta(max_length=50)] = ()


class Ping(Struct, frozen=True, tag_field="t", tag="ping", forbid_unknown_fields=True):
    """Measures the line; ``sent_at`` comes back in ``pong``."""

    sent_at: float


ClientFrame = Hello | CommandFrame | MediaFrame | SignalFrame | Ping


# --- server to client ----------------------------------------------------------------------------
class Welcome(Struct, frozen=True, tag_field="t", tag="welcome"):
    """Answer to ``hello``. ``resumed`` says that ``events`` follow instead of a ``view``. A line that breaks
    without a word is opened again after a random part of ``spread_ms``: so many others come with it."""

    protocol: int
    connection: ConnectionId
    participant: ParticipantId
    server_time: int
    heartbeat_s: float
    resumed: bool
    spread_ms: int = 0


class ViewFrame(Struct, frozen=True, tag_field="t", tag="view"):
    """A fresh view, complete up to ``view.seq``; replaces what the client has. Also sent when the
    viewer's role changes."""

    view: RoomView


class MeFrame(Struct, frozen=True, tag_field="t", tag="me"):
    """What the viewer may do has changed, and nothing else of the view has: it is now one of ``seq``."""

    seq: int
    role: Role | None
    permissions: tuple[str, ...]


class PeopleFrame(Struct, frozen=True, tag_field="t", tag="people"):
    """How many are in a class that is a crowd (``RoomView.crowd``), and who came into sight or left it.

    It covers the span ``(after, through]`` as an ``events`` frame without events does. With ``whole`` the
    people ``shown``, and the viewer, are all that is to be seen.
    """

    after: int
    through: int
    count: int
    shown: tuple[ParticipantView, ...]
    gone: tuple[ParticipantId, ...]
    whole: bool


class EventOut(Struct, frozen=True):
    """One visible event."""

    seq: int
    at: int
    type: str
    actor: RecordedActor
    data: Raw


class EventsFrame(Struct, frozen=True, tag_field="t", tag="events"):
    """The visible events of the span ``(after, through]``, in order."""

    after: int
    through: int
    events: tuple[EventOut, ...]


class AnswerFrame(Struct, frozen=True, tag_field="t", tag="answer", omit_defaults=True):
    """The outcome of a command: ``seq`` when accepted (its events are in the stream up to there),
    else ``code`` and ``message``."""

    id: CommandToken
    accepted: bool
    seq: int | None = None
    code: Code | None = None
    message: str | None = None


class MediaResultFrame(Struct, frozen=True, tag_field="t", tag="media_result", omit_defaults=True):
    """The answer to a media request: ``data``, or ``code`` and ``message``."""

    id: RequestId
    ok: bool
    data: Raw | None = None
    code: str | None = None
    message: str | None = None


class SignalOut(Struct, frozen=True, tag_field="t", tag="signal"):
    """An ephemeral signal for the viewer."""

    kind: str
    data: Raw
    sender: ParticipantId | None = None


class Heartbeat(Struct, frozen=True, tag_field="t", tag="heartbeat"):
    """Sent every ``heartbeat_s``; the line is dead after three missed ones."""

    at: int


class Pong(Struct, frozen=True, tag_field="t", tag="pong"):
    """Answer to ``ping``."""

    sent_at: float
    at: int


class Trouble(Struct, frozen=True, tag_field="t", tag="trouble"):
    """The class cannot go on as it should, or can again: ``log_unavailable`` or ``cleared``."""

    code: Literal["log_unavailable", "cleared"]
    message: str


class Closing(Struct, frozen=True, tag_field="t", tag="closing"):
    """Last frame before the server closes the socket (codes in PROTOCOL.md)."""

    code: str
    message: str
    retry_after_ms: int | None


ServerFrame = (
    Welcome
    | ViewFrame
    | MeFrame
    | PeopleFrame
    | EventsFrame
    | AnswerFrame
    | MediaResultFrame
    | SignalOut
    | Heartbeat
    | Pong
    | Trouble
    | Closing
)

client_decoder: msgspec.json.Decoder[ClientFrame] = msgspec.json.Decoder(ClientFrame)
server_decoder: msgspec.json.Decoder[ServerFrame] = msgspec.json.Decoder(ServerFrame)

# WebSocket close codes (RFC 6455 §7.4.2, private range) with their ``Closing.code``.
CLOSE_CODES: dict[str, int] = {
    "going_away": 4000,  # This edge stops: reconnect after retry_after_ms.
    "too_slow": 4001,  # The client reads too slowly: reconnect and resume.
    "replaced": 4002,  # Another page of the same person took over: do not reconnect by yourself.
    "removed": 4003,  # A host removed this person.
    "not_signed_in": 4004,  # Sign in again.
    "forbidden": 4005,  # No access to this room.
    "malformed": 4006,  # The client sent what the contract does not know.
    "flooding": 4007,  # The client sends far too much.
    "unsupported_protocol": 4008,  # The page is older than the server: reload it.
    "bus_lost": 4009,  # This edge has lost the log: reconnect elsewhere.
    "no_such_room": 4010,  # There is no such room.
    "full": 4011,  # This edge has as many sockets as it carries: reconnect elsewhere.
}
