"""A tenant's policy: kept here, told to its rooms.

A room that somebody opens is told the policy when it knows an older one. So every room has it before its
next class, whatever process died meanwhile; a running class learns it when the next person comes.
"""

import logging

import asyncpg
import msgspec

from bus.interface import Bus, BusError
from edge.actors import edge_actor
from edge.clock import Clock
from edge.queries import sql
from rooms.state import RoomState
from schemas.commands.rights import ApplyPolicy
from schemas.envelope import Envelope
from schemas.ids import CommandId, EdgeId, TenantId
from schemas.limits import COMMAND_DEADLINE_S, POLICY_CACHE_S
from schemas.policy import Policy

log = logging.getLogger(__name__)


class Policies:
    """The policies of tenants, at most ``POLICY_CACHE_S`` old."""

    def __init__(self, pool: asyncpg.Pool, bus: Bus, edge: EdgeId, clock: Clock) -> None:
        self._pool = pool
        self._bus = bus
        self._edge = edge
        self._clock = clock
        self._known: dict[TenantId, tuple[int, Policy]] = {}

    async def of(self, tenant: TenantId) -> Policy:
        """The policy; the default one where nothing was decided."""
        read_at, policy = self._known.get(tenant, (0, Policy()))
        now = self._clock()
        if now - read_at > POLICY_CACHE_S * 1000:
            row = await self._pool.fetchrow(sql("policy"), tenant)
            policy = Policy() if row is None else _read(row)
            self._known[tenant] = (now, policy)
        return policy

    async def decide(
        self, tenant: TenantId, policy: Policy, by: str, seen: int | None = None
    ) -> Policy | None:
        """Replaces the policy; returns it with its new version, or None when it is not the ``seen`` one."""
        body = msgspec.json.encode(policy).decode()
        row = await self._pool.fetchrow(sql("decide_policy"), tenant, body, by, self._clock(), seen)
        if row is None:
            return None
        decided = _read(row)
        self._known[tenant] = (self._clock(), decided)
        return decided

    async def tell(self, state: RoomState) -> None:
        """Tells a room what its tenant has decided, unless it knows. A failure waits for the next time."""
        try:
            policy = await self.of(state.key.tenant)
            if policy.version <= state.policy.version:
                return
            command_id = CommandId(f"policy-{policy.version}")
            deadline = self._clock() + int(COMMAND_DEADLINE_S * 1000)
            asked = Envelope(state.key, ApplyPolicy(policy), command_id, edge_actor(self._edge), deadline)
            await self._bus.commands.submit(asked)
        except (BusError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("%s is not told its policy now: %r", state.key, error)


def _read(row: asyncpg.Record) -> Policy:
    kept = msgspec.json.decode(row["policy"], type=Policy)
    return msgspec.structs.replace(kept, version=row["version"])
