"""``classwire bench forward``: what forwarding one packet to one viewer costs, beside the floor.

The floor is a loop in Rust that only encrypts and sends (``tests/bench/native/src/bin/floor.rs``). Each
forwarder runs in a process of its own, with one publisher and so many viewers of the load generator, whose
keys are given: no handshake is in the figures. CPU is user and system time of the whole process, divided by
the packets that it forwarded; transport-wide feedback, reports and consent are part of it. Latency is from
before the publisher's send call until the kernel has the packet at the viewer, so the node's socket queue
counts. It is the native forwarder's where that is built, else the Python one's.
"""

import asyncio
import importlib
import importlib.util
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import msgspec
from msgspec import Struct

from deploy.generator import Generator, Stream, built, cpu_s, generator, resident
from schemas.media import MediaKind
from sfu.forwarder import open_forwarder
from sfu.interface import (
    ConsumerConfig,
    Encoding,
    Extensions,
    Forwarder,
    ForwarderEvent,
    ProducerConfig,
    SrtpKeys,
    TransportConfig,
)

Kind = Literal["audio", "video"]
Implementation = Literal["native", "python"]

CONSUMERS = (1, 50, 500, 1_000)
PYTHON_CONSUMERS_MAX = 500
MEASURED_S = 4.0
SETTLE_S_MAX = 40.0
FLOOR_ROUNDS = 9
AUDIO_BYTES, AUDIO_PER_S = 160, 50.0
VIDEO_BYTES, VIDEO_PACKETS, VIDEO_FRAMES_PER_S = 1_100, 7, 25.0  # 1.54 Mbit/s.
LOAD_MAX = 0.7
COST_US: dict[str, float] = {"native": 5.0, "python": 30.0}  # About; keeps a case below ``LOAD_MAX``.
# A layer for the start, while a forwarder does not know yet that a line carries the other one.
LOW = Stream(4_999, 96, "video", "0", "r0", 250, 1, 5.0)
SENT = Extensions(mid=4, rid=10, transport_cc=3)
SHOWN = Extensions(mid=1, abs_send_time=4, transport_cc=5)


class Case(Struct, frozen=True):
    """One line of the table. None: not measured.

    ``floor_us`` with sockets that nobody reads, ``floor_read_us`` with viewers that read, as the
    forwarders have. ``load`` is of one core, in the case of the latency.
    """

    kind: Kind
    consumers: int
    floor_us: float
    floor_read_us: float
    native_us: float | None
    python_us: float | None
    added_p50_ms: float | None
    added_p99_ms: float | None
    bytes_per_transport: int | None
    load: float | None
    lost: int | None


class Report(Struct, frozen=True):
    """All figures. ``floor_instructions``: per packet of video, by cachegrind."""

    cases: tuple[Case, ...]
    floor_instructions: int | None


class Measured(Struct, frozen=True):
    """One forwarder in one case."""

    us: float
    load: float
    p50_ms: float | None
    p99_ms: float | None
    bytes_per_transport: int
    lost: int


def main(*, as_json: bool, consumers: tuple[int, ...] = CONSUMERS) -> int:
    """Measures and prints; some minutes."""
    report = asyncio.run(_measure(consumers))
    print(msgspec.json.format(msgspec.json.encode(report)).decode() if as_json else _table(report))
    return 0


def _table(report: Report) -> str:
    lines = [
        "kind   consumers  floor µs  (read)  native µs (xfloor)  python µs (xfloor)  added p50/p99 ms  load  "
        "bytes/transport"
    ]
    for case in report.cases:
        p50, p99 = _figure(case.added_p50_ms), _figure(case.added_p99_ms)
        lines.append(
            f"{case.kind:<6} {case.consumers:>9} {case.floor_us:>9.2f} {case.floor_read_us:>7.2f}  "
            f"{_times(case.native_us, case.floor_us):>18} {_times(case.python_us, case.floor_us):>19}  "
            f"{p50 + ' / ' + p99:>16}  {_figure(case.load):>4}  {case.bytes_per_transport or '-':>15}"
        )
    lines.append(f"floor, instructions per packet of video: {report.floor_instructions or '-'}")
    return "\n".join(lines)


def _times(us: float | None, floor_us: float) -> str:
    return "-" if us is None else f"{us:.2f} (x{us / floor_us:.2f})"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def has_native() -> bool:
    """Tells whether the native forwarder is built for this Python."""
    found = (importlib.util.find_spec(name) for name in ("classwire_native", "sfu.native_forwarder"))
    return all(each is not None for each in found)


