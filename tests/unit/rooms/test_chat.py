"""Messages to all, to staff and to one person: the manual of ``rooms.chat``."""

import pytest

from rooms import chat
from rooms.permissions import Permission
from rooms.room import decide, recall
from rooms.topic import Stamp
from rooms.view import role_seen
from rooms.viewer import viewer
from schemas.commands import Command
from schemas.commands.chat import (
    ApproveMessage,
    DeleteMessage,
    EditMessage,
    PinMessage,
    PostMessage,
    ReactToMessage,
    RejectMessage,
    UnpinMessage,
    UnreactToMessage,
)
from schemas.commands.lifecycle import ChangeSettings, EndSession
from schemas.commands.rights import LockPermission, RevokePermission
from schemas.commands.roster import ChangeRole, LeaveSession
from schemas.envelope import AND_STAFF, Actor, Audience, decode_event_data, may_see
from schemas.events.chat import (
    MessageDeleted,
    MessageEdited,
    MessageHeld,
    MessagePinned,
    MessagePosted,
    MessageReactedTo,
    MessageRejected,
    MessageUnpinned,
    MessageUnreactedTo,
)
from schemas.ids import MessageId, ParticipantId
from schemas.limits import (
    CHAT_ASIDES_MAX,
    CHAT_ASIDES_PER_THREAD_MAX,
    CHAT_HELD_MAX,
    CHAT_HELD_PER_PERSON_MAX,
    CHAT_PINNED_MAX,
    CHAT_RECENT_MAX,
    MESSAGE_REACTIONS_MAX,
)
from schemas.media import Role
from schemas.messages import TO_STAFF, MessageReaction
from schemas.reactions import Reaction
from schemas.rejections import Code, Rejection
from schemas.room_settings import RoomSettings
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
    person,
    who,
)

GONE = MessageId("gone")
LINK = "https://example.org/page?q=1"


def said(room: Class, actor: Actor, command: PostMessage | str) -> MessageId:
    """The id of what this person posts."""
    (fact,) = room.facts(actor, PostMessage(command) if isinstance(command, str) else command)
    assert isinstance(fact, MessagePosted | MessageHeld)
    return fact.message


def reads(room: Class, actor: Actor) -> list[str]:
    """The texts that this person sees when they come now."""
    return [m.text for m in chat.view(room.state, viewer(room.state, who(actor)))]


def heard(room: Class, *people: Actor) -> list[Actor]:
    """Who of these learns of the latest event."""
    (event,) = room.log[-1].events
    return [p for p in people if may_see(event.audience, who(p), role_seen(room.state, who(p)))]


def with_settings(room: Class, **settings: object) -> Class:
    """The same room with these settings."""
    room.facts(TESS, ChangeSettings(RoomSettings(**settings)))  # type: ignore[arg-type]  # Names and types by the test.
    return room


# --- to everyone ---------------------------------------------------------------------------------
def test_a_message_bears_its_authors_name() -> None:
    room = Class().live(SAM, default_role=Role.VIEWER)
    (posted,) = room.facts(SAM, PostMessage("Hello <b>all</b>"))
    assert isinstance(posted, MessagePosted)
    assert posted == MessagePosted(posted.message, who(SAM), "Sam", "Hello <b>all</b>")
    assert room.log[-1].events[0].audience == "everyone"
    (kept,) = room.state.messages
    assert (kept.seq, kept.text) == (room.state.seq, "Hello <b>all</b>")


def test_a_message_of_an_older_build_still_means_the_same() -> None:
    old = b'{"message":"m1","participant":"p1","display_name":"Sam","text":"Hi"}'
    assert decode_event_data("chat.posted", old) == MessagePosted(
        MessageId("m1"), ParticipantId("p1"), "Sam", "Hi", "plain", ParticipantId("everyone"), None
    )


def test_only_people_in_class_write_and_only_words() -> None:
    room = Class().live(SAM)
    assert room.refusal(VERA, PostMessage("psst")) is Code.NOT_A_PARTICIPANT
    assert room.refusal(OPERATOR, PostMessage("psst")) is Code.NOT_A_PARTICIPANT
    assert room.refusal(SERVICE, PostMessage("psst")) is Code.FORBIDDEN
    assert room.refusal(SAM, PostMessage(" \n ")) is Code.MALFORMED


