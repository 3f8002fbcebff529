"""Which simulcast layer for whom: one viewer's line shared among what he watches. Pure.

The order is: everybody's lowest layer first, by priority; then, by priority, each as far up as its
wish and the line allow. So a teacher's screen is sharp before classmates are, but a classmate is
never dark to make it sharper. Rising needs room to spare and staying does not: a viewer on the edge
of two layers must not swing between them.
"""

from collections.abc import Sequence

from msgspec import Struct

_RISE_ROOM = 1.2  # Room needed to rise; the difference to 1 is the swing that an estimate has.


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
    ladders = {want.id: _ladder(want) for want in wants}
    chosen: dict[str, int | None] = {want.id: None for want in wants}
    left = float("inf") if budget_bps is None else float(budget_bps)
    order = sorted(wants, key=lambda want: -want.priority)
    for want in order:
        for layer in ladders[want.id][:1]:
            cost = want.offers[layer].bps
            if cost * _room(want, layer) <= left:
                chosen[want.id] = layer
                left -= cost
    for want in order:
        have = chosen[want.id]
        for layer in ladders[want.id][1:]:
            if have is None:
                break
            cost = want.offers[layer].bps - want.offers[have].bps
            if cost * _room(want, layer) > left or (_rises(want, layer) and not want.may_rise):
                break
            chosen[want.id] = have = layer
            left -= cost
    return chosen


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


def _rises(want: Want, layer: int) -> bool:
    return want.current is None or layer > want.current


def _room(want: Want, layer: int) -> float:
    return _RISE_ROOM if _rises(want, layer) and want.current is not None else 1.0
