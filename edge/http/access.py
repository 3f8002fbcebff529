"""Which room a request is about, and whether it is the asker's to see."""

import re

from msgspec import Struct

from edge.parts import Parts
from edge.problems import forbidden, no_such_room
from edge.tokens import Access
from rooms.doors import may_enter
from rooms.state import RoomState
from rooms.viewer import viewer
from schemas.envelope import STAFF
from schemas.ids import TOKEN_PATTERN, ParticipantId, RoomId, RoomKey, participant_id
from schemas.media import Role
from schemas.permissions import Permission

_TOKEN = re.compile(TOKEN_PATTERN)


class Seen(Struct, frozen=True):
    """A room that exists, as folded from the log, and what the asker is and may in it, or would."""

    key: RoomKey
    state: RoomState
    role: Role
    participant: ParticipantId
    permissions: frozenset[Permission]

    def require(self, permission: Permission) -> None:
        """Raises Problem 403 unless the asker may do this here."""
        if permission not in self.permissions:
            raise forbidden()

    def require_staff(self) -> None:
        """Raises Problem 403 unless the asker is host or co-host here."""
        if self.role not in STAFF:
            raise forbidden()


def key_of(access: Access, room: str, *, also_breakouts: bool = False) -> RoomKey:
    """The room's key in the asker's own tenant: no other tenant's can even be named.

    Raises Problem 404 for a guest of another room, as for a room that does not exist. Whether a guest's
    ``also_breakouts`` room is a breakout of the guest's own only its state can tell.
    """
    own = access.person.room
    if not _TOKEN.match(room) or (own is not None and own != room and not also_breakouts):
        raise no_such_room()
    return RoomKey(access.person.tenant, RoomId(room))


async def see(parts: Parts, access: Access, room: str) -> Seen:
    """The room, from the log itself: what was just written can be read. Raises Problem 404."""
    key = key_of(access, room)
    state = await parts.hub.state(key)
    if not state.exists:
        raise no_such_room()
    who = participant_id(key, access.person.id)
    looks = viewer(state, who, access.person.capabilities)
    assert looks.role is not None
    if not may_enter(state, access.person.id, looks.role):
        raise no_such_room()
    return Seen(key, state, looks.role, who, looks.permissions)
