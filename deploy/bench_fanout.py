"""``classwire bench fanout``: how fast one event reaches everybody in a room, and what a socket costs.

It starts a nats-server, a Postgres, one ``rooms`` process and so many edge processes of its own in a
directory that goes afterwards. The clients live in processes of their own (``deploy.bench_clients``): real
WebSockets over loopback, each with a signed access token, all in one class. The floor is measured in the
same run: one frame of the same size, written by a loop of ``send`` in C (``floor.c``) to as many sockets as
one edge process has. Machines and minutes differ: read the figures beside the floor.

*publish → last client* is the time from the moment at which the log tells its followers (``live.``) to the
moment at which the last client of all has the event.
"""

import asyncio
import math
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

import edge.identity
from bus import nats
from bus.interface import Bus, Message
from deploy.bench_clients import MARK, Order, Plan, Report
from deploy.bench_log import EDGE, Client, Room, bench_directory, bench_servers
from deploy.child import Child, Command, spawn
from deploy.services import free_ports, http_ok
from edge.identity import Person
from edge.tokens import issue_access, load_ring
from schemas.commands.chat import PostMessage
from schemas.commands.lifecycle import CreateRoom, StartSession
from schemas.commands.roster import JoinSession
from schemas.envelope import decode_commit
from schemas.events.chat import MessagePosted
from schemas.ids import LoginId
from schemas.limits import CONNECTIONS_PER_EDGE_MAX, PARTICIPANTS_MAX
from schemas.registry import EdgeRegistration
from schemas.settings import Settings
from schemas.subjects import EDGE_LEASE, LIVE_ALL

ORIGIN = "http://bench.test"
READY_S, SETTLE_S = 60.0, 2.0
FRAME_BYTES = 300  # An ``events`` frame with one short message.
GENERATORS_MAX = 4
JOINING_MAX = PARTICIPANTS_MAX - 10  # The rest look on.
SINGLES, SINGLE_S = 12, 1.0
BURSTS, BURST, BURST_S = 8, 20, 1.0
FLOOR_ROUNDS = 15
CLIENTS_PER_GENERATOR = 2_500
ARRIVAL_S = 60.0  # An event that has not reached everybody after this is lost.


class Latency(Struct, frozen=True):
    """Milliseconds, over the events of one phase."""

    p50_ms: float
    p99_ms: float


class Floor(Struct, frozen=True):
    """One frame written by C to ``clients`` sockets."""

    clients: int
    cpu_us_per_message: float
    p50_ms: float
    p99_ms: float


class Fanout(Struct, frozen=True):
    """All figures. ``presence_frames`` were sent per client while all came in."""

    clients: int
    edges: int
    joined: int
    connections_per_s: float
    joins_per_s: float
    kib_per_idle_connection: float
    kib_per_participant: float
    cpu_us_per_message: float
    cpu_us_per_message_in_bursts: float
    times_floor: float
    single: Latency
    bursts: Latency
    floor: Floor
    presence_frames: float
    kib_received_while_joining: float
    events: int
    delivered: int
    lost: int
    twice: int
    holes: int


class Generator:
    """A process full of clients."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def ask(self, order: Order) -> Any:
        """Gives an order and waits for its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(msgspec.json.encode(order) + b"\n")
        await self.process.stdin.drain()
        line = await self.process.stdout.readline()
        assert line, "the generator has ended"
        return msgspec.json.decode(line)


class Ground(Struct):
    """What the bench runs on."""

    settings: Settings
    directory: Path
    link: Bus
    edges: list[Child]
    rooms: Child
    ports: list[int]


def main(*, clients: int, edges: int | None, as_json: bool) -> int:
    """Measures and prints; a minute or two. 1 when a message was lost or came twice."""
    raise_file_limit()
    edges = edges or math.ceil(clients / CONNECTIONS_PER_EDGE_MAX)
    with bench_directory() as directory, bench_servers(directory) as settings:
        report = asyncio.run(_measure(settings, directory, clients, edges))
    print(msgspec.json.format(msgspec.json.encode(report)).decode() if as_json else _table(report))
    return 1 if report.lost or report.twice or report.holes else 0