@pytest.mark.parametrize(
    ("kind", "text", "fits"),
    [
        ("plain", "javascript:alert(1)", True),
        ("formula", r"\int_0^1 x\,dx", True),
        ("code", "<script>", True),
        ("link", LINK, True),
        ("link", "javascript:alert(1)", False),
        ("link", "https://example.org and more", False),
        ("link", " https://example.org", False),
    ],
)
def test_a_text_has_a_format_and_a_link_is_one_web_address(kind: str, text: str, fits: bool) -> None:
    room = Class().live(SAM)
    command = PostMessage(text, kind)  # type: ignore[arg-type]  # One of the four.
    if fits:
        said(room, SAM, command)
        assert [(m.format, m.text) for m in room.state.messages] == [(kind, text)]
    else:
        assert room.refusal(SAM, command) is Code.MALFORMED


def test_the_same_command_makes_the_same_message_once() -> None:
    room = Class().live(SAM)
    assert room.ask(SAM, PostMessage("hello"), "once") != ()
    assert recall(room.state, envelope(SAM, PostMessage("hello"), "once")) == room.state.seq
    assert room.ask(SAM, PostMessage("hello"), "once") == (), "even when its answer was forgotten"


def test_the_room_keeps_the_latest_messages_only() -> None:
    room = Class().live(SAM)
    for i in range(CHAT_RECENT_MAX + 3):
        room.facts(SAM, PostMessage(f"{i}"))
    assert [m.text for m in room.state.messages] == [str(i) for i in range(3, CHAT_RECENT_MAX + 3)]


# --- to staff, to one person ---------------------------------------------------------------------
def test_a_message_to_staff_is_read_by_staff_and_its_author() -> None:
    room = Class().live(TESS, CORA, SAM, VERA, default_role=Role.VIEWER)
    room.facts(TESS, ChangeRole(who(CORA), Role.CO_HOST))
    said(room, SAM, PostMessage("I am lost", to=TO_STAFF))
    assert room.log[-1].events[0].audience == (who(SAM), AND_STAFF)
    assert heard(room, TESS, CORA, SAM, VERA) == [TESS, CORA, SAM]
    assert [reads(room, p) for p in (TESS, CORA, SAM, VERA)] == [["I am lost"]] * 3 + [[]]


def test_a_private_message_is_read_by_two_and_not_by_the_host() -> None:
    room = Class().live(TESS, SAM, VERA, GUS)
    said(room, SAM, PostMessage("psst", to=who(VERA)))
    assert room.log[-1].events[0].audience == (who(SAM), who(VERA))
    assert heard(room, TESS, SAM, VERA, GUS) == [SAM, VERA]
    assert [reads(room, p) for p in (TESS, SAM, VERA, GUS)] == [[], ["psst"], ["psst"], []]
    assert chat.view(room.state, viewer(room.state, None)) == ()


def test_who_may_not_write_privately_can_still_reach_each_of_the_staff() -> None:
    room = Class().live(TESS, SAM, VERA, default_role=Role.VIEWER)
    assert room.refusal(SAM, PostMessage("psst", to=who(VERA))) is Code.FORBIDDEN
    said(room, SAM, PostMessage("please help", to=who(TESS)))
    said(room, TESS, PostMessage("of course", to=who(SAM)))
    assert reads(room, SAM) == ["please help", "of course"]
    assert reads(room, VERA) == []


def test_each_addressee_has_its_permission() -> None:
    room = Class().live(TESS, SAM, VERA)
    for permission, to in (
        (Permission.CHAT, "everyone"),
        (Permission.CHAT_PRIVATE, who(VERA)),
        (Permission.CHAT_STAFF, "staff"),
    ):
        said(room, SAM, PostMessage("before", to=ParticipantId(to)))
        room.facts(TESS, LockPermission(permission))
        assert room.refusal(SAM, PostMessage("after", to=ParticipantId(to))) is Code.FORBIDDEN
    assert room.refusal(SAM, PostMessage("after", to=who(TESS))) is Code.FORBIDDEN


