"""Draws the composed picture: planes of luma and colour, edited in place.

This is the hot path of composing; it moves whole rectangles and never loops over pixels.
"""

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from artifacts.layout import Box, Tile
from artifacts.names import BACKGROUND, Pixels, avatar, tag
from schemas.limits import COMPOSED_HEIGHT_PX, COMPOSED_WIDTH_PX

_TAG_SHARE = 9  # A name tag is a ninth of its tile high.
_TAG_HEIGHT_MIN, _TAG_HEIGHT_MAX = 22, 36


class Planes:
    """A picture in 4:2:0: ``luma`` and two colour planes of half size, views of one array."""

    def __init__(self, array: NDArray[np.uint8], width: int, height: int) -> None:
        assert array.shape == (height * 3 // 2, width)
        self.array = array
        self.luma = array[:height]
        colour = array[height:].reshape(2, height // 2, width // 2)
        self.blue, self.red = colour[0], colour[1]


class Canvas:
    """The picture. What is drawn stays until it is drawn over."""

    def __init__(self) -> None:
        shape = (COMPOSED_HEIGHT_PX * 3 // 2, COMPOSED_WIDTH_PX)
        self._planes = Planes(np.zeros(shape, np.uint8), COMPOSED_WIDTH_PX, COMPOSED_HEIGHT_PX)
        self._scaler = VideoReformatter()
        self._ground = _yuv(np.full((2, 2, 3), BACKGROUND, np.uint8))
        self.clear()

    def clear(self) -> None:
        """An empty stage."""
        self._fill(Box(0, 0, COMPOSED_WIDTH_PX, COMPOSED_HEIGHT_PX))

    def draw_frame(self, box: Box, tile: Tile, frame: av.VideoFrame) -> None:
        """A picture, whole and in its proportions, with the person's name."""
        inner = _fit(box, frame.width, frame.height)
        if inner != box:
            self._fill(box)
        scaled = self._scaler.reformat(
            frame, width=inner.width, height=inner.height, format="yuv420p", interpolation="BILINEAR"
        )
        self._paste(inner, Planes(np.asarray(scaled.to_ndarray(), np.uint8), inner.width, inner.height))
        self._draw_tag(box, tile)

    def draw_avatar(self, box: Box, tile: Tile) -> None:
        """Initials for a person without a picture."""
        drawn = avatar(tile.participant, tile.display_name, box.width, box.height)
        self._paste(box, Planes(_yuv(drawn), box.width, box.height))
        self._draw_tag(box, tile)

    def frame(self) -> av.VideoFrame:
        """A copy, for the encoder."""
        return av.VideoFrame.from_ndarray(self._planes.array, format="yuv420p")

    def _fill(self, box: Box) -> None:
        luma, blue, red = self._at(box)
        luma[:], blue[:], red[:] = self._ground[0, 0], self._ground[2, 0], self._ground[2, 1]

    def _paste(self, box: Box, picture: Planes) -> None:
        luma, blue, red = self._at(box)
        luma[:], blue[:], red[:] = picture.luma, picture.blue, picture.red

    def _draw_tag(self, box: Box, tile: Tile) -> None:
        """The name, in the lower left corner, blended."""
        height = max(_TAG_HEIGHT_MIN, min(box.height // _TAG_SHARE, _TAG_HEIGHT_MAX)) // 2 * 2
        if box.height < 3 * height or not tile.display_name:
            return
        rgba = tag(tile.display_name, box.width // 2 * 2, height)
        width = rgba.shape[1]
        at = Box(box.x, box.y + box.height - height, width, height)
        ink = Planes(_yuv(np.ascontiguousarray(rgba[:, :, :3])), width, height)
        alpha = rgba[:, :, 3].astype(np.uint16)
        for below, above, share in zip(
            self._at(at),
            (ink.luma, ink.blue, ink.red),
            (alpha, alpha[::2, ::2], alpha[::2, ::2]),
            strict=True,
        ):
            below[:] = (below * (255 - share) + above * share) // 255

    def _at(self, box: Box) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
        rows, columns = slice(box.y, box.y + box.height), slice(box.x, box.x + box.width)
        half_rows = slice(box.y // 2, (box.y + box.height) // 2)
        half_columns = slice(box.x // 2, (box.x + box.width) // 2)
        planes = self._planes
        return (
            planes.luma[rows, columns],
            planes.blue[half_rows, half_columns],
            planes.red[half_rows, half_columns],
        )


def _fit(box: Box, width: int, height: int) -> Box:
    """The largest box of a picture's proportions inside another, in its middle."""
    scale = min(box.width / width, box.height / height)
    inner_width = max(4, min(box.width, round(width * scale)) // 4 * 4)
    inner_height = max(4, min(box.height, round(height * scale)) // 4 * 4)
    x = box.x + (box.width - inner_width) // 4 * 2
    y = box.y + (box.height - inner_height) // 4 * 2
    return Box(x, y, inner_width, inner_height)


def _yuv(rgb: Pixels) -> NDArray[np.uint8]:
    frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
    return np.asarray(frame.reformat(format="yuv420p").to_ndarray(), np.uint8)
