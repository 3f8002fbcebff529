"""The Litestar application: routes, guards, headers. Everything it works with is passed in."""

from typing import Any

from litestar import Litestar, Request, Response, Router
from litestar.datastructures import MutableScopeHeaders, State
from litestar.di import Provide
from litestar.types import BeforeMessageSendHookHandler, Message, Scope

from edge.auth import identify, provide_access, require_own_page
from edge.conditions import conditional_reads
from edge.http import (
    analytics,
    api_keys,
    audit,
    boards,
    breakouts,
    consents,
    courses,
    description,
    files,
    guest_links,
    health,
    live,
    lobby,
    login,
    logins,
    media,
    members,
    messages,
    oidc,
    passwords,
    policy,
    polls,
    providers,
    pulse,
    questions,
    recordings,
    rooms,
    sessions,
    static,
    studio,
    tenants,
    tus,
    users,
    webhooks,
)
from edge.idempotency import claim, keep
from edge.openapi import CONFIG
from edge.parts import Parts
from edge.problems import HANDLERS
from edge.rates import rate_headers, require_rate
from edge.texts import require_texts
from edge.traces import trace_of
from schemas.limits import REQUEST_BYTES_MAX

_CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",  # No inline script, no eval: what people write can never run.
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "media-src 'self' blob:",
        "connect-src 'self' {socket}",
        "worker-src 'self' blob:",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


def create_app(parts: Parts) -> Litestar:
    """The application of one edge process."""
    api = Router(
        "/api/v1",
        route_handlers=[
            *login.BEGINNINGS,
            *login.ROUTES,
            *passwords.BEGINNINGS,
            *passwords.ROUTES,
            *oidc.BEGINNINGS,
            *logins.ROUTES,
            *users.ROUTES,
            *tenants.ROUTES,
            *providers.ROUTES,
            *api_keys.ROUTES,
            *rooms.ROUTES,
            *sessions.ROUTES,
            *members.ROUTES,
            *messages.ROUTES,
            *questions.ROUTES,
            *policy.ROUTES,
            *polls.ROUTES,
            *pulse.ROUTES,
            *studio.ROUTES,
            *boards.ROUTES,
            *files.ROUTES,
            *tus.ROUTES,
            *breakouts.ROUTES,
            *lobby.ROUTES,
            *audit.ROUTES,
            *analytics.ROUTES,
            *consents.ROUTES,
            *courses.ROUTES,
            *recordings.ROUTES,
            *guest_links.ROUTES,
            *webhooks.ROUTES,
            *live.ROUTES,
            *description.ROUTES,
        ],
        guards=[identify, require_rate, require_own_page],
        dependencies={"access": Provide(provide_access)},
        before_request=_begin,
        middleware=[conditional_reads],
    )
    return Litestar(
        route_handlers=[api, *health.ROUTES, *description.ROUTES, *media.ROUTES, *static.ROUTES],
        state=State({"parts": parts}),
        exception_handlers=HANDLERS,
        before_send=[_secure(parts), _keep(parts)],
        request_max_body_size=REQUEST_BYTES_MAX,
        openapi_config=CONFIG,
        logging_config=None,
    )


async def _begin(request: Request[Any, Any, Any]) -> Response[Any] | None:
    """What every request passes after the guards: its texts are looked at, its key is claimed."""
    await require_texts(request)
    return await claim(request)


def _secure(parts: Parts) -> BeforeMessageSendHookHandler:
    """Adds the headers that every answer carries (OWASP Secure Headers)."""
    site = parts.site
    always = {
        "Content-Security-Policy": _CSP.format(socket=site.origin.replace("http", "ws", 1)),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self), geolocation=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if site.is_secure:
        always["Strict-Transport-Security"] = "max-age=31536000"

    async def add(message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        headers = MutableScopeHeaders.from_message(message)
        for name, value in always.items():
            headers.setdefault(name, value)  # Stored files have a stricter policy of their own.
        trace, state = trace_of(scope), scope["state"]
        headers["X-Request-Id"] = trace.request_id
        headers["Traceparent"] = trace.parent
        for name, value in rate_headers(state.get("rates", ())).items():
            headers[name] = value

    return add


def _keep(parts: Parts) -> BeforeMessageSendHookHandler:
    """Stores the answers of writes that came with a key, before their last part is sent."""

    async def keep_answer(message: Message, scope: Scope) -> None:
        await keep(parts, message, scope)

    return keep_answer
