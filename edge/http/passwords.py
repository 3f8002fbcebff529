"""Passwords and e-mail addresses of one's own: forgotten, chosen anew, changed, confirmed; invitations."""

from typing import Annotated

from litestar import Response, post
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_202_ACCEPTED
from msgspec import Meta, Struct

from edge import audit
from edge.auth import Caller, HttpRequest, parts_of, require_csrf
from edge.http.arrivals import (
    NO_STORE,
    SignedIn,
    address_of,
    count_attempt,
    note,
    refused,
    sign_in_answer,
    too_many,
)
from edge.http.login import Email, Token
from edge.identity import canonical
from edge.letters import Addressee, Purpose, addressee, read_letter, use_letter, write_letter
from edge.parts import Parts
from edge.passwords import change_password, judge
from edge.problems import Problem, forbidden
from edge.queries import sql
from edge.tokens import Access
from schemas.limits import PASSWORD_CHARS_MAX

Password = Annotated[str, Meta(min_length=1, max_length=PASSWORD_CHARS_MAX)]


class Forgotten(Struct, frozen=True, forbid_unknown_fields=True):
    """Whose password is to be chosen anew."""

    email: Email


class Chosen(Struct, frozen=True, forbid_unknown_fields=True):
    """The secret of a letter, and the password that its reader chooses."""

    token: Token
    password: Password


class Changed(Struct, frozen=True, forbid_unknown_fields=True):
    """The present password, if there is one, and the next."""

    password: Password
    present: Annotated[str, Meta(max_length=PASSWORD_CHARS_MAX)] = ""


class Confirmed(Struct, frozen=True, forbid_unknown_fields=True):
    """The secret of the letter that asked whether an address is right."""

    token: Token


# --- without a login -----------------------------------------------------------------------------
@post("/login/password/forgotten", status_code=HTTP_202_ACCEPTED)
async def forget_password(request: HttpRequest, data: JSONBody[Forgotten]) -> dict[str, str]:
    """Sends a letter, if somebody lives there. The answer and its time are the same if nobody does."""
    parts = parts_of(request)
    count_attempt(request, f"forgotten {canonical(data.email)}")
    fact = audit.Fact(
        "password.forgotten", parts.clock(), parts.edge, address=address_of(request), email=data.email
    )
    await audit.record(parts.bus, audit.NO_TENANT, fact)
    parts.errands.start(_send_reset(parts, canonical(data.email)))
    return {}


async def _send_reset(parts: Parts, email: str) -> None:
    row = await parts.pool.fetchrow(sql("person_with_email"), email)
    if row is None or row["disabled_at"] is not None:
        return
    mail = await write_letter(parts.pool, addressee(row), "reset", parts.site.origin, parts.clock())
    if mail is not None:
        parts.mail.put(mail)


@post("/login/password/reset", status_code=HTTP_200_OK)
async def reset_password(request: HttpRequest, data: JSONBody[Chosen]) -> Response[dict[str, str]]:
    """Replaces the password by the letter, which is used up; all logins end. Then one signs in."""
    await _choose(request, data, "reset")
    return Response({}, headers=NO_STORE)


@post("/login/invitation", status_code=HTTP_200_OK)
async def accept_invitation(request: HttpRequest, data: JSONBody[Chosen]) -> Response[SignedIn]:
    """Chooses the first password by the letter of invitation, and signs in."""
    who = await _choose(request, data, "invite")
    return await sign_in_answer(request, who.person, "invitation")


@post("/login/email/confirm", status_code=HTTP_200_OK)
async def confirm_email(request: HttpRequest, data: JSONBody[Confirmed]) -> Response[dict[str, str]]:
    """Says that the address is right. Who reads the letter need not be signed in here."""
    who = await _reader(request, data.token, "verify")
    parts = parts_of(request)
    async with parts.pool.acquire() as connection, connection.transaction():
        if not await use_letter(connection, data.token, "verify", parts.clock()):
            raise await refused(request, "letter")
        await connection.execute(sql("verify_email"), who.person.id, who.email, parts.clock())
    await _note_of_reader(request, who, "email.verified")
    return Response({}, headers=NO_STORE)


