"""Lasting roles over REST."""

from tests.integration.edge.conftest import School


async def test_staff_alone_see_who_has_a_lasting_role(school: School) -> None:
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    room = await school.room(teacher)
    assert (await teacher.get(f"/rooms/{room}/members")).json() == {"members": []}
    assert (await student.get(f"/rooms/{room}/members")).status_code == 403
    async with teacher.page(room) as tess:
        await tess.accepted("add_member", user=school.student.id, role="co_host")

        async def listed() -> bool:
            page = (await teacher.get(f"/rooms/{room}/members")).json()["members"]
            return [(m["user"], m["display_name"], m["role"]) for m in page] == [
                (school.student.id, "Sam Student", "co_host")
            ]

        while not await listed():
            pass
        assert (await student.get(f"/rooms/{room}/members")).status_code == 200  # Staff now.
        await tess.accepted("remove_member", user=school.student.id)
        while (await teacher.get(f"/rooms/{room}/members")).json()["members"]:
            pass
