"""``classwire tenant analytics``: NATS credentials with which a tenant's consumer reads the tenant's log.

On the embedded stack the account is written beside ``nats.conf`` and the server reloads it; elsewhere the
lines for ``tenants.conf`` are printed. What it may see, and why, stands in ``bus.tenants``; a consumer to
begin with is ``docs/examples/analytics.py``.
"""

import asyncio
import json
import os
import re
import secrets
import signal
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from bus import tenants
from bus.interface import BusError, Unavailable
from deploy.ground import GroundError
from deploy.services import write_private
from edge.queries import sql
from schemas import subjects
from schemas.ids import TOKEN_PATTERN, TenantId
from schemas.limits import RETRY_WAIT_S
from schemas.settings import Settings

_ANSWER_S = 15.0
_KEPT = "tenants.json"  # In ``var``: who has a password, and which.


async def on_stack(running: Settings, var: Path, name: str, *, end: bool) -> int:
    """Grants or ends on the stack that runs on a directory. Raises GroundError."""
    tenant = await _known(running, name)
    path = var / _KEPT
    kept = msgspec.json.decode(path.read_bytes(), type=dict[TenantId, str]) if path.exists() else {}
    if end:
        kept.pop(tenant, None)
        await _asked(tenants.unsubscribe, running, tenant)
    else:
        kept.setdefault(tenant, secrets.token_urlsafe(24))
        await _asked(tenants.subscribe, running, tenant)
    write_private(path, json.dumps(kept))
    write_private(var / "nats" / tenants.FILE, tenants.accounts_config(kept))
    stack = msgspec.json.decode((var / "stack.json").read_bytes())
    os.kill(stack["children"]["nats"]["pid"], signal.SIGHUP)
    if end:
        print(f"{tenants.user(tenant)} is gone.")
    else:
        _tell(running, tenant, kept[tenant])
    return 0


async def print_account(setup: Settings, name: str, *, end: bool) -> int:
    """Makes or removes the durable subscription, and prints what belongs into ``tenants.conf``."""
    tenant = _named(name)
    if end:
        await _asked(tenants.unsubscribe, setup, tenant)
        print(f"Remove the line of tenant-{tenant} from {tenants.FILE} and reload each nats-server.")
        return 0
    await _asked(tenants.subscribe, setup, tenant)
    password = secrets.token_urlsafe(24)
    print(f"# Into {tenants.FILE} beside nats.conf; then reload each server: nats-server --signal reload")
    print(tenants.accounts_config({tenant: password}).splitlines()[1])
    _tell(setup, tenant, password)
    return 0


def _named(name: str) -> TenantId:
    if not re.match(TOKEN_PATTERN, name):
        raise GroundError(f"{name!r} is not a tenant's id.")
    return TenantId(name)


async def _known(running: Settings, name: str) -> TenantId:
    tenant = _named(name)
    connection = await asyncpg.connect(running.postgres)
    try:
        known = [row["id"] for row in await connection.fetch(sql("tenants"))]
    finally:
        await connection.close()
    if tenant not in known:
        raise GroundError(f"There is no tenant {tenant}. There are: {', '.join(known)}.")
    return tenant


async def _asked(
    work: Callable[[Settings, TenantId], Coroutine[Any, Any, None]], settings: Settings, tenant: TenantId
) -> None:
    """Asks again while the server does not answer: it may have just reloaded. Raises GroundError."""
    until = time.monotonic() + _ANSWER_S
    while True:
        try:
            return await work(settings, tenant)
        except Unavailable as error:
            if time.monotonic() > until:
                raise GroundError(f"NATS does not answer: {error}") from error
            await asyncio.sleep(RETRY_WAIT_S)
        except BusError as error:
            raise GroundError(f"NATS refused: {error}") from error


def _tell(settings: Settings, tenant: TenantId, password: str) -> None:
    told = {
        "servers": settings.nats_url,
        "user": tenants.user(tenant),
        "password": password,
        "stream": subjects.EVT,
        "durable": subjects.analytics_durable(tenant),
        "live": subjects.tenant_live(tenant),
        "info": tenants.INFO,
    }
    print(json.dumps(told, indent=2))
