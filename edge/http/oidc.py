"""Signing in at the school's own server: going out, and coming back (``edge.oidc``).

The way back is the one GET with an effect. Only the browser that went out has it (a cookie bound to the
state), it works once, and it leads to a page of our own.
"""

import logging
import secrets
from typing import Annotated

import asyncpg
from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER
from msgspec import Meta, Struct

from edge import audit
from edge.auth import HttpRequest, parts_of
from edge.http.arrivals import NO_STORE, address_of, may_attempt, signed_in, too_many
from edge.http.login import Email
from edge.identity import Person, canonical, new_id, secret_hash, user_of
from edge.oidc import Claims, Provider, RemoteProviderError
from edge.parts import Parts
from edge.problems import Problem
from edge.queries import sql
from edge.tokens import open_sealed
from schemas.ids import TenantId
from schemas.limits import NAME_CHARS_MAX, OIDC_DEPARTURE_S, URL_CHARS_MAX

log = logging.getLogger(__name__)

_EMAIL_CHARS_MAX = 254  # RFC 5321 §4.5.3.1.3, less the brackets.
_QUERY_CHARS_MAX = 8_192


class Departure(Struct, frozen=True, forbid_unknown_fields=True):
    """Who wants to sign in, and the path of ours on which they go on."""

    email: Email
    next: Annotated[str, Meta(max_length=URL_CHARS_MAX)] = "/"


class Departed(Struct, frozen=True):
    """Where the page is to go: the school's own sign-in."""

    url: str
    title: str


