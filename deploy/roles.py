"""The five roles as members of a stack: each is ``python -m <role>`` with its settings as environment."""

import sys
from collections.abc import Mapping

from msgspec import Struct

from deploy.child import Command
from deploy.services import http_ok

# Stages of stopping, from the highest down: whoever asks is gone before those who answer.
SERVICES, RULES, FOLLOWERS, EDGE, HTTPS = range(5)

STAGES: Mapping[str, int] = {
    "rooms": RULES,
    "projectors": FOLLOWERS,
    "artifacts": FOLLOWERS,
    "sfu": FOLLOWERS,
    "edge": EDGE,
}
ROLES = tuple(STAGES)

STOP_S = 15.0  # The edge drains its sockets and the artifact worker hands its job back.


class Role(Struct, frozen=True):
    """A role's process. ``settings`` are those of ``schemas.settings`` by their variables' names."""

    name: str
    settings: Mapping[str, str]
    ready_port: int
    """Where it answers /readyz."""

    @property
    def stage(self) -> int:
        """When it stops. Several processes of a role are named ``edge``, ``edge-2``, ..."""
        return STAGES[self.name.partition("-")[0]]

    def prepare(self) -> None:
        """Nothing lies on disk before a role starts."""

    def command(self) -> Command:
        """``python -m <role>``."""
        environ = {"PYTHONUNBUFFERED": "1", "PYTHONFAULTHANDLER": "1", **self.settings}
        role = self.name.partition("-")[0]
        return Command(name=self.name, argv=(sys.executable, "-m", role), env=environ, stop_s=STOP_S)

    def is_ready(self) -> bool:
        """Whether it says so."""
        return http_ok(self.ready_port, "/readyz")