async def _measure(consumers: tuple[int, ...]) -> Report:
    cases = []
    native = has_native()
    kinds: tuple[Kind, ...] = ("audio", "video")
    for kind in kinds:
        for count in consumers:
            _say(f"{kind} to {count} ...")
            floors = _floor(kind, count), _floor(kind, count, "read")
            ours = await _forward("native", kind, count) if native else None
            python = await _forward("python", kind, count) if count <= PYTHON_CONSUMERS_MAX else None
            cases.append(_case(kind, count, floors, ours, python))
            _say(msgspec.json.encode(cases[-1]).decode())
    return Report(tuple(cases), floor_instructions())


def _case(
    kind: Kind, consumers: int, floors: tuple[float, float], native: Measured | None, python: Measured | None
) -> Case:
    shown = python if native is None else native
    return Case(
        kind=kind,
        consumers=consumers,
        floor_us=floors[0],
        floor_read_us=floors[1],
        native_us=native.us if native else None,
        python_us=python.us if python else None,
        added_p50_ms=shown.p50_ms if shown else None,
        added_p99_ms=shown.p99_ms if shown else None,
        bytes_per_transport=shown.bytes_per_transport if shown else None,
        load=shown.load if shown else None,
        lost=shown.lost if shown else None,
    )


# --- the floor -----------------------------------------------------------------------------------
def _floor(kind: Kind, consumers: int, *options: str) -> float:
    size, packets = (VIDEO_BYTES, VIDEO_PACKETS) if kind == "video" else (AUDIO_BYTES, 1)
    argv = [str(built("floor")), *map(str, (size, packets, consumers, FLOOR_ROUNDS)), *options]
    rounds = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    return statistics.median(map(float, rounds.split()))


def floor_instructions() -> int | None:
    """Instructions that the floor takes per packet of video, by cachegrind; None without valgrind.

    Two runs of different length: what only the start costs cancels out.
    """
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        return None
    few, many = (_instructions(valgrind, rounds) for rounds in (1, 2))
    packets = 60_000 // (VIDEO_PACKETS * 50) * VIDEO_PACKETS * 50
    return None if few is None or many is None else (many - few) // packets


def _instructions(valgrind: str, rounds: int) -> int | None:
    argv = [
        *(valgrind, "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"),
        *(str(built("floor")), str(VIDEO_BYTES), str(VIDEO_PACKETS), "50", str(rounds)),
    ]
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    found = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
    return int(found[1].replace(",", "")) if found else None


# --- a forwarder ---------------------------------------------------------------------------------
async def _forward(implementation: Implementation, kind: Kind, consumers: int) -> Measured:
    async with _forwarder(implementation, kind, consumers) as (process, port), generator() as load:
        before = resident(process.pid)
        load.tell("node", f"127.0.0.1:{port}", "100,101")
        assert process.stdin is not None
        process.stdin.write(b"begin\n")
        assert process.stdout is not None
        await process.stdout.readline()
        names = range(consumers + 1)
        answers = await asyncio.gather(*(load.peer(n, *_credentials(n)) for n in names))
        for answer in answers:
            assert hasattr(answer, "ms"), f"a peer could not connect: {answer}"
        stream = _stream(implementation, kind, consumers)
        load.stream(0, stream)
        if kind == "video":
            load.stream(0, LOW)
        await _settle(load, consumers, stream.packets * stream.frames_per_s)
        load.tell("mark")
        begun, clock = cpu_s(process.pid), asyncio.get_running_loop().time()
        await asyncio.sleep(MEASURED_S)
        counts = await load.report(1, consumers + 1)
        taken, passed = cpu_s(process.pid) - begun, asyncio.get_running_loop().time() - clock
        assert counts.refused == 0, f"{counts.refused} of {counts.opened} packets could not be opened"
        forwarded = counts.received + counts.overflowed
        return Measured(
            us=taken / forwarded * 1e6,
            load=taken / passed,
            p50_ms=counts.p50_ms,
            p99_ms=counts.p99_ms,
            bytes_per_transport=max(0, resident(process.pid) - before) // (consumers + 1),
            lost=max(0, counts.lost - counts.overflowed),
        )


