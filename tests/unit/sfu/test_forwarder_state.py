"""Who exists and who closes whom, in virtual time: desired state, consent, counters, bounds."""

from contextlib import suppress
from struct import pack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pylibsrtp import Error

from sfu import rtcp, transport_cc
from sfu.interface import (
    ConsentLost,
    ConsumerConfig,
    Encoding,
    ForwarderEvent,
    LayerSelected,
    LevelsMeasured,
    ProducerConfig,
    StreamCounters,
    Tapped,
    TransportConfig,
)
from tests.unit.sfu.browser import (
    SENT,
    Browser,
    Stream,
    audio_producer,
    consumer,
    packet_bytes,
    video_producer,
    vp8,
)
from tests.unit.sfu.network import Link, Node

pytestmark = pytest.mark.usefixtures("in_virtual_time")

SSRC = 7_000


class Class:
    """A teacher with one camera layer, seen by some students."""

    def __init__(self, students: int = 1, *, camera: ProducerConfig | None = None) -> None:
        self.node = Node(1)
        self.teacher = Browser("teacher")
        self.up, _ = self.node.join(self.teacher, 1)
        self.students = [Browser(f"student{n}") for n in range(students)]
        self.lines = [self.node.join(student, 10 + n) for n, student in enumerate(self.students)]
        self.camera = camera or video_producer("teacher", layers=1)
        self.forwarder = self.node.forwarder
        self.forwarder.add_producer(self.camera)
        for student in self.students:
            self.forwarder.add_consumer(self.consumer_of(student))
        self.stream = Stream(100, 96, mid="1", rid="r0")
        self.pass_time(0.1)

    def consumer_of(self, student: Browser) -> ConsumerConfig:
        return consumer(self.camera, student.transport, ssrc=SSRC)

    def pass_time(self, seconds: float) -> None:
        self.node.clock.run(seconds)

    def show(self, *payloads: bytes) -> None:
        for packet in self.stream.frame(*payloads):
            self.up.send(self.teacher.seal(packet))
        self.pass_time(0.1)

    def seen(self, student: int = 0) -> list[bytes]:
        return [packet.payload for packet in self.students[student].media(SSRC)]

    def events(self, kind: type[ForwarderEvent]) -> list[ForwarderEvent]:
        return [event for event in self.node.events if isinstance(event, kind)]

    def drops(self, transport: str) -> dict[str, int]:
        return self.forwarder.counters([transport]).transports[0].drops


KEY = vp8(b"key", key=True)


def test_everybody_sees_the_same_picture() -> None:
    lesson = Class(students=5)
    lesson.show(KEY, vp8(b"rest", start=False))
    assert all(lesson.seen(student) == [KEY, vp8(b"rest", start=False)] for student in range(5))


def test_closed_producer_closes_its_consumers_and_leaves_nothing() -> None:
    lesson = Class(students=2)
    lesson.forwarder.set_tap("camera", on=True)
    lesson.show(KEY)
    lesson.forwarder.remove_producer("camera")
    lesson.show(vp8(b"late"))
    assert lesson.seen() == [KEY]
    assert not lesson.forwarder.counters().streams
    lesson.forwarder.remove_producer("camera")
    lesson.forwarder.remove_consumer("camera-to-student0")


def test_closed_transport_closes_what_is_on_it() -> None:
    lesson = Class(students=2)
    lesson.show(KEY)
    lesson.forwarder.remove_transport("student0")
    lesson.show(vp8(b"one watches"))
    assert (len(lesson.seen(0)), len(lesson.seen(1))) == (1, 2)
    lesson.forwarder.remove_transport("teacher")
    assert [t.id for t in lesson.forwarder.counters().transports] == ["student1"]
    assert not lesson.forwarder.counters().streams
    lesson.forwarder.remove_transport("teacher")


def test_closed_ids_may_be_used_again() -> None:
    lesson = Class()
    lesson.show(KEY)
    lesson.forwarder.remove_transport("teacher")
    lesson.forwarder.add_transport(TransportConfig("teacher", lesson.teacher.fragment, "new password"))
    lesson.forwarder.add_producer(lesson.camera)
    lesson.forwarder.add_consumer(lesson.consumer_of(lesson.students[0]))


def test_silent_peer_loses_consent_and_gets_nothing_more() -> None:
    lesson = Class()
    lesson.show(KEY)
    lesson.lines[0][0].loss = 1.0
    lesson.pass_time(16)
    assert lesson.events(ConsentLost) == [ConsentLost("student0")]
    lesson.show(vp8(b"to nobody"))
    assert lesson.seen() == [KEY]
    assert lesson.drops("student0")["not_connected"] == 1


