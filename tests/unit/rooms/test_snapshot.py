"""Snapshots fit where they are kept, and a bad one is none: ``rooms.snapshot``."""

import hashlib
import zlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from rooms.snapshot import (
    FORM,
    Position,
    decode,
    decode_pointer,
    encode,
    encode_pointer,
    is_small,
    point,
    start,
)
from schemas.artifacts import Artifact, ArtifactKind
from schemas.commands.chat import PostMessage
from schemas.commands.floor import RaiseHand
from schemas.commands.lifecycle import ScheduleSession
from schemas.commands.recording import AddArtifact, StartRecording, StopRecording
from schemas.commands.roster import AddMember, JoinSession
from schemas.envelope import Actor
from schemas.ids import ArtifactId, ConnectionId, EdgeId, RoomId, RoomKey, TenantId, TrackId, UserId
from schemas.limits import (
    ARTIFACTS_KEPT_MAX,
    COMMAND_MEMORY_PER_ACTOR,
    HANDS_MAX,
    MEMBERS_MAX,
    PARTICIPANTS_MAX,
    RECORDINGS_KEPT_MAX,
    SCHEDULED_SESSIONS_MAX,
    SNAPSHOT_INLINE_BYTES_MAX,
    TRACKS_MAX,
)
from schemas.media import Role, Source
from tests.unit.rooms.classroom import KEY, SECOND, SERVICE, TESS, Class, person, publishing


def random_text(seed: str, length: int) -> str:
    """What no compressor shortens by more than half: hexadecimal digits of a hash."""
    blocks = (hashlib.sha256(f"{seed}/{i}".encode()).hexdigest() for i in range(length // 64 + 1))
    return "".join(blocks)[:length]


def student(i: int) -> Actor:
    """Names of usual length, identifiers as random as the edge makes them."""
    return replace(
        person(random_text(f"user{i}", 20)),
        display_name=f"{random_text(f'first{i}', 8)} {random_text(f'last{i}', 10)}",
        connection=ConnectionId(random_text(f"socket{i}", 20)),
        edge=EdgeId(f"edge-{i % 4}"),
    )


def full_room() -> Class:
    """Every list of the state at its bound; texts as long as people write them."""
    room = Class().live(TESS)
    people = [student(i) for i in range(PARTICIPANTS_MAX - 1)]
    for i, actor in enumerate(people):
        room.ask(actor, JoinSession(actor.display_name), random_text(f"join{i}", 20))
    for i, actor in enumerate(people[:TRACKS_MAX]):
        room.facts(SERVICE, publishing(actor, Source.CAMERA, track=TrackId(random_text(f"track{i}", 20))))
    for i, actor in enumerate(people[:HANDS_MAX]):
        room.ask(actor, RaiseHand(), random_text(f"hand{i}", 20))
    for i in range(MEMBERS_MAX):
        room.facts(TESS, AddMember(UserId(random_text(f"member{i}", 20)), Role.CO_HOST))
    for i in range(SCHEDULED_SESSIONS_MAX):
        room.facts(TESS, ScheduleSession(random_text(f"title{i}", 40), room.now + i * SECOND))
    for i in range(RECORDINGS_KEPT_MAX):
        room.facts(TESS, StartRecording())
        recording = room.state.recordings[-1].id
        room.facts(TESS, StopRecording())
        for j in range(ARTIFACTS_KEPT_MAX):
            name = ArtifactId(random_text(f"artifact{i}.{j}", 20))
            digest = hashlib.sha256(name.encode()).hexdigest()
            key = f"demo/algebra/{recording}/{name}.webm"
            room.facts(
                SERVICE,
                AddArtifact(recording, Artifact(name, ArtifactKind.TRACK, key, "video/webm", 9, digest)),
            )
    chatty = people[: room.state.commands_held // COMMAND_MEMORY_PER_ACTOR]
    for i, actor in enumerate(chatty):
        for j in range(COMMAND_MEMORY_PER_ACTOR):
            text = random_text(f"text{i}.{j}", 400)
            room.ask(actor, PostMessage(text), random_text(f"chat{i}.{j}", 20))
    return room


def test_a_room_with_everything_full_fits_into_one_value() -> None:
    room = full_room()
    packed = encode(Position(room.state, 1))
    assert len(packed) < SNAPSHOT_INLINE_BYTES_MAX, len(packed)
    assert decode(KEY, packed) == Position(room.state, 1)


def test_a_state_that_does_not_fit_is_pointed_to() -> None:
    room = Class().live(TESS)
    names = {f"{i}": random_text(f"{i}", 4_000) for i in range(200)}
    huge = replace(room.state, title="".join(names.values()))
    position = Position(huge, 1)
    packed = encode(position)
    assert not is_small(packed)
    pointer = decode_pointer(encode_pointer(point(position, packed)))
    assert pointer is not None
    assert pointer.fits(packed)
    assert not pointer.fits(packed[:-1])
    assert decode(KEY, encode_pointer(pointer)) is None
    assert decode_pointer(packed) is None


@given(st.binary(max_size=200))
def test_bytes_that_are_no_snapshot_are_none(garbage: bytes) -> None:
    assert decode(KEY, garbage) is None
    assert decode(KEY, zlib.compress(garbage)) is None


def test_a_bomb_is_no_snapshot() -> None:
    assert decode(KEY, zlib.compress(b" " * 50_000_000, 9)) is None


@pytest.mark.parametrize("change", [{"form": FORM + 1}, {"form": FORM - 1}])
def test_a_snapshot_of_another_form_is_none(change: dict[str, int]) -> None:
    packed = encode(start(KEY))
    assert packed is not None
    body = msgspec.json.decode(zlib.decompress(packed)) | change
    assert decode(KEY, zlib.compress(msgspec.json.encode(body))) is None


def test_a_snapshot_of_another_room_is_none() -> None:
    packed = encode(start(RoomKey(TenantId("demo"), RoomId("other"))))
    assert packed is not None
    assert decode(KEY, packed) is None
