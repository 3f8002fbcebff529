"""Questions to the teacher: the manual of ``rooms.questions`` as given, when, then."""

import random
import string
import zlib

import msgspec
import pytest

from rooms.room import decide, evolve, recall
from rooms.state.questions import Question, Questions
from rooms.view import public_actor, view
from schemas.commands import Command
from schemas.commands.lifecycle import EndSession
from schemas.commands.questions import (
    AnswerQuestion,
    ApproveQuestion,
    AskQuestion,
    DismissQuestion,
    EditQuestion,
    MergeQuestions,
    ReopenQuestion,
    StartAnswering,
    UpvoteQuestion,
    WithdrawQuestion,
    WithdrawVote,
)
from schemas.commands.redaction import Redact
from schemas.commands.roster import LeaveSession
from schemas.envelope import AND_STAFF, Actor, Audience, may_see
from schemas.events.questions import (
    AnsweringStarted,
    QuestionAnswered,
    QuestionAsked,
    QuestionDismissed,
    QuestionEdited,
    QuestionHidden,
    QuestionOpened,
    QuestionReopened,
    QuestionsMerged,
    QuestionWithdrawn,
    VoteCast,
    VotesCounted,
    VoteTakenBack,
)
from schemas.events.redaction import REMOVED_PERSON
from schemas.ids import MessageId, ParticipantId, QuestionId
from schemas.limits import (
    PARTICIPANTS_MAX,
    QUESTION_CHARS_MAX,
    QUESTIONS_ANSWERED_MAX,
    QUESTIONS_DISMISSED_MAX,
    QUESTIONS_OPEN_MAX,
    QUESTIONS_OPEN_PER_PERSON_MAX,
)
from schemas.media import Role
from schemas.rejections import Code
from schemas.view.questions import QuestionView
from tests.unit.rooms.classroom import (
    CORA,
    GUS,
    OPERATOR,
    SAM,
    SECOND,
    SERVICE,
    START,
    TESS,
    VERA,
    Class,
    envelope,
    who,
)

NOWHERE = QuestionId("nowhere")


def lesson(*, approve: bool = False) -> Class:
    """Tess teaches Sam, Vera and Gus; Cora is not there."""
    room = Class().live(TESS, SAM, VERA, GUS)
    settings = msgspec.structs.replace(room.state.settings, approve_questions=approve)
    room.state = msgspec.structs.replace(room.state, settings=settings)
    return room


def asked(room: Class, actor: Actor = SAM, text: str = "Why?", *, anonymous: bool = False) -> QuestionId:
    """A question of this person's."""
    fact = room.facts(actor, AskQuestion(text, anonymous))[0]
    assert isinstance(fact, QuestionAsked | QuestionOpened)
    return fact.question


def audiences(room: Class, actor: Actor, command: Command) -> list[tuple[str, Audience]]:
    """Which events this leads to, and for whom."""
    outcome = decide(room.state, envelope(actor, command, "peek", room.now), room.now)
    assert isinstance(outcome, tuple), outcome
    return [(event.type, event.audience) for event in outcome]


def seen(room: Class, actor: Actor, question: QuestionId) -> QuestionView | None:
    """The question as this person sees it."""
    shown = view(room.state, who(actor)).questions
    return next((q for q in (*shown.open, *shown.answered) if q.id == question), None)


def found(room: Class, question: QuestionId) -> Question:
    """The question in the room's state."""
    known = room.state.questions.find(question)
    assert known is not None
    return known


# --- asking --------------------------------------------------------------------------------------
def test_a_named_question_is_on_everybodys_list_with_its_authors_vote() -> None:
    room = lesson()
    assert audiences(room, SAM, AskQuestion("Why?")) == [("question.opened", "everyone")]
    question = asked(room)
    for actor in (TESS, SAM, VERA):
        shown = seen(room, actor, question)
        assert shown is not None
        assert (shown.participant, shown.display_name, shown.votes) == (who(SAM), "Sam", 1)
        assert (shown.mine, shown.voted) == (actor is SAM, actor is SAM)
        assert (shown.status, shown.asked_at, shown.moment) == ("open", room.now, None)


