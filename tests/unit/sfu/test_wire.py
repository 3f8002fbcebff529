"""The socket: two families on one port, and both event loops."""

import asyncio
import socket

import pytest
import uvloop

from sfu.forwarder import open_forwarder
from tests.unit.sfu.browser import Browser, mapped_port


async def check_over(listen: str, family: socket.AddressFamily, host: str) -> bytes:
    """One connectivity check; returns the answer."""
    forwarder = await open_forwarder(listen, 0, lambda _: None)
    try:
        browser = Browser("one")
        forwarder.add_transport(browser.config)
        with socket.socket(family, socket.SOCK_DGRAM) as line:
            line.setblocking(False)
            line.connect((host, forwarder.port))
            loop = asyncio.get_running_loop()
            line.send(browser.check())
            async with asyncio.timeout(60):
                answer = await loop.sock_recv(line, 2_000)
            assert mapped_port(answer) == line.getsockname()[1]
            return answer
    finally:
        await forwarder.close()


async def test_ipv4_peer_of_a_dual_socket_sees_its_ipv4_address() -> None:
    answer = await check_over("::", socket.AF_INET, "127.0.0.1")
    assert answer[25] == 1


async def test_ipv6_peer_is_answered() -> None:
    answer = await check_over("::", socket.AF_INET6, "::1")
    assert answer[25] == 2


@pytest.mark.parametrize("factory", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_both_event_loops_serve_the_socket(factory: type) -> None:
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(check_over("127.0.0.1", socket.AF_INET, "127.0.0.1"))


async def test_taken_port_is_refused_at_once() -> None:
    forwarder = await open_forwarder("127.0.0.1", 0, lambda _: None)
    with pytest.raises(OSError, match="in use"):
        await open_forwarder("127.0.0.1", forwarder.port, lambda _: None)
    await forwarder.close()
