"""Engagement of a class, or of a room's classes: what the edge asks. Times are Unix milliseconds.

There is one score, and ``FORMULA`` says what it is; it is in every answer.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from projectors.acts import KINDS
from projectors.engagement import step_of
from projectors.model import queries
from schemas.envelope import STAFF
from schemas.ids import ParticipantId, SessionId
from schemas.limits import ENGAGEMENT_SESSIONS_MAX, ENGAGEMENT_STEP_S
from schemas.media import Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from projectors.reads import Pool
    from schemas.ids import RoomKey

_sql = queries("engagement")
_STEP_MS = ENGAGEMENT_STEP_S * 1000

FORMULA = (
    f"active_share = active_steps / present_steps. A step is {ENGAGEMENT_STEP_S} seconds of the clock. "
    "A step is present where the person was connected in any part of it, and active where, besides, they "
    "raised a hand, wrote a message, asked a question, answered a poll by name, reacted or drew. "
    "Of several people: all their active steps / all their present steps, hosts and co-hosts left out."
)


class Acts(Struct, frozen=True):
    """How often what was done; ``acts`` says what counts as one. Anonymous answers are in the totals of a
    class and nobody's."""

    hands: int = 0
    messages: int = 0
    questions: int = 0
    answers: int = 0
    reactions: int = 0
    drawings: int = 0


class StepRow(Struct, frozen=True):
    """A step of a class: how many were present and how many of them active, and what was done."""

    at: int
    present: int
    active: int
    acts: Acts


class PersonRow(Struct, frozen=True):
    """One person over the classes asked about. ``role`` and name are those of the last participation."""

    participant: ParticipantId
    display_name: str
    role: Role
    sessions: int
    present_ms: int
    microphone_ms: int
    camera_ms: int
    screen_ms: int
    acts: Acts
    present_steps: int
    active_steps: int
    active_share: float | None


class SessionRow(Struct, frozen=True):
    """One class. ``people`` counts everybody who was there, ``peak`` the most at once."""

    id: SessionId
    title: str
    started_at: int
    ended_at: int | None
    people: int
    peak: int
    acts: Acts
    active_share: float | None
    steps: tuple[StepRow, ...]


class Engagement(Struct, frozen=True):
    """Classes, the latest first, and everybody who was in one of them, by name."""

    step_s: int
    formula: str
    sessions: tuple[SessionRow, ...]
    people: tuple[PersonRow, ...]


class _Presence(Struct, frozen=True):
    """A participation as it is stored."""

    session: SessionId
    participant: ParticipantId
    display_name: str
    role: Role
    connected_from: tuple[int, ...]
    connected_to: tuple[int, ...]
    microphone_ms: int
    camera_ms: int
    screen_ms: int

    def intervals(self, now: int) -> Iterable[tuple[int, int]]:
        """Times of being connected; what lasts ends now."""
        ends = (*self.connected_to, max(now, self.connected_from[-1]))
        return zip(self.connected_from, ends, strict=False)

    def steps(self, now: int) -> set[int]:
        """The steps in which they were connected, be it for a moment."""
        return {
            at for since, until in self.intervals(now) for at in range(step_of(since), until + 1, _STEP_MS)
        }


class _Done(Struct, frozen=True):
    """What one person did in one step."""

    session: SessionId
    step: int
    participant: str
    acts: Acts


async def engagement(
    pool: Pool, key: RoomKey, since: int, until: int, now: int, *, session: SessionId | None = None
) -> Engagement:
    """The classes that began in ``[since, until)``, or the one named; at most ``ENGAGEMENT_SESSIONS_MAX``,
    the latest. ``now`` ends what is not over."""
    limit = ENGAGEMENT_SESSIONS_MAX
    heads = await pool.fetch(_sql["sessions"], key.tenant, key.room, since, until, session, limit)
    named = [head["id"] for head in heads]
    present = tuple(
        msgspec.convert(dict(row), _Presence)
        for row in await pool.fetch(_sql["presence"], key.tenant, key.room, named)
    )
    done = tuple(_done(dict(row)) for row in await pool.fetch(_sql["steps"], key.tenant, key.room, named))
    sessions = tuple(_session(dict(head), present, done, now) for head in heads)
    return Engagement(ENGAGEMENT_STEP_S, FORMULA, sessions, _people(present, done, now))


