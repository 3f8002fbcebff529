"""How commands and commits travel: envelopes, who asked, and the outcome.

A **commit** is one EVT message: what one command caused, whole or not at all::

    {"seq": 7, "at": 1763719200000, "cause": "c1", "actor": {...},
     "events": [{"type": "chat.posted", "audience": "everyone", "data": {...}}]}

``seq`` is that of its first event; event *i* has ``seq + i``. The first event of a room has seq 1.
"""

import json
from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from schemas import subjects
from schemas.commands import COMMANDS, Command
from schemas.events import EVENTS, EventData
from schemas.ids import (
    CommandId,
    CommandToken,
    ConnectionToken,
    EdgeToken,
    LoginToken,
    ParticipantId,
    ParticipantToken,
    RoomKey,
)
from schemas.limits import NAME_CHARS_MAX
from schemas.media import Device, Role
from schemas.rejections import Code, Rejection, rejection

Audience = Literal["everyone", "staff"] | tuple[ParticipantId, ...]
"""Who may see an event: everyone in the class, hosts and co-hosts, or the named participants.
``AND_STAFF`` among these adds all hosts and co-hosts."""

AND_STAFF = ParticipantId("staff")

STAFF: frozenset[Role] = frozenset({Role.HOST, Role.CO_HOST})

Capability = Literal["teach", "learn", "administer"]


class Actor(Struct, frozen=True, omit_defaults=True):
    """Who asks. Stamped by the edge (or is the service itself), never taken from a client.

    ``id`` is the user, guest, process or operator; ``participant`` who that is in this room;
    ``admitted`` a guest whose link leads past the lobby; ``device`` what their browser says it runs on.
    """

    kind: Literal["user", "guest", "service", "operator"]
    id: Annotated[str, Meta(min_length=1, max_length=80)]
    participant: ParticipantToken | None = None
    display_name: Annotated[str, Meta(max_length=NAME_CHARS_MAX)] = ""
    capabilities: tuple[Capability, ...] = ()
    login: LoginToken | None = None
    connection: ConnectionToken | None = None
    edge: EdgeToken | None = None
    admitted: bool = False
    device: Device = ""


class RecordedActor(Struct, frozen=True, omit_defaults=True):
    """What of an actor is kept in the log. The ``id`` of an anonymous one is an alias, and all there is."""

    kind: Literal["user", "guest", "service", "operator", "anonymous"]
    id: str
    participant: ParticipantId | None = None


class Envelope(Struct, frozen=True):
    """A command on its way: to which room, by whom, under which id, until when (Unix ms)."""

    key: RoomKey
    command: Command
    id: CommandToken
    actor: Actor
    deadline: int
    reply_to: str = ""
    traceparent: str = ""


class Event(Struct, frozen=True):
    """One fact with its audience, as the rules produce it."""

    data: EventData
    audience: Audience = "everyone"

    @property
    def type(self) -> str:
        """Wire type, ``topic.verb``."""
        return self.data.type


class Commit(Struct, frozen=True):
    """What one command caused, decoded. ``stream_seq`` is its position in EVT (0: not stored yet)."""

    seq: int
    at: int
    cause: CommandId
    actor: RecordedActor
    events: tuple[Event, ...]
    stream_seq: int = 0

    @property
    def last_seq(self) -> int:
        """Seq of the last event."""
        return self.seq + len(self.events) - 1


class UnknownEvent(EventData, frozen=True):
    """An event of a type this build does not know: counted in seq, otherwise ignored."""

    wire_type: str
    raw: bytes

    @property
    def type(self) -> str:  # type: ignore[override]
        """The wire type as stored."""
        return self.wire_type


class _WireEvent(Struct, frozen=True):
    type: str
    audience: Audience
    data: Raw


class _WireCommit(Struct, frozen=True):
    seq: int
    at: int
    cause: CommandId
    actor: RecordedActor
    events: tuple[_WireEvent, ...]


class RemoteFormatError(Exception):
    """Bytes from the bus do not have the form that the wire contract gives them."""


# Also what is nested so deeply that reading it would use up the stack.
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_json = msgspec.json.Encoder()
_commit_decoder = msgspec.json.Decoder(_WireCommit)
_actor_decoder = msgspec.json.Decoder(Actor)
_event_decoders = {name: msgspec.json.Decoder(kind) for name, kind in EVENTS.items()}
_command_decoders = {name: msgspec.json.Decoder(kind) for name, kind in COMMANDS.items()}


def encode_commit(commit: Commit) -> bytes:
    """The body of an EVT message, JSON."""
    return _json.encode(
        _WireCommit(
            commit.seq,
            commit.at,
            commit.cause,
            commit.actor,
            tuple(_WireEvent(e.type, e.audience, encode_event_data(e.data)) for e in commit.events),
        )
    )


def encode_event_data(data: EventData) -> Raw:
    """The ``data`` member of an event, JSON."""
    return Raw(data.raw) if isinstance(data, UnknownEvent) else Raw(_json.encode(data))


