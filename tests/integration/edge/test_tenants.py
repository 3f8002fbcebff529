"""What one school tries on another: every route, every command, every signed address; all of it in vain.

Olga is host and administrator of her own school; Tess's school has a marked word in everything that it
has. Olga's session asks every route of the application by Tess's ids (a new route without an example
fails here), her page sends every client command with Tess's ids, and her own signed addresses are bent.
Nothing that comes back may hold the mark, and not an event may come into Tess's log. The same for a
school's credentials on the bus stands in ``tests/integration/bus/test_tenants.py``.

It takes half a minute: each test populates a school with something of everything, and each of some hundred
commands gets a page of its own, because some end the page's part in the class.
"""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from edge.app import create_app
from edge.tokens import MediaGrant, read_media, sign_media
from schemas.commands import CLIENT_COMMANDS
from schemas.ids import RoomId, RoomKey
from schemas.polls import PollItem
from schemas.settings import Settings
from tests import stack
from tests.integration.edge.conftest import DEMO, OTHER, School
from tests.integration.edge.page import Browser
from tests.integration.edge.test_rest import recorded
from tests.integration.edge.test_rest_files import uploaded
from tests.unit.rooms.test_laws import EXAMPLES, TOPIC_EXAMPLES

Json = dict[str, Any]
MARK = "Marigold"
KINDS = ["session.started"]
SOON = 4_102_444_800_000  # A lesson in the year 2100.
API = "/api/v1"

NAMES = {"participant", "session", "message", "question", "poll", "board", "page", "connection", "track"}
"""Fields of events that name a thing."""

# What a write says; a route that is not here sends none.
BODIES: dict[str, Json] = {
    "PUT /rooms/{room}/title": {"title": "Mine"},
    "PUT /rooms/{room}/settings": {},
    "PUT /rooms/{room}/course": {"course": "c1"},
    "POST /rooms/{room}/sessions": {"title": "Mine", "starts_at": SOON},
    "POST /rooms/{room}/series": {"title": "Mine", "starts_at": SOON, "every": "week", "count": 2},
    "PUT /rooms/{room}/sessions/{session}/time": {"starts_at": SOON},
    "PUT /rooms/{room}/sessions/{session}/title": {"title": "Mine"},
    "POST /rooms/{room}/sessions/extend": {"minutes": 5},
    "POST /rooms/{room}/sessions/start": {},
    "POST /rooms/{room}/sessions/end": {},
    "POST /rooms/{room}/lobby/admit": {},
    "POST /rooms/{room}/lobby/deny": {},
    "POST /rooms/{room}/guest-links": {},
    "POST /rooms/{room}/files": {"name": "a.png", "size": 3, "purpose": "library"},
    "PATCH /webhooks/{webhook}": {"state": "paused"},
    "PATCH /users/{user}": {"display_name": "Mine"},
    "PATCH /tenants/{tenant}": {"title": "Mine"},
    "PATCH /providers/{provider}": {"title": "Mine"},
    "PATCH /courses/{course}": {"title": "Mine"},
    "PUT /courses/{course}/enrolments/{user}": {"role": "learner"},
    "POST /webhooks/{webhook}/replay": {"after": 0},
    "POST /rooms/{room}/archive": {},
    "POST /rooms/{room}/restore": {},
    "POST /rooms/{room}/files/{file}/link": {},
    "POST /rooms/{room}/recordings/{recording}/artifacts/{artifact}/link": {},
}
WITHOUT_BODY = {
    "DELETE /rooms/{room}/guest-links/{link}",
    "DELETE /rooms/{room}/files/{file}",
    "DELETE /rooms/{room}/series/{series}",
    "DELETE /rooms/{room}/sessions/{session}",
    "DELETE /webhooks/{webhook}",
    "DELETE /providers/{provider}",
    "DELETE /courses/{course}/enrolments/{user}",
    "DELETE /api-keys/{key}",
    "DELETE /logins/{login}",
    "POST /users/{user}/disable",
    "POST /users/{user}/enable",
    "POST /users/{user}/invitation",
    "POST /webhooks/{webhook}/rotate-secret",
    "POST /webhooks/{webhook}/deliveries/{delivery}/redeliver",
    "POST /rooms/{room}/uploads",
    "HEAD /rooms/{room}/uploads/{file}",
    "PATCH /rooms/{room}/uploads/{file}",
    "DELETE /rooms/{room}/uploads/{file}",
    "PUT /rooms/{room}/files/{file}/content",  # Has a test of its own below: it needs a ticket.
}

