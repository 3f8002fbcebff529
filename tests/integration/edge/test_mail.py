"""Mail by a real SMTP server, and into a folder."""

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiosmtpd.handlers import Message as MessageHandler
from aiosmtpd.smtp import SMTP

from edge.mail import Folder, Mail, Outgoing, RemoteMailError, compose, read_smtp
from tests.integration.edge.conftest import until

HELLO = Mail("nora@demo.test", "You are invited: Übungsschule", "Hello\n\nhttps://x/signin#invite=abc\n")
SENDER = "Classwire <no-reply@demo.test>"


class Received(MessageHandler):
    """What came."""

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[tuple[str, str]] = []

    def handle_message(self, message: object) -> None:
        """Keeps subject and text."""
        self.mails.append((str(message["Subject"]), message.get_payload(decode=True).decode()))  # type: ignore[index, attr-defined]


@pytest.fixture
async def server() -> AsyncIterator[tuple[str, Received]]:
    """A server on loopback, and what it received."""
    received = Received()
    listening = await asyncio.get_running_loop().create_server(lambda: SMTP(received), "127.0.0.1", 0)
    async with listening:
        yield f"smtp://127.0.0.1:{listening.sockets[0].getsockname()[1]}", received


async def test_a_mail_reaches_the_server(server: tuple[str, Received]) -> None:
    """In order, beside whoever asked for it."""
    url, received = server
    out = Outgoing(read_smtp(url).send, SENDER)
    running = asyncio.create_task(out.run())
    for _ in range(2):
        out.put(HELLO)
    await until(lambda: len(received.mails) == 2)
    await out.settled()
    running.cancel()
    assert received.mails[0][1].replace("\r\n", "\n").strip() == HELLO.text.strip()


async def test_a_server_that_is_away_is_a_remote_error() -> None:
    """Which is tried again; nobody else hears of it."""
    with pytest.raises(RemoteMailError):
        await read_smtp("smtp://127.0.0.1:1").send(compose(HELLO, SENDER))


async def test_a_folder_keeps_mails_for_its_owner_only(tmp_path: Path) -> None:
    """The links in them sign people in."""
    folder = Folder(tmp_path / "mail")
    await folder.send(compose(HELLO, SENDER))
    await folder.send(compose(HELLO, SENDER))
    files = list(folder.path.iterdir())
    assert len(files) == 2
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert all("signin#invite=abc" in file.read_text() for file in files)
