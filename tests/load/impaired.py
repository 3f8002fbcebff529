"""Real browsers on impaired lines for a minute each, against the bars of the packet path.

On demand, about five minutes: ``python -m tests.load.impaired``. A teacher and two students in Chromium,
one student behind a bad line (``tests/load/shaper.py``). Prints what happened beside the bar; a bar that is
missed is printed as such and fails nothing: browsers that encode and decode in software on a small machine
are part of every figure. ``CLASSWIRE_SEED`` repeats the draws, ``CLASSWIRE_SECONDS`` shortens the minute.
"""

import asyncio
import os
import statistics
import sys
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

from playwright.async_api import Browser, Page

from schemas.envelope import Actor
from schemas.ids import TrackId
from tests.integration.sfu.browsers import chromium, open_page, page_url, received
from tests.integration.sfu.impaired import (
    KIM,
    SAM,
    TESS,
    bad_school,
    consume,
    line_of,
    more,
    publish,
    until,
)
from tests.load.shaper import PERFECT, Condition
from tests.unit.sfu_control.campus import Campus

SEED = int(os.environ.get("CLASSWIRE_SEED", "4"))
SECONDS = float(os.environ.get("CLASSWIRE_SECONDS", "60"))
LOSSY = Condition(loss=0.02, delay_s=0.02, jitter_s=0.005)
WIDE = Condition(delay_s=0.02, capacity_bps=2_000_000)
NARROW = Condition(delay_s=0.02, capacity_bps=300_000)
OUT = Condition(is_out=True)
OUTAGE_S = 5.0
SETTLE_S = 15.0  # Browsers add layers and the node's estimate climbs.


class Table:
    """What was measured, beside its bar."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, name: str, value: float | None, unit: str, bar: float | None = None) -> None:
        """``bar``: the most that is good; None: only told."""
        shown = "never" if value is None else f"{value:.4g} {unit}"
        judged = "" if bar is None else f"<= {bar:g} {unit}"
        missed = bar is not None and (value is None or value > bar)
        self.lines.append(f"{name:<46} {shown:>14}  {judged:<12} {'missed' if missed else ''}".rstrip())
        sys.stdout.write(self.lines[-1] + "\n")
        sys.stdout.flush()


class Class:
    """A teacher and two students; ``face`` is a camera in three layers unless it is a clock."""

    def __init__(self, school: Campus, pages: tuple[Page, Page, Page], voice: TrackId, face: TrackId) -> None:
        self.school = school
        self.teacher, self.student, self.other = pages
        self.voice, self.face = voice, face
        self.line = line_of(school, SAM, "recv")

    async def seen(self, page: Page) -> dict[str, list[float]]:
        """When pictures were shown since ``watch``."""
        found: dict[str, list[float]] = await page.evaluate(f"page.seen('{self.face}')")
        return found

    async def heard(self) -> dict[str, Any]:
        """The student's counters of the sound."""
        return await received(self.student, self.voice)


async def open_class(browser: Browser, url: str, school: Campus, **camera: Any) -> Class:
    """All pages see and hear the teacher, and note each picture."""
    people: tuple[Actor, ...] = (TESS, SAM, KIM)
    teacher, student, other = [await open_page(browser, url, school, actor) for actor in people]
    voice, face = await publish(teacher, "microphone"), await publish(teacher, "camera", **camera)
    for page in (student, other):
        await consume(page, voice, face)
        await more(page, face, "framesDecoded", 8)
    await asyncio.sleep(SETTLE_S)
    for page in (student, other):
        await page.evaluate(f"page.watch('{face}')")
    return Class(school, (teacher, student, other), voice, face)


def longest_ms(times: Iterable[float]) -> float | None:
    """The longest time that one picture stood."""
    return max((after - before for before, after in pairwise(times)), default=None)


def concealed_percent(before: dict[str, Any], after: dict[str, Any]) -> float:
    """How much of the sound played between two reports was made up; silence between words is not."""

    def grown(name: str) -> int:
        return int(after.get(name, 0)) - int(before.get(name, 0))

    made_up = grown("concealedSamples") - grown("silentConcealedSamples")
    return 100 * made_up / max(1, grown("totalSamplesReceived"))


async def took(page: Page, track: TrackId, is_so: Callable[[dict[str, Any]], object]) -> float | None:
    """Seconds until the page says so, None when it does not in a minute."""
    begun = asyncio.get_running_loop().time()
    try:
        await until(page, track, is_so, seconds=60)
    except AssertionError:
        return None
    return asyncio.get_running_loop().time() - begun


