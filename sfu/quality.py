"""How good each person's line was: samples of the packet path's counters, summed up when they have left.

A sample belongs to the participation in which it was taken; a person's transports may come and go
meanwhile. What a node measured and did not report before it stopped is lost: quality is for people who
wonder about yesterday's class, and no rule depends on it.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from schemas.commands.media import ReportQuality
from schemas.ids import ParticipantId, SessionId
from schemas.limits import QUALITY_BPS_MAX, QUALITY_MS_MAX, QUALITY_SAMPLES_MAX
from schemas.media import LineQuality
from schemas.signalling import Direction
from sfu.interface import Counters, StreamCounters, TransportCounters
from sfu.router import Router
from sfu.transport import Transport


class _Line:
    """One direction, summed."""

    def __init__(self) -> None:
        self.samples = 0
        self._bitrate_bps = 0
        self._loss = self._loss_worst = 0.0
        self._jitter_ms = self._jitter_ms_worst = 0.0

    def add(self, streams: Iterable[StreamCounters]) -> None:
        """The streams of one sample; those that stand still say nothing."""
        flowing = [s for s in streams if s.bitrate_bps > 0]
        if not flowing:
            return
        bitrate_bps = sum(s.bitrate_bps for s in flowing)
        loss = min(1.0, max(0.0, sum(s.loss * s.bitrate_bps for s in flowing) / bitrate_bps))
        jitter_ms = min(max(0.0, *(s.jitter_ms for s in flowing)), QUALITY_MS_MAX)
        self.samples += 1
        self._bitrate_bps += min(bitrate_bps, QUALITY_BPS_MAX)
        self._loss += loss
        self._loss_worst = max(self._loss_worst, loss)
        self._jitter_ms += jitter_ms
        self._jitter_ms_worst = max(self._jitter_ms_worst, jitter_ms)

    def sum(self) -> LineQuality | None:
        """Means and worst; None when nothing ever flowed."""
        if not self.samples:
            return None
        return LineQuality(
            self.samples,
            self._bitrate_bps // self.samples,
            round(self._loss / self.samples, 4),
            round(self._loss_worst, 4),
            round(self._jitter_ms / self.samples, 1),
            round(self._jitter_ms_worst, 1),
        )


class _Participation:
    """One person in one class on this node."""

    def __init__(self, session: SessionId, epoch: int) -> None:
        self.session = session
        self.epoch = epoch
        self.samples = 0
        self._lines: dict[Direction, _Line] = {"send": _Line(), "recv": _Line()}
        self._round_trips = 0
        self._rtt_ms = self._rtt_ms_worst = 0.0

    def add(self, streams: Mapping[Direction, list[StreamCounters]], round_trips: list[float]) -> None:
        """One sample. Of two transports' round trips the longer one is the person's."""
        if self.samples >= QUALITY_SAMPLES_MAX:
            return
        self.samples += 1
        for direction, line in self._lines.items():
            line.add(streams.get(direction, ()))
        if round_trips:
            rtt_ms = min(max(0.0, *round_trips), QUALITY_MS_MAX)
            self._round_trips += 1
            self._rtt_ms += rtt_ms
            self._rtt_ms_worst = max(self._rtt_ms_worst, rtt_ms)

    def report(self, participant: ParticipantId) -> ReportQuality:
        """What the log is told."""
        known = self._round_trips > 0
        return ReportQuality(
            participant,
            self.session,
            self.epoch,
            self.samples,
            round(self._rtt_ms / self._round_trips, 1) if known else None,
            round(self._rtt_ms_worst, 1) if known else None,
            self._lines["send"].sum(),
            self._lines["recv"].sum(),
        )


class Book:
    """The participations of one room that are being measured."""

    def __init__(self) -> None:
        self._open: dict[ParticipantId, _Participation] = {}

    def sample(self, router: Router, counters: "Sorted") -> None:
        """Adds what was counted of the people who are in class here and have media."""
        state = router.state
        if state is None or state.live is None or not router.is_here:
            return
        found: dict[ParticipantId, tuple[dict[Direction, list[StreamCounters]], list[float]]] = {}
        for transport in router.transports.values():
            counted = counters.transports.get(transport.id)
            if counted is None or transport.participant not in state.participants:
                continue
            streams, round_trips = found.setdefault(transport.participant, ({}, []))
            streams.setdefault(transport.direction, []).extend(counters.streams_of(transport))
            if counted.rtt_ms is not None:
                round_trips.append(counted.rtt_ms)
        for who, (streams, round_trips) in found.items():
            if who not in self._open:
                self._open[who] = _Participation(state.live.id, router.epoch)
            self._open[who].add(streams, round_trips)

    def close(self, router: Router) -> tuple[ReportQuality, ...]:
        """The sums of those whose participation here is over, and forgets them."""
        state = router.state
        over = [
            who
            for who, measured in self._open.items()
            if state is None
            or state.live is None
            or state.live.id != measured.session
            or router.epoch != measured.epoch
            or who not in state.participants
        ]
        return tuple(self._open.pop(who).report(who) for who in over)


class Sorted(Struct, frozen=True):
    """Counters of a whole node, by the transport and stream that they are of."""

    transports: dict[str, TransportCounters]
    streams: dict[str, list[StreamCounters]]

    def streams_of(self, transport: Transport) -> Iterable[StreamCounters]:
        """Everything that is sent or received on this transport."""
        for name in (*transport.producers, *transport.consumers):
            yield from self.streams.get(name, ())


def sort(counters: Counters) -> Sorted:
    """For finding in."""
    streams: dict[str, list[StreamCounters]] = {}
    for stream in counters.streams:
        streams.setdefault(stream.id, []).append(stream)
    return Sorted({t.id: t for t in counters.transports}, streams)
