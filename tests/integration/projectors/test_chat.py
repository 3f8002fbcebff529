"""Chat in the read model: what became of each message, and that nobody reads another's."""

import asyncpg
import pytest

from bus.interface import Bus
from projectors.reads import chat, floor
from projectors.reads.chat import MessageRow, ReactionRow
from schemas.events import EventData
from schemas.events.chat import (
    MessageDeleted,
    MessageEdited,
    MessageHeld,
    MessagePinned,
    MessagePosted,
    MessageReactedTo,
    MessageRejected,
    MessageUnpinned,
    MessageUnreactedTo,
)
from schemas.events.floor import Reacted
from schemas.events.lifecycle import RoomCreated, SessionEnded, SessionStarted
from schemas.events.redaction import REMOVED_PERSON, Redacted
from schemas.ids import MessageId, ParticipantId, RedactionId, RoomId, RoomKey, SessionId, UserId
from schemas.media import Role
from schemas.messages import EVERYONE, TO_STAFF
from schemas.reactions import Reaction
from tests.integration.projectors.classes import EPOCH_MS, SCHOOL, RoomLog
from tests.integration.projectors.conftest import project

Pool = asyncpg.Pool
T = EPOCH_MS
ANNA, BEN, CARL, TESS = (ParticipantId(name) for name in ("anna", "ben", "carl", "tess"))
KEY = RoomKey(SCHOOL, RoomId("room1"))


def room() -> RoomLog:
    """A room in class."""
    log = RoomLog(KEY)
    log.commit(T, RoomCreated("Algebra", UserId("teacher"), Role.SPEAKER))
    log.commit(T, SessionStarted(SessionId("s1"), "Monday"))
    return log


def posted(message: str, author: ParticipantId = ANNA, to: ParticipantId = EVERYONE) -> MessagePosted:
    """A message whose text is its name."""
    return MessagePosted(MessageId(message), author, author.title(), message, to=to)


def written(*facts: EventData) -> RoomLog:
    """A room in which this happened, second by second."""
    log = room()
    for n, fact in enumerate(facts):
        log.commit(T + 1_000 * (n + 1), fact)
    return log


async def read(pool: Pool, reader: ParticipantId, *, is_staff: bool = False) -> tuple[MessageRow, ...]:
    """All that this person may read."""
    return await chat.messages(pool, KEY, None, 100, reader=reader, is_staff=is_staff)


async def test_messages_are_paged_backwards(bus: Bus, tables: str, pool: Pool) -> None:
    log = written(*(posted(f"Message {n}") for n in range(7)))
    await project(bus, tables, [log])
    latest = await chat.messages(pool, KEY, None, 3, reader=BEN, is_staff=False)
    assert [m.text for m in latest] == ["Message 4", "Message 5", "Message 6"]
    earlier = await chat.messages(pool, KEY, latest[0].seq, 3, reader=BEN, is_staff=False)
    assert [m.text for m in earlier] == ["Message 1", "Message 2", "Message 3"]


@pytest.mark.parametrize("is_staff", [False, True], ids=["student", "staff"])
async def test_nobody_reads_what_is_not_for_them(bus: Bus, tables: str, pool: Pool, is_staff: bool) -> None:
    """Carl, once as a student and once as staff, is neither author nor addressee of anything."""
    log = written(
        posted("to all"),
        posted("to staff", ANNA, TO_STAFF),
        posted("private", ANNA, BEN),
        posted("secret", ANNA, BEN),
        MessageDeleted(MessageId("secret"), ANNA),
        MessageHeld(MessageId("held"), ANNA, "Anna", "held"),
        MessageHeld(MessageId("rejected"), ANNA, "Anna", "rejected"),
        MessageRejected(MessageId("rejected"), TESS),
    )
    await project(bus, tables, [log])
    for_carl = ["to all", "to staff", "held", "rejected"] if is_staff else ["to all"]
    assert [m.id for m in await read(pool, CARL, is_staff=is_staff)] == for_carl
    for_ben = {*for_carl, "private", "secret"}
    assert {m.id for m in await read(pool, BEN, is_staff=is_staff)} == for_ben
    for_anna = ["to all", "to staff", "private", "secret", "held", "rejected"]
    assert [m.id for m in await read(pool, ANNA, is_staff=is_staff)] == for_anna
    mixed = await chat.messages(pool, KEY, None, 1, reader=CARL, is_staff=False)
    assert [m.id for m in mixed] == ["to all"], "what is hidden takes no place on a page"


