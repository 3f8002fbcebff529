"""Compose: one MP4 of the whole class, and a poster.

A plain function over local files, to be run in a thread. Per picture of 40 ms: the scene of that moment,
the newest picture of each tile drawn if it changed, the sound of the same 40 ms mixed. The result is as
long as the recording, whatever was or was not shared in it.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from msgspec import Struct
from PIL import Image

from artifacts.capture import TrackFile
from artifacts.layout import Box, Scene, Tile, place, scenes
from artifacts.mixer import Mixer
from artifacts.picture import Canvas
from artifacts.progress import Progress
from artifacts.sources import RATE_HZ, Pictures, Sound
from artifacts.timeline import Timeline
from schemas.ids import TrackId
from schemas.limits import (
    COMPOSED_AUDIO_BPS,
    COMPOSED_HEIGHT_PX,
    COMPOSED_RATE_FPS,
    COMPOSED_WIDTH_PX,
    POSTER_WIDTH_PX,
)
from schemas.media import MediaKind

_BLOCK = RATE_HZ // COMPOSED_RATE_FPS
_FRAME_MS = 1000 / COMPOSED_RATE_FPS
_STALE_MS = 200  # A picture this much older than its track's (re)opening may still be its first.

# superfast: half a core for live speed at 720p (stack-facts §3); a key frame every 4 s to seek to.
_VIDEO_OPTIONS = {"preset": "superfast", "crf": "24", "g": str(4 * COMPOSED_RATE_FPS), "threads": "2"}


class Composed(Struct, frozen=True):
    """What was made."""

    video: Path
    poster: Path
    duration_ms: int
    poster_width_px: int
    poster_height_px: int


def compose(
    whole: Timeline, files: Mapping[TrackId, TrackFile], directory: Path, progress: Progress
) -> Composed:
    """Writes ``composed.mp4`` and ``poster.jpg`` into a directory."""
    count = max(1, round(whole.duration_ms / _FRAME_MS))
    video, poster = directory / "composed.mp4", directory / "poster.jpg"
    with ExitStack() as open_files:
        stage = _Stage(whole, files, open_files)
        mixer = Mixer(_sounds(files, open_files))
        output = open_files.enter_context(_Output(video))
        poster_at = count // 3  # Past the arrivals, before the farewells.
        for n in range(count):
            progress.check(100 * n // count)
            picture = stage.picture(n * _FRAME_MS)
            output.write(picture, mixer.block(n * _BLOCK, _BLOCK))
            if n == poster_at:
                size = _write_poster(picture, poster)
    return Composed(video, poster, round(count * _FRAME_MS), *size)


class _Stage:
    """Draws the picture of each moment; only what changed is drawn again."""

    def __init__(self, whole: Timeline, files: Mapping[TrackId, TrackFile], open_files: ExitStack) -> None:
        self._canvas = Canvas()
        self._scenes = list(scenes(whole))
        self._places: list[tuple[Tile, Box]] = []
        self._showing: dict[Tile, bool] = {}
        self._pictures: dict[TrackId, Pictures] = {}
        for track, file in files.items():
            if file.line.kind is MediaKind.VIDEO:
                self._pictures[track] = Pictures(file.path, file.offset_ms)
                open_files.callback(self._pictures[track].close)

    def picture(self, at_ms: float) -> av.VideoFrame:
        """The picture at a moment; moments must not go back."""
        # A captured picture is shown in the slot it is nearest to, not in the one after it.
        moved = {t for t, pictures in self._pictures.items() if pictures.advance(at_ms + _FRAME_MS / 2)}
        while self._scenes and self._scenes[0].since_ms <= at_ms:
            self._set(self._scenes.pop(0))
        for tile, box in self._places:
            self._draw(tile, box, moved)
        return self._canvas.frame()

    def _set(self, scene: Scene) -> None:
        self._canvas.clear()
        self._showing.clear()
        self._places = list(zip(scene.tiles, place(scene.tiles), strict=True))

    def _draw(self, tile: Tile, box: Box, moved: set[TrackId]) -> None:
        pictures = self._pictures.get(tile.track) if tile.track is not None else None
        latest = pictures.latest if pictures is not None else None
        has_picture = latest is not None and latest[0] >= tile.since_ms - _STALE_MS
        if self._showing.get(tile) == has_picture and tile.track not in moved:
            return
        self._showing[tile] = has_picture
        if has_picture and latest is not None:
            self._canvas.draw_frame(box, tile, latest[1])
        else:
            self._canvas.draw_avatar(box, tile)


def _sounds(files: Mapping[TrackId, TrackFile], open_files: ExitStack) -> tuple[Sound, ...]:
    sounds = [Sound(f.path, f.offset_ms) for f in files.values() if f.line.kind is MediaKind.AUDIO]
    for sound in sounds:
        open_files.callback(sound.close)
    return tuple(sounds)


class _Output:
    """The MP4: H.264 and AAC, its index in front so that playing starts before the download ends."""

    def __init__(self, path: Path) -> None:
        options = {"movflags": "+faststart", "fflags": "+bitexact"}
        self._container: OutputContainer = av.open(str(path), "w", format="mp4", options=options)
        self._video = self._container.add_stream(
            "libx264",
            rate=COMPOSED_RATE_FPS,
            options=_VIDEO_OPTIONS,
            width=COMPOSED_WIDTH_PX,
            height=COMPOSED_HEIGHT_PX,
            pix_fmt="yuv420p",
        )
        self._audio = self._container.add_stream(
            "aac", rate=RATE_HZ, layout="stereo", bit_rate=COMPOSED_AUDIO_BPS
        )
        self._count = 0

    def __enter__(self) -> "_Output":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._container.mux(self._video.encode(None))
            self._container.mux(self._audio.encode(None))
        self._container.close()

    def write(self, picture: av.VideoFrame, sound: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> None:
        """One picture and the sound that belongs to it."""
        picture.pts = self._count
        picture.time_base = Fraction(1, COMPOSED_RATE_FPS)
        self._container.mux(self._video.encode(picture))
        block = av.AudioFrame.from_ndarray(sound, format="fltp", layout="stereo")
        block.sample_rate = RATE_HZ
        block.pts = self._count * _BLOCK
        block.time_base = Fraction(1, RATE_HZ)
        self._container.mux(self._audio.encode(block))
        self._count += 1


def _write_poster(picture: av.VideoFrame, path: Path) -> tuple[int, int]:
    height = POSTER_WIDTH_PX * COMPOSED_HEIGHT_PX // COMPOSED_WIDTH_PX
    image = Image.fromarray(picture.reformat(width=POSTER_WIDTH_PX, height=height).to_ndarray(format="rgb24"))
    written = BytesIO()
    image.save(written, "JPEG", quality=82)
    path.write_bytes(written.getvalue())
    return POSTER_WIDTH_PX, height
