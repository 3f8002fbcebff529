"""The built browser client: hashed assets for ever, the page itself never cached without asking."""

import hashlib
import mimetypes
import re
from pathlib import Path
from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from edge.auth import HttpRequest, parts_of
from edge.problems import not_found

_HASHED = re.compile(r"[.-][A-Za-z0-9_-]{8,}\.[a-z0-9]+$")
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_FIRST = "no-cache"


@get("/assets/{path:path}", include_in_schema=False)
async def asset(request: HttpRequest, path: FromPath[str]) -> Response[Any]:
    """A file of the build; its name changes with its content."""
    file = _inside(_web(request) / "assets", path)
    return _file(request, file, _FOR_EVER if _HASHED.search(file.name) else _ASK_FIRST)


@get(["/", "/{path:path}"], include_in_schema=False)
async def page(request: HttpRequest, path: FromPath[str] = "/") -> Response[Any]:
    """A file at the root of the build, or the page for every address of the client."""
    web = _web(request)
    if path.startswith(("/api/", "/media/")):
        raise not_found()
    if "." in path.rpartition("/")[2]:
        return _file(request, _inside(web, path), _ASK_FIRST)
    return _file(request, web / "index.html", _ASK_FIRST)


def _web(request: HttpRequest) -> Path:
    web = parts_of(request).web
    if web is None:
        raise not_found()
    return web


def _inside(root: Path, path: str) -> Path:
    """The file below ``root``, wherever dots and links lead. Raises Problem 404."""
    if "\0" in path:
        raise not_found()
    root = root.resolve()
    file = (root / path.lstrip("/")).resolve()
    if not file.is_relative_to(root):
        raise not_found()
    return file


def _file(request: HttpRequest, file: Path, caching: str) -> Response[Any]:
    try:
        content = file.read_bytes()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError, ValueError):
        raise not_found() from None
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": caching}
    if request.headers.get("if-none-match") == etag:
        return Response(b"", status_code=304, headers=headers)
    media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return Response(content, media_type=media_type, headers=headers)


ROUTES = [asset, page]
