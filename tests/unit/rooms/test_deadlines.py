"""What happens when nothing happens: the manual of ``rooms.deadlines``."""

from rooms.room import next_deadline
from schemas.commands.deadlines import DeadlinePassed
from schemas.commands.floor import RaiseHand
from schemas.commands.lifecycle import EndSession
from schemas.commands.roster import LeaveSession, LoseConnection, LoseEdge
from schemas.events.floor import HandLowered
from schemas.events.lifecycle import EndingSoon, SessionEnded
from schemas.events.roster import ParticipantLeft
from schemas.events.tracks import TrackClosed
from schemas.ids import ConnectionId
from schemas.limits import DEPARTURES_PER_COMMIT_MAX
from schemas.media import Source
from tests.unit.rooms.classroom import EDGE, SAM, SECOND, SERVICE, START, TESS, VERA, Class, person, who

GRACE = 30 * SECOND
EMPTY = 900 * SECOND
LONGEST = 12 * 3_600 * SECOND
WARNING = 600 * SECOND


def wake(room: Class) -> tuple[object, ...]:
    """Moves the clock to the next deadline and tells the room."""
    due = next_deadline(room.state)
    assert due is not None
    room.now = max(room.now, due)
    return room.facts(SERVICE, DeadlinePassed(due))


def lose(room: Class, *actors: object) -> None:
    for actor in (SAM, VERA):
        if actor in actors:
            room.facts(SERVICE, LoseConnection(who(actor), ConnectionId(f"{actor.id}-socket")))


def test_a_room_at_rest_is_never_woken() -> None:
    room = Class().created()
    assert next_deadline(room.state) is None
    assert room.facts(SERVICE, DeadlinePassed(START)) == ()


def test_grace_ends_with_the_last_sign_of_life_as_time_of_leaving() -> None:
    room = Class().live(SAM)
    track = room.publish(SAM, Source.MICROPHONE)
    room.facts(SAM, RaiseHand())
    room.now += 5 * SECOND
    gone = room.now
    lose(room, SAM)
    assert next_deadline(room.state) == gone + GRACE
    assert wake(room) == (
        HandLowered(who(SAM)),
        TrackClosed(track, "left"),
        ParticipantLeft(who(SAM), "timeout", gone),
    )


def test_people_of_a_dead_edge_leave_by_its_last_beat() -> None:
    room = Class().live(SAM)
    room.now += 10 * SECOND
    room.facts(SERVICE, LoseEdge(EDGE, START + 7 * SECOND))
    assert wake(room) == (ParticipantLeft(who(SAM), "edge_lost", START + 7 * SECOND),)


def test_only_those_whose_time_is_up_leave() -> None:
    room = Class().live(TESS, SAM, VERA)
    lose(room, SAM)
    room.now += SECOND
    lose(room, VERA)
    assert wake(room) == (ParticipantLeft(who(SAM), "timeout", START),)
    assert next_deadline(room.state) == START + SECOND + GRACE


def test_a_wake_up_that_is_no_longer_due_finds_nothing() -> None:
    room = Class().live(SAM)
    assert room.facts(SERVICE, DeadlinePassed(START + 1)) == ()


def test_a_wake_up_counts_even_if_the_clock_of_its_host_is_behind() -> None:
    room = Class().live(SAM)
    lose(room, SAM)
    due = next_deadline(room.state)
    assert due is not None
    assert room.facts(SERVICE, DeadlinePassed(due)) == (ParticipantLeft(who(SAM), "timeout", START),)


def test_a_class_that_everybody_left_ends() -> None:
    room = Class().live(SAM)
    room.now += 60 * SECOND
    room.facts(SAM, LeaveSession())
    assert next_deadline(room.state) == room.now + EMPTY
    (ended,) = wake(room)
    assert isinstance(ended, SessionEnded)
    assert ended.reason == "empty"
    assert next_deadline(room.state) is None


def test_a_class_that_nobody_came_to_ends() -> None:
    room = Class().live()
    assert next_deadline(room.state) == START + EMPTY
    room.join(SAM)
    assert next_deadline(room.state) == START + LONGEST - WARNING


def test_nobody_teaches_longer_than_a_day_has_hours() -> None:
    room = Class().live(SAM)
    session = room.state.live
    assert session is not None
    assert wake(room) == (EndingSoon(session.id, START + LONGEST, "time_limit"),)
    assert room.now == START + LONGEST - WARNING
    events = wake(room)
    assert room.now == START + LONGEST
    assert isinstance(events[-1], SessionEnded)
    assert events[-1].reason == "time_limit"
    assert isinstance(events[0], ParticipantLeft)


def test_a_crowd_that_vanishes_leaves_in_portions() -> None:
    people = [person(f"student{i}") for i in range(DEPARTURES_PER_COMMIT_MAX + 1)]
    room = Class().live(*people)
    assert len(room.facts(SERVICE, LoseEdge(EDGE, START))) == DEPARTURES_PER_COMMIT_MAX
    assert len(room.facts(SERVICE, LoseEdge(EDGE, START))) == 1
    assert len(wake(room)) == DEPARTURES_PER_COMMIT_MAX
    assert len(wake(room)) == 1
    assert room.state.participants == {}


def test_an_ended_class_needs_no_waking() -> None:
    room = Class().live(SAM)
    lose(room, SAM)
    room.facts(TESS, EndSession())
    assert next_deadline(room.state) is None
