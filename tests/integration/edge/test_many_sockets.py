"""Many sockets over several edges: nobody loses or doubles anything.

The measured form, with thousands, is ``classwire bench fanout`` and ``tests.load.edge_killed``.
"""

import asyncio
from contextlib import AsyncExitStack

from tests.integration.edge.conftest import School
from tests.integration.edge.page import Line

MESSAGES = 12


def heard(page: Line) -> list[str]:
    """The texts that came, in order."""
    return [event["data"]["text"] for event in page.of_type("chat.posted")]


async def test_pages_of_an_edge_that_stops_go_on_at_another_without_loss_or_repetition(
    school: School,
) -> None:
    """What is said while nobody of them has a line is in the tail."""
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    room = await school.room(teacher)
    said = [f"message {n}" for n in range(MESSAGES)]
    async with AsyncExitStack() as stack:
        async with school.open_edge("edge-2") as second:
            elsewhere = await school.browser(school.teacher, second)
            before = await stack.enter_async_context(elsewhere.page(room))
            await before.accepted("join_session", display_name="Tess")
            for text in said[:4]:
                await before.accepted("post_message", text=text)
            position = before.position
        code, closing = await before.ended()
        assert (code, closing and closing["code"]) == (4000, "going_away")
        assert closing is not None
        assert 0 <= closing["retry_after_ms"] <= 2_000
        sam = await stack.enter_async_context(student.page(room))
        await sam.accepted("join_session", display_name="Sam")
        for text in said[4:]:
            await sam.accepted("post_message", text=text)
        back = await stack.enter_async_context(teacher.page(room, resume_from=position))
        await back.until(lambda: len(heard(back)) == MESSAGES - 4)
        assert back.welcome["resumed"]
        assert heard(before) + heard(back) == said


async def test_a_message_reaches_every_page_once_and_in_order(school: School) -> None:
    """On both edges of one room."""
    teacher = await school.browser(school.teacher)
    room = await school.room(teacher)
    async with AsyncExitStack() as stack:
        second = await stack.enter_async_context(school.open_edge("edge-2"))
        tess = await stack.enter_async_context(teacher.page(room))
        await tess.accepted("join_session", display_name="Tess")
        pages = [tess]
        for edge in (school.edge, second):
            browser = await school.browser(school.student, edge)
            pages.append(await stack.enter_async_context(browser.page(room)))
            await pages[-1].accepted("join_session", display_name="Sam")
        said = [f"message {n}" for n in range(MESSAGES)]
        async with asyncio.TaskGroup() as group:
            for text in said:
                group.create_task(tess.accepted("post_message", text=text))
        for page in (tess, pages[-1]):
            await page.until(lambda page=page: len(heard(page)) >= MESSAGES)  # type: ignore[misc]
            assert sorted(heard(page)) == sorted(said)
        assert heard(tess) == heard(pages[-1])
