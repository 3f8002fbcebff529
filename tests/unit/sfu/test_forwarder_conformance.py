"""What every forwarder does, seen from the network: claims that each implementation must pass."""

from itertools import pairwise

import pytest

from sfu import rtcp
from sfu.interface import (
    DtlsDatagram,
    IceSelected,
    LayerSelected,
    LevelsMeasured,
    ProducerConfig,
    SrtpProfile,
    Tapped,
)
from sfu.rtp import RtpPacket
from tests.unit.sfu.browser import (
    KEY_BYTES,
    SENT,
    SHOWN,
    Stream,
    audio_producer,
    consumer,
    packet_bytes,
    video_producer,
    vp8,
)
from tests.unit.sfu.conftest import Line, World

SSRC = 7_000
RTX_SSRC = 7_001


class Classroom:
    """A publisher with a camera of three layers, and one viewer."""

    def __init__(self, world: World, publisher: Line, viewer: Line, camera: ProducerConfig) -> None:
        self.world, self.publisher, self.viewer, self.camera = world, publisher, viewer, camera
        self.layers = [Stream(100 + n, camera.payload_type, mid=camera.mid, rid=f"r{n}") for n in range(3)]
        self.consumer = f"{camera.id}-to-{viewer.browser.transport}"

    def shown(self) -> list[RtpPacket]:
        return self.viewer.browser.media(SSRC)

    async def start(self, layer: int) -> None:
        """The viewer sees this layer, from a key frame on."""
        before = len(self.shown())
        self.world.forwarder.set_layer_wish(self.consumer, layer, 1)
        self.send(layer, vp8(b"delta"))
        await self.world.until(lambda: self.asked(layer))
        self.send(layer, vp8(b"key", key=True))
        await self.world.until(lambda: len(self.shown()) > before)

    def send(self, layer: int, *payloads: bytes) -> None:
        self.publisher.publish(*self.layers[layer].frame(*payloads))

    def asked(self, layer: int) -> bool:
        """The publisher was asked for a key frame of this layer, which clears the question."""
        request = rtcp.KeyFrameRequest(self.layers[layer].ssrc)
        messages = self.publisher.browser.messages
        if request not in messages:
            return False
        messages.remove(request)
        return True


@pytest.fixture
async def classroom(world: World) -> Classroom:
    publisher, viewer = await world.join("publisher"), await world.join("viewer")
    camera = video_producer("publisher")
    world.forwarder.add_producer(camera)
    world.forwarder.add_consumer(consumer(camera, "viewer", ssrc=SSRC))
    return Classroom(world, publisher, viewer, camera)


# --- ICE and DTLS --------------------------------------------------------------------------------
async def test_check_without_password_gets_no_answer(world: World) -> None:
    line = await world.join("one")
    answers = len(line.browser.answers)
    line.send(line.browser.check(password="guessed"))
    await line.connect()
    assert len(line.browser.answers) == answers + 1
    assert world.drops("one")["stun_integrity"] == 1


async def test_nomination_is_told_once(world: World) -> None:
    line = await world.join("one")
    await line.connect()
    assert world.seen(IceSelected) == [IceSelected("one", "127.0.0.1", line.port)]


async def test_dtls_from_unvalidated_address_is_ignored(world: World) -> None:
    line = await world.join("one")
    stranger = await world.line(line.browser)
    stranger.send(b"\x16stranger")
    line.send(b"\x16peer")
    await world.until(lambda: bool(world.seen(DtlsDatagram)))
    await line.connect()
    assert world.seen(DtlsDatagram) == [DtlsDatagram("one", b"\x16peer")]


async def test_dtls_goes_to_the_current_address(world: World) -> None:
    line = await world.join("one")
    world.forwarder.send_dtls("one", b"\x16hello")
    await world.until(lambda: line.browser.dtls == [b"\x16hello"])


