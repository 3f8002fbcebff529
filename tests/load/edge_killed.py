"""F1 and F18 of the fault table: kill -9 of one edge among several, with everybody in one class.

On demand, minutes: ``CLASSWIRE_CLIENTS=10000 python -m tests.load.edge_killed`` (default 1,000 over
``CLASSWIRE_EDGES`` 4). The clients come back to the other edges after a random part of the time that their
edge had told them, and resume from their seq, while somebody goes on talking. Judged: every message reached
every client once; all were back within 20 s; a second class on the other edges noticed nothing; the
sign-in database was asked at most once per client.
"""

import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg

from deploy.bench_clients import Order, Plan, Report
from deploy.bench_fanout import (
    ORIGIN,
    Generator,
    Ground,
    Speaker,
    arrived,
    ask_all,
    generators,
    ground,
    latency,
    open_class,
    raise_file_limit,
    reports,
    tokens,
    waits,
)
from deploy.bench_log import Client, Room, bench_directory, bench_servers
from schemas.settings import Settings
from schemas.subjects import LIVE_ALL

CLIENTS = int(os.environ.get("CLASSWIRE_CLIENTS", "1000"))
EDGES = int(os.environ.get("CLASSWIRE_EDGES", "4"))
OTHERS = 40
BACK_S = 20.0
GIVE_UP_S = 120.0


class Class:
    """A room with its crowd and somebody who talks once a second."""

    def __init__(self, client: Client, room: Room, crowd: list[Generator], clients: int) -> None:
        self.crowd = crowd
        self.speaker = Speaker(client, room, clients)
        self.parts: list[Report] = []

    async def gather(self) -> None:
        """Everybody comes in, and hears a first word."""
        await ask_all(self.crowd, Order("open"))
        await ask_all(self.crowd, Order("join"))
        await self.speaker.say()
        self.parts += await arrived(self.crowd, self.speaker.clients, 1, 1)

    async def talk(self) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(1.0)
            await self.speaker.say()

    async def lines(self) -> int:
        """How many are connected."""
        return sum(await ask_all(self.crowd, Order("lines")))

    async def until(self, holds: Callable[[int], bool]) -> int:
        """Waits until this holds for the number of lines, or time is up; that number."""
        give_up_s = time.monotonic() + GIVE_UP_S
        while not holds(lines := await self.lines()) and time.monotonic() < give_up_s:  # noqa: ASYNC110
            await asyncio.sleep(0.05)  # Lines of other processes.
        return lines

    async def hear_out(self) -> None:
        """Waits until everybody has everything."""
        told = 0
        while True:
            self.parts += await arrived(self.crowd, 0, 0, 1)
            told = sum(sum(part.reached.values()) for part in self.parts)
            if told >= self.speaker.said * self.speaker.clients:
                return
            await asyncio.sleep(0.5)

    def problems(self, name: str) -> list[str]:
        """What was lost, or came twice."""
        reached: Counter[str] = Counter()
        for part in self.parts:
            reached.update(part.reached)
        expected = self.speaker.clients
        wrong = [f"{name}: {n} reached {c} of {expected}" for n, c in reached.items() if c != expected]
        twice = sum(part.twice for part in self.parts)
        holes = sum(part.holes for part in self.parts)
        if len(reached) != self.speaker.said:
            wrong.append(f"{name}: {self.speaker.said} said, {len(reached)} heard")
        return [*wrong, *([f"{name}: {twice} twice, {holes} holes"] if twice or holes else [])]


