"""Commands and commits keep their meaning on the wire, and strange bytes do no harm."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import subjects
from schemas.commands.chat import PostMessage
from schemas.envelope import (
    Accepted,
    Actor,
    Commit,
    Envelope,
    Event,
    RecordedActor,
    Rejected,
    RemoteFormatError,
    UnknownEvent,
    command_headers,
    decode_command,
    decode_commit,
    decode_event_data,
    decode_outcome,
    encode_command,
    encode_commit,
    encode_outcome,
    may_see,
    read_envelope,
)
from schemas.events import EVENTS
from schemas.frames import RequestId, ShortName
from schemas.ids import (
    CommandId,
    CommandToken,
    ParticipantId,
    ParticipantToken,
    RoomId,
    RoomKey,
    TenantId,
    UserId,
    participant_id,
)
from schemas.media import Role
from schemas.rejections import Code, Rejection

KEY = RoomKey(TenantId("demo"), RoomId("physics"))
GOLDEN = Path(__file__).parents[2] / "golden/events/v1"
tokens = st.from_regex(r"\A[A-Za-z0-9_-]{1,40}\Z")
golden_events = st.sampled_from(sorted(EVENTS)).map(
    lambda name: decode_event_data(name, (GOLDEN / f"{name}.json").read_bytes())
)
audiences = st.one_of(
    st.just("everyone"), st.just("staff"), st.lists(tokens.map(ParticipantId), max_size=3).map(tuple)
)
commits = st.builds(
    Commit,
    seq=st.integers(1, 1 << 50),
    at=st.integers(0, 1 << 50),
    cause=tokens.map(CommandId),
    actor=st.builds(RecordedActor, kind=st.sampled_from(["user", "guest", "service"]), id=tokens),
    events=st.lists(st.builds(Event, golden_events, audiences), min_size=1, max_size=4).map(tuple),
)


@given(commits)
def test_a_commit_survives_the_wire(commit: Commit) -> None:
    assert decode_commit(encode_commit(commit)) == commit


@given(commits)
def test_an_event_of_a_later_version_is_counted_and_kept(commit: Commit) -> None:
    body = json.loads(encode_commit(commit))
    body["events"][0] = {"type": "later.invented", "audience": "everyone", "data": {"x": [1]}}
    read = decode_commit(json.dumps(body).encode())
    assert isinstance(read.events[0].data, UnknownEvent)
    assert read.last_seq == commit.last_seq
    assert json.loads(encode_commit(read))["events"][0] == body["events"][0]


@given(st.binary(max_size=300))
def test_random_bytes_raise_only_the_remote_error(body: bytes) -> None:
    for read in (decode_commit, decode_outcome):
        with pytest.raises(RemoteFormatError):
            read(body)
    assert isinstance(decode_command("create_room", body), Rejection)


@given(st.text(max_size=80), tokens, tokens)
def test_any_display_name_travels_in_ascii_headers(name: str, person: str, command: str) -> None:
    actor = Actor("user", person, display_name=name.encode("utf-8", "ignore").decode())
    sent = Envelope(KEY, PostMessage(text="hello"), CommandId(command), actor, deadline=5)
    headers = command_headers(sent, attempt=0)
    assert all(value.isascii() and "\n" not in value and "\r" not in value for value in headers.values())
    assert read_envelope(KEY, "post_message", headers, encode_command(sent.command)) == sent


def test_each_attempt_has_its_own_message_id() -> None:
    """A retry must get past JetStream's duplicate window: only the decider knows the answer."""
    sent = Envelope(KEY, PostMessage(text="hello"), CommandId("c1"), Actor("user", "u1"), deadline=5)
    ids = {command_headers(sent, attempt)[subjects.MESSAGE_ID] for attempt in range(3)}
    assert len(ids) == 3


