"""How many sockets an edge takes, and where the others go."""

import pytest

from bus.memory import memory_bus
from edge import hub
from edge.connection import Connection, RemotePeerError
from edge.hub import Hub
from schemas.frames import CLOSE_CODES
from schemas.ids import EdgeId


async def test_a_socket_that_only_says_hello_takes_a_place_until_it_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So the bound holds also while thousands arrive at once."""
    monkeypatch.setattr(hub, "CONNECTIONS_PER_EDGE_MAX", 2)
    async with memory_bus().open("edge") as bus:
        made = Hub(bus, EdgeId("edge-1"), lambda: 0)
        made.admit()
        with made.counted():
            assert made.unready() is None
            with made.counted():
                assert made.unready() == "full"
            assert made.unready() is None


async def test_one_too_many_is_told_when_to_try_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a close code of its own, after a random part of some seconds."""
    monkeypatch.setattr(hub, "CONNECTIONS_PER_EDGE_MAX", 0)

    class Around:
        """The parts that a door needs."""

    async with memory_bus().open("edge") as bus:
        parts = Around()
        parts.hub = Hub(bus, EdgeId("edge-1"), lambda: 0)  # type: ignore[attr-defined]
        parts.hub.admit()  # type: ignore[attr-defined]
        connection = Connection(None, parts, None)  # type: ignore[arg-type]
        ending = await connection.run()
    assert isinstance(ending, RemotePeerError)
    assert (ending.code, CLOSE_CODES[ending.code]) == ("full", 4011)
    assert ending.retry_after_ms is not None
    assert 0 <= ending.retry_after_ms < 2_000
