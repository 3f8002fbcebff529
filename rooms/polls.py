"""Polls and quizzes: prepared or on the spot, answered once, published when ready.

A poll is a draft, open, closed. A closed one may be opened again in the same class, unless it is
anonymous or its results are known. Until they are published only staff see results and right answers;
everyone sees how many have answered.

**Anonymous polls.** An answer comes with an alias, HMAC(secret of the poll, who), which the rooms service
makes (``rooms.service.secrets``) and which is all that the facts, the state and the read models know of
its author. The secret is destroyed when the poll closes; from then on nobody can lead an alias back to
a person. What remains is what any poll in a small room has: who watches the log live and sees people
come, hears them type, or asks them, may guess from the order and the time of the answers.
"""

from collections.abc import Iterator, Sequence
from typing import assert_never, get_args

from msgspec.structs import replace

from rooms.asker import Asker, new_id
from rooms.permissions import Permission
from rooms.state import RoomState
from rooms.state.polls import Poll, Polls
from rooms.topic import Stamp, Topic
from rooms.viewer import Viewer
from schemas.commands.polls import (
    AnswerPoll,
    AskPoll,
    ClosePoll,
    CreatePoll,
    DeletePoll,
    EditPoll,
    OpenPoll,
    PublishResults,
    ReopenPoll,
)
from schemas.envelope import AND_STAFF, Audience, Event
from schemas.events.lifecycle import SessionEnded
from schemas.events.polls import (
    PollAnswered,
    PollClosed,
    PollCounted,
    PollCreated,
    PollDeleted,
    PollEdited,
    PollOpened,
    PollPublished,
    PollReopened,
    PollShelved,
)
from schemas.ids import ParticipantId, PollId, SessionId
from schemas.limits import (
    POLL_CHARS_MAX,
    POLL_SHEETS_CLOSED_MAX,
    POLL_SHEETS_MAX,
    POLL_TEXTS_KEPT_MAX,
    POLLS_KEPT_MAX,
    POLLS_OPEN_MAX,
)
from schemas.polls import (
    Answer,
    PollItem,
    PollText,
    counted,
    no_counts,
    points_possible,
    score,
    sheet_of,
    without_solution,
)
from schemas.rejections import Code, Rejection, rejection
from schemas.view.polls import PollsView, PollView

Command = (
    CreatePoll
    | EditPoll
    | DeletePoll
    | OpenPoll
    | AskPoll
    | AnswerPoll
    | ClosePoll
    | ReopenPoll
    | PublishResults
)
Fact = (
    PollCreated
    | PollEdited
    | PollDeleted
    | PollShelved
    | PollOpened
    | PollAnswered
    | PollCounted
    | PollClosed
    | PollReopened
    | PollPublished
    | SessionEnded
)


def decide(state: RoomState, asks: Asker, command: Command, now: int) -> tuple[Event, ...] | Rejection:
    """What a wish about polls leads to."""
    if isinstance(command, AnswerPoll):
        return _answer(state, asks, command)
    if not asks.may(Permission.POLL):
        return rejection(Code.FORBIDDEN)
    match command:
        case CreatePoll():
            return _create(state, asks, command)
        case AskPoll():
            return _ask(state, asks, command, now)
        case _:
            poll = state.polls.find(command.poll)
            if poll is None:
                return rejection(Code.NO_SUCH_POLL)
            return _change(state, poll, command, now)


def _change(
    state: RoomState,
    poll: Poll,
    command: EditPoll | DeletePoll | OpenPoll | ClosePoll | ReopenPoll | PublishResults,
    now: int,
) -> tuple[Event, ...] | Rejection:
    match command:
        case EditPoll():
            return _edit(poll, command)
        case DeletePoll():
            return _delete(poll)
        case OpenPoll():
            return _open(state, poll, command, now)
        case ClosePoll():
            return _close(poll)
        case ReopenPoll():
            return _reopen(state, poll, command, now)
        case PublishResults():
            return _publish(poll)
        case _:
            assert_never(command)


# --- preparing -----------------------------------------------------------------------------------
def _create(state: RoomState, asks: Asker, command: CreatePoll | AskPoll) -> tuple[Event, ...] | Rejection:
    items = _well_formed(command.items, command.title)
    if isinstance(items, Rejection):
        return items
    shelved: tuple[Event, ...] = ()
    if len(state.polls.polls) >= POLLS_KEPT_MAX:
        oldest = next((p for p in state.polls.polls if p.status == "closed"), None)
        if oldest is None:
            return rejection(Code.LIMIT_REACHED, "There are too many prepared polls. Delete some first.")
        shelved = (Event(PollShelved(oldest.id)),)
    poll = PollId(new_id(state, asks, "q"))
    created = PollCreated(poll, command.title.strip(), items, command.anonymous, command.seconds)
    return (*shelved, Event(created, "staff"))


