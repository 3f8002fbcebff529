"""Wishes about who is in a recording."""

from random import Random

from rooms.state import RoomState
from schemas.commands import Command
from schemas.commands.recording import (
    AgreeToRecording,
    DeclineRecording,
    LeaveOut,
    StartRecording,
    StopRecording,
    TakeIn,
)
from schemas.ids import ParticipantId, RecordingId
from tests.wishes.cast import Cast, Wish

_R, _P = RecordingId("r1"), ParticipantId("p1")

EXAMPLES: tuple[Command, ...] = (AgreeToRecording(_R), DeclineRecording(_R), LeaveOut(_P), TakeIn(_P))


def wishes(state: RoomState, chance: Random, cast: Cast) -> list[Wish]:
    """What somebody may want now; nothing else than a recording while there is none."""
    who = cast.anyone(chance)
    running = state.consents.recording
    if running is None:
        return [(cast.host, StartRecording())]
    here = chance.choice([*state.participants, ParticipantId("nobody")])
    out = [who for who, standing in state.consents.people.items() if standing.kept_out]
    return [
        *[(who, AgreeToRecording(running))] * 2,
        *[(who, DeclineRecording(running))] * 2,
        (who, DeclineRecording(RecordingId("gone"))),
        *[(cast.host, LeaveOut(here))] * 2,
        (who, LeaveOut(here)),
        (cast.host, TakeIn(here)),
        *[(cast.host, TakeIn(one)) for one in out],
        *([(cast.host, StopRecording())] if chance.random() < 0.1 else []),
    ]
