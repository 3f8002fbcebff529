"""Signing in, staying in, getting out (reliability S10, S12, S13, S14)."""

import asyncio
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import InvalidStatus

from edge import identity
from edge.logins import Login, Refused, disable_user, refresh
from schemas import subjects
from schemas.limits import REFRESH_GRACE_S
from tests.integration.edge.conftest import DEMO, School, until
from tests.integration.edge.page import Browser


async def test_a_password_signs_in_and_a_wrong_one_says_no_more_than_an_unknown_person(
    school: School,
) -> None:
    """Who exists cannot be learned from the answers."""
    browser = school.fresh_browser()
    wrong = await browser.post("/login", {"email": "teacher@demo.test", "password": "not this one"})
    unknown = await browser.post("/login", {"email": "nobody@demo.test", "password": "not this one"})
    assert (wrong.status_code, unknown.status_code) == (401, 401)
    of_the_request = {"request_id", "traceparent"}
    assert {k: v for k, v in wrong.json().items() if k not in of_the_request} == {
        k: v for k, v in unknown.json().items() if k not in of_the_request
    }
    right = await browser.post(
        "/login", {"email": " Teacher@Demo.test ", "password": "correct horse battery"}
    )
    assert right.status_code == 200, right.text
    assert right.json()["user"] == {
        "kind": "user",
        "id": school.teacher.id,
        "tenant": "demo",
        "display_name": "Tess Teacher",
        "capabilities": ["teach", "administer"],
        "room": None,
        "admitted": False,
    }
    assert (await browser.get("/me")).json() == right.json()
    cookies = right.headers.get_list("set-cookie")
    access, refresh_token, csrf = (
        next(c for c in cookies if c.startswith(name)) for name in ("cw_access", "cw_refresh", "cw_csrf")
    )
    assert "HttpOnly" in access
    assert "SameSite=lax" in access
    assert "HttpOnly" in refresh_token
    assert "SameSite=strict" in refresh_token
    assert "Path=/api/v1/login" in refresh_token
    assert "HttpOnly" not in csrf


async def test_a_sign_in_link_works_once(school: School) -> None:
    """Of two browsers with one link only one gets in."""
    token = await identity.create_sign_in_link(school.edge.parts.pool, school.teacher.id)
    answers = await asyncio.gather(
        *(school.fresh_browser().post("/login/link", {"token": token}) for _ in range(3))
    )
    assert sorted(a.status_code for a in answers) == [200, 401, 401]


async def test_nobody_is_signed_in_without_a_cookie(school: School) -> None:
    """Problem details with a stable code."""
    answer = await school.fresh_browser().get("/me")
    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["code"] == "not_signed_in"
    assert answer.headers["x-request-id"] == answer.json()["request_id"]


async def test_refreshing_rotates_and_reuse_after_the_grace_ends_the_family(school: School) -> None:
    """The thief and the owner are both out, on every path, and the audit says so."""
    browser = await school.browser(school.teacher)
    stolen = browser.cookie("cw_refresh")
    assert (await browser.post("/login/refresh")).status_code == 200
    assert browser.cookie("cw_refresh") != stolen
    room = await school.room(browser)
    async with browser.page(room) as line:
        school.now += (REFRESH_GRACE_S + 1) * 1000
        thief = Browser(school.edge.url)
        thief.http.cookies.set("cw_refresh", stolen or "", domain="127.0.0.1", path="/api/v1/login")
        thief.http.cookies.set("cw_csrf", "x", domain="127.0.0.1", path="/")
        assert (await thief.post("/login/refresh")).status_code == 401
        await thief.http.aclose()
        code, closing = await line.ended()
        assert code == 4004
        assert closing is not None
        assert closing["code"] == "not_signed_in"
    assert (await browser.get("/me")).status_code == 401
    assert (await browser.post("/login/refresh")).status_code == 401


async def test_two_tabs_that_refresh_at_once_both_stay_signed_in(school: School) -> None:
    """The second use of a token within moments is no theft."""
    browser = await school.browser(school.teacher)
    token = browser.cookie("cw_refresh") or ""
    pool, now = school.edge.parts.pool, school.clock()
    first, second = await asyncio.gather(refresh(pool, token, now), refresh(pool, token, now + 5))
    assert isinstance(first, Login)
    assert isinstance(second, Login)
    assert first.refresh_token != second.refresh_token
    for login in (first, second):
        assert isinstance(await refresh(pool, login.refresh_token, now + 1000), Login)
    late = await refresh(pool, token, now + REFRESH_GRACE_S * 1000 + 100)
    assert isinstance(late, Refused)
    assert late.reason == "reused"
    again = await refresh(pool, second.refresh_token, now + REFRESH_GRACE_S * 1000 + 200)
    assert isinstance(again, Refused)
    assert again.reason == "revoked"


