"""What the bus counts, for ``/metrics``."""

from prometheus_client import Counter, Gauge

CONNECTED = Gauge("classwire_bus_connected", "Whether the connection is up", ["connection"])
RECONNECTS = Counter("classwire_bus_reconnects_total", "Connections made again", ["connection"])
DENIED = Counter("classwire_bus_denied_total", "Operations refused by permission", ["connection"])
STORED = Counter("classwire_bus_stored_total", "Messages acknowledged by a stream", ["stream"])
CONFLICTS = Counter("classwire_bus_conflicts_total", "Conditional writes that lost", ["stream"])
REFUSALS = Counter("classwire_bus_refusals_total", "Writes that a stream refused", ["stream"])
UNANSWERED = Counter("classwire_bus_unanswered_total", "Writes without acknowledgement", ["stream"])
REPAIRS = Counter("classwire_bus_repairs_total", "Times a follower had to read again", ["follower"])
DROPPED = Counter("classwire_bus_dropped_total", "Core messages dropped by a full queue", ["subject"])
RETRIES = Counter("classwire_bus_command_retries_total", "Commands sent again")
LEASES_TAKEN = Counter("classwire_bus_leases_taken_total", "Leases acquired", ["how"])
LEASES_LOST = Counter("classwire_bus_leases_lost_total", "Leases lost")
DEAD_LETTERS = Counter("classwire_bus_dead_letters_total", "Jobs given up", ["kind"])
