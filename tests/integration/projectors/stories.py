"""Random histories: seeded walks of wishes over all topics, decided by the rules."""

import random

from rooms.room import apply, author, decide, initial, next_deadline, secret_of
from schemas.commands.deadlines import DeadlinePassed
from schemas.envelope import Envelope
from schemas.ids import CommandId, RoomId, RoomKey
from schemas.rejections import Rejection
from tests.golden.fold_vectors import KEY, NOON, topic_wishes
from tests.integration.projectors.classes import SCHOOL, RoomLog
from tests.wishes import TOPICS
from tests.wishes.cast import SERVICE


def history(topic: str, seed: int, steps: int) -> RoomLog:
    """A room in which people mostly wish for one topic; each commit is what the rules made of a wish."""
    chance = random.Random(f"{topic}/{seed}")
    log = RoomLog(RoomKey(SCHOOL, RoomId(f"{topic}{seed}")))
    state, now = initial(KEY), NOON
    for step in range(steps):
        actor, command = topic_wishes(topic, state, chance)
        due = next_deadline(state)
        if due is not None and (due <= now or chance.random() < 0.02):
            actor, command = SERVICE, DeadlinePassed(due)
        now = max(now + chance.choice((0, 300, 700, 40_000)), getattr(command, "due", 0))
        envelope = Envelope(KEY, command, CommandId(f"{topic}-{seed}-{step}"), actor, now + 10_000)
        alias = f"a{actor.id}" if secret_of(state, command) else ""
        events = decide(state, envelope, now, alias)
        if isinstance(events, Rejection) or not events:
            continue
        commit = log.decided(now, envelope.id, author(envelope, alias), events)
        state = apply(state, commit)
    return log


def histories(seed: int, steps: int) -> list[RoomLog]:
    """One room for each topic."""
    return [history(topic, seed, steps) for topic in TOPICS]