def test_layer_of_a_consumer_is_told() -> None:
    lesson = Class()
    lesson.show(KEY)
    lesson.forwarder.set_producer_paused("camera", paused=True)
    name = "camera-to-student0"
    assert lesson.events(LayerSelected) == [LayerSelected(name, 0), LayerSelected(name, None)]


def test_hidden_video_is_not_sent() -> None:
    lesson = Class()
    lesson.show(KEY)
    lesson.forwarder.set_layer_wish("camera-to-student0", None, 1)
    lesson.pass_time(0.1)
    lesson.show(vp8(b"hidden"))
    assert lesson.seen() == [KEY]


def test_encodings_named_by_ssrc_need_no_mid() -> None:
    camera = ProducerConfig(
        id="screen",
        transport="teacher",
        kind=video_producer("teacher").kind,
        mime_type="video/VP8",
        clock_rate_hz=90_000,
        payload_type=96,
        rtx_payload_type=97,
        mid="2",
        extensions=SENT,
        encodings=(Encoding(ssrc=100, rtx_ssrc=200),),
        nack=True,
        paused=False,
    )
    lesson = Class(camera=camera)

    def send(payload: bytes, sequence: int, *, rtx: bool = False) -> None:
        packet = packet_bytes(
            payload_type=97 if rtx else 96,
            sequence=sequence,
            timestamp=sequence,
            ssrc=200 if rtx else 100,
            payload=payload,
        )
        lesson.up.send(lesson.teacher.seal(packet))
        lesson.pass_time(0.06)

    send(KEY, 1)
    send(vp8(b"third"), 3)
    assert rtcp.Nack(100, (2,)) in lesson.teacher.messages
    send((2).to_bytes(2, "big") + vp8(b"second"), 1, rtx=True)
    assert sorted(lesson.seen()) == sorted([KEY, vp8(b"third"), vp8(b"second")])


def test_layer_that_begins_anew_under_another_ssrc_goes_on_for_viewers() -> None:
    lesson = Class()
    lesson.forwarder.set_tap("camera", on=True)
    lesson.show(KEY)
    lesson.pass_time(0.3)
    lesson.show(vp8(b"key 2", key=True))
    lesson.stream = Stream(101, 96, mid="1", rid="r0")
    lesson.stream.sequence = 5
    lesson.show(vp8(b"delta of the new"))
    lesson.pass_time(1.0)
    lesson.show(vp8(b"key 3", key=True))
    packets = lesson.students[0].media(SSRC)
    assert [packet.payload for packet in packets] == [KEY, vp8(b"key 2", key=True), vp8(b"key 3", key=True)]
    assert packets[2].sequence == packets[1].sequence + 1
    tapped = [event for event in lesson.events(Tapped) if isinstance(event, Tapped)]
    assert [event.switch for event in tapped] == [0, 1]


def test_muted_microphone_is_not_measured() -> None:
    lesson = Class()
    lesson.forwarder.add_producer(audio_producer("teacher", paused=True))
    sound = packet_bytes(
        payload_type=111,
        sequence=1,
        timestamp=1,
        ssrc=5_000,
        elements=[(SENT.audio_level, b"\x10")],
        payload=b"x",
    )
    lesson.up.send(lesson.teacher.seal(sound))
    lesson.pass_time(0.5)
    assert not lesson.events(LevelsMeasured)


def test_tap_has_sender_reports_and_wall_time() -> None:
    lesson = Class()
    lesson.forwarder.set_tap("camera", on=True)
    lesson.show(KEY)
    lesson.pass_time(0.2)
    lesson.show(vp8(b"key", key=True))
    report = rtcp.sender_report(rtcp.SenderReport(100, 77, 88, 1, 1))
    lesson.up.send(lesson.teacher.seal_rtcp(report))
    lesson.pass_time(0.2)
    tapped = [event for event in lesson.events(Tapped) if isinstance(event, Tapped)]
    packets = [packet for event in tapped for packet in event.packets]
    (kept,) = [report for event in tapped for report in event.reports]
    assert (kept.ntp, kept.rtp_timestamp) == (77, 88)
    assert all(1.7e15 < packet.arrived_us < 1.8e15 for packet in packets)
    assert packets[0].arrived_us <= kept.arrived_us