def _edit(poll: Poll, command: EditPoll) -> tuple[Event, ...] | Rejection:
    if poll.status != "draft":
        return rejection(Code.POLL_USED)
    items = _well_formed(command.items, command.title)
    if isinstance(items, Rejection):
        return items
    after = PollEdited(poll.id, command.title.strip(), items, command.anonymous, command.seconds)
    is_so = (after.title, after.items, after.anonymous, after.seconds) == (
        poll.title,
        poll.items,
        poll.anonymous,
        poll.seconds,
    )
    return () if is_so else (Event(after, "staff"),)


def _delete(poll: Poll) -> tuple[Event, ...] | Rejection:
    if poll.status == "open":
        return rejection(Code.POLL_OPEN)
    # Others than staff never heard of a draft.
    return (Event(PollDeleted(poll.id), "staff" if poll.status == "draft" else "everyone"),)


def _well_formed(items: Sequence[PollItem], title: str) -> tuple[PollItem, ...] | Rejection:
    """The items with their right options in order and no points where none is right."""
    words = sum(len(item.question) + sum(map(len, item.options)) for item in items) + len(title)
    if words > POLL_CHARS_MAX:
        return rejection(Code.LIMIT_REACHED, f"A poll has at most {POLL_CHARS_MAX} characters.")
    for item in items:
        fault = _fault(item)
        if fault:
            return rejection(Code.MALFORMED, fault)
    return tuple(
        replace(item, correct=tuple(sorted(item.correct)), points=item.points if item.correct else 0)
        for item in items
    )


def _fault(item: PollItem) -> str:
    if not item.question.strip() or not all(option.strip() for option in item.options):
        return "Every question and every option needs words."
    if item.kind in {"text", "scale"}:
        ends = (0,) if item.kind == "text" else (0, 2)
        if len(item.options) not in ends or item.correct:
            return "A text has no options, a scale none or two, and neither has right answers."
        return ""
    if len(item.options) < 2:
        return "A question needs two options or more."
    if len(set(item.correct)) < len(item.correct) or any(c >= len(item.options) for c in item.correct):
        return "The right answers are not among the options."
    return ""


# --- before the class ----------------------------------------------------------------------------
def _ask(state: RoomState, asks: Asker, command: AskPoll, now: int) -> tuple[Event, ...] | Rejection:
    if state.live is None:
        return rejection(Code.SESSION_NOT_LIVE)
    if len(state.polls.open) >= POLLS_OPEN_MAX:
        return _too_many_open()
    created = _create(state, asks, command)
    if isinstance(created, Rejection):
        return created
    draft = created[-1].data
    assert isinstance(draft, PollCreated)
    return (*created, _opened(_draft(draft), state.live.id, command.seconds, now))


def _open(state: RoomState, poll: Poll, command: OpenPoll, now: int) -> tuple[Event, ...] | Rejection:
    if state.live is None:
        return rejection(Code.SESSION_NOT_LIVE)
    if poll.status == "open":
        return ()
    if poll.status == "closed":
        return rejection(Code.POLL_USED)
    if len(state.polls.open) >= POLLS_OPEN_MAX:
        return _too_many_open()
    return (_opened(poll, state.live.id, command.seconds or poll.seconds, now),)


def _opened(poll: Poll, session: SessionId, seconds: int | None, now: int) -> Event:
    shown = without_solution(poll.items)
    end = _end(now, seconds)
    return Event(PollOpened(poll.id, session, poll.title, shown, poll.anonymous, seconds, end))


def _too_many_open() -> Rejection:
    return rejection(Code.LIMIT_REACHED, "Close another poll first.")


def _end(now: int, seconds: int | None) -> int | None:
    return None if seconds is None else now + seconds * 1000


def _close(poll: Poll) -> tuple[Event, ...] | Rejection:
    match poll.status:
        case "draft":
            return rejection(Code.POLL_NOT_OPEN)
        case "open":
            return (Event(PollClosed(poll.id)),)
        case "closed":
            return ()
        case _:
            assert_never(poll.status)


def _reopen(state: RoomState, poll: Poll, command: ReopenPoll, now: int) -> tuple[Event, ...] | Rejection:
    if state.live is None:
        return rejection(Code.SESSION_NOT_LIVE)
    if poll.status == "draft":
        return rejection(Code.POLL_NOT_OPEN, "This poll was never opened.")
    if poll.status == "open":
        return ()
    if poll.anonymous:
        return rejection(Code.POLL_USED, "Nobody can tell any more who has answered this anonymous poll.")
    if poll.published or poll.session != state.live.id or len(poll.sheets) < poll.answered:
        return rejection(Code.POLL_USED, "This poll is over. Ask it anew.")
    if len(state.polls.open) >= POLLS_OPEN_MAX:
        return _too_many_open()
    return (Event(PollReopened(poll.id, command.seconds, _end(now, command.seconds))),)


