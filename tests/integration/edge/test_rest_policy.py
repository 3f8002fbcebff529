"""A tenant's policy: decided by administrators, and told to every room that somebody opens."""

from tests.integration.edge.conftest import School

HELPER = {"name": "Helper", "base": "speaker", "permissions": ["speak", "chat", "admit"]}


async def test_a_policy_is_decided_by_administrators_and_reaches_the_rooms(school: School) -> None:
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    administrator = await school.browser(school.teacher)
    assert (await student.get("/policy")).status_code == 403
    assert (await student.put("/policy", {"second_class": "move_here"})).status_code == 403
    assert (await administrator.get("/policy")).json()["version"] == 0

    decided = await administrator.put("/policy", {"second_class": "move_here", "roles": [HELPER]})
    assert decided.status_code == 200, decided.text
    assert decided.json()["version"] == 1
    assert (await administrator.get("/policy")).json() == decided.json()

    room = await school.room(teacher)
    async with teacher.page(room) as tess, student.page(room) as sam:
        await tess.came("rights.policy_applied")
        await tess.accepted("join_session", display_name="Tess")
        await sam.accepted("join_session", display_name="Sam")
        whom = sam.welcome["participant"]
        await tess.accepted("change_role", participant=whom, role="speaker", custom_role="Helper")

    again = await administrator.put("/policy", {"second_class": "refuse"})
    assert again.json()["version"] == 2
    async with teacher.page(room) as tess:
        await tess.until(lambda: tess.of_type("rights.policy_applied"))


async def test_two_roles_of_one_name_are_refused(school: School) -> None:
    administrator = await school.browser(school.teacher)
    answer = await administrator.put("/policy", {"roles": [HELPER, HELPER]})
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")
    assert (await administrator.get("/policy")).json()["version"] == 0
