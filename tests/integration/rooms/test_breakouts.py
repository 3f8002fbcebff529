"""A class works in groups while the services that drive the rooms die: nobody is lost, nothing is doubled."""

import asyncio
import signal
from collections import Counter
from contextlib import AsyncExitStack
from typing import Any

import pytest
from msgspec.structs import replace

from bus.interface import Bus, Unavailable
from rooms.breakouts import child_room
from rooms.follower import load
from rooms.service.run import rooms_service
from rooms.state import RoomState
from schemas.breakouts import GroupPlan
from schemas.commands import Command
from schemas.commands.breakouts import (
    AnswerHelp,
    BroadcastToBreakouts,
    CallForHelp,
    CloseBreakouts,
    ConfirmClosed,
    DirectBreakout,
    EndBreakout,
    MoveParticipant,
    OpenBreakouts,
    PlanAtRandom,
    PlanBreakouts,
    ReportBreakout,
    VisitBreakout,
)
from schemas.commands.lifecycle import CreateRoom, EndSession, StartSession
from schemas.commands.roster import JoinSession, LeaveSession
from schemas.envelope import Actor, Envelope, Outcome
from schemas.events.breakouts import (
    AnnouncementMade,
    BreakoutActivity,
    BreakoutsOpened,
    ChildrenClosed,
    ClosedAsChild,
    DoorOpened,
    HelpEnded,
    HelpQueued,
    MembersChanged,
    OpenedAsChild,
    VisitorCame,
)
from schemas.events.lifecycle import RoomCreated, SessionEnded, SessionStarted
from schemas.events.roster import ParticipantJoined, ParticipantLeft
from schemas.ids import OpeningId, RoomId, RoomKey, UserId, participant_id
from schemas.subjects import PARTITIONS, partition_of
from tests import stack
from tests.integration.rooms.conftest import World
from tests.integration.rooms.test_faults import connected, rooms_process, until_owned, until_standing_by
from tests.unit.rooms.classroom import KEY, SAM, TESS, VERA, person, who

STUDENTS = [person(f"student{i}") for i in range(8)]


def within(key: RoomKey, actor: Actor) -> Actor:
    """The same person in another room."""
    return replace(actor, participant=participant_id(key, actor.id))


async def state(bus: Bus, key: RoomKey = KEY) -> RoomState:
    """A room as its log says."""
    return (await load(bus, key)).state


async def start(world: World, *people: Actor) -> None:
    """A class with these people."""
    await world.accepted(TESS, CreateRoom("Algebra"))
    await world.accepted(TESS, StartSession())
    for actor in (TESS, *people):
        await world.accepted(actor, JoinSession(actor.display_name))


async def children(world: World, count: int) -> list[RoomKey]:
    """The child rooms, when all of them are there and their doors are open."""
    await world.happened(DoorOpened, count)
    opened = await world.happened(BreakoutsOpened)
    return [RoomKey(KEY.tenant, child_room(KEY, opened.opening, g.id)) for g in opened.groups]


