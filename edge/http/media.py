"""``/media/<token>/<name>``: one object of the store, ranged, for whoever holds the signed token.

The store stays private, and so everything is one origin. The token grants one key until one time
(``edge.tokens``); nothing of it is looked up, logged, or sent on (Referrer-Policy). What an address
shows never changes, so a span of bytes may be asked for again (RFC 9110 §14).
"""

import logging
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Stream
from msgspec import Struct

from artifacts.store import (  # type: ignore[attr-defined] # Its errors are part of its interface.
    NotStoredError,
    Stat,
    StoreError,
)
from edge import replays
from edge.auth import HttpRequest, parts_of
from edge.parts import Parts
from edge.problems import Problem, not_found
from edge.tokens import MediaGrant, RemoteTokenError, read_media, sign_media
from schemas.limits import SIGNED_URL_S

log = logging.getLogger(__name__)

_CSP = "default-src 'none'; sandbox; frame-ancestors 'none'"
"""Whatever a stored file is, and wherever a browser shows it: it runs nothing and loads nothing."""

_RANGE = re.compile(r"^bytes=(\d*)-(\d*)$")  # One range; several are not worth a multipart answer.
_NOT_IN_A_NAME = re.compile(r"[^\w .()-]+")


class Span(Struct, frozen=True):
    """Bytes from ``start`` up to and without ``end``."""

    start: int
    end: int


def address_of(
    parts: Parts, *, object_key: str, media_type: str, name: str, link: str = ""
) -> tuple[str, MediaGrant]:
    """A signed address on our own origin, and what it grants; readings are logged under ``link``."""
    suffix = object_key.rpartition(".")[2]
    clean = " ".join(_NOT_IN_A_NAME.sub(" ", name).split())[:80] or "recording"
    expires_at = parts.clock() // 1000 + SIGNED_URL_S
    grant = MediaGrant(object_key, media_type, f"{clean}.{suffix}", expires_at, link)
    return f"/media/{sign_media(parts.ring, grant)}/{quote(grant.filename)}", grant


@get("/media/{token:str}/{name:str}", include_in_schema=False)
async def get_media(
    request: HttpRequest,
    token: FromPath[str],
    name: FromPath[str],  # noqa: ARG001 - for people and their downloads; the token says what it is
) -> Response[Any]:
    """The object that the token grants, or a span of it."""
    parts = parts_of(request)
    try:
        grant = read_media(parts.ring, token, parts.clock())
    except RemoteTokenError as error:
        raise Problem(403, "link_ended", "This link has ended. Open the recording again.") from error
    info = await _stat(parts, grant.key)
    headers = _headers(grant, info)
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(b"", status_code=304, headers=headers)
    asked = request.headers.get("range")
    log.info("reads %s %s", grant.key, asked or "whole")  # The key, never the token.
    if asked is None or request.headers.get("if-range", headers["ETag"]) != headers["ETag"]:
        return await _read(parts, grant, Span(0, info.bytes), 200, headers)
    span = parse_range(asked, info.bytes)
    if span is None:
        raise Problem(
            416,
            "range_not_satisfiable",
            "There is no such span.",
            headers={"Content-Range": f"bytes */{info.bytes}"},
        )
    headers["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{info.bytes}"
    return await _read(parts, grant, span, 206, headers)


async def _stat(parts: Parts, key: str) -> Stat:
    try:
        return await parts.store.stat(key)
    except NotStoredError as error:
        raise not_found() from error
    except StoreError as error:
        log.warning("the object store: %r", error)
        raise Problem(
            503, "unavailable", "Please try again in a moment.", headers={"Retry-After": "2"}
        ) from error


def parse_range(header: str, size: int) -> Span | None:
    """The span of a Range header; None when it cannot be satisfied (RFC 9110 §14.1.2).

    What is not understood counts as the whole.
    """
    found = _RANGE.match(header)
    if found is None or found[0] == "bytes=-":
        return Span(0, size)
    first, last = found.groups()
    if not first:  # The last so many bytes.
        return Span(max(0, size - int(last)), size) if int(last) and size else None
    start, end = int(first), min(size, int(last) + 1) if last else size
    return Span(start, end) if start < min(size, end) else None


def _headers(grant: MediaGrant, info: Stat) -> dict[str, str]:
    return {
        "ETag": f'"{info.etag}"',
        "Accept-Ranges": "bytes",
        "Content-Type": grant.media_type,
        "Content-Security-Policy": _CSP,
        # A player does not care; an address bar saves instead of showing (reliability S16).
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(grant.filename)}",
        "Cache-Control": f"private, max-age={SIGNED_URL_S}",
    }


async def _read(parts: Parts, grant: MediaGrant, span: Span, status: int, headers: dict[str, str]) -> Stream:
    """What is not written down is not given out."""
    if grant.link:
        await replays.record_read(parts.pool, grant.link, parts.clock(), span.start, span.end)
    return _stream(parts, grant, span, status, headers)


def _stream(parts: Parts, grant: MediaGrant, span: Span, status: int, headers: dict[str, str]) -> Stream:
    headers["Content-Length"] = str(span.end - span.start)

    async def read() -> AsyncIterator[bytes]:
        if span.start < span.end:
            async for chunk in parts.store.get_range(grant.key, span.start, span.end):
                yield chunk

    return Stream(read, status_code=status, headers=headers, media_type=grant.media_type)


ROUTES = [get_media]
