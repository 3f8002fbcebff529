"""Cookies, and what a request must show before it is believed.

Sign-in is by cookie (design §9): a short access token and a rotating refresh token that scripts cannot
read, and a CSRF token that they can. A request that changes something must

- come from our own pages: ``Origin``, where a browser sends it, is ours,
- be JSON, which no form of a foreign page can send without asking first (or a file, by PUT),
- repeat the CSRF cookie in ``X-CSRF-Token``; the token is bound to the login.

Only the routes that begin a login are without the last one. Tokens are never read from an address.

A machine says ``Authorization: Bearer cw_…`` instead (``edge.api_keys``). Who sends that header is judged by
it alone: a cookie beside it counts for nothing.
"""

import hmac
from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler

from edge.api_keys import PREFIX, Machine, find_machine, scope_of
from edge.logins import Login
from edge.parts import Parts
from edge.problems import Problem, not_signed_in
from edge.site import Site
from edge.tokens import Access, RemoteTokenError, is_csrf_of, issue_access, issue_csrf, read_access
from schemas.ids import LoginId
from schemas.limits import ACCESS_TOKEN_S, REFRESH_TOKEN_S

Connection = ASGIConnection[Any, Any, Any, Any]
HttpRequest = Request[Any, Any, Any]
Caller = NamedDependency[Access]
"""The parameter of a handler that needs a signed-in person."""

