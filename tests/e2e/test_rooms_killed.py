"""The class of ``tests/simulation`` at a tenth of its size on the real stack, while ``rooms`` is killed.

Two ``rooms`` processes share the partitions. Twenty times one that decides for this room is killed at a
random moment and started again. The judge (``checker``) reads the log and what each page saw after every
round: nothing acknowledged is lost or doubled, and each page saw the log in order, each event once. Two
people have pages in this class and in another, and try to be in both; a second school has a class of its
own beside it. After the last round everybody's own watch, and what each school saw, is held against the
log and the tables (``truth``).

It takes a minute or two: twenty takeovers, each under talk, and a whole stack before them.
"""

import asyncio
import contextlib
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import asyncpg
import httpx
import pytest

from deploy.cli import running_settings
from edge import identity
from schemas.ids import ParticipantId, RoomId, RoomKey, TenantId
from schemas.subjects import partition_lease, partition_of
from tests.e2e.checker import ClientRecord, Json, check
from tests.e2e.client import RoomClient, sign_in_as_guest, sign_in_by_link
from tests.e2e.log import LogReader, log_reader
from tests.e2e.running import ROOT, Running, free_port, running, wait_for
from tests.e2e.test_faults import assert_read_models_equal_a_rebuild
from tests.e2e.truth import Row, Span, Watch, attendance_problems, commits, ids_in, strangers_in
from tests.simulation.truth import attendance, classes_at_once

PEOPLE = 20
BESIDE = 3  # In the other school's class.
HOME, AWAY = TenantId("demo"), TenantId("elsewhere")
ROUNDS = 20
PAUSE_S = 0.5
PAUSE_BESIDE_S = 1.0
BETWEEN_KILLS_S = (
    8.0  # Of the stack's own process: five within 30 s, and its supervisor calls it a crash loop.
)
SEED = int(os.environ.get("CLASSWIRE_SEED") or random.SystemRandom().randrange(1 << 32))
CUT = 0.02  # How often, before a wish, somebody's line is cut without a goodbye.
CERTAIN = {"post_message", "ask_question", "react", "ask_poll", "create_board", "start_timer"}
ITEM = {"kind": "single", "question": "2 + 2?", "options": ["3", "4"]}


class Partner:
    """A second ``rooms`` process beside the one that the stack keeps. Each start has a name of its own."""

    def __init__(self, classwire: Running) -> None:
        self._environ = {**os.environ, **classwire.stack["environment"]["rooms"]}
        self._log = classwire.var / "log" / "rooms-2.log"
        self._port = free_port()
        self._starts = 0
        self.start()

    @property
    def name(self) -> str:
        """What it is called on the bus."""
        return f"rooms-partner-{self._starts}"

    def start(self) -> None:
        """A fresh process."""
        self._starts += 1
        named = {"CLASSWIRE_PROCESS": self.name, "CLASSWIRE_HEALTH_PORT": str(self._port)}
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "rooms"], cwd=ROOT, env={**self._environ, **named}, stderr=out
            )

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._process.wait()

    def is_ready(self) -> bool:
        """Whether it could take over."""
        try:
            return httpx.get(f"http://127.0.0.1:{self._port}/readyz").is_success
        except httpx.HTTPError:
            return False


@contextlib.contextmanager
def partner(classwire: Running) -> Iterator[Partner]:
    """A second process, for as long as the class runs."""
    second = Partner(classwire)
    try:
        yield second
    finally:
        second.kill()


def now_ms() -> int:
    """Unix milliseconds, by the clock that all processes on this machine share."""
    return time.time_ns() // 1_000_000