class _Refusal(Exception):  # noqa: N818 - A value for one page, not an error of ours.
    """Nobody is signed in; the code is for the page."""

    def __init__(self, code: str, why: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.why = why


# --- going out -----------------------------------------------------------------------------------
@post("/login/oidc", status_code=HTTP_200_OK)
async def depart(request: HttpRequest, data: JSONBody[Departure]) -> Response[Departed]:
    """Where people with this address sign in, if their school has a server of its own.

    The domain alone decides: the answer says nothing of who has an account.
    """
    parts = parts_of(request)
    _check_failures(request)
    domain = canonical(data.email).rpartition("@")[2]
    provider = await parts.pool.fetchval(sql("provider_of_domain"), domain)
    found = None if provider is None else await _find(parts, provider)
    if found is None:
        raise Problem(404, "no_provider", "People with this address sign in with a password.")
    state, browser, now = secrets.token_urlsafe(32), secrets.token_urlsafe(32), parts.clock()
    try:
        url = await parts.providers.departure(
            found, state=state, returns_to=_returns_to(parts, found), hint=canonical(data.email), now=now
        )
    except RemoteProviderError as error:
        log.warning("provider %s: %s", found.id, error)
        raise Problem(
            503, "provider_away", "The school's sign-in does not answer. Try again later."
        ) from error
    await parts.pool.execute(
        sql("add_departure"),
        secret_hash(state),
        secret_hash(browser),
        found.id,
        own_path(data.next),
        now + OIDC_DEPARTURE_S * 1000,
    )
    return Response(Departed(url, found.title), cookies=[_cookie(parts, browser)], headers=NO_STORE)


def _check_failures(request: HttpRequest) -> None:
    """Only failures count: a whole class comes from one school's address. Raises Problem 429."""
    if not may_attempt(request, "oidc"):
        raise too_many()


def own_path(text: str) -> str:
    """The path, if it is one of ours; else the first page. A browser reads ``\\`` and ``//`` as a host."""
    is_plain = text.isprintable() and text.isascii() and " " not in text
    is_own = text.startswith("/") and not text.startswith("//") and "\\" not in text
    return text if is_plain and is_own else "/"


def _returns_to(parts: Parts, provider: Provider) -> str:
    """One address per provider, so that no answer is taken for another's (RFC 9700 §4.4.2.2)."""
    return f"{parts.site.origin}/api/v1/login/oidc/{provider.id}/return"


def _cookie(parts: Parts, value: str) -> Cookie:
    return Cookie(
        key=parts.site.departure_cookie,
        value=value,
        path="/",
        max_age=OIDC_DEPARTURE_S if value else 0,
        httponly=True,
        secure=parts.site.is_secure,
        samesite="lax",  # The way back begins on another site.
    )


async def _find(parts: Parts, provider: str) -> Provider | None:
    row = await parts.pool.fetchrow(sql("provider"), provider)
    if row is None:
        return None
    secret = open_sealed(parts.ring, f"provider/{row['id']}", row["client_secret"]).decode()
    return Provider(**{**dict(row), "client_secret": secret})


# --- coming back ---------------------------------------------------------------------------------
@get("/login/oidc/{provider:str}/return", status_code=HTTP_303_SEE_OTHER)
async def arrive(request: HttpRequest, provider: FromPath[str]) -> Response[None]:
    """Takes the answer of the school's server, signs in, and leads on. What fails leads to the sign-in."""
    parts = parts_of(request)
    try:
        _check_failures(request)
        found, person, leads_to = await _arrived(request, provider)
    except _Refusal as refusal:
        await _note_refusal(request, provider, refusal)
        return _lead(parts, f"/signin#problem={refusal.code}", [])
    _, cookies = await signed_in(request, person, "oidc")
    log.info("signed in by provider %s", found.id)
    return _lead(parts, leads_to, cookies)


def _lead(parts: Parts, path: str, cookies: list[Cookie]) -> Response[None]:
    return Response(
        None,
        status_code=HTTP_303_SEE_OTHER,
        headers={**NO_STORE, "Location": f"{parts.site.origin}{path}"},
        cookies=[*cookies, _cookie(parts, "")],
    )


async def _note_refusal(request: HttpRequest, provider: str, refusal: _Refusal) -> None:
    parts = parts_of(request)
    log.info("provider %.40s: %s %s", provider, refusal.code, refusal.why)
    parts.attempts.failed(address_of(request), parts.clock())
    fact = audit.Fact(
        "login.refused_oidc", parts.clock(), parts.edge, address=address_of(request), object=refusal.code
    )
    await audit.record(parts.bus, audit.NO_TENANT, fact)


async def _arrived(request: HttpRequest, provider: str) -> tuple[Provider, Person, str]:
    parts, now = parts_of(request), parts_of(request).clock()
    query = {name: value for name, value in request.query_params.items() if isinstance(value, str)}
    state, browser = query.get("state", ""), request.cookies.get(parts.site.departure_cookie, "")
    if not state or not browser or sum(map(len, query.values())) > _QUERY_CHARS_MAX:
        raise _Refusal("sign_in_interrupted", "no state, or not the browser that went out")
    leads_to = await parts.pool.fetchval(
        sql("take_departure"), secret_hash(state), secret_hash(browser), provider, now
    )
    found = None if leads_to is None else await _find(parts, provider)
    if found is None:
        raise _Refusal("sign_in_interrupted", "no such departure")
    try:
        claims = await parts.providers.arrival(
            found, query, state=state, returns_to=_returns_to(parts, found), now=now
        )
    except RemoteProviderError as error:
        raise _Refusal("provider_refused", str(error)) from error
    return found, await _account(parts, found, claims, now), leads_to


async def _account(parts: Parts, provider: Provider, claims: Claims, now: int) -> Person:
    """The user whom the provider means: linked before, linked now, or made now."""
    async with parts.pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(sql("external_account"), provider.id, claims.sub)
        if row is not None:
            if row["disabled_at"] is not None:
                raise _Refusal("no_account", "disabled")
            return user_of(row)
        person = await _claim(connection, provider, claims, now)
        await connection.execute(sql("add_external_account"), provider.id, claims.sub, person.id, now)
    fact = audit.Fact("account.linked", now, parts.edge, person.id, object=provider.id)
    await audit.record(parts.bus, person.tenant, fact)
    return person


async def _claim(
    connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]",
    provider: Provider,
    claims: Claims,
    now: int,
) -> Person:
    """Links by address only where the school's own server speaks of the school's own domain."""
    email = canonical(claims.email or "")
    if not email or "@" not in email or len(email) > _EMAIL_CHARS_MAX:
        raise _Refusal("no_account", "no e-mail address")
    domain = email.rpartition("@")[2]
    is_own = await connection.fetchval(sql("is_domain_of"), domain, provider.tenant)
    is_sure = bool(claims.verified_email) and provider.is_trusted and is_own
    row = await connection.fetchrow(sql("person_with_email"), email)
    if row is not None:
        if not is_sure or row["tenant"] != provider.tenant or row["disabled_at"] is not None:
            raise _Refusal("no_account", "an account that this provider may not speak for")
        await connection.execute(sql("verify_email"), row["id"], email, now)
        return user_of(row)
    if provider.default_capability is None:
        raise _Refusal("no_account", "makes nobody")
    user, tenant = new_id("u"), TenantId(provider.tenant)
    made = await connection.fetchval(
        sql("add_person"),
        user,
        tenant,
        email,
        _name(claims, email),
        [provider.default_capability],
        now,
        now if is_sure else None,
    )
    if made is None:
        raise _Refusal("no_account", "made by another at the same moment")
    row = await connection.fetchrow(sql("person_with_id"), user)
    assert row is not None, "it was made in this transaction"
    return user_of(row)


def _name(claims: Claims, email: str) -> str:
    parts = " ".join(part for part in (claims.given_name, claims.family_name) if part)
    return (claims.name or parts or email.partition("@")[0]).strip()[:NAME_CHARS_MAX] or email


BEGINNINGS = [depart, arrive]
