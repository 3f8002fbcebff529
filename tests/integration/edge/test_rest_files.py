"""Files over REST: a real edge, a real object store, and what is refused leaves nothing behind."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest

from edge.uploads import delete_removed, folder, sweep
from rooms.state import RoomState
from schemas.ids import RoomId, RoomKey
from schemas.limits import FILE_BYTES_MAX, FILE_ORPHAN_S, LIBRARY_FILES_MAX
from schemas.settings import Settings
from tests import stack
from tests.integration.edge.conftest import DEMO, School
from tests.integration.edge.page import Browser
from tests.unit.edge.fake_clamd import EICAR, clamd

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x10\0\0\0\x10" + bytes(range(256)) * 40
HTML = b"<!doctype html><script>alert(document.cookie)</script>"


@pytest.fixture
async def scanner() -> AsyncIterator[str]:
    """The address of a virus scanner."""
    async with clamd() as (address, _):
        yield address


@pytest.fixture
def edge_settings(
    edge_settings: Settings, bucket: stack.Bucket, scanner: str, request: pytest.FixtureRequest
) -> Settings:
    """With a real object store, and a scanner but for the test without one."""
    return msgspec.structs.replace(
        edge_settings,
        s3_endpoint=bucket.endpoint,
        s3_access_key=bucket.access_key,
        s3_secret_key=bucket.secret_key,
        s3_bucket=bucket.name,
        scan="" if "unscanned" in request.node.name else scanner,
    )


async def announced(
    browser: Browser, room: str, content: bytes, name: str = "picture.png", **fields: Any
) -> httpx.Response:
    """Asks to send a file."""
    body = {"name": name, "size": len(content), "purpose": "library", **fields}
    return await browser.post(f"/rooms/{room}/files", body)


async def put(browser: Browser, upload: dict[str, Any], content: bytes, **headers: str) -> httpx.Response:
    """Sends the bytes."""
    sent = {
        "X-CSRF-Token": browser.cookie("cw_csrf") or "",
        "Content-Type": "application/octet-stream",
        "Upload-Ticket": upload["ticket"],
    }
    return await browser.http.put(upload["url"], content=content, headers=sent | headers)


async def uploaded(
    browser: Browser, room: str, content: bytes = PNG, name: str = "picture.png", **fields: Any
) -> httpx.Response:
    """Both steps, as a page does."""
    asked = await announced(browser, room, content, name, **fields)
    return await put(browser, asked.json(), content) if asked.status_code == 201 else asked


async def objects(school: School, room: str) -> tuple[str, ...]:
    """What lies in the store for this room."""
    return await school.edge.parts.store.keys(folder(RoomKey(DEMO, RoomId(room))))


async def in_class(school: School) -> tuple[Browser, Browser, str]:
    """Teacher, student, and a room whose class has both in it."""
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    room = await school.room(teacher)
    for browser, name in ((teacher, "Tess"), (student, "Sam")):
        async with browser.page(room) as page:
            await page.accepted("join_session", display_name=name)
    return teacher, student, room


async def test_a_file_is_sent_listed_opened_and_removed(school: School) -> None:
    """Its bytes come back as they went, and go when it goes."""
    teacher, student, room = await in_class(school)
    digest = hashlib.sha256(PNG).hexdigest()
    asked = (await announced(student, room, PNG, "../../Foto 1.PNG", sha256=digest)).json()
    assert asked["name"] == "Foto 1.png"
    assert await objects(school, room) == ()
    sent = await put(student, asked, PNG)
    assert sent.status_code == 201, sent.text
    file = sent.json()
    assert (file["name"], file["media_type"], file["bytes"]) == ("Foto 1.png", "image/png", len(PNG))
    assert (file["scanned"], file["display_name"]) == (True, "Sam")
    again = await put(student, asked, PNG)
    assert (again.status_code, again.json()) == (200, file)
    assert (await teacher.get(f"/rooms/{room}/files")).json() == {"files": [file]}
    assert (await teacher.get(f"/rooms/{room}/files/{file['id']}")).json() == file
    assert await school.types(room) == [*(await school.types(room))[:-1], "file.added"]

    link = (await teacher.post(f"/rooms/{room}/files/{file['id']}/link", {})).json()
    got = await school.fresh_browser().http.get(link["url"])
    assert (got.status_code, got.content) == (200, PNG)
    assert got.headers["content-type"] == "image/png"
    assert got.headers["content-disposition"] == "attachment; filename*=UTF-8''Foto%201.png"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-security-policy"] == "default-src 'none'; sandbox; frame-ancestors 'none'"
    linked = [fact for _, fact in school.audited if fact["type"] == "file.linked"]
    assert [(fact["person"], fact["object"]) for fact in linked] == [
        (school.teacher.id, (await objects(school, room))[0])
    ]

    removed = await teacher.delete(f"/rooms/{room}/files/{file['id']}")
    assert removed.status_code == 200, removed.text
    assert await objects(school, room) == ()
    assert (await teacher.get(f"/rooms/{room}/files")).json() == {"files": []}
    assert (await school.fresh_browser().http.get(link["url"])).status_code == 404
    while not (history := (await teacher.get(f"/rooms/{room}/file-history")).json()["files"]) or (
        history[0]["removed_at"] is None
    ):
        pass
    assert [(f["id"], f["sha256"], f["display_name"]) for f in history] == [(file["id"], digest, "Sam")]
    assert (await student.get(f"/rooms/{room}/file-history")).status_code == 403
    gone = await teacher.post(f"/rooms/{room}/files/{file['id']}/link", {})
    assert (gone.status_code, gone.json()["code"]) == (404, "no_such_file")


@pytest.mark.parametrize(
    ("name", "content", "status", "code"),
    [
        ("page.png", HTML, 415, "file_type"),
        ("picture.pdf", PNG, 415, "file_type"),
        ("page.html", HTML, 415, "file_type"),
        ("picture.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", 415, "file_type"),
        ("picture.png", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", 415, "file_type"),
        ("flood.png", PNG[:16] + b"\0\1\0\0" * 2 + bytes(50), 415, "file_type"),
        ("../../etc/passwd", b"root:x:0:0", 415, "file_type"),
        ("program.exe", b"MZ\x90\x00", 415, "file_type"),
        ("no ending", PNG, 415, "file_type"),
        ("virus.txt", EICAR, 422, "infected"),
        ("late.txt", b"x" * 200_000 + EICAR, 422, "infected"),
    ],
)
async def test_what_is_refused_leaves_nothing_behind(
    school: School, name: str, content: bytes, status: int, code: str
) -> None:
    """By its bytes, whatever it is called; and by the scanner."""
    _, student, room = await in_class(school)
    answer = await uploaded(student, room, content, name)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert await objects(school, room) == ()
    assert "file.added" not in await school.types(room)


async def test_a_body_that_is_not_as_announced_is_refused(school: School) -> None:
    """Longer, shorter, damaged, or another person's."""
    teacher, student, room = await in_class(school)
    too_large = await student.post(
        f"/rooms/{room}/files", {"name": "a.png", "size": FILE_BYTES_MAX + 1, "purpose": "library"}
    )
    assert (too_large.status_code, too_large.json()["code"]) == (413, "too_large")
    asked = (await announced(student, room, PNG, sha256="0" * 64)).json()
    answers = {
        "longer": await put(student, asked, PNG + b"more"),
        "shorter": await put(student, asked, PNG[:-1]),
        "damaged": await put(student, asked, PNG),
        "somebody else": await put(teacher, asked, PNG),
        "changed": await put(student, {**asked, "ticket": asked["ticket"][:-3] + "AAA"}, PNG),
        "other file": await put(student, {**asked, "url": asked["url"].replace(asked["file"], "f1")}, PNG),
        "no page of ours": await put(student, asked, PNG, Origin="https://evil.example"),
        "no CSRF token": await put(student, asked, PNG, **{"X-CSRF-Token": ""}),
    }
    assert {why: (a.status_code, a.json()["code"]) for why, a in answers.items()} == {
        "longer": (413, "too_large"),
        "shorter": (422, "too_short"),
        "damaged": (422, "digest_mismatch"),
        "somebody else": (403, "upload_ended"),
        "changed": (403, "upload_ended"),
        "other file": (403, "upload_ended"),
        "no page of ours": (403, "foreign_origin"),
        "no CSRF token": (403, "csrf"),
    }
    school.now += 3_601_000
    late = await put(await school.browser(school.student), asked, PNG)
    assert (late.status_code, late.json()["code"]) == (403, "upload_ended")
    assert await objects(school, room) == ()