def test_a_private_message_needs_somebody_else_who_is_there() -> None:
    room = Class().live(SAM)
    assert room.refusal(SAM, PostMessage("me", to=who(SAM))) is Code.MALFORMED
    assert room.refusal(SAM, PostMessage("you", to=who(VERA))) is Code.NO_SUCH_PARTICIPANT


def test_each_thread_keeps_its_latest_and_pushes_out_no_other() -> None:
    room = Class().live(TESS, SAM, VERA)
    said(room, SAM, "to all")
    said(room, SAM, PostMessage("to staff", to=TO_STAFF))
    for i in range(CHAT_ASIDES_PER_THREAD_MAX + 1):
        said(room, (SAM, VERA)[i % 2], PostMessage(f"{i}", to=who((VERA, SAM)[i % 2])))
    kept = ["to all", "to staff", *(str(i) for i in range(1, CHAT_ASIDES_PER_THREAD_MAX + 1))]
    assert reads(room, SAM) == kept
    assert reads(room, TESS) == ["to all", "to staff"]


def test_all_threads_together_are_bounded() -> None:
    students = [person(f"student{i}") for i in range(CHAT_ASIDES_MAX + 1)]
    room = Class().live(TESS, *students)
    for student in students:
        said(room, student, PostMessage(student.id, to=TO_STAFF))
    said(room, TESS, "to all")
    assert reads(room, TESS) == [*(s.id for s in students[1:]), "to all"]


# --- replies -------------------------------------------------------------------------------------
def test_an_answer_names_what_it_answers() -> None:
    room = Class().live(SAM, VERA)
    question = said(room, SAM, "Why?")
    answer = said(room, VERA, PostMessage("Because.", reply_to=question))
    assert room.state.messages[-1].id == answer
    assert room.state.messages[-1].reply_to == question
    assert room.refusal(VERA, PostMessage("Because.", reply_to=GONE)) is Code.NO_SUCH_MESSAGE


def test_an_answer_goes_only_to_those_who_can_read_the_question() -> None:
    room = Class().live(TESS, CORA, SAM, VERA, GUS)
    room.facts(TESS, ChangeRole(who(CORA), Role.CO_HOST))
    to_all = said(room, SAM, "to all")
    to_staff = said(room, SAM, PostMessage("to staff", to=TO_STAFF))
    private = said(room, SAM, PostMessage("private", to=who(TESS)))
    for to in ("everyone", "staff", who(SAM)):
        assert said(room, TESS, PostMessage("a", to=ParticipantId(to), reply_to=to_all))
    for to in ("staff", who(SAM), who(CORA)):
        assert said(room, TESS, PostMessage("b", to=ParticipantId(to), reply_to=to_staff))
    assert said(room, TESS, PostMessage("c", to=who(SAM), reply_to=private))
    for to in ("everyone", who(VERA)):
        refused = PostMessage("b", to=ParticipantId(to), reply_to=to_staff)
        assert room.refusal(TESS, refused) is Code.MALFORMED
    for to in ("everyone", "staff", who(CORA)):
        refused = PostMessage("c", to=ParticipantId(to), reply_to=private)
        assert room.refusal(TESS, refused) is Code.MALFORMED
    hidden = PostMessage("?", to=ParticipantId("everyone"), reply_to=private)
    assert room.refusal(GUS, hidden) is Code.NO_SUCH_MESSAGE


# --- changing and taking back --------------------------------------------------------------------
def test_authors_change_their_words() -> None:
    room = Class().live(TESS, SAM)
    message = said(room, SAM, "helo")
    room.now += SECOND
    assert room.facts(SAM, EditMessage(message, "hello")) == (MessageEdited(message, "hello"),)
    assert room.facts(SAM, EditMessage(message, "hello")) == ()
    assert [(m.text, m.edited_at, m.at) for m in room.state.messages] == [("hello", START + SECOND, START)]
    assert room.refusal(TESS, EditMessage(message, "rude")) is Code.FORBIDDEN
    assert room.refusal(SAM, EditMessage(message, "  ")) is Code.MALFORMED
    assert room.refusal(VERA, EditMessage(message, "rude")) is Code.NOT_A_PARTICIPANT
    assert room.refusal(SAM, EditMessage(GONE, "hello")) is Code.NO_SUCH_MESSAGE
    room.facts(TESS, LockPermission(Permission.CHAT))
    assert room.refusal(SAM, EditMessage(message, "more words")) is Code.FORBIDDEN


