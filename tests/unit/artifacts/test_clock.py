"""When packets were captured, from arrivals and sender reports."""

import random

from hypothesis import given
from hypothesis import strategies as st

from artifacts.clock import Line, Quickest, Report, SegmentSurvey, ntp_us, sender_clock

NOW_US = 1_763_719_200_000_000
RATE_HZ = 48_000


def survey(captured_ms: range, late_ms: list[int], drift: float = 0.0) -> SegmentSurvey:
    """Packets captured on the node's clock at these times; RTP counts with a quartz off by ``drift``."""
    segment = SegmentSurvey(RATE_HZ)
    for at_ms, late in zip(captured_ms, late_ms, strict=True):
        segment.arrivals.add(round(at_ms * 48 * (1 + drift)), NOW_US + (at_ms + late) * 1000)
    return segment


def test_ntp_time_is_unix_time() -> None:
    assert ntp_us((2_208_988_800 + 1_763_719_200) << 32 | 1 << 31) == NOW_US + 500_000


@given(st.integers(0, 2**31))
def test_by_arrival_the_quickest_packet_sets_the_clock(seed: int) -> None:
    chance = random.Random(seed)
    late = [20 + chance.randrange(80) for _ in range(500)]
    late[chance.randrange(500)] = 20
    clock = survey(range(0, 10_000, 20), late).clock(None)
    assert clock.at(0) == NOW_US + 20_000
    assert clock.at(9_980 * 48) == NOW_US + 10_000_000


def test_a_quartz_that_is_off_is_followed_for_an_hour() -> None:
    chance = random.Random(4)
    captured = range(0, 3_600_000, 20)
    clock = survey(captured, [20 + chance.randrange(30) for _ in captured], drift=80e-6).clock(None)
    for at_ms in (0, 1_800_000, 3_599_980):
        assert abs(clock.at(round(at_ms * 48 * (1 + 80e-6))) - (NOW_US + (at_ms + 20) * 1000)) < 10_000


def test_reports_put_two_tracks_of_a_person_together() -> None:
    skew_us = 37_000_000
    slow, quick = (survey(range(0, 5_000, 20), [late] * 250) for late in (120, 25))
    for segment in (slow, quick):
        for at_ms in range(500, 5_000, 1_000):
            sent = NOW_US + at_ms * 1000 + skew_us
            segment.reports.append(Report(at_ms * 48, sent, sent - skew_us + 20_000))
    reports = [*slow.reports, *quick.reports]
    sender = sender_clock(reports)
    assert slow.clock(sender).at(48_000) == quick.clock(sender).at(48_000) == NOW_US + 1_020_000
    assert slow.clock(None).at(48_000) - quick.clock(None).at(48_000) == 95_000, "arrival alone is off"


def test_reports_that_disagree_with_arrival_are_not_believed() -> None:
    segment = survey(range(0, 5_000, 20), [20] * 250)
    segment.reports.append(Report(0, NOW_US + 400_000_000, NOW_US + 20_000))
    sender = Line(((NOW_US, NOW_US),), 1.0)
    assert segment.clock(sender).at(0) == NOW_US + 20_000


def test_a_line_goes_on_beyond_its_ends() -> None:
    line = Line(((0, 0), (10, 20), (20, 30)), 5.0)
    assert [line.at(x) for x in (-1, 0, 5, 10, 15, 20, 21)] == [-5, 0, 10, 20, 25, 30, 35]


def test_nothing_known_is_no_line() -> None:
    assert Quickest(1.0).line(1) is None
    assert sender_clock([]) is None


@given(st.lists(st.tuples(st.integers(0, 2**40), st.integers(0, 2**50)), min_size=1, max_size=60))
def test_a_clock_never_runs_backwards(samples: list[tuple[int, int]]) -> None:
    quickest = Quickest(1e6 / RATE_HZ)
    for x, arrived in samples:
        quickest.add(x, arrived)
    line = quickest.line(1)
    assert line is not None
    values = [line.at(x) for x in sorted(x for x, _ in samples)]
    assert values == sorted(values)
