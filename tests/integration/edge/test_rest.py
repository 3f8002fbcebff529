"""The REST API: rooms, classes, recordings, files, and what every answer carries."""

import asyncio
import hashlib
from pathlib import Path

import msgspec
import pytest

from artifacts.store import object_key
from schemas import subjects
from schemas.artifacts import Artifact, ArtifactKind
from schemas.commands import Command
from schemas.commands.recording import AddArtifact, CompleteRecording, ReportStep
from schemas.envelope import Accepted, Actor, Envelope
from schemas.ids import ArtifactId, CommandId, NodeId, RecordingId, RoomId, RoomKey
from schemas.registry import NodeRegistration
from schemas.settings import Settings
from tests import stack
from tests.integration.edge.conftest import DEMO, School, until
from tests.integration.edge.page import Browser


async def listed(browser: Browser, room: str, path: str = "/rooms") -> dict[str, object]:
    """The room in the list, once the read model has it."""
    while True:
        answer = await browser.get(path)
        assert answer.status_code == 200, answer.text
        found = [r for r in answer.json()["rooms"] if r["room"] == room]
        if found:
            item: dict[str, object] = found[0]
            return item


async def test_a_room_can_be_read_at_once_and_listed_soon(school: School) -> None:
    """The room from the log, the list from the read model."""
    teacher = await school.browser(school.teacher)
    room = await school.room(teacher, live=False, default_role="viewer")
    detail = (await teacher.get(f"/rooms/{room}")).json()
    assert (detail["title"], detail["role"], detail["default_role"]) == ("Physics", "host", "viewer")
    assert detail["owner"] == school.teacher.id
    assert detail["session"] is None
    item = await listed(teacher, room)
    assert (item["title"], item["is_owner"], item["live"]) == ("Physics", True, None)
    student = await school.browser(school.student)
    seen = (await student.get(f"/rooms/{room}")).json()
    assert (seen["role"], seen["owner"]) == ("viewer", None)
    assert (await student.post("/rooms", {"title": "Mine"})).status_code == 403


async def test_pages_of_rooms_follow_each_other(school: School) -> None:
    """Newest first; a made-up cursor is refused."""
    teacher = await school.browser(school.teacher)
    made = [await school.room(teacher, live=False) for _ in range(3)]
    await listed(teacher, made[-1])
    first = (await teacher.get("/rooms?limit=2")).json()
    second = (await teacher.get(f"/rooms?limit=2&cursor={first['cursor']}")).json()
    assert [r["room"] for r in first["rooms"] + second["rooms"]] == made[::-1]
    assert second["cursor"] is None
    assert (await teacher.get("/rooms?cursor=made-up")).status_code == 422
    assert (await teacher.get("/rooms?limit=100000")).status_code == 422


async def test_a_class_is_planned_started_ended_and_attended(school: School) -> None:
    """Each id that an answer names is the one on the log."""
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    room = await school.room(teacher, live=False)
    plan = {"title": "Waves", "starts_at": school.clock() + 3_600_000, "minutes": 45}
    planned = await teacher.post(f"/rooms/{room}/sessions", plan)
    assert planned.status_code == 201, planned.text
    session = planned.json()["session"]
    assert [s["id"] for s in (await teacher.get(f"/rooms/{room}")).json()["scheduled"]] == [session]
    assert (await student.post(f"/rooms/{room}/sessions/start", {})).status_code == 403
    started = await teacher.post(f"/rooms/{room}/sessions/start", {"session": session})
    assert started.json()["session"] == session
    again = await teacher.post(f"/rooms/{room}/sessions/start", {})
    assert (again.status_code, again.json()["code"]) == (409, "session_live")
    async with student.page(room) as sam:
        await sam.accepted("join_session", display_name="Sam")
    assert (await teacher.post(f"/rooms/{room}/sessions/end", {})).status_code == 200
    unplanned = await teacher.post(f"/rooms/{room}/sessions/start")
    assert (await teacher.get(f"/rooms/{room}")).json()["session"]["id"] == unplanned.json()["session"]
    while len(rows := (await teacher.get(f"/rooms/{room}/sessions")).json()["sessions"]) < 2:
        pass
    assert [s["status"] for s in rows] == ["live", "ended"]
    path = f"/rooms/{room}/sessions/{session}/attendance"
    attended = (await teacher.get(path)).json()["attendance"]
    assert [(a["display_name"], a["reason"]) for a in attended] == [("Sam", "session_ended")]
    assert (await student.get(path)).json()["attendance"] == attended, "one's own are for everybody"


