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
import time
from collections.abc import Callable, Sequence

import msgspec

from bus.interface import Bus, BusError, Message, Purged, Stored
from edge.clock import Clock
from edge.fanout import Span
from edge.metrics import EVENT_AGE_S, FANOUT_S
from edge.outbox import Frame
from edge.ring import Ring, Taken
from edge.viewer import Standing, Viewer, encode
from rooms.crowd import changes_sight, is_crowd, quieted, shown
from rooms.doors import may_enter
from rooms.follower import RoomFollower, follow_room, load
from rooms.room import apply, initial
from rooms.state import RoomState
from rooms.view import participant_view
from rooms.viewer import moved_by
from schemas import subjects
from schemas.envelope import Commit
from schemas.events import EventData
from schemas.events.breakouts import ChildStaffChanged, MembersChanged, VisitorWent
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
from schemas.frames import MeFrame, PeopleFrame, SignalOut
from schemas.ids import ConnectionId, ParticipantId, RoomKey
from schemas.limits import (
    EDGE_RETRY_S,
    FANOUT_TICK_MAX_S,
    FANOUT_TICK_S,
    FOLLOW_WAIT_S,
    PEOPLE_TICK_S,
    RECONNECT_SPREAD_MS_MAX,
    RECONNECT_SPREAD_MS_MIN,
    RECONNECT_SPREAD_MS_PER_PERSON,
    RESUME_BYTES_MAX,
    RESUME_EVENTS_MAX,
    VIEWS_SLICE_S,
)
from schemas.media import Role
from schemas.signalling import Signal
from schemas.view import ParticipantView

log = logging.getLogger(__name__)

