"""``classwire bench room``: a teacher, and as many viewers as are asked for, on one real media node.

It starts a nats-server, one ``rooms`` and one ``sfu`` process, and the load generator, whose viewers do real
ICE, DTLS and SRTP and open a sample of what they get. Each viewer joins by a command, opens his transports,
connects, consumes and resumes by requests of his own on the bus, as an edge would ask for him. The teacher
sends sound, a camera in three layers and a screen. Nobody asks for repairs, so a lost packet is seen; what
the generator itself had no room for is not the node's loss and is left out.
"""

import asyncio
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Raw, Struct

import bus.setup
from bus import nats
from bus.interface import Bus, BusError
from deploy import services
from deploy.child import Child, Command, spawn
from deploy.generator import (
    MID,
    RID,
    TRANSPORT_CC,
    Connected,
    Generator,
    Stream,
    cpu_s,
    generator,
    resident,
)
from deploy.services import Nats, free_ports
from rooms.follower import RoomFollower, follow_room
from schemas import subjects
from schemas.commands import Command as Wish
from schemas.commands.lifecycle import CreateRoom, StartSession
from schemas.commands.roster import JoinSession
from schemas.envelope import Accepted, Actor, Envelope
from schemas.ids import CommandId, ConnectionId, EdgeId, RoomId, RoomKey, TenantId, TrackId, participant_id
from schemas.limits import MEDIA_REQUEST_S
from schemas.registry import EdgeRegistration
from schemas.rtp import TransportOptions
from schemas.settings import Settings
from schemas.signalling import MediaAnswer, MediaFailure, MediaOpened, MediaRequest
from sfu.ortc import EXTENSION_URIS

Layer = Literal["high", "low"]

KEY = RoomKey(TenantId("bench"), RoomId("hall"))
EDGE = EdgeId("bench")
LEASE_BEAT_S = 2.0
READY_S = 60.0
JOINS_AT_ONCE = 16
LOW_ABOVE = 300  # So many viewers of the high layer are what two cores carry beside the generator.
SETTLE_S = 12.0  # The node's estimates climb to what the teacher sends.
MEASURED_S = 10.0
STORM_S, STORM_WATCHED_S = 5.0, 8.0
TILES: dict[Layer, dict[str, tuple[int, int]]] = {
    "high": {"camera": (1280, 720), "screen": (1920, 1080)},
    "low": {"camera": (240, 135), "screen": (0, 0)},
}
# 64 kbit/s of sound, 1.1 Mbit/s of camera at its best and 0.3 of screen: 1.5 Mbit/s to each viewer.
SOUND = Stream(1_111, 111, "audio", "0", "", 160, 1, 50.0)
CAMERA = (
    Stream(2_000, 96, "video", "1", "r0", 750, 1, 25.0),
    Stream(2_001, 96, "video", "1", "r1", 1_100, 2, 25.0),
    Stream(2_002, 96, "video", "1", "r2", 1_100, 5, 25.0),
)
SCREEN = Stream(3_000, 96, "video", "2", "", 1_100, 7, 5.0)


class Storm(Struct, frozen=True):
    """Many who join within ``STORM_S`` while a class runs, and what the class lost meanwhile."""

    viewers: int
    connected: int
    all_in_after_s: float | None
    packets_of_others: int
    packets_of_others_lost: int


class Report(Struct, frozen=True):
    """All figures. ``sfu_cpu_per_1000`` is in cores; ``connect`` is from ``open`` to the keys of DTLS."""

    viewers: int
    layer: Layer
    connected: int
    joins_per_s: float
    connect_p50_ms: float | None
    connect_p95_ms: float | None
    packets_sent: int
    packets_lost_by_us: int
    packets_lost_by_generator: int
    packets_per_viewer_s: float
    sfu_cpu_per_1000: float
    sfu_rss_mb_per_1000: float
    added_p50_ms: float | None
    added_p99_ms: float | None
    storm: Storm | None


def main(*, viewers: int, layer: Layer | None, storm: int, as_json: bool) -> int:
    """Measures and prints; about a minute and what the joins take."""
    chosen: Layer = layer or ("low" if viewers > LOW_ABOVE else "high")
    with _directory() as directory:
        report = asyncio.run(_measure(directory, viewers, chosen, storm))
    print(msgspec.json.format(msgspec.json.encode(report)).decode() if as_json else _table(report))
    return 0