def test_an_anonymous_question_names_its_author_to_staff_and_author_only() -> None:
    room = lesson()
    assert audiences(room, SAM, AskQuestion("Why?", anonymous=True)) == [
        ("question.asked", (who(SAM), AND_STAFF)),
        ("question.opened", "everyone"),
    ]
    question = asked(room, anonymous=True)
    names = {actor.id: seen(room, actor, question) for actor in (TESS, SAM, VERA)}
    assert {k: (q.participant, q.display_name) for k, q in names.items() if q} == {
        "tess": (who(SAM), "Sam"),
        "sam": (who(SAM), "Sam"),
        "vera": (None, ""),
    }


def test_classmates_learn_no_anonymous_author_from_any_event() -> None:
    room = lesson()
    question = asked(room, anonymous=True)
    room.facts(VERA, UpvoteQuestion(question))
    room.facts(SAM, EditQuestion(question, "Why not?"))
    room.facts(TESS, DismissQuestion(question))
    room.facts(TESS, ReopenQuestion(question))
    room.facts(SAM, WithdrawQuestion(question))
    told = [
        (event, public_actor(commit.actor, event, Role.SPEAKER))
        for commit in room.log
        for event in commit.events
        if event.type.startswith("question.") and may_see(event.audience, who(GUS), Role.SPEAKER)
    ]
    assert {event.type for event, _ in told} >= {"question.opened", "question.edited", "question.withdrawn"}
    for event, actor in told:
        assert who(SAM) not in str(event.data)
        assert "Sam" not in str(event.data)
        assert actor.participant != who(SAM)
        assert actor.participant != who(VERA), "who votes is nobody's business"


def test_with_approval_a_question_waits_and_only_author_and_staff_know() -> None:
    room = lesson(approve=True)
    assert audiences(room, SAM, AskQuestion("Why?")) == [("question.asked", (who(SAM), AND_STAFF))]
    question = asked(room)
    assert [bool(seen(room, actor, question)) for actor in (TESS, SAM, VERA)] == [True, True, False]
    assert seen(room, SAM, question).status == "waiting"  # type: ignore[union-attr]


def test_staff_need_no_approval() -> None:
    room = lesson(approve=True)
    assert audiences(room, TESS, AskQuestion("Who is missing?")) == [("question.opened", "everyone")]


@pytest.mark.parametrize(
    ("actor", "command", "code"),
    [
        (CORA, AskQuestion("Why?"), Code.NOT_A_PARTICIPANT),
        (OPERATOR, AskQuestion("Why?"), Code.NOT_A_PARTICIPANT),
        (SERVICE, AskQuestion("Why?"), Code.FORBIDDEN),
        (SAM, AskQuestion("  \n "), Code.MALFORMED),
    ],
)
def test_asking_is_refused(actor: Actor, command: Command, code: Code) -> None:
    assert lesson().refusal(actor, command) == code


def test_asking_is_refused_to_whom_the_class_may_not_ask() -> None:
    room = lesson()
    rights = msgspec.structs.replace(room.state.rights, revoked={who(SAM): ("ask_question", "vote")})
    room.state = msgspec.structs.replace(room.state, rights=rights)
    assert room.refusal(SAM, AskQuestion("Why?")) == Code.FORBIDDEN
    question = asked(room, VERA)
    assert room.refusal(SAM, UpvoteQuestion(question)) == Code.FORBIDDEN
    assert room.refusal(SAM, WithdrawVote(question)) == Code.FORBIDDEN
    assert room.refusal(SAM, EditQuestion(question, "x")) == Code.FORBIDDEN


def test_one_person_cannot_fill_the_list() -> None:
    room = lesson()
    first, *_ = [asked(room, text=f"{n}?") for n in range(QUESTIONS_OPEN_PER_PERSON_MAX)]
    assert room.refusal(SAM, AskQuestion("And?")) == Code.LIMIT_REACHED
    room.facts(TESS, AnswerQuestion(first))
    asked(room, text="And?")


