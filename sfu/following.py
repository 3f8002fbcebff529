"""A router and the log it follows: commits in, commands out."""

import asyncio
import logging
from contextlib import suppress

from bus.interface import Bus, Unavailable
from rooms.follower import follow_room
from rooms.state import RoomState
from schemas.commands import Command
from schemas.commands.media import ReportQuality
from schemas.commands.tracks import CloseTrack, PublishTrack
from schemas.envelope import Accepted, Actor, Envelope, Outcome, Rejected
from schemas.ids import CommandId, ParticipantId, RoomKey, TrackId, derived_id
from schemas.limits import (
    CLOSE_RETRY_S,
    COMMAND_DEADLINE_S,
    FOLLOW_WAIT_S,
    PUBLISH_DEADLINE_S,
    QUALITY_PARTICIPATIONS_MAX,
    TRACKS_PER_PARTICIPANT_MAX,
)
from schemas.media import KIND_OF_SOURCE
from schemas.signalling import MediaFailure, Produce, Produced
from sfu.producer import Producer
from sfu.quality import Book, Sorted
from sfu.router import Parts, Router, new_id
from sfu.tap import RoomTap
from sfu.transport import Transport

log = logging.getLogger(__name__)


class Following:
    """One room on this node, for as long as ``run`` runs."""

    def __init__(self, key: RoomKey, bus: Bus, parts: Parts, tap: RoomTap, asked_at: float) -> None:
        self.key = key
        self.asked_at = asked_at
        self.router = Router(key, parts, tap=tap, report_closed=self._report_closed)
        self._bus = bus
        self._parts = parts
        self._followed = asyncio.Condition()
        self._reports: dict[TrackId, tuple[ParticipantId, asyncio.Task[None]]] = {}
        self._quality = Book()
        self._measured: asyncio.Queue[ReportQuality] = asyncio.Queue(QUALITY_PARTICIPATIONS_MAX)

    async def run(self) -> None:
        """Follows for ever. Raises Unavailable when the room cannot be loaded."""
        reporting = self._parts.spawn(self._report_quality())
        try:
            async with follow_room(self._bus, self.key) as follower:
                await self._obey(follower.state)
                async for state, _ in follower.commits():
                    await self._obey(state)
        finally:
            self.router.close()
            reporting.cancel()
            # What is not reported by now the log closes itself: it ended the class, or loses this node.
            for _, task in self._reports.values():
                task.cancel()

    async def reached(self, seq: int) -> bool:
        """Whether the room was followed as far as ``seq``, after waiting ``FOLLOW_WAIT_S`` for it."""
        try:
            async with asyncio.timeout(FOLLOW_WAIT_S), self._followed:
                await self._followed.wait_for(lambda: self._has_reached(seq))
        except TimeoutError:
            return False
        return True

    def _has_reached(self, seq: int) -> bool:
        return self.router.state is not None and self.router.state.seq >= seq

    async def _obey(self, state: RoomState) -> None:
        self.router.obey(state)
        for measured in self._quality.close(self.router):
            with suppress(asyncio.QueueFull):  # The log is away for long; tracks and classes matter more.
                self._measured.put_nowait(measured)
        async with self._followed:
            self._followed.notify_all()

    # --- what the log must hear ------------------------------------------------------------------
    async def produce(self, transport: Transport, wish: Produce) -> Produced | MediaFailure:
        """A new track, once it is on the log. Raises RemoteParametersError."""
        if transport.direction != "send" or KIND_OF_SOURCE[wish.source] is not wish.kind:
            return MediaFailure("malformed", "This cannot be sent here.")
        if len(transport.producers) >= TRACKS_PER_PARTICIPANT_MAX:
            return MediaFailure("limit_reached", "This transport carries as much as one person may share.")
        producer = self.router.add_producer(transport, wish)
        self._retire_others(producer)
        # What this person's older producers were must be off the log first: the rules count it.
        await self._reported(transport.participant)
        if producer.is_closed:
            return MediaFailure("no_such_transport", "This transport is closed.")
        try:
            command = _publish(producer, wish, self.router.epoch)
            outcome = await self._submit(command, producer.id, PUBLISH_DEADLINE_S)
        except Unavailable:
            self.router.close_producer(producer)
            self._report_closed(producer.id, transport.participant)  # It may be on the log after all.
            return MediaFailure("timeout", "The class log does not answer.")
        match outcome:
            case Rejected(code=code, message=message):
                self.router.close_producer(producer)
                return MediaFailure(code.value, message)
            case Accepted(seq=seq):
                return await self._published(producer, seq)

    def _retire_others(self, newest: Producer) -> None:
        """One microphone, camera or screen per person: the newest is meant. An older one is what a page
        forgot, or a request that was answered too late."""
        for other in tuple(self.router.producers.values()):
            if other is not newest and (other.participant, other.source) == (
                newest.participant,
                newest.source,
            ):
                self.router.close_producer(other)
                self._report_closed(other.id, other.participant)

    async def _published(self, producer: Producer, seq: int) -> Produced | MediaFailure:
        if producer.is_closed:
            self._report_closed(producer.id, producer.participant)
            return MediaFailure("no_such_transport", "This transport closed meanwhile.")
        await self.reached(seq)
        if producer.is_closed or not producer.is_published:
            # Closed on the log in the same breath, or the log is too slow to be obeyed.
            self.router.close_producer(producer)
            self._report_closed(producer.id, producer.participant)
            return MediaFailure("no_such_track", "This track was closed at once.")
        return Produced(producer.id)

    def _report_closed(self, track: TrackId, participant: ParticipantId) -> None:
        if track not in self._reports:
            self._reports[track] = participant, self._parts.spawn(self._report(track))

    async def _report(self, track: TrackId) -> None:
        try:
            while True:
                try:
                    outcome = await self._submit(CloseTrack(track), track, COMMAND_DEADLINE_S)
                except Unavailable:
                    log.warning("room %s: track %s is closed, and the log does not hear it", self.key, track)
                    await asyncio.sleep(CLOSE_RETRY_S)
                    continue
                if isinstance(outcome, Rejected):
                    log.info("room %s: close of track %s: %s", self.key, track, outcome.code)
                return
        finally:
            del self._reports[track]

    def sample(self, counters: Sorted) -> None:
        """Remembers how good the lines of the people in class are now."""
        self._quality.sample(self.router, counters)

    async def _report_quality(self) -> None:
        """Says to the log what was measured, one after the other, each until it is answered."""
        while True:
            measured = await self._measured.get()
            outcome = await self._insist(measured, CommandId(new_id("q")))
            if isinstance(outcome, Rejected):
                log.info("room %s: quality of %s: %s", self.key, measured.participant, outcome.code)

    async def _insist(self, command: Command, command_id: CommandId) -> Outcome:
        while True:
            try:
                return await self._send(command, command_id, COMMAND_DEADLINE_S)
            except Unavailable:
                await asyncio.sleep(CLOSE_RETRY_S)

    async def _reported(self, participant: ParticipantId) -> None:
        waiting = [task for who, task in self._reports.values() if who == participant]
        if waiting:
            await asyncio.wait(waiting, timeout=FOLLOW_WAIT_S)

    async def _submit(self, command: Command, track: TrackId, deadline_s: float) -> Outcome:
        # The same command for the same track is the same command, however often it is sent.
        return await self._send(command, CommandId(derived_id("m", command.name, track)), deadline_s)

    async def _send(self, command: Command, command_id: CommandId, deadline_s: float) -> Outcome:
        process = self._bus.process
        return await self._bus.commands.submit(
            Envelope(
                key=self.key,
                command=command,
                id=command_id,
                actor=Actor(kind="service", id=process),
                deadline=self._bus.clock() + int(deadline_s * 1000),
            )
        )


def _publish(producer: Producer, wish: Produce, epoch: int) -> PublishTrack:
    codec = producer.sent.codec
    return PublishTrack(
        track=producer.id,
        participant=producer.participant,
        kind=producer.kind,
        source=producer.source,
        mime_type=codec.mime_type,
        clock_rate_hz=codec.clock_rate,
        epoch=epoch,
        channels=codec.channels or 1,
        layers=producer.sent.layers,
        muted=wish.muted,
    )
