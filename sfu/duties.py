"""What the packet path does by the clock: asks, reports, chooses layers, hands over.

One tick serves all transports; each duty has its interval and visits only what has something to do.
"""

from collections.abc import Iterable, Iterator

from schemas import limits
from sfu import layers, rtcp, transport_cc
from sfu.incoming import Layer
from sfu.interface import ConsentLost, LevelsMeasured
from sfu.outgoing import Outgoing
from sfu.path import Path
from sfu.peer import Padding, Peer

TICK_S = 0.025  # Half the feedback interval; also the pace of repairs.
_CHOICE_INTERVAL_S = 0.2
_PROBE_TICKS = 4
_PAD_PACKETS_MAX = 50  # Per tick and video: 20 Mbit/s of full packets.
_PROBE_MARGIN = 1.3  # Above what is wanted, as choosing a layer needs room too.
_SILENT_S = 3.0  # A publisher that sent nothing for so long is not asked for key frames.
_DATAGRAM_BYTES = 1_200


class Pace:
    """Says when an interval has passed; after a stall it skips instead of catching up."""

    __slots__ = ("_due", "_interval_s")

    def __init__(self, interval_s: float, now: float) -> None:
        self._interval_s = interval_s
        self._due = now + interval_s

    def due(self, now: float) -> bool:
        """True once per interval."""
        if now < self._due - TICK_S / 4:
            return False
        self._due = max(self._due, now - self._interval_s) + self._interval_s
        return True


class Duties:
    """The timetable of one packet path."""

    def __init__(self, path: Path, now: float) -> None:
        self._path = path
        self._feedback = Pace(limits.FEEDBACK_INTERVAL_S, now)
        self._tap = Pace(limits.TAP_INTERVAL_S, now)
        self._choice = Pace(_CHOICE_INTERVAL_S, now)
        self._levels = Pace(limits.LEVELS_INTERVAL_S, now)
        self._second = Pace(1.0, now)

    def tick(self, now: float) -> None:
        """Does what is due."""
        path = self._path
        for peer in path.peers.values():
            if peer.padding.ticks:
                _pad(peer, now)
        _ask_for_repairs(path, now)
        _ask_for_key_frames(path, now)
        if self._feedback.due(now):
            _send_feedback(path)
        if self._tap.due(now):
            _hand_over_taps(path, now)
        if self._choice.due(now):
            _choose_all(path, now)
        else:
            _choose_unsettled(path, now)
        if self._levels.due(now):
            _measure_levels(path)
        if self._second.due(now):
            _send_reports(path, now)
            for agent in path.ice.expire(now):
                path.emit(ConsentLost(agent.owner.id))


# --- towards publishers --------------------------------------------------------------------------
def _ask_for_repairs(path: Path, now: float) -> None:
    for layer in list(path.torn):
        if not layer.reception.missing:
            path.torn.discard(layer)
            continue
        wanted = layer.reception.asks(now)
        peer = path.peers[layer.producer.config.transport]
        if wanted and layer.ssrc is not None:
            layer.nacks += len(wanted)
            peer.send_rtcp(rtcp.nack(peer.reporter, layer.ssrc, wanted))


def _ask_for_key_frames(path: Path, now: float) -> None:
    for layer in list(path.dark):
        if not layer.key_frame_wanted:
            path.dark.discard(layer)
        elif (
            now - layer.key_frame_asked_at >= limits.KEY_FRAME_REQUEST_INTERVAL_S
            and now - layer.heard_at < _SILENT_S
        ):
            path.send_key_frame_request(layer, now)


def _send_feedback(path: Path) -> None:
    for peer in path.heard:
        for report in peer.arrivals.reports():
            body = transport_cc.write(report)
            peer.send_rtcp(rtcp.transport_feedback(peer.reporter, peer.feedback_ssrc, body))
    path.heard.clear()


def _measure_levels(path: Path) -> None:
    levels = tuple(
        (name, level)
        for name, producer in path.incoming.items()
        if not producer.is_video and (level := producer.loudness.take()) is not None
    )
    if levels:
        path.emit(LevelsMeasured(levels))


def _hand_over_taps(path: Path, now: float) -> None:
    for producer in path.incoming.values():
        tap = producer.tap
        if tap is None:
            continue
        if not producer.paused:
            wanted = tap.aim()
            if wanted is not None and not wanted.key_frame_wanted:
                path.ask_key_frame(wanted, now)
        for event in tap.flush():
            path.emit(event)


