"""Capture: from the recorded packets of a class to one file per track.

Two passes over each track. The first learns its clock (``survey``); then, with the clocks of all tracks
of a person at hand, the second writes the file (``write``). Both are plain functions over local files,
to be run in a thread.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from artifacts import spool
from artifacts.clock import Line, Report, SegmentSurvey, ntp_us, sender_clock
from artifacts.depayload import depayload
from artifacts.errors import RemotePacketError
from artifacts.pieces import film_ms, next_ms
from artifacts.progress import Progress
from artifacts.reorder import Reorder
from artifacts.timeline import Timeline, TrackLine
from artifacts.trackfile import FORMATS, TrackWriter
from artifacts.unroll import Packet, Unroll
from schemas.artifacts import Artifact, RtpBatch
from schemas.media import MediaKind


class TrackSurvey(Struct, frozen=True):
    """What the first pass learned: the clock of each segment."""

    line: TrackLine
    path: Path
    segments: tuple[SegmentSurvey, ...]

    @property
    def reports(self) -> Iterable[Report]:
        """All sender reports of the track."""
        return (report for segment in self.segments for report in segment.reports)


class TrackFile(Struct, frozen=True):
    """A captured track: where it begins in the recording, how long it is, and what was lost."""

    line: TrackLine
    path: Path
    offset_ms: int
    duration_ms: int
    width_px: int
    height_px: int
    frames: int = 0
    packets_lost: int = 0
    frames_broken: int = 0


def survey(line: TrackLine, path: Path, progress: Progress) -> TrackSurvey:
    """The first pass over a spooled track."""
    segments: list[SegmentSurvey] = []
    unroll = Unroll(line.clock_rate_hz)
    for batch in spool.read(path):
        progress.check()
        for packet in _packets(unroll, batch):
            while packet.segment >= len(segments):
                segments.append(SegmentSurvey(line.clock_rate_hz))
            segments[packet.segment].arrivals.add(packet.timestamp, packet.arrived_us)
        for report in batch.reports:
            if (found := unroll.report(batch.switch, report)) is not None:
                segment, timestamp = found
                told = Report(timestamp, ntp_us(report.ntp), report.arrived_us)
                segments[segment].reports.append(told)
    return TrackSurvey(line, path, tuple(segments))


def write(
    track: TrackSurvey, sender: Line | None, whole: Timeline, directory: Path, progress: Progress
) -> TrackFile | None:
    """The second pass: writes the file; None when the track has nothing that can be played.

    ``sender`` is the clock of the person (``sender_clocks``).
    """
    line = track.line
    make_frames = depayload(line.mime_type)
    if make_frames is None:
        return None
    clocks = [segment.clock(sender) for segment in track.segments]
    path = directory / f"{line.track}.{FORMATS[line.mime_type.lower()].extension}"
    reorder = Reorder()
    writer = TrackWriter(path, line.mime_type)
    try:
        for packet in _in_order(track, reorder, progress):
            for frame in make_frames.push(packet):
                at_ms = _film_ms(line, clocks[frame.segment].at(frame.timestamp) / 1000)
                if at_ms is not None:
                    writer.write(at_ms, is_key=frame.is_key, data=frame.data)
    finally:
        writer.close()
    if writer.first_ms is None:
        return None
    return TrackFile(
        line,
        path,
        writer.first_ms,
        min(writer.end_ms, whole.duration_ms) - writer.first_ms,
        writer.width_px,
        writer.height_px,
        writer.frames,
        reorder.lost,
        make_frames.broken,
    )


def _film_ms(line: TrackLine, wall: float) -> int | None:
    """Where a frame captured then (Unix milliseconds) is in the film. What a picture shows at the start
    of a piece may have been captured just before; a sound is heard then, or not at all."""
    find = film_ms if line.kind is MediaKind.AUDIO else next_ms
    at_ms = find(line.pieces, round(wall))
    return None if at_ms is None else int(at_ms)


def from_artifact(line: TrackLine, artifact: Artifact, path: Path) -> TrackFile:
    """A captured track that was stored before, as a file again."""
    span = (artifact.offset_ms, artifact.duration_ms)
    return TrackFile(line, path, *span, artifact.width_px, artifact.height_px)


def sender_clocks(tracks: Iterable[TrackSurvey]) -> dict[str, Line | None]:
    """The clock of each participant, from the reports of all tracks of that person."""
    reports: dict[str, list[Report]] = {}
    for track in tracks:
        reports.setdefault(track.line.participant, []).extend(track.reports)
    return {participant: sender_clock(told) for participant, told in reports.items()}


def _in_order(track: TrackSurvey, reorder: Reorder, progress: Progress) -> Iterator[Packet]:
    unroll = Unroll(track.line.clock_rate_hz)
    for batch in spool.read(track.path):
        progress.check()
        for packet in _packets(unroll, batch):
            yield from reorder.push(packet)
    yield from reorder.flush()


def _packets(unroll: Unroll, batch: RtpBatch) -> Iterator[Packet]:
    for tapped in batch.packets:
        try:
            yield unroll.packet(batch.switch, tapped)
        except RemotePacketError:
            continue  # It would be malformed on every attempt; what it carried counts as lost.
