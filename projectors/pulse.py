"""The pulse of a class, per slide."""

from projectors.model import Fact, Model, Write, queries

_sql = queries("pulse")


def writes(fact: Fact) -> tuple[Write, ...]:
    """What a fact changes in it."""
    return ()


MODEL = Model("pulse", (), _sql["tables"], writes)