def _publish(poll: Poll) -> tuple[Event, ...] | Rejection:
    if poll.status == "draft":
        return rejection(Code.POLL_NOT_OPEN, "This poll was never opened.")
    if poll.status == "open":
        return rejection(Code.POLL_OPEN)
    if poll.published:
        return ()
    right = tuple(item.correct for item in poll.items)
    return (Event(PollPublished(poll.id, poll.answered, poll.counts, right, _nobodys(poll.texts))),)


def deadlines(state: RoomState) -> Iterator[int]:
    """When open polls close by themselves."""
    return (poll.closes_at for poll in state.polls.open if poll.closes_at is not None)


def due(state: RoomState, now: int) -> tuple[Event, ...]:
    """Closes those whose time is over."""
    over = (p for p in state.polls.open if p.closes_at is not None and p.closes_at <= now)
    return tuple(Event(PollClosed(poll.id, "time")) for poll in over)


# --- answering -----------------------------------------------------------------------------------
def secret_of(state: RoomState, command: AnswerPoll) -> str | None:
    """The name of the secret that makes the alias for this answer; None: it is signed."""
    poll = state.polls.find(command.poll)
    return poll.id if poll is not None and poll.anonymous and poll.status == "open" else None


def secrets(state: RoomState) -> Iterator[str]:
    """The names of the secrets that may still exist."""
    return (poll.id for poll in state.polls.open if poll.anonymous)


def _answer(state: RoomState, asks: Asker, command: AnswerPoll) -> tuple[Event, ...] | Rejection:
    if not asks.may(Permission.VOTE):
        return rejection(Code.FORBIDDEN)
    if asks.present is None:
        return rejection(Code.NOT_A_PARTICIPANT)
    poll = state.polls.find(command.poll)
    if poll is None:
        return rejection(Code.NO_SUCH_POLL)
    if poll.status != "open":
        return rejection(Code.POLL_NOT_OPEN)
    answers = _fitting(poll.items, command.answers)
    if isinstance(answers, Rejection):
        return answers
    voter = asks.alias if poll.anonymous else asks.present.id
    if not voter:
        return rejection(Code.FORBIDDEN, "An anonymous answer needs an alias.")
    before = poll.sheets.get(voter)
    if before is None and len(poll.sheets) >= POLL_SHEETS_MAX:
        return rejection(Code.LIMIT_REACHED)
    if before == sheet_of(answers) and not any(answer.text for answer in answers):
        return ()
    audience: Audience = "staff" if poll.anonymous else (asks.present.id, AND_STAFF)
    answered = Event(PollAnswered(poll.id, voter, answers, poll.anonymous, before), audience)
    if before is not None:
        return (answered,)
    return (answered, Event(PollCounted(poll.id, len(poll.sheets) + 1)))


def _fitting(items: Sequence[PollItem], answers: Sequence[Answer]) -> tuple[Answer, ...] | Rejection:
    """The answers in their one form, if they answer these items."""
    if len(answers) != len(items):
        return rejection(Code.MALFORMED, "There is one answer for each question.")
    tidy = tuple(Answer(tuple(sorted(set(a.choices))), a.text.strip()) for a in answers)
    if not all(_fits(item, answer) for item, answer in zip(items, tidy, strict=True)):
        return rejection(Code.MALFORMED, "This does not answer the question.")
    if not any(answer.choices or answer.text for answer in tidy):
        return rejection(Code.MALFORMED, "There is no answer in it.")
    return tidy


def _fits(item: PollItem, answer: Answer) -> bool:
    if item.kind == "text":
        return not answer.choices
    many = item.width if item.kind == "multiple" else 1
    return not answer.text and len(answer.choices) <= many and all(c < item.width for c in answer.choices)


# --- facts ---------------------------------------------------------------------------------------
def evolve(state: RoomState, fact: Fact, stamp: Stamp) -> RoomState:
    """The room after a fact about polls, or after the end of the class."""
    if isinstance(fact, PollCreated):
        return _with(state, (*state.polls.polls, _draft(fact)))
    if isinstance(fact, PollDeleted | PollShelved):
        return _with(state, tuple(p for p in state.polls.polls if p.id != fact.poll))
    if isinstance(fact, SessionEnded):
        return _with(state, tuple(_after_class(p) for p in state.polls.polls)) if state.polls.polls else state
    poll = state.polls.find(fact.poll)
    if poll is None:
        return state
    match fact:
        case PollEdited():
            return _put(state, _draft(fact))
        case PollOpened():
            return _with(
                state, (*(p for p in state.polls.polls if p.id != poll.id), _begun(poll, fact, stamp))
            )
        case PollAnswered():
            return _put(state, _answered(poll, fact))
        case PollCounted(answered=answered):
            return _put(state, replace(poll, answered=answered))
        case PollClosed():
            return _forget_sheets(_put(state, _over(poll)))
        case PollReopened():
            return _put(state, replace(poll, status="open", seconds=fact.seconds, closes_at=fact.closes_at))
        case PollPublished():
            return _put(state, replace(poll, published=True))
        case _:
            assert_never(fact)


