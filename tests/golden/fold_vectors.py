"""Golden vectors of the fold: a view, the events somebody saw, and the view that follows from them.

The server's rules write them and the browser's fold must agree. Each story is a seeded walk of random
wishes; refusals are part of it. ``python -m tests.golden.fold_vectors`` writes the files anew.
"""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from rooms.room import apply, author, decide, initial, next_deadline, secret_of
from rooms.state import RoomState
from rooms.view import public_actor, public_data, role_seen, view
from schemas.artifacts import Artifact, ArtifactKind
from schemas.commands import Command
from schemas.commands.chat import PostMessage
from schemas.commands.deadlines import DeadlinePassed
from schemas.commands.floor import LowerHand, RaiseHand
from schemas.commands.lifecycle import CreateRoom, EndSession, ScheduleSession, StartSession
from schemas.commands.media import LoseNode, PlaceRoom
from schemas.commands.recording import (
    AddArtifact,
    CompleteRecording,
    ReportStep,
    StartRecording,
    StopRecording,
)
from schemas.commands.roster import (
    AddMember,
    ChangeRole,
    JoinSession,
    LeaveSession,
    LoseConnection,
    LoseEdge,
    RemoveParticipant,
    ResumeConnection,
)
from schemas.commands.tracks import CloseTrack, MuteTrack, PublishTrack, UnmuteTrack
from schemas.envelope import Actor, Commit, Envelope, encode_event_data, is_shown
from schemas.events import EVENTS
from schemas.frames import EventOut
from schemas.ids import (
    ArtifactId,
    CommandId,
    ConnectionId,
    EdgeId,
    NodeId,
    ParticipantId,
    RecordingId,
    RoomId,
    RoomKey,
    TenantId,
    TrackId,
    UserId,
    participant_id,
)
from schemas.media import KIND_OF_SOURCE, MediaKind, Role, Source
from schemas.rejections import Rejection
from schemas.view import RoomView
from tests.wishes import TOPICS
from tests.wishes.cast import SERVICE, Cast, Wish

Json = dict[str, Any]
FOLDER = Path(__file__).parent / "fold"
KEY = RoomKey(TenantId("demo"), RoomId("golden"))
STORIES, STEPS, EVENTS_PER_VECTOR = 2, 400, 40
TOPIC_STEPS = 160
NOON = 1_763_719_200_000


def person(name: str, *capabilities: str, guest: bool = False) -> Actor:
    """Somebody who asks, as the edge stamps them."""
    return Actor(
        "guest" if guest else "user",
        name,
        participant_id(KEY, name),
        name.title(),
        tuple(capabilities),  # type: ignore[arg-type]
        connection=ConnectionId(f"c-{name}"),
        edge=EdgeId("edge-1"),
    )


TESS = person("tess", "teach", "administer")
PEOPLE = (TESS, person("carl", "teach"), person("sam", "learn"), person("gaia", guest=True))
CAST = Cast(PEOPLE[0], PEOPLE[1], PEOPLE[2:])


def wishes(state: RoomState, chance: random.Random) -> tuple[Actor, Command]:
    """Some wish of somebody: mostly possible, sometimes not."""
    who = chance.choice(PEOPLE)
    one = chance.choice([p.participant for p in PEOPLE]) or ParticipantId("nobody")
    track = chance.choice([*state.tracks, TrackId("gone")])
    recording = chance.choice([*(r.id for r in state.recordings), RecordingId("gone")])
    source = chance.choice(list(Source))
    artifact = Artifact(
        ArtifactId(f"a{chance.randrange(99)}"), ArtifactKind.TRACK, "k", "video/webm", 9, "0" * 64
    )
    if not state.exists:
        return TESS, CreateRoom(title="Golden", default_role="speaker")
    if state.live is None:
        return chance.choice(
            [
                (TESS, StartSession(session=state.scheduled[0].id if state.scheduled else None)),
                (TESS, ScheduleSession(title="Next", starts_at=NOON + chance.randrange(9) * 60_000)),
                (TESS, AddMember(user=UserId("carl"), role=Role.CO_HOST)),
                (SERVICE, CompleteRecording(recording=recording, duration_ms=20_000)),
                (SERVICE, AddArtifact(recording=recording, artifact=artifact)),
            ]
        )
    if state.placement.node is None and chance.random() < 0.7:
        return SERVICE, PlaceRoom(node=NodeId("sfu-1"))
    choices: list[tuple[Actor, Command]] = [
        *[(who, JoinSession(display_name=who.display_name))] * 4,
        *[(who, PostMessage(text=chance.choice(["Hello", "∂²u/∂t²", "<b>bold?</b>", "مرحبا"])))] * 2,
        (who, RaiseHand()),
        (who, RaiseHand()),
        (who, LowerHand()),
        (TESS, LowerHand(participant=one)),
        (who, LeaveSession()),
        (SERVICE, LoseConnection(participant=one, connection=ConnectionId(f"c-{who.id}"))),
        (
            SERVICE,
            ResumeConnection(participant=one, connection=ConnectionId(f"c-{who.id}"), edge=EdgeId("edge-2")),
        ),
        *[
            (
                SERVICE,
                PublishTrack(
                    track=TrackId(f"t{chance.randrange(999)}"),
                    participant=one,
                    kind=KIND_OF_SOURCE[source],
                    source=source,
                    mime_type="audio/opus" if KIND_OF_SOURCE[source] is MediaKind.AUDIO else "video/VP8",
                    clock_rate_hz=48_000 if KIND_OF_SOURCE[source] is MediaKind.AUDIO else 90_000,
                    epoch=state.placement.epoch or 1,
                    muted=chance.random() < 0.3,
                ),
            )
        ]
        * 5,
        (who, MuteTrack(track=track)),
        (TESS, MuteTrack(track=track)),
        *[(a, UnmuteTrack(track=track)) for a in PEOPLE],
        (who, CloseTrack(track=track)),
        (TESS, ChangeRole(participant=one, role=chance.choice(list(Role)))),
        (TESS, StartRecording()),
        (TESS, StopRecording()),
        (SERVICE, ReportStep(recording=recording, step="compose", status="started", progress_percent=40)),
        (SERVICE, AddArtifact(recording=recording, artifact=artifact)),
        (SERVICE, CompleteRecording(recording=recording, duration_ms=20_000)),
    ]
    rare: list[tuple[Actor, Command]] = [
        (TESS, EndSession()),
        (TESS, RemoveParticipant(participant=one)),
        (SERVICE, LoseNode(node=NodeId("sfu-1"))),
        (SERVICE, LoseEdge(edge=EdgeId("edge-2"), last_beat=state.at)),
    ]
    return chance.choice(rare if chance.random() < 0.04 else choices)