async def _reader(request: HttpRequest, token: str, purpose: Purpose) -> Addressee:
    parts = parts_of(request)
    who = await read_letter(parts.pool, token, purpose, parts.clock())
    if who is None:
        count_attempt(request, "letter")  # Only guesses count: a class chooses its passwords together.
        raise await refused(request, "letter")
    return who


async def _choose(request: HttpRequest, data: Chosen, purpose: Purpose) -> Addressee:
    """Sets the password of the reader of this letter. A password that is refused leaves the letter whole."""
    parts = parts_of(request)
    who = await _reader(request, data.token, purpose)
    await _require_strength(data.password, who)
    now = parts.clock()
    async with parts.pool.acquire() as connection, connection.transaction():
        if not await use_letter(connection, data.token, purpose, now):
            raise await refused(request, "letter")  # Somebody else was faster with it.
        await connection.execute(sql("verify_email"), who.person.id, who.email, now)
    ended = await change_password(parts.pool, parts.passwords, who, data.password, now)
    for login in ended:
        parts.revocations.add(login)
    await _note_of_reader(request, who, f"password.set_by_{purpose}")
    return who


async def _require_strength(password: str, who: Addressee) -> None:
    why = await judge(password, who)
    if why is not None:
        raise Problem(422, "weak_password", why)


async def _note_of_reader(request: HttpRequest, who: Addressee, kind: str) -> None:
    parts = parts_of(request)
    fact = audit.Fact(kind, parts.clock(), parts.edge, who.person.id, address=address_of(request))
    await audit.record(parts.bus, who.person.tenant, fact)


# --- with a login --------------------------------------------------------------------------------
@post("/me/password", status_code=HTTP_200_OK, guards=[require_csrf])
async def change_own_password(
    request: HttpRequest, access: Caller, data: JSONBody[Changed]
) -> Response[dict[str, str]]:
    """Replaces one's password; all other logins of the person end. The present one is asked for."""
    parts, who = parts_of(request), await _own(request, access)
    present = await parts.pool.fetchval(sql("password_of"), who.person.id)
    if present is not None:
        count_attempt(request, f"present {who.person.id}")
        if not await parts.passwords.matches(present, data.present, lambda: True):
            parts.attempts.failed(address_of(request), parts.clock())
            await note(request, access, "password.refused")
            raise Problem(403, "wrong_password", "The present password is wrong.")
    await _require_strength(data.password, who)
    ended = await change_password(
        parts.pool, parts.passwords, who, data.password, parts.clock(), but=access.login
    )
    for login in ended:
        parts.revocations.add(login)
    await note(request, access, "password.changed")
    return Response({}, headers=NO_STORE)


@post("/me/email/confirmation", status_code=HTTP_202_ACCEPTED, guards=[require_csrf])
async def ask_confirmation(request: HttpRequest, access: Caller) -> dict[str, str]:
    """Sends the letter by which one's address is confirmed; nothing when it is."""
    parts, who = parts_of(request), await _own(request, access)
    if who.is_verified:
        return {}
    mail = await write_letter(parts.pool, who, "verify", parts.site.origin, parts.clock())
    if mail is None:
        raise too_many()
    parts.mail.put(mail)
    await note(request, access, "email.confirmation_sent")
    return {}


async def _own(request: HttpRequest, access: Access) -> Addressee:
    row = await parts_of(request).pool.fetchrow(sql("person_with_id"), access.person.id)
    if row is None:
        raise forbidden()  # A guest has neither password nor address.
    return addressee(row)


BEGINNINGS = [forget_password, reset_password, accept_invitation, confirm_email]
ROUTES = [change_own_password, ask_confirmation]
