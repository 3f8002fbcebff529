"""Quality: samples of people's lines become one report each, when they have left."""

import asyncio

import pytest

from schemas.commands.lifecycle import EndSession, StartSession
from schemas.commands.media import PlaceRoom, ReportQuality
from schemas.commands.roster import LeaveSession
from schemas.events.media import QualityReported
from schemas.ids import NodeId
from schemas.limits import QUALITY_SAMPLES_MAX
from schemas.media import LineQuality, Source
from sfu.interface import Counters, EventSink, StreamCounters, TransportCounters
from sfu.quality import Book, Sorted, sort
from sfu.transport import Transport
from tests.unit.rooms.classroom import NODE, SAM, SERVICE, TESS, who
from tests.unit.sfu_control import campus
from tests.unit.sfu_control.studio import RecordingForwarder, Studio


def stream(name: str, bps: int, loss: float = 0.0, jitter_ms: float = 0.0, layer: int = 0) -> StreamCounters:
    """One stream as the packet path counts it."""
    return StreamCounters(name, "producer", layer, 1, 1, bps, loss, jitter_ms, 0, 0, 0)


def sample(transports: dict[Transport, float | None], *streams: StreamCounters) -> Sorted:
    """Counters of these transports, with their round trips."""
    counted = (TransportCounters(t.id, 0, 0, 0, 0, rtt, None, {}) for t, rtt in transports.items())
    return sort(Counters(tuple(counted), streams))


def test_a_line_is_summed_until_its_person_leaves() -> None:
    studio, book = Studio(TESS, SAM), Book()
    send, receive = studio.open(SAM)
    camera = studio.publish(SAM, send, Source.CAMERA)
    voice = studio.publish(SAM, send, Source.MICROPHONE)
    teacher, _ = studio.open(TESS)
    watched = studio.watch(receive, studio.publish(TESS, teacher, Source.CAMERA))
    lines: dict[Transport, float | None] = {send: 20.0, receive: 30.0}
    book.sample(
        studio.router,
        sample(
            lines,
            stream(camera.id, 600_000, 0.1, 5.0),
            stream(camera.id, 300_000, 0.1, 2.0, layer=1),
            stream(voice.id, 100_000, 0.0, 1.0),
            stream(watched.id, 2_000_000, 0.02, 3.0),
        ),
    )
    book.sample(studio.router, sample({send: None, receive: None}, stream(camera.id, 0, 1.0, 99.0)))
    book.sample(studio.router, sample({send: 10.0, receive: None}, stream(voice.id, 100_000, 0.03, 7.0)))
    assert book.close(studio.router) == (), "the class goes on"
    studio.says(SAM, LeaveSession())
    live = studio.school.state.live
    assert live is not None
    (report,) = book.close(studio.router)
    assert report == ReportQuality(
        who(SAM),
        live.id,
        epoch=1,
        samples=3,
        rtt_ms=20.0,
        rtt_ms_worst=30.0,
        up=LineQuality(2, 550_000, 0.06, 0.09, 6.0, 7.0),
        down=LineQuality(1, 2_000_000, 0.02, 0.02, 3.0, 3.0),
    )
    assert book.close(studio.router) == (), "said once"


def test_who_sends_and_gets_nothing_has_a_line_all_the_same() -> None:
    studio, book = Studio(SAM), Book()
    send, receive = studio.open(SAM)
    book.sample(studio.router, sample({send: None, receive: None}))
    studio.says(SAM, LeaveSession())
    (report,) = book.close(studio.router)
    assert (report.samples, report.rtt_ms, report.up, report.down) == (1, None, None, None)


def test_the_end_of_the_class_reports_everybody_and_the_next_begins_anew() -> None:
    studio, book = Studio(TESS, SAM), Book()
    lines: dict[Transport, float | None] = dict.fromkeys((*studio.open(SAM), *studio.open(TESS)), 5.0)
    book.sample(studio.router, sample(lines))
    first = studio.school.state.live
    assert first is not None
    studio.says(TESS, EndSession())
    assert {(r.participant, r.session) for r in book.close(studio.router)} == {
        (who(SAM), first.id),
        (who(TESS), first.id),
    }
    studio.says(TESS, StartSession())
    book.sample(studio.router, sample(lines))
    assert book.close(studio.router) == ()


def test_a_class_that_moves_is_reported_by_the_node_that_had_it() -> None:
    studio, book = Studio(SAM), Book()
    book.sample(studio.router, sample(dict.fromkeys(studio.open(SAM), 5.0)))
    studio.says(SERVICE, PlaceRoom(NodeId("elsewhere")))
    (report,) = book.close(studio.router)
    assert report.epoch == 1
    studio.says(SERVICE, PlaceRoom(NODE))
    assert book.close(studio.router) == ()


def test_nonsense_of_the_packet_path_is_bounded() -> None:
    studio, book = Studio(SAM), Book()
    send, _ = studio.open(SAM)
    voice = studio.publish(SAM, send, Source.MICROPHONE)
    mad = sample({send: 1e9}, stream(voice.id, 1 << 60, 7.0, -3.0))
    for _ in range(QUALITY_SAMPLES_MAX + 3):
        book.sample(studio.router, mad)
    studio.says(SAM, LeaveSession())
    (report,) = book.close(studio.router)
    assert report.samples == QUALITY_SAMPLES_MAX
    assert report.rtt_ms == 60_000.0
    assert report.up == LineQuality(QUALITY_SAMPLES_MAX, 10_000_000_000, 1.0, 1.0, 0.0, 0.0)


async def test_the_log_hears_of_a_line_when_its_person_has_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sfu.node.COUNTERS_SAMPLED_S", 0.005)
    forwarder = RecordingForwarder()

    async def opener(_: EventSink) -> RecordingForwarder:
        return forwarder

    async with campus.campus(campus.TESS, campus.SAM, opener=opener) as school:
        await school.ask(campus.SAM, "open", "{}")
        (following,) = (f for f, _ in school.node._rooms.values())
        async with asyncio.timeout(60):
            while not following._quality._open:  # noqa: ASYNC110  # The node's own pace.
                await asyncio.sleep(0.005)
            await school.says(campus.SAM, LeaveSession())
            while not (told := await reported(school)):  # noqa: ASYNC110  # As above.
                await asyncio.sleep(0.005)
    (fact,) = told
    assert (fact.participant, fact.up) == (campus.SAM.participant, None)
    assert fact.samples >= 1


async def reported(school: campus.Campus) -> list[QualityReported]:
    """What is on the log about lines."""
    log = [stored.commit async for stored in school.bus.log.read(campus.KEY)]
    return [e.data for commit in log for e in commit.events if isinstance(e.data, QualityReported)]
