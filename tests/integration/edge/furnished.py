"""A school as the fuzzer finds it: a class that is running, and three people who ask about it."""

from tests.integration.edge import fuzz
from tests.integration.edge.conftest import School
from tests.integration.edge.page import Browser
from tests.integration.edge.promises import described


async def furnish(school: School, examples: dict[str, int]) -> fuzz.Wish:
    """What the fuzzer is to ask, of a room, a class, a course and a webhook that are there."""
    browsers = {
        "teacher": await school.browser(school.teacher),
        "member": await school.browser(school.student),
        "stranger": await school.browser(school.stranger),
    }
    teacher = browsers["teacher"]
    room = await school.room(teacher)
    live = (await teacher.get(f"/rooms/{room}")).json()["session"]["id"]
    hook = {"url": "https://hooks.example/c", "kinds": ["session.started"]}
    await teacher.post("/webhooks", hook)  # Or there are as many as a school may have.
    await teacher.post("/courses", {"title": "Physics"})
    hooks, courses = (await teacher.get("/webhooks")).json(), (await teacher.get("/courses")).json()
    return fuzz.Wish(
        description=described(),
        url=school.edge.url,
        people={who: headers_of(browser) for who, browser in browsers.items()},
        real={
            "room": room,
            "course": courses["courses"][0]["id"],
            "session": live,
            "webhook": hooks["webhooks"][0]["id"],
            "user": school.student.id,
            "tenant": "demo",
            "generation": "0",
        },
        examples=examples,
    )


def headers_of(browser: Browser) -> dict[str, str]:
    """What a page of this browser sends along."""
    cookies = "; ".join(f"{c.name}={c.value}" for c in browser.http.cookies.jar if c.path == "/")
    return {"Cookie": cookies, "X-CSRF-Token": browser.cookie("cw_csrf") or "", "Origin": browser.url}
