"""Laws that hold for every sequence of wishes, and a machine that looks for one that breaks them."""

import random
from itertools import pairwise

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rooms.permissions import BY_ROLE_ONLY, FROM_OUTSIDE, LOCKABLE, PUBLISHING, ROLES, Permission, may
from rooms.room import apply, decide, evolve, initial, next_deadline, recall, topic
from rooms.snapshot import Position, decode, encode
from rooms.state import RoomState
from rooms.view import view
from schemas.artifacts import Artifact, ArtifactKind
from schemas.commands import COMMANDS, SERVICE_COMMANDS, Command
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
from schemas.envelope import Actor, Commit, Event, RecordedActor, decode_commit, encode_commit
from schemas.events import EVENTS
from schemas.events.roster import ParticipantJoined, ParticipantLeft
from schemas.ids import (
    ArtifactId,
    CommandId,
    ConnectionId,
    EdgeId,
    NodeId,
    RecordingId,
    TrackId,
    UserId,
)
from schemas.limits import COMMAND_MEMORY_PER_ACTOR, COMMAND_MEMORY_TOTAL
from schemas.media import KIND_OF_SOURCE, Role, Source
from schemas.rejections import Rejection
from tests.unit.rooms.any_events import any_event
from tests.unit.rooms.classroom import (
    CORA,
    GUS,
    KEY,
    OPERATOR,
    PEOPLE,
    SAM,
    SECOND,
    SERVICE,
    START,
    TESS,
    VERA,
    Class,
    envelope,
    who,
)
from tests.wishes import TOPICS
from tests.wishes.cast import Cast, Wish

people = st.sampled_from((TESS, SAM, VERA, TESS, SAM, VERA, *PEOPLE))  # Those in class act most.
edges = st.sampled_from([EdgeId("edge-1"), EdgeId("edge-2")])
nodes = st.sampled_from([NodeId("node-1"), NodeId("node-2")])
tracks = st.builds(lambda a, s: TrackId(f"{a.id}-{s}"), people, st.sampled_from(Source))
connections = st.builds(lambda a: ConnectionId(f"{a.id}-socket"), people)
participants = st.builds(who, people)
epochs = st.integers(1, 3)
NOTHING = RecordingId("r")  # Replaced by one of the room's own when it has any.

wishes_of_people: st.SearchStrategy[Command] = st.one_of(
    st.builds(CreateRoom, st.just("Algebra")),
    st.builds(ScheduleSession, st.just("Lesson"), st.just(START + 60 * SECOND)),
    st.builds(StartSession),
    st.builds(EndSession),
    st.builds(JoinSession, st.just("Somebody")),
    st.builds(LeaveSession),
    st.builds(RemoveParticipant, participants),
    st.builds(ChangeRole, participants, st.sampled_from(Role)),
    st.builds(AddMember, st.builds(lambda a: UserId(a.id), people), st.sampled_from(Role)),
    st.builds(RaiseHand),
    st.builds(LowerHand, st.none() | participants),
    st.builds(MuteTrack, tracks),
    st.builds(UnmuteTrack, tracks),
    st.builds(CloseTrack, tracks),
    st.builds(PostMessage, st.just("hello")),
    st.builds(StartRecording),
    st.builds(StopRecording),
)
wishes_of_services: st.SearchStrategy[Command] = st.one_of(
    st.builds(ResumeConnection, participants, connections, edges),
    st.builds(LoseConnection, participants, connections),
    st.builds(LoseEdge, edges, st.just(START)),
    st.builds(
        lambda a, source, epoch: PublishTrack(
            TrackId(f"{a.id}-{source}"), who(a), KIND_OF_SOURCE[source], source, "x", 48_000, epoch
        ),
        people,
        st.sampled_from(Source),
        epochs,
    ),
    st.builds(CloseTrack, tracks),
    st.builds(ReportStep, st.just(NOTHING), st.just("mix"), st.sampled_from(["started", "failed"])),
    st.builds(
        AddArtifact,
        st.just(NOTHING),
        st.just(Artifact(ArtifactId("a"), ArtifactKind.POSTER, "k", "image/jpeg", 1, "0" * 64)),
    ),
    st.builds(CompleteRecording, st.just(NOTHING), st.just(1_000)),
    st.builds(PlaceRoom, nodes),
    st.builds(LoseNode, nodes),
    st.builds(DeadlinePassed, st.just(0)),  # Replaced by the room's own next deadline.
)
steps = st.lists(
    st.tuples(
        st.one_of(
            st.tuples(people | st.just(OPERATOR), wishes_of_people),
            st.tuples(st.just(SERVICE), wishes_of_services),
            st.tuples(st.sampled_from(sorted(TOPICS)), st.integers(0, 1 << 20)),
            st.tuples(st.sampled_from(sorted(TOPICS)), st.integers(0, 1 << 20)),
        ),
        st.sampled_from([0, 1, 1, 5, 31, 901]),
    ),
    max_size=50,
)
Draw = tuple[str, int]
"""A wish about a topic, made from a seed when the state is known."""
Steps = list[tuple[tuple[Actor, Command] | Draw, int]]
CAST = Cast(TESS, CORA, (SAM, VERA, GUS))


