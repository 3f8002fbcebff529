"""What all of the REST API has in common: keys, conditions, traces, rates, and what no table can keep."""

import asyncio
from typing import Any

import httpx
import pytest

from edge import identity
from edge.limiter import Rates
from schemas.limits import IDEMPOTENCY_BODY_BYTES_MAX, IDEMPOTENCY_LOCK_S, IDEMPOTENCY_S
from tests.integration.edge.conftest import School
from tests.integration.edge.page import Browser
from tests.integration.edge.promises import hold

Json = dict[str, Any]


async def send(browser: Browser, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
    """A request with any headers; its answer is one that the API promises."""
    sent = {"X-CSRF-Token": browser.cookie("cw_csrf") or ""}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await browser.http.request(method, f"/api/v1{path}", json=body, headers=sent)
    await hold(answer)
    return answer


# --- Idempotency-Key -----------------------------------------------------------------------------
async def test_every_write_answers_the_same_under_its_key(school: School) -> None:
    """Status, body and headers; a refusal too; and it is done once."""
    teacher = await school.browser(school.teacher)
    room = await school.room(teacher, live=False)
    seq = await school.bus.log.last_stream_seq()
    renamed = [
        await send(teacher, "PUT", f"/rooms/{room}/title", {"title": "A"}, Idempotency_Key="k1") for _ in "12"
    ]
    assert [answer.status_code for answer in renamed] == [200, 200]
    assert renamed[0].content == renamed[1].content
    assert renamed[1].headers["content-type"] == renamed[0].headers["content-type"]
    assert [answer.headers.get("idempotency-replayed") for answer in renamed] == [None, "true"]
    assert await school.bus.log.last_stream_seq() == seq + 1

    ended = [await send(teacher, "POST", f"/rooms/{room}/sessions/end", Idempotency_Key="k2") for _ in "12"]
    assert [(answer.status_code, answer.json()["code"]) for answer in ended] == [
        (409, "session_not_live")
    ] * 2
    assert ended[0].json()["request_id"] == ended[1].json()["request_id"], "the very same answer"

    hook = {"url": "https://hooks.example/c", "kinds": ["session.started"]}
    made = [await send(teacher, "POST", "/webhooks", hook, Idempotency_Key="k3") for _ in "12"]
    assert [answer.status_code for answer in made] == [201, 201]
    assert made[0].json() == made[1].json(), "the secret too"
    stored = await school.edge.parts.pool.fetchval(
        "select answer from identity.idempotent_request where key = 'k3'"
    )
    assert made[0].json()["secret"].encode() not in stored, "and it lies encrypted"
    name = made[0].json()["webhook"]["id"]
    gone = [await send(teacher, "DELETE", f"/webhooks/{name}", Idempotency_Key="k4") for _ in "12"]
    assert [(answer.status_code, answer.content) for answer in gone] == [(204, b"")] * 2
    assert (await send(teacher, "DELETE", f"/webhooks/{name}")).status_code == 404


async def test_a_key_belongs_to_a_login_and_guards_its_request(school: School) -> None:
    """Another method, address, condition or body is another request; another login has keys of its own."""
    teacher = await school.browser(school.teacher)
    first = await send(teacher, "POST", "/rooms", {"title": "Once"}, Idempotency_Key="k")
    assert first.status_code == 201
    room = first.json()["room"]
    for method, path, body in (
        ("POST", "/rooms", {"title": "Twice"}),
        ("POST", "/rooms?x=1", {"title": "Once"}),
        ("PUT", f"/rooms/{room}/title", {"title": "Once"}),
    ):
        other = await send(teacher, method, path, body, Idempotency_Key="k")
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused"), path
    elsewhere = await school.browser(school.teacher)
    second = await send(elsewhere, "POST", "/rooms", {"title": "Once"}, Idempotency_Key="k")
    assert (second.status_code, "idempotency-replayed" in second.headers) == (201, False)
    assert second.json()["room"] != room
    for key in ("", "ü", "x" * 201):
        csrf = (teacher.cookie("cw_csrf") or "").encode()
        sent = {b"X-CSRF-Token": csrf, b"Idempotency-Key": key.encode()}
        answer = await teacher.http.post("/api/v1/rooms", json={"title": "No"}, headers=sent)
        assert (answer.status_code, answer.json()["code"]) == (422, "malformed"), key


async def test_a_stored_answer_is_only_for_who_may_ask(school: School) -> None:
    """Guards come first: without the CSRF token, or signed out, there is no answer from the store."""
    teacher = await school.browser(school.teacher)
    assert (await send(teacher, "POST", "/rooms", {"title": "A"}, Idempotency_Key="k")).status_code == 201
    forged = await send(teacher, "POST", "/rooms", {"title": "A"}, Idempotency_Key="k", X_CSRF_Token="no")
    assert (forged.status_code, forged.json()["code"]) == (403, "csrf")
    foreign = await send(
        teacher, "POST", "/rooms", {"title": "A"}, Idempotency_Key="k", Origin="https://x.test"
    )
    assert foreign.json()["code"] == "foreign_origin"
    assert (await send(teacher, "POST", "/logout", Idempotency_Key="k9")).status_code == 200
    assert (await send(teacher, "POST", "/rooms", {"title": "A"}, Idempotency_Key="k")).status_code == 401


async def test_signing_in_is_never_repeated_from_the_store(school: School) -> None:
    """Its cookies are for one browser, once: a link is used up, whatever key comes with it."""
    browser = await school.browser(school.teacher)
    token = await identity.create_sign_in_link(school.edge.parts.pool, school.teacher.id)
    answers = [
        await send(browser, "POST", "/login/link", {"token": token}, Idempotency_Key="k") for _ in "12"
    ]
    assert [answer.status_code for answer in answers] == [200, 401]


async def test_a_repetition_while_the_first_is_at_work_waits(school: School) -> None:
    """409 with a time to come back; after the first one's process died it is done under the same id."""
    teacher = await school.browser(school.teacher)
    pool = school.edge.parts.pool
    assert (await send(teacher, "POST", "/rooms", {"title": "A"}, Idempotency_Key="k")).status_code == 201
    room = (await send(teacher, "POST", "/rooms", {"title": "A"}, Idempotency_Key="k")).json()["room"]
    await pool.execute("update identity.idempotent_request set status = null, answer = null")
    waiting = await send(teacher, "POST", "/rooms", {"title": "A"}, Idempotency_Key="k")
    assert (waiting.status_code, waiting.json()["code"]) == (409, "idempotency_in_progress")
    assert int(waiting.headers["retry-after"]) > 0
    school.now += IDEMPOTENCY_LOCK_S * 1000 + 1
    again = await send(teacher, "POST", "/rooms", {"title": "A"}, Idempotency_Key="k")
    assert (again.status_code, again.json()["room"]) == (201, room)
    assert await school.bus.log.last_stream_seq() == 1


async def test_keys_are_forgotten_and_bounded(school: School) -> None:
    """After a day, and the oldest beyond so many of a login; what is refused for now is not kept."""
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    pool = school.edge.parts.pool
    refused = await send(student, "POST", "/rooms", {"title": "A"}, Idempotency_Key="k")
    assert refused.status_code == 403
    assert await pool.fetchval("select count(*) from identity.idempotent_request") == 0
    await send(teacher, "POST", "/rooms", {"title": "A"}, Idempotency_Key="k")
    await pool.execute(
        "insert into identity.idempotent_request "
        "select login, 'old' || n, fingerprint, created_at - n, 0, 204 "
        "from identity.idempotent_request, generate_series(1, 1200) n"
    )
    await send(teacher, "POST", "/rooms", {"title": "B"}, Idempotency_Key="k2")
    assert await pool.fetchval("select count(*) from identity.idempotent_request") == 1_001
    await pool.execute(
        "update identity.idempotent_request set created_at = created_at - $1 where key = 'k'",
        IDEMPOTENCY_S * 1000,
    )
    fresh = await send(teacher, "POST", "/rooms", {"title": "C"}, Idempotency_Key="k")
    assert fresh.status_code == 201, "a forgotten key is a new one"
    assert IDEMPOTENCY_BODY_BYTES_MAX >= 1 << 16


async def test_two_at_once_under_one_key_are_done_once(school: School) -> None:
    """Whoever is second waits or gets the first one's answer."""
    teacher = await school.browser(school.teacher)
    answers = await asyncio.gather(
        *(send(teacher, "POST", "/rooms", {"title": "A"}, Idempotency_Key="k") for _ in range(10))
    )
    assert {answer.status_code for answer in answers} <= {201, 409}
    made = {answer.json()["room"] for answer in answers if answer.status_code == 201}
    assert len(made) == 1
    assert await school.bus.log.last_stream_seq() == 1


# --- conditions ----------------------------------------------------------------------------------
async def test_reads_say_when_nothing_has_changed(school: School) -> None:
    """ETag and 304 on every read; another ETag once it is different."""
    teacher = await school.browser(school.teacher)
    room = await school.room(teacher, live=False)
    first = await teacher.get(f"/rooms/{room}")
    etag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    for asked in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        same = await teacher.get(f"/rooms/{room}", headers={"If-None-Match": asked})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag), asked
    await teacher.put(f"/rooms/{room}/title", {"title": "Other"})
    changed = await teacher.get(f"/rooms/{room}", headers={"If-None-Match": etag})
    assert (changed.status_code, changed.json()["title"]) == (200, "Other")
    refused = await teacher.get("/rooms/none", headers={"If-None-Match": "*"})
    assert refused.status_code == 404


