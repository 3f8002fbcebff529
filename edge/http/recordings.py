"""Recordings of a room, signed addresses to watch them, and who got one."""

from typing import Annotated

from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter
from litestar.status_codes import HTTP_200_OK
from msgspec import Struct

from edge import audit, replays
from edge.auth import Caller, HttpRequest, parts_of, require_csrf
from edge.cursors import Before
from edge.http.access import see
from edge.http.media import address_of
from edge.parts import Parts
from edge.problems import not_found
from edge.tokens import MediaGrant
from projectors import reads
from rooms.state import RoomState
from schemas.artifacts import ArtifactKind
from schemas.envelope import STAFF
from schemas.ids import ArtifactId, ParticipantId, RecordingId, SessionId, TrackId
from schemas.limits import PAGE_ROWS_MAX
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
    """A recording with what there is of it by now.

    ``pauses`` are not in the film. ``asked``: only who agreed is in it. ``keep_until`` (Unix milliseconds;
    0: for ever) is left away while the tenant's policy says it; ``left_out`` counts people, for staff only.
    """

    id: RecordingId
    session: SessionId
    title: str
    status: str
    started_at: int
    duration_ms: int | None
    steps: tuple[reads.StepRow, ...]
    tracks: tuple[RecordedTrack, ...]
    pauses: tuple[reads.PauseRow, ...] = ()
    asked: bool = False
    keep_until: int | None = None
    left_out: int | None = None
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
    rows = await reads.recordings(parts.pool, seen.key)
    return tuple(
        _item(parts, row, is_staff=seen.role in STAFF) for row in rows if not _is_gone(seen.state, row.id)
    )


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
    if row is None or found is None or _is_gone(seen.state, row.id):
        raise not_found()
    link = replays.new_link_id()
    url, grant = _sign(parts, row, found, link)
    person, expires_at = access.person, grant.expires_at * 1000
    given = replays.Link(
        row.id, found.id, person.id, person.display_name, access.login, parts.clock(), expires_at
    )
    await replays.record_link(parts.pool, seen.key, link, given)
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


@get("/rooms/{room:str}/recordings/{recording:str}/accesses")
async def list_accesses(
    request: HttpRequest,
    access: Caller,
    room: FromPath[str],
    recording: FromPath[str],
    *,
    before: Before = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_ROWS_MAX)] = PAGE_ROWS_MAX,
) -> tuple[replays.Access, ...]:
    """Who got an address of a recording, and what was read by it; for staff. Those of recordings that are
    gone too."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    seen.require_staff()
    return await replays.accesses(parts.pool, seen.key, RecordingId(recording), before, limit)


def _is_gone(state: RoomState, recording: RecordingId) -> bool:
    """Whether the log says that nobody may watch it any more; the read model may not know yet."""
    shelved = state.shelf.get(recording)
    return shelved is None or shelved.work == "purge"


def _item(parts: Parts, row: reads.RecordingRow, *, is_staff: bool) -> RecordingItem:
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
        pauses=row.pauses,
        asked=row.asked,
        keep_until=row.keep_until,
        left_out=row.left_out if is_staff else None,
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


def _sign(
    parts: Parts, row: reads.RecordingRow, artifact: reads.ArtifactRow, link: str = ""
) -> tuple[str, MediaGrant]:
    return address_of(
        parts,
        object_key=artifact.key,
        media_type=artifact.media_type,
        name=f"{row.title} {artifact.display_name or ''} {artifact.source or artifact.kind}",
        link=link,
    )


ROUTES = [list_recordings, link_artifact, list_accesses]
