"""The time table and settings of rooms."""

from projectors.model import Fact, Model, Write, queries

_sql = queries("lessons")


def writes(fact: Fact) -> tuple[Write, ...]:
    """What a fact changes in it."""
    return ()


MODEL = Model("lessons", (), _sql["tables"], writes)
