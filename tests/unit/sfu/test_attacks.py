"""What a stranger, and a peer who turned bad, can do to a forwarder: claims for each implementation.

The attacks S1 to S8 of the security tests, as far as they reach the packet path. Fingerprints and
handshakes that must fail are in ``tests/unit/sfu_control/test_dtls.py``, requests about other people's
media in ``tests/unit/sfu_control/test_service.py``. Floods go in portions with an answered check after
each: so all of a portion has been handled, and no socket's queue decides.
"""

import os
import time
from struct import pack

import pytest

from schemas import limits
from sfu import rtcp
from sfu.interface import DtlsDatagram, IceSelected
from tests.unit.sfu.browser import (
    Browser,
    Stream,
    audio_producer,
    consumer,
    packet_bytes,
    signed_request,
    video_producer,
    vp8,
)
from tests.unit.sfu.conftest import Line, World
from tests.unit.sfu.test_forwarder_conformance import RTX_SSRC, SSRC, Classroom

REPAIR_BURST_BYTES = 60_000  # What a viewer may ask for at once: one key frame of a top layer.
PORTION = 50

# A ClientHello that offers nothing but TLS_NULL_WITH_NULL_NULL (CVE-2023-51443 and its like).
CLIENT_HELLO = (
    b"\x16\xfe\xfd" + bytes(8) + b"\x00\x36\x01\x00\x00\x2a\x00\x00" + bytes(6) + b"\x00\x2a\xfe\xfd"
) + bytes(32 + 2 + 2 + 6)


@pytest.fixture
async def classroom(world: World) -> Classroom:
    publisher, viewer = await world.join("publisher"), await world.join("viewer")
    camera = video_producer("publisher")
    world.forwarder.add_producer(camera)
    world.forwarder.add_consumer(consumer(camera, "viewer", ssrc=SSRC))
    room = Classroom(world, publisher, viewer, camera)
    await room.start(0)
    return room


async def harmless(classroom: Classroom) -> None:
    """The class goes on: the next picture is the next that the viewer sees."""
    before = classroom.shown()[-1]
    text = vp8(os.urandom(8))
    classroom.send(0, text)
    await classroom.world.until(lambda: classroom.shown()[-1].payload == text)
    assert classroom.shown()[-1].sequence == before.sequence + 1 & 0xFFFF


async def stranger_of(world: World) -> Line:
    """A socket that never passed a check."""
    return await world.line(Browser("stranger"))


def dropped(world: World) -> int:
    """Datagrams dropped for any reason, on any transport or on none."""
    counters = world.forwarder.counters()
    return sum(counters.drops.values()) + sum(sum(t.drops.values()) for t in counters.transports)


# --- S1: the ClientHello race --------------------------------------------------------------------
async def test_a_hundred_handshakes_begin_in_spite_of_foreign_hellos(world: World) -> None:
    stranger = await stranger_of(world)
    for number in range(100):
        browser = Browser(f"t{number}")
        world.forwarder.add_transport(browser.config)
        stranger.send(*[CLIENT_HELLO] * 10)
        line = await world.line(browser)
        await line.connect()
        stranger.send(*[CLIENT_HELLO] * 10)
        line.send(b"\x16hello of " + browser.transport.encode())
        await line.connect()
    told = [(event.transport, event.data) for event in world.seen(DtlsDatagram)]
    assert told == [(f"t{n}", b"\x16hello of t%d" % n) for n in range(100)]
    assert not stranger.browser.dtls


async def test_a_hello_from_a_foreign_address_does_not_move_the_answers(world: World) -> None:
    line = await world.join("one")
    stranger = await stranger_of(world)
    stranger.send(CLIENT_HELLO)
    await line.connect()
    world.forwarder.send_dtls("one", b"\x16server hello")
    await world.until(lambda: bool(line.browser.dtls))
    assert not stranger.browser.dtls


