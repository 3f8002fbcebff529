"""What is missing in the stream is noticed: ``bus.holes.Holes``."""

import pytest

from bus.holes import Holes
from bus.interface import Purged, Stored
from schemas.ids import RoomId, RoomKey, TenantId
from tests.integration.bus.given import commit

ONE = RoomKey(TenantId("t1"), RoomId("r1"))
TWO = RoomKey(TenantId("t1"), RoomId("r2"))


def at(stream_seq: int, seq: int, key: RoomKey = ONE) -> Stored:
    return Stored(key, stream_seq, commit(seq))


def test_a_whole_stream_wants_no_archive() -> None:
    holes = Holes(0)
    for batch in ([at(1, 1), at(2, 1, TWO)], [at(3, 2)]):
        assert not holes.wants_archive(batch)
        holes.check(batch)


def test_the_first_hole_wants_the_archive_once() -> None:
    holes = Holes(0)
    batch = [at(5, 5)]
    assert holes.wants_archive(batch)
    holes.filled({ONE: 5})
    holes.check(batch)
    later = [at(8, 6)]
    assert not holes.wants_archive(later)
    holes.check(later)


def test_behind_a_position_the_next_message_is_the_next_one() -> None:
    assert not Holes(7).wants_archive([at(8, 3)])
    assert Holes(7).wants_archive([at(9, 3)])


def test_a_beginning_that_is_nowhere_is_noticed() -> None:
    holes = Holes(0)
    batch = [at(5, 5)]
    holes.wants_archive(batch)
    holes.filled({})
    with pytest.raises(Purged):
        holes.check(batch)


def test_a_log_that_is_put_away_while_it_is_read_is_noticed() -> None:
    holes = Holes(0)
    holes.filled({})
    holes.check([at(1, 1), at(2, 2)])
    with pytest.raises(Purged):
        holes.check([at(9, 5)])


def test_behind_a_position_a_rooms_first_commit_is_believed() -> None:
    holes = Holes(7)
    holes.check([at(8, 3)])
    with pytest.raises(Purged):
        holes.check([at(9, 5)])
