"""Accounts: invited by administrators, passwords by mail, one's own logins, keys for machines.

Each test populates a school of its own, and argon2id is meant to take its time.
"""

from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from edge.http.paging import after
from edge.problems import Problem
from schemas.limits import (
    API_KEY_S,
    LETTER_INVITE_S,
    LETTER_RESET_S,
    LETTERS_PER_ACCOUNT_MAX,
    LOGIN_UNUSED_S,
    REFRESH_TOKEN_S,
)
from tests.integration.edge.conftest import School, until
from tests.integration.edge.letters import Mailbox
from tests.integration.edge.page import Browser

GOOD = "glacier marmalade tuba eleven"
NEW = {"email": "Nora@Demo.test", "display_name": "Nora New"}


async def patch(browser: Browser, path: str, body: Any) -> Any:
    """As our page does."""
    headers = {"X-CSRF-Token": browser.cookie("cw_csrf") or ""}
    return await browser.http.patch(f"/api/v1{path}", json=body, headers=headers)


def facts(school: School) -> list[str]:
    """The types of what was written to AUDIT."""
    return [fact["type"] for _, fact in school.audited]


async def test_an_invited_person_chooses_a_password_and_comes_in(school: School) -> None:
    """The letter works once, a weak password leaves it whole, and the address counts as confirmed."""
    tess, mails = await school.browser(school.teacher), Mailbox(school)
    made = await tess.post("/users", NEW)
    assert made.status_code == 201, made.text
    user = made.json()
    assert (user["email"], user["capabilities"], user["has_password"]) == ("nora@demo.test", ["learn"], False)
    assert (await tess.post("/users", NEW)).json()["code"] == "email_taken"
    token = await mails.token("nora@demo.test", "invite")
    nora = school.fresh_browser()
    for weak in ("short", "nora@demo.test", "Nora New demo", "1234567890", "password12345"):
        answer = await nora.post("/login/invitation", {"token": token, "password": weak})
        assert answer.json()["code"] == "weak_password", weak
    came = await nora.post("/login/invitation", {"token": token, "password": GOOD})
    assert came.status_code == 200, came.text
    assert came.json()["user"]["id"] == user["id"]
    assert (await nora.get("/me")).status_code == 200
    again = await school.fresh_browser().post("/login/invitation", {"token": token, "password": GOOD})
    assert again.json()["code"] == "wrong_credentials"
    known = (await tess.get(f"/users/{user['id']}")).json()
    assert known["email_verified"]
    assert known["has_password"]
    assert (await school.fresh_browser().post("/login", {"email": NEW["email"], "password": GOOD})).is_success
    await until(lambda: {"user.created", "user.invited", "password.set_by_invite"} <= set(facts(school)))
    assert token not in str(school.audited)
    assert GOOD not in str(school.audited)


async def test_a_letter_ends_and_the_next_one_ends_those_before(school: School) -> None:
    """Short-lived, single-use, and no mailbox is flooded."""
    tess, mails = await school.browser(school.teacher), Mailbox(school)
    user = (await tess.post("/users", NEW)).json()["id"]
    first = await mails.token("nora@demo.test", "invite")
    assert (await tess.post(f"/users/{user}/invitation")).status_code == 202
    second = await mails.token("nora@demo.test", "invite")
    assert first != second
    for _ in range(LETTERS_PER_ACCOUNT_MAX):
        last = await tess.post(f"/users/{user}/invitation")
    assert last.json()["code"] == "limit_reached"
    browser = school.fresh_browser()
    assert (await browser.post("/login/invitation", {"token": second, "password": GOOD})).is_success
    assert (await browser.post("/login/invitation", {"token": first, "password": GOOD})).status_code == 401
    assert (await browser.post("/login/password/forgotten", {"email": NEW["email"]})).status_code == 202
    reset = await mails.token("nora@demo.test", "reset")
    # A letter opens what it is for and nothing else.
    assert (await browser.post("/login/invitation", {"token": reset, "password": GOOD})).status_code == 401
    school.now += LETTER_RESET_S * 1000 + 1
    late = await browser.post("/login/password/reset", {"token": reset, "password": GOOD})
    assert late.status_code == 401
    assert LETTER_RESET_S < LETTER_INVITE_S


