"""What one person sees: ``rooms.view``."""

import msgspec
from msgspec.structs import replace

from rooms.permissions import FROM_OUTSIDE, ROLES
from rooms.view import public_actor, public_data, role_seen, view
from schemas.commands.chat import PostMessage
from schemas.commands.floor import RaiseHand
from schemas.commands.lifecycle import ChangeSettings, EndSession, ScheduleSession, StartSession
from schemas.commands.recording import StartRecording
from schemas.commands.roster import AddMember, LeaveSession
from schemas.commands.tracks import MuteTrack
from schemas.envelope import Event, RecordedActor, is_shown, may_see
from schemas.events.floor import HandRaised
from schemas.events.lifecycle import RoomCreated
from schemas.events.roster import ParticipantConnected, ParticipantJoined
from schemas.ids import UserId
from schemas.media import Role, Source
from schemas.room_settings import RoomSettings
from schemas.view import MeView
from tests.unit.rooms.classroom import ADA, CORA, GUS, SAM, SECOND, START, TESS, VERA, Class, who


def test_a_view_is_complete_and_names_no_account() -> None:
    room = Class().live(TESS, SAM)
    track = room.publish(SAM, Source.CAMERA)
    room.facts(SAM, RaiseHand())
    room.facts(TESS, MuteTrack(track))
    room.facts(SAM, PostMessage("hello"))
    room.facts(TESS, StartRecording())
    room.facts(TESS, ScheduleSession("Next", START + 60 * SECOND))
    seen = view(room.state, who(SAM), ("learn",))
    assert (seen.seq, seen.title, seen.epoch) == (room.state.seq, "Algebra", 1)
    assert seen.session is not None
    assert seen.session.status == "live"
    assert [(p.display_name, p.role, p.connected) for p in seen.participants] == [
        ("Tess", Role.HOST, True),
        ("Sam", Role.SPEAKER, True),
    ]
    assert [h.participant for h in seen.hands] == [who(SAM)]
    assert [(t.id, t.muted, t.muted_by) for t in seen.tracks] == [(track, True, who(TESS))]
    assert [m.text for m in seen.messages] == ["hello"]
    assert [r.status for r in seen.recordings] == ["recording"]
    assert [s.title for s in seen.scheduled] == ["Next"]
    text = msgspec.json.encode(seen).decode()
    for account in ('"tess"', '"sam"', "-socket", "edge-1"):
        assert account not in text


def test_at_the_door_nothing_of_what_is_inside_is_seen() -> None:
    """Only what the room is, when its classes are, and where one stands oneself."""
    room = Class().live(TESS, SAM)
    room.publish(SAM, Source.CAMERA)
    room.facts(SAM, RaiseHand())
    room.facts(SAM, PostMessage("hello"))
    room.facts(TESS, StartRecording())
    room.facts(TESS, ScheduleSession("Next", START + 60 * SECOND))
    seen = view(room.state, who(VERA))
    assert (seen.title, seen.seq, seen.settings) == ("Algebra", room.state.seq, room.state.settings)
    assert seen.session is not None
    assert (seen.session.status, [s.title for s in seen.scheduled]) == ("live", ["Next"])
    assert seen.me == MeView(who(VERA), None, ())
    assert not any((seen.participants, seen.hands, seen.tracks, seen.messages, seen.recordings))
    text = msgspec.json.encode(seen).decode()
    for inside in ("hello", "Sam", "Tess", who(SAM), who(TESS)):
        assert inside not in text
    assert view(room.state, who(ADA), ("administer",)).messages != (), "staff see it from outside too"


def test_before_and_after_being_in_the_class_one_stands_at_the_door() -> None:
    room = Class().live(TESS)
    seen = [role_seen(room.state, who(SAM))]
    room.join(SAM)
    seen.append(role_seen(room.state, who(SAM)))
    room.facts(SAM, LeaveSession())
    seen.append(role_seen(room.state, who(SAM)))
    assert seen == [None, Role.SPEAKER, None]
    assert role_seen(Class().created().state, who(TESS)) is Role.HOST