class Person:
    """Somebody who takes part, one wish after another, each repeated until its answer is known.

    All lose their line now and then. Who ``wanders`` leaves the class and comes back.
    """

    def __init__(
        self, client: RoomClient, chance: random.Random, *, teaches: bool = False, wanders: bool = False
    ) -> None:
        self.client = client
        self.answered: list[float] = []
        self.watch = Watch()
        self.pause_s = PAUSE_S
        self._chance = chance
        self._teaches = teaches
        self._wanders = wanders

    async def take_part(self, stop: asyncio.Event) -> None:
        """Until the bell."""
        while not stop.is_set():
            if self._chance.random() < CUT:
                self.watch.cut(now_ms())
                await self.client.cut()
            await self._ask(*self._wish())
            await asyncio.sleep(self._chance.uniform(0, self.pause_s))

    async def enter(self) -> None:
        """The page opens and its person joins."""
        await self.client.__aenter__()
        await self.must("join_session", {"display_name": self.client.name})

    async def must(self, name: str, data: Json) -> Span:
        """Asks for what is granted; when that was."""
        answer, when = await self.ask(name, data)
        assert answer["accepted"], answer
        return when

    async def ask(self, name: str, data: Json) -> tuple[Json, Span]:
        """The answer, and between which times it was given."""
        asked = now_ms()
        answer = await self.client.command(name, data)
        when = Span(asked, now_ms())
        self.watch.answered(name, when, accepted=answer["accepted"])
        return answer, when

    async def _ask(self, name: str, data: Json) -> None:
        await self.ask(name, data)
        self.answered.append(time.monotonic())

    def _wish(self) -> tuple[str, Json]:
        wishes: list[tuple[str, Json]] = [
            ("post_message", {"text": f"{self.client.name} {len(self.answered)}"}),
            ("post_message", {"text": f"{self.client.name} {len(self.answered)} again"}),
            ("raise_hand", {}),
            ("lower_hand", {}),
            ("ask_question", {"text": "Why?"}),
            ("send_pulse", {"value": self._chance.choice(["lost", "fine"])}),
            ("react", {"reaction": "clap"}),
            ("write_notes", {"generation": 0, "paragraphs": [self._paragraph()]}),
            ("join_session", {"display_name": self.client.name}),
        ]
        if self._wanders:
            wishes += [("leave_session", {}), *[("join_session", {"display_name": self.client.name})] * 4]
        if self._teaches:
            wishes += [
                ("ask_poll", {"items": [ITEM]}),
                ("create_board", {"title": "Sketches"}),
                ("start_timer", {"seconds": 30}),
                ("next_hand", {"seconds": 5}),
                ("lower_all_hands", {}),
                ("plan_by_number", {"groups": 2}),
                ("open_breakouts", {}),
                ("close_breakouts", {"seconds": 0}),
            ]
        return self._chance.choice(wishes)

    def _paragraph(self) -> Json:
        name = self._chance.choice("abc")
        return {
            "id": name,
            "version": len(self.answered),
            "nonce": 1,
            "order": name,
            "text": self.client.name,
        }


class Torn:
    """Somebody with a page in each of two classes, who wants to be now in the one, now in the other, and
    mostly is still in one when joining the other."""

    def __init__(self, pages: tuple[RoomClient, RoomClient], chance: random.Random) -> None:
        self.pages = pages
        self._chance = chance

    async def take_part(self, stop: asyncio.Event) -> None:
        """Until the bell."""
        while not stop.is_set():
            page = self._chance.choice(self.pages)
            if self._chance.random() < CUT:
                await page.cut()
            name = self._chance.choice(["join_session", "join_session", "leave_session"])
            data = {"display_name": page.name} if name == "join_session" else {}
            await page.command(name, data)
            await asyncio.sleep(self._chance.uniform(0, PAUSE_BESIDE_S))


@dataclass
class Schools:
    """Two schools on one stack: the class that is killed under, the one beside it in the same school with
    those who are torn between both, and the other school's class."""

    people: list[Person]
    other: Person
    torn: list[Torn]
    beside: list[Person]

    @property
    def everybody(self) -> list[Person | Torn]:
        """All who do something."""
        return [*self.people, *self.torn, *self.beside]

    @property
    def pages(self) -> dict[str, list[RoomClient]]:
        """All open pages by room."""
        first, second = ([torn.pages[n] for torn in self.torn] for n in (0, 1))
        pages = {
            self.people[0].client.room: [*(p.client for p in self.people), *first],
            self.other.client.room: [self.other.client, *second],
            self.beside[0].client.room: [p.client for p in self.beside],
        }
        assert len(pages) == len((self.people, self.torn, self.beside))
        return pages

    async def end(self) -> None:
        """Every class is ended by its teacher; everybody's watch says so."""
        for teacher, there in (
            (self.people[0], self.people),
            (self.other, []),
            (self.beside[0], self.beside),
        ):
            over = await teacher.must("end_session", {})
            for person in there:
                person.watch.left(over)

    async def close(self) -> None:
        """Closes all pages."""
        for pages in self.pages.values():
            for page in pages:
                await page.__aexit__()


async def open_schools(classwire: Running, chance: random.Random) -> Schools:
    """All classes, everybody in burst after burst."""
    people = await open_class(classwire, classwire.teacher_link, "Tess", "Guest", PEOPLE, chance)
    links = await sign_in_links(classwire)
    beside = await open_class(classwire, links["olga"], "Olga", "Stranger", BESIDE, chance)
    for person in beside:
        person.pause_s = PAUSE_BESIDE_S
    other = (await open_class(classwire, links["tina"], "Tina", "Nobody", 1, chance))[0]
    torn = []
    for name in ("una", "vera"):
        pages = []
        for link, room in (
            (links[f"{name} 1"], people[0].client.room),
            (links[f"{name} 2"], other.client.room),
        ):
            pages.append(RoomClient(await sign_in_by_link(classwire.url, link), classwire.url, room, name))
            await pages[-1].__aenter__()
        torn.append(Torn((pages[0], pages[1]), chance))
    return Schools(people, other, torn, beside)


