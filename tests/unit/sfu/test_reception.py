"""Order, holes, loss and jitter of one arriving stream."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from schemas import limits
from sfu.reception import Reception


def received(*sequences: int, now: float = 0.0) -> Reception:
    reception = Reception(90_000)
    for sequence in sequences:
        reception.accept(sequence, 0, now)
    return reception


def test_numbers_count_on_over_the_wrap() -> None:
    reception = Reception(90_000)
    places = [reception.accept(sequence, 0, 0.0) for sequence in (65_534, 65_535, 0, 1)]
    assert [place - (places[0] or 0) for place in places if place is not None] == [0, 1, 2, 3]


def test_duplicate_and_unasked_repair_have_no_place() -> None:
    reception = received(1, 2)
    assert reception.accept(2, 0, 0.0) is None
    assert reception.accept(0, 0, 0.0) is None
    assert reception.repair(1, 0.0) is None
    assert reception.repair(9, 0.0) is None


def test_reordered_packet_closes_its_hole_before_it_is_asked_for() -> None:
    reception = received(1, 3)
    assert not reception.asks(limits.NACK_WAIT_S / 2)
    assert reception.accept(2, 0, 0.01) is not None
    assert not reception.asks(1.0)


def test_hole_is_asked_for_with_growing_pauses_and_then_given_up() -> None:
    reception = received(1, 4)
    times = [step / 1000 for step in range(5_000) if reception.asks(step / 1000) == [2, 3]]
    pauses = [round(after - before, 3) for before, after in pairwise(times)]
    assert len(times) == limits.NACK_ATTEMPTS_MAX
    assert pauses == sorted(pauses)
    assert not reception.missing


def test_repair_is_timed() -> None:
    reception = received(1, 3)
    before = reception.round_trip_s
    reception.asks(0.02)
    assert reception.repair(2, 0.03) is not None
    assert reception.round_trip_s < before


def test_padding_leaves_no_hole_in_the_index() -> None:
    reception = Reception(90_000)
    indexes = []
    for sequence, padding in ((10, False), (11, True), (12, True), (13, False), (14, True), (15, False)):
        place = reception.accept(sequence, 0, 0.0)
        assert place is not None
        if padding:
            reception.skip(place)
        else:
            indexes.append(reception.index(place))
    assert [index - indexes[0] for index in indexes] == [0, 1, 2]


def test_packet_that_was_overtaken_by_padding_keeps_its_index() -> None:
    reception = Reception(90_000)
    first = reception.accept(10, 0, 0.0) or 0
    padding = reception.accept(12, 0, 0.0) or 0
    reception.skip(padding)
    after = reception.accept(13, 0, 0.0) or 0
    late = reception.accept(11, 0, 0.0) or 0
    assert [reception.index(place) - reception.index(first) for place in (late, after)] == [1, 2]


def test_padding_is_forgotten_without_changing_later_indexes() -> None:
    reception = Reception(90_000)
    base = reception.accept(0, 0, 0.0) or 0
    previous = reception.index(base)
    for number in range(1, 40_000):
        place = reception.accept(number & 0xFFFF, 0, 0.0) or 0
        if number % 10 == 5:
            reception.skip(place)
        else:
            assert reception.index(place) == previous + 1
            previous += 1


def test_report_counts_as_the_rfc_does() -> None:
    reception = received(100, 101, 103, 104)
    block = reception.report(7, 1, 2)
    assert block is not None
    assert (block.fraction_lost, block.packets_lost, block.highest_sequence) == (256 // 5, 1, 104)
    again = reception.report(7, 1, 2)
    assert again is not None
    assert (again.fraction_lost, again.packets_lost) == (0, 1)


def test_even_arrival_has_no_jitter_and_uneven_has() -> None:
    even, uneven = Reception(90_000), Reception(90_000)
    for number in range(100):
        even.accept(number, number * 3_000, number / 30)
        uneven.accept(number, number * 3_000, number / 30 + 0.01 * (number % 2))
    assert even.jitter < 1
    assert 800 < uneven.jitter < 1_000


def test_restarted_numbering_is_not_loss() -> None:
    reception = received(1, 2, 20_000)
    assert not reception.missing
    block = reception.report(7, 0, 0)
    assert block is not None
    assert block.packets_lost == 0


@given(st.lists(st.integers(0, 65_535), min_size=1, max_size=200))
def test_holes_are_bounded_and_places_unique(sequences: list[int]) -> None:
    reception = Reception(90_000)
    places = [reception.accept(sequence, 0, 0.0) for sequence in sequences]
    known = [place for place in places if place is not None]
    assert len(known) == len(set(known))
    assert len(reception.missing) <= limits.MISSING_PACKETS_MAX
