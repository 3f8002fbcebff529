"""One class per person at the size of a country: 200,000 people in ``active_user``, 40 edges with leases.

``python -m tests.bench.bench_presence`` starts a nats-server of its own, with every write synced to disk, and
one ``rooms`` process's work in this very process; about two minutes. It prints how fast people are let into
classes, what a claim costs, how soon a dead edge is noticed, and when its people can join elsewhere. In the
end all logs are folded together: nobody was ever in two classes.
"""

import asyncio
import secrets
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec

from bus import setup
from bus.api import call
from bus.connection import connection
from bus.interface import Bus, Message
from bus.nats import connect
from edge.one_class import Claim, OneClass, Taken
from rooms.follower import load
from rooms.room import apply, initial
from rooms.service.run import rooms_service
from rooms.state import RoomState
from schemas.commands import Command
from schemas.commands.lifecycle import CreateRoom, StartSession
from schemas.commands.roster import JoinSession
from schemas.envelope import Accepted, Actor, Envelope
from schemas.ids import CommandId, ConnectionId, EdgeId, RoomId, RoomKey, TenantId, participant_id
from schemas.limits import CLAIM_S, EDGE_BEAT_S, EDGE_LEASE_S
from schemas.registry import EdgeRegistration
from schemas.settings import Settings
from schemas.subjects import ACTIVE_USER, EDGE_LEASE, active_user_key, alive, edge_key
from tests import stack

USERS = 200_000
DECIDED = 10_000  # Of these people, by the code that edges run; the rest is there as their claims would be.
EDGES = 40
AT_ONCE = 256
CLASS_SIZE = 30
MOVED = 300
LOST = 100  # People in class on the edge that dies.
TENANT = TenantId("bench")
FIRST, SECOND = (RoomKey(TENANT, RoomId(name)) for name in ("first", "second"))


def now_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000


