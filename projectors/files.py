"""The libraries of rooms."""

from projectors.model import Fact, Model, Write, queries

_sql = queries("files")


def writes(fact: Fact) -> tuple[Write, ...]:
    """What a fact changes in it."""
    return ()


MODEL = Model("files", (), _sql["tables"], writes)