async def test_groups_survive_the_death_of_every_service_that_drives_them(nats: stack.RunningNats) -> None:
    """Killed right after opening, after a text for all, and after closing."""
    async with connected(nats) as (bus, settings), AsyncExitStack() as processes:
        world = World(lambda _: connected(nats), bus)  # type: ignore[arg-type,return-value]  # Never opened.
        await world.edge_lives()
        await world.node_lives()
        owner = await processes.enter_async_context(rooms_process(settings, "rooms-0"))
        await until_owned(bus, "rooms-0", PARTITIONS, 30)
        await start(world, *STUDENTS)
        await world.accepted(TESS, PlanAtRandom(groups=4, seed="dice"))

        wishes = (OpenBreakouts(minutes=10), BroadcastToBreakouts("Five minutes left."), CloseBreakouts(0))
        rooms: list[RoomKey] = []
        for number, wish in enumerate(wishes, 1):
            name = f"rooms-{number}"
            heir = await processes.enter_async_context(rooms_process(settings, name))
            await until_standing_by(bus, name, 30)
            await world.accepted(TESS, wish)
            owner.send_signal(signal.SIGKILL)
            await owner.wait()
            await until_owned(bus, name, PARTITIONS, 20)
            owner = heir
            if number == 1:
                rooms = await children(world, 4)
                await everybody_joins(world, rooms)

        for key in rooms:
            await world.happened(ClosedAsChild, key=key)
        closed = await world.happened(ChildrenClosed)
        assert set(closed.rooms) == {key.room for key in rooms}
        assert len({partition_of(key) for key in (KEY, *rooms)}) > 1, "the test must cross partitions"
        for key in rooms:
            await once_in_a_child(world, key)
        await once_in_the_parent(world)
        after = await state(bus)
        assert after.live is not None
        assert after.breakouts.opening is None
        assert len(after.participants) == 9, "everybody is back, and was never away"


async def everybody_joins(world: World, rooms: list[RoomKey]) -> None:
    """Each student goes into the room of their group."""
    opened = await world.happened(BreakoutsOpened)
    for key, group in zip(rooms, opened.groups, strict=True):
        for actor in STUDENTS:
            if actor.participant in group.participants:
                await world.accepted(within(key, actor), JoinSession(actor.display_name), key)


async def once_in_a_child(world: World, key: RoomKey) -> None:
    """Everything that a child room is told happened there exactly once."""
    log = await world.log(key)
    facts = Counter(type(event.data) for commit in log for event in commit.events)
    expected = (RoomCreated, OpenedAsChild, SessionStarted, AnnouncementMade, SessionEnded, ClosedAsChild)
    assert {fact: facts[fact] for fact in expected} == dict.fromkeys(expected, 1)
    assert facts[ParticipantJoined] == facts[ParticipantLeft] == 2


async def once_in_the_parent(world: World) -> None:
    """Every door opened once, and every room was called closed once."""
    events = [event.data for commit in await world.log() for event in commit.events]
    doors = [fact.child for fact in events if isinstance(fact, DoorOpened)]
    assert len(doors) == len(set(doors)) == 4
    closed = [room for fact in events if isinstance(fact, ChildrenClosed) for room in fact.rooms]
    assert sorted(closed) == sorted(doors)
    assert not [fact for fact in events if isinstance(fact, ParticipantLeft)]


class Dying:
    """Commands of a process that can say so much of one kind to other rooms, and then no more."""

    def __init__(self, commands: Any, kind: type[Command], left: int) -> None:
        self._commands = commands
        self._kind = kind
        self._left = left
        self.is_dead = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._commands, name)

    async def submit(self, envelope: Envelope, **how: Any) -> Outcome:
        if isinstance(envelope.command, self._kind):
            self._left -= 1
            if self._left < 0:
                self.is_dead.set()
                raise Unavailable("the connection died")
        outcome: Outcome = await self._commands.submit(envelope, **how)
        return outcome


@pytest.mark.parametrize(
    ("kind", "left"),
    [(DirectBreakout, 0), (DirectBreakout, 2), (ReportBreakout, 2), (EndBreakout, 2), (ConfirmClosed, 0)],
    ids=lambda value: getattr(value, "name", str(value)),
)
async def test_a_successor_does_what_the_dead_one_left_undone(
    world: World, kind: type[Command], left: int
) -> None:
    """The owner dies after it told some of four rooms: the worst moments, one after the other."""
    async with world.open("rooms-a") as bus:
        dying = Dying(bus.commands, kind, left)
        bus.commands = dying  # The fault.
        async with rooms_service(bus, world.clock):
            await start(world, *STUDENTS)
            await world.accepted(TESS, PlanAtRandom(groups=4, seed="dice"))
            await world.accepted(TESS, OpenBreakouts())
            if kind in {EndBreakout, ConfirmClosed}:
                await children(world, 4)
                await world.accepted(TESS, CloseBreakouts(0))
            async with asyncio.timeout(60):
                await dying.is_dead.wait()
    async with world.rooms("rooms-b"):
        rooms = await children(world, 4)
        if kind in {DirectBreakout, ReportBreakout}:
            await world.accepted(TESS, CloseBreakouts(0))
        await world.happened(ChildrenClosed)
    for key in rooms:
        facts = Counter(type(event.data) for commit in await world.log(key) for event in commit.events)
        assert {facts[fact] for fact in (RoomCreated, OpenedAsChild, SessionStarted, ClosedAsChild)} == {1}
    await once_in_the_parent(world)


