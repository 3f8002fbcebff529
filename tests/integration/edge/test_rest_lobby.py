"""The door over REST: who waits, who is let in, and by which links one need not wait."""

from urllib.parse import urlsplit

from tests.integration.edge.conftest import School
from tests.integration.edge.page import Browser


async def link(teacher: Browser, room: str, **wish: object) -> str:
    """The token of a new guest link."""
    made = await teacher.post(f"/rooms/{room}/guest-links", wish)
    assert made.status_code == 201, made.text
    assert made.json()["has_passcode"] == ("passcode" in wish)
    url: str = made.json()["url"]
    return urlsplit(url).fragment.removeprefix("guest=")


async def guest(school: School, token: str, name: str, passcode: str | None = None) -> Browser:
    """A guest who came in by a link."""
    browser = school.fresh_browser()
    body = {"token": token, "display_name": name, "passcode": passcode}
    entered = await browser.post("/login/guest", body)
    assert entered.status_code == 200, entered.text
    return browser


async def guarded(school: School, teacher: Browser) -> str:
    """A room whose guests wait, with a class running in it."""
    room = await school.room(teacher)
    changed = await teacher.put(f"/rooms/{room}/settings", {"lobby": "guests"})
    assert changed.status_code == 200, changed.text
    return room


async def test_a_guest_waits_until_staff_let_in(school: School) -> None:
    """The guest's page is told of its entrance; students see nothing of the door."""
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    room = await guarded(school, teacher)
    gus = await guest(school, await link(teacher, room), "Gus")
    async with gus.page(room) as page, student.page(room) as sam:
        await page.accepted("join_session", display_name="Gus")
        await sam.accepted("join_session", display_name="Sam")
        await page.came("lobby.knocked")
        (knocked,) = page.of_type("lobby.knocked")
        assert (knocked["data"]["person"], knocked["data"]["edge"]) == ("", "")
        waiting = (await teacher.get(f"/rooms/{room}/lobby")).json()["waiting"]
        assert [w["display_name"] for w in waiting] == ["Gus"]
        assert (await student.get(f"/rooms/{room}/lobby")).status_code == 403
        assert (await student.post(f"/rooms/{room}/lobby/admit", {})).status_code == 403
        named = {"participants": [waiting[0]["id"]]}
        assert (await teacher.post(f"/rooms/{room}/lobby/admit", named)).status_code == 200
        await page.until(lambda: page.view["me"]["role"] == "speaker")
        await sam.came("roster.joined", 2)
        assert not any(e["type"].startswith("lobby.") for e in sam.events)
    detail = (await teacher.get(f"/rooms/{room}")).json()
    path = f"/rooms/{room}/sessions/{detail['session']['id']}/knocks"
    while not (knocks := (await teacher.get(path)).json()["knocks"]) or knocks[0]["outcome"] is None:
        pass
    assert [(k["display_name"], k["guest"], k["outcome"]) for k in knocks] == [("Gus", True, "admitted")]
    assert (await student.get(path)).status_code == 403


async def test_who_is_denied_stays_out_until_admitted(school: School) -> None:
    """Everybody at once, and one by name after all."""
    teacher = await school.browser(school.teacher)
    room = await guarded(school, teacher)
    gus = await guest(school, await link(teacher, room), "Gus")
    async with gus.page(room) as page:
        await page.accepted("join_session", display_name="Gus")
        assert (await teacher.post(f"/rooms/{room}/lobby/deny", {"message": "Not today."})).status_code == 200
        await page.came("lobby.denied")
        refused = await page.command("join_session", display_name="Gus")
        assert (refused["code"], refused["message"]) == ("denied", "Not today.")
        (denied,) = page.of_type("lobby.denied")
        named = {"participants": [denied["data"]["participant"]]}
        assert (await teacher.post(f"/rooms/{room}/lobby/admit", named)).status_code == 200
        await page.accepted("join_session", display_name="Gus")
        nobody = await teacher.post(f"/rooms/{room}/lobby/deny", {"participants": ["nobody"]})
        assert nobody.json()["code"] == "no_such_participant"


async def test_a_page_that_is_lost_at_the_door_gives_up_its_place(school: School) -> None:
    """Its edge tells the log; the place is kept for the grace time."""
    teacher = await school.browser(school.teacher)
    room = await guarded(school, teacher)
    gus = await guest(school, await link(teacher, room), "Gus")
    async with gus.page(room) as page:
        await page.accepted("join_session", display_name="Gus")
    while (await teacher.get(f"/rooms/{room}/lobby")).json()["waiting"][0]["connected"]:
        pass
    async with gus.page(room) as page:
        assert page.view["lobby"]["mine"] == "waiting"
        await page.came("lobby.connected")
        (waiting,) = (await teacher.get(f"/rooms/{room}/lobby")).json()["waiting"]
        assert waiting["connected"], "without knocking again"


async def test_a_link_that_admits_leads_past_the_door(school: School) -> None:
    """As long as the guest is signed in, also after the access token was renewed."""
    teacher = await school.browser(school.teacher)
    room = await guarded(school, teacher)
    gus = await guest(school, await link(teacher, room, admits=True), "Gus")
    renewed = await gus.post("/login/refresh")
    assert renewed.json()["user"]["admitted"], renewed.text
    async with gus.page(room) as page:
        await page.accepted("join_session", display_name="Gus")
        await page.came("roster.joined")
    listed = (await teacher.get(f"/rooms/{room}/guest-links")).json()["links"]
    assert [(x["admits"], x["has_passcode"]) for x in listed] == [(True, False)]


async def test_a_passcode_is_asked_for_and_cannot_be_tried_for_long(school: School) -> None:
    """A use of the link is counted for who has it right; guesses are counted for everybody else."""
    teacher = await school.browser(school.teacher)
    room = await school.room(teacher)
    token = await link(teacher, room, passcode="open sesame", max_uses=2)
    browser = school.fresh_browser()

    async def enter(passcode: str | None) -> tuple[int, str]:
        body = {"token": token, "display_name": "Gus", "passcode": passcode}
        answer = await browser.post("/login/guest", body)
        return answer.status_code, answer.json().get("code", "")

    assert await enter(None) == (401, "passcode_needed")
    assert await enter("open barley") == (401, "wrong_passcode")
    await guest(school, token, "Gus", "open sesame")
    guesses = [await enter(f"guess {n}") for n in range(10)]
    assert guesses[-1] == (429, "too_many_attempts")
    assert await enter("open sesame") == (429, "too_many_attempts"), "a guess may be right"
    (listed,) = (await teacher.get(f"/rooms/{room}/guest-links")).json()["links"]
    assert (listed["uses"], listed["has_passcode"]) == (1, True)
    short = await teacher.post(f"/rooms/{room}/guest-links", {"passcode": "1234"})
    assert short.status_code == 422
