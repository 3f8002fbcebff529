"""The audit trail: of a room, who decided what about whom in it; of a tenant, who came in and changed what.

The first is a read model of EVT, the second is AUDIT itself.
"""

from contextlib import aclosing
from typing import Annotated

import msgspec
from litestar import get
from litestar.params import FromPath, QueryParameter
from msgspec import Struct

from edge import audit as facts
from edge.auth import Caller, HttpRequest, parts_of
from edge.cursors import Cursor, Limit, cursor_of, number_of
from edge.http.access import see
from edge.http.arrivals import administrator
from projectors.reads.audit import AuditRow, audit
from schemas.ids import TOKEN_PATTERN, ParticipantId
from schemas.limits import AUDIT_SCANNED_MAX, EXACT_INTEGER_MAX


class Trail(Struct, frozen=True):
    """Decisions, the latest first; ``cursor`` asks for the next page and is None after the last."""

    audit: tuple[AuditRow, ...]
    cursor: str | None


@get("/rooms/{room:str}/audit")
async def list_audit(
    request: HttpRequest,
    access: Caller,
    room: FromPath[str],
    *,
    cursor: Cursor = None,
    participant: Annotated[str | None, QueryParameter(pattern=TOKEN_PATTERN)] = None,
    limit: Limit = 50,
) -> Trail:
    """The room's decisions, the latest first, for staff; of one participant if named."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    seen.require_staff()
    whom = ParticipantId(participant) if participant else None
    name, tenant = f"audit {seen.key.room}", seen.key.tenant
    page = await audit(parts.pool, seen.key, number_of(parts, name, tenant, cursor), limit, whom)
    following = None if page.cursor is None else cursor_of(parts, name, tenant, (page.cursor,))
    return Trail(page.audit, following)


class FactItem(Struct, frozen=True):
    """A fact about a tenant. ``type`` says what happened, ``object`` to what; what is unknown is empty."""

    seq: int
    source: str
    type: str
    at: int
    person: str
    login: str
    address: str
    email: str
    room: str
    object: str


class Facts(Struct, frozen=True):
    """Facts in order of time; ``cursor`` asks for those after them and is None when there are none yet."""

    facts: tuple[FactItem, ...]
    cursor: str | None


_Moment = Annotated[int, QueryParameter(ge=0, le=EXACT_INTEGER_MAX)]
_Word = Annotated[str | None, QueryParameter(pattern=r"^[A-Za-z0-9_.-]{1,60}$(?!\n)")]


@get("/audit")
async def list_facts(
    request: HttpRequest,
    access: Caller,
    *,
    cursor: Cursor = None,
    since: _Moment = 0,
    until: _Moment = EXACT_INTEGER_MAX,
    kind: _Word = None,
    person: _Word = None,
    limit: Limit = 50,
) -> Facts:
    """What happened in the asker's tenant besides its rooms, for administrators: sign-ins, refusals, changes
    of accounts, policy, courses, webhooks. In ``[since, until)`` (Unix milliseconds), of one ``kind`` (a
    type, or its first word), by one person. A page may be short; there are more as long as it has a
    cursor."""
    parts, tenant = administrator(request, access), access.person.tenant
    position = number_of(parts, "facts", tenant, cursor) or 0
    found: list[FactItem] = []
    scanned = 0
    async with aclosing(parts.bus.audit.read(tenant, after_stream_seq=position)) as noted:
        async for each in noted:
            if len(found) >= limit or scanned >= AUDIT_SCANNED_MAX:
                return Facts(tuple(found), cursor_of(parts, "facts", tenant, (position,)))
            position, scanned = each.stream_seq, scanned + 1
            fact = msgspec.json.decode(each.data, type=facts.Fact)
            is_asked = since <= fact.at < until and person in (None, fact.person)
            if is_asked and (kind is None or kind in (fact.type, fact.type.partition(".")[0])):
                found.append(_fact(each.stream_seq, each.source, fact))
    return Facts(tuple(found), None)


def _fact(seq: int, source: str, fact: facts.Fact) -> FactItem:
    return FactItem(
        seq,
        source,
        fact.type,
        fact.at,
        fact.person,
        fact.login,
        fact.address,
        fact.email,
        fact.room,
        fact.object,
    )


ROUTES = [list_audit, list_facts]
