"""What people write stays text (S17 of ``reliability.md``)."""

import json

import msgspec
import pytest

from schemas.polls import PollItem
from tests.integration.edge.conftest import School

SCRIPTS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</script><svg onload=alert(1)>",
    "javascript:alert(1)",
    "{{constructor.constructor('alert(1)')()}}",
    '"><iframe srcdoc="<script>alert(1)</script>">',
)


async def test_what_people_write_comes_back_as_text_and_nothing_else(school: School) -> None:
    """In JSON with nosniff, as it was written; and every page forbids inline script."""
    teacher = await school.browser(school.teacher)
    room = await school.room(teacher, title=SCRIPTS[0])
    async with teacher.page(room) as tess:
        await tess.accepted("join_session", display_name=SCRIPTS[1])
        for text in SCRIPTS:
            await tess.accepted("post_message", text=text)
        await tess.accepted("ask_question", text=SCRIPTS[2])
        item = msgspec.to_builtins(PollItem("single", SCRIPTS[3], SCRIPTS[:2]))
        await tess.accepted("ask_poll", items=[item])
        await tess.knows(await tess.accepted("create_board", title=SCRIPTS[4]))
        said = [event["data"]["text"] for event in tess.of_type("chat.posted")]
    assert said == list(SCRIPTS)
    for path in ("", "/messages", "/members", "/audit", "/files", "/sessions"):
        answer = await teacher.get(f"/rooms/{room}{path}")
        assert answer.headers["content-type"].partition(";")[0] == "application/json", path
        assert answer.headers["x-content-type-options"] == "nosniff"
        json.loads(answer.content)
    for path in (
        "/",
        f"/r/{room}",
        "/%3Cscript%3Ealert(1)%3C/script%3E",
        "/assets/no.js",
        "/healthz",
        "/api/v1/me",
    ):
        policy = (await teacher.http.get(path)).headers["content-security-policy"]
        assert "script-src 'self';" in policy, path
        assert "unsafe-inline" not in policy
        assert "unsafe-eval" not in policy
        assert "object-src" in policy or "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize("at", ["/media/x.y/a.svg", "/media/%3Csvg%3E/a.html"])
async def test_a_refused_address_repeats_nothing_of_itself(school: School, at: str) -> None:
    """A problem is JSON about a code, and no echo."""
    answer = await school.fresh_browser().http.get(at)
    assert answer.headers["content-type"] == "application/problem+json"
    assert "<" not in answer.text
