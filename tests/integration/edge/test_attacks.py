"""Attacks on identity over real HTTP, one test each (reliability S10, S12, S13, S14).

Those on tokens alone stand in ``tests/unit/edge/test_tokens.py``, those on OpenID Connect in ``test_oidc``,
those of one school on another in ``test_tenants``.
"""

import base64
import dataclasses
import json
import secrets
from typing import Any

import jwt
import msgspec
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from edge.app import create_app
from edge.auth import login_cookies
from edge.identity import Passwords
from edge.logins import Login
from schemas.ids import LoginId
from schemas.limits import (
    ACCESS_TOKEN_S,
    LOGIN_ATTEMPTS_PER_ACCOUNT_PER_MINUTE,
    LOGIN_ATTEMPTS_PER_MINUTE,
    LOGIN_FAILURES_PER_ADDRESS_PER_MINUTE,
    REFRESH_GRACE_S,
    SIGNING_KEY_ANNOUNCE_S,
    SIGNING_KEY_S,
)
from tests.integration.edge.conftest import School, until
from tests.integration.edge.letters import Mailbox
from tests.integration.edge.page import Browser

API = "/api/v1"
STUDENT = {"email": "student@demo.test", "password": "staple staple staple"}


def thief_with(school: School, token: str) -> Browser:
    """Another browser that holds somebody's refresh token."""
    thief = school.fresh_browser()
    thief.http.cookies.set("cw_refresh", token, domain="127.0.0.1", path="/api/v1/login")
    thief.http.cookies.set("cw_csrf", "x", domain="127.0.0.1", path="/")
    return thief


async def test_a_stolen_refresh_token_ends_the_family_and_its_owner_is_told(school: School) -> None:
    """By mail, at the next sign-in, in the list, until they say that they know; and by AUDIT (S12)."""
    owner = school.fresh_browser()
    assert (await owner.post("/login", STUDENT)).json()["stolen"] == []
    stolen = owner.cookie("cw_refresh") or ""
    thief = thief_with(school, stolen)
    assert (await thief.post("/login/refresh")).status_code == 200
    taken = thief.cookie("cw_refresh") or ""
    school.now += (REFRESH_GRACE_S + 1) * 1000
    assert (await owner.post("/login/refresh")).status_code == 401
    assert (await thief_with(school, taken).post("/login/refresh")).status_code == 401
    assert (await owner.get("/me")).status_code == 401
    again = await owner.post("/login", STUDENT)
    (told,) = again.json()["stolen"]
    assert (told["method"], told["address"]) == ("password", "127.0.0.1")
    assert [x["id"] for x in (await owner.get("/logins")).json()["stolen"]] == [told["id"]]
    assert "was ended" in (await Mailbox(school).texts("student@demo.test"))[-1]
    assert (await owner.post("/logins/stolen/seen")).status_code == 200
    assert (await owner.post("/login", STUDENT)).json()["stolen"] == []
    await until(lambda: "login.reuse_detected" in [fact["type"] for _, fact in school.audited])


async def test_a_stored_refresh_token_is_a_hash(school: School) -> None:
    """Who reads the database cannot sign in."""
    browser = await school.browser(school.student)
    rows = await school.edge.parts.pool.fetch("select * from identity.refresh")
    assert (browser.cookie("cw_refresh") or "?") not in str([dict(row) for row in rows])


def writes(school: School) -> list[tuple[str, str]]:
    """Method and path of every write of the API, with made-up names."""
    found = []
    for route in _routes(school):
        if not hasattr(route, "methods"):
            continue  # A socket.
        path = route.path
        for part in ("room", "session", "user", "login", "key", "provider", "tenant"):
            path = path.replace(f"{{{part}:str}}", "x1")
        if path.startswith(API) and "{" not in path:
            found += [(method, path) for method in route.methods if method not in {"GET", "HEAD", "OPTIONS"}]
    return found


def _routes(school: School) -> list[Any]:
    return list(create_app(school.edge.parts).routes)