def _table(report: Report) -> str:
    lost = report.packets_lost_by_us / max(1, report.packets_sent)
    lines = [
        (f"viewers of sound and {report.layer} layer", f"{report.connected} of {report.viewers} connected"),
        ("joins", f"{report.joins_per_s:.0f}/s"),
        ("open to connected", f"p50 {_ms(report.connect_p50_ms)}, p95 {_ms(report.connect_p95_ms)}"),
        ("packets to viewers", f"{report.packets_sent:,}, {report.packets_per_viewer_s:.0f}/s to each"),
        ("lost by the node", f"{report.packets_lost_by_us:,} ({lost:.3%})"),
        ("lost by the generator", f"{report.packets_lost_by_generator:,}"),
        ("added latency", f"p50 {_ms(report.added_p50_ms)}, p99 {_ms(report.added_p99_ms)}"),
        ("node, cores per 1,000 viewers", f"{report.sfu_cpu_per_1000:.2f}"),
        ("node, memory per 1,000 viewers", f"{report.sfu_rss_mb_per_1000:.0f} MB"),
    ]
    storm = report.storm
    if storm is not None:
        share = storm.packets_of_others_lost / max(1, storm.packets_of_others)
        after = "never" if storm.all_in_after_s is None else f"after {storm.all_in_after_s:.1f} s"
        lines += [
            (f"{storm.viewers} joins in {STORM_S:.0f} s", f"{storm.connected} connected, all in {after}"),
            ("lost of the others meanwhile", f"{storm.packets_of_others_lost:,} ({share:.3%})"),
        ]
    return "\n".join(f"{name:<34} {figure}" for name, figure in lines)


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} ms"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


# --- the ground ----------------------------------------------------------------------------------
@contextmanager
def _directory() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="classwire-bench-"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@asynccontextmanager
async def _ground(directory: Path) -> AsyncIterator[tuple[Settings, Child]]:
    """A log, the rules, and the media node to be measured."""
    nats_port, monitor_port = free_ports(2)
    log = Nats(data=directory / "nats", port=nats_port, monitor_port=monitor_port)
    server = await asyncio.to_thread(services.start, log, directory / "nats.log")
    settings = Settings(nats_url=log.url)
    try:
        await bus.setup.create(settings)
        environment = {
            "CLASSWIRE_NATS_URL": log.url,
            "CLASSWIRE_LOG_LEVEL": "warning",
            "CLASSWIRE_MEDIA_PORT": "0",
        }
        rules, node = (
            spawn(
                Command(name=role, argv=(sys.executable, "-m", role), env=environment),
                directory / f"{role}.log",
            )
            for role in ("rooms", "sfu")
        )
        try:
            yield settings, node
        finally:
            await node.stop()
            await rules.stop()
    finally:
        server.stop_now()


async def _keep_lease(link: Bus) -> None:
    """What an edge does so that its people are not taken for gone."""
    started = _now_ms()
    while True:
        lease = msgspec.json.encode(EdgeRegistration(EDGE, 1, started, _now_ms()))
        await link.bucket(subjects.EDGE_LEASE).put(EDGE, lease)
        await asyncio.sleep(LEASE_BEAT_S)


# --- people --------------------------------------------------------------------------------------
class RequestError(Exception):
    """The node or the rules refused."""


