"""The load generator of the benches: a Rust program, built when it is first needed, and its lines.

``tests/bench/native`` has the source and, in ``src/bin/generator.rs``, the language: lines in, JSON out.
"""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from deploy.ground import GroundError

CRATE = Path(__file__).parents[1] / "tests" / "bench" / "native"
ANSWER_S = 60.0  # A generator with a thousand peers on a busy machine; beyond it, it is stuck.
PEER_S = 40.0  # It gives a peer up after 15 s by itself, and says so.


class Hello(Struct, frozen=True, tag_field="event", tag="hello"):
    """The generator is there; all its peers have this certificate."""

    fingerprint: str


class Connected(Struct, frozen=True, tag_field="event", tag="connected"):
    """A peer has its keys, so long after it sent its first check."""

    peer: int
    ms: float


class Failed(Struct, frozen=True, tag_field="event", tag="failed"):
    """A peer gave up."""

    peer: int
    why: str


class Report(Struct, frozen=True, tag_field="event", tag="report"):
    """Packets since the mark. ``overflowed``: those that the generator itself had no room for;
    ``opened``: a sample, whose times under way are the quantiles."""

    connected: int
    watching: int
    sent: int
    received: int
    lost: int
    overflowed: int
    refused: int
    opened: int
    p50_ms: float | None
    p99_ms: float | None


class Stream(Struct, frozen=True):
    """One encoding that a publisher sends; extension ids as Chromium has them."""

    ssrc: int
    payload_type: int
    kind: Literal["audio", "video"]
    mid: str
    rid: str
    payload_bytes: int
    packets: int
    frames_per_s: float


MID, RID, TRANSPORT_CC = 4, 10, 3
_decoder = msgspec.json.Decoder(Hello | Connected | Failed | Report)


class Generator:
    """A running generator. ``peer`` waits for one to be connected, ``report`` for the counts."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._peers: dict[int, asyncio.Future[Connected | Failed]] = {}
        self._reports: asyncio.Queue[Report] = asyncio.Queue()
        self._hello: asyncio.Future[Hello] = asyncio.get_running_loop().create_future()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def fingerprint(self) -> str:
        """SHA-256 of the certificate of all its peers."""
        return (await asyncio.wait_for(asyncio.shield(self._hello), ANSWER_S)).fingerprint

    def tell(self, *words: object) -> None:
        """One line."""
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(map(str, words)).encode() + b"\n")

    async def peer(self, number: int, *words: object) -> Connected | Failed:
        """Adds a peer and waits until it is connected or has given up."""
        answer = self._peers[number] = asyncio.get_running_loop().create_future()
        self.tell("peer", number, *words)
        return await asyncio.wait_for(answer, PEER_S)

    def stream(self, peer: int, stream: Stream) -> None:
        """A connected peer sends this from now on."""
        self.tell(
            "stream",
            peer,
            stream.ssrc,
            stream.payload_type,
            stream.kind,
            stream.mid,
            MID,
            stream.rid or "-",
            RID,
            TRANSPORT_CC,
            stream.payload_bytes,
            stream.packets,
            stream.frames_per_s,
        )

    async def report(self, first: int, end: int) -> Report:
        """Counts of the peers from ``first`` up to ``end``, since the mark."""
        self.tell("report", first, end)
        return await asyncio.wait_for(self._reports.get(), ANSWER_S)

    async def read(self) -> None:
        """Reads its lines until it ends."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            match _decoder.decode(line):
                case Hello() as hello:
                    self._hello.set_result(hello)
                case Report() as report:
                    self._reports.put_nowait(report)
                case Connected() | Failed() as told:
                    answer = self._peers[told.peer]
                    if not answer.done():
                        answer.set_result(told)


@asynccontextmanager
async def generator() -> AsyncIterator[Generator]:
    """Builds what is not built, and runs it."""
    process = await asyncio.create_subprocess_exec(
        built("generator"), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    running = Generator(process)
    reading = asyncio.create_task(running.read())
    try:
        yield running
    finally:
        reading.cancel()
        await asyncio.wait([reading])
        if process.returncode is None:
            process.kill()
        await process.wait()


def built(program: str) -> Path:
    """The program of the bench crate, built. Raises GroundError."""
    cargo = shutil.which("cargo")
    if cargo is None or not CRATE.exists():
        raise GroundError("This bench needs the source tree and cargo (Rust) to build its load generator.")
    done = subprocess.run(
        [cargo, "build", "--release", "--locked", "--quiet", "--jobs", "2"],
        cwd=CRATE,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode:
        raise GroundError("The load generator does not build; cargo says above why.")
    return CRATE / "target" / "release" / program


def cpu_s(pid: int) -> float:
    """Seconds of CPU, user and system, that the threads of a process that still run have taken."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def resident(pid: int) -> int:
    """Bytes of memory that a process has."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
