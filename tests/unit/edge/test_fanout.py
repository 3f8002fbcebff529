"""Who sees what, and how often it is encoded."""

import json

from edge.fanout import Span
from schemas.envelope import AND_STAFF, Commit, Event, RecordedActor
from schemas.events.chat import MessagePosted
from schemas.events.floor import HandRaised
from schemas.events.lifecycle import SessionEnded, SessionStarted
from schemas.events.lobby import Knocked
from schemas.events.roster import MemberAdded, ParticipantJoined, ParticipantLeft
from schemas.ids import (
    CommandId,
    ConnectionId,
    EdgeId,
    MessageId,
    ParticipantId,
    SessionId,
    UserId,
)
from schemas.media import Role

P1, P2, P3 = (ParticipantId(f"p{n}") for n in (1, 2, 3))
ACTOR = RecordedActor("user", "u1", P1)


def commit(seq: int, *events: Event) -> Commit:
    return Commit(seq, 1_000 + seq, CommandId(f"c{seq}"), ACTOR, events)


def said(text: str) -> Event:
    return Event(MessagePosted(MessageId("m"), P1, "Tess", text))


def told(span: Span, participant: ParticipantId, role: Role | None) -> list[int]:
    """The seqs that a person is shown."""
    frame = json.loads(span.frame_for(participant, role)[0].payload)
    assert (frame["after"], frame["through"]) == (span.after, span.through)
    return [event["seq"] for event in frame["events"]]


def test_each_person_sees_what_is_meant_for_them_and_the_span_has_no_hole() -> None:
    """Everyone, staff, the named."""
    span = Span(
        (
            commit(7, said("hello"), Event(MemberAdded(UserId("u2"), Role.VIEWER), "staff")),
            commit(9, Event(HandRaised(P2), (P2, P3)), said("bye")),
        ),
        6,
    )
    assert told(span, P1, Role.HOST) == [7, 8, 10]
    assert told(span, P1, Role.VIEWER) == [7, 10]
    assert told(span, P2, Role.VIEWER) == [7, 9, 10]
    assert told(span, P3, Role.CO_HOST) == [7, 8, 9, 10]


def test_a_frame_is_encoded_once_for_all_of_a_kind() -> None:
    """The very same object goes to everybody."""
    span = Span((commit(1, said("hello")),), 0)
    frames = {id(span.frame_for(ParticipantId(f"p{n}"), Role.VIEWER)[0]) for n in range(500)}
    assert len(frames) == 1
    assert span.frame_for(P1, Role.SPEAKER)[0] is span.frame_for(P2, Role.VIEWER)[0]
    assert span.frame_for(P1, None)[0] is span.frame_for(P2, None)[0]
    assert span.frame_for(P1, None)[0] is not span.frame_for(P1, Role.VIEWER)[0]
    assert span.frame_for(P1, Role.HOST)[0] is span.frame_for(P2, Role.CO_HOST)[0]
    assert span.frame_for(P1, Role.HOST)[0] is not span.frame_for(P1, Role.VIEWER)[0]


def test_at_the_door_nothing_of_the_class_is_shown() -> None:
    """That it begins and ends, and one's own coming, waiting and going; not even to whom else it was said."""
    session = SessionId("s1")
    knocked = Knocked(P2, "u2", "Sam", False, EdgeId("e1"), ConnectionId("c2"), "")
    joined = ParticipantJoined(P2, "u2", "Sam", Role.VIEWER, False, EdgeId("e1"), ConnectionId("c2"))
    span = Span(
        (
            commit(1, Event(SessionStarted(session, "Maths")), said("hello")),
            commit(3, Event(knocked, (P2, AND_STAFF)), Event(HandRaised(P3), (P2, P3))),
            commit(5, Event(joined), Event(ParticipantLeft(P3, "left", 9))),
            commit(7, Event(SessionEnded(session, "ended"))),
        ),
        0,
    )
    assert told(span, P1, None) == [1, 7]
    assert told(span, P2, None) == [1, 3, 5, 7]
    assert told(span, P3, None) == [1, 6, 7]
    assert told(span, P1, Role.VIEWER) == [1, 2, 5, 6, 7]
    frame = json.loads(span.frame_for(P2, None)[0].payload)
    assert {event["actor"].get("participant") for event in frame["events"]} == {None}
    assert b'"u2"' not in span.frame_for(P2, None)[0].payload


def test_a_large_class_that_ends_is_told_to_each_by_their_own_events() -> None:
    """What is for one person is found at once, not by asking for each of all events."""
    people = [ParticipantId(f"p{n}") for n in range(2_000)]
    span = Span((commit(1, *(Event(ParticipantLeft(p, "session_ended", 9)) for p in people)),), 0)
    assert [told(span, person, None) for person in people[:3]] == [[1], [2], [3]]


def test_accounts_are_shown_to_staff_only() -> None:
    """Neither in data nor as the actor."""
    joined = ParticipantJoined(P1, "u1", "Tess", Role.HOST, False, EdgeId("e1"), ConnectionId("c1"))
    span = Span((commit(1, Event(joined)),), 0)
    others, staff = span.frame_for(P2, Role.VIEWER)[0].payload, span.frame_for(P2, Role.HOST)[0].payload
    assert b'"u1"' not in others
    assert staff.count(b'"u1"') == 2


def test_a_span_may_begin_inside_a_commit() -> None:
    """What a client has is not repeated."""
    span = Span((commit(4, said("a"), said("b"), said("c")),), 5)
    assert told(span, P1, Role.VIEWER) == [6]


def test_nothing_new_is_an_empty_span() -> None:
    """It says that the client is where the room is."""
    span = Span((), 12)
    assert (span.through, told(span, P1, Role.VIEWER)) == (12, [])
