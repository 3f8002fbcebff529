"""Questions over REST: who finds which, during the class and after."""

import csv
import io
from typing import Any

from tests.integration.edge.conftest import School
from tests.integration.edge.page import Browser


async def questions(browser: Browser, room: str, session: str, *statuses: str) -> list[dict[str, Any]]:
    """The questions that this person finds, once they have these statuses."""
    while True:
        answer = await browser.get(f"/rooms/{room}/sessions/{session}/questions")
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["questions"]
        if sorted(q["status"] for q in found) == sorted(statuses):
            return found


async def test_questions_of_a_class_outlast_it_and_keep_their_secrets(school: School) -> None:
    """The teacher finds all with their authors, a student what the class saw and their own."""
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    room = await school.room(teacher)
    async with teacher.page(room) as tess, student.page(room) as sam:
        await tess.accepted("join_session", display_name="Tess")
        await sam.accepted("join_session", display_name="Sam")
        for text, anonymous in (("=cmd()", False), ("Why?", True), ("How?", True), ("Who?", False)):
            await sam.accepted("ask_question", text=text, anonymous=anonymous)
        await tess.accepted("ask_question", text="When?", anonymous=True)
        await sam.came("question.opened", 5)
        ids = {e["data"]["text"]: e["data"]["question"] for e in sam.of_type("question.opened")}
        hidden = next(e for e in sam.of_type("question.opened") if e["data"]["text"] == "When?")
        assert hidden["data"].get("participant") is None
        assert hidden["actor"].get("participant") is None
        await sam.accepted("upvote_question", question=ids["When?"])
        await tess.accepted("start_answering", question=ids["When?"])
        seq = await tess.accepted("answer_question", question=ids["Why?"], text="Because.")
        await tess.accepted("dismiss_question", question=ids["How?"], reason="Off topic.")
        await tess.accepted("merge_questions", into=ids["=cmd()"], questions=[ids["Who?"]])
        session = tess.view["session"]["id"]
        await tess.accepted("end_session")

    after = ("open", "answered", "answered", "dismissed", "merged")
    all_of_them = {q["text"]: q for q in await questions(teacher, room, session, *after)}
    assert {text: q["display_name"] for text, q in all_of_them.items()} == {
        "=cmd()": "Sam",
        "Why?": "Sam",
        "How?": "Sam",
        "Who?": "Sam",
        "When?": "Tess",
    }
    when = all_of_them["When?"]
    assert (when["votes"], when["status"], when["mine"]) == (2, "answered", True)
    assert when["moment"]["seq"] < all_of_them["Why?"]["moment"]["seq"] == seq
    assert all_of_them["Who?"]["merged_into"] == ids["=cmd()"]

    own = {q["text"]: q for q in await questions(student, room, session, *after)}
    assert (own["When?"]["participant"], own["When?"]["display_name"]) == (None, "")
    assert (own["When?"]["voted"], own["When?"]["mine"]) == (True, False)
    assert (own["How?"]["reason"], own["How?"]["mine"]) == ("Off topic.", True)

    table = await teacher.get(f"/rooms/{room}/sessions/{session}/questions.csv")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert [(r["name"], r["question"], r["anonymous"]) for r in rows][:2] == [
        ("Sam", "'=cmd()", "no"),
        ("Sam", "Why?", "yes"),
    ]
    assert (await student.get(f"/rooms/{room}/sessions/{session}/questions.csv")).status_code == 403
    olga = await school.browser(school.stranger)
    for path in ("questions", "questions.csv"):
        assert (await olga.get(f"/rooms/{room}/sessions/{session}/{path}")).status_code == 404


async def test_a_dismissed_question_is_hidden_from_classmates(school: School) -> None:
    """Its text is gone for them, in the list too; reopened it is back, with one vote."""
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    room = await school.room(teacher)
    async with teacher.page(room) as tess, student.page(room) as sam:
        await tess.accepted("join_session", display_name="Tess")
        await sam.accepted("join_session", display_name="Sam")
        await tess.accepted("ask_question", text="Why?", anonymous=True)
        await sam.came("question.opened")
        question = sam.of_type("question.opened")[0]["data"]["question"]
        session = tess.view["session"]["id"]
        await sam.accepted("upvote_question", question=question)
        await questions(student, room, session, "open")
        await tess.accepted("dismiss_question", question=question)
        await questions(teacher, room, session, "dismissed")
        assert await questions(student, room, session) == []
        await tess.accepted("reopen_question", question=question)
        back = (await questions(student, room, session, "open"))[0]
        assert (back["votes"], back["voted"], back["display_name"]) == (1, False, "")
        assert (await questions(teacher, room, session, "open"))[0]["display_name"] == "Tess"
