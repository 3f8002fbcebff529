"""A class of real browsers whose lines can be made bad, and what their pages say of it."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, cast

from playwright.async_api import Page

from schemas.envelope import Actor
from schemas.ids import TrackId
from schemas.settings import Settings
from sfu.native_forwarder import open_best
from tests.integration.sfu.browsers import received
from tests.load.shaper import Line, Shaped, open_shaped
from tests.unit.sfu_control.campus import KEY, Campus, campus, person

KIND = os.environ.get("CLASSWIRE_FORWARDER", Settings().forwarder)  # As the node takes it.
TESS, SAM, KIM = person("tess"), person("sam"), person("kim")


@asynccontextmanager
async def bad_school(seed: int) -> AsyncIterator[Campus]:
    """A class of a teacher and two students behind a relay."""
    opener = partial(open_shaped, open_forwarder=partial(open_best, KIND), seed=seed)
    async with campus(TESS, SAM, KIM, opener=opener) as found:
        yield found


def line_of(school: Campus, actor: Actor, direction: str) -> Line:
    """A person's line in one direction of media."""
    [router] = [r for r in school.node.routers if r.key == KEY]
    [transport] = [
        t
        for t in router.transports.values()
        if t.participant == actor.participant and t.direction == direction
    ]
    return cast("Shaped", school.node.forwarder).shaper.line(transport.id)


async def publish(page: Page, source: str, **options: Any) -> TrackId:
    """A fake device; ``clock``: a canvas that shows the time in bars."""
    return TrackId(await page.evaluate(f"page.publish({json.dumps(source)}, {json.dumps(options)})"))


async def consume(page: Page, *tracks: TrackId) -> None:
    """Shows and plays these tracks."""
    assert await page.evaluate(f"page.consume({json.dumps(tracks)})") == list(tracks)


async def until(
    page: Page, track: TrackId, is_so: Callable[[dict[str, Any]], object], *, seconds: float = 90.0
) -> dict[str, Any]:
    """What the page says of a track, as soon as it is so."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while True:
        report = await received(page, track)
        if is_so(report):
            return report
        assert loop.time() < deadline, f"never so: {report}"
        await asyncio.sleep(0.1)


async def more(page: Page, track: TrackId, field: str, count: int) -> dict[str, Any]:
    """Waits until a counter of the page has grown by so many."""
    before = (await received(page, track)).get(field, 0)
    return await until(page, track, lambda r: r.get(field, 0) >= before + count)
