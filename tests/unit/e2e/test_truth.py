"""The judge of watches and of what schools see must catch what it is there for."""

import json

import pytest

from schemas.envelope import Commit, Event, RecordedActor, encode_commit
from schemas.events.roster import ParticipantJoined, ParticipantLeft
from schemas.ids import CommandId, ConnectionId, EdgeId, ParticipantId
from schemas.media import Role
from tests.e2e.truth import Row, Span, Watch, attendance_problems, commits, ids_in, strangers_in
from tests.simulation.truth import Interval, classes_at_once

WHO = ParticipantId("pabcdefghijklmnop")


def watch() -> Watch:
    """In class from 1 s to 61 s, with a gap of 2 s; each known to 200 ms."""
    kept = Watch()
    kept.answered("join_session", Span(1_000, 1_200), accepted=True)
    kept.cut(20_000)
    kept.answered("post_message", Span(21_900, 22_000), accepted=True)
    kept.answered("leave_session", Span(61_000, 61_200), accepted=True)
    return kept


def test_a_watch_knows_between_which_times_somebody_was_there() -> None:
    kept = watch()
    assert (kept.shortest_ms, kept.longest_ms) == (57_800, 60_200)
    assert not kept.is_inside


def test_a_refused_wish_moves_nobody() -> None:
    kept = Watch()
    kept.answered("join_session", Span(0, 1), accepted=False)
    assert not kept.is_inside


TRUE = Row(60_000, [1_100], [61_100])


@pytest.mark.parametrize(
    ("logged", "rows", "complaint"),
    [
        ([Interval(1_100, 61_100)], [TRUE], ""),
        ([Interval(1_100, 63_100)], [Row(62_000, [1_100], [63_100])], "the log has 62000"),
        ([Interval(1_100, 51_100)], [Row(50_000, [1_100], [51_100])], "the log has 50000"),
        ([Interval(1_100, 61_100)], [Row(59_999, [1_100], [61_100])], "59999 ms are written"),
        ([Interval(1_100, 61_100)], [TRUE, Row(0, [], [])], "came 1 times, 2 are written"),
        ([Interval(1_100, 61_100)], [Row(60_000, [61_100], [1_100])], "left before coming"),
        ([Interval(1_100, 61_100)], [Row(60_000, [1_100, 5_000], [6_000, 60_100])], "twice at once"),
    ],
)
def test_what_the_watch_does_not_say_is_found(
    logged: list[Interval], rows: list[Row], complaint: str
) -> None:
    problems = attendance_problems("Ann", watch(), logged, rows)
    assert [complaint in problem for problem in problems] == [True] * bool(complaint)


def visit(begin: int, end: int | None) -> list[Commit]:
    """Somebody comes and goes."""
    actor = RecordedActor(kind="user", id="u1")
    joined = ParticipantJoined(WHO, "u1", "Ann", Role.VIEWER, False, EdgeId("e"), ConnectionId("c"))
    made = [Commit(1, begin, CommandId("c1"), actor, (Event(joined, "everyone"),), 1)]
    if end is not None:
        left = Event(ParticipantLeft(WHO, "left", end), "everyone")
        made.append(Commit(2, end, CommandId("c2"), actor, (left,), 2))
    return made


@pytest.mark.parametrize(
    ("first", "second", "count"),
    [((1, 5), (5, 9), 0), ((1, 5), (4, 9), 1), ((6, None), (1, 5), 0), ((1, None), (5, 9), 1)],
)
def test_who_is_in_two_classes_is_found(
    first: tuple[int, int | None], second: tuple[int, int | None], count: int
) -> None:
    assert len(classes_at_once(visit(*first), visit(*second))) == count


def test_a_log_as_json_is_the_same_log() -> None:
    log = visit(1, 5)
    again = commits([json.loads(encode_commit(commit)) for commit in log])
    assert [commit.events for commit in again] == [commit.events for commit in log]


def test_a_word_of_another_school_is_found_as_id_and_as_name() -> None:
    words = ids_in([{"participant": WHO, "cause": "0123456789abcdef", "text": "hello"}]) | {"Olga"}
    assert words == {WHO, "0123456789abcdef", "Olga"}
    assert strangers_in(json.dumps({"a": "Tess", "b": "pqrstuvwxyzabcdef"}), words) == []
    assert strangers_in(json.dumps([{"by": WHO}, "Olga 3"]), words) == [
        "Olga of another tenant was seen",
        f"{WHO} of another tenant was seen",
    ]
