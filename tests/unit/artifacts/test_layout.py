"""Who is where in the composed picture."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifacts.layout import Box, Scene, Tile, place, scenes
from artifacts.timeline import PersonLine, Span, Timeline, TrackLine
from schemas.ids import ParticipantId, RecordingId, SessionId, TrackId
from schemas.limits import COMPOSED_HEIGHT_PX, COMPOSED_TILES_MAX, COMPOSED_WIDTH_PX
from schemas.media import KIND_OF_SOURCE, Role, Source

WHOLE = (0, 1_000)


def tile(n: int, *, screen: bool = False) -> Tile:
    return Tile(ParticipantId(f"p{n}"), f"P {n}", None, screen)


def person(name: str, *present: tuple[int, int], role: Role = Role.SPEAKER) -> PersonLine:
    return PersonLine(ParticipantId(name), name.title(), role, tuple(Span(*p) for p in present or (WHOLE,)))


def track(name: str, source: Source, *flowing: tuple[int, int]) -> TrackLine:
    spans = tuple(Span(*f) for f in flowing or (WHOLE,))
    kind = KIND_OF_SOURCE[source]
    mime_type = "audio/opus" if kind == "audio" else "video/VP8"
    who = ParticipantId(name)
    return TrackLine(TrackId(f"{name}-{source}"), who, kind, source, mime_type, 90_000, spans, ())


def of(people: list[PersonLine], tracks: list[TrackLine], duration_ms: int = 1_000) -> Timeline:
    return Timeline(
        RecordingId("r"),
        SessionId("s"),
        version=0,
        pieces=(),
        duration_ms=duration_ms,
        tracks=tuple(tracks),
        people=tuple(people),
        artifacts={},
        steps_finished=frozenset(),
        earlier=None,
        is_completed=False,
        is_gone=False,
    )


def shown(scene: Scene) -> list[tuple[str, str | None]]:
    return [(t.participant, t.track) for t in scene.tiles]


@pytest.mark.parametrize(
    ("tiles", "boxes"),
    [
        (0, ()),
        (1, (Box(0, 0, 1280, 720),)),
        (2, (Box(0, 180, 640, 360), Box(640, 180, 640, 360))),
        (3, (Box(0, 0, 640, 360), Box(640, 0, 640, 360), Box(320, 360, 640, 360))),
        (4, tuple(Box(x, y, 640, 360) for y in (0, 360) for x in (0, 640))),
        (16, tuple(Box(x, y, 320, 180) for y in (0, 180, 360, 540) for x in (0, 320, 640, 960))),
    ],
)
def test_people_stand_in_a_grid(tiles: int, boxes: tuple[Box, ...]) -> None:
    assert place([tile(n) for n in range(tiles)]) == boxes


def test_a_screen_takes_the_stage_and_people_the_strip() -> None:
    assert place([tile(9, screen=True), tile(1), tile(2)]) == (
        Box(0, 0, 1024, 720),
        Box(1024, 216, 256, 144),
        Box(1024, 360, 256, 144),
    )


@given(st.integers(0, COMPOSED_TILES_MAX), st.integers(0, 2))
def test_boxes_are_even_inside_and_apart(people: int, screens: int) -> None:
    people = min(people, 5) if screens else people
    tiles = [tile(n, screen=True) for n in range(screens)] + [tile(10 + n) for n in range(people)]
    boxes = place(tiles)
    assert len(boxes) == len(tiles)
    for box in boxes:
        assert all(value % 2 == 0 for value in (box.x, box.y, box.width, box.height))
        assert 0 <= box.x < box.x + box.width <= COMPOSED_WIDTH_PX
        assert 0 <= box.y < box.y + box.height <= COMPOSED_HEIGHT_PX
        assert box.width >= 8
        assert box.height >= 8
    for a, b in itertools.combinations(boxes, 2):
        apart = a.x + a.width <= b.x or b.x + b.width <= a.x or a.y + a.height <= b.y or b.y + b.height <= a.y
        assert apart, (a, b)


def test_a_camera_that_is_muted_leaves_initials_in_its_place() -> None:
    found = scenes(of([person("anna")], [track("anna", Source.CAMERA, (0, 300), (600, 1_000))]))
    assert [(s.since_ms, shown(s)) for s in found] == [
        (0, [("anna", "anna-camera")]),
        (300, [("anna", None)]),
        (600, [("anna", "anna-camera")]),
    ]
    assert found[2].tiles[0].since_ms == 600, "older pictures are not shown"


def test_who_leaves_gives_the_place_to_the_others() -> None:
    found = scenes(
        of(
            [person("anna"), person("ben", (0, 400))],
            [track("anna", Source.MICROPHONE), track("ben", Source.CAMERA, (0, 400))],
        )
    )
    assert [(s.since_ms, shown(s)) for s in found] == [
        (0, [("anna", None), ("ben", "ben-camera")]),
        (400, [("anna", None)]),
    ]


def test_who_only_listens_is_not_on_stage() -> None:
    found = scenes(of([person("anna"), person("viewer")], [track("anna", Source.MICROPHONE)]))
    assert [shown(s) for s in found] == [[("anna", None)]]


def test_when_nobody_shares_the_host_is_on_stage() -> None:
    found = scenes(of([person("anna"), person("host", role=Role.HOST)], []))
    assert [shown(s) for s in found] == [[("host", None)]]


def test_hosts_come_first_then_as_they_came() -> None:
    people = [person("late", (500, 1_000)), person("early"), person("host", (600, 1_000), role=Role.HOST)]
    found = scenes(of(people, [track(p.participant, Source.MICROPHONE) for p in people]))
    assert [name for name, _ in shown(found[-1])] == ["host", "early", "late"]


def test_cameras_come_before_initials_when_there_are_too_many() -> None:
    people = [person(f"p{n:02}") for n in range(COMPOSED_TILES_MAX + 4)]
    silent = [track(p.participant, Source.MICROPHONE) for p in people[:-1]]
    (scene,) = scenes(of(people, [*silent, track(people[-1].participant, Source.CAMERA)]))
    assert len(scene.tiles) == COMPOSED_TILES_MAX
    assert people[-1].participant in {t.participant for t in scene.tiles}


def test_a_screen_is_shown_beside_its_owners_camera() -> None:
    tracks = [track("anna", Source.CAMERA), track("anna", Source.SCREEN, (200, 800))]
    found = scenes(of([person("anna")], tracks))
    assert [[(t.track, t.is_screen) for t in s.tiles] for s in found] == [
        [("anna-camera", False)],
        [("anna-screen", True), ("anna-camera", False)],
        [("anna-camera", False)],
    ]


@given(st.lists(st.tuples(st.integers(0, 900), st.integers(1, 400)), max_size=6), st.integers(0, 1_000))
def test_scenes_begin_at_zero_and_grow(spans: list[tuple[int, int]], duration_ms: int) -> None:
    flowing = [(since, since + length) for since, length in spans]
    found = scenes(of([person("anna")], [track("anna", Source.CAMERA, *flowing)], duration_ms))
    assert found[0].since_ms == 0
    assert all(a.since_ms < b.since_ms and a.tiles != b.tiles for a, b in itertools.pairwise(found))
    assert all(scene.since_ms < max(duration_ms, 1) for scene in found)
