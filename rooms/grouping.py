"""Who goes into which group: by hand, by number, by lot, as last time; always from values alone.

A drawing is a sort by a hash of the seed and the person: without a seed the command's own id is taken,
so that a repeated command draws the same groups, and nobody can choose them.
"""

import hashlib
from collections.abc import Sequence
from math import ceil

from msgspec.structs import replace

from rooms.asker import Asker, new_id
from rooms.state import RoomState
from schemas.breakouts import Group
from schemas.commands.breakouts import PlanAtRandom, PlanBreakouts, PlanByNumber
from schemas.envelope import STAFF
from schemas.ids import GroupId, ParticipantId
from schemas.limits import BREAKOUT_MEMBERS_MAX, BREAKOUTS_MAX, PARTICIPANTS_MAX
from schemas.rejections import Code, Rejection, rejection

Groups = tuple[Group, ...]


def by_hand(state: RoomState, asks: Asker, command: PlanBreakouts) -> Groups | Rejection:
    """The groups as they are named, each person in one of them."""
    named = [p for group in command.groups for p in group.participants]
    if len(set(named)) != len(named):
        return rejection(Code.MALFORMED, "Everybody can be in one group only.")
    if len(named) > PARTICIPANTS_MAX:
        return rejection(Code.LIMIT_REACHED)
    names = [group.name.strip() for group in command.groups]
    if not all(names):
        return rejection(Code.MALFORMED, "Each group needs a name.")
    people = [group.participants for group in command.groups]
    return _groups(state, asks, names, people)


def by_number(state: RoomState, asks: Asker, command: PlanByNumber) -> Groups | Rejection:
    """Counting off: one, two, three, one, two, three."""
    return _dealt(state, asks, students(state), command.groups)


def at_random(state: RoomState, asks: Asker, command: PlanAtRandom) -> Groups | Rejection:
    """By lot: groups whose sizes differ by one at most."""
    if (command.groups is None) == (command.size is None):
        return rejection(Code.MALFORMED, "Say how many groups, or how many people in each.")
    people = students(state)
    seed = command.seed or new_id(state, asks, "")
    drawn = sorted(people, key=lambda p: (hashlib.sha256(f"{seed}/{p}".encode()).digest(), p))
    count = command.groups or max(1, ceil(len(people) / (command.size or 1)))
    if count > BREAKOUTS_MAX:
        return rejection(Code.LIMIT_REACHED)
    return _dealt(state, asks, drawn, count)


def students(state: RoomState) -> tuple[ParticipantId, ...]:
    """Those in class who are put into groups: everybody but staff, in the order of coming."""
    return tuple(p.id for p in state.participants.values() if p.role not in STAFF)


def moved(groups: Groups, who: ParticipantId, to: GroupId | None) -> Groups:
    """The groups with this person in one of them, or in none."""
    return tuple(_with(group, who, here=group.id == to) for group in groups)


def _with(group: Group, who: ParticipantId, *, here: bool) -> Group:
    if here == (who in group.participants):
        return group
    others = tuple(p for p in group.participants if p != who)
    return replace(group, participants=(*others, who) if here else others)


def group_of(groups: Groups, who: ParticipantId | None) -> Group | None:
    """The group of a person."""
    return next((group for group in groups if who in group.participants), None)


def _dealt(state: RoomState, asks: Asker, people: Sequence[ParticipantId], count: int) -> Groups | Rejection:
    if len(people) > count * BREAKOUT_MEMBERS_MAX:
        return rejection(Code.LIMIT_REACHED)
    names = [str(number + 1) for number in range(count)]
    return _groups(state, asks, names, [tuple(people[i::count]) for i in range(count)])


def _groups(
    state: RoomState, asks: Asker, names: Sequence[str], people: Sequence[tuple[ParticipantId, ...]]
) -> Groups:
    return tuple(
        Group(GroupId(new_id(state, asks, f"g{i + 1}_")), name, members)
        for i, (name, members) in enumerate(zip(names, people, strict=True))
    )