async def test_a_forgotten_password_is_chosen_anew_and_all_logins_end(school: School) -> None:
    """Whoever knew the old one is out."""
    sam, mails = await school.browser(school.student), Mailbox(school)
    browser = school.fresh_browser()
    assert (
        await browser.post("/login/password/forgotten", {"email": "student@demo.test"})
    ).status_code == 202
    token = await mails.token("student@demo.test", "reset")
    changed = await browser.post("/login/password/reset", {"token": token, "password": GOOD})
    assert changed.status_code == 200, changed.text
    assert (await sam.get("/me")).status_code == 401
    assert (await sam.post("/login/refresh")).status_code == 401
    old = {"email": "student@demo.test", "password": "staple staple staple"}
    assert (await browser.post("/login", old)).status_code == 401
    assert (await browser.post("/login", {**old, "password": GOOD})).status_code == 200


async def test_a_password_is_changed_by_who_knows_the_present_one(school: School) -> None:
    """This login stays, the others end; the address is confirmed by letter."""
    here, there = await school.browser(school.student), await school.browser(school.student)
    wrong = await here.post("/me/password", {"present": "nonsense", "password": GOOD})
    assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong_password")
    weak = await here.post("/me/password", {"present": "staple staple staple", "password": "Sam Student 1"})
    assert weak.json()["code"] == "weak_password"
    done = await here.post("/me/password", {"present": "staple staple staple", "password": GOOD})
    assert done.status_code == 200, done.text
    assert (await here.get("/me")).status_code == 200
    assert (await there.get("/me")).status_code == 401
    assert (await here.post("/me/email/confirmation")).status_code == 202
    token = await Mailbox(school).token("student@demo.test", "verify")
    confirmed = await school.fresh_browser().post("/login/email/confirm", {"token": token})
    assert confirmed.status_code == 200, confirmed.text
    assert (await school.fresh_browser().post("/login/email/confirm", {"token": token})).status_code == 401
    await until(lambda: "email.verified" in facts(school))


async def test_administrators_list_change_disable_and_enable_users(school: School) -> None:
    """Others may not; who loses a capability is signed out; the last administrator stays."""
    tess, sam = await school.browser(school.teacher), await school.browser(school.student)
    for path in ("/users", f"/users/{school.student.id}", "/providers", "/api-keys"):
        assert (await sam.get(path)).status_code == 403, path
    pages, cursor = [], ""
    while cursor is not None:
        page = (await tess.get(f"/users?limit=1{cursor and '&cursor=' + cursor}")).json()
        pages.append(page["users"])
        cursor = page["cursor"]
    assert [len(each) for each in pages] == [1, 1]
    assert {each[0]["id"] for each in pages} == {school.teacher.id, school.student.id}
    assert [u["id"] for u in (await tess.get("/users?search=SAM")).json()["users"]] == [school.student.id]
    assert (await tess.get("/users?search=%25")).json()["users"] == []
    user = f"/users/{school.student.id}"
    risen = await patch(tess, user, {"capabilities": ["learn", "teach"]})
    assert risen.json()["capabilities"] == ["learn", "teach"]
    assert (await sam.post("/login/refresh")).json()["user"]["capabilities"] == ["learn", "teach"]
    fallen = await patch(tess, user, {"capabilities": ["learn"], "display_name": "Samuel"})
    assert fallen.json()["display_name"] == "Samuel"
    assert (await sam.get("/me")).status_code == 401
    sam = await school.browser(school.student)
    assert (await tess.post(f"{user}/disable")).json()["disabled_at"] is not None
    assert (await sam.get("/me")).status_code == 401
    assert (await tess.post(f"{user}/invitation")).json()["code"] == "user_disabled"
    assert (await tess.post(f"{user}/enable")).json()["disabled_at"] is None
    assert (await (await school.browser(school.student)).get("/me")).status_code == 200
    own = f"/users/{school.teacher.id}"
    for answer in (await patch(tess, own, {"capabilities": ["teach"]}), await tess.post(f"{own}/disable")):
        assert (answer.status_code, answer.json()["code"]) == (409, "last_administrator")
    await until(lambda: {"user.changed", "user.disabled", "user.enabled"} <= set(facts(school)))


