"""The contract written out: tables of PROTOCOL.md, AsyncAPI, JSON Schemas; pure functions of the code.

``python -m deploy.contract`` writes them; with ``--check`` nothing is written and a stale file fails.
"""

import json
import re
import sys
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from edge.contract import catalogue
from rooms.permissions import ROLES, Permission
from rooms.room import apply, decide, initial
from rooms.view import view
from schemas.commands import CLIENT_COMMANDS, SERVICE_COMMANDS, Command
from schemas.commands.lifecycle import CreateRoom, StartSession
from schemas.commands.roster import JoinSession
from schemas.envelope import Accepted, Actor, Commit, Envelope, RecordedActor, Rejected
from schemas.events import EVENTS, EventData
from schemas.frames import ViewFrame
from schemas.ids import CommandId, ConnectionId, EdgeId, RoomId, RoomKey, TenantId, participant_id
from schemas.media import Role
from schemas.rejections import SENTENCES
from schemas.signalling import METHODS, Signal

SCHEMAS = Path(__file__).resolve().parents[1] / "schemas"
PROTOCOL, SCHEMA, ASYNCAPI = SCHEMAS / "PROTOCOL.md", SCHEMAS / "schema.json", SCHEMAS / "asyncapi.json"
PROBLEMS = SCHEMAS.parent / "docs" / "api" / "problems.md"

Json = dict[str, Any]


def main() -> int:
    """Writes the files, or with ``--check`` compares them."""
    stale = [path for path, text in files().items() if not path.exists() or path.read_text() != text]
    if "--check" not in sys.argv:
        for path in stale:
            path.write_text(files()[path])
        return 0
    for path in stale:
        sys.stderr.write(f"{path.relative_to(SCHEMAS.parent)} is stale: run python -m deploy.contract\n")
    return 1 if stale else 0


def files() -> dict[Path, str]:
    """What each file should say."""
    return {
        PROTOCOL: protocol(PROTOCOL.read_text()),
        SCHEMA: _document(json_schema()),
        ASYNCAPI: _document(asyncapi()),
        PROBLEMS: catalogue(),
    }


def _document(value: Json) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, sort_keys=False) + "\n"


# --- PROTOCOL.md ---------------------------------------------------------------------------------
def protocol(text: str) -> str:
    """The page with its tables as they should be; the prose around them stays."""
    tables = {
        "permissions": _permissions(),
        "commands": _rows("command", [(c.name, c) for c in CLIENT_COMMANDS]),
        "service commands": _rows("service command", [(c.name, c) for c in SERVICE_COMMANDS]),
        "events": _rows("type", list(EVENTS.items())),
        "view": _view(),
        "rejections": _table(("code", "said to people"), [(f"`{c}`", s) for c, s in SENTENCES.items()]),
    }
    for name, table in tables.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        head, found, rest = text.partition(begin)
        assert found, f"PROTOCOL.md has no place for its {name}"
        text = head + begin + table + end + rest.partition(end)[2]
    return text


def _permissions() -> str:
    rows = [(f"`{p}`", *("yes" if p in ROLES[role] else "" for role in Role)) for p in Permission]
    return _table(("permission", *(f"`{role}`" for role in Role)), rows)


def _view() -> str:
    """The view of a class in which one person waits for the others."""
    key = RoomKey(TenantId("demo"), RoomId("physics"))
    who = participant_id(key, "u2")
    actor = Actor(
        "user", "u2", who, "Sam", ("teach",), connection=ConnectionId("c9Xw31"), edge=EdgeId("edge-1")
    )
    state = initial(key)
    for wish in (CreateRoom("Physics 10b"), StartSession(), JoinSession("Sam")):
        asked = Envelope(key, wish, CommandId(wish.name), actor, _NOON)
        events = decide(state, asked, _NOON)
        assert isinstance(events, tuple)
        recorded = RecordedActor(actor.kind, actor.id, actor.participant)
        state = apply(state, Commit(state.seq + 1, _NOON, asked.id, recorded, events))
    frame = msgspec.json.encode(ViewFrame(view(state, who))).decode()
    spaced = re.sub(r'(?<=[,:])(?=["{\[\dtfn])', " ", frame)
    return f"```json server:view\n{textwrap.fill(spaced, 108, break_long_words=False)}\n```\n"


_NOON = 1_763_719_200_000


def _rows(title: str, kinds: Iterable[tuple[str, type[Command] | type[EventData]]]) -> str:
    return _table(
        (title, "data", "meaning"),
        [(f"`{name}`", _fields(kind), _sentence(kind)) for name, kind in kinds],
    )


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _fields(kind: type[Struct]) -> str:
    """Names of the fields; a question mark where one may be left out."""
    return ", ".join(f"`{f.encode_name}`{'' if f.required else '?'}" for f in msgspec.structs.fields(kind))


def _sentence(kind: type) -> str:
    """The docstring's first paragraph, in one line."""
    first = (kind.__doc__ or "").strip().split("\n\n")[0]
    return re.sub(r"\s+", " ", first.replace("``", "`")).replace("|", "\\|")