def test_a_link_stays_a_link() -> None:
    room = Class().live(SAM)
    message = said(room, SAM, PostMessage(LINK, "link"))
    assert room.refusal(SAM, EditMessage(message, "javascript:alert(1)")) is Code.MALFORMED


def test_authors_and_staff_delete() -> None:
    room = Class().live(TESS, SAM, VERA)
    for actor in (SAM, TESS, OPERATOR):
        message = said(room, SAM, "hello")
        assert room.refusal(VERA, DeleteMessage(message)) is Code.FORBIDDEN
        assert room.refusal(GUS, DeleteMessage(message)) is Code.NOT_A_PARTICIPANT
        assert room.facts(actor, DeleteMessage(message)) == (MessageDeleted(message, actor.participant),)
        assert room.state.messages == ()
        assert room.refusal(actor, DeleteMessage(message)) is Code.NO_SUCH_MESSAGE


def test_nobody_learns_that_there_is_a_message_they_cannot_read() -> None:
    room = Class().live(TESS, SAM, VERA, GUS)
    private = said(room, SAM, PostMessage("psst", to=who(VERA)))
    wishes: tuple[Command, ...] = (
        EditMessage(private, "x"),
        DeleteMessage(private),
        ReactToMessage(private, Reaction.HEART),
        UnreactToMessage(private),
    )
    for actor in (TESS, GUS):
        assert {room.refusal(actor, wish) for wish in wishes} == {Code.NO_SUCH_MESSAGE}
    for wish in (PinMessage(private), UnpinMessage(private), ApproveMessage(private), RejectMessage(private)):
        assert room.refusal(TESS, wish) is Code.NO_SUCH_MESSAGE


@pytest.mark.parametrize("to", ["everyone", "staff", who(VERA)])
def test_what_becomes_of_a_message_is_told_to_those_who_read_it(to: str) -> None:
    room = Class().live(TESS, SAM, VERA)
    message = said(room, SAM, PostMessage("helo", to=ParticipantId(to)))
    told: Audience = room.log[-1].events[0].audience
    for wish in (
        EditMessage(message, "hello"),
        ReactToMessage(message, Reaction.CLAP),
        UnreactToMessage(message),
        DeleteMessage(message),
    ):
        assert room.facts(SAM, wish) != ()
        assert room.log[-1].events[0].audience == told


def test_what_is_too_old_cannot_be_changed() -> None:
    room = Class().live(SAM)
    message = said(room, SAM, "hello")
    for i in range(CHAT_RECENT_MAX):
        said(room, SAM, f"{i}")
    for wish in (EditMessage(message, "x"), DeleteMessage(message), ReactToMessage(message, Reaction.CLAP)):
        assert room.refusal(SAM, wish) is Code.NO_SUCH_MESSAGE


# --- feelings ------------------------------------------------------------------------------------
def test_a_person_has_one_feeling_about_a_message() -> None:
    room = Class().live(SAM, VERA, default_role=Role.VIEWER)
    message = said(room, SAM, "hello")
    heart = MessageReactedTo(message, who(VERA), Reaction.HEART)
    assert room.facts(VERA, ReactToMessage(message, Reaction.HEART)) == (heart,)
    assert room.facts(VERA, ReactToMessage(message, Reaction.HEART)) == ()
    room.facts(SAM, ReactToMessage(message, Reaction.CLAP))
    room.facts(VERA, ReactToMessage(message, Reaction.LAUGH))
    assert room.state.messages[0].reactions == (
        MessageReaction(who(SAM), Reaction.CLAP),
        MessageReaction(who(VERA), Reaction.LAUGH),
    )
    assert room.facts(VERA, UnreactToMessage(message)) == (MessageUnreactedTo(message, who(VERA)),)
    assert room.facts(VERA, UnreactToMessage(message)) == ()
    assert [r.participant for r in room.state.messages[0].reactions] == [who(SAM)]


