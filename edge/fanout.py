"""From commits to frames: who may see what, encoded once for each kind of receiver.

Receivers fall into classes: staff, others in the class, or people at the door; and which of the events
that concern single people concern them. Almost always that is three classes at most, so a commit costs
three encodings, however many watch.
"""

from collections.abc import Collection, Sequence

from edge.outbox import Frame
from edge.viewer import encode
from rooms.view import public_actor, public_data
from schemas.envelope import AND_STAFF, STAFF, Commit, Event, encode_event_data, is_shown
from schemas.frames import EventOut, EventsFrame
from schemas.ids import ParticipantId
from schemas.media import Role

_NONE: frozenset[int] = frozenset()
_Told = tuple[int, Commit, Event]
_Class = tuple[bool, bool, frozenset[int]]


class Span:
    """The events ``(after, through]``, with a frame for each class of receivers, made when first needed.

    The frames say that they begin at ``begins``: what lies before ``after`` concerned nobody who has not
    been told of it.
    """

    def __init__(self, commits: Sequence[Commit], after: int, begins: int | None = None) -> None:
        self.after = after
        self._begins = after if begins is None else begins
        self.through = commits[-1].last_seq if commits else after
        self._events: list[_Told] = [
            (commit.seq + i, commit, event)
            for commit in commits
            for i, event in enumerate(commit.events)
            if commit.seq + i > after
        ]
        self._own, self._of_staff = _named(self._events)
        self._at_door = _at_door(self._events)
        self._frames: dict[_Class, tuple[Frame, int]] = {}

    def frame_for(self, participant: ParticipantId, role: Role | None) -> tuple[Frame, int]:
        """The frame for this person, and how many events are in it."""
        if role is None:
            concern = self._at_door.get(participant, _NONE)
        else:
            concern = self._own.get(participant, _NONE)
            if role in STAFF:
                concern |= self._of_staff
        kind = (role is None, role in STAFF, concern)
        made = self._frames.get(kind)
        if made is None:
            made = self._frames[kind] = self._encode(participant, role)
        return made

    @property
    def whose(self) -> Collection[ParticipantId] | None:
        """The only people whom these events concern, or None when they concern others too."""
        is_private = all(not isinstance(e.audience, str) for _, _, e in self._events)
        return self._own.keys() if is_private and not self._of_staff else None

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
            if is_shown(event, participant, role)
        )
        return encode(EventsFrame(self._begins, self.through, events)), max(1, len(events))


def _named(events: Sequence[_Told]) -> tuple[dict[ParticipantId, frozenset[int]], frozenset[int]]:
    """Which events are for which person by name, and which of those for staff as well."""
    own: dict[ParticipantId, set[int]] = {}
    of_staff = set()
    for seq, _, event in events:
        for who in () if isinstance(event.audience, str) else event.audience:
            if who == AND_STAFF:
                of_staff.add(seq)
            else:
                own.setdefault(who, set()).add(seq)
    return {who: frozenset(seqs) for who, seqs in own.items()}, frozenset(of_staff)


def _at_door(events: Sequence[_Told]) -> dict[ParticipantId, frozenset[int]]:
    """For those who may stand at the door, which of the events there are their own."""
    own: dict[ParticipantId, set[int]] = {}
    for seq, _, event in events:
        named = () if isinstance(event.audience, str) else event.audience
        for who in {*named, getattr(event.data, "participant", None)} - {AND_STAFF}:
            if who is not None and is_shown(event, who, None) and not is_shown(event, None, None):
                own.setdefault(who, set()).add(seq)
    return {who: frozenset(seqs) for who, seqs in own.items()}