async def test_what_a_parent_decides_happens_in_its_children_and_back(world: World) -> None:
    async with world.rooms("rooms-a"):
        await start(world, SAM, VERA)
        plan = (GroupPlan("Red", (who(SAM),)), GroupPlan("Blue", (who(VERA),)))
        await world.accepted(TESS, PlanBreakouts(plan))
        await world.accepted(TESS, OpenBreakouts())
        red, blue = await children(world, 2)

        sam = within(red, SAM)
        await world.accepted(sam, JoinSession("Sam"), red)
        seen = await world.happened(BreakoutActivity)
        assert seen.present == (who(SAM),)

        await world.accepted(sam, CallForHelp(), red)
        call = await world.happened(HelpQueued)
        await world.accepted(TESS, AnswerHelp(call.group))
        assert (await world.happened(HelpEnded, key=red)).answered

        await world.accepted(TESS, VisitBreakout(call.group, "listen"))
        listener = await world.happened(VisitorCame, key=red)
        assert (listener.participant, listener.mode) == (participant_id(red, TESS.id), "listen")

        groups = (await state(world.bus)).breakouts.groups
        await world.accepted(TESS, MoveParticipant(who(SAM), groups[1].id))
        assert who(SAM) in (await world.happened(MembersChanged, key=blue)).members
        await world.happened(ParticipantLeft, key=red)


async def test_a_class_that_ends_takes_its_groups_with_it_whoever_is_there_then(world: World) -> None:
    async with world.rooms("rooms-a"):
        await start(world, SAM)
        await world.accepted(TESS, PlanBreakouts((GroupPlan("Red", (who(SAM),)),)))
        await world.accepted(TESS, OpenBreakouts())
        (red,) = await children(world, 1)
        await world.accepted(within(red, SAM), JoinSession("Sam"), red)
        await world.accepted(within(red, SAM), LeaveSession(), red)
        await world.accepted(TESS, EndSession())
    async with world.rooms("rooms-b"):
        await world.happened(SessionEnded, key=red)
        await world.happened(ChildrenClosed)
    assert (await state(world.bus)).breakouts.closing == ()


async def test_a_child_of_which_its_parent_knows_nothing_ends(world: World) -> None:
    """Told to open by an owner that was deposed, after the class had gone on without it."""
    async with world.rooms("rooms-a"):
        await start(world, SAM)
        await world.accepted(TESS, PlanBreakouts((GroupPlan("Red", (who(SAM),)),)))
        await world.accepted(TESS, OpenBreakouts())
        (red,) = await children(world, 1)
        stray = RoomKey(KEY.tenant, RoomId("stray"))
        told = await world.happened(OpenedAsChild, key=red)
        await world.accepted(Actor("service", "rooms"), orphan(told), stray)
        await world.happened(SessionEnded, key=stray)


def orphan(like: OpenedAsChild) -> DirectBreakout:
    """A directive of an opening that is over."""
    return DirectBreakout(
        title="Stray",
        owner=UserId(TESS.id),
        parent=like.parent,
        session=like.session,
        opening=OpeningId("earlier"),
        group=like.group,
        group_name="Stray",
        members=(),
    )
