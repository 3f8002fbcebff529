"""Anonymous by construction: what of a vote is kept anywhere, and when its secret is gone."""

import asyncio
import re
from collections.abc import Iterator
from typing import cast

import msgspec
import pytest

from bus import setup
from bus.api import call
from bus.connection import connection
from bus.interface import Bucket, Bus, Conflict, Refused, Unavailable
from bus.kv import NatsBucket
from bus.memory import memory_bus
from bus.users import USERS, server_config
from projectors.database import MODELS
from projectors.model import Fact
from rooms.service.run import rooms_service
from rooms.service.secrets import Secrets, alias_of
from rooms.snapshot import decode
from schemas import subjects
from schemas.commands.lifecycle import CreateRoom, EndSession, StartSession
from schemas.commands.polls import AnswerPoll, AskPoll, ClosePoll, PublishResults
from schemas.commands.pulse import SendPulse
from schemas.commands.roster import JoinSession
from schemas.envelope import Accepted, Commit, Rejected, encode_commit
from schemas.events.polls import PollAnswered, PollOpened
from schemas.ids import CommandId, PollId
from schemas.polls import Answer, PollItem
from schemas.rejections import Code
from schemas.settings import Settings
from tests import stack
from tests.integration.rooms.conftest import World
from tests.unit.rooms.classroom import KEY, SAM, TESS, VERA, envelope, who

SUM = PollItem("single", "2 + 2?", ("3", "4"), correct=(1,))
WHY = PollItem("text", "Why?")
KV_KEY = subjects.room_kv_key(KEY)
VOTE = (Answer((1,)), Answer(text="So."))


async def open_poll(world: World) -> PollId:
    """A class in which an anonymous poll is open."""
    await world.accepted(TESS, CreateRoom("Algebra"))
    await world.accepted(TESS, StartSession())
    for person in (TESS, SAM, VERA):
        await world.accepted(person, JoinSession(person.display_name))
    await world.accepted(TESS, AskPoll((SUM, WHY), anonymous=True))
    return (await world.happened(PollOpened)).poll


async def secret_names(world: World) -> set[str]:
    """The names of the secrets of the room."""
    entry = await world.bus.bucket(subjects.SECRET).get(KV_KEY)
    return set() if entry is None else set(msgspec.json.decode(entry.value))


def rows(commits: list[Commit]) -> str:
    """Everything that the read models write of these commits."""
    facts = [Fact(KEY, c.seq + i, c.at, e.data, c.actor) for c in commits for i, e in enumerate(c.events)]
    return repr([write.args for model in MODELS for fact in facts for write in model.writes(fact)])


async def test_an_anonymous_vote_leaves_its_author_nowhere(world: World) -> None:
    async with world.rooms("rooms-a"):
        poll = await open_poll(world)
        before = len(await world.log())
        await world.ask(SAM, AnswerPoll(poll, VOTE), "sams-vote")
        await world.ask(SAM, SendPulse("lost"), "sams-signal")
        await world.accepted(TESS, ClosePoll(poll))
        await world.accepted(TESS, PublishResults(poll))
        commits = (await world.log())[before:]
        of_sam = [c for c in commits if c.actor.kind == "anonymous"]
        buckets = {
            name: await world.bus.bucket(name).entries()
            for name in subjects.BUCKETS
            if name != subjects.ROOM_SNAPSHOT
        }
        await world.accepted(TESS, EndSession())
        await world.ask(TESS, EndSession())  # By now what followed the first is written.
        snapshot = await world.bus.bucket(subjects.ROOM_SNAPSHOT).get(KV_KEY)
    vote, signal = of_sam
    assert vote.actor.id != signal.actor.id, "a poll and the pulse have different aliases"
    for kept_anywhere in (repr([encode_commit(c) for c in commits]), rows(of_sam), repr(buckets)):
        assert not re.search(rf"\b(sam|{who(SAM)}|sams-vote|sams-signal)\b", kept_anywhere)
    assert snapshot is not None
    kept = decode(KEY, snapshot.value)
    assert kept is not None
    for commit in of_sam:
        known = {
            author for author, done in kept.state.commands.items() if commit.cause in {r.id for r in done}
        }
        assert known == {f"anonymous.{commit.actor.id}"}


async def test_the_secret_is_gone_with_the_poll_and_with_the_class(world: World) -> None:
    async with world.rooms("rooms-a"):
        poll = await open_poll(world)
        assert await secret_names(world) == set()
        await world.accepted(SAM, AnswerPoll(poll, VOTE))
        await world.accepted(SAM, SendPulse("lost"))
        names = await secret_names(world)
        assert poll in names
        assert len(names) == 2
        await world.accepted(TESS, ClosePoll(poll))
        await world.accepted(TESS, JoinSession("Tess"))  # By now what followed is written.
        assert await secret_names(world) == names - {poll}
        await world.accepted(TESS, EndSession())
        await world.ask(TESS, EndSession())
        assert await secret_names(world) == set()