def test_reacting_needs_the_right_the_class_and_the_message() -> None:
    room = Class().live(TESS, SAM)
    message = said(room, SAM, "hello")
    for wish in (ReactToMessage(message, Reaction.CLAP), UnreactToMessage(message)):
        assert room.refusal(VERA, wish) is Code.NOT_A_PARTICIPANT
        assert room.refusal(SERVICE, wish) is Code.FORBIDDEN
    assert room.refusal(SAM, ReactToMessage(GONE, Reaction.CLAP)) is Code.NO_SUCH_MESSAGE
    assert room.refusal(SAM, UnreactToMessage(GONE)) is Code.NO_SUCH_MESSAGE
    room.facts(TESS, LockPermission(Permission.REACT))
    assert room.refusal(SAM, ReactToMessage(message, Reaction.CLAP)) is Code.FORBIDDEN


def test_reactions_to_a_message_are_bounded() -> None:
    students = [person(f"student{i}") for i in range(MESSAGE_REACTIONS_MAX)]
    room = Class().live(SAM, *students)
    message = said(room, SAM, "hello")
    for student in students:
        room.facts(student, ReactToMessage(message, Reaction.CLAP))
    assert room.refusal(SAM, ReactToMessage(message, Reaction.CLAP)) is Code.LIMIT_REACHED
    assert room.facts(students[0], ReactToMessage(message, Reaction.HEART)) != ()


def test_what_is_said_about_a_forgotten_message_moves_nothing() -> None:
    room = Class().live(SAM)
    before = room.state
    for fact in (
        MessageReactedTo(GONE, who(SAM), Reaction.CLAP),
        MessageEdited(GONE, "x"),
        MessageDeleted(GONE, None),
        MessagePinned(GONE, None),
    ):
        after = chat.evolve(before, fact, Stamp(before.seq + 1, before.at))
        assert after.messages == before.messages


# --- pins ----------------------------------------------------------------------------------------
def test_a_pinned_message_stays_however_many_follow() -> None:
    room = Class().live(TESS, SAM)
    message = said(room, SAM, "Homework: page 7")
    assert room.refusal(SAM, PinMessage(message)) is Code.FORBIDDEN
    assert room.facts(TESS, PinMessage(message)) == (MessagePinned(message, who(TESS)),)
    assert room.facts(TESS, PinMessage(message)) == ()
    for i in range(CHAT_RECENT_MAX + 1):
        said(room, SAM, f"{i}")
    assert reads(room, SAM) == ["Homework: page 7", *(str(i) for i in range(1, CHAT_RECENT_MAX + 1))]
    assert room.refusal(SAM, UnpinMessage(message)) is Code.FORBIDDEN
    assert room.facts(TESS, UnpinMessage(message)) == (MessageUnpinned(message, who(TESS)),)
    assert reads(room, SAM) == [str(i) for i in range(1, CHAT_RECENT_MAX + 1)]
    assert room.refusal(TESS, UnpinMessage(message)) is Code.NO_SUCH_MESSAGE


def test_unpinning_what_is_not_pinned_is_no_news() -> None:
    room = Class().live(TESS)
    assert room.facts(TESS, UnpinMessage(said(room, TESS, "hello"))) == ()


def test_pins_are_few_and_for_everybody() -> None:
    room = Class().live(TESS, SAM)
    aside = said(room, SAM, PostMessage("to staff", to=TO_STAFF))
    assert room.refusal(TESS, PinMessage(aside)) is Code.MALFORMED
    messages = [said(room, TESS, f"{i}") for i in range(CHAT_PINNED_MAX + 1)]
    for message in messages[:-1]:
        room.facts(OPERATOR, PinMessage(message))
    assert room.refusal(TESS, PinMessage(messages[-1])) is Code.LIMIT_REACHED


@pytest.mark.parametrize("wish", [PinMessage, UnpinMessage, ApproveMessage, RejectMessage])
def test_staff_that_are_not_in_class_do_not_moderate(wish: type[PinMessage]) -> None:
    room = Class().live(SAM)
    assert room.refusal(TESS, wish(said(room, SAM, "hello"))) is Code.NOT_A_PARTICIPANT
    assert room.refusal(OPERATOR, wish(GONE)) is Code.NO_SUCH_MESSAGE


