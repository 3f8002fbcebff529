"""Examples for the OpenAPI document: a value that a schema allows, as plausible as its names allow.

A property whose name is in ``WORDS`` looks like what it is; all others are the simplest value of their
type. ``tests/integration/edge/test_contract.py`` holds every example of the document against its schema.
"""

import re
from typing import Any

Json = dict[str, Any]

_AT = 1_763_719_200_000
WORDS: dict[str, Any] = {
    "access": "al3kq9",
    "at": _AT,
    "capabilities": ["teach"],
    "course": "c7physics",
    "cursor": "eyJzIjo0Mn0.5oK3",
    "description": "Attendance for the school office",
    "detail": "Please sign in.",
    "display_name": "Sam Student",
    "email": "sam@school.example",
    "expires_at": _AT + 300_000,
    "from": 0,
    "id": "x4f9c2a7",
    "kind": "user",
    "name": "Sam Student",
    "participant": "p3kq9x1",
    "passcode": "maple-42",
    "password": "correct horse battery",
    "person": "u5sam",
    "question": "What is the speed of light?",
    "room": "r8t2m5",
    "session": "s1b6w0",
    "sha256": "",
    "starts_at": _AT,
    "tenant": "demo",
    "text": "Light is a wave, too.",
    "time_zone": "Europe/Berlin",
    "title": "Waves and light",
    "to": _AT,
    "token": "q1Zr8yX0sKkq3vH2mT7uWb4nPc5d",
    "url": "https://school.example/hooks/classwire",
    "user": "u5sam",
    "webhook": "wh6d1e",
}
_DEPTH_MAX = 12


def example_of(schema: Json, components: Json, name: str = "", depth: int = 0) -> Any:
    """A value that the schema allows."""
    if "$ref" in schema:
        schema = components[schema["$ref"].rpartition("/")[2]]
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return _chosen(schema[choice], components, name, depth)
    match schema.get("type"):
        case "object":
            return _object(schema, components, depth)
        case "array":
            return _array(schema, components, name, depth)
        case "string":
            return _string(schema, name)
        case "integer" | "number":
            return _number(schema, name)
        case "boolean":
            return True
        case _:
            return None


def _chosen(choices: list[Json], components: Json, name: str, depth: int) -> Any:
    """The first that is not null; null where examples would never end."""
    wanted = [choice for choice in choices if choice.get("type") != "null"]
    if depth > _DEPTH_MAX or not wanted:
        return None
    return example_of(wanted[0], components, name, depth + 1)


def _object(schema: Json, components: Json, depth: int) -> Json:
    required = schema.get("required", ())
    return {
        name: example_of(part, components, name, depth + 1)
        for name, part in schema.get("properties", {}).items()
        if name in required or depth <= 1
    }


def _array(schema: Json, components: Json, name: str, depth: int) -> list[Any]:
    if "prefixItems" in schema:
        return [example_of(part, components, name, depth + 1) for part in schema["prefixItems"]]
    items = schema.get("items")
    if not isinstance(items, dict) or depth > _DEPTH_MAX:
        return []
    return [example_of(items, components, name.removesuffix("s"), depth + 1)] * max(
        1, schema.get("minItems", 1)
    )


def _string(schema: Json, name: str) -> str:
    if schema.get("format") == "date":
        return "2025-11-21"
    if "pattern" in schema:
        words = (WORDS.get(name), *_SHAPES)
        return str(next(word for word in words if _is_like(word, schema["pattern"])))
    word = WORDS.get(name, "…")
    text = word if isinstance(word, str) else "…"
    return text.ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength", len(text) + 1_000)]


_SHAPES = ("x4f9c2a7", "", "a4" * 32, "sam@school.example", "school.example", "rooms:read", "\u2026")
"""What patterns of the contract are about: ids, nothing, digests, addresses, hosts, scopes, anything."""


def _is_like(word: Any, pattern: str) -> bool:
    return isinstance(word, str) and re.search(pattern, word) is not None


def _number(schema: Json, name: str) -> int:
    word = WORDS.get(name)
    value = word if isinstance(word, int) else _AT if name.endswith("_at") else 1
    return int(min(max(value, schema.get("minimum", value)), schema.get("maximum", value)))
