"""Identifiers: one type per noun, so that a room is never passed where a user is meant.

Every identifier is a token of 1 to 40 characters from ``A-Z a-z 0-9 _ -``: it fits a NATS subject
token, an URL path segment, an S3 key and a PostgreSQL text column without escaping.
"""

import hashlib
from base64 import b32encode
from typing import Annotated, NewType

from msgspec import Meta, Struct

# In Python ``$`` alone lets a line break follow; other readers of our JSON Schemas know no ``\Z``.
TOKEN_PATTERN = r"^[A-Za-z0-9_-]{1,40}$(?!\n)"

TenantId = NewType("TenantId", str)
RoomId = NewType("RoomId", str)
SessionId = NewType("SessionId", str)
SeriesId = NewType("SeriesId", str)
CourseId = NewType("CourseId", str)
UserId = NewType("UserId", str)
LoginId = NewType("LoginId", str)
ConnectionId = NewType("ConnectionId", str)
ParticipantId = NewType("ParticipantId", str)
CommandId = NewType("CommandId", str)
TrackId = NewType("TrackId", str)
MessageId = NewType("MessageId", str)
RecordingId = NewType("RecordingId", str)
ArtifactId = NewType("ArtifactId", str)
RedactionId = NewType("RedactionId", str)
PollId = NewType("PollId", str)
EdgeId = NewType("EdgeId", str)
NodeId = NewType("NodeId", str)
QuestionId = NewType("QuestionId", str)
FileId = NewType("FileId", str)
GroupId = NewType("GroupId", str)
OpeningId = NewType("OpeningId", str)
SceneId = NewType("SceneId", str)
DeckId = NewType("DeckId", str)
BoardId = NewType("BoardId", str)
PageId = NewType("PageId", str)
ElementId = NewType("ElementId", str)
TimerId = NewType("TimerId", str)
ParagraphId = NewType("ParagraphId", str)

# The same types as they are accepted from the network: bounded and checked while decoding.
TenantToken = Annotated[TenantId, Meta(pattern=TOKEN_PATTERN)]
RoomToken = Annotated[RoomId, Meta(pattern=TOKEN_PATTERN)]
SessionToken = Annotated[SessionId, Meta(pattern=TOKEN_PATTERN)]
CourseToken = Annotated[CourseId, Meta(pattern=TOKEN_PATTERN)]
SeriesToken = Annotated[SeriesId, Meta(pattern=TOKEN_PATTERN)]
UserToken = Annotated[UserId, Meta(pattern=TOKEN_PATTERN)]
LoginToken = Annotated[LoginId, Meta(pattern=TOKEN_PATTERN)]
ConnectionToken = Annotated[ConnectionId, Meta(pattern=TOKEN_PATTERN)]
ParticipantToken = Annotated[ParticipantId, Meta(pattern=TOKEN_PATTERN)]
CommandToken = Annotated[CommandId, Meta(pattern=TOKEN_PATTERN)]
TrackToken = Annotated[TrackId, Meta(pattern=TOKEN_PATTERN)]
MessageToken = Annotated[MessageId, Meta(pattern=TOKEN_PATTERN)]
RecordingToken = Annotated[RecordingId, Meta(pattern=TOKEN_PATTERN)]
ArtifactToken = Annotated[ArtifactId, Meta(pattern=TOKEN_PATTERN)]
PollToken = Annotated[PollId, Meta(pattern=TOKEN_PATTERN)]
EdgeToken = Annotated[EdgeId, Meta(pattern=TOKEN_PATTERN)]
NodeToken = Annotated[NodeId, Meta(pattern=TOKEN_PATTERN)]
QuestionToken = Annotated[QuestionId, Meta(pattern=TOKEN_PATTERN)]
FileToken = Annotated[FileId, Meta(pattern=TOKEN_PATTERN)]
GroupToken = Annotated[GroupId, Meta(pattern=TOKEN_PATTERN)]
OpeningToken = Annotated[OpeningId, Meta(pattern=TOKEN_PATTERN)]
SceneToken = Annotated[SceneId, Meta(pattern=TOKEN_PATTERN)]
DeckToken = Annotated[DeckId, Meta(pattern=TOKEN_PATTERN)]
BoardToken = Annotated[BoardId, Meta(pattern=TOKEN_PATTERN)]
PageToken = Annotated[PageId, Meta(pattern=TOKEN_PATTERN)]
ElementToken = Annotated[ElementId, Meta(pattern=TOKEN_PATTERN)]
ParagraphToken = Annotated[ParagraphId, Meta(pattern=TOKEN_PATTERN)]


class RoomKey(Struct, frozen=True, order=True):
    """A room's full address: the aggregate, its log and its object keys hang on this pair."""

    tenant: TenantToken
    room: RoomToken

    def __str__(self) -> str:
        return f"{self.tenant}/{self.room}"


def participant_id(key: RoomKey, person: str) -> ParticipantId:
    """The participant that a user or guest is in this room.

    Stable from lesson to lesson, so that attendance merges reconnects, and one-way, so that
    classmates cannot follow a person from room to room.
    """
    digest = hashlib.sha256(f"{key.tenant}/{key.room}/{person}".encode()).digest()
    return ParticipantId("p" + b32encode(digest[:10]).decode().lower())


def derived_id(prefix: str, *parts: str) -> str:
    """A deterministic identifier for what a command brings into being.

    The rules may not draw random numbers: a session, message or recording takes its identifier
    from the command that caused it, and a repeated command therefore names the same thing.
    """
    digest = hashlib.sha256("/".join(parts).encode()).digest()
    return prefix + b32encode(digest[:10]).decode().lower()
