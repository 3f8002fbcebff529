"""A tenant's own consumer sees the tenant's log on a real server, and not that there is anything else."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import nats
import pytest
from nats.aio.client import Client
from nats.errors import NoRespondersError

import bus.setup
from bus import tenants
from bus.nats import connect
from bus.users import USERS, server_config
from deploy.services import Nats
from schemas import subjects
from schemas.envelope import Commit, Event, RecordedActor
from schemas.events.common import EventData
from schemas.events.floor import HandRaised
from schemas.events.lifecycle import SessionEnded, SessionStarted
from schemas.events.polls import PollAnswered
from schemas.events.tracks import TrackClosed, TrackMuted, TrackPublished
from schemas.ids import CommandId, ParticipantId, PollId, RoomId, RoomKey, SessionId, TenantId, TrackId
from schemas.media import MediaKind, Source
from schemas.polls import Answer
from schemas.settings import Settings
from tests import stack
from tests.integration.bus.given import until

PASSWORDS = {user: f"p-{user}" for user in USERS}
A, B = TenantId("school-a"), TenantId("school-b")
ROOM_A, ROOM_B = RoomKey(A, RoomId("r1")), RoomKey(B, RoomId("r1"))
NO_JETSTREAM = b"JetStream not enabled for account"  # What a tenant's own, empty account says.
EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "analytics.py"


class Schools:
    """A server with two tenants that have eyes on it, and the roles."""

    def __init__(self, server: stack.RunningNats) -> None:
        self.url = server.url
        self.is_free = False  # Whether tenants are without lists.

    def settings(self, user: str) -> Settings:
        return Settings(nats_url=self.url, nats_user=user, nats_password=PASSWORDS[user])

    async def happens(self, key: RoomKey, *events: EventData, seq: int = 1, at: int = 1_000) -> None:
        """A commit on the log."""
        commit = Commit(
            seq, at, CommandId(f"c{seq}"), RecordedActor("user", "u1"), tuple(Event(e) for e in events)
        )
        async with connect(self.settings("rooms"), "rooms") as rooms:
            last = 0
            async for stored in rooms.log.read(key):
                last = stored.stream_seq
            await rooms.log.append(key, commit, topic="lifecycle", expected_stream_seq=last)

    @asynccontextmanager
    async def eyes(self, tenant: TenantId) -> AsyncIterator[Client]:
        """A tenant's own connection."""

        async def note(_: Exception) -> None:
            """Refusals arrive here as well; the tests look at what comes of a request."""

        client = await nats.connect(
            self.url, user=tenants.user(tenant), password=f"p-{tenant}", error_cb=note, allow_reconnect=False
        )
        try:
            yield client
        finally:
            await client.close()

    async def open_ones(self, client: Client, requests: Mapping[str, Any]) -> list[str]:
        """The requests that were answered by anybody but the tenant's own empty account."""
        refused = await asyncio.gather(*(self._is_refused(client, *request) for request in requests.items()))
        return [request for request, is_refused in zip(requests, refused, strict=True) if not is_refused]

    async def _is_refused(self, client: Client, subject: str, body: Any) -> bool:
        try:
            answer = await client.request(subject, msgspec.json.encode(body or {}), timeout=0.5)
        except (NoRespondersError, TimeoutError):
            return True
        return NO_JETSTREAM in answer.data


@pytest.fixture(params=["as granted", "with every permission"])
async def schools(request: pytest.FixtureRequest) -> AsyncIterator[Schools]:
    """Once as they are, and once without their lists: then the account alone must hold."""
    config = tenants.accounts_config({A: f"p-{A}", B: f"p-{B}"})
    if request.param == "with every permission":
        accounts = {tenant: tenants.account(tenant, f"p-{tenant}") for tenant in (A, B)}
        for account in accounts.values():
            del account["users"][0]["permissions"]
        config = "\n".join(f'"tenant-{tenant}": {json.dumps(a)}' for tenant, a in accounts.items())
    with stack.server_directory() as directory:
        (directory / "nats").mkdir()
        (directory / "nats" / tenants.FILE).write_text(config)
        with stack.nats(directory, authorization=server_config(PASSWORDS)) as server:
            world = Schools(server)
            world.is_free = request.param != "as granted"
            await bus.setup.create(world.settings("setup"))
            for tenant in (A, B):
                await tenants.subscribe(world.settings("setup"), tenant)
            yield world


