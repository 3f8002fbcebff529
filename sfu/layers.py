"""Which simulcast layer for whom: one viewer's line shared among what he watches. Pure.

The order is: everybody's lowest layer first, by priority; then, by priority, each as far up as its
wish and the line allow. So a teacher's screen is sharp before classmates are, but a classmate is
never dark to make it sharper. Rising needs room to spare and staying does not: a viewer on the edge
of two layers must not swing between them.
"""

from collections.abc import Sequence
from itertools import groupby

from msgspec import Struct

_RISE_ROOM = 1.2  # Room needed to rise; the difference to 1 is the swing that an estimate has.
_LAST_ROOM = 0.5  # A picture that is shown goes dark only when the line holds less than half of it.


class Offer(Struct, frozen=True):
    """One layer as it comes from the publisher; ``flowing``: it is being sent now."""

    bps: int
    flowing: bool


class Want(Struct, frozen=True):
    """One video that the viewer watches. ``layer_max`` None: not visible. ``may_rise`` is off for a
    while after a fall."""

    id: str
    priority: int
    layer_max: int | None
    current: int | None
    offers: tuple[Offer, ...]
    may_rise: bool = True


def choose(wants: Sequence[Want], budget_bps: int | None) -> dict[str, int | None]:
    """The layer for each; None: nothing. Without a budget (no estimate) wishes alone decide."""
    left = float("inf") if budget_bps is None else float(budget_bps)
    order = sorted(wants, key=lambda want: -want.priority)
    chosen: dict[str, int | None] = {want.id: None for want in wants}
    climbing: list[tuple[Want, list[int]]] = []
    for want in order:
        ladder = _ladder(want)
        if not ladder:
            continue
        cost = want.offers[ladder[0]].bps
        if cost * (1.0 if want.current is None else _LAST_ROOM) <= left:
            chosen[want.id] = ladder[0]
            left = max(0.0, left - cost)
            climbing.append((want, ladder))
    for _, equals in groupby(climbing, key=lambda climber: climber[0].priority):
        left = _climb(list(equals), chosen, left)
    return chosen


def _climb(climbers: list[tuple[Want, list[int]]], chosen: dict[str, int | None], left: float) -> float:
    """Equals rise in turns, a step each, so that none is sharp while another is blurred."""
    while climbers:
        rising: list[tuple[Want, list[int]]] = []
        for want, ladder in climbers:
            if len(ladder) < 2:
                continue
            cost = want.offers[ladder[1]].bps - want.offers[ladder[0]].bps
            rises = want.current is not None and ladder[1] > want.current
            if cost * (_RISE_ROOM if rises else 1.0) > left or (rises and not want.may_rise):
                continue
            chosen[want.id] = ladder[1]
            left -= cost
            rising.append((want, ladder[1:]))
        climbers = rising
    return left


def _ladder(want: Want) -> list[int]:
    """The layers worth considering, lowest first."""
    if want.layer_max is None or not want.offers:
        return []
    top = min(want.layer_max, len(want.offers) - 1)
    flowing = [layer for layer, offer in enumerate(want.offers) if offer.flowing]
    if not flowing:
        # Nothing came yet, or the camera froze: keep what is, or wait for the first that comes.
        return [top if want.current is None else min(want.current, top)]
    # A publisher whose line is short stops his upper layers, one on a phone may stop the lower ones.
    return [layer for layer in flowing if layer <= top] or flowing[:1]
