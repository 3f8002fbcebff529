"""What a node counts, for ``/metrics``."""

from prometheus_client import Counter, Gauge

from sfu.interface import Counters, TransportCounters

ROOMS = Gauge("classwire_sfu_rooms", "Rooms whose media is here")
TRANSPORTS = Gauge("classwire_sfu_transports", "Open transports")
PRODUCERS = Gauge("classwire_sfu_producers", "Open producers")
CONSUMERS = Gauge("classwire_sfu_consumers", "Open consumers")
LOAD = Gauge("classwire_sfu_load", "Share of a core in use, as registered")
REQUESTS = Counter("classwire_sfu_requests_total", "Media requests answered", ["method", "result"])
PACKETS_RECEIVED = Counter("classwire_sfu_packets_received_total", "Media packets from browsers")
PACKETS_FORWARDED = Counter("classwire_sfu_packets_forwarded_total", "Media packets to browsers")
BYTES_RECEIVED = Counter("classwire_sfu_bytes_received_total", "Media bytes from browsers")
BYTES_FORWARDED = Counter("classwire_sfu_bytes_forwarded_total", "Media bytes to browsers")
DROPS = Counter("classwire_sfu_drops_total", "Datagrams dropped", ["reason"])
TAP_BATCHES = Counter("classwire_sfu_tap_batches_total", "Recording batches stored")
TAP_BYTES = Counter("classwire_sfu_tap_bytes_total", "Recording bytes stored")
TAP_LOST = Counter("classwire_sfu_tap_batches_lost_total", "Recording batches lost")


class Sampler:
    """Turns the packet path's counters per transport into ever-growing ones of the node.

    What a transport counted after the last sample before it closed is left out.
    """

    def __init__(self) -> None:
        self._before: dict[str, TransportCounters] = {}
        self._drops_before: dict[str, int] = {}

    def sample(self, counters: Counters) -> None:
        """Adds what was counted since the last sample."""
        for reason, count in counters.drops.items():
            DROPS.labels(reason).inc(count - self._drops_before.get(reason, 0))
        self._drops_before = dict(counters.drops)
        now = {t.id: t for t in counters.transports}
        for transport_id, counted in now.items():
            self._add(counted, self._before.get(transport_id))
        self._before = now

    def _add(self, now: TransportCounters, before: TransportCounters | None) -> None:
        PACKETS_RECEIVED.inc(now.packets_received - (before.packets_received if before else 0))
        PACKETS_FORWARDED.inc(now.packets_sent - (before.packets_sent if before else 0))
        BYTES_RECEIVED.inc(now.bytes_received - (before.bytes_received if before else 0))
        BYTES_FORWARDED.inc(now.bytes_sent - (before.bytes_sent if before else 0))
        for reason, count in now.drops.items():
            DROPS.labels(reason).inc(count - (before.drops.get(reason, 0) if before else 0))
