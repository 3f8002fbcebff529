"""A film is the time of a class without its pauses and cuts."""

from hypothesis import given
from hypothesis import strategies as st

from artifacts.pieces import (
    Piece,
    between,
    film_ms,
    join,
    length_ms,
    next_ms,
    spans_in_film,
    wall_ms,
    within,
    without,
)

FILM = between(1_000, 2_000, [(1_200, 1_500)])
cuts = st.lists(st.tuples(st.integers(0, 1_000), st.integers(0, 1_000)), max_size=4)


def test_pieces_stand_end_to_end() -> None:
    assert (Piece(1_000, 1_200, 0), Piece(1_500, 2_000, 200)) == FILM
    assert length_ms(FILM) == 700
    assert length_ms(()) == 0
    assert join([(5, 5)]) == ()


def test_a_moment_is_in_the_film_or_not() -> None:
    assert [film_ms(FILM, wall) for wall in (999, 1_000, 1_199, 1_200, 1_500, 2_000)] == [
        None,
        0,
        199,
        None,
        200,
        None,
    ]


def test_a_moment_between_pieces_may_count_for_the_next() -> None:
    assert [next_ms(FILM, wall) for wall in (0, 1_100, 1_300, 2_000)] == [0, 100, 200, None]


def test_the_film_tells_the_time() -> None:
    assert [wall_ms(FILM, at) for at in (0, 199, 200, 699, 750)] == [1_000, 1_199, 1_500, 1_999, 2_050]


def test_times_of_the_wall_are_found_in_the_film() -> None:
    assert spans_in_film(FILM, [(0, 1_100), (1_150, 1_600)]) == ((0, 100), (150, 200), (200, 300))
    assert within(FILM, [(1_100, 1_600)]) == (Piece(1_100, 1_200, 100), Piece(1_500, 1_600, 200))


def test_a_cut_may_reach_over_pieces() -> None:
    assert without(FILM, 100, 300) == (Piece(1_000, 1_100, 0), Piece(1_600, 2_000, 100))
    assert without(FILM, 0, 9_999) == ()


@given(cuts)
def test_what_is_left_of_a_film_is_where_it_was(cut: list[tuple[int, int]]) -> None:
    film = FILM
    for since, until in cut:
        shorter = without(film, since, until)
        gone = max(0, min(until, length_ms(film)) - min(since, length_ms(film)))
        assert length_ms(shorter) == length_ms(film) - gone
        film = shorter
    for at in range(length_ms(film)):
        wall = wall_ms(film, at)
        assert film_ms(film, wall) == at
        assert film_ms(FILM, wall) is not None
