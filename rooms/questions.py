"""Questions to the teacher: asked, upvoted, answered.

::

    ask ──► waiting ── approve ──► open ── start ──► answering ── answer ──► answered
       └───────────────────────────►└── answer in text ────────────────────►┘
    open, waiting, answering ── dismiss ──► dismissed;  answered, answering, dismissed ── reopen ──► open

They end with the class; the read model keeps them all. A dismissed question loses its votes but its
author's, because those who voted are not told what became of it.
"""

from typing import assert_never, get_args

from msgspec.structs import replace

from rooms.asker import Asker, new_id
from rooms.permissions import Permission
from rooms.state import RoomState
from rooms.state.questions import Moment, Question, Questions
from rooms.topic import Decided, Stamp, Topic
from rooms.viewer import Viewer
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
from schemas.envelope import AND_STAFF, Audience, Event
from schemas.events.lifecycle import SessionEnded
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
from schemas.events.redaction import REMOVED_PERSON, Redacted
from schemas.ids import ParticipantId, QuestionId, SessionId
from schemas.limits import (
    PARTICIPANTS_MAX,
    QUESTIONS_ANSWERED_MAX,
    QUESTIONS_DISMISSED_MAX,
    QUESTIONS_OPEN_MAX,
    QUESTIONS_OPEN_PER_PERSON_MAX,
)
from schemas.rejections import Code, rejection
from schemas.view.questions import MomentView, QuestionsView, QuestionView

_Own = EditQuestion | WithdrawQuestion | UpvoteQuestion | WithdrawVote
_Staff = ApproveQuestion | StartAnswering | AnswerQuestion | DismissQuestion | ReopenQuestion | MergeQuestions
Command = AskQuestion | _Own | _Staff
Fact = (
    QuestionAsked
    | QuestionOpened
    | QuestionEdited
    | QuestionWithdrawn
    | VoteCast
    | VoteTakenBack
    | VotesCounted
    | AnsweringStarted
    | QuestionAnswered
    | QuestionDismissed
    | QuestionHidden
    | QuestionReopened
    | QuestionsMerged
    | Redacted
    | SessionEnded
)


def decide(state: RoomState, asks: Asker, command: Command, now: int) -> Decided:
    """What a wish about questions leads to."""
    match command:
        case AskQuestion():
            return _ask(state, asks, command)
        case EditQuestion() | WithdrawQuestion() | UpvoteQuestion() | WithdrawVote():
            return _of_the_class(state, asks, command)
        case _:
            return _of_staff(state, asks, command)


# --- asking --------------------------------------------------------------------------------------
def _ask(state: RoomState, asks: Asker, command: AskQuestion) -> Decided:
    if not asks.may(Permission.ASK_QUESTION):
        return rejection(Code.FORBIDDEN)
    if asks.present is None or state.live is None:
        return rejection(Code.NOT_A_PARTICIPANT)
    text = command.text.strip()
    if not text:
        return rejection(Code.MALFORMED, "A question needs words.")
    who = asks.present.id
    if sum(1 for q in state.questions.open if q.participant == who) >= QUESTIONS_OPEN_PER_PERSON_MAX:
        return rejection(Code.LIMIT_REACHED, "Wait until one of your questions is answered.")
    if _is_full(state) or not _has_a_place(state, who):
        return rejection(Code.LIMIT_REACHED)
    question = Question(
        QuestionId(new_id(state, asks, "q")),
        0,
        text,
        command.anonymous,
        who,
        asks.present.display_name,
        "waiting",
        b"",
    )
    must_wait = state.settings.approve_questions and not asks.may(Permission.ANSWER_QUESTIONS)
    session = state.live.id
    if must_wait:
        return (_told_in_confidence(question, session),)
    return _opening(question, session)


def _opening(question: Question, session: SessionId) -> tuple[Event, ...]:
    """A question that the class has not seen appears; who asked anonymously is told apart."""
    if not question.anonymous:
        return (_told_to_all(question, session),)
    return _told_in_confidence(question, session), _told_to_all(question, session)


def _told_in_confidence(question: Question, session: SessionId) -> Event:
    return Event(
        QuestionAsked(
            question.id,
            session,
            question.text,
            question.anonymous,
            question.participant,
            question.display_name,
            question.asked_at,
        ),
        (question.participant, AND_STAFF),
    )


def _told_to_all(question: Question, session: SessionId) -> Event:
    named = not question.anonymous
    return Event(
        QuestionOpened(
            question.id,
            session,
            question.text,
            question.anonymous,
            question.participant if named else None,
            question.display_name if named else "",
            question.asked_at,
        )
    )


