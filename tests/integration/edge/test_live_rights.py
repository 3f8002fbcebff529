"""Rights reach open pages: whoever's permissions change is told them, others only the event."""

from typing import Any

from schemas.commands.rights import ApplyPolicy
from schemas.envelope import Accepted, Actor, Envelope
from schemas.ids import CommandId, RoomId, RoomKey
from schemas.media import Role
from schemas.permissions import Permission
from schemas.policy import CustomRole, Policy
from tests.integration.edge.conftest import DEMO, School
from tests.integration.edge.page import Line


def views(line: Line) -> list[dict[str, Any]]:
    """All views that a page was sent, the first included."""
    return [frame["view"] for frame in line.frames if frame["t"] == "view"]


async def may(line: Line, permission: str) -> None:
    """Waits until the page says that its person may do this."""
    await line.until(lambda: permission in line.view["me"]["permissions"])


async def may_not(line: Line, permission: str) -> None:
    """Waits until the page says that its person may not do this."""
    await line.until(lambda: permission not in line.view["me"]["permissions"])


async def test_a_lock_tells_those_whom_it_binds_what_they_may_still_do(school: School) -> None:
    """The host's page gets the event alone; a student's the event and what is left to them."""
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    room = await school.room(teacher)
    async with teacher.page(room) as tess, student.page(room) as sam:
        await tess.accepted("join_session", display_name="Tess")
        await sam.accepted("join_session", display_name="Sam")
        await tess.until(lambda: tess.view["me"]["role"] == "host")
        await may(sam, "chat")
        before, hers, his = tess.view["me"], len(views(tess)), len(views(sam))
        locked = await tess.accepted("lock_permission", permission="chat")
        await may_not(sam, "chat")
        assert [f["seq"] for f in sam.frames if f["t"] == "me"] == [locked]
        assert sam.of_type("rights.locked")[0]["data"]["after"] == ["chat"]
        assert (await sam.command("post_message", text="Hello?"))["code"] == "forbidden"

        whom = sam.welcome["participant"]
        await tess.accepted("grant_permission", participant=whom, permission="chat")
        await may(sam, "chat")
        granted = {"participant": whom, "granted": ["chat"], "revoked": []}
        assert sam.of_type("rights.granted")[0]["data"]["after"]["granted"] == granted["granted"]
        posted = await sam.accepted("post_message", text="Hello!")
        await tess.knows(posted)
        await sam.knows(posted)
        assert len(tess.of_type("rights.locked")) == len(tess.of_type("rights.granted")) == 1
        assert (tess.view["me"], len(views(tess)), len(views(sam))) == (before, hers, his)
        assert tess.position == sam.position


async def test_the_tenants_policy_reaches_an_open_page_as_a_fresh_view(school: School) -> None:
    """A role of the tenant's own is shown by its name, and its permissions follow the policy."""
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    room = await school.room(teacher)

    async def apply(version: int, *permissions: Permission) -> None:
        policy = Policy(version, (CustomRole("listener", Role.VIEWER, permissions),))
        key, deadline = RoomKey(DEMO, RoomId(room)), school.clock() + 10_000
        actor = Actor("service", "test")
        told = Envelope(key, ApplyPolicy(policy), CommandId(f"policy-{version}"), actor, deadline)
        assert isinstance(await school.bus.commands.submit(told), Accepted)

    async with teacher.page(room) as tess, student.page(room) as sam:
        await tess.accepted("join_session", display_name="Tess")
        await sam.accepted("join_session", display_name="Sam")
        await apply(1, Permission.CHAT, Permission.VOTE)
        whom = sam.welcome["participant"]
        await tess.accepted("change_role", participant=whom, role="viewer", custom_role="listener")
        await sam.until(lambda: sam.view["me"]["permissions"] == ["chat", "vote"])
        assert {p["id"]: p["custom_role"] for p in sam.view["participants"]}[whom] == "listener"
        await apply(2, Permission.VOTE)
        await sam.until(lambda: sam.view["me"]["permissions"] == ["vote"])
        assert sam.of_type("rights.policy_applied") == []
        await tess.came("rights.policy_applied", 2)


async def test_a_page_that_missed_a_change_of_its_rights_gets_a_view_not_the_tail(school: School) -> None:
    """What the events alone cannot tell it."""
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    room = await school.room(teacher)
    async with teacher.page(room) as tess:
        await tess.accepted("join_session", display_name="Tess")
        for act, resumed in (("lock_permission", False), ("post_message", True)):
            async with student.page(room) as sam:
                await sam.accepted("join_session", display_name="Sam")
                await may(sam, "raise_hand")
                position = sam.position
            data = {"permission": "react"} if act == "lock_permission" else {"text": "Hello"}
            await tess.accepted(act, **data)
            async with student.page(room, resume_from=position) as back:
                assert back.welcome["resumed"] is resumed
