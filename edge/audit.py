"""Facts for the AUDIT stream: who came in, who was refused, which family was revoked, who got a link to
a recording.

Nothing secret is written: no password, token or link. Audit is awaited, because a sign-in that left no
trace must not exist; when the bus is down nobody signs in (and there would be no class to enter).
"""

import secrets

import msgspec
from msgspec import Struct

from bus.interface import Bus
from schemas import subjects
from schemas.ids import TenantId

NO_TENANT = TenantId("_unknown")
"""Stands for the tenant where nobody knows which one was meant."""


class Fact(Struct, frozen=True, omit_defaults=True):
    """One fact, JSON on ``audit.<tenant>.edge``."""

    type: str
    at: int
    edge: str
    person: str = ""
    login: str = ""
    address: str = ""
    email: str = ""
    room: str = ""
    object: str = ""


async def record(bus: Bus, tenant: TenantId, fact: Fact) -> None:
    """Writes a fact. Raises BusError."""
    await bus.audit.append(
        subjects.audit(tenant, "edge"), msgspec.json.encode(fact), message_id=secrets.token_hex(12)
    )