def played(steps: Steps) -> Class:
    """A class in full swing lived through these wishes."""
    room = Class().live(TESS, SAM, VERA)
    room.facts(TESS, ChangeRole(who(VERA), Role.CO_HOST))
    for actor in (TESS, SAM, VERA):
        room.publish(actor, Source.CAMERA)
        room.facts(actor, RaiseHand())
    for wish, seconds in steps:
        room.now += seconds * SECOND
        drawn = topic_wish(room.state, wish) if isinstance(wish[0], str) else wish
        if drawn is None:
            continue
        actor, command = drawn
        before = room.state
        outcome = room.ask(actor, fitted(room.state, command))
        assert_invariants(room.state)
        if isinstance(outcome, tuple):
            assert_removed_stay_out(before, outcome)
    return room


def topic_wish(state: RoomState, draw: Draw) -> Wish | None:
    """One of the wishes that a topic has for this state."""
    topic_name, seed = draw
    chance = random.Random(seed)
    possible: list[Wish] = TOPICS[topic_name].wishes(state, chance, CAST)
    return chance.choice(possible) if possible else None


def assert_removed_stay_out(before: RoomState, facts: tuple[object, ...]) -> None:
    """Who was sent out for good does not come in again while the same class runs, unless readmitted."""
    for fact in facts:
        if isinstance(fact, ParticipantJoined):
            assert fact.participant not in before.removed
        if isinstance(fact, ParticipantLeft) and fact.reason == "removed" and not fact.may_return:
            after = evolve(before, fact, before.at)
            assert fact.participant in after.removed


def fitted(state: RoomState, command: Command) -> Command:
    """The same wish about something that is there."""
    if isinstance(command, ReportStep | AddArtifact | CompleteRecording) and state.recordings:
        return msgspec.structs.replace(command, recording=state.recordings[-1].id)
    if isinstance(command, DeadlinePassed):
        return DeadlinePassed(next_deadline(state) or START)
    return command


def assert_invariants(state: RoomState) -> None:
    """What the package page promises."""
    if state.live is None:
        assert not state.participants
        assert not state.tracks
        assert not state.hands
        assert not state.removed
        assert state.recording is None
        assert state.placement.node is None
        assert next_deadline(state) is None
    else:
        assert next_deadline(state) is not None
    for track in state.tracks.values():
        assert track.participant in state.participants
        assert may(state, track.participant, PUBLISHING[track.source])
        assert track.epoch == state.placement.epoch
        assert state.placement.node is not None
    assert len({(t.participant, t.source) for t in state.tracks.values()}) == len(state.tracks)
    hands = [h.participant for h in state.hands]
    assert len(set(hands)) == len(hands)
    assert set(hands) <= set(state.participants)
    assert not set(state.removed) & set(state.participants)
    assert sum(1 for r in state.recordings if r.status == "recording") <= 1
    owner = state.participants.get(who(TESS))
    assert owner is None or owner.role is Role.HOST
    assert (state.empty_since is not None) == (state.live is not None and not state.participants)
    assert state.commands_held == sum(len(known) for known in state.commands.values())