async def main(on: Ground, stack: AsyncExitStack) -> int:
    """Gathers, kills, waits, judges; 1 when a promise was broken."""
    client = Client(on.link)
    hall = await enter(on, stack, client, Room("hall"), on.ports, CLIENTS)
    quiet = await enter(on, stack, client, Room("quiet"), on.ports[1:], OTHERS)
    talking = [asyncio.create_task(each.talk()) for each in (hall, quiet)]
    await asyncio.sleep(3.0)
    before, queries = await reports(hall.crowd), await transactions(on)
    hall.parts += before
    killed_s = time.monotonic()
    on.edges[0].kill_group()
    lost = CLIENTS - CLIENTS // EDGES
    await hall.until(lambda lines: lines <= lost)
    back = await hall.until(lambda lines: lines >= CLIENTS)
    await asyncio.sleep(3.0)
    for task in talking:
        task.cancel()
    await asyncio.wait(talking)
    asked = await transactions(on) - queries
    try:
        async with asyncio.timeout(GIVE_UP_S):
            await asyncio.gather(hall.hear_out(), quiet.hear_out())
    except TimeoutError:
        print("not everybody has heard everything")
    hellos = sorted(at - killed_s for part in hall.parts for at in part.hellos_s if at > killed_s)
    return judge(hall, quiet, hellos, asked, back)


async def enter(
    on: Ground, stack: AsyncExitStack, client: Client, room: Room, ports: list[int], clients: int
) -> Class:
    """A class in this room, on the edges with these ports."""
    await open_class(client, room)
    # Nobody is in two classes.
    people = tokens(on.directory, room, clients, first=0 if room.key.room == "hall" else 1_000_000)
    plan = Plan(ports, room.key.room, ORIGIN, "cw_access", people, comes_back=True)
    crowd = await stack.enter_async_context(generators(plan, max(1, min(4, clients // 2_500))))
    made = Class(client, room, crowd, clients)
    await stack.enter_async_context(on.link.core.subscribe(LIVE_ALL, made.speaker.heard))
    await made.gather()
    return made


async def transactions(on: Ground) -> int:
    """How many the sign-in database has seen."""
    connection = await asyncpg.connect(on.settings.postgres)
    try:
        await connection.execute("select pg_stat_force_next_flush()")
        count = await connection.fetchval(
            "select xact_commit + xact_rollback from pg_stat_database where datname = current_database()"
        )
        return int(count)
    finally:
        await connection.close()


def judge(hall: Class, quiet: Class, hellos: list[float], asked: int, back: int) -> int:
    """Prints the table."""
    resumed, viewed = (sum(getattr(p, name) for p in hall.parts) for name in ("resumed", "viewed"))
    busiest = max(Counter(int(at) for at in hellos).values(), default=0)
    others = latency(waits(quiet.parts, quiet.speaker.told_s))
    dropped = sum(part.dropped for part in quiet.parts)
    per_client = asked / max(1, len(hellos))
    rows = [
        ("clients, edges, lost their edge", f"{CLIENTS:,}, {EDGES}, {len(hellos):,}"),
        ("back: half, 99 %, all", ", ".join(f"{_at(hellos, part):.1f} s" for part in (0.5, 0.99, 1.0))),
        ("most in one second", f"{busiest:,}"),
        ("resumed by their tail, shown anew", f"{resumed:,}, {viewed - CLIENTS:,}"),
        ("database transactions per client that came back", f"{per_client:.2f}"),
        ("the other class: lines lost, event to last client", f"{dropped}, p99 {others.p99_ms:.0f} ms"),
    ]
    print("\n".join(f"{name:<52} {figure}" for name, figure in rows))
    problems = [*hall.problems("hall"), *quiet.problems("quiet")]
    if back < CLIENTS or _at(hellos, 1.0) > BACK_S:
        problems.append(f"{back} of {CLIENTS} are back, the last after {_at(hellos, 1.0):.1f} s")
    if per_client > 1 or dropped:
        problems.append("the database or the other class was disturbed")
    print("\n".join(problems[:10]) or "nobody lost or doubled anything")
    return 1 if problems else 0


def _at(hellos: list[float], part: float) -> float:
    return hellos[max(0, round(part * len(hellos)) - 1)] if hellos else 0.0


async def _run(settings: Settings, directory: Path) -> int:
    async with AsyncExitStack() as stack:
        return await main(await stack.enter_async_context(ground(settings, directory, EDGES)), stack)


if __name__ == "__main__":
    raise_file_limit()
    with bench_directory() as where, bench_servers(where) as with_settings:
        sys.exit(asyncio.run(_run(with_settings, where)))