def test_the_list_is_bounded() -> None:
    room = lesson()
    full = tuple(
        Question(QuestionId(f"q{n}"), START, "?", False, ParticipantId(f"p{n}"), "P", "open", b"\1")
        for n in range(QUESTIONS_OPEN_MAX)
    )
    answered = asked(room)
    room.facts(TESS, AnswerQuestion(answered))
    dismissed = asked(room)
    room.facts(TESS, DismissQuestion(dismissed))
    questions = msgspec.structs.replace(room.state.questions, open=full)
    room.state = msgspec.structs.replace(room.state, questions=questions)
    assert room.refusal(VERA, AskQuestion("?")) == Code.LIMIT_REACHED
    assert room.refusal(TESS, ReopenQuestion(answered)) == Code.LIMIT_REACHED
    assert room.refusal(TESS, ReopenQuestion(dismissed)) == Code.LIMIT_REACHED


def test_a_class_has_so_many_voters_and_no_more() -> None:
    room = lesson()
    question = asked(room)
    crowd = {ParticipantId(f"p{n}"): n for n in range(1, PARTICIPANTS_MAX)}
    questions = msgspec.structs.replace(room.state.questions, voters={who(SAM): 0, **crowd})
    room.state = msgspec.structs.replace(room.state, questions=questions)
    assert room.refusal(VERA, UpvoteQuestion(question)) == Code.LIMIT_REACHED
    assert room.refusal(VERA, AskQuestion("?")) == Code.LIMIT_REACHED
    asked(room)


# --- one's own -----------------------------------------------------------------------------------
def test_an_author_edits_a_question_until_it_is_being_answered() -> None:
    room = lesson()
    question = asked(room)
    assert audiences(room, SAM, EditQuestion(question, "Why not?")) == [("question.edited", "everyone")]
    assert room.facts(SAM, EditQuestion(question, " Why not? ")) == (QuestionEdited(question, "Why not?"),)
    assert found(room, question).text == "Why not?"
    assert room.facts(SAM, EditQuestion(question, "Why not?")) == ()
    assert room.refusal(SAM, EditQuestion(question, " ")) == Code.MALFORMED
    assert room.refusal(VERA, EditQuestion(question, "Mine")) == Code.FORBIDDEN
    assert room.refusal(TESS, EditQuestion(question, "Better")) == Code.FORBIDDEN
    assert room.refusal(CORA, EditQuestion(question, "x")) == Code.NOT_A_PARTICIPANT
    assert room.refusal(SAM, EditQuestion(NOWHERE, "x")) == Code.NO_SUCH_QUESTION
    room.facts(TESS, StartAnswering(question))
    assert room.refusal(SAM, EditQuestion(question, "Too late")) == Code.QUESTION_CLOSED


def test_what_was_approved_cannot_be_edited() -> None:
    room = lesson(approve=True)
    question = asked(room)
    assert audiences(room, SAM, EditQuestion(question, "Why not?")) == [
        ("question.edited", (who(SAM), AND_STAFF))
    ]
    room.facts(SAM, EditQuestion(question, "Why not?"))
    room.facts(TESS, ApproveQuestion(question))
    assert room.refusal(SAM, EditQuestion(question, "Something rude")) == Code.QUESTION_CLOSED
    own = asked(room, TESS)
    room.facts(TESS, EditQuestion(own, "Staff may"))


def test_an_author_withdraws_a_question_until_it_is_being_answered() -> None:
    room = lesson()
    question = asked(room)
    assert audiences(room, SAM, WithdrawQuestion(question)) == [("question.withdrawn", "everyone")]
    assert room.refusal(VERA, WithdrawQuestion(question)) == Code.FORBIDDEN
    room.facts(TESS, StartAnswering(question))
    assert room.refusal(SAM, WithdrawQuestion(question)) == Code.QUESTION_CLOSED
    room.facts(TESS, ReopenQuestion(question))
    assert room.facts(SAM, WithdrawQuestion(question)) == (QuestionWithdrawn(question),)
    assert room.state.questions.find(question) is None
    assert room.refusal(SAM, WithdrawQuestion(question)) == Code.NO_SUCH_QUESTION


