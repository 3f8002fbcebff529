"""Postgres is killed in the middle of a commit and stays away for a while (reliability F9)."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg

from deploy.services import Postgres
from projectors.rebuild import verify
from tests import stack
from tests.integration.edge.conftest import open_school, without_store
from tests.integration.edge.page import Browser

MESSAGES = 5


async def answers(browser: Browser, path: str) -> tuple[int, str | None]:
    """Status and Retry-After."""
    answer = await browser.get(path)
    return answer.status_code, answer.headers.get("retry-after")


async def told(browser: Browser, room: str) -> list[str]:
    """The messages that the read model has, oldest first; none while it cannot be asked."""
    answer = await browser.get(f"/rooms/{room}/messages")
    return [m["text"] for m in answer.json()["messages"]] if answer.is_success else []


async def eventually(holds: Callable[[], Awaitable[object]]) -> None:
    """Waits until something in another process holds."""
    async with asyncio.timeout(30):
        while not await holds():  # noqa: ASYNC110  # It is in another process.
            await asyncio.sleep(0.02)


async def test_class_goes_on_reads_say_when_to_come_back_and_nothing_is_lost(tmp_path: Path) -> None:
    with stack.server_directory() as directory, stack.postgres(directory) as server:
        assert isinstance(server.service, Postgres)
        server.service.create_database("school")
        dsn = server.service.dsn("school")
        async with open_school(without_store(dsn, tmp_path)) as school:
            teacher = await school.browser(school.teacher)
            room = await school.room(teacher)
            paths = (f"/rooms/{room}/messages", "/rooms", f"/rooms/{room}/audit")
            texts = [f"{n}" for n in range(3 * MESSAGES)]

            async def has(wanted: list[str]) -> bool:
                return sorted(await told(teacher, room)) == sorted(wanted)

            async with teacher.page(room) as tess:
                await tess.accepted("join_session", display_name="Tess")
                for text in texts[:MESSAGES]:
                    await tess.accepted("post_message", text=text)
                await eventually(lambda: has(texts[:MESSAGES]))

                # The projector has written rows of the next batch and cannot commit when the server dies.
                holder = await asyncpg.connect(dsn)
                await holder.execute("begin; lock table read.messages in exclusive mode")
                for text in texts[MESSAGES : 2 * MESSAGES]:
                    await tess.accepted("post_message", text=text)
                waiting = "select exists (select from pg_locks where not granted)"
                await eventually(lambda: holder.fetchval(waiting))
                await asyncio.to_thread(server.kill)
                holder.terminate()

                for text in texts[2 * MESSAGES :]:
                    await tess.accepted("post_message", text=text)
                for path in paths:
                    assert await answers(teacher, path) == (503, "2"), path

                await asyncio.to_thread(server.start)
                await eventually(lambda: has(texts))
                for path in paths:
                    assert await answers(teacher, path) == (200, None), path
            report = await verify(school.bus.log, dsn)
            assert report.is_same, report
