"""F9 of the fault table: Postgres is killed in the middle of a commit, and stays away, under a live class.

On demand, about two minutes: ``python -m tests.load.postgres_away [--away 60]``. People talk all the time,
and now and then one loses the line and comes back. A projector has written rows and waits for a lock
when the server is killed; while it is away every read must be 503 with Retry-After and every command must
be answered; then it is back, and killed five times more at moments that nobody has chosen. At the end each
page's record is held against the log, and the tables against a rebuild. 1 when a promise was broken.
"""

import argparse
import asyncio
import os
import statistics
import sys
import time
from random import Random

import asyncpg
import httpx

from bus import nats
from projectors.rebuild import verify
from schemas.ids import RoomId, RoomKey
from tests import stack
from tests.e2e.checker import check
from tests.e2e.client import RoomClient
from tests.load.roles import TENANT, Roles, open_class, servers, stored_json

SEED = int(os.environ.get("CLASSWIRE_SEED", "1"))
PEOPLE = 12
CAUGHT_UP_S_MAX = 30.0  # F9's bar.
SHORT_KILLS = 5
BACK_S = 60.0


class Talk:
    """Everybody talks until told to stop; how long each command took."""

    def __init__(self, pages: list[RoomClient], chance: Random) -> None:
        self.pages = pages
        self.answered: list[tuple[float, float]] = []
        self.refused: list[str] = []
        self.stop = asyncio.Event()
        self._chance = chance

    async def talk(self, page: RoomClient) -> None:
        """One person."""
        answer = await page.command("join_session", {"display_name": page.name})
        assert answer["accepted"], answer
        n = 0
        while not self.stop.is_set():
            n += 1
            began = time.monotonic()
            answer = await page.command("post_message", {"text": f"{page.name} {n}"})
            if not answer["accepted"]:
                self.refused.append(answer["code"])
            self.answered.append((began, time.monotonic() - began))
            await asyncio.sleep(self._chance.uniform(0, 0.3))

    def since(self, began: float) -> list[float]:
        """How long the commands took that were asked since then."""
        return [took for at, took in self.answered if at >= began]


class Reads:
    """What reads say while nobody can answer them."""

    def __init__(self, page: RoomClient) -> None:
        self._page = page
        room = f"/api/v1/rooms/{page.room}"
        self._paths = (f"{room}/messages", "/api/v1/rooms", f"{room}/audit")
        self.said: dict[str, int] = {}
        self.slowest_s = 0.0

    async def look(self) -> bool:
        """Asks each once; whether all were answered well."""
        answers = [await self._ask(path) for path in self._paths]
        return all(answer.is_success for answer in answers)

    async def _ask(self, path: str) -> httpx.Response:
        began = time.monotonic()
        answer = await self._page.http.get(path)
        self.slowest_s = max(self.slowest_s, time.monotonic() - began)
        word = f"{answer.status_code}, Retry-After {answer.headers.get('retry-after')}"
        self.said[word] = self.said.get(word, 0) + 1
        return answer


async def die_in_commit(dsn: str, postgres: stack.Running) -> None:
    """SIGKILL while the projector has rows written that it cannot commit."""
    holder = await asyncpg.connect(dsn)
    await holder.execute("begin; lock table read.messages in exclusive mode")
    while not await holder.fetchval("select exists (select from pg_locks where not granted)"):  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    await asyncio.to_thread(postgres.kill)
    holder.terminate()


async def caught_up(dsn: str, last: int) -> None:
    """Waits until the tables are as far as the log was."""
    began = time.monotonic()
    while time.monotonic() - began < BACK_S:
        try:
            connection = await asyncpg.connect(dsn, timeout=5)
            try:
                if await connection.fetchval("select stream_seq from read.checkpoint") >= last:
                    break
            finally:
                await connection.close()
        except (OSError, asyncpg.PostgresError):
            pass
        await asyncio.sleep(0.05)


