"""Resumable uploads by tus 1.0: pieces through broken lines and several edges, bounded, and swept.

Each test starts a school with a real Postgres and object store; a dozen of them take some twenty seconds.
"""

import asyncio
import hashlib
from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from litestar.exceptions import InternalServerException

from edge.problems import Problem
from edge.resumable import Sender, find, receive, sweep_uploads
from schemas.ids import FileId, ParticipantId, RoomId, RoomKey
from schemas.limits import FILE_BYTES_MAX, FILE_ORPHAN_S, RESUMABLE_PER_PERSON_MAX
from schemas.settings import Settings
from tests import stack
from tests.integration.edge.conftest import DEMO, School
from tests.integration.edge.page import Browser
from tests.integration.edge.test_rest_files import HTML, PNG, in_class, objects, uploaded
from tests.unit.edge.fake_clamd import EICAR, clamd

TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {"Content-Type": "application/offset+octet-stream"}


@pytest.fixture
async def scanner() -> AsyncIterator[str]:
    """The address of a virus scanner."""
    async with clamd() as (address, _):
        yield address


@pytest.fixture
def edge_settings(edge_settings: Settings, bucket: stack.Bucket, scanner: str) -> Settings:
    """With a real object store and a scanner."""
    return msgspec.structs.replace(
        edge_settings,
        s3_endpoint=bucket.endpoint,
        s3_access_key=bucket.access_key,
        s3_secret_key=bucket.secret_key,
        s3_bucket=bucket.name,
        scan=scanner,
    )


def metadata(**values: str) -> str:
    """The pairs of ``Upload-Metadata``."""
    return ",".join(f"{key} {b64encode(value.encode()).decode()}" for key, value in values.items())


async def ask(browser: Browser, method: str, path: str, **options: Any) -> httpx.Response:
    """One request of the protocol, with what our page adds."""
    headers = {"X-CSRF-Token": browser.cookie("cw_csrf") or "", **TUS, **options.pop("headers", {})}
    if not path.startswith("/api"):
        path = f"/api/v1{path}"
    return await browser.http.request(method, path, headers=headers, **options)


async def created(
    browser: Browser, room: str, content: bytes, name: str = "picture.png", **headers: str
) -> httpx.Response:
    """Says what is coming."""
    told = {"Upload-Length": str(len(content)), "Upload-Metadata": metadata(filename=name), **headers}
    return await ask(browser, "POST", f"/rooms/{room}/uploads", headers=told)


async def begun(browser: Browser, room: str, content: bytes = PNG, name: str = "picture.png") -> str:
    """The address of an upload that was begun."""
    answer = await created(browser, room, content, name)
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


async def send(
    browser: Browser, url: str, offset: int, content: bytes | AsyncIterator[bytes], **headers: str
) -> httpx.Response:
    """Sends bytes from an offset on."""
    sent = {**BYTES, "Upload-Offset": str(offset), **headers}
    return await ask(browser, "PATCH", url, content=content, headers=sent)


async def offset(browser: Browser, url: str) -> int:
    """How far the upload is."""
    answer = await ask(browser, "HEAD", url)
    assert answer.status_code == 200, answer.status_code
    return int(answer.headers["upload-offset"])


async def lying(school: School, room: str) -> tuple[str, ...]:
    """All objects of a room, pieces too."""
    return await school.edge.parts.store.keys(f"{DEMO}/{room}/")


def code(answer: httpx.Response) -> tuple[int, str]:
    """Status and problem code."""
    return answer.status_code, answer.json()["code"]


