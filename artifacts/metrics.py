"""What the worker counts. Prometheus keeps one registry per process; these are its rows."""

from prometheus_client import Counter, Histogram

RECORDINGS = Counter("classwire_recordings_completed_total", "Recordings with every artifact in the store.")
STEP_SECONDS = Histogram(
    "classwire_recording_step_seconds",
    "How long a finished step took.",
    ["step"],
    buckets=(1, 3, 10, 30, 100, 300, 1000, 3000, 10000),
)
STEPS_FAILED = Counter("classwire_recording_steps_failed_total", "Attempts of a step that failed.", ["step"])
PACKETS_LOST = Counter("classwire_recording_packets_lost_total", "RTP packets that no recording has.")
FRAMES_BROKEN = Counter("classwire_recording_frames_broken_total", "Frames left out because of a hole.")
LOGS = Counter("classwire_logs_archived_total", "Logs of rooms that were moved to the object store.")
