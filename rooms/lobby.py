"""The lobby: who waits at the door, and who lets them in."""

from rooms.asker import Asker
from rooms.state import RoomState
from rooms.topic import Decided, Stamp, Topic
from rooms.viewer import Viewer
from schemas.commands import Command
from schemas.events import EventData
from schemas.rejections import Code, rejection
from schemas.view.lobby import LobbyView


def decide(state: RoomState, asks: Asker, command: Command, now: int) -> Decided:
    """What a wish leads to."""
    return rejection(Code.UNKNOWN_COMMAND)


def evolve(state: RoomState, fact: EventData, stamp: Stamp) -> RoomState:
    """The room after a fact."""
    return state


def view(state: RoomState, viewer: Viewer) -> LobbyView:
    """What somebody sees of it."""
    return LobbyView()


TOPIC = Topic("lobby", (), (), decide, evolve)