async def test_it_reads_its_own_log_whole_and_acknowledges(schools: Schools) -> None:
    await schools.happens(ROOM_B, SessionStarted(SessionId("s9"), "Secret of B"))
    await schools.happens(ROOM_A, SessionStarted(SessionId("s1"), "Physics"))
    async with schools.eyes(A) as client:
        durable = await client.jetstream().pull_subscribe_bind(consumer=f"tenant-{A}", stream="EVT")
        (message,) = await durable.fetch(10, timeout=5)
        assert message.subject == f"class.{A}.r1.evt.lifecycle"
        assert b"Physics" in message.data
        await message.ack_sync()
        info = json.loads((await client.request(tenants.INFO, b"", timeout=5)).data)
        assert (info["num_pending"], info["ack_floor"]["consumer_seq"]) == (0, 1)
        with pytest.raises(TimeoutError):
            await durable.fetch(10, timeout=0.3)


async def test_it_hears_its_own_classes_live_and_no_others(schools: Schools) -> None:
    heard: list[str] = []

    async def note(message: Any) -> None:
        heard.append(message.subject)

    async with schools.eyes(A) as client:
        await client.subscribe(f"live.{A}.>", cb=note)
        for pattern in (f"live.{B}.>", "live.>", ">", f"class.{B}.>", "$JS.>", "_INBOX.>"):
            await client.subscribe(pattern, cb=note)
        await client.flush()
        await client.flush()
        await schools.happens(ROOM_B, SessionStarted(SessionId("s9"), "Secret of B"))
        await schools.happens(ROOM_A, SessionStarted(SessionId("s1"), "Physics"))
        await until(lambda: len(heard) > 0)
        await client.flush()
        assert set(heard) == {f"live.{A}.r1.lifecycle"}


def requests_about(stream: str) -> dict[str, Any]:
    """Every request of JetStream's API that sees, reads or changes a stream."""
    spy = {"stream_name": stream, "config": {"durable_name": "spy", "ack_policy": "none"}}
    return {
        f"STREAM.INFO.{stream}": None,
        f"STREAM.MSG.GET.{stream}": {"seq": 1},
        f"DIRECT.GET.{stream}": {"seq": 1},
        f"DIRECT.GET.{stream}.class.{B}.r1.evt.lifecycle": None,
        f"STREAM.PURGE.{stream}": None,
        f"STREAM.DELETE.{stream}": None,
        f"STREAM.MSG.DELETE.{stream}": {"seq": 1},
        f"STREAM.UPDATE.{stream}": {"name": stream},
        f"STREAM.SNAPSHOT.{stream}": {"deliver_subject": "_INBOX.x"},
        f"CONSUMER.LIST.{stream}": None,
        f"CONSUMER.NAMES.{stream}": None,
        f"CONSUMER.CREATE.{stream}.spy": spy,
        f"CONSUMER.DURABLE.CREATE.{stream}.spy": spy,
        f"CONSUMER.DELETE.{stream}.tenant-{B}": None,
        f"CONSUMER.INFO.{stream}.tenant-{B}": None,
        f"CONSUMER.MSG.NEXT.{stream}.tenant-{B}": {"batch": 1},
    }


async def test_no_stream_can_be_seen_read_or_changed(schools: Schools) -> None:
    """Ours, the buckets, and what B has of them."""
    await schools.happens(ROOM_B, SessionStarted(SessionId("s9"), "Secret of B"))
    asked = {r: body for each in bus.setup.streams(1) for r, body in requests_about(each["name"]).items()}
    async with schools.eyes(A) as client:
        assert await schools.open_ones(client, {f"$JS.API.{r}": body for r, body in asked.items()}) == []


async def test_its_own_subscription_is_not_its_to_change(schools: Schools) -> None:
    """Nor is anything of the account, nor another filter on its own name."""
    own = f"tenant-{A}"
    wider = {"stream_name": "EVT", "config": {"durable_name": own, "filter_subject": "class.>"}}
    async with schools.eyes(A) as client:
        asked = {
            f"CONSUMER.DELETE.EVT.{own}": None,
            f"CONSUMER.CREATE.EVT.{own}.class.>": wider,
            f"CONSUMER.DURABLE.CREATE.EVT.{own}": wider,
            f"CONSUMER.PAUSE.EVT.{own}": {},
            "STREAM.LIST": None,
            "STREAM.NAMES": None,
            "STREAM.CREATE.MINE": {"name": "MINE", "subjects": ["mine"]},
            "META.LEADER.STEPDOWN": None,
        }
        assert await schools.open_ones(client, {f"$JS.API.{r}": body for r, body in asked.items()}) == []