def test_a_waiting_question_is_withdrawn_among_those_who_know_it() -> None:
    room = lesson(approve=True)
    question = asked(room)
    assert audiences(room, SAM, WithdrawQuestion(question)) == [("question.withdrawn", (who(SAM), AND_STAFF))]


# --- votes ---------------------------------------------------------------------------------------
def test_everybody_votes_once_and_is_alone_in_knowing_it() -> None:
    room = lesson()
    question = asked(room)
    assert audiences(room, VERA, UpvoteQuestion(question)) == [
        ("question.vote_cast", (who(VERA),)),
        ("question.votes_counted", "everyone"),
    ]
    assert room.facts(VERA, UpvoteQuestion(question)) == (
        VoteCast(question, who(VERA)),
        VotesCounted(question, 2),
    )
    assert room.facts(VERA, UpvoteQuestion(question)) == ()
    assert room.facts(SAM, UpvoteQuestion(question)) == (), "an author has voted by asking"
    assert [seen(room, a, question).voted for a in (TESS, SAM, VERA)] == [False, True, True]  # type: ignore[union-attr]
    assert found(room, question).votes == 2


def test_a_vote_is_taken_back() -> None:
    room = lesson()
    question = asked(room)
    assert room.facts(VERA, WithdrawVote(question)) == ()
    room.facts(VERA, UpvoteQuestion(question))
    assert audiences(room, VERA, WithdrawVote(question)) == [
        ("question.vote_taken_back", (who(VERA),)),
        ("question.votes_counted", "everyone"),
    ]
    assert room.facts(VERA, WithdrawVote(question)) == (
        VoteTakenBack(question, who(VERA)),
        VotesCounted(question, 1),
    )
    assert found(room, question).votes == 1
    assert room.refusal(SAM, WithdrawVote(question)) == Code.FORBIDDEN, "it is Sam's own question"


def test_votes_are_for_open_questions() -> None:
    room = lesson(approve=True)
    question = asked(room)
    assert room.refusal(VERA, UpvoteQuestion(question)) == Code.NO_SUCH_QUESTION, "she cannot know of it"
    assert room.refusal(TESS, UpvoteQuestion(question)) == Code.QUESTION_CLOSED
    assert room.refusal(CORA, UpvoteQuestion(question)) == Code.NOT_A_PARTICIPANT
    room.facts(TESS, ApproveQuestion(question))
    room.facts(VERA, UpvoteQuestion(question))
    room.facts(TESS, AnswerQuestion(question))
    assert room.refusal(GUS, UpvoteQuestion(question)) == Code.QUESTION_CLOSED
    assert room.refusal(VERA, WithdrawVote(question)) == Code.QUESTION_CLOSED
    assert room.facts(VERA, UpvoteQuestion(question)) == (), "she has voted"


# --- approving -----------------------------------------------------------------------------------
def test_an_approved_question_is_told_whole_to_the_class() -> None:
    room = lesson(approve=True)
    named, secret = asked(room), asked(room, VERA, "How?", anonymous=True)
    since = room.now
    room.now += 5 * SECOND
    session = room.state.live.id  # type: ignore[union-attr]
    assert room.facts(TESS, ApproveQuestion(secret)) == (
        QuestionOpened(secret, session, "How?", True, asked_at=since),
    )
    assert audiences(room, TESS, ApproveQuestion(named)) == [("question.opened", "everyone")]
    room.facts(TESS, ApproveQuestion(named))
    shown = view(room.state, who(GUS)).questions.open
    assert [(q.id, q.participant, q.asked_at) for q in shown] == [
        (secret, None, since),
        (named, who(SAM), since),
    ], "in the order of approval"
    assert room.facts(TESS, ApproveQuestion(named)) == ()


def test_approving_is_refused() -> None:
    room = lesson(approve=True)
    question = asked(room)
    assert room.refusal(SAM, ApproveQuestion(question)) == Code.FORBIDDEN
    assert room.refusal(TESS, ApproveQuestion(NOWHERE)) == Code.NO_SUCH_QUESTION
    room.facts(TESS, DismissQuestion(question))
    assert room.refusal(TESS, ApproveQuestion(question)) == Code.QUESTION_CLOSED


