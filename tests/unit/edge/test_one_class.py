"""One active class per user: however many pages and edges ask, and whatever dies meanwhile.

The real rules decide on the bus in memory, in virtual time. At the end of each story the logs of all
rooms are folded together, in the order in which they were written: nobody is ever in two classes.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bus.interface import BusError, Conflict
from edge.one_class import Claim, OneClass, root_of
from rooms.follower import load
from rooms.room import apply, initial
from rooms.state import RoomState
from rooms.state.breakouts import Parentage
from schemas.commands import Command
from schemas.commands.lifecycle import ChangeSettings, CreateRoom, EndSession, StartSession
from schemas.commands.lobby import Admit
from schemas.commands.rights import ApplyPolicy
from schemas.commands.roster import JoinSession, LeaveSession, LoseConnection
from schemas.envelope import Accepted, Actor, Capability, Envelope, Outcome, Rejected
from schemas.ids import (
    CommandId,
    ConnectionId,
    EdgeId,
    GroupId,
    OpeningId,
    RoomId,
    RoomKey,
    SessionId,
    TenantId,
    participant_id,
)
from schemas.limits import CLAIM_SETTLE_S, COMMAND_DEADLINE_S, EDGE_LEASE_S
from schemas.policy import Policy
from schemas.rejections import Code
from schemas.room_settings import RoomSettings
from schemas.subjects import ACTIVE_USER, active_user_key
from tests.simulation.virtual import run
from tests.simulation.world import Edge, School, clock, school

TENANT = TenantId("school")
ROOMS = [RoomKey(TENANT, RoomId(f"room{n}")) for n in range(5)]
MATHS, PHYSICS = ROOMS[:2]
SAM = active_user_key(TENANT, "sam")


class Campus:
    """Five live classes, and people who enter them by any edge."""

    def __init__(self, around: School) -> None:
        self.around = around
        self._count = 0

    def actor(self, key: RoomKey, person: str = "sam", edge: Edge | None = None) -> Actor:
        """Somebody with a page open."""
        self._count += 1
        edge = edge or self.around.edges[0]
        capabilities: tuple[Capability, ...] = ("teach",) if person == "tess" else ()
        page = ConnectionId(f"page{self._count}")
        who = participant_id(key, person)
        return Actor("user", person, who, person.title(), capabilities, None, page, EdgeId(edge.name))

    def envelope(self, actor: Actor, key: RoomKey, command: Command) -> Envelope:
        """A command on its way."""
        self._count += 1
        deadline = clock() + int(COMMAND_DEADLINE_S * 1000)
        return Envelope(key, command, CommandId(f"c{self._count}"), actor, deadline)

    async def write(self, key: RoomKey, command: Command, person: str = "tess") -> None:
        """What must be accepted, past the edge."""
        actor = Actor("service", "test") if person == "service" else self.actor(key, person)
        outcome = await self.around.edges[0].bus.commands.submit(self.envelope(actor, key, command))
        assert isinstance(outcome, Accepted), (command, outcome)

    async def join(self, key: RoomKey, edge: Edge | None = None, person: str = "sam") -> Outcome:
        """Asks to enter, as a page on this edge."""
        edge = edge or self.around.edges[0]
        asked = self.envelope(self.actor(key, person, edge), key, JoinSession(person.title()))
        return await self.door(edge).join(await self.state(key), asked)

    async def leave(self, key: RoomKey, person: str = "sam") -> Outcome:
        """Goes by themselves."""

        async def followed(seq: int) -> RoomState:
            return await self.state(key)

        asked = self.envelope(self.actor(key, person), key, LeaveSession())
        return await self.door(self.around.edges[0]).leave(asked, followed)

    def door(self, edge: Edge) -> OneClass:
        """Where this edge lets people in."""
        return OneClass(edge.bus, EdgeId(edge.name), clock)

    async def state(self, key: RoomKey) -> RoomState:
        """The room as the log has it."""
        return (await load(self.around.edges[0].bus, key)).state

    async def is_in(self, key: RoomKey, person: str = "sam") -> bool:
        """Whether the log says that they are in this class."""
        return participant_id(key, person) in (await self.state(key)).participants

    async def claim(self) -> Claim | None:
        """Sam's claim."""
        entry = await self.around.edges[0].bus.bucket(ACTIVE_USER).get(SAM)
        return msgspec.json.decode(entry.value, type=Claim) if entry else None

    async def judge(self) -> None:
        """Folds all logs together, in the order of writing."""
        async with self.around.hub.open("judge") as bus:
            stored = sorted(
                [s for key in ROOMS async for s in bus.log.read(key)], key=lambda each: each.stream_seq
            )
        states = {key: initial(key) for key in ROOMS}
        for each in stored:
            states[each.key] = apply(states[each.key], each.commit)
            people = [p.person for state in states.values() for p in state.participants.values()]
            assert len(people) == len(set(people)), (each, people)