# Who may be in a breakout room changes with these.
_SENDS_OUT = (MembersChanged, ChildStaffChanged, VisitorWent)

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
        self._sockets: dict[ParticipantId, list[Viewer]] = {}
        self._moved: frozenset[ParticipantId] | None = frozenset()
        self._tails: dict[int, Span] = {}
        self._is_crowd = False
        self._seen: dict[ParticipantId, ParticipantView] = {}
        self._counted = 0
        self._written = 0
        self._people_timer: asyncio.TimerHandle | None = None
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
        self._told = self._written = self.state.seq
        self._ring.clear()
        self._tails.clear()
        self._pending.clear()
        self._owed.clear()
        self._moved = frozenset()
        self._is_crowd = is_crowd(self.state)
        self._seen, self._counted = self._sight(), len(self.state.participants)
        for viewer in self.viewers.values():  # Only after a room was read anew.
            viewer.show(self.state, crowded=self._is_crowd)
        self.is_ready.set()

    def _take(self, state: RoomState, stored: Stored) -> None:
        commit, whose = stored.commit, moved_by(stored.commit, self.state, state)
        self.state = state
        self._tails.clear()
        self._ring.append(Taken(commit, whose))
        self._pending.append(commit)
        self._moved = None if whose is None or self._moved is None else self._moved | whose
        self._schedule(is_urgent=any(isinstance(e.data, _URGENT) for e in commit.events))
        for event in commit.events:
            self._obey(event.data, commit.last_seq)
        if any(isinstance(event.data, _SENDS_OUT) for event in commit.events):
            self._send_out()

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

    def _send_out(self) -> None:
        """A breakout room does not exist any more for those who may not be in it now."""
        self.flush()
        for viewer in tuple(self.viewers.values()):
            if not may_enter(self.state, viewer.access.person.id, viewer.standing_in(self.state).role):
                viewer.close("no_such_room")

    def _close(self, participant: ParticipantId, code: str) -> None:
        for viewer in tuple(self._sockets.get(participant, ())):
            viewer.close(code)

    def _replace(self, participant: ParticipantId, by: ConnectionId, seq: int) -> None:
        """Another socket is this participant's now. One whose own claim is younger than that stays."""
        for viewer in tuple(self._sockets.get(participant, ())):
            if viewer.connection != by and viewer.claim < seq:
                viewer.close("replaced")

    @property
    def spread_ms(self) -> int:
        """Over which time the pages of this room should come back when their edge dies."""
        wanted = RECONNECT_SPREAD_MS_PER_PERSON * len(self.state.participants)
        return round(min(RECONNECT_SPREAD_MS_MAX, max(RECONNECT_SPREAD_MS_MIN, wanted)))

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
                earlier.append(Taken(stored.commit, moved_by(stored.commit, before, state)))
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
        span = self._tails.get(seq)
        if span is None:
            missed = [taken.commit for taken in unseen if taken.commit.last_seq > seq]
            if self._is_crowd:
                missed = [quieted(commit, self._seen.keys()) for commit in missed]
            span = self._tails[seq] = Span(missed, seq)
        tail = span.frame_for(viewer.participant, viewer.standing_in(self.state).role)
        return tail if len(tail[0].payload) <= RESUME_BYTES_MAX else None

    def add(self, viewer: Viewer, tail: Tail | None) -> None:
        """Shows the room to a viewer and keeps it up to date. ``tail`` is fresh: nothing was awaited
        since it was made."""
        self.flush()
        self._close(viewer.participant, "replaced")
        self.viewers[viewer.connection] = viewer
        self._sockets.setdefault(viewer.participant, []).append(viewer)
        if tail is None:
            viewer.show(self.state, crowded=self._is_crowd)
            return
        viewer.standing = viewer.standing_in(self.state)
        viewer.events(*tail)
        if self._is_crowd and viewer.standing.role is not None:
            viewer.events(self._people(self._told, tuple(self._seen.values()), whole=True), 1)

    def remove(self, viewer: Viewer) -> None:
        """Forgets a viewer."""
        if self.viewers.pop(viewer.connection, None) is not None:
            sockets = self._sockets[viewer.participant]
            sockets.remove(viewer)
            if not sockets:
                del self._sockets[viewer.participant]
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
        started, used_s = loop.time(), time.thread_time()
        oldest = self._pending[0].at
        span = self._next_span()
        whose, self._moved = self._moved, frozenset()
        private = span.whose if self._is_crowd and whose is not None else None
        if private is None:
            self._tell(span, tuple(self.viewers.values()), whose)
            self._written = span.through
        else:
            concerned = {*private, *(whose or ())}
            sockets = [viewer for who in concerned for viewer in self._sockets.get(who, ())]
            self._tell(span, sockets, whose)
        self._count_soon()
        self._flushed_at = loop.time()
        # A process never spends more than a third of a core on one room's fan-out (limits-facts §3). On a
        # machine that is too busy for us a pass lasts long without costing much: nobody waits for that too.
        self._tick_s = min(FANOUT_TICK_MAX_S, max(FANOUT_TICK_S, 3 * (time.thread_time() - used_s)))
        FANOUT_S.observe(self._flushed_at - started)
        EVENT_AGE_S.observe(max(0, self._clock() - oldest) / 1000)

    def _tell(self, span: Span, viewers: Sequence[Viewer], whose: frozenset[ParticipantId] | None) -> None:
        """Tells these of a span, and those whose standing has changed what they are now."""
        loop = asyncio.get_running_loop()
        viewing_s = 0.0
        now_mine: dict[Standing, Frame] = {}
        for viewer in viewers:
            if viewer.connection in self._owed:
                continue
            concerned = whose is None or viewer.participant in whose
            if not concerned or (now := viewer.standing_in(self.state)) == viewer.standing:
                viewer.events(*span.frame_for(viewer.participant, viewer.standing.role))
            elif (now.role, now.present) == (viewer.standing.role, viewer.standing.present):
                # Nothing else of a view depends on what its person may do.
                viewer.standing = now
                viewer.events(*span.frame_for(viewer.participant, now.role))
                frame = now_mine.get(now) or now_mine.setdefault(now, _me(now, span.through))
                viewer.events(frame, 1)
            elif viewing_s >= VIEWS_SLICE_S:
                self._owed[viewer.connection] = viewer
            else:
                before = loop.time()
                self._tell_moved(viewer, span, now)
                viewing_s += loop.time() - before
        self._show_rest_after(viewing_s)

    def _tell_moved(self, viewer: Viewer, span: Span, now: Standing) -> None:
        """On the way from one role to another only what both may see is told; the view has the rest."""
        viewer.events(*span.frame_for(viewer.participant, _between(viewer.standing.role, now.role)))
        viewer.show(self.state, crowded=self._is_crowd)

    # --- a crowd ---------------------------------------------------------------------------------
    def _next_span(self) -> Span:
        """What is pending, as it is told; before it goes out everybody knows whom they see."""
        commits, self._pending, seen = self._pending, [], self._seen
        was, self._is_crowd = self._is_crowd, is_crowd(self.state, was=self._is_crowd)
        if was != self._is_crowd:
            # Views of the other kind, in slices; who is at the door sees no difference.
            self._seen, self._counted = self._sight(), len(self.state.participants)
            self._owed |= {c: v for c, v in self.viewers.items() if v.standing.role is not None}
        elif self._is_crowd and any(changes_sight(commit, self._seen.keys()) for commit in commits):
            self._tell_sight()
        told, self._told = self._told, commits[-1].last_seq
        if self._is_crowd:
            # Whoever was seen until now is also seen going.
            commits = [quieted(commit, seen.keys() | self._seen.keys()) for commit in commits]
        return Span(commits, told, self._written)

    def _sight(self) -> dict[ParticipantId, ParticipantView]:
        people = shown(self.state) if self._is_crowd else {}
        return {who: participant_view(person) for who, person in people.items()}

    def _tell_sight(self) -> None:
        """Who came into sight of everybody, or went out of it, before anything that they did is told."""
        before, now = self._seen, self._sight()
        fresh = tuple(person for who, person in now.items() if before.get(who) != person)
        gone = tuple(who for who in before if who not in now and who in self.state.participants)
        self._seen = now
        if fresh or gone:
            self._tell_inside(self._people(self._written, fresh, gone))

    def _people(
        self,
        through: int,
        fresh: tuple[ParticipantView, ...] = (),
        gone: tuple[ParticipantId, ...] = (),
        *,
        whole: bool = False,
    ) -> Frame:
        self._counted = len(self.state.participants)
        return encode(PeopleFrame(self._written, through, self._counted, fresh, gone, whole))

    def _tell_inside(self, frame: Frame) -> None:
        for viewer in tuple(self.viewers.values()):
            if viewer.standing.role is not None and viewer.connection not in self._owed:
                viewer.events(frame, 1)

    def _count_soon(self) -> None:
        """A number that is not told, and a span of which most were told nothing, wait a moment only."""
        is_behind = self._written != self._told or self._counted != len(self.state.participants)
        if self._is_crowd and is_behind and self._people_timer is None:
            loop = asyncio.get_running_loop()
            self._people_timer = loop.call_later(PEOPLE_TICK_S, self._tell_people)

    def _tell_people(self) -> None:
        self._people_timer = None
        self.flush()
        self._tell_inside(self._people(self._told))
        outside = Span((), self._told, self._written)
        for viewer in tuple(self.viewers.values()):
            if viewer.standing.role is None and viewer.connection not in self._owed:
                viewer.events(*outside.frame_for(viewer.participant, None))
        self._written = self._told

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
                viewer.show(self.state, crowded=self._is_crowd)
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


def _me(standing: Standing, seq: int) -> Frame:
    role = standing.role if standing.present else None
    return encode(MeFrame(seq, role, tuple(sorted(standing.permissions))))


def _between(one: Role | None, other: Role | None) -> Role | None:
    """The role for what both of these may see."""
    if one is None or other is None:
        return None
    return one if one == other else Role.VIEWER