def raise_file_limit() -> None:
    """As many open files as the machine allows; children inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _table(report: Fanout) -> str:
    floor = report.floor
    lines = [
        ("clients in one room, edge processes", f"{report.clients:,} over {report.edges}"),
        ("of these in class; the rest look on", f"{report.joined:,}"),
        ("connections, joins", f"{report.connections_per_s:.0f}/s, {report.joins_per_s:.0f}/s"),
        ("memory of an idle connection", f"{report.kib_per_idle_connection:.1f} KiB"),
        ("and of one in class", f"{report.kib_per_participant:.1f} KiB"),
        (f"floor: C send() to {floor.clients:,} sockets", f"{floor.cpu_us_per_message:.1f} us CPU each"),
        ("   write → last client", f"p50 {floor.p50_ms:.0f} ms, p99 {floor.p99_ms:.0f} ms"),
        (
            "CPU per delivered message, one at a time",
            f"{report.cpu_us_per_message:.1f} us, {report.times_floor:.2f} x floor",
        ),
        (
            f"and in bursts of {BURST}",
            f"{report.cpu_us_per_message_in_bursts:.1f} us per message",
        ),
        (
            "publish → last client, one per second",
            f"p50 {report.single.p50_ms:.0f} ms, p99 {report.single.p99_ms:.0f} ms",
        ),
        (
            f"publish → last client, bursts of {BURST} per second",
            f"p50 {report.bursts.p50_ms:.0f} ms, p99 {report.bursts.p99_ms:.0f} ms",
        ),
        (
            "while all came in, each client was sent",
            f"{report.presence_frames:.0f} counts, {report.kib_received_while_joining:.0f} KiB",
        ),
        (
            "events, delivered, lost, twice, holes",
            f"{report.events}, {report.delivered:,}, {report.lost}, {report.twice}, {report.holes}",
        ),
    ]
    return "\n".join(f"{name:<48} {figure}" for name, figure in lines)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


# --- the ground ------------------------------------------------------------------------------------
@asynccontextmanager
async def ground(settings: Settings, directory: Path, edges: int) -> AsyncIterator[Ground]:
    """The rules and so many edges, each on a port of its own; all know one origin."""
    await edge.identity.migrate(settings.postgres)
    ports = list(free_ports(edges))
    common = {
        "CLASSWIRE_NATS_URL": settings.nats_url,
        "CLASSWIRE_POSTGRES": settings.postgres,
        "CLASSWIRE_S3_ENDPOINT": "http://127.0.0.1:1",
        "CLASSWIRE_PUBLIC_URL": ORIGIN,
        "CLASSWIRE_SECRET_FILE": str(directory / "edge.keys"),
        "CLASSWIRE_LOG_LEVEL": "warning",
    }
    async with AsyncExitStack() as stack:
        link = await stack.enter_async_context(nats.connect(settings, "edge"))
        rooms = _spawn(stack, "rooms", "rooms", common, directory)
        children = [
            _spawn(
                stack,
                "edge",
                f"edge-{n}",
                common | {"CLASSWIRE_LISTEN": f"127.0.0.1:{port}", "CLASSWIRE_PROCESS": f"edge-{n}"},
                directory,
            )
            for n, port in enumerate(ports)
        ]
        for child, port in zip(children, ports, strict=True):
            await _ready(child, port)
        yield Ground(settings, directory, link, children, rooms, ports)


async def _ready(child: Child, port: int) -> None:
    give_up = time.monotonic() + READY_S
    while not await asyncio.to_thread(http_ok, port, "/readyz"):
        if child.code is not None or time.monotonic() > give_up:
            raise RuntimeError(f"{child.command.name} does not become ready: {child.tail()}")
        await asyncio.sleep(0.1)


def _spawn(
    stack: AsyncExitStack, role: str, name: str, environment: dict[str, str], directory: Path
) -> Child:
    argv = (sys.executable, "-m", role)
    child = spawn(Command(name=name, argv=argv, env=environment), directory / f"{name}.log")
    stack.push_async_callback(child.stop)
    return child


@asynccontextmanager
async def generators(plan: Plan, processes: int) -> AsyncIterator[list[Generator]]:
    """The plan's clients, shared out over so many processes."""
    async with AsyncExitStack() as stack:
        made = []
        for n in range(processes):
            # Client i of this process goes to the port that i and ``first`` give: evenly over all edges.
            share = msgspec.structs.replace(
                plan,
                tokens=plan.tokens[n::processes],
                first=n * 1_000_003,
                joining=len(plan.tokens[:JOINING_MAX][n::processes]),
            )
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "deploy.bench_clients",
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                limit=16 * 1024 * 1024,
            )
            stack.push_async_callback(_end, process)
            assert process.stdin is not None
            process.stdin.write(msgspec.json.encode(share) + b"\n")
            made.append(Generator(process))
        yield made


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()


async def ask_all(crowd: Sequence[Generator], order: Order) -> list[Any]:
    """Gives all the same order."""
    return await asyncio.gather(*(each.ask(order) for each in crowd))


async def reports(crowd: Sequence[Generator]) -> list[Report]:
    """What all have counted since the last time."""
    return [msgspec.convert(told, Report) for told in await ask_all(crowd, Order("report"))]


