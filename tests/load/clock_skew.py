"""F12 of the fault table: clocks that are ten minutes off, and set back by five seconds in a class.

On demand, about a minute: ``python -m tests.load.clock_skew``; needs libfaketime (Debian's ``faketime``).
NATS and Postgres have the right time. One of two edges is ten minutes late, one of two ``rooms`` processes
ten minutes early; in the middle both are set back by 5 s, and then the one with the right time is killed, so
that the other decides. People come and go on both edges and sign in on one to read from the other. By the
judge's own clock: the log is in order and each commit of its time, every token holds everywhere, and
attendance is what everybody's own watch says. 1 when a promise was broken, 2 without libfaketime.
"""

import asyncio
import os
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from random import Random

import asyncpg
import httpx

from bus import nats
from schemas.ids import ParticipantId, RoomId, RoomKey
from tests import stack
from tests.e2e.checker import Json, check
from tests.e2e.test_rooms_killed import Person, record
from tests.e2e.truth import SLACK_MS, Row, Span, attendance_problems, commits
from tests.load.roles import TENANT, Roles, open_class, servers, stored_json
from tests.simulation.truth import attendance

SEED = int(os.environ.get("CLASSWIRE_SEED", "1"))
PEOPLE = 10
OFF_S, STEP_S = 600, 5
TALK_S = 15.0
BESIDE_LIBRARIES = "*/faketime/libfaketimeMT.so.1"
PROOF = "import time; print(time.time())"


class Wrong:
    """A clock that is off by some seconds, for processes that are started with ``environ``."""

    def __init__(self, library: Path, file: Path, off_s: int) -> None:
        self._file = file
        self._off_s = off_s
        self.environ = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",  # No setting of the clock moves that.
            "FAKETIME_DONT_RESET": "1",
        }
        self.step(0)

    def step(self, by_s: int) -> None:
        """Sets it."""
        self._off_s += by_s
        self._file.write_text(f"{self._off_s:+d}\n")

    def is_off(self) -> bool:
        """Whether a process sees it as off as it should be."""
        said = subprocess.run(
            [sys.executable, "-c", PROOF],
            env={**os.environ, **self.environ},
            capture_output=True,
            text=True,
            check=True,
        )
        return abs(float(said.stdout) - time.time() - self._off_s) < STEP_S / 2


class Witness(Person):
    """Notes by the right clock between which times each command was asked and answered."""

    def __init__(self, *args: object, **named: object) -> None:
        super().__init__(*args, **named)  # type: ignore[arg-type]
        self.when: dict[str, Span] = {}

    async def ask(self, name: str, data: Json) -> tuple[Json, Span]:
        """As a person does."""
        answer, when = await super().ask(name, data)
        self.when[answer["id"]] = when
        return answer, when


async def held(roles: Roles, library: Path, chance: Random) -> list[str]:
    """The class, the wrong clocks, the judgement."""
    early = Wrong(library, roles.directory / "early", OFF_S)
    late = Wrong(library, roles.directory / "late", -OFF_S)
    assert await asyncio.to_thread(early.is_off)
    assert await asyncio.to_thread(late.is_off)
    await roles.start("projectors")
    await roles.start("rooms", name="rooms-right")
    await roles.start("rooms", name="rooms-early", **early.environ)
    right = await roles.start("edge", name="edge-right")
    wrong = await roles.start("edge", name="edge-late", **late.environ)
    pages = await open_class(roles, [right, wrong], PEOPLE)
    problems = await tokens(pages[0].http, pages[1].http, right, wrong)
    people = [Witness(page, chance, teaches=n == 0, wanders=n % 3 != 0) for n, page in enumerate(pages)]
    for person in people:
        await person.must("join_session", {"display_name": person.client.name})
    bell = asyncio.Event()
    async with asyncio.TaskGroup() as everyone:
        for person in people:
            everyone.create_task(person.take_part(bell))
        await asyncio.sleep(TALK_S)
        for clock in (early, late):
            clock.step(-STEP_S)
        await asyncio.sleep(TALK_S)
        roles.kill("rooms-right")
        await asyncio.sleep(TALK_S)
        bell.set()
    problems += await tokens(pages[0].http, pages[1].http, right, wrong)
    over = await people[0].must("end_session", {})
    for person in people:
        person.watch.left(over)
    return problems + await judged(roles, people)


async def tokens(one: httpx.AsyncClient, other: httpx.AsyncClient, right: str, wrong: str) -> list[str]:
    """Who signed in on either edge is known on both."""
    problems = []
    for who, http in (("right", one), ("wrong", other)):
        for where, url in (("right", right), ("wrong", wrong)):
            answer = await http.get(f"{url}/api/v1/rooms")
            if not answer.is_success:
                problems.append(f"signed in by the {who} clock, the {where} one says {answer.status_code}")
    return problems


async def judged(roles: Roles, people: list[Witness]) -> list[str]:
    """Order, times, attendance."""
    key = RoomKey(TENANT, RoomId(people[0].client.room))
    async with nats.connect(roles.settings, "projectors") as link:
        log = await stored_json(link, key)
        last = log[-1]["seq"] + len(log[-1]["events"]) - 1
        for person in people:
            await person.client.until(lambda p=person: (p.client.position or 0) >= last)
            await person.client.__aexit__()
        stream_seq = await link.log.last_stream_seq()
    problems = check(log, [record(person.client) for person in people])
    problems += [
        f"{later['at']} after {earlier['at']}"
        for earlier, later in pairwise(log)
        if later["at"] < earlier["at"]
    ]
    when = {cause: span for person in people for cause, span in person.when.items()}
    timed = [(commit["at"], when[commit["cause"]]) for commit in log if commit["cause"] in when]
    problems += [
        f"written at {at}, asked and answered in {span}"
        for at, span in timed
        if not span.not_before - SLACK_MS <= at <= span.not_after + SLACK_MS
    ]
    print(f"{len(log)} commits in order, {len(timed)} of them at the time when they were asked for")
    return problems + await judged_attendance(roles.settings.postgres, key, log, people, stream_seq)


async def judged_attendance(
    dsn: str, key: RoomKey, log: list[Json], people: list[Witness], stream_seq: int
) -> list[str]:
    """Everybody's watch, the log, the rows."""
    tables = await asyncpg.connect(dsn)
    try:
        while await tables.fetchval("select stream_seq from read.checkpoint") < stream_seq:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        rows = await tables.fetch(
            "select * from read.attendance where room = $1 order by joined_at", key.room
        )
    finally:
        await tables.close()
    truth, problems = attendance(commits(log)), []
    for person in people:
        who = ParticipantId(person.client.record.participant)
        own = [
            Row(row["connected_ms"], row["connected_from"], row["connected_to"])
            for row in rows
            if row["participant"] == who
        ]
        problems += attendance_problems(person.client.name, person.watch, truth.get(who, []), own)
    print(f"{len(rows)} participations as everybody's own watch has them")
    return problems


def find_library() -> Path | None:
    """Where libfaketime is, if it is installed."""
    return next((path for path in Path("/usr/lib").glob(BESIDE_LIBRARIES)), None)


async def main() -> int:
    """Runs, judges, prints."""
    library = await asyncio.to_thread(find_library)
    if library is None:
        print("libfaketime is missing: apt-get install faketime")
        return 2
    print(f"seed {SEED}")
    with stack.server_directory() as directory:
        async with servers(directory) as (roles, _, _):
            problems = await held(roles, library, Random(SEED))
    for problem in problems[:10]:
        print(problem)
    print("wrong clocks changed nothing" if not problems else f"{len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