async def held(roles: Roles, postgres: stack.Running, away_s: float, chance: Random) -> list[str]:
    """The class, the faults, the judgement."""
    dsn = roles.settings.postgres
    await roles.start("rooms")
    await roles.start("projectors")
    pages = await open_class(roles, [await roles.start("edge")], PEOPLE)
    talk, reads, problems = Talk(pages, chance), Reads(pages[0]), []
    async with nats.connect(roles.settings, "projectors") as link, asyncio.TaskGroup() as group:
        for page in pages:
            group.create_task(talk.talk(page))
        began = time.monotonic()
        await asyncio.sleep(5)
        before = talk.since(began)
        await die_in_commit(dsn, postgres)
        problems += await without(away_s, talk, reads, chance, len(before) / 5)
        last = await link.log.last_stream_seq()
        await asyncio.to_thread(postgres.start)
        up = time.monotonic()
        while not await reads.look():  # noqa: ASYNC110 - it is in another process.
            await asyncio.sleep(0.1)
        well_s = time.monotonic() - up
        await caught_up(dsn, last)
        behind_s = time.monotonic() - up
        print(f"back: reads answered after {well_s:.1f} s, projectors caught up after {behind_s:.1f} s")
        problems += [f"caught up after {behind_s:.0f} s"] if behind_s > CAUGHT_UP_S_MAX else []
        for _ in range(SHORT_KILLS):
            await asyncio.sleep(chance.uniform(0.3, 1.5))
            await asyncio.to_thread(postgres.kill)
            await asyncio.to_thread(postgres.start)
        talk.stop.set()
    return problems + await judged(roles, talk)


async def without(away_s: float, talk: Talk, reads: Reads, chance: Random, usual: float) -> list[str]:
    """The time without Postgres."""
    began = time.monotonic()
    lines = 0
    while time.monotonic() - began < away_s:
        await reads.look()
        await chance.choice(talk.pages).cut()
        lines += 1
        await asyncio.sleep(1)
    took = talk.since(began)
    print(f"before: {usual:.0f} commands/s; without Postgres: {len(took) / away_s:.0f}/s,")
    print(f"  median {statistics.median(took) * 1000:.0f} ms, at most {max(took):.1f} s; {lines} lines lost")
    print(f"reads said: {reads.said}, the slowest after {reads.slowest_s:.1f} s")
    wrong = [word for word in reads.said if not word.startswith("503") or word.endswith("None")]
    problems = [f"a read without Postgres said {word}" for word in wrong]
    if len(took) < usual * away_s / 2:
        problems.append("the class did not go on")
    reads.said = {}
    return problems


async def judged(roles: Roles, talk: Talk) -> list[str]:
    """Nothing lost, nothing doubled: pages against the log, tables against a rebuild."""
    room = talk.pages[0].room
    key = RoomKey(TENANT, RoomId(room))
    async with nats.connect(roles.settings, "projectors") as link:
        log = await stored_json(link, key)
        last = log[-1]["seq"] + len(log[-1]["events"]) - 1
        for page in talk.pages:
            await page.until(lambda p=page: (p.position or 0) >= last)
        for page in talk.pages:
            await page.__aexit__()
        problems = check(await stored_json(link, key), [page.record for page in talk.pages])
        await caught_up(roles.settings.postgres, await link.log.last_stream_seq())
        report = await verify(link.log, roles.settings.postgres)
    if not report.is_same:
        problems.append(f"the tables are not what a rebuild makes: {report}")
    problems += [f"a command was refused: {code}" for code in sorted(set(talk.refused))]
    print(f"{len(talk.answered):,} commands answered, {len(log):,} commits, tables as after a rebuild")
    return problems


async def main(away_s: float) -> int:
    """Runs, judges, prints."""
    print(f"seed {SEED}")
    with stack.server_directory() as directory:
        async with servers(directory) as (roles, _, postgres):
            problems = await held(roles, postgres, away_s, Random(SEED))
    for problem in problems[:10]:
        print(problem)
    print("nothing lost, nothing doubled" if not problems else f"{len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--away", type=float, default=60.0, help="seconds without Postgres")
    sys.exit(asyncio.run(main(parser.parse_args().away)))