def _is_full(state: RoomState) -> bool:
    return len(state.questions.open) >= QUESTIONS_OPEN_MAX


def _has_a_place(state: RoomState, who: ParticipantId) -> bool:
    voters = state.questions.voters
    return who in voters or len(voters) < PARTICIPANTS_MAX


def _seen_by(question: Question) -> Audience:
    """Who knows of it."""
    return (question.participant, AND_STAFF) if question.status == "waiting" else "everyone"


# --- what everybody may ----------------------------------------------------------------------------
def _of_the_class(state: RoomState, asks: Asker, command: _Own) -> Decided:
    votes = isinstance(command, UpvoteQuestion | WithdrawVote)
    if not asks.may(Permission.VOTE if votes else Permission.ASK_QUESTION):
        return rejection(Code.FORBIDDEN)
    if asks.present is None:
        return rejection(Code.NOT_A_PARTICIPANT)
    question, who = state.questions.find(command.question), asks.present.id
    if question is None or question.status == "dismissed":
        return rejection(Code.NO_SUCH_QUESTION)
    is_own = question.participant == who
    if question.status == "waiting" and not is_own and not asks.may(Permission.ANSWER_QUESTIONS):
        return rejection(Code.NO_SUCH_QUESTION)
    match command:
        case UpvoteQuestion():
            return _vote(state, question, who)
        case WithdrawVote():
            return _take_vote_back(state, question, who)
        case EditQuestion():
            return _edit(state, asks, question, command.text.strip())
        case WithdrawQuestion():
            return _withdraw(question, is_own=is_own)
        case _:
            assert_never(command)


def _vote(state: RoomState, question: Question, who: ParticipantId) -> Decided:
    if state.questions.has_voted(question, who):
        return ()
    if question.status not in {"open", "answering"}:
        return rejection(Code.QUESTION_CLOSED)
    if not _has_a_place(state, who):
        return rejection(Code.LIMIT_REACHED)
    counted = VotesCounted(question.id, question.votes + 1)
    return Event(VoteCast(question.id, who), (who,)), Event(counted)


def _take_vote_back(state: RoomState, question: Question, who: ParticipantId) -> Decided:
    if question.participant == who:
        return rejection(Code.FORBIDDEN, "Your own question has your vote. You can withdraw the question.")
    if not state.questions.has_voted(question, who):
        return ()
    if question.status not in {"open", "answering"}:
        return rejection(Code.QUESTION_CLOSED)
    counted = VotesCounted(question.id, question.votes - 1)
    return Event(VoteTakenBack(question.id, who), (who,)), Event(counted)


def _edit(state: RoomState, asks: Asker, question: Question, text: str) -> Decided:
    if question.participant != asks.participant:
        return rejection(Code.FORBIDDEN)
    if not text:
        return rejection(Code.MALFORMED, "A question needs words.")
    if question.text == text:
        return ()
    approved = state.settings.approve_questions and not asks.may(Permission.ANSWER_QUESTIONS)
    if question.status != "waiting" and (question.status != "open" or approved):
        return rejection(Code.QUESTION_CLOSED)
    return (Event(QuestionEdited(question.id, text), _seen_by(question)),)


def _withdraw(question: Question, *, is_own: bool) -> Decided:
    if not is_own:
        return rejection(Code.FORBIDDEN)
    if question.status not in {"waiting", "open"}:
        return rejection(Code.QUESTION_CLOSED)
    return (Event(QuestionWithdrawn(question.id), _seen_by(question)),)


# --- what staff may --------------------------------------------------------------------------------
def _of_staff(state: RoomState, asks: Asker, command: _Staff) -> Decided:
    if not asks.may(Permission.ANSWER_QUESTIONS):
        return rejection(Code.FORBIDDEN)
    if asks.present is None and asks.actor.kind != "operator":
        return rejection(Code.NOT_A_PARTICIPANT)
    named = command.into if isinstance(command, MergeQuestions) else command.question
    question = state.questions.find(named)
    if question is None or state.live is None:
        return rejection(Code.NO_SUCH_QUESTION)
    match command:
        case ApproveQuestion():
            return _approve(question, state.live.id)
        case StartAnswering():
            return _start_answering(state, question)
        case AnswerQuestion():
            return _answer(question, command.text.strip())
        case DismissQuestion():
            return _dismiss(question, command.reason.strip())
        case ReopenQuestion():
            return _reopen(state, question, state.live.id)
        case MergeQuestions():
            return _merge(state, question, command)
        case _:
            assert_never(command)