class Class:
    """The class of the bench: its people ask through here."""

    def __init__(self, link: Bus, follower: RoomFollower, load: Generator, fingerprint: str) -> None:
        self.load = load
        self._link = link
        self._follower = follower
        self._fingerprint = fingerprint
        self._tracks: dict[str, TrackId] = {}
        self._has_node = False

    async def command(self, actor: Actor, wish: Wish) -> None:
        """Waits for the acceptance. Raises RequestError."""
        name = CommandId(f"{wish.name}-{actor.id}")
        envelope = Envelope(KEY, wish, name, actor, _now_ms() + 10_000)
        outcome = await self._link.commands.submit(envelope)
        if not isinstance(outcome, Accepted):
            raise RequestError(f"{wish}: {outcome}")
        await self._follower.reached(outcome.seq)

    async def placed(self) -> None:
        """Waits until the class has its media node."""
        async with asyncio.timeout(READY_S):
            while self._follower.state.placement.node is None:  # noqa: ASYNC110  # The log's own state.
                await asyncio.sleep(0.05)

    async def ask(self, actor: Actor, method: str, data: dict[str, Any]) -> Raw:
        """A media request. Raises RequestError."""
        state = self._follower.state
        node = state.placement.node
        assert node is not None
        assert actor.participant is not None
        assert actor.connection is not None
        body = Raw(msgspec.json.encode(data))
        request = MediaRequest(
            KEY, actor.participant, actor.connection, state.placement.epoch, state.seq, body
        )
        answer = msgspec.json.decode(
            await self._link.core.request(
                subjects.sfu_request(node, method), msgspec.json.encode(request), MEDIA_REQUEST_S
            ),
            type=MediaAnswer | MediaFailure,
        )
        if isinstance(answer, MediaFailure):
            raise RequestError(f"{method}: {answer}")
        return answer.data

    async def connect(self, actor: Actor, number: int, direction: str) -> MediaOpened:
        """Opens the transports and connects one of them. Raises RequestError."""
        opened = msgspec.json.decode(await self.ask(actor, "open", {}), type=MediaOpened)
        options: TransportOptions = getattr(opened, direction)
        if not self._has_node:
            self._has_node = True
            candidate = options.ice_candidates[0]
            self.load.tell("node", f"127.0.0.1:{candidate.port}", "100,101")
        dtls = {
            "role": "client",
            "fingerprints": [{"algorithm": "sha-256", "value": self._fingerprint}],
        }
        [theirs] = [f for f in options.dtls_parameters.fingerprints if f.algorithm == "sha-256"]
        ice = options.ice_parameters
        feedback = _transport_cc(opened) if direction == "recv" else 0
        answer, _ = await asyncio.gather(
            self.load.peer(number, ice.username_fragment, ice.password, feedback, "dtls", theirs.value),
            self.ask(actor, "connect_transport", {"transport": options.id, "dtlsParameters": dtls}),
        )
        if not isinstance(answer, Connected):
            raise RequestError(answer.why)
        return opened

    async def teach(self, teacher: Actor) -> None:
        """The teacher sends sound, camera and screen."""
        opened = await self.connect(teacher, 0, "send")
        wishes: tuple[tuple[str, tuple[Stream, ...], dict[str, int]], ...] = (
            ("microphone", (SOUND,), {}),
            ("camera", CAMERA, {"widthPx": 1280, "heightPx": 720}),
            ("screen", (SCREEN,), {"widthPx": 1920, "heightPx": 1080}),
        )
        for source, streams, size in wishes:
            for stream in streams:
                self.load.stream(0, stream)
            wish = {
                "transport": opened.send.id,
                "kind": streams[0].kind,
                "source": source,
                "rtpParameters": _parameters(streams),
                **size,
            }
            answer = msgspec.json.decode(await self.ask(teacher, "produce", wish))
            self._tracks[source] = TrackId(answer["track"])

    async def view(self, actor: Actor, number: int, layer: Layer) -> float:
        """Joins, connects and sees the class; milliseconds of connecting. Raises RequestError."""
        await self.command(actor, JoinSession(actor.display_name))
        begun = time.perf_counter()
        opened = await self.connect(actor, number, "recv")
        took_ms = (time.perf_counter() - begun) * 1000
        wish = {
            "transport": opened.recv.id,
            "rtpCapabilities": msgspec.to_builtins(opened.router_rtp_capabilities),
            "tracks": list(self._tracks.values()),
        }
        made = msgspec.json.decode(await self.ask(actor, "consume", wish))["consumers"]
        sources = {track: source for source, track in self._tracks.items()}
        tiles = [
            {"consumer": c["id"], "widthPx": size[0], "heightPx": size[1]}
            for c in made
            if (size := TILES[layer].get(sources[c["producerId"]])) is not None
        ]
        await self.ask(actor, "set_tile_sizes", {"tiles": tiles})
        await self.ask(actor, "resume_consumers", {"consumers": [c["id"] for c in made]})
        return took_ms


def _person(name: str) -> Actor:
    return Actor(
        "user",
        name,
        participant_id(KEY, name),
        name.title(),
        ("teach",) if name == "teacher" else (),
        connection=ConnectionId(f"c-{name}"),
        edge=EDGE,
    )


def _transport_cc(opened: MediaOpened) -> int:
    uri = EXTENSION_URIS["transport_cc"]
    found = {e.preferred_id for e in opened.router_rtp_capabilities.header_extensions if e.uri == uri}
    assert len(found) == 1, "one id for all kinds"
    return found.pop()


def _parameters(streams: Sequence[Stream]) -> dict[str, Any]:
    """As mediasoup-client writes them."""
    first = streams[0]
    feedback = [{"type": "transport-cc", "parameter": ""}]
    if first.kind == "audio":
        codecs: list[dict[str, Any]] = [
            {"mimeType": "audio/opus", "payloadType": 111, "clockRate": 48_000, "channels": 2}
        ]
    else:
        feedback += [{"type": "nack", "parameter": ""}, {"type": "nack", "parameter": "pli"}]
        rtx = {"mimeType": "video/rtx", "payloadType": 97, "clockRate": 90_000, "parameters": {"apt": 96}}
        codecs = [{"mimeType": "video/VP8", "payloadType": 96, "clockRate": 90_000}, rtx]
    codecs[0]["rtcpFeedback"] = feedback
    ids = {"mid": MID, "transport_cc": TRANSPORT_CC}
    if first.rid:
        ids["rid"] = RID
    return {
        "mid": first.mid,
        "codecs": codecs,
        "headerExtensions": [{"uri": EXTENSION_URIS[name], "id": number} for name, number in ids.items()],
        "encodings": [{"rid": s.rid} if s.rid else {"ssrc": s.ssrc} for s in streams],
        "rtcp": {"cname": "bench", "reducedSize": True},
    }


