"""A school's own system is told what happened: signed, again where it failed, never twice under two names.

It takes half a minute: each test has a school of its own, and waits for what is told by way of the log,
Postgres, the jobs and a worker.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import msgspec
import pytest

import bus.jobs
from artifacts import outbound
from artifacts.archiver import put_away
from artifacts.outbound import OutboundError
from artifacts.webhooks import deliver
from bus.background import background
from rooms.follower import load, save
from schemas.ids import RoomId, RoomKey
from schemas.limits import JOB_ATTEMPTS_MAX, WEBHOOK_FAILING_S, WEBHOOK_OLD_SECRET_S, WEBHOOKS_PER_TENANT_MAX
from schemas.settings import Settings
from schemas.webhooks import read_networks
from tests.integration.edge.conftest import DEMO, School, until
from tests.integration.edge.page import Browser
from tests.integration.edge.receiver import Receiver, answering

Json = dict[str, Any]
KINDS = ["session.started", "session.ended", "participant.joined", "participant.left", "recording.ready"]
LOOPBACK = "127.0.0.1/32"


@pytest.fixture
def edge_settings(edge_settings: Settings) -> Settings:
    """Receivers of tests live on loopback, by http."""
    return msgspec.structs.replace(edge_settings, webhook_networks=LOOPBACK)


@pytest.fixture
async def receiver(school: School, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Receiver]:
    """A receiver, and a worker that delivers to it without the pauses between attempts."""
    monkeypatch.setattr(bus.jobs, "JOB_BACKOFF_S", (0.01,))
    async with (
        Receiver().listening() as receiver,
        school.memory.open("artifacts") as worker,
        background(deliver(worker, read_networks(LOOPBACK))),
    ):
        yield receiver


async def make(browser: Browser, url: str, **fields: Any) -> Json:
    """A webhook of all kinds."""
    made = await browser.post("/webhooks", {"url": url, "kinds": KINDS, **fields})
    assert made.status_code == 201, made.text
    answer: Json = made.json()
    return answer


async def deliveries(browser: Browser, hook: str, query: str = "") -> list[Json]:
    """The list, latest first."""
    answer = await browser.get(f"/webhooks/{hook}/deliveries{query}")
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.json()["deliveries"]
    return found


async def settled(browser: Browser, hook: str, status: str, count: int = 1) -> list[Json]:
    """The deliveries of this status, once there are so many."""
    while True:
        found = await deliveries(browser, hook, f"?status={status}")
        if len(found) >= count:
            return found


async def execute(school: School, statement: str, argument: int) -> None:
    """Lets days go by for a row."""
    await school.edge.parts.pool.execute(statement, argument)


async def change(browser: Browser, hook: str, **fields: Any) -> Json:
    """PATCH, as our page does."""
    headers = {"X-CSRF-Token": browser.cookie("cw_csrf") or ""}
    answer = await browser.http.patch(f"/api/v1/webhooks/{hook}", json=fields, headers=headers)
    assert answer.status_code == 200, answer.text
    changed: Json = answer.json()
    return changed


async def test_a_receiver_is_told_signed_and_in_sequence(school: School, receiver: Receiver) -> None:
    """Start, join, leave and end of a class arrive; nobody's name does, nor what was before."""
    teacher = await school.browser(school.teacher)
    await school.room(teacher, title="Before")
    made = await make(teacher, receiver.url)
    secret, hook = made["secret"], made["webhook"]["id"]
    room = await school.room(teacher)
    async with teacher.page(room) as tess:
        await tess.accepted("join_session", display_name="Tess")
        await tess.accepted("leave_session")
        await tess.accepted("end_session")
    await until(lambda: len(receiver.received) >= 4)
    await settled(teacher, hook, "delivered", 4)
    events = sorted((r.event for r in receiver.received), key=lambda event: int(event["sequence"]))
    assert [e["type"] for e in events] == [KINDS[0], KINDS[2], KINDS[3], KINDS[1]]
    assert [e["sequence"] for e in events] == ["1", "2", "3", "4"]
    assert {e["source"] for e in events} == {f"/tenants/demo/rooms/{room}"}
    assert {e["specversion"] for e in events} == {"1.0"}
    assert len({r.headers["webhook-id"] for r in receiver.received}) == 4
    for one in receiver.received:
        assert one.line == "POST /hooks HTTP/1.1"
        assert one.headers["content-type"] == "application/cloudevents+json"
        assert one.is_signed_by(secret)
        assert not one.is_signed_by("whsec_" + "A" * 44)
        assert b"Tess" not in one.body
        assert school.teacher.id.encode() not in one.body
    told = [fact["type"] for _, fact in school.audited if fact["type"].startswith("webhook.")]
    assert told == ["webhook.created"]


