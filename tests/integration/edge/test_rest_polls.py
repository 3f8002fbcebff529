"""Polls and pulse over REST: who learns what, before and after publishing, and the table for staff."""

import asyncio
import csv
import io
from collections.abc import Callable
from typing import Any

from tests.integration.edge.conftest import School
from tests.integration.edge.page import Browser

SUM = {"kind": "single", "question": "2 + 2?", "options": ["3", "4"], "correct": [1], "points": 2}
WHY = {"kind": "text", "question": "Why?"}
QUIZ = [SUM, WHY]
ANSWERS = [{"choices": [1]}, {"text": "=SUM(1)"}]


async def soon(browser: Browser, path: str, holds: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """The answer, once the read model has caught up with what the test wrote."""
    async with asyncio.timeout(60):
        while True:
            answer = await browser.get(path)
            if answer.status_code == 200 and holds(answer.json()):
                body: dict[str, Any] = answer.json()
                return body
            await asyncio.sleep(0.02)


async def read(browser: Browser, path: str, **wanted: Any) -> dict[str, Any]:
    """A poll, once it is so."""
    return await soon(browser, path, lambda body: wanted.items() <= body["poll"].items())


async def closed_poll(room: str, teacher: Browser, student: Browser, *, anonymous: bool) -> str:
    """A closed poll that the student has answered."""
    async with teacher.page(room) as tess, student.page(room) as sam:
        await tess.accepted("ask_poll", items=QUIZ, title="Quiz", anonymous=anonymous)
        await sam.accepted("join_session", display_name="Sam Student")
        await tess.came("poll.opened")
        poll: str = tess.of_type("poll.opened")[-1]["data"]["poll"]
        await sam.accepted("answer_poll", poll=poll, answers=ANSWERS)
        await tess.accepted("close_poll", poll=poll)
    return poll


async def test_results_are_staffs_until_they_are_published(school: School) -> None:
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    room = await school.room(teacher)
    poll = await closed_poll(room, teacher, student, anonymous=False)
    path = f"/rooms/{room}/polls/{poll}"
    staffs = await read(teacher, path, status="closed", answered=1)
    assert staffs["results"]["counts"] == [[0, 1], [1]]
    assert staffs["sheets"][0]["display_name"] == "Sam Student"
    assert staffs["sheets"][0]["score"] == 2
    sams = (await student.get(path)).json()
    assert (sams["results"], sams["sheets"], sams["mine"]["score"]) == (None, [], None)
    assert [item["correct"] for item in sams["poll"]["items"]] == [[], []]
    async with teacher.page(room) as tess:
        await tess.accepted("publish_results", poll=poll)
    sams = await read(student, path, published=True)
    assert (sams["results"]["texts"], sams["mine"]["score"]) == ([[], ["=SUM(1)"]], 2)
    assert sams["poll"]["items"][0]["correct"] == [1]
    assert sams["sheets"] == []


async def test_drafts_are_listed_for_staff_only(school: School) -> None:
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    room = await school.room(teacher)
    async with teacher.page(room) as tess:
        await tess.accepted("create_poll", items=QUIZ, title="Draft")
        await tess.accepted("ask_poll", items=QUIZ, title="Open")
    await soon(teacher, f"/rooms/{room}/polls", lambda body: len(body["polls"]) == 2)
    seen = (await student.get(f"/rooms/{room}/polls")).json()["polls"]
    assert [p["title"] for p in seen] == ["Open"]
    assert seen[0]["items"][0]["correct"] == []
    assert (await student.get(f"/rooms/{room}/polls/nothing")).status_code == 404


async def test_the_table_names_people_unless_nobody_knows_them(school: School) -> None:
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    room = await school.room(teacher)
    for anonymous, expected in (
        (False, [["name", "2 + 2?", "Why?", "points"], ["Sam Student", "4", "'=SUM(1)", "2"]]),
        (True, [["2 + 2?", "Why?", "points"], ["4", "'=SUM(1)", "2"]]),
    ):
        poll = await closed_poll(room, teacher, student, anonymous=anonymous)
        path = f"/rooms/{room}/polls/{poll}"
        detail = await read(teacher, path, status="closed", answered=1)
        assert len(detail["sheets"]) == (0 if anonymous else 1)
        assert (await read(student, path))["mine"] is None or not anonymous
        table = await teacher.get(f"{path}/answers.csv")
        assert table.headers["content-type"].startswith("text/csv")
        assert list(csv.reader(io.StringIO(table.content.decode("utf-8-sig")))) == expected
        assert (await student.get(f"{path}/answers.csv")).status_code == 403


async def test_the_pulse_is_a_curve_for_staff(school: School) -> None:
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    room = await school.room(teacher)
    session = (await teacher.get(f"/rooms/{room}")).json()["session"]["id"]
    async with student.page(room) as sam, teacher.page(room) as tess:
        await sam.accepted("join_session", display_name="Sam Student")
        await sam.accepted("send_pulse", value="lost", slide="deck1.3")
        await tess.came("pulse.sent")
        assert sam.of_type("pulse.sent") == []
        told = tess.of_type("pulse.sent")[0]
        assert school.student.id not in str(told)
        assert told["actor"].get("participant") is None
    path = f"/rooms/{room}/sessions/{session}/pulse"
    told = await soon(teacher, path, lambda body: body["curve"])
    ((slide, lost),) = [(point["slide"], point["lost"]) for point in told["curve"]]
    assert (slide, lost) == ("deck1.3", 1)
    assert (await student.get(path)).status_code == 403