async def _settle(load: Generator, consumers: int, per_s: float) -> None:
    """Waits until all get the whole stream: the forwarder learns first what their lines carry."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + SETTLE_S_MAX
    while True:
        load.tell("mark")
        begun = loop.time()
        await asyncio.sleep(1.0)
        counts = await load.report(1, consumers + 1)
        due = per_s * consumers * (loop.time() - begun)
        if counts.watching == consumers and counts.received + counts.overflowed >= 0.9 * due:
            return
        if loop.time() > deadline:
            _say(f"not all get all of it: {counts.received} of {due:.0f} packets, {counts.watching} watch")
            return


def _stream(implementation: Implementation, kind: Kind, consumers: int) -> Stream:
    """At the rate of a class, or as much of it as this forwarder carries to so many."""
    per_frame, frames = (VIDEO_PACKETS, VIDEO_FRAMES_PER_S) if kind == "video" else (1, AUDIO_PER_S)
    carried = LOAD_MAX / (COST_US[implementation] * 1e-6 * per_frame * consumers)
    return Stream(
        ssrc=5_000,
        payload_type=96 if kind == "video" else 111,
        kind=kind,
        mid="0",
        rid="r1" if kind == "video" else "",
        payload_bytes=VIDEO_BYTES if kind == "video" else AUDIO_BYTES,
        packets=per_frame,
        frames_per_s=round(min(frames, carried), 2),
    )


@asynccontextmanager
async def _forwarder(
    implementation: Implementation, kind: Kind, consumers: int
) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    """A process that forwards, and its port."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.bench_forward", implementation, kind, str(consumers)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        yield process, int(await asyncio.wait_for(process.stdout.readline(), 60))
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


# --- inside the forwarder's process --------------------------------------------------------------
def _key(number: int, way: int) -> bytes:
    """Of no secrecy; different on each transport and in each direction."""
    return (number * 2 + way).to_bytes(4, "little") * 7


def _name(number: int) -> str:
    return f"t{number}"


def _credentials(number: int) -> tuple[str, str, int, str, str, str]:
    name = _name(number)
    transport_cc = 0 if number == 0 else SHOWN.transport_cc
    return (
        f"f{name}",
        f"secret-of-{name}",
        transport_cc,
        "direct",
        _key(number, 0).hex(),
        _key(number, 1).hex(),
    )


def _ignore(_: ForwarderEvent) -> None:
    """Nobody controls this forwarder."""


async def _serve(implementation: Implementation, kind: Kind, consumers: int) -> None:
    forwarder: Forwarder
    if implementation == "native":
        module = importlib.import_module("sfu.native_forwarder")
        forwarder = await module.open_native("127.0.0.1", 0, _ignore)
    else:
        forwarder = await open_forwarder("127.0.0.1", 0, _ignore)
    print(forwarder.port, flush=True)
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.readline)
    _fill(forwarder, kind, consumers)
    print("filled", flush=True)
    await loop.run_in_executor(None, sys.stdin.readline)  # Until the bench ends us.
    await forwarder.close()


def _fill(forwarder: Forwarder, kind: Kind, consumers: int) -> None:
    for number in range(consumers + 1):
        name = _name(number)
        forwarder.add_transport(TransportConfig(name, f"f{name}", f"secret-of-{name}"))
        keys = SrtpKeys("AEAD_AES_128_GCM", receive=_key(number, 0), send=_key(number, 1))
        forwarder.set_keys(name, keys)
    video = kind == "video"
    producer = ProducerConfig(
        id="producer",
        transport=_name(0),
        kind=MediaKind(kind),
        mime_type="video/VP8" if video else "audio/opus",
        clock_rate_hz=90_000 if video else 48_000,
        payload_type=96 if video else 111,
        rtx_payload_type=97 if video else None,
        mid="0",
        extensions=SENT,
        encodings=(Encoding(rid="r0"), Encoding(rid="r1")) if video else (Encoding(ssrc=5_000),),
        nack=video,
        paused=False,
    )
    forwarder.add_producer(producer)
    for number in range(1, consumers + 1):
        forwarder.add_consumer(_consumer(producer, number, video=video))


def _consumer(producer: ProducerConfig, number: int, *, video: bool) -> ConsumerConfig:
    return ConsumerConfig(
        id=f"c{number}",
        transport=_name(number),
        producer=producer.id,
        mid="7",
        ssrc=7_000,
        rtx_ssrc=7_001 if video else None,
        payload_type=101 if video else 100,
        rtx_payload_type=102 if video else None,
        cname="bench",
        extensions=SHOWN,
        nack=video,
        paused=False,
    )


if __name__ == "__main__":
    _implementation, _kind, _consumers = sys.argv[1:]
    assert _implementation in ("native", "python")
    assert _kind in ("audio", "video")
    asyncio.run(_serve(_implementation, _kind, int(_consumers)))  # type: ignore[arg-type]  # Checked above.
