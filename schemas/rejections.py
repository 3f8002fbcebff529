"""Why a command is refused: a stable code for programs and a sentence for people.

A rejection is a value that goes back to the asker. Nothing is stored. Codes are never renamed.
"""

from enum import StrEnum

from msgspec import Struct


class Code(StrEnum):
    """Stable rejection codes of the wire contract."""

    # The log and the way to it.
    LOG_UNAVAILABLE = "log_unavailable"
    EXPIRED = "expired"
    MALFORMED = "malformed"
    UNKNOWN_COMMAND = "unknown_command"
    # Who asks.
    FORBIDDEN = "forbidden"
    NOT_A_PARTICIPANT = "not_a_participant"
    # Room and session.
    ROOM_EXISTS = "room_exists"
    NO_SUCH_ROOM = "no_such_room"
    NO_SUCH_SESSION = "no_such_session"
    SESSION_LIVE = "session_live"
    SESSION_NOT_LIVE = "session_not_live"
    ROOM_FULL = "room_full"
    REMOVED = "removed"
    ROOM_ARCHIVED = "room_archived"
    DENIED = "denied"
    LOBBY_FULL = "lobby_full"
    IN_ANOTHER_CLASS = "in_another_class"
    NO_SUCH_ROLE = "no_such_role"
    # Things in a session.
    NO_SUCH_PARTICIPANT = "no_such_participant"
    NO_SUCH_TRACK = "no_such_track"
    TRACK_LIMIT = "track_limit"
    NO_SUCH_RECORDING = "no_such_recording"
    ALREADY_RECORDING = "already_recording"
    NOT_RECORDING = "not_recording"
    NO_CONSENT = "no_consent"
    STALE_VERSION = "stale_version"
    NO_SUCH_QUESTION = "no_such_question"
    QUESTION_CLOSED = "question_closed"
    NO_SUCH_FILE = "no_such_file"
    # Floor and chat.
    NO_HAND = "no_hand"
    NO_SUCH_MESSAGE = "no_such_message"
    HELD_FIRST = "held_first"
    SLOW_MODE = "slow_mode"
    TOO_FAST = "too_fast"
    NO_SUCH_POLL = "no_such_poll"
    POLL_OPEN = "poll_open"
    POLL_NOT_OPEN = "poll_not_open"
    POLL_USED = "poll_used"
    # Breakouts.
    NO_SUCH_GROUP = "no_such_group"
    BREAKOUTS_OPEN = "breakouts_open"
    BREAKOUTS_NOT_OPEN = "breakouts_not_open"
    IS_A_BREAKOUT = "is_a_breakout"
    NOT_A_BREAKOUT = "not_a_breakout"
    NOT_YOUR_GROUP = "not_your_group"
    # Things on stage.
    NO_SUCH_SCENE = "no_such_scene"
    NO_SUCH_DECK = "no_such_deck"
    DECK_EXISTS = "deck_exists"
    NO_DECK_SHOWN = "no_deck_shown"
    NO_SUCH_PAGE = "no_such_page"
    NO_TIMER = "no_timer"
    NOT_A_COUNTDOWN = "not_a_countdown"
    NO_SUCH_BOARD = "no_such_board"
    LAST_PAGE = "last_page"
    DRAWING_NOT_ALLOWED = "drawing_not_allowed"
    CLEARED_MEANWHILE = "cleared_meanwhile"
    # Media placement.
    NO_NODE = "no_node"
    STALE_EPOCH = "stale_epoch"
    # Bounds.
    LIMIT_REACHED = "limit_reached"