async def test_ice_restart_moves_the_send_address_only_upon_nomination(classroom: Classroom) -> None:
    world, viewer = classroom.world, classroom.viewer
    browser = viewer.browser
    await classroom.start(0)
    browser.fragment, browser.password = "restarted", "another-secret"
    world.forwarder.set_credentials("viewer", browser.fragment, browser.password)
    moved = await world.line(browser)
    await moved.connect(nominate=False)
    world.forwarder.send_dtls("viewer", b"\x16before")
    await world.until(lambda: b"\x16before" in browser.dtls)
    assert world.seen(IceSelected)[-1].port == viewer.port
    await moved.connect()
    assert world.seen(IceSelected)[-1].port == moved.port


async def test_old_credentials_end_when_new_ones_are_nominated(world: World) -> None:
    line = await world.join("one")
    old = line.browser.check()
    line.browser.fragment, line.browser.password = "restarted", "another-secret"
    world.forwarder.set_credentials("one", "restarted", "another-secret")
    line.send(old)
    await line.connect()
    answers = len(line.browser.answers)
    line.send(old)
    await line.connect()
    assert len(line.browser.answers) == answers + 1


async def test_media_is_accepted_before_nomination(classroom: Classroom) -> None:
    await classroom.start(0)
    moved = await classroom.world.line(classroom.publisher.browser)
    await moved.connect(nominate=False)
    before = len(classroom.shown())
    moved.publish(*classroom.layers[0].frame(vp8(b"from the new port")))
    await classroom.world.until(lambda: len(classroom.shown()) > before)


async def test_removed_transport_answers_nobody(world: World) -> None:
    gone, other = await world.join("gone"), await world.join("other")
    world.forwarder.remove_transport("gone")
    answers = len(gone.browser.answers)
    gone.send(gone.browser.check())
    await other.connect()
    assert len(gone.browser.answers) == answers
    assert world.forwarder.counters().drops["stun_unknown_user"] == 1


# --- SRTP ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("profile", KEY_BYTES)
async def test_sound_passes_unchanged_under_every_profile(world: World, profile: SrtpProfile) -> None:
    publisher, viewer = await world.join("publisher", profile), await world.join("viewer", profile)
    microphone = audio_producer("publisher")
    world.forwarder.add_producer(microphone)
    world.forwarder.add_consumer(consumer(microphone, "viewer", ssrc=SSRC))
    stream = Stream(5_000, 111, mid="0", step=960)
    payloads = [bytes((n,)) * 50 for n in range(20)]

    for payload in payloads:
        publisher.publish(*stream.frame(payload))
    await world.until(lambda: len(viewer.browser.media(SSRC)) == len(payloads))
    assert [packet.payload for packet in viewer.browser.media(SSRC)] == payloads


async def test_replayed_packet_is_dropped(classroom: Classroom) -> None:
    await classroom.start(0)
    (packet,) = classroom.layers[0].frame(vp8(b"once"))
    sealed = classroom.publisher.browser.seal(packet)
    classroom.publisher.send(sealed, sealed)
    classroom.send(0, vp8(b"last"))
    await classroom.world.until(lambda: classroom.shown()[-1].payload == vp8(b"last"))
    assert [p.payload for p in classroom.shown()].count(vp8(b"once")) == 1
    assert classroom.world.drops("publisher")["srtp_replay"] == 1


async def test_packet_under_a_foreign_key_is_dropped(classroom: Classroom) -> None:
    await classroom.start(0)
    (packet,) = classroom.layers[0].frame(vp8(b"forged"))
    classroom.publisher.send(classroom.viewer.browser.seal(packet))
    await classroom.publisher.connect()
    assert classroom.world.drops("publisher")["srtp_refused"] == 1


# --- forwarding ----------------------------------------------------------------------------------
async def test_viewer_gets_his_own_header(classroom: Classroom) -> None:
    await classroom.start(0)
    packet = classroom.shown()[0]
    assert (packet.ssrc, packet.payload_type, packet.payload) == (SSRC, 101, vp8(b"key", key=True))
    assert packet.extensions[SHOWN.mid] == b"7"
    assert len(packet.extensions[SHOWN.abs_send_time]) == 3
    assert len(packet.extensions[SHOWN.transport_cc]) == 2
    assert packet.extensions.keys() == {SHOWN.mid, SHOWN.abs_send_time, SHOWN.transport_cc}


