"""Recordings of a room, and signed addresses to watch them."""

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.status_codes import HTTP_200_OK
from msgspec import Struct

from edge import audit
from edge.auth import Caller, HttpRequest, parts_of, require_csrf
from edge.http.access import see
from edge.http.media import address_of
from edge.parts import Parts
from edge.problems import not_found
from edge.tokens import MediaGrant
from projectors import reads
from schemas.artifacts import ArtifactKind
from schemas.ids import ArtifactId, ParticipantId, RecordingId, SessionId, TrackId
from schemas.media import MediaKind, Source


class Composed(Struct, frozen=True):
    """The one file of the whole class."""

    artifact: ArtifactId
    bytes: int
    duration_ms: int
    width_px: int
    height_px: int


class RecordedTrack(Struct, frozen=True):
    """One person's microphone, camera or screen, as it was sent."""

    artifact: ArtifactId
    track: TrackId | None
    kind: MediaKind | None
    source: Source | None
    participant: ParticipantId | None
    display_name: str | None
    media_type: str
    bytes: int
    offset_ms: int
    duration_ms: int


class RecordingItem(Struct, frozen=True, omit_defaults=True):
    """A recording with what there is of it by now."""

    id: RecordingId
    session: SessionId
    title: str
    status: str
    started_at: int
    duration_ms: int | None
    steps: tuple[reads.StepRow, ...]
    tracks: tuple[RecordedTrack, ...]
    poster_url: str | None = None
    composed: Composed | None = None


class SignedLink(Struct, frozen=True):
    """An address that works without a sign-in until ``expires_at`` (Unix milliseconds)."""

    url: str
    expires_at: int


@get("/rooms/{room:str}/recordings")
async def list_recordings(
    request: HttpRequest, access: Caller, room: FromPath[str]
) -> tuple[RecordingItem, ...]:
    """The recordings of a room, the latest first."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    return tuple(_item(parts, row) for row in await reads.recordings(parts.pool, seen.key))


@post(
    "/rooms/{room:str}/recordings/{recording:str}/artifacts/{artifact:str}/link",
    status_code=HTTP_200_OK,
    guards=[require_csrf],
)
async def link_artifact(
    request: HttpRequest,
    access: Caller,
    room: FromPath[str],
    recording: FromPath[str],
    artifact: FromPath[str],
) -> Response[SignedLink]:
    """Signs an address for one artifact."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    row = await reads.recording(parts.pool, seen.key, RecordingId(recording))
    found = next((a for a in row.artifacts if a.id == artifact), None) if row else None
    if row is None or found is None:
        raise not_found()
    url, grant = _sign(parts, row, found)
    fact = audit.Fact(
        "recording.linked",
        parts.clock(),
        parts.edge,
        access.person.id,
        access.login,
        room=seen.key.room,
        object=grant.key,
    )
    await audit.record(parts.bus, seen.key.tenant, fact)
    return Response(SignedLink(url, grant.expires_at * 1000), headers={"Cache-Control": "no-store"})


def _item(parts: Parts, row: reads.RecordingRow) -> RecordingItem:
    composed, poster = row.artifact(ArtifactKind.COMPOSED), row.artifact(ArtifactKind.POSTER)
    return RecordingItem(
        id=row.id,
        session=row.session,
        title=row.title,
        status=row.status,
        started_at=row.started_at,
        duration_ms=row.duration_ms,
        steps=row.steps,
        tracks=tuple(_track(a) for a in row.artifacts if a.kind is ArtifactKind.TRACK),
        poster_url=_sign(parts, row, poster)[0] if poster else None,
        composed=Composed(
            composed.id, composed.bytes, composed.duration_ms, composed.width_px, composed.height_px
        )
        if composed
        else None,
    )


def _track(row: reads.ArtifactRow) -> RecordedTrack:
    return RecordedTrack(
        row.id,
        row.track,
        row.track_kind,
        row.source,
        row.participant,
        row.display_name,
        row.media_type,
        row.bytes,
        row.offset_ms,
        row.duration_ms,
    )


def _sign(parts: Parts, row: reads.RecordingRow, artifact: reads.ArtifactRow) -> tuple[str, MediaGrant]:
    return address_of(
        parts,
        object_key=artifact.key,
        media_type=artifact.media_type,
        name=f"{row.title} {artifact.display_name or ''} {artifact.source or artifact.kind}",
    )


ROUTES = [list_recordings, link_artifact]
