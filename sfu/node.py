"""A node: all rooms whose media runs here, and the packet path below them."""

import asyncio
import logging
import secrets
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import msgspec

from bus.interface import Bus, BusError, Unavailable
from schemas import subjects
from schemas.ids import NodeId, RoomKey, TrackId
from schemas.limits import (
    COUNTERS_SAMPLED_S,
    NODE_BEAT_S,
    NODE_LOST_S,
    ROOM_IDLE_S,
    ROOMS_PER_NODE_MAX,
    TAP_DRAIN_S,
)
from schemas.registry import NodeRegistration
from sfu import metrics, quality
from sfu.clock import now_ms
from sfu.dtls import Turnstile, make_certificate
from sfu.following import Following
from sfu.interface import (
    ConsentLost,
    DtlsDatagram,
    Forwarder,
    ForwarderEvent,
    IceSelected,
    LayerSelected,
    LevelsMeasured,
    Tapped,
)
from sfu.producer import Producer
from sfu.router import Parts, Router
from sfu.signals import Signals
from sfu.tap import RoomTap, TrackTap
from sfu.transport import Transport, candidates

log = logging.getLogger(__name__)


class Node:
    """Invariant: what the packet path holds belongs to a router here, and to exactly one."""

    def __init__(
        self, bus: Bus, forwarder: Forwarder, addresses: tuple[str, ...], tasks: asyncio.TaskGroup
    ) -> None:
        # A process that restarts under its name is another node: the log must notice that the old
        # one's transports are gone, however quickly the new one came.
        self.id = NodeId(f"{bus.process[:27]}-{secrets.token_hex(6)}")
        self.forwarder = forwarder
        self.candidates = candidates(addresses, forwarder.port)
        self.is_draining = False
        self._bus = bus
        self._addresses = addresses
        self._tasks = tasks
        self._started_at = now_ms()
        self._signals = Signals(bus.core)
        self._rooms: dict[RoomKey, tuple[Following, asyncio.Task[None]]] = {}
        self._taps: set[asyncio.Task[None]] = set()
        self._background: list[asyncio.Task[None]] = []
        self._load = 0.0
        self._parts = Parts(
            node=self.id,
            forwarder=forwarder,
            certificate=make_certificate(),
            turnstile=Turnstile(),
            candidates=self.candidates,
            signals=self._signals,
            spawn=self._spawn,
        )

    def now(self) -> float:
        """Seconds of the loop's clock."""
        return asyncio.get_running_loop().time()

    @property
    def routers(self) -> tuple[Router, ...]:
        """All routers, here or about to be."""
        return tuple(following.router for following, _ in self._rooms.values())

    def follow(self, key: RoomKey) -> Following | None:
        """The room, followed from now on; None when this node takes no more."""
        known = self._rooms.get(key)
        if known is not None:
            known[0].asked_at = self.now()
            return known[0]
        if self.is_draining or len(self._rooms) >= ROOMS_PER_NODE_MAX:
            return None
        tap = RoomTap(key, self._bus.records, self._spawn_tap)
        following = Following(key, self._bus, self._parts, tap, self.now())
        self._rooms[key] = following, self._spawn(self._run_room(following))
        return following

    async def _run_room(self, following: Following) -> None:
        try:
            await following.run()
        except Unavailable as error:
            log.warning("room %s cannot be followed: %s", following.key, error)
        finally:
            self._rooms.pop(following.key, None)

    # --- the packet path ---------------------------------------------------------------------------
    def receive(self, event: ForwarderEvent) -> None:
        """Takes an event of the packet path; what belongs to nobody any more is dropped."""
        match event:
            case DtlsDatagram(transport=name, data=data):
                if found := self._transport(name):
                    found[1].link.receive(data)
            case IceSelected(transport=name, address=address, port=port):
                log.debug("transport %s is at %s port %d", name, address, port)
            case ConsentLost(transport=name):
                if found := self._transport(name):
                    log.info("transport %s lost its consent", name)
                    found[0].close_transport(found[1], tell=True)
            case Tapped(producer=name):
                if sent := self._producer(name):
                    sent[0].tapped(sent[1], event)
            case LevelsMeasured(levels=levels):
                self._measured(levels)
            case LayerSelected(consumer=name, layer=layer):
                for router in self.routers:
                    if (consumer := router.consumers.get(name)) is not None:
                        router.layer_selected(consumer, layer)

    def _measured(self, levels: tuple[tuple[str, int], ...]) -> None:
        by_name = {TrackId(name): level for name, level in levels}
        for router in self.routers:
            heard = router.producers.keys() & by_name.keys()
            router.measured([(router.producers[n], by_name[n]) for n in heard], self.now())

    def _transport(self, name: str) -> tuple[Router, Transport] | None:
        found = ((r, r.transports[name]) for r in self.routers if name in r.transports)
        return next(found, None)

    def _producer(self, name: str) -> tuple[Router, Producer] | None:
        track = TrackId(name)
        return next(((r, r.producers[track]) for r in self.routers if track in r.producers), None)

    # --- life ----------------------------------------------------------------------------------------
    def start(self) -> None:
        """Begins to beat and to send signals."""
        self._background = [
            self._spawn(self._signals.run()),
            self._spawn(self._beat()),
            self._spawn(self._sample()),
        ]

    async def drain(self) -> None:
        """Takes no new room, says so, and closes all rooms; recordings get their last batches."""
        self.is_draining = True
        with suppress(BusError):
            await self._register()
        for _, task in tuple(self._rooms.values()):
            task.cancel()
        if self._rooms:
            await asyncio.wait([task for _, task in self._rooms.values()])
        if self._taps:
            _, late = await asyncio.wait(self._taps, timeout=TAP_DRAIN_S)
            for task in late:
                task.cancel()
        with suppress(BusError):
            await self._bus.bucket(subjects.SFU_NODE).delete(self.id)

    def stop(self) -> None:
        """Ends the beat: nothing runs any more."""
        for task in self._background:
            task.cancel()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return self._tasks.create_task(work)

    def _spawn_tap(self, tap: TrackTap) -> None:
        task = self._spawn(tap.run())
        self._taps.add(task)
        task.add_done_callback(self._taps.discard)

    async def _beat(self) -> None:
        cpu, wall = time.process_time(), time.monotonic()
        while True:
            self._sweep()
            try:
                await self._register()
            except BusError as error:
                log.warning("this node could not be registered: %s", error)
            await asyncio.sleep(NODE_BEAT_S)
            cpu_now, wall_now = time.process_time(), time.monotonic()
            self._load = min(1.0, (cpu_now - cpu) / (wall_now - wall))
            cpu, wall = cpu_now, wall_now

    async def _register(self) -> None:
        registration = NodeRegistration(
            node=self.id,
            addresses=self._addresses,
            port=self.forwarder.port,
            load=self._load,
            rooms=sum(router.is_here for router in self.routers),
            draining=self.is_draining,
            started_at=self._started_at,
            beat_at=now_ms(),
        )
        body = msgspec.json.encode(registration)
        await self._bus.bucket(subjects.SFU_NODE).put(self.id, body, ttl_s=NODE_LOST_S)

    def _sweep(self) -> None:
        now = self.now()
        for following, task in tuple(self._rooms.values()):
            following.router.sweep(now)
            if not following.router.is_here and now - following.asked_at >= ROOM_IDLE_S:
                task.cancel()

    async def _sample(self) -> None:
        sampler = metrics.Sampler()
        while True:
            routers = self.routers
            metrics.ROOMS.set(sum(r.is_here for r in routers))
            metrics.TRANSPORTS.set(sum(len(r.transports) for r in routers))
            metrics.PRODUCERS.set(sum(len(r.producers) for r in routers))
            metrics.CONSUMERS.set(sum(len(r.consumers) for r in routers))
            metrics.LOAD.set(self._load)
            counters = self.forwarder.counters()
            sampler.sample(counters)
            by_name = quality.sort(counters)
            for following, _ in self._rooms.values():
                following.sample(by_name)
            await asyncio.sleep(COUNTERS_SAMPLED_S)
