"""Signing in, staying signed in, signing out, and who one is."""

from typing import Annotated

from litestar import Response, get, post
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK
from msgspec import Meta, Struct

from edge import audit
from edge.auth import CSRF_HEADER, Caller, HttpRequest, ended_cookies, login_cookies, parts_of, require_csrf
from edge.guests import Turned, redeem_guest_link
from edge.http.arrivals import (
    NO_STORE,
    SignedIn,
    address_of,
    count_account_attempt,
    count_attempt,
    may_attempt,
    note,
    refused,
    sign_in_answer,
    too_many,
)
from edge.identity import Person, redeem_sign_in_link
from edge.letters import addressee, stolen_login_mail
from edge.logins import Login, Refused, close_login, refresh, stolen_logins
from edge.parts import Parts
from edge.problems import Problem, not_signed_in
from edge.queries import sql
from schemas.commands.common import Name
from schemas.ids import LoginId
from schemas.limits import PASSCODE_CHARS_MAX, PASSWORD_CHARS_MAX

Token = Annotated[str, Meta(min_length=20, max_length=200)]
Email = Annotated[str, Meta(min_length=3, max_length=254)]


class Credentials(Struct, frozen=True, forbid_unknown_fields=True):
    """An e-mail address and its password."""

    email: Email
    password: Annotated[str, Meta(min_length=1, max_length=PASSWORD_CHARS_MAX)]


class LinkToken(Struct, frozen=True, forbid_unknown_fields=True):
    """The token of a one-time sign-in link."""

    token: Token


class GuestToken(Struct, frozen=True, forbid_unknown_fields=True):
    """The token of a guest link, the name under which the guest comes, and the passcode if the link asks
    for one."""

    token: Token
    display_name: Name
    passcode: Annotated[str, Meta(max_length=PASSCODE_CHARS_MAX)] | None = None


@post("/login", status_code=HTTP_200_OK)
async def sign_in(request: HttpRequest, data: JSONBody[Credentials]) -> Response[SignedIn]:
    """Signs in by password."""
    parts = parts_of(request)
    await count_account_attempt(request, data.email)
    person = await parts.passwords.check(parts.pool, data.email, data.password)
    if person is None:
        raise await refused(request, "password", email=data.email)
    return await sign_in_answer(request, person, "password")


@post("/login/link", status_code=HTTP_200_OK)
async def sign_in_by_link(request: HttpRequest, data: JSONBody[LinkToken]) -> Response[SignedIn]:
    """Signs in by a one-time link."""
    parts = parts_of(request)
    person = await redeem_sign_in_link(parts.pool, data.token, parts.clock())
    if person is None:
        count_attempt(request, "link")
        raise await refused(request, "link")
    return await sign_in_answer(request, person, "link")


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
        may_guess=lambda: may_attempt(request, "guest"),
    )
    match outcome:
        case Person():
            return await sign_in_answer(request, outcome, "guest")
        case Turned(reason="passcode_needed"):
            raise Problem(401, "passcode_needed", "This link asks for a passcode.")
        case Turned(reason="too_many_guesses"):
            raise too_many()
        case Turned(reason=reason):
            # Only guesses count: a whole class comes from one school's address.
            count_attempt(request, "guest")
            refusal = await refused(request, "guest")
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
                SignedIn(login.person), cookies=login_cookies(parts, login, now), headers=NO_STORE
            )
        case Refused(reason="reused", login=login_id, person=person) if login_id and person:
            parts.revocations.add(login_id)
            fact = audit.Fact(
                "login.reuse_detected", now, parts.edge, person.id, login_id, address_of(request)
            )
            await audit.record(parts.bus, person.tenant, fact)
            await _tell_owner(parts, person, login_id)
    raise not_signed_in()


async def _tell_owner(parts: Parts, person: Person, login: LoginId) -> None:
    """By mail, which a thief of the browser does not read; and at the next sign-in."""
    row = await parts.pool.fetchrow(sql("person_with_id"), person.id)
    if row is None:
        return  # A guest has no mailbox.
    lost = [each for each in await stolen_logins(parts.pool, person.id) if each.id == login]
    parts.mail.put(stolen_login_mail(addressee(row), lost[0].device if lost else ""))


@post("/logout", status_code=HTTP_200_OK, guards=[require_csrf])
async def sign_out(request: HttpRequest, access: Caller) -> Response[dict[str, str]]:
    """Ends this login everywhere: its pages, its sockets, its tokens."""
    parts = parts_of(request)
    await close_login(parts.pool, access.login, "signed_out", parts.clock())
    parts.revocations.add(access.login)
    await note(request, access, "login.ended", about=access.login)
    return Response({}, cookies=ended_cookies(parts.site), headers=NO_STORE)


@get("/me")
async def me(access: Caller) -> Response[SignedIn]:
    """Who is signed in."""
    return Response(SignedIn(access.person), headers=NO_STORE)


BEGINNINGS = [sign_in, sign_in_by_link, sign_in_as_guest, renew]
ROUTES = [sign_out, me]