def tokens(directory: Path, room: Room, count: int, *, first: int = 0) -> list[str]:
    """Access tokens as a sign-in gives them, signed with the edges' own key.

    Whoever is more than fit into a class looks on from outside, as administrators may.
    """
    now = time.time_ns() // 1_000_000
    ring = load_ring(directory / "edge.keys", now)
    return [
        issue_access(
            ring,
            Person(
                "user",
                f"u{n}",
                room.key.tenant,
                f"Client {n}",
                ("learn",) if n - first < JOINING_MAX else ("administer",),
            ),
            LoginId(f"l{n}"),
            now,
        )
        for n in range(first, first + count)
    ]


async def open_class(client: Client, room: Room) -> None:
    """A class that has begun; the teacher speaks without a page, so their edge is said to live."""
    now = time.time_ns() // 1_000_000
    lease = msgspec.json.encode(EdgeRegistration(EDGE, 1, now, now))
    await client.link.bucket(EDGE_LEASE).put(EDGE, lease)
    await client.ask(room, room.teacher, CreateRoom("Bench"))
    await client.ask(room, room.teacher, StartSession())
    await client.ask(room, room.teacher, JoinSession("Teacher"))


# --- measuring -------------------------------------------------------------------------------------
class Speaker:
    """Posts numbered messages and knows when the log told its followers of each."""

    def __init__(self, client: Client, room: Room, clients: int) -> None:
        self.clients = clients
        """How many listen."""
        self._client = client
        self._room = room
        self.said = 0
        self.told_s: dict[int, float] = {}

    async def heard(self, message: Message) -> None:
        """A commit on the live subject."""
        now = time.monotonic()
        if f".{self._room.key.room}." not in message.subject:
            return
        for event in decode_commit(message.data).events:
            if isinstance(event.data, MessagePosted) and event.data.text.startswith(MARK):
                self.told_s[int(event.data.text.removeprefix(MARK))] = now

    async def say(self, count: int = 1) -> None:
        """Posts so many at once, in order."""
        numbers = range(self.said + 1, self.said + count + 1)
        self.said += count
        await asyncio.gather(
            *(self._client.ask(self._room, self._room.teacher, PostMessage(f"{MARK}{n}")) for n in numbers)
        )


async def arrived(crowd: Sequence[Generator], clients: int, until: int, since: int) -> tuple[Report, ...]:
    """Waits until the numbers from ``since`` on, up to ``until``, have reached all, or time is up."""
    give_up = time.monotonic() + ARRIVAL_S
    parts: list[Report] = []
    while True:
        parts += await reports(crowd)
        reached: dict[int, int] = {}
        for part in parts:
            for number, count in part.reached.items():
                reached[int(number)] = reached.get(int(number), 0) + count
        if all(reached.get(n, 0) >= clients for n in range(since, until + 1)):
            return tuple(parts)
        if time.monotonic() > give_up:
            return tuple(parts)
        await asyncio.sleep(0.2)


def waits(parts: Sequence[Report], told_s: dict[int, float]) -> list[float]:
    """Per event: from the log's telling to the last client, milliseconds."""
    last: dict[int, float] = {}
    for part in parts:
        for number, at in part.last_s.items():
            last[int(number)] = max(last.get(int(number), 0.0), at)
    return [(at - told_s[number]) * 1000 for number, at in sorted(last.items()) if number in told_s]


def latency(values: Sequence[float]) -> Latency:
    """p50 and p99."""
    if len(values) < 2:
        return Latency(0.0, 0.0)
    return Latency(statistics.median(values), statistics.quantiles(values, n=100, method="inclusive")[-1])


