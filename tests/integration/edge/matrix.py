"""The tables of who may do what, and the people who try it.

``commands.txt`` and ``routes.txt`` beside this file have a row for everything that can be asked, a column
for everybody who can ask, and in each cell what is answered: ``+`` (accepted, or the status of success
before it) or the code of the refusal. People ask from left to right, the weakest first, and rows go from top
to bottom: what a cell leaves behind is there for the next.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from edge import identity
from edge.identity import Person
from tests.integration.edge.conftest import DEMO, School
from tests.integration.edge.page import Browser, Line

Table = dict[str, dict[str, str]]
"""Rows by name, cells by column."""

STRANGERS = ("nobody", "stranger")
ROLES = ("guest", "viewer", "speaker", "co_host", "host", "administrator")
GIVEN = ("speaker", "co_host")
"""Roles that members are given; the others follow from who somebody is."""


def read(name: str) -> Table:
    """A table. Its first line names the columns; ``#`` begins a comment."""
    lines = (Path(__file__).parent / name).read_text().splitlines()
    rows = [line.split("|") for line in lines if line.strip() and not line.startswith("#")]
    columns = [cell.strip() for cell in rows[0][1:]]
    table: Table = {}
    for first, *cells in rows[1:]:
        row = first.strip()
        assert row not in table, f"{row} stands twice in {name}"
        table[row] = dict(zip(columns, (cell.strip() for cell in cells), strict=True))
    return table


def written(table: Mapping[str, Mapping[str, str]]) -> str:
    """A table as it stands in its file."""
    columns = list(dict.fromkeys(column for row in table.values() for column in row))
    lines = [["", *columns], *([name, *(row.get(c, "") for c in columns)] for name, row in table.items())]
    widths = [max(len(line[n]) for line in lines) for n in range(len(columns) + 1)]
    return "\n".join(
        " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def differences(found: Table, table: Table) -> str:
    """The rows that are not as written, as they would be; empty if all are."""
    return written({name: row for name, row in found.items() if table.get(name) != row})


class Cast:
    """A browser for everybody, by column."""

    def __init__(self, school: School) -> None:
        self.school = school
        self.people: dict[str, Person] = {}
        self.browsers: dict[str, Browser] = {}

    @property
    def host(self) -> Browser:
        """Who owns the rooms."""
        return self.browsers["host"]

    async def come(self) -> None:
        """Signs everybody in who has an account."""
        school = self.school
        capabilities = {
            "host": ("teach",),
            "viewer": ("learn",),
            "speaker": ("learn",),
            "co_host": ("learn",),
        }
        for name in (*capabilities, "target"):
            self.people[name] = await identity.ensure_user(
                school.edge.parts.pool,
                DEMO,
                email=f"{name}@demo.test",
                display_name=name.title(),
                capabilities=("teach",) if name == "host" else ("learn",),
            )
        self.people |= {"administrator": school.teacher, "stranger": school.stranger}
        for name, person in self.people.items():
            self.browsers[name] = self._patient(await school.browser(person))
        self.browsers["nobody"] = self._patient(school.fresh_browser())

    @staticmethod
    def _patient(browser: Browser) -> Browser:
        """Long pauses between its requests: the edge may close an idle line at the moment of the next."""
        browser.http.headers["Connection"] = "close"
        return browser

    async def open_room(self) -> str:
        """A room of the host's with a class, its members, and a guest at the door."""
        room = await self.school.room(self.host, default_role="viewer")
        made = await self.host.post(f"/rooms/{room}/guest-links", {})
        token = urlsplit(made.json()["url"]).fragment.removeprefix("guest=")
        guest = self.browsers["guest"] = self._patient(self.school.fresh_browser())
        entered = await guest.post("/login/guest", {"token": token, "display_name": "Gus"})
        assert entered.status_code == 200, entered.text
        return room

    @asynccontextmanager
    async def in_class(self, room: str, *also: str) -> AsyncIterator[dict[str, Line]]:
        """Everybody's page, and everybody is in the class."""
        async with AsyncExitStack() as stack:
            pages = {}
            for name in ("host", *(r for r in ROLES if r != "host"), *also):
                page = pages[name] = await stack.enter_async_context(self.browsers[name].page(room))
                if name == "host":
                    for role in GIVEN:
                        user = self.people[role].id
                        await page.accepted("add_member", user=user, role=role)
                await page.accepted("join_session", display_name=name.title())
            yield pages
