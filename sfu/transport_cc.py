"""Transport-wide congestion control, both ends (draft-holmer-rmcat-transport-wide-cc-extensions-01).

Every packet of a transport carries one running number. The receiver reports when each number came;
the sender compares that with when it left (``sfu/estimate.py``). Towards a publisher we are the
receiver (``Arrivals``), towards a viewer the sender (``Departures``). Times are in microseconds.
"""

from bisect import bisect_left
from collections.abc import Iterator
from struct import pack, unpack_from

from msgspec import Struct

from sfu.errors import RemotePacketError

_TICK_US = 250  # Unit of a delta.
_REFERENCE_US = 64_000  # Unit of the reference time.
_REFERENCE_WRAP = 1 << 24
_MISSING, _SMALL, _LARGE = 0, 1, 2
_RUN_MAX = 0x1FFF
_SPAN_MAX = 2_000  # Numbers covered by one report: keeps it in one datagram, 40 Mbit/s at 50 ms.
_RECEIVED_MAX = 400  # The same bound for a badly jittered link: two bytes of delta each.
_HISTORY = 1 << 13  # Sent packets remembered: two seconds of 40 Mbit/s.


def unwrap(value: int, near: int, bits: int = 16) -> int:
    """The full number that ends in ``value`` and is nearest to ``near``."""
    half = 1 << bits - 1
    return near + ((value - near + half & (1 << bits) - 1) - half)


# --- reading and writing one report --------------------------------------------------------------
class Report(Struct, frozen=True):
    """Arrival by number: ``arrivals[i]`` belongs to ``base + i``, None where nothing came.

    Arrival times count from an epoch of the receiver's own and wrap with the 24-bit reference time.
    """

    base: int
    arrivals: tuple[int | None, ...]
    count: int