async def test_no_write_is_done_for_a_foreign_page_or_without_the_header(school: School) -> None:
    """CSRF (S14): every write of the API, from a foreign Origin, as a form, and without the token."""
    tess = await school.browser(school.teacher)
    begin = {f"{API}/login", f"{API}/logout"}
    done = []
    listed = writes(school)
    assert len(listed) > 20
    for method, path in listed:
        foreign = await tess.http.request(method, path, json={}, headers={"Origin": "https://evil.test"})
        form = await tess.http.request(
            method, path, content=b"{}", headers={"Content-Type": "text/plain", "X-CSRF-Token": "x"}
        )
        bare = await tess.http.request(method, path, json={})
        if foreign.json()["code"] != "foreign_origin":
            done.append(f"{method} {path}: {foreign.text}")
        if form.status_code not in {403, 415, 404}:
            done.append(f"{method} {path} as a form: {form.text}")
        if not path.startswith(f"{API}/login") and bare.json().get("code") not in {"csrf", "malformed"}:
            done.append(f"{method} {path} without header: {bare.text}")
    assert done == []
    assert begin <= {path for _, path in listed}
    assert (await tess.get("/me")).status_code == 200
    assert await school.bus.log.last_stream_seq() == 0


async def test_reads_change_nothing(school: School) -> None:
    """GET with effects (S14): every one without names leaves the log and the accounts as they were."""
    tess = await school.browser(school.teacher)
    count = "select (select count(*) from identity.person) + (select count(*) from identity.login)"
    before = await school.edge.parts.pool.fetchval(count)
    for route in _routes(school):
        if "GET" in getattr(route, "methods", ()) and route.path.startswith(API) and "{" not in route.path:
            assert (await tess.http.get(route.path)).status_code < 500, route.path
    assert await school.edge.parts.pool.fetchval(count) == before
    assert await school.bus.log.last_stream_seq() == 0


async def test_cookies_are_bound_to_the_host_and_kept_from_scripts(school: School) -> None:
    """S14: ``__Host-``, Secure, HttpOnly, SameSite, ten minutes, where the site is https."""
    site = msgspec.structs.replace(school.edge.parts.site, is_secure=True, origin="https://class.example")
    parts = dataclasses.replace(school.edge.parts, site=site)
    access, refresh, csrf = login_cookies(parts, Login(LoginId("l1"), school.teacher, "secret"), 0)
    assert (access.key, access.path, access.httponly, access.secure) == ("__Host-cw_access", "/", True, True)
    assert (access.samesite, access.max_age, access.domain) == ("lax", ACCESS_TOKEN_S, None)
    assert ACCESS_TOKEN_S == 600
    assert (refresh.key, refresh.httponly, refresh.secure) == ("__Secure-cw_refresh", True, True)
    assert (refresh.samesite, refresh.path, refresh.domain) == ("strict", "/api/v1/login", None)
    assert (csrf.key, csrf.httponly, csrf.secure, csrf.samesite) == ("__Host-cw_csrf", False, True, "strict")


@pytest.mark.parametrize("origin", ["https://evil.test", "null", None])
async def test_a_page_of_another_site_gets_no_socket(school: School, origin: str | None) -> None:
    """Cross-site WebSocket hijacking (S10): refused in the handshake, whatever cookies come along."""
    tess = await school.browser(school.teacher)
    room = await school.room(tess)
    cookies = "; ".join(f"{c.name}={c.value}" for c in tess.http.cookies.jar)
    headers = {"Cookie": cookies} | ({"Origin": origin} if origin else {})
    with pytest.raises(InvalidStatus) as refused:
        async with connect(live(school, room), additional_headers=headers, compression=None):
            pass
    assert refused.value.response.status_code == 403


def live(school: School, room: str, query: str = "") -> str:
    """The address of a room's socket."""
    return f"{school.edge.url.replace('http', 'ws', 1)}{API}/rooms/{room}/live{query}"


async def test_a_token_in_an_address_counts_for_nothing(school: School) -> None:
    """S10: neither over HTTP nor on the socket, where the cookie of another tenant opens nothing either."""
    tess, olga = await school.browser(school.teacher), await school.browser(school.stranger)
    room = await school.room(tess)
    access = tess.cookie("cw_access") or ""
    for name in ("access_token", "token", "cw_access", "authorization"):
        assert (await school.fresh_browser().get(f"/me?{name}={access}")).status_code == 401
    async with connect(
        live(school, room, f"?access_token={access}&cw_access={access}"),
        additional_headers={"Origin": school.edge.url},
        compression=None,
    ) as socket:
        await socket.wait_closed()
        assert socket.close_code == 4004
    async with olga.socket(room) as line:
        await line.send(t="hello", protocol=1)
        assert (await line.closed())[0] == 4010


