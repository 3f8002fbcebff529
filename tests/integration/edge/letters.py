"""The folder of mails as a person's mailbox."""

import asyncio
import re
from email import message_from_bytes, policy
from pathlib import Path

from tests.integration.edge.conftest import School


class Mailbox:
    """What an edge has sent."""

    def __init__(self, school: School) -> None:
        self._school = school

    async def texts(self, to: str) -> list[str]:
        """The mails to this address, when all that was asked for has been sent; the oldest first."""
        parts = self._school.edge.parts
        async with asyncio.timeout(60):
            await parts.errands.settled()
            await parts.mail.settled()
        return _read(Path(self._school.settings.mail_dir), to)

    async def token(self, to: str, purpose: str) -> str:
        """The secret in the latest letter of this purpose; its link is on our own site."""
        links = [re.findall(r"(\S+)/signin#(\w+)=(\S+)", text) for text in await self.texts(to)]
        found = [link for each in links for link in each if link[1] == purpose]
        assert {origin for origin, _, _ in found} == {self._school.edge.url}
        return found[-1][2]


def _read(folder: Path, to: str) -> list[str]:
    found = []
    for path in sorted(folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns):
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        if message["To"] == to:
            found.append(message.get_content())
    return found