def write(report: Report) -> bytes:
    """The body of a report, from the base sequence number on."""
    reference = next(us for us in report.arrivals if us is not None) // _REFERENCE_US
    before = reference * (_REFERENCE_US // _TICK_US)
    symbols: list[int] = []
    deltas: list[bytes] = []
    for arrival in report.arrivals:
        if arrival is None:
            symbols.append(_MISSING)
            continue
        ticks = arrival // _TICK_US
        delta = ticks - before
        before = ticks
        symbols.append(_SMALL if 0 <= delta <= 0xFF else _LARGE)
        deltas.append(pack("!B", delta) if symbols[-1] == _SMALL else pack("!h", delta))
    head = pack(
        "!HHI",
        report.base & 0xFFFF,
        len(report.arrivals),
        (reference % _REFERENCE_WRAP) << 8 | report.count & 0xFF,
    )
    return head + b"".join(_chunks(symbols)) + b"".join(deltas)


def _chunks(symbols: list[int]) -> Iterator[bytes]:
    position = 0
    while position < len(symbols):
        symbol = symbols[position]
        run = 1
        while position + run < len(symbols) and run < _RUN_MAX and symbols[position + run] == symbol:
            run += 1
        if run > 7 or position + run == len(symbols):
            yield pack("!H", symbol << 13 | run)
            position += run
            continue
        chunk = symbols[position : position + 14]
        if _LARGE not in chunk:
            bits = sum(value << 13 - place for place, value in enumerate(chunk))
            yield pack("!H", 0x8000 | bits)
        else:
            chunk = chunk[:7]
            bits = sum(value << 12 - 2 * place for place, value in enumerate(chunk))
            yield pack("!H", 0xC000 | bits)
        position += len(chunk)


def read(body: bytes) -> Report:
    """Parses a report; one that promises more than it holds raises ``RemotePacketError``."""
    if len(body) < 8:
        raise RemotePacketError("transport_cc_malformed")
    base, status_count, word = unpack_from("!HHI", body)
    if status_count > _SPAN_MAX:  # A few bytes of runs would cost us 65,535 verdicts.
        raise RemotePacketError("transport_cc_malformed")
    symbols: list[int] = []
    position = 8
    while len(symbols) < status_count:
        if position + 2 > len(body):
            raise RemotePacketError("transport_cc_malformed")
        symbols += _chunk_symbols(unpack_from("!H", body, position)[0], status_count - len(symbols))
        position += 2
    now = (word >> 8) * _REFERENCE_US
    arrivals: list[int | None] = []
    for symbol in symbols:
        if symbol == _MISSING:
            arrivals.append(None)
            continue
        size = 1 if symbol == _SMALL else 2
        if symbol > _LARGE or position + size > len(body):
            raise RemotePacketError("transport_cc_malformed")
        now += _TICK_US * unpack_from("!B" if size == 1 else "!h", body, position)[0]
        position += size
        arrivals.append(now)
    return Report(base, tuple(arrivals), word & 0xFF)


def _chunk_symbols(chunk: int, wanted: int) -> list[int]:
    if not chunk & 0x8000:
        return [chunk >> 13] * min(chunk & _RUN_MAX, wanted) or _empty_run()
    if not chunk & 0x4000:
        return [chunk >> 13 - place & 1 for place in range(min(14, wanted))]
    return [chunk >> 12 - 2 * place & 3 for place in range(min(7, wanted))]


def _empty_run() -> list[int]:
    raise RemotePacketError("transport_cc_malformed")  # A run of nothing would let a parser spin.


# --- towards a publisher -------------------------------------------------------------------------
class Arrivals:
    """Collects when a publisher's packets came and turns them into reports."""

    __slots__ = ("_count", "_highest", "_next", "_times")

    def __init__(self) -> None:
        self._times: dict[int, int] = {}
        self._highest: int | None = None
        self._next: int | None = None  # First number that no report has covered.
        self._count = 0

    def add(self, number: int, now_us: int) -> None:
        """Notes one packet."""
        highest = self._highest
        if highest is None:
            self._highest = full = number + (1 << 16)
        else:
            full = highest + ((number - highest + 0x8000 & 0xFFFF) - 0x8000)
            if full > highest:
                self._highest = full
        self._times.setdefault(full, now_us)

    def reports(self) -> list[Report]:
        """What came since the last call: each number once, late ones in a report of their own."""
        if not self._times:
            return []
        times, self._times = self._times, {}
        numbers = sorted(times)
        first = self._next if self._next is not None else numbers[0]
        late = numbers[: bisect_left(numbers, first)]
        fresh = numbers[len(late) :]
        reports = self._pack(late, times, late[0]) if late else []
        if fresh:
            # Holes since the last report are losses and are reported; beyond a wild jump they are not.
            reports += self._pack(fresh, times, first if fresh[0] - first < _SPAN_MAX else fresh[0])
            self._next = fresh[-1] + 1
        return reports

    def _pack(self, numbers: list[int], times: dict[int, int], base: int) -> list[Report]:
        reports: list[Report] = []
        arrivals: list[int | None] = []
        received = 0
        before = times[numbers[0]]
        for number in numbers:
            span = number - base + 1
            strange = abs(times[number] - before) > 8_000_000  # A delta has 16 bits of 250 µs.
            if arrivals and (span > _SPAN_MAX or received > _RECEIVED_MAX or strange):
                reports.append(self._report(base, arrivals))
                base, arrivals, received = number, [], 0
            arrivals.extend([None] * (number - base - len(arrivals)))
            arrivals.append(times[number])
            received += 1
            before = times[number]
        reports.append(self._report(base, arrivals))
        return reports

    def _report(self, base: int, arrivals: list[int | None]) -> Report:
        report = Report(base, tuple(arrivals), self._count)
        self._count += 1
        return report


# --- towards a viewer ----------------------------------------------------------------------------
class Fate(Struct, frozen=True):
    """What became of one sent packet; ``arrived_us`` is None when it was reported missing."""

    sent_us: int
    arrived_us: int | None
    bytes: int
    probe: int


class Departures:
    """Numbers the packets sent to a viewer and matches his reports with them."""

    __slots__ = ("_bytes", "_next", "_probes", "_reference", "_reported", "_times")

    def __init__(self) -> None:
        self._next = 0
        self._times = [0] * _HISTORY
        self._bytes = [0] * _HISTORY
        self._probes = [0] * _HISTORY
        self._reported = 0  # Numbers below this have had their verdict.
        self._reference: int | None = None

    @property
    def number(self) -> int:
        """The number that the next packet carries."""
        return self._next & 0xFFFF

    def add(self, size: int, now_us: int, probe: int = 0) -> None:
        """Notes that the packet with ``number`` left; ``probe`` is its cluster, 0 for media."""
        slot = self._next & _HISTORY - 1
        self._times[slot] = now_us
        self._bytes[slot] = size
        self._probes[slot] = probe
        self._next += 1

    def fates(self, report: Report) -> list[Fate]:
        """Matches a report; numbers never sent, forgotten or already judged are left out."""
        base = unwrap(report.base, self._next)
        shift = self._unwrap_time(report)
        oldest = max(0, self._next - _HISTORY)
        fates: list[Fate] = []
        for place, arrival in enumerate(report.arrivals):
            number = base + place
            slot = number & _HISTORY - 1
            if not oldest <= number < self._next or not self._bytes[slot]:
                continue
            if arrival is None and number < self._reported:
                continue
            arrived = None if arrival is None else arrival + shift
            fates.append(Fate(self._times[slot], arrived, self._bytes[slot], self._probes[slot]))
            if arrival is not None:
                self._bytes[slot] = 0  # Judged for good; a loss may still turn out to be late.
        self._reported = max(self._reported, min(self._next, base + len(report.arrivals)))
        return fates

    def _unwrap_time(self, report: Report) -> int:
        """What to add to the report's times so that they never wrap (24 bits of 64 ms: 12 days)."""
        first = next((us for us in report.arrivals if us is not None), None)
        if first is None:
            return 0
        reference = first // _REFERENCE_US
        near = reference if self._reference is None else self._reference
        full = unwrap(reference, near, 24)
        self._reference = full
        return (full - reference) * _REFERENCE_US
