"""Rights beyond roles: grants and revocations for one person, locks for the class, the tenant's policy."""

from rooms.asker import Asker
from rooms.state import RoomState
from rooms.topic import Decided, Stamp, Topic
from rooms.viewer import Viewer
from schemas.commands import Command
from schemas.events import EventData
from schemas.rejections import Code, rejection
from schemas.view.rights import PersonRights, RightsView


def decide(state: RoomState, asks: Asker, command: Command, now: int) -> Decided:
    """What a wish leads to."""
    return rejection(Code.UNKNOWN_COMMAND)


def evolve(state: RoomState, fact: EventData, stamp: Stamp) -> RoomState:
    """The room after a fact."""
    return state


def view(state: RoomState, viewer: Viewer) -> RightsView:
    """Locks, and the exceptions for people: all to staff, otherwise the viewer's own."""
    rights = state.rights
    known = sorted({*rights.granted, *rights.revoked})
    return RightsView(
        rights.locks,
        tuple(
            PersonRights(who, rights.granted.get(who, ()), rights.revoked.get(who, ()))
            for who in known
            if viewer.is_staff or who == viewer.participant
        ),
    )


TOPIC = Topic("rights", (), (), decide, evolve)
