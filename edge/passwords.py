"""Choosing a password: what is strong enough, and what ends when it changes.

Strength is judged by zxcvbn, which counts how many guesses a clever guesser needs; the person's own name,
address and school are the first that such a guesser tries. No list of leaked passwords is asked: that
would need a service outside, or gigabytes.
"""

import asyncio
import re

import asyncpg
from zxcvbn import zxcvbn  # type: ignore[import-untyped]

from edge.identity import Passwords
from edge.letters import Addressee
from edge.logins import end_logins
from edge.queries import sql
from schemas.ids import LoginId
from schemas.limits import (
    PASSWORD_CHARS_MAX,
    PASSWORD_CHARS_MIN,
    PASSWORD_GUESSES_LOG10_MIN,
    PASSWORD_JUDGED_CHARS_MAX,
)

_WORD_CHARS_MIN = 3
_REST_CHARS_MIN = 5  # Fewer characters beside one's own words are a year or an exclamation mark.
_WORD = re.compile(rf"\w{{{_WORD_CHARS_MIN},}}")
_OWN_WORDS_MAX = 40
_PRODUCT = "classwire"


def own_words(who: Addressee) -> list[str]:
    """What somebody who knows the person tries first."""
    texts = (who.email, who.person.display_name, who.school)
    parts = [word for text in texts for word in _WORD.findall(text)]
    return [*texts, *parts, _PRODUCT][:_OWN_WORDS_MAX]


def complaint(password: str, words: list[str]) -> str | None:
    """Why this is no password, in a sentence for people; None: it is one.

    No characters are demanded or forbidden (NIST SP 800-63B §5.1.1.2).
    """
    if not PASSWORD_CHARS_MIN <= len(password) <= PASSWORD_CHARS_MAX:
        return f"A password has {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters."
    rest = password.casefold()
    for word in sorted((word.casefold() for word in words), key=len, reverse=True):
        rest = rest.replace(word, "") if len(word) >= _WORD_CHARS_MIN else rest
    if len(rest.strip()) < _REST_CHARS_MIN:
        return "This is made of your own name, address or school. Take several other words."
    judged = zxcvbn(password[:PASSWORD_JUDGED_CHARS_MAX], user_inputs=words)
    if judged["guesses_log10"] >= PASSWORD_GUESSES_LOG10_MIN:
        return None
    why = judged["feedback"]["warning"] or "This password is easy to guess"
    return f"{why.rstrip('.')}. Take several words that have nothing to do with you."


async def judge(password: str, who: Addressee) -> str | None:
    """The same, beside the loop: zxcvbn takes milliseconds."""
    return await asyncio.to_thread(complaint, password, own_words(who))


async def change_password(
    pool: asyncpg.Pool,
    passwords: Passwords,
    who: Addressee,
    password: str,
    now: int,
    *,
    but: LoginId | None = None,
) -> list[LoginId]:
    """Replaces a password, which was judged, and ends all logins of the person ``but`` one."""
    hashed = await passwords.hash(password)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(sql("set_password"), who.person.id, hashed, now)
        return await end_logins(connection, who.person.id, "password_changed", now, but=but)
