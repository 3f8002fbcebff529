"""One request to a stranger's address, which must not become a request to our own network (SSRF).

The name is looked up once and **every** address of it is judged; the connection then goes to the very
address that was judged, so a name server that changes its mind in between gains nothing. Addresses of
this machine are refused even where they are public. Redirects are not followed, the answer's body is not
read, and certificates are checked as browsers do.
"""

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping

from schemas.limits import WEBHOOK_ANSWER_BYTES_MAX, WEBHOOK_TIMEOUT_S
from schemas.webhooks import Address, Network, Target, is_open, is_opened, read_url

Resolve = Callable[[str, int], Awaitable[list[str]]]


class OutboundError(Exception):
    """The request was not sent, or not answered; the text may be shown to the receiver's owner."""


async def post(
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    networks: tuple[Network, ...] = (),
    *,
    resolve: Resolve | None = None,
    timeout_s: float = WEBHOOK_TIMEOUT_S,
) -> int:
    """Sends a POST and returns the status of the answer, whatever it is. Raises OutboundError.

    ``networks`` are those that the operator opened though they are not public.
    """
    try:
        target = read_url(url, networks)
    except ValueError as error:
        raise OutboundError(str(error)) from error
    try:
        async with asyncio.timeout(timeout_s):
            address = await _judged(target, networks, resolve or _resolve)
            return await _exchange(target, address, headers, body)
    except TimeoutError as error:
        raise OutboundError("No answer in time.") from error
    except ssl.SSLError as error:
        raise OutboundError(f"No secure connection: {error.reason or 'refused'}.") from error
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
        raise OutboundError("No answer that is HTTP.") from error


# --- addresses -----------------------------------------------------------------------------------
async def _resolve(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


async def _judged(target: Target, networks: tuple[Network, ...], resolve: Resolve) -> Address:
    """The address to connect to. Raises OutboundError if any address of the name is not open."""
    try:
        found = await resolve(target.host, target.port)
    except (OSError, UnicodeError) as error:
        raise OutboundError("The name leads nowhere.") from error
    addresses = [ipaddress.ip_address(text.partition("%")[0]) for text in found]
    if not addresses:
        raise OutboundError("The name leads nowhere.")
    for address in addresses:
        opened = is_opened(address, networks)
        if not is_open(address, networks) or (is_ours(address) and not opened):
            raise OutboundError("The name leads to an address that is not on the open internet.")
        if not target.secure and not opened:
            raise OutboundError("The address must begin with https://.")
    return addresses[0]


def is_ours(address: Address) -> bool:
    """Whether it is an address of this machine: what is sent there would also come from there."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((str(address), 9))  # Of a datagram socket this sends nothing.
        except OSError:
            return False  # No way there; connecting says so again.
        return ipaddress.ip_address(probe.getsockname()[0]) == address


# --- HTTP ----------------------------------------------------------------------------------------
async def _exchange(target: Target, address: Address, headers: Mapping[str, str], body: bytes) -> int:
    reader, writer = await asyncio.open_connection(
        str(address),
        target.port,
        ssl=ssl.create_default_context() if target.secure else None,
        server_hostname=target.host if target.secure else None,
        limit=WEBHOOK_ANSWER_BYTES_MAX,
    )
    try:
        writer.write(_request(target, headers, body))
        await writer.drain()
        return await _status(reader)
    finally:
        writer.transport.abort()  # Whatever else it has to say is not read.
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def _request(target: Target, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = [f"POST {target.path} HTTP/1.1", f"host: {target.authority}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"content-length: {len(body)}", "connection: close", "", ""]
    return "\r\n".join(lines).encode("ascii") + body


async def _status(reader: asyncio.StreamReader) -> int:
    """The status of the final answer (RFC 9110 §15.2: interim ones may come before it)."""
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        version, _, rest = head.partition(b" ")
        code = rest[:3]
        if version not in (b"HTTP/1.1", b"HTTP/1.0") or not code.isdigit():
            raise ValueError("not HTTP")
        if not code.startswith(b"1"):
            return int(code)
