"""``/healthz`` (the process lives), ``/readyz`` (it can do its work), ``/metrics``."""

from ipaddress import ip_address

import asyncpg
from litestar import Response, get
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from edge.auth import HttpRequest, parts_of
from edge.problems import not_found


@get("/healthz", include_in_schema=False, sync_to_thread=False)
def healthz() -> Response[str]:
    """The process answers."""
    return _text("ok", 200)


@get("/readyz", include_in_schema=False)
async def readyz(request: HttpRequest) -> Response[str]:
    """Whether people should be sent here, and if not, why."""
    parts = parts_of(request)
    reason = parts.hub.unready()
    if reason is None:
        try:
            await parts.pool.fetchval("select 1", timeout=2.0)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            reason = f"database: {type(error).__name__}"
    return _text(reason or "ready", 503 if reason else 200)


@get("/metrics", include_in_schema=False, sync_to_thread=False)
def metrics(request: HttpRequest) -> Response[bytes]:
    """Figures for Prometheus; for this host and its network, not for the world."""
    if request.client is not None and ip_address(request.client.host).is_global:
        raise not_found()
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def _text(text: str, status: int) -> Response[str]:
    return Response(text, status_code=status, media_type="text/plain", headers={"Cache-Control": "no-store"})


ROUTES = [healthz, readyz, metrics]
