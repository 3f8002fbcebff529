"""The OpenAPI document, where programs look for it."""

from typing import Any

from litestar import Response, get

from edge.auth import HttpRequest, parts_of
from edge.openapi import document


@get("/openapi.json", include_in_schema=False, sync_to_thread=False)
def openapi(request: HttpRequest) -> Response[Any]:
    """The REST API as an OpenAPI 3.1 document; made once."""
    state = request.app.state
    if "document" not in state:
        state["document"] = document(request.app, parts_of(request).site)
    headers = {"Cache-Control": "public, no-cache"}
    return Response(state["document"], media_type="application/json", headers=headers)


ROUTES = [openapi]