@pytest.mark.parametrize("wish", [DeleteMessage, PinMessage, UnpinMessage, ApproveMessage, RejectMessage])
def test_moderating_is_a_permission_of_its_own(wish: type[PinMessage]) -> None:
    room = checked().join(CORA)
    room.facts(TESS, ChangeRole(who(CORA), Role.CO_HOST))
    message = said(room, SAM, "hello")
    room.facts(TESS, RevokePermission(who(CORA), Permission.MODERATE_CHAT))
    assert room.refusal(CORA, wish(message)) is Code.FORBIDDEN
    assert reads(room, CORA) == ["hello"], "as staff it is still shown"


@pytest.mark.parametrize("wish", [DeleteMessage, PinMessage, UnpinMessage, ReactToMessage])
def test_a_repeated_wish_is_remembered_with_its_answer(wish: type[Command]) -> None:
    room = Class().live(TESS)
    message = said(room, TESS, "hello")
    if wish is UnpinMessage:
        room.facts(TESS, PinMessage(message))
    command = ReactToMessage(message, Reaction.CLAP) if wish is ReactToMessage else wish(message)
    assert room.ask(TESS, command, "once") != ()
    assert recall(room.state, envelope(TESS, command, "once")) == room.state.seq


# --- checking first ------------------------------------------------------------------------------
def checked() -> Class:
    """A class in which staff read messages first."""
    return with_settings(Class().live(TESS, SAM, VERA), hold_messages=True)


def test_a_held_message_is_seen_by_its_author_and_staff_only() -> None:
    room = checked()
    (held,) = room.facts(SAM, PostMessage("May I?"))
    assert isinstance(held, MessageHeld)
    assert held == MessageHeld(held.message, who(SAM), "Sam", "May I?")
    assert heard(room, TESS, SAM, VERA) == [TESS, SAM]
    assert [reads(room, p) for p in (TESS, SAM, VERA)] == [["May I?"], ["May I?"], []]
    (shown,) = chat.view(room.state, viewer(room.state, who(SAM)))
    assert shown.held


def test_an_approved_message_takes_its_place_in_the_chat() -> None:
    room = checked()
    message = said(room, SAM, PostMessage("x", "code"))
    said(room, TESS, "hello")
    room.now += SECOND
    assert room.refusal(VERA, ApproveMessage(message)) is Code.FORBIDDEN
    assert room.facts(TESS, ApproveMessage(message)) == (
        MessagePosted(message, who(SAM), "Sam", "x", "code"),
    )
    assert heard(room, TESS, SAM, VERA) == [TESS, SAM, VERA]
    assert reads(room, VERA) == ["hello", "x"]
    assert (room.state.messages[-1].held, room.state.messages[-1].at) == (False, room.now)
    assert room.facts(TESS, ApproveMessage(message)) == ()


def test_a_rejected_message_is_gone() -> None:
    room = checked()
    message = said(room, SAM, "rude")
    assert room.refusal(VERA, RejectMessage(message)) is Code.FORBIDDEN
    assert room.facts(TESS, RejectMessage(message)) == (MessageRejected(message, who(TESS)),)
    assert heard(room, TESS, SAM, VERA) == [TESS, SAM]
    assert room.state.messages == ()
    assert room.refusal(TESS, RejectMessage(message)) is Code.NO_SUCH_MESSAGE
    shown = said(room, TESS, "hello")
    assert room.refusal(TESS, RejectMessage(shown)) is Code.NO_SUCH_MESSAGE


def test_staff_and_asides_are_not_held() -> None:
    room = checked()
    assert isinstance(room.facts(TESS, PostMessage("hello"))[0], MessagePosted)
    assert isinstance(room.facts(SAM, PostMessage("hello", to=TO_STAFF))[0], MessagePosted)
    assert isinstance(room.facts(SAM, PostMessage("hello", to=who(VERA)))[0], MessagePosted)