async def test_a_body_without_a_length_is_counted_as_it_comes(school: School) -> None:
    """A chunked body cannot be longer than was said."""
    _, student, room = await in_class(school)
    asked = (await announced(student, room, PNG)).json()

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield PNG
            await asyncio.sleep(0)

    sent = {
        "X-CSRF-Token": student.cookie("cw_csrf") or "",
        "Content-Type": "image/png",
        "Upload-Ticket": asked["ticket"],
    }
    try:
        answer = await student.http.put(asked["url"], content=endless(), headers=sent)
    except httpx.TransportError:
        pass  # The edge hung up on it.
    else:
        assert answer.status_code == 413
    assert await objects(school, room) == ()


async def test_who_may_not_send_is_told_before_sending(school: School) -> None:
    """By role, by being there, by tenant."""
    teacher, student, room = await in_class(school)
    slides = await uploaded(student, room, purpose="slides")
    assert (slides.status_code, slides.json()["code"]) == (403, "forbidden")
    assert (await uploaded(teacher, room, purpose="slides")).status_code == 201
    document = await uploaded(teacher, room, b"Hello", "a.txt", purpose="slides")
    assert (document.status_code, document.json()["code"]) == (415, "file_type")
    other = await school.room(teacher)
    away = await uploaded(student, other)
    assert (away.status_code, away.json()["code"]) == (403, "forbidden")
    nobody = await school.fresh_browser().post(f"/rooms/{room}/files", {})
    assert nobody.status_code == 401


