"""Errors as RFC 9457 problem details: a stable ``code`` for programs, a sentence for people.

A handler raises ``Problem``; whatever else falls out of one becomes ``internal`` and is logged with the
request's id, which the answer carries too. Nothing of the cause is told.
"""

import logging
from http import HTTPStatus
from typing import Any

import asyncpg
import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.types import Scope
from msgspec import Struct

from bus.interface import BusError
from edge.traces import trace_of
from schemas.rejections import SENTENCES, Code, Rejection

log = logging.getLogger(__name__)

# What a rejection means to somebody who speaks HTTP.
STATUS_OF_CODE: dict[Code, int] = {
    Code.LOG_UNAVAILABLE: 503,
    Code.EXPIRED: 503,
    Code.NO_NODE: 503,
    Code.MALFORMED: 422,
    Code.UNKNOWN_COMMAND: 404,
    Code.FORBIDDEN: 403,
    Code.NOT_A_PARTICIPANT: 403,
    Code.REMOVED: 403,
    Code.DRAWING_NOT_ALLOWED: 403,
    **{code: 404 for code in Code if code.startswith("no_such_")},
}
_CONFLICT = 409  # All others: well formed, allowed, but not as things stand.

_RETRY_AFTER_S = "2"
_CODE_OF_STATUS = {
    400: "malformed",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
}


class Problem(Exception):  # noqa: N818 - RFC 9457's own noun
    """An answer that is an error."""

    def __init__(self, status: int, code: str, detail: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers or {}


def status_of(code: Code) -> int:
    """The status of HTTP that tells this code."""
    return STATUS_OF_CODE.get(code, _CONFLICT)


def rejected(rejection: Rejection) -> Problem:
    """The problem that tells a rejection."""
    status = status_of(rejection.code)
    headers = {"Retry-After": _RETRY_AFTER_S} if status == 503 else {}
    return Problem(status, rejection.code, rejection.message, headers=headers)


def log_unavailable() -> Problem:
    """The log cannot be reached; unknown whether the wish was carried out, so ask again with its key."""
    return rejected(Rejection(Code.LOG_UNAVAILABLE, SENTENCES[Code.LOG_UNAVAILABLE]))


def not_found() -> Problem:
    """It is not there, or not for the asker: the two look the same."""
    return Problem(404, "not_found", "There is no such thing here.")


def no_such_room() -> Problem:
    """There is no such room, or it is not for the asker."""
    return rejected(Rejection(Code.NO_SUCH_ROOM, SENTENCES[Code.NO_SUCH_ROOM]))


def not_signed_in() -> Problem:
    """The asker has no valid login."""
    return Problem(401, "not_signed_in", "Please sign in.")


def forbidden() -> Problem:
    """The asker may not."""
    return rejected(Rejection(Code.FORBIDDEN, SENTENCES[Code.FORBIDDEN]))


def malformed(detail: str) -> Problem:
    """The request is not understood."""
    return Problem(422, "malformed", detail)


def id_of(scope: Scope) -> str:
    """The id of this request, in its answer and in its log lines."""
    return trace_of(scope).request_id


def phrase_of(status: int) -> str:
    """The standard's phrase for a status; 460 is the tus protocol's own."""
    return "Checksum Mismatch" if status == 460 else HTTPStatus(status).phrase


class Details(Struct, frozen=True):
    """What went wrong (RFC 9457 §3.1). ``code`` is for programs and stable, ``detail`` for people."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    traceparent: str


def answer(request: Request[Any, Any, Any], problem: Problem) -> Response[Any]:
    """The problem as an answer."""
    body = Details(
        type=f"urn:classwire:problem:{problem.code}",
        title=phrase_of(problem.status),
        status=problem.status,
        detail=problem.detail,
        code=problem.code,
        request_id=id_of(request.scope),
        traceparent=trace_of(request.scope).parent,
    )
    headers = {"Cache-Control": "no-store", **problem.headers}
    return Response(
        msgspec.json.encode(body),
        status_code=problem.status,
        media_type="application/problem+json",
        headers=headers,
    )


def on_problem(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """A handler said no."""
    assert isinstance(error, Problem)
    return answer(request, error)


def on_http_exception(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The framework said no: no such route, no such method, a body that does not parse."""
    assert isinstance(error, HTTPException)
    if error.status_code >= 500:
        return on_failure(request, error)
    if error.status_code == 400:
        return answer(request, malformed(_first_complaint(error)))
    code = _CODE_OF_STATUS.get(error.status_code, "refused")
    problem = Problem(error.status_code, code, HTTPStatus(error.status_code).phrase + ".")
    problem.headers = dict(error.headers or {})  # A 405 names what is allowed (RFC 9110 §15.5.6).
    return answer(request, problem)


def _first_complaint(error: HTTPException) -> str:
    complaints = error.extra if isinstance(error.extra, list) else []
    first: Any = complaints[0] if complaints else {}
    message = first.get("message") if isinstance(first, dict) else None
    where = first.get("key") if isinstance(first, dict) else None
    return f"{where}: {message}" if where and message else str(message or "The request is not understood.")


def on_unavailable(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The bus or the database did not do its part."""
    log.warning("request %s: %r", id_of(request.scope), error)
    if isinstance(error, BusError):
        return answer(request, log_unavailable())
    return answer(
        request,
        Problem(503, "unavailable", "Please try again in a moment.", headers={"Retry-After": _RETRY_AFTER_S}),
    )


def on_failure(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Our own mistake."""
    log.error("request %s %s failed", id_of(request.scope), request.scope["path"], exc_info=error)
    return answer(request, Problem(500, "internal", "Something went wrong here. It has been noted."))


HANDLERS: dict[int | type[Exception], Any] = {
    Problem: on_problem,
    HTTPException: on_http_exception,
    BusError: on_unavailable,
    asyncpg.InterfaceError: on_unavailable,
    asyncpg.PostgresConnectionError: on_unavailable,
    asyncpg.CannotConnectNowError: on_unavailable,
    asyncpg.AdminShutdownError: on_unavailable,
    OSError: on_unavailable,
    TimeoutError: on_unavailable,
    Exception: on_failure,
}
