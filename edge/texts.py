"""What no table and no log of ours can keep: the character NUL. Refused at the door, wherever it stands.

PostgreSQL has no text with U+0000. A title with one would be accepted by the rules and stop every read
model that has to store it.
"""

import re
from typing import Any

from litestar import Request

from edge.auth import TAKES_BYTES
from edge.problems import malformed, not_found

# JSON writes it as \u0000 behind an even number of backslashes; raw it is no JSON at all.
_NUL_IN_JSON = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


async def require_texts(request: Request[Any, Any, Any]) -> None:
    """Raises Problem 404 for NUL in an address, 422 for NUL in what is sent."""
    if "\0" in request.scope["path"]:
        raise not_found()
    if b"%00" in request.scope["query_string"]:
        raise malformed("Characters with the number 0 are not taken.")
    is_json = request.method in {"POST", "PUT", "PATCH"} and not request.route_handler.opt.get(TAKES_BYTES)
    if is_json and _NUL_IN_JSON.search(await request.body()):
        raise malformed("Characters with the number 0 are not taken.")
