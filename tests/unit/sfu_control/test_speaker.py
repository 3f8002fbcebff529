"""Who is the active speaker: levels in, stage out."""

from schemas.ids import ParticipantId
from schemas.limits import SPEAKER_HOLD_S
from schemas.signalling import Level
from sfu.speaker import SPEECH_DB, Stage, leave, listen

ADA, BEN = ParticipantId("ada"), ParticipantId("ben")


def heard(**levels: int) -> list[Level]:
    found = [Level(ParticipantId(who), level) for who, level in levels.items()]
    return sorted(found, key=lambda x: x.level)


def after(*measured: tuple[float, list[Level]]) -> Stage:
    stage = Stage()
    for now, levels in measured:
        stage = listen(stage, levels, now)
    return stage


def test_the_first_voice_takes_the_stage_at_once() -> None:
    assert after((0.0, heard(ada=30))).speaker == ADA


def test_breath_is_not_speech() -> None:
    assert after((0.0, heard(ada=SPEECH_DB + 1))).speaker is None


def test_a_cough_does_not_take_the_stage() -> None:
    stage = after((0.0, heard(ada=30)), (0.2, heard(ben=10, ada=30)), (0.4, heard(ada=30)))
    assert stage == Stage(ADA)


def test_who_is_loudest_for_long_takes_the_stage() -> None:
    start = 1.0
    stage = after(
        (0.0, heard(ada=30)),
        (start, heard(ben=20, ada=30)),
        (start + SPEAKER_HOLD_S, heard(ben=20, ada=30)),
    )
    assert stage == Stage(BEN)


def test_a_challenge_that_breaks_off_begins_anew() -> None:
    stage = after(
        (0.0, heard(ada=30)),
        (0.1, heard(ben=20)),
        (0.2, heard(ada=20)),
        (0.3, heard(ben=20)),
        (0.1 + SPEAKER_HOLD_S, heard(ben=20)),
    )
    assert stage.speaker == ADA


def test_silence_keeps_the_stage() -> None:
    assert after((0.0, heard(ada=30)), (60.0, [])).speaker == ADA


def test_who_leaves_leaves_the_stage() -> None:
    stage = after((0.0, heard(ada=30)), (0.1, heard(ben=20)))
    assert leave(stage, BEN) == Stage(ADA)
    assert leave(stage, ADA) == Stage()
