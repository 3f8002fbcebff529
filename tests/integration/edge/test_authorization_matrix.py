"""Who may do what: every route and every command, for everybody, against a real edge (S15 of reliability.md).

Complete by construction: what the application serves and what the language of the log has is held against
the tables (``tests/integration/edge/matrix.py``), so a new route or command without a row fails here, and
says the row as it would be. Whether that is right its author has to judge; it is not written by itself.

Some 1,000 commands in a class of seven and some 800 requests; half a minute.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from typing import Any

import httpx
import msgspec
import pytest
from websockets.exceptions import ConnectionClosed

from edge.app import create_app
from schemas.commands import CLIENT_COMMANDS
from schemas.polls import PollItem
from schemas.settings import Settings
from tests import stack
from tests.integration.edge.conftest import DEMO, School
from tests.integration.edge.matrix import ROLES, STRANGERS, Cast, Table, differences, read
from tests.integration.edge.page import Line
from tests.integration.edge.test_rest_files import PNG, put
from tests.integration.edge.test_tenants import (
    API,
    BODIES,
    KINDS,
    NAMES,
    OWN_WRITES,
    SOON,
    bent,
)
from tests.unit.rooms.test_laws import EXAMPLES, TOPIC_EXAMPLES

ALONE = {
    "archive_room",
    "change_role",
    "choose_breakout",
    "close_breakouts",
    "create_room",
    "deny_all",
    "end_session",
    "leave_breakout",
    "leave_out",
    "leave_session",
    "lock_permission",
    "move_participant",
    "open_breakouts",
    "redact",
    "remove_participant",
    "revoke_permission",
    "visit_breakout",
}
"""Commands after which a class is no longer what it was: each has one of its own."""


OF_ITS_AUTHOR = {"edit_message", "edit_question"}
"""Only who wrote a text may change it, here the host: nobody puts words into another's mouth."""


@pytest.fixture
def edge_settings(edge_settings: Settings, bucket: stack.Bucket) -> Settings:
    """With a real object store."""
    return msgspec.structs.replace(
        edge_settings,
        s3_endpoint=bucket.endpoint,
        s3_access_key=bucket.access_key,
        s3_secret_key=bucket.secret_key,
        s3_bucket=bucket.name,
    )


@pytest.fixture
async def cast(school: School) -> Cast:
    """Everybody, signed in."""
    cast = Cast(school)
    await cast.come()
    return cast


# --- commands ------------------------------------------------------------------------------------
async def furnished(host: Line) -> dict[str, str]:
    """Something of everything in the class, by the word that commands have for it."""
    await host.accepted("post_message", text="said")
    await host.accepted("ask_question", text="asked?")
    item = msgspec.to_builtins(PollItem("single", "?", ("a", "b")))
    await host.accepted("ask_poll", items=[item])
    await host.knows(await host.accepted("create_board", title="board"))
    ids = {k: v for event in host.events for k, v in event["data"].items() if k in NAMES and v}
    return ids | {"board": host.of_type("board.created")[0]["data"]["board"]}


async def answered(page: Line, name: str, data: dict[str, Any]) -> str:
    """What a page is answered; a log that is away for a moment is asked again."""
    while True:
        answer = await page.command(name, **data)
        if answer["accepted"]:
            return "+"
        if answer["code"] not in {"log_unavailable", "expired"}:
            return str(answer["code"])


async def test_every_command_for_every_role(cast: Cast) -> None:
    """In classes of their own by topic; the people ask one after another."""
    table = read("commands.txt")
    examples = {type(command): command for command in (*EXAMPLES, *TOPIC_EXAMPLES)}
    classes: defaultdict[str, list[Any]] = defaultdict(list)
    for command in CLIENT_COMMANDS:
        alone = command.name in ALONE
        classes[command.name if alone else command.__module__].append(examples[command])
    found: Table = {}
    for commands in classes.values():
        room = await cast.open_room()
        async with cast.in_class(room, "target") as pages:
            ids = await furnished(pages["host"])
            ids |= {"participant": pages["target"].welcome["participant"], "user": cast.people["target"].id}
            for command in commands:
                data = bent(json.loads(msgspec.json.encode(command)), ids)
                data = {k: v for k, v in data.items() if k != "name"}
                found[command.name] = {
                    role: await answered(pages[role], command.name, data) for role in ROLES
                }
    found = {command.name: found[command.name] for command in CLIENT_COMMANDS}
    assert differences(found, table) == "", "\n" + differences(found, table)
    assert set(table) == set(found), "a row of a command that is not there"
    assert {name for name, row in table.items() if not _is_ordered(row)} == OF_ITS_AUTHOR


