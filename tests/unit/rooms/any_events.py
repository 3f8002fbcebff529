"""Events with any fields that fit their types, from small pools, so that they speak of the same things.

No rule would make such histories: they stand for the log of another version, and for our own mistakes.
"""

import types
from collections.abc import Callable
from enum import Enum
from random import Random
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Raw, Struct

from schemas.events import EVENTS, EventData
from schemas.ids import ParticipantId
from tests.unit.rooms.classroom import PEOPLE, START, who

_WORDS = ("", "a", "Energy", "∂²u", "line\nline")
_TUPLE_MAX = 3


def any_event(kind: str, seed: int) -> EventData:
    """An event of this type, the same for the same seed."""
    event = _any(EVENTS[kind], Random(seed))
    assert isinstance(event, EventData)
    return event


def _any(hint: Any, chance: Random) -> Any:
    origin = get_origin(hint)
    if origin is Annotated:
        return _bounded(hint, chance)
    if origin is not None:
        return _made_of(origin, get_args(hint), chance)
    if isinstance(hint, NewType):
        if hint is ParticipantId:
            return who(chance.choice(PEOPLE))
        return f"{hint.__name__.lower()}{chance.randrange(2)}"
    if issubclass(hint, Struct):
        hints = get_type_hints(hint, include_extras=True)
        return hint(**{name: _any(hints[name], chance) for name in hint.__struct_fields__})
    if issubclass(hint, Enum):
        return chance.choice(list(hint))
    return _PLAIN[hint](chance)


def _made_of(origin: Any, inner: tuple[Any, ...], chance: Random) -> Any:
    if origin is Literal:
        return chance.choice(inner)
    if origin in (Union, types.UnionType):
        return _any(chance.choice(inner), chance)
    if origin is dict:
        return {_any(inner[0], chance): _any(inner[1], chance) for _ in range(chance.randrange(_TUPLE_MAX))}
    assert origin is tuple
    if inner[-1] is Ellipsis:
        return tuple(_any(inner[0], chance) for _ in range(chance.randrange(_TUPLE_MAX)))
    return tuple(_any(each, chance) for each in inner)


def _bounded(hint: Any, chance: Random) -> Any:
    """Tries until the bounds are kept; where a pool never keeps them, the smallest that does."""
    inner, *_ = get_args(hint)
    for _ in range(20):
        value = _any(inner, chance)
        try:
            return (
                msgspec.convert(value, hint, from_attributes=True) if not isinstance(value, tuple) else value
            )
        except msgspec.ValidationError:
            continue
    least = next(meta for meta in get_args(hint)[1:] if isinstance(meta, Meta))
    return least.ge if least.ge is not None else "0" * (least.min_length or 64)


def _element(chance: Random) -> Raw:
    fields = {"id": f"e{chance.randrange(3)}", "type": "freedraw", "version": chance.randrange(4)}
    return Raw(msgspec.json.encode({**fields, "versionNonce": 1, "isDeleted": chance.random() < 0.3}))


_PLAIN: dict[Any, Callable[[Random], Any]] = {
    str: lambda chance: chance.choice(_WORDS),
    int: lambda chance: chance.choice((0, 1, 2, 3, START, START + 60_000)),
    float: lambda chance: chance.choice((0.0, 0.5, 20.0)),
    bool: lambda chance: chance.random() < 0.5,
    bytes: lambda chance: chance.choice((b"", b"\x01", b"\x07")),
    types.NoneType: lambda chance: None,
    Raw: _element,
}
