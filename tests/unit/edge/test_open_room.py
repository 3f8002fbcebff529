"""A large class on one edge: what concerns everybody reaches everybody, and nobody waits for all."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from bus.interface import Bus
from bus.memory import memory_bus
from edge.identity import Person
from edge.open_room import OpenRoom
from edge.outbox import Frame
from edge.tokens import Access
from edge.viewer import Viewer
from schemas.commands.chat import PostMessage
from schemas.commands.rights import GrantPermission, LockPermission, UnlockPermission
from schemas.ids import ConnectionId, LoginId
from schemas.permissions import Permission
from tests.unit.rooms.classroom import KEY, START, TESS, Class, person, who

STUDENTS = [person(f"student{n}") for n in range(200)]


class PaperWire:
    """A line that takes everything."""

    def __init__(self) -> None:
        self.on_writable: Callable[[], None] = lambda: None
        self.frames: list[Frame] = []

    def write(self, frame: Frame) -> bool:
        """Keeps it."""
        self.frames.append(frame)
        return True

    def close(self, last: Frame, code: int, reason: str) -> None:
        """Nobody closes here."""
        raise AssertionError(reason)


class Page:
    """Somebody's page: what it was sent."""

    def __init__(self, actor: Any) -> None:
        self.wire = PaperWire()
        someone = Person("user", actor.id, KEY.tenant, actor.display_name, actor.capabilities)
        access = Access(someone, LoginId("l1"), START)
        self.viewer = Viewer(ConnectionId(f"{actor.id}-socket"), KEY, access, self.wire)

    @property
    def kinds(self) -> list[str]:
        """The kinds of all frames."""
        return [
            "view" if frame.payload.startswith(b'{"t":"view"') else "events" for frame in self.wire.frames
        ]

    @property
    def position(self) -> int:
        """The seq up to which this page knows everything; no frame leaves a hole."""
        position = 0
        for frame in (json.loads(frame.payload) for frame in self.wire.frames):
            assert frame["t"] == "view" or frame["after"] == position
            position = frame["view"]["seq"] if frame["t"] == "view" else frame["through"]
        return position

    @property
    def permissions(self) -> list[str]:
        """What the last view lists."""
        last = next(f for f in reversed(self.wire.frames) if f.payload.startswith(b'{"t":"view"'))
        permissions: list[str] = json.loads(last.payload)["view"]["me"]["permissions"]
        return permissions


class Hall:
    """An open room, its log, and the pages before it."""

    def __init__(self, bus: Bus, classroom: Class, opened: OpenRoom) -> None:
        self.room = classroom
        self.opened = opened
        self.host, *self.students = self.pages = [Page(actor) for actor in (TESS, *STUDENTS)]
        self._bus = bus
        self._stored = 0
        self._position = 0

    async def write(self) -> None:
        """Appends what the class decided since."""
        for commit in self.room.log[self._stored :]:
            self._position = await self._bus.log.append(
                KEY, commit, topic="test", expected_stream_seq=self._position
            )
        self._stored = len(self.room.log)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Lets the loop turn until something holds."""
        async with asyncio.timeout(30):
            while not holds():  # noqa: ASYNC110 - a condition of another task, with a deadline
                await asyncio.sleep(0)


@asynccontextmanager
async def hall() -> AsyncIterator[Hall]:
    """A class of 200 with all their pages on one edge."""
    classroom = Class().live(TESS, *STUDENTS)
    async with memory_bus().open("edge") as bus:
        opened = OpenRoom(bus, KEY, lambda: START, lambda viewer: None)
        made = Hall(bus, classroom, opened)
        await made.write()
        task = asyncio.create_task(opened.run())
        try:
            await opened.is_ready.wait()
            for page in made.pages:
                opened.add(page.viewer, None)
            yield made
        finally:
            task.cancel()
            await asyncio.wait({task})


async def test_a_lock_shows_a_whole_class_fresh_views_in_slices_without_a_hole() -> None:
    """Whom it does not bind has the event at once; the others' views follow, while the class goes on."""
    async with hall() as made:
        made.room.facts(TESS, LockPermission(Permission.CHAT))
        await made.write()
        await made.until(lambda: made.host.kinds == ["view", "events"])
        served = [page for page in made.students if page.kinds == ["view", "events", "view"]]
        waiting = [page for page in made.students if page.kinds == ["view"]]
        assert served, "the first at once"
        assert waiting, "not all views in one turn"
        assert len(served) + len(waiting) == len(made.students)
        made.room.facts(TESS, PostMessage("Please listen."))
        await made.write()
        await made.until(lambda: all(page.kinds.count("view") == 2 for page in made.students))
        await made.until(lambda: all(page.position == made.room.state.seq for page in made.pages))
        assert all("chat" not in page.permissions for page in made.students)
        assert all(page.kinds[1] == "view" for page in waiting), "nothing between the change and its view"
        assert made.host.kinds == ["view", "events", "events"]


async def test_changes_close_together_cost_one_view_each_page() -> None:
    """Who is still owed a view is shown the latest."""
    async with hall() as made:
        for command in (
            LockPermission(Permission.CHAT),
            LockPermission(Permission.REACT),
            UnlockPermission(Permission.CHAT),
        ):
            made.room.facts(TESS, command)
        await made.write()
        await made.until(lambda: all("react" not in page.permissions for page in made.students))
        views = [page.kinds.count("view") - 1 for page in made.students]
        assert sum(views) < 2 * len(made.students)
        assert {page.position for page in made.pages} == {made.room.state.seq}


async def test_a_grant_shows_a_fresh_view_to_one_page_only() -> None:
    """And the event to staff, nothing to others."""
    async with hall() as made:
        lucky = STUDENTS[7]
        made.room.facts(TESS, GrantPermission(who(lucky), Permission.POLL))
        await made.write()
        await made.until(lambda: "poll" in made.students[7].permissions)
        assert [n for n, page in enumerate(made.students) if page.kinds.count("view") == 2] == [7]
        assert made.host.kinds == ["view", "events"]


async def test_who_has_gone_is_owed_nothing() -> None:
    """A closed page is not shown what it would have got."""
    async with hall() as made:
        made.room.facts(TESS, LockPermission(Permission.CHAT))
        await made.write()
        await made.until(lambda: made.host.kinds.count("events") == 1)
        waiting = [page for page in made.students if page.kinds.count("view") == 1]
        for page in waiting[:10]:
            made.opened.remove(page.viewer)
        await made.until(lambda: all(page.kinds.count("view") == 2 for page in waiting[10:]))
        assert all(page.kinds.count("view") == 1 for page in waiting[:10])


async def test_a_line_that_broke_between_a_change_and_its_view_brings_the_view() -> None:
    """The page has applied the change's events but says that its view is older than the change."""
    async with hall() as made:
        joined = made.room.state.seq
        made.room.facts(TESS, GrantPermission(who(STUDENTS[7]), Permission.POLL))
        await made.write()
        await made.until(lambda: "poll" in made.students[7].permissions)
        now = made.room.state.seq
        lucky, other = made.students[7].viewer, made.students[8].viewer
        assert made.opened.tail(lucky, now, viewed=joined) is None
        assert made.opened.tail(lucky, now, viewed=now) is not None
        assert made.opened.tail(other, now, viewed=joined) is not None
