"""/healthz, /readyz and /metrics over a real socket."""

import asyncio

import pytest

from bus.health import serve_health, serve_health_on
from schemas.limits import HEALTH_CONNECTIONS_MAX


async def ask(port: int, request: bytes) -> tuple[int, bytes]:
    """Status and body of the answer to these bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        async with asyncio.timeout(60):
            answer = await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), body


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


async def test_alive_and_ready_are_two_questions() -> None:
    reason: list[str | None] = ["no partition yet"]
    async with serve_health_on(0, lambda: reason[0]) as port:
        assert await ask(port, get("/healthz")) == (200, b"alive\n")
        assert await ask(port, get("/readyz")) == (503, b"no partition yet\n")
        reason[0] = None
        assert await ask(port, get("/readyz?verbose")) == (200, b"ready\n")


async def test_metrics_name_what_the_bus_counts() -> None:
    async with serve_health_on(0, lambda: None) as port:
        status, body = await ask(port, get("/metrics"))
        assert status == 200
        assert b"classwire_bus_conflicts_total" in body


async def test_head_has_no_body() -> None:
    async with serve_health_on(0, lambda: None) as port:
        assert await ask(port, b"HEAD /healthz HTTP/1.1\r\n\r\n") == (200, b"")


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (get("/secret"), 404),
        (b"POST /healthz HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 405),
        (b"\x00\xff\xfe garbage\r\n\r\n", 400),
        (b"GET /healthz\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", 400),
    ],
)
async def test_bad_requests_get_their_status(request_bytes: bytes, status: int) -> None:
    async with serve_health_on(0, lambda: None) as port:
        assert (await ask(port, request_bytes))[0] == status
        assert (await ask(port, get("/healthz")))[0] == 200


async def test_silent_connections_do_not_keep_the_role_from_stopping() -> None:
    async with serve_health_on(0, lambda: None) as port:
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(HEALTH_CONNECTIONS_MAX + 5)]
    for _, writer in silent:
        writer.close()


async def test_port_zero_serves_nothing() -> None:
    async with serve_health(0, lambda: None) as port:
        assert port == 0