relaxed = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@relaxed
@given(steps)
def test_no_sequence_of_wishes_breaks_an_invariant(steps: Steps) -> None:
    room = played(steps)
    for before, after in pairwise(room.log):
        assert after.seq == before.last_seq + 1
        assert after.at >= before.at


@relaxed
@given(steps, st.integers(0, 70))
def test_the_fold_of_a_log_is_the_fold_of_its_parts(steps: Steps, cut: int) -> None:
    log = played(steps).log
    half = fold(initial(KEY), log[:cut])
    stored = encode(Position(half, cut))
    assert stored is not None
    restored = decode(KEY, stored)
    assert restored == Position(half, cut), "a snapshot is the state itself"
    assert fold(restored.state, log[cut:]) == fold(initial(KEY), log)


@relaxed
@given(steps)
def test_state_and_commits_mean_the_same_on_the_wire(steps: Steps) -> None:
    room = played(steps)
    assert msgspec.json.decode(msgspec.json.encode(room.state), type=RoomState) == room.state
    read = [decode_commit(encode_commit(commit), commit.stream_seq) for commit in room.log]
    assert fold(initial(KEY), read) == room.state


@relaxed
@given(steps, people | st.just(OPERATOR), wishes_of_people)
def test_the_same_command_again_is_remembered_with_its_answer(
    steps: Steps, actor: Actor, command: Command
) -> None:
    room = played(steps)
    sent = envelope(actor, command, "once", room.now)
    assert recall(room.state, sent) is None
    outcome = room.ask(actor, command, "once")
    answer = room.state.seq
    if isinstance(outcome, tuple) and outcome:
        room.ask(TESS, PostMessage("in between"))
        assert recall(room.state, sent) == answer


@relaxed
@given(steps)
def test_deciding_is_deterministic_and_changes_nothing(steps: Steps) -> None:
    room = played(steps)
    sent = envelope(TESS, StartRecording(), "again", room.now)
    assert decide(room.state, sent, room.now) == decide(room.state, sent, room.now)


histories = st.lists(st.tuples(st.sampled_from(sorted(EVENTS)), st.integers(0, 1 << 30)), max_size=40)


def commits(history: list[tuple[str, int]], *, after: Class) -> list[Commit]:
    """Facts that no rule made, in commits of one, two and three, after a class began."""
    events = [Event(any_event(kind, seed)) for kind, seed in history]
    log: list[Commit] = []
    seq = after.state.seq + 1
    while events:
        size = len(log) % 3 + 1
        some, events = events[:size], events[size:]
        actor = RecordedActor("service", "test")
        log.append(Commit(seq, START + seq, CommandId(f"h{seq}"), actor, tuple(some), len(log) + 1))
        seq += len(some)
    return log


@relaxed
@given(histories, st.integers(0, 40))
def test_any_history_folds_even_one_that_no_rule_made(history: list[tuple[str, int]], cut: int) -> None:
    """A log is read as it is: what speaks of things that are not there changes nothing but the count."""
    room = Class().live(*PEOPLE)
    log = commits(history, after=room)
    whole = fold(room.state, log)
    assert whole.seq == room.state.seq + len(history)
    assert fold(fold(room.state, log[:cut]), log[cut:]) == whole
    stored = encode(Position(fold(room.state, log[:cut]), cut))
    assert stored is not None
    restored = decode(KEY, stored)
    assert restored is not None
    assert fold(restored.state, log[cut:]) == whole
    read = [decode_commit(encode_commit(commit), commit.stream_seq) for commit in log]
    assert fold(room.state, read) == whole


@relaxed
@given(histories)
def test_a_room_that_lived_through_anything_still_decides_and_is_seen(history: list[tuple[str, int]]) -> None:
    room = Class().live(*PEOPLE)
    state = fold(room.state, commits(history, after=room))
    for actor in (TESS, SAM, GUS):
        assert msgspec.json.encode(view(state, who(actor)))
        for command in (RaiseHand(), PostMessage("hello"), StartRecording(), LeaveSession(), EndSession()):
            assert isinstance(decide(state, envelope(actor, command), state.at), tuple | Rejection)


