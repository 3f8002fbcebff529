"""One room that is open on this edge: followed once, shown to all who watch it here.

::

    follower ─► state, ring, pending ── tick ──► a frame per class of receivers ─► their outboxes

Invariants

- Every viewer of a room has been told everything up to ``told``, but for those who are owed a view.
- A viewer is added and removed between two awaits: there is no moment at which it could miss an event.
- When what a page says of its person changes (role, presence, permissions), a fresh view follows the
  events. A lock concerns a whole class: whose view cannot be made in this turn of the loop is owed it and
  told nothing until then, so that a page that goes meanwhile resumes from before the change.
"""

import asyncio
import logging
from collections.abc import Callable

import msgspec

from bus.interface import Bus, BusError, Message, Purged, Stored
from edge.clock import Clock
from edge.fanout import Span
from edge.metrics import EVENT_AGE_S, FANOUT_S
from edge.outbox import Frame
from edge.ring import Ring, Taken
from edge.viewer import Standing, Viewer, encode
from rooms.follower import RoomFollower, follow_room, load
from rooms.room import apply, initial
from rooms.state import RoomState
from rooms.viewer import moved
from schemas import subjects
from schemas.envelope import Commit
from schemas.events import EventData
from schemas.events.lifecycle import SessionEnded
from schemas.events.media import NodeLost, RoomPlaced
from schemas.events.roster import (
    ParticipantConnected,
    ParticipantDisconnected,
    ParticipantJoined,
    ParticipantLeft,
    RoleChanged,
)
from schemas.events.tracks import TrackClosed, TrackMuted
from schemas.frames import SignalOut
from schemas.ids import ConnectionId, ParticipantId, RoomKey
from schemas.limits import (
    EDGE_RETRY_S,
    FANOUT_TICK_S,
    FOLLOW_WAIT_S,
    RESUME_BYTES_MAX,
    RESUME_EVENTS_MAX,
    VIEWS_SLICE_S,
)
from schemas.media import Role
from schemas.signalling import Signal

log = logging.getLogger(__name__)

# These cut through the tick: somebody must stop being heard, or media must be rebuilt, now.
_URGENT = (TrackMuted, TrackClosed, RoleChanged, ParticipantLeft, SessionEnded, RoomPlaced, NodeLost)

Tail = tuple[Frame, int]
"""The frame of what somebody missed, and how many events are in it."""


_signal_decoder = msgspec.json.Decoder(Signal)