async def test_an_idempotency_key_makes_one_room_and_guards_its_request(school: School) -> None:
    """The stored answer comes again; another body under the key is refused."""
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    first = await teacher.post("/rooms", {"title": "Once"}, Idempotency_Key="key-1")
    again = await teacher.post("/rooms", {"title": "Once"}, Idempotency_Key="key-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    other = await teacher.post("/rooms", {"title": "Twice"}, Idempotency_Key="key-1")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert (await student.post("/rooms", {"title": "Once"}, Idempotency_Key="key-1")).status_code == 403
    assert await school.bus.log.last_stream_seq() == 1


async def test_what_is_malformed_is_said_where(school: School) -> None:
    """As problem details; nothing reaches the log."""
    teacher = await school.browser(school.teacher)
    bodies: list[object] = [{"title": ""}, {"title": "x", "owner": "me"}, {"title": "x" * 201}, {}, []]
    for body in bodies:
        answer = await teacher.post("/rooms", body)
        assert (answer.status_code, answer.json()["code"]) == (422, "malformed"), body
    big = await teacher.post("/rooms", {"title": "x" * 70_000})
    assert big.status_code == 413
    nowhere = await teacher.get("/no-such-thing")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "not_found")
    assert await school.bus.log.last_stream_seq() == 0


async def test_without_the_log_writes_fail_fast_and_say_so(school: School) -> None:
    """503 with a stable code and a time to come back."""
    teacher = await school.browser(school.teacher)
    await school.memory.drop("edge-1")
    answer = await teacher.http.post(
        "/api/v1/rooms",
        json={"title": "No"},
        headers={"X-CSRF-Token": teacher.cookie("cw_csrf") or ""},
        timeout=60.0,
    )
    assert (answer.status_code, answer.json()["code"]) == (503, "log_unavailable")
    assert int(answer.headers["retry-after"]) > 0
    await until(lambda: school.edge.parts.hub.unready() is not None)
    ready = await teacher.http.get("/readyz")
    assert (ready.status_code, ready.text) == (503, "bus_lost")
    await school.memory.restore("edge-1")


async def test_the_page_is_served_with_a_strict_policy(school: School) -> None:
    """Nothing inline runs; hashed files are kept, the page is asked for again."""
    browser = school.fresh_browser().http
    for path in ("/", "/signin", "/r/some-room", "/r/some-room/recordings/r1"):
        page = await browser.get(path)
        assert page.status_code == 200, path
        assert "Classwire" in page.text
        assert page.headers["cache-control"] == "no-cache"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert f"connect-src 'self' ws://{browser.base_url.netloc.decode()}" in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "no-referrer"
    unchanged = await browser.get("/", headers={"If-None-Match": page.headers["etag"]})
    assert unchanged.status_code == 304
    asset = await browser.get("/assets/index-Bx3kZp9Q.js")
    assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert asset.headers["content-type"] == "text/javascript; charset=utf-8"
    for path in ("/assets/none.js", "/none.txt", "/assets/%2e%2e/%2e%2e/secrets/keys.json", "/api/v1/none"):
        assert (await browser.get(path)).status_code == 404, path


async def test_health_metrics_and_the_api_description_are_served(school: School) -> None:
    """As the supervisor and Prometheus expect them."""
    browser = school.fresh_browser().http
    assert (await browser.get("/healthz")).text == "ok"
    assert (await browser.get("/readyz")).status_code == 200
    assert "classwire_edge_connections" in (await browser.get("/metrics")).text
    paths = (await browser.get("/openapi.json")).json()["paths"]
    assert "/api/v1/rooms/{room}/sessions/start" in paths
    assert {"get", "post"} <= set(paths["/api/v1/rooms"])


