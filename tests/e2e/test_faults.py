"""Kill every part of a running class: nothing acknowledged is lost, nothing happens twice.

The judge (``checker``) reads the log itself and what each client saw; it shares no code with the
services. ``tests/unit/e2e`` shows that it catches seeded faults.
"""

import asyncio
import copy
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.checker import check
from tests.e2e.client import RoomClient, sign_in_as_guest, sign_in_by_link
from tests.e2e.log import read_log
from tests.e2e.running import ROOT, Running, running

PEOPLE = 5
PAUSE_S = 0.1
VICTIMS = ("edge", "rooms", "projectors", "artifacts", "nats", "sfu", "postgres")
SEED = random.SystemRandom().randrange(1 << 32)


class Talker:
    """A person who keeps writing and raising and lowering a hand until told to stop."""

    def __init__(self, client: RoomClient, chance: random.Random) -> None:
        self.client = client
        self.answered = 0
        self._chance = chance
        self._stop = asyncio.Event()

    async def talk(self) -> None:
        """Commands one after another; each is repeated until its answer is known."""
        hand = False
        while not self._stop.is_set():
            if self._chance.random() < 0.2:
                hand = not hand
                answer = await self.client.command("raise_hand" if hand else "lower_hand")
            else:
                text = f"{self.client.name} {self.answered}"
                answer = await self.client.command("post_message", {"text": text})
            assert answer["accepted"], answer
            self.answered += 1
            await asyncio.sleep(self._chance.uniform(0, PAUSE_S))

    def stop(self) -> None:
        """Lets the present command be answered and ends."""
        self._stop.set()

    async def went_on(self, more: int = 10) -> None:
        """Waits until this many further commands were answered."""
        goal = self.answered + more
        await self.client.until(lambda: self.answered >= goal, 60.0)


async def open_class(classwire: Running, chance: random.Random) -> list[Talker]:
    """A fresh room with a live session, a teacher and guests, all joined."""
    http = await sign_in_by_link(classwire.url, classwire.teacher_link)
    created = await http.post("/api/v1/rooms", json={"title": "Faults"})
    assert created.status_code == 201, created.text
    room = created.json()["room"]
    started = await http.post(f"/api/v1/rooms/{room}/sessions/start", json={})
    assert started.is_success, started.text
    link = await http.post(f"/api/v1/rooms/{room}/guest-links", json={})
    assert link.is_success, link.text
    people = [RoomClient(http, classwire.url, room, "Tess")]
    for n in range(PEOPLE):
        guest = await sign_in_as_guest(classwire.url, link.json()["url"], f"Guest {n}")
        people.append(RoomClient(guest, classwire.url, room, f"Guest {n}"))
    return [Talker(person, chance) for person in people]


@pytest.mark.timeout(400)
async def test_killing_every_part_in_turn_keeps_every_promise(tmp_path: Path) -> None:
    """Invariants 1 to 4 of reliability §5, with every process killed under a live class."""
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    with running(tmp_path / "var") as classwire:
        talkers = await open_class(classwire, chance)
        async with asyncio.TaskGroup() as everyone:
            for talker in talkers:
                await talker.client.__aenter__()
                answer = await talker.client.command("join_session", {"display_name": talker.client.name})
                assert answer["accepted"], answer
                everyone.create_task(talker.talk())
            await asyncio.gather(*(talker.went_on() for talker in talkers))
            for victim in chance.sample(VICTIMS, len(VICTIMS)):
                print(f"kill {victim}")
                await asyncio.to_thread(classwire.kill_and_wait, victim)
                await talkers[0].client.cut()
                await asyncio.gather(*(talker.went_on() for talker in talkers))
            for talker in talkers:
                talker.stop()
        log = await read_log(classwire, talkers[0].client.room)
        end = log[-1]["seq"] + len(log[-1]["events"]) - 1
        for talker in talkers:
            await talker.client.until(lambda t=talker: (t.client.position or 0) >= end)
        records = [copy.deepcopy(talker.client.record) for talker in talkers]
        log = await read_log(classwire, talkers[0].client.room)  # After the last frame that is judged.
        for talker in talkers:
            await talker.client.__aexit__()
        print(f"{len(log)} commits, {sum(t.answered for t in talkers)} commands answered")
        assert check(log, records) == []
        assert_read_models_equal_a_rebuild(classwire)


def assert_read_models_equal_a_rebuild(classwire: Running) -> None:
    """``classwire rebuild --verify`` folds the log anew and compares row by row."""
    verified = subprocess.run(
        [sys.executable, "-m", "deploy.cli", "rebuild", "--verify"],
        cwd=ROOT,
        env={**os.environ, "CLASSWIRE_VAR": str(classwire.var)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr
