# ruff: noqa: INP001  A script of the web client, not a package.
"""Writes ``src/schema.ts``: the TypeScript twin of ``schemas`` and of the table of roles.

Run with the repository root on the path (``python edge/web/scripts/generate_types.py``); with
``--check`` nothing is written and a stale file fails the run.
"""

import sys
from pathlib import Path
from typing import Any, get_args

ROOT = Path(__file__).resolve().parents[3]
TARGET = ROOT / "edge" / "web" / "src" / "schema.ts"
sys.path.insert(0, str(ROOT))

import msgspec.inspect as shape  # noqa: E402  The repository root has to be on the path for what follows.

from rooms import permissions  # noqa: E402
from schemas import commands, events, frames, limits, signalling, view  # noqa: E402

ANSWERS: dict[str, str] = {
    "open": "MediaOpened",
    "restart_ice": "IceRestarted",
    "produce": "Produced",
    "consume": "Consumed",
    "get_stats": "MediaStats",
}
SIGNALS: dict[str, type] = {
    "levels": signalling.Levels,
    "layer": signalling.LayerChanged,
    "transport_closed": signalling.TransportClosed,
}
LIMITS = (
    "NAME_CHARS_MAX",
    "TITLE_CHARS_MAX",
    "MESSAGE_CHARS_MAX",
    "CHAT_RECENT_MAX",
    "BREAKOUT_TEXTS_KEPT_MAX",
    "QUESTIONS_ANSWERED_MAX",
    "CHAT_ASIDES_PER_THREAD_MAX",
    "CHAT_ASIDES_MAX",
    "SCHEDULED_SESSIONS_MAX",
    "PARTICIPANTS_MAX",
    "RECORDINGS_KEPT_MAX",
    "POLL_TEXTS_KEPT_MAX",
    "RECORDING_PAUSES_MAX",
    "ARTIFACTS_KEPT_MAX",
    "CONNECTION_COMMANDS_IN_FLIGHT_MAX",
    "CONSUMERS_PER_TRANSPORT_MAX",
    "HELLO_TIMEOUT_S",
    "HEARTBEAT_S",
    "COMMAND_BYTES_MAX",
    "ELEMENTS_PER_DRAW_MAX",
    "ELEMENT_BYTES_MAX",
    "PAGE_ELEMENTS_MAX",
    "NOTES_CHARS_MAX",
    "NOTES_PARAGRAPHS_MAX",
    "NOTES_PARAGRAPHS_PER_COMMAND_MAX",
    "DECK_PAGES_MAX",
    "SCENE_SOURCES_MAX",
    "URL_CHARS_MAX",
    "TIMER_S_MAX",
    "TIMER_LABEL_CHARS_MAX",
)


def main() -> int:
    """Writes the file, or with ``--check`` compares it."""
    text = render()
    if "--check" not in sys.argv:
        TARGET.write_text(text)
        return 0
    if TARGET.read_text() == text:
        return 0
    sys.stderr.write(f"{TARGET.relative_to(ROOT)} is stale: run edge/web/scripts/generate_types.py\n")
    return 1


def render() -> str:
    """The whole file, a pure function of ``schemas``."""
    structs = collect(
        [
            *signalling.METHODS.values(),
            *commands.CLIENT_COMMANDS,
            *events.EVENTS.values(),
            *SIGNALS.values(),
            *(getattr(signalling, name) for name in ANSWERS.values()),
            view.RoomView,
            *get_args(frames.ClientFrame),
            *get_args(frames.ServerFrame),
        ]
    )
    parts = [
        "// Written by scripts/generate_types.py from the Python package `schemas`. Do not edit.",
        *(text for _, text in sorted(structs.items())),
        alias("ClientFrame", [t.__name__ for t in get_args(frames.ClientFrame)]),
        alias("ServerFrame", [t.__name__ for t in get_args(frames.ServerFrame)]),
        alias("RoomEvent", [event_shape(name, kind.__name__) for name, kind in events.EVENTS.items()]),
        mapping("Commands", {c.name: c.__name__ for c in commands.CLIENT_COMMANDS}),
        mapping("MediaRequests", {name: kind.__name__ for name, kind in signalling.METHODS.items()}),
        mapping("MediaAnswers", {name: ANSWERS.get(name, "object") for name in signalling.METHODS}),
        mapping("Signals", {name: kind.__name__ for name, kind in SIGNALS.items()}),
        f"export const PROTOCOL_VERSION = {frames.PROTOCOL_VERSION};",
        constants("CLOSE_CODES", frames.CLOSE_CODES),
        roles(),
        constants("LIMITS", {name: getattr(limits, name) for name in LIMITS}),
    ]
    return "\n\n".join(parts) + "\n"


