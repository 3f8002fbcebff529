"""How a class followed, slide by slide, for staff."""

from litestar import get
from litestar.params import FromPath
from msgspec import Struct

from edge.auth import Caller, HttpRequest, parts_of
from edge.http.access import see
from projectors.reads import pulse as reads
from schemas.ids import SessionId
from schemas.limits import PULSE_BUCKET_S


class PulseCurve(Struct, frozen=True):
    """The signals of a class in steps of ``step_s`` seconds; steps without any are left out."""

    step_s: int
    curve: tuple[reads.PulseRow, ...]


@get("/rooms/{room:str}/sessions/{session:str}/pulse")
async def pulse(
    request: HttpRequest, access: Caller, room: FromPath[str], session: FromPath[str]
) -> PulseCurve:
    """The pulse of a class, for staff; it never says who."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    seen.require_staff()
    return PulseCurve(PULSE_BUCKET_S, await reads.curve(parts.pool, seen.key, SessionId(session)))


ROUTES = [pulse]
