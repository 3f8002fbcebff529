"""Transport-wide feedback: known bytes, wraps, losses, and both ends against each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfu import transport_cc
from sfu.errors import RemotePacketError
from sfu.transport_cc import Arrivals, Departures, Fate, Report

ARRIVALS = st.lists(st.none() | st.integers(0, 30_000_000), min_size=1, max_size=300)


def test_sample_is_written_as_the_draft_says() -> None:
    """Two arrivals 1 ms apart, then a loss, then one 100 ms later: small, small, missing, large."""
    report = Report(0xFFFF, (64_000 * 5 + 250, 64_000 * 5 + 1_250, None, 64_000 * 5 + 101_250), 7)
    body = transport_cc.write(report)
    assert body.hex() == "ffff0004" + "00000507" + "d480" + "01" + "04" + "0190"
    assert transport_cc.read(body) == report


def test_long_runs_take_one_chunk() -> None:
    report = Report(1, (*(64_000 for _ in range(100)), *(None for _ in range(50)), 64_000), 0)
    body = transport_cc.write(report)
    assert len(body) == 8 + 3 * 2 + 101
    assert transport_cc.read(body) == report


@given(arrivals=ARRIVALS, base=st.integers(0, 65_535), count=st.integers(0, 255))
def test_report_survives_writing_and_reading(arrivals: list[int | None], base: int, count: int) -> None:
    near = [None if us is None else us // 250 * 250 % 8_000_000 for us in arrivals]
    near.append(64_000)
    report = Report(base, tuple(near), count)
    assert transport_cc.read(transport_cc.write(report)) == report


@given(st.binary(max_size=80))
def test_noise_raises_only_the_remote_error(body: bytes) -> None:
    try:
        transport_cc.read(body)
    except RemotePacketError:
        return


@pytest.mark.parametrize(
    "body", ["", "00010001 00000100", "0001ffff 00000100 0000", "00010002 00000100 2002 01"]
)
def test_report_that_promises_more_than_it_holds_is_refused(body: str) -> None:
    with pytest.raises(RemotePacketError):
        transport_cc.read(bytes.fromhex(body))


def test_numbers_go_on_over_the_wrap_and_losses_are_reported_once() -> None:
    arrivals = Arrivals()
    for number in (65_534, 65_535, 1):
        arrivals.add(number, 1_000_000)
    (first,) = arrivals.reports()
    assert (first.base & 0xFFFF, [us is None for us in first.arrivals]) == (
        65_534,
        [False, False, True, False],
    )
    arrivals.add(3, 1_010_000)
    (second,) = arrivals.reports()
    assert (second.base & 0xFFFF, [us is None for us in second.arrivals]) == (2, [True, False])
    assert second.count == first.count + 1
    assert not arrivals.reports()


def test_late_packet_is_reported_by_itself() -> None:
    arrivals = Arrivals()
    for number in (10, 12):
        arrivals.add(number, 1_000_000)
    arrivals.reports()
    arrivals.add(11, 1_020_000)
    arrivals.add(13, 1_020_000)
    late, fresh = arrivals.reports()
    assert (late.base & 0xFFFF, len(late.arrivals)) == (11, 1)
    assert (fresh.base & 0xFFFF, len(fresh.arrivals)) == (13, 1)


def test_reports_stay_within_a_datagram() -> None:
    arrivals = Arrivals()
    for number in range(1_500):
        arrivals.add(number, 1_000_000 + number * 90_000)
    reports = arrivals.reports()
    assert len(reports) > 1
    assert all(len(transport_cc.write(report)) < 1_200 for report in reports)
    assert sum(len(report.arrivals) for report in reports) == 1_500


def test_wild_jump_is_not_reported_as_loss() -> None:
    arrivals = Arrivals()
    arrivals.add(1, 1_000_000)
    arrivals.reports()
    arrivals.add(20_000, 1_010_000)
    (report,) = arrivals.reports()
    assert (report.base & 0xFFFF, len(report.arrivals)) == (20_000, 1)


@given(lost=st.sets(st.integers(0, 299)), shift=st.integers(0, 70_000))
def test_both_ends_agree_on_what_became_of_each_packet(lost: set[int], shift: int) -> None:
    departures, arrivals = Departures(), Arrivals()
    for _ in range(shift):
        departures.add(0, 0)
    fates: list[Fate] = []
    for number in range(300):
        sent = 5_000_000 + number * 1_000
        carried = departures.number
        departures.add(100 + number, sent)
        if number not in lost:
            arrivals.add(carried, sent + 20_000)
        if number % 50 == 49:
            for report in arrivals.reports():
                fates += departures.fates(transport_cc.read(transport_cc.write(report)))
    arrived = [fate for fate in fates if fate.arrived_us is not None]
    assert [fate.bytes for fate in arrived] == [100 + number for number in range(300) if number not in lost]
    assert all(abs((fate.arrived_us or 0) - fate.sent_us - 20_000) < 250 for fate in arrived)
    judged_lost = {fate.bytes - 100 for fate in fates if fate.arrived_us is None}
    assert judged_lost <= lost
    assert len(judged_lost) == len(fates) - len(arrived)


def test_invented_numbers_are_not_believed() -> None:
    departures = Departures()
    departures.add(100, 1_000_000)
    assert departures.fates(Report(5, (64_000, 64_000), 0)) == []
    assert len(departures.fates(Report(0, (64_000,), 0))) == 1
    assert departures.fates(Report(0, (64_000,), 1)) == []


def test_reference_time_wraps_without_a_step() -> None:
    departures = Departures()
    for _ in range(2):
        departures.add(100, 1_000_000)
    before = (1 << 24) * 64_000 - 64_000
    (first,) = departures.fates(Report(0, (before,), 0))
    (second,) = departures.fates(Report(1, (0,), 0))
    assert (second.arrived_us or 0) - (first.arrived_us or 0) == 64_000