def topic_wishes(topic: str, state: RoomState, chance: random.Random) -> tuple[Actor, Command]:
    """Mostly a wish about one topic, among those that keep a class going."""
    if state.live is not None and chance.random() < 0.7:
        possible: list[Wish] = TOPICS[topic].wishes(state, chance, CAST)
        if possible:
            return chance.choice(possible)
    due = next_deadline(state)
    if due is not None and chance.random() < 0.05:
        return SERVICE, DeadlinePassed(due)
    return wishes(state, chance)


def story(name: str) -> Iterator[tuple[RoomState, Commit, RoomState]]:
    """State before, commit, state after; from nothing."""
    chance = random.Random(name)
    state = initial(KEY)
    now = NOON
    for step in range(TOPIC_STEPS if name in TOPICS else STEPS):
        actor, command = topic_wishes(name, state, chance) if name in TOPICS else wishes(state, chance)
        now = max(now + 700, command.due if isinstance(command, DeadlinePassed) else 0)
        envelope = Envelope(KEY, command, CommandId(f"s{name}-{step}"), actor, now + 10_000)
        alias = f"a{actor.id}" if secret_of(state, command) else ""
        events = decide(state, envelope, now, alias)
        if isinstance(events, Rejection) or not events:
            continue
        commit = Commit(state.seq + 1, now, envelope.id, author(envelope, alias), events)
        after = apply(state, commit)
        yield state, commit, after
        state = after


def seen(commit: Commit, after: RoomState, viewer: Actor) -> Iterator[EventOut]:
    """The events of a commit as this viewer gets them."""
    role = role_seen(after, viewer.participant, viewer.capabilities)
    for i, event in enumerate(commit.events):
        if is_shown(event, viewer.participant, role):
            yield EventOut(
                commit.seq + i,
                commit.at,
                event.type,
                public_actor(commit.actor, event, role),
                encode_event_data(public_data(event, role)),
            )


def vectors(name: str, viewer: Actor) -> Iterator[Json]:
    """The story cut into vectors, as this viewer saw it.

    Where the viewer's own role changed the edge sends a fresh view, so a vector ends before that. Where only
    their permissions did, it sends ``me``, and a vector ends with it.
    """

    def look(state: RoomState) -> RoomView:
        return view(state, viewer.participant, viewer.capabilities)

    def role(state: RoomState) -> tuple[Role | None, Role | None]:
        return look(state).me.role, role_seen(state, viewer.participant, viewer.capabilities)

    before: RoomView | None = None
    after: RoomView | None = None
    events: list[EventOut] = []
    for earlier, commit, later in story(name):
        fresh = role(earlier) != role(later)
        if before is not None and events and (fresh or len(events) >= EVENTS_PER_VECTOR):
            yield {"before": before, "events": events, "after": after}
            before, events = None, []
        if fresh:
            before, events = None, []
            continue
        before = before if before is not None else look(earlier)
        events.extend(seen(commit, later, viewer))
        after = look(later)
        if look(earlier).me != after.me and events:
            yield {"before": before, "events": events, "me": after.me, "after": after}
            before, events = None, []
    if before is not None and events:
        yield {"before": before, "events": events, "after": after}


def files() -> dict[str, bytes]:
    """File name to content."""
    made = {}
    for name in (*(f"story{n}" for n in range(STORIES)), *TOPICS):
        for viewer in (TESS, PEOPLE[2]):
            body = json.dumps(
                [json.loads(msgspec.json.encode(vector)) for vector in vectors(name, viewer)],
                ensure_ascii=False,
                separators=(",", ":"),
            )
            made[f"{name}-{viewer.id}.json"] = (body.replace('},{"before"', '},\n{"before"') + "\n").encode()
    return made


def covered() -> set[str]:
    """Event types that occur in some vector."""
    return {
        event["type"]
        for path in FOLDER.glob("*.json")
        for vector in json.loads(path.read_bytes())
        for event in vector["events"]
    }


def not_covered() -> set[str]:
    """Event types that no vector shows; only those that nobody but the creator sees may be here."""
    return set(EVENTS) - covered()


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, content in files().items():
        (FOLDER / name).write_bytes(content)
    print("not covered:", sorted(not_covered()))
