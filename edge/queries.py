"""The named SQL statements of ``edge/sql``: of all files there that are no migrations."""

import re
from functools import cache
from importlib.resources import files

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@cache
def statements() -> dict[str, str]:
    """All statements by name."""
    found: dict[str, str] = {}
    for file in (files("edge") / "sql").iterdir():
        if file.name.endswith(".sql") and not file.name[0].isdigit():
            parts = _NAME.split(file.read_text())
            named = dict(zip(parts[1::2], (part.strip() for part in parts[2::2]), strict=True))
            assert not named.keys() & found.keys(), f"{file.name} names a statement again"
            found |= named
    return found


def sql(name: str) -> str:
    """The statement of this name."""
    return statements()[name]