# --- JSON Schema ---------------------------------------------------------------------------------
def json_schema() -> Json:
    """JSON Schema 2020-12 of every command, event and media request, with what they are made of."""
    commands = {c.name: c for c in (*CLIENT_COMMANDS, *SERVICE_COMMANDS)}
    kinds: dict[str, type] = {
        **commands,
        **EVENTS,
        **{f"media.{n}": m for n, m in METHODS.items()},
        "signal": Signal,
        "accepted": Accepted,
        "rejected": Rejected,
    }
    shapes, components = msgspec.json.schema_components(kinds.values(), ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Commands, events and media requests of Classwire",
        "description": "Look a wire name up in `names`; its schema is in `$defs`.",
        "names": dict(zip(kinds, shapes, strict=True)),
        "$defs": components,
    }


# --- AsyncAPI ------------------------------------------------------------------------------------
def asyncapi() -> Json:
    """AsyncAPI 3.0 of the subjects: who may say what where, payloads by reference to ``schema.json``."""
    commands = [*CLIENT_COMMANDS, *SERVICE_COMMANDS]
    topics = sorted({name.partition(".")[0] for name in EVENTS})
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Classwire",
            "version": "1",
            "description": "The ordered log of live classes. Prose, order and guarantees: PROTOCOL.md.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"nats": {"host": "localhost:4222", "protocol": "nats"}},
        "channels": {
            "commands": _channel(
                "class.{tenant}.{room}.cmd.{command}",
                "Wishes, stored in CMD.",
                {c.name: _message(c.name, c) for c in commands},
                command=[c.name for c in commands],
            ),
            "log": _channel(
                "class.{tenant}.{room}.evt.{topic}",
                "Commits, stored in EVT: what one command caused. Only `rooms` appends.",
                {"commit": {"$ref": "#/components/messages/commit"}},
                topic=topics,
            ),
            "live": _channel(
                "live.{tenant}.{room}.{topic}",
                "Commits as they are stored, core NATS: subscribe here.",
                {"commit": {"$ref": "#/components/messages/commit"}},
                topic=topics,
            ),
            "control": _channel(
                "ctl.{tenant}.{room}.{command}",
                "Operators' requests; the answer is the outcome.",
                {c.name: _message(c.name, c) for c in CLIENT_COMMANDS},
                command=[c.name for c in CLIENT_COMMANDS],
            ),
            "signals": _channel(
                "sig.{tenant}.{room}.{kind}",
                "Ephemeral signals, core NATS: may be lost.",
                {"signal": _message("signal", Signal)},
            ),
            "outcome": {
                "address": None,
                "description": "The inbox that a command names: what became of it.",
                "messages": {
                    "accepted": _message("accepted", Accepted),
                    "rejected": _message("rejected", Rejected),
                },
            },
        },
        "operations": {
            "ask": _operation("send", "commands", "edge, sfu, artifacts, rooms"),
            "append": _operation("send", "log", "rooms"),
            "follow": _operation("receive", "live", "edge, sfu, analytics, operators"),
            "control": _operation("send", "control", "operators")
            | {"reply": {"channel": {"$ref": "#/channels/outcome"}}},
        },
        "components": {"messages": {"commit": _commit()}},
    }


def _channel(address: str, description: str, messages: Json, **enums: list[str]) -> Json:
    parameters = {
        name: {"description": _PARAMETERS.get(name, name)} | ({"enum": enums[name]} if name in enums else {})
        for name in re.findall(r"{(\w+)}", address)
    }
    return {"address": address, "description": description, "parameters": parameters, "messages": messages}


_PARAMETERS = {"tenant": "Tenant id.", "room": "Room id.", "kind": "What is signalled."}


def _message(name: str, kind: type) -> Json:
    return {
        "name": name,
        "summary": _sentence(kind),
        "payload": {"$ref": f"./schema.json#/names/{name}"},
    }


def _commit() -> Json:
    events = [
        {
            "type": "object",
            "properties": {
                "type": {"const": name},
                "audience": {},
                "data": {"$ref": f"./schema.json#/names/{name}"},
            },
        }
        for name in EVENTS
    ]
    return {
        "name": "commit",
        "summary": "What one command caused, whole or not at all; a CloudEvent in binary mode.",
        "headers": {
            "type": "object",
            "properties": {f"ce-{name}": {"type": "string"} for name in ("id", "source", "type", "time")},
        },
        "payload": {
            "type": "object",
            "required": ["seq", "at", "cause", "actor", "events"],
            "properties": {
                "seq": {"type": "integer"},
                "at": {"type": "integer", "description": "Unix milliseconds."},
                "cause": {"type": "string"},
                "actor": {"type": "object"},
                "events": {"type": "array", "items": {"oneOf": events}},
            },
        },
    }


def _operation(action: str, channel: str, by: str) -> Json:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "description": f"By {by}."}


if __name__ == "__main__":
    sys.exit(main())
