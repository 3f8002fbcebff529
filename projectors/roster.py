"""The roster, and attendance: who was in class when, and what they did there, from the log alone.

How long a microphone was open is what the log knows about talking: loudness is never written down.
"""

from projectors.acts import act
from projectors.model import Fact, Model, Write, queries
from schemas.events.lifecycle import SessionEnded, SessionStarted
from schemas.events.redaction import REMOVED_PERSON, Redacted
from schemas.events.roster import (
    ParticipantConnected,
    ParticipantDisconnected,
    ParticipantJoined,
    ParticipantLeft,
    RoleChanged,
)
from schemas.events.tracks import TrackClosed, TrackMuted, TrackPublished, TrackUnmuted
from schemas.media import Source

_sql = queries("roster")

_COUNTED = 5
"""Of the kinds of acts, so many are in attendance: all but drawings."""


def writes(fact: Fact) -> tuple[Write, ...]:
    """What a fact changes in roster and attendance."""
    tenant, room = fact.key.tenant, fact.key.room
    match fact.data:
        case SessionStarted(session):
            return (Write(_sql["open_session"], (tenant, room, session)),)
        case ParticipantJoined():
            return _joined(fact, fact.data)
        case ParticipantConnected(participant):
            return (Write(_sql["connect"], (tenant, room, participant, fact.at), narrow=True),)
        case ParticipantDisconnected(participant, since=since):
            return (Write(_sql["disconnect"], (tenant, room, participant, since or fact.at), narrow=True),)
        case RoleChanged(participant, _, after):
            return (Write(_sql["change_role"], (tenant, room, participant, after.value), narrow=True),)
        case ParticipantLeft(participant, reason, left_at):
            row = (tenant, room, participant, left_at, reason, fact.seq)
            return (Write(_sql["leave"], row, narrow=True),)
        case SessionEnded():
            return (
                Write(_sql["leave"], (tenant, room, None, fact.at, "session_ended", fact.seq)),
                Write(_sql["forget_tracks"], (tenant, room)),
                Write(_sql["close_session"], (tenant, room)),
            )
        case Redacted(what="person", participant=participant):
            removed = (tenant, room, participant, REMOVED_PERSON)
            return tuple(Write(_sql[name], removed) for name in ("redact_people", "redact_attendance"))
        case TrackPublished() | TrackMuted() | TrackUnmuted() | TrackClosed():
            return _shared(fact, fact.data)
    return _acted(fact)


def _joined(fact: Fact, joined: ParticipantJoined) -> tuple[Write, ...]:
    who = (fact.key.tenant, fact.key.room, joined.participant, joined.person, joined.display_name)
    return (
        Write(_sql["know"], who, narrow=True),
        Write(_sql["join"], (*who, joined.role.value, joined.guest, fact.at, joined.device), narrow=True),
    )


def _shared(fact: Fact, data: TrackPublished | TrackMuted | TrackUnmuted | TrackClosed) -> tuple[Write, ...]:
    """A track is open from being published or unmuted until it is muted or closed."""
    track = (fact.key.tenant, fact.key.room, data.track)
    opened = Write(_sql["open_track"], (*track, fact.seq, fact.at))
    shut = Write(_sql["shut_track"], (*track, fact.at))
    match data:
        case TrackPublished(source=Source.SCREEN_AUDIO):
            return ()  # The screen itself is counted.
        case TrackPublished(participant=participant, source=source, muted=muted):
            known = Write(_sql["share"], (*track, participant, source.value))
            return (known,) if muted else (known, opened)
        case TrackUnmuted():
            return (opened,)
        case TrackMuted():
            return (shut,)
        case TrackClosed():
            return (shut, Write(_sql["unshare"], track))


def _acted(fact: Fact) -> tuple[Write, ...]:
    done = act(fact)
    if done is None or done.participant is None or done.kind == "drawings":
        return ()
    who = (fact.key.tenant, fact.key.room, done.participant)
    return (Write(_sql["act"], (*who, *done.counts[:_COUNTED]), adds=_COUNTED, narrow=True),)


MODEL = Model(
    "roster",
    ("roster_session", "roster", "roster_tracks", "roster_media", "attendance", "people"),
    _sql["tables"],
    writes,
)
