"""What one person sees of a room, and what of an event may be shown to whom."""

from msgspec.structs import replace

from rooms import (
    boards,
    breakouts,
    chat,
    consent,
    files,
    floor,
    lobby,
    notes,
    polls,
    pulse,
    questions,
    rights,
    studio,
    timer,
)
from rooms.crowd import is_crowd, shown
from rooms.state import Participant, PlannedSession, Recording, RoomState, Session, Track
from rooms.viewer import Viewer, viewer
from schemas.envelope import STAFF, Capability, Event, RecordedActor
from schemas.events import EventData
from schemas.events.lifecycle import RoomCreated
from schemas.events.lobby import Knocked, WaitingConnected
from schemas.events.roster import ParticipantConnected, ParticipantJoined
from schemas.ids import ConnectionId, EdgeId, ParticipantId, UserId
from schemas.media import Role
from schemas.view import (
    HandView,
    MeView,
    ParticipantView,
    PauseView,
    RecordingView,
    RoomView,
    SessionView,
    StepView,
    TrackView,
)


def view(
    state: RoomState,
    participant: ParticipantId | None,
    capabilities: tuple[Capability, ...] = (),
    *,
    crowded: bool | None = None,
) -> RoomView:
    """The room as this person sees it. Account ids are in no view, whoever looks.

    Who is neither in the class nor staff stands at the door and sees nothing of what is inside. ``crowded``
    is whether the class is told as a crowd; by default its size decides.
    """
    looks = viewer(state, participant, capabilities)
    if looks.role_seen is None:
        return _view(_door(state), looks)
    if is_crowd(state) if crowded is None else crowded:
        return _crowd(state, looks)
    return _view(state, looks)


def _crowd(state: RoomState, looks: Viewer) -> RoomView:
    people = shown(state)
    own = state.participants.get(looks.participant) if looks.participant is not None else None
    if own is not None:
        people[own.id] = own
    return replace(_view(replace(state, participants=people), looks), crowd=len(state.participants))


def _door(state: RoomState) -> RoomState:
    """What can be seen from outside, as if nothing else had ever been."""
    return RoomState(
        key=state.key,
        seq=state.seq,
        title=state.title,
        scheduled=state.scheduled,
        session=state.session,
        settings=state.settings,
        archived=state.archived,
        course=state.course,
        lobby=state.lobby,
    )


def _view(state: RoomState, looks: Viewer) -> RoomView:
    return RoomView(
        tenant=state.key.tenant,
        room=state.key.room,
        seq=state.seq,
        title=state.title,
        settings=state.settings,
        archived=state.archived,
        course=state.course,
        me=_me(looks),
        session=_session(state.session) if state.session else None,
        scheduled=tuple(_planned(s) for s in state.scheduled),
        participants=tuple(participant_view(p) for p in state.participants.values()),
        hands=tuple(HandView(h.participant, h.raised_at) for h in state.hands),
        tracks=tuple(_track(t) for t in state.tracks.values()),
        messages=chat.view(state, looks),
        recordings=tuple(_recording(r) for r in state.recordings),
        epoch=state.placement.epoch if state.placement.node else 0,
        rights=rights.view(state, looks),
        lobby=lobby.view(state, looks),
        floor=floor.view(state, looks),
        questions=questions.view(state, looks),
        polls=polls.view(state, looks),
        pulse=pulse.view(state, looks),
        studio=studio.view(state, looks),
        notes=notes.view(state, looks),
        timer=timer.view(state, looks),
        boards=boards.view(state, looks),
        files=files.view(state, looks),
        breakouts=breakouts.view(state, looks),
        consents=consent.view(state, looks),
    )


def public_data(event: Event, role: Role | None) -> EventData:
    """An event's data for people of this role: accounts, devices, edges and sockets are for staff only.

    There are two versions at most (staff and others), so a frame is encoded once for each.
    """
    if role in STAFF:
        return event.data
    match event.data:
        case ParticipantJoined():
            return replace(event.data, person="", edge=EdgeId(""), connection=ConnectionId(""), device="")
        case ParticipantConnected():
            return replace(event.data, edge=EdgeId(""), connection=ConnectionId(""))
        case RoomCreated():
            return replace(event.data, owner=UserId(""))
        case Knocked():
            return replace(event.data, person="", edge=EdgeId(""), connection=ConnectionId(""), device="")
        case WaitingConnected():
            return replace(event.data, edge=EdgeId(""), connection=ConnectionId(""))
        case _:
            return event.data


def public_actor(actor: RecordedActor, event: Event, role: Role | None) -> RecordedActor:
    """Who caused an event, for people of this role: others than staff learn the participant at most, and
    at the door not even that."""
    if role in STAFF:
        return actor
    if role is None:
        return replace(actor, id="", participant=None)
    return replace(actor, id="", participant=None if event.data.hides_actor else actor.participant)


def role_seen(
    state: RoomState, participant: ParticipantId | None, capabilities: tuple[Capability, ...] = ()
) -> Role | None:
    """The role by which events are shown to somebody: the one in class, staff's also outside; None at the
    door."""
    return viewer(state, participant, capabilities).role_seen


def _me(looks: Viewer) -> MeView:
    role = looks.role if looks.present else None
    return MeView(looks.participant, role, tuple(sorted(looks.listed)))


def _session(session: Session) -> SessionView:
    planned = session.planned
    return SessionView(
        session.id,
        session.title,
        "live" if session.ended_at is None else "ended",
        planned.starts_at if planned else None,
        planned.minutes if planned else None,
        session.started_at,
        session.ended_at,
        planned.series if planned else None,
        session.ends_at,
    )


def _planned(session: PlannedSession) -> SessionView:
    return SessionView(
        session.id,
        session.title,
        "scheduled",
        session.starts_at,
        session.minutes,
        None,
        None,
        session.series,
        None,
    )


def participant_view(person: Participant) -> ParticipantView:
    """A person in the class, as everybody may see them."""
    return ParticipantView(
        person.id,
        person.display_name,
        person.role,
        person.guest,
        person.connected,
        person.joined_at,
        person.custom_role,
    )


def _track(track: Track) -> TrackView:
    return TrackView(
        track.id,
        track.participant,
        track.kind,
        track.source,
        track.mime_type,
        track.layers,
        track.muted,
        track.muted_by,
    )


def _recording(recording: Recording) -> RecordingView:
    return RecordingView(
        recording.id,
        recording.session,
        recording.status,
        recording.started_at,
        recording.stopped_at,
        recording.duration_ms,
        tuple(StepView(s.step, s.status, s.progress_percent, s.detail) for s in recording.steps),
        recording.artifacts,
        recording.title,
        tuple(PauseView(pause.since, pause.until) for pause in recording.pauses),
        recording.keep_until,
    )
