"""Questions, their votes and answers."""

from projectors.model import Fact, Model, Write, queries

_sql = queries("questions")


def writes(fact: Fact) -> tuple[Write, ...]:
    """What a fact changes in it."""
    return ()


MODEL = Model("questions", (), _sql["tables"], writes)
