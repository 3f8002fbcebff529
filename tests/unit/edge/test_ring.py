"""What an edge keeps of a room for pages that come back: bounded in number and in bytes."""

import pytest

from edge import ring
from edge.ring import Ring, Taken
from schemas.envelope import Commit, Event, RecordedActor, encode_commit
from schemas.events.chat import MessagePosted
from schemas.ids import CommandId, MessageId, ParticipantId

NOBODY: frozenset[ParticipantId] = frozenset()


def taken(seq: int, text: str = "hello") -> Taken:
    """A commit of one event."""
    said = MessagePosted(MessageId("m"), ParticipantId("p1"), "Tess", text)
    return Taken(Commit(seq, 1, CommandId("c"), RecordedActor("user", "u"), (Event(said),)), NOBODY)


def seqs(kept: Ring) -> list[int]:
    """What is in it."""
    return [each.commit.seq for each in kept]


def test_the_oldest_go_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ring, "RESUME_RING_COMMITS", 3)
    kept = Ring()
    assert seqs(kept) == []
    for seq in range(1, 6):
        kept.append(taken(seq))
    assert seqs(kept) == [3, 4, 5]
    assert kept.start == 3


def test_the_oldest_go_when_they_are_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand strokes of 60 kB are 60 MB: as many as fit are kept."""
    large = taken(9, "x" * 1_000)
    monkeypatch.setattr(ring, "RESUME_RING_BYTES", 2 * len(encode_commit(large.commit)))
    kept = Ring()
    for seq in range(1, 6):
        kept.append(taken(seq))
    for seq in range(6, 10):
        kept.append(taken(seq, "x" * 1_000))
    assert seqs(kept) == [8, 9]
    kept.clear()
    for seq in range(1, 6):
        kept.append(taken(seq))
    assert seqs(kept) == [1, 2, 3, 4, 5]


def test_what_was_before_is_put_in_front_if_all_of_it_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ring, "RESUME_RING_COMMITS", 4)
    kept = Ring()
    kept.append(taken(4))
    kept.append(taken(5))
    kept.prepend([taken(1), taken(2), taken(3)])
    assert seqs(kept) == [4, 5]
    kept.prepend([taken(2), taken(3)])
    assert seqs(kept) == [2, 3, 4, 5]
    monkeypatch.setattr(ring, "RESUME_RING_BYTES", 10)
    kept.clear()
    kept.prepend([taken(1)])
    assert seqs(kept) == []
