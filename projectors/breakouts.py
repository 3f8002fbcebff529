"""Breakout rooms and who was where."""

from projectors.model import Fact, Model, Write, queries

_sql = queries("breakouts")


def writes(fact: Fact) -> tuple[Write, ...]:
    """What a fact changes in it."""
    return ()


MODEL = Model("breakouts", (), _sql["tables"], writes)
