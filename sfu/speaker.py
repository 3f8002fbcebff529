"""Who is the active speaker: a pure fold over measured levels.

The first voice takes an empty stage at once. From then on another must be the loudest for
``SPEAKER_HOLD_S`` without a break: a cough does not take the stage, and silence keeps it.
"""

from collections.abc import Sequence

from msgspec import Struct

from schemas.ids import ParticipantId
from schemas.limits import SPEAKER_HOLD_S
from schemas.signalling import Level

SILENCE_DB = 100  # Nothing that people could hear; not worth a signal.
SPEECH_DB = 55  # Quieter than this below overload is breath and fans (RFC 6464 §3: 127 is silence).


class Stage(Struct, frozen=True):
    """Who speaks, and who has been louder since when."""

    speaker: ParticipantId | None = None
    challenger: ParticipantId | None = None
    challenged_at: float = 0.0


def listen(stage: Stage, levels: Sequence[Level], now: float) -> Stage:
    """The stage after a measurement; ``levels`` are loudest first, ``now`` in seconds."""
    loudest = levels[0] if levels and levels[0].level <= SPEECH_DB else None
    if loudest is None or loudest.participant == stage.speaker:
        return Stage(stage.speaker)
    if stage.speaker is None:
        return Stage(loudest.participant)
    if stage.challenger != loudest.participant:
        return Stage(stage.speaker, loudest.participant, now)
    if now - stage.challenged_at >= SPEAKER_HOLD_S:
        return Stage(loudest.participant)
    return stage


def leave(stage: Stage, participant: ParticipantId) -> Stage:
    """The stage without somebody who is gone."""
    if stage.speaker == participant:
        return Stage()
    return Stage(stage.speaker) if stage.challenger == participant else stage