async def test_the_host_of_a_request_is_never_believed(school: School) -> None:
    """Host-header injection: letters, guest links, provider returns and redirects name our own site."""
    evil = {"Host": "evil.test", "X-Forwarded-Host": "evil.test", "Forwarded": "host=evil.test"}
    tess = await school.browser(school.teacher)
    room = await school.room(tess)
    asked = await school.fresh_browser().http.post(
        f"{API}/login/password/forgotten", json={"email": STUDENT["email"]}, headers=evil
    )
    assert asked.status_code == 202
    assert await Mailbox(school).token(STUDENT["email"], "reset")
    headers = {"X-CSRF-Token": tess.cookie("cw_csrf") or "", **evil}
    cookies = "; ".join(f"{c.name}={c.value}" for c in tess.http.cookies.jar)
    link = await tess.http.post(
        f"{API}/rooms/{room}/guest-links", json={}, headers={**headers, "Cookie": cookies}
    )
    assert link.json()["url"].startswith(f"{school.edge.url}/r/")
    back = await tess.http.get(f"{API}/login/oidc/none/return?state=x", headers=evil)
    assert back.headers["location"] == f"{school.edge.url}/signin#problem=sign_in_interrupted"
    assert "evil" not in link.text + back.text + str(back.headers)


async def test_fields_that_are_not_ones_own_to_set_are_refused(school: School) -> None:
    """Mass assignment: what a body may say is a closed list, wherever it makes or changes an account."""
    tess, sam = await school.browser(school.teacher), await school.browser(school.student)
    user = {"email": "x@demo.test", "display_name": "X"}
    key = {"title": "K", "scopes": ["rooms:read"]}
    for path, body in (
        ("/users", {**user, "tenant": "other"}),
        ("/users", {**user, "id": "u1"}),
        ("/users", {**user, "email_verified": True}),
        ("/users", {**user, "capabilities": ["operate"]}),
        ("/api-keys", {**key, "tenant": "other"}),
        ("/api-keys", {**key, "created_by": "u1"}),
        ("/api-keys", {**key, "scopes": ["everything"]}),
        ("/login", {**STUDENT, "capabilities": ["administer"]}),
        ("/login/link", {"token": "x" * 20, "user": school.teacher.id}),
        ("/me/password", {"present": STUDENT["password"], "password": "y" * 20, "user": school.teacher.id}),
    ):
        answer = await tess.post(path, body)
        assert (answer.status_code, answer.json()["code"]) == (422, "malformed"), (path, body)
    headers = {"X-CSRF-Token": sam.cookie("cw_csrf") or ""}
    for change in ({"capabilities": ["administer"]}, {"tenant": "other"}):
        risen = await sam.http.patch(f"{API}/users/{school.student.id}", json=change, headers=headers)
        assert risen.status_code in {403, 422}
    assert (await sam.post("/login/refresh")).json()["user"]["capabilities"] == ["learn"]


async def test_forged_access_tokens_open_nothing(school: School) -> None:
    """S13 over HTTP: alg none, HS256, a foreign key by ``jku`` and ``kid``, a refresh token as access."""
    tess = await school.browser(school.teacher)
    good = tess.cookie("cw_access") or ""
    header, body, _ = good.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    kid = json.loads(base64.urlsafe_b64decode(header + "=="))["kid"]
    secret = secrets.token_bytes(32)
    forged = {
        "none": jwt.encode(claims, "", algorithm="none", headers={"kid": kid, "typ": "at+jwt"}),
        "hs256": jwt.encode(claims, secret, algorithm="HS256", headers={"kid": kid, "typ": "at+jwt"}),
        "kid": jwt.encode(claims, secret, algorithm="HS256", headers={"kid": "../../dev/null"}),
        "jku": jwt.encode(
            claims, secret, algorithm="HS256", headers={"kid": kid, "jku": "https://evil.test"}
        ),
        "refresh": tess.cookie("cw_refresh") or "",
        "csrf": tess.cookie("cw_csrf") or "",
        "cut": good[:-4],
        "body": good.replace(body, base64.urlsafe_b64encode(b'{"sub": "u1"}').decode()),
    }
    for name, token in forged.items():
        thief = school.fresh_browser()
        thief.http.cookies.set("cw_access", token, domain="127.0.0.1", path="/")
        assert (await thief.get("/me")).status_code == 401, name
    thief = thief_with(school, good)
    assert (await thief.post("/login/refresh")).status_code == 401  # Nor the other way round.


