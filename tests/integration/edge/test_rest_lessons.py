"""The time table and the settings of rooms over REST."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from edge.http.sessions import SeriesPlan, recurring
from edge.problems import Problem
from tests.integration.edge.conftest import School
from tests.integration.edge.page import Browser

BERLIN = ZoneInfo("Europe/Berlin")
DAY_MS = 24 * 3_600_000


def ms(year: int, month: int, day: int, hour: int) -> int:
    """A time in Berlin, Unix milliseconds."""
    return int(datetime(year, month, day, hour, tzinfo=BERLIN).timestamp() * 1000)


def test_recurring_lessons_keep_their_time_by_the_clock() -> None:
    """The week in which summer time ends is an hour longer."""
    plan = SeriesPlan("Waves", ms(2026, 10, 21, 9), "week", 2, "Europe/Berlin")
    assert recurring(plan) == (ms(2026, 10, 21, 9), ms(2026, 10, 28, 9))
    assert ms(2026, 10, 28, 9) - ms(2026, 10, 21, 9) == 7 * DAY_MS + 3_600_000
    for wrong in ("Europe/Nowhere", "../../etc/passwd"):
        with pytest.raises(Problem):
            recurring(SeriesPlan("Waves", 0, "day", 2, wrong))
    with pytest.raises(Problem):
        recurring(SeriesPlan("Waves", 1 << 53, "day", 2))


async def test_a_series_is_planned_moved_and_cancelled(school: School) -> None:
    """Each id that an answer names is the one on the log; the time table has what is left."""
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    room = await school.room(teacher, live=False)
    start = school.clock() + DAY_MS
    plan = {"title": "Waves", "starts_at": start, "every": "day", "count": 3}
    assert (await student.post(f"/rooms/{room}/series", plan)).status_code == 403
    made = await teacher.post(f"/rooms/{room}/series", plan)
    assert made.status_code == 201, made.text
    first, second, third = made.json()["sessions"]
    scheduled = (await teacher.get(f"/rooms/{room}")).json()["scheduled"]
    assert [(s["id"], s["series"]) for s in scheduled] == [
        (session, made.json()["series"]) for session in (first, second, third)
    ]
    moved = await teacher.put(f"/rooms/{room}/sessions/{first}/time", {"starts_at": start + 60_000})
    assert moved.status_code == 200, moved.text
    assert (await teacher.put(f"/rooms/{room}/sessions/{first}/title", {"title": "Light"})).status_code == 200
    assert (await teacher.delete(f"/rooms/{room}/sessions/{second}")).status_code == 200
    gone = await teacher.delete(f"/rooms/{room}/sessions/{second}")
    assert (gone.status_code, gone.json()["code"]) == (404, "no_such_session")
    path = f"/timetable?since={start}&until={start + 7 * DAY_MS}"
    while len(lessons := (await student.get(path)).json()["lessons"]) != 2:
        pass
    assert [(x["id"], x["title"], x["starts_at"], x["room_title"]) for x in lessons] == [
        (first, "Light", start + 60_000, "Physics"),
        (third, "Waves", start + 2 * DAY_MS, "Physics"),
    ]
    stranger = await school.browser(school.stranger)
    assert (await stranger.get(path)).json()["lessons"] == []
    assert (await teacher.delete(f"/rooms/{room}/series/{made.json()['series']}")).status_code == 200
    while any(s["status"] == "scheduled" for s in await sessions(teacher, room)):
        pass
    assert [s["status"] for s in await sessions(teacher, room)] == ["cancelled"] * 3


async def sessions(browser: Browser, room: str) -> list[dict[str, object]]:
    """The classes of a room, from the read model."""
    rows: list[dict[str, object]] = (await browser.get(f"/rooms/{room}/sessions")).json()["sessions"]
    return rows


async def test_a_running_class_is_extended(school: School) -> None:
    """By staff, within bounds."""
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    room = await school.room(teacher)
    assert (await student.post(f"/rooms/{room}/sessions/extend", {"minutes": 5})).status_code == 403
    assert (await teacher.post(f"/rooms/{room}/sessions/extend", {"minutes": 5})).status_code == 200
    assert (await teacher.post(f"/rooms/{room}/sessions/extend", {"minutes": 500})).status_code == 422
    session = (await teacher.get(f"/rooms/{room}")).json()["session"]
    assert session["ends_at"] > session["started_at"]


async def test_a_room_is_set_up_renamed_put_away_and_taken_back(school: School) -> None:
    """Its host may, others may not; an archived room is in the other list."""
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    room = await school.room(teacher, live=False)
    wishes = {"lobby": "everyone", "capacity": 30, "default_role": "viewer"}
    assert (await student.put(f"/rooms/{room}/settings", wishes)).status_code == 403
    assert (await teacher.put(f"/rooms/{room}/settings", wishes)).status_code == 200
    assert (await teacher.put(f"/rooms/{room}/settings", {"capacity": 0})).status_code == 422
    assert (await teacher.put(f"/rooms/{room}/title", {"title": "Optics"})).status_code == 200
    assert (await teacher.put(f"/rooms/{room}/course", {"course": "optics"})).status_code == 200
    while room not in await listed(teacher, "?course=optics"):
        pass
    assert room not in await listed(teacher, "?course=algebra")
    detail = (await student.get(f"/rooms/{room}")).json()
    assert detail["course"] == "optics"
    assert (detail["title"], detail["role"], detail["settings"]["capacity"]) == ("Optics", "viewer", 30)
    assert (await teacher.post(f"/rooms/{room}/archive")).status_code == 200
    refused = await teacher.post(f"/rooms/{room}/sessions/start")
    assert (refused.status_code, refused.json()["code"]) == (409, "room_archived")
    while room not in await listed(teacher, "?archived=true"):
        pass
    assert room not in await listed(teacher)
    assert (await teacher.get(f"/rooms/{room}")).json()["archived"]
    assert (await teacher.post(f"/rooms/{room}/restore")).status_code == 200
    while room not in await listed(teacher):
        pass


async def listed(browser: Browser, query: str = "") -> list[str]:
    """The rooms of a list."""
    return [r["room"] for r in (await browser.get(f"/rooms{query}")).json()["rooms"]]
