"""Polls, answers and scores."""

import msgspec

from projectors.model import Fact, Model, Write, queries
from schemas.events.lifecycle import SessionEnded
from schemas.events.polls import (
    PollAnswered,
    PollClosed,
    PollCounted,
    PollCreated,
    PollDeleted,
    PollEdited,
    PollOpened,
    PollPublished,
    PollReopened,
    PollShelved,
)
from schemas.events.redaction import Redacted

_sql = queries("polls")


def writes(fact: Fact) -> tuple[Write, ...]:
    """What a fact changes in polls and their answers."""
    room = (fact.key.tenant, fact.key.room)
    match fact.data:
        case PollCreated(poll, title, items, anonymous):
            row = (*room, poll, title, _json(items), anonymous, fact.at)
            return (Write(_sql["create"], row),)
        case PollEdited(poll, title, items, anonymous):
            return (Write(_sql["edit"], (*room, poll, title, _json(items), anonymous)),)
        case PollDeleted(poll):
            return (
                Write(_sql["delete_answers"], (*room, poll)),
                Write(_sql["delete"], (*room, poll)),
            )
        case PollShelved(poll):
            return (Write(_sql["shelve"], (*room, poll)),)
        case PollOpened(poll, session):
            return (Write(_sql["open"], (*room, poll, session, fact.at)),)
        case PollAnswered(poll, voter, answers, anonymous):
            participant = None if anonymous else voter
            return (Write(_sql["answer"], (*room, poll, voter, participant, _json(answers), fact.at)),)
        case PollCounted(poll, answered):
            return (Write(_sql["count"], (*room, poll, answered)),)
        case PollClosed(poll):
            return (Write(_sql["close"], (*room, poll, fact.at)),)
        case PollReopened(poll):
            return (Write(_sql["reopen"], (*room, poll)),)
        case PollPublished(poll):
            return (Write(_sql["publish"], (*room, poll)),)
        case Redacted(redaction=redaction, what="person", participant=participant):
            return (Write(_sql["redact"], (*room, participant, redaction)),)
        case SessionEnded():
            return (Write(_sql["close_all"], (*room, fact.at)),)
    return ()


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


MODEL = Model("polls", ("polls", "poll_answers"), _sql["tables"], writes)
