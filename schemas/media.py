"""Words that commands, events and views share about people and their media."""

from enum import StrEnum


class Role(StrEnum):
    """What a participant is in a class. A role grants permissions through ``rooms.permissions``."""

    HOST = "host"
    CO_HOST = "co_host"
    SPEAKER = "speaker"
    VIEWER = "viewer"


class MediaKind(StrEnum):
    """ORTC media kind."""

    AUDIO = "audio"
    VIDEO = "video"


class Source(StrEnum):
    """What a track shows or sounds like to people."""

    MICROPHONE = "microphone"
    CAMERA = "camera"
    SCREEN = "screen"
    SCREEN_AUDIO = "screen_audio"


KIND_OF_SOURCE: dict[Source, MediaKind] = {
    Source.MICROPHONE: MediaKind.AUDIO,
    Source.CAMERA: MediaKind.VIDEO,
    Source.SCREEN: MediaKind.VIDEO,
    Source.SCREEN_AUDIO: MediaKind.AUDIO,
}
