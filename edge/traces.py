"""Which request this is, everywhere: in its answer, in log lines, in problems, on the log.

A request keeps the ``X-Request-Id`` that its sender gave it, if that is a harmless word, and belongs to the
trace of its ``traceparent`` (W3C Trace Context §3.2); otherwise both are made here. The commands of a
request carry its trace to the rules.
"""

import logging
import re
import secrets
from contextvars import ContextVar
from typing import Any

from litestar.types import Scope
from msgspec import Struct

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})", re.ASCII)
_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16


class Trace(Struct, frozen=True):
    """A request's names: ``request_id`` for people, ``parent`` as W3C ``traceparent``."""

    request_id: str
    parent: str


_present: ContextVar[Trace | None] = ContextVar("trace", default=None)


def trace_of(scope: Scope) -> Trace:
    """The names of this request; made at the first call, the same ever after."""
    state: dict[str, Any] = scope.setdefault("state", {})
    known: Trace | None = state.get("trace")
    if known is None:
        headers = {name: value for name, value in scope.get("headers", ()) if name in _READ}
        known = Trace(
            _request_id(headers.get(b"x-request-id", b"").decode("latin-1")),
            _continued(headers.get(b"traceparent", b"").decode("latin-1")),
        )
        state["trace"] = known
    return known


def enter(scope: Scope) -> None:
    """From here on this task works for this request."""
    _present.set(trace_of(scope))


def present() -> Trace | None:
    """The request for which this task works."""
    return _present.get()


_READ = frozenset((b"x-request-id", b"traceparent"))


def _request_id(given: str) -> str:
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _continued(given: str) -> str:
    """A span of our own in the sender's trace, or in a new one that is sampled (§3.2.2.3 to §3.2.2.5)."""
    found = _TRACEPARENT.fullmatch(given)
    is_valid = found is not None and found[1] != _NO_TRACE and found[2] != _NO_SPAN
    trace, flags = (found[1], found[3]) if found and is_valid else (secrets.token_hex(16), "01")
    return f"00-{trace}-{secrets.token_hex(8)}-{flags}"


class RequestFilter(logging.Filter):
    """Ends every log line of a request with its id and trace."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Adds ``record.request``: empty outside a request."""
        trace = present()
        record.request = f" request={trace.request_id} trace={trace.parent[3:35]}" if trace else ""
        return True