def _done(row: dict[str, object]) -> _Done:
    acts = msgspec.convert({kind: row.pop(kind) for kind in KINDS}, Acts)
    return msgspec.convert({**row, "acts": acts}, _Done)


# --- a class -------------------------------------------------------------------------------------
def _session(
    head: dict[str, object], present: Sequence[_Presence], done: Sequence[_Done], now: int
) -> SessionRow:
    here = [p for p in present if p.session == head["id"]]
    acts = [d for d in done if d.session == head["id"]]
    counted: dict[str, object] = {
        "people": len({p.participant for p in here}),
        "peak": _peak(here, now),
        "acts": _total(acts),
        "active_share": _share([p for p in _people(here, acts, now) if p.role not in STAFF]),
        "steps": _steps(here, acts, now),
    }
    return msgspec.convert({**head, **counted}, SessionRow)


def _steps(here: Sequence[_Presence], acts: Sequence[_Done], now: int) -> tuple[StepRow, ...]:
    present: dict[int, set[str]] = defaultdict(set)
    for participation in here:
        for step in participation.steps(now):
            present[step].add(participation.participant)
    done: dict[int, list[_Done]] = defaultdict(list)
    for one in acts:
        done[one.step].append(one)
    return tuple(
        StepRow(
            step,
            len(present[step]),
            len(present[step] & {d.participant for d in done[step]}),
            _total(done[step]),
        )
        for step in sorted({*present, *done})
    )


def _peak(here: Iterable[_Presence], now: int) -> int:
    """The most people connected at one moment; who leaves at the moment another comes makes room."""
    changes = sorted(
        change
        for participation in here
        for since, until in participation.intervals(now)
        for change in ((since, 1), (until, -1))
    )
    peak = level = 0
    for _, change in changes:
        level += change
        peak = max(peak, level)
    return peak


# --- a person ------------------------------------------------------------------------------------
def _people(present: Sequence[_Presence], done: Sequence[_Done], now: int) -> tuple[PersonRow, ...]:
    acts: dict[str, list[_Done]] = defaultdict(list)
    for one in done:
        acts[one.participant].append(one)
    theirs: dict[ParticipantId, list[_Presence]] = defaultdict(list)
    for participation in present:
        theirs[participation.participant].append(participation)
    rows = (_person(who, there, acts[who], now) for who, there in theirs.items())
    return tuple(sorted(rows, key=lambda row: (row.display_name, row.participant)))


def _person(who: ParticipantId, there: Sequence[_Presence], done: Sequence[_Done], now: int) -> PersonRow:
    present = {(p.session, step) for p in there for step in p.steps(now)}
    active = present & {(d.session, d.step) for d in done}
    last = max(there, key=lambda p: p.connected_from[0])
    return PersonRow(
        who,
        last.display_name,
        last.role,
        len({p.session for p in there}),
        sum(max(0, until - since) for p in there for since, until in p.intervals(now)),
        sum(p.microphone_ms for p in there),
        sum(p.camera_ms for p in there),
        sum(p.screen_ms for p in there),
        _total(done),
        len(present),
        len(active),
        round(len(active) / len(present), 3) if present else None,
    )


def _share(people: Iterable[PersonRow]) -> float | None:
    counted = [(p.active_steps, p.present_steps) for p in people]
    present = sum(p for _, p in counted)
    return round(sum(a for a, _ in counted) / present, 3) if present else None


def _total(done: Iterable[_Done]) -> Acts:
    sums: Counter[str] = Counter()
    for one in done:
        sums.update(msgspec.structs.asdict(one.acts))
    return Acts(**sums)
