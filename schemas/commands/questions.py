"""Commands of questions."""

from typing import Annotated, ClassVar

from msgspec import Meta

from schemas.commands.common import Command
from schemas.ids import QuestionToken
from schemas.limits import ANSWER_CHARS_MAX, QUESTION_CHARS_MAX, QUESTIONS_OPEN_MAX, TITLE_CHARS_MAX

QuestionText = Annotated[str, Meta(min_length=1, max_length=QUESTION_CHARS_MAX)]


class AskQuestion(Command, frozen=True, forbid_unknown_fields=True):
    """The asker puts a question to the teacher. An anonymous one names its author to staff only."""

    name: ClassVar[str] = "ask_question"
    text: QuestionText
    anonymous: bool = False


class EditQuestion(Command, frozen=True, forbid_unknown_fields=True):
    """Other words for one's own question, while nobody has approved or answered it."""

    name: ClassVar[str] = "edit_question"
    question: QuestionToken
    text: QuestionText


class WithdrawQuestion(Command, frozen=True, forbid_unknown_fields=True):
    """Takes one's own unanswered question back."""

    name: ClassVar[str] = "withdraw_question"
    question: QuestionToken


class UpvoteQuestion(Command, frozen=True, forbid_unknown_fields=True):
    """The asker wants this answered too. One vote each; an author's own counts from the beginning."""

    name: ClassVar[str] = "upvote_question"
    question: QuestionToken


class WithdrawVote(Command, frozen=True, forbid_unknown_fields=True):
    """Takes one's vote for another's question back."""

    name: ClassVar[str] = "withdraw_vote"
    question: QuestionToken


class ApproveQuestion(Command, frozen=True, forbid_unknown_fields=True):
    """Staff show a waiting question to the class."""

    name: ClassVar[str] = "approve_question"
    question: QuestionToken


class StartAnswering(Command, frozen=True, forbid_unknown_fields=True):
    """Staff begin to answer aloud: the question's moment begins. One before it is answered by that."""

    name: ClassVar[str] = "start_answering"
    question: QuestionToken


class AnswerQuestion(Command, frozen=True, forbid_unknown_fields=True):
    """The question is answered: aloud, or in this text. Again with another text: the answer is mended."""

    name: ClassVar[str] = "answer_question"
    question: QuestionToken
    text: Annotated[str, Meta(max_length=ANSWER_CHARS_MAX)] = ""


class DismissQuestion(Command, frozen=True, forbid_unknown_fields=True):
    """Staff take a question off the list; its author may learn why."""

    name: ClassVar[str] = "dismiss_question"
    question: QuestionToken
    reason: Annotated[str, Meta(max_length=TITLE_CHARS_MAX)] = ""


class ReopenQuestion(Command, frozen=True, forbid_unknown_fields=True):
    """An answered, dismissed or just begun question is open again."""

    name: ClassVar[str] = "reopen_question"
    question: QuestionToken


class MergeQuestions(Command, frozen=True, forbid_unknown_fields=True):
    """These questions ask the same as ``into``, which gets their votes; nobody counts twice."""

    name: ClassVar[str] = "merge_questions"
    into: QuestionToken
    questions: Annotated[tuple[QuestionToken, ...], Meta(min_length=1, max_length=QUESTIONS_OPEN_MAX)]


CLIENT: tuple[type[Command], ...] = (
    AskQuestion,
    EditQuestion,
    WithdrawQuestion,
    UpvoteQuestion,
    WithdrawVote,
    ApproveQuestion,
    StartAnswering,
    AnswerQuestion,
    DismissQuestion,
    ReopenQuestion,
    MergeQuestions,
)
SERVICE: tuple[type[Command], ...] = ()
