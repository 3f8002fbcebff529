"""What the service counts, for ``/metrics``."""

from prometheus_client import Counter, Gauge, Histogram

COMMANDS = Counter("classwire_rooms_commands_total", "Commands answered", ["command", "outcome"])
SECONDS = Histogram(
    "classwire_rooms_command_seconds",
    "From taking a command to its answer",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
REPEATED = Counter("classwire_rooms_repeated_total", "Commands answered from memory")
CONFLICTS = Counter("classwire_rooms_conflicts_total", "Appends that lost against another writer")
UNWRITTEN = Counter("classwire_rooms_unwritten_total", "Appends that the log refused or left unanswered")
MALFORMED = Counter("classwire_rooms_malformed_total", "Messages on CMD that are no commands of ours")
WISHES = Counter("classwire_rooms_wishes_total", "Commands sent to rooms by their keeper", ["command"])
SNAPSHOTS = Counter("classwire_rooms_snapshots_total", "Snapshots", ["outcome"])
PARTITIONS = Gauge("classwire_rooms_partitions", "Partitions owned by this process")
WATCHED = Gauge("classwire_rooms_watched", "Rooms of owned partitions that are not at rest", ["partition"])