def _approve(question: Question, session: SessionId) -> Decided:
    match question.status:
        case "waiting":
            return (_told_to_all(question, session),)
        case "dismissed":
            return rejection(Code.QUESTION_CLOSED)
        case _:
            return ()


def _start_answering(state: RoomState, question: Question) -> Decided:
    if question.status == "answering":
        return ()
    if question.status != "open":
        return rejection(Code.QUESTION_CLOSED)
    before = [Event(QuestionAnswered(q.id, "")) for q in state.questions.open if q.status == "answering"]
    return (*before, Event(AnsweringStarted(question.id)))


def _answer(question: Question, text: str) -> Decided:
    match question.status:
        case "open" | "answering":
            return (Event(QuestionAnswered(question.id, text)),)
        case "answered":
            is_so = not text or text == question.answer
            return () if is_so else (Event(QuestionAnswered(question.id, text)),)
        case _:
            return rejection(Code.QUESTION_CLOSED)


def _dismiss(question: Question, reason: str) -> Decided:
    if question.status == "dismissed":
        return ()
    if question.status == "answered":
        return rejection(Code.QUESTION_CLOSED)
    told = Event(QuestionDismissed(question.id, reason), (question.participant, AND_STAFF))
    return (told,) if question.status == "waiting" else (told, Event(QuestionHidden(question.id)))


def _reopen(state: RoomState, question: Question, session: SessionId) -> Decided:
    match question.status:
        case "open":
            return ()
        case "waiting":
            return rejection(Code.QUESTION_CLOSED)
        case "answering":
            return (Event(QuestionReopened(question.id)),)
        case _ if _is_full(state):
            return rejection(Code.LIMIT_REACHED)
        case "answered":
            return (Event(QuestionReopened(question.id)),)
        case "dismissed":
            return _opening(question, session)
        case _:
            assert_never(question.status)


def _merge(state: RoomState, into: Question, command: MergeQuestions) -> Decided:
    named = tuple(dict.fromkeys(command.questions))
    if into.id in named:
        return rejection(Code.MALFORMED, "A question cannot be part of itself.")
    found = [q for q in (state.questions.find(question) for question in named) if q is not None]
    if len(found) < len(named):
        return rejection(Code.NO_SUCH_QUESTION)
    if into.status not in {"open", "answering"} or any(q.status not in {"open", "waiting"} for q in found):
        return rejection(Code.QUESTION_CLOSED)
    votes = replace(into, voted=_union(into, *found)).votes
    return (Event(QuestionsMerged(into.id, named, votes)),)


# --- facts ---------------------------------------------------------------------------------------
def evolve(state: RoomState, fact: Fact, stamp: Stamp) -> RoomState:
    """The room after a fact about questions."""
    if isinstance(fact, SessionEnded):
        return replace(state, questions=Questions())
    changed = _after(state.questions, fact, stamp)
    return state if changed is state.questions else replace(state, questions=changed)


def _after(known: Questions, fact: Fact, stamp: Stamp) -> Questions:
    match fact:
        case QuestionAsked(participant=participant) | QuestionOpened(participant=participant):
            return _listed(known, fact, participant, stamp)
        case VotesCounted() | QuestionHidden() | SessionEnded():
            return known  # For those who follow; what they say follows from what is here.
        case QuestionsMerged():
            return _merged(known, fact)
        case Redacted(participant=who):
            return known if who is None else _nameless(known, who)
        case _:
            question = known.find(fact.question)
            return known if question is None else _changed(known, question, fact, stamp)


def _listed(
    known: Questions, fact: QuestionAsked | QuestionOpened, author: ParticipantId | None, stamp: Stamp
) -> Questions:
    """A question is at the end of the list: it stands where it became visible, for everybody alike."""
    there = next((q for q in known.open if q.id == fact.question), None)
    if there is None and author is None:
        return known
    if there is None:
        assert author is not None
        known = replace(known, voters={**known.voters, author: known.voters.get(author, len(known.voters))})
        there = Question(
            fact.question,
            fact.asked_at or stamp.at,
            fact.text,
            fact.anonymous,
            author,
            fact.display_name,
            "waiting",
            _bits(1 << known.voters[author]),
        )
    status = "open" if isinstance(fact, QuestionOpened) else there.status
    known = _without(known, there.id)
    return replace(known, open=(*known.open, replace(there, status=status)))


