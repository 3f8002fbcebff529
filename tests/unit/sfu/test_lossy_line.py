"""Repairs over lines that lose packets, seeded and in virtual time."""

import random

import pytest

from sfu import rtcp, rtp
from sfu.reception import Reception
from sfu.transport_cc import Arrivals, write
from tests.unit.sfu.browser import (
    SENT,
    SHOWN,
    Browser,
    Stream,
    consumer,
    packet_bytes,
    video_producer,
    vp8,
)
from tests.unit.sfu.network import Link, Node

pytestmark = pytest.mark.usefixtures("in_virtual_time")

SSRC, RTX_SSRC = 7_000, 7_001
SEEDS = [42, 43]


class Publisher:
    """Sends one layer at 30 frames per second and repairs what is asked for."""

    def __init__(self, node: Node, up: Link, browser: Browser, stream: Stream, packets: int = 4) -> None:
        self.node, self.up, self.browser, self.stream = node, up, browser, stream
        self.packets = packets
        self.sent: dict[int, bytes] = {}
        self.payloads: list[bytes] = []
        self._rtx_sequence = 1
        self._number = 0
        self._handled = 0
        self._key = True
        node.clock.every(1 / 30, self.frame)
        node.clock.every(0.005, self.answer)

    def frame(self) -> None:
        payloads = [
            vp8(b"%d/%d" % (len(self.payloads), place), key=self._key, start=place == 0)
            for place in range(self.packets)
        ]
        self._key = False
        self.payloads += payloads
        for packet in self.stream.frame(*payloads, number=self._number):
            self.sent[int.from_bytes(packet[2:4], "big")] = packet
            self.up.send(self.browser.seal(packet))
        self._number += self.packets

    def answer(self) -> None:
        messages = self.browser.messages[self._handled :]
        self._handled += len(messages)
        for message in messages:
            if isinstance(message, rtcp.KeyFrameRequest):
                self._key = True
            if isinstance(message, rtcp.Nack):
                for sequence in message.sequences:
                    self.repair(sequence)

    def repair(self, sequence: int) -> None:
        original = rtp.parse(self.sent[sequence])
        packet = packet_bytes(
            payload_type=97,
            sequence=self._rtx_sequence & 0xFFFF,
            timestamp=original.timestamp,
            ssrc=self.stream.ssrc + 1_000,
            elements=[(SENT.mid, b"1"), (SENT.repaired_rid, self.stream.rid.encode())],
            payload=sequence.to_bytes(2, "big") + original.payload,
            marker=bool(original.marker),
        )
        self._rtx_sequence += 1
        self.up.send(self.browser.seal(packet))


class Viewer:
    """Receives, asks for what is missing, and reports arrivals."""

    def __init__(self, node: Node, up: Link, browser: Browser) -> None:
        self.node, self.up, self.browser = node, up, browser
        self.reception = Reception(90_000)
        self.arrivals = Arrivals()
        self.got: dict[int, bytes] = {}
        self._handled = 0
        node.clock.every(0.005, self.read)
        node.clock.every(0.05, self.report)

    def read(self) -> None:
        now = self.node.clock.now
        packets = self.browser.packets[self._handled :]
        self._handled += len(packets)
        for packet in packets:
            number = int.from_bytes(packet.extensions[SHOWN.transport_cc], "big")
            self.arrivals.add(number, int(now * 1e6))
            if packet.ssrc == SSRC:
                place, payload = self.reception.accept(packet.sequence, packet.timestamp, now), packet.payload
            else:
                sequence = int.from_bytes(packet.payload[:2], "big")
                place, payload = self.reception.repair(sequence, now), packet.payload[2:]
            if place is not None:
                self.got[place] = payload
        wanted = self.reception.asks(now)
        if wanted:
            self.up.send(self.browser.seal_rtcp(rtcp.nack(1, SSRC, wanted)))

    def report(self) -> None:
        for report in self.arrivals.reports():
            feedback = rtcp.transport_feedback(1, SSRC, write(report))
            self.up.send(self.browser.seal_rtcp(feedback))

    def in_order(self) -> list[bytes]:
        return [self.got[place] for place in sorted(self.got)]