# --- S2: STUN floods -----------------------------------------------------------------------------
async def test_forged_checks_get_nothing_and_move_nothing(classroom: Classroom) -> None:
    world, viewer = classroom.world, classroom.viewer
    stranger = await world.line(viewer.browser)
    before = dropped(world)
    known, unknown = len(viewer.browser.answers), Browser("nobody")
    for portion in range(1, 21):
        guesses = [viewer.browser.check(password=f"guess {portion}-{n}") for n in range(PORTION // 2)]
        stranger.send(*guesses, *(unknown.check() for _ in range(PORTION // 2)))
        await viewer.connect()
        assert len(viewer.browser.answers) == known + portion, "a forged check was answered"
    await harmless(classroom)
    assert dropped(world) - before == 20 * PORTION
    assert world.seen(IceSelected)[-1].port == viewer.port


async def test_an_answer_is_no_larger_than_a_browsers_check(world: World) -> None:
    """Nobody gains by sending checks under a victim's address."""
    line = await world.join("one")
    assert len(line.browser.answers[-1]) <= len(line.browser.check())


async def test_a_truncated_or_padded_check_is_no_check(classroom: Classroom) -> None:
    viewer = classroom.viewer
    whole = viewer.browser.check()
    known = len(viewer.browser.answers)
    viewer.send(*(whole[:size] for size in range(1, len(whole))))
    viewer.send(whole + bytes(4), signed_request(b"", viewer.browser.password))
    await viewer.connect()
    assert len(viewer.browser.answers) == known + 1
    await harmless(classroom)


# --- S3: injection -------------------------------------------------------------------------------
async def test_media_from_a_foreign_address_is_dropped(classroom: Classroom) -> None:
    """Even a genuine packet, caught on its way: its sender's address is part of him."""
    world = classroom.world
    stranger = await stranger_of(world)
    before = dropped(world)
    (packet,) = classroom.layers[0].frame(vp8(b"caught"))
    sealed = classroom.publisher.browser.seal(packet)
    stranger.send(sealed, packet)
    await classroom.publisher.connect()
    classroom.publisher.send(sealed)
    await world.until(lambda: classroom.shown()[-1].payload == vp8(b"caught"))
    assert [p.payload for p in classroom.shown()].count(vp8(b"caught")) == 1
    assert dropped(world) - before == 2
    await harmless(classroom)


async def test_plain_packets_are_dropped(classroom: Classroom) -> None:
    publisher = classroom.publisher
    before = dropped(classroom.world)
    publisher.send(*classroom.layers[0].frame(vp8(b"plain")))
    publisher.send(rtcp.picture_loss(1, SSRC), rtcp.receiver_report(1, []))
    await publisher.connect()
    assert dropped(classroom.world) - before == 3
    assert vp8(b"plain") not in [packet.payload for packet in classroom.shown()]


# --- S4: replay ----------------------------------------------------------------------------------
async def test_a_whole_capture_played_again_shows_nothing_twice(classroom: Classroom) -> None:
    """The stream passes a wrap of its numbers on the way."""
    world, publisher = classroom.world, classroom.publisher
    texts = [vp8(b"picture %d" % number) for number in range(PORTION)]
    sealed = [publisher.browser.seal(p) for text in texts for p in classroom.layers[0].frame(text)]
    publisher.send(*sealed)
    await world.until(lambda: classroom.shown()[-1].payload == texts[-1])
    before, shown = dropped(world), len(classroom.shown())
    for _ in range(3):
        publisher.send(*sealed)
        await publisher.connect()
    await harmless(classroom)
    assert len(classroom.shown()) == shown + 1
    assert dropped(world) - before == 3 * PORTION


async def test_a_replayed_request_is_not_obeyed_again(classroom: Classroom) -> None:
    viewer = classroom.viewer
    sealed = viewer.browser.seal_rtcp(rtcp.picture_loss(1, SSRC))
    viewer.send(sealed)
    await viewer.connect()
    before = dropped(classroom.world)
    viewer.send(*[sealed] * PORTION)
    await viewer.connect()
    assert dropped(classroom.world) - before == PORTION


# --- S5: no media without an agreed key ----------------------------------------------------------
async def test_no_media_flows_before_the_handshake(world: World) -> None:
    publisher, silent = await world.join("publisher"), Browser("silent")
    world.forwarder.add_transport(silent.config)
    line = await world.line(silent)
    await line.connect()
    microphone = audio_producer("publisher")
    world.forwarder.add_producer(microphone)
    world.forwarder.add_consumer(consumer(microphone, "silent", ssrc=SSRC))
    for packet in Stream(5_000, 111, mid="0", step=960).frame(b"secret", b"words"):
        publisher.publish(packet)
        line.publish(packet)
    await publisher.connect()
    await line.connect()
    assert not silent.packets
    assert sum(world.drops("silent").values()) >= 2


# --- S6: floods of a peer ------------------------------------------------------------------------
async def test_a_peer_that_floods_is_capped_and_harms_nobody(classroom: Classroom) -> None:
    """DTLS records are the dearest datagrams, so they are capped first."""
    world = classroom.world
    flooder = await world.join("flooder")
    sent = 0
    while not world.drops("flooder").get("flood"):
        assert sent < 100 * limits.PACKETS_PER_TRANSPORT_PER_S_MAX, "nothing is ever refused"
        flooder.send(*[b"\x16record"] * PORTION)
        sent += PORTION
        await flooder.connect()
        await harmless(classroom)
    told = sum(event.transport == "flooder" for event in world.seen(DtlsDatagram))
    assert told < sent
    assert not world.drops("publisher").get("flood")


# --- S7: storms of requests ----------------------------------------------------------------------
async def test_a_storm_of_repair_requests_stays_within_its_budget(classroom: Classroom) -> None:
    world, viewer = classroom.world, classroom.viewer
    media = 0
    for number in range(3):
        texts = [vp8(bytes((number, place)) * 500) for place in range(PORTION)]
        classroom.send(0, *texts)
        media += sum(map(len, texts))
        await world.until(lambda text=texts[-1]: classroom.shown()[-1].payload == text)  # type: ignore[misc]
    numbers = [packet.sequence for packet in classroom.shown()]
    for _ in range(20):
        for _ in range(PORTION):
            viewer.send(viewer.browser.seal_rtcp(rtcp.nack(1, SSRC, numbers)))
        await viewer.connect()
        await harmless(classroom)
    repaired = sum(len(packet.payload) for packet in viewer.browser.media(RTX_SSRC))
    # Harmless pictures earn a little too; headers and the last packet round up.
    assert 0 < repaired <= REPAIR_BURST_BYTES + limits.RETRANSMIT_SHARE_MAX * 2 * media
    assert 1_000 * PORTION * 20 * len(numbers) > 100 * repaired, "the storm asked for far more"


async def test_a_storm_for_key_frames_of_all_kinds_costs_few(classroom: Classroom) -> None:
    viewer = classroom.viewer
    full_intra = [pack("!BBHIIIBxxx", 0x84, 206, 4, 1, 0, SSRC, number % 256) for number in range(PORTION)]
    publisher = classroom.world.forwarder.counters(["publisher"])
    before, began = publisher.streams[0].key_frame_requests, time.monotonic()
    for request in full_intra:
        viewer.send(viewer.browser.seal_rtcp(request), viewer.browser.seal_rtcp(rtcp.picture_loss(1, SSRC)))
    await viewer.connect()
    asked = classroom.world.forwarder.counters(["publisher"]).streams[0].key_frame_requests - before
    # However long that took: one per interval, and one at each end.
    assert asked <= 2 + (time.monotonic() - began) / limits.KEY_FRAME_REQUEST_INTERVAL_S


# --- S8: other people's names --------------------------------------------------------------------
async def test_a_peer_cannot_send_under_another_ones_stream(classroom: Classroom) -> None:
    world = classroom.world
    thief = await world.join("thief")
    victim = classroom.layers[0]
    before = dropped(world)
    for rid in ("r0", "r1", "r2"):
        stolen = Stream(victim.ssrc, victim.payload_type, mid=classroom.camera.mid, rid=rid)
        thief.publish(*stolen.frame(vp8(b"forged", key=True)))
    await thief.connect()
    await harmless(classroom)
    assert vp8(b"forged", key=True) not in [packet.payload for packet in classroom.shown()]
    assert dropped(world) - before == 3


async def test_a_peer_cannot_ask_in_the_name_of_another_viewer(classroom: Classroom) -> None:
    thief = await classroom.world.join("thief")
    asked = classroom.world.forwarder.counters(["publisher"]).streams[0].key_frame_requests
    numbers = [packet.sequence for packet in classroom.shown()]
    for request in (rtcp.picture_loss(1, SSRC), rtcp.nack(1, SSRC, numbers)):
        thief.send(thief.browser.seal_rtcp(request))
    await thief.connect()
    await harmless(classroom)
    assert classroom.world.forwarder.counters(["publisher"]).streams[0].key_frame_requests == asked
    assert not classroom.viewer.browser.media(RTX_SSRC)
    assert not thief.browser.packets


async def test_unknown_streams_of_a_peer_reach_nobody(classroom: Classroom) -> None:
    publisher = classroom.publisher
    before = len(classroom.shown())
    for ssrc in range(9_000, 9_000 + PORTION):
        publisher.publish(
            packet_bytes(payload_type=96, sequence=1, timestamp=1, ssrc=ssrc, payload=vp8(b"?", key=True))
        )
    await publisher.connect()
    await harmless(classroom)
    assert len(classroom.shown()) == before + 1
