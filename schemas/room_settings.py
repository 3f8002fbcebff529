"""How a room is set up: what its host chose for every class in it. In commands, events, state and view."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.limits import PARTICIPANTS_MAX, SLOW_MODE_S_MAX
from schemas.media import Role


class RoomSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of a room; ``change_settings`` replaces them as a whole.

    ``default_role`` is speaker or viewer. ``lobby`` says who waits at the door; ``capacity`` counts
    everybody in the class; with ``slow_mode_s`` a person other than staff writes at most one message
    in so many seconds; with ``hold_messages`` staff approve messages first; ``end_at_time`` ends a
    scheduled class by the clock. With ``ask_record_consent`` only who agreed is recorded; without it
    everybody is told and recorded, and may still decline.
    """

    default_role: Role = Role.SPEAKER
    lobby: Literal["off", "guests", "everyone"] = "off"
    capacity: Annotated[int, Meta(ge=1, le=PARTICIPANTS_MAX)] = PARTICIPANTS_MAX
    slow_mode_s: Annotated[int, Meta(ge=0, le=SLOW_MODE_S_MAX)] = 0
    hold_messages: bool = False
    approve_questions: bool = False
    ask_record_consent: bool = False
    end_at_time: bool = False