# --- answering -----------------------------------------------------------------------------------
def test_an_answer_aloud_is_linked_to_the_moment_in_which_it_began() -> None:
    room = lesson()
    question = asked(room)
    room.now += 60 * SECOND
    began, seq = room.now, room.state.seq + 1
    assert room.facts(TESS, StartAnswering(question)) == (AnsweringStarted(question),)
    assert room.facts(TESS, StartAnswering(question)) == ()
    assert seen(room, SAM, question).status == "answering"  # type: ignore[union-attr]
    room.now += 60 * SECOND
    assert room.facts(TESS, AnswerQuestion(question)) == (QuestionAnswered(question, ""),)
    shown = view(room.state, who(SAM)).questions.answered[0]
    assert shown.moment is not None
    assert (shown.status, shown.answer, shown.moment.at, shown.moment.seq) == ("answered", "", began, seq)
    assert room.facts(TESS, AnswerQuestion(question)) == ()


def test_an_answer_in_text_has_its_own_moment_and_can_be_mended() -> None:
    room = lesson()
    question = asked(room)
    room.facts(TESS, AnswerQuestion(question, " Because. "))
    moment = found(room, question).moment
    assert moment is not None
    assert (moment.at, moment.seq) == (room.now, room.state.seq)
    assert room.facts(TESS, AnswerQuestion(question, "Because.")) == ()
    room.now += SECOND
    assert room.facts(TESS, AnswerQuestion(question, "Because of Rayleigh.")) == (
        QuestionAnswered(question, "Because of Rayleigh."),
    )
    assert (found(room, question).answer, found(room, question).moment) == ("Because of Rayleigh.", moment)


def test_the_next_answer_aloud_ends_the_one_before() -> None:
    room = lesson()
    first, second = asked(room), asked(room, VERA)
    room.facts(TESS, StartAnswering(first))
    assert room.facts(TESS, StartAnswering(second)) == (QuestionAnswered(first, ""), AnsweringStarted(second))
    assert (found(room, first).status, found(room, second).status) == ("answered", "answering")


def test_only_the_latest_answers_stay() -> None:
    room = lesson()
    questions = []
    for _ in range(QUESTIONS_ANSWERED_MAX + 1):
        questions.append(asked(room))
        room.facts(TESS, AnswerQuestion(questions[-1]))
    assert [q.id for q in room.state.questions.answered] == questions[1:]
    assert room.refusal(TESS, ReopenQuestion(questions[0])) == Code.NO_SUCH_QUESTION


def test_answering_is_refused() -> None:
    room = lesson(approve=True)
    question = asked(room)
    for command in (StartAnswering(question), AnswerQuestion(question)):
        assert room.refusal(SAM, command) == Code.FORBIDDEN
        assert room.refusal(TESS, command) == Code.QUESTION_CLOSED, "it waits for approval"
    room.facts(TESS, ApproveQuestion(question))
    room.facts(TESS, AnswerQuestion(question))
    assert room.refusal(TESS, StartAnswering(question)) == Code.QUESTION_CLOSED
    assert room.refusal(TESS, AnswerQuestion(NOWHERE)) == Code.NO_SUCH_QUESTION


def test_staff_work_in_class_and_operators_from_anywhere() -> None:
    room = Class().live(SAM)
    question = asked(room)
    assert room.refusal(TESS, AnswerQuestion(question)) == Code.NOT_A_PARTICIPANT
    assert room.facts(OPERATOR, AnswerQuestion(question)) == (QuestionAnswered(question, ""),)


# --- off the list, and back ----------------------------------------------------------------------
def test_a_dismissed_question_is_gone_and_its_author_may_learn_why() -> None:
    room = lesson()
    question = asked(room)
    command = DismissQuestion(question, " Off topic. ")
    assert audiences(room, TESS, command) == [
        ("question.dismissed", (who(SAM), AND_STAFF)),
        ("question.hidden", "everyone"),
    ]
    assert room.facts(TESS, command) == (
        QuestionDismissed(question, "Off topic."),
        QuestionHidden(question),
    )
    assert not any(seen(room, actor, question) for actor in (TESS, SAM, VERA))
    assert room.facts(TESS, command) == ()
    assert room.refusal(VERA, UpvoteQuestion(question)) == Code.NO_SUCH_QUESTION
    assert room.refusal(TESS, AnswerQuestion(question)) == Code.QUESTION_CLOSED