def _changed(
    known: Questions,
    question: Question,
    fact: QuestionEdited
    | QuestionWithdrawn
    | VoteCast
    | VoteTakenBack
    | AnsweringStarted
    | QuestionAnswered
    | QuestionDismissed
    | QuestionReopened,
    stamp: Stamp,
) -> Questions:
    match fact:
        case QuestionEdited(text=text):
            return _in_place(known, replace(question, text=text))
        case QuestionWithdrawn():
            return _without(known, question.id)
        case VoteCast(participant=who):
            voters = {**known.voters, who: known.voters.get(who, len(known.voters))}
            bits = int.from_bytes(question.voted, "little") | 1 << voters[who]
            return _in_place(replace(known, voters=voters), replace(question, voted=_bits(bits)))
        case VoteTakenBack(participant=who):
            if not known.has_voted(question, who):
                return known
            bits = int.from_bytes(question.voted, "little") ^ 1 << known.voters[who]
            return _in_place(known, replace(question, voted=_bits(bits)))
        case AnsweringStarted():
            moment = Moment(stamp.at, stamp.seq)
            return _in_place(known, replace(question, status="answering", moment=moment))
        case QuestionAnswered(text=text):
            moment = question.moment or Moment(stamp.at, stamp.seq)
            answered = replace(question, status="answered", answer=text, moment=moment)
            if question.status == "answered":
                return _in_place(known, answered)
            known = _without(known, question.id)
            return replace(known, answered=(*known.answered, answered)[-QUESTIONS_ANSWERED_MAX:])
        case QuestionDismissed():
            own = _bits(1 << known.voters[question.participant])
            dismissed = replace(question, status="dismissed", voted=own, moment=None)
            known = _without(known, question.id)
            return replace(known, dismissed=(*known.dismissed, dismissed)[-QUESTIONS_DISMISSED_MAX:])
        case QuestionReopened():
            reopened = replace(question, status="open", answer="", moment=None)
            if question.status != "answered":
                return _in_place(known, reopened)
            known = _without(known, question.id)
            return replace(known, open=(*known.open, reopened))
        case _:
            assert_never(fact)


def _merged(known: Questions, fact: QuestionsMerged) -> Questions:
    into = known.find(fact.into)
    parts = [q for q in (known.find(question) for question in fact.questions) if q is not None]
    if into is not None:
        known = _in_place(known, replace(into, voted=_union(into, *parts)))
    for part in parts:
        known = _without(known, part.id)
    return known


def _nameless(known: Questions, who: ParticipantId) -> Questions:
    """A redacted person's questions stay, and their name goes."""
    for question in (*known.open, *known.answered, *known.dismissed):
        if question.participant == who:
            known = _in_place(known, replace(question, display_name=REMOVED_PERSON))
    return known


def _in_place(known: Questions, question: Question) -> Questions:
    def put(questions: tuple[Question, ...]) -> tuple[Question, ...]:
        return tuple(question if q.id == question.id else q for q in questions)

    return replace(known, open=put(known.open), answered=put(known.answered), dismissed=put(known.dismissed))


def _without(known: Questions, gone: QuestionId) -> Questions:
    def rest(questions: tuple[Question, ...]) -> tuple[Question, ...]:
        return tuple(q for q in questions if q.id != gone)

    return replace(
        known, open=rest(known.open), answered=rest(known.answered), dismissed=rest(known.dismissed)
    )


def _union(*questions: Question) -> bytes:
    bits = 0
    for question in questions:
        bits |= int.from_bytes(question.voted, "little")
    return _bits(bits)


def _bits(bits: int) -> bytes:
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little")


# --- views ---------------------------------------------------------------------------------------
def view(state: RoomState, viewer: Viewer) -> QuestionsView:
    """What somebody sees of it."""
    known = state.questions
    return QuestionsView(
        open=tuple(
            _shown(known, q, viewer)
            for q in known.open
            if q.status != "waiting" or viewer.is_staff or q.participant == viewer.participant
        ),
        answered=tuple(_shown(known, q, viewer) for q in known.answered),
    )


def _shown(known: Questions, question: Question, viewer: Viewer) -> QuestionView:
    assert question.status != "dismissed"
    is_mine = question.participant == viewer.participant
    is_named = not question.anonymous or is_mine or viewer.is_staff
    return QuestionView(
        id=question.id,
        asked_at=question.asked_at,
        text=question.text,
        anonymous=question.anonymous,
        participant=question.participant if is_named else None,
        display_name=question.display_name if is_named else "",
        status=question.status,
        votes=question.votes,
        mine=is_mine,
        voted=known.has_voted(question, viewer.participant),
        answer=question.answer,
        moment=MomentView(question.moment.at, question.moment.seq) if question.moment else None,
    )


TOPIC = Topic("question", get_args(Command), get_args(Fact), decide, evolve)