def test_who_waits_sees_their_own_place_and_nobody_elses() -> None:
    room = Class().live(TESS)
    room.facts(TESS, ChangeSettings(RoomSettings(lobby="everyone")))
    room.join(SAM, VERA)
    seen = view(room.state, who(SAM)).lobby
    assert (seen.mine, seen.waiting) == ("waiting", ())
    knocked = room.log[-1].events[0]
    assert not is_shown(knocked, who(SAM), None)
    assert is_shown(knocked, who(VERA), None)


def test_permissions_are_those_of_the_role_in_class() -> None:
    room = Class().live(TESS, SAM)
    me = view(room.state, who(SAM)).me
    assert me == MeView(who(SAM), Role.SPEAKER, tuple(sorted(ROLES[Role.SPEAKER])))
    assert "end_session" in view(room.state, who(TESS)).me.permissions


def test_before_joining_only_what_makes_sense_from_outside_is_permitted() -> None:
    room = Class().created()
    from_outside = tuple(sorted(FROM_OUTSIDE))
    assert view(room.state, who(TESS), ("teach",)).me == MeView(who(TESS), None, from_outside)
    assert view(room.state, who(ADA), ("administer",)).me.permissions == from_outside
    assert view(room.state, who(SAM), ("learn",)).me == MeView(who(SAM), None, ())
    assert view(room.state, None).me == MeView(None, None, ())
    room.facts(TESS, AddMember(UserId("cora"), Role.CO_HOST))
    assert view(room.state, who(CORA)).me.permissions == tuple(sorted(FROM_OUTSIDE & ROLES[Role.CO_HOST]))


def test_after_class_the_session_stays_as_ended() -> None:
    room = Class().live(TESS)
    room.now += SECOND
    room.facts(TESS, EndSession())
    seen = view(room.state, who(TESS)).session
    assert seen is not None
    assert (seen.status, seen.started_at, seen.ended_at) == ("ended", START, START + SECOND)
    assert view(room.state, who(TESS)).epoch == 0


def test_a_planned_session_keeps_its_plan_while_it_runs() -> None:
    room = Class().created()
    room.facts(TESS, ScheduleSession("Next", START + 60 * SECOND, 45))
    room.facts(TESS, StartSession(room.state.scheduled[0].id))
    seen = view(room.state, who(TESS)).session
    assert seen is not None
    assert (seen.starts_at, seen.minutes, seen.status) == (START + 60 * SECOND, 45, "live")


def test_accounts_devices_edges_and_sockets_in_events_are_for_staff() -> None:
    room = Class().created()
    room.facts(TESS, StartSession())
    room.join(replace(SAM, device="phone"))
    joined = room.log[-1].events[0]
    assert isinstance(joined.data, ParticipantJoined)
    assert public_data(joined, Role.HOST) == joined.data
    hidden = public_data(joined, Role.SPEAKER)
    assert isinstance(hidden, ParticipantJoined)
    assert (hidden.participant, hidden.display_name) == (who(SAM), "Sam")
    assert (hidden.person, hidden.edge, hidden.connection, hidden.device) == ("", "", "", "")
    assert joined.data.device == "phone"
    created = public_data(Event(RoomCreated("Algebra", UserId("tess"), Role.SPEAKER)), None)
    assert created == RoomCreated("Algebra", UserId(""), Role.SPEAKER)
    connected = ParticipantConnected(who(SAM), joined.data.edge, joined.data.connection)
    assert public_data(Event(connected), Role.VIEWER) != connected


def test_who_caused_an_event_is_named_by_account_to_staff_only() -> None:
    actor = RecordedActor("user", "sam", who(SAM))
    hand = Event(HandRaised(who(SAM)))
    assert public_actor(actor, hand, Role.CO_HOST) == actor
    assert public_actor(actor, hand, Role.VIEWER) == RecordedActor("user", "", who(SAM))


def test_new_members_are_shown_to_staff_only() -> None:
    room = Class().live(TESS, SAM)
    room.facts(TESS, AddMember(UserId("gus"), Role.SPEAKER))
    (added,) = room.log[-1].events
    for actor, sees in ((TESS, True), (SAM, False), (GUS, False), (ADA, False)):
        assert may_see(added.audience, who(actor), role_seen(room.state, who(actor))) is sees
    assert role_seen(room.state, who(ADA), ("administer",)) is Role.HOST
