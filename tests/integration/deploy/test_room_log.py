"""The log of a room on real servers: put away, read again, exported and played into another room.

It takes about half a minute: NATS, Postgres and S3 are started, and an import is killed and goes on.
"""

import asyncio
import gzip
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest

import bus.setup
from artifacts.archiver import archive_rooms
from bus import nats as bus_nats
from bus.background import background
from bus.interface import Bus
from bus.logfile import check
from bus.users import USERS, server_config
from deploy.local import environment
from deploy.room import export_room, import_room
from projectors.database import TABLES, connect, migrate
from projectors.rebuild import verify
from projectors.runner import Runner
from rooms.follower import follow_room, load, save
from rooms.room import apply, initial
from rooms.service.run import rooms_service
from rooms.snapshot import Position
from rooms.state import RoomState
from schemas.commands import Command
from schemas.commands.chat import PostMessage
from schemas.commands.lifecycle import CreateRoom, EndSession, StartSession
from schemas.commands.redaction import Redact
from schemas.commands.roster import JoinSession
from schemas.envelope import Accepted, Actor, Envelope
from schemas.ids import CommandId, RoomId, RoomKey, TenantId
from schemas.registry import EdgeRegistration, NodeRegistration
from schemas.settings import Settings
from schemas.subjects import EDGE_LEASE, SFU_NODE
from tests import stack
from tests.integration.projectors.conftest import position, running, until
from tests.unit.rooms.classroom import EDGE, KEY, NODE, SAM, TESS, Class
from tests.unit.rooms.test_snapshot import random_text

COPY = RoomKey(TenantId("demo"), RoomId("copy"))
LATER_S = 1_000.0


class School:
    """A class on a real log, decided by a real rooms service."""

    def __init__(self, settings: Settings, bus: Bus) -> None:
        self.settings = settings
        self.bus = bus
        self._asked = 0

    async def ask(self, actor: Actor, command: Command) -> None:
        self._asked += 1
        deadline = int((time.time() + 10) * 1000)
        asking = Envelope(KEY, command, CommandId(f"t{self._asked}"), actor, deadline)
        outcome = await self.bus.commands.submit(asking)
        assert isinstance(outcome, Accepted), f"{command}: {outcome}"

    async def a_lesson(self) -> None:
        now = int(time.time() * 1000)
        await self.bus.bucket(EDGE_LEASE).put(EDGE, msgspec.json.encode(EdgeRegistration(EDGE, 0, now, now)))
        node = NodeRegistration(NODE, ("127.0.0.1",), 1, 0.0, 0, False, 0, 0)
        await self.bus.bucket(SFU_NODE).put(NODE, msgspec.json.encode(node))
        await self.ask(TESS, CreateRoom("Algebra", "speaker"))
        await self.ask(TESS, StartSession())
        await self.ask(TESS, JoinSession("Tess"))
        await self.ask(SAM, JoinSession("Sam"))
        for n in range(30):
            await self.ask(SAM, PostMessage(f"Message {n}"))
        messages = (await load(self.bus, KEY)).state.messages
        await self.ask(TESS, Redact("message", message=messages[3].id))
        await self.ask(TESS, EndSession())

    async def projected(self) -> None:
        last = await self.bus.log.last_stream_seq()

        async def there() -> bool:
            return await position(self.settings.postgres) == last

        async with running(Runner(self.bus.log, self.settings.postgres)):
            await until(there)

    async def rows(self, key: RoomKey) -> dict[str, list[str]]:
        """Everything that the tables have of a room, without its address."""
        async with connect(self.settings.postgres) as connection:
            found = {}
            for table in TABLES:
                query = (
                    f"select to_jsonb(t) - 'tenant' - 'room' from {table} t where tenant = $1 and room = $2"
                )
                found[table] = sorted(row[0] for row in await connection.fetch(query, key.tenant, key.room))
            return found

    async def fold(self, key: RoomKey) -> RoomState:
        """The room from its first commit."""
        state = initial(key)
        async for stored in self.bus.log.read(key):
            state = apply(state, stored.commit)
        return state


@pytest.fixture
async def school(settings: Settings) -> AsyncIterator[School]:
    await bus.setup.create(settings)
    await migrate(settings.postgres)
    async with bus_nats.connect(settings, "rooms") as opened:
        yield School(settings, opened)