SENTENCES: dict[Code, str] = {
    Code.LOG_UNAVAILABLE: "The class log cannot be written right now. Nothing was changed.",
    Code.EXPIRED: "This request came too late and was not carried out.",
    Code.MALFORMED: "The request is not understood.",
    Code.UNKNOWN_COMMAND: "There is no such command.",
    Code.FORBIDDEN: "Your role does not allow this.",
    Code.NOT_A_PARTICIPANT: "Join the class first.",
    Code.ROOM_EXISTS: "This room exists already.",
    Code.NO_SUCH_ROOM: "There is no such room.",
    Code.NO_SUCH_SESSION: "There is no such class session.",
    Code.SESSION_LIVE: "The class is already running.",
    Code.SESSION_NOT_LIVE: "The class is not running.",
    Code.ROOM_FULL: "The class is full.",
    Code.REMOVED: "A host removed you from this class.",
    Code.ROOM_ARCHIVED: "This room is archived. Restore it first.",
    Code.DENIED: "A host did not let you in.",
    Code.LOBBY_FULL: "Too many people are waiting at the door. Please try again in a moment.",
    Code.IN_ANOTHER_CLASS: "You are in another class. Leave that one first.",
    Code.NO_SUCH_ROLE: "There is no such role here.",
    Code.NO_SUCH_PARTICIPANT: "This person is not in the class.",
    Code.NO_SUCH_TRACK: "This microphone, camera or screen is no longer shared.",
    Code.TRACK_LIMIT: "You are sharing as much as one person may.",
    Code.NO_SUCH_RECORDING: "There is no such recording.",
    Code.ALREADY_RECORDING: "The class is already being recorded.",
    Code.NOT_RECORDING: "The class is not being recorded.",
    Code.NO_CONSENT: "This person has not agreed to being recorded.",
    Code.STALE_VERSION: "This recording was changed meanwhile.",
    Code.NO_SUCH_QUESTION: "There is no such question.",
    Code.QUESTION_CLOSED: "This cannot be done with the question as it stands.",
    Code.NO_SUCH_FILE: "There is no such file.",
    Code.NO_HAND: "No hand is up.",
    Code.NO_SUCH_MESSAGE: "This message is gone, or too old to be changed.",
    Code.HELD_FIRST: "Messages are checked first here. Delete this one and write it anew.",
    Code.SLOW_MODE: "The chat is slow now. Please wait a moment before you write again.",
    Code.TOO_FAST: "That was too fast. Please wait a moment.",
    Code.NO_SUCH_POLL: "There is no such poll.",
    Code.POLL_OPEN: "This poll is still open. Close it first.",
    Code.POLL_NOT_OPEN: "This poll is not open.",
    Code.POLL_USED: "This poll has been opened already and stays as it is.",
    Code.NO_SUCH_GROUP: "There is no such group.",
    Code.BREAKOUTS_OPEN: "The breakout rooms are open. Close them first.",
    Code.BREAKOUTS_NOT_OPEN: "The breakout rooms are not open.",
    Code.IS_A_BREAKOUT: "This is a breakout room itself.",
    Code.NOT_A_BREAKOUT: "This is no breakout room.",
    Code.NOT_YOUR_GROUP: "You are not in this group.",
    Code.NO_SUCH_SCENE: "There is no such scene.",
    Code.NO_SUCH_DECK: "There are no such slides.",
    Code.DECK_EXISTS: "Something else is already under this id.",
    Code.NO_DECK_SHOWN: "No slides are shown.",
    Code.NO_SUCH_PAGE: "There is no such page.",
    Code.NO_TIMER: "There is no timer.",
    Code.NOT_A_COUNTDOWN: "A stopwatch has no end that could be moved.",
    Code.NO_SUCH_BOARD: "There is no such board.",
    Code.LAST_PAGE: "A board keeps its last page; clear it instead.",
    Code.DRAWING_NOT_ALLOWED: "You may not draw on this board.",
    Code.CLEARED_MEANWHILE: "This was cleared meanwhile.",
    Code.NO_NODE: "No media server is free. Please try again in a moment.",
    Code.STALE_EPOCH: "The class has moved to another media server.",
    Code.LIMIT_REACHED: "A limit of this room is reached.",
}


class Rejection(Struct, frozen=True):
    """A refusal: ``code`` for programs, ``message`` for people."""

    code: Code
    message: str


def rejection(code: Code, message: str | None = None) -> Rejection:
    """The refusal with this code, in its usual words unless better ones are given."""
    return Rejection(code, message if message is not None else SENTENCES[code])
