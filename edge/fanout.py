"""From commits to frames: who may see what, encoded once for each kind of receiver.

Receivers fall into classes: staff or not, and which of the events that name participants they are
named in. Almost always that is two classes, so a commit costs two encodings, however many watch.
"""

from collections.abc import Sequence

from edge.outbox import Frame
from edge.viewer import encode
from rooms.view import public_actor, public_data
from schemas.envelope import STAFF, Commit, Event, encode_event_data, may_see
from schemas.frames import EventOut, EventsFrame
from schemas.ids import ParticipantId
from schemas.media import Role

_NONE: frozenset[int] = frozenset()
_Class = tuple[bool, frozenset[int]]


class Span:
    """The events ``(after, through]``, with a frame for each class of receivers, made when first needed."""

    def __init__(self, commits: Sequence[Commit], after: int) -> None:
        self.after = after
        self.through = commits[-1].last_seq if commits else after
        self._events: list[tuple[int, Commit, Event]] = [
            (commit.seq + i, commit, event)
            for commit in commits
            for i, event in enumerate(commit.events)
            if commit.seq + i > after
        ]
        self._named = [(seq, e.audience) for seq, _, e in self._events if not isinstance(e.audience, str)]
        self._frames: dict[_Class, tuple[Frame, int]] = {}

    def frame_for(self, participant: ParticipantId, role: Role | None) -> tuple[Frame, int]:
        """The frame for this person, and how many events are in it."""
        named = (
            frozenset(s for s, who in self._named if may_see(who, participant, role))
            if self._named
            else _NONE
        )
        kind = (role in STAFF, named)
        made = self._frames.get(kind)
        if made is None:
            made = self._frames[kind] = self._encode(participant, role)
        return made

    def _encode(self, participant: ParticipantId, role: Role | None) -> tuple[Frame, int]:
        events = tuple(
            EventOut(
                seq,
                commit.at,
                event.type,
                public_actor(commit.actor, event, role),
                encode_event_data(public_data(event, role)),
            )
            for seq, commit, event in self._events
            if may_see(event.audience, participant, role)
        )
        return encode(EventsFrame(self.after, self.through, events)), max(1, len(events))