async def test_muted_producer_forwards_nothing(classroom: Classroom) -> None:
    await classroom.start(0)
    before = len(classroom.shown())
    classroom.world.forwarder.set_producer_paused("camera", paused=True)
    classroom.send(0, vp8(b"muted", key=True))
    await classroom.publisher.connect()
    await classroom.viewer.connect()
    assert len(classroom.shown()) == before
    classroom.world.forwarder.set_producer_paused("camera", paused=False)
    await classroom.world.until(lambda: classroom.asked(0))
    classroom.send(0, vp8(b"again", key=True))
    await classroom.world.until(lambda: len(classroom.shown()) == before + 1)
    assert classroom.shown()[-1].payload == vp8(b"again", key=True)


async def test_paused_consumer_gets_nothing_and_resumes_at_a_key_frame(classroom: Classroom) -> None:
    await classroom.start(0)
    before = len(classroom.shown())
    classroom.world.forwarder.set_consumer_paused(classroom.consumer, paused=True)
    classroom.send(0, vp8(b"unseen", key=True))
    await classroom.publisher.connect()
    classroom.world.forwarder.set_consumer_paused(classroom.consumer, paused=False)
    await classroom.world.until(lambda: classroom.asked(0))
    classroom.send(0, vp8(b"delta"))
    classroom.send(0, vp8(b"resumed", key=True))
    await classroom.world.until(lambda: len(classroom.shown()) > before)
    assert classroom.shown()[before].payload == vp8(b"resumed", key=True)
    assert classroom.shown()[before].sequence == classroom.shown()[before - 1].sequence + 1


async def test_layer_switch_waits_for_a_key_frame_and_stays_continuous(classroom: Classroom) -> None:
    await classroom.start(0)
    classroom.world.forwarder.set_layer_wish(classroom.consumer, 2, 1)
    classroom.send(2, vp8(b"high delta"))
    await classroom.world.until(lambda: classroom.asked(2))
    classroom.send(2, vp8(b"high delta"))  # However long the question took: this layer flows.
    classroom.send(0, vp8(b"low goes on"))
    classroom.send(2, vp8(b"high key", key=True), vp8(b"rest", start=False))
    classroom.send(0, vp8(b"low is over"))
    classroom.send(2, vp8(b"high goes on"))
    await classroom.world.until(lambda: len(classroom.shown()) == 5)
    assert [packet.payload for packet in classroom.shown()] == [
        vp8(b"key", key=True),
        vp8(b"low goes on"),
        vp8(b"high key", key=True),
        vp8(b"rest", start=False),
        vp8(b"high goes on"),
    ]
    first = classroom.shown()[0].sequence
    assert [packet.sequence - first for packet in classroom.shown()] == [0, 1, 2, 3, 4]
    steps = _steps([packet.timestamp for packet in classroom.shown()])
    assert all(0 <= step < 90_000 for step in steps)
    assert steps[2] == 0
    assert steps[1] > 0
    assert [e.layer for e in classroom.world.seen(LayerSelected)] == [0, 2]


async def test_padding_is_not_forwarded_and_leaves_no_hole(classroom: Classroom) -> None:
    await classroom.start(0)
    stream = classroom.layers[0]
    classroom.publisher.publish(stream.packet(b"", padding=200))
    classroom.send(0, vp8(b"after padding"))
    await classroom.world.until(lambda: len(classroom.shown()) == 2)
    first, second = classroom.shown()
    assert second.payload == vp8(b"after padding")
    assert second.sequence == first.sequence + 1


async def test_retransmission_nobody_asked_for_is_not_forwarded(classroom: Classroom) -> None:
    await classroom.start(0)
    rtx = packet_bytes(
        payload_type=97,
        sequence=1,
        timestamp=0,
        ssrc=999,
        elements=[(SENT.mid, b"1"), (SENT.repaired_rid, b"r0")],
        payload=classroom.layers[0].sequence.to_bytes(2, "big") + vp8(b"padding in disguise"),
    )
    classroom.publisher.publish(rtx)
    await classroom.publisher.connect()
    await classroom.viewer.connect()
    assert len(classroom.shown()) == 1
    assert classroom.world.drops("publisher")["rtx_unasked"] == 1


