"""Our processes by themselves, on servers that a script kills and brings back, each with an environment of
its own: what ``classwire up`` does without its supervisor, which would mend what is meant to be broken."""

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import msgspec

from bus.interface import Bus
from deploy import provision
from deploy.child import Child, spawn
from deploy.local import environment
from deploy.roles import Role
from deploy.services import S3, Postgres, free_ports
from edge import identity
from schemas.envelope import encode_commit
from schemas.ids import RoomKey, TenantId
from schemas.settings import Settings
from tests import stack
from tests.e2e.checker import Json
from tests.e2e.client import RoomClient, sign_in_by_link

TENANT = TenantId("school")
READY_S = 60.0
_PAGE = "<!doctype html><title>Classwire</title>"


class Roles:
    """Processes of ours by name."""

    def __init__(self, directory: Path, settings: Settings) -> None:
        self.settings = settings
        self.directory = directory
        self._children: dict[str, Child] = {}
        (directory / "web" / "assets").mkdir(parents=True)
        (directory / "web" / "index.html").write_text(_PAGE)

    async def start(self, role: str, *, name: str = "", **environ: str) -> str:
        """Starts a process and waits until it is ready; an edge's address, or nothing. ``environ`` is
        added to its environment."""
        called = name or role
        health, http = free_ports(2)
        ready = http if role == "edge" else health
        url = f"http://localhost:{http}"
        own = msgspec.structs.replace(
            self.settings, process=called, health_port=health, listen=f"127.0.0.1:{http}", public_url=url
        )
        command = Role(role, {**environment(own), **environ}, health).command()
        self._children[called] = spawn(command, self.directory / f"{called}.log")
        try:
            await until(f"{called} is ready", lambda: answers(f"http://127.0.0.1:{ready}/readyz"))
        except AssertionError:
            print(self._children[called].tail())
            raise
        return url if role == "edge" else ""

    def kill(self, name: str) -> None:
        """SIGKILL."""
        self._children.pop(name).stop_now(number=signal.SIGKILL)

    async def stop(self) -> None:
        """Stops all of them, those who ask before those who answer."""
        for child in reversed(self._children.values()):
            await child.stop()


@asynccontextmanager
async def servers(directory: Path) -> AsyncIterator[tuple[Roles, stack.RunningNats, stack.Running]]:
    """NATS, Postgres and S3 with all that the roles need on them, and none of the roles yet."""
    with stack.nats(directory) as nats, stack.postgres(directory) as postgres, stack.s3(directory) as s3:
        assert isinstance(postgres.service, Postgres)
        assert isinstance(s3.service, S3)
        postgres.service.create_database("school")
        settings = Settings(
            nats_url=nats.url,
            postgres=postgres.service.dsn("school"),
            s3_endpoint=s3.service.endpoint,
            s3_access_key=s3.service.access_key,
            s3_secret_key=s3.service.secret_key,
            secret_file=str(directory / "keys.json"),
            web_dir=str(directory / "web"),
            work_dir=str(directory),
            log_level="warning",
        )
        await provision.everything(settings)
        roles = Roles(directory, settings)
        try:
            yield roles, nats, postgres
        finally:
            await roles.stop()


async def open_class(roles: Roles, urls: list[str], people: int) -> list[RoomClient]:
    """The pages of a teacher and of students, each on the next of the edges, before a class that has
    begun."""
    pages: list[RoomClient] = []
    async with identity.open_pool(roles.settings.postgres, connections_max=2) as pool:
        await identity.ensure_tenant(pool, TENANT, "School")
        for n in range(people):
            name = f"Student {n}" if n else "Tess"
            person = await identity.ensure_user(
                pool,
                TENANT,
                email=f"person{n}@school.test",
                display_name=name,
                capabilities=("learn",) if n else ("teach",),
            )
            url = urls[n % len(urls)]
            token = await identity.create_sign_in_link(pool, person.id)
            http = await sign_in_by_link(url, f"{url}/signin#token={token}")
            if not n:
                made = await http.post("/api/v1/rooms", json={"title": "Physics"})
                made.raise_for_status()
                room = made.json()["room"]
                (await http.post(f"/api/v1/rooms/{room}/sessions/start", json={})).raise_for_status()
            pages.append(RoomClient(http, url, room, name))
    for page in pages:
        await page.__aenter__()
    return pages


async def stored_json(link: Bus, key: RoomKey) -> list[Json]:
    """A room's log, as the judge reads it."""
    return [json.loads(encode_commit(stored.commit)) async for stored in link.log.read(key)]


def answers(url: str) -> bool:
    """Whether it answers well."""
    try:
        return httpx.get(url).is_success
    except httpx.HTTPError:
        return False


async def until(what: str, holds: Callable[[], object], timeout_s: float = READY_S) -> float:
    """Waits until something is so, by asking in a thread; how long it took in seconds."""
    began = time.monotonic()
    while not await asyncio.to_thread(holds):
        if time.monotonic() - began > timeout_s:
            raise AssertionError(f"waited {timeout_s:.0f} s in vain for: {what}")
        await asyncio.sleep(0.05)
    return time.monotonic() - began