async def sign_in_links(classwire: Running) -> dict[str, str]:
    """A second school with a teacher, and in the first one a second teacher and two more people."""
    links = {}
    async with identity.open_pool(
        running_settings(classwire.var, "edge").postgres, connections_max=2
    ) as pool:
        await identity.ensure_tenant(pool, AWAY, "The other school")
        for name, tenant in (("olga", AWAY), ("tina", HOME), ("una", HOME), ("vera", HOME)):
            person = await identity.ensure_user(
                pool,
                tenant,
                email=f"{name}@{tenant}.test",
                display_name=name.title(),
                capabilities=("teach",) if name in ("olga", "tina") else ("learn",),
            )
            for page in ("", " 1", " 2"):
                token = await identity.create_sign_in_link(pool, person.id)
                links[f"{name}{page}"] = f"{classwire.url}/signin#token={token}"
    return links


async def open_class(
    classwire: Running, link: str, teacher: str, others: str, count: int, chance: random.Random
) -> list[Person]:
    """A fresh room with a live session, a teacher and guests, all joined in a burst."""
    http = await sign_in_by_link(classwire.url, link)
    created = await http.post("/api/v1/rooms", json={"title": f"Class of {teacher}"})
    assert created.status_code == 201, created.text
    room = created.json()["room"]
    started = await http.post(f"/api/v1/rooms/{room}/sessions/start", json={})
    assert started.is_success, started.text
    invited = await http.post(f"/api/v1/rooms/{room}/guest-links", json={})
    assert invited.is_success, invited.text
    people = [Person(RoomClient(http, classwire.url, room, teacher), chance, teaches=True)]
    for n in range(count - 1):
        name = f"{others} {n}"
        guest = await sign_in_as_guest(classwire.url, invited.json()["url"], name)
        people.append(Person(RoomClient(guest, classwire.url, room, name), chance, wanders=n % 2 == 0))
    await asyncio.gather(*(person.enter() for person in people))
    return people


class Killer:
    """Kills whichever of the two processes decides for the room now."""

    def __init__(self, classwire: Running, second: Partner, people: list[Person], log: LogReader) -> None:
        self._classwire = classwire
        self._second = second
        self._people = people
        self._log = log
        self._not_before = 0.0

    async def round(self, chance: random.Random) -> float:
        """One kill under talk; for how long nobody got an answer, in seconds."""
        await asyncio.to_thread(wait_for, "both processes are there", self._both_ready)
        await self._all_answered()
        await asyncio.sleep(chance.uniform(0, 0.5))  # A moment that nobody has chosen.
        owner = await self._log.owner(partition_lease(self._partition))
        killed = time.monotonic()
        if owner == self._second.name:
            self._second.kill()
            self._second.start()
        else:
            await asyncio.sleep(self._not_before - killed)
            killed = time.monotonic()
            self._not_before = killed + BETWEEN_KILLS_S
            self._classwire.kill("rooms")
        await self._all_answered()
        return self._silence(killed)

    @property
    def _partition(self) -> int:
        view = self._people[0].client.view
        return partition_of(RoomKey(TenantId(view["tenant"]), RoomId(view["room"])))

    def _both_ready(self) -> bool:
        return bool(self._classwire.stack["children"]["rooms"].get("ready")) and self._second.is_ready()

    async def _all_answered(self) -> None:
        goals = [(person, len(person.answered) + 2) for person in self._people]
        for person, goal in goals:
            await person.client.until(lambda p=person, g=goal: len(p.answered) >= g, 40.0)

    def _silence(self, killed: float) -> float:
        """The longest time between two answers, from the last one before the kill on: some that were
        decided before may come after it."""
        answers = sorted(at for person in self._people for at in person.answered)
        first = max(at for at in answers if at <= killed)
        return max(later - earlier for earlier, later in pairwise(answers) if earlier >= first)


async def judge(log: LogReader, pages: list[RoomClient]) -> list[str]:
    """The promises to the pages of one room that are broken so far. The log is read after the records are
    taken, so that it is as long."""
    records = [record(page) for page in pages]
    return check(await log.read(pages[0].room), records)


def record(page: RoomClient) -> ClientRecord:
    """What this page sent and saw so far. Only some acceptances must have left an event."""
    known = page.record
    sent = [replace(each, certain=each.name in CERTAIN) for each in known.sent]
    return ClientRecord(known.participant, known.staff, sent, list(known.frames))


async def all_told(log: LogReader, schools: Schools) -> None:
    """Every page was told all that its log has."""
    for room, pages in schools.pages.items():
        end = (await log.read(room))[-1]
        last = end["seq"] + len(end["events"]) - 1
        for page in pages:
            await page.until(lambda p=page, last=last: (p.position or 0) >= last)