class Bench:
    """A server with many people, as its edges see it."""

    def __init__(self, bus: Bus, settings: Settings, pid: int) -> None:
        self.bus = bus
        self.settings = settings
        self.pid = pid
        self.edges = [EdgeId(f"edge-{n}") for n in range(EDGES)]
        self.dead: set[EdgeId] = set()
        self.listening: dict[EdgeId, AsyncExitStack] = {}
        self.states: dict[RoomKey, RoomState] = {}
        self._count = 0

    def envelope(self, key: RoomKey, person: str, command: Command, edge: EdgeId) -> Envelope:
        """A command on its way."""
        self._count += 1
        page = ConnectionId("c" + secrets.token_hex(10))
        actor = Actor("user", person, participant_id(key, person), person, (), None, page, edge)
        return Envelope(key, command, CommandId(f"c{self._count}"), actor, now_ms() + 10_000)

    async def beat(self) -> None:
        """Renews the leases of all living edges, for ever."""
        while True:
            for edge in self.edges:
                if edge not in self.dead:
                    registration = EdgeRegistration(edge, 0, 0, now_ms())
                    body = msgspec.json.encode(registration)
                    await self.bus.bucket(EDGE_LEASE).put(edge_key(edge), body, ttl_s=EDGE_LEASE_S)
            await asyncio.sleep(EDGE_BEAT_S)

    def room_of(self, user: int) -> RoomState:
        """A class of thirty; claiming needs nothing of it but its name."""
        return initial(RoomKey(TENANT, RoomId(f"room-{user // CLASS_SIZE}")))

    # --- filling ---------------------------------------------------------------------------------
    async def fill(self) -> float:
        """Puts claims as edges leave them; per second."""
        bucket = self.bus.bucket(ACTIVE_USER)

        async def put(user: int) -> None:
            claim = Claim(
                self.room_of(user).key.room,
                self.edges[user % EDGES],
                ConnectionId("c" + secrets.token_hex(10)),
                now_ms(),
                0,
            )
            await bucket.create(
                active_user_key(TENANT, f"u{user:015}"), msgspec.json.encode(claim), ttl_s=CLAIM_S
            )

        return await rate(put, range(USERS - DECIDED))

    async def claim(self, user: int) -> None:
        """A person claims their class, as on every join."""
        edge = self.edges[user % EDGES]
        room, person = self.room_of(user), f"u{user:015}"
        asked = self.envelope(room.key, person, JoinSession(person), edge)
        taken = await OneClass(self.bus, edge, now_ms).claim(active_user_key(TENANT, person), room, asked)
        assert isinstance(taken, Taken), taken

    # --- classes ---------------------------------------------------------------------------------
    async def open_classes(self) -> None:
        """Two classes that run, each a room of its own."""
        for key in (FIRST, SECOND):
            for command in (CreateRoom("Physics"), StartSession()):
                sent = self.envelope(key, "teacher", command, self.edges[0])
                teacher = msgspec.structs.replace(sent.actor, capabilities=("teach",))
                outcome = await self.bus.commands.submit(msgspec.structs.replace(sent, actor=teacher))
                assert isinstance(outcome, Accepted), outcome
            self.states[key] = (await load(self.bus, key)).state

    async def join(self, key: RoomKey, person: str, edge: EdgeId) -> bool:
        """Whether a person may enter."""
        asked = self.envelope(key, person, JoinSession(person), edge)
        return isinstance(await OneClass(self.bus, edge, now_ms).join(self.states[key], asked), Accepted)

    async def joined(self, key: RoomKey, person: str, edge: EdgeId) -> None:
        """A person enters who may."""
        assert await self.join(key, person, edge)

    async def elsewhere(self, person: str, died_s: float) -> float:
        """Asks until a person of the dead edge is in the other class; seconds since the death."""
        while not await self.join(SECOND, person, self.edges[1]):  # noqa: ASYNC110 - as a person tries again
            await asyncio.sleep(0.25)
        return time.monotonic() - died_s

    async def lose_edge(self, dying: EdgeId, *, killed: bool) -> tuple[float, list[float]]:
        """An edge with people in class dies: when its lease is gone, when each is in another class.

        A killed process listens no more; a host that hangs still seems to.
        """
        people = [f"{dying}-{n}" for n in range(LOST)]
        await rate(lambda n: self.joined(FIRST, people[n], dying), range(LOST), at_once=16)
        async with self.bus.bucket(EDGE_LEASE).watch(edge_key(dying)) as changes:
            await self._renewed(dying)
            self.dead.add(dying)
            if killed:
                await self.listening[dying].aclose()
            died_s = time.monotonic()
            asking = [asyncio.create_task(self.elsewhere(person, died_s)) for person in people]
            async for change in changes:
                if change.entry is None:
                    break
            noticed_s = time.monotonic() - died_s
            return noticed_s, list(await asyncio.gather(*asking))

    async def listen(self, edge: EdgeId) -> None:
        """An edge process answers whether it lives; a hanging one does not get to it."""

        async def answer(_: Message) -> bytes:
            if edge in self.dead:
                await asyncio.Event().wait()
            return b""

        self.listening[edge] = AsyncExitStack()
        await self.listening[edge].enter_async_context(self.bus.core.serve(alive(edge), answer))

    async def _renewed(self, edge: EdgeId) -> None:
        """The worst moment to die: right after a beat."""
        body = msgspec.json.encode(EdgeRegistration(edge, 0, 0, now_ms()))
        await self.bus.bucket(EDGE_LEASE).put(edge_key(edge), body, ttl_s=EDGE_LEASE_S)

    async def judge(self) -> None:
        """Folds both logs together: nobody was ever in two classes."""
        stored = [each for key in (FIRST, SECOND) async for each in self.bus.log.read(key)]
        states = {key: initial(key) for key in (FIRST, SECOND)}
        for each in sorted(stored, key=lambda s: s.stream_seq):
            states[each.key] = apply(states[each.key], each.commit)
            one, other = ({p.person for p in s.participants.values()} for s in states.values())
            assert one.isdisjoint(other), one & other

    # --- memory ----------------------------------------------------------------------------------
    async def stored_bytes(self) -> int:
        """What the bucket takes on disk."""
        async with connection([self.settings.nats_url], "", "", name="look", role="look") as link:
            info = await call(link, f"STREAM.INFO.KV_{ACTIVE_USER}")
        return int(info["state"]["bytes"])

    def resident_bytes(self) -> int:
        """Memory of the server."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        line = next(row for row in status.splitlines() if row.startswith("VmRSS"))
        return int(line.split()[1]) * 1024


async def rate(
    work: Callable[[int], Awaitable[None]], items: Iterable[int], *, at_once: int = AT_ONCE
) -> float:
    """Does all, so many at a time; how many per second."""
    todo, began_s = iter(items), time.monotonic()
    count = 0

    async def worker() -> None:
        nonlocal count
        for item in todo:
            await work(item)
            count += 1

    await asyncio.gather(*(worker() for _ in range(at_once)))
    return count / (time.monotonic() - began_s)


@asynccontextmanager
async def bench(server: stack.RunningNats) -> AsyncIterator[Bench]:
    """The server with streams and buckets, one edge's bus, and the rules."""
    settings = Settings(nats_url=server.url)
    await setup.create(settings)
    async with AsyncExitStack() as open_:
        bus = await open_.enter_async_context(connect(settings, "edge"))
        rules = await open_.enter_async_context(connect(settings, "rooms"))
        made = Bench(bus, settings, server.pid)
        beating = asyncio.create_task(made.beat())
        open_.callback(beating.cancel)
        await open_.enter_async_context(rooms_service(rules, now_ms))
        for edge in made.edges:
            await made.listen(edge)
        try:
            yield made
        finally:
            for listening in made.listening.values():
                await listening.aclose()


