"""Polls and quizzes: the manual of ``rooms.polls`` as given, when, then."""

import msgspec
import pytest
from msgspec.structs import replace

from rooms.room import decide, evolve, next_deadline, recall, secret_of, secrets_of
from rooms.view import public_actor, view
from rooms.watch import watched
from schemas.commands import Command
from schemas.commands.deadlines import DeadlinePassed
from schemas.commands.lifecycle import EndSession, StartSession
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
from schemas.commands.rights import LockPermission
from schemas.envelope import AND_STAFF, Actor, Event, RecordedActor
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
from schemas.ids import PollId
from schemas.limits import (
    POLL_SHEETS_CLOSED_MAX,
    POLL_SHEETS_MAX,
    POLL_TEXTS_KEPT_MAX,
    POLLS_KEPT_MAX,
    POLLS_OPEN_MAX,
)
from schemas.media import Role
from schemas.permissions import Permission
from schemas.polls import Answer, PollItem, PollText, counted, points_possible, score
from schemas.rejections import Code, Rejection
from schemas.view.polls import PollView
from tests.unit.rooms.classroom import (
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

SUM = PollItem("single", "2 + 2?", ("3", "4", "5"), correct=(1,), points=2)
PRIMES = PollItem("multiple", "Which are prime?", ("2", "4", "7"), correct=(2, 0), points=3)
PACE = PollItem("scale", "How was the pace?", ("slow", "fast"), steps=5)
WHY = PollItem("text", "Why?")
QUIZ = (SUM, PRIMES, PACE, WHY)
ANSWERS = (Answer((1,)), Answer((2, 0)), Answer((4,)), Answer(text=" Because. "))
NOBODYS = PollId("gone")


def stored(item: PollItem) -> PollItem:
    """The item as it is kept: right options in order, no points where nothing is right."""
    return replace(item, correct=tuple(sorted(item.correct)), points=item.points if item.correct else 0)


KEPT = tuple(stored(item) for item in QUIZ)
SHOWN = tuple(replace(item, correct=()) for item in KEPT)


def prepared(room: Class, *items: PollItem, anonymous: bool = False, seconds: int | None = None) -> PollId:
    """A draft."""
    created = room.facts(TESS, CreatePoll(items or QUIZ, "Quiz", anonymous, seconds))[-1]
    assert isinstance(created, PollCreated)
    return created.poll


def opened(room: Class, *items: PollItem, anonymous: bool = False, seconds: int | None = None) -> PollId:
    """An open poll."""
    poll = prepared(room, *items, anonymous=anonymous, seconds=seconds)
    room.facts(TESS, OpenPoll(poll))
    return poll


def closed(room: Class, *items: PollItem, anonymous: bool = False) -> PollId:
    """A closed poll that Sam has answered."""
    poll = opened(room, *items, anonymous=anonymous)
    count = len(items or QUIZ)
    room.facts(SAM, AnswerPoll(poll, ANSWERS[:count]))
    room.facts(TESS, ClosePoll(poll))
    return poll


def events_of(room: Class, actor: Actor, command: Command) -> tuple[Event, ...]:
    """The events with their audiences; nothing is stored."""
    outcome = decide(room.state, envelope(actor, command), room.now, room.alias(actor, command))
    assert not isinstance(outcome, Rejection), outcome
    return outcome


def seen(room: Class, actor: Actor, poll: PollId) -> PollView:
    """The poll as this person sees it."""
    polls = view(room.state, who(actor), actor.capabilities).polls.polls
    return next(p for p in polls if p.id == poll)


# --- preparing -----------------------------------------------------------------------------------
def test_a_poll_is_prepared_outside_the_class_and_only_staff_hear_of_it() -> None:
    room = Class().created()
    (event,) = events_of(room, TESS, CreatePoll(QUIZ, " Quiz ", seconds=60))
    assert isinstance(event.data, PollCreated)
    assert (event.data.title, event.data.items, event.data.seconds) == ("Quiz", KEPT, 60)
    assert event.audience == "staff"


def test_a_prepared_poll_stays_from_lesson_to_lesson() -> None:
    room = Class().live(TESS, SAM)
    poll = prepared(room)
    before = room.state.polls.find(poll)
    room.facts(TESS, EndSession())
    assert room.state.polls.find(poll) == before
    room.facts(TESS, StartSession())
    assert [type(f) for f in room.facts(TESS, OpenPoll(poll))] == [PollOpened]


@pytest.mark.parametrize(
    "item",
    [
        PollItem("single", "One?", ("only",)),
        PollItem("single", "  ", ("a", "b")),
        PollItem("single", "Blank?", ("a", "  ")),
        PollItem("single", "Right?", ("a", "b"), correct=(2,)),
        PollItem("multiple", "Twice?", ("a", "b"), correct=(1, 1)),
        PollItem("text", "Why?", ("a", "b")),
        PollItem("text", "Why?", correct=(0,)),
        PollItem("scale", "Pace?", ("slow",)),
        PollItem("scale", "Pace?", correct=(0,)),
    ],
    ids=lambda item: item.question,
)
def test_a_question_must_make_sense(item: PollItem) -> None:
    room = Class().live(TESS)
    assert room.refusal(TESS, CreatePoll((item,))) is Code.MALFORMED
    assert room.refusal(TESS, AskPoll((item,))) is Code.MALFORMED
    poll = prepared(room)
    assert room.refusal(TESS, EditPoll(poll, (item,))) is Code.MALFORMED


def test_all_words_of_a_poll_are_bounded_together() -> None:
    long = PollItem("single", "q" * 300, ("o" * 150, "p" * 150))
    assert Class().created().refusal(TESS, CreatePoll((long,) * 20)) is Code.LIMIT_REACHED


def test_only_who_may_poll_prepares_opens_closes_and_publishes() -> None:
    room = Class().live(TESS, SAM)
    poll = prepared(room)
    for command in (
        CreatePoll(QUIZ),
        AskPoll(QUIZ),
        EditPoll(poll, QUIZ),
        DeletePoll(poll),
        OpenPoll(poll),
        ClosePoll(poll),
        ReopenPoll(poll),
        PublishResults(poll),
    ):
        assert room.refusal(SAM, command) is Code.FORBIDDEN


def test_what_does_not_exist_is_said_so() -> None:
    room = Class().live(TESS, SAM)
    for command in (
        EditPoll(NOBODYS, QUIZ),
        DeletePoll(NOBODYS),
        OpenPoll(NOBODYS),
        ClosePoll(NOBODYS),
        ReopenPoll(NOBODYS),
        PublishResults(NOBODYS),
    ):
        assert room.refusal(TESS, command) is Code.NO_SUCH_POLL
    assert room.refusal(SAM, AnswerPoll(NOBODYS, ANSWERS)) is Code.NO_SUCH_POLL


def test_a_draft_is_edited_and_the_same_edit_again_is_nothing() -> None:
    room = Class().created()
    poll = prepared(room)
    edit = EditPoll(poll, (SUM,), "Short", anonymous=True, seconds=30)
    (event,) = events_of(room, TESS, edit)
    assert event == Event(PollEdited(poll, "Short", (SUM,), True, 30), "staff")
    room.facts(TESS, edit)
    assert room.facts(TESS, edit) == ()


def test_what_was_opened_is_edited_no_more() -> None:
    room = Class().live(TESS)
    poll = opened(room)
    assert room.refusal(TESS, EditPoll(poll, (SUM,))) is Code.POLL_USED


def test_a_deleted_draft_is_news_for_staff_only() -> None:
    room = Class().live(TESS, SAM)
    draft, old = prepared(room), closed(room)
    assert events_of(room, TESS, DeletePoll(draft)) == (Event(PollDeleted(draft), "staff"),)
    assert events_of(room, TESS, DeletePoll(old)) == (Event(PollDeleted(old), "everyone"),)
    room.facts(TESS, DeletePoll(draft))
    assert room.refusal(TESS, DeletePoll(draft)) is Code.NO_SUCH_POLL


def test_an_open_poll_is_closed_before_it_is_deleted() -> None:
    room = Class().live(TESS)
    poll = opened(room)
    assert room.refusal(TESS, DeletePoll(poll)) is Code.POLL_OPEN


def test_the_oldest_closed_poll_makes_place_for_a_new_one() -> None:
    room = Class().live(TESS, SAM)
    old = closed(room)
    for _ in range(POLLS_KEPT_MAX - 1):
        prepared(room)
    shelved, created = room.facts(TESS, CreatePoll(QUIZ))
    assert shelved == PollShelved(old)
    assert isinstance(created, PollCreated)
    assert len(room.state.polls.polls) == POLLS_KEPT_MAX
    assert room.refusal(TESS, CreatePoll(QUIZ)) is Code.LIMIT_REACHED


# --- before the class ----------------------------------------------------------------------------
def test_opening_shows_everyone_the_questions_and_nobody_what_is_right() -> None:
    room = Class().live(TESS, SAM)
    poll = prepared(room, seconds=60)
    (event,) = events_of(room, TESS, OpenPoll(poll))
    assert room.state.live is not None
    end = START + 60 * SECOND
    assert event == Event(PollOpened(poll, room.state.live.id, "Quiz", SHOWN, False, 60, end), "everyone")
    assert b'correct":[1' not in msgspec.json.encode(event.data)


def test_a_time_given_at_opening_counts_instead_of_the_prepared_one() -> None:
    room = Class().live(TESS)
    (fact,) = room.facts(TESS, OpenPoll(prepared(room, seconds=60), 10))
    assert isinstance(fact, PollOpened)
    assert fact.closes_at == START + 10 * SECOND


def test_a_poll_on_the_spot_is_prepared_and_opened_in_one() -> None:
    room = Class().live(TESS, SAM)
    created, shown = events_of(room, TESS, AskPoll((SUM,), "Now", anonymous=True, seconds=5))
    assert (type(created.data), created.audience) == (PollCreated, "staff")
    assert (type(shown.data), shown.audience) == (PollOpened, "everyone")
    assert shown.data.poll == created.data.poll  # type: ignore[attr-defined]
    assert shown.data.anonymous is True  # type: ignore[attr-defined]


def test_without_a_class_nothing_is_opened() -> None:
    room = Class().created()
    poll = prepared(room)
    for command in (OpenPoll(poll), ReopenPoll(poll), AskPoll((SUM,))):
        assert room.refusal(TESS, command) is Code.SESSION_NOT_LIVE


def test_an_open_poll_is_open() -> None:
    room = Class().live(TESS)
    poll = opened(room)
    assert room.facts(TESS, OpenPoll(poll)) == ()
    assert room.facts(TESS, ReopenPoll(poll)) == ()


def test_a_closed_poll_is_not_opened_as_if_new() -> None:
    room = Class().live(TESS, SAM)
    assert room.refusal(TESS, OpenPoll(closed(room))) is Code.POLL_USED


def test_few_polls_are_open_at_once() -> None:
    room = Class().live(TESS, SAM)
    old, draft = closed(room), prepared(room)
    for _ in range(POLLS_OPEN_MAX):
        opened(room)
    for command in (OpenPoll(draft), AskPoll((SUM,)), ReopenPoll(old)):
        assert room.refusal(TESS, command) is Code.LIMIT_REACHED


def test_a_full_room_of_drafts_takes_no_poll_on_the_spot() -> None:
    room = Class().live(TESS)
    for _ in range(POLLS_KEPT_MAX):
        prepared(room)
    assert room.refusal(TESS, AskPoll((SUM,))) is Code.LIMIT_REACHED


# --- answering -----------------------------------------------------------------------------------
def test_an_answer_is_for_its_author_and_staff_and_everyone_learns_the_number() -> None:
    room = Class().live(TESS, SAM)
    poll = opened(room)
    tidy = (Answer((1,)), Answer((0, 2)), Answer((4,)), Answer(text="Because."))
    assert events_of(room, SAM, AnswerPoll(poll, ANSWERS)) == (
        Event(PollAnswered(poll, who(SAM), tidy), (who(SAM), AND_STAFF)),
        Event(PollCounted(poll, 1), "everyone"),
    )


def test_classmates_do_not_learn_who_made_the_number_grow() -> None:
    sam = RecordedActor("user", "sam", who(SAM))
    told = public_actor(sam, Event(PollCounted(PollId("q"), 1)), Role.SPEAKER)
    assert (told.id, told.participant) == ("", None)
    assert PollAnswered(PollId("q"), "v", ()).hides_actor


def test_until_the_poll_closes_the_latest_answer_counts() -> None:
    room = Class().live(TESS, SAM)
    poll = opened(room, SUM, WHY)
    room.facts(SAM, AnswerPoll(poll, (Answer((0,)), Answer(text="So."))))
    again = room.facts(SAM, AnswerPoll(poll, (Answer((1,)), Answer())))
    assert again == (PollAnswered(poll, who(SAM), (Answer((1,)), Answer()), before=((0,), (0,))),)
    now = room.state.polls.find(poll)
    assert now is not None
    assert (now.answered, now.counts, now.texts) == (1, ((0, 1, 0), (0,)), ())


def test_the_same_answer_again_is_nothing() -> None:
    room = Class().live(TESS, SAM)
    poll = opened(room, SUM)
    answer = AnswerPoll(poll, (Answer((1,)),))
    room.facts(SAM, answer)
    assert room.facts(SAM, answer) == ()


@pytest.mark.parametrize("is_anonymous", [False, True])
def test_the_same_command_is_answered_once(is_anonymous: bool) -> None:
    room = Class().live(TESS, SAM, VERA)
    poll = opened(room, WHY, anonymous=is_anonymous)
    command = AnswerPoll(poll, (Answer(text="So."),))
    room.ask(SAM, command, "once")
    sams, veras = envelope(SAM, command, "once"), envelope(VERA, command, "once")
    assert recall(room.state, sams, room.alias(SAM, command)) == room.state.seq
    assert recall(room.state, veras, room.alias(VERA, command)) is None


@pytest.mark.parametrize(
    "answers",
    [
        ANSWERS[:3],
        (Answer(), Answer(), Answer(), Answer(text="  ")),
        (Answer((0, 1)), *ANSWERS[1:]),
        (Answer((3,)), *ANSWERS[1:]),
        (Answer(text="4"), *ANSWERS[1:]),
        (*ANSWERS[:2], Answer((5,)), ANSWERS[3]),
        (*ANSWERS[:3], Answer((0,))),
    ],
    ids=["too few", "nothing", "two of one", "no option", "a text", "no step", "no text"],
)
def test_answers_must_fit_the_questions(answers: tuple[Answer, ...]) -> None:
    room = Class().live(TESS, SAM)
    assert room.refusal(SAM, AnswerPoll(opened(room), answers)) is Code.MALFORMED


def test_who_may_not_vote_or_is_not_there_answers_nothing() -> None:
    room = Class().live(TESS, SAM)
    poll = opened(room)
    assert room.refusal(SERVICE, AnswerPoll(poll, ANSWERS)) is Code.FORBIDDEN
    assert room.refusal(OPERATOR, AnswerPoll(poll, ANSWERS)) is Code.NOT_A_PARTICIPANT
    assert room.refusal(VERA, AnswerPoll(poll, ANSWERS)) is Code.NOT_A_PARTICIPANT


def test_who_was_locked_out_of_voting_votes_no_more() -> None:
    room = Class().live(TESS, SAM)
    poll = opened(room)
    room.facts(TESS, LockPermission(Permission.VOTE))
    assert room.refusal(SAM, AnswerPoll(poll, ANSWERS)) is Code.FORBIDDEN


def test_only_an_open_poll_is_answered() -> None:
    room = Class().live(TESS, SAM)
    for poll in (prepared(room), closed(room)):
        assert room.refusal(SAM, AnswerPoll(poll, ANSWERS)) is Code.POLL_NOT_OPEN


def test_a_poll_takes_a_bounded_number_of_answers() -> None:
    room = Class().live(TESS, SAM)
    poll = opened(room, SUM)
    for number in range(POLL_SHEETS_MAX):
        room.state = evolve(room.state, PollAnswered(poll, f"v{number}", (Answer((1,)),)), START)
    assert room.refusal(SAM, AnswerPoll(poll, (Answer((1,)),))) is Code.LIMIT_REACHED


def test_only_the_latest_texts_are_kept_live() -> None:
    room = Class().live(TESS, SAM)
    poll = opened(room, WHY)
    for number in range(POLL_TEXTS_KEPT_MAX + 1):
        room.state = evolve(room.state, PollAnswered(poll, f"v{number}", (Answer(text="So."),)), START)
    texts = seen(room, TESS, poll).texts
    assert (len(texts), texts[0].voter) == (POLL_TEXTS_KEPT_MAX, "v1")


# --- anonymous -----------------------------------------------------------------------------------
def test_an_anonymous_answer_names_an_alias_and_is_for_staff_alone() -> None:
    room = Class().live(TESS, SAM, GUS)
    poll = opened(room, SUM, anonymous=True)
    command = AnswerPoll(poll, (Answer((1,)),))
    alias = room.alias(SAM, command)
    assert events_of(room, SAM, command) == (
        Event(PollAnswered(poll, alias, (Answer((1,)),), True), "staff"),
        Event(PollCounted(poll, 1), "everyone"),
    )
    room.facts(SAM, command)
    assert room.log[-1].actor == RecordedActor("anonymous", alias)
    assert room.alias(GUS, command) != alias


def test_nothing_of_an_anonymous_answer_names_its_author() -> None:
    room = Class().live(TESS, SAM)
    poll = opened(room, SUM, WHY, anonymous=True)
    before = msgspec.json.encode(room.state)
    room.facts(SAM, AnswerPoll(poll, (Answer((1,)), Answer(text="So."))))
    after = msgspec.json.encode(room.state)
    for name in (b'"sam"', who(SAM).encode()):
        assert after.count(name) == before.count(name)
        assert name not in msgspec.json.encode(room.log[-1])
    assert seen(room, SAM, poll).mine is None


def test_an_anonymous_answer_is_changed_under_the_same_alias() -> None:
    room = Class().live(TESS, SAM)
    poll = opened(room, SUM, anonymous=True)
    room.facts(SAM, AnswerPoll(poll, (Answer((0,)),)))
    (again,) = room.facts(SAM, AnswerPoll(poll, (Answer((1,)),)))
    assert isinstance(again, PollAnswered)
    assert again.before == ((0,),)


def test_without_an_alias_an_anonymous_answer_is_refused_not_signed() -> None:
    room = Class().live(TESS, SAM)
    poll = opened(room, SUM, anonymous=True)
    outcome = decide(room.state, envelope(SAM, AnswerPoll(poll, (Answer((1,)),))), START)
    assert isinstance(outcome, Rejection)


def test_a_secret_lives_as_long_as_its_poll_is_open() -> None:
    room = Class().live(TESS, SAM)
    named, hidden = opened(room, SUM), opened(room, SUM, anonymous=True)
    assert secret_of(room.state, AnswerPoll(named, ())) is None
    assert secret_of(room.state, AnswerPoll(NOBODYS, ())) is None
    assert secret_of(room.state, AnswerPoll(hidden, ())) == hidden
    assert secret_of(room.state, ClosePoll(hidden)) is None
    assert hidden in secrets_of(room.state)
    assert hidden in watched(room.state).secrets
    room.facts(TESS, ClosePoll(hidden))
    assert secret_of(room.state, AnswerPoll(hidden, ())) is None
    assert hidden not in watched(room.state).secrets


def test_a_closed_anonymous_poll_forgets_even_its_aliases() -> None:
    room = Class().live(TESS, SAM)
    poll = opened(room, WHY, anonymous=True)
    room.facts(SAM, AnswerPoll(poll, (Answer(text="So."),)))
    room.facts(TESS, ClosePoll(poll))
    after = room.state.polls.find(poll)
    assert after is not None
    assert (after.sheets, after.counts, after.texts) == ({}, ((1,),), (PollText(0, "So."),))


def test_an_anonymous_poll_is_never_opened_again() -> None:
    room = Class().live(TESS, SAM)
    assert room.refusal(TESS, ReopenPoll(closed(room, anonymous=True))) is Code.POLL_USED


# --- closing -------------------------------------------------------------------------------------
def test_closing_is_for_everyone_and_once() -> None:
    room = Class().live(TESS)
    poll = opened(room)
    assert events_of(room, TESS, ClosePoll(poll)) == (Event(PollClosed(poll), "everyone"),)
    room.facts(TESS, ClosePoll(poll))
    assert room.facts(TESS, ClosePoll(poll)) == ()
    assert room.refusal(TESS, ClosePoll(prepared(room))) is Code.POLL_NOT_OPEN


def test_a_poll_closes_by_itself_when_its_time_is_over() -> None:
    room = Class().live(TESS, SAM)
    poll = opened(room, seconds=60)
    opened(room)
    assert next_deadline(room.state) == START + 60 * SECOND
    room.now = START + 60 * SECOND
    assert room.facts(SERVICE, DeadlinePassed(room.now)) == (PollClosed(poll, "time"),)
    assert next_deadline(room.state) != START + 60 * SECOND


def test_the_class_ends_and_so_do_its_polls() -> None:
    room = Class().live(TESS, SAM)
    poll = opened(room, SUM, WHY, seconds=60)
    room.facts(SAM, AnswerPoll(poll, (Answer((1,)), Answer(text="So."))))
    room.facts(TESS, EndSession())
    over = room.state.polls.find(poll)
    assert over is not None
    assert (over.status, over.closes_at, over.sheets, over.texts) == ("closed", None, {}, ())
    assert over.counts == ((0, 1, 0), (1,))
    assert next_deadline(room.state) is None


def test_a_closed_poll_is_opened_again_with_the_answers_it_had() -> None:
    room = Class().live(TESS, SAM)
    poll = closed(room)
    end = START + 30 * SECOND
    assert events_of(room, TESS, ReopenPoll(poll, 30)) == (Event(PollReopened(poll, 30, end), "everyone"),)
    room.facts(TESS, ReopenPoll(poll, 30))
    assert next_deadline(room.state) == end
    assert room.facts(SAM, AnswerPoll(poll, (Answer((0,)), *ANSWERS[1:])))
    now = room.state.polls.find(poll)
    assert now is not None
    assert (now.answered, now.counts[0]) == (1, (1, 0, 0))


def test_what_cannot_be_continued_is_not_opened_again() -> None:
    room = Class().live(TESS, SAM)
    assert room.refusal(TESS, ReopenPoll(prepared(room))) is Code.POLL_NOT_OPEN
    published = closed(room)
    room.facts(TESS, PublishResults(published))
    assert room.refusal(TESS, ReopenPoll(published)) is Code.POLL_USED
    old = closed(room)
    room.facts(TESS, EndSession())
    room.facts(TESS, StartSession())
    assert room.refusal(TESS, ReopenPoll(old)) is Code.POLL_USED


def test_of_closed_polls_a_bounded_number_of_sheets_is_kept() -> None:
    room = Class().live(TESS, SAM)
    first = closed(room, SUM)
    second = opened(room, SUM)
    for number in range(POLL_SHEETS_CLOSED_MAX):
        room.state = evolve(room.state, PollAnswered(second, f"v{number}", (Answer((1,)),)), START)
    room.facts(TESS, ClosePoll(second))
    kept = {p.id: len(p.sheets) for p in room.state.polls.polls}
    assert kept == {first: 0, second: POLL_SHEETS_CLOSED_MAX}
    assert room.refusal(TESS, ReopenPoll(first)) is Code.POLL_USED


# --- results -------------------------------------------------------------------------------------
def test_results_are_published_to_everyone_without_names() -> None:
    room = Class().live(TESS, SAM)
    poll = closed(room)
    counts = ((0, 1, 0), (1, 0, 1), (0, 0, 0, 0, 1), (1,))
    right = ((1,), (0, 2), (), ())
    said = (PollText(3, "Because."),)
    assert events_of(room, TESS, PublishResults(poll)) == (
        Event(PollPublished(poll, 1, counts, right, said), "everyone"),
    )
    room.facts(TESS, PublishResults(poll))
    assert room.facts(TESS, PublishResults(poll)) == ()


def test_results_can_be_published_after_the_class() -> None:
    room = Class().live(TESS, SAM)
    poll = closed(room)
    room.facts(TESS, EndSession())
    assert [type(f) for f in room.facts(TESS, PublishResults(poll))] == [PollPublished]


def test_an_unfinished_poll_has_no_results_to_publish() -> None:
    room = Class().live(TESS)
    assert room.refusal(TESS, PublishResults(prepared(room))) is Code.POLL_NOT_OPEN
    assert room.refusal(TESS, PublishResults(opened(room))) is Code.POLL_OPEN


def test_students_see_results_right_answers_and_their_score_when_published() -> None:
    room = Class().live(TESS, SAM, VERA)
    poll = closed(room)
    before, staff = seen(room, SAM, poll), seen(room, TESS, poll)
    assert (before.items, before.counts, before.texts, before.score) == (SHOWN, None, (), None)
    assert before.mine == ((1,), (0, 2), (4,), (0,))
    assert (staff.items, staff.texts) == (KEPT, (PollText(3, "Because.", who(SAM)),))
    room.facts(TESS, PublishResults(poll))
    after, others = seen(room, SAM, poll), seen(room, VERA, poll)
    assert (after.items, after.score, after.texts) == (KEPT, 5, (PollText(3, "Because."),))
    assert after.counts == staff.counts
    assert (others.mine, others.score) == (None, None)


def test_a_poll_without_right_answers_has_no_score() -> None:
    room = Class().live(TESS, SAM)
    poll = opened(room, WHY)
    room.facts(SAM, AnswerPoll(poll, (Answer(text="So."),)))
    room.facts(TESS, ClosePoll(poll))
    room.facts(TESS, PublishResults(poll))
    assert seen(room, SAM, poll).score is None


def test_drafts_are_shown_to_staff_only() -> None:
    room = Class().live(TESS, SAM)
    poll = prepared(room)
    assert view(room.state, who(SAM)).polls.polls == ()
    assert view(room.state, None).polls.polls == ()
    assert seen(room, TESS, poll).counts is None


def test_no_student_learns_what_is_right_before_publishing() -> None:
    room = Class().live(TESS, SAM)
    poll = closed(room)
    told = b"".join(
        msgspec.json.encode(e.data)
        for commit in room.log
        for e in commit.events
        if e.audience != "staff" and isinstance(e.data, PollOpened | PollAnswered | PollCounted | PollClosed)
    )
    assert b'"correct":[1]' not in told
    assert b'"correct":[1]' not in msgspec.json.encode(view(room.state, who(SAM)))
    assert seen(room, SAM, poll).items == SHOWN


# --- counting ------------------------------------------------------------------------------------
def test_of_several_right_options_a_single_choice_wants_one_and_a_multiple_all() -> None:
    either = PollItem("single", "Even?", ("2", "3", "4"), correct=(0, 2), points=1)
    items = (either, PRIMES, PACE)
    assert points_possible(items) == 4
    assert score(items, ((2,), (0, 2), (1,))) == 4
    assert score(items, ((1,), (0,), ())) == 0
    assert score(items, ((), (0, 1, 2), ())) == 0


def test_counting_and_uncounting_are_opposites() -> None:
    counts, sheet = ((1, 0), (2,)), ((1,), (0,))
    assert counted(counted(counts, sheet, 1), sheet, -1) == counts


def test_facts_about_a_poll_that_is_gone_change_nothing() -> None:
    room = Class().live(TESS)
    before = room.state.polls
    assert evolve(room.state, PollCounted(NOBODYS, 3), START).polls == before
