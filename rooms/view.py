"""What one person sees of a room, and what of an event may be shown to whom."""

from msgspec.structs import replace

from rooms.permissions import FROM_OUTSIDE, ROLES, standing_role
from rooms.state import Participant, PlannedSession, Recording, RoomState, Session, Track
from schemas.envelope import STAFF, Capability, Event, RecordedActor
from schemas.events import EventData, ParticipantConnected, ParticipantJoined, RoomCreated
from schemas.ids import ConnectionId, EdgeId, ParticipantId, UserId
from schemas.media import Role
from schemas.view import (
    HandView,
    MessageView,
    MeView,
    ParticipantView,
    RecordingView,
    RoomView,
    SessionView,
    StepView,
    TrackView,
)


def view(
    state: RoomState, participant: ParticipantId | None, capabilities: tuple[Capability, ...] = ()
) -> RoomView:
    """The room as this person sees it. Account ids are in no view, whoever looks."""
    return RoomView(
        tenant=state.key.tenant,
        room=state.key.room,
        seq=state.seq,
        title=state.title,
        default_role=state.default_role,
        me=_me(state, participant, capabilities),
        session=_session(state.session) if state.session else None,
        scheduled=tuple(_planned(s) for s in state.scheduled),
        participants=tuple(_participant(p) for p in state.participants.values()),
        hands=tuple(HandView(h.participant, h.raised_at) for h in state.hands),
        tracks=tuple(_track(t) for t in state.tracks.values()),
        messages=tuple(
            MessageView(m.id, m.seq, m.at, m.participant, m.display_name, m.text) for m in state.messages
        ),
        recordings=tuple(_recording(r) for r in state.recordings),
        epoch=state.placement.epoch if state.placement.node else 0,
    )


def public_data(event: Event, role: Role | None) -> EventData:
    """An event's data for people of this role: accounts, edges and sockets are for staff only.

    There are two versions at most (staff and others), so a frame is encoded once for each.
    """
    if role in STAFF:
        return event.data
    match event.data:
        case ParticipantJoined():
            return replace(event.data, person="", edge=EdgeId(""), connection=ConnectionId(""))
        case ParticipantConnected():
            return replace(event.data, edge=EdgeId(""), connection=ConnectionId(""))
        case RoomCreated():
            return replace(event.data, owner=UserId(""))
        case _:
            return event.data


def public_actor(actor: RecordedActor, role: Role | None) -> RecordedActor:
    """Who caused an event, for people of this role: others than staff learn the participant only."""
    return actor if role in STAFF else replace(actor, id="")


def role_seen(
    state: RoomState, participant: ParticipantId | None, capabilities: tuple[Capability, ...] = ()
) -> Role | None:
    """The role by which audiences are judged for somebody: the one in class, or the one they would
    have."""
    if participant is None:
        return None
    present = state.participants.get(participant)
    return present.role if present else standing_role(state, participant, capabilities)


def _me(state: RoomState, participant: ParticipantId | None, capabilities: tuple[Capability, ...]) -> MeView:
    if participant is None:
        return MeView(None, None, ())
    present = state.participants.get(participant)
    if present:
        return MeView(participant, present.role, tuple(sorted(ROLES[present.role])))
    standing = ROLES[standing_role(state, participant, capabilities)]
    return MeView(participant, None, tuple(sorted(standing & FROM_OUTSIDE)))


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
    )


def _planned(session: PlannedSession) -> SessionView:
    return SessionView(session.id, session.title, "scheduled", session.starts_at, session.minutes, None, None)


def _participant(person: Participant) -> ParticipantView:
    return ParticipantView(
        person.id, person.display_name, person.role, person.guest, person.connected, person.joined_at
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
    )