def _with(state: RoomState, polls: tuple[Poll, ...]) -> RoomState:
    return replace(state, polls=Polls(polls))


def _put(state: RoomState, poll: Poll) -> RoomState:
    return _with(state, tuple(poll if p.id == poll.id else p for p in state.polls.polls))


def _draft(fact: PollCreated | PollEdited) -> Poll:
    return Poll(fact.poll, fact.title, fact.items, fact.anonymous, fact.seconds)


def _begun(poll: Poll, fact: PollOpened, stamp: Stamp) -> Poll:
    return replace(
        poll,
        seconds=fact.seconds,
        status="open",
        session=fact.session,
        opened_at=stamp.at,
        closes_at=fact.closes_at,
        counts=no_counts(poll.items),
    )


def _answered(poll: Poll, fact: PollAnswered) -> Poll:
    before = fact.answers if fact.before is None else fact.before
    if len(fact.answers) != len(poll.counts) or len(before) != len(poll.counts):
        return poll  # An answer to other questions is none.
    sheet = sheet_of(fact.answers)
    counts = poll.counts if fact.before is None else counted(poll.counts, fact.before, -1)
    said = (PollText(i, a.text, fact.voter) for i, a in enumerate(fact.answers) if a.text)
    texts = (*(t for t in poll.texts if t.voter != fact.voter), *said)
    return replace(
        poll,
        counts=counted(counts, sheet, 1),
        sheets={**poll.sheets, fact.voter: sheet},
        texts=texts[-POLL_TEXTS_KEPT_MAX:],
    )


def _over(poll: Poll) -> Poll:
    """Closed; an anonymous poll forgets even the aliases."""
    closed = replace(poll, status="closed", closes_at=None)
    return replace(closed, sheets={}, texts=_nobodys(poll.texts)) if poll.anonymous else closed


def _forget_sheets(state: RoomState) -> RoomState:
    """Of all sheets of closed polls a bounded number stays: those of the polls opened last."""
    held = 0
    kept: list[Poll] = []
    for poll in reversed(state.polls.polls):
        if poll.status == "closed":
            held += len(poll.sheets)
        forgets = poll.status == "closed" and held > POLL_SHEETS_CLOSED_MAX
        kept.append(replace(poll, sheets={}) if forgets else poll)
    return _with(state, tuple(reversed(kept))) if held > POLL_SHEETS_CLOSED_MAX else state


def _after_class(poll: Poll) -> Poll:
    if poll.status == "draft":
        return poll
    return replace(poll, status="closed", closes_at=None, sheets={}, texts=())


def _nobodys(texts: Sequence[PollText]) -> tuple[PollText, ...]:
    return tuple(replace(text, voter="") for text in texts)


# --- what people see -----------------------------------------------------------------------------
def view(state: RoomState, viewer: Viewer) -> PollsView:
    """What somebody sees of the polls."""
    seen = (p for p in state.polls.polls if viewer.is_staff or p.status != "draft")
    return PollsView(tuple(_seen(poll, viewer.participant, is_staff=viewer.is_staff) for poll in seen))


def _seen(poll: Poll, who: ParticipantId | None, *, is_staff: bool) -> PollView:
    knows = is_staff or poll.published
    mine = poll.sheets.get(who) if who is not None and not poll.anonymous else None
    is_scored = poll.published and mine is not None and points_possible(poll.items) > 0
    return PollView(
        id=poll.id,
        title=poll.title,
        items=poll.items if knows else without_solution(poll.items),
        anonymous=poll.anonymous,
        seconds=poll.seconds,
        status=poll.status,
        session=poll.session,
        opened_at=poll.opened_at,
        closes_at=poll.closes_at,
        answered=poll.answered,
        published=poll.published,
        counts=poll.counts if knows and poll.status != "draft" else None,
        texts=_texts(poll, is_staff=is_staff),
        mine=mine,
        score=score(poll.items, mine) if is_scored and mine is not None else None,
    )


def _texts(poll: Poll, *, is_staff: bool) -> tuple[PollText, ...]:
    if is_staff:
        return poll.texts
    return _nobodys(poll.texts) if poll.published else ()


TOPIC = Topic("poll", get_args(Command), get_args(Fact), decide, evolve, deadlines, due)