# Routes that name nothing: they are about the asker's own school, or about nobody's.
OWN_READS = {
    "GET /rooms",
    "GET /timetable",
    "GET /me",
    "GET /policy",
    "GET /usage",
    "GET /audit",
    "GET /courses",
    "GET /webhooks",
    "GET /users",
    "GET /tenants",
    "GET /providers",
    "GET /api-keys",
    "GET /logins",
}
OWN_WRITES = {
    "POST /rooms": {"title": "Mine"},
    "POST /webhooks": {"url": "https://example.org/", "kinds": KINDS},
    "PUT /policy": {},
    "POST /courses": {"title": "Mine"},
    "POST /users": {"email": "mine@other.test", "display_name": "Mine"},
    "POST /providers": {
        "title": "Mine",
        "issuer": "https://id.example",
        "client_id": "c",
        "client_secret": "s",
    },
    "POST /api-keys": {"title": "Mine", "scopes": ["rooms:read"]},
    "POST /me/email/confirmation": {},
    "POST /logins/stolen/seen": {},
}
SIGNING_IN = {
    "POST /login",
    "POST /login/link",
    "POST /login/guest",
    "POST /login/refresh",
    "POST /logout",
    "POST /logout/everywhere",
    "POST /login/password/forgotten",
    "POST /login/password/reset",
    "POST /login/invitation",
    "POST /login/email/confirm",
    "POST /login/oidc",
    "GET /login/oidc/{provider}/return",  # By a departure of this browser alone: test_oidc.
    "POST /me/password",
}
NAMED = ("{room}", "{webhook}", "{user}", "{tenant}", "{provider}", "{key}", "{login}", "{course}")
"""What paths name of a school."""
OUTSIDE_OF_THE_API = {
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
    "GET /openapi.json",
    "GET /",
    "GET /{path}",
    "GET /assets/{path}",
    "GET /media/{token}/{name}",  # By signature alone; below.
}


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


class Schools:
    """Tess's school with something of everything, and Olga's with a room and a class."""

    def __init__(self, school: School, tess: Browser, olga: Browser) -> None:
        self.school = school
        self.tess = tess
        self.olga = olga
        self.room = ""
        self.own_room = ""
        self.ids: dict[str, str] = {}
        """What names things in Tess's school, by the word that paths and commands have for it."""

    def path(self, template: str, room: str) -> str:
        """A route's path with Tess's ids, in this room."""
        return re.sub(r"\{(\w+)\}", lambda found: (self.ids | {"room": room})[found[1]], template)

    async def log_of_tess(self) -> list[str]:
        """Everything that ever happened in Tess's school."""
        found = []
        for room in {self.room, self.ids["recorded_room"]}:
            key = RoomKey(DEMO, RoomId(room))
            found += [
                f"{s.stream_seq} {e.type}"
                async for s in self.school.bus.log.read(key)
                for e in s.commit.events
            ]
        return found

    def holds_nothing(self, answer: httpx.Response) -> bool:
        """Whether an answer has nothing of Tess's school, but for what the request itself named."""
        return MARK not in answer.text and self.school.teacher.id not in answer.text


