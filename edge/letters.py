"""Letters: one-time secrets that reach a person by mail, and what is written around them.

A letter opens one thing (``Purpose``), once, soon, and only for the address that it was sent to: when a
person's address changes, what was sent to the old one is worth nothing. Kept is its hash. Links name our
own site and never what a request says of itself (``Host``); the secret stands behind ``#``, where no
server, proxy or log sees it.
"""

import secrets
from typing import Literal

import asyncpg
from msgspec import Struct

from edge.identity import Person, secret_hash, user_of
from edge.mail import Mail
from edge.queries import sql
from schemas.limits import LETTER_INVITE_S, LETTER_RESET_S, LETTER_VERIFY_S, LETTERS_PER_ACCOUNT_MAX

Purpose = Literal["verify", "reset", "invite"]

LIFE_S: dict[Purpose, int] = {
    "verify": LETTER_VERIFY_S,
    "reset": LETTER_RESET_S,
    "invite": LETTER_INVITE_S,
}
_SUBJECTS: dict[Purpose, str] = {
    "verify": "Confirm your e-mail address",
    "reset": "Choose a new password",
    "invite": "You are invited",
}
_WORDS: dict[Purpose, str] = {
    "verify": "please confirm that this is your e-mail address at {school}:",
    "reset": "somebody, probably you, asked for a new password at {school}. Choose it here:",
    "invite": "you have an account at {school}. Choose your password and come in here:",
}
_ENDS: dict[Purpose, str] = {
    "verify": "The link works once, for one day.",
    "reset": "The link works once, for half an hour. If it was not you, do nothing: nothing has changed.",
    "invite": "The link works once, for seven days.",
}


class Addressee(Struct, frozen=True):
    """A user as letters and passwords know them. ``school`` is the tenant's title."""

    person: Person
    email: str
    school: str
    is_disabled: bool
    is_verified: bool


def addressee(row: asyncpg.Record) -> Addressee:
    """Reads a row of ``person_with_email``, ``person_with_id`` or ``find_letter``."""
    is_verified = row["email_verified_at"] is not None
    return Addressee(user_of(row), row["email"], row["title"], row["disabled_at"] is not None, is_verified)


async def write_letter(
    pool: asyncpg.Pool, to: Addressee, purpose: Purpose, origin: str, now: int
) -> Mail | None:
    """A mail with a fresh secret; None when the person has enough of them."""
    if await pool.fetchval(sql("count_letters"), to.person.id, purpose, now) >= LETTERS_PER_ACCOUNT_MAX:
        return None
    token = secrets.token_urlsafe(32)
    ends = now + LIFE_S[purpose] * 1000
    await pool.execute(sql("add_letter"), secret_hash(token), to.person.id, purpose, to.email, ends)
    text = _text(to, purpose, f"{origin}/signin#{purpose}={token}")
    return Mail(to.email, f"{_SUBJECTS[purpose]}: {to.school}", text)


def _text(to: Addressee, purpose: Purpose, link: str) -> str:
    words = _WORDS[purpose].format(school=to.school)
    return f"Hello {to.person.display_name},\n\n{words}\n\n{link}\n\n{_ENDS[purpose]}\n"


def stolen_login_mail(to: Addressee, device: str) -> Mail:
    """Tells a person that one of their logins was ended because two held it."""
    text = (
        f"Hello {to.person.display_name},\n\none of your sign-ins at {to.school} ({device or 'a browser'}) "
        "was ended: its secret was used twice, which means that somebody may have copied it. Please sign "
        "in again, look at your sign-ins, and change your password if one is not yours.\n"
    )
    return Mail(to.email, f"One of your sign-ins was ended: {to.school}", text)


async def read_letter(pool: asyncpg.Pool, token: str, purpose: Purpose, now: int) -> Addressee | None:
    """Whom a letter is to, if it still opens something. It stays unused."""
    row = await pool.fetchrow(sql("find_letter"), secret_hash(token), purpose, now)
    return None if row is None else addressee(row)


async def use_letter(
    connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]", token: str, purpose: Purpose, now: int
) -> bool:
    """Uses a letter up, and with it all others of this purpose. Of two at once only one is told True."""
    return await connection.fetchval(sql("use_letter"), secret_hash(token), purpose, now) is not None
