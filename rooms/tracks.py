"""Microphones, cameras and screens: what may be heard and seen.

A node asks before a producer flows; the answer is here and nowhere else. A mute by a host closes the
path in the node, and only the owner of a track can open it again: nobody switches on another's
microphone.
"""

from typing import assert_never, get_args

from msgspec.structs import replace

from rooms.asker import Asker
from rooms.permissions import PUBLISHING, Permission, may
from rooms.state import RoomState, Track
from rooms.topic import Stamp, Topic
from schemas.commands.tracks import CloseTrack, MuteAll, MuteTrack, PublishTrack, UnmuteTrack
from schemas.envelope import STAFF, Event
from schemas.events.tracks import TrackClosed, TrackMuted, TrackPublished, TrackUnmuted
from schemas.limits import TRACKS_MAX, TRACKS_PER_PARTICIPANT_MAX
from schemas.media import KIND_OF_SOURCE, Source
from schemas.rejections import Code, Rejection, rejection

Command = PublishTrack | MuteTrack | MuteAll | UnmuteTrack | CloseTrack
Fact = TrackPublished | TrackMuted | TrackUnmuted | TrackClosed


def decide(state: RoomState, asks: Asker, command: Command, now: int) -> tuple[Event, ...] | Rejection:
    """What a wish about a track leads to."""
    if isinstance(command, PublishTrack):
        return _publish(state, command)
    if isinstance(command, MuteAll):
        return _mute_all(state, asks, command)
    track = state.tracks.get(command.track)
    if track is None:
        # A node says that a transport is gone, whether or not its track was closed meanwhile.
        return () if asks.is_service else rejection(Code.NO_SUCH_TRACK)
    own = track.participant == asks.participant
    match command:
        case MuteTrack():
            return _mute(asks, track, own=own)
        case UnmuteTrack():
            return _unmute(track, own=own)
        case CloseTrack():
            return _close(asks, track, own=own)
        case _:
            assert_never(command)


def _publish(state: RoomState, command: PublishTrack) -> tuple[Event, ...] | Rejection:
    if not state.live:
        return rejection(Code.SESSION_NOT_LIVE)
    known = state.tracks.get(command.track)
    if known is not None:
        return () if known.participant == command.participant else rejection(Code.MALFORMED)
    if state.placement.node is None or command.epoch != state.placement.epoch:
        return rejection(Code.STALE_EPOCH)
    if command.participant not in state.participants:
        return rejection(Code.NO_SUCH_PARTICIPANT)
    if KIND_OF_SOURCE[command.source] is not command.kind:
        return rejection(Code.MALFORMED, f"A {command.source} is not {command.kind}.")
    if not may(state, command.participant, PUBLISHING[command.source]):
        return rejection(Code.FORBIDDEN)
    own = state.tracks_of(command.participant)
    if len(own) >= TRACKS_PER_PARTICIPANT_MAX or any(t.source is command.source for t in own):
        return rejection(Code.TRACK_LIMIT)
    if len(state.tracks) >= TRACKS_MAX:
        return rejection(Code.LIMIT_REACHED)
    return (
        Event(
            TrackPublished(
                command.track,
                command.participant,
                command.kind,
                command.source,
                command.mime_type,
                command.clock_rate_hz,
                command.channels,
                command.layers,
                command.epoch,
                command.muted,
            )
        ),
    )


def _mute(asks: Asker, track: Track, *, own: bool) -> tuple[Event, ...] | Rejection:
    if not own and not asks.may(Permission.MUTE):
        return rejection(Code.FORBIDDEN)
    return () if track.muted else (Event(TrackMuted(track.id, asks.participant)),)


def _mute_all(state: RoomState, asks: Asker, command: MuteAll) -> tuple[Event, ...] | Rejection:
    """At most as many events as a class has tracks; nothing to mute: silence is what was wanted."""
    if not asks.may(Permission.MUTE):
        return rejection(Code.FORBIDDEN)
    if asks.present is None and asks.actor.kind != "operator":
        return rejection(Code.NOT_A_PARTICIPANT)
    spared = {p.id for p in state.participants.values() if command.except_staff and p.role in STAFF}
    return tuple(
        Event(TrackMuted(t.id, asks.participant))
        for t in state.tracks.values()
        if t.source is Source.MICROPHONE and not t.muted and t.participant not in {*spared, asks.participant}
    )


def _unmute(track: Track, *, own: bool) -> tuple[Event, ...] | Rejection:
    if not own:
        return rejection(Code.FORBIDDEN, "Only its owner can open a microphone, camera or screen.")
    return (Event(TrackUnmuted(track.id)),) if track.muted else ()


def _close(asks: Asker, track: Track, *, own: bool) -> tuple[Event, ...] | Rejection:
    if own:
        return (Event(TrackClosed(track.id, "closed")),)
    if asks.is_service:
        return (Event(TrackClosed(track.id, "transport_closed")),)
    if asks.may(Permission.MUTE):
        return (Event(TrackClosed(track.id, "by_host")),)
    return rejection(Code.FORBIDDEN)


def evolve(state: RoomState, fact: Fact, stamp: Stamp) -> RoomState:
    """The room after a fact about a track."""
    match fact:
        case TrackPublished():
            return _with(state, _track(fact))
        case TrackMuted(track=track, by=by):
            return _change(state, track, muted=True, muted_by=by)
        case TrackUnmuted(track=track):
            return _change(state, track, muted=False, muted_by=None)
        case TrackClosed(track=track):
            return replace(state, tracks={k: t for k, t in state.tracks.items() if k != track})
        case _:
            assert_never(fact)


def _track(fact: TrackPublished) -> Track:
    return Track(
        fact.track,
        fact.participant,
        fact.kind,
        fact.source,
        fact.mime_type,
        fact.clock_rate_hz,
        fact.channels,
        fact.layers,
        fact.epoch,
        fact.muted,
        fact.participant if fact.muted else None,
    )


def _with(state: RoomState, track: Track) -> RoomState:
    return replace(state, tracks={**state.tracks, track.id: track})


def _change(state: RoomState, track: str, **changes: object) -> RoomState:
    known = next((t for t in state.tracks.values() if t.id == track), None)
    return state if known is None else _with(state, replace(known, **changes))


TOPIC = Topic("track", get_args(Command), get_args(Fact), decide, evolve)