async def judge_attendance(log: LogReader, schools: Schools, tables: asyncpg.Connection) -> list[str]:
    """Invariant 6: everybody's watch, the log, and the rows; and it says how well the watches knew."""
    problems, doubts = [], []
    for people in (schools.people, schools.beside):
        room = people[0].client.room
        truth = attendance(commits(await log.read(room)))
        rows = await tables.fetch("select * from read.attendance where room = $1 order by joined_at", room)
        for person in people:
            who = ParticipantId(person.client.record.participant)
            own = [
                Row(row["connected_ms"], row["connected_from"], row["connected_to"])
                for row in rows
                if row["participant"] == who
            ]
            problems += attendance_problems(person.client.name, person.watch, truth.get(who, []), own)
            doubts.append(person.watch.longest_ms - person.watch.shortest_ms)
    print(f"attendance: known to {statistics.median(doubts):.0f} ms, the least known to {max(doubts)} ms")
    return problems


async def judge_tenants(log: LogReader, schools: Schools, tables: asyncpg.Connection) -> list[str]:
    """Invariant 7: no id, name or word of one school in the frames, the log or the rows of the other."""
    names = {HOME: {"Tess", "Tina", "Guest ", "Una", "Vera"}, AWAY: {"Olga", "Stranger "}}
    pages = {HOME: [*schools.people, schools.other], AWAY: schools.beside}
    words, seen = {}, {}
    for tenant in (HOME, AWAY):
        written = await log.read_tenant(tenant)
        words[tenant] = ids_in(written) | log.tenants[tenant] | names[tenant]
        frames = [person.client.record.frames for person in pages[tenant]]
        rows = await rows_of(tables, tenant)
        seen[tenant] = "\n".join([json.dumps(written), json.dumps(frames), *rows])
        assert [name for name in sorted(names[tenant]) if name not in seen[tenant]] == []
    words[AWAY].add(AWAY)  # The first school's name is a word of its own rooms: it is everybody's.
    return [*strangers_in(seen[HOME], words[AWAY]), *strangers_in(seen[AWAY], words[HOME])]


async def rows_of(tables: asyncpg.Connection, tenant: TenantId) -> list[str]:
    """Every row that bears the tenant's name, of every table, as text."""
    named = await tables.fetch(
        "select table_schema, table_name from information_schema.columns "
        "where column_name = 'tenant' and table_schema in ('read', 'identity')"
    )
    rows = []
    for schema, table in named:
        found = await tables.fetch(f"select t::text from {schema}.{table} t where tenant = $1", tenant)
        rows += [row[0] for row in found]
    return rows


async def all_written(log: LogReader, tables: asyncpg.Connection) -> None:
    """The read models are as far as the log."""
    await log.read()
    async with asyncio.timeout(60):
        while await tables.fetchval("select stream_seq from read.checkpoint") < log.last:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


@pytest.mark.timeout(400)
async def test_killing_the_owner_of_a_class_of_twenty_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Invariants 1 to 4 of reliability §5 after each of twenty takeovers, 5 to 7 after all of them.

    How long a takeover took is printed; that it happened is what everybody waits for.
    """
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    with running(tmp_path / "var") as classwire, partner(classwire) as second:
        schools = await open_schools(classwire, chance)
        async with log_reader(classwire, schools.people[0].client.room) as log:
            killer = Killer(classwire, second, schools.people, log)
            silences = []
            bell = asyncio.Event()
            async with asyncio.TaskGroup() as everyone:
                for each in schools.everybody:
                    everyone.create_task(each.take_part(bell))
                for number in range(1, ROUNDS + 1):
                    silence = await killer.round(chance)
                    print(f"round {number}: {silence * 1000:.0f} ms", flush=True)
                    silences.append(silence)
                    assert await judge(log, next(iter(schools.pages.values()))) == []
                bell.set()
            await schools.end()
            await all_told(log, schools)
            for pages in schools.pages.values():
                assert await judge(log, pages) == []
            both = [commits(await log.read(room)) for room in list(schools.pages)[:2]]
            assert classes_at_once(*both) == []
            tables = await asyncpg.connect(running_settings(classwire.var, "projectors").postgres)
            try:
                await all_written(log, tables)
                assert await judge_attendance(log, schools, tables) == []
                assert await judge_tenants(log, schools, tables) == []
            finally:
                await tables.close()
        answers = sum(len(person.answered) for person in schools.people)
        print(f"{len(both[0])} commits, {answers} commands answered")
        print(f"takeover: median {statistics.median(silences):.2f} s, longest {max(silences):.2f} s")
        await schools.close()
        assert_read_models_equal_a_rebuild(classwire)