def test_a_held_message_can_be_changed_and_taken_back_but_not_answered_liked_or_pinned() -> None:
    room = checked()
    message = said(room, SAM, "May I")
    assert room.facts(SAM, EditMessage(message, "May I?")) != ()
    assert heard(room, TESS, SAM, VERA) == [TESS, SAM]
    assert room.refusal(TESS, ReactToMessage(message, Reaction.HEART)) is Code.NO_SUCH_MESSAGE
    assert room.refusal(TESS, PostMessage("Yes", reply_to=message)) is Code.NO_SUCH_MESSAGE
    assert room.refusal(TESS, PinMessage(message)) is Code.MALFORMED
    assert room.refusal(VERA, DeleteMessage(message)) is Code.NO_SUCH_MESSAGE
    assert room.facts(SAM, DeleteMessage(message)) == (MessageDeleted(message, who(SAM)),)
    assert heard(room, TESS, SAM, VERA) == [TESS, SAM]


def test_words_that_were_approved_cannot_be_changed_while_messages_are_checked() -> None:
    room = checked()
    message = said(room, SAM, "kind")
    room.facts(TESS, ApproveMessage(message))
    assert room.refusal(SAM, EditMessage(message, "rude")) is Code.HELD_FIRST
    own = said(room, TESS, "helo")
    assert room.facts(TESS, EditMessage(own, "hello")) != ()


def test_held_messages_are_bounded_per_person_and_in_all() -> None:
    students = [person(f"student{i}") for i in range(CHAT_HELD_MAX // CHAT_HELD_PER_PERSON_MAX)]
    room = checked().join(*students)
    for i in range(CHAT_HELD_PER_PERSON_MAX):
        for student in students:
            said(room, student, f"{i}")
        if i == CHAT_HELD_PER_PERSON_MAX - 2:
            assert isinstance(room.ask(SAM, PostMessage("me")), tuple)
            room.facts(SAM, DeleteMessage(room.state.messages[-1].id))
    assert room.refusal(SAM, PostMessage("me too")) is Code.LIMIT_REACHED
    room.facts(TESS, RejectMessage(room.state.messages[-1].id))
    assert room.refusal(students[0], PostMessage("one more")) is Code.LIMIT_REACHED
    assert room.facts(SAM, PostMessage("me too")) != ()


def test_what_nobody_approved_ends_with_the_class() -> None:
    room = checked()
    said(room, TESS, "hello")
    said(room, SAM, "May I?")
    room.facts(TESS, EndSession())
    assert [m.text for m in room.state.messages] == ["hello"]


# --- slow mode -----------------------------------------------------------------------------------
def test_in_slow_mode_a_student_waits_and_is_told_how_long() -> None:
    room = with_settings(Class().live(TESS, SAM, VERA), slow_mode_s=10)
    said(room, SAM, "one")
    room.now += 2 * SECOND + 1
    outcome = decide(room.state, envelope(SAM, PostMessage("two"), "two"), room.now)
    assert isinstance(outcome, Rejection)
    assert (outcome.code, "8 s" in outcome.message) == (Code.SLOW_MODE, True)
    said(room, VERA, "mine")
    said(room, TESS, "one")
    said(room, TESS, "two")
    room.now = START + 10 * SECOND
    said(room, SAM, "two")
    assert room.refusal(SAM, PostMessage("three", to=TO_STAFF)) is Code.SLOW_MODE


def test_leaving_does_not_shorten_the_wait_and_waiting_people_are_forgotten() -> None:
    room = with_settings(Class().live(TESS, SAM, VERA), slow_mode_s=10)
    said(room, SAM, "one")
    room.facts(SAM, LeaveSession())
    room.join(SAM)
    assert room.refusal(SAM, PostMessage("two")) is Code.SLOW_MODE
    room.now += 10 * SECOND
    said(room, VERA, "mine")
    assert set(room.state.wrote_at) == {who(VERA)}
    with_settings(room)
    said(room, SAM, "two")
    assert room.state.wrote_at == {}


def test_an_approval_is_not_a_message_of_the_author() -> None:
    room = with_settings(Class().live(TESS, SAM), slow_mode_s=10, hold_messages=True)
    message = said(room, SAM, "one")
    assert room.refusal(SAM, PostMessage("two")) is Code.SLOW_MODE
    room.now += 10 * SECOND
    room.facts(TESS, ApproveMessage(message))
    said(room, SAM, "two")
