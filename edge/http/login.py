"""Signing in, staying signed in, signing out, and who one is."""

import asyncio
from typing import Annotated

from litestar import Response, get, post
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK
from msgspec import Meta, Struct

from edge import audit
from edge.auth import CSRF_HEADER, Caller, HttpRequest, ended_cookies, login_cookies, parts_of, require_csrf
from edge.guests import Turned, redeem_guest_link
from edge.identity import Person, redeem_sign_in_link
from edge.logins import Login, Refused, close_login, open_login, refresh
from edge.problems import Problem, not_signed_in
from schemas.commands.common import Name
from schemas.limits import PASSCODE_CHARS_MAX, PASSWORD_CHARS_MAX

_Token = Annotated[str, Meta(min_length=20, max_length=200)]


class Credentials(Struct, frozen=True, forbid_unknown_fields=True):
    """An e-mail address and its password."""

    email: Annotated[str, Meta(min_length=3, max_length=254)]
    password: Annotated[str, Meta(min_length=1, max_length=PASSWORD_CHARS_MAX)]


class LinkToken(Struct, frozen=True, forbid_unknown_fields=True):
    """The token of a one-time sign-in link."""

    token: _Token


class GuestToken(Struct, frozen=True, forbid_unknown_fields=True):
    """The token of a guest link, the name under which the guest comes, and the passcode if the link asks
    for one."""

    token: _Token
    display_name: Name
    passcode: Annotated[str, Meta(max_length=PASSCODE_CHARS_MAX)] | None = None


class SignedIn(Struct, frozen=True):
    """Who is signed in."""

    user: Person


@post("/login", status_code=HTTP_200_OK)
async def sign_in(request: HttpRequest, data: JSONBody[Credentials]) -> Response[SignedIn]:
    """Signs in by password."""
    parts = parts_of(request)
    await _count_attempt(request, data.email.strip().casefold())
    person = await parts.passwords.check(parts.pool, data.email, data.password)
    if person is None:
        raise await _refused(request, "password", email=data.email)
    return await _signed_in(request, person, "password")


@post("/login/link", status_code=HTTP_200_OK)
async def sign_in_by_link(request: HttpRequest, data: JSONBody[LinkToken]) -> Response[SignedIn]:
    """Signs in by a one-time link."""
    parts = parts_of(request)
    person = await redeem_sign_in_link(parts.pool, data.token, parts.clock())
    if person is None:
        await _count_attempt(request, "link")
        raise await _refused(request, "link")
    return await _signed_in(request, person, "link")


@post("/login/guest", status_code=HTTP_200_OK)
async def sign_in_as_guest(request: HttpRequest, data: JSONBody[GuestToken]) -> Response[SignedIn]:
    """Comes in by a guest link, under a name of one's own."""
    parts = parts_of(request)
    name = data.display_name.strip()
    if not name:
        raise Problem(422, "malformed", "A name is needed.")
    outcome = await redeem_guest_link(
        parts.pool,
        parts.passwords,
        data.token,
        name,
        parts.clock(),
        passcode=data.passcode,
        may_guess=lambda: _may_attempt(request, "guest"),
    )
    match outcome:
        case Person():
            return await _signed_in(request, outcome, "guest")
        case Turned(reason="passcode_needed"):
            raise Problem(401, "passcode_needed", "This link asks for a passcode.")
        case Turned(reason="too_many_guesses"):
            raise _too_many()
        case Turned(reason=reason):
            # Only guesses count: a whole class comes from one school's address.
            await _count_attempt(request, "guest")
            refusal = await _refused(request, "guest")
            if reason == "wrong_passcode":
                raise Problem(401, "wrong_passcode", "This passcode is wrong.")
            raise refusal


@post("/login/refresh", status_code=HTTP_200_OK)
async def renew(request: HttpRequest) -> Response[SignedIn]:
    """Gives a new access token for the refresh token, which is used up."""
    parts = parts_of(request)
    token = request.cookies.get(parts.site.refresh_cookie)
    if not token:
        raise not_signed_in()
    # The login is not known yet, so only the equality of both is checked; SameSite=Strict does the rest.
    header = request.headers.get(CSRF_HEADER, "")
    if not header or header != request.cookies.get(parts.site.csrf_cookie):
        raise Problem(403, "csrf", "Please reload the page and try again.")
    now = parts.clock()
    match await refresh(parts.pool, token, now):
        case Login() as login:
            return Response(
                SignedIn(login.person), cookies=login_cookies(parts, login, now), headers=_NO_STORE
            )
        case Refused(reason="reused", login=login_id, person=person) if login_id and person:
            parts.revocations.add(login_id)
            fact = audit.Fact("login.reuse_detected", now, parts.edge, person.id, login_id, _address(request))
            await audit.record(parts.bus, person.tenant, fact)
    raise not_signed_in()


@post("/logout", status_code=HTTP_200_OK, guards=[require_csrf])
async def sign_out(request: HttpRequest, access: Caller) -> Response[dict[str, str]]:
    """Ends this login everywhere: its pages, its sockets, its tokens."""
    parts = parts_of(request)
    now = parts.clock()
    await close_login(parts.pool, access.login, "signed_out", now)
    parts.revocations.add(access.login)
    await audit.record(
        parts.bus,
        access.person.tenant,
        audit.Fact("login.ended", now, parts.edge, access.person.id, access.login, _address(request)),
    )
    return Response({}, cookies=ended_cookies(parts.site), headers=_NO_STORE)


@get("/me")
async def me(access: Caller) -> Response[SignedIn]:
    """Who is signed in."""
    return Response(SignedIn(access.person), headers=_NO_STORE)


_NO_STORE = {"Cache-Control": "no-store"}


async def _signed_in(request: HttpRequest, person: Person, by: str) -> Response[SignedIn]:
    parts = parts_of(request)
    now = parts.clock()
    login = await open_login(parts.pool, person, now)
    fact = audit.Fact(
        f"login.by_{by}",
        now,
        parts.edge,
        person.id,
        login.id,
        _address(request),
        room=person.room or "",
    )
    await audit.record(parts.bus, person.tenant, fact)
    return Response(SignedIn(person), cookies=login_cookies(parts, login, now), headers=_NO_STORE)


async def _refused(request: HttpRequest, by: str, email: str = "") -> Problem:
    """The same words whoever it was, so that nobody learns which addresses exist."""
    parts = parts_of(request)
    fact = audit.Fact(
        f"login.refused_{by}", parts.clock(), parts.edge, address=_address(request), email=email
    )
    await audit.record(parts.bus, audit.NO_TENANT, fact)
    detail = "This link is used up or has ended." if by != "password" else "E-mail or password is wrong."
    return Problem(401, "wrong_credentials", detail)


async def _count_attempt(request: HttpRequest, what: str) -> None:
    parts = parts_of(request)
    now_s = asyncio.get_running_loop().time()
    if not parts.attempts.take(f"{_address(request)} {what}", now_s):
        raise _too_many()


def _may_attempt(request: HttpRequest, what: str) -> bool:
    now_s = asyncio.get_running_loop().time()
    return parts_of(request).attempts.has(f"{_address(request)} {what}", now_s)


def _too_many() -> Problem:
    detail = "Too many attempts. Please wait a minute."
    return Problem(429, "too_many_attempts", detail, headers={"Retry-After": "60"})


def _address(request: HttpRequest) -> str:
    return request.client.host if request.client else ""


BEGINNINGS = [sign_in, sign_in_by_link, sign_in_as_guest, renew]
ROUTES = [sign_out, me]