async def test_only_the_kinds_that_were_asked_for(school: School, receiver: Receiver) -> None:
    teacher = await school.browser(school.teacher)
    made = await make(teacher, receiver.url, kinds=["session.ended"])
    room = await school.room(teacher)
    assert (await teacher.post(f"/rooms/{room}/sessions/end", {})).status_code == 200
    (row,) = await settled(teacher, made["webhook"]["id"], "delivered")
    assert (row["kind"], row["answer"], row["attempts"]) == ("session.ended", 204, 1)
    assert len(receiver.received) == 1


async def test_a_failed_attempt_is_repeated_under_the_same_id(school: School, receiver: Receiver) -> None:
    receiver.statuses = [500, 302, 200]
    receiver.location = "http://127.0.0.1:9/elsewhere"
    teacher = await school.browser(school.teacher)
    made = await make(teacher, receiver.url, kinds=["session.started"])
    await school.room(teacher)
    (row,) = await settled(teacher, made["webhook"]["id"], "delivered")
    assert (row["attempts"], row["answer"], row["error"]) == (3, 200, "")
    assert len({r.headers["webhook-id"] for r in receiver.received}) == 1
    assert all(r.is_signed_by(made["secret"]) for r in receiver.received)


async def test_a_dead_letter_is_listed_and_told_again(school: School, receiver: Receiver) -> None:
    """After the last attempt it lies in DLQ and in the list; redelivering begins a new round."""
    receiver.statuses = [500] * JOB_ATTEMPTS_MAX + [204]
    teacher = await school.browser(school.teacher)
    hook = (await make(teacher, receiver.url, kinds=["session.started"]))["webhook"]["id"]
    await school.room(teacher)
    (dead,) = await settled(teacher, hook, "dead")
    assert (dead["attempts"], dead["answer"]) == (JOB_ATTEMPTS_MAX, 500)
    assert dead["error"] == "The receiver answered 500."
    assert len(await school.bus.jobs.dead()) == 1
    assert (await teacher.get(f"/webhooks/{hook}")).json()["failing_since"] is not None

    again = await teacher.post(f"/webhooks/{hook}/deliveries/{dead['id']}/redeliver")
    assert again.json() == {"deliveries": 1}
    (row,) = await settled(teacher, hook, "delivered")
    assert (row["id"], row["round"], row["attempts"]) == (dead["id"], 2, 1)
    assert {r.headers["webhook-id"] for r in receiver.received} == {dead["id"]}
    assert (await teacher.get(f"/webhooks/{hook}")).json()["failing_since"] is None


async def test_replay_from_a_sequence_and_from_a_time(school: School, receiver: Receiver) -> None:
    teacher = await school.browser(school.teacher)
    hook = (await make(teacher, receiver.url, kinds=["session.started"]))["webhook"]["id"]
    for _ in range(3):
        await school.room(teacher)
    first = await settled(teacher, hook, "delivered", 3)
    assert (await teacher.post(f"/webhooks/{hook}/replay", {"after": 1})).json() == {"deliveries": 2}
    await until(lambda: len(receiver.received) == 5)
    ids = [r.headers["webhook-id"] for r in receiver.received]
    assert sorted(ids[3:]) == sorted(row["id"] for row in first if row["sequence"] > 1)
    await settled(teacher, hook, "delivered", 3)
    last = first[0]["at"]
    assert (await teacher.post(f"/webhooks/{hook}/replay", {"since": last})).json() == {"deliveries": 1}
    await until(lambda: len(receiver.received) == 6)
    for wrong in ({}, {"after": 1, "since": 1}, {"after": -1}):
        assert (await teacher.post(f"/webhooks/{hook}/replay", wrong)).status_code == 422


async def test_paused_it_is_told_later_by_a_replay(school: School, receiver: Receiver) -> None:
    teacher = await school.browser(school.teacher)
    hook = (await make(teacher, receiver.url, kinds=["session.started"]))["webhook"]["id"]
    assert (await change(teacher, hook, state="paused"))["state"] == "paused"
    await school.room(teacher)
    (held,) = await settled(teacher, hook, "held")
    assert receiver.received == []
    refused = await teacher.post(f"/webhooks/{hook}/replay", {"after": 0})
    assert refused.json()["code"] == "webhook_not_active"
    await change(teacher, hook, state="active")
    assert (await teacher.post(f"/webhooks/{hook}/replay", {"after": 0})).json() == {"deliveries": 1}
    (row,) = await settled(teacher, hook, "delivered")
    assert row["id"] == held["id"]


