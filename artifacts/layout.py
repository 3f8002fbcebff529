"""Who is where in the composed picture, and when. Pure.

A **scene** is a time without change. On stage are the people who share something during the recording,
while they are in class. Without a screen they stand in a grid; a shared screen takes the large place,
and the people stand in a strip beside it. Whoever's camera is off keeps the place with initials.
"""

import math
from collections.abc import Iterable, Sequence

from msgspec import Struct

from artifacts.timeline import PersonLine, Timeline, TrackLine
from schemas.ids import ParticipantId, TrackId
from schemas.limits import COMPOSED_HEIGHT_PX, COMPOSED_TILES_MAX, COMPOSED_WIDTH_PX
from schemas.media import Role, Source

_STRIP_WIDTH = COMPOSED_WIDTH_PX // 5
_STRIP_HEIGHT = COMPOSED_HEIGHT_PX // 5
_STRIP_TILES_MAX = 5
_ROLE_ORDER = (Role.HOST, Role.CO_HOST, Role.SPEAKER, Role.VIEWER)


class Tile(Struct, frozen=True):
    """One place: a person's camera (or initials, when ``track`` is None), or a person's screen.

    ``since_ms`` is when the track began to flow: older pictures of it are not shown.
    """

    participant: ParticipantId
    display_name: str
    track: TrackId | None
    is_screen: bool = False
    since_ms: int = 0


class Box(Struct, frozen=True):
    """A rectangle in pixels; even numbers, because colour has half the resolution."""

    x: int
    y: int
    width: int
    height: int


class Scene(Struct, frozen=True):
    """Which tiles are shown from ``since_ms`` until the next scene."""

    since_ms: int
    tiles: tuple[Tile, ...]


def scenes(timeline: Timeline) -> tuple[Scene, ...]:
    """All scenes of a recording, in order; the first begins at 0."""
    changes = {0}
    for spans in (*(t.flowing for t in timeline.tracks), *(p.present for p in timeline.people)):
        changes.update(edge for span in spans for edge in (span.since_ms, span.until_ms))
    found: list[Scene] = []
    for at_ms in sorted(c for c in changes if c < max(timeline.duration_ms, 1)):
        tiles = _tiles(timeline, at_ms)
        if not found or found[-1].tiles != tiles:
            found.append(Scene(at_ms, tiles))
    return tuple(found)


def place(tiles: Sequence[Tile]) -> tuple[Box, ...]:
    """The box of each tile."""
    screens = [tile for tile in tiles if tile.is_screen]
    if not screens:
        return tuple(_grid(len(tiles), Box(0, 0, COMPOSED_WIDTH_PX, COMPOSED_HEIGHT_PX)))
    stage = Box(0, 0, COMPOSED_WIDTH_PX - _STRIP_WIDTH, COMPOSED_HEIGHT_PX)
    on_stage = iter(_grid(len(screens), stage))
    in_strip = iter(_strip(len(tiles) - len(screens)))
    return tuple(next(on_stage) if tile.is_screen else next(in_strip) for tile in tiles)


def _tiles(timeline: Timeline, at_ms: int) -> tuple[Tile, ...]:
    names = {person.participant: person.display_name for person in timeline.people}
    flowing = [t for t in timeline.tracks if any(span.holds(at_ms) for span in t.flowing)]
    screens = [_tile(t, names, at_ms) for t in flowing if t.source is Source.SCREEN]
    cameras = {t.participant: _tile(t, names, at_ms) for t in flowing if t.source is Source.CAMERA}
    room = _STRIP_TILES_MAX if screens else COMPOSED_TILES_MAX
    people = _on_stage(timeline, at_ms)
    shown = {p.participant for p in sorted(people, key=lambda p: p.participant not in cameras)[:room]}
    tiles = (
        cameras.get(p.participant) or Tile(p.participant, p.display_name, None)
        for p in people
        if p.participant in shown
    )
    return (*screens[:2], *tiles)


def _on_stage(timeline: Timeline, at_ms: int) -> list[PersonLine]:
    """Who shares something in this recording and is here now, hosts first, then as they came."""
    sharing = {track.participant for track in timeline.tracks}
    here = [p for p in timeline.people if any(span.holds(at_ms) for span in p.present)]
    present = [p for p in here if p.participant in sharing] or [p for p in here if p.role is Role.HOST]
    return sorted(present, key=lambda p: (_ROLE_ORDER.index(p.role), p.present[0].since_ms))


def _tile(track: TrackLine, names: dict[ParticipantId, str], at_ms: int) -> Tile:
    since_ms = next(span.since_ms for span in track.flowing if span.holds(at_ms))
    name = names.get(track.participant, "")
    return Tile(track.participant, name, track.track, track.source is Source.SCREEN, since_ms)


def _grid(count: int, area: Box) -> Iterable[Box]:
    """Rows of equal boxes of 16:9 or less; a row that is not full stands in the middle."""
    if count == 0:
        return
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    width = _even(area.width // columns)
    height = min(_even(area.height // rows), _even(width * 9 // 16) if rows < columns else area.height)
    top = area.y + _even((area.height - rows * height) // 2)
    for n in range(count):
        row, column = divmod(n, columns)
        in_row = min(columns, count - row * columns)
        left = area.x + _even((area.width - in_row * width) // 2)
        yield Box(left + column * width, top + row * height, width, height)


def _strip(count: int) -> Iterable[Box]:
    top = _even((COMPOSED_HEIGHT_PX - count * _STRIP_HEIGHT) // 2)
    for n in range(count):
        yield Box(COMPOSED_WIDTH_PX - _STRIP_WIDTH, top + n * _STRIP_HEIGHT, _STRIP_WIDTH, _STRIP_HEIGHT)


def _even(pixels: int) -> int:
    return pixels // 2 * 2
