"""What the runner counts. Prometheus keeps one registry per process; these are its rows."""

from prometheus_client import Counter, Gauge

EVENTS = Counter("classwire_projector_events_total", "Events applied to the read models.")
UNKNOWN = Counter("classwire_projector_unknown_events_total", "Events of a type this build does not know.")
CHECKPOINT = Gauge("classwire_projector_checkpoint", "Stream sequence that the read models stand at.")
LAG = Gauge("classwire_projector_lag_messages", "Messages of the log that are not in the read models yet.")
