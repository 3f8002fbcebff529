"""Groups through the edge: a student's page finds the child room and goes there; staff read about it."""

from collections.abc import Callable
from typing import Any

from tests.integration.edge.conftest import School
from tests.integration.edge.page import Browser

Answered = Callable[[dict[str, Any]], object]


async def found(browser: Browser, path: str, holds: Answered) -> dict[str, Any]:
    """The answer, once this holds of it: the read model follows the log."""
    while True:
        answer = await browser.get(path)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        if holds(body):
            return body


async def test_a_page_is_shown_into_its_group_and_staff_read_who_was_there(school: School) -> None:
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    room = await school.room(teacher)
    async with teacher.page(room) as tess, student.page(room) as sam:
        await tess.accepted("join_session", display_name="Tess")
        await sam.accepted("join_session", display_name="Sam")
        me = sam.view["me"]["participant"]
        groups = [{"name": "Red", "participants": [me]}, {"name": "Blue", "participants": []}]
        await tess.accepted("plan_breakouts", groups=groups)
        await tess.accepted("open_breakouts", minutes=10)
        await sam.came("breakouts.door_opened")
        (door,) = sam.of_type("breakouts.door_opened")
        session = tess.view["session"]["id"]

        async with student.page(door["data"]["child"]) as in_group:
            assert not in_group.view["breakouts"]["of"], "the door shows nothing of what is inside"
            await in_group.accepted("join_session", display_name="Sam")
            await in_group.until(lambda: in_group.view["breakouts"]["of"])
            assert in_group.view["breakouts"]["of"]["group_name"] == "Red"
            await tess.accepted("visit_breakout", group=door["data"]["group"], mode="listen")
            await in_group.came("breakouts.visitor_came")
            await tess.accepted("broadcast_to_breakouts", text="Five minutes left.")
            await in_group.came("breakouts.announced")
            await in_group.accepted("call_for_help")
            await tess.came("breakouts.help_queued")
            await tess.accepted("close_breakouts", seconds=0)
            await in_group.came("lifecycle.session_ended")
        await tess.came("breakouts.children_closed")
        assert not sam.of_type("breakouts.activity"), "only staff see who is where"

    path = f"/rooms/{room}/sessions/{session}/breakouts"
    history = await found(teacher, path, lambda body: body["openings"] and body["openings"][0]["closed_at"])
    assert [g["name"] for g in history["groups"]] == ["Red", "Blue"]
    assert [(v["mode"], v["display_name"]) for v in history["visits"]] == [("listen", "Tess")]
    assert [(p["display_name"], p["participant"]) for p in history["places"]] == [("Sam", me)]
    assert [(t["text"], t["display_name"]) for t in history["texts"]] == [("Five minutes left.", "Tess")]
    assert len(history["calls"]) == 1
    there = await found(teacher, f"{path}/attendance", lambda body: body["attendance"])
    assert [(a["group_name"], a["participant"]) for a in there["attendance"]] == [("Red", me)]

    other = await school.browser(school.student)
    rooms = (await other.get("/rooms")).json()["rooms"]
    assert [r["room"] for r in rooms] == [room], "a child room is no room of its own"
    for address in (path, f"{path}/attendance"):
        assert (await student.get(address)).status_code == 403


async def test_who_is_moved_to_another_group_has_no_line_into_the_first_one(school: School) -> None:
    """The page in the room is told that there is no such room (for this person), and finds the other one."""
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    room = await school.room(teacher)
    async with teacher.page(room) as tess, student.page(room) as sam:
        await tess.accepted("join_session", display_name="Tess")
        await sam.accepted("join_session", display_name="Sam")
        me = sam.view["me"]["participant"]
        groups = [{"name": "Red", "participants": [me]}, {"name": "Blue", "participants": []}]
        await tess.accepted("plan_breakouts", groups=groups)
        await tess.accepted("open_breakouts", minutes=10)
        await tess.came("breakouts.door_opened", 2)
        await sam.came("breakouts.door_opened")
        doors = {d["data"]["group"]: d["data"]["child"] for d in tess.of_type("breakouts.door_opened")}
        red = sam.of_type("breakouts.door_opened")[0]["data"]["group"]
        (blue,) = doors.keys() - {red}
        async with teacher.page(doors[red]) as visit, student.page(doors[red]) as first:
            await first.accepted("join_session", display_name="Sam")
            await tess.accepted("move_participant", participant=me, group=blue)
            assert (await first.ended())[0] == 4010
            await visit.came("roster.left")
            async with student.page(doors[blue]) as second:
                await second.accepted("join_session", display_name="Sam")
            assert visit.socket.close_code is None, "staff may be in every group"
