"""The named SQL statements of ``edge/sql/queries.sql``."""

import re
from functools import cache
from importlib.resources import files

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@cache
def statements() -> dict[str, str]:
    """All statements by name."""
    text = (files("edge") / "sql" / "queries.sql").read_text()
    parts = _NAME.split(text)
    return dict(zip(parts[1::2], (part.strip() for part in parts[2::2]), strict=True))


def sql(name: str) -> str:
    """The statement of this name."""
    return statements()[name]
