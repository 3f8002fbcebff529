"""What a recording leaves behind for staff, consents, redactions, accesses; and what is gone for all."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.commands.recording import ReportErased
from schemas.ids import RecordingId, RoomId, RoomKey
from schemas.settings import Settings
from tests import stack
from tests.integration.edge.conftest import DEMO, School
from tests.integration.edge.page import Browser
from tests.integration.edge.test_rest import ask, recorded


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


async def rows(browser: Browser, path: str, count: int) -> list[dict[str, Any]]:
    """A list, once the read model has so many."""
    while True:
        answer = await browser.get(path)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()
        if len(found) == count:
            return found


async def test_staff_see_who_agreed_and_what_was_paused(school: School, tmp_path: Path) -> None:
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    room = await school.room(teacher)
    async with teacher.page(room) as tess, student.page(room) as sam:
        await tess.accepted("join_session", display_name="Tess")
        await sam.accepted("join_session", display_name="Sam")
        await tess.accepted("start_recording")
        await sam.came("recording.started")
        recording = sam.of_type("recording.started")[0]["data"]["recording"]
        await tess.accepted("pause_recording")
        await tess.accepted("resume_recording")
        await sam.accepted("decline_recording", recording=recording)
        await tess.came("recording.person_left_out")
        await tess.accepted("rename_recording", recording=recording, title="Waves")
    (said,) = await rows(teacher, f"/rooms/{room}/recordings/{recording}/consents", 1)
    assert (said["display_name"], said["answer"], said["left_out"]) == ("Sam", "declined", True)
    (item,) = await rows(teacher, f"/rooms/{room}/recordings", 1)
    assert (item["title"], item["status"], item["left_out"]) == ("Waves", "recording", 1)
    (pause,) = item["pauses"]
    assert pause["since"] <= pause["until"]
    (item,) = await rows(student, f"/rooms/{room}/recordings", 1)
    assert "left_out" not in item
    for path in (f"/rooms/{room}/recordings/{recording}/consents", f"/rooms/{room}/redactions"):
        assert (await student.get(path)).status_code == 403
        olga = await school.browser(school.stranger)
        assert (await olga.get(path)).status_code == 404


async def test_every_address_of_a_recording_and_every_reading_is_written_down(
    school: School, tmp_path: Path
) -> None:
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    (tmp_path / "a.mp4").write_bytes(bytes(1_000))
    room, recording = await recorded(school, teacher, tmp_path / "a.mp4")
    while (await teacher.get(f"/rooms/{room}/recordings")).json()[0]["status"] != "ready":
        pass
    base = f"/rooms/{room}/recordings/{recording}"
    link = (await student.post(f"{base}/artifacts/a1/link", {})).json()
    player = school.fresh_browser().http
    await player.get(link["url"], headers={"Range": "bytes=0-99"})
    await player.get(link["url"])
    await player.get(link["url"], headers={"Range": "bytes=5000-"})
    school.now += 1_000
    await teacher.post(f"{base}/artifacts/a1/link", {})
    tess, sam = await rows(teacher, f"{base}/accesses", 2)
    assert (sam["person"], sam["name"]) == (school.student.id, "Sam Student")
    assert (sam["reads"], sam["bytes"]) == (2, 1_100), "what could not be read was not"
    assert (tess["person"], tess["reads"], tess["last_read_at"]) == (school.teacher.id, 0, None)
    assert [a["id"] for a in (await teacher.get(f"{base}/accesses?before={tess['at']}")).json()] == [
        sam["id"]
    ]
    assert (await student.get(f"{base}/accesses")).status_code == 403
    assert (await (await school.browser(school.stranger)).get(f"{base}/accesses")).status_code == 404


async def test_a_deleted_recording_is_gone_at_once_and_its_accesses_stay(
    school: School, tmp_path: Path
) -> None:
    teacher = await school.browser(school.teacher)
    (tmp_path / "a.mp4").write_bytes(bytes(1_000))
    room, recording = await recorded(school, teacher, tmp_path / "a.mp4")
    while (await teacher.get(f"/rooms/{room}/recordings")).json()[0]["status"] != "ready":
        pass
    base = f"/rooms/{room}/recordings/{recording}"
    await teacher.post(f"{base}/artifacts/a1/link", {})
    async with teacher.page(room) as tess:
        await tess.accepted("delete_recording", recording=recording)
    assert (await teacher.get(f"/rooms/{room}/recordings")).json() == []
    assert (await teacher.post(f"{base}/artifacts/a1/link", {})).status_code == 404
    await ask(school, RoomKey(DEMO, RoomId(room)), ReportErased(RecordingId(recording)))
    assert (await teacher.get(f"/rooms/{room}/recordings")).json() == []
    assert len((await teacher.get(f"{base}/accesses")).json()) == 1


async def test_what_was_redacted_is_listed_with_its_reason_and_gone_from_the_lists(school: School) -> None:
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    room = await school.room(teacher)
    async with teacher.page(room) as tess, student.page(room) as sam:
        await tess.accepted("join_session", display_name="Tess")
        await sam.accepted("join_session", display_name="Sam")
        await sam.accepted("leave_session")
        await tess.came("roster.left")
        who = tess.of_type("roster.left")[0]["data"]["participant"]
        await tess.accepted("redact", what="person", participant=who, reason="Asked by the parents.")
        await tess.came("redaction.redacted")
        await sam.knows(tess.of_type("redaction.redacted")[0]["seq"])
        assert not any(e["type"].startswith("redaction.") for e in sam.events), "Sam has left"
        await tess.accepted("end_session")
    (found,) = await rows(teacher, f"/rooms/{room}/redactions", 1)
    assert (found["what"], found["participant"], found["reason"]) == ("person", who, "Asked by the parents.")
    session = (await teacher.get(f"/rooms/{room}")).json()["session"]["id"]
    there = await teacher.get(f"/rooms/{room}/sessions/{session}/attendance")
    names = {row["display_name"]: row["person"] for row in there.json()["attendance"]}
    assert names["Removed person"] == ""
    assert "Sam" not in names
