"""Courses and who takes part in them; overwrites that would be lost are refused."""

from typing import Any

import httpx

from tests.integration.edge.conftest import School
from tests.integration.edge.page import Browser
from tests.integration.edge.promises import hold

Json = dict[str, Any]


async def send(browser: Browser, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
    """A request with any headers; its answer is one that the API promises."""
    sent = {"X-CSRF-Token": browser.cookie("cw_csrf") or ""}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await browser.http.request(method, f"/api/v1{path}", json=body, headers=sent)
    await hold(answer)
    return answer


async def made(browser: Browser, title: str) -> Json:
    """A new course."""
    answer = await browser.post("/courses", {"title": title, "description": "About it"})
    assert answer.status_code == 201, answer.text
    course: Json = answer.json()
    return course


async def test_teachers_make_courses_and_people_see_those_they_take_part_in(school: School) -> None:
    """A learner of the course sees it, others and other schools do not; every change is on AUDIT."""
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    course = await made(teacher, "Physics")
    path = f"/courses/{course['id']}"
    assert (course["title"], course["version"], course["enrolled"]) == ("Physics", 1, 0)
    assert (await student.post("/courses", {"title": "Mine"})).status_code == 403
    assert (await student.get(path)).status_code == 404
    assert (await student.get("/courses")).json() == {"courses": [], "cursor": None}

    seat = f"{path}/enrolments/{school.student.id}"
    enrolled = await teacher.put(seat, {"role": "learner"})
    assert (enrolled.status_code, enrolled.json()["display_name"]) == (200, "Sam Student")
    assert [c["id"] for c in (await student.get("/courses")).json()["courses"]] == [course["id"]]
    assert (await student.get(path)).json()["enrolled"] == 1
    assert (await student.get(f"{path}/enrolments")).status_code == 403
    assert (await send(student, "PATCH", path, {"title": "Mine"})).status_code == 403
    people = (await teacher.get(f"{path}/enrolments")).json()["enrolments"]
    assert [(p["user"], p["role"]) for p in people] == [(school.student.id, "learner")]

    assert (await teacher.put(seat, {"role": "teacher"})).json()["role"] == "teacher"
    assert (await student.get(f"{path}/enrolments")).status_code == 200, "now it is theirs to change"
    assert (await teacher.put(f"{path}/enrolments/{school.stranger.id}", {})).status_code == 404
    assert (await teacher.delete(seat)).status_code == 204
    assert (await teacher.delete(seat)).status_code == 404
    assert (await student.get(path)).status_code == 404

    stranger = await school.browser(school.stranger)
    assert (await stranger.get(path)).status_code == 404
    assert (await stranger.put(seat, {})).status_code == 404
    kinds = [fact["type"] for _, fact in school.audited if fact["type"].startswith("course.")]
    assert kinds == [
        "course.created",
        "course.enrolled_learner",
        "course.enrolled_teacher",
        "course.enrolment_ended",
    ]


async def test_a_change_over_what_nobody_has_seen_is_refused(school: School) -> None:
    """If-Match names the version; without it the last one wins."""
    teacher = await school.browser(school.teacher)
    path = f"/courses/{(await made(teacher, 'Physics'))['id']}"
    seen = (await teacher.get(path)).headers["etag"]
    first = await send(teacher, "PATCH", path, {"title": "One"}, If_Match=seen)
    assert (first.status_code, first.headers["etag"]) == (200, '"v2"')
    lost = await send(teacher, "PATCH", path, {"title": "Two"}, If_Match=seen)
    assert (lost.status_code, lost.json()["code"]) == (412, "precondition_failed")
    assert (
        await send(teacher, "PATCH", path, {"title": "Two"}, If_Match='"none of ours"')
    ).status_code == 412
    assert (await send(teacher, "PATCH", path, {"description": "D"}, If_Match="*")).json()["version"] == 3
    archived = (await send(teacher, "PATCH", path, {"archived": True})).json()
    assert archived["archived_at"] is not None
    assert (await teacher.get("/courses")).json()["courses"] == []
    assert len((await teacher.get("/courses?archived=true")).json()["courses"]) == 1
    assert (await send(teacher, "PATCH", path, {"archived": False})).json()["archived_at"] is None

    policy = await teacher.get("/policy")
    assert policy.headers["etag"] == '"v0"'
    assert (await send(teacher, "PUT", "/policy", {}, If_Match='"v0"')).json()["version"] == 1
    assert (await send(teacher, "PUT", "/policy", {}, If_Match='"v0"')).status_code == 412
    assert (await send(teacher, "PUT", "/policy", {}, If_Match='"v1"')).json()["version"] == 2


async def test_pages_follow_each_other_by_cursors_of_their_own_list(school: School) -> None:
    """Each row once; a cursor of another list, another school or by hand is malformed."""
    teacher, stranger = await school.browser(school.teacher), await school.browser(school.stranger)
    ids = []
    for title in "ABC":
        school.now += 1
        ids.append((await made(teacher, title))["id"])
    first = (await teacher.get("/courses?limit=2")).json()
    rest = (await teacher.get(f"/courses?limit=2&cursor={first['cursor']}")).json()
    assert [c["id"] for c in first["courses"] + rest["courses"]] == ids[::-1]
    assert rest["cursor"] is None
    altered = first["cursor"][:-1] + ("A" if first["cursor"][-1] != "A" else "B")
    for cursor in ("x", "x.y", "", altered, "WzFd.AAAA"):
        answer = await teacher.get(f"/courses?cursor={cursor}")
        assert (answer.status_code, answer.json()["code"]) == (422, "malformed"), cursor
    elsewhere = [
        await teacher.get(f"/courses?archived=true&cursor={first['cursor']}"),
        await stranger.get(f"/courses?cursor={first['cursor']}"),
    ]
    assert [answer.status_code for answer in elsewhere] == [422, 422]


async def test_making_a_course_twice_under_one_key_makes_one(school: School) -> None:
    """Its id comes from the key."""
    teacher = await school.browser(school.teacher)
    both = [await send(teacher, "POST", "/courses", {"title": "A"}, Idempotency_Key="k") for _ in "12"]
    assert both[0].json() == both[1].json()
    assert len((await teacher.get("/courses")).json()["courses"]) == 1