class OpenRoom:
    """A followed room with its viewers. ``reconnect`` is asked to tell the log that a socket is there."""

    def __init__(self, bus: Bus, key: RoomKey, clock: Clock, reconnect: Callable[[Viewer], None]) -> None:
        self.key = key
        self.state: RoomState
        self.is_ready = asyncio.Event()
        self.users = 0
        self.viewers: dict[ConnectionId, Viewer] = {}
        self._bus = bus
        self._clock = clock
        self._reconnect = reconnect
        self._follower: RoomFollower | None = None
        self._ring = Ring()
        self._pending: list[Commit] = []
        self._told = 0
        self._moved: frozenset[ParticipantId] | None = frozenset()
        self._owed: dict[ConnectionId, Viewer] = {}
        self._owed_timer: asyncio.TimerHandle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._flushed_at = 0.0
        self._tick_s = FANOUT_TICK_S
        self._backfill = asyncio.Lock()

    # --- following -------------------------------------------------------------------------------
    async def run(self) -> None:
        """Follows the room for ever."""
        while True:
            try:
                await self._follow()
            except Purged:
                log.info("%s was archived while we followed it; reading anew", self.key)
            except BusError as error:
                log.warning("%s cannot be followed: %r", self.key, error)
                await asyncio.sleep(EDGE_RETRY_S)

    async def _follow(self) -> None:
        signals = self._bus.core.subscribe(subjects.room_signals(self.key), self._on_signal)
        async with signals, follow_room(self._bus, self.key) as follower:
            self._begin(follower)
            async for state, stored in follower.commits():
                self._take(state, stored)

    def _begin(self, follower: RoomFollower) -> None:
        self._follower = follower
        self.state = follower.state
        self._told = self.state.seq
        self._ring.clear()
        self._pending.clear()
        self._owed.clear()
        self._moved = frozenset()
        for viewer in self.viewers.values():  # Only after a room was read anew.
            viewer.show(self.state)
        self.is_ready.set()

    def _take(self, state: RoomState, stored: Stored) -> None:
        commit, whose = stored.commit, moved(self.state, state)
        self.state = state
        self._ring.append(Taken(commit, whose))
        self._pending.append(commit)
        self._moved = None if whose is None or self._moved is None else self._moved | whose
        self._schedule(is_urgent=any(isinstance(e.data, _URGENT) for e in commit.events))
        for event in commit.events:
            self._obey(event.data, commit.last_seq)

    def _obey(self, fact: EventData, seq: int) -> None:
        """What an event means for sockets of this edge."""
        match fact:
            case ParticipantLeft(participant=participant, reason="removed"):
                self.flush()
                self._close(participant, "removed")
            case (
                ParticipantJoined(participant=participant, connection=connection)
                | ParticipantConnected(participant=participant, connection=connection)
            ):
                self._replace(participant, connection, seq)
            case ParticipantDisconnected(participant=participant):
                present = self.state.participants.get(participant)
                viewer = self.viewers.get(present.connection) if present else None
                if viewer is not None and viewer.participant == participant:
                    self._reconnect(viewer)  # Somebody believed this edge dead; it is not.

    def _close(self, participant: ParticipantId, code: str) -> None:
        for viewer in self.viewers.values():
            if viewer.participant == participant:
                viewer.close(code)

    def _replace(self, participant: ParticipantId, by: ConnectionId, seq: int) -> None:
        """Another socket is this participant's now. One whose own claim is younger than that stays."""
        for viewer in self.viewers.values():
            if viewer.participant == participant and viewer.connection != by and viewer.claim < seq:
                viewer.close("replaced")

    async def reached(self, seq: int) -> bool:
        """Waits a moment until the state includes this seq."""
        if self._follower is None:
            return False
        try:
            async with asyncio.timeout(FOLLOW_WAIT_S):
                await self._follower.reached(seq)
        except TimeoutError:
            return False
        return True

    async def state_at(self, seq: int) -> RoomState | None:
        """The state, once it includes this seq; None when that takes too long."""
        return self.state if await self.reached(seq) else None

    # --- viewers ---------------------------------------------------------------------------------
    async def prepare_resume(self, seq: int) -> bool:
        """Makes ready to show the tail after ``seq``; False when this edge does not know of it yet,
        though the log does. What the log does not have either is answered by a view."""
        if self.state.seq < seq and not await self.reached(seq):
            return (await load(self._bus, self.key)).state.seq < seq
        if seq + 1 < self._ring_start() and self.state.seq <= RESUME_EVENTS_MAX:
            async with self._backfill:
                await self._read_ring()
        return True

    async def _read_ring(self) -> None:
        """A young room's log is short enough to be read whole."""
        start = self._ring_start()
        if start == 1:
            return
        earlier: list[Taken] = []
        state = initial(self.key)
        try:
            async for stored in self._bus.log.read(self.key):
                if stored.commit.seq >= start:
                    break
                before, state = state, apply(state, stored.commit)
                earlier.append(Taken(stored.commit, moved(before, state)))
        except Purged:
            return  # Its beginning cannot be had: a view is all there is.
        if self._ring_start() == start:  # The room may have been read anew meanwhile.
            self._ring.prepend(earlier)

    def _ring_start(self) -> int:
        """The first seq in the ring; what it would be if it is empty."""
        return self.state.seq + 1 if self._ring.start is None else self._ring.start

    def tail(self, viewer: Viewer, seq: int, viewed: int | None = None) -> Tail | None:
        """What this viewer lacks after ``seq``, or None when a view is better (or all there is).

        The page's view is of ``viewed``. The events of a change come before the view that follows from
        it, so a line may break between the two.
        """
        if seq > self.state.seq or seq + 1 < self._ring_start() or self.state.seq - seq > RESUME_EVENTS_MAX:
            return None
        since = seq if viewed is None else min(viewed, seq)
        unseen = [taken for taken in self._ring if taken.commit.last_seq > since]
        if any(taken.moved is None or viewer.participant in taken.moved for taken in unseen):
            return None
        missed = [taken for taken in unseen if taken.commit.last_seq > seq]
        span = Span([taken.commit for taken in missed], seq)
        tail = span.frame_for(viewer.participant, viewer.standing_in(self.state).role)
        return tail if len(tail[0].payload) <= RESUME_BYTES_MAX else None

    def add(self, viewer: Viewer, tail: Tail | None) -> None:
        """Shows the room to a viewer and keeps it up to date. ``tail`` is fresh: nothing was awaited
        since it was made."""
        self.flush()
        self._close(viewer.participant, "replaced")
        self.viewers[viewer.connection] = viewer
        if tail is None:
            viewer.show(self.state)
            return
        viewer.standing = viewer.standing_in(self.state)
        viewer.events(*tail)

    def remove(self, viewer: Viewer) -> None:
        """Forgets a viewer."""
        self.viewers.pop(viewer.connection, None)
        self._owed.pop(viewer.connection, None)

    # --- going out -------------------------------------------------------------------------------
    def _schedule(self, *, is_urgent: bool) -> None:
        now = asyncio.get_running_loop().time()
        if is_urgent or now - self._flushed_at >= self._tick_s:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_at(self._flushed_at + self._tick_s, self.flush)

    def flush(self) -> None:
        """Tells everybody what is pending."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._pending:
            return
        loop = asyncio.get_running_loop()
        started = loop.time()
        span = Span(self._pending, self._told)
        oldest = self._pending[0].at
        self._pending = []
        self._told = span.through
        whose, self._moved = self._moved, frozenset()
        viewing_s = 0.0
        for viewer in tuple(self.viewers.values()):
            if viewer.connection in self._owed:
                continue
            concerned = whose is None or viewer.participant in whose
            if not concerned or (now := viewer.standing_in(self.state)) == viewer.standing:
                viewer.events(*span.frame_for(viewer.participant, viewer.standing.role))
            elif viewing_s >= VIEWS_SLICE_S:
                self._owed[viewer.connection] = viewer
            else:
                before = loop.time()
                self._tell_moved(viewer, span, now)
                viewing_s += loop.time() - before
        self._show_rest_after(viewing_s)
        self._flushed_at = loop.time()
        # A process never spends more than a third of a core on one room's fan-out (limits-facts §3).
        self._tick_s = max(FANOUT_TICK_S, 3 * (self._flushed_at - started))
        FANOUT_S.observe(self._flushed_at - started)
        EVENT_AGE_S.observe(max(0, self._clock() - oldest) / 1000)

    def _tell_moved(self, viewer: Viewer, span: Span, now: Standing) -> None:
        """On the way from one role to another only what both may see is told; the view has the rest."""
        viewer.events(*span.frame_for(viewer.participant, _between(viewer.standing.role, now.role)))
        viewer.show(self.state)

    def _show_rest_after(self, spent_s: float) -> None:
        """As with events, views take no more than a third of a core."""
        if self._owed and self._owed_timer is None:
            self._owed_timer = asyncio.get_running_loop().call_later(2 * spent_s, self._show_owed)

    def _show_owed(self) -> None:
        """Sends views for a slice of time, the latest owed first."""
        self._owed_timer = None
        self.flush()  # A view is of the very state up to which everybody was told.
        loop = asyncio.get_running_loop()
        started = loop.time()
        while self._owed and loop.time() - started < VIEWS_SLICE_S:
            _, viewer = self._owed.popitem()
            if viewer.closing is None:
                viewer.show(self.state)
        self._show_rest_after(loop.time() - started)

    async def _on_signal(self, message: Message) -> None:
        named = subjects.parse_signal(message.subject)
        try:
            signal = _signal_decoder.decode(message.data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            log.warning("not a signal: %s", message.subject)
            return
        assert named is not None
        frame = encode(SignalOut(named[1], signal.data, signal.sender))
        present = self.state.participants if self.is_ready.is_set() else {}
        for viewer in tuple(self.viewers.values()):
            who = viewer.participant
            if who in present and who != signal.sender and (not signal.to or who in signal.to):
                viewer.signal(frame)


def _between(one: Role | None, other: Role | None) -> Role | None:
    """The role for what both of these may see."""
    if one is None or other is None:
        return None
    return one if one == other else Role.VIEWER