# --- traces --------------------------------------------------------------------------------------
async def test_a_request_is_known_by_its_names_up_to_the_log(school: School) -> None:
    """Accepted or made, returned, in problems, and in the header of the command."""
    teacher = await school.browser(school.teacher)
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    names = {"X-Request-Id": "mine.1", "traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    answer = await teacher.get("/rooms/none", headers=names)
    assert answer.headers["x-request-id"] == answer.json()["request_id"] == "mine.1"
    assert answer.headers["traceparent"] == answer.json()["traceparent"]
    assert answer.headers["traceparent"].split("-")[:2] == ["00", trace]
    assert answer.headers["traceparent"].split("-")[2] != "00f067aa0ba902b7", "a span of our own"
    for wrong in ("", "00-" + "0" * 32 + "-00f067aa0ba902b7-01", "ff-x", f"00-{trace}-" + "0" * 16 + "-01"):
        made = await teacher.get("/me", headers={"X-Request-Id": "no\tword", "traceparent": wrong})
        assert made.headers["x-request-id"] != "no\tword"
        assert made.headers["traceparent"].split("-")[1] not in {trace, "0" * 32}
    submitted: list[str] = []
    commands = school.edge.parts.bus.commands
    submit = commands.submit

    async def watched(envelope: Any, **options: Any) -> Any:
        submitted.append(envelope.traceparent)
        return await submit(envelope, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(commands, "submit", watched)
        made = await send(teacher, "POST", "/rooms", {"title": "A"}, traceparent=names["traceparent"])
    assert submitted == [made.headers["traceparent"]]


# --- rates ---------------------------------------------------------------------------------------
async def test_who_asks_too_often_is_told_how_much_is_left(school: School) -> None:
    """Per login, whatever the address; others go on."""
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    object.__setattr__(school.edge.parts, "rates", Rates(per_minute=3))
    answers = [await teacher.get("/me") for _ in range(5)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused, [answer.headers for answer in answers]
    assert refused[0].json()["code"] == "too_many_requests"
    assert 0 < int(refused[0].headers["retry-after"]) <= 20
    assert (
        answers[0].headers["ratelimit-policy"]
        == '"address";q=300;w=60, "tenant";q=600;w=60, "login";q=3;w=60'
    )
    left = [part.split(";") for part in answers[0].headers["ratelimit"].split(", ")]
    assert [part[0] for part in left] == ['"address"', '"tenant"', '"login"']
    assert left[2][1] == "r=2"
    assert (await student.get("/me")).status_code == 200


# --- texts ---------------------------------------------------------------------------------------
async def test_what_no_table_can_keep_is_refused_at_the_door(school: School) -> None:
    """NUL in an address, a query or a body; a backslash before it makes it an ordinary text."""
    teacher = await school.browser(school.teacher)
    room = await school.room(teacher, live=False)
    assert (await teacher.get(f"/rooms/{room}/sessions/a%00b/attendance")).status_code == 404
    assert (await teacher.get("/rooms?course=a%00b")).status_code == 422
    nul = await teacher.put(f"/rooms/{room}/title", {"title": "a\0b"})
    assert (nul.status_code, nul.json()["code"]) == (422, "malformed")
    assert (await teacher.put(f"/rooms/{room}/title", {"title": "a\\u0000b"})).status_code == 200
    sent = {"X-CSRF-Token": teacher.cookie("cw_csrf") or "", "Content-Type": "application/json"}
    raw = await teacher.http.put(
        f"/api/v1/rooms/{room}/title", content=b'{"title":"\\\\\\u0000"}', headers=sent
    )
    assert raw.status_code == 422
