"""Subjects and storage of the twin in memory."""

import pytest

from bus.memory_streams import Stream, StreamError, matches
from bus.publisher import EXPECTED_LAST, EXPECTED_LAST_FILTER
from bus.setup import streams
from schemas import subjects

TABLE = {config["name"]: config for config in streams(1)}


@pytest.mark.parametrize(
    ("pattern", "subject", "result"),
    [
        ("a.b", "a.b", True),
        ("a.b", "a.b.c", False),
        ("a.b.c", "a.b", False),
        ("a.*", "a.b", True),
        ("a.*", "a.b.c", False),
        ("a.*.c", "a.b.c", True),
        ("a.>", "a.b.c", True),
        ("a.>", "a", False),
        (">", "a", True),
        ("*", "a", True),
        ("*", "a.b", False),
    ],
)
def test_wildcards_match_as_on_the_server(pattern: str, subject: str, result: bool) -> None:
    assert matches(pattern, subject) is result


async def test_a_command_is_stored_under_its_partition() -> None:
    stream = Stream(TABLE[subjects.CMD])
    seq, _ = stream.store("class.t1.r1.cmd.post_message", b"", {})
    record = stream.get(seq)
    assert record is not None
    stored = subjects.parse_command(record.subject)
    assert stored is not None
    assert 0 <= stored.partition < subjects.PARTITIONS
    assert (str(stored.key), stored.command) == ("t1/r1", "post_message")


async def test_a_conditional_write_looks_at_its_filter() -> None:
    stream = Stream(TABLE[subjects.EVT])
    room = {EXPECTED_LAST: "0", EXPECTED_LAST_FILTER: "class.t1.r1.evt.>"}
    stream.store("class.t1.r1.evt.chat", b"", room)
    with pytest.raises(StreamError) as refused:
        stream.store("class.t1.r1.evt.floor", b"", room)
    assert refused.value.answer["err_code"] == 10071
    stream.store("class.t1.r1.evt.floor", b"", room | {EXPECTED_LAST: "1"})


async def test_a_bucket_keeps_one_value_per_key() -> None:
    stream = Stream(TABLE["KV_deadline"])
    for n in range(3):
        stream.store("$KV.deadline.a", b"%d" % n, {})
    assert [record.data for record in stream.after(0, ">")] == [b"2"]


async def test_a_commit_is_republished_by_room_and_topic() -> None:
    stream = Stream(TABLE[subjects.EVT])
    seq, _ = stream.store("class.t1.r1.evt.chat", b"", {})
    record = stream.get(seq)
    assert record is not None
    assert stream.republished(record) == "live.t1.r1.chat"
