"""Pages of boards, notes and the course of the stage over REST."""

import asyncio
from collections.abc import Callable
from typing import Any

from tests.integration.edge.conftest import School
from tests.integration.edge.page import Browser


async def soon(browser: Browser, path: str, holds: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """The answer, once the read model has caught up with what the test wrote."""
    async with asyncio.timeout(60):
        while True:
            answer = await browser.get(path)
            assert answer.status_code == 200, answer.text
            body: dict[str, Any] = answer.json()
            if holds(body):
                return body
            await asyncio.sleep(0.02)


def stroke(name: str, version: int) -> dict[str, object]:
    """An element as Excalidraw sends it."""
    return {
        "id": name,
        "type": "freedraw",
        "points": [[0, 0], [1.5, 2]],
        "version": version,
        "versionNonce": 7,
    }


async def test_a_page_is_read_with_the_seq_that_it_holds_for(school: School) -> None:
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    stranger = await school.browser(school.stranger)
    room = await school.room(teacher)
    async with teacher.page(room) as tess:
        await tess.accepted("join_session", display_name="Tess Teacher")
        await tess.accepted("create_board", title="Sketches")
        await tess.came("board.created")
        board, page = (tess.of_type("board.created")[-1]["data"][k] for k in ("board", "page"))
        await tess.accepted(
            "draw", board=board, page=page, generation=0, elements=[stroke("e1", 1), stroke("e2", 1)]
        )
        await tess.accepted("draw", board=board, page=page, generation=0, elements=[stroke("e1", 2)])
        await tess.came("board.drawn", 2)
        drawn = tess.of_type("board.drawn")[-1]
    path = f"/rooms/{room}/boards/{board}/pages/{page}"
    answer = await soon(student, path, lambda body: body["seq"] == drawn["seq"])
    assert answer["generation"] == 0
    assert [e["element"] for e in answer["elements"]] == [stroke("e2", 1), stroke("e1", 2)]
    assert answer["elements"][1] == drawn["data"]["elements"][0]
    for missing in (f"/rooms/{room}/boards/gone/pages/{page}", f"/rooms/{room}/boards/{board}/pages/gone"):
        assert (await teacher.get(missing)).status_code == 404
    assert (await stranger.get(path)).status_code == 404


async def test_a_page_of_slides_on_which_nobody_drew_is_empty(school: School) -> None:
    teacher = await school.browser(school.teacher)
    room = await school.room(teacher, live=False)
    async with teacher.page(room) as tess:
        await tess.accepted("add_deck", title="Waves", pages=3, file="f1", deck="waves")
    answer = (await teacher.get(f"/rooms/{room}/boards/waves/pages/3")).json()
    assert answer == {"seq": 0, "generation": 0, "elements": []}
    assert (await teacher.get(f"/rooms/{room}/boards/waves/pages/4")).status_code == 404


async def test_notes_are_exported_as_text_now_and_after_they_were_cleared(school: School) -> None:
    teacher, stranger = await school.browser(school.teacher), await school.browser(school.stranger)
    room = await school.room(teacher)
    async with teacher.page(room) as tess:
        await tess.accepted("join_session", display_name="Tess Teacher")
        paragraphs = [
            {"id": "n1", "version": 1, "nonce": 1, "order": "b", "text": "Zweitens: ∂E/∂t = 0"},
            {"id": "n2", "version": 1, "nonce": 1, "order": "a", "text": "<b>First</b>"},
        ]
        await tess.accepted("write_notes", generation=0, paragraphs=paragraphs)
        path = f"/rooms/{room}/notes/0/text"
        text = await teacher.get(path)
        assert text.text == "<b>First</b>\nZweitens: ∂E/∂t = 0\n"
        assert text.headers["content-type"] == "text/plain; charset=utf-8"
        assert text.headers["content-disposition"] == 'attachment; filename="notes-0.txt"'
        await tess.accepted("clear_notes")
    listed = await soon(teacher, f"/rooms/{room}/notes", lambda body: body["generation"] and body["texts"])
    assert (listed["generation"], [t["paragraphs"] for t in listed["texts"]]) == (1, [2])
    assert (await teacher.get(path)).text == text.text
    assert (await teacher.get(f"/rooms/{room}/notes/1/text")).text == ""
    for address in (path, f"/rooms/{room}/notes"):
        assert (await stranger.get(address)).status_code == 404


async def test_the_course_of_the_stage_is_read_in_order_and_in_pages(school: School) -> None:
    teacher, stranger = await school.browser(school.teacher), await school.browser(school.stranger)
    room = await school.room(teacher)
    session = (await teacher.get(f"/rooms/{room}")).json()["session"]["id"]
    async with teacher.page(room) as tess:
        await tess.accepted("add_deck", title="Waves", pages=9, file="f1", deck="waves")
        await tess.accepted("show_deck", deck="waves")
        for page in (2, 3):
            await tess.accepted("turn_page", page=page)
        await tess.accepted("hide_deck")
    path = f"/rooms/{room}/sessions/{session}/stage"
    course = (await soon(teacher, path, lambda body: len(body["stage"]) == 4))["stage"]
    assert [(row["thing"], row["page"]) for row in course] == [
        ("waves", "1"),
        ("waves", "2"),
        ("waves", "3"),
        (None, None),
    ]
    assert {row["what"] for row in course} == {"slides"}
    rest = (await teacher.get(f"{path}?after={course[0]['seq']}&limit=2")).json()["stage"]
    assert rest == course[1:3]
    assert (await stranger.get(path)).status_code == 404