def cpu_s(pids: Sequence[int]) -> float:
    """CPU that these processes have used, seconds."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def resident_kib(pids: Sequence[int]) -> int:
    """Memory of these processes, each page that they share counted once in all (PSS), KiB."""
    total = 0
    for pid in pids:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        total += int(next(line for line in rollup.splitlines() if line.startswith("Pss:")).split()[1])
    return total


async def _measure(settings: Settings, directory: Path, clients: int, edges: int) -> Fanout:
    _say(f"floor: C to {clients // edges:,} sockets ...")
    floor = await measure_floor(directory, clients // edges)
    async with ground(settings, directory, edges) as on:
        pids = [child.pid for child in on.edges]
        client, room = Client(on.link), Room("fanout")
        await open_class(client, room)
        speaker = Speaker(client, room, clients)
        plan = Plan(on.ports, room.key.room, ORIGIN, "cw_access", tokens(directory, room, clients))
        processes = math.ceil(clients / CLIENTS_PER_GENERATOR)
        async with (
            on.link.core.subscribe(LIVE_ALL, speaker.heard),
            generators(plan, min(processes, GENERATORS_MAX)) as crowd,
        ):
            return await _phases(crowd, speaker, pids, floor)


async def _phases(crowd: list[Generator], speaker: Speaker, pids: list[int], floor: Floor) -> Fanout:
    clients = speaker.clients
    before = resident_kib(pids)
    _say(f"{clients:,} clients connect ...")
    opening_s = max(await ask_all(crowd, Order("open")))
    idle = resident_kib(pids)
    await reports(crowd)
    _say("they join ...")
    joining_s = max(await ask_all(crowd, Order("join")))
    await speaker.say()
    while_joining = await arrived(crowd, clients, 1, 1)
    in_class = resident_kib(pids)
    _say("one event per second ...")
    single, cpu_single = await _phase(crowd, speaker, pids, Rounds(SINGLES, 1, SINGLE_S))
    _say(f"bursts of {BURST} per second ...")
    bursts, cpu_bursts = await _phase(crowd, speaker, pids, Rounds(BURSTS, BURST, BURST_S))
    everything = (*while_joining, *single, *bursts)
    return Fanout(
        clients=clients,
        edges=len(pids),
        joined=min(clients, JOINING_MAX),
        connections_per_s=clients / opening_s,
        joins_per_s=min(clients, JOINING_MAX) / joining_s,
        kib_per_idle_connection=(idle - before) / clients,
        kib_per_participant=(in_class - before) / clients,
        cpu_us_per_message=cpu_single / (clients * SINGLES) * 1e6,
        cpu_us_per_message_in_bursts=cpu_bursts / (clients * BURSTS * BURST) * 1e6,
        times_floor=cpu_single / (clients * SINGLES) * 1e6 / floor.cpu_us_per_message,
        single=latency(waits(single, speaker.told_s)),
        bursts=latency(waits(bursts, speaker.told_s)),
        floor=floor,
        presence_frames=sum(part.counts for part in while_joining) / clients,
        kib_received_while_joining=sum(part.bytes_read for part in while_joining) / clients / 1024,
        events=speaker.said,
        delivered=sum(sum(part.reached.values()) for part in everything),
        lost=speaker.said * clients - sum(sum(part.reached.values()) for part in everything),
        twice=sum(part.twice for part in everything),
        holes=sum(part.holes for part in everything),
    )


class Rounds(Struct, frozen=True):
    """So many times so many events at once, a round every ``every_s``."""

    rounds: int
    at_once: int
    every_s: float


async def _phase(
    crowd: list[Generator], speaker: Speaker, pids: list[int], plan: Rounds
) -> tuple[tuple[Report, ...], float]:
    """What was counted, and the CPU of the edges meanwhile, heartbeats and leases included."""
    await asyncio.sleep(SETTLE_S)
    first, begun, used = speaker.said + 1, time.monotonic(), cpu_s(pids)
    for n in range(plan.rounds):
        await asyncio.sleep(max(0.0, begun + n * plan.every_s - time.monotonic()))
        await speaker.say(plan.at_once)
    parts = await arrived(crowd, speaker.clients, speaker.said, first)
    return parts, cpu_s(pids) - used


# --- the floor -------------------------------------------------------------------------------------
async def measure_floor(directory: Path, clients: int) -> Floor:
    """What one frame costs when nothing but the kernel stands between it and its readers."""
    argv = await asyncio.to_thread(_floor_program, directory, clients)
    writer = await asyncio.create_subprocess_exec(
        *argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, limit=1024 * 1024
    )
    assert writer.stdin is not None
    assert writer.stdout is not None
    try:
        port = int(await writer.stdout.readline())
        async with generators(Plan([port], "", "", "", []), 1) as (readers,):
            opening = asyncio.create_task(readers.ask(Order("floor", clients, FRAME_BYTES)))
            assert await writer.stdout.readline() == b"ready\n"
            await opening
            took, cpu = [], []
            for n in range(1, FLOOR_ROUNDS + 1):
                writer.stdin.write(b"go\n")
                began, used = (float(each) for each in (await writer.stdout.readline()).split())
                cpu.append(used)
                took.append((await _all_read(readers, n * clients) - began) * 1000)
    finally:
        await _end(writer)
    waited = latency(took)
    return Floor(clients, statistics.median(cpu) / clients * 1e6, waited.p50_ms, waited.p99_ms)


async def _all_read(readers: Generator, frames: int) -> float:
    async with asyncio.timeout(ARRIVAL_S):
        while True:
            read, last_s = await readers.ask(Order("floor"))
            if read >= frames:
                return float(last_s)
            await asyncio.sleep(0.05)


def _floor_program(directory: Path, clients: int) -> tuple[str, ...]:
    """The C program, or the same loop through ctypes where there is no compiler."""
    arguments = (str(clients), str(FRAME_BYTES))
    compiler = shutil.which("cc")
    if compiler is None:
        _say("no C compiler: the floor is a loop of send(2) through ctypes")
        return (sys.executable, "-m", "deploy.bench_floor", *arguments)
    program = directory / "floor"
    source = Path(__file__).parent / "floor.c"
    subprocess.run((compiler, "-O2", "-o", str(program), str(source)), check=True)
    return (str(program), *arguments)