@asynccontextmanager
async def campus(policy: str = "refuse", *, edges: int = 1, seed: int = 1) -> AsyncIterator[Campus]:
    """Five rooms with classes running in them, under a tenant's policy."""
    async with school(Random(seed)) as around:
        await around.start_rooms()
        for _ in range(edges):
            await around.start_edge()
        made = Campus(around)
        while any(edge.hub.unready() for edge in around.edges):  # noqa: ASYNC110 - virtual time
            await asyncio.sleep(0.1)
        second_class: Any = policy
        for key in ROOMS:
            await made.write(key, CreateRoom(f"Class {key.room}"))
            await made.write(key, ApplyPolicy(Policy(1, second_class=second_class)), "service")
            await made.write(key, StartSession())
        yield made
        await made.judge()


def told(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Runs a story in virtual time."""
    run(story())


def refused(outcome: Outcome) -> Code | None:
    """Why somebody is refused."""
    return outcome.code if isinstance(outcome, Rejected) else None


def test_who_is_in_a_class_is_refused_by_another_one_which_names_the_first() -> None:
    async def story() -> None:
        async with campus("refuse") as made:
            assert isinstance(await made.join(MATHS), Accepted)
            outcome = await made.join(PHYSICS)
            assert outcome == Rejected(
                Code.IN_ANOTHER_CLASS, "You are in “Class room0” now. Leave that class first."
            )
            assert await made.is_in(MATHS)

    told(story)


def test_by_the_other_policy_who_joins_elsewhere_leaves_first() -> None:
    async def story() -> None:
        async with campus("move_here") as made:
            await made.join(MATHS)
            assert isinstance(await made.join(PHYSICS), Accepted)
            assert (await made.is_in(MATHS), await made.is_in(PHYSICS)) == (False, True)

    told(story)


def test_teachers_are_in_one_class_at_a_time_too() -> None:
    async def story() -> None:
        async with campus("refuse") as made:
            await made.join(MATHS, person="tess")
            assert refused(await made.join(PHYSICS, person="tess")) is Code.IN_ANOTHER_CLASS

    told(story)


def test_nobody_loses_a_class_for_one_that_they_cannot_enter() -> None:
    async def story() -> None:
        async with campus("move_here") as made:
            await made.join(MATHS)
            await made.write(PHYSICS, EndSession())
            assert refused(await made.join(PHYSICS)) is Code.SESSION_NOT_LIVE
            assert await made.is_in(MATHS)

    told(story)


def test_the_same_class_may_be_joined_again_from_any_page() -> None:
    async def story() -> None:
        async with campus(edges=2) as made:
            for edge in (*made.around.edges, *made.around.edges):
                assert isinstance(await made.join(MATHS, edge), Accepted)

    told(story)


def test_who_left_may_go_elsewhere_at_once_and_leaves_no_claim() -> None:
    async def story() -> None:
        async with campus() as made:
            await made.join(MATHS)
            await made.leave(MATHS)
            assert await made.claim() is None
            assert isinstance(await made.join(PHYSICS), Accepted)
            claim = await made.claim()
            assert claim is not None
            assert (claim.room, claim.until) == (PHYSICS.room, 0)

    told(story)


def test_a_claim_that_nobody_cleared_holds_up_nobody() -> None:
    """The class ended, or a host sent the person out: the log lets them go, not the claim."""

    async def story() -> None:
        async with campus() as made:
            await made.join(MATHS)
            await made.write(MATHS, EndSession())
            assert (await made.claim()) is not None
            assert isinstance(await made.join(PHYSICS), Accepted)

    told(story)


def test_who_lost_the_line_may_enter_another_class_during_the_grace_time() -> None:
    async def story() -> None:
        async with campus("refuse") as made:
            await made.join(MATHS)
            present = (await made.state(MATHS)).participants[participant_id(MATHS, "sam")]
            await made.write(MATHS, LoseConnection(present.id, present.connection), "service")
            assert isinstance(await made.join(PHYSICS), Accepted)
            assert not await made.is_in(MATHS)

    told(story)


def test_the_people_of_a_dead_edge_can_join_elsewhere_within_its_lease() -> None:
    async def story() -> None:
        async with campus("refuse", edges=2) as made:
            first = made.around.edges[0]
            await made.join(MATHS, first)
            died_at = clock()
            await made.around.kill_edge(first)
            second = made.around.edges[0]
            while refused(await made.join(PHYSICS, second)):  # noqa: ASYNC110 - virtual time
                await asyncio.sleep(0.1)
            assert clock() - died_at <= (EDGE_LEASE_S + 0.5) * 1000
            assert await made.is_in(PHYSICS)

    told(story)


def test_a_join_that_may_be_under_way_is_waited_for() -> None:
    """Its edge died after the claim: nobody knows whether it asked. After the deadline it is over."""

    async def story() -> None:
        async with campus("move_here", edges=2) as made:
            dying, other = made.around.edges
            asked = made.envelope(made.actor(MATHS, edge=dying), MATHS, JoinSession("Sam"))
            taken = await made.door(dying).claim(SAM, await made.state(MATHS), asked)
            claimed_at = clock()
            assert not isinstance(taken, Rejected)
            outcome = await made.join(PHYSICS, other)
            assert refused(outcome) is Code.IN_ANOTHER_CLASS
            while refused(await made.join(PHYSICS, other)):  # noqa: ASYNC110 - virtual time
                await asyncio.sleep(0.1)
            settled_ms = (COMMAND_DEADLINE_S + CLAIM_SETTLE_S) * 1000
            assert settled_ms <= clock() - claimed_at <= settled_ms + 4_000

    told(story)


def test_one_who_waits_at_a_door_is_taken_from_it_before_entering_elsewhere() -> None:
    """Let in later by somebody else's commit, they would be in two classes."""

    async def story() -> None:
        async with campus("refuse") as made:
            await made.write(MATHS, ChangeSettings(RoomSettings(lobby="everyone")))
            assert isinstance(await made.join(MATHS), Accepted)
            who = participant_id(MATHS, "sam")
            assert who in (await made.state(MATHS)).lobby.waiting
            assert isinstance(await made.join(PHYSICS), Accepted)
            assert who not in (await made.state(MATHS)).lobby.waiting
            asked = made.envelope(made.actor(MATHS, "tess"), MATHS, Admit((who,)))
            outcome = await made.around.edges[0].bus.commands.submit(asked)
            assert refused(outcome) is Code.NO_SUCH_PARTICIPANT

    told(story)


def test_knocking_is_entering() -> None:
    """Who is in a class cannot wait for another one, and who was let in is in it."""

    async def story() -> None:
        async with campus("refuse") as made:
            await made.write(MATHS, ChangeSettings(RoomSettings(lobby="everyone")))
            await made.join(PHYSICS)
            assert refused(await made.join(MATHS)) is Code.IN_ANOTHER_CLASS
            await made.leave(PHYSICS)
            await made.join(MATHS)
            await made.write(MATHS, Admit((participant_id(MATHS, "sam"),)))
            assert await made.is_in(MATHS)
            assert refused(await made.join(PHYSICS)) is Code.IN_ANOTHER_CLASS

    told(story)


def test_a_class_that_is_left_while_its_claim_is_renewed_keeps_the_claim() -> None:
    """The other page joins again; deleting the claim then would let the person into a second class."""

    async def story() -> None:
        async with campus("refuse") as made:
            await made.join(MATHS)
            asked = made.envelope(made.actor(MATHS), MATHS, LeaveSession())

            async def rejoined(seq: int) -> RoomState:
                state = await made.state(MATHS)
                await made.join(MATHS)
                return state

            await made.door(made.around.edges[0]).leave(asked, rejoined)
            assert (await made.claim()) is not None
            assert refused(await made.join(PHYSICS)) is Code.IN_ANOTHER_CLASS

    told(story)


def test_a_breakout_room_counts_as_its_parent() -> None:
    of = Parentage(MATHS.room, SessionId("s1"), OpeningId("o1"), GroupId("g1"), "Red", (), None, ())
    child = initial(RoomKey(TENANT, RoomId("red")))
    within = msgspec.structs.replace(child, breakouts=msgspec.structs.replace(child.breakouts, of=of))
    assert root_of(within) == MATHS
    over = msgspec.structs.replace(of, closed=True)
    after = msgspec.structs.replace(child, breakouts=msgspec.structs.replace(child.breakouts, of=over))
    assert (root_of(after), root_of(child)) == (child.key, child.key)


@pytest.mark.parametrize("policy", ["refuse", "move_here"])
def test_of_a_hundred_joins_at_once_to_five_rooms_by_four_edges_one_counts(policy: str) -> None:
    """At any moment: the judge folds the logs. In the end the person is in one class."""

    async def story() -> None:
        async with campus(policy, edges=4) as made:
            edges = made.around.edges
            outcomes = await asyncio.gather(*(made.join(ROOMS[n % 5], edges[n % 4]) for n in range(100)))
            joined = [o for o in outcomes if isinstance(o, Accepted)]
            assert joined
            assert {refused(o) for o in outcomes} <= {None, Code.IN_ANOTHER_CLASS}
            assert sum([await made.is_in(key) for key in ROOMS]) == 1

    told(story)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), policy=st.sampled_from(["refuse", "move_here"]))
