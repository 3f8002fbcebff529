"""The audit trail over REST: every decision about people and rights, with who, whom, before and after."""

from typing import Any

from tests.integration.edge.conftest import School
from tests.integration.edge.page import Browser

Json = dict[str, Any]


async def trail(browser: Browser, room: str, count: int, query: str = "") -> Json:
    """The trail once the read model has so many rows of it."""
    while True:
        answer = await browser.get(f"/rooms/{room}/audit{query}")
        assert answer.status_code == 200, answer.text
        page: Json = answer.json()
        if len(page["audit"]) >= count:
            return page


async def test_every_decision_is_on_the_trail_and_staff_alone_read_it(school: School) -> None:
    """Rights, roles, members and removals, the latest first; paged, and by person."""
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    room = await school.room(teacher)
    async with teacher.page(room) as tess, student.page(room) as sam:
        await tess.accepted("join_session", display_name="Tess")
        await sam.accepted("join_session", display_name="Sam")
        me, whom = tess.welcome["participant"], sam.welcome["participant"]
        await tess.accepted("lock_permission", permission="chat")
        await tess.accepted("grant_permission", participant=whom, permission="chat")
        await tess.accepted("change_role", participant=whom, role="viewer")
        await tess.accepted("add_member", user=school.student.id, role="speaker")
        await tess.accepted("remove_participant", participant=whom)
        await tess.accepted("readmit_participant", participant=whom)
    rows = (await trail(teacher, room, 7))["audit"]
    assert [row["action"] for row in reversed(rows)] == [
        "rights.locked",
        "rights.granted",
        "roster.role_changed",
        "roster.member_added",
        "roster.role_changed",
        "roster.left",
        "roster.readmitted",
    ]
    assert {(r["actor_participant"], r["actor"], r["actor_name"]) for r in rows} == {
        (me, school.teacher.id, "Tess")
    }
    locked, granted, demoted, *_ = reversed(rows)
    assert (locked["participant"], locked["before"], locked["after"]) == (None, [], ["chat"])
    assert (granted["participant"], granted["display_name"], granted["about"]) == (whom, "Sam", "chat")
    assert (granted["before"], granted["after"]) == ({}, {"granted": ["chat"]})
    assert demoted["before"] == {"role": "speaker", "custom_role": ""}
    assert demoted["after"] == {"role": "viewer", "custom_role": ""}
    assert all(row["at"] > 0 for row in rows)

    first = await trail(teacher, room, 5, "?limit=5")
    rest = await trail(teacher, room, 2, f"?limit=5&cursor={first['cursor']}")
    assert first["audit"] + rest["audit"] == rows
    assert rest["cursor"] is None
    about = (await trail(teacher, room, 6, f"?participant={whom}"))["audit"]
    assert about == rows[:-1]
    assert (await trail(teacher, room, 7, f"?participant={me}"))["audit"] == rows
    assert (await trail(teacher, room, 0, "?participant=pnobody"))["audit"] == []

    assert (await student.get(f"/rooms/{room}/audit")).status_code == 403
    assert (await teacher.get(f"/rooms/{room}/audit?cursor=x")).status_code == 422
    stranger = await school.browser(school.stranger)
    assert (await stranger.get(f"/rooms/{room}/audit")).status_code == 404


async def test_administrators_ask_what_happened_in_their_school(school: School) -> None:
    """Sign-ins, refusals and changes, in order, filtered and paged; nobody else's."""
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    stranger = await school.browser(school.stranger)
    await teacher.put("/policy", {"named_pulse": True})
    await teacher.post("/courses", {"title": "Physics"})
    facts = (await teacher.get("/audit")).json()["facts"]
    kinds = [(fact["type"], fact["person"]) for fact in facts]
    assert kinds == [
        ("login.by_link", school.teacher.id),
        ("login.by_link", school.student.id),
        ("policy_changed", school.teacher.id),
        ("course.created", school.teacher.id),
    ]
    assert {fact["source"] for fact in facts} == {"edge"}
    logins = (await teacher.get("/audit?kind=login")).json()["facts"]
    assert logins == facts[:2]
    assert (await teacher.get("/audit?kind=course.created")).json()["facts"] == facts[3:]
    assert (await teacher.get(f"/audit?person={school.student.id}")).json()["facts"] == facts[1:2]
    later = facts[1]["at"] + 1
    assert (await teacher.get(f"/audit?since={later}")).json()["facts"] == [
        f for f in facts if f["at"] >= later
    ]
    assert (await teacher.get("/audit?until=1")).json() == {"facts": [], "cursor": None}
    first = (await teacher.get("/audit?limit=3")).json()
    rest = (await teacher.get(f"/audit?limit=3&cursor={first['cursor']}")).json()
    assert first["facts"] + rest["facts"] == facts
    assert rest["cursor"] is None
    assert (await student.get("/audit")).status_code == 403
    assert {fact["person"] for fact in (await stranger.get("/audit")).json()["facts"]} == {school.stranger.id}
    assert (await stranger.get(f"/audit?cursor={first['cursor']}")).status_code == 422
