"""The edge's figures, as Prometheus reads them."""

from prometheus_client import Counter, Gauge, Histogram

CONNECTIONS = Gauge("classwire_edge_connections", "Open browser sockets")
ROOMS = Gauge("classwire_edge_rooms", "Rooms followed for open sockets")
CLOSINGS = Counter("classwire_edge_closings", "Sockets closed by us, by reason", ["code"])
COMMANDS = Counter("classwire_edge_commands", "Commands from sockets, by outcome", ["outcome"])
MEDIA = Counter("classwire_edge_media_requests", "Media requests, by outcome", ["outcome"])
HELLOS = Counter("classwire_edge_hellos", "Sockets that said hello, by what they got", ["got"])
SIGNALS_DROPPED = Counter("classwire_edge_signals_dropped", "Ephemeral frames dropped at slow readers")
FANOUT_S = Histogram(
    "classwire_edge_fanout_seconds",
    "One pass of a frame over all receivers of a room",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25),
)
EVENT_AGE_S = Histogram(
    "classwire_edge_event_age_seconds",
    "From a commit's time to its way into the sockets",
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