def test_the_class_hears_nothing_of_a_waiting_question_that_is_dismissed() -> None:
    room = lesson(approve=True)
    question = asked(room)
    assert audiences(room, TESS, DismissQuestion(question)) == [("question.dismissed", (who(SAM), AND_STAFF))]


def test_dismissing_is_refused() -> None:
    room = lesson()
    question = asked(room)
    assert room.refusal(VERA, DismissQuestion(question)) == Code.FORBIDDEN
    room.facts(TESS, AnswerQuestion(question))
    assert room.refusal(TESS, DismissQuestion(question)) == Code.QUESTION_CLOSED


def test_a_dismissed_question_comes_back_with_its_authors_vote_alone() -> None:
    room = lesson()
    question = asked(room, anonymous=True)
    room.facts(VERA, UpvoteQuestion(question))
    since = found(room, question).asked_at
    room.facts(TESS, DismissQuestion(question))
    room.now += SECOND
    session = room.state.live.id  # type: ignore[union-attr]
    assert room.facts(TESS, ReopenQuestion(question)) == (
        QuestionAsked(question, session, "Why?", True, who(SAM), "Sam", since),
        QuestionOpened(question, session, "Why?", True, asked_at=since),
    )
    shown = seen(room, SAM, question)
    assert shown is not None
    assert (shown.status, shown.votes, shown.voted, shown.asked_at) == ("open", 1, True, since)
    assert room.state.questions.dismissed == ()
    room.facts(VERA, UpvoteQuestion(question))


def test_an_answered_question_is_reopened_without_its_answer() -> None:
    room = lesson()
    question = asked(room)
    room.facts(VERA, UpvoteQuestion(question))
    room.facts(TESS, AnswerQuestion(question, "Because."))
    assert audiences(room, TESS, ReopenQuestion(question)) == [("question.reopened", "everyone")]
    assert room.facts(TESS, ReopenQuestion(question)) == (QuestionReopened(question),)
    known = found(room, question)
    assert (known.status, known.answer, known.moment, known.votes) == ("open", "", None, 2)
    assert room.facts(TESS, ReopenQuestion(question)) == ()


def test_an_answer_that_began_by_mistake_is_undone() -> None:
    room = lesson()
    question = asked(room)
    room.facts(TESS, StartAnswering(question))
    assert room.facts(TESS, ReopenQuestion(question)) == (QuestionReopened(question),)
    assert (found(room, question).status, found(room, question).moment) == ("open", None)


def test_reopening_is_refused() -> None:
    room = lesson(approve=True)
    question = asked(room)
    assert room.refusal(SAM, ReopenQuestion(question)) == Code.FORBIDDEN
    assert room.refusal(TESS, ReopenQuestion(question)) == Code.QUESTION_CLOSED


def test_only_the_latest_dismissed_ones_can_come_back() -> None:
    room = lesson()
    questions = []
    for _ in range(QUESTIONS_DISMISSED_MAX + 1):
        questions.append(asked(room))
        room.facts(TESS, DismissQuestion(questions[-1]))
    assert [q.id for q in room.state.questions.dismissed] == questions[1:]


# --- merging -------------------------------------------------------------------------------------
def test_merged_questions_count_nobody_twice() -> None:
    room = lesson()
    first, second, third = asked(room), asked(room, VERA), asked(room, GUS)
    room.facts(VERA, UpvoteQuestion(first))
    room.facts(TESS, UpvoteQuestion(third))
    command = MergeQuestions(first, (second, third, second))
    assert audiences(room, TESS, command) == [("question.merged", "everyone")]
    assert room.facts(TESS, command) == (QuestionsMerged(first, (second, third), 4),)
    assert found(room, first).votes == 4
    assert [q.id for q in room.state.questions.open] == [first]
    assert seen(room, GUS, first).voted  # type: ignore[union-attr]
    assert room.refusal(TESS, command) == Code.NO_SUCH_QUESTION
    room.facts(VERA, WithdrawVote(first))
    assert found(room, first).votes == 3


