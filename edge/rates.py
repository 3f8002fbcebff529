"""How often the REST API may be asked: by one address, by one login, by one tenant.

Counted by each edge process for itself, in memory: the bounds keep one sender from taking a process away
from all others; they are no account. Every answer says what is left, in the fields of
draft-ietf-httpapi-ratelimit-headers-10: ``RateLimit-Policy: "login";q=600;w=60`` (so many in so many
seconds) and ``RateLimit: "login";r=599;t=1`` (so many are left, all are back after so many seconds).
"""

import asyncio
import math
from typing import Any

from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler

from edge.auth import Connection, access_of, parts_of
from edge.limiter import RATE_WINDOW_S, Left
from edge.problems import Problem
from edge.traces import enter


async def require_rate(connection: Connection, _handler: BaseRouteHandler) -> None:
    """Refuses who asks too often. Raises Problem 429."""
    enter(connection.scope)
    if connection.scope["type"] != ScopeType.HTTP:
        return  # A socket counts its own frames.
    parts = parts_of(connection)
    keys = {"address": connection.client.host if connection.client else ""}
    access = access_of(connection)
    if access is not None:
        keys |= {"tenant": access.person.tenant, "login": access.login}
    may, left = parts.rates.take(keys, asyncio.get_running_loop().time())
    state: dict[str, Any] = connection.scope.setdefault("state", {})
    state["rates"] = left
    if not may:
        # One token of the emptiest bound takes this long; whole seconds, rounded up.
        wait_s = max(math.ceil(RATE_WINDOW_S / each.quota) for each in left if each.remaining < 1)
        raise Problem(
            429,
            "too_many_requests",
            "You are asking too often. Please wait a moment.",
            headers={"Retry-After": str(wait_s)},
        )


def rate_headers(left: tuple[Left, ...]) -> dict[str, str]:
    """The header fields that tell what is left (RFC 9651 lists)."""
    if not left:
        return {}
    return {
        "RateLimit-Policy": ", ".join(f'"{each.name}";q={each.quota};w={RATE_WINDOW_S}' for each in left),
        "RateLimit": ", ".join(f'"{each.name}";r={each.remaining};t={each.reset_s}' for each in left),
    }