async def test_a_school_sees_and_renames_itself_only(school: School) -> None:
    """Another one looks like none."""
    tess, sam = await school.browser(school.teacher), await school.browser(school.student)
    await school.edge.parts.pool.execute(
        "insert into identity.tenant_domain (domain, tenant, created_at) values ('demo.test', 'demo', 0)"
    )
    (own,) = (await sam.get("/tenants")).json()["tenants"]
    assert (own["id"], own["domains"]) == ("demo", ["demo.test"])
    assert (await tess.get("/tenants/other")).status_code == 404
    assert (await patch(tess, "/tenants/other", {"title": "Mine"})).status_code == 404
    assert (await patch(sam, "/tenants/demo", {"title": "Mine"})).status_code == 403
    assert (await patch(tess, "/tenants/demo", {"title": "Demo School"})).json()["title"] == "Demo School"


async def test_people_see_their_logins_and_end_them(school: School) -> None:
    """One, all but this one, all: with their sockets and refresh tokens."""
    first, second, third = [await school.browser(school.teacher) for _ in range(3)]
    second.http.headers["User-Agent"] = "Mozilla/5.0 (iPhone) Mobile"
    listed = (await first.get("/logins")).json()
    assert len(listed["logins"]) == 3
    assert [x["is_this"] for x in listed["logins"]] == [False, False, True]
    assert all(x["method"] == "link" and x["address"] == "127.0.0.1" for x in listed["logins"])
    room = await school.room(first)
    victim = listed["logins"][1]["id"]
    async with second.page(room) as line:
        assert (await first.delete(f"/logins/{victim}")).status_code == 204
        assert (await line.ended())[0] == 4004
    assert (await second.get("/me")).status_code == 401
    assert (await first.delete(f"/logins/{victim}")).status_code == 404
    olga = await school.browser(school.stranger)
    foreign = (await olga.get("/logins")).json()["logins"][0]["id"]
    assert (await first.delete(f"/logins/{foreign}")).status_code == 404
    assert (await olga.get("/me")).status_code == 200
    assert (await first.post("/logout/everywhere", {"but_here": True})).json() == {"ended": 1}
    assert (await third.post("/login/refresh")).status_code == 401
    assert (await first.post("/logout/everywhere")).json() == {"ended": 1}
    assert (await first.get("/me")).status_code == 401