def _is_ordered(row: dict[str, str]) -> bool:
    """Whoever is stronger is not forbidden what is allowed to the weaker; a guest is nobody's superior."""
    forbidden = [row[role] == "forbidden" for role in ROLES]
    return all(weaker or not stronger for weaker, stronger in pairwise(forbidden))


@pytest.mark.parametrize("who", STRANGERS)
async def test_a_strangers_socket_is_closed_before_any_command(cast: Cast, who: str) -> None:
    """All of them are sent at once; the close code is the same as for a room that does not exist."""
    room = await cast.school.room(cast.host)
    before = await cast.school.types(room)
    endings = []
    for at in (room, "nosuchroom"):
        async with cast.browsers[who].socket(at) as line:
            with suppress(ConnectionClosed):  # Before we have said it all.
                await line.send(t="hello", protocol=1)
                for command in CLIENT_COMMANDS:
                    await line.send(t="command", id=f"c-{command.name}", name=command.name, data={})
            code, last = await line.closed()
            assert last is not None
            endings.append((code, last["code"], [frame["t"] for frame in line.frames]))
    assert endings[0] == endings[1]
    expected = {"nobody": (4004, "not_signed_in"), "stranger": (4010, "no_such_room")}
    assert endings[0] == (*expected[who], ["closing"])
    assert await cast.school.types(room) == before


# --- routes --------------------------------------------------------------------------------------
WRITES: dict[str, Any] = {
    **BODIES,
    **OWN_WRITES,
    "POST /rooms/{room}/files": {"name": "a.png", "size": len(PNG), "purpose": "library"},
    "POST /courses": {"title": "Mine"},
    "PATCH /courses/{course}": {"title": "Mine"},
    "PUT /courses/{course}/enrolments/{user}": {"role": "learner"},
}
QUERIES = {
    "GET /timetable": f"?since={SOON}&until={SOON + 1}",
    "GET /usage": "?from=2030-01-01&to=2030-01-02",
}
"""What a read must say."""

BYTES = {"PUT /rooms/{room}/files/{file}/content", "PATCH /rooms/{room}/uploads/{file}"}


async def key_of_all_scopes(cast: Cast) -> str:
    """An API key that may whatever a key can."""
    scopes = [f"{of}:{may}" for of in ("rooms", "users", "tenant", "webhooks") for may in ("read", "write")]
    made = await cast.browsers["administrator"].post("/api-keys", {"title": "all", "scopes": scopes})
    assert made.status_code == 201, made.text
    text: str = made.json()["key"]
    return text


