"""Commands of tracks."""

from typing import Annotated, ClassVar

from msgspec import Meta

from schemas.commands.common import Command
from schemas.ids import (
    ParticipantToken,
    TrackToken,
)
from schemas.media import MediaKind, Source


class PublishTrack(Command, frozen=True, forbid_unknown_fields=True):
    """A node reports a new producer of a participant and asks whether it may be heard or seen."""

    name: ClassVar[str] = "publish_track"
    track: TrackToken
    participant: ParticipantToken
    kind: MediaKind
    source: Source
    mime_type: Annotated[str, Meta(max_length=40)]
    clock_rate_hz: Annotated[int, Meta(ge=8_000, le=192_000)]
    epoch: Annotated[int, Meta(ge=1)]
    channels: Annotated[int, Meta(ge=1, le=2)] = 1
    layers: Annotated[int, Meta(ge=1, le=3)] = 1
    muted: bool = False


class MuteTrack(Command, frozen=True, forbid_unknown_fields=True):
    """Mutes one's own track, or, by a host, another's."""

    name: ClassVar[str] = "mute_track"
    track: TrackToken


class UnmuteTrack(Command, frozen=True, forbid_unknown_fields=True):
    """Opens one's own track again. Nobody can open another's."""

    name: ClassVar[str] = "unmute_track"
    track: TrackToken


class CloseTrack(Command, frozen=True, forbid_unknown_fields=True):
    """Ends one's own track, or, by a host, another's; sent by a node when the transport is gone."""

    name: ClassVar[str] = "close_track"
    track: TrackToken


class MuteAll(Command, frozen=True, forbid_unknown_fields=True):
    """Staff mute all microphones but their own, and by default but those of other staff."""

    name: ClassVar[str] = "mute_all"
    except_staff: bool = True


CLIENT: tuple[type[Command], ...] = (
    MuteTrack,
    MuteAll,
    UnmuteTrack,
    CloseTrack,
)
SERVICE: tuple[type[Command], ...] = (PublishTrack,)