async def test_an_access_token_ends_after_ten_minutes(school: School) -> None:
    """And a refresh brings the next one."""
    browser = await school.browser(school.teacher)
    school.now += 601_000
    assert (await browser.get("/me")).status_code == 401
    assert (await browser.post("/login/refresh")).status_code == 200
    assert (await browser.get("/me")).status_code == 200


async def test_signing_out_closes_the_sockets_of_this_login_on_every_edge(school: School) -> None:
    """Through PostgreSQL, within moments."""
    browser = await school.browser(school.teacher)
    room = await school.room(browser)
    async with school.open_edge("edge-2") as second:
        elsewhere = Browser(second.url)
        elsewhere.http.cookies = browser.http.cookies
        async with elsewhere.page(room) as line:
            await until(lambda: second.parts.revocations.is_listening)
            assert (await browser.post("/logout", {})).status_code == 200
            assert (await line.ended())[0] == 4004
        await elsewhere.http.aclose()
    assert browser.cookie("cw_access") is None
    assert (await browser.get("/me")).status_code == 401


async def test_a_disabled_user_is_out_within_moments_and_stays_out(school: School) -> None:
    """Sockets, requests, refreshing, signing in (reliability S11)."""
    student = await school.browser(school.student)
    room = await school.room(await school.browser(school.teacher))
    await until(lambda: school.edge.parts.revocations.is_listening)
    async with student.page(room) as line:
        assert await disable_user(school.edge.parts.pool, school.student.id, school.clock())
        assert (await line.ended())[0] == 4004
    assert (await student.get("/me")).status_code == 401
    assert (await student.post("/login/refresh")).status_code == 401
    again = {"email": "student@demo.test", "password": "staple staple staple"}
    assert (await student.post("/login", again)).status_code == 401
    assert not await disable_user(school.edge.parts.pool, "nobody", school.clock())


async def test_changes_need_the_csrf_header_of_this_login(school: School) -> None:
    """A missing, a foreign and a made-up token are refused alike, and nothing happens."""
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    missing = await teacher.http.post("/api/v1/rooms", json={"title": "No"})
    other = await teacher.post("/rooms", {"title": "No"}, **{"X-CSRF-Token": student.cookie("cw_csrf") or ""})
    teacher.http.cookies.set("cw_csrf", "made.up", domain="127.0.0.1", path="/")
    planted = await teacher.post("/rooms", {"title": "No"})
    for answer in (missing, other, planted):
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf")
    assert await school.bus.log.last_stream_seq() == 0


async def test_foreign_pages_change_nothing(school: School) -> None:
    """Neither with a foreign Origin nor by what a form can send."""
    teacher = await school.browser(school.teacher)
    csrf = teacher.cookie("cw_csrf") or ""
    foreign = await teacher.post("/rooms", {"title": "No"}, Origin="https://evil.test")
    assert (foreign.status_code, foreign.json()["code"]) == (403, "foreign_origin")
    form = await teacher.http.post("/api/v1/rooms", data={"title": "No"}, headers={"X-CSRF-Token": csrf})
    assert form.status_code == 415
    login = await school.fresh_browser().post(
        "/login",
        {"email": "teacher@demo.test", "password": "correct horse battery"},
        Origin="https://evil.test",
    )
    assert login.status_code == 403
    assert await school.bus.log.last_stream_seq() == 0


@pytest.mark.parametrize("origin", ["https://evil.test", "null", ""])
async def test_a_socket_from_a_foreign_page_is_refused_in_the_handshake(school: School, origin: str) -> None:
    """Also one that names no Origin: every browser does."""
    teacher = await school.browser(school.teacher)
    room = await school.room(teacher)
    with pytest.raises(InvalidStatus) as refused:
        async with teacher.socket(room, origin=origin):
            pass
    assert refused.value.response.status_code == 403


