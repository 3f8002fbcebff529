"""Every subject, stream, bucket and durable name; build and parse. Nothing is formatted elsewhere.

Streams (design §4)::

    CMD    class.<tenant>.<room>.cmd.<command>   stored as cmd.<partition>.<tenant>.<room>.<command>
    EVT    class.<tenant>.<room>.evt.<topic>     republished as live.<tenant>.<room>.<topic>
    REC    rec.<tenant>.<room>.<track>           RTP batches
    JOBS   job.<kind>.<tenant>.<room>
    AUDIT  audit.<tenant>.<source>
    DLQ    dlq.> and the server's delivery advisories

Core NATS only, lossy or request/reply::

    live.>  sig.<tenant>.<room>.<kind>  sfu.<node>.<method>  ctl.<tenant>.<room>.<command>
    alive.<process>  media.>  hook.<tenant>.<method>
"""

import re
from typing import NamedTuple

from schemas.ids import EdgeId, NodeId, RoomId, RoomKey, TenantId, TrackId

PARTITIONS = 16

CMD, EVT, REC, JOBS, AUDIT, DLQ = "CMD", "EVT", "REC", "JOBS", "AUDIT", "DLQ"

# KV buckets.
LEASE = "lease"
EDGE_LEASE = "edge_lease"
ACTIVE_USER = "active_user"
ROOM_SNAPSHOT = "room_snapshot"
ROOM_ROUTE = "room_route"
SFU_NODE = "sfu_node"
DEADLINE = "deadline"
CONFIG = "config"
SECRET = "secret"
BUCKETS = (LEASE, EDGE_LEASE, ACTIVE_USER, ROOM_SNAPSHOT, ROOM_ROUTE, SFU_NODE, DEADLINE, CONFIG, SECRET)

# Headers of commands and commits. CloudEvents binary mode uses ``ce-*`` (CloudEvents NATS binding).
MESSAGE_ID = "Nats-Msg-Id"
REPLY_INBOX = "Reply-Inbox"
ACTOR = "Cw-Actor"
COMMAND_ID = "Cw-Command-Id"
DEADLINE_AT = "Cw-Deadline"
TRACEPARENT = "traceparent"

_TOKEN = r"[A-Za-z0-9_-]{1,40}"
_COMMAND = re.compile(rf"^cmd\.(\d+)\.({_TOKEN})\.({_TOKEN})\.([a-z_]+)$")
_ROOM_EVENT = re.compile(rf"^(?:class\.({_TOKEN})\.({_TOKEN})\.evt|live\.({_TOKEN})\.({_TOKEN}))\.([a-z_]+)$")
_CONTROL = re.compile(rf"^ctl\.({_TOKEN})\.({_TOKEN})\.([a-z_]+)$")
_JOB = re.compile(rf"^job\.([a-z_]+)\.({_TOKEN})\.({_TOKEN})$")
_SIGNAL = re.compile(rf"^sig\.({_TOKEN})\.({_TOKEN})\.([a-z_]+)$")
_RECORD = re.compile(rf"^rec\.({_TOKEN})\.({_TOKEN})\.({_TOKEN})$")


class StoredCommand(NamedTuple):
    """What the subject of a stored command says."""

    partition: int
    key: RoomKey
    command: str


def command(key: RoomKey, name: str) -> str:
    """Where a command is published; the server maps it to its partition."""
    return f"class.{key.tenant}.{key.room}.cmd.{name}"


def parse_command(subject: str) -> StoredCommand | None:
    """Reads a stored command's subject; None when it is not one."""
    found = _COMMAND.match(subject)
    if found is None:
        return None
    partition, tenant, room, name = found.groups()
    return StoredCommand(int(partition), RoomKey(TenantId(tenant), RoomId(room)), name)


def partition_commands(partition: int) -> str:
    """Filter of one partition of the command stream."""
    return f"cmd.{partition}.>"


def partition_durable(partition: int) -> str:
    """Durable subscription of one partition of the command stream."""
    return f"rooms-{partition}"


def partition_lease(partition: int) -> str:
    """Key of one partition's lease in the ``lease`` bucket."""
    return f"partition.{partition}"


def partition_hash(tokens: str) -> int:
    """How the server hashes the joined tokens of a ``partition`` mapping: FNV-1a, 32 bits."""
    digest = 2_166_136_261
    for byte in tokens.encode():
        digest = ((digest ^ byte) * 16_777_619) & 0xFFFF_FFFF
    return digest


def partition_of(key: RoomKey) -> int:
    """The partition to which the server maps a room's commands."""
    return partition_hash(f"{key.tenant}{key.room}") % PARTITIONS


_PARTNER = "rooms_process."


def partition_partner(process: str) -> str:
    """Key in the ``lease`` bucket under which a process says how many partitions it has."""
    return f"{_PARTNER}{process}"


def partner_of(key: str) -> str | None:
    """The process that such a key of the ``lease`` bucket is about; None for other keys."""
    return key.removeprefix(_PARTNER) if key.startswith(_PARTNER) else None


def partition_heir(partition: int) -> str:
    """Key in the ``lease`` bucket that names for whom a partition was just given away."""
    return f"rooms_heir.{partition}"


def event(key: RoomKey, topic: str) -> str:
    """Where a commit is appended. Only ``rooms`` may."""
    return f"class.{key.tenant}.{key.room}.evt.{topic}"


def room_events(key: RoomKey) -> str:
    """Filter of one room's log in EVT."""
    return f"class.{key.tenant}.{key.room}.evt.>"


