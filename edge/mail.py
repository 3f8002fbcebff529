"""Mail goes out beside the requests that cause it: by SMTP, or into a folder where nobody has a server.

A request hands a mail over and does not wait, so that its answer takes as long whether or not somebody
lives at an address. What cannot be sent now is tried again a few times; a mail that is lost with the
process is asked for again by its reader, who finds the button where it was.
"""

import asyncio
import logging
import os
import secrets
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from urllib.parse import unquote, urlsplit

import aiosmtplib
from msgspec import Struct

from schemas.limits import LETTERS_WAITING_MAX, MAIL_ATTEMPTS_MAX, MAIL_RETRY_S, MAIL_TIMEOUT_S
from schemas.settings import Settings, SettingsError

log = logging.getLogger(__name__)

_TLS_PORT, _SUBMISSION_PORT, _PLAIN_PORT = 465, 587, 25


class Mail(Struct, frozen=True):
    """One mail, in plain text."""

    to: str
    subject: str
    text: str


class RemoteMailError(Exception):
    """The mail was not taken; the text says why, for the log."""


Send = Callable[[EmailMessage], Awaitable[None]]
"""Delivers one message. Raises RemoteMailError."""


class Smtp(Struct, frozen=True):
    """Where ``smtp[s]://user:password@host:port`` leads. ``smtp`` asks for STARTTLS, but on loopback."""

    host: str
    port: int
    user: str | None
    password: str | None
    is_tls: bool

    @property
    def starts_tls(self) -> bool:
        """Whether the line is plain only until STARTTLS; passwords and links never go over a plain one."""
        return not self.is_tls and self.host not in ("127.0.0.1", "::1", "localhost")

    async def send(self, message: EmailMessage) -> None:
        """Delivers. Raises RemoteMailError."""
        try:
            await aiosmtplib.send(
                message,
                hostname=self.host,
                port=self.port,
                username=self.user,
                password=self.password,
                use_tls=self.is_tls,
                start_tls=self.starts_tls,
                timeout=MAIL_TIMEOUT_S,
            )
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise RemoteMailError(f"{type(error).__name__}: {error}") from error


class Folder(Struct, frozen=True):
    """Mails as files ``<time>-<chance>.eml``, readable by their owner only: the links in them sign in."""

    path: Path

    async def send(self, message: EmailMessage) -> None:
        """Writes the file in one step. Raises RemoteMailError."""
        try:
            await asyncio.to_thread(self._write, message.as_bytes())
        except OSError as error:
            raise RemoteMailError(str(error)) from error

    def _write(self, data: bytes) -> None:
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = f"{formatdate(usegmt=True)[5:25].replace(' ', '-').replace(':', '')}-{secrets.token_hex(6)}"
        temporary = self.path / f".{name}"
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
        temporary.replace(self.path / f"{name}.eml")


class Outgoing:
    """The mails that wait to go out, in order; bounded."""

    def __init__(self, send: Send | None, sender: str) -> None:
        self._send = send
        self._sender = sender
        self._waiting: asyncio.Queue[Mail] = asyncio.Queue(LETTERS_WAITING_MAX)

    def has_room(self) -> bool:
        """Whether one more can wait."""
        return not self._waiting.full()

    def put(self, mail: Mail) -> None:
        """Takes a mail over; one too many is dropped, and the log says so without its text."""
        try:
            self._waiting.put_nowait(mail)
        except asyncio.QueueFull:
            log.error("too many mails wait: one is dropped")

    async def run(self) -> None:
        """Sends for ever, one after the other."""
        while True:
            mail = await self._waiting.get()
            await self._deliver(mail)
            self._waiting.task_done()

    async def settled(self) -> None:
        """Returns when nothing waits."""
        await self._waiting.join()

    async def _deliver(self, mail: Mail) -> None:
        if self._send is None:
            log.warning("a mail was not sent: neither CLASSWIRE_SMTP_URL nor CLASSWIRE_MAIL_DIR is set")
            return None
        try:
            message = compose(mail, self._sender)
        except ValueError as error:
            log.warning("a mail has no form: %s", error)
            return None
        pause_s = MAIL_RETRY_S
        for attempt in range(1, MAIL_ATTEMPTS_MAX + 1):
            try:
                return await self._send(message)
            except RemoteMailError as error:
                log.warning("mail, attempt %d of %d: %s", attempt, MAIL_ATTEMPTS_MAX, error)
            if attempt < MAIL_ATTEMPTS_MAX:
                await asyncio.sleep(pause_s)
                pause_s *= 4
        return None


def compose(mail: Mail, sender: str) -> EmailMessage:
    """The message. Raises ValueError for an address or subject that would add header lines."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = mail.to
    message["Subject"] = mail.subject
    message["Date"] = formatdate(usegmt=True)
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].rstrip(">") or "localhost")
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834 §5: no holiday note comes back.
    message.set_content(mail.text)
    return message


def outgoing(settings: Settings) -> Outgoing:
    """The way out that the settings describe. Raises SettingsError."""
    if settings.smtp_url:
        return Outgoing(read_smtp(settings.smtp_url).send, settings.mail_from)
    if settings.mail_dir:
        return Outgoing(Folder(Path(settings.mail_dir)).send, settings.mail_from)
    return Outgoing(None, settings.mail_from)


def read_smtp(text: str) -> Smtp:
    """Takes the setting apart. Raises SettingsError, which does not repeat the password."""
    problem = SettingsError("CLASSWIRE_SMTP_URL must be smtps://user:password@host or smtp://host.")
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError as error:
        raise problem from error
    if url.scheme not in ("smtp", "smtps") or not url.hostname or url.path not in ("", "/"):
        raise problem
    is_tls = url.scheme == "smtps"
    plain = _PLAIN_PORT if url.username is None else _SUBMISSION_PORT
    user = None if url.username is None else unquote(url.username)
    password = None if url.password is None else unquote(url.password)
    return Smtp(url.hostname, port or (_TLS_PORT if is_tls else plain), user, password, is_tls)
