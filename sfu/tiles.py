"""From what a viewer shows to what is worth sending: a layer, and who goes first. Pure."""

from schemas.media import Source

# The source's own size when the browser did not tell it: what cameras and screens usually give.
_USUAL_SIZE_PX: dict[Source, tuple[int, int]] = {
    Source.CAMERA: (1280, 720),
    Source.SCREEN: (1920, 1080),
}

# A layer may be stretched this much before the next one is worth its bits: a tile of 360 px takes
# 320 px well, one of 400 px does not.
_STRETCH = 1.2

# Bands of the order in which bandwidth is given: understanding comes before seeing (design §6).
_PRIORITY_SOUND = 1 << 30
_PRIORITY_SCREEN = 1 << 29


def wished_layer(
    source: Source, scales: tuple[float, ...], width_px: int, height_px: int, size_px: tuple[int, int] | None
) -> int | None:
    """The lowest layer that fills a tile of this size, the highest if none does; None when hidden."""
    if width_px == 0 or height_px == 0:
        return None
    source_width_px, source_height_px = size_px or _USUAL_SIZE_PX.get(source, (1, 1))
    for layer, scale in enumerate(scales):
        # One filled side is enough: a portrait picture in a landscape tile has bars beside it.
        if source_width_px / scale * _STRETCH >= width_px or source_height_px / scale * _STRETCH >= height_px:
            return layer
    return len(scales) - 1


def priority(source: Source, width_px: int, height_px: int) -> int:
    """Higher goes first: sound, then the screen, then cameras by the size at which they are shown."""
    match source:
        case Source.MICROPHONE:
            return _PRIORITY_SOUND + 1
        case Source.SCREEN_AUDIO:
            return _PRIORITY_SOUND
        case Source.SCREEN:
            return _PRIORITY_SCREEN
        case Source.CAMERA:
            return min(width_px * height_px, _PRIORITY_SCREEN - 1)