def test_merging_is_refused() -> None:
    room = lesson(approve=True)
    waiting, answered = asked(room), asked(room, TESS)
    open_one = asked(room, TESS)
    room.facts(TESS, AnswerQuestion(answered))
    assert room.refusal(SAM, MergeQuestions(open_one, (waiting,))) == Code.FORBIDDEN
    assert room.refusal(TESS, MergeQuestions(open_one, (open_one,))) == Code.MALFORMED
    assert room.refusal(TESS, MergeQuestions(open_one, (NOWHERE,))) == Code.NO_SUCH_QUESTION
    assert room.refusal(TESS, MergeQuestions(waiting, (open_one,))) == Code.QUESTION_CLOSED
    assert room.refusal(TESS, MergeQuestions(open_one, (answered,))) == Code.QUESTION_CLOSED
    room.facts(TESS, MergeQuestions(open_one, (waiting,)))


# --- the end, and bounds -------------------------------------------------------------------------
def test_questions_end_with_the_class() -> None:
    room = lesson()
    asked(room)
    room.facts(TESS, EndSession())
    assert room.state.questions == Questions()
    assert room.refusal(OPERATOR, AnswerQuestion(NOWHERE)) == Code.NO_SUCH_QUESTION


def test_a_redacted_persons_questions_stay_without_the_name() -> None:
    room = lesson()
    open_one, answered, other = asked(room), asked(room, anonymous=True), asked(room, VERA)
    room.facts(TESS, AnswerQuestion(answered))
    room.facts(SAM, LeaveSession())
    room.facts(TESS, Redact("person", participant=who(SAM)))
    names = [found(room, question).display_name for question in (open_one, answered, other)]
    assert names == [REMOVED_PERSON, REMOVED_PERSON, "Vera"]
    before = room.state.questions
    room.facts(TESS, Redact("message", message=MessageId("m1")))
    assert room.state.questions == before


def test_the_same_command_asks_one_question() -> None:
    room = lesson()
    sent = envelope(SAM, AskQuestion("Why?"), "same", room.now)
    assert recall(room.state, sent) is None
    room.ask(SAM, AskQuestion("Why?"), "same")
    assert recall(room.state, sent) == room.state.seq, "a retry gets this answer and asks nothing"
    room.ask(SAM, AskQuestion("Why?"), "same")
    assert len(room.state.questions.open) == 1, "and even decided twice it is one question"


def test_facts_about_unknown_questions_change_nothing() -> None:
    room = lesson()
    session = room.state.live.id  # type: ignore[union-attr]
    for fact in (
        QuestionOpened(NOWHERE, session, "?", True),
        QuestionAnswered(NOWHERE, ""),
        QuestionsMerged(NOWHERE, (NOWHERE,), 1),
        VoteTakenBack(asked(room), who(VERA)),
    ):
        assert evolve(room.state, fact, START).questions == room.state.questions


def test_a_full_list_of_a_full_class_is_a_small_part_of_a_snapshot() -> None:
    chance = random.Random(1)
    letters = string.ascii_lowercase + " " * 5
    voters = {ParticipantId(f"p{chance.getrandbits(80):020x}"): n for n in range(PARTICIPANTS_MAX)}

    def text(length: int) -> str:
        return "".join(chance.choices(letters, k=length))

    full = tuple(
        Question(
            QuestionId(f"q{n}"),
            START,
            text(QUESTION_CHARS_MAX),
            False,
            chance.choice(list(voters)),
            text(20),
            "open",
            chance.randbytes(PARTICIPANTS_MAX // 8),
        )
        for n in range(QUESTIONS_OPEN_MAX)
    )
    packed = zlib.compress(msgspec.json.encode(Questions(full, (), (), voters)))
    assert len(packed) < 110_000
