"""One class at a time for everybody, teachers and guests too: who enters one has claimed it first.

``active_user`` holds one claim per person: the root room (a breakout room counts as its parent) that alone
they may be entering, or be in. It is taken and changed by compare-and-set, so there is one claim however
many pages and edges ask at once; and it goes to another room only when that room's own log, not the claim,
has let the person go. So nothing depends on a claim being cleared away:

1. Nobody there: claim.
2. The same root room: claim anew. ``until`` then also covers what the earlier claim has under way.
3. Another root room: as long as a join may still be decided under it (``until``), wait. Is the person
   connected there, the tenant's policy decides: refuse, or leave there for them. Who only waits at its door,
   or whose page or edge is gone, is let go under either policy. The rooms' answers to ``leave_lobby`` and
   ``leave_session`` say that they are out: all that was asked before has been decided before. Then
   the claim is taken over at the revision that was read.

The deadline of the join counts from its claim, so that it cannot be decided after ``until``; once it is
answered the claim is settled. Whoever knocks claims as well, because they are let in by somebody else's
commit: to knock is to enter. A claim is deleted when its person leaves by themselves, and runs out after
the longest class; both only save room.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from bus.interface import Bus, BusError, Conflict, Entry, NoResponders, Unavailable
from edge.clock import Clock
from rooms.follower import load
from rooms.room import decide
from rooms.state import RoomState
from schemas.commands import Command
from schemas.commands.lobby import LeaveLobby
from schemas.commands.roster import LeaveSession
from schemas.envelope import Accepted, Actor, Envelope, Outcome, Rejected
from schemas.ids import CommandId, ConnectionId, EdgeId, RoomId, RoomKey, participant_id
from schemas.limits import (
    CLAIM_LOOK_S,
    CLAIM_S,
    CLAIM_SETTLE_S,
    CLAIM_WAIT_S,
    COMMAND_DEADLINE_S,
    EDGE_BEAT_S,
    EDGE_LEASE_S,
    LIVENESS_PROBE_S,
    PROBES_SILENT_MAX,
)
from schemas.registry import EdgeRegistration
from schemas.rejections import Code, Rejection, rejection
from schemas.subjects import ACTIVE_USER, EDGE_LEASE, active_user_key, alive, edge_key

log = logging.getLogger(__name__)

_DEADLINE_MS = int(COMMAND_DEADLINE_S * 1000)
_TRUSTED_MS = int((EDGE_LEASE_S - EDGE_BEAT_S) * 1000)
_SETTLED_MS = _DEADLINE_MS + int(CLAIM_SETTLE_S * 1000)


class Claim(Struct, frozen=True):
    """The root room that a person may enter, since ``at``; a join may be decided under it until ``until``.

    ``edge`` and ``connection`` are whose claim it is, for people who look. Times are Unix milliseconds.
    """

    room: RoomId
    edge: EdgeId
    connection: ConnectionId
    at: int
    until: int


class Taken(NamedTuple):
    """A claim of ours, and until when an earlier one for the same room still has joins under way."""

    claim: Claim
    revision: int
    earlier: int


class _Place(NamedTuple):
    """A room in which a person is, or before whose door they wait."""

    state: RoomState
    is_connected: bool


def root_of(state: RoomState) -> RoomKey:
    """The room whose class this one is part of: a breakout's parent, or the room itself."""
    of = state.breakouts.of
    return state.key if of is None or of.closed else RoomKey(state.key.tenant, of.parent)


