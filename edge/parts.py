"""What a request handler works with: one value, made in ``edge.app`` and passed down."""

from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from artifacts.store import Store
from bus.interface import Bus
from edge.clock import Clock
from edge.hub import Hub
from edge.identity import Passwords
from edge.limiter import Limiter, Rates
from edge.policies import Policies
from edge.revocations import Revocations
from edge.scanning import Scanner
from edge.site import Site
from edge.tokens import KeyRing
from edge.uploads import Places
from schemas.ids import EdgeId
from schemas.webhooks import Network


@dataclass(frozen=True)
class Parts:
    """The parts of one edge process."""

    edge: EdgeId
    site: Site
    bus: Bus
    pool: asyncpg.Pool
    ring: KeyRing
    store: Store
    hub: Hub
    passwords: Passwords
    attempts: Limiter
    revocations: Revocations
    policies: Policies
    clock: Clock
    web: Path | None
    places: Places = field(default_factory=Places)
    rates: Rates = field(default_factory=Rates)
    scan: Scanner | None = None
    webhook_networks: tuple[Network, ...] = ()
