"""A request to a school's own server, which must not become a request to our network (SSRF).

The name is looked up once and every address of it is judged; the connection then goes to the very address
that was judged, with the name for TLS and ``Host``. Redirects are not followed, and an answer has a bound
in bytes and in time. ``artifacts.outbound`` is the same for webhooks, which read no answers.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Mapping

import httpx

from schemas.limits import OIDC_ANSWER_BYTES_MAX, OIDC_TIMEOUT_S
from schemas.webhooks import Network, Target, is_open, is_opened, read_url


class RemoteServerError(Exception):
    """There is no answer that can be used; the text is for the log and for administrators."""


async def get(url: str, networks: tuple[Network, ...]) -> bytes:
    """What a GET answers. Raises RemoteServerError."""
    return await _ask("GET", url, networks, {}, None)


async def post_form(
    url: str,
    networks: tuple[Network, ...],
    form: Mapping[str, str],
    *,
    basic: tuple[str, str] | None = None,
) -> bytes:
    """What a POST of a form answers. Raises RemoteServerError."""
    return await _ask("POST", url, networks, form, basic)


async def _ask(
    method: str,
    url: str,
    networks: tuple[Network, ...],
    form: Mapping[str, str],
    basic: tuple[str, str] | None,
) -> bytes:
    try:
        target = read_url(url, networks)
        async with asyncio.timeout(OIDC_TIMEOUT_S):
            address = await _judged(target, networks)
            return await _exchange(method, target, address, form, basic)
    except TimeoutError as error:
        raise RemoteServerError("No answer in time.") from error
    except (ValueError, OSError, httpx.HTTPError) as error:
        raise RemoteServerError(str(error) or type(error).__name__) from error


async def _judged(target: Target, networks: tuple[Network, ...]) -> str:
    found = await asyncio.get_running_loop().getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    addresses = [ipaddress.ip_address(str(address[0]).partition("%")[0]) for *_, address in found]
    for address in addresses:
        if not is_open(address, networks):
            raise RemoteServerError("The name leads to an address that is not on the open internet.")
        if not target.secure and not is_opened(address, networks):
            raise RemoteServerError("The address must begin with https://.")
    if not addresses:
        raise RemoteServerError("The name leads nowhere.")
    # An IPv4 address first: many servers' names have an IPv6 one that does not answer.
    return str(min(addresses, key=lambda each: each.version))


async def _exchange(
    method: str, target: Target, address: str, form: Mapping[str, str], basic: tuple[str, str] | None
) -> bytes:
    host = f"[{address}]" if ":" in address else address
    url = f"{'https' if target.secure else 'http'}://{host}:{target.port}{target.path}"
    async with (
        httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=OIDC_TIMEOUT_S) as client,
        client.stream(
            method,
            url,
            data=dict(form) or None,
            auth=basic,
            headers={"Host": target.authority, "Accept": "application/json"},
            extensions={"sni_hostname": target.host},
        ) as answer,
    ):
        body = b""
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > OIDC_ANSWER_BYTES_MAX:
                raise RemoteServerError("The answer is too long.")
        if answer.status_code != 200:
            raise RemoteServerError(f"The answer has status {answer.status_code}.")
        return body
