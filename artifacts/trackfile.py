"""Writes one track's frames to a file, without transcoding: WebM for Opus and VP8, MP4 for H.264."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av.container import OutputContainer
from av.stream import Stream
from msgspec import Struct

from artifacts.depayload import opus_samples

_MILLISECOND = Fraction(1, 1000)


class Format(Struct, frozen=True):
    """How a codec is kept: file extension, container, and the media type under which it is served."""

    extension: str
    container: str
    media_type: str
    codec: str


FORMATS: dict[str, Format] = {
    "audio/opus": Format("webm", "webm", "audio/webm", "libopus"),
    "video/vp8": Format("webm", "webm", "video/webm", "vp8"),
    "video/h264": Format("mp4", "mp4", "video/mp4", "h264"),
}


class TrackWriter:
    """One output file. Timestamps are milliseconds and grow strictly: what a clock puts too near to the
    frame before (by half a frame of sound, by all of a picture) moves on."""

    def __init__(self, path: Path, mime_type: str) -> None:
        self.first_ms: int | None = None
        self.end_ms = 0
        self.frames = 0
        self.width_px = 0
        self.height_px = 0
        self._format = FORMATS[mime_type.lower()]
        self._path = path
        self._output: OutputContainer | None = None
        self._stream: Stream | None = None
        self._earliest_ms = 0
        self._held: tuple[int, bool, bytes] | None = None

    def write(self, at_ms: int, *, is_key: bool, data: bytes) -> None:
        """Adds a frame captured at this time of the recording."""
        at_ms = max(at_ms, self._earliest_ms)
        if self.first_ms is None:
            self.first_ms = at_ms
            self._open(data)
        self._release(at_ms)
        self._held = (at_ms, is_key, data)
        is_sound = self._format.codec == "libopus"
        self._earliest_ms = at_ms + (max(1, self._length_ms(data) // 2) if is_sound else 1)

    def close(self) -> None:
        """Ends the file; without a frame there is none."""
        if self._output is None:
            return
        self._release(None)
        self._output.close()
        self._output = None

    def _open(self, data: bytes) -> None:
        # Bit-exact: the same packets give the same file, so a repeated step overwrites it with itself.
        options = {"fflags": "+bitexact"}
        if self._format.container == "mp4":
            options["movflags"] = "+faststart"
        self._output = av.open(str(self._path), "w", format=self._format.container, options=options)
        if self._format.codec == "libopus":
            self._stream = self._output.add_stream("libopus", rate=48_000)
        else:
            self.width_px, self.height_px = _SIZES[self._format.codec](data)
            self._stream = self._output.add_mux_stream(
                self._format.codec, width=self.width_px, height=self.height_px
            )
        self._stream.time_base = _MILLISECOND

    def _release(self, next_ms: int | None) -> None:
        """Muxes the held frame: its length is known only from the one that follows."""
        if self._held is None:
            return
        assert self._output is not None
        at_ms, is_key, data = self._held
        length_ms = self._length_ms(data)
        if next_ms is not None and self._format.codec != "libopus":
            length_ms = next_ms - at_ms
        packet = av.Packet(data)
        packet.stream = cast("Stream", self._stream)
        packet.time_base = _MILLISECOND
        packet.pts = packet.dts = at_ms - cast("int", self.first_ms)
        packet.duration = length_ms
        packet.is_keyframe = is_key
        self._output.mux_one(packet)
        self._held = None
        self.frames += 1
        self.end_ms = at_ms + length_ms

    def _length_ms(self, data: bytes) -> int:
        if self._format.codec == "libopus":
            return max(1, opus_samples(data) // 48)
        return 40  # The last picture: shown as long as one at 25 per second.


def _vp8_size(frame: bytes) -> tuple[int, int]:
    """From the key frame's header (RFC 6386 §9.1)."""
    width, height = (int.from_bytes(frame[i : i + 2], "little") & 0x3FFF for i in (6, 8))
    return width, height


def _h264_size(frame: bytes) -> tuple[int, int]:
    """From the first key frame, decoded: its parameter sets say it in a language of their own."""
    decoder = av.CodecContext.create("h264", "r")
    decoder.decode(av.Packet(frame))
    decoder.decode(None)
    return decoder.width, decoder.height


_SIZES: dict[str, Callable[[bytes], tuple[int, int]]] = {"vp8": _vp8_size, "h264": _h264_size}
