"""``classwire bench log``: what the log carries on this machine, with every write synced to disk.

It starts a nats-server, a Postgres and one ``rooms`` process of its own in a directory that goes
afterwards, and measures as a client would: submits commands, waits for the commit on ``live.``.
Machines and minutes differ: read the figures beside the floor (one synced append) that is printed too.
"""

import asyncio
import os
import secrets
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import msgspec
from msgspec import Struct

import bus.setup
import projectors.database
from bus import nats
from bus.interface import Bus, Message
from deploy import services
from deploy.child import Command, spawn
from deploy.services import Nats, Postgres, free_ports
from projectors import rebuild, runner
from rooms.follower import follow_room, load
from rooms.room import apply
from rooms.snapshot import Position, encode
from rooms.view import view
from schemas.commands.chat import PostMessage
from schemas.commands.common import Command as Wish
from schemas.commands.lifecycle import CreateRoom, StartSession
from schemas.commands.roster import JoinSession
from schemas.envelope import Accepted, Actor, Commit, Envelope, Event, RecordedActor, decode_commit
from schemas.events.chat import MessagePosted
from schemas.ids import (
    CommandId,
    ConnectionId,
    EdgeId,
    MessageId,
    ParticipantId,
    RoomId,
    RoomKey,
    TenantId,
    participant_id,
)
from schemas.limits import PROJECTOR_BATCH_COMMITS, SNAPSHOT_EVERY_COMMITS
from schemas.registry import EdgeRegistration
from schemas.settings import Settings
from schemas.subjects import EDGE_LEASE, LIVE_ALL, ROOM_SNAPSHOT, room_kv_key

TENANT = TenantId("bench")
EDGE = EdgeId("bench")
RATES = (100, 500)
RATE_S = 10.0
ROOMS = 64
THROUGHPUT_S = 8.0
IN_FLIGHT_MANY, IN_FLIGHT_ONE = 192, 32
BEHIND = (10, 1_000, 100_000)
EVENTS_PER_COMMIT = 20
PEOPLE_ROOMS, PEOPLE_PER_ROOM = 100, 30
LAG_EVENTS_PER_S, LAG_S = 1_000, 10.0


class Latency(Struct, frozen=True):
    """From sending a command to its event on the live subject, milliseconds, at a rate per second."""

    rate: int
    p50_ms: float
    p99_ms: float


class Throughput(Struct, frozen=True):
    """Accepted commands per second."""

    many_rooms_per_s: int
    one_room_per_s: int


class CatchUp(Struct, frozen=True):
    """From opening a room that nobody holds to its encoded view: for who is so many events behind."""

    behind: int
    ms: float


class Report(Struct, frozen=True):
    """All figures. Bytes are resident memory of the ``rooms`` process."""

    floor_append_ms: float
    latency: tuple[Latency, ...]
    throughput: Throughput
    catch_up: tuple[CatchUp, ...]
    rebuild_events_per_s: int
    read_model_lag_p99_ms: float
    bytes_per_room: int
    bytes_per_participant: int


def main(*, as_json: bool) -> int:
    """Measures and prints; about two minutes."""
    with bench_directory() as directory, bench_servers(directory) as settings:
        report = asyncio.run(_measure(settings, directory))
    print(msgspec.json.format(msgspec.json.encode(report)).decode() if as_json else _table(report))
    return 0


def _table(report: Report) -> str:
    lines = [("floor: one synced append", f"{report.floor_append_ms:.2f} ms")]
    lines += [
        (f"command to event at {each.rate}/s", f"p50 {each.p50_ms:.1f} ms, p99 {each.p99_ms:.1f} ms")
        for each in report.latency
    ]
    lines += [
        (f"commands over {ROOMS} rooms", f"{report.throughput.many_rooms_per_s:,}/s"),
        ("commands in one room", f"{report.throughput.one_room_per_s:,}/s"),
    ]
    lines += [(f"catch-up, {each.behind:,} events behind", f"{each.ms:.0f} ms") for each in report.catch_up]
    lines += [
        ("rebuild of all read models", f"{report.rebuild_events_per_s:,} events/s"),
        (
            f"read models behind at {LAG_EVENTS_PER_S:,} events/s",
            f"p99 {report.read_model_lag_p99_ms:.0f} ms",
        ),
        ("memory of an empty live room", f"{report.bytes_per_room:,} bytes"),
        ("memory of a participant", f"{report.bytes_per_participant:,} bytes"),
    ]
    return "\n".join(f"{name:<44} {figure}" for name, figure in lines)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


