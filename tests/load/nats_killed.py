"""F6 of the fault table: kill -9 nats-server again and again under load; nothing acknowledged is lost.

On demand, about two minutes: ``python -m tests.load.nats_killed``. A hundred thousand commands go
through one rooms process while the server is killed every few seconds and started again on its data.
Then the whole log is read: every accepted command is on it exactly once, every room is contiguous.
Prints how long after each restart the first command was accepted.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

import msgspec

import bus.setup
from bus import nats
from bus.interface import Unavailable
from deploy.bench_log import EDGE, Room
from deploy.child import Command, spawn
from schemas.commands.chat import PostMessage
from schemas.commands.common import Command as Wish
from schemas.commands.lifecycle import CreateRoom, StartSession
from schemas.commands.roster import JoinSession
from schemas.envelope import Accepted, Actor, Envelope
from schemas.ids import CommandId
from schemas.registry import EdgeRegistration
from schemas.settings import Settings
from schemas.subjects import EDGE_LEASE
from tests import stack

COMMANDS = int(os.environ.get("CLASSWIRE_COMMANDS", "100000"))
SEED = int(os.environ.get("CLASSWIRE_SEED", "1"))
ROOMS, IN_FLIGHT = 64, 192


def now_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000


class Asker:
    """Asks until answered, under one id per command, and keeps what was accepted."""

    def __init__(self, bus: nats.NatsBus) -> None:
        self.bus = bus
        self.accepted: list[str] = []
        self.accepted_at = 0.0
        self.resumed: asyncio.Event = asyncio.Event()

    async def ask(self, room: Room, actor: Actor, wish: Wish, name: str) -> None:
        """Returns when it is accepted."""
        while True:
            envelope = Envelope(room.key, wish, CommandId(name), actor, now_ms() + 10_000)
            try:
                outcome = await self.bus.commands.submit(envelope)
            except Unavailable:
                await asyncio.sleep(0.05)
                continue
            if isinstance(outcome, Accepted):
                self.accepted.append(name)
                self.accepted_at = time.monotonic()
                self.resumed.set()
                return
            assert outcome.code in ("expired", "log_unavailable"), outcome


async def main() -> int:
    """Runs, judges, prints; 1 when a promise was broken."""
    chance = Random(SEED)
    print(f"seed {SEED}")
    with stack.server_directory() as directory, stack.nats(directory) as server:
        settings = Settings(nats_url=server.url)
        await bus.setup.create(settings)
        environment = {"CLASSWIRE_NATS_URL": server.url, "CLASSWIRE_LOG_LEVEL": "error"}
        log = Path(tempfile.mkdtemp()) / "rooms.log"
        rooms_process = spawn(
            Command(name="rooms", argv=(sys.executable, "-m", "rooms"), env=environment), log
        )
        try:
            async with nats.connect(settings, "edge") as link:
                assert isinstance(link, nats.NatsBus)
                return await drive(Asker(link), server, chance)
        finally:
            await rooms_process.stop()


async def drive(asker: Asker, server: stack.RunningNats, chance: Random) -> int:
    """Commands and kills beside each other; then the judgement."""
    lease = msgspec.json.encode(EdgeRegistration(EDGE, 1, now_ms(), now_ms()))
    await asker.bus.bucket(EDGE_LEASE).put(EDGE, lease)
    rooms = [Room(f"r{n}") for n in range(ROOMS)]
    for n, room in enumerate(rooms):
        for wish in (CreateRoom("Load"), StartSession(), JoinSession("Teacher")):
            await asker.ask(room, room.teacher, wish, f"begin-{n}-{wish.name}")
    waits: list[float] = []
    killing = asyncio.create_task(kill(asker, server, chance, waits))
    began = time.monotonic()

    async def worker(first: int) -> None:
        for n in range(first, COMMANDS, IN_FLIGHT):
            room = rooms[n % ROOMS]
            await asker.ask(room, room.teacher, PostMessage(f"{n}"), f"m{n}")

    async with asyncio.TaskGroup() as group:
        for first in range(IN_FLIGHT):
            group.create_task(worker(first))
    taken = time.monotonic() - began
    killing.cancel()
    await asyncio.wait([killing])
    print(f"{len(asker.accepted):,} accepted in {taken:.0f} s, {len(waits)} kills")
    if waits:
        print(f"accepted again after {statistics.median(waits):.2f} s (at most {max(waits):.2f})")
    problems = await judge(asker, rooms)
    for problem in problems[:10]:
        print(problem)
    print("nothing lost, nothing doubled" if not problems else f"{len(problems)} problems")
    return 1 if problems or max(waits, default=0) > 5.0 else 0


async def kill(asker: Asker, server: stack.RunningNats, chance: Random, waits: list[float]) -> None:
    """SIGKILL, start, and how long from being up until a command is accepted."""
    while True:
        await asyncio.sleep(chance.uniform(2, 6))
        server.kill()
        await asyncio.to_thread(server.start)
        up = time.monotonic()
        asker.resumed.clear()
        await asker.resumed.wait()
        waits.append(asker.accepted_at - up)


async def judge(asker: Asker, rooms: list[Room]) -> list[str]:
    """Every accepted command once; every room without hole."""
    problems, found = [], Counter[str]()
    for room in rooms:
        expected = 1
        async for stored in asker.bus.log.read(room.key):
            if stored.commit.seq != expected:
                problems.append(f"{room.key}: expected seq {expected}, found {stored.commit.seq}")
            expected = stored.commit.last_seq + 1
            found[stored.commit.cause] += 1
    problems += [f"{name} was accepted and is not on the log" for name in asker.accepted if not found[name]]
    problems += [f"{name} is on the log {count} times" for name, count in found.items() if count > 1]
    return problems


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