def decode_event_data(wire_type: str, raw: Raw | bytes) -> EventData:
    """Reads an event's data; an unknown type is kept as it is. Raises RemoteFormatError."""
    decoder = _event_decoders.get(wire_type)
    if decoder is None:
        return UnknownEvent(wire_type, bytes(raw))
    try:
        return decoder.decode(raw)
    except _UNREADABLE as error:
        raise RemoteFormatError(f"{wire_type}: {error}") from error


def decode_commit(body: bytes, stream_seq: int = 0) -> Commit:
    """Reads an EVT message. Raises RemoteFormatError."""
    try:
        wire = _commit_decoder.decode(body)
    except _UNREADABLE as error:
        raise RemoteFormatError(f"commit: {error}") from error
    events = tuple(Event(decode_event_data(e.type, e.data), e.audience) for e in wire.events)
    return Commit(wire.seq, wire.at, wire.cause, wire.actor, events, stream_seq)


def decode_command(name: str, body: bytes) -> Command | Rejection:
    """Reads a command's body; what is not understood becomes a rejection for its author."""
    decoder = _command_decoders.get(name)
    if decoder is None:
        return rejection(Code.UNKNOWN_COMMAND)
    try:
        return decoder.decode(body or b"{}")
    except _UNREADABLE as error:
        return rejection(Code.MALFORMED, str(error))


def encode_command(command: Command) -> bytes:
    """The body of a command, JSON."""
    return _json.encode(command)


def command_headers(envelope: Envelope, attempt: int) -> dict[str, str]:
    """Headers of a command message.

    The message id carries the attempt, because a retry must reach the decider: only it knows the
    answer (design §4).
    """
    actor = envelope.actor
    headers = {
        subjects.MESSAGE_ID: f"{envelope.key}/{actor.kind}.{actor.id}/{envelope.id}/{attempt}",
        subjects.COMMAND_ID: envelope.id,
        subjects.ACTOR: encode_actor(actor),
        subjects.DEADLINE_AT: str(envelope.deadline),
    }
    if envelope.reply_to:
        headers[subjects.REPLY_INBOX] = envelope.reply_to
    if envelope.traceparent:
        headers[subjects.TRACEPARENT] = envelope.traceparent
    return headers


def encode_actor(actor: Actor) -> str:
    """The actor header: JSON in ASCII, because header values are single-line text."""
    return json.dumps(msgspec.to_builtins(actor), ensure_ascii=True, separators=(",", ":"))


def read_envelope(key: RoomKey, name: str, headers: Mapping[str, str], body: bytes) -> Envelope | Rejection:
    """Reads a stored command. Raises RemoteFormatError when the headers are not ours."""
    try:
        actor = _actor_decoder.decode(headers[subjects.ACTOR].encode())
        command_id = msgspec.convert(headers[subjects.COMMAND_ID], CommandToken)
        deadline = int(headers[subjects.DEADLINE_AT])
    except (KeyError, ValueError, *_UNREADABLE) as error:
        raise RemoteFormatError(f"command headers: {error!r}") from error
    command = decode_command(name, body)
    if isinstance(command, Rejection):
        return command
    return Envelope(
        key,
        command,
        command_id,
        actor,
        deadline,
        headers.get(subjects.REPLY_INBOX, ""),
        headers.get(subjects.TRACEPARENT, ""),
    )


class Accepted(Struct, frozen=True, tag_field="outcome", tag="accepted"):
    """The command is on the log: its events end at ``seq``. ``events`` are repeated for operators."""

    seq: int
    events: tuple[Raw, ...] = ()


class Rejected(Struct, frozen=True, tag_field="outcome", tag="rejected"):
    """The command is refused; nothing changed."""

    code: Code
    message: str


Outcome = Accepted | Rejected
_outcome_decoder: msgspec.json.Decoder[Outcome] = msgspec.json.Decoder(Outcome)


def encode_outcome(outcome: Outcome) -> bytes:
    """The answer to a command, JSON."""
    return _json.encode(outcome)


def decode_outcome(body: bytes) -> Outcome:
    """Reads an answer. Raises RemoteFormatError."""
    try:
        return _outcome_decoder.decode(body)
    except _UNREADABLE as error:
        raise RemoteFormatError(f"outcome: {error}") from error


def is_shown(event: Event, participant: ParticipantId | None, role: Role | None) -> bool:
    """Whether an event is shown to somebody with this role.

    ``role`` is None at the door, before and after being in the class, where only staff see more than this:
    that a class begins or ends, how the room is set up, and one's own coming, waiting and going.
    """
    if role is not None:
        return may_see(event.audience, participant, role)
    match event.type.partition(".")[0]:
        case "lifecycle":
            return event.audience == "everyone"
        case "lobby":
            return participant is not None and participant in event.audience
        case "roster":
            is_own = participant is not None and getattr(event.data, "participant", None) == participant
            return is_own and event.audience == "everyone"
        case _:
            return False


def may_see(audience: Audience, participant: ParticipantId | None, role: Role | None) -> bool:
    """Whether a person in the class with this role may see what is for this audience."""
    match audience:
        case "everyone":
            return True
        case "staff":
            return role in STAFF
        case _:
            return (participant is not None and participant in audience) or (
                AND_STAFF in audience and role in STAFF
            )
