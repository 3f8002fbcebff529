"""Commands of polls."""

from typing import Annotated, ClassVar

from msgspec import Meta

from schemas.commands.common import Command
from schemas.ids import PollToken
from schemas.limits import TITLE_CHARS_MAX
from schemas.polls import Answers, PollItems, PollSeconds

PollTitle = Annotated[str, Meta(max_length=TITLE_CHARS_MAX)]


class CreatePoll(Command, frozen=True, forbid_unknown_fields=True):
    """Prepares a poll or quiz, in or outside a class. ``seconds``: it closes by itself after these.

    ``anonymous``: nobody can ever tell who answered what, us included.
    """

    name: ClassVar[str] = "create_poll"
    items: PollItems
    title: PollTitle = ""
    anonymous: bool = False
    seconds: PollSeconds | None = None


class EditPoll(Command, frozen=True, forbid_unknown_fields=True):
    """Changes a poll that was never opened; every field is replaced."""

    name: ClassVar[str] = "edit_poll"
    poll: PollToken
    items: PollItems
    title: PollTitle = ""
    anonymous: bool = False
    seconds: PollSeconds | None = None


class DeletePoll(Command, frozen=True, forbid_unknown_fields=True):
    """Deletes a poll that is not open, with its results."""

    name: ClassVar[str] = "delete_poll"
    poll: PollToken


class OpenPoll(Command, frozen=True, forbid_unknown_fields=True):
    """Puts a prepared poll before the class. ``seconds`` counts instead of the prepared time."""

    name: ClassVar[str] = "open_poll"
    poll: PollToken
    seconds: PollSeconds | None = None


class AskPoll(Command, frozen=True, forbid_unknown_fields=True):
    """Prepares a poll and opens it at once."""

    name: ClassVar[str] = "ask_poll"
    items: PollItems
    title: PollTitle = ""
    anonymous: bool = False
    seconds: PollSeconds | None = None


class AnswerPoll(Command, frozen=True, forbid_unknown_fields=True):
    """The asker's answers, one for each item; until the poll closes the latest ones count."""

    name: ClassVar[str] = "answer_poll"
    poll: PollToken
    answers: Answers


class ClosePoll(Command, frozen=True, forbid_unknown_fields=True):
    """Takes no more answers."""

    name: ClassVar[str] = "close_poll"
    poll: PollToken


class ReopenPoll(Command, frozen=True, forbid_unknown_fields=True):
    """Takes answers again, in the same class and before the results are published.

    Never for an anonymous poll: its secret is gone, and people could answer twice.
    """

    name: ClassVar[str] = "reopen_poll"
    poll: PollToken
    seconds: PollSeconds | None = None


class PublishResults(Command, frozen=True, forbid_unknown_fields=True):
    """Shows results and right answers of a closed poll to everyone."""

    name: ClassVar[str] = "publish_results"
    poll: PollToken


CLIENT: tuple[type[Command], ...] = (
    CreatePoll,
    EditPoll,
    DeletePoll,
    OpenPoll,
    AskPoll,
    AnswerPoll,
    ClosePoll,
    ReopenPoll,
    PublishResults,
)
SERVICE: tuple[type[Command], ...] = ()