def test_ended_tap_hands_over_what_it_has() -> None:
    lesson = Class()
    lesson.forwarder.set_tap("camera", on=True)
    lesson.show(KEY)
    lesson.pass_time(0.2)
    lesson.up.send(lesson.teacher.seal(lesson.stream.packet(vp8(b"key", key=True))))
    lesson.pass_time(0.03)
    lesson.forwarder.set_tap("camera", on=False)
    assert len(lesson.events(Tapped)) == 1
    lesson.show(KEY)
    assert len(lesson.events(Tapped)) == 1


def test_same_keys_again_do_not_open_a_replay() -> None:
    lesson = Class()
    (packet,) = lesson.stream.frame(KEY)
    sealed = lesson.teacher.seal(packet)
    lesson.up.send(sealed)
    lesson.forwarder.set_keys("teacher", lesson.teacher.keys)
    lesson.up.send(sealed)
    lesson.pass_time(0.1)
    assert lesson.seen() == [KEY]
    assert lesson.drops("teacher")["srtp_replay"] == 1


def test_media_without_keys_is_counted() -> None:
    lesson = Class()
    stranger = Browser("keyless")
    lesson.forwarder.add_transport(stranger.config)
    address = ("192.0.2.9", 9)
    lesson.node.ways[address] = lesson.lines[0][1]
    lesson.forwarder.receive(stranger.check(), address, lesson.node.clock.now)
    lesson.forwarder.receive(stranger.seal(lesson.stream.packet(KEY)), address, lesson.node.clock.now)
    assert lesson.drops("keyless") == {"no_keys": 1}


def test_strangers_ssrcs_are_bounded() -> None:
    lesson = Class()
    for ssrc in range(1_000, 1_400):
        packet = packet_bytes(payload_type=96, sequence=1, timestamp=1, ssrc=ssrc, payload=b"x")
        lesson.up.send(lesson.teacher.seal(packet))
    lesson.pass_time(0.2)
    assert lesson.drops("teacher")["too_many_ssrcs"] == 400 - 256


def test_switching_the_camera_on_and_off_all_day_does_not_use_up_ssrcs() -> None:
    lesson = Class()
    for turn in range(300):
        camera = video_producer("teacher", layers=1, producer=f"camera{turn}", mid=f"m{turn}")
        lesson.forwarder.remove_producer(lesson.camera.id)
        lesson.camera = camera
        lesson.forwarder.add_producer(camera)
        lesson.forwarder.add_consumer(consumer(camera, "student0", ssrc=SSRC + 2 * turn))
        lesson.pass_time(0.05)
        lesson.stream = Stream(10_000 + turn, 96, mid=f"m{turn}", rid="r0")
        lesson.show(KEY)
        assert lesson.students[0].media(SSRC + 2 * turn), f"turn {turn}"
    assert "too_many_ssrcs" not in lesson.drops("teacher")


def test_oversized_packet_is_dropped_and_counted() -> None:
    lesson = Class()
    lesson.show(KEY)
    head = len(lesson.stream.packet(b""))
    lesson.stream.sequence -= 1
    lesson.show(bytes(1_356 - head))
    assert lesson.seen() == [KEY]
    assert lesson.drops("student0")["too_large"] == 1


@pytest.mark.parametrize("pauses", [False, True])
def test_every_packet_is_accounted_for(pauses: bool) -> None:
    lesson = Class(students=3, camera=video_producer("teacher", layers=3))
    layers = [Stream(100 + n, 96, mid="1", rid=f"r{n}") for n in range(3)]
    for number in range(200):
        lesson.stream = layers[number % 3]
        lesson.show(vp8(b"%d" % number, key=number % 7 == 0))
        if pauses and number % 20 == 0:
            lesson.forwarder.set_consumer_paused("camera-to-student0", paused=number % 40 == 0)
            lesson.forwarder.set_producer_paused("camera", paused=number % 60 == 0)
            lesson.forwarder.set_layer_wish("camera-to-student1", number % 3, 1)
    counters = lesson.forwarder.counters()
    offered = sum(stream.packets for stream in counters.streams if stream.role == "producer")
    assert offered == 200
    for transport in counters.transports:
        if transport.id == "teacher":
            continue
        (sent,) = [s.packets for s in _consumers(counters.streams) if transport.id in s.id]
        assert sent == len(lesson.students[int(transport.id[-1])].media(SSRC))
        assert offered == sent + sum(transport.drops.values()), transport


def _consumers(streams: tuple[StreamCounters, ...]) -> list[StreamCounters]:
    return [stream for stream in streams if stream.role == "consumer"]


