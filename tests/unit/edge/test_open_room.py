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
from schemas.commands.floor import LowerHand, RaiseHand
from schemas.commands.lifecycle import EndSession, StartSession
from schemas.commands.rights import GrantPermission, LockPermission
from schemas.commands.roster import JoinSession, LeaveSession
from schemas.ids import ConnectionId, LoginId
from schemas.limits import CROWD_FROM, CROWD_UNTIL
from schemas.permissions import Permission
from tests.unit.rooms.classroom import KEY, START, TESS, Class, person, who

STUDENTS = [person(f"student{n}") for n in range(CROWD_FROM - 1)]


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
        """Only a page that comes back closes the one before it."""
        assert reason == "replaced", reason


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
        return [str(frame["t"]) for frame in self.told]

    @property
    def told(self) -> list[dict[str, Any]]:
        """All frames."""
        return [json.loads(frame.payload) for frame in self.wire.frames]

    @property
    def position(self) -> int:
        """The seq up to which this page knows everything; no frame leaves a hole."""
        position = 0
        for frame in self.told:
            match frame["t"]:
                case "view":
                    position = frame["view"]["seq"]
                case "events" | "people":
                    assert frame["after"] <= position
                    position = max(position, frame["through"])
        return position

    @property
    def last_view(self) -> dict[str, Any]:
        """The last view."""
        view: dict[str, Any] = next(f["view"] for f in reversed(self.told) if f["t"] == "view")
        return view

    @property
    def permissions(self) -> list[str]:
        """What was last said that this person may do."""
        last = next(f for f in reversed(self.told) if f["t"] in {"view", "me"})
        permissions: list[str] = (
            last["permissions"] if last["t"] == "me" else last["view"]["me"]["permissions"]
        )
        return permissions

    def sees(self, participant: str) -> bool | None:
        """Whether this person was last said to be seen, or not any more."""
        for frame in reversed(self.told):
            if frame["t"] == "people":
                if participant in frame["gone"]:
                    return False
                if any(p["id"] == participant for p in frame["shown"]):
                    return True
        return None


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
    """A class, just not a crowd, with all their pages on one edge."""
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


@asynccontextmanager
async def crowd() -> AsyncIterator[Hall]:
    """The same with one person more than can be named."""
    async with hall() as made:
        extra = person("extra")
        made.room.facts(extra, JoinSession("Extra"))
        await made.write()
        await made.until(lambda: all(page.last_view["crowd"] is not None for page in made.pages))
        yield made


async def test_a_lock_tells_each_whom_it_binds_what_is_left_and_shows_nothing_anew() -> None:
    """Two small frames; nobody waits for the views of others."""
    async with hall() as made:
        made.room.facts(TESS, LockPermission(Permission.CHAT))
        await made.write()
        await made.until(lambda: all("chat" not in page.permissions for page in made.students))
        assert made.host.kinds == ["view", "events"]
        assert all(page.kinds == ["view", "events", "me"] for page in made.students)
        told = {page.wire.frames[-1] for page in made.students}
        assert len(told) == 1, "encoded once for all"
        assert all(page.position == made.room.state.seq for page in made.pages)


async def test_a_grant_is_told_to_one_page_only() -> None:
    """And the event to staff, nothing to others."""
    async with hall() as made:
        lucky = STUDENTS[7]
        made.room.facts(TESS, GrantPermission(who(lucky), Permission.POLL))
        await made.write()
        await made.until(lambda: "poll" in made.students[7].permissions)
        assert [n for n, page in enumerate(made.students) if "me" in page.kinds] == [7]
        assert made.host.kinds == ["view", "events"]


async def test_the_end_of_a_class_shows_fresh_views_in_slices_without_a_hole() -> None:
    """Who is still owed a view is told nothing before it, and shown the latest."""
    async with hall() as made:
        made.room.facts(TESS, EndSession())
        await made.write()
        await made.until(lambda: "view" in made.host.kinds[1:])
        waiting = [page for page in made.students if page.kinds == ["view"]]
        assert waiting, "not all views in one turn"
        made.room.facts(TESS, StartSession())
        await made.write()
        await made.until(lambda: all(page.kinds.count("view") == 2 for page in made.students))
        await made.until(lambda: all(page.position == made.room.state.seq for page in made.pages))
        assert all(page.kinds[1] == "view" for page in waiting), "nothing between the change and its view"