async def test_nobody_learns_who_has_an_account(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    """Enumeration: the same answer and the same work for known, unknown and disabled people."""
    checks: list[str] = []
    verify = Passwords._verify

    def counted(self: Passwords, hashed: str, password: str) -> bool:
        checks.append(hashed.split("$")[1])
        return verify(self, hashed, password)

    monkeypatch.setattr(Passwords, "_verify", counted)
    pool = school.edge.parts.pool
    await pool.execute("update identity.person set disabled_at = 1 where email = 'student@demo.test'")
    answers = []
    for email in ("teacher@demo.test", "nobody@demo.test", "student@demo.test", "teacher@other.test"):
        browser = school.fresh_browser()
        for path, body in (
            ("/login", {"email": email, "password": "staple staple staple"}),
            ("/login/password/forgotten", {"email": email}),
        ):
            answer = await browser.post(path, body)
            said = {k: v for k, v in answer.json().items() if k not in {"request_id", "traceparent"}}
            answers.append((path, answer.status_code, json.dumps(said), sorted(answer.headers)))
    assert len({repr(each) for each in answers}) == 2
    assert checks == ["argon2id"] * 4  # One real check each, whoever it was.


async def test_guessing_is_slow_from_one_address_and_from_many(school: School) -> None:
    """Brute force, by the clock of the test. The owner still comes in from where they have been before."""
    attempts, now = school.edge.parts.attempts, school.clock()
    tried = [attempts.take("10.0.0.1", "sam", now) for _ in range(LOGIN_ATTEMPTS_PER_MINUTE + 5)]
    assert tried.count(True) == LOGIN_ATTEMPTS_PER_MINUTE
    assert attempts.take("10.0.0.1", "sam", now + 60_000)
    everywhere = [attempts.take_account(STUDENT["email"], now) for _ in range(200)]
    assert everywhere.count(True) == LOGIN_ATTEMPTS_PER_ACCOUNT_PER_MINUTE
    for _ in range(LOGIN_FAILURES_PER_ADDRESS_PER_MINUTE):
        attempts.failed("10.0.0.2", now)
    assert not attempts.may("10.0.0.2", "anybody", now)
    assert attempts.may("10.0.0.3", "anybody", now)
    stranger = await school.fresh_browser().post("/login", STUDENT)
    assert (stranger.status_code, stranger.headers["retry-after"]) == (429, "60")
    login = (
        "insert into identity.login (id, person, created_at, expires_at, address) values ('l9', $1, 0, 1, $2)"
    )
    await school.edge.parts.pool.execute(login, school.student.id, "127.0.0.1")
    assert (await school.fresh_browser().post("/login", STUDENT)).status_code == 200
    unknown = [attempts.take_account("nobody@demo.test", now) for _ in range(200)]
    assert unknown == everywhere
    school.now += 61_000
    assert (await school.fresh_browser().post("/login", STUDENT)).status_code == 200


async def test_signing_keys_change_and_nobody_is_signed_out(school: School) -> None:
    """Announced before it signs, on two edges; the old one verifies to the end; seeds are sealed."""
    browser = await school.browser(school.teacher)
    async with school.open_edge("edge-2") as second:
        elsewhere = Browser(second.url)
        elsewhere.http.cookies = browser.http.cookies
        first_kid = kid_of(browser)
        assert school.edge.parts.ring.keys[0].kid == first_kid == second.parts.ring.keys[0].kid
        announced = await school.edge.parts.keys.rotate()
        assert await second.parts.keys.rotate() == announced  # Not one more.
        assert school.edge.parts.ring.keys[0].kid == first_kid  # It does not sign yet.
        school.now += (SIGNING_KEY_ANNOUNCE_S + 1) * 1000
        await school.edge.parts.keys.look()
        assert (await elsewhere.get("/me")).status_code == 200  # By the old key, on the other edge.
        assert (await browser.post("/login/refresh")).status_code == 200
        assert kid_of(browser) == announced
        assert (await elsewhere.get("/me")).status_code == 200  # By the new one, which it had read before.
        school.now += 2 * ACCESS_TOKEN_S * 1000
        await school.edge.parts.keys.look()
        assert [key.kid for key in school.edge.parts.ring.keys] == [announced]
        school.now += SIGNING_KEY_S * 1000
        await school.edge.parts.keys.look()
        assert len(school.edge.parts.ring.keys) == 2  # By itself, after a month.
        await elsewhere.http.aclose()
    ring = school.edge.parts.ring
    rows = await school.edge.parts.pool.fetch("select seed from identity.signing_key")
    assert not any(ring.keys[0].seed.encode() in row["seed"] for row in rows)


def kid_of(browser: Browser) -> str:
    """The key that signed this browser's access token."""
    kid: str = jwt.get_unverified_header(browser.cookie("cw_access") or "")["kid"]
    return kid
