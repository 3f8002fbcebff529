"""One outgoing stream made of several layers never goes back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfu.continuity import Continuity

CLOCK_HZ = 90_000


def test_first_segment_keeps_the_timestamp() -> None:
    numbers = Continuity(CLOCK_HZ, 100)
    numbers.begin(0, 5_000, 123, 0.0)
    assert numbers.place(5_000, 123, 0.0) == 100
    assert numbers.timestamp_offset == 0


def test_switch_goes_on_with_the_next_number_and_the_time_that_passed() -> None:
    numbers = Continuity(CLOCK_HZ, 100)
    numbers.begin(0, 5_000, 1_000, 0.0)
    numbers.place(5_000, 1_000, 0.0)
    numbers.begin(2, 70, 0xFFFFFF00, 0.1)
    assert numbers.place(70, 0xFFFFFF00, 0.1) == 101
    assert 0xFFFFFF00 + numbers.timestamp_offset & 0xFFFFFFFF == 1_000 + 9_000


def test_switch_follows_sender_reports_where_both_are_known() -> None:
    numbers = Continuity(CLOCK_HZ, 100)
    numbers.begin(0, 1, 1_000, 0.0)
    numbers.place(1, 1_000, 0.0)
    numbers.begin(1, 1, 50, 0.1, mapped_timestamp=1_000 + 3_000)
    assert 50 + numbers.timestamp_offset & 0xFFFFFFFF == 4_000


@pytest.mark.parametrize("mapped", [999, 1_000, 1_000 + 10 * CLOCK_HZ])
def test_impossible_sender_report_is_not_followed(mapped: int) -> None:
    numbers = Continuity(CLOCK_HZ, 100)
    numbers.begin(0, 1, 1_000, 0.0)
    numbers.place(1, 1_000, 0.0)
    numbers.begin(1, 1, 50, 0.1, mapped_timestamp=mapped)
    assert 50 + numbers.timestamp_offset & 0xFFFFFFFF == 1_000 + 9_000


def test_packet_from_before_the_switch_has_no_place() -> None:
    numbers = Continuity(CLOCK_HZ, 100)
    numbers.begin(0, 50, 0, 0.0)
    assert numbers.place(49, 0, 0.0) is None


def test_number_is_traced_to_the_segment_that_sent_it() -> None:
    numbers = Continuity(CLOCK_HZ, 30_000)
    numbers.begin(0, 10, 0, 0.0)
    for index in range(10, 20):
        numbers.place(index, 0, 0.0)
    numbers.begin(1, 500, 0, 1.0)
    numbers.place(500, 0, 1.0)
    for out, layer, index in ((30_000, 0, 10), (30_009, 0, 19), (30_010, 1, 500)):
        found = numbers.source(out)
        assert found is not None
        place, segment = found
        assert (segment.layer, place - segment.index_offset) == (layer, index)
    assert numbers.source(30_011) is None
    assert numbers.source(29_999) is None


STEPS = st.lists(
    st.tuples(st.booleans(), st.integers(-3, 5), st.integers(0, 0xFFFFFFFF), st.floats(0, 2)), max_size=60
)


@given(first=st.integers(1, (1 << 15) - 1), steps=STEPS)
def test_numbers_and_time_never_go_back_over_switches(
    first: int, steps: list[tuple[bool, int, int, float]]
) -> None:
    """Within a segment order is the sender's; a segment lies wholly above those before it."""
    numbers = Continuity(CLOCK_HZ, first)
    numbers.begin(0, 1_000, 0, 0.0)
    index, now, floor, used = 1_000, 0.0, first, set()
    assert numbers.place(index, 0, now) == first
    used.add(first)
    for switch, step, timestamp, passed in steps:
        now += passed
        if switch:
            floor = numbers.highest + 1
            index = index * 7 % 100_000
            before = numbers.highest
            numbers.begin(1, index, timestamp, now)
            assert numbers.place(index, timestamp, now) == before + 1
            used.add(before + 1)
            continue
        index += step
        out = numbers.place(index, timestamp, now)
        if out is not None:
            assert out >= floor
            used.add(out)
    assert min(used) == first
    assert numbers.highest == max(used)
