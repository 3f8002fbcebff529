"""Recut: a captured track without what was taken out of its film.

A plain function over local files, to be run in a thread. Sound, and pictures of which none goes, are
copied packet by packet at their new place. Where pictures go, those that follow were drawn upon them:
such a track is encoded anew.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
from av.bitstream import BitStreamFilterContext
from av.container import InputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from artifacts.capture import TrackFile
from artifacts.pieces import Pieces, film_ms, wall_ms
from artifacts.progress import Progress
from artifacts.timeline import TrackLine
from artifacts.trackfile import FORMATS, TrackWriter
from schemas.limits import COMPOSED_RATE_FPS, RECUT_BITS_PER_PIXEL
from schemas.media import MediaKind

_MILLISECOND = Fraction(1, 1000)
_ENCODERS = {"vp8": "libvpx", "h264": "libx264"}
_OPTIONS = {
    "libvpx": {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"},
    "libx264": {"preset": "superfast", "tune": "zerolatency"},
}


Place = Callable[[float], int | None]
"""From seconds of the file to milliseconds of the film; None for what goes."""


def recut(
    file: TrackFile, before: Pieces, line: TrackLine, directory: Path, progress: Progress
) -> TrackFile | None:
    """Writes the track as ``line`` has it now; ``before`` is the film it was captured for. None when
    nothing of it is left."""
    path = directory / f"recut-{file.path.name}"
    writer = TrackWriter(path, line.mime_type)

    def place(time_s: float) -> int | None:
        at_ms = _moved(before, line.pieces, file.offset_ms + time_s * 1000)
        return None if at_ms is None else int(at_ms)

    try:
        with av.open(str(file.path)) as source:
            if line.kind is MediaKind.VIDEO and _loses_pictures(file, before, line.pieces):
                _encode(source, writer, place, line.mime_type, progress)
            else:
                _copy(source, writer, place, progress)
    finally:
        writer.close()
    if writer.first_ms is None:
        return None
    duration_ms = writer.end_ms - writer.first_ms
    return TrackFile(
        line, path, writer.first_ms, duration_ms, writer.width_px, writer.height_px, writer.frames
    )


def _moved(before: Pieces, after: Pieces, at_ms: float) -> float | None:
    """Where a moment of the earlier film is now."""
    return film_ms(after, round(wall_ms(before, at_ms)))


def _loses_pictures(file: TrackFile, before: Pieces, after: Pieces) -> bool:
    """Whether some time of this track is no longer in the film."""
    end_ms = file.offset_ms + file.duration_ms
    edges = sorted({file.offset_ms, *(p.at_ms for p in before if file.offset_ms <= p.at_ms < end_ms)})
    for since_ms, until_ms in zip(edges, [*edges[1:], end_ms], strict=True):
        first, last = _moved(before, after, since_ms), _moved(before, after, until_ms - 1)
        if first is None or last is None or last - first != until_ms - 1 - since_ms:
            return True
    return False


def _copy(source: InputContainer, writer: TrackWriter, place: Place, progress: Progress) -> None:
    for packet in _packets(source):
        progress.check()
        if packet.pts is None or packet.time_base is None:
            continue
        at_ms = place(float(packet.pts * packet.time_base))
        if at_ms is not None:
            writer.write(at_ms, is_key=packet.is_keyframe, data=bytes(packet))


def _packets(source: InputContainer) -> "Iterator[av.Packet[Any]]":
    """The packets as a sender makes them: H.264 with start codes and its parameter sets."""
    stream = source.streams[0]
    packets: Iterator[av.Packet[Any]] = source.demux(stream)
    if stream.codec_context.name != "h264":
        yield from packets
        return
    unpacked = BitStreamFilterContext("h264_mp4toannexb", stream)
    for packet in packets:
        yield from unpacked.filter(packet if packet.dts is not None else None)


def _encode(
    source: InputContainer, writer: TrackWriter, place: Place, mime_type: str, progress: Progress
) -> None:
    encoder: VideoCodecContext | None = None
    last_ms = -1
    for frame in source.decode(video=0):
        progress.check()
        if frame.time is None:
            continue
        at_ms = place(frame.time)
        if at_ms is None or at_ms <= last_ms:
            continue
        last_ms = at_ms
        encoder = encoder or _encoder(mime_type, frame)
        picture = frame.reformat(width=encoder.width, height=encoder.height, format="yuv420p")
        picture.pts, picture.time_base = last_ms, _MILLISECOND
        picture.pict_type = av.video.frame.PictureType.NONE
        _write(writer, encoder.encode(picture))
    if encoder is not None:
        _write(writer, encoder.encode(None))


def _encoder(mime_type: str, first: av.VideoFrame) -> VideoCodecContext:
    name = _ENCODERS[FORMATS[mime_type.lower()].codec]
    encoder = cast("VideoCodecContext", av.CodecContext.create(name, "w"))
    encoder.width, encoder.height = first.width, first.height
    encoder.pix_fmt = "yuv420p"
    encoder.time_base = _MILLISECOND
    encoder.framerate = Fraction(COMPOSED_RATE_FPS)
    encoder.bit_rate = int(first.width * first.height * COMPOSED_RATE_FPS * RECUT_BITS_PER_PIXEL)
    encoder.options = _OPTIONS[name]
    return encoder


def _write(writer: TrackWriter, packets: "list[av.Packet[VideoStream]]") -> None:
    for packet in packets:
        assert packet.pts is not None
        writer.write(packet.pts, is_key=packet.is_keyframe, data=bytes(packet))