class OneClass:
    """Lets people of this edge enter classes, one at a time."""

    def __init__(self, bus: Bus, edge: EdgeId, clock: Clock) -> None:
        self._bus = bus
        self._edge = edge
        self._clock = clock
        self._claims = bus.bucket(ACTIVE_USER)

    async def join(self, room: RoomState, asked: Envelope) -> Outcome:
        """Carries out a ``join_session`` under the person's claim. Raises BusError."""
        key = active_user_key(room.key.tenant, asked.actor.id)
        taken = await self.claim(key, room, asked)
        if isinstance(taken, Rejection):
            return Rejected(taken.code, taken.message)
        join = replace(asked, deadline=taken.claim.at + _DEADLINE_MS)
        outcome = await self._bus.commands.submit(join)
        await self._settle(key, taken)
        return outcome

    async def leave(self, asked: Envelope, followed: Callable[[int], Awaitable[RoomState | None]]) -> Outcome:
        """Carries out a ``leave_session`` and deletes the claim if that leaves nothing of it.

        ``followed`` gives the room as of a seq. What was joined after the claim was read has made another
        revision of it. Raises BusError.
        """
        key = active_user_key(asked.key.tenant, asked.actor.id)
        held = await self._claims.get(key)
        outcome = await self._bus.commands.submit(asked)
        if held is not None and isinstance(outcome, Accepted):
            claim = _read(held)
            room = await followed(outcome.seq)
            is_settled = claim.room == asked.key.room and claim.until <= self._clock()
            if is_settled and room is not None and _is_over(room, asked.actor):
                await self._delete(key, held.revision)
        return outcome

    # --- claiming --------------------------------------------------------------------------------
    async def claim(self, key: str, room: RoomState, asked: Envelope) -> Taken | Rejection:
        """Claims this room as the person's one class as soon as that may be done, or says why it may not.

        Raises BusError.
        """
        loop = asyncio.get_running_loop()
        give_up_s = loop.time() + CLAIM_WAIT_S
        while loop.time() < give_up_s:
            try:
                taken = await self._try(key, room, asked)
            except Conflict:
                log.info("%s is claimed on another page at this moment", key)
                continue
            if taken is not None:
                return taken
            await asyncio.sleep(CLAIM_LOOK_S)
        return rejection(
            Code.IN_ANOTHER_CLASS, "You are just entering a class. Please try again in a moment."
        )

    async def _try(self, key: str, room: RoomState, asked: Envelope) -> Taken | Rejection | None:
        """One try; None while a join may be under way elsewhere. Raises BusError, also Conflict."""
        root = root_of(room)
        held = await self._claims.get(key)
        if held is None:
            return await self._write(key, root, asked, None, 0)
        claim = _read(held)
        if claim.room == root.room:
            return await self._write(key, root, asked, held.revision, claim.until)
        if self._clock() < claim.until:
            return None
        other = RoomKey(root.tenant, claim.room)
        places = await self._places(other, asked.actor)
        refusal = self._refuse(places, room, asked)
        if refusal is not None:
            return refusal
        revision = await self._begin_move(key, claim, held.revision)
        for where in {other, *(place.state.key for place in places)}:
            await self._take_out(where, asked.actor)
        return await self._write(key, root, asked, revision, 0)

    async def _write(
        self, key: str, root: RoomKey, asked: Envelope, revision: int | None, earlier: int
    ) -> Taken:
        """Claims this root room: over nothing, or over this revision."""
        now = self._clock()
        connection = asked.actor.connection or ConnectionId("")
        claim = Claim(root.room, self._edge, connection, now, max(earlier, now + _SETTLED_MS))
        value = msgspec.json.encode(claim)
        if revision is None:
            return Taken(claim, await self._claims.create(key, value, ttl_s=CLAIM_S), earlier)
        return Taken(claim, await self._claims.update(key, value, revision, ttl_s=CLAIM_S), earlier)

    async def _begin_move(self, key: str, claim: Claim, revision: int) -> int:
        """Keeps others from moving the same person for a moment: one of them would take them out in vain."""
        moving = replace(claim, until=self._clock() + int(CLAIM_WAIT_S * 1000))
        return await self._claims.update(key, msgspec.json.encode(moving), revision, ttl_s=CLAIM_S)

    async def _settle(self, key: str, taken: Taken) -> None:
        """The join was answered, so nothing of this claim is under way. If another page has claimed
        meanwhile, ours runs out within its ``until``."""
        settled = replace(taken.claim, until=taken.earlier)
        try:
            await self._claims.update(key, msgspec.json.encode(settled), taken.revision, ttl_s=CLAIM_S)
        except Conflict:
            log.debug("%s was claimed again before it was settled", key)
        except BusError as error:
            log.warning("the claim of %s settles by itself: %r", key, error)

    async def _delete(self, key: str, revision: int) -> None:
        try:
            await self._claims.delete(key, revision)
        except BusError as error:
            log.info("the claim of %s stays: %r", key, error)

    # --- the other class -------------------------------------------------------------------------
    def _refuse(self, places: list[_Place], room: RoomState, asked: Envelope) -> Rejection | None:
        """Why the person stays where they are."""
        here = next((place for place in places if place.is_connected), None)
        if here is None:
            return None  # At most before the door, or with the line lost.
        if room.policy.second_class == "refuse":
            title = here.state.title
            return rejection(Code.IN_ANOTHER_CLASS, f"You are in “{title}” now. Leave that class first.")
        # Nobody loses a class for one that they cannot enter.
        rehearsed = decide(room, asked, self._clock())
        return rehearsed if isinstance(rehearsed, Rejection) else None

    async def _places(self, root: RoomKey, actor: Actor) -> list[_Place]:
        """Where in this class the person is, or waits: in the room, and in its breakout rooms."""
        state = (await load(self._bus, root)).state
        opening = state.breakouts.opening
        children = {c.room for c in opening.children} if opening else set()
        children |= {c.room for c in state.breakouts.closing}
        found = [state, *[(await load(self._bus, RoomKey(root.tenant, child))).state for child in children]]
        return [place for s in found if (place := await self._place(s, actor)) is not None]

    async def _place(self, state: RoomState, actor: Actor) -> _Place | None:
        who = participant_id(state.key, actor.id)
        present = state.participants.get(who) if state.live else None
        if present is not None:
            return _Place(state, present.connected and await self._lives(present.edge))
        return _Place(state, False) if who in state.lobby.waiting else None

    async def _lives(self, edge: EdgeId) -> bool:
        """Whether an edge is there: the people of a dead one are not connected.

        A killed one listens no more. One that listens and does not answer is alive as long as its last beat
        is so young that it trusts its lease itself (``edge.presence``).
        """
        for _ in range(PROBES_SILENT_MAX):
            try:
                await self._bus.core.request(alive(edge), b"", LIVENESS_PROBE_S)
            except NoResponders:
                await asyncio.sleep(LIVENESS_PROBE_S)
            except BusError:
                break  # It listens, but does not answer.
            else:
                return True
        else:
            return False
        lease = await self._bus.bucket(EDGE_LEASE).get(edge_key(edge))
        if lease is None:
            return False
        beat_at = msgspec.json.decode(lease.value, type=EdgeRegistration).beat_at
        return self._clock() - beat_at < _TRUSTED_MS

    async def _take_out(self, key: RoomKey, actor: Actor) -> None:
        """Returns when the room has decided that this person is neither in it nor at its door."""
        there = replace(actor, participant=participant_id(key, actor.id))
        for command in (LeaveLobby(), LeaveSession()):
            await self._ask(key, command, there)

    async def _ask(self, key: RoomKey, command: Command, actor: Actor) -> None:
        command_id = CommandId("o" + secrets.token_hex(10))  # An old answer would be no answer.
        deadline = self._clock() + _DEADLINE_MS
        outcome = await self._bus.commands.submit(Envelope(key, command, command_id, actor, deadline))
        if isinstance(outcome, Rejected) and outcome.code is not Code.NO_SUCH_ROOM:
            raise Unavailable(f"{command.name} of {key}: {outcome.code}")


def _read(entry: Entry) -> Claim:
    return msgspec.json.decode(entry.value, type=Claim)


def _is_over(room: RoomState, actor: Actor) -> bool:
    """Whether nothing of this room, or of its breakout rooms, can still hold this person."""
    who, breakouts = participant_id(room.key, actor.id), room.breakouts
    is_out = who not in room.participants and who not in room.lobby.waiting
    return is_out and root_of(room) == room.key and not breakouts.opening and not breakouts.closing