# --- the measurement -----------------------------------------------------------------------------
async def _measure(directory: Path, viewers: int, layer: Layer, storm: int) -> Report:
    async with (
        _ground(directory) as (settings, node),
        nats.connect(settings, "edge") as link,
        follow_room(link, KEY) as follower,
        generator() as load,
        _background(_keep_lease(link)),
        _background(_follow(follower)),
    ):
        hall = Class(link, follower, load, await load.fingerprint())
        teacher = _person("teacher")
        for wish in (CreateRoom("Hall"), StartSession(), JoinSession("Teacher")):
            await hall.command(teacher, wish)
        await hall.placed()
        await hall.teach(teacher)
        before = resident(node.pid)
        _say(f"{viewers} viewers join ...")
        begun = time.perf_counter()
        connected = await _join(hall, range(1, viewers + 1), layer)
        joined_s = time.perf_counter() - begun
        _say("they watch ...")
        await asyncio.sleep(SETTLE_S)
        load.tell("mark")
        cpu, clock = cpu_s(node.pid), time.perf_counter()
        await asyncio.sleep(MEASURED_S)
        counts = await load.report(1, viewers + 1)
        taken, passed = cpu_s(node.pid) - cpu, time.perf_counter() - clock
        assert counts.refused == 0, f"{counts.refused} of {counts.opened} packets could not be opened"
        grown = resident(node.pid) - before
        stormed = await _storm(hall, viewers, storm, layer) if storm else None
    sent = counts.received + counts.lost
    cuts = statistics.quantiles(connected, n=20, method="inclusive") if len(connected) > 1 else None
    return Report(
        viewers=viewers,
        layer=layer,
        connected=len(connected),
        joins_per_s=len(connected) / joined_s,
        connect_p50_ms=cuts[9] if cuts else None,
        connect_p95_ms=cuts[18] if cuts else None,
        packets_sent=sent,
        packets_lost_by_us=max(0, counts.lost - counts.overflowed),
        packets_lost_by_generator=counts.overflowed,
        packets_per_viewer_s=sent / passed / max(1, viewers),
        sfu_cpu_per_1000=taken / passed / viewers * 1000,
        sfu_rss_mb_per_1000=grown / 1e6 / viewers * 1000,
        added_p50_ms=counts.p50_ms,
        added_p99_ms=counts.p99_ms,
        storm=stormed,
    )


async def _join(hall: Class, numbers: range, layer: Layer) -> list[float]:
    """As fast as it goes, some at a time; milliseconds of connecting of those who could."""
    free = asyncio.Semaphore(JOINS_AT_ONCE)

    async def one(number: int) -> float | None:
        async with free:
            return await _attempt(hall, number, layer)

    return [took for took in await asyncio.gather(*map(one, numbers)) if took is not None]


async def _attempt(hall: Class, number: int, layer: Layer) -> float | None:
    try:
        return await hall.view(_person(f"viewer{number}"), number, layer)
    except (RequestError, TimeoutError, BusError) as error:
        _say(f"viewer {number}: {error!r}")
        return None


async def _storm(hall: Class, present: int, viewers: int, layer: Layer) -> Storm:
    """An open loop: who has not come in yet holds nobody up."""
    _say(f"{viewers} more within {STORM_S:.0f} s ...")
    hall.load.tell("mark")
    begun = time.perf_counter()
    after: list[float] = []

    async def one(number: int) -> None:
        await asyncio.sleep(number / viewers * STORM_S)
        if await _attempt(hall, present + 1 + number, layer) is not None:
            after.append(time.perf_counter() - begun)

    await asyncio.gather(*map(one, range(viewers)))
    await asyncio.sleep(max(0.0, begun + STORM_WATCHED_S - time.perf_counter()))
    counts = await hall.load.report(1, present + 1)
    return Storm(
        viewers=viewers,
        connected=len(after),
        all_in_after_s=max(after) if len(after) == viewers else None,
        packets_of_others=counts.received + counts.lost,
        packets_of_others_lost=max(0, counts.lost - counts.overflowed),
    )


async def _follow(follower: RoomFollower) -> None:
    async for _ in follower.commits():
        pass


@asynccontextmanager
async def _background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