# --- the ground ----------------------------------------------------------------------------------
@contextmanager
def bench_directory() -> Iterator[Path]:
    """A directory that goes afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="classwire-bench-"))
    os.chmod(directory, 0o755)  # Postgres runs as somebody else when we are root.  # noqa: S103
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def bench_servers(directory: Path) -> Iterator[Settings]:
    """The servers and one rooms process, and the settings with which to reach them."""
    nats_port, monitor_port, postgres_port = free_ports(3)
    log = Nats(data=directory / "nats", port=nats_port, monitor_port=monitor_port)
    tables = Postgres(data=directory / "postgres", port=postgres_port, password=secrets.token_hex(8))
    children = [services.start(each, directory / f"{each.name}.log") for each in (log, tables)]
    settings = Settings(nats_url=log.url, postgres=tables.dsn("postgres"))
    try:
        asyncio.run(_provide(settings))
        yield settings
    finally:
        for child in reversed(children):
            child.stop_now()


async def _provide(settings: Settings) -> None:
    await bus.setup.create(settings)
    await projectors.database.migrate(settings.postgres)


@asynccontextmanager
async def _rooms(settings: Settings, directory: Path) -> AsyncIterator[int]:
    """A rooms process; its process id."""
    environment = {"CLASSWIRE_NATS_URL": settings.nats_url, "CLASSWIRE_LOG_LEVEL": "warning"}
    argv = (sys.executable, "-m", "rooms")
    child = spawn(Command(name="rooms", argv=argv, env=environment), directory / "rooms.log")
    try:
        yield child.pid
    finally:
        await child.stop()


# --- people --------------------------------------------------------------------------------------
class Room:
    """A room of the bench, with its teacher."""

    def __init__(self, name: str) -> None:
        self.key = RoomKey(TENANT, RoomId(name))
        self.teacher = self.person("teacher")

    def person(self, name: str) -> Actor:
        """Somebody with a page."""
        return Actor(
            "user",
            name,
            participant_id(self.key, name),
            name,
            ("teach",),
            connection=ConnectionId(f"c-{name}"),
            edge=EDGE,
        )


class Client:
    """Submits commands under ids of its own."""

    def __init__(self, link: Bus) -> None:
        self.link = link
        self._count = 0

    async def ask(self, room: Room, actor: Actor, wish: Wish, command: str = "") -> None:
        """Waits for the acceptance; anything else ends the bench."""
        self._count += 1
        name = CommandId(command or f"b{self._count}")
        envelope = Envelope(room.key, wish, name, actor, _now_ms() + 10_000)
        outcome = await self.link.commands.submit(envelope)
        assert isinstance(outcome, Accepted), f"{wish}: {outcome}"

    async def begin(self, room: Room) -> None:
        """A class with its teacher in it."""
        await self.ask(room, room.teacher, CreateRoom("Bench"))
        await self.ask(room, room.teacher, StartSession())
        await self.ask(room, room.teacher, JoinSession("Teacher"))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


async def _measure(settings: Settings, directory: Path) -> Report:
    async with nats.connect(settings, "edge") as link:
        lease = msgspec.json.encode(EdgeRegistration(EDGE, 1, _now_ms(), _now_ms()))
        await link.bucket(EDGE_LEASE).put(EDGE, lease)
        client = Client(link)
        async with _rooms(settings, directory) as pid:
            _say("memory ...")
            per_room, per_person = await _memory(client, pid)
        async with _rooms(settings, directory):
            rooms = [Room(f"r{n}") for n in range(ROOMS)]
            _say("opening classes ...")
            await _in_parallel(rooms, client.begin, 16)
            latency = []
            for rate in RATES:
                _say(f"{rate} commands per second for {RATE_S:.0f} s ...")
                latency.append(await _latency(client, rooms, rate))
            _say("as many commands as it takes ...")
            throughput = Throughput(
                await _throughput(client, rooms, IN_FLIGHT_MANY),
                await _throughput(client, rooms[:1], IN_FLIGHT_ONE),
            )
        _say("a long room ...")
        floor, catch_up = await _catch_up(link)
        _say("rebuilding the read models ...")
        speed = await _rebuild(link, settings)
        _say("read models at pace ...")
        lag = await _lag(link, settings)
    return Report(floor, tuple(latency), throughput, tuple(catch_up), speed, lag, per_room, per_person)


async def _in_parallel(items: Sequence[Room], work: Callable[[Room], Awaitable[None]], at_once: int) -> None:
    free = asyncio.Semaphore(at_once)

    async def one(item: Room) -> None:
        async with free:
            await work(item)

    async with asyncio.TaskGroup() as group:
        for item in items:
            group.create_task(one(item))


# --- commands ------------------------------------------------------------------------------------
async def _latency(client: Client, rooms: Sequence[Room], rate: int) -> Latency:
    """Commands at a steady rate, whatever the answers do (an open loop)."""
    sent: dict[str, float] = {}
    taken: list[float] = []

    async def seen(message: Message) -> None:
        cause = decode_commit(message.data).cause
        if cause in sent:
            taken.append((time.perf_counter() - sent.pop(cause)) * 1000)

    async with client.link.core.subscribe(LIVE_ALL, seen), asyncio.TaskGroup() as group:
        begun = time.perf_counter()
        for n in range(int(rate * RATE_S)):
            await asyncio.sleep(max(0.0, begun + n / rate - time.perf_counter()))
            room, name = rooms[n % len(rooms)], f"l{rate}-{n}"
            sent[name] = time.perf_counter()
            group.create_task(client.ask(room, room.teacher, PostMessage("hello"), name))
    return Latency(rate, statistics.median(taken), _p99(taken))


async def _throughput(client: Client, rooms: Sequence[Room], in_flight: int) -> int:
    """Accepted per second with so many always under way (a closed loop)."""
    until = time.perf_counter() + THROUGHPUT_S
    done = 0

    async def one(n: int) -> None:
        nonlocal done
        room = rooms[n % len(rooms)]
        while time.perf_counter() < until:
            await client.ask(room, room.teacher, PostMessage("hello"))
            done += 1

    async with asyncio.TaskGroup() as group:
        for n in range(in_flight):
            group.create_task(one(n))
    return round(done / THROUGHPUT_S)


def _p99(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[-1]


async def _memory(client: Client, pid: int) -> tuple[int, int]:
    """What a live room, and a participant in it, add to the process that decides."""
    warm, *rooms = [Room(f"m{n}") for n in range(PEOPLE_ROOMS + 1)]
    await client.begin(warm)  # What only the first room costs is not a room's.
    before = _resident(pid)
    await _in_parallel(rooms, client.begin, 16)
    opened = _resident(pid)

    async def fill(room: Room) -> None:
        for n in range(PEOPLE_PER_ROOM):
            await client.ask(room, room.person(f"p{n}"), JoinSession(f"Person {n}"))

    await _in_parallel(rooms, fill, 16)
    filled = _resident(pid)
    people = PEOPLE_ROOMS * PEOPLE_PER_ROOM
    return max(0, opened - before) // PEOPLE_ROOMS, max(0, filled - opened) // people


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


# --- a long room ---------------------------------------------------------------------------------
async def _catch_up(link: Bus) -> tuple[float, list[CatchUp]]:
    """The floor of an append, and how long a room of 100,000 events takes to open.

    The snapshot is as old as the service ever lets it be: ``SNAPSHOT_EVERY_COMMITS`` commits.
    """
    room = Room("long")
    position = await load(link, room.key)
    state, stream_seq, appends = position.state, 0, []
    saved: Position | None = None
    commits = max(BEHIND) // EVENTS_PER_COMMIT + SNAPSHOT_EVERY_COMMITS - 1
    for n in range(commits):
        commit = _messages(state.seq + 1, n, room)
        begun = time.perf_counter()
        stream_seq = await link.log.append(room.key, commit, topic="chat", expected_stream_seq=stream_seq)
        appends.append((time.perf_counter() - begun) * 1000)
        state = apply(state, commit)
        if n == commits - SNAPSHOT_EVERY_COMMITS:
            saved = Position(state, stream_seq)
    assert saved is not None
    packed = encode(saved)
    assert packed is not None
    await link.bucket(ROOM_SNAPSHOT).put(room_kv_key(room.key), packed)
    measured = []
    for behind in BEHIND:
        taken = [await _open(link, room, state.seq) for _ in range(5)]
        measured.append(CatchUp(behind, statistics.median(taken)))
    return statistics.median(appends), measured


def _messages(seq: int, n: int, room: Room) -> Commit:
    events = tuple(
        Event(MessagePosted(MessageId(f"m{seq + i}"), ParticipantId("p1"), "Teacher", "What a day it is!"))
        for i in range(EVENTS_PER_COMMIT)
    )
    actor = RecordedActor("user", "teacher", room.teacher.participant)
    return Commit(seq, _now_ms(), CommandId(f"h{n}"), actor, events)


async def _open(link: Bus, room: Room, goal: int) -> float:
    """An edge opens the room for somebody who comes back and sends the view."""
    begun = time.perf_counter()
    async with follow_room(link, room.key) as follower:
        assert follower.state.seq == goal
        msgspec.json.encode(view(follower.state, room.teacher.participant))
        return (time.perf_counter() - begun) * 1000


# --- read models ---------------------------------------------------------------------------------
async def _rebuild(link: Bus, settings: Settings) -> int:
    """Events per second over all models, the comparison left out."""
    events = 0
    begun = time.perf_counter()
    async with projectors.database.connect(settings.postgres) as tables:
        last = await link.log.last_stream_seq()
        async with link.log.follow_all(after_stream_seq=0, batch=PROJECTOR_BATCH_COMMITS) as batches:
            reached = 0
            async for batch in batches:
                reached = await runner.apply(tables, batch, after=reached)
                events += sum(len(stored.commit.events) for stored in batch)
                if reached >= last:
                    break
    taken = time.perf_counter() - begun
    report = await rebuild.verify(link.log, settings.postgres)
    assert report.is_same, "the read models are not what the log says"
    return round(events / taken)


async def _lag(link: Bus, settings: Settings) -> float:
    """From the append's acknowledgement to the rows' commit, p99 in milliseconds."""
    room = Room("lag")
    appended: list[tuple[int, float]] = []
    taken: list[float] = []

    async def write() -> None:
        seq, stream_seq, begun = 1, 0, time.perf_counter()
        for n in range(int(LAG_S * LAG_EVENTS_PER_S / EVENTS_PER_COMMIT)):
            due = begun + n * EVENTS_PER_COMMIT / LAG_EVENTS_PER_S
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            commit = _messages(seq, n, room)
            stream_seq = await link.log.append(room.key, commit, topic="chat", expected_stream_seq=stream_seq)
            appended.append((stream_seq, time.perf_counter()))
            seq += EVENTS_PER_COMMIT

    async def look(position: Callable[[], Awaitable[int]]) -> None:
        while len(taken) < int(LAG_S * LAG_EVENTS_PER_S / EVENTS_PER_COMMIT):
            reached, now = await position(), time.perf_counter()
            while len(taken) < len(appended) and appended[len(taken)][0] <= reached:
                taken.append((now - appended[len(taken)][1]) * 1000)
            await asyncio.sleep(0.002)

    following = asyncio.create_task(runner.Runner(link.log, settings.postgres).run())
    try:
        async with projectors.database.connect(settings.postgres) as tables, asyncio.TaskGroup() as group:
            group.create_task(look(lambda: tables.fetchval("select stream_seq from checkpoint")))
            group.create_task(write())
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
    return _p99(taken)
