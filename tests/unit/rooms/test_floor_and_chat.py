"""Hands and messages: the manual of ``rooms.floor`` and ``rooms.chat``."""

from schemas.commands.chat import PostMessage
from schemas.commands.floor import LowerHand, RaiseHand
from schemas.events.chat import MessagePosted
from schemas.events.floor import HandLowered, HandRaised
from schemas.limits import CHAT_RECENT_MAX, HANDS_MAX
from schemas.media import Role
from schemas.rejections import Code
from tests.unit.rooms.classroom import GUS, OPERATOR, SAM, TESS, VERA, Class, person, who


def test_hands_stand_in_order_of_raising() -> None:
    room = Class().live(SAM, VERA, GUS)
    for actor in (VERA, SAM, GUS):
        assert room.facts(actor, RaiseHand()) == (HandRaised(who(actor)),)
    assert [h.participant for h in room.state.hands] == [who(VERA), who(SAM), who(GUS)]


def test_a_raised_hand_stays_where_it_is() -> None:
    room = Class().live(SAM)
    room.facts(SAM, RaiseHand())
    assert room.facts(SAM, RaiseHand()) == ()


def test_who_is_not_in_class_has_no_hand() -> None:
    room = Class().live()
    for actor in (SAM, OPERATOR):
        assert room.refusal(actor, RaiseHand()) is Code.NOT_A_PARTICIPANT
        assert room.refusal(actor, LowerHand()) is Code.NOT_A_PARTICIPANT


def test_everybody_lowers_their_own_hand() -> None:
    room = Class().live(SAM, default_role=Role.VIEWER)
    room.facts(SAM, RaiseHand())
    assert room.facts(SAM, LowerHand()) == (HandLowered(who(SAM), who(SAM)),)
    assert room.facts(SAM, LowerHand()) == ()


def test_hosts_lower_anybodys_hand_students_do_not() -> None:
    room = Class().live(TESS, SAM, VERA)
    room.facts(SAM, RaiseHand())
    assert room.refusal(VERA, LowerHand(who(SAM))) is Code.FORBIDDEN
    assert room.facts(TESS, LowerHand(who(SAM))) == (HandLowered(who(SAM), who(TESS)),)
    assert room.refusal(TESS, LowerHand(who(GUS))) is Code.NO_SUCH_PARTICIPANT


def test_the_queue_of_hands_is_bounded() -> None:
    room = Class().live(*(person(f"student{i}") for i in range(HANDS_MAX)))
    for i in range(HANDS_MAX):
        room.facts(person(f"student{i}"), RaiseHand())
    room.join(SAM)
    assert room.refusal(SAM, RaiseHand()) is Code.LIMIT_REACHED


def test_a_message_bears_its_authors_name() -> None:
    room = Class().live(SAM, default_role=Role.VIEWER)
    (posted,) = room.facts(SAM, PostMessage("Hello <b>all</b>"))
    assert isinstance(posted, MessagePosted)
    assert posted == MessagePosted(posted.message, who(SAM), "Sam", "Hello <b>all</b>")
    (kept,) = room.state.messages
    assert (kept.seq, kept.text) == (room.state.seq, "Hello <b>all</b>")


def test_only_people_in_class_write_and_only_words() -> None:
    room = Class().live(SAM)
    assert room.refusal(VERA, PostMessage("psst")) is Code.NOT_A_PARTICIPANT
    assert room.refusal(OPERATOR, PostMessage("psst")) is Code.NOT_A_PARTICIPANT
    assert room.refusal(SAM, PostMessage(" \n ")) is Code.MALFORMED


def test_the_room_keeps_the_latest_messages_only() -> None:
    room = Class().live(SAM)
    for i in range(CHAT_RECENT_MAX + 3):
        room.facts(SAM, PostMessage(f"{i}"))
    assert [m.text for m in room.state.messages] == [str(i) for i in range(3, CHAT_RECENT_MAX + 3)]
