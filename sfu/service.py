"""Media requests: ``sfu.<node>.<method>`` in, an answer or a failure out.

A participant can name only what is its own: transports by their participant, consumers by their
transport. Everything else is "no such". What is wrong with a request never harms anything but itself.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import assert_never

import msgspec
from msgspec import Raw, Struct

from bus.interface import Bus, Message
from rooms.doors import may_publish
from schemas import subjects
from schemas.limits import CONSUMERS_PER_TRANSPORT_MAX, MEDIA_REQUESTS_IN_WORK_MAX
from schemas.signalling import (
    METHODS,
    CloseConsumers,
    CloseTransport,
    ConnectTransport,
    Consume,
    Consumed,
    GetStats,
    IceRestarted,
    MediaAnswer,
    MediaFailure,
    MediaOpened,
    MediaRequest,
    Method,
    OpenMedia,
    PauseConsumers,
    Produce,
    RestartIce,
    ResumeConsumers,
    SetTileSizes,
)
from sfu import metrics, stats
from sfu.consumer import Consumer
from sfu.errors import RemoteParametersError
from sfu.following import Following
from sfu.interface import Forwarder
from sfu.node import Node
from sfu.ortc import ROUTER_CAPABILITIES
from sfu.transport import Transport

_json = msgspec.json.Encoder()
_request_decoder = msgspec.json.Decoder(MediaRequest)
_method_decoders = {name: msgspec.json.Decoder(method) for name, method in METHODS.items()}

Wish = (
    OpenMedia
    | ConnectTransport
    | RestartIce
    | CloseTransport
    | Produce
    | Consume
    | ResumeConsumers
    | PauseConsumers
    | CloseConsumers
    | SetTileSizes
    | GetStats
)


class Nothing(Struct, frozen=True):
    """The answer ``{}``."""


@asynccontextmanager
async def serve_node(bus: Bus, forwarder: Forwarder, addresses: tuple[str, ...]) -> AsyncIterator[Node]:
    """A node that answers requests while the context is open, and drains when it closes."""
    async with asyncio.TaskGroup() as tasks:
        node = Node(bus, forwarder, addresses, tasks)
        node.start()
        try:
            requests = subjects.sfu_requests(node.id)
            async with bus.core.serve(
                requests, partial(respond, node), concurrency=MEDIA_REQUESTS_IN_WORK_MAX
            ):
                try:
                    yield node
                finally:
                    await node.drain()
        finally:
            node.stop()


async def respond(node: Node, message: Message) -> bytes:
    """The answer to a request as it came from the bus."""
    name = message.subject.rsplit(".", 1)[-1]
    answer = await _respond(node, name, message.data)
    method = name if name in METHODS else "unknown"
    if isinstance(answer, MediaFailure):
        metrics.REQUESTS.labels(method, answer.code).inc()
        return _json.encode(answer)
    metrics.REQUESTS.labels(method, "ok").inc()
    return _json.encode(MediaAnswer(Raw(_json.encode(answer))))


async def _respond(node: Node, name: str, body: bytes) -> Struct | MediaFailure:
    decoder = _method_decoders.get(name)
    if decoder is None:
        return MediaFailure("malformed", "There is no such request.")
    try:
        request = _request_decoder.decode(body)
        wish = decoder.decode(request.data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return MediaFailure("malformed", str(error))
    following = node.follow(request.key)
    if following is None:
        return MediaFailure("not_here", "This media server takes no more rooms.")
    if not await following.reached(request.seq):
        return MediaFailure("timeout", "This media server is behind the class log.")
    refusal = _check(following, request)
    if refusal is not None:
        return refusal
    try:
        return await _carry_out(node, following, request, wish)
    except RemoteParametersError as error:
        return MediaFailure(error.code, str(error))


def _check(following: Following, request: MediaRequest) -> MediaFailure | None:
    router = following.router
    if not router.is_here:
        return MediaFailure("not_here", "The class is not on this media server.")
    if request.epoch != router.epoch:
        return MediaFailure("stale_epoch", "The class has moved to another media server.")
    state = router.state
    assert state is not None, "is_here says that there is a state"
    if request.participant not in state.participants:
        return MediaFailure("forbidden", "Join the class first.")
    return None


async def _carry_out(
    node: Node, following: Following, request: MediaRequest, wish: Method
) -> Struct | MediaFailure:
    router = following.router
    participant = request.participant
    match wish:
        case OpenMedia():
            send, recv = router.open(participant, request.connection, node.now())
            return MediaOpened(
                ROUTER_CAPABILITIES, send.options(node.candidates), recv.options(node.candidates)
            )
        case GetStats():
            return stats.of_participant(router, participant, node.forwarder)
        case ConnectTransport() | RestartIce() | CloseTransport() | Produce() | Consume():
            transport = router.transports.get(wish.transport)
            if transport is None or transport.participant != participant:
                return MediaFailure("no_such_transport", "This transport is closed.")
            return await _on_transport(following, transport, wish)
        case ResumeConsumers() | PauseConsumers() | CloseConsumers() | SetTileSizes():
            theirs = {c.id: c for c in router.consumers.values() if c.transport.participant == participant}
            return _on_consumers(following, theirs, wish)
        case _:
            raise AssertionError(f"{wish!r} is in METHODS and not here")


async def _on_transport(
    following: Following,
    transport: Transport,
    wish: ConnectTransport | RestartIce | CloseTransport | Produce | Consume,
) -> Struct | MediaFailure:
    match wish:
        case ConnectTransport():
            following.router.connect(transport, wish.dtls_parameters)
            return Nothing()
        case RestartIce():
            return IceRestarted(transport.restart_ice())
        case CloseTransport():
            following.router.close_transport(transport)
            return Nothing()
        case Produce():
            state = following.router.state
            if state is not None and not may_publish(state, transport.participant, wish.source):
                return MediaFailure("forbidden", "You visit this group to listen, or to speak only.")
            return await following.produce(transport, wish)
        case Consume():
            return _consume(following, transport, wish)
        case _:
            assert_never(wish)


def _consume(following: Following, transport: Transport, wish: Consume) -> Consumed | MediaFailure:
    router = following.router
    if transport.direction != "recv":
        return MediaFailure("malformed", "This transport only sends.")
    if len(transport.consumers) + len(wish.tracks) > CONSUMERS_PER_TRANSPORT_MAX:
        return MediaFailure("limit_reached", "This page receives as much as it may.")
    made = []
    for track in wish.tracks:
        producer = router.producers.get(track)
        if producer is None or not producer.is_published or producer.participant == transport.participant:
            continue
        consumer = router.add_consumer(transport, producer, wish.rtp_capabilities)
        if consumer is not None:
            made.append(consumer.options())
    return Consumed(tuple(made))


def _on_consumers(
    following: Following,
    theirs: dict[str, Consumer],
    wish: ResumeConsumers | PauseConsumers | CloseConsumers | SetTileSizes,
) -> Struct:
    """A consumer that is gone is skipped: its track closed while the request was on its way."""
    match wish:
        case ResumeConsumers() | PauseConsumers():
            for consumer in _named(theirs, wish.consumers):
                consumer.set_paused(paused=isinstance(wish, PauseConsumers))
        case CloseConsumers():
            for consumer in _named(theirs, wish.consumers):
                following.router.close_consumer(consumer)
        case SetTileSizes():
            for tile in wish.tiles:
                if tile.consumer in theirs:
                    theirs[tile.consumer].show(tile.width_px, tile.height_px)
        case _:
            assert_never(wish)
    return Nothing()


def _named(theirs: dict[str, Consumer], names: tuple[str, ...]) -> list[Consumer]:
    return [theirs[n] for n in dict.fromkeys(names) if n in theirs]
