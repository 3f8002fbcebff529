"""Sockets: view, commands, events in order, resuming, and how sockets end."""

from tests.integration.edge.conftest import School


async def test_a_page_sees_the_room_joins_and_what_is_said_comes_in_order(school: School) -> None:
    """The thin path: sign-in, room, hello, join, chat."""
    teacher = await school.browser(school.teacher)
    room = await school.room(teacher)
    student = await school.browser(school.student)
    async with teacher.page(room) as tess, student.page(room) as sam:
        assert tess.view["session"]["status"] == "live"
        assert tess.view["me"]["role"] is None
        await tess.accepted("join_session", display_name="Tess")
        await sam.accepted("join_session", display_name="Sam")
        await tess.until(lambda: tess.view["me"]["role"] == "host")
        await sam.until(lambda: sam.view["me"]["role"] == "speaker")
        for n in range(10):
            await (tess if n % 2 else sam).accepted("post_message", text=str(n))
        for line in (tess, sam):
            await line.until(lambda line=line: len(line.of_type("chat.posted")) == 10)
            assert [e["data"]["text"] for e in line.of_type("chat.posted")] == [str(n) for n in range(10)]
            assert line.position > 0