def test_slow_student_does_not_degrade_another() -> None:
    """Reports of one viewer lower his layer; his classmate keeps hers."""
    lesson = Class(students=2, camera=video_producer("teacher", layers=3))
    layers = [Stream(100 + n, 96, mid="1", rid=f"r{n}") for n in range(3)]
    sizes = (300, 700, 1_100)

    def frame() -> None:
        for stream, size in zip(layers, sizes, strict=True):
            for packet in stream.frame(vp8(bytes(size), key=True)):
                lesson.up.send(lesson.teacher.seal(packet))

    lesson.node.clock.every(1 / 40, frame)
    lesson.pass_time(2)
    slow: Link = lesson.lines[0][0]
    slow.send(lesson.students[0].seal_rtcp(_remb(150_000)))
    lesson.pass_time(3)
    chosen = {s.id: s.layer for s in _consumers(lesson.forwarder.counters().streams)}
    assert chosen == {"camera-to-student0": 0, "camera-to-student1": 2}


def _remb(bps: int) -> bytes:
    body = bytes(8) + b"REMB" + bytes((1,)) + (bps & 0x3FFFF).to_bytes(3, "big") + bytes(4)
    return b"\x8f\xce" + (len(body) // 4).to_bytes(2, "big") + body


# --- what a peer with keys can do ----------------------------------------------------------------
RTP_NOISE = st.tuples(
    st.sampled_from([0x80, 0x90, 0xA0, 0xB0, 0x8F, 0x91]),
    st.sampled_from([96, 97, 224, 225, 111, 13]),
    st.integers(0, 65_535),
    st.integers(0, 0xFFFFFFFF),
    st.sampled_from([100, 101, 999, 5_000, 7]),
    st.binary(max_size=60),
).map(lambda fields: pack("!BBHII", *fields[:5]) + fields[5])
RTCP_NOISE = st.tuples(
    st.integers(0x80, 0xBF),
    st.integers(200, 207),
    st.integers(0, 14),
    st.sampled_from([100, SSRC, 1]),
    st.binary(max_size=60).map(lambda body: body[: len(body) // 4 * 4]),
).map(lambda fields: pack("!BBHI", *fields[:4]) + fields[4])


@settings(max_examples=40)
@given(st.lists(RTP_NOISE | RTCP_NOISE, max_size=40))
def test_noise_under_the_right_keys_raises_nothing(noise: list[bytes]) -> None:
    lesson = Class()
    lesson.show(KEY)
    student = lesson.students[0]
    for packet in noise:
        if 200 <= packet[1] <= 207:
            lesson.up.send(lesson.teacher.seal_rtcp(packet))
            lesson.lines[0][0].send(student.seal_rtcp(packet))
        else:
            with suppress(Error):  # libsrtp refuses to seal some of it.
                lesson.up.send(lesson.teacher.seal(packet))
    lesson.pass_time(1.5)
    counters = lesson.forwarder.counters()
    offered = sum(stream.packets for stream in counters.streams if stream.role == "producer")
    (sent,) = [stream.packets for stream in _consumers(counters.streams)]
    unsent = ("not_selected", "before_start", "too_large", "not_connected", "socket_full")
    assert offered == sent + sum(lesson.drops("student0").get(reason, 0) for reason in unsent)


def test_flood_of_feedback_is_cut() -> None:
    lesson = Class()
    lesson.show(KEY)
    lost = rtcp.transport_feedback(1, SSRC, pack("!HHI", 0, 60_000, 0x100) + pack("!H", 0x1FFF) * 8)
    for _ in range(2_000):
        lesson.lines[0][0].send(lesson.students[0].seal_rtcp(lost))
    lesson.pass_time(0.1)
    assert lesson.drops("student0")["flood"] > 1_000
    assert lesson.drops("student0")["transport_cc_malformed"] > 100


def test_round_trip_is_measured_from_reports() -> None:
    lesson = Class()
    lesson.show(KEY)
    sent = rtcp.SenderReport(100, 0x1234_0000_0000, lesson.stream.timestamp, 2, 50)
    lesson.up.send(lesson.teacher.seal_rtcp(rtcp.sender_report(sent)))
    lesson.pass_time(1.1)
    student = lesson.students[0]
    report = next(message for message in student.messages if isinstance(message, rtcp.SenderReport))
    block = rtcp.ReportBlock(SSRC, 64, 10, 1, 900, report.ntp >> 16 & 0xFFFFFFFF, 0)
    began = lesson.node.clock.now
    lesson.lines[0][0].send(student.seal_rtcp(rtcp.receiver_report(1, [block])))
    lesson.pass_time(0.1)
    (transport,) = lesson.forwarder.counters(["student0"]).transports
    assert transport.rtt_ms is not None
    assert 40 <= transport.rtt_ms <= (began - 1_000) * 1_000
    (viewer,) = _consumers(lesson.forwarder.counters().streams)
    assert (viewer.loss, viewer.jitter_ms) == (0.25, 10.0)


def test_key_frame_that_comes_after_the_mute_is_not_tapped() -> None:
    lesson = Class()
    lesson.forwarder.set_tap("camera", on=True)
    lesson.show(vp8(b"delta"))
    lesson.pass_time(0.3)  # The tap waits for a key frame now.
    lesson.forwarder.set_producer_paused("camera", paused=True)
    lesson.show(KEY)
    lesson.pass_time(0.3)
    assert not lesson.events(Tapped)


def test_very_late_packet_is_still_forwarded() -> None:
    """libsrtp's default window of 128 packets would refuse to send it."""
    lesson = Class()
    lesson.show(KEY)
    (late,) = lesson.stream.frame(vp8(b"late"))
    for number in range(500):
        (packet,) = lesson.stream.frame(vp8(b"%d" % number))
        lesson.up.send(lesson.teacher.seal(packet))
    lesson.pass_time(0.1)
    lesson.up.send(lesson.teacher.seal(late))
    lesson.pass_time(0.1)
    assert lesson.students[0].media(SSRC)[-1].payload == vp8(b"late")


def test_sound_and_picture_stay_together_over_a_layer_switch() -> None:
    """Layers have media clocks of their own; reports tie both to one wall clock, and so they must after."""
    lesson = Class(camera=video_producer("teacher", layers=2))
    layers = [Stream(100 + n, 96, mid="1", rid=f"r{n}") for n in range(2)]
    layers[1].timestamp = 1_000_000
    wall_ntp = 0xE000_0000 << 32
    began = lesson.node.clock.now

    def frame(key: bool) -> None:
        for stream in layers:
            lesson.stream = stream
            stream.timestamp = stream.timestamp + 27_000 - stream.step & 0xFFFFFFFF
            for packet in stream.frame(vp8(bytes(100), key=key)):
                lesson.up.send(lesson.teacher.seal(packet))
        lesson.pass_time(0.3)

    def report() -> None:
        for stream in layers:
            ntp = wall_ntp + int((lesson.node.clock.now - began) * (1 << 32))
            sent = rtcp.SenderReport(stream.ssrc, ntp, stream.timestamp, 1, 1)
            lesson.up.send(lesson.teacher.seal_rtcp(rtcp.sender_report(sent)))

    def capture_second(place: int) -> float:
        """When the packet was captured on the teacher's wall clock, as the student computes it."""
        student = lesson.students[0]
        last = [message for message in student.messages if isinstance(message, rtcp.SenderReport)][-1]
        packet = student.media(SSRC)[place]
        ticks = (packet.timestamp - last.rtp_timestamp + (1 << 31) & 0xFFFFFFFF) - (1 << 31)
        return (last.ntp - wall_ntp) / (1 << 32) + ticks / 90_000

    lesson.forwarder.set_layer_wish("camera-to-student0", 0, 1)
    frame(key=True)
    frame(key=True)
    report()
    lesson.pass_time(1.2)
    before = capture_second(-1)
    lesson.forwarder.set_layer_wish("camera-to-student0", 1, 1)
    shown = len(lesson.seen())
    for _ in range(4):
        frame(key=True)
        report()
    lesson.pass_time(1.2)
    assert lesson.events(LayerSelected)[-1] == LayerSelected("camera-to-student0", 1)
    assert len(lesson.seen()) > shown
    steps = [capture_second(place) for place in range(shown, len(lesson.seen()))]
    assert steps == sorted(steps)
    assert before < steps[0]
    assert abs(steps[-1] - (lesson.node.clock.now - 1.2 - began)) < 0.05


def test_time_in_the_socket_is_not_taken_for_time_on_the_line() -> None:
    lesson = Class()
    node = lesson.node
    packets = [lesson.teacher.seal(packet) for packet in lesson.stream.frame(KEY, vp8(start=False))]
    for packet, waited_s in zip(packets, (0.040, 0.010), strict=True):
        node.forwarder.receive(packet, ("192.0.2.1", 1), node.clock.now, waited_s)
    lesson.pass_time(0.1)
    feedback = next(m for m in lesson.teacher.messages if isinstance(m, rtcp.TransportFeedback))
    first, second = transport_cc.read(feedback.body).arrivals
    assert first is not None
    assert second is not None
    assert abs(second - first - 30_000) <= 250
