"""Creates what the bus keeps: streams, buckets and durable subscriptions (design §4). Idempotent.

The tables below are the whole configuration, in JetStream's own words. Run under the ``setup`` user,
before the roles start; a changed table updates what exists.
"""

from collections.abc import Sequence
from typing import Any

from bus import kv
from bus.api import NANOSECONDS, NotFoundError, call
from bus.commands import partition_subscription
from bus.connection import Connection, connection
from bus.jobs import worker_subscription
from bus.pull import create_durable
from schemas import limits, subjects
from schemas.settings import Settings

JOB_KINDS: Sequence[str] = ("record", "purge", "webhook", "archive")
"""Kinds of jobs that exist; each has one durable subscription that its workers share."""


def streams(replicas: int) -> list[dict[str, Any]]:
    """Every stream, buckets included."""
    common = {"storage": "file", "num_replicas": replicas, "allow_direct": True}
    logs = [
        {
            # Discards new: an accepted command must not vanish unanswered.
            "name": subjects.CMD,
            "subjects": ["class.*.*.cmd.*"],
            "retention": "workqueue",
            "subject_transform": {
                "src": "class.*.*.cmd.*",
                "dest": f"cmd.{{{{partition({subjects.PARTITIONS},1,2)}}}}"
                ".{{wildcard(1)}}.{{wildcard(2)}}.{{wildcard(3)}}",
            },
            "max_age": limits.COMMAND_AGE_S * NANOSECONDS,
            "max_bytes": limits.COMMAND_STREAM_BYTES_MAX,
            "max_msg_size": limits.COMMAND_MESSAGE_BYTES_MAX,
            "discard": "new",
            "duplicate_window": limits.DEDUP_WINDOW_S * NANOSECONDS,
        },
        {
            # Single messages cannot be deleted; purging stays possible, for the archiver alone.
            "name": subjects.EVT,
            "subjects": ["class.*.*.evt.*"],
            "retention": "limits",
            "republish": {
                "src": "class.*.*.evt.*",
                "dest": "live.{{wildcard(1)}}.{{wildcard(2)}}.{{wildcard(3)}}",
            },
            "max_bytes": limits.EVENT_STREAM_BYTES_MAX,
            "max_msg_size": limits.EVENT_MESSAGE_BYTES_MAX,
            "discard": "new",
            "duplicate_window": limits.DEDUP_WINDOW_S * NANOSECONDS,
            "deny_delete": True,
            "compression": "s2",
        },
        {
            # Discards new: a full disk ends the newest recording with an alert, not the oldest one unseen.
            "name": subjects.REC,
            "subjects": ["rec.*.*.*"],
            "retention": "limits",
            "max_age": limits.REC_AGE_S * NANOSECONDS,
            "max_bytes": limits.REC_STREAM_BYTES_MAX,
            "max_msg_size": limits.REC_MESSAGE_BYTES_MAX,
            "discard": "new",
            "duplicate_window": limits.DEDUP_WINDOW_S * NANOSECONDS,
        },
        {
            "name": subjects.JOBS,
            "subjects": ["job.*.*.*"],
            "retention": "workqueue",
            "max_age": limits.JOB_AGE_S * NANOSECONDS,
            "max_bytes": limits.JOB_STREAM_BYTES_MAX,
            "discard": "new",
            "duplicate_window": limits.JOB_DEDUP_S * NANOSECONDS,
        },
        {
            "name": subjects.AUDIT,
            "subjects": ["audit.*.*"],
            "retention": "limits",
            "max_age": limits.AUDIT_AGE_S * NANOSECONDS,
            "max_bytes": limits.AUDIT_STREAM_BYTES_MAX,
            "discard": "new",
            "duplicate_window": limits.DEDUP_WINDOW_S * NANOSECONDS,
            "deny_delete": True,
            "deny_purge": True,
        },
        {
            # Discards old: a full DLQ must never stop the work.
            "name": subjects.DLQ,
            "subjects": [
                "dlq.>",
                "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>",
                "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>",
            ],
            "retention": "limits",
            "max_age": limits.DEAD_LETTER_AGE_S * NANOSECONDS,
            "max_bytes": limits.DEAD_LETTER_STREAM_BYTES_MAX,
            "discard": "old",
            "duplicate_window": limits.DEDUP_WINDOW_S * NANOSECONDS,
        },
    ]
    return [common | stream for stream in (*logs, *(bucket(name) for name in subjects.BUCKETS))]


def bucket(name: str) -> dict[str, Any]:
    """The stream under a KV bucket. On file: a restart of the server must not look like everybody's end."""
    snapshots = name == subjects.ROOM_SNAPSHOT
    bytes_max = {
        subjects.ROOM_SNAPSHOT: limits.SNAPSHOT_BUCKET_BYTES_MAX,
        subjects.ACTIVE_USER: limits.ACTIVE_USER_BUCKET_BYTES_MAX,
    }
    return {
        "name": kv.stream(name),
        "subjects": [kv.subject(name, ">")],
        "retention": "limits",
        "max_msgs_per_subject": limits.CONFIG_HISTORY if name == subjects.CONFIG else 1,
        "max_bytes": bytes_max.get(name, limits.BUCKET_BYTES_MAX),
        "max_msg_size": limits.SNAPSHOT_VALUE_BYTES_MAX if snapshots else limits.VALUE_BYTES_MAX,
        "discard": "new",
        "deny_delete": True,
        "allow_rollup_hdrs": True,
        "allow_msg_ttl": True,
        "subject_delete_marker_ttl": limits.MARKER_S * NANOSECONDS,
    }


def durables() -> list[tuple[str, dict[str, Any]]]:
    """Every durable subscription, with its stream. They have as many replicas as their stream."""
    partitions = [(subjects.CMD, partition_subscription(number)) for number in range(subjects.PARTITIONS)]
    return [*partitions, *((subjects.JOBS, worker_subscription(kind)) for kind in JOB_KINDS)]


async def create(settings: Settings) -> None:
    """Creates or updates everything. Raises Refused where an existing stream cannot be changed so."""
    servers = [server.strip() for server in settings.nats_url.split(",")]
    user, password = settings.nats_user, settings.nats_password
    async with connection(servers, user, password, name="setup", role=user or "setup") as link:
        for stream in streams(settings.nats_replicas):
            await _stream(link, stream)
        for stream_name, durable in durables():
            await create_durable(link, stream_name, durable)


async def _stream(link: Connection, config: dict[str, Any]) -> None:
    name = config["name"]
    try:
        existing = (await call(link, f"STREAM.INFO.{name}"))["config"]
    except NotFoundError:
        await call(link, f"STREAM.CREATE.{name}", config)
        return
    if any(existing.get(field) != value for field, value in config.items()):
        await call(link, f"STREAM.UPDATE.{name}", existing | config)
