"""Polls, answers and scores."""

from projectors.model import Fact, Model, Write, queries

_sql = queries("polls")


def writes(fact: Fact) -> tuple[Write, ...]:
    """What a fact changes in it."""
    return ()


MODEL = Model("polls", (), _sql["tables"], writes)