async def test_every_packet_is_sent_dropped_or_not_selected(classroom: Classroom) -> None:
    await classroom.start(0)
    for number in range(50):
        for layer in range(3):
            classroom.send(layer, vp8(b"%d" % number))
    await classroom.publisher.connect()
    counters = classroom.world.forwarder.counters()
    offered = sum(s.packets for s in counters.streams if s.role == "producer")
    (sent,) = [s.packets for s in counters.streams if s.role == "consumer"]
    assert offered == 152
    assert offered == sent + sum(classroom.world.drops("viewer").values())


# --- repairs -------------------------------------------------------------------------------------
async def test_nack_is_answered_by_rtx(classroom: Classroom) -> None:
    await classroom.start(0)
    classroom.send(0, vp8(b"lost on the way"))
    await classroom.world.until(lambda: len(classroom.shown()) == 2)
    lost = classroom.shown()[1]
    request = rtcp.nack(1, SSRC, [lost.sequence])
    classroom.viewer.send(classroom.viewer.browser.seal_rtcp(request))
    await classroom.world.until(lambda: bool(classroom.viewer.browser.media(RTX_SSRC)))
    repair = classroom.viewer.browser.media(RTX_SSRC)[0]
    assert repair.payload_type == 102
    assert repair.payload == lost.sequence.to_bytes(2, "big") + lost.payload
    assert (repair.timestamp, repair.marker) == (lost.timestamp, lost.marker)


async def test_lost_packet_is_asked_for_and_its_repair_forwarded(classroom: Classroom) -> None:
    await classroom.start(0)
    stream = classroom.layers[0]
    (lost,) = stream.frame(vp8(b"lost on the way"))
    lost_sequence = int.from_bytes(lost[2:4], "big")
    classroom.send(0, vp8(b"next"))
    request = rtcp.Nack(stream.ssrc, (lost_sequence,))
    await classroom.world.until(lambda: request in classroom.publisher.browser.messages)
    rtx = packet_bytes(
        payload_type=97,
        sequence=77,
        timestamp=stream.timestamp - stream.step & 0xFFFFFFFF,
        ssrc=999,
        elements=[(SENT.mid, b"1"), (SENT.repaired_rid, b"r0")],
        payload=lost_sequence.to_bytes(2, "big") + vp8(b"lost on the way"),
    )
    classroom.publisher.publish(rtx)
    await classroom.world.until(lambda: len(classroom.shown()) == 3)
    key, after, repaired = classroom.shown()
    assert repaired.payload == vp8(b"lost on the way")
    assert (repaired.sequence, after.sequence) == (key.sequence + 1, key.sequence + 2)


# --- reports -------------------------------------------------------------------------------------
async def test_key_frame_request_of_a_viewer_reaches_the_publisher(classroom: Classroom) -> None:
    await classroom.start(0)
    classroom.viewer.send(classroom.viewer.browser.seal_rtcp(rtcp.picture_loss(1, SSRC)))
    await classroom.world.until(lambda: classroom.asked(0))


async def test_storm_of_key_frame_requests_costs_one_per_second(classroom: Classroom) -> None:
    await classroom.start(0)
    request = rtcp.picture_loss(1, SSRC)
    for _ in range(200):
        classroom.viewer.send(classroom.viewer.browser.seal_rtcp(request))
    await classroom.viewer.connect()
    layer = classroom.world.forwarder.counters(["publisher"]).streams[0]
    assert layer.key_frame_requests <= 2


async def test_publisher_gets_transport_feedback(classroom: Classroom) -> None:
    classroom.publisher.publish(*classroom.layers[0].frame(vp8(key=True), vp8(), number=500))
    messages = classroom.publisher.browser.messages
    await classroom.world.until(lambda: any(isinstance(m, rtcp.TransportFeedback) for m in messages))
    feedback = next(m for m in messages if isinstance(m, rtcp.TransportFeedback))
    assert feedback.body[:4] == (500).to_bytes(2, "big") + (2).to_bytes(2, "big")