async def loss(table: Table, lesson: Class) -> None:
    """Two of a hundred packets are lost in both directions."""
    lesson.line.set(LOSSY)
    heard, before = await lesson.heard(), len((await lesson.seen(lesson.student))["at"])
    await asyncio.sleep(SECONDS)
    pictures = (await lesson.seen(lesson.student))["at"][before:]
    concealed = concealed_percent(heard, await lesson.heard())
    table.add("2 % loss: longest picture", longest_ms(pictures), "ms", 300)
    table.add("2 % loss: pictures", len(pictures) / SECONDS, "/s")
    table.add("2 % loss: sound made up", concealed, "%", 3)
    lesson.line.set(PERFECT)


async def cut(table: Table, lesson: Class) -> None:
    """From 2 Mbit/s to 300 kbit/s and back."""
    lesson.line.down.condition = WIDE
    await asyncio.sleep(SETTLE_S)
    full = (await received(lesson.student, lesson.face))["videoWidth"]
    heard, others = await lesson.heard(), len((await lesson.seen(lesson.other))["at"])
    table.add("at 2 Mbit/s: width", full, "px")
    lesson.line.down.condition = NARROW
    fell = await took(lesson.student, lesson.face, lambda r: r["videoWidth"] < full)
    await asyncio.sleep(SETTLE_S)
    table.add("cut to 300 kbit/s: lower layer after", fell, "s", 3)
    table.add("at 300 kbit/s: sound made up", concealed_percent(heard, await lesson.heard()), "%", 3)
    lesson.line.down.condition = WIDE
    climbed = await took(lesson.student, lesson.face, lambda r: r["videoWidth"] >= full)
    table.add("at 2 Mbit/s again: full layer after", climbed, "s", 10)
    pictures = (await lesson.seen(lesson.other))["at"][others:]
    table.add("meanwhile, other student: longest picture", longest_ms(pictures), "ms", 300)
    width = (await received(lesson.other, lesson.face))["videoWidth"]
    table.add("meanwhile, other student: width", width, "px")
    lesson.line.set(PERFECT)


async def outage(table: Table, lesson: Class) -> None:
    """Nothing passes for a while."""
    await asyncio.sleep(SETTLE_S)
    lesson.line.set(OUT)
    await asyncio.sleep(OUTAGE_S)
    decoded = (await received(lesson.student, lesson.face))["framesDecoded"]
    lesson.line.set(PERFECT)
    back = await took(lesson.student, lesson.face, lambda r: r["framesDecoded"] > decoded + 1)
    table.add(f"{OUTAGE_S:.0f} s outage: pictures again after", back, "s", 1)


async def rebind(table: Table, lesson: Class) -> None:
    """A NAT forgets and gives other ports."""
    await asyncio.sleep(SETTLE_S)
    before = len((await lesson.seen(lesson.student))["at"])
    await lesson.line.rebind()
    await more(lesson.student, lesson.face, "framesDecoded", 30)
    pictures = (await lesson.seen(lesson.student))["at"][max(0, before - 1) :]
    longest = longest_ms(pictures)
    table.add("ports changed: longest picture", longest and longest / 1000, "s", 2)


async def glass(table: Table, lesson: Class) -> None:
    """From the drawing of a picture until another page shows it, on a perfect line."""
    before = len((await lesson.seen(lesson.other))["ages"])
    await asyncio.sleep(SECONDS / 3)
    ages = (await lesson.seen(lesson.other))["ages"][before:]
    if len(ages) < 2:
        table.add("glass to glass: p50", None, "ms", 150)
        return
    cuts = statistics.quantiles(ages, n=20, method="inclusive")
    table.add("glass to glass: p50", cuts[9], "ms")
    table.add("glass to glass: p95", cuts[18], "ms", 150)
    table.add("glass to glass: pictures read", len(ages), "")


async def main() -> None:
    """Prints one table. The node's own share of the latency is what ``classwire bench forward`` adds."""
    table = Table()
    sys.stdout.write(f"seed {SEED}\n")
    with page_url() as url:
        for clock, parts in ((False, (loss, cut, outage, rebind)), (True, (glass,))):
            async with bad_school(SEED) as school, chromium() as browser:
                size: dict[str, Any] = {"clock": True, "width": 640, "height": 360, "scales": [2, 1]}
                lesson = await open_class(browser, url, school, **(size if clock else {}))
                for part in parts:
                    await part(table, lesson)


if __name__ == "__main__":
    asyncio.run(main())