async def test_a_login_that_nobody_uses_ends(school: School) -> None:
    """After a week; one that is used ends after a month all the same."""
    used, unused = await school.browser(school.teacher), await school.browser(school.teacher)
    for _ in range(REFRESH_TOKEN_S // LOGIN_UNUSED_S):
        school.now += (LOGIN_UNUSED_S - 60) * 1000
        assert (await used.post("/login/refresh")).status_code == 200
    assert (await unused.post("/login/refresh")).status_code == 401
    school.now += (LOGIN_UNUSED_S - 60) * 1000
    assert (await used.post("/login/refresh")).status_code == 401


async def test_a_machine_works_by_key_as_far_as_its_scopes_go(school: School) -> None:
    """Shown once, stored hashed, no CSRF, last use seen; revoked at once, also on the socket."""
    tess = await school.browser(school.teacher)
    wish = {"title": "Timetable", "scopes": ["rooms:write", "rooms:read"]}
    made = await tess.post("/api-keys", wish, Idempotency_Key="one")
    again = await tess.post("/api-keys", wish, Idempotency_Key="one")
    assert made.status_code == 201, made.text
    assert again.json() == made.json()
    text, key = made.json()["key"], made.json()["api_key"]
    assert text.startswith("cw_")
    assert key["expires_at"] - key["created_at"] == API_KEY_S * 1000
    rows = await school.edge.parts.pool.fetch("select * from identity.api_key")
    assert len(rows) == 1
    assert text not in str([dict(row) for row in rows])
    machine = school.fresh_browser()
    machine.http.headers["Authorization"] = f"Bearer {text}"
    del machine.http.headers["Origin"]
    created = await machine.http.post("/api/v1/rooms", json={"title": "By machine"})
    assert created.status_code == 201, created.text
    room = created.json()["room"]
    assert (await machine.get(f"/rooms/{room}")).status_code == 200
    for method, path in (("GET", "/users"), ("PUT", "/policy"), ("POST", "/api-keys"), ("GET", "/logins")):
        answer = await machine.http.request(method, f"/api/v1{path}", json={})
        assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope"), path
    url = f"{school.edge.url.replace('http', 'ws', 1)}/api/v1/rooms/{room}/live"
    with pytest.raises(InvalidStatus) as refused:
        async with connect(url, additional_headers={"Authorization": f"Bearer {text}"}, compression=None):
            pass
    assert refused.value.response.status_code == 403
    assert (await tess.get("/api-keys")).json()["api_keys"][0]["used_at"] is not None
    assert (await tess.delete(f"/api-keys/{key['id']}")).status_code == 204
    assert (await machine.get(f"/rooms/{room}")).json()["code"] == "invalid_api_key"
    assert text not in str(school.audited)


async def test_a_key_with_the_scope_has_a_socket_until_it_is_revoked_or_ends(school: School) -> None:
    """From no page: with a foreign Origin not even then."""
    tess = await school.browser(school.teacher)
    room = await school.room(tess)
    made = (await tess.post("/api-keys", {"title": "Bot", "scopes": ["live"], "expires_in_s": 60})).json()
    headers = {"Authorization": f"Bearer {made['key']}"}
    url = f"{school.edge.url.replace('http', 'ws', 1)}/api/v1/rooms/{room}/live"
    with pytest.raises(InvalidStatus):
        async with connect(
            url, additional_headers={**headers, "Origin": "https://evil.test"}, compression=None
        ):
            pass
    async with connect(url, additional_headers=headers, compression=None) as socket:
        await socket.send('{"t": "hello", "protocol": 1}')
        assert '"welcome"' in str(await socket.recv())
        assert (await tess.delete(f"/api-keys/{made['api_key']['id']}")).status_code == 204
        await socket.wait_closed()
        assert socket.close_code == 4004
    other = (
        await tess.post("/api-keys", {"title": "B", "scopes": ["rooms:read"], "expires_in_s": 60})
    ).json()
    machine = school.fresh_browser()
    machine.http.headers["Authorization"] = f"Bearer {other['key']}"
    assert (await machine.get("/rooms")).status_code == 200
    school.now += 61_000
    assert (await machine.get("/rooms")).json()["code"] == "invalid_api_key"


@pytest.mark.parametrize("header", ["Bearer cw_made-up", "Bearer", "Basic cw_x", "Bearer cw_" + "x" * 500])
async def test_a_wrong_authorization_is_refused_even_beside_a_good_cookie(
    school: School, header: str
) -> None:
    """What is said counts, not what comes along."""
    tess = await school.browser(school.teacher)
    answer = await tess.get("/rooms", headers={"Authorization": header})
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_api_key")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("cursor", ["", "x", "1", "1.", "-1.u", "1.u'--", "9" * 20 + ".u"])
def test_a_cursor_of_somebody_elses_making_is_refused(cursor: str) -> None:
    """It never reaches the database."""
    with pytest.raises(Problem):
        after(cursor)
