"""What a request handler works with: one value, made in ``edge.app`` and passed down."""

from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from artifacts.store import Store
from bus.interface import Bus
from edge.attempts import Attempts
from edge.clock import Clock
from edge.errands import Errands
from edge.hub import Hub
from edge.identity import Passwords
from edge.keys import Keys
from edge.limiter import Rates
from edge.mail import Outgoing
from edge.oidc import Providers
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
    keys: Keys
    store: Store
    hub: Hub
    passwords: Passwords
    attempts: Attempts
    mail: Outgoing
    providers: Providers
    revocations: Revocations
    policies: Policies
    clock: Clock
    web: Path | None
    places: Places = field(default_factory=Places)
    errands: Errands = field(default_factory=Errands)
    rates: Rates = field(default_factory=Rates)
    scan: Scanner | None = None
    webhook_networks: tuple[Network, ...] = ()

    @property
    def ring(self) -> KeyRing:
        """The signing keys as they are now."""
        return self.keys.ring