@pytest.mark.parametrize("missing", [subjects.ACTOR, subjects.COMMAND_ID, subjects.DEADLINE_AT])
def test_headers_that_are_not_ours_are_told_apart(missing: str) -> None:
    sent = Envelope(KEY, PostMessage(text="hello"), CommandId("c1"), Actor("user", "u1"), deadline=5)
    headers = command_headers(sent, 0)
    del headers[missing]
    with pytest.raises(RemoteFormatError):
        read_envelope(KEY, "post_message", headers, b"{}")


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("fly", b"{}", Code.UNKNOWN_COMMAND),
        ("post_message", b"{}", Code.MALFORMED),
        ("post_message", b'{"text": ""}', Code.MALFORMED),
        ("post_message", b'{"text": "a", "as": "host"}', Code.MALFORMED),
        ("post_message", json.dumps({"text": "x" * 2_001}).encode(), Code.MALFORMED),
        ("schedule_session", b'{"title": "a", "starts_at": 1e400}', Code.MALFORMED),
        ("remove_participant", b'{"participant": "a.b"}', Code.MALFORMED),
        ("raise_hand", b"[" * 10_000, Code.MALFORMED),
    ],
)
def test_a_command_out_of_bounds_is_rejected(name: str, body: bytes, code: Code) -> None:
    answer = decode_command(name, body)
    assert isinstance(answer, Rejection)
    assert answer.code == code


DEEP = b'{"a":' * 20_000 + b"1" + b"}" * 20_000


def test_what_is_nested_too_deeply_is_not_understood_and_does_no_harm() -> None:
    """Reading it would use up the stack."""
    unread = decode_command("post_message", b'{"text":' + DEEP + b"}")
    assert isinstance(unread, Rejection)
    assert unread.code is Code.MALFORMED
    headers = command_headers(
        Envelope(KEY, PostMessage("x"), CommandId("c1"), Actor("user", "u1"), 1), attempt=0
    )
    for read in (
        lambda: decode_event_data("chat.posted", DEEP),
        lambda: decode_commit(DEEP),
        lambda: decode_outcome(DEEP),
        lambda: read_envelope(KEY, "post_message", headers | {subjects.ACTOR: DEEP.decode()}, b"{}"),
    ):
        with pytest.raises(RemoteFormatError):
            read()


@pytest.mark.parametrize("kind", [CommandToken, ParticipantToken, RequestId, ShortName])
def test_a_token_ends_where_it_ends(kind: Any) -> None:
    """A line break behind it would end up in headers and subjects."""
    assert msgspec.convert("abc", kind) == "abc"
    for text in ("abc\n", "a\nb", "", "a" * 41, "a.b"):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(text, kind)


def test_outcomes_survive_the_wire() -> None:
    for outcome in (Accepted(7), Rejected(Code.FORBIDDEN, "No.")):
        assert decode_outcome(encode_outcome(outcome)) == outcome


def test_audiences_show_events_only_to_those_they_are_for() -> None:
    me, other = ParticipantId("p1"), ParticipantId("p2")
    assert may_see("everyone", None, None)
    assert may_see("staff", me, Role.CO_HOST)
    assert not may_see("staff", me, Role.SPEAKER)
    assert not may_see("staff", None, None)
    assert may_see((me,), me, Role.VIEWER)
    assert not may_see((me,), other, Role.HOST)


@given(tokens, tokens, tokens, st.from_regex(r"\A[a-z_]{1,20}\Z"))
def test_subjects_read_back_what_was_built(tenant: str, room: str, track: str, word: str) -> None:
    key = RoomKey(TenantId(tenant), RoomId(room))
    assert subjects.parse_event(subjects.event(key, word)) == (key, word)
    assert subjects.parse_event(f"live.{tenant}.{room}.{word}") == (key, word)
    assert subjects.parse_control(subjects.control(key, word)) == (key, word)
    assert subjects.parse_job(subjects.job(word, key)) == (word, key)
    assert subjects.parse_command(f"cmd.3.{tenant}.{room}.{word}") == (3, key, word)


@given(st.text(max_size=60))
def test_strange_subjects_are_nobodys(text: str) -> None:
    for parse in (subjects.parse_command, subjects.parse_record, subjects.parse_job):
        assert parse(text) is None or text.split(".", maxsplit=1)[0] in ("cmd", "rec", "job")


def test_a_participant_is_the_same_next_lesson_and_another_in_another_room() -> None:
    person = UserId("u1")
    other = RoomKey(TenantId("demo"), RoomId("maths"))
    assert participant_id(KEY, person) == participant_id(KEY, person)
    assert participant_id(KEY, person) != participant_id(other, person)
    assert person not in participant_id(KEY, person)
