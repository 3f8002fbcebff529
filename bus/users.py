"""Who may do what on NATS: one user per role, each with its own short list, as data.

``server_config`` renders the lists for ``nats.conf``. The lines that matter most: only ``rooms`` appends
events, and only ``archiver`` removes archived ones; commands come from those roles that have some; nobody
reads another role's inboxes; an operator looks, and asks through ``ctl.``, but deletes nothing.

What this does not promise: roles share one account, and whoever may ask JetStream for a message may ask
for it to be delivered to any subject (bus-facts §0.6). The lists stop mistakes and plain misuse by a role
that was taken over, not a forger with the protocol's specification; tenants get accounts of their own
(``bus.tenants``).
"""

import json
from collections.abc import Iterable, Mapping

from msgspec import Struct

from bus import kv, tenants
from bus.connection import OUTCOME
from schemas import subjects

API = "$JS.API"


class Permissions(Struct, frozen=True):
    """A user's lists. Everybody may also answer what it was asked, and use its own inboxes."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    deny_publish: tuple[str, ...] = ()


COMMANDS = ("class.*.*.cmd.*",)
EVENTS = ("class.*.*.evt.*",)
# Reading events, and the server's time (``bus.clock``).
READ_EVENTS = (f"{API}.DIRECT.GET.{subjects.EVT}", f"{API}.STREAM.INFO.{subjects.EVT}")
ALIVE = ("alive.*",)
NOT_PARTITIONS = (kv.subject(subjects.LEASE, "partition.*"),)
"""The leases of ``rooms``: others may hold leases, but not these."""
_SECRETS = kv.stream(subjects.SECRET)
NOT_SECRETS = (
    f"{API}.DIRECT.GET.{_SECRETS}",
    f"{API}.DIRECT.GET.{_SECRETS}.>",
    f"{API}.STREAM.MSG.GET.{_SECRETS}",
    f"{API}.STREAM.SNAPSHOT.{_SECRETS}",
    f"{API}.CONSUMER.CREATE.{_SECRETS}",
    f"{API}.CONSUMER.CREATE.{_SECRETS}.>",
    f"{API}.CONSUMER.DURABLE.CREATE.{_SECRETS}.*",
)
"""The secrets that hide authors: ``rooms`` alone reads them, for others they must not exist."""


def _watch(stream: str) -> tuple[str, ...]:
    """Ordered subscriptions (``bus.ordered``) on a stream."""
    return (f"{API}.CONSUMER.CREATE.{stream}.*.>", f"{API}.CONSUMER.MSG.NEXT.{stream}.*")


def _read(*buckets: str) -> tuple[str, ...]:
    """Reading and watching buckets."""
    return tuple(
        line
        for bucket in buckets
        for line in (f"{API}.DIRECT.GET.{kv.stream(bucket)}", *_watch(kv.stream(bucket)))
    )


def _write(*buckets: str) -> tuple[str, ...]:
    """Reading, watching and writing buckets."""
    return _read(*buckets) + tuple(kv.subject(bucket, ">") for bucket in buckets)


ROLES: Mapping[str, Permissions] = {
    # Backups travel under ``$JS.SNAPSHOT``.
    "setup": Permissions(publish=(f"{API}.>", "$JS.SNAPSHOT.>"), subscribe=(), deny_publish=NOT_SECRETS),
    "edge": Permissions(
        publish=(
            *COMMANDS,
            *READ_EVENTS,
            *ALIVE,
            "sfu.*.*",
            "sig.*.*.*",
            "audit.*.*",
            f"{API}.DIRECT.GET.{subjects.AUDIT}",
            "job.webhook.*.*",
            *_write(subjects.EDGE_LEASE, subjects.ACTIVE_USER, subjects.LEASE),
            *_read(subjects.ROOM_SNAPSHOT, subjects.ROOM_ROUTE, subjects.SFU_NODE, subjects.CONFIG),
        ),
        subscribe=("live.>", "sig.>", subjects.HOOK_ALL),
        deny_publish=NOT_PARTITIONS,
    ),
    "rooms": Permissions(
        publish=(
            *EVENTS,
            *COMMANDS,
            *READ_EVENTS,
            *ALIVE,
            f"_INBOX.*.*.{OUTCOME}.*",
            f"{API}.CONSUMER.INFO.{subjects.CMD}.*",
            f"{API}.CONSUMER.DELETE.{subjects.CMD}.*",
            *_watch(subjects.CMD),
            f"$JS.ACK.{subjects.CMD}.>",
            "job.*.*.*",
            "dlq.>",
            *_write(
                subjects.LEASE,
                subjects.ROOM_SNAPSHOT,
                subjects.ROOM_ROUTE,
                subjects.DEADLINE,
                subjects.ACTIVE_USER,
                subjects.SECRET,
            ),
            *_read(subjects.EDGE_LEASE, subjects.SFU_NODE, subjects.CONFIG),
        ),
        subscribe=("live.>", subjects.CONTROL_ALL),
    ),
    "sfu": Permissions(
        publish=(
            *COMMANDS,
            *READ_EVENTS,
            *ALIVE,
            "sig.*.*.*",
            "audit.*.*",
            *_write(subjects.SFU_NODE, subjects.LEASE),
            *_read(subjects.ROOM_SNAPSHOT, subjects.ROOM_ROUTE, subjects.CONFIG),
        ),
        subscribe=("live.>", "sfu.>"),
        deny_publish=NOT_PARTITIONS,
    ),
    "sfu_media": Permissions(publish=("rec.*.*.*", "media.>"), subscribe=("media.>",)),
    "projectors": Permissions(
        publish=(
            *READ_EVENTS,
            *ALIVE,
            *_write(subjects.LEASE),
            *_read(subjects.ROOM_SNAPSHOT, subjects.CONFIG),
        ),
        subscribe=("live.>",),
        deny_publish=NOT_PARTITIONS,
    ),
    "artifacts": Permissions(
        publish=(
            *COMMANDS,
            *READ_EVENTS,
            *ALIVE,
            f"{API}.DIRECT.GET.{subjects.REC}",
            *_watch(subjects.REC),
            f"{API}.CONSUMER.MSG.NEXT.{subjects.JOBS}.*",
            f"$JS.ACK.{subjects.JOBS}.>",
            "job.*.*.*",
            subjects.HOOK_ALL,
            "dlq.>",
            f"{API}.DIRECT.GET.{subjects.DLQ}",
            *_write(subjects.LEASE),
            *_read(subjects.ROOM_SNAPSHOT, subjects.CONFIG),
        ),
        subscribe=("live.>",),
        deny_publish=NOT_PARTITIONS,
    ),
    # The artifacts role's second connection: it removes from EVT what is archived, and nothing else.
    "archiver": Permissions(
        publish=(f"{API}.STREAM.PURGE.{subjects.EVT}", *READ_EVENTS, *_watch(subjects.EVT)), subscribe=()
    ),
    # ``nats --inbox-prefix=_INBOX.ops``: sub 'live.>', req ctl..., stream ls, info, get, view
    # (deploy/RUNBOOK.md).
    "ops": Permissions(
        publish=(
            subjects.CONTROL_ALL,
            "job.*.*.*",  # A dead letter's body, put back.
            f"{API}.INFO",
            f"{API}.STREAM.LIST",
            f"{API}.STREAM.NAMES",
            f"{API}.STREAM.INFO.*",
            f"{API}.STREAM.MSG.GET.*",
            f"{API}.DIRECT.GET.>",
            f"{API}.CONSUMER.LIST.*",
            f"{API}.CONSUMER.NAMES.*",
            f"{API}.CONSUMER.INFO.*.*",
            *_watch(subjects.EVT),
            *_watch(subjects.DLQ),
            *_watch(subjects.AUDIT),
        ),
        subscribe=("live.>", "sig.>"),
        deny_publish=NOT_SECRETS,
    ),
}

USERS: tuple[str, ...] = tuple(ROLES)
"""Every user; each needs a password."""


def inboxes(role: str) -> str:
    """Where the answers to a role arrive, and nobody else's."""
    return f"_INBOX.{role}.>"