def fold(state: RoomState, log: list[Commit]) -> RoomState:
    for commit in log:
        state = apply(state, commit)
    return state


# --- memory --------------------------------------------------------------------------------------
def test_the_memory_of_answers_is_bounded_per_actor() -> None:
    room = Class().live(TESS)
    for i in range(COMMAND_MEMORY_PER_ACTOR + 1):
        room.ask(TESS, PostMessage("hello"), f"m{i}")
    assert recall(room.state, envelope(TESS, PostMessage("hello"), "m0")) is None
    assert recall(room.state, envelope(TESS, PostMessage("hello"), "m1")) is not None


def test_the_memory_of_answers_is_bounded_in_all_and_forgets_the_silent_first() -> None:
    room = Class().live(TESS)
    room.ask(TESS, PostMessage("hello"), "first")
    clerks = [
        Actor("service", f"clerk{i}") for i in range(COMMAND_MEMORY_TOTAL // COMMAND_MEMORY_PER_ACTOR + 1)
    ]
    for i, clerk in enumerate(clerks):
        for j in range(COMMAND_MEMORY_PER_ACTOR):
            room.ask(clerk, PlaceRoom(NodeId(f"node-{i}-{j}")), f"p{j}")
    assert room.state.commands_held <= COMMAND_MEMORY_TOTAL
    assert recall(room.state, envelope(TESS, PostMessage("hello"), "first")) is None
    assert recall(room.state, envelope(clerks[-1], PlaceRoom(NodeId("n")), "p0")) is not None


def test_one_actors_ids_are_not_anothers() -> None:
    room = Class().live(TESS)
    room.ask(TESS, PostMessage("hello"), "same")
    assert recall(room.state, envelope(SERVICE, PostMessage("hello"), "same")) is None


# --- dispatch ------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_a_rule_and_a_topic(name: str) -> None:
    examples = {type(command): command for command in (*EXAMPLES, *TOPIC_EXAMPLES)}
    command = examples[COMMANDS[name]]
    outcome = decide(Class().live(TESS).state, envelope(SERVICE, command), START)
    assert isinstance(outcome, Rejection | tuple)
    assert topic(command) in {wire_type.partition(".")[0] for wire_type in EVENTS}


EXAMPLES: tuple[Command, ...] = (
    CreateRoom("t"),
    ScheduleSession("t", START),
    StartSession(),
    EndSession(),
    JoinSession("n"),
    LeaveSession(),
    RemoveParticipant(who(TESS)),
    ChangeRole(who(TESS), Role.HOST),
    AddMember(UserId("u"), Role.HOST),
    RaiseHand(),
    LowerHand(),
    MuteTrack(TrackId("t")),
    UnmuteTrack(TrackId("t")),
    CloseTrack(TrackId("t")),
    PostMessage("t"),
    StartRecording(),
    StopRecording(),
    ResumeConnection(who(TESS), ConnectionId("c"), EdgeId("e")),
    LoseConnection(who(TESS), ConnectionId("c")),
    LoseEdge(EdgeId("e"), START),
    PublishTrack(TrackId("t"), who(TESS), KIND_OF_SOURCE[Source.CAMERA], Source.CAMERA, "x", 48_000, 1),
    ReportStep(NOTHING, "mix", "started"),
    AddArtifact(NOTHING, Artifact(ArtifactId("a"), ArtifactKind.POSTER, "k", "image/jpeg", 1, "0" * 64)),
    CompleteRecording(NOTHING, 1),
    PlaceRoom(NodeId("n")),
    LoseNode(NodeId("n")),
    DeadlinePassed(START),
)


TOPIC_EXAMPLES: tuple[Command, ...] = tuple(e for topic in TOPICS.values() for e in topic.EXAMPLES)


def test_service_commands_are_refused_to_everybody_else() -> None:
    state = Class().live(TESS).state
    for command in (*EXAMPLES, *TOPIC_EXAMPLES):
        for actor in (TESS, OPERATOR):
            outcome = decide(state, envelope(actor, command), START)
            if type(command).__name__ in SERVICE_ONLY or isinstance(command, SERVICE_COMMANDS):
                assert isinstance(outcome, Rejection)
                assert outcome.code == "forbidden"


SERVICE_ONLY = {
    "ResumeConnection",
    "LoseConnection",
    "LoseEdge",
    "PublishTrack",
    "ReportStep",
    "AddArtifact",
    "CompleteRecording",
    "PlaceRoom",
    "LoseNode",
    "DeadlinePassed",
}


# --- permissions ---------------------------------------------------------------------------------
TABLE = """
                  host co_host speaker viewer  outside lockable grantable
speak               x      x       x       .        .        x        x
camera              x      x       x       .        .        x        x
share_screen        x      x       x       .        .        x        x
raise_hand          x      x       x       x        .        x        x
react               x      x       x       x        .        x        x
chat                x      x       x       x        .        x        x
chat_staff          x      x       x       x        .        x        x
chat_private        x      x       x       .        .        x        x
ask_question        x      x       x       x        .        x        x
vote                x      x       x       x        .        x        x
pulse               x      x       x       x        .        x        x
draw                x      x       x       .        .        x        x
write_notes         x      x       x       .        .        x        x
upload              x      x       x       .        .        x        x
call_for_help       x      x       x       x        .        x        x
present             x      x       .       .        x        .        x
poll                x      x       .       .        x        .        x
answer_questions    x      x       .       .        .        .        x
open_breakouts      x      x       .       .        x        .        x
visit_breakouts     x      x       .       .        .        .        x
record              x      x       .       .        .        .        x
lower_hands         x      x       .       .        .        .        x
give_floor          x      x       .       .        .        .        x
spotlight           x      x       .       .        .        .        x
mute                x      x       .       .        .        .        x
moderate_chat       x      x       .       .        .        .        x
admit               x      x       .       .        .        .        x
remove              x      x       .       .        .        .        x
change_role         x      x       .       .        .        .        .
grant               x      x       .       .        .        .        .
lock                x      x       .       .        .        .        .
see_attendance      x      x       .       .        x        .        x
start_session       x      x       .       .        x        .        .
end_session         x      .       .       .        x        .        x
schedule            x      x       .       .        x        .        .
change_settings     x      .       .       .        x        .        .
add_member          x      .       .       .        x        .        .
redact              x      .       .       .        x        .        .
"""


def said(column: str) -> set[Permission]:
    """The permissions that are marked in a column of the table."""
    header, *rows = (line.split() for line in TABLE.strip().splitlines())
    at = header.index(column) + 1
    assert {row[0] for row in rows} == set(Permission)
    return {Permission(row[0]) for row in rows if row[at] == "x"}


@pytest.mark.parametrize("role", list(Role))
def test_roles_grant_what_the_table_says(role: Role) -> None:
    assert said(role) == ROLES[role]


def test_outside_the_class_locked_and_granted_is_what_the_table_says() -> None:
    assert said("outside") == FROM_OUTSIDE
    assert said("lockable") == LOCKABLE
    assert said("grantable") == set(Permission) - BY_ROLE_ONLY


def test_a_track_needs_the_permission_of_its_source() -> None:
    assert PUBLISHING == {
        Source.MICROPHONE: Permission.SPEAK,
        Source.CAMERA: Permission.CAMERA,
        Source.SCREEN: Permission.SHARE_SCREEN,
        Source.SCREEN_AUDIO: Permission.SHARE_SCREEN,
    }


def test_nobody_outside_the_class_may_anything() -> None:
    state = Class().created().state
    assert not any(may(state, who(TESS), permission) for permission in Permission)


def test_unknown_events_only_count() -> None:
    room = Class().live(TESS)
    body = encode_commit(room.log[-1]).replace(b"roster.joined", b"roster.levitated")
    commit = decode_commit(body)
    before = fold(initial(KEY), room.log[:-1])
    after = apply(before, commit)
    assert after.seq == before.seq + 1
    assert after.participants == {}
    assert CommandId(commit.cause) in {r.id for known in after.commands.values() for r in known}
