"""A consumer: one track on its way to one viewer."""

from typing import TYPE_CHECKING

from schemas.rtp import RtpParameters
from schemas.signalling import ConsumerOptions
from sfu import tiles
from sfu.interface import ConsumerConfig, Forwarder

if TYPE_CHECKING:
    from sfu.producer import Producer
    from sfu.transport import Transport


class Consumer:
    """Invariant: it stands in the tables of its transport and its producer, or it is closed."""

    def __init__(
        self,
        config: ConsumerConfig,
        told: RtpParameters,
        *,
        transport: "Transport",
        producer: "Producer",
        forwarder: Forwarder,
    ) -> None:
        self.id = config.id
        self.transport = transport
        self.producer = producer
        self.paused = config.paused
        self.ssrcs = {config.ssrc} if config.rtx_ssrc is None else {config.ssrc, config.rtx_ssrc}
        self._told = told
        self._forwarder = forwarder
        transport.consumers[self.id] = self
        producer.consumers[self.id] = self
        forwarder.add_consumer(config)
        # Until the viewer says what it shows: everything, behind those of whom it is known.
        forwarder.set_layer_wish(
            self.id, producer.sent.layers - 1, tiles.priority(producer.source, width_px=1, height_px=1)
        )

    def options(self) -> ConsumerOptions:
        """What the viewer's library needs."""
        return ConsumerOptions(self.id, self.producer.id, self.producer.kind, self._told)

    def set_paused(self, *, paused: bool) -> None:
        """Stops or starts the stream; a video starts at a key frame."""
        if self.paused != paused:
            self.paused = paused
            self._forwarder.set_consumer_paused(self.id, paused=paused)

    def show(self, width_px: int, height_px: int) -> None:
        """The viewer shows it at this size; 0 by 0 is hidden."""
        producer = self.producer
        layer = tiles.wished_layer(
            producer.source, producer.sent.scales, width_px, height_px, producer.size_px
        )
        order = tiles.priority(producer.source, width_px, height_px)
        self._forwarder.set_layer_wish(self.id, layer, order)

    def close(self) -> None:
        """Ends the stream. Nothing is emitted: who closes it tells the viewer, or the log did."""
        if self.transport.consumers.pop(self.id, None) is None:
            return
        del self.producer.consumers[self.id]
        self._forwarder.remove_consumer(self.id)
