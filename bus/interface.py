"""What the log offers, independent of who keeps it: NATS (``bus.nats``) or memory (``bus.memory``).

Everything is plain values and small protocols; one suite of tests runs against both.
"""

# ruff: noqa: N818  # Errors are named for what happened: ``except Conflict`` reads as the domain speaks.

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from msgspec import Raw, Struct

from schemas.envelope import Commit, Envelope, Outcome
from schemas.ids import RoomKey, TenantId, TrackId

# --- errors --------------------------------------------------------------------------------------
#
# BusError
#   Conflict          the expected position is not the last one: somebody else wrote
#   Refused           the bus understood and said no (permission, size, limit, full)
#   Unavailable       no answer: what was asked may or may not have happened
#   NoResponders      nobody listens on the subject of a request
#   Purged            the log before this position is archived: begin from the snapshot


class BusError(Exception):
    """The bus did not do what was asked."""


class Conflict(BusError):
    """Somebody else wrote first; ``last`` is the real last position when the bus names it."""

    def __init__(self, message: str, last: int | None = None) -> None:
        super().__init__(message)
        self.last = last


class Refused(BusError):
    """The bus refused: permission, size, stream limit, or a full disk."""


class Unavailable(BusError):
    """No answer in time, or no connection. Unknown whether it happened: ask again, idempotently."""


class NoResponders(BusError):
    """Nobody serves this subject."""


class Purged(BusError):
    """What comes after the given position is archived, no longer on the log: begin from the snapshot."""


# --- core messages -------------------------------------------------------------------------------
class Message(Struct, frozen=True):
    """A core message, as delivered."""

    subject: str
    data: bytes
    headers: Mapping[str, str] = {}
    reply_to: str = ""


Handler = Callable[[Message], Awaitable[None]]
Responder = Callable[[Message], Awaitable[bytes]]


Clock = Callable[[], int]
"""Gives Unix milliseconds."""