def server_config(passwords: Mapping[str, str]) -> str:
    """The ``accounts`` block of ``nats.conf``: that of the roles, and those of the tenants, which stand in
    a file of their own (``bus.tenants``). Every user of ``USERS`` must have a password."""
    missing = [user for user in USERS if not passwords.get(user)]
    assert not missing, f"no password for {missing}"
    users = [{"user": role, "password": passwords[role], "permissions": permissions(role)} for role in USERS]
    roles = {"jetstream": "enabled", "users": users, "exports": tenants.EXPORTS}
    return f'accounts: {{\n"{tenants.ACCOUNT}": {json.dumps(roles, indent=2)}\ninclude "{tenants.FILE}"\n}}'


def permissions(role: str) -> dict[str, object]:
    """A role's permissions in the server's words."""
    lists = ROLES[role]
    return {
        # A message to an inbox of one's own is the barrier (bus.connection).
        "publish": _rules([*lists.publish, inboxes(role)], lists.deny_publish),
        "subscribe": _rules([*lists.subscribe, inboxes(role), *ALIVE], ()),
        "allow_responses": {"max": 1, "expires": "30s"},
    }


def _rules(allow: Iterable[str], deny: Iterable[str]) -> dict[str, list[str]]:
    rules = {"allow": list(dict.fromkeys(allow))}
    denied = list(deny)
    return rules | {"deny": denied} if denied else rules