# --- towards viewers -----------------------------------------------------------------------------
def _choose_all(path: Path, now: float) -> None:
    for producer in path.incoming.values():
        producer.measure(now)
    for peer in path.peers.values():
        if peer.consumers:
            for consumer in peer.consumers.values():
                consumer.rate.measure(now)
            _choose(path, peer, now)


def _choose_unsettled(path: Path, now: float) -> None:
    for peer in path.peers.values():
        if peer.unsettled:
            _choose(path, peer, now)


def _choose(path: Path, peer: Peer, now: float) -> None:
    """Shares one viewer's line among what he watches. Sound is never weighed: it goes first."""
    peer.unsettled = False
    sounds = [viewer for viewer in peer.consumers.values() if not viewer.producer.is_video]
    videos = [viewer for viewer in peer.consumers.values() if viewer.producer.is_video]
    if not videos:
        return
    sound_bps = sum(viewer.rate.bps for viewer in sounds)
    budget = _budget_bps(peer, videos)
    wants = [viewer.want(now) for viewer in videos]
    chosen = layers.choose(wants, None if budget is None else max(0, budget - sound_bps))
    for viewer in videos:
        number = chosen[viewer.config.id]
        needs = viewer.aim(None if number is None else viewer.producer.layers[number], now)
        if needs is not None:
            path.ask_key_frame(needs, now)
    if budget is not None:
        _probe(peer, sound_bps, wants, now)


def _budget_bps(peer: Peer, videos: Iterable[Outgoing]) -> int | None:
    """What the estimate allows; None where the viewer reports nothing to estimate from."""
    if peer.estimator.is_limited or any(viewer.config.extensions.transport_cc for viewer in videos):
        return peer.estimator.available_bps
    return None


def _probe(peer: Peer, sound_bps: int, wants: list[layers.Want], now: float) -> None:
    """Plans padding, when more is wanted than the line is known to carry."""
    wanted_bps = sound_bps + sum(_wish_bps(want) for want in wants)
    sending_bps = sum(viewer.rate.bps for viewer in peer.consumers.values())
    target_bps = peer.estimator.probe_bps(wanted_bps * _PROBE_MARGIN, sending_bps, now)
    if target_bps is None:
        return
    fill = int((target_bps - sending_bps) * TICK_S / 8)
    peer.padding = Padding(_PROBE_TICKS, fill)


def _wish_bps(want: layers.Want) -> int:
    if want.layer_max is None:
        return 0
    flowing = [offer.bps for offer in want.offers[: want.layer_max + 1] if offer.flowing]
    return flowing[-1] if flowing else 0


def _pad(peer: Peer, now: float) -> None:
    left = peer.padding.bytes_per_tick
    peer.padding = Padding(peer.padding.ticks - 1, left)
    for viewer in peer.consumers.values():
        for _ in range(_PAD_PACKETS_MAX):
            size = viewer.pad(now, peer.estimator.probe_id) if left > 0 else 0
            if not size:
                break
            left -= size


# --- reports -------------------------------------------------------------------------------------
def _send_reports(path: Path, now: float) -> None:
    for peer in path.peers.values():
        if not peer.is_open:
            continue
        blocks = [block for layer in peer.layers.values() if (block := _block(layer, now)) is not None]
        for start in range(0, len(blocks), 31):
            peer.send_rtcp(rtcp.receiver_report(peer.reporter, blocks[start : start + 31]))
        for datagram in _gathered(_sender_reports(peer, now)):
            peer.send_rtcp(datagram)


def _block(layer: Layer, now: float) -> rtcp.ReportBlock | None:
    assert layer.ssrc is not None, "layers are listed by SSRC"
    if layer.report is None:
        return layer.reception.report(layer.ssrc, 0, 0)
    last_report = layer.report.ntp >> 16 & 0xFFFFFFFF
    delay = int((now - layer.report_at) * 65536) & 0xFFFFFFFF
    return layer.reception.report(layer.ssrc, last_report, delay)


def _sender_reports(peer: Peer, now: float) -> Iterator[bytes]:
    for viewer in peer.consumers.values():
        report = viewer.report(now)
        if report is not None:
            description = rtcp.description(viewer.config.ssrc, viewer.config.cname)
            yield rtcp.sender_report(report) + description


def _gathered(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Parts joined into as few datagrams as they fit in."""
    gathered = b""
    for part in parts:
        if gathered and len(gathered) + len(part) > _DATAGRAM_BYTES:
            yield gathered
            gathered = b""
        gathered += part
    if gathered:
        yield gathered