async def test_a_vote_repeated_at_the_next_process_counts_once(world: World) -> None:
    async with world.rooms("rooms-a"):
        poll = await open_poll(world)
        first = await world.ask(SAM, AnswerPoll(poll, VOTE), "once")
        assert isinstance(first, Accepted)
    async with world.rooms("rooms-b"):
        assert await world.ask(SAM, AnswerPoll(poll, VOTE), "once") == first
        await world.accepted(SAM, AnswerPoll(poll, (Answer((0,)), Answer())))
        await world.accepted(VERA, AnswerPoll(poll, VOTE))
        answers = [e.data for c in await world.log() for e in c.events if isinstance(e.data, PollAnswered)]
        assert [a.before for a in answers] == [None, ((1,), (0,)), None]
        assert answers[0].voter == answers[1].voter != answers[2].voter
        await world.accepted(TESS, ClosePoll(poll))
        late = await world.ask(SAM, AnswerPoll(poll, VOTE), "once")
        assert isinstance(late, Rejected)
        assert late.code is Code.POLL_NOT_OPEN


async def test_what_a_dead_process_did_not_destroy_the_next_one_does(world: World) -> None:
    """It died after the poll's closing was on the log, and before the secret was gone."""
    async with world.rooms("rooms-a"):
        poll = await open_poll(world)
        await world.accepted(SAM, AnswerPoll(poll, VOTE))
        kept = await world.bus.bucket(subjects.SECRET).get(KV_KEY)
        assert kept is not None
        await world.accepted(TESS, ClosePoll(poll))
    await world.bus.bucket(subjects.SECRET).put(KV_KEY, kept.value)
    async with (
        asyncio.timeout(60),
        world.bus.bucket(subjects.SECRET).watch(KV_KEY) as changes,
        world.rooms("rooms-b"),
    ):
        assert (await anext(changes)).entry is not None
        assert (await anext(changes)).entry is None


class WithoutSecrets:
    """A bus whose bucket of secrets can be out of reach."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.is_down = False
        self.was_asked = asyncio.Event()

    def __getattr__(self, name: str) -> object:
        return getattr(self._bus, name)

    def bucket(self, name: str) -> Bucket:
        """A KV bucket, unless it is down."""
        if name == subjects.SECRET and self.is_down:
            self.was_asked.set()
            raise Unavailable(name)
        return self._bus.bucket(name)


async def test_without_its_secret_a_vote_is_not_signed_but_expires(world: World) -> None:
    async with world.open("rooms-a") as bus:
        flaky = WithoutSecrets(bus)
        async with rooms_service(cast("Bus", flaky), world.clock):
            poll = await open_poll(world)
            flaky.is_down = True
            vote = asyncio.create_task(world.ask(SAM, AnswerPoll(poll, VOTE)))
            await flaky.was_asked.wait()
            world.clock.ahead_ms = 60_000
            outcome = await vote
            flaky.is_down = False
    assert isinstance(outcome, Rejected)
    assert outcome.code is Code.EXPIRED
    assert "poll.answered" not in await world.types()


# --- the bucket ----------------------------------------------------------------------------------
async def test_two_processes_never_have_two_secrets_of_one_name() -> None:
    async with memory_bus().open("rooms-a") as bus:
        mine, theirs = Secrets(bus, KEY), Secrets(bus, KEY)
        await theirs.keep_only(())
        sent = envelope(SAM, AnswerPoll(PollId("q1"), VOTE))
        hidden = await mine.hide("q1", sent)
        with pytest.raises(Conflict):
            await theirs.hide("q1", sent)
        assert await theirs.hide("q1", sent) == hidden
        other = await theirs.hide("q2", sent)
        assert len({sent.id, hidden[0].id, other[0].id, hidden[1], other[1]}) == 5
        with pytest.raises(Conflict):
            await mine.keep_only(())
        await mine.keep_only(("q1",))
        assert await mine.hide("q1", sent) == hidden


def test_an_alias_needs_the_secret_and_the_person() -> None:
    aliases = {alias_of(secret, person) for secret in (b"a", b"b") for person in (SAM, VERA)}
    assert len(aliases) == 4
    assert all(msgspec.convert(alias, CommandId) for alias in aliases)


@pytest.fixture(scope="module")
def guarded() -> Iterator[str]:
    """A server that knows its users."""
    passwords = {user: f"p-{user}" for user in USERS}
    with (
        stack.server_directory() as directory,
        stack.nats(directory, authorization=server_config(passwords)) as server,
    ):
        settings = Settings(nats_url=server.url, nats_user="setup", nats_password="p-setup")
        asyncio.run(setup.create(settings))
        yield server.url


@pytest.mark.parametrize("user", USERS)
async def test_only_rooms_reads_and_writes_secrets(guarded: str, user: str) -> None:
    stored = f"KV_{subjects.SECRET}"
    async with (
        asyncio.timeout(60),
        connection([guarded], user, f"p-{user}", name=user, role=user) as link,
    ):
        bucket = NatsBucket(link, subjects.SECRET)
        if user == "rooms":
            revision = await bucket.put(KV_KEY, b"{}")
            assert await bucket.get(KV_KEY) is not None
            await bucket.delete(KV_KEY, revision)
            return
        with pytest.raises(Refused):
            await bucket.get(KV_KEY)
        with pytest.raises(Refused):
            await bucket.put(KV_KEY, b"{}")
        for request in (f"STREAM.MSG.GET.{stored}", f"CONSUMER.CREATE.{stored}.spy.>"):
            with pytest.raises(Refused):
                await call(link, request, {})