async def test_a_file_comes_in_pieces_through_two_edges(school: School) -> None:
    """What one edge took another goes on with; with the last byte the file is in the room."""
    teacher, student, room = await in_class(school)
    can = await school.fresh_browser().http.options(f"/api/v1/rooms/{room}/uploads")
    assert can.status_code == 204
    assert can.headers["tus-version"] == can.headers["tus-resumable"] == "1.0.0"
    assert can.headers["tus-extension"] == "creation,termination,checksum,expiration"
    assert can.headers["tus-max-size"] == str(FILE_BYTES_MAX)
    assert can.headers["tus-checksum-algorithm"] == "sha1,sha256"
    made = await created(student, room, PNG, "../../Foto\u202e 1.PNG")
    assert made.status_code == 201, made.text
    assert made.headers["upload-expires"].endswith("GMT")
    url = made.headers["location"]
    first = await send(student, url, 0, PNG[:100])
    assert (first.status_code, first.headers["upload-offset"]) == (204, "100")
    async with school.open_edge("edge-2") as other:
        sam = await school.browser(school.student, other)
        told = await ask(sam, "HEAD", url)
        assert (told.headers["upload-offset"], told.headers["upload-length"]) == ("100", str(len(PNG)))
        assert told.headers["cache-control"] == "no-store"
        last = await send(sam, url, 100, PNG[100:])
        assert (last.status_code, last.headers["upload-offset"]) == (204, str(len(PNG))), last.text
    again = await send(student, url, len(PNG), b"")
    assert again.status_code == 204
    assert await offset(student, url) == len(PNG)
    (file,) = (await teacher.get(f"/rooms/{room}/files")).json()["files"]
    assert (file["id"], file["name"], file["bytes"]) == (url.rpartition("/")[2], "Foto 1.png", len(PNG))
    assert (file["display_name"], file["scanned"], file["media_type"]) == ("Sam", True, "image/png")
    assert await lying(school, room) == await objects(school, room)
    link = (await teacher.post(f"/rooms/{room}/files/{file['id']}/link", {})).json()
    assert (await teacher.http.get(link["url"])).content == PNG


@asynccontextmanager
async def half_sent(browser: Browser, url: str, content: bytes, length: int) -> AsyncIterator[None]:
    """The beginning of a request is on its way; leaving hangs up."""
    at = httpx.URL(browser.url)
    _, writer = await asyncio.open_connection(at.host, at.port)
    headers = {
        "Host": f"{at.host}:{at.port}",
        "Origin": browser.url,
        "Cookie": "; ".join(f"{c.name}={c.value}" for c in browser.http.cookies.jar if c.path == "/"),
        "X-CSRF-Token": browser.cookie("cw_csrf") or "",
        "Content-Length": str(length),
        "Upload-Offset": "0",
        **TUS,
        **BYTES,
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"PATCH {url} HTTP/1.1\r\n{lines}\r\n".encode() + content)
    await writer.drain()
    yield
    writer.close()
    await writer.wait_closed()


