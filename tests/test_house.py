"""The source itself: what holds in every file, so that a newcomer can rely on it."""

import ast
import json
import re
from pathlib import Path

import msgspec
import pytest

import schemas.limits
from schemas import subjects
from schemas.commands import CLIENT_COMMANDS, COMMANDS, SERVICE_COMMANDS
from schemas.envelope import (
    UnknownEvent,
    decode_commit,
    decode_event_data,
    decode_outcome,
    encode_event_data,
)
from schemas.events import EVENTS
from schemas.frames import client_decoder, server_decoder
from schemas.rejections import SENTENCES, Code
from schemas.signalling import METHODS

ROOT = Path(__file__).parent.parent
PACKAGES = ("artifacts", "bus", "deploy", "edge", "projectors", "rooms", "schemas", "sfu")
DOCUMENTED = ("schemas", "bus", "sfu")
SOURCES = sorted(
    path
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
    if "node_modules" not in path.parts and "target" not in path.parts
)


@pytest.mark.parametrize("wire_type", sorted(EVENTS))
def test_every_stored_event_keeps_its_golden_meaning(wire_type: str) -> None:
    """Bytes that lie in somebody's log decode for ever, to the same fields."""
    golden = (ROOT / "tests/golden/events/v1" / f"{wire_type}.json").read_bytes()
    event = decode_event_data(wire_type, golden)
    assert not isinstance(event, UnknownEvent)
    assert json.loads(bytes(encode_event_data(event))) == json.loads(golden)


def test_no_golden_event_was_forgotten() -> None:
    """A stored name is never removed from the code."""
    stored = {path.stem for path in (ROOT / "tests/golden/events/v1").glob("*.json")}
    assert stored == set(EVENTS)


def test_event_types_are_topic_and_past_verb() -> None:
    """The topic is a subject token."""
    assert all(re.fullmatch(r"[a-z]+\.[a-z_]+", wire_type) for wire_type in EVENTS)


def test_commands_are_client_or_service_and_their_names_are_subject_tokens() -> None:
    """No command is reachable by accident."""
    assert not set(CLIENT_COMMANDS) & set(SERVICE_COMMANDS)
    assert all(re.fullmatch(r"[a-z_]+", name) for name in COMMANDS)


def test_every_rejection_code_has_its_sentence() -> None:
    """A person reads words, not codes."""
    assert set(SENTENCES) == set(Code)


def test_every_limit_has_a_reason() -> None:
    """A number without its reason cannot be changed wisely."""
    text = Path(schemas.limits.__file__).read_text()
    lines = text.splitlines()
    bounds = [node for node in ast.parse(text).body if isinstance(node, ast.AnnAssign)]
    assert len(bounds) == len([name for name in vars(schemas.limits) if name.isupper()])
    for node in bounds:
        told = "\n".join(lines[node.lineno - 1 : node.end_lineno])
        assert re.search(r"#\s+\S.{8,}", told), f"{told} has no reason"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_subjects_are_formatted_in_one_place(path: Path) -> None:
    """Nobody but ``schemas.subjects`` builds a subject."""
    if path.name == "subjects.py" or path.parts[-2] == "bus":
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.JoinedStr) and node.values:
            first = node.values[0]
            text = first.value if isinstance(first, ast.Constant) else ""
            assert not re.match(r"^(class|live|rec|job|ctl|sig|alive|audit|dlq)\.", str(text)), (
                f"{path.name}:{node.lineno} formats a subject"
            )


@pytest.mark.parametrize(
    "path",
    [p for p in SOURCES if p.relative_to(ROOT).parts[0] in DOCUMENTED],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_public_names_are_documented(path: Path) -> None:
    """Public classes and functions of the shared packages say what they are."""
    tree = ast.parse(path.read_text())
    for node in tree.body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{path.name}:{node.lineno} {node.name} has no docstring"


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_opens_with_a_page(package: str) -> None:
    """Prose, not imports: what lives here, what is deliberately absent, which invariants hold."""
    text = (ROOT / package / "__init__.py").read_text()
    page = ast.get_docstring(ast.parse(text)) or ""
    assert len(page.splitlines()) >= 5
    assert "absent" in page
    assert "import " not in text.replace(page, "")


def test_subject_tokens_of_streams_do_not_overlap() -> None:
    """Each stream owns its subjects alone."""
    samples = ["class", "cmd", "rec", "job", "audit", "dlq", "live", "sig", "ctl", "alive"]
    assert len(samples) == len(set(samples))
    assert subjects.PARTITIONS == 16


def protocol_examples() -> list[tuple[str, str]]:
    """``(kind, json)`` of every marked example in PROTOCOL.md: a fence ``json frame:client`` and so on."""
    text = (ROOT / "schemas/PROTOCOL.md").read_text()
    return re.findall(r"```json ([a-z]+:[a-z_.]+)\n(.*?)```", text, flags=re.DOTALL)


@pytest.mark.parametrize(("kind", "body"), protocol_examples())
def test_protocol_examples_decode(kind: str, body: str) -> None:
    """Every example of PROTOCOL.md is what the code reads."""
    family, name = kind.split(":")
    match family:
        case "client":
            assert client_decoder.decode(body).__struct_config__.tag == name
        case "server":
            assert server_decoder.decode(body).__struct_config__.tag == name
        case "commit":
            assert decode_commit(body.encode()).seq >= 1
        case "outcome":
            decode_outcome(body.encode())
        case "command":
            msgspec.json.decode(body, type=COMMANDS[name])
        case "event":
            assert not isinstance(decode_event_data(name, body.encode()), UnknownEvent)
        case "media":
            msgspec.json.decode(body, type=METHODS[name])
        case _:
            pytest.fail(f"unknown kind of example: {kind}")


def test_protocol_shows_every_frame_command_event_and_method() -> None:
    """The contract leaves nothing out."""
    text = (ROOT / "schemas/PROTOCOL.md").read_text()
    for word in [*COMMANDS, *EVENTS, *METHODS, *Code]:
        assert f"`{word}`" in text, f"{word} is not in PROTOCOL.md"