async def measure(server: stack.RunningNats) -> None:
    """Measures and prints."""
    async with bench(server) as made:
        empty = made.resident_bytes()
        filled_per_s = await made.fill()
        first_per_s = await rate(made.claim, range(USERS - DECIDED, USERS))
        full, stored = made.resident_bytes(), await made.stored_bytes()
        again_per_s = await rate(made.claim, range(USERS - DECIDED, USERS))
        await made.open_classes()
        movers = [f"mover-{n}" for n in range(MOVED)]
        joins_per_s = await rate(
            lambda n: made.joined(FIRST, movers[n], made.edges[0]), range(MOVED), at_once=16
        )
        _, killed_s = await made.lose_edge(made.edges[-1], killed=True)
        hung_s, back_s = await made.lose_edge(made.edges[-2], killed=False)
        await made.judge()
    rows = [
        (f"{USERS - DECIDED:,} claims put", f"{filled_per_s:,.0f}/s"),
        (f"first claims, the last {DECIDED:,} of {USERS:,}", f"{first_per_s:,.0f} decisions/s"),
        ("the same class again", f"{again_per_s:,.0f} decisions/s"),
        ("joins: claim, rules, settled", f"{joins_per_s:,.0f}/s"),
        ("server memory per person", f"{(full - empty) / USERS:,.0f} B ({full / 1e6:,.0f} MB in all)"),
        ("on disk per person", f"{stored / USERS:,.0f} B ({stored / 1e6:,.0f} MB in all)"),
        (f"{LOST} people of a killed edge are in another class after", _span(killed_s)),
        (f"lease of a hanging edge, one of {EDGES}, is gone after", f"{hung_s:.2f} s"),
        (f"its {LOST} people are in another class after", _span(back_s)),
        ("anybody in two classes", "never"),
    ]
    width = max(len(name) for name, _ in rows)
    print("\n".join(f"{name:<{width}}  {value}" for name, value in rows))


def _span(times_s: list[float]) -> str:
    return f"{min(times_s):.2f} to {max(times_s):.2f} s"


def main() -> int:
    """Starts the server and measures."""
    with stack.server_directory() as directory, stack.nats(directory) as server:
        asyncio.run(measure(server))
    return 0


if __name__ == "__main__":
    sys.exit(main())
