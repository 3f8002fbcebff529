"""The audit trail as a pure function: what a row says of each kind of decision."""

import json
from pathlib import Path
from typing import Any

import pytest

from projectors.audit import writes
from projectors.model import Fact
from schemas.envelope import RecordedActor, decode_event_data
from schemas.events import EVENTS
from schemas.ids import ParticipantId, RoomId, RoomKey, TenantId, participant_id

TESS = RecordedActor("user", "tess", ParticipantId("p1"))
KEY = RoomKey(TenantId("school"), RoomId("room1"))
GOLDEN = Path(__file__).parents[2] / "golden" / "events" / "v1"
U2 = participant_id(KEY, "u2")


def row(wire_type: str, **changes: Any) -> tuple[Any, ...] | None:
    """Whom, about, before and after, for the golden event of a type with these changes."""
    body = {**json.loads((GOLDEN / f"{wire_type}.json").read_bytes()), **changes}
    data = decode_event_data(wire_type, json.dumps(body).encode())
    made = writes(Fact(KEY, 7, 1_000, data, TESS))
    if not made:
        return None
    (write,) = made
    tenant, room, seq, at, action, kind, actor, by, whom, about, before, after = write.args
    assert (tenant, room, seq, at, action) == ("school", "room1", 7, 1_000, wire_type)
    assert (kind, actor, by) == ("user", "tess", "p1")
    return whom, about, *(v and json.loads(str(v)) for v in (before, after))


def role(name: str, custom_role: str = "") -> dict[str, str]:
    return {"role": name, "custom_role": custom_role}


@pytest.mark.parametrize(
    ("wire_type", "changes", "said"),
    [
        (
            "rights.granted",
            {},
            ("p2", "share_screen", {"revoked": ["share_screen"]}, {"granted": ["share_screen"]}),
        ),
        ("rights.revoked", {}, ("p2", "chat", {}, {"revoked": ["chat"]})),
        ("rights.reset", {}, ("p2", "", {"granted": ["poll"], "revoked": ["chat"]}, None)),
        ("rights.locked", {}, (None, "share_screen", ["chat_private"], ["chat_private", "share_screen"])),
        ("rights.unlocked", {}, (None, "share_screen", ["chat_private", "share_screen"], ["chat_private"])),
        ("roster.role_changed", {}, ("p2", "", role("viewer"), role("speaker"))),
        (
            "roster.role_changed",
            {"custom_role": "tutor", "custom_role_before": "guest"},
            ("p2", "", role("viewer", "guest"), role("speaker", "tutor")),
        ),
        ("roster.member_added", {}, (U2, "u2", None, role("co_host"))),
        (
            "roster.member_added",
            {"before": "viewer", "custom_role_before": "guest"},
            (U2, "u2", role("viewer", "guest"), role("co_host")),
        ),
        ("roster.member_removed", {}, (U2, "u2", role("speaker", "tutor"), None)),
        ("roster.left", {"reason": "removed"}, ("p1", "", None, {"may_return": False})),
        (
            "roster.left",
            {"reason": "removed", "may_return": True},
            ("p1", "", None, {"may_return": True}),
        ),
        ("roster.left", {"reason": "timeout"}, None),
        ("roster.readmitted", {}, ("p2", "", None, None)),
        ("lifecycle.room_renamed", {"title": "Algebra II"}, (None, "", None, {"title": "Algebra II"})),
        ("lifecycle.course_assigned", {"course": "math"}, (None, "", None, {"course": "math"})),
        ("recording.retention_set", {"keep_until": 9}, (None, "r1", None, {"keep_until": 9})),
        ("floor.hand_raised", {}, None),
    ],
)
def test_a_row_says_whom_what_before_and_after(
    wire_type: str, changes: dict[str, Any], said: tuple[Any, ...] | None
) -> None:
    assert row(wire_type, **changes) == said


@pytest.mark.parametrize("wire_type", ["rights.policy_applied", "lifecycle.settings_changed"])
def test_what_replaces_a_whole_is_kept_whole(wire_type: str) -> None:
    golden = json.loads((GOLDEN / f"{wire_type}.json").read_bytes())
    assert row(wire_type) == (None, "", golden["before"], golden["after"])


def test_these_decisions_are_on_the_trail_and_nothing_else() -> None:
    """Everything about rights, roles, members, the door, settings, and what is erased."""
    kept = {t for t in EVENTS if row(t, **({"reason": "removed"} if t == "roster.left" else {}))}
    assert kept == {
        "lifecycle.course_assigned",
        "lifecycle.room_archived",
        "lifecycle.room_renamed",
        "lifecycle.room_restored",
        "lifecycle.settings_changed",
        "lobby.admitted",
        "lobby.denied",
        "recording.deleted",
        "recording.retention_set",
        "redaction.redacted",
        "rights.granted",
        "rights.locked",
        "rights.policy_applied",
        "rights.reset",
        "rights.revoked",
        "rights.unlocked",
        "roster.left",
        "roster.member_added",
        "roster.member_removed",
        "roster.readmitted",
        "roster.role_changed",
    }
