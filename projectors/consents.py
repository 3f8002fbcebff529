"""Who agreed to being recorded, and what was redacted."""

from projectors.model import Fact, Model, Write, queries

_sql = queries("consents")


def writes(fact: Fact) -> tuple[Write, ...]:
    """What a fact changes in it."""
    return ()


MODEL = Model("consents", (), _sql["tables"], writes)