@pytest.fixture
def edge_settings(edge_settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """With a real object store for the test that needs one."""
    if "store" not in request.node.name:
        return edge_settings
    bucket: stack.Bucket = request.getfixturevalue("bucket")
    return msgspec.structs.replace(
        edge_settings,
        s3_endpoint=bucket.endpoint,
        s3_access_key=bucket.access_key,
        s3_secret_key=bucket.secret_key,
        s3_bucket=bucket.name,
    )


async def recorded(school: School, teacher: Browser, file: Path) -> tuple[str, str]:
    """A room with a finished recording of one composed file; room and recording."""
    room = await school.room(teacher)
    key = RoomKey(DEMO, RoomId(room))
    node = NodeRegistration(NodeId("n1"), ("127.0.0.1",), 44_444, 0.1, 0, False, 1, school.clock())
    await school.bus.bucket(subjects.SFU_NODE).put("n1", msgspec.json.encode(node))
    async with teacher.page(room) as tess:
        await tess.accepted("join_session", display_name="Tess")
        await tess.accepted("start_recording")
        await tess.accepted("stop_recording")
        await tess.until(lambda: tess.of_type("recording.started"))
        recording = tess.of_type("recording.started")[0]["data"]["recording"]
    at = object_key(key, RecordingId(recording), ArtifactId("a1"), "mp4")
    content = await asyncio.to_thread(file.read_bytes)
    await school.edge.parts.store.put_file(at, file, "video/mp4")
    artifact = Artifact(
        ArtifactId("a1"),
        ArtifactKind.COMPOSED,
        at,
        "video/mp4",
        len(content),
        hashlib.sha256(content).hexdigest(),
        1_000,
    )
    for command in (
        ReportStep(RecordingId(recording), "compose", "finished", 100),
        AddArtifact(RecordingId(recording), artifact),
        CompleteRecording(RecordingId(recording), 1_000),
    ):
        await ask(school, key, command)
    return room, recording


async def test_a_recording_plays_from_the_store_in_spans_for_five_minutes(
    school: School, tmp_path: Path
) -> None:
    """Signed, ranged, one origin; and nobody can make a link of their own (reliability S16)."""
    teacher = await school.browser(school.teacher)
    content = bytes(range(256)) * 1_000
    (tmp_path / "a.mp4").write_bytes(content)
    room, recording = await recorded(school, teacher, tmp_path / "a.mp4")
    while (
        not (rows := (await teacher.get(f"/rooms/{room}/recordings")).json()) or rows[0]["status"] != "ready"
    ):
        pass
    assert (rows[0]["id"], rows[0]["duration_ms"]) == (recording, 1_000)
    assert rows[0]["composed"]["artifact"] == "a1"
    path = f"/rooms/{room}/recordings/{recording}/artifacts/a1/link"
    link = (await teacher.post(path, {})).json()
    assert link["url"].startswith("/media/")
    assert 0 < link["expires_at"] - school.clock() <= 300_000

    media = school.fresh_browser().http  # The token is enough: a player sends what it sends.
    whole = await media.get(link["url"])
    assert (whole.status_code, whole.content) == (200, content)
    assert whole.headers["content-type"] == "video/mp4"
    assert whole.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
    for asked, start, end in (("0-99", 0, 100), ("255000-", 255_000, 256_000), ("-10", 255_990, 256_000)):
        part = await media.get(link["url"], headers={"Range": f"bytes={asked}"})
        assert (part.status_code, part.content) == (206, content[start:end])
        assert part.headers["content-range"] == f"bytes {start}-{end - 1}/256000"
    beyond = await media.get(link["url"], headers={"Range": "bytes=256000-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, "bytes */256000")
    changed = await media.get(link["url"], headers={"Range": "bytes=0-9", "If-Range": '"other"'})
    assert (changed.status_code, len(changed.content)) == (200, 256_000)
    same = await media.get(link["url"], headers={"Range": "bytes=0-9", "If-Range": whole.headers["etag"]})
    assert same.status_code == 206

    token = link["url"].split("/")[2]
    assert (await media.get(f"/media/{token[:-2]}AA/x.mp4")).status_code == 403
    assert (await media.get("/media/none/x.mp4")).status_code == 403
    nothing = await teacher.post(f"/rooms/{room}/recordings/{recording}/artifacts/a2/link", {})
    assert nothing.status_code == 404
    olga = await school.browser(school.stranger)
    assert (await olga.post(path, {})).status_code == 404
    school.now += 301_000
    assert (await media.get(link["url"])).status_code == 403


async def ask(school: School, key: RoomKey, command: Command) -> None:
    """A command of a worker."""
    outcome = await school.bus.commands.submit(
        Envelope(key, command, CommandId(command.name), Actor("service", "w1"), school.clock() + 20_000)
    )
    assert isinstance(outcome, Accepted), outcome
