"""The latest commits of an open room, kept for pages that come back: bounded in number and in bytes."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from schemas.envelope import Commit, encode_commit
from schemas.ids import ParticipantId
from schemas.limits import RESUME_RING_BYTES, RESUME_RING_COMMITS


class Taken(NamedTuple):
    """A commit, and whose standing it may have changed (None: anybody's)."""

    commit: Commit
    moved: frozenset[ParticipantId] | None


class Ring:
    """Commits in order; the oldest go first when there are too many, or they are too large."""

    def __init__(self) -> None:
        self._kept: deque[tuple[Taken, int]] = deque()
        self._bytes = 0

    def __iter__(self) -> Iterator[Taken]:
        return (taken for taken, _ in self._kept)

    @property
    def start(self) -> int | None:
        """The first seq in it; None when it is empty."""
        return self._kept[0][0].commit.seq if self._kept else None

    def append(self, taken: Taken) -> None:
        """Keeps the latest commit."""
        size = _size(taken)
        self._kept.append((taken, size))
        self._bytes += size
        while len(self._kept) > RESUME_RING_COMMITS or self._bytes > RESUME_RING_BYTES:
            self._bytes -= self._kept.popleft()[1]

    def prepend(self, earlier: Sequence[Taken]) -> None:
        """Puts all of what was before in front, or nothing if it does not fit."""
        sized = [(taken, _size(taken)) for taken in earlier]
        size = sum(each for _, each in sized)
        fits = len(self._kept) + len(sized) <= RESUME_RING_COMMITS
        if fits and self._bytes + size <= RESUME_RING_BYTES:
            self._kept.extendleft(reversed(sized))
            self._bytes += size

    def clear(self) -> None:
        """Forgets all."""
        self._kept.clear()
        self._bytes = 0


def _size(taken: Taken) -> int:
    return len(encode_commit(taken.commit))
