"""Requests of browsers: whose things they reach, what waits for the log, and what is refused."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest

from schemas import subjects
from schemas.artifacts import RtpBatch, TapPacket
from schemas.commands.lifecycle import EndSession
from schemas.commands.media import PlaceRoom
from schemas.commands.recording import StartRecording, StopRecording
from schemas.commands.roster import ChangeRole, LeaveSession
from schemas.commands.tracks import CloseTrack, MuteTrack, UnmuteTrack
from schemas.envelope import Actor
from schemas.ids import NodeId, RoomId, RoomKey, TenantId, TrackId
from schemas.media import Role
from schemas.registry import NodeRegistration
from schemas.signalling import MediaRequest
from sfu.interface import ConsentLost, EventSink, LevelsMeasured, Tapped
from tests.unit.sfu_control import browser
from tests.unit.sfu_control.campus import KEY, SAM, SERVICE, TESS, Campus, campus
from tests.unit.sfu_control.studio import RecordingForwarder

VIEWED = msgspec.to_builtins(browser.receiving())


class Held:
    """The packet path of the test, and where its events go."""

    def __init__(self) -> None:
        self.forwarder = RecordingForwarder()
        self.emit: EventSink

    async def open(self, sink: EventSink) -> RecordingForwarder:
        self.emit = sink
        return self.forwarder


@pytest.fixture
def held() -> Held:
    return Held()


@pytest.fixture
async def school(held: Held) -> AsyncIterator[Campus]:
    async with campus(TESS, SAM, opener=held.open) as found:
        yield found


async def ask(school: Campus, actor: Actor, method: str, **data: Any) -> Any:
    """The answer's data; a failure's code as text."""
    answer = json.loads(await school.ask(actor, method, json.dumps(data)))
    return answer["data"] if answer["result"] == "ok" else answer["code"]


async def opened(school: Campus, actor: Actor) -> tuple[str, str]:
    answer = await ask(school, actor, "open")
    return answer["send"]["id"], answer["recv"]["id"]


async def published(school: Campus, actor: Actor, transport: str, **more: Any) -> Any:
    wish = {"kind": "video", "source": "camera", "rtpParameters": browser.camera(), **more}
    answer = await ask(school, actor, "produce", transport=transport, **wish)
    return answer["track"] if isinstance(answer, dict) else answer


async def consumed(school: Campus, actor: Actor, transport: str, *tracks: str) -> list[Any]:
    answer = await ask(school, actor, "consume", transport=transport, tracks=tracks, rtpCapabilities=VIEWED)
    consumers: list[Any] = answer["consumers"]
    return consumers


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110  # Conditions of many makers, none of which signals.
            await asyncio.sleep(0.005)


async def test_open_gives_capabilities_and_two_transports(school: Campus, held: Held) -> None:
    answer = await ask(school, TESS, "open")
    assert {c["mimeType"] for c in answer["routerRtpCapabilities"]["codecs"]} >= {"audio/opus", "video/VP8"}
    assert set(held.forwarder.transports) == {answer["send"]["id"], answer["recv"]["id"]}
    for transport in (answer["send"], answer["recv"]):
        assert transport["iceParameters"]["iceLite"] is True
        assert transport["dtlsParameters"]["role"] == "auto"
        assert transport["dtlsParameters"]["fingerprints"][-1]["algorithm"] == "sha-256"
        candidate = transport["iceCandidates"][0]
        assert (candidate["address"], candidate["port"]) == ("127.0.0.1", held.forwarder.port)


async def test_produce_answers_when_the_track_is_on_the_log_and_flows(school: Campus, held: Held) -> None:
    send, _ = await opened(school, TESS)
    track = await published(school, TESS, send)
    assert held.forwarder.flowing == {track}
    await until(lambda: track in school.follower.state.tracks)
    found = school.follower.state.tracks[TrackId(track)]
    assert (found.participant, found.layers, found.mime_type) == (TESS.participant, 3, "video/VP8")


async def test_a_viewer_may_not_publish(school: Campus, held: Held) -> None:
    send, _ = await opened(school, SAM)
    assert SAM.participant is not None
    await school.says(TESS, ChangeRole(SAM.participant, Role.VIEWER))
    assert await published(school, SAM, send) == "forbidden"
    assert held.forwarder.producers == {}


async def test_a_newer_camera_takes_the_place_of_the_older_one(school: Campus, held: Held) -> None:
    """A page whose first request was answered too late asks again; the log takes one camera per person."""
    send, _ = await opened(school, SAM)
    first = await published(school, SAM, send)
    second = await published(school, SAM, send, rtpParameters=browser.camera(mid="2"))
    assert set(held.forwarder.producers) == {second} != {first}
    await until(lambda: list(school.follower.state.tracks) == [second])


async def test_a_camera_that_cannot_be_used_leaves_the_older_one_alone(school: Campus, held: Held) -> None:
    send, _ = await opened(school, SAM)
    first = await published(school, SAM, send)
    assert await published(school, SAM, send) == "malformed", "the mid is in use"
    assert held.forwarder.flowing == {first}


async def test_two_requests_at_once_leave_one_camera(school: Campus, held: Held) -> None:
    send, _ = await opened(school, SAM)
    answers = await asyncio.gather(
        *(published(school, SAM, send, rtpParameters=browser.camera(mid=str(n))) for n in range(2))
    )
    await until(lambda: len(school.follower.state.tracks) == 1)
    assert set(held.forwarder.producers) == set(school.follower.state.tracks) <= set(answers)


async def test_a_log_that_does_not_answer_leaves_no_producer(
    school: Campus, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sfu.following.PUBLISH_DEADLINE_S", 0.05)
    send, _ = await opened(school, SAM)
    school.decider.cancel()
    assert await published(school, SAM, send) == "timeout"
    assert held.forwarder.producers == {}
    async with asyncio.timeout(5):
        await school.node.drain()  # And nothing that still waits for the log holds up the end.


async def test_mute_and_unmute_stop_and_start_the_producer(school: Campus, held: Held) -> None:
    send, _ = await opened(school, SAM)
    track = TrackId(await published(school, SAM, send))
    await school.says(TESS, MuteTrack(track))
    await until(lambda: not held.forwarder.flowing)
    await school.says(SAM, UnmuteTrack(track))
    await until(lambda: held.forwarder.flowing == {track})


async def test_a_track_of_the_log_is_consumed_and_resumed(school: Campus, held: Held) -> None:
    send, _ = await opened(school, TESS)
    track = await published(school, TESS, send)
    _, recv = await opened(school, SAM)
    [options] = await consumed(school, SAM, recv, track, "t0")
    assert options["producerId"] == track
    assert held.forwarder.consumers[options["id"]].paused
    assert await ask(school, SAM, "resume_consumers", consumers=[options["id"], "c0"]) == {}
    tile = {"consumer": options["id"], "widthPx": 160, "heightPx": 90}
    assert await ask(school, SAM, "set_tile_sizes", tiles=[tile]) == {}
    assert held.forwarder.wishes[options["id"]][0] == 0
    stats = await ask(school, SAM, "get_stats")
    assert {t["id"] for t in stats["transports"]} == set(await opened_ids(school, SAM))
    assert await ask(school, SAM, "close_consumers", consumers=[options["id"]]) == {}
    assert held.forwarder.consumers == {}


async def opened_ids(school: Campus, actor: Actor) -> list[str]:
    [router] = school.node.routers
    return [t.id for t in router.transports.values() if t.participant == actor.participant]


async def test_nobody_consumes_what_the_log_does_not_have(school: Campus, held: Held) -> None:
    send, _ = await opened(school, TESS)
    track = await published(school, TESS, send)
    _, recv = await opened(school, SAM)
    await school.says(TESS, CloseTrack(TrackId(track)))
    assert await consumed(school, SAM, recv, track) == []


async def test_nobody_hears_oneself(school: Campus) -> None:
    send, recv = await opened(school, TESS)
    track = await published(school, TESS, send)
    assert await consumed(school, TESS, recv, track) == []


async def test_transports_and_consumers_of_others_are_out_of_reach(school: Campus, held: Held) -> None:
    send, _ = await opened(school, TESS)
    track = await published(school, TESS, send)
    sam_send, sam_recv = await opened(school, SAM)
    [options] = await consumed(school, SAM, sam_recv, track)
    before = dict(held.forwarder.credentials)
    for method in ("restart_ice", "close_transport"):
        assert await ask(school, TESS, method, transport=sam_send) == "no_such_transport"
    assert await published(school, SAM, send) == "no_such_transport"
    assert await ask(school, TESS, "close_consumers", consumers=[options["id"]]) == {}
    assert options["id"] in held.forwarder.consumers
    assert held.forwarder.credentials == before


async def test_who_has_not_joined_gets_nothing(school: Campus) -> None:
    await school.says(SAM, LeaveSession())
    assert await ask(school, SAM, "open") == "forbidden"


async def test_a_request_of_an_old_epoch_is_refused(school: Campus) -> None:
    state = school.follower.state
    assert TESS.participant is not None
    assert TESS.connection is not None
    for epoch in (state.placement.epoch - 1, state.placement.epoch + 1):
        request = MediaRequest(KEY, TESS.participant, TESS.connection, epoch, state.seq, msgspec.Raw(b"{}"))
        body = msgspec.json.encode(request)
        answer = await school.bus.core.request(subjects.sfu_request(school.node.id, "open"), body, 5.0)
        assert json.loads(answer)["code"] == "stale_epoch"


async def test_a_room_that_is_elsewhere_is_not_here(school: Campus, held: Held) -> None:
    await opened(school, TESS)
    await school.says(SERVICE, PlaceRoom(NodeId("other")))
    assert await ask(school, TESS, "open") == "not_here"
    assert held.forwarder.is_empty


async def test_a_room_that_does_not_exist_is_not_here(school: Campus) -> None:
    assert TESS.participant is not None
    assert TESS.connection is not None
    nowhere = RoomKey(TenantId("demo"), RoomId("nowhere"))
    request = MediaRequest(nowhere, TESS.participant, TESS.connection, 1, 0, msgspec.Raw(b"{}"))
    subject = subjects.sfu_request(school.node.id, "open")
    answer = await school.bus.core.request(subject, msgspec.json.encode(request), 5.0)
    assert json.loads(answer)["code"] == "not_here"


async def test_a_request_ahead_of_the_log_waits_and_then_fails(
    school: Campus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sfu.following.FOLLOW_WAIT_S", 0.05)
    assert TESS.participant is not None
    assert TESS.connection is not None
    request = MediaRequest(KEY, TESS.participant, TESS.connection, 1, 10_000, msgspec.Raw(b"{}"))
    subject = subjects.sfu_request(school.node.id, "open")
    answer = await school.bus.core.request(subject, msgspec.json.encode(request), 5.0)
    assert json.loads(answer)["code"] == "timeout"


@pytest.mark.parametrize(
    ("method", "data"),
    [
        ("fly", {}),
        ("open", {"extra": 1}),
        ("restart_ice", {}),
        ("consume", {"transport": "x", "tracks": ["a b"], "rtpCapabilities": {}}),
        ("set_tile_sizes", {"tiles": [{"consumer": "c", "widthPx": -1, "heightPx": 0}]}),
    ],
)
async def test_what_is_not_understood_is_malformed(school: Campus, method: str, data: Any) -> None:
    assert await ask(school, TESS, method, **data) == "malformed"


async def test_parameters_that_cannot_be_used_are_named_as_such(school: Campus, held: Held) -> None:
    send, recv = await opened(school, TESS)
    vp9 = browser.camera({"mimeType": "video/VP9", "parameters": {}})
    assert await published(school, TESS, send, rtpParameters=vp9) == "unsupported"
    assert await published(school, TESS, recv) == "malformed"
    assert await published(school, TESS, send, source="microphone") == "malformed"
    server = {"role": "server", "fingerprints": [{"algorithm": "sha-256", "value": "AA"}]}
    answer = await ask(school, TESS, "connect_transport", transport=send, dtlsParameters=server)
    assert answer == "unsupported"
    assert held.forwarder.producers == {}


async def test_lost_consent_closes_the_track_on_the_log_and_tells_the_browser(
    school: Campus, held: Held
) -> None:
    send, _ = await opened(school, SAM)
    track = await published(school, SAM, send)
    held.emit(ConsentLost(send))
    await until(lambda: track not in school.follower.state.tracks)
    await until(lambda: school.heard("transport_closed"))
    assert school.heard("transport_closed") == [{"transport": send}]
    assert track not in held.forwarder.producers


async def test_a_page_that_comes_back_publishes_again_at_once(school: Campus, held: Held) -> None:
    """The log counts one camera per person: the old one must be off it before the new one is asked for."""
    send, _ = await opened(school, SAM)
    old = await published(school, SAM, send)
    again = msgspec.structs.replace(SAM, connection="another-page")
    send, _ = await opened(school, again)
    new = await published(school, again, send)
    assert set(held.forwarder.producers) == {new} != {old}


async def test_a_closed_transport_takes_its_track_off_the_log(school: Campus) -> None:
    send, _ = await opened(school, SAM)
    track = await published(school, SAM, send)
    assert await ask(school, SAM, "close_transport", transport=send) == {}
    await until(lambda: track not in school.follower.state.tracks)


async def test_levels_reach_the_room(school: Campus, held: Held) -> None:
    send, _ = await opened(school, SAM)
    wish = {"kind": "audio", "source": "microphone", "rtpParameters": browser.microphone()}
    track = await published(school, SAM, send, **wish)
    held.emit(LevelsMeasured(((track, 20), ("unknown", 1))))
    await until(lambda: school.heard("levels"))
    level = {"participant": SAM.participant, "level": 20}
    assert school.heard("levels") == [{"levels": [level], "activeSpeaker": SAM.participant}]


async def test_a_recording_lies_on_the_bus_without_a_hole_and_ends(school: Campus, held: Held) -> None:
    send, _ = await opened(school, TESS)
    track = TrackId(await published(school, TESS, send))
    await school.says(TESS, StartRecording())
    await until(lambda: held.forwarder.tapped == {track})
    for switch in (0, 0, 1):
        packets = tuple(TapPacket(i, bytes(1_000)) for i in range(30))
        held.emit(Tapped(track, switch, packets, ()))
    await school.says(TESS, StopRecording())
    batches = await _batches(school, track)
    assert [b.index for b in batches] == list(range(len(batches)))
    assert [b.end for b in batches] == [False] * (len(batches) - 1) + [True]
    assert sum(len(b.packets) for b in batches) == 90
    assert sum(len(b.packets) for b in batches if b.switch == 1) == 30
    assert all(sum(len(p.packet) for p in b.packets) <= 20_000 for b in batches)


async def _batches(school: Campus, track: TrackId) -> list[RtpBatch]:
    batches: list[RtpBatch] = []
    async with asyncio.timeout(60), school.bus.records.follow(KEY, track) as stored:
        async for data in stored:
            batches.append(msgspec.msgpack.decode(data, type=RtpBatch))
            if batches[-1].end:
                break
    return batches


async def test_a_class_that_ends_while_recorded_keeps_its_last_packets(school: Campus, held: Held) -> None:
    send, _ = await opened(school, TESS)
    track = TrackId(await published(school, TESS, send))
    await school.says(TESS, StartRecording())
    await until(lambda: held.forwarder.tapped == {track})
    held.emit(Tapped(track, 0, (TapPacket(1, b"last"),), ()))
    await school.says(TESS, EndSession())
    batches = await _batches(school, track)
    assert batches[-1].packets == (TapPacket(1, b"last"),)
    await until(lambda: held.forwarder.is_empty)


async def test_a_node_registers_itself_and_leaves(held: Held) -> None:
    async with campus(opener=held.open) as school:
        bucket = school.bus.bucket(subjects.SFU_NODE)
        entry = await bucket.get(school.node.id)
        while entry is None:
            entry = await bucket.get(school.node.id)
        found = msgspec.json.decode(entry.value, type=NodeRegistration)
        assert (found.node, found.draining, found.addresses) == (school.node.id, False, ("127.0.0.1",))
        await school.node.drain()
        assert await bucket.get(school.node.id) is None
        assert school.node.follow(KEY) is None


async def test_a_node_that_stopped_answers_nobody(held: Held) -> None:
    async with campus(TESS, opener=held.open) as school:
        await opened(school, TESS)
        node = school.node
    assert held.forwarder.is_empty
    assert node.routers == ()
