"""A room's log is put away and reads the same, whenever the archiver dies: on the bus in memory."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from msgspec.structs import replace

from artifacts.archiver import DamagedError, NotAtRestError, due, put_away, sweep
from bus.interface import Archived, Bus, Latest, Purged
from bus.memory import MemoryHub, memory_bus
from rooms.follower import follow_room, load, save
from rooms.snapshot import FORM, Position
from schemas.commands.chat import PostMessage
from schemas.commands.redaction import Redact
from schemas.envelope import Accepted, Commit
from schemas.ids import RoomKey
from schemas.limits import SNAPSHOT_INLINE_BYTES_MAX
from schemas.subjects import ROOM_SNAPSHOT, room_kv_key
from tests.unit.rooms.classroom import KEY, SAM, TESS, Class
from tests.unit.rooms.test_snapshot import random_text

DAY_MS = 86_400_000


class Kept:
    """A room on the log of a bus."""

    def __init__(self, hub: MemoryHub, bus: Bus) -> None:
        self.hub = hub
        self.bus = bus
        self.room = Class().live(TESS, SAM)
        self.last = 0
        self._stored = 0

    async def store(self) -> None:
        """Appends what the class has decided since."""
        for commit in self.room.log[self._stored :]:
            self.last = await self.bus.log.append(KEY, commit, topic="chat", expected_stream_seq=self.last)
        self._stored = len(self.room.log)

    async def snapshot(self) -> None:
        """Its snapshot stands at its end."""
        await save(self.bus, await load(self.bus, KEY))

    async def log(self) -> list[Commit]:
        """What readers see."""
        return [stored.commit async for stored in self.bus.log.read(KEY)]

    async def in_the_stream(self) -> list[int]:
        """Positions of what NATS still holds."""
        return [stored.stream_seq async for stored in self.bus.log.read(KEY, after_stream_seq=1)]


@pytest.fixture
async def kept() -> AsyncIterator[Kept]:
    """A short class, stored."""
    hub = memory_bus()
    async with hub.open("artifacts-1") as bus:
        made = Kept(hub, bus)
        for n in range(5):
            made.room.facts(SAM, PostMessage(f"Message {n}"))
        await made.store()
        yield made


async def test_a_log_that_was_put_away_reads_as_before(kept: Kept) -> None:
    before = await kept.log()
    await kept.snapshot()
    await put_away(kept.bus, KEY, kept.last)
    assert await kept.in_the_stream() == [kept.last]
    assert await kept.bus.log.archives() == (Archived(KEY, 1, kept.last),)
    assert await kept.log() == before
    assert (await load(kept.bus, KEY)).state == kept.room.state


async def test_with_or_without_a_snapshot_the_room_is_loaded_and_followed(kept: Kept) -> None:
    await kept.snapshot()
    await put_away(kept.bus, KEY, kept.last)
    for _ in range(2):
        position = await load(kept.bus, KEY)
        assert (position.state, position.stream_seq) == (kept.room.state, kept.last)
        async with follow_room(kept.bus, KEY) as follower:
            kept.room.facts(SAM, PostMessage("And on it goes"))
            await kept.store()
            async with asyncio.timeout(60):
                state, _ = await anext(aiter(follower.commits()))
            assert state == kept.room.state
        await kept.bus.bucket(ROOM_SNAPSHOT).delete(room_kv_key(KEY))


async def test_a_snapshot_from_before_the_purge_is_no_trap(kept: Kept) -> None:
    early = await load(kept.bus, KEY)
    kept.room.facts(SAM, PostMessage("Later"))
    kept.room.facts(SAM, PostMessage("And later"))
    await kept.store()
    await kept.snapshot()
    await put_away(kept.bus, KEY, kept.last)
    await save(kept.bus, early)
    assert (await load(kept.bus, KEY)).state == kept.room.state


async def test_the_second_time_there_is_one_longer_archive(kept: Kept) -> None:
    await kept.snapshot()
    await put_away(kept.bus, KEY, kept.last)
    kept.room.facts(SAM, PostMessage("A year later"))
    await kept.store()
    await kept.snapshot()
    before = await kept.log()
    await put_away(kept.bus, KEY, kept.last)
    await put_away(kept.bus, KEY, kept.last)
    logs = [name for name in kept.hub.archive.objects if name.startswith("archive/")]
    assert logs == [f"archive/demo/algebra/1-{kept.last}.jsonl.gz"]
    assert await kept.in_the_stream() == [kept.last]
    assert await kept.log() == before


async def test_what_was_said_after_the_job_was_put_stays_in_the_stream(kept: Kept) -> None:
    await kept.snapshot()
    through = kept.last
    kept.room.facts(SAM, PostMessage("Just now"))
    await kept.store()
    await put_away(kept.bus, KEY, through)
    assert await kept.in_the_stream() == [through, kept.last]
    assert (await load(kept.bus, KEY)).state == kept.room.state


async def test_nothing_goes_while_the_snapshot_is_behind(kept: Kept) -> None:
    asked = []

    async def submit(envelope: Any, **_: Any) -> Accepted:
        asked.append(envelope.command.name)
        return Accepted(1)

    kept.bus.commands.submit = submit  # type: ignore[method-assign]
    with pytest.raises(NotAtRestError):
        await put_away(kept.bus, KEY, kept.last)
    assert asked == ["deadline_passed"]
    assert kept.hub.archive.objects == {}
    assert len(await kept.in_the_stream()) == len(kept.room.log) - 1


class DeadError(Exception):
    """The worker is killed here."""


STEPS: dict[str, tuple[Callable[[Bus], Any], str, bool]] = {
    "before put": (lambda bus: bus.archive, "put_file", False),
    "after put": (lambda bus: bus.archive, "put_file", True),
    "before verify": (lambda bus: bus.archive, "fetch_file", False),
    "before purge": (lambda bus: bus.log, "purge", False),
    "after purge": (lambda bus: bus.log, "purge", True),
    "before forget": (lambda bus: bus.archive, "remove", False),
    "after forget": (lambda bus: bus.archive, "remove", True),
}


@pytest.mark.parametrize("step", STEPS)
async def test_a_death_between_two_steps_loses_nothing(kept: Kept, step: str) -> None:
    await kept.snapshot()
    await put_away(kept.bus, KEY, kept.last)  # So that there is an older archive to forget.
    kept.room.facts(SAM, PostMessage("A year later"))
    kept.room.facts(SAM, PostMessage("And a day"))
    await kept.store()
    await kept.snapshot()
    before = await kept.log()
    where, name, afterwards = STEPS[step]
    on = where(kept.bus)
    real: Callable[..., Awaitable[object]] = getattr(on, name)

    async def dies(*args: object, **named: object) -> None:
        if afterwards:
            await real(*args, **named)
        raise DeadError

    setattr(on, name, dies)
    with pytest.raises(DeadError):
        await put_away(kept.bus, KEY, kept.last)
    setattr(on, name, real)
    assert await kept.log() == before
    assert (await load(kept.bus, KEY)).state == kept.room.state
    await put_away(kept.bus, KEY, kept.last)
    assert await kept.in_the_stream() == [kept.last]
    assert await kept.log() == before
    assert len([name for name in kept.hub.archive.objects if name.startswith("archive/")]) == 1


async def test_what_comes_back_changed_purges_nothing(kept: Kept) -> None:
    await kept.snapshot()
    put = kept.hub.archive.put_file

    async def damages(name: str, path: Any) -> None:
        await put(name, path)
        kept.hub.archive.objects[name] = kept.hub.archive.objects[name][:-1] + b"?"

    kept.hub.archive.put_file = damages  # type: ignore[method-assign]
    with pytest.raises(DamagedError):
        await put_away(kept.bus, KEY, kept.last)
    assert len(await kept.in_the_stream()) == len(kept.room.log) - 1


async def test_a_log_whose_archive_is_lost_or_damaged_says_so(kept: Kept) -> None:
    await kept.snapshot()
    await put_away(kept.bus, KEY, kept.last)
    (name,) = (n for n in kept.hub.archive.objects if n.startswith("archive/"))
    body = kept.hub.archive.objects[name]
    kept.hub.archive.objects[name] = body[:-10]
    with pytest.raises(Purged, match="cannot be used"):
        await kept.log()
    del kept.hub.archive.objects[name]
    with pytest.raises(Purged, match="neither"):
        await kept.log()
    assert (await load(kept.bus, KEY)).state == kept.room.state


async def test_what_was_redacted_is_in_no_log_any_more(kept: Kept) -> None:
    kept.room.facts(SAM, PostMessage("My number is 555"))
    message = kept.room.state.messages[-1].id
    await kept.store()
    await kept.snapshot()
    await put_away(kept.bus, KEY, kept.last)
    kept.room.facts(TESS, Redact("message", message=message))
    await kept.store()
    redacted = kept.last
    kept.room.facts(SAM, PostMessage("Thank you"))
    await kept.store()
    await kept.snapshot()
    await put_away(kept.bus, KEY, redacted)
    texts = [gzip.decompress(body) for n, body in kept.hub.archive.objects.items() if n.startswith("arch")]
    assert len(texts) == 1
    assert b"555" not in texts[0]
    assert b"Message 4" in texts[0]
    assert "555" not in repr(await kept.log())
    assert await kept.in_the_stream() == [redacted, kept.last]
    await kept.bus.bucket(ROOM_SNAPSHOT).delete(room_kv_key(KEY))
    assert (await load(kept.bus, KEY)).state == kept.room.state


# --- which rooms ---------------------------------------------------------------------------------
def test_rooms_at_rest_are_put_away_once() -> None:
    at_rest = Latest(KEY, 10, at=0, redacted=0)
    assert due(at_rest, 0, 86_400, DAY_MS) == 10
    assert due(at_rest, 0, 86_400, DAY_MS - 1) == 0
    assert due(at_rest, 10, 86_400, DAY_MS) == 0
    assert due(at_rest, 9, 86_400, DAY_MS) == 10
    assert due(at_rest, 0, 0, 1000 * DAY_MS) == 0


def test_redacted_rooms_are_put_away_when_they_rest() -> None:
    redacted = Latest(KEY, 10, at=0, redacted=8)
    assert due(redacted, 0, 0, 60_000) == 8
    assert due(redacted, 0, 0, 59_999) == 0
    assert due(redacted, 8, 0, 60_000) == 0
    assert due(redacted, 0, 86_400, DAY_MS) == 10


async def test_a_sweep_puts_each_job_once(kept: Kept) -> None:
    jobs = []

    async def put(kind: str, key: RoomKey, data: bytes, *, job_id: str) -> None:
        jobs.append((kind, key, job_id))

    kept.bus.jobs.put = put  # type: ignore[method-assign]
    at = kept.room.log[-1].at / 1000
    await sweep(kept.bus, 3_600, lambda: at + 3_599)
    assert jobs == []
    await sweep(kept.bus, 3_600, lambda: at + 3_600)
    assert jobs == [("archive", KEY, str(kept.last))]
    await kept.snapshot()
    await put_away(kept.bus, KEY, kept.last)
    await sweep(kept.bus, 3_600, lambda: at + 7_200)
    assert len(jobs) == 1


# --- large snapshots -----------------------------------------------------------------------------
async def test_a_large_snapshot_lies_in_the_archive(kept: Kept) -> None:
    title = "".join(random_text(f"{i}", 4_000) for i in range(200))
    state = replace(kept.room.state, title=title)
    await save(kept.bus, Position(state, kept.last))
    (name,) = kept.hub.archive.objects
    assert name.startswith("snapshot/demo/algebra/")
    assert len(kept.hub.archive.objects[name]) > SNAPSHOT_INLINE_BYTES_MAX
    entry = await kept.bus.bucket(ROOM_SNAPSHOT).get(room_kv_key(KEY))
    assert entry is not None
    assert len(entry.value) < 500
    assert (await load(kept.bus, KEY)).state == state
    kept.hub.archive.objects[name] += b"x"
    assert (await load(kept.bus, KEY)).state == kept.room.state, "a changed one is as good as none"
    await kept.snapshot()
    assert kept.hub.archive.objects == {}, "what is pointed to no more is gone"


async def test_a_pointer_of_another_form_is_as_good_as_none(kept: Kept) -> None:
    value = f'{{"form":{FORM + 1},"stream_seq":1,"object":"x","bytes_stored":1,"sha256":""}}'.encode()
    await kept.bus.bucket(ROOM_SNAPSHOT).put(room_kv_key(KEY), value)
    assert (await load(kept.bus, KEY)).state == kept.room.state