@pytest.fixture
async def schools(school: School, tmp_path: Path) -> Schools:
    """Both schools, populated."""
    tess, olga = await school.browser(school.teacher), await school.browser(school.stranger)
    world = Schools(school, tess, olga)
    (tmp_path / "a.mp4").write_bytes(MARK.encode() * 100)
    recorded_room, recording = await recorded(school, tess, tmp_path / "a.mp4")
    made = await tess.post(f"/rooms/{recorded_room}/sessions/end", {})
    assert made.status_code == 200, made.text
    room = world.room = await school.room(tess, title=f"{MARK} room")
    file = (await uploaded(tess, room, name=f"{MARK}.png")).json()
    link = (await tess.post(f"/rooms/{room}/guest-links", {})).json()
    plan = {"title": f"{MARK} lessons", "starts_at": SOON, "every": "week", "count": 2}
    series = (await tess.post(f"/rooms/{room}/series", plan)).json()
    hook = await tess.post(
        "/webhooks", {"url": f"https://{MARK}.example/", "kinds": KINDS, "description": MARK}
    )
    server = {"title": MARK, "issuer": "https://id.example", "client_id": MARK, "client_secret": MARK}
    provider = await tess.post("/providers", server)
    key = await tess.post("/api-keys", {"title": MARK, "scopes": ["rooms:read"]})
    course = await tess.post("/courses", {"title": MARK})
    async with tess.page(room) as page:
        await page.accepted("join_session", display_name=f"Tess {MARK}")
        await page.accepted("post_message", text=f"{MARK} said")
        await page.accepted("ask_question", text=f"{MARK} asked?")
        item = msgspec.to_builtins(PollItem("single", f"{MARK}?", ("a", "b")))
        await page.accepted("ask_poll", items=[item])
        await page.accepted("create_board", title=f"{MARK} board")
        await page.until(lambda: page.of_type("board.created"))
        for event in page.events:
            world.ids |= {k: v for k, v in event["data"].items() if k in NAMES and v}
        board = page.of_type("board.created")[0]["data"]
    world.ids |= {
        "recording": recording,
        "recorded_room": recorded_room,
        "artifact": "a1",
        "file": file["id"],
        "link": link["id"],
        "webhook": hook.json()["webhook"]["id"],
        "delivery": "wdnone",
        "series": str(series.get("series")),
        "session": world.ids.get("session", ""),
        "board": board["board"],
        "generation": "1",
        "user": school.teacher.id,
        "tenant": DEMO,
        "provider": provider.json()["id"],
        "key": key.json()["api_key"]["id"],
        "course": course.json()["id"],
        "login": (await tess.get("/logins")).json()["logins"][0]["id"],
    }
    world.own_room = await school.room(olga)
    return world


def routes(school: School) -> Iterator[tuple[str, str]]:
    """Every route that the application has: its name as above, and its path."""
    for route in create_app(school.edge.parts).routes:
        template = re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path)
        for method in sorted(getattr(route, "methods", ())):
            if method != "OPTIONS" and not (method == "HEAD" and "GET" in getattr(route, "methods", ())):
                yield (
                    f"{method} {template.removeprefix(API) if template.startswith(API) else template}",
                    template,
                )


async def ask(browser: Browser, method: str, path: str, body: Any = None) -> httpx.Response:
    """Asks as our page does."""
    headers = {"X-CSRF-Token": browser.cookie("cw_csrf") or ""}
    return await browser.http.request(method, path, json=body, headers=headers)


def known(name: str) -> bool:
    """Whether this test says what to do with a route."""
    method, _, path = name.partition(" ")
    return (
        name in BODIES
        or name in WITHOUT_BODY
        or name in OWN_READS
        or name in OWN_WRITES
        or name in SIGNING_IN
        or name in OUTSIDE_OF_THE_API
        or path.startswith("/api/schema")
        or (method == "GET" and any(word in path for word in NAMED))
    )


async def test_every_route_has_an_example(school: School) -> None:
    """A new one must say how a stranger would try it."""
    names = [name for name, _ in routes(school)]
    assert [name for name in names if not known(name)] == []
    written = {*BODIES, *WITHOUT_BODY, *OWN_READS, *OWN_WRITES, *SIGNING_IN, *OUTSIDE_OF_THE_API}
    assert written - set(names) == set(), "an example of a route that is not there"


async def test_no_route_gives_or_takes_what_is_anothers(schools: Schools) -> None:
    """By Tess's room: 403 or 404. By Tess's things in Olga's own room: nothing of them, and no harm."""
    before = await schools.log_of_tess()
    refused, leaked = [], []
    for name, template in routes(schools.school):
        if name in SIGNING_IN or not any(word in name for word in NAMED):
            continue
        method = name.partition(" ")[0]
        body = BODIES.get(name)
        for room in (schools.room, schools.ids["recorded_room"], schools.own_room):
            if name in {"POST /rooms/{room}/archive", "POST /rooms/{room}/sessions/end"} and (
                room == schools.own_room
            ):
                continue  # Her own room is hers to end.
            answer = await ask(schools.olga, method, schools.path(template, room), body)
            if room != schools.own_room and answer.status_code not in {403, 404}:
                refused.append(f"{name}: {answer.status_code}")
            if answer.status_code >= 500 or not schools.holds_nothing(answer):
                leaked.append(f"{name}: {answer.status_code} {answer.text[:200]}")
    assert refused == []
    assert leaked == []
    assert await schools.log_of_tess() == before


