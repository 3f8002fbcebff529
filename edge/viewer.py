"""One open socket as the hub sees it: who looks, and the way to them."""

from typing import NamedTuple

import msgspec

from edge.metrics import CLOSINGS
from edge.outbox import Frame, Outbox, Wire
from edge.tokens import Access
from rooms.state import RoomState
from rooms.view import view
from rooms.viewer import viewer as looking
from schemas.frames import CLOSE_CODES, Closing, ServerFrame, ViewFrame
from schemas.ids import ConnectionId, ParticipantId, RoomKey, participant_id
from schemas.media import Device, Role
from schemas.permissions import Permission

_json = msgspec.json.Encoder()

SENTENCES = {
    "going_away": "This server restarts. You are being connected to another one.",
    "too_slow": "The connection is too slow to follow. It is being made anew.",
    "replaced": "You opened this class on another page.",
    "removed": "A host removed you from this class.",
    "not_signed_in": "Please sign in.",
    "forbidden": "You have no access to this room.",
    "malformed": "The page sent something that is not understood.",
    "flooding": "The page sends far too much.",
    "unsupported_protocol": "This page is out of date. Please reload it.",
    "bus_lost": "This server has lost the class. You are being connected to another one.",
    "no_such_room": "There is no such room.",
    "full": "This server has as many people as it can carry. You are being connected to another one.",
}


def encode(frame: ServerFrame) -> Frame:
    """A frame of the contract, ready to be written."""
    return Frame(_json.encode(frame))


def refuse(wire: Wire, code: str, retry_after_ms: int | None = None) -> None:
    """Says why a socket is closed, and closes it."""
    CLOSINGS.labels(code).inc()
    wire.close(encode(Closing(code, SENTENCES[code], retry_after_ms)), CLOSE_CODES[code], code)


class Standing(NamedTuple):
    """Where somebody stands in a room: what ``me`` says in their view, and by which role events are
    shown to them (None: at the door)."""

    role: Role | None = None
    present: bool = False
    permissions: frozenset[Permission] = frozenset()


class Viewer:
    """A socket with its person. What is sent to a closed one is forgotten."""

    __slots__ = (
        "access",
        "claim",
        "closing",
        "connection",
        "device",
        "key",
        "outbox",
        "participant",
        "standing",
        "wire",
    )

    def __init__(
        self, connection: ConnectionId, key: RoomKey, access: Access, wire: Wire, device: Device = ""
    ) -> None:
        self.connection = connection
        self.device = device
        self.key = key
        self.access = access
        self.participant: ParticipantId = participant_id(key, access.person.id)
        self.wire = wire
        self.outbox = Outbox(wire)
        self.standing = Standing()
        self.claim: float = 0
        """The seq at which this socket became its participant's on the log; infinite while that was
        asked for and not answered; 0 if it never was. Losing a socket with a claim must be told."""
        self.closing: str | None = None

    def standing_in(self, state: RoomState) -> Standing:
        """Where this person stands in the room now."""
        looks = looking(state, self.participant, self.access.person.capabilities)
        return Standing(looks.role_seen, looks.present, looks.listed)

    def show(self, state: RoomState, *, crowded: bool = False) -> None:
        """Sends a fresh view, which replaces what the page has."""
        self.standing = self.standing_in(state)
        fresh = view(state, self.participant, self.access.person.capabilities, crowded=crowded)
        self.events(encode(ViewFrame(fresh)), 1)

    def events(self, frame: Frame, count: int) -> None:
        """Sends events or a view, in order."""
        if self.closing is None and not self.outbox.events(frame, count):
            self.close("too_slow", retry_after_ms=0)

    def answer(self, frame: Frame) -> None:
        """Sends an answer, before all else."""
        if self.closing is None and not self.outbox.answer(frame):
            self.close("too_slow", retry_after_ms=0)

    def signal(self, frame: Frame) -> None:
        """Sends something that may be lost."""
        if self.closing is None:
            self.outbox.signal(frame)

    def close(self, code: str, *, retry_after_ms: int | None = None) -> None:
        """Says why and closes the socket. The first reason counts."""
        if self.closing is not None:
            return
        self.closing = code
        refuse(self.wire, code, retry_after_ms)