async def test_guessing_is_slowed_down_per_address_and_email(school: School) -> None:
    """Another person at the same address still gets in."""
    browser = school.fresh_browser()
    guesses = ({"email": "teacher@demo.test", "password": f"guess number {n}"} for n in range(20))
    answers = await asyncio.gather(*(browser.post("/login", guess) for guess in guesses))
    stopped = [a for a in answers if a.status_code == 429]
    assert stopped
    assert stopped[0].headers["retry-after"] == "60"
    assert all(a.status_code == 401 for a in answers if a not in stopped)
    student = {"email": "student@demo.test", "password": "staple staple staple"}
    assert (await browser.post("/login", student)).status_code == 200


async def test_a_guest_comes_by_link_into_one_room_only(school: School) -> None:
    """The whole way of a guest, and what happens when the link is ended."""
    teacher = await school.browser(school.teacher)
    room, other = await school.room(teacher), await school.room(teacher)
    made = await teacher.post(f"/rooms/{room}/guest-links", {"max_uses": 1}, Idempotency_Key="one")
    again = await teacher.post(f"/rooms/{room}/guest-links", {"max_uses": 1}, Idempotency_Key="one")
    assert made.status_code == 201, made.text
    assert {**again.json(), "expires_at": 0} == {**made.json(), "expires_at": 0}
    url = urlsplit(made.json()["url"])
    assert url.path == f"/r/{room}"
    token = url.fragment.removeprefix("guest=")
    guest = school.fresh_browser()
    entered = await guest.post("/login/guest", {"token": token, "display_name": "Gus"})
    assert entered.status_code == 200, entered.text
    assert entered.json()["user"]["kind"] == "guest"
    assert entered.json()["user"]["room"] == room
    used_up = await school.fresh_browser().post("/login/guest", {"token": token, "display_name": "Second"})
    assert used_up.status_code == 401
    assert (await guest.get(f"/rooms/{other}")).status_code == 404
    assert [r["room"] for r in (await guest.get("/rooms")).json()["rooms"]] in ([room], [])
    assert (await guest.post(f"/rooms/{room}/guest-links", {})).status_code == 403
    listed = (await teacher.get(f"/rooms/{room}/guest-links")).json()["links"]
    assert [(x["id"], x["uses"]) for x in listed] == [(made.json()["id"], 1)]
    async with guest.page(room) as line:
        await line.accepted("join_session", display_name="Gus")
        assert (await teacher.delete(f"/rooms/{room}/guest-links/{made.json()['id']}")).status_code == 204
        assert (await line.ended())[0] == 4004
    assert (await teacher.delete(f"/rooms/{room}/guest-links/{made.json()['id']}")).status_code == 404


async def test_another_tenant_sees_nothing(school: School) -> None:
    """Every address of a foreign room looks like one that does not exist (reliability S15)."""
    teacher, olga = await school.browser(school.teacher), await school.browser(school.stranger)
    room = await school.room(teacher)
    for path in ("", "/sessions", "/messages", "/recordings", "/guest-links", "/sessions/s1/attendance"):
        foreign, nothing = await olga.get(f"/rooms/{room}{path}"), await olga.get(f"/rooms/none{path}")
        assert (foreign.status_code, foreign.json()["code"]) == (404, "no_such_room"), path
        assert (nothing.status_code, nothing.json()["code"]) == (404, "no_such_room"), path
    for path in ("/sessions/start", "/sessions/end", "/guest-links"):
        assert (await olga.post(f"/rooms/{room}{path}", {})).status_code == 404, path
    assert (await olga.get("/rooms")).json()["rooms"] == []
    async with olga.socket(room) as line:
        await line.send(t="hello", protocol=1)
        assert (await line.closed())[0] == 4010


async def test_logins_are_audited_without_secrets(school: School) -> None:
    """What lies in AUDIT names people and reasons, and no password or token."""
    browser = await school.browser(school.teacher)
    await browser.post("/login", {"email": "teacher@demo.test", "password": "a secret guess"})
    await until(lambda: len(school.audited) == 2)
    facts = school.audited
    assert [f["type"] for _, f in facts] == ["login.by_link", "login.refused_password"]
    assert all(subject in (subjects.audit(DEMO, "edge"), "audit._unknown.edge") for subject, _ in facts)
    text = str(facts)
    assert "a secret guess" not in text
    assert (browser.cookie("cw_refresh") or "?") not in text
