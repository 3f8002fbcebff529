"""A school with an edge on a real port, a real Postgres, the real rules, and the log in memory."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bus.interface import Bus, Message
from bus.memory import MemoryHub, memory_bus
from edge import identity
from edge.clock import now_ms
from edge.identity import Person
from edge.parts import Parts
from edge.process import edge_process
from edge.server import SocketProtocol, listen
from projectors.database import migrate as migrate_read_models
from projectors.runner import Runner
from rooms.service.run import rooms_service
from schemas.ids import RoomId, RoomKey, TenantId
from schemas.settings import Settings
from tests.integration.edge.page import Browser

DEMO = TenantId("demo")
OTHER = TenantId("other")


class Edge:
    """One running edge process."""

    def __init__(self, parts: Parts, url: str) -> None:
        self.parts = parts
        self.url = url


class School:
    """Two tenants, their people, and as many edges as a test wants."""

    def __init__(self, memory: MemoryHub, settings: Settings, bus: Bus) -> None:
        self.memory = memory
        self.settings = settings
        self.bus = bus
        self.now = 0
        self.audited: list[tuple[str, dict[str, Any]]] = []
        self._browsers: list[Browser] = []
        self.edge: Edge
        self.teacher: Person
        self.student: Person
        self.stranger: Person

    def clock(self) -> int:
        """The time as the edges see it; a test may move it."""
        return now_ms() + self.now

    async def populate(self) -> None:
        """Makes tenants and users."""
        async with identity.open_pool(self.settings.postgres) as pool:
            for tenant in (DEMO, OTHER):
                await identity.ensure_tenant(pool, tenant, tenant.title())
            self.teacher = await identity.ensure_user(
                pool,
                DEMO,
                email="teacher@demo.test",
                display_name="Tess Teacher",
                capabilities=("teach", "administer"),
                password="correct horse battery",
            )
            self.student = await identity.ensure_user(
                pool,
                DEMO,
                email="student@demo.test",
                display_name="Sam Student",
                capabilities=("learn",),
                password="staple staple staple",
            )
            self.stranger = await identity.ensure_user(
                pool,
                OTHER,
                email="teacher@other.test",
                display_name="Olga Other",
                capabilities=("teach", "administer"),
            )

    @asynccontextmanager
    async def open_edge(
        self, process: str, protocol: type[asyncio.Protocol] = SocketProtocol
    ) -> AsyncIterator[Edge]:
        """Another edge process, on a free port."""
        listener = listen("127.0.0.1:0")
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        settings = msgspec.structs.replace(self.settings, public_url=url)
        async with (
            self.memory.open(process) as bus,
            edge_process(settings, bus, listener, clock=self.clock, protocol=protocol) as parts,
        ):
            await until(lambda: parts.hub.unready() is None)
            yield Edge(parts, url)

    async def browser(self, person: Person, edge: Edge | None = None) -> Browser:
        """A browser in which this person is signed in."""
        edge = edge or self.edge
        browser = self.fresh_browser(edge)
        token = await identity.create_sign_in_link(edge.parts.pool, person.id)
        await browser.sign_in(token)
        return browser

    def fresh_browser(self, edge: Edge | None = None) -> Browser:
        """A browser in which nobody is signed in."""
        browser = Browser((edge or self.edge).url)
        self._browsers.append(browser)
        return browser

    async def hear_audit(self, message: Message) -> None:
        """Keeps what is written to AUDIT."""
        self.audited.append((message.subject, json.loads(message.data)))

    async def types(self, room: str) -> list[str]:
        """The types of all events of a room, from the log."""
        key = RoomKey(DEMO, RoomId(room))
        return [e.type async for s in self.bus.log.read(key) for e in s.commit.events]

    async def close(self) -> None:
        """Closes all browsers."""
        for browser in self._browsers:
            await browser.http.aclose()

    async def room(self, teacher: Browser, *, live: bool = True, **fields: Any) -> str:
        """A room, with a class running in it."""
        made = await teacher.post("/rooms", {"title": "Physics", **fields})
        assert made.status_code == 201, made.text
        room: str = made.json()["room"]
        if live:
            started = await teacher.post(f"/rooms/{room}/sessions/start", {})
            assert started.status_code == 200, started.text
        return room


async def until(holds: Callable[[], Any], time_s: float = 30.0) -> None:
    """Waits until something holds."""
    async with asyncio.timeout(time_s):
        while not holds():  # noqa: ASYNC110 - a condition of somebody else's, with a deadline
            await asyncio.sleep(0.01)


@pytest.fixture
def edge_settings(database: str, tmp_path: Path) -> Settings:
    """Settings of an edge without object store."""
    return without_store(database, tmp_path)


def without_store(database: str, tmp_path: Path) -> Settings:
    """Settings of an edge on this database."""
    web = tmp_path / "web"
    (web / "assets").mkdir(parents=True)
    (web / "index.html").write_text("<!doctype html><title>Classwire</title>")
    (web / "assets" / "index-Bx3kZp9Q.js").write_text("export {};")
    return Settings(
        postgres=database,
        secret_file=str(tmp_path / "secrets" / "keys.json"),
        web_dir=str(web),
        s3_endpoint="http://127.0.0.1:1",
        s3_access_key="none",
        s3_secret_key="none",
        mail_dir=str(tmp_path / "mail"),
        oidc_networks="127.0.0.0/8,::1/128",
        api_per_minute=1_000_000,  # Tests ask again and again until something is so.
    )


@pytest.fixture
async def school(edge_settings: Settings) -> AsyncIterator[School]:
    """A school with one edge, the rules, and the read models."""
    async with open_school(edge_settings) as school:
        yield school


@asynccontextmanager
async def open_school(settings: Settings) -> AsyncIterator[School]:
    """The same, on these servers."""
    await identity.migrate(settings.postgres)
    await migrate_read_models(settings.postgres)
    memory = memory_bus()
    async with AsyncExitStack() as stack:
        bus = await stack.enter_async_context(memory.open("tests"))
        await stack.enter_async_context(rooms_service(await stack.enter_async_context(memory.open("rooms"))))
        school = School(memory, settings, bus)
        await stack.enter_async_context(bus.core.subscribe("audit.>", school.hear_audit))
        stack.push_async_callback(school.close)
        await school.populate()
        school.edge = await stack.enter_async_context(school.open_edge("edge-1"))
        await stack.enter_async_context(projecting(memory, settings.postgres))
        yield school


@asynccontextmanager
async def projecting(memory: MemoryHub, dsn: str) -> AsyncIterator[None]:
    """The read models follow the log while the context is open."""
    async with memory.open("projectors") as bus:
        task = asyncio.create_task(Runner(bus.log, dsn).run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})
