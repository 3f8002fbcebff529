"""Conditional requests (RFC 9110 §13): reads answer with an ETag and 304, overwrites heed If-Match.

A read's ETag is a hash of its body, so it names exactly what was seen. Where an overwrite could be lost, the
resource has a version; its ETag is ``"v<version>"`` and the write compares inside its own transaction.
"""

import hashlib
import re

from litestar import Request
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from edge.auth import HttpRequest
from edge.problems import Problem

_TAG = re.compile(rb'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_VERSION = re.compile(r'"v(\d{1,15})"', re.ASCII)


def version_tag(version: int) -> str:
    """The ETag of a resource that counts its versions."""
    return f'"v{version}"'


def expected_version(request: HttpRequest) -> int | None:
    """The version that ``If-Match`` demands; None: whatever is there. Raises Problem 412.

    A tag that is none of ours names no state that the resource ever had.
    """
    asked = request.headers.get("if-match")
    if asked is None or asked.strip() == "*":
        return None
    found = _VERSION.fullmatch(asked.strip())
    if found is None:
        raise precondition_failed()
    return int(found[1])


def precondition_failed() -> Problem:
    """It is no longer what the asker has seen."""
    return Problem(412, "precondition_failed", "Somebody has changed this meanwhile. Look at it again.")


def conditional_reads(app: ASGIApp) -> ASGIApp:
    """Gives the answers of GET an ETag, and answers 304 when the asker has it already.

    Answers that come in several parts, and those that say how they may be kept, go by as they are but for
    the ETag.
    """

    async def read(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] != "GET":
            await app(scope, receive, send)
            return
        await app(scope, receive, _Tagger(Request(scope), send))

    return read


class _Tagger:
    """Holds an answer's head back until its body is there."""

    def __init__(self, request: HttpRequest, send: Send) -> None:
        self._asked = request.headers.get("if-none-match", "").encode("latin-1", "replace")
        self._send = send
        self._head: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200:
            self._head = message
        elif self._head is not None and message["type"] == "http.response.body":
            head, self._head = self._head, None
            await self._answer(head, message)
        else:
            await self._send(message)

    async def _answer(self, head: Message, body: Message) -> None:
        assert head["type"] == "http.response.start"
        assert body["type"] == "http.response.body"
        headers = MutableScopeHeaders.from_message(head)
        headers.setdefault("Cache-Control", "private, no-cache")
        if body.get("more_body", False):
            await self._send(head)
            await self._send(body)
            return
        tag = headers.setdefault("ETag", f'"{hashlib.sha256(body["body"]).hexdigest()[:32]}"')
        if not self._has(tag.encode("latin-1")):
            await self._send(head)
            await self._send(body)
            return
        del headers["Content-Length"]  # RFC 9110 §15.4.5: a 304 has no body to measure.
        await self._send({"type": "http.response.start", "status": 304, "headers": head["headers"]})
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    def _has(self, tag: bytes) -> bool:
        """Weak comparison (RFC 9110 §13.1.2)."""
        return self._asked.strip() == b"*" or tag in _TAG.findall(self._asked)
