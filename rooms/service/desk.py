"""One room's desk: commands in, commits on the log, answers out; strictly one after the other."""

import asyncio
import logging

import msgspec

from bus.interface import BusError, Conflict, Lease, Purged, Refused, Unavailable
from rooms.follower import load
from rooms.room import apply, author, decide, recall, secret_of, topic
from rooms.service import metrics
from rooms.service.context import Context
from rooms.service.secrets import Secrets
from rooms.snapshot import Position
from rooms.watch import Watched, rewatched, watched
from schemas.envelope import (
    Accepted,
    Commit,
    Envelope,
    Event,
    Outcome,
    Rejected,
    encode_event_data,
)
from schemas.ids import RoomKey
from schemas.limits import COMMAND_RETRY_S, SNAPSHOT_EVERY_COMMITS
from schemas.rejections import SENTENCES, Code, Rejection

log = logging.getLogger(__name__)


class DeposedError(Exception):
    """The partition belongs to another process now: this one must stop deciding."""


class Desk:
    """A room in hand. ``position`` is None when the log must be read before the next decision."""

    def __init__(self, context: Context, key: RoomKey, lease: Lease) -> None:
        self.key = key
        self.position: Position | None = None
        self.watched: Watched | None = None
        self.secrets = Secrets(context.bus, key)
        self.unsaved_commits = 0
        self._ended = False
        self._context = context
        self._lease = lease

    @property
    def wants_snapshot(self) -> bool:
        """Whether reading this room begins to take long, or its class has just ended."""
        return self.unsaved_commits >= SNAPSHOT_EVERY_COMMITS or (self.unsaved_commits > 0 and self._ended)

    async def open(self) -> Position:
        """The room as the log has it, read if need be; waits as long as the log does not answer."""
        while self.position is None:
            if not self._lease.is_held:
                raise DeposedError
            try:
                self.position = await load(self._context.bus, self.key)
            except (Unavailable, Purged) as error:
                log.warning("%s cannot be read: %s", self.key, error)
                await asyncio.sleep(COMMAND_RETRY_S)
            else:
                self.watched = watched(self.position.state)
                self.unsaved_commits = self.position.unsaved
        return self.position

    async def carry_out(self, envelope: Envelope) -> Outcome:
        """The command's outcome. Whatever the log does meanwhile, it takes effect once or not at all.

        Raises DeposedError.
        """
        while True:
            position = await self.open()
            try:
                hidden, alias = await self._hide(position, envelope)
                answer = self._answer(position, hidden, alias)
                if not isinstance(answer, Commit):
                    return answer
                return await self._append(position, hidden, answer)
            except Conflict as conflict:
                # Another wrote this room, or an earlier attempt of ours did get through.
                metrics.CONFLICTS.inc()
                log.info("%s: %s", self.key, conflict)
                if not await self._lease.confirm():
                    raise DeposedError from conflict
            except (Unavailable, Refused) as error:
                metrics.UNWRITTEN.inc()
                log.warning("%s cannot be written: %s", self.key, error)
                await asyncio.sleep(COMMAND_RETRY_S)
            self.position = None

    async def _hide(self, position: Position, envelope: Envelope) -> tuple[Envelope, str]:
        """The command, and what stands for its author; empty where they are recorded. Raises BusError."""
        secret = secret_of(position.state, envelope.command)
        if secret is None:
            return envelope, ""
        try:
            return await self.secrets.hide(secret, envelope)
        except BusError:
            if envelope.deadline < self._context.clock():
                return envelope, ""  # To be answered ``expired``; the rules sign no such command.
            raise

    def _answer(self, position: Position, envelope: Envelope, alias: str) -> Outcome | Commit:
        """What to say at once, or what to write first."""
        state = position.state
        known = recall(state, envelope, alias)
        if known is not None:
            metrics.REPEATED.inc()
            return Accepted(known)
        now = self._context.clock()
        if envelope.deadline < now:
            return Rejected(Code.EXPIRED, SENTENCES[Code.EXPIRED])
        # A host whose clock is behind the last writer's must not turn time back inside a room.
        at = max(now, state.at)
        decided = decide(state, envelope, at, alias)
        if isinstance(decided, Rejection):
            return Rejected(decided.code, decided.message)
        if not decided:
            return Accepted(state.seq)
        return Commit(state.seq + 1, at, envelope.id, author(envelope, alias), decided)

    async def _append(self, position: Position, envelope: Envelope, commit: Commit) -> Accepted:
        if not self._lease.is_held:
            raise DeposedError
        stream_seq = await self._context.bus.log.append(
            self.key, commit, topic=topic(envelope.command), expected_stream_seq=position.stream_seq
        )
        assert self.watched is not None
        state = apply(position.state, commit)
        self.position = Position(state, stream_seq)
        self.watched = rewatched(position.state, self.watched, state)
        self.unsaved_commits += 1
        self._ended = position.state.live is not None and state.live is None
        return Accepted(commit.last_seq, _told(envelope, commit))


def _told(envelope: Envelope, commit: Commit) -> tuple[msgspec.Raw, ...]:
    """Operators see what they caused; browsers get it as events."""
    if envelope.actor.kind != "operator":
        return ()
    return tuple(_readable(commit.seq + i, event) for i, event in enumerate(commit.events))


def _readable(seq: int, event: Event) -> msgspec.Raw:
    data = encode_event_data(event.data)
    return msgspec.Raw(msgspec.json.encode({"seq": seq, "type": event.type, "data": data}))