async def test_what_fails_for_days_is_switched_off_and_says_so(school: School, receiver: Receiver) -> None:
    receiver.statuses = [503]
    teacher = await school.browser(school.teacher)
    hook = (await make(teacher, receiver.url, kinds=["session.started"]))["webhook"]["id"]
    await school.room(teacher)
    await settled(teacher, hook, "dead")
    days = (WEBHOOK_FAILING_S + 1) * 1000
    await execute(school, "update identity.webhook set failing_since = failing_since - $1", days)
    await school.room(teacher)
    await settled(teacher, hook, "held")
    shown = (await teacher.get(f"/webhooks/{hook}")).json()
    assert (shown["state"], shown["reason"]) == ("disabled", "failing")
    receiver.statuses = [204]
    back = await change(teacher, hook, state="active")
    assert (back["state"], back["reason"], back["failing_since"]) == ("active", "", None)
    assert (await teacher.post(f"/webhooks/{hook}/replay", {"after": 0})).json() == {"deliveries": 2}
    await settled(teacher, hook, "delivered", 2)


async def test_a_receiver_that_says_gone_is_switched_off_at_once(school: School, receiver: Receiver) -> None:
    receiver.statuses = [410]
    teacher = await school.browser(school.teacher)
    hook = (await make(teacher, receiver.url, kinds=["session.started"]))["webhook"]["id"]
    await school.room(teacher)
    (row,) = await settled(teacher, hook, "dead")
    assert (row["attempts"], row["answer"]) == (1, 410)
    shown = (await teacher.get(f"/webhooks/{hook}")).json()
    assert (shown["state"], shown["reason"]) == ("disabled", "gone")


async def test_a_new_secret_and_the_old_one_for_a_day(school: School, receiver: Receiver) -> None:
    teacher = await school.browser(school.teacher)
    made = await make(teacher, receiver.url, kinds=["session.started"])
    hook, old = made["webhook"]["id"], made["secret"]
    rotated = (await teacher.post(f"/webhooks/{hook}/rotate-secret")).json()
    new = rotated["secret"]
    assert new != old
    assert "secret" not in rotated["webhook"]
    await school.room(teacher)
    await until(lambda: len(receiver.received) == 1)
    assert receiver.received[0].is_signed_by(old)
    assert receiver.received[0].is_signed_by(new)
    day = WEBHOOK_OLD_SECRET_S * 1000
    await execute(school, "update identity.webhook set old_secret_until = old_secret_until - $1", day)
    await school.room(teacher)
    await until(lambda: len(receiver.received) == 2)
    assert not receiver.received[1].is_signed_by(old)
    assert receiver.received[1].is_signed_by(new)


async def test_nothing_is_lost_while_no_edge_follows(school: School, receiver: Receiver) -> None:
    """A second edge takes over where the first one was; each event is told once."""
    teacher = await school.browser(school.teacher)
    hook = (await make(teacher, receiver.url, kinds=["session.started"]))["webhook"]["id"]
    await school.room(teacher)
    async with school.open_edge("edge-2") as second:
        await school.memory.kill("edge-1")
        other = await school.browser(school.teacher, second)
        await school.room(other)
        await settled(other, hook, "delivered", 2)
        assert sorted(r.event["sequence"] for r in receiver.received) == ["1", "2"]
        await school.memory.start()


async def test_administrators_alone_and_their_own_tenant(school: School, receiver: Receiver) -> None:
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    stranger = await school.browser(school.stranger)
    hook = (await make(teacher, receiver.url))["webhook"]["id"]
    assert (await student.get("/webhooks")).status_code == 403
    assert (await student.post("/webhooks", {"url": receiver.url, "kinds": KINDS})).status_code == 403
    assert (await stranger.get("/webhooks")).json() == {"webhooks": []}
    assert (await stranger.delete(f"/webhooks/{hook}")).status_code == 404
    assert (await teacher.delete(f"/webhooks/{hook}")).status_code == 204
    assert (await teacher.get(f"/webhooks/{hook}")).status_code == 404


async def test_a_repeated_request_makes_one_webhook(school: School, receiver: Receiver) -> None:
    teacher = await school.browser(school.teacher)
    body = {"url": receiver.url, "kinds": KINDS}
    first = await teacher.post("/webhooks", body, Idempotency_Key="k1")
    again = await teacher.post("/webhooks", body, Idempotency_Key="k1")
    assert first.json() == again.json()
    for n in range(WEBHOOKS_PER_TENANT_MAX - 1):
        await make(teacher, f"{receiver.url}/{n}")
    full = await teacher.post("/webhooks", body)
    assert (full.status_code, full.json()["code"]) == (409, "limit_reached")


@pytest.mark.parametrize(
    "url", ["https://10.0.0.1/", "https://[::ffff:127.0.0.1]/", "https://u:p@example.org/", "gopher://x.org/"]
)
async def test_addresses_of_our_own_are_refused_when_written(school: School, url: str) -> None:
    teacher = await school.browser(school.teacher)
    refused = await teacher.post("/webhooks", {"url": url, "kinds": KINDS})
    assert (refused.status_code, refused.json()["code"]) == (422, "webhook_address")


