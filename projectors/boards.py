"""Whiteboards, page by page."""

from projectors.model import Fact, Model, Write, queries

_sql = queries("boards")


def writes(fact: Fact) -> tuple[Write, ...]:
    """What a fact changes in it."""
    return ()


MODEL = Model("boards", (), _sql["tables"], writes)