class Core(Protocol):
    """Core messaging: lossy publish and request/reply."""

    async def publish(self, subject: str, data: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Sends at most once. Never waits for a slow receiver."""

    async def request(
        self, subject: str, data: bytes, timeout_s: float, headers: Mapping[str, str] | None = None
    ) -> bytes:
        """One answer. Raises NoResponders at once when nobody listens, Unavailable after the time."""

    def subscribe(
        self, subject: str, handler: Handler, *, queue: str = ""
    ) -> AbstractAsyncContextManager[None]:
        """Delivers to ``handler``, in order, one at a time, while the context is open. When the context
        is entered the server has the subscription (barrier): nothing published later is missed."""

    def serve(
        self, subject: str, responder: Responder, *, queue: str = "", concurrency: int = 64
    ) -> AbstractAsyncContextManager[None]:
        """Answers requests, up to ``concurrency`` at a time, while the context is open."""


# --- the event log -------------------------------------------------------------------------------
class Stored(Struct, frozen=True):
    """A commit as it lies in EVT."""

    key: RoomKey
    stream_seq: int
    commit: Commit


class Line(Struct, frozen=True):
    """A commit as it is put away: its position in EVT, its topic, and its very bytes."""

    stream_seq: int
    topic: str
    commit: Raw


class Archived(Struct, frozen=True):
    """A room's log in the archive, from its first commit: the stream positions of its first and last."""

    key: RoomKey
    first: int
    last: int


class Latest(Struct, frozen=True):
    """Where a room's log ends, when that was written (Unix ms), and where it was last redacted (0: never)."""

    key: RoomKey
    stream_seq: int
    at: int
    redacted: int


class Log(Protocol):
    """EVT: append, read, follow."""

    async def append(self, key: RoomKey, commit: Commit, *, topic: str, expected_stream_seq: int) -> int:
        """Appends a commit if the room's last message is at ``expected_stream_seq`` (0: none yet).

        Returns its stream sequence once the server has stored it. Raises Conflict (someone else wrote,
        or an earlier attempt of this very append got through: re-read to tell), Refused, Unavailable.
        """

    def read(self, key: RoomKey, *, after_stream_seq: int = 0) -> AsyncIterator[Stored]:
        """The room's commits after a position, in order, up to its last one at the time of the call.

        From the very first (0) they begin in the archive when the log was put away: Purged is raised when
        it is not there either. After another position what was purged is missing without a word: who
        reads on compares ``seq``."""

    def lines(self, key: RoomKey) -> AsyncIterator[Line]:
        """All of a room's commits as they are stored, archived ones first. Raises Purged, Unavailable."""

    async def archives(self) -> tuple[Archived, ...]:
        """The archived log of every room that has one. Raises Unavailable."""

    def read_archived(self, archived: Archived) -> AsyncIterator[Stored]:
        """The commits of an archived log. Raises Purged when it is gone or damaged, Unavailable."""

    async def latest(self) -> tuple[Latest, ...]:
        """The end of every room's log. For the archiver."""

    async def purge(self, key: RoomKey, *, before_stream_seq: int) -> None:
        """Removes a room's messages before a position. For the archiver. Raises Refused, Unavailable."""

    async def append_line(self, key: RoomKey, line: Line, *, expected_stream_seq: int) -> int:
        """Appends a commit that was put away, byte for byte; otherwise as ``append``."""

    def follow(
        self, key: RoomKey, *, after_seq: int, after_stream_seq: int
    ) -> AbstractAsyncContextManager[AsyncIterator[Stored]]:
        """All commits after a position, for ever: tail, then live, in ``seq`` order without hole or
        repeat. Holes and reconnects are repaired by reading. The iterator raises Purged when the
        position is older than what the log still holds."""

    def follow_all(
        self, *, after_stream_seq: int, batch: int = 500
    ) -> AbstractAsyncContextManager[AsyncIterator[tuple[Stored, ...]]]:
        """Commits of all rooms in stream order from a position, for ever, in batches as available."""

    async def last_stream_seq(self) -> int:
        """The last position in EVT (0: empty)."""


# --- what was put away ---------------------------------------------------------------------------
class Archive(Protocol):
    """Objects beside the log: what is too large or too old for it. Methods raise Refused, Unavailable."""

    @property
    def is_there(self) -> bool:
        """Whether anything can be put here: an object store is configured."""

    async def put(self, name: str, body: bytes) -> None:
        """Stores an object, whole or not at all; replaces what was there."""

    async def get(self, name: str) -> bytes | None:
        """An object's bytes; None when it is not there."""

    async def put_file(self, name: str, path: Path) -> None:
        """Stores a file, whole or not at all; replaces what was there."""

    async def fetch_file(self, name: str, path: Path) -> bool:
        """Copies an object to a local file; False when it is not there."""

    async def names(self, prefix: str) -> tuple[str, ...]:
        """The names that begin with this."""

    async def remove(self, name: str) -> None:
        """Removes an object; one that is not there is as good as removed."""


# --- commands ------------------------------------------------------------------------------------
class Delivery(Protocol):
    """A command taken from the queue. Exactly one of the two must be called."""

    key: RoomKey
    name: str
    headers: Mapping[str, str]
    data: bytes
    redelivered: bool

    async def ack(self) -> None:
        """It is decided and answered; it never comes again. Waits until the server knows; when the
        server falls meanwhile it returns, and the command comes once more."""

    async def nak(self, delay_s: float = 0.0) -> None:
        """It shall come again."""


class Commands(Protocol):
    """CMD: submit and take."""

    async def submit(self, envelope: Envelope, *, attempt_s: float = 2.0) -> Outcome:
        """Puts a command on CMD and waits for its outcome, retrying with the same id until the
        envelope's deadline. ``reply_to`` is filled in here. Raises Unavailable when the deadline passes
        without an answer: then unknown whether it happened, and the same id may be submitted again.
        """

    def take(self, partition: int) -> AbstractAsyncContextManager[AsyncIterator[Delivery]]:
        """Commands of a partition, in order. Entering resets the durable subscription, so that what a
        dead predecessor held comes first and in order. Only the lease holder may call it."""

    async def answer(self, reply_to: str, outcome: Outcome) -> None:
        """Answers the asker; lossy."""


# --- keys ----------------------------------------------------------------------------------------
class Entry(Struct, frozen=True):
    """A value in a bucket. ``revision`` is for compare-and-set."""

    key: str
    value: bytes
    revision: int


class Change(Struct, frozen=True):
    """A change in a bucket: ``entry`` is None when the key was deleted or expired."""

    key: str
    entry: Entry | None
    revision: int
    expired: bool = False


class Bucket(Protocol):
    """A KV bucket that understands expiry markers (bus-facts §0.7)."""

    async def get(self, key: str) -> Entry | None:
        """The entry, or None when absent, deleted or expired."""

    async def create(self, key: str, value: bytes, *, ttl_s: float | None = None) -> int:
        """Writes if absent, deleted or expired. Returns the revision. Raises Conflict."""

    async def update(self, key: str, value: bytes, revision: int, *, ttl_s: float | None = None) -> int:
        """Writes if the revision is still this one. Returns the new one. Raises Conflict."""

    async def put(self, key: str, value: bytes, *, ttl_s: float | None = None) -> int:
        """Writes whatever is there. Returns the revision."""

    async def delete(self, key: str, revision: int | None = None) -> None:
        """Deletes, if given only at this revision. Raises Conflict."""

    async def entries(self) -> dict[str, Entry]:
        """All entries. For small buckets only."""

    def watch(self, key: str = ">") -> AbstractAsyncContextManager[AsyncIterator[Change]]:
        """First the present entries, then every change and expiry, for ever; survives reconnects."""


# --- leases --------------------------------------------------------------------------------------
class Lease(Protocol):
    """A held lease. ``lost`` is set the moment it can no longer be trusted."""

    name: str

    async def lost(self) -> None:
        """Returns when the lease is lost."""

    @property
    def is_held(self) -> bool:
        """Whether it can be trusted now (judged by the local clock, before the TTL can run out)."""

    async def confirm(self) -> bool:
        """Re-reads the lease: whether it is still ours. To be asked after an append conflict."""


class Leases(Protocol):
    """Mutual exclusion with liveness probes: a dead holder is replaced in about half a second."""

    def hold(self, name: str) -> AbstractAsyncContextManager[Lease]:
        """Waits until the lease is ours and keeps it while the context is open; leaving releases it.

        The holder answers on ``alive.<process>``; waiters probe it every ``LIVENESS_PROBE_S`` and take
        over by compare-and-set after two probes without responder, or when the TTL runs out."""

    async def holder(self, name: str) -> str | None:
        """The process that holds it now."""


# --- jobs ----------------------------------------------------------------------------------------
class Job(Protocol):
    """A job in work. It is done when the worker's handler returns, retried when it raises."""

    kind: str
    key: RoomKey
    data: bytes
    attempt: int

    async def in_progress(self) -> None:
        """Tells the queue that the worker is alive."""


class Jobs(Protocol):
    """JOBS: at-least-once work with backoff and dead letters."""

    async def put(self, kind: str, key: RoomKey, data: bytes, *, job_id: str) -> None:
        """Puts a job; the same ``job_id`` within the hour is the same job. Raises Refused, Unavailable."""

    async def work(self, kind: str, handler: Callable[[Job], Awaitable[None]]) -> None:
        """Takes jobs of a kind, one at a time, until cancelled. A handler that raises is tried again
        after ``JOB_BACKOFF_S``; after ``JOB_ATTEMPTS_MAX`` the job moves to DLQ (copied, then deleted)
        with the error. ``in_progress`` is also sent automatically every third of ``JOB_ACK_S``."""

    async def dead(self) -> list[tuple[str, bytes, Mapping[str, str]]]:
        """Dead letters: subject, body, headers (with ``Cw-Error``)."""


# --- recorded media ------------------------------------------------------------------------------
class Records(Protocol):
    """REC: RTP batches of recorded tracks, on a connection of their own."""

    async def append(self, key: RoomKey, track: TrackId, data: bytes, *, message_id: str) -> None:
        """Stores a batch; the same id is stored once. Raises Refused (full), Unavailable."""

    def read(self, key: RoomKey, track: TrackId) -> AsyncIterator[bytes]:
        """The batches of a track in order, up to the last one at the time of the call."""

    def follow(self, key: RoomKey, track: TrackId) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The batches of a track from the first, and then as they come."""


# --- audit ---------------------------------------------------------------------------------------
class Noted(Struct, frozen=True):
    """An audit fact as it lies in AUDIT; ``source`` is the role that wrote it."""

    stream_seq: int
    source: str
    data: bytes


class Audit(Protocol):
    """AUDIT: what is not about a room."""

    async def append(self, subject: str, data: bytes, *, message_id: str) -> None:
        """Stores an audit fact. Raises Refused, Unavailable."""

    def read(self, tenant: TenantId, *, after_stream_seq: int = 0) -> AsyncGenerator[Noted, None]:
        """A tenant's facts after a position, in order, up to the last one at the time of the call.
        Raises Refused, Unavailable."""


# --- the whole -----------------------------------------------------------------------------------
class Bus(Protocol):
    """One process's access to the bus, under its role's own user."""

    core: Core
    log: Log
    archive: Archive
    commands: Commands
    leases: Leases
    jobs: Jobs
    records: Records
    audit: Audit
    process: str
    """Name of this process on the bus: unique, a token."""
    clock: Clock
    """The log's clock: the same in every process, whatever its machine's clock says."""

    def bucket(self, name: str) -> Bucket:
        """A KV bucket by its name in ``schemas.subjects``."""

    @property
    def is_connected(self) -> bool:
        """Whether the connection is up now (all of them, where a role moves media on one of its own)."""

    async def disconnected(self) -> None:
        """Returns when the connection is down (at once if it is)."""

    async def connected(self) -> None:
        """Returns when the connection is up (at once if it is)."""
