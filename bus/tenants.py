"""A tenant's own eyes on its log: an account of NATS for each, with one durable subscription in it.

Why accounts: inside one account, who may pull a message also says where it is delivered, and that may be
another tenant's command (bus-facts §0.6). Permissions cannot stop it; another account can, because
nothing that is not imported exists there: neither streams nor subjects nor other people's inboxes.

So the roles' account exports three requests and one stream of subjects, and a tenant's account imports
them for its own name alone: to pull from its durable subscription, to acknowledge, to ask how far it is,
and to listen to ``live.<tenant>.>``. The subscription and its filter are made by us; its owner can neither
change nor delete nor make one. What it reads is the tenant's whole log, staff's eyes included: whom the
tenant gives the password may read its classes.

The accounts stand in ``tenants.conf`` beside ``nats.conf``, which includes it; a reload (SIGHUP) is enough.
"""

import json
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from bus.api import NANOSECONDS, NotFoundError, call
from bus.connection import Connection, connection
from bus.pull import create_durable
from schemas import subjects
from schemas.ids import TenantId
from schemas.limits import ANALYTICS_ACK_S, ANALYTICS_UNACKNOWLEDGED_MAX
from schemas.settings import Settings

ACCOUNT = "CLASS"
"""The account of all roles."""

FILE = "tenants.conf"

INFO = "log.info"
"""Where a tenant asks how far it is. Under JetStream's own name its account, which has no JetStream, would
answer as well, and sometimes first."""

EXPORTS: tuple[Mapping[str, str], ...] = (
    {"service": subjects.durable_pull("*"), "response_type": "stream"},
    {"service": subjects.durable_info("*")},
    {"service": subjects.durable_acks("*")},
    {"stream": subjects.LIVE_ALL},
)
"""What other accounts may import at all. Which of it one does, its own lines say."""


def user(tenant: TenantId) -> str:
    """The name with which a tenant's consumer signs in."""
    return f"analytics-{tenant}"


def durable(tenant: TenantId) -> dict[str, Any]:
    """The durable subscription, in JetStream's words: everything of the tenant, from the first event."""
    return {
        "durable_name": subjects.analytics_durable(tenant),
        "filter_subject": subjects.tenant_events(tenant),
        "ack_policy": "explicit",
        "ack_wait": ANALYTICS_ACK_S * NANOSECONDS,
        "max_ack_pending": ANALYTICS_UNACKNOWLEDGED_MAX,
        "max_deliver": -1,
    }


def account(tenant: TenantId, password: str) -> dict[str, Any]:
    """The tenant's account in the server's words."""
    name, live = subjects.analytics_durable(tenant), subjects.tenant_live(tenant)
    pull, info, ack = subjects.durable_pull(name), subjects.durable_info(name), subjects.durable_acks(name)
    there = {"account": ACCOUNT}
    return {
        "users": [
            {
                "user": user(tenant),
                "password": password,
                "permissions": {
                    # Messages to its own inboxes: a client's way to see that the server is there.
                    "publish": {"allow": [pull, INFO, ack, "_INBOX.>"]},
                    "subscribe": {"allow": [live, "_INBOX.>"]},
                },
            }
        ],
        "imports": [
            {"service": there | {"subject": pull}},
            {"service": there | {"subject": info}, "to": INFO},
            {"service": there | {"subject": ack}},
            {"stream": there | {"subject": live}},
        ],
    }


def accounts_config(passwords: Mapping[TenantId, str]) -> str:
    """``tenants.conf``: a line for each tenant. The first keeps the file from being empty."""
    lines = ['"NOBODY": {}']
    lines += [
        f'"tenant-{tenant}": {json.dumps(account(tenant, passwords[tenant]))}' for tenant in sorted(passwords)
    ]
    return "\n".join(lines) + "\n"


async def subscribe(settings: Settings, tenant: TenantId) -> None:
    """Makes the durable subscription, under the ``setup`` user. Raises BusError."""
    async with _setup(settings) as link:
        await create_durable(link, subjects.EVT, durable(tenant))


async def unsubscribe(settings: Settings, tenant: TenantId) -> None:
    """Removes it, and with it how far its owner was. Raises BusError."""
    async with _setup(settings) as link:
        try:
            await call(link, f"CONSUMER.DELETE.{subjects.EVT}.{subjects.analytics_durable(tenant)}")
        except NotFoundError:
            return


def _setup(settings: Settings) -> AbstractAsyncContextManager[Connection]:
    servers = [server.strip() for server in settings.nats_url.split(",")]
    name = settings.nats_user
    return connection(servers, name, settings.nats_password, name="tenants", role=name or "setup")