async def test_another_tenant_reaches_nothing(school: School) -> None:
    """Not the list, not a file, not by a ticket."""
    _, student, room = await in_class(school)
    asked = (await announced(student, room, PNG)).json()
    file = (await put(student, asked, PNG)).json()["id"]
    olga = await school.browser(school.stranger)
    answers = [
        await olga.get(f"/rooms/{room}/files"),
        await olga.get(f"/rooms/{room}/files/{file}"),
        await olga.post(f"/rooms/{room}/files", {"name": "a.png", "size": 9, "purpose": "library"}),
        await put(olga, asked, PNG),
        await olga.post(f"/rooms/{room}/files/{file}/link", {}),
        await olga.delete(f"/rooms/{room}/files/{file}"),
    ]
    assert [a.status_code for a in answers] == [404] * len(answers)
    assert len(await objects(school, room)) == 1


async def test_a_file_of_a_message_is_opened_by_who_knows_it(school: School) -> None:
    """It is in nobody else's list."""
    teacher, student, room = await in_class(school)
    file = (await uploaded(teacher, room, purpose="chat")).json()["id"]
    assert (await student.get(f"/rooms/{room}/files")).json() == {"files": []}
    assert (await student.post(f"/rooms/{room}/files/{file}/link", {})).status_code == 200
    assert (await student.delete(f"/rooms/{room}/files/{file}")).status_code == 403
    assert len(await objects(school, room)) == 1


async def test_a_full_library_takes_nothing(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told before sending, and again by the rules when others were quicker."""
    _, student, room = await in_class(school)
    asked = (await announced(student, room, PNG)).json()
    monkeypatch.setattr("rooms.files.LIBRARY_FILES_MAX", 0)
    before = await announced(student, room, PNG)
    assert (before.status_code, before.json()["code"]) == (409, "limit_reached")
    monkeypatch.setattr("edge.http.files.room_for", lambda state, size: None)
    after = await put(student, asked, PNG)
    assert (after.status_code, after.json()["code"]) == (409, "limit_reached")
    assert await objects(school, room) == ()
    assert LIBRARY_FILES_MAX > 0


async def test_without_a_scanner_a_file_says_that_it_is_unscanned(school: School) -> None:
    """People are told; nothing else changes."""
    _, student, room = await in_class(school)
    assert (await uploaded(student, room)).json()["scanned"] is False


async def test_a_file_that_a_page_removed_loses_its_bytes_soon(school: School) -> None:
    """Every edge looks at the read model, and again does no harm."""
    teacher, student, room = await in_class(school)
    file = (await uploaded(student, room)).json()["id"]
    kept = (await uploaded(student, room, b"Hello", "a.txt")).json()["id"]
    async with student.page(room) as sam:
        await sam.accepted("remove_file", file=file)
    path = f"/rooms/{room}/file-history"
    while (await teacher.get(path)).json()["files"][1]["removed_at"] is None:
        pass
    for _ in range(2):
        await delete_removed(school.edge.parts, 0)
        assert [name.rpartition("/")[2] for name in await objects(school, room)] == [f"{kept}.txt"]


async def test_objects_that_no_log_knows_are_swept_when_they_are_old(school: School) -> None:
    """An edge died between storing and asking; a file removed from a page."""
    teacher, student, room = await in_class(school)
    kept = (await uploaded(student, room)).json()["id"]
    gone = (await uploaded(student, room, b"Hello", "a.txt")).json()["id"]
    async with student.page(room) as sam:
        await sam.accepted("remove_file", file=gone)
    key, parts = RoomKey(DEMO, RoomId(room)), school.edge.parts
    state: RoomState = await parts.hub.state(key)
    assert await sweep(parts.store, key, state, school.clock()) == ()
    late = school.clock() + int(FILE_ORPHAN_S * 1000) + 60_000
    swept = await sweep(parts.store, key, state, late)
    assert [name.rpartition("/")[2] for name in swept] == [f"{gone}.txt"]
    assert [name.rpartition("/")[2] for name in await objects(school, room)] == [f"{kept}.png"]
    assert await sweep(parts.store, key, state, late) == ()
    assert (await teacher.get(f"/rooms/{room}/files")).json()["files"][0]["id"] == kept
