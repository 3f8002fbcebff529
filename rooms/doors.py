"""Who may enter a breakout room, and what may be published there.

A page must never learn by a closed door what it could have learnt before: these are asked by the roster,
the edge and the media node alike, and each reads nothing but the room's own state.
"""

from rooms.state import RoomState
from rooms.state.breakouts import Parentage, Visitor
from schemas.envelope import STAFF
from schemas.ids import ParticipantId, RoomKey, participant_id
from schemas.media import Role, Source
from schemas.rejections import Code, Rejection, rejection


def root(state: RoomState) -> RoomKey:
    """The room in whose class somebody in here is: the parent of a breakout, else the room itself."""
    of = state.breakouts.of
    return state.key if of is None else parent_key(state, of)


def parent_key(state: RoomState, of: Parentage) -> RoomKey:
    """The parent of a child room."""
    return RoomKey(state.key.tenant, of.parent)


def may_enter(state: RoomState, person: str, role: Role | None) -> bool:
    """Whether a user or guest, who has this role here or would have it, may be in the room.

    Into a breakout come those whom the parent put there or lets visit, and staff.
    """
    of = state.breakouts.of
    if of is None or role in STAFF:
        return True
    return is_member(state, of, person) or visitor(of, participant_id(state.key, person)) is not None


def refuse_entry(state: RoomState, person: str, role: Role | None) -> Rejection | None:
    """Why this person may not join here; None if they may."""
    return None if may_enter(state, person, role) else rejection(Code.NOT_YOUR_GROUP)


def is_member(state: RoomState, of: Parentage, person: str) -> bool:
    """Whether the parent put this person into the group."""
    return participant_id(parent_key(state, of), person) in of.members


def visitor(of: Parentage, who: ParticipantId) -> Visitor | None:
    """The visit of this participant of the child room."""
    return next((v for v in of.visitors if v.participant == who), None)


def may_publish(state: RoomState, who: ParticipantId, source: Source) -> bool:
    """Whether a visitor's mode allows this source; for everybody else only their permissions count."""
    of = state.breakouts.of
    visit = visitor(of, who) if of is not None else None
    if visit is None or visit.mode == "visit":
        return True
    return visit.mode == "speak" and source is Source.MICROPHONE