def event_shape(name: str, data: str) -> str:
    """One member of the union of events."""
    return f'(Omit<EventOut, "type" | "data"> & {{ type: "{name}"; data: {data} }})'


def alias(name: str, members: list[str]) -> str:
    """A union under a name."""
    return f"export type {name} =\n" + "\n".join(f"  | {member}" for member in members) + ";"


def mapping(name: str, members: dict[str, str]) -> str:
    """An interface from wire names to types."""
    lines = "\n".join(f"  {key}: {value};" for key, value in members.items())
    return f"export interface {name} {{\n{lines}\n}}"


def constants(name: str, members: dict[str, Any]) -> str:
    """A constant object of numbers."""
    lines = "\n".join(f"  {key}: {value}," for key, value in members.items())
    return f"export const {name} = {{\n{lines}\n}} as const;"


def roles() -> str:
    """The table of permissions, in the order in which views name them."""
    rows = {role.value: sorted(granted) for role, granted in permissions.ROLES.items()}
    outside = sorted(permissions.FROM_OUTSIDE)
    lines = [f"  {role}: [{quoted(granted)}]," for role, granted in rows.items()]
    table = "\n".join(lines)
    return (
        f"export const ROLE_PERMISSIONS: Record<Role, readonly Permission[]> = {{\n{table}\n}};\n\n"
        f"export const OUTSIDE_PERMISSIONS: readonly Permission[] = [{quoted(outside)}];"
    )


def quoted(words: list[permissions.Permission]) -> str:
    """Words as string literals."""
    return ", ".join(f'"{word}"' for word in words)


def collect(roots: list[type]) -> dict[str, str]:
    """Declarations of these structs and of all they are made of, by name."""
    found: dict[str, str] = {}
    waiting: list[shape.Type] = list(shape.multi_type_info(roots))
    while waiting:
        match waiting.pop():
            case shape.Metadata(type=inner):
                waiting.append(inner)
            case shape.StructType(cls=cls) as struct if cls.__name__ not in found:
                found[cls.__name__] = declaration(struct)
                waiting += [field.type for field in struct.fields]
            case shape.EnumType(cls=cls):
                members = " | ".join(f'"{member.value}"' for member in cls)
                found[cls.__name__] = f"{comment(cls)}export type {cls.__name__} = {members};"
            case shape.UnionType(types=types):
                waiting += types
            case shape.VarTupleType(item_type=item) | shape.DictType(value_type=item):
                waiting.append(item)
            case _:
                pass
    return found


def declaration(struct: shape.StructType) -> str:
    """An interface; the tag is its first member."""
    lines = [f'  {struct.tag_field}: "{struct.tag}";'] if struct.tag_field else []
    lines += [
        f"  {field.encode_name}{'' if field.required else '?'}: {type_of(field.type)};"
        for field in struct.fields
    ]
    name = struct.cls.__name__
    if not lines:
        return f"{comment(struct.cls)}export type {name} = object;"
    body = "\n".join(lines)
    return f"{comment(struct.cls)}export interface {name} {{\n{body}\n}}"


def comment(cls: type) -> str:
    """The docstring on one line."""
    return f"/** {' '.join((cls.__doc__ or '').split())} */\n"


def type_of(info: shape.Type) -> str:
    """The TypeScript type in which a value of this Python type arrives as JSON."""
    match info:
        case shape.Metadata(type=inner):
            return type_of(inner)
        case shape.StructType(cls=cls) | shape.EnumType(cls=cls):
            return str(cls.__name__)
        case shape.UnionType(types=types):
            return " | ".join(dict.fromkeys(type_of(member) for member in types))
        case shape.LiteralType(values=values):
            return " | ".join(f'"{value}"' for value in values)
        case shape.VarTupleType(item_type=item):
            element = type_of(item)
            return f"({element})[]" if " | " in element else f"{element}[]"
        case shape.DictType(value_type=value):
            return f"Record<string, {type_of(value)}>"
        case shape.IntType() | shape.FloatType():
            return "number"
        case shape.StrType():
            return "string"
        case shape.BoolType():
            return "boolean"
        case shape.NoneType():
            return "null"
        case shape.RawType():
            return "unknown"
        case _:
            raise TypeError(f"no TypeScript twin for {info}")


if __name__ == "__main__":
    raise SystemExit(main())