CSRF_HEADER = "X-CSRF-Token"
REFRESH_PATH = "/api/v1/login"
TAKES_BYTES = "takes_bytes"
"""The ``opt`` of a handler whose body is a file. By PUT only: no form of a foreign page can send that."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def parts_of(connection: Connection) -> Parts:
    """The parts of this process."""
    parts: Parts = connection.app.state.parts
    return parts


# --- cookies -------------------------------------------------------------------------------------
def login_cookies(parts: Parts, login: Login, now: int) -> list[Cookie]:
    """The three cookies of a fresh or refreshed login."""
    site = parts.site
    return [
        _cookie(site, site.access_cookie, issue_access(parts.ring, login.person, login.id, now)),
        Cookie(
            key=site.refresh_cookie,
            value=login.refresh_token,
            path=REFRESH_PATH,
            max_age=REFRESH_TOKEN_S,
            httponly=True,
            secure=site.is_secure,
            samesite="strict",
        ),
        Cookie(
            key=site.csrf_cookie,
            value=issue_csrf(parts.ring, login.id),
            path="/",
            max_age=REFRESH_TOKEN_S,
            httponly=False,
            secure=site.is_secure,
            samesite="strict",
        ),
    ]


def _cookie(site: Site, name: str, value: str) -> Cookie:
    return Cookie(
        key=name,
        value=value,
        path="/",
        max_age=ACCESS_TOKEN_S,
        httponly=True,
        secure=site.is_secure,
        samesite="lax",  # A link from a mail leads into the room; nothing changes by GET.
    )


def ended_cookies(site: Site) -> list[Cookie]:
    """Takes all three back."""
    return [
        Cookie(key=name, value="", path=path, max_age=0, httponly=True, secure=site.is_secure)
        for name, path in (
            (site.access_cookie, "/"),
            (site.refresh_cookie, REFRESH_PATH),
            (site.csrf_cookie, "/"),
        )
    ]


# --- who asks ------------------------------------------------------------------------------------
async def identify(connection: Connection, _handler: BaseRouteHandler) -> None:
    """Looks up the API key of a request that has one. The first guard: all others ask ``access_of``.

    Raises Problem 401, or 403 where the key's scopes do not reach.
    """
    header = connection.headers.get("authorization")
    if header is None:
        return
    parts = parts_of(connection)
    scheme, _, text = header.partition(" ")
    machine = None
    if scheme.lower() == "bearer" and text.startswith(PREFIX) and len(text) <= _KEY_CHARS_MAX:
        machine = await find_machine(parts.pool, text, parts.clock())
    if machine is None or machine.login in parts.revocations:
        raise _unknown_key()
    method = connection.scope.get("method")
    scope = scope_of(connection.scope["path"], method if isinstance(method, str) else None)
    if scope is None or scope not in machine.scopes:
        detail = f"This key lacks the scope {scope}." if scope else "API keys may not do this."
        raise Problem(403, "insufficient_scope", detail, headers={"WWW-Authenticate": _INSUFFICIENT})
    state: dict[str, Any] = connection.scope.setdefault("state", {})
    state[_MACHINE] = machine


_MACHINE = "machine"
_KEY_CHARS_MAX = 200
_INSUFFICIENT = 'Bearer error="insufficient_scope"'  # RFC 6750 §3.1.


def _unknown_key() -> Problem:
    return Problem(
        401,
        "invalid_api_key",
        "This API key does not work.",
        headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
    )


def machine_of(connection: Connection) -> Machine | None:
    """Whose API key was looked up for this request."""
    state: dict[str, Any] = connection.scope.setdefault("state", {})
    machine: Machine | None = state.get(_MACHINE)
    return machine


def access_of(connection: Connection) -> Access | None:
    """Who asks: by API key, or by an access cookie that is valid and whose login has not ended."""
    parts = parts_of(connection)
    machine = machine_of(connection)
    if machine is not None:
        return Access(machine.person, machine.login, machine.expires_at)
    if "authorization" in connection.headers:
        return None
    token = connection.cookies.get(parts.site.access_cookie)
    if token is None:
        return None
    try:
        access = read_access(parts.ring, token, parts.clock())
    except RemoteTokenError:
        return None
    return None if access.login in parts.revocations else access


async def provide_access(request: HttpRequest) -> Access:
    """The signed-in person of a request. Raises Problem 401."""
    access = access_of(request)
    if access is None:
        raise not_signed_in()
    return access


def is_own_origin(connection: Connection) -> bool:
    """Whether a browser says that one of our own pages asks; a missing Origin says nothing."""
    return connection.headers.get("origin") == parts_of(connection).site.origin


# --- guards --------------------------------------------------------------------------------------
def require_own_page(connection: Connection, handler: BaseRouteHandler) -> None:
    """Refuses changes that a foreign page could have caused."""
    if _changes_nothing(connection):
        return
    if "origin" in connection.headers and not is_own_origin(connection):
        raise Problem(403, "foreign_origin", "This request comes from another site.")
    has_body = connection.headers.get("content-length", "0") != "0" or (
        "transfer-encoding" in connection.headers
    )
    media_type = connection.headers.get("content-type", "").partition(";")[0].strip().lower()
    if has_body and media_type != "application/json" and not handler.opt.get(TAKES_BYTES):
        raise Problem(415, "unsupported_media_type", "Send JSON.")


def require_csrf(connection: Connection, _handler: BaseRouteHandler) -> None:
    """Refuses changes without the CSRF token of the asker's login."""
    if _changes_nothing(connection):
        return
    access = access_of(connection)
    if access is None:
        raise not_signed_in()
    if machine_of(connection) is None:  # No browser sends a key by itself.
        check_csrf(connection, access.login)


def _changes_nothing(connection: Connection) -> bool:
    method = connection.scope.get("method")  # A WebSocket handshake has none; it checks Origin itself.
    return method is None or method in _SAFE


def check_csrf(connection: Connection, login: LoginId) -> None:
    """Raises Problem 403 unless header and cookie agree and are this login's."""
    parts = parts_of(connection)
    cookie = connection.cookies.get(parts.site.csrf_cookie, "")
    header = connection.headers.get(CSRF_HEADER, "")
    if not (
        header
        and hmac.compare_digest(header.encode(), cookie.encode())
        and is_csrf_of(parts.ring, header, login)
    ):
        raise Problem(403, "csrf", "Please reload the page and try again.")
