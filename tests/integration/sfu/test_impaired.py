"""Real browsers on bad lines, in a short form: what must become so does, however long it takes here.

How long it took, and everything else against the bars, is printed by ``python -m tests.load.impaired``.
About forty seconds: a browser must be started twice, send all its layers, and trust a line again.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial

import pytest
from playwright.async_api import Browser, Page

from schemas.envelope import Actor
from tests.integration.sfu.browsers import CHROMIUM, chromium, open_page, page_url, received
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

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]

Opens = Callable[[Actor], Awaitable[Page]]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with page_url() as found:
        yield found


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as found:
        yield found


@pytest.fixture
async def school() -> AsyncIterator[Campus]:
    async with bad_school(seed=4) as found:
        yield found


@pytest.fixture
def opens(browser: Browser, school: Campus, url: str) -> Opens:
    return partial(open_page, browser, url, school)


async def test_losses_an_outage_and_a_nat_that_forgot_end_no_picture(opens: Opens, school: Campus) -> None:
    """Five of a hundred are lost on the way up and down; then all; then the ports change, and nothing is
    said of it: after the browser's next check its media comes to the new one."""
    teacher, student = await opens(TESS), await opens(SAM)
    face = await publish(teacher, "camera", width=320, height=180, scales=[1])
    await consume(student, face)
    await more(student, face, "framesDecoded", 8)
    up, down = line_of(school, TESS, "send"), line_of(school, SAM, "recv")
    bad = Condition(loss=0.05, delay_s=0.01, jitter_s=0.005, reorder=0.01)
    up.set(bad)
    down.set(bad)
    await until(student, face, lambda r: r.get("retransmittedPacketsReceived", 0) > 0)
    await more(student, face, "framesDecoded", 15)
    up.set(PERFECT)
    down.set(Condition(is_out=True))
    async with asyncio.timeout(90):
        lost = down.down.lost + 10
        while down.down.lost < lost:  # noqa: ASYNC110  # Nobody tells when a packet is lost.
            await asyncio.sleep(0.05)
    down.set(PERFECT)
    await more(student, face, "framesDecoded", 8)
    for line in (down, up):
        await line.rebind()
        await more(student, face, "framesDecoded", 8)


async def test_a_narrow_line_gets_a_lower_layer_and_harms_nobody_else(opens: Opens, school: Campus) -> None:
    """A line of 300 kbit/s; sound goes on, the other student keeps his picture; then it is wide again."""
    teacher, student, other = await opens(TESS), await opens(SAM), await opens(KIM)
    voice = await publish(teacher, "microphone")
    face = await publish(teacher, "camera", width=640, height=360, scales=[2, 1])
    await consume(student, voice, face)
    await consume(other, face)
    for page in (student, other):
        await until(page, face, lambda r: r["videoWidth"] == 640)
    line = line_of(school, SAM, "recv")
    line.down.condition = Condition(delay_s=0.02, capacity_bps=300_000)
    await until(student, face, lambda r: r["videoWidth"] < 640)
    await more(student, face, "framesDecoded", 8)
    await more(student, voice, "packetsReceived", 25)
    assert (await received(other, face))["videoWidth"] == 640
    line.set(PERFECT)
    await until(student, face, lambda r: r["videoWidth"] == 640)
