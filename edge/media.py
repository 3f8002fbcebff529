"""Media requests: from a socket to the node on which the class runs, and back."""

import msgspec

from bus.interface import Bus, NoResponders, Unavailable
from edge.metrics import MEDIA
from edge.open_room import OpenRoom
from edge.viewer import Viewer
from schemas import subjects
from schemas.frames import MediaFrame, MediaResultFrame
from schemas.limits import MEDIA_REQUEST_S
from schemas.signalling import METHODS, MediaAnswer, MediaFailure, MediaRequest

_json = msgspec.json.Encoder()
_answer_decoder: msgspec.json.Decoder[MediaAnswer | MediaFailure] = msgspec.json.Decoder(
    MediaAnswer | MediaFailure
)


async def forward(bus: Bus, room: OpenRoom, viewer: Viewer, frame: MediaFrame) -> MediaResultFrame:
    """Asks the node. Who asks, on which socket, and what they have seen is filled in here."""
    failure = _refuse(room, viewer, frame)
    node = room.state.placement.node
    if failure is not None or node is None:
        return _failed(frame, failure or MediaFailure("no_node", "The class has no media server yet."))
    request = MediaRequest(
        room.key, viewer.participant, viewer.connection, frame.epoch, room.state.seq, frame.data
    )
    try:
        data = await bus.core.request(
            subjects.sfu_request(node, frame.method), _json.encode(request), MEDIA_REQUEST_S
        )
        answer = _answer_decoder.decode(data)
    except NoResponders:
        return _failed(frame, MediaFailure("not_here", "The media server of this class is gone."))
    except Unavailable:
        return _failed(frame, MediaFailure("timeout", "The media server did not answer."))
    except msgspec.DecodeError:
        return _failed(frame, MediaFailure("unsupported", "The media server's answer is not understood."))
    match answer:
        case MediaAnswer(data=data_out):
            MEDIA.labels("ok").inc()
            return MediaResultFrame(frame.id, True, data=data_out)
        case MediaFailure():
            return _failed(frame, answer)


def _refuse(room: OpenRoom, viewer: Viewer, frame: MediaFrame) -> MediaFailure | None:
    """What need not trouble a node."""
    if frame.method not in METHODS:
        return MediaFailure("malformed", "There is no such media request.")
    if viewer.participant not in room.state.participants:
        return MediaFailure("forbidden", "Join the class first.")
    if room.state.placement.node is not None and frame.epoch != room.state.placement.epoch:
        return MediaFailure("stale_epoch", "The class has moved to another media server.")
    return None


def _failed(frame: MediaFrame, failure: MediaFailure) -> MediaResultFrame:
    MEDIA.labels(failure.code).inc()
    return MediaResultFrame(frame.id, False, code=failure.code, message=failure.message)