async def asked(cast: Cast, who: str, name: str, path: str, key: str) -> str:
    """What a request is answered: the status, and the code of a problem."""
    method = name.partition(" ")[0]
    browser = cast.browsers["nobody" if who == "machine" else who]
    headers = {"X-CSRF-Token": browser.cookie("cw_csrf") or ""}
    if who == "machine":
        headers = {"Authorization": f"Bearer {key}"}
    options: dict[str, Any] = {"json": WRITES.get(name)} if method in {"POST", "PUT", "PATCH"} else {}
    if "/uploads" in name:
        headers |= {"Tus-Resumable": "1.0.0", "Upload-Length": "3", "Upload-Metadata": "filename YS5wbmc="}
    if name in BYTES:
        headers |= {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
        options = {"content": b"abc"}
    while True:
        answer = await browser.http.request(method, path, headers=headers, **options)
        said = _said(answer)
        if answer.status_code != 503:
            return said


def _said(answer: httpx.Response) -> str:
    is_problem = answer.headers.get("content-type", "").startswith("application/problem+json")
    code = answer.json()["code"] if is_problem and answer.content else ""
    return f"{answer.status_code} {code}".strip()


async def named(cast: Cast, room: str) -> dict[str, str]:
    """Something of everything that paths name."""
    host, boss = cast.host, cast.browsers["administrator"]
    announced = await host.post(f"/rooms/{room}/files", WRITES["POST /rooms/{room}/files"])
    file = (await put(host, announced.json(), PNG)).json()["id"]
    link = (await host.post(f"/rooms/{room}/guest-links", {})).json()["id"]
    plan = {"title": "lessons", "starts_at": SOON, "every": "week", "count": 2}
    series = (await host.post(f"/rooms/{room}/series", plan)).json()
    hook = await boss.post("/webhooks", {"url": "https://hook.example/", "kinds": KINDS, "description": ""})
    server = {"title": "Id", "issuer": "https://id.example", "client_id": "c", "client_secret": "s"}
    provider = await boss.post("/providers", server)
    key = await boss.post("/api-keys", {"title": "one", "scopes": ["rooms:read"]})
    course = await host.post("/courses", {"title": "Course"})
    return {
        "room": room,
        "file": file,
        "link": link,
        "series": str(series.get("series")),
        "webhook": hook.json()["webhook"]["id"],
        "delivery": "none",
        "provider": provider.json()["id"],
        "key": key.json()["api_key"]["id"],
        "login": "lnone",
        "course": course.json()["id"],
        "user": cast.people["target"].id,
        "tenant": DEMO,
        "recording": "r1",
        "artifact": "a1",
        "poll": "p1",
        "page": "1",
        "generation": "1",
        "token": "t.t",
        "name": "a.mp4",
        "path": "nosuch.js",
    }


def served(school: School) -> Iterator[tuple[str, str]]:
    """Every route that the application has: its name in the table, and its path."""
    for route in create_app(school.edge.parts).routes:
        path = re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path)
        for method in sorted(getattr(route, "methods", ())):
            if method != "OPTIONS" and not path.startswith("/api/schema"):
                yield f"{method} {path.removeprefix(API)}", path


def order(name: str) -> tuple[int, str]:
    """Reads first, what ends something late, and what signs out last."""
    method, _, path = name.partition(" ")
    if path.startswith("/logout"):
        return 10 - len(path) // 10, path
    ends = ("/end", "/archive", "/restore", "/disable", "/enable")
    late = next((n for n, end in enumerate(ends, 4) if path.endswith(end)), 0)
    return late or {"GET": 0, "HEAD": 0, "DELETE": 3}.get(method, 1), path


async def test_every_route_for_everybody(cast: Cast) -> None:
    """A stranger is answered about another school's things as about things that do not exist."""
    table = read("routes.txt")
    room = await cast.open_room()
    ids = await named(cast, room)
    key = await key_of_all_scopes(cast)
    found: Table = {}
    told: list[str] = []
    async with cast.in_class(room) as pages:
        ids |= await furnished(pages["host"])
        session = [e["data"]["session"] for e in pages["host"].events if "session" in e["data"]]
        ids["session"] = session[0] if session else pages["host"].view["session"]["id"]
        for name, template in sorted(served(cast.school), key=lambda route: order(route[0])):
            path = re.sub(r"\{(\w+)\}", lambda word: ids.get(word[1], "none"), template)
            path += QUERIES.get(name, "")
            row = found[name] = {}
            for who in (*STRANGERS, *ROLES, "machine"):
                row[who] = await asked(cast, who, name, path, key)
                if who == "stranger" and "{room}" in name:
                    absent = path.replace(room, "nosuchroom")
                    if row[who] != (said := await asked(cast, who, name, absent, key)):
                        told.append(f"{name}: {row[who]}, but {said} where there is none")
    assert told == []
    assert differences(found, table) == "", "\n" + differences(found, table)
    assert set(table) == set(found), "a row of a route that is not there"
