"""Which layer a tile is worth, and who goes first."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.media import Source
from sfu.tiles import priority, wished_layer

SCALES = (4.0, 2.0, 1.0)
PIXELS = st.integers(min_value=1, max_value=16_384)


@pytest.mark.parametrize(
    ("width_px", "height_px", "layer"),
    [
        (1, 1, 0),
        (320, 180, 0),
        (380, 214, 0),
        (400, 225, 1),
        (640, 360, 1),
        (800, 450, 2),
        (1280, 720, 2),
        (3840, 2160, 2),
        (0, 0, None),
        (0, 720, None),
    ],
)
def test_a_camera_of_720p_fills_its_tile(width_px: int, height_px: int, layer: int | None) -> None:
    assert wished_layer(Source.CAMERA, SCALES, width_px, height_px, None) == layer


def test_the_told_size_of_the_source_counts() -> None:
    assert wished_layer(Source.CAMERA, SCALES, 320, 180, (640, 360)) == 1
    assert wished_layer(Source.CAMERA, SCALES, 320, 180, (1280, 720)) == 0


def test_one_filled_side_is_enough() -> None:
    """A portrait phone in a wide tile has bars beside it, however many pixels it sends."""
    assert wished_layer(Source.CAMERA, SCALES, 1920, 180, (360, 640)) == 0


@given(PIXELS, PIXELS, st.integers(1, 200), st.integers(1, 200))
def test_a_larger_tile_never_gets_a_smaller_layer(width: int, height: int, more_w: int, more_h: int) -> None:
    small = wished_layer(Source.CAMERA, SCALES, width, height, None)
    large = wished_layer(Source.CAMERA, SCALES, width + more_w, height + more_h, None)
    assert small is not None
    assert large is not None
    assert small <= large


@given(PIXELS, PIXELS)
def test_sound_goes_before_screens_and_screens_before_faces(width: int, height: int) -> None:
    order = [
        priority(source, width, height)
        for source in (Source.MICROPHONE, Source.SCREEN_AUDIO, Source.SCREEN, Source.CAMERA)
    ]
    assert all(first > second for first, second in pairwise(order))


def test_the_larger_face_goes_first() -> None:
    assert priority(Source.CAMERA, 640, 360) > priority(Source.CAMERA, 320, 180)