async def test_ones_own_lists_hold_nothing_of_others(schools: Schools) -> None:
    before = await schools.log_of_tess()
    policy = (await schools.tess.get("/policy")).json()
    hooks = (await schools.tess.get("/webhooks")).json()
    for name in OWN_READS:
        answer = await schools.olga.get(name.removeprefix("GET "))
        assert answer.status_code in {200, 422}, (name, answer.text)
        assert schools.holds_nothing(answer), name
    for name, body in OWN_WRITES.items():
        method, _, path = name.partition(" ")
        answer = await ask(schools.olga, method, f"{API}{path}", body)
        assert answer.status_code < 500, name
        assert schools.holds_nothing(answer), name
    assert (await schools.tess.get("/policy")).json() == policy
    assert (await schools.tess.get("/webhooks")).json() == hooks
    assert await schools.log_of_tess() == before


async def test_the_socket_of_anothers_room_is_closed_before_a_word(schools: Schools) -> None:
    async with schools.olga.socket(schools.room) as line:
        await line.send(t="hello", protocol=1)
        await line.send(t="command", id="c1", name="end_session", data={})
        code, last = await line.closed()
    assert code == 4010
    assert last is not None
    assert last["code"] == "no_such_room"
    assert MARK not in json.dumps(line.frames)


def bent(value: Any, ids: dict[str, str]) -> Any:
    """A command's fields, with Tess's id wherever a field has a name that Tess has something for."""
    if isinstance(value, dict):
        return {k: ids[k] if isinstance(v, str) and k in ids else bent(v, ids) for k, v in value.items()}
    if isinstance(value, list):
        return [bent(one, ids) for one in value]
    return value


async def test_no_command_reaches_anothers_room(schools: Schools) -> None:
    """Each one that a page can send, naming Tess's participants, polls, boards, recordings ..."""
    before = await schools.log_of_tess()
    examples = {type(command): command for command in (*EXAMPLES, *TOPIC_EXAMPLES)}
    missing = [command.name for command in CLIENT_COMMANDS if command not in examples]
    assert missing == [], "a client command without an example"
    last = {"end_session", "archive_room", "leave_session"}
    ordered = sorted(CLIENT_COMMANDS, key=lambda command: command.name in last)
    for command in ordered:
        async with schools.olga.page(schools.own_room) as page:
            data = bent(json.loads(msgspec.json.encode(examples[command])), schools.ids)
            answer = await page.command(command.name, **{k: v for k, v in data.items() if k != "name"})
            assert MARK not in json.dumps(page.frames), command.name
            assert "accepted" in answer
    assert await schools.log_of_tess() == before


async def test_no_signed_address_of_anothers_can_be_made(schools: Schools) -> None:
    """Neither asked for, nor made of one's own, nor signed with one's own guess."""
    parts = schools.school.edge.parts
    own = MediaGrant(f"{OTHER}/{schools.own_room}/x/a.mp4", "video/mp4", "a.mp4", parts.clock() // 1000 + 60)
    token = sign_media(parts.ring, own)
    assert read_media(parts.ring, token, parts.clock()) == own
    keys = await parts.store.keys(f"{DEMO}/")
    assert len(keys) >= 2, "a recording and a file lie there"
    for key in keys:
        wanted = msgspec.json.encode(msgspec.structs.replace(own, key=key))
        body, _, mac = token.partition(".")
        forged = urlsafe_b64encode(wanted).decode().rstrip("=")
        assert key.encode() in urlsafe_b64decode(forged + "==")
        for bad in (f"{forged}.{mac}", f"{forged}.", forged, f"{body}.{mac}x", f"{forged}.{forged}"):
            answer = await schools.olga.http.get(f"/media/{bad}/a.mp4")
            assert answer.status_code in {403, 404}, bad
            assert schools.holds_nothing(answer)


async def test_anothers_upload_ticket_is_refused(schools: Schools) -> None:
    """With Tess's own ticket in hand, in Tess's room and in Olga's."""
    body = {"name": "a.png", "size": 3, "purpose": "library"}
    asked = (await schools.tess.post(f"/rooms/{schools.room}/files", body)).json()
    before = await schools.log_of_tess()
    for url in (asked["url"], asked["url"].replace(schools.room, schools.own_room)):
        answer = await schools.olga.http.put(
            url,
            content=b"abc",
            headers={
                "X-CSRF-Token": schools.olga.cookie("cw_csrf") or "",
                "Content-Type": "application/octet-stream",
                "Upload-Ticket": asked["ticket"],
            },
        )
        assert answer.status_code in {403, 404}, answer.text
    assert await schools.log_of_tess() == before
