"""Letters: name tags and the tiles of people without a picture, drawn with Pillow."""

import hashlib
from functools import cache, lru_cache
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from schemas.limits import COMPOSED_TILES_MAX

Pixels = NDArray[np.uint8]

BACKGROUND = (32, 36, 44)  # Slate: an empty stage is seen to be a stage, not a failure.
_TAG = (0, 0, 0, 150)
_WHITE = (255, 255, 255)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    """A font that knows most scripts if the machine has it; Pillow's own otherwise."""
    try:
        return ImageFont.truetype("DejaVuSans.ttf", size)
    except OSError:
        return cast("ImageFont.FreeTypeFont", ImageFont.load_default(size))


@lru_cache(maxsize=4 * COMPOSED_TILES_MAX)
def tag(name: str, width_max: int, height: int) -> Pixels:
    """A name on a dark ground, RGBA, of even size; cut with an ellipsis to fit."""
    font = _font(max(9, height * 6 // 10))
    text = _printable(name)
    while text and font.getlength(text) > width_max - height:
        text = text[:-2].rstrip() + "…" if len(text) > 2 else ""
    width = min(int(font.getlength(text)) + height, width_max) // 2 * 2
    image = Image.new("RGBA", (max(width, 2), height // 2 * 2), _TAG)
    ImageDraw.Draw(image).text((height // 2, image.height // 2), text, _WHITE, font, anchor="lm")
    return np.asarray(image)


@lru_cache(maxsize=4 * COMPOSED_TILES_MAX)
def avatar(participant: str, name: str, width: int, height: int) -> Pixels:
    """Initials in a disc of the person's own colour, RGB."""
    image = Image.new("RGB", (width, height), BACKGROUND)
    draw = ImageDraw.Draw(image)
    radius = min(width, height) // 4
    center = (width // 2, height // 2)
    draw.circle(center, radius, fill=_colour(participant))
    draw.text(center, initials(name), _WHITE, _font(max(10, radius * 9 // 10)), anchor="mm")
    return np.asarray(image)


def initials(name: str) -> str:
    """The first letters of the first and the last word."""
    words = _printable(name).split()
    chosen = [words[0], words[-1]] if len(words) > 1 else words[:1]
    return "".join(word[0] for word in chosen).upper()


def _printable(name: str) -> str:
    """The name on one line; the layout engine fails on control characters."""
    return "".join(letter if letter.isprintable() else " " for letter in name).strip()


def _colour(participant: str) -> tuple[int, int, int]:
    """A colour dark enough for white letters, the same for a person in every recording."""
    red, green, blue = hashlib.sha256(participant.encode()).digest()[:3]
    return 40 + red // 2, 40 + green // 2, 40 + blue // 2
