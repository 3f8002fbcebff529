"""The audit trail: who changed what about whom, before and after."""

from projectors.model import Fact, Model, Write, queries

_sql = queries("audit")


def writes(fact: Fact) -> tuple[Write, ...]:
    """What a fact changes in it."""
    return ()


MODEL = Model("audit", (), _sql["tables"], writes)