async def test_a_line_that_breaks_loses_nothing_that_came(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What had arrived is counted, whole pieces and the last part of one; the rest goes on from there."""
    _, student, room = await in_class(school)
    url = await begun(student, room)
    monkeypatch.setattr("edge.resumable.STORE_PART_BYTES", 4_096)
    async with half_sent(student, url, PNG[:5_000], len(PNG)):
        while await offset(student, url) < 4_096:  # noqa: ASYNC110 - a condition of the edge's
            await asyncio.sleep(0.05)
    parts, file = school.edge.parts, FileId(url.rpartition("/")[2])
    upload = await find(parts.pool, RoomKey(DEMO, RoomId(room)), file, school.student.id)
    came = upload.received

    async def broken() -> AsyncGenerator[bytes, None]:
        yield PNG[came : came + 1_000]
        raise InternalServerException("client disconnected prematurely")

    with pytest.raises(Problem) as cut_off:
        await receive(parts, upload, broken(), None, Sender(ParticipantId("p"), "Sam", administers=False))
    assert cut_off.value.code == "cut_off"
    assert await offset(student, url) == came + 1_000
    assert (await send(student, url, came + 1_000, PNG[came + 1_000 :])).status_code == 204
    assert await lying(school, room) == await objects(school, room) != ()


async def test_bytes_that_do_not_follow_are_refused_and_change_nothing(school: School) -> None:
    """Wrong offset 409, wrong checksum 460, too many 413; then the right ones are taken."""
    _, student, room = await in_class(school)
    url = await begun(student, room)
    right = b64encode(hashlib.sha1(PNG[:50], usedforsecurity=False).digest()).decode()
    answers = {
        "ahead": await send(student, url, 7, PNG[:50]),
        "damaged": await send(student, url, 0, PNG[50:100], **{"Upload-Checksum": f"sha1 {right}"}),
        "strange": await send(student, url, 0, PNG[:50], **{"Upload-Checksum": "crc32 AAAA"}),
        "longer": await send(student, url, 0, PNG + b"more"),
        "no offset": await send(student, url, 0, PNG, **{"Upload-Offset": "1e400"}),
        "wrong type": await send(student, url, 0, PNG, **{"Content-Type": "image/png"}),
        "no version": await send(student, url, 0, PNG, **{"Tus-Resumable": "0.9.0"}),
        "no page of ours": await send(student, url, 0, PNG, Origin="https://evil.example"),
        "no CSRF token": await send(student, url, 0, PNG, **{"X-CSRF-Token": ""}),
    }
    assert {why: code(answer) for why, answer in answers.items()} == {
        "ahead": (409, "wrong_offset"),
        "damaged": (460, "checksum_mismatch"),
        "strange": (400, "checksum_algorithm"),
        "longer": (413, "too_large"),
        "no offset": (422, "malformed"),
        "wrong type": (415, "unsupported_media_type"),
        "no version": (412, "tus_version"),
        "no page of ours": (403, "foreign_origin"),
        "no CSRF token": (403, "csrf"),
    }
    assert answers["no version"].headers["tus-version"] == "1.0.0"
    assert await lying(school, room) == ()
    assert await offset(student, url) == 0
    taken = await send(student, url, 0, PNG[:50], **{"Upload-Checksum": f"sha1 {right}"})
    assert taken.headers["upload-offset"] == "50"
    assert code(await send(student, url, 0, PNG[:50])) == (409, "wrong_offset")
    rest = b64encode(hashlib.sha256(PNG[50:]).digest()).decode()
    done = await send(student, url, 50, PNG[50:], **{"Upload-Checksum": f"sha256 {rest}"})
    assert done.status_code == 204, done.text


async def test_what_is_said_of_a_file_is_checked_before_it_comes(school: School) -> None:
    """Name, type, purpose, size and right."""
    _, student, room = await in_class(school)
    length = {"Upload-Length": str(FILE_BYTES_MAX + 1)}
    answers = {
        "too large": await created(student, room, PNG, **length),
        "empty": await created(student, room, b""),
        "no length": await created(student, room, PNG, **{"Upload-Length": "-1"}),
        "page": await created(student, room, HTML, "page.html"),
        "picture": await created(student, room, PNG, "picture.svg"),
        "no name": await created(student, room, PNG, **{"Upload-Metadata": ""}),
        "no text": await created(student, room, PNG, **{"Upload-Metadata": "filename ////"}),
        "long": await created(student, room, PNG, "x" * 5_000),
        "slides": await created(
            student, room, PNG, **{"Upload-Metadata": metadata(filename="a.png", purpose="slides")}
        ),
        "purpose": await created(
            student, room, PNG, **{"Upload-Metadata": metadata(filename="a.png", purpose="any")}
        ),
        "no version": await ask(student, "POST", f"/rooms/{room}/uploads", headers={"Tus-Resumable": ""}),
    }
    assert {why: code(answer) for why, answer in answers.items()} == {
        "too large": (413, "too_large"),
        "empty": (422, "malformed"),
        "no length": (422, "malformed"),
        "page": (415, "file_type"),
        "picture": (415, "file_type"),
        "no name": (422, "malformed"),
        "no text": (422, "malformed"),
        "long": (422, "malformed"),
        "slides": (403, "forbidden"),
        "purpose": (422, "malformed"),
        "no version": (412, "tus_version"),
    }


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("page.png", HTML * 400, (415, "file_type")),
        ("late.txt", b"x" * 200_000 + EICAR, (422, "infected")),
        ("short.pdf", PNG, (415, "file_type")),
    ],
)
async def test_a_refused_file_leaves_nothing_behind(
    school: School, name: str, content: bytes, expected: tuple[int, str]
) -> None:
    """By its first piece where that tells, else by the whole; and the upload is over."""
    _, student, room = await in_class(school)
    url = await begun(student, room, content, name)
    first = await send(student, url, 0, content[:9_000])
    answer = first if first.status_code >= 400 else await send(student, url, 9_000, content[9_000:])
    assert code(answer) == expected
    assert (await ask(student, "HEAD", url)).status_code == 410
    assert await lying(school, room) == ()
    assert "file.added" not in await school.types(room)


async def test_an_upload_is_its_senders_alone(school: School) -> None:
    """For a classmate, the teacher and another school it is as one that is not there."""
    teacher, student, room = await in_class(school)
    url = await begun(student, room)
    await send(student, url, 0, PNG[:10])
    olga = await school.browser(school.stranger)
    for browser, problem in ((teacher, "not_found"), (olga, "no_such_room")):
        absent = url[:-3] + "xyz"
        for at in (url, absent):
            assert code(await send(browser, at, 10, PNG[10:])) == (404, problem)
            assert code(await ask(browser, "DELETE", at)) == (404, problem)
            assert (await ask(browser, "HEAD", at)).status_code == 404
    other = await school.room(teacher)
    assert code(await send(student, url.replace(room, other), 10, PNG[10:])) == (404, "not_found")
    assert await offset(student, url) == 10


async def test_who_lost_the_right_cannot_go_on(school: School) -> None:
    """Each request is judged by what its sender may at that moment."""
    teacher, student, room = await in_class(school)
    url = await begun(student, room)
    await send(student, url, 0, PNG[:10])
    async with teacher.page(room) as tess:
        await tess.accepted("lock_permission", permission="upload")
    assert code(await send(student, url, 10, PNG[10:])) == (403, "forbidden")
    assert await objects(school, room) == ()


async def test_an_upload_can_be_given_up_and_ends_by_itself(school: School) -> None:
    """Its pieces go; a piece that comes as it ends goes with the mark that it leaves."""
    _, student, room = await in_class(school)
    url, late = await begun(student, room), await begun(student, room)
    for each in (url, late):
        await send(student, each, 0, PNG[:10])
    assert len(await lying(school, room)) == 2
    assert (await ask(student, "DELETE", url)).status_code == 204
    assert code(await ask(student, "DELETE", url)) == (410, "upload_gone")
    assert len(await lying(school, room)) == 1
    await sweep_uploads(school.edge.parts)
    assert await offset(student, late) == 10
    await school.edge.parts.pool.execute("update identity.upload set expires_at = $1", school.clock())
    assert code(await send(student, late, 10, PNG[10:])) == (410, "upload_gone")
    await sweep_uploads(school.edge.parts)
    assert await lying(school, room) == ()
    key = f"{DEMO}/{room}/uploads/{late.rpartition('/')[2]}/straggler"
    await school.edge.parts.store.put_file(key, Path(__file__), "application/octet-stream")
    school.now += int(FILE_ORPHAN_S * 1000) + 1
    await sweep_uploads(school.edge.parts)
    assert await lying(school, room) == ()
    assert await school.edge.parts.pool.fetchval("select count(*) from identity.upload") == 0


async def test_uploads_are_bounded_per_person_and_tenant(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In number, in bytes, and in pieces; the same key begins one upload."""
    teacher, student, room = await in_class(school)
    key = {"Idempotency-Key": "again"}
    same = {(await created(student, room, PNG, **key)).headers["location"] for _ in range(3)}
    assert len(same) == 1
    assert code(await created(student, room, PNG + b"x", **key)) == (422, "idempotency_key_reused")
    for _ in range(RESUMABLE_PER_PERSON_MAX - 1):
        await begun(student, room)
    assert code(await created(student, room, PNG)) == (409, "limit_reached")
    url = await begun(teacher, room)
    assert (await ask(teacher, "DELETE", url)).status_code == 204
    monkeypatch.setattr("edge.resumable.RESUMABLE_BYTES_PER_TENANT_MAX", len(PNG) * 4)
    full = await created(teacher, room, PNG)
    assert (code(full), full.headers["retry-after"]) == ((503, "busy"), "30")
    monkeypatch.setattr("edge.resumable.RESUMABLE_PIECES_MAX", 2)
    (url,) = same
    for at in range(2):
        assert (await send(student, url, at, PNG[at : at + 1])).status_code == 204
    assert code(await send(student, url, 2, PNG[2:3])) == (409, "limit_reached")
    assert await offset(student, url) == 2


async def test_when_the_store_is_away_what_came_is_kept(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last piece is not counted before the file is in the room."""
    _, student, room = await in_class(school)
    url = await begun(student, room)
    await send(student, url, 0, PNG[:10])

    async def fails(*_: object) -> None:
        raise OSError("away")

    with monkeypatch.context() as broken:
        broken.setattr(type(school.edge.parts.bus.commands), "submit", fails)
        assert (await send(student, url, 10, PNG[10:])).status_code == 503
    assert await offset(student, url) == 10
    assert (await send(student, url, 10, PNG[10:])).status_code == 204
    assert (await uploaded(student, room)).status_code == 201
