"""What rooms ask of each other: a parent of its breakout rooms, and they of it.

Like a wish, an errand follows from the state of the room it comes from, so whoever takes over a partition
runs those that a dead predecessor left undone. What was said to whom before is only remembered to say
nothing twice in vain: every errand may be run again, and changes nothing then.
"""

from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from rooms import child
from rooms.breakouts import directives
from rooms.state import RoomState
from rooms.state.breakouts import Closing
from schemas.commands import Command
from schemas.commands.breakouts import ConfirmClosed, DirectBreakout, EndBreakout, ReportBreakout
from schemas.ids import CommandId, RoomId, RoomKey, derived_id
from schemas.limits import BREAKOUT_REPORT_S
from schemas.rejections import Code


class Wanted(Struct, frozen=True):
    """What other rooms must be told: open children what they shall be, closed ones that they are, and
    the parent what this child is."""

    children: tuple[tuple[RoomId, DirectBreakout], ...] = ()
    closing: tuple[Closing, ...] = ()
    report: tuple[RoomId, ReportBreakout] | None = None


class Told(Struct, frozen=True):
    """The last thing that was said to a room, and why it was refused, if it was."""

    said: Command
    refused: Code | None = None


class Errand(Struct, frozen=True):
    """A command for another room, or for one's own about what another said.

    ``says`` is what is remembered of it; nothing more of this kind is said there for ``pause_s``.
    """

    id: CommandId
    to: RoomKey
    command: Command
    says: Command
    pause_s: float = 0.0


def wanted(state: RoomState) -> Wanted:
    """What of this state other rooms must hear."""
    return Wanted(directives(state), state.breakouts.closing, child.report(state))


def same_wanted(before: RoomState, after: RoomState) -> bool:
    """Whether nothing changed that is told to others beyond what ``rooms.watch`` looks at anyway."""
    breakouts = after.breakouts
    if breakouts.opening is not None and (before.rights is not after.rights or before.title != after.title):
        return False
    return breakouts.of is None or before.hands is after.hands


def errands(key: RoomKey, seq: int, room: Wanted, told: Mapping[RoomKey, Told]) -> Iterator[Errand]:
    """What is to be said now, in no order."""
    for name, directive in room.children:
        to = RoomKey(key.tenant, name)
        if _is_news(directive, told.get(to)):
            yield Errand(_id(key, seq, to), to, replace(directive, version=seq), directive)
    yield from _closings(key, seq, room.closing, told)
    if room.report is not None:
        yield from _report(key, seq, room.report, told)


def _closings(
    key: RoomKey, seq: int, closing: tuple[Closing, ...], told: Mapping[RoomKey, Told]
) -> Iterator[Errand]:
    untold = False
    for room in closing:
        to, end = RoomKey(key.tenant, room.room), EndBreakout(room.opening)
        known = told.get(to)
        # A child that never came to be is as good as closed.
        if _is_news(end, known) and known != Told(end, Code.NO_SUCH_ROOM):
            untold = True
            yield Errand(_id(key, seq, to), to, end, end)
    if closing and not untold:
        confirm = ConfirmClosed(tuple(room.room for room in closing))
        yield Errand(_id(key, seq, key), key, confirm, confirm)


def _report(
    key: RoomKey, seq: int, report: tuple[RoomId, ReportBreakout], told: Mapping[RoomKey, Told]
) -> Iterator[Errand]:
    name, says = report
    to = RoomKey(key.tenant, name)
    known = told.get(to)
    if known is not None and known.refused in _UNWANTED:
        # The parent knows nothing of this opening any more: nobody else will ever close it.
        end = EndBreakout(says.opening)
        yield Errand(_id(key, seq, key), key, end, end)
    elif _is_news(says, known):
        yield Errand(_id(key, seq, to), to, says, says, BREAKOUT_REPORT_S)


def is_answer(command: Command, refused: Code) -> bool:
    """Whether a refusal tells all there is to know, so that asking again would tell nothing else."""
    match command:
        case EndBreakout():
            return refused is Code.NO_SUCH_ROOM
        case ReportBreakout():
            return refused in _UNWANTED
        case _:
            return False


_UNWANTED = frozenset({Code.BREAKOUTS_NOT_OPEN, Code.NO_SUCH_GROUP, Code.NO_SUCH_ROOM})


def _is_news(says: Command, known: Told | None) -> bool:
    return known is None or known.said != says or known.refused is not None


def _id(key: RoomKey, seq: int, to: RoomKey) -> CommandId:
    """Two keepers of the same room in the same state say the same."""
    return CommandId(derived_id("b", str(key), str(seq), str(to)))