# --- where a worker goes -------------------------------------------------------------------------
async def leads_to(*addresses: str) -> list[str]:
    """A name server's answer."""
    return list(addresses)


@pytest.mark.parametrize(
    "addresses",
    [
        ("127.0.0.1",),
        ("10.1.2.3",),
        ("169.254.169.254",),
        ("100.64.0.1",),
        ("::1",),
        ("::ffff:127.0.0.1",),
        ("fe80::1%eth0",),
        ("fd00::1",),
        ("ff02::1",),
        ("0.0.0.0",),
        ("8.8.8.8", "127.0.0.1"),
        (),
    ],
)
async def test_a_name_that_leads_into_our_network_is_refused(addresses: tuple[str, ...]) -> None:
    """Whatever it looked like when it was written: every address counts."""
    with pytest.raises(OutboundError, match="leads"):
        await outbound.post(
            "https://rebind.example/", {}, b"", resolve=lambda _host, _port: leads_to(*addresses)
        )


async def test_the_address_that_was_judged_is_the_one_that_is_used() -> None:
    """The name is looked up once; a second answer would have led elsewhere."""
    asked = 0

    async def resolve(_host: str, _port: int) -> list[str]:
        nonlocal asked
        asked += 1
        return ["127.0.0.1"]

    async with Receiver().listening() as receiver:
        port = receiver.url.split(":")[2].split("/")[0]
        status = await outbound.post(
            f"http://nowhere.invalid:{port}/x", {}, b"{}", read_networks(LOOPBACK), resolve=resolve
        )
        assert (status, asked) == (204, 1)
        assert receiver.received[0].headers["host"] == f"nowhere.invalid:{port}"


async def test_plain_http_leads_to_opened_networks_alone() -> None:
    with pytest.raises(OutboundError, match="https"):
        await outbound.post(
            "http://example.org/", {}, b"", read_networks(LOOPBACK), resolve=lambda *_: leads_to("8.8.8.8")
        )


def test_our_own_addresses_are_known() -> None:
    assert outbound.is_ours(read_networks(LOOPBACK)[0].network_address)
    assert not outbound.is_ours(read_networks("192.0.2.1/32")[0].network_address)


@pytest.mark.parametrize(
    "said", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nx: " + b"y" * 40_000]
)
async def test_an_answer_that_is_not_http_or_too_long(said: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)

    async with answering(answer) as port:
        with pytest.raises(OutboundError, match="HTTP"):
            await outbound.post(f"http://127.0.0.1:{port}/", {}, b"", read_networks(LOOPBACK))


async def test_silence_ends() -> None:
    async def silence(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with answering(silence) as port:
        with pytest.raises(OutboundError, match="in time"):
            await outbound.post(f"http://127.0.0.1:{port}/", {}, b"", read_networks(LOOPBACK), timeout_s=0.1)


async def test_interim_answers_are_passed_over() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 201 Created\r\n\r\n")

    async with answering(answer) as port:
        assert await outbound.post(f"http://127.0.0.1:{port}/", {}, b"", read_networks(LOOPBACK)) == 201


async def test_a_class_whose_log_was_put_away_meanwhile_is_told_in_order(
    school: School, receiver: Receiver
) -> None:
    """The follower stands still while a class is held and put away, and another one goes on."""
    teacher = await school.browser(school.teacher)
    hook = (await make(teacher, receiver.url))["webhook"]["id"]
    holder = await asyncpg.connect(school.settings.postgres)
    async with holder.transaction():
        await holder.execute("select stream_seq from identity.webhook_position for update")
        rooms = [await a_class_held(teacher, school) for _ in range(2)]
        while not await holder.fetchval("select exists (select from pg_locks where not granted)"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        key = RoomKey(DEMO, RoomId(rooms[0]))
        await save(school.bus, await load(school.bus, key))
        await put_away(school.bus, key, (await load(school.bus, key)).stream_seq)
        # The follower loses its connection, and what it has heard with it.
        await holder.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()"
        )
    await holder.close()
    told = await settled(teacher, hook, "delivered", 8)
    kinds = ["session.ended", "participant.left", "participant.joined", "session.started"]
    assert [(one["room"], one["kind"]) for one in told] == [
        (room, kind) for room in reversed(rooms) for kind in kinds
    ]
    assert [one["sequence"] for one in told] == list(range(8, 0, -1))


async def a_class_held(teacher: Browser, school: School) -> str:
    """A room in which a class was held, and is over."""
    room = await school.room(teacher)
    async with teacher.page(room) as tess:
        await tess.accepted("join_session", display_name="Tess")
        await tess.accepted("end_session")
    return room
