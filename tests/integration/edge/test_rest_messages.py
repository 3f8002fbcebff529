"""The history of chat over REST: paged, and for its reader only."""

from schemas.ids import RoomId, RoomKey, SessionId, participant_id
from tests.integration.edge.conftest import DEMO, School
from tests.integration.edge.page import Browser, Json


async def history(browser: Browser, room: str, count: int, query: str = "") -> list[Json]:
    """The messages once the read model has so many for this reader."""
    while True:
        answer = await browser.get(f"/rooms/{room}/messages{query}")
        assert answer.status_code == 200, answer.text
        found: list[Json] = answer.json()["messages"]
        if len(found) >= count:
            return found


async def test_history_is_paged_and_shows_nobody_what_is_not_theirs(school: School) -> None:
    """Two students and their teacher; every answer of the API is asked for every text."""
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    other = school.fresh_browser()
    room = await school.room(teacher)
    key = RoomKey(DEMO, RoomId(room))
    link = await teacher.post(f"/rooms/{room}/guest-links", {"admits": True})
    assert link.status_code == 201, link.text
    entered = await other.post(
        "/login/guest", {"token": link.json()["url"].rpartition("guest=")[2], "display_name": "Gus"}
    )
    assert entered.status_code == 200, entered.text
    tess = participant_id(key, school.teacher.id)
    async with teacher.page(room) as t, student.page(room) as s, other.page(room) as o:
        await t.accepted("join_session", display_name="Tess")
        await s.accepted("join_session", display_name="Sam")
        await o.accepted("join_session", display_name="Gus")
        gus = o.view["me"]["participant"]
        await s.accepted("post_message", text="to all")
        await s.accepted("post_message", text="to staff", to="staff")
        await s.accepted("post_message", text="to gus", to=gus)
        await s.accepted("post_message", text="to tess", to=tess)
        await s.accepted("react", reaction="clap")
        await o.accepted("post_message", text="the last")
        await o.came("chat.posted", 3)
        seen = [e["data"]["text"] for e in o.of_type("chat.posted")]
        assert seen == ["to all", "to gus", "the last"], "the live events are filtered, too"
    assert [m["text"] for m in await history(student, room, 5)] == [
        "to all",
        "to staff",
        "to gus",
        "to tess",
        "the last",
    ]
    assert [m["text"] for m in await history(teacher, room, 4)] == [
        "to all",
        "to staff",
        "to tess",
        "the last",
    ]
    mine = await history(other, room, 3)
    assert [(m["text"], m["to"]) for m in mine] == [
        ("to all", "everyone"),
        ("to gus", gus),
        ("the last", "everyone"),
    ]
    before = await history(other, room, 1, f"?before={mine[1]['seq']}&limit=1")
    assert [m["text"] for m in before] == ["to all"]
    assert (await other.get(f"/rooms/{room}/messages?before=0")).status_code == 422
    session = SessionId((await teacher.get(f"/rooms/{room}")).json()["session"]["id"])
    totals = await student.get(f"/rooms/{room}/sessions/{session}/reactions")
    assert totals.json()["reactions"] == [{"reaction": "clap", "count": 1}]
    stranger = await school.browser(school.stranger)
    for path in ("messages", f"sessions/{session}/reactions"):
        assert (await stranger.get(f"/rooms/{room}/{path}")).status_code == 404
