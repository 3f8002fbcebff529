"""What people themselves saw of the class, held against the log and the read models.

Invariants 5, 6 and 7 of reliability §5, as sentences about what is broken: who was in two classes at once,
whose attendance is not what their own watch says, and what of one tenant came to another one's eyes.
"""

import json
import re
from dataclasses import dataclass, field
from itertools import pairwise

from schemas.envelope import Commit, decode_commit
from tests.e2e.checker import Json
from tests.simulation.truth import Interval

SLACK_MS = 1_000  # What invariant 6 allows, of a person's whole time.
_ID = re.compile(r"\b(?:[a-z]{1,2}[a-z2-7]{16}|[0-9a-f]{16})\b")
"""What ``edge.identity`` and ``schemas.ids`` make, and the ids that the tests' clients give to commands."""


@dataclass
class Span:
    """Something that happened at a moment between two looks at the clock, Unix milliseconds."""

    not_before: int
    not_after: int


@dataclass
class Watch:
    """A person's own watch. When a wish took effect is known only between asking and being answered; when
    a line that was cut is known again, only between the cut and the next answer."""

    visits: list[tuple[Span, Span]] = field(default_factory=list)
    gaps_ms: int = 0
    _entered: Span | None = None
    _cut_at: int | None = None

    @property
    def is_inside(self) -> bool:
        """Whether the person is in class."""
        return self._entered is not None

    def cut(self, at: int) -> None:
        """The line is gone."""
        if self.is_inside and self._cut_at is None:
            self._cut_at = at

    def answered(self, name: str, asked: Span, *, accepted: bool) -> None:
        """A command was asked and answered."""
        if self._cut_at is not None:
            self.gaps_ms += asked.not_after - self._cut_at
            self._cut_at = None
        if accepted and name == "join_session" and self._entered is None:
            self._entered = asked
        if accepted and name in ("leave_session", "end_session"):
            self.left(asked)

    def left(self, when: Span) -> None:
        """The person is out, or the class is over."""
        if self._entered is not None:
            self.visits.append((self._entered, when))
            self._entered = None

    @property
    def longest_ms(self) -> int:
        """No longer can they have been there."""
        return sum(left.not_after - entered.not_before for entered, left in self.visits)

    @property
    def shortest_ms(self) -> int:
        """So long they were there with a line."""
        whole = sum(left.not_before - entered.not_after for entered, left in self.visits)
        return whole - self.gaps_ms


@dataclass(frozen=True)
class Row:
    """A participation as the read model has it."""

    connected_ms: int
    connected_from: list[int]
    connected_to: list[int]


def commits(log: list[Json]) -> list[Commit]:
    """The log as values."""
    return [decode_commit(json.dumps(commit).encode()) for commit in log]


def attendance_problems(who: str, watch: Watch, logged: list[Interval], rows: list[Row]) -> list[str]:
    """How the log's and the read model's account of a person disagree with the person's own watch."""
    problems = []
    known_ms = sum((each.end or 0) - each.begin for each in logged)
    written_ms = sum(row.connected_ms for row in rows)
    if not watch.shortest_ms - SLACK_MS <= known_ms <= watch.longest_ms + SLACK_MS:
        problems.append(
            f"{who} was there {watch.shortest_ms} to {watch.longest_ms} ms, the log has {known_ms}"
        )
    if written_ms != known_ms:
        problems.append(f"{who}: {written_ms} ms are written, the log has {known_ms}")
    if len(rows) != len(watch.visits):
        problems.append(f"{who} came {len(watch.visits)} times, {len(rows)} are written")
    times = [time for row in rows for time in zip(row.connected_from, row.connected_to, strict=True)]
    if any(end < begin for begin, end in times):
        problems.append(f"{who} left before coming: {times}")
    if any(end > begin for (_, end), (begin, _) in pairwise(sorted(times))):
        problems.append(f"{who} was there twice at once: {times}")
    return problems


def ids_in(values: list[Json]) -> set[str]:
    """All ids that somebody or something was given."""
    return set(_ID.findall(json.dumps(values)))


def strangers_in(seen: str, words: set[str]) -> list[str]:
    """Which words of another tenant are in what somebody saw."""
    found = words & set(_ID.findall(seen)) | {word for word in words if not _ID.match(word) and word in seen}
    return [f"{word} of another tenant was seen" for word in sorted(found)]