async def test_a_message_tells_what_became_of_it(bus: Bus, tables: str, pool: Pool) -> None:
    m1 = MessageId("m1")
    log = written(
        MessagePosted(m1, ANNA, "Anna", "E=mc^2", "formula", reply_to=MessageId("m0")),
        MessageEdited(m1, "E = mc^2"),
        MessagePinned(m1, TESS),
        MessageReactedTo(m1, BEN, Reaction.CLAP),
        MessageReactedTo(m1, CARL, Reaction.HEART),
        MessageReactedTo(m1, BEN, Reaction.HEART),
        MessageReactedTo(m1, TESS, Reaction.LAUGH),
        MessageReactedTo(m1, ANNA, Reaction.LAUGH),
        MessageUnreactedTo(m1, ANNA),
    )
    await project(bus, tables, [log])
    assert await read(pool, BEN) == (
        MessageRow(
            id=m1,
            seq=3,
            at=T + 1_000,
            participant=ANNA,
            display_name="Anna",
            text="E = mc^2",
            format="formula",
            to=EVERYONE,
            reply_to=MessageId("m0"),
            edited_at=T + 2_000,
            deleted_at=None,
            pinned=True,
            held=False,
            rejected=False,
            reactions=(ReactionRow(Reaction.HEART, 2), ReactionRow(Reaction.LAUGH, 1)),
        ),
    )


async def test_the_words_of_a_deleted_message_are_gone_for_all(bus: Bus, tables: str, pool: Pool) -> None:
    m1 = MessageId("m1")
    log = written(
        posted("m1"),
        MessagePinned(m1, TESS),
        MessageReactedTo(m1, BEN, Reaction.CLAP),
        MessageDeleted(m1, TESS),
        MessageEdited(m1, "again"),
    )
    await project(bus, tables, [log])
    for reader, is_staff in ((ANNA, False), (BEN, False), (TESS, True)):
        (row,) = await read(pool, reader, is_staff=is_staff)
        assert (row.text, row.pinned, row.reactions, row.deleted_at) == ("", False, (), T + 4_000)
    assert await pool.fetchval("select count(*) from read.messages where text <> ''") == 0


async def test_an_approved_message_has_the_place_of_its_approval(bus: Bus, tables: str, pool: Pool) -> None:
    log = written(
        MessageHeld(MessageId("m1"), ANNA, "Anna", "m1"),
        posted("m2", BEN),
        posted("m1"),
        posted("m3", BEN),
        MessagePinned(MessageId("m3"), TESS),
        MessageUnpinned(MessageId("m3"), TESS),
    )
    await project(bus, tables, [log])
    assert [(m.id, m.held, m.pinned) for m in await read(pool, CARL)] == [
        ("m2", False, False),
        ("m1", False, False),
        ("m3", False, False),
    ]


async def test_redaction_reaches_what_was_written(bus: Bus, tables: str, pool: Pool) -> None:
    def redacted(what: str, **fields: object) -> Redacted:
        whole = {"participant": None, "recordings": (), "since_ms": 0, "until_ms": 0, "message": None}
        return Redacted(RedactionId(f"x-{what}"), what, **{**whole, **fields})  # type: ignore[arg-type]

    log = written(
        posted("m1"),
        posted("m2", BEN),
        redacted("message", message=MessageId("m1")),
        redacted("person", participant=BEN),
        redacted("span"),
    )
    await project(bus, tables, [log])
    assert [(m.display_name, m.text) for m in await read(pool, CARL)] == [
        ("Anna", ""),
        (REMOVED_PERSON, "m2"),
    ]


async def test_reactions_are_counted_for_each_class(bus: Bus, tables: str, pool: Pool) -> None:
    log = written(
        Reacted(ANNA, Reaction.CLAP),
        Reacted(BEN, Reaction.HEART),
        Reacted(ANNA, Reaction.HEART),
        SessionEnded(SessionId("s1"), "ended"),
        SessionStarted(SessionId("s2"), "Tuesday"),
        Reacted(BEN, Reaction.LAUGH),
    )
    await project(bus, tables, [log])
    assert await floor.reactions(pool, KEY, SessionId("s1")) == (
        ReactionRow(Reaction.HEART, 2),
        ReactionRow(Reaction.CLAP, 1),
    )
    assert await floor.reactions(pool, KEY, SessionId("s2")) == (ReactionRow(Reaction.LAUGH, 1),)
    assert await floor.reactions(pool, KEY, SessionId("s3")) == ()
