"""What a person may choose about the embedded stack: five environment variables."""

import os
import socket
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path

from msgspec import Struct

from deploy.ground import GroundError
from deploy.services import LOOPBACK, is_local

ROOT = Path(__file__).resolve().parent.parent
PORT = 8_000
MEDIA_PORT = 44_444
EDGES_MAX = 8

TABLE = f"""\
CLASSWIRE_PORT        The port of the address that people open  [{PORT}]
CLASSWIRE_VAR         The directory of all data, logs and secrets  [./var]
CLASSWIRE_HOST        Serves HTTPS on this address, for others on the network  [only this machine]
CLASSWIRE_EDGES       Processes that serve browsers, each up to 2,500 at once  [1 per 4 cores]
CLASSWIRE_MEDIA_PORT  The UDP port of sound and picture  [{MEDIA_PORT}, or another free one]"""


class Options(Struct, frozen=True, kw_only=True):
    """Where a stack serves and keeps its data."""

    port: int = PORT
    var: Path = Path("var")
    host: str = ""
    """Empty: this machine only, plain HTTP (browsers trust loopback)."""
    address: str = LOOPBACK
    """The IP address of ``host``."""
    media_port: int | None = None
    edges: int = 1
    """Edge processes that share one port."""

    @property
    def url(self) -> str:
        """What people open."""
        return f"https://{self.host}:{self.port}" if self.host else f"http://localhost:{self.port}"

    @property
    def media_listen(self) -> str:
        """Where the media socket is bound: the address itself, or everywhere when it is not this machine's
        own (behind address translation)."""
        return self.address if is_local(self.address) else "0.0.0.0"  # noqa: S104 - asked for by CLASSWIRE_HOST


def read(environ: Mapping[str, str]) -> Options:
    """The options that the environment gives. Raises GroundError."""
    host = environ.get("CLASSWIRE_HOST", "").strip()
    media = environ.get("CLASSWIRE_MEDIA_PORT")
    return Options(
        port=_port("CLASSWIRE_PORT", environ.get("CLASSWIRE_PORT", str(PORT))),
        var=Path(environ.get("CLASSWIRE_VAR") or "var").absolute(),
        host=host,
        address=_resolve(host) if host else LOOPBACK,
        edges=_edges(environ.get("CLASSWIRE_EDGES")),
        media_port=None if media is None else _port("CLASSWIRE_MEDIA_PORT", media),
    )


def _edges(text: str | None) -> int:
    """A quarter of the cores: rules, database, log and media want theirs as well."""
    if text is None:
        return max(1, min(EDGES_MAX, (os.cpu_count() or 1) // 4))
    if not text.isdigit() or not 0 < int(text) <= EDGES_MAX:
        raise GroundError(f"CLASSWIRE_EDGES must be a number from 1 to {EDGES_MAX}, not {text!r}.")
    return int(text)


def _port(variable: str, text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65_536:
        raise GroundError(f"{variable} must be a port from 1 to 65535, not {text!r}.")
    return int(text)


def _resolve(host: str) -> str:
    try:
        address = ip_address(socket.getaddrinfo(host, None, family=socket.AF_INET)[0][4][0])
    except (OSError, UnicodeError) as error:
        raise GroundError(
            f"CLASSWIRE_HOST={host} is no address of this machine that others can reach ({error}). "
            "`hostname -I` lists its addresses."
        ) from error
    return str(address)
