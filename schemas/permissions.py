"""The names of what can be allowed, part of the wire contract (``me.permissions``, grants, locks).

Which role has which is data of the rules (``rooms.permissions``).
"""

from enum import StrEnum

from msgspec import Struct


class Permission(StrEnum):
    """What can be granted, revoked and locked."""

    # One's own voice in the class.
    SPEAK = "speak"
    CAMERA = "camera"
    SHARE_SCREEN = "share_screen"
    RAISE_HAND = "raise_hand"
    REACT = "react"
    CHAT = "chat"
    CHAT_STAFF = "chat_staff"
    CHAT_PRIVATE = "chat_private"
    ASK_QUESTION = "ask_question"
    VOTE = "vote"
    PULSE = "pulse"
    DRAW = "draw"
    WRITE_NOTES = "write_notes"
    UPLOAD = "upload"
    CALL_FOR_HELP = "call_for_help"
    # Teaching.
    PRESENT = "present"
    POLL = "poll"
    ANSWER_QUESTIONS = "answer_questions"
    OPEN_BREAKOUTS = "open_breakouts"
    VISIT_BREAKOUTS = "visit_breakouts"
    RECORD = "record"
    # Keeping order.
    LOWER_HANDS = "lower_hands"
    GIVE_FLOOR = "give_floor"
    SPOTLIGHT = "spotlight"
    MUTE = "mute"
    MODERATE_CHAT = "moderate_chat"
    ADMIT = "admit"
    REMOVE = "remove"
    CHANGE_ROLE = "change_role"
    GRANT = "grant"
    LOCK = "lock"
    SEE_ATTENDANCE = "see_attendance"
    # The room itself.
    START_SESSION = "start_session"
    END_SESSION = "end_session"
    SCHEDULE = "schedule"
    CHANGE_SETTINGS = "change_settings"
    ADD_MEMBER = "add_member"
    REDACT = "redact"


class Exceptions(Struct, frozen=True, omit_defaults=True):
    """What one person was given or lost beside the role, each sorted."""

    granted: tuple[Permission, ...] = ()
    revoked: tuple[Permission, ...] = ()
