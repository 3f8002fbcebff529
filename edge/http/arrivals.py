"""What all ways of signing in have in common: counting, refusing, opening the login, telling of thefts."""

from litestar import Response
from litestar.datastructures import Cookie
from msgspec import Struct

from edge import audit
from edge.auth import HttpRequest, login_cookies, parts_of
from edge.devices import device
from edge.identity import Person, canonical
from edge.logins import Browser, Stolen, open_login, stolen_logins
from edge.parts import Parts
from edge.problems import Problem, forbidden
from edge.queries import sql
from edge.tokens import Access
from schemas.ids import TenantId

NO_STORE = {"Cache-Control": "no-store"}


class SignedIn(Struct, frozen=True):
    """Who is signed in, and which of their logins were ended because somebody else held their secret.

    These are told until ``POST /logins/stolen/seen``.
    """

    user: Person
    stolen: tuple[Stolen, ...] = ()


def address_of(request: HttpRequest) -> str:
    """The address that asks."""
    return request.client.host if request.client else ""


async def signed_in(request: HttpRequest, person: Person, by: str) -> tuple[SignedIn, list[Cookie]]:
    """Opens a login, audited, and returns what is answered and the cookies of it."""
    parts = parts_of(request)
    now = parts.clock()
    agent = request.headers.get("user-agent", "")
    login = await open_login(parts.pool, person, now, Browser(by, address_of(request), device(agent), agent))
    fact = audit.Fact(
        f"login.by_{by}",
        now,
        parts.edge,
        person.id,
        login.id,
        address_of(request),
        room=person.room or "",
    )
    await audit.record(parts.bus, person.tenant, fact)
    stolen = await stolen_logins(parts.pool, person.id) if person.kind == "user" else ()
    return SignedIn(person, stolen), login_cookies(parts, login, now)


async def sign_in_answer(request: HttpRequest, person: Person, by: str) -> Response[SignedIn]:
    """The same as an answer."""
    body, cookies = await signed_in(request, person, by)
    return Response(body, cookies=cookies, headers=NO_STORE)


async def refused(request: HttpRequest, by: str, email: str = "") -> Problem:
    """The same words whoever it was, so that nobody learns which addresses exist."""
    parts = parts_of(request)
    parts.attempts.failed(address_of(request), parts.clock())
    fact = audit.Fact(
        f"login.refused_{by}", parts.clock(), parts.edge, address=address_of(request), email=email
    )
    await audit.record(parts.bus, audit.NO_TENANT, fact)
    detail = "This link is used up or has ended." if by != "password" else "E-mail or password is wrong."
    return Problem(401, "wrong_credentials", detail)


def count_attempt(request: HttpRequest, what: str) -> None:
    """Counts a try of this address. Raises Problem 429."""
    parts = parts_of(request)
    if not parts.attempts.take(address_of(request), what, parts.clock()):
        raise too_many()


async def count_account_attempt(request: HttpRequest, email: str) -> None:
    """Counts a try at an account, known or not. Its owner comes in from where they have been before.

    Raises Problem 429.
    """
    parts, account = parts_of(request), canonical(email)
    count_attempt(request, account)
    if parts.attempts.take_account(account, parts.clock()):
        return
    if not await parts.pool.fetchval(sql("knows_address"), account, address_of(request)):
        raise too_many()


def may_attempt(request: HttpRequest, what: str) -> bool:
    """Whether this address may try once more. Nothing is counted."""
    parts = parts_of(request)
    return parts.attempts.may(address_of(request), what, parts.clock())


def too_many() -> Problem:
    """The asker has tried too often."""
    detail = "Too many attempts. Please wait a minute."
    return Problem(429, "too_many_attempts", detail, headers={"Retry-After": "60"})


# --- what administrators and owners do to accounts -----------------------------------------------
async def note(
    request: HttpRequest,
    access: Access,
    kind: str,
    *,
    about: str = "",
    email: str = "",
    tenant: TenantId | None = None,
) -> None:
    """Writes to AUDIT what the asker did."""
    parts = parts_of(request)
    fact = audit.Fact(
        kind,
        parts.clock(),
        parts.edge,
        access.person.id,
        access.login,
        address_of(request),
        email=email,
        object=about,
    )
    await audit.record(parts.bus, tenant or access.person.tenant, fact)


def administrator(request: HttpRequest, access: Access) -> Parts:
    """The parts, for an administrator of the tenant. Raises Problem 403."""
    if "administer" not in access.person.capabilities:
        raise forbidden()
    return parts_of(request)