ALL_EVENTS = "class.*.*.evt.>"


def live(key: RoomKey) -> str:
    """Filter of one room's republished commits."""
    return f"live.{key.tenant}.{key.room}.>"


LIVE_ALL = "live.>"
LIVE_MEDIA = "live.*.*.media"


def tenant_events(tenant: TenantId) -> str:
    """Filter of all logs of a tenant."""
    return f"class.{tenant}.*.evt.>"


def tenant_live(tenant: TenantId) -> str:
    """Filter of a tenant's republished commits."""
    return f"live.{tenant}.>"


def analytics_durable(tenant: TenantId) -> str:
    """Durable subscription of EVT that a tenant's own consumer reads."""
    return f"tenant-{tenant}"


def durable_pull(durable: str) -> str:
    """Where the reader of a durable subscription of EVT asks for messages."""
    return f"$JS.API.CONSUMER.MSG.NEXT.{EVT}.{durable}"


def durable_info(durable: str) -> str:
    """Where it asks how far it is."""
    return f"$JS.API.CONSUMER.INFO.{EVT}.{durable}"


def durable_acks(durable: str) -> str:
    """Filter of its acknowledgements."""
    return f"$JS.ACK.{EVT}.{durable}.>"


def parse_event(subject: str) -> tuple[RoomKey, str] | None:
    """Room and topic of a commit, from its stored or its republished subject."""
    found = _ROOM_EVENT.match(subject)
    if found is None:
        return None
    tenant, room = (found[1], found[2]) if found[1] else (found[3], found[4])
    return RoomKey(TenantId(tenant), RoomId(room)), found[5]


def control(key: RoomKey, name: str) -> str:
    """Where an operator sends a command with ``nats req``."""
    return f"ctl.{key.tenant}.{key.room}.{name}"


CONTROL_ALL = "ctl.*.*.*"


def parse_control(subject: str) -> tuple[RoomKey, str] | None:
    """Room and command name of an operator's request."""
    found = _CONTROL.match(subject)
    if found is None:
        return None
    return RoomKey(TenantId(found[1]), RoomId(found[2])), found[3]


def record(key: RoomKey, track: TrackId) -> str:
    """Where the RTP batches of a recorded track go."""
    return f"rec.{key.tenant}.{key.room}.{track}"


def parse_record(subject: str) -> tuple[RoomKey, TrackId] | None:
    """Room and track of an RTP batch."""
    found = _RECORD.match(subject)
    if found is None:
        return None
    return RoomKey(TenantId(found[1]), RoomId(found[2])), TrackId(found[3])


def job(kind: str, key: RoomKey) -> str:
    """Where a job of this kind is put."""
    return f"job.{kind}.{key.tenant}.{key.room}"


def jobs_of_kind(kind: str) -> str:
    """Filter of all jobs of a kind."""
    return f"job.{kind}.>"


def job_durable(kind: str) -> str:
    """Durable subscription that the workers of a kind share."""
    return f"artifacts-{kind}"


def parse_job(subject: str) -> tuple[str, RoomKey] | None:
    """Kind and room of a job."""
    found = _JOB.match(subject)
    if found is None:
        return None
    return found[1], RoomKey(TenantId(found[2]), RoomId(found[3]))


def signal(key: RoomKey, kind: str) -> str:
    """Ephemeral signals of a room: levels, typing, cursors, consumer changes."""
    return f"sig.{key.tenant}.{key.room}.{kind}"


def room_signals(key: RoomKey) -> str:
    """Filter of all ephemeral signals of a room."""
    return f"sig.{key.tenant}.{key.room}.*"


def parse_signal(subject: str) -> tuple[RoomKey, str] | None:
    """Room and kind of an ephemeral signal."""
    found = _SIGNAL.match(subject)
    if found is None:
        return None
    return RoomKey(TenantId(found[1]), RoomId(found[2])), found[3]


def sfu_request(node: NodeId, method: str) -> str:
    """Where a media request for a node is sent."""
    return f"sfu.{node}.{method}"


def sfu_requests(node: NodeId) -> str:
    """Filter of all media requests to a node."""
    return f"sfu.{node}.*"


def hook(tenant: TenantId, method: str) -> str:
    """Where the workers that deliver webhooks ask the edge: ``prepare``, ``report``."""
    return f"hook.{tenant}.{method}"


HOOK_ALL = "hook.*.*"
_HOOK = re.compile(rf"^hook\.({_TOKEN})\.([a-z_]+)$")


def parse_hook(subject: str) -> tuple[TenantId, str] | None:
    """Tenant and method of such a question."""
    found = _HOOK.match(subject)
    return None if found is None else (TenantId(found[1]), found[2])


def alive(process: str) -> str:
    """A process that holds leases answers here; silence means that it is gone."""
    return f"alive.{process}"


def audit(tenant: TenantId, source: str) -> str:
    """Audit facts that are not about a room: logins, users, policies."""
    return f"audit.{tenant}.{source}"


def dead_letter(subject: str) -> str:
    """Where a message that could not be processed is kept."""
    return f"dlq.{subject}"


def edge_key(edge: EdgeId) -> str:
    """Key of an edge process in ``edge_lease``."""
    return str(edge)


def active_user_key(tenant: TenantId, person: str) -> str:
    """Key of a user or guest in ``active_user``."""
    return f"{tenant}.{person}"


def room_kv_key(key: RoomKey) -> str:
    """Key of a room in any bucket."""
    return f"{key.tenant}.{key.room}"