def film(
    seed: int, *, publisher_loss: float, viewer_loss: float, jitter_s: float = 0.0
) -> tuple[list[bytes], list[bytes]]:
    """Some seconds of film over two lines; returns what was sent and what was seen."""
    node = Node(seed)
    sender, watcher = Browser("publisher"), Browser("viewer")
    up, to_sender = node.join(sender, 1)
    from_watcher, down = node.join(watcher, 2)
    camera = video_producer("publisher", layers=1)
    node.forwarder.add_producer(camera)
    node.forwarder.add_consumer(consumer(camera, "viewer", ssrc=SSRC))
    publisher = Publisher(node, up, sender, Stream(100, 96, mid="1", rid="r0"))
    viewer = Viewer(node, from_watcher, watcher)
    node.clock.run(3)  # The first key frame; then the lines get worse.
    up.loss = to_sender.loss = publisher_loss
    down.loss = from_watcher.loss = viewer_loss
    up.jitter_s = down.jitter_s = jitter_s
    node.clock.run(8)
    up.loss = to_sender.loss = down.loss = from_watcher.loss = 0.0
    node.clock.run(3)
    return publisher.payloads, viewer.in_order()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("publisher_loss", "viewer_loss", "jitter_s"),
    [(0.0, 0.0, 0.0), (0.05, 0.0, 0.0), (0.0, 0.05, 0.0), (0.05, 0.05, 0.0), (0.02, 0.02, 0.02)],
)
def test_every_payload_arrives_once_and_in_order(
    seed: int, publisher_loss: float, viewer_loss: float, jitter_s: float
) -> None:
    sent, seen = film(seed, publisher_loss=publisher_loss, viewer_loss=viewer_loss, jitter_s=jitter_s)
    start = sent.index(seen[0])
    in_flight = 20
    del seen[-in_flight:]  # Some of the last are still on their way.
    assert seen == sent[start : start + len(seen)], f"seed {seed}"
    assert len(seen) >= len(sent) - start - 2 * in_flight, f"seed {seed}"
    assert len(seen) > 1_200


def test_nack_storm_is_no_amplifier() -> None:
    """A viewer who asks for everything again gets no more than the budget on top."""
    node = Node(1)
    sender, watcher = Browser("publisher"), Browser("viewer")
    up, _ = node.join(sender, 1)
    from_watcher, _ = node.join(watcher, 2)
    camera = video_producer("publisher", layers=1)
    node.forwarder.add_producer(camera)
    node.forwarder.add_consumer(consumer(camera, "viewer", ssrc=SSRC))
    Publisher(node, up, sender, Stream(100, 96, mid="1", rid="r0"))
    Viewer(node, from_watcher, watcher)
    node.clock.run(2)

    def ask_again() -> None:
        latest = [packet.sequence for packet in watcher.media(SSRC)[-400:]]
        from_watcher.send(watcher.seal_rtcp(rtcp.nack(1, SSRC, latest)))

    node.clock.every(0.01, ask_again)
    node.clock.run(8)
    media = sum(len(packet.data) for packet in watcher.media(SSRC))
    repairs = sum(len(packet.data) for packet in watcher.media(RTX_SSRC))
    assert 0 < repairs < 0.25 * media + 60_000 + 10_000


def test_flood_of_one_peer_is_cut_at_its_transport() -> None:
    node = Node(1)
    flooder, other = Browser("flooder"), Browser("other")
    flood, _ = node.join(flooder, 1)
    quiet, _ = node.join(other, 2)
    camera = video_producer("flooder", layers=1)
    node.forwarder.add_producer(camera)
    stream = Stream(100, 96, mid="1", rid="r0")
    for _ in range(20_000):
        flood.send(flooder.seal(stream.packet(vp8())))
    node.clock.run(1)
    counted = {transport.id: transport for transport in node.forwarder.counters().transports}
    assert counted["flooder"].packets_received <= 1_100
    assert counted["flooder"].drops["flood"] >= 18_900
    before = len(other.answers)
    quiet.send(other.check())
    node.clock.run(0.1)
    assert len(other.answers) == before + 1


