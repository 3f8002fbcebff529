"""Statements travel together, and the rows become what they would become one by one."""

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping

import pytest

from projectors.model import Write
from projectors.runner import runs

Rows = Mapping[tuple[object, ...], list[object]]


def executed(statements: Iterable[tuple[str, tuple[object, ...]]]) -> Rows:
    """Tables of one row per room and person, and what three kinds of statements make of them."""
    rows: dict[tuple[object, ...], list[object]] = defaultdict(list)
    for query, args in statements:
        room = args[:2]
        match query:
            case "write":  # About one person: order counts.
                rows[args[:3]].append(args[3])
            case "count":  # Adds: order counts only towards what clears.
                total = rows[(*args[:3], "sum")]
                total[:] = [sum(n for n in total if isinstance(n, int)) + int(str(args[3]))]
            case "clear":  # About the whole room.
                for row in [r for r in rows if r[:2] == room]:
                    rows[row] = ["cleared"] if row[-1] != "sum" else []
    return {row: values for row, values in rows.items() if values}


def a_write(chance: random.Random, n: int) -> Write:
    """Some write, of one of few rooms and people, so that they meet."""
    room, person = f"r{chance.randrange(3)}", f"p{chance.randrange(3)}"
    match chance.randrange(5):
        case 0 | 1:
            return Write("write", ("t", room, person, n), narrow=True)
        case 2 | 3:
            return Write("count", ("t", room, person, 1), adds=1, narrow=chance.random() < 0.5)
        case _:
            return Write("clear", ("t", room))


@pytest.mark.parametrize("seed", range(200))
def test_as_one_by_one(seed: int) -> None:
    chance = random.Random(seed)
    writes = [a_write(chance, n) for n in range(chance.randrange(60))]
    together = runs(writes)
    assert executed((q, args) for q, rows in together for args in rows) == executed(
        (w.query, w.args) for w in writes
    )


def test_other_rooms_and_other_people_do_not_part_a_run() -> None:
    writes = [
        Write("join", ("t", "r1", "anna"), narrow=True),
        Write("leave", ("t", "r1", "anna"), narrow=True),
        Write("join", ("t", "r2", "ben"), narrow=True),
        Write("join", ("t", "r1", "ben"), narrow=True),
        Write("leave", ("t", "r2", "ben"), narrow=True),
    ]
    assert [query for query, _ in runs(writes)] == ["join", "leave"]


def test_a_write_about_the_room_parts_its_people() -> None:
    join = Write("join", ("t", "r1", "anna"), narrow=True)
    assert [query for query, _ in runs([join, Write("end", ("t", "r1")), join])] == ["join", "end", "join"]


def test_what_adds_is_summed() -> None:
    writes = [Write("count", ("t", "r1", who, 1, n), adds=2) for who, n in (("a", 0), ("b", 5), ("a", 2))]
    assert runs(writes) == [("count", [("t", "r1", "a", 2, 2), ("t", "r1", "b", 1, 5)])]
