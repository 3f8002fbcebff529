"""A producer: what one participant sends, and how far the log lets it flow."""

from typing import TYPE_CHECKING

from schemas.ids import ParticipantId, TrackId
from schemas.media import MediaKind, Source
from sfu.interface import Forwarder
from sfu.ortc import Sent

if TYPE_CHECKING:
    from sfu.consumer import Consumer
    from sfu.transport import Transport


class Producer:
    """Invariant: it flows only while ``obey`` was last told that its track is open.

    It begins paused and unpublished: the browser sends, nobody receives, until the log says so.
    """

    def __init__(
        self,
        sent: Sent,
        *,
        source: Source,
        size_px: tuple[int, int] | None,
        transport: "Transport",
        forwarder: Forwarder,
    ) -> None:
        assert sent.config.paused, "Only the log starts a producer."
        self.id = TrackId(sent.config.id)
        self.sent = sent
        self.source = source
        self.size_px = size_px
        self.transport = transport
        self.consumers: dict[str, Consumer] = {}
        self.paused = True
        self.is_published = False
        self.is_tapped = False
        self._forwarder = forwarder
        transport.producers[self.id] = self
        forwarder.add_producer(sent.config)

    @property
    def kind(self) -> MediaKind:
        """Audio or video."""
        return self.sent.config.kind

    @property
    def participant(self) -> ParticipantId:
        """Who sends."""
        return self.transport.participant

    @property
    def is_closed(self) -> bool:
        """Whether it is gone."""
        return self.id not in self.transport.producers

    def obey(self, *, muted: bool) -> None:
        """The log has this track, muted or open."""
        self.is_published = True
        if self.paused != muted:
            self.paused = muted
            self._forwarder.set_producer_paused(self.id, paused=muted)

    def close(self) -> None:
        """Ends it and its consumers. Nothing is emitted: the router knows whether the log must hear."""
        if self.transport.producers.pop(self.id, None) is None:
            return
        for consumer in tuple(self.consumers.values()):
            consumer.close()
        self._forwarder.remove_producer(self.id)
