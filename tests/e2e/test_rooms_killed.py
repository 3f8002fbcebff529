"""The class of ``tests/simulation`` at a tenth of its size on the real stack, while ``rooms`` is killed.

Two ``rooms`` processes share the partitions. Twenty times one that decides for this room is killed at a
random moment and started again. The judge (``checker``) reads the log and what each page saw after every
round: nothing acknowledged is lost or doubled, and each page saw the log in order, each event once.

It takes a minute or two: twenty takeovers, each under talk, and a whole stack before them.
"""

import asyncio
import contextlib
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from schemas.ids import RoomId, RoomKey, TenantId
from schemas.subjects import partition_lease, partition_of
from tests.e2e.checker import ClientRecord, Json, check
from tests.e2e.client import RoomClient, sign_in_as_guest, sign_in_by_link
from tests.e2e.log import LogReader, log_reader
from tests.e2e.running import ROOT, Running, free_port, running, wait_for
from tests.e2e.test_faults import assert_read_models_equal_a_rebuild

PEOPLE = 20
ROUNDS = 20
PAUSE_S = 0.5
TAKEOVER_S_MAX = 5.0
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


class Person:
    """Somebody who takes part, one wish after another, each repeated until its answer is known.

    Who ``wanders`` leaves the class and comes back; the others lose their line now and then.
    """

    def __init__(
        self, client: RoomClient, chance: random.Random, *, teaches: bool = False, wanders: bool = False
    ) -> None:
        self.client = client
        self.answered: list[float] = []
        self._chance = chance
        self._teaches = teaches
        self._wanders = wanders

    async def take_part(self, stop: asyncio.Event) -> None:
        """Until the bell."""
        while not stop.is_set():
            if not self._wanders and self._chance.random() < CUT:
                await self.client.cut()
            await self._ask(*self._wish())
            await asyncio.sleep(self._chance.uniform(0, PAUSE_S))

    async def _ask(self, name: str, data: Json) -> None:
        await self.client.command(name, data)
        self.answered.append(time.monotonic())

    def record(self) -> ClientRecord:
        """What this page sent and saw so far. Only some acceptances must have left an event."""
        known = self.client.record
        sent = [replace(each, certain=each.name in CERTAIN) for each in known.sent]
        return ClientRecord(known.participant, known.staff, sent, list(known.frames))

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


async def open_class(classwire: Running, chance: random.Random) -> list[Person]:
    """A fresh room with a live session, a teacher and guests, all joined in a burst."""
    http = await sign_in_by_link(classwire.url, classwire.teacher_link)
    created = await http.post("/api/v1/rooms", json={"title": "Takeovers"})
    assert created.status_code == 201, created.text
    room = created.json()["room"]
    started = await http.post(f"/api/v1/rooms/{room}/sessions/start", json={})
    assert started.is_success, started.text
    link = await http.post(f"/api/v1/rooms/{room}/guest-links", json={})
    assert link.is_success, link.text
    people = [Person(RoomClient(http, classwire.url, room, "Tess"), chance, teaches=True)]
    for n in range(PEOPLE - 1):
        guest = await sign_in_as_guest(classwire.url, link.json()["url"], f"Guest {n}")
        client = RoomClient(guest, classwire.url, room, f"Guest {n}")
        people.append(Person(client, chance, wanders=n % 2 == 0))
    await asyncio.gather(*(enter(person) for person in people))
    return people


async def enter(person: Person) -> None:
    """The page opens and its person joins."""
    await person.client.__aenter__()
    answer = await person.client.command("join_session", {"display_name": person.client.name})
    assert answer["accepted"], answer


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


async def judge(log: LogReader, people: list[Person]) -> list[str]:
    """The broken promises so far. The log is read after the records are taken, so that it is as long."""
    records = [person.record() for person in people]
    return check(await log.read(), records)


@pytest.mark.timeout(400)
async def test_killing_the_owner_of_a_class_of_twenty_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Invariants 1 to 4 of reliability §5 after each of twenty takeovers."""
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    with running(tmp_path / "var") as classwire, partner(classwire) as second:
        people = await open_class(classwire, chance)
        async with log_reader(classwire, people[0].client.room) as log:
            killer = Killer(classwire, second, people, log)
            silences = []
            bell = asyncio.Event()
            async with asyncio.TaskGroup() as everyone:
                for person in people:
                    everyone.create_task(person.take_part(bell))
                for number in range(1, ROUNDS + 1):
                    silence = await killer.round(chance)
                    print(f"round {number}: {silence * 1000:.0f} ms", flush=True)
                    silences.append(silence)
                    assert await judge(log, people) == []
                bell.set()
            end = (await log.read())[-1]
            last = end["seq"] + len(end["events"]) - 1
            for person in people:
                await person.client.until(lambda p=person: (p.client.position or 0) >= last)
            assert await judge(log, people) == []
            commits = len(await log.read())
        for person in people:
            await person.client.__aexit__()
        print(f"{commits} commits, {sum(len(p.answered) for p in people)} commands answered")
        print(f"takeover: median {statistics.median(silences):.2f} s, longest {max(silences):.2f} s")
        assert max(silences) < TAKEOVER_S_MAX
        assert_read_models_equal_a_rebuild(classwire)