async def test_reports_flow_both_ways_with_mapped_time(classroom: Classroom) -> None:
    await classroom.start(0)
    stream, browser = classroom.layers[0], classroom.publisher.browser
    sent = rtcp.SenderReport(stream.ssrc, 0x1234_0000_0000, stream.timestamp, 2, 50)
    classroom.publisher.send(browser.seal_rtcp(rtcp.sender_report(sent)))
    shown = classroom.viewer.browser.messages
    await classroom.world.until(lambda: any(isinstance(m, rtcp.SenderReport) for m in shown))
    report = next(m for m in shown if isinstance(m, rtcp.SenderReport))
    passed_s = (report.ntp - sent.ntp) / (1 << 32)
    last = classroom.shown()[-1].timestamp
    assert report.ssrc == SSRC
    assert abs((report.rtp_timestamp - last & 0xFFFFFFFF) - passed_s * 90_000) < 2
    await classroom.world.until(lambda: any(isinstance(m, rtcp.ReceiverReport) for m in browser.messages))
    blocks = next(m for m in browser.messages if isinstance(m, rtcp.ReceiverReport)).blocks
    assert [block.ssrc for block in blocks] == [stream.ssrc]


async def test_levels_of_those_who_speak_are_measured(world: World) -> None:
    publisher = await world.join("publisher")
    world.forwarder.add_producer(audio_producer("publisher", paused=False))
    stream = Stream(5_000, 111, mid="0", step=960)
    for _ in range(10):
        stream.timestamp += 960
        publisher.publish(
            packet_bytes(
                payload_type=111,
                sequence=stream.sequence,
                timestamp=stream.timestamp & 0xFFFFFFFF,
                ssrc=5_000,
                elements=[(SENT.audio_level, b"\x94")],
                payload=b"sound",
            )
        )
        stream.sequence = stream.sequence + 1 & 0xFFFF
    await world.until(lambda: bool(world.seen(LevelsMeasured)))
    ((name, level),) = world.seen(LevelsMeasured)[0].levels
    assert name == "microphone"
    assert 20 <= level < 25


# --- the tap -------------------------------------------------------------------------------------
async def test_tap_begins_at_a_key_frame_of_the_highest_flowing_layer(classroom: Classroom) -> None:
    world = classroom.world
    world.forwarder.remove_consumer(classroom.consumer)  # Only the tap asks for key frames.
    world.forwarder.set_tap("camera", on=True)
    classroom.send(0, vp8(b"low"))
    classroom.send(1, vp8(b"high delta"))
    await world.until(lambda: classroom.asked(1))
    classroom.send(0, vp8(b"low key", key=True))
    classroom.send(1, vp8(b"high key", key=True))
    classroom.send(1, vp8(b"high delta"))
    await world.until(lambda: sum(len(event.packets) for event in world.seen(Tapped)) == 2)
    tapped = [packet.packet for event in world.seen(Tapped) for packet in event.packets]
    assert tapped[0].endswith(vp8(b"high key", key=True))
    assert {event.switch for event in world.seen(Tapped)} == {0}


async def test_tap_bumps_switch_when_the_layer_changes(classroom: Classroom) -> None:
    world = classroom.world
    world.forwarder.remove_consumer(classroom.consumer)  # Only the tap asks for key frames.
    world.forwarder.set_tap("camera", on=True)
    classroom.send(0, vp8(b"low", key=True))
    await world.until(lambda: classroom.asked(0))
    classroom.send(0, vp8(b"low", key=True))
    await world.until(lambda: bool(world.seen(Tapped)))
    classroom.send(2, vp8(b"high"))
    await world.until(lambda: classroom.asked(2))
    classroom.send(2, vp8(b"high", key=True))
    await world.until(lambda: len(world.seen(Tapped)) == 2)
    assert [event.switch for event in world.seen(Tapped)] == [0, 1]


async def test_muted_producer_is_not_tapped(classroom: Classroom) -> None:
    world = classroom.world
    world.forwarder.set_producer_paused("camera", paused=True)
    world.forwarder.set_tap("camera", on=True)
    classroom.send(0, vp8(b"private", key=True))
    await classroom.publisher.connect()
    world.forwarder.set_tap("camera", on=False)
    assert not world.seen(Tapped)


def _steps(timestamps: list[int]) -> list[int]:
    return [after - before & 0xFFFFFFFF for before, after in pairwise(timestamps)]
