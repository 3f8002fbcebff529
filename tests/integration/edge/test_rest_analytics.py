"""Attendance, engagement, quality and usage over REST: staff see all, everybody else their own."""

import asyncio
import csv
import io
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from edge.clock import now_ms
from schemas.commands import Command
from schemas.commands.media import PlaceRoom, ReportQuality
from schemas.envelope import Accepted, Actor, Envelope, Outcome, Rejected
from schemas.ids import CommandId, NodeId, ParticipantId, RoomId, RoomKey, SessionId
from schemas.media import LineQuality
from tests.integration.edge.conftest import DEMO, School
from tests.integration.edge.page import Browser

FORMULA = '=HYPERLINK("http://evil.test","Sam")'


async def soon(browser: Browser, path: str, holds: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """The answer, once the read model has caught up with what the test wrote."""
    async with asyncio.timeout(60):
        while True:
            answer = await browser.get(path)
            if answer.status_code == 200 and holds(answer.json()):
                body: dict[str, Any] = answer.json()
                return body
            await asyncio.sleep(0.02)


async def tell(school: School, room: str, command: Command) -> Outcome:
    """A media node, or who places it, says something to the room."""
    key, command_id = RoomKey(DEMO, RoomId(room)), CommandId(f"q{secrets.token_hex(4)}")
    actor = Actor("service", "sfu-1")
    return await school.bus.commands.submit(Envelope(key, command, command_id, actor, now_ms() + 9_000))


async def after_class(school: School, teacher: Browser, student: Browser) -> tuple[str, str, str]:
    """A class in which the student wrote and raised a hand; room, session and the student there."""
    room = await school.room(teacher)
    session: str = (await teacher.get(f"/rooms/{room}")).json()["session"]["id"]
    async with teacher.page(room) as tess, student.page(room) as sam:
        await tess.accepted("join_session", display_name="Tess")
        await sam.accepted("join_session", display_name=FORMULA)
        await sam.accepted("raise_hand")
        await sam.accepted("post_message", text="Hello")
        await tell(school, room, PlaceRoom(NodeId("sfu-1")))
        whom: str = sam.welcome["participant"]
        await tess.accepted("end_session")
    return room, session, whom


async def test_attendance_is_staffs_and_ones_own(school: School) -> None:
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    room, session, whom = await after_class(school, teacher, student)
    path = f"/rooms/{room}/sessions/{session}/attendance"
    body = await soon(
        teacher, path, lambda body: [bool(row["reason"]) for row in body["attendance"]] == [True] * 2
    )
    rows = {row["participant"]: row for row in body["attendance"]}
    assert (rows[whom]["hands"], rows[whom]["messages"], rows[whom]["device"]) == (1, 1, "desktop")
    assert rows[whom]["reason"] == "session_ended"
    own = (await student.get(path)).json()["attendance"]
    assert own == [rows[whom]]

    table = await teacher.get(f"{path}.csv")
    assert table.headers["content-type"].startswith("text/csv")
    head, *lines = csv.reader(io.StringIO(table.content.decode("utf-8-sig")))
    (line,) = (line for line in lines if line[1] == "speaker")
    cells = dict(zip(head, line, strict=True))
    assert cells["name"] == f"'{FORMULA}", "no spreadsheet takes it for a formula"
    assert (cells["hands"], cells["messages"], cells["poll_answers"]) == ("1", "1", "0")
    assert (await student.get(f"{path}.csv")).status_code == 403
    stranger = await school.browser(school.stranger)
    assert (await stranger.get(path)).status_code == 404


async def test_engagement_is_for_those_who_see_attendance(school: School) -> None:
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    room, session, whom = await after_class(school, teacher, student)
    path = f"/rooms/{room}/sessions/{session}/engagement"
    body = await soon(teacher, path, lambda body: body["sessions"][0]["ended_at"])
    assert "present_steps" in body["formula"]
    assert body["sessions"][0]["acts"]["hands"] == 1
    (sam,) = (person for person in body["people"] if person["participant"] == whom)
    assert (sam["acts"]["messages"], sam["active_steps"]) == (1, 1)
    began = body["sessions"][0]["started_at"]
    over = (await teacher.get(f"/rooms/{room}/engagement?from={began}&to={began + 1}")).json()
    assert [s["id"] for s in over["sessions"]] == [session]
    assert (await teacher.get(f"/rooms/{room}/engagement?from={began + 1}")).json()["sessions"] == []
    assert (await teacher.get(f"/rooms/{room}/engagement?from=-1")).status_code == 422
    assert (await teacher.get(f"/rooms/{room}/sessions/s0/engagement")).status_code == 404
    for refused in (path, f"/rooms/{room}/engagement"):
        assert (await student.get(refused)).status_code == 403


async def test_quality_reaches_staff_and_whose_line_it_was(school: School) -> None:
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    room, session, whom = await after_class(school, teacher, student)
    line = LineQuality(4, 900_000, 0.02, 0.3, 4.5, 60.0)

    def measured(who: str, epoch: int = 1) -> ReportQuality:
        return ReportQuality(ParticipantId(who), SessionId(session), epoch, 5, 30.5, 99.0, line)

    assert isinstance(await tell(school, room, measured(whom)), Accepted)
    assert isinstance(await tell(school, room, measured("pother")), Accepted)
    future = await tell(school, room, measured(whom, epoch=2))
    assert isinstance(future, Rejected), "no node ever ran this class under that epoch"
    path = f"/rooms/{room}/sessions/{session}/quality"
    body = await soon(teacher, path, lambda body: len(body["quality"]) == 2)
    assert body["quality"][0]["up"]["loss_worst"] == 0.3
    assert body["quality"][0]["display_name"] == FORMULA
    own = (await student.get(path)).json()["quality"]
    assert own == [row for row in body["quality"] if row["participant"] == whom]


async def test_usage_is_for_administrators(school: School) -> None:
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    await after_class(school, teacher, student)
    today = datetime.now(UTC).date().isoformat()
    path = f"/usage?from={today}&to={today}"
    body = await soon(teacher, path, lambda body: any(row["feature"] == "chat" for row in body["usage"]))
    used = {row["feature"]: (row["count"], row["rooms"]) for row in body["usage"]}
    assert (used["sessions"], used["joins"], used["chat"]) == ((1, 1), (2, 1), (1, 1))
    assert (await student.get(path)).status_code == 403
    assert (await teacher.get("/usage?from=2020-01-01&to=2026-01-01")).status_code == 422
    assert (await teacher.get("/usage?from=yesterday&to=2026-01-01")).status_code == 422
    stranger = await school.browser(school.stranger)
    assert (await stranger.get(path)).json() == {"usage": []}
