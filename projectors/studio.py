"""What was on stage when."""

from projectors.model import Fact, Model, Write, queries

_sql = queries("studio")


def writes(fact: Fact) -> tuple[Write, ...]:
    """What a fact changes in it."""
    return ()


MODEL = Model("studio", (), _sql["tables"], writes)