FAMILIES = [
    subjects.event(ROOM_A, "chat"),
    subjects.event(ROOM_B, "chat"),
    subjects.command(ROOM_A, "end_session"),
    subjects.command(ROOM_B, "end_session"),
    subjects.control(ROOM_A, "end_session"),
    subjects.control(ROOM_B, "end_session"),
    subjects.record(ROOM_B, TrackId("t1")),
    subjects.job("webhook", ROOM_B),
    subjects.audit(B, "edge"),
    subjects.dead_letter("job.x"),
    subjects.hook(B, "prepare"),
    subjects.signal(ROOM_B, "levels"),
    subjects.alive("rooms-1"),
    "sfu.n1.open",
    "$KV.config.x",
    "$SYS.REQ.SERVER.PING",
]


async def test_it_reaches_no_role_and_no_stream(schools: Schools) -> None:
    """Every family of subjects: nobody of ours listens where a tenant speaks."""
    async with schools.eyes(A) as client:
        assert await schools.open_ones(client, dict.fromkeys(FAMILIES)) == []
    async with connect(schools.settings("rooms"), "rooms") as rooms:
        assert await rooms.log.last_stream_seq() == 0


async def test_a_pull_delivers_to_no_subject_of_others(schools: Schools) -> None:
    """The forgery that one account cannot stop: an event as the answer to B's command stream."""
    await schools.happens(ROOM_A, SessionStarted(SessionId("s1"), "Physics"))
    forged = subjects.command(ROOM_B, "end_session")
    heard: list[str] = []

    async def note(message: Any) -> None:
        heard.append(message.subject)

    async with schools.eyes(A) as client:
        await client.subscribe(forged, cb=note)
        pull = subjects.durable_pull(f"tenant-{A}")
        await client.publish(pull, b'{"batch": 1, "no_wait": true}', reply=forged)
        await client.flush()
        await client.request(tenants.INFO, b"", timeout=5)
        if schools.is_free:  # It stays among themselves.
            await until(lambda: len(heard) == 1)
    setup = await nats.connect(
        schools.url, user="setup", password=PASSWORDS["setup"], inbox_prefix=b"_INBOX.setup"
    )
    info = json.loads((await setup.request("$JS.API.STREAM.INFO.CMD", b"", timeout=2)).data)
    await setup.close()
    assert info["state"]["messages"] == 0


async def test_the_example_counts_each_lesson_once(schools: Schools, tmp_path: Path) -> None:
    """It runs as its first lines say, goes on where it was, and counts nothing of B."""
    track = TrackPublished(
        TrackId("t1"),
        ParticipantId("p1"),
        MediaKind.AUDIO,
        Source.MICROPHONE,
        "audio/opus",
        48_000,
        2,
        1,
        1,
        False,
    )
    answer = PollAnswered(PollId("q1"), "p1", (Answer(choices=(1,)),))
    await schools.happens(ROOM_A, SessionStarted(SessionId("s1"), "Physics"), track, at=1_000)
    await schools.happens(ROOM_B, SessionStarted(SessionId("s1"), "Secret"), HandRaised(ParticipantId("p1")))
    await schools.happens(ROOM_A, TrackMuted(TrackId("t1"), None), answer, seq=3, at=8_000)
    credentials = tmp_path / "school.json"
    credentials.write_text(
        json.dumps(
            {
                "servers": schools.url,
                "user": tenants.user(A),
                "password": f"p-{A}",
                "stream": "EVT",
                "durable": f"tenant-{A}",
            }
        )
    )
    assert await shown(credentials, tmp_path) == ["r1  Physics  7  0  1"]
    again = PollAnswered(PollId("q1"), "p1", (Answer(choices=(2,)),), before=((1,),))
    await schools.happens(ROOM_A, HandRaised(ParticipantId("p1")), again, seq=5, at=9_000)
    ended = SessionEnded(SessionId("s1"), "ended")
    await schools.happens(ROOM_A, TrackClosed(TrackId("t1"), "session_ended"), ended, seq=7, at=9_500)
    assert await shown(credentials, tmp_path) == ["r1  Physics  7  1  1"]


async def shown(credentials: Path, directory: Path) -> list[str]:
    """What the example prints under its heading."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(EXAMPLE),
        str(credentials),
        str(directory / "counts.db"),
        "--once",
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode().splitlines()[1:]


def test_what_lay_in_the_default_account_is_found_again(tmp_path: Path) -> None:
    """A directory of before there were accounts: its streams move into that of the roles."""
    (tmp_path / "jetstream" / "$G" / "streams").mkdir(parents=True)
    server = Nats(data=tmp_path, port=1, monitor_port=2, authorization=server_config(PASSWORDS))
    server.prepare()
    assert (tmp_path / "jetstream" / "CLASS" / "streams").is_dir()
    assert (tmp_path / tenants.FILE).read_text() == tenants.accounts_config({})