@pytest.mark.parametrize("seed", SEEDS)
def test_noise_on_the_wire_never_raises_and_never_moves_media(seed: int) -> None:
    noise = random.Random(seed)
    node = Node(seed)
    browser = Browser("one")
    up, _ = node.join(browser, 1)
    for _ in range(3_000):
        datagram = bytearray(noise.randbytes(noise.randrange(0, 200)))
        if datagram:
            datagram[0] = noise.choice([0, 1, 3, 20, 22, 63, 64, 128, 144, 191, 255])
        up.send(bytes(datagram))
    node.clock.run(1)
    (counted,) = node.forwarder.counters().transports
    assert counted.packets_received == 0
    assert sum(counted.drops.values()) > 1_000


class Film:
    """Three layers of one camera at 100, 400 and 1,500 kbit/s, and one viewer on a line of his own."""

    RATES_BPS = (100_000, 400_000, 1_500_000)

    def __init__(self, seed: int, capacity_bps: float | None) -> None:
        self.node = Node(seed)
        self.sender, watcher = Browser("publisher"), Browser("viewer")
        self.up, _ = self.node.join(self.sender, 1)
        from_watcher, self.down = self.node.join(watcher, 2)
        camera = video_producer("publisher", layers=3)
        self.node.forwarder.add_producer(camera)
        self.node.forwarder.add_consumer(consumer(camera, "viewer", ssrc=SSRC))
        self.layers = [Stream(100 + n, 96, mid="1", rid=f"r{n}") for n in range(3)]
        self.viewer = Viewer(self.node, from_watcher, watcher)
        self.down.capacity_bps = capacity_bps
        self.frames = 0
        self.chosen: list[int | None] = []
        self.node.clock.every(1 / 30, self.frame)
        self.node.clock.every(0.1, self.watch)

    def frame(self) -> None:
        # A key frame per second stands for the answers to key frame requests.
        key = self.frames % 30 == 0
        self.frames += 1
        for stream, rate_bps in zip(self.layers, self.RATES_BPS, strict=True):
            size = rate_bps // 8 // 30
            parts = [min(1_000, size - at) for at in range(0, size, 1_000)]
            payloads = [vp8(bytes(part), key=key, start=n == 0) for n, part in enumerate(parts)]
            for packet in stream.frame(*payloads):
                self.up.send(self.sender.seal(packet))

    def watch(self) -> None:
        (layer,) = [s.layer for s in self.node.forwarder.counters().streams if s.role == "consumer"]
        self.chosen.append(layer)

    def lately(self, seconds: float) -> list[int | None]:
        return self.chosen[-int(seconds * 10) :]


def test_viewer_on_a_wide_line_has_the_top_layer_from_the_start() -> None:
    film = Film(1, None)
    film.node.clock.run(5)
    assert set(film.lately(4)) == {2}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("capacity_bps", "layer"), [(700_000, 1), (250_000, 0)])
def test_viewer_on_a_narrow_line_stays_on_the_layer_that_fits(
    seed: int, capacity_bps: float, layer: int
) -> None:
    film = Film(seed, capacity_bps)
    film.node.clock.run(40)
    lately = film.lately(25)
    assert lately.count(layer) > 0.8 * len(lately), f"seed {seed}: {lately}"
    assert None not in lately


@pytest.mark.parametrize("seed", SEEDS)
def test_viewer_follows_his_line_down_and_up_again(seed: int) -> None:
    film = Film(seed, None)
    film.node.clock.run(8)
    film.down.capacity_bps = 600_000
    film.node.clock.run(10)
    assert 2 not in film.lately(5), f"seed {seed}"
    film.down.capacity_bps = None
    film.node.clock.run(20)
    assert set(film.lately(1)) == {2}, f"seed {seed}"  # Only probing can find that out.