async def test_who_has_gone_is_owed_nothing() -> None:
    """A closed page is not shown what it would have got."""
    async with hall() as made:
        made.room.facts(TESS, EndSession())
        await made.write()
        await made.until(lambda: "view" in made.host.kinds[1:])
        waiting = [page for page in made.students if page.kinds.count("view") == 1]
        for page in waiting[:10]:
            made.opened.remove(page.viewer)
        await made.until(lambda: all(page.kinds.count("view") == 2 for page in waiting[10:]))
        assert all(page.kinds.count("view") == 1 for page in waiting[:10])


async def test_a_class_that_grows_into_a_crowd_is_shown_as_one_and_back() -> None:
    """In slices; a view of a crowd names who is to be seen, and the viewer."""
    more = [person(f"late{n}") for n in range(CROWD_FROM - len(STUDENTS))]
    async with hall() as made:
        for actor in more:
            made.room.facts(actor, JoinSession(actor.display_name))
        await made.write()
        await made.until(lambda: all(page.last_view["crowd"] is not None for page in made.pages))
        assert made.host.last_view["crowd"] == len(made.room.state.participants)
        assert [p["id"] for p in made.students[3].last_view["participants"]] == [
            who(TESS),
            who(STUDENTS[3]),
        ]
        assert [p["id"] for p in made.host.last_view["participants"]] == [who(TESS)]
        await made.until(lambda: all(page.position == made.room.state.seq for page in made.pages))
        for actor in STUDENTS[: CROWD_FROM + 1 - CROWD_UNTIL]:
            made.room.facts(actor, LeaveSession())
        await made.write()
        await made.until(lambda: made.host.last_view["crowd"] is None)
        assert len(made.host.last_view["participants"]) == CROWD_UNTIL


async def test_who_comes_into_a_crowd_is_nobody_elses_business_but_a_raised_hand_is() -> None:
    """Only the number is told, after a moment; who raises a hand comes into sight first."""
    late = person("late")
    async with crowd() as made:
        made.room.facts(late, JoinSession("Late"))
        await made.write()
        await made.until(lambda: made.opened.state.seq == made.room.state.seq)
        assert not any(who(late).encode() in page.wire.frames[-1].payload for page in made.pages)
        made.room.facts(late, RaiseHand())
        await made.write()
        await made.until(lambda: all(page.kinds[-1] == "events" for page in made.pages))
        people = [json.loads(page.wire.frames[-2].payload) for page in made.pages]
        assert all([p["id"] for p in told["shown"]] == [who(late)] for told in people)
        assert all(told["count"] == len(made.room.state.participants) for told in people)
        assert all(page.position == made.room.state.seq for page in made.pages)
        made.room.facts(late, LowerHand())
        await made.write()
        await made.until(lambda: all(page.sees(who(late)) is False for page in made.pages))


async def test_the_number_of_a_crowd_is_told_to_all_after_a_moment() -> None:
    """In one frame that also says how far everybody knows everything."""
    async with crowd() as made:
        for n in range(20):
            made.room.facts(person(f"late{n}"), JoinSession("Late"))
        await made.write()
        await made.until(lambda: all(page.position == made.room.state.seq for page in made.pages))
        last = json.loads(made.host.wire.frames[-1].payload)
        assert (last["t"], last["count"]) == ("people", len(made.room.state.participants))
        assert all(page.position == made.room.state.seq for page in made.pages)


async def test_a_page_of_a_crowd_that_resumes_is_told_whom_it_sees() -> None:
    """After the events that it missed; the same bytes for all who missed the same."""
    async with crowd() as made:
        seen = made.room.state.seq
        made.room.facts(TESS, PostMessage("Hello"))
        made.room.facts(person("late"), JoinSession("Late"))
        await made.write()
        await made.until(lambda: made.opened.state.seq == made.room.state.seq)
        back = [Page(actor) for actor in STUDENTS[:3]]
        for page in back:
            tail = made.opened.tail(page.viewer, seen)
            assert tail is not None
            made.opened.add(page.viewer, tail)
        assert len({page.wire.frames[0] for page in back}) == 1
        events, people = (json.loads(frame.payload) for frame in back[0].wire.frames)
        assert [event["type"] for event in events["events"]] == ["chat.posted"]
        assert (people["whole"], [p["id"] for p in people["shown"]]) == (True, [who(TESS)])


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