async def test_a_log_is_put_away_and_played_again(school: School, tmp_path: Path) -> None:
    async with AsyncExitStack() as running_rooms:
        rooms = await running_rooms.enter_async_context(bus_nats.connect(school.settings, "rooms"))
        await running_rooms.enter_async_context(rooms_service(rooms))
        await school.a_lesson()
    await save(school.bus, await load(school.bus, KEY))
    before = await school.fold(KEY)
    await school.projected()
    rows = await school.rows(KEY)
    await export_room(school.settings, KEY, tmp_path / "before")

    async with bus_nats.connect(school.settings, "artifacts") as worker:
        last = (await load(worker, KEY)).stream_seq

        async def is_purged() -> bool:
            left = [stored.stream_seq async for stored in worker.log.read(KEY, after_stream_seq=1)]
            return left == [last]

        async with background(archive_rooms(worker, 500, tmp_path, lambda: time.time() + LATER_S)):
            await until(is_purged)
    assert await school.fold(KEY) == before
    assert (await load(school.bus, KEY)).state == before
    async with follow_room(school.bus, KEY) as follower:
        assert follower.state == before
    assert (await verify(school.bus.log, school.settings.postgres)).is_same

    await export_room(school.settings, KEY, tmp_path / "after")
    assert b"Message 3" in await unpacked(tmp_path / "before")
    assert b'Message 3"' not in await unpacked(tmp_path / "after")
    assert b"Message 4" in await unpacked(tmp_path / "after")
    await import_room(school.settings, tmp_path / "after", COPY)
    assert msgspec.structs.replace(await school.fold(COPY), key=KEY) == before
    await school.projected()
    assert await school.rows(COPY) == rows
    assert (await verify(school.bus.log, school.settings.postgres)).is_same


async def test_each_role_may_do_its_part(bucket: stack.Bucket, tmp_path: Path) -> None:
    """On a server with users: ``rooms`` keeps a large snapshot, ``artifacts`` moves the log, others read."""
    passwords = {user: f"p-{user}" for user in USERS}
    with (
        stack.server_directory() as directory,
        stack.nats(directory, authorization=server_config(passwords)) as server,
    ):
        shared = Settings(
            nats_url=server.url,
            s3_endpoint=bucket.endpoint,
            s3_access_key=bucket.access_key,
            s3_secret_key=bucket.secret_key,
            s3_bucket=bucket.name,
        )

        def of(role: str) -> Settings:
            archiver = "archiver" if role == "artifacts" else ""
            return msgspec.structs.replace(
                shared,
                nats_user=role,
                nats_password=passwords[role],
                nats_archiver_user=archiver,
                nats_archiver_password=passwords.get(archiver, ""),
            )

        await bus.setup.create(of("setup"))
        room = Class().live(TESS, SAM)
        title = "".join(random_text(f"{i}", 4_000) for i in range(200))
        async with bus_nats.connect(of("rooms"), "rooms") as rooms:
            last = 0
            for commit in room.log:
                last = await rooms.log.append(KEY, commit, topic="roster", expected_stream_seq=last)
            state = msgspec.structs.replace(room.state, title=title)
            await save(rooms, Position(state, last))
            assert [name.split("/")[0] for name in await rooms.archive.names("")] == ["snapshot"]
            async with bus_nats.connect(of("artifacts"), "artifacts") as worker:

                async def is_purged() -> bool:
                    left = rooms.log.read(KEY, after_stream_seq=1)
                    return [stored.stream_seq async for stored in left] == [last]

                async with background(archive_rooms(worker, 1, tmp_path)):
                    await until(is_purged)
        for role in ("edge", "sfu", "projectors", "artifacts", "rooms"):
            async with bus_nats.connect(of(role), role) as reader:
                assert (await load(reader, KEY)).state == state
                assert len([stored async for stored in reader.log.read(KEY)]) == len(room.log)


async def unpacked(path: Path) -> bytes:
    return await asyncio.to_thread(lambda: gzip.decompress(path.read_bytes()))


async def test_an_import_that_is_killed_goes_on(school: School, tmp_path: Path) -> None:
    room = Class().live(TESS, SAM)
    for n in range(2_500):
        room.now += 3_000
        room.facts(SAM, PostMessage(f"Message {n}"))
    last = 0
    for commit in room.log:
        last = await school.bus.log.append(KEY, commit, topic="chat", expected_stream_seq=last)
    file = tmp_path / "room"
    await run(school.settings, "export", str(KEY), str(file))
    assert (await asyncio.to_thread(check, file)).commits == len(room.log)
    assert await run(school.settings, "import", str(file), str(COPY), kill_at="1000 of") < 0
    assert 1_000 <= (await school.fold(COPY)).seq < room.state.seq
    assert await run(school.settings, "import", str(file), str(COPY)) == 0
    assert msgspec.structs.replace(await school.fold(COPY), key=KEY) == room.state
    assert await run(school.settings, "import", str(file), "demo/algebra") == 0
    await school.bus.log.append(
        RoomKey(TenantId("demo"), RoomId("used")), room.log[0], topic="lifecycle", expected_stream_seq=0
    )
    said: list[str] = []
    (tmp_path / "other").write_bytes(b"")
    assert await run(school.settings, "import", str(tmp_path / "other"), "demo/used", heard=said.append) == 1
    assert len(said) == 1, said


async def run(
    settings: Settings,
    *words: str,
    kill_at: str | None = None,
    heard: Callable[[str], None] = lambda _: None,
) -> int:
    """``classwire room …`` as a process of its own; its status. It is killed when it says ``kill_at``."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "deploy.cli",
        "room",
        *words,
        env={"PATH": "/usr/bin:/bin", **environment(settings)},
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    async for line in process.stderr:
        heard(line.decode())
        if kill_at is not None and kill_at in line.decode():
            process.kill()
    return await process.wait()