def test_whatever_dies_nobody_is_in_two_classes(seed: int, policy: str) -> None:
    """People join and leave at random while an edge and the rules die and others take over."""

    async def story() -> None:
        async with campus(policy, edges=3, seed=seed) as made:
            chance = Random(seed)
            entered: list[bool] = []

            async def person(name: str) -> None:
                for _ in range(12):
                    await asyncio.sleep(chance.expovariate(1))
                    edge, key = chance.choice(made.around.edges), chance.choice(ROOMS)
                    with suppress(BusError):  # The edge died with it.
                        if chance.random() < 0.8:
                            entered.append(isinstance(await made.join(key, edge, name), Accepted))
                        else:
                            await made.leave(key, name)

            async def faults() -> None:
                await asyncio.sleep(chance.uniform(1, 4))
                await made.around.start_rooms()
                await made.around.kill_rooms("rooms-1")
                await asyncio.sleep(chance.uniform(0, 4))
                await made.around.kill_edge(made.around.edges[-1])

            await asyncio.gather(faults(), *(person(f"p{n}") for n in range(3) for _ in range(2)))
            assert sum(entered) >= 3, "nobody came"

    told(story)


def test_a_claim_is_written_by_compare_and_set_only() -> None:
    """What the scheme stands on: of two who read the same revision one loses."""

    async def story() -> None:
        async with campus() as made:
            bucket = made.around.edges[0].bus.bucket(ACTIVE_USER)
            revision = await bucket.create("a.b", b"1")
            await bucket.update("a.b", b"2", revision)
            with pytest.raises(Conflict):
                await bucket.update("a.b", b"3", revision)
            with pytest.raises(Conflict):
                await bucket.delete("a.b", revision)

    told(story)
