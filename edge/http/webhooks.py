"""The REST resource: webhooks of a tenant, for its administrators."""

from typing import Annotated, Literal

import asyncpg
from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_204_NO_CONTENT
from msgspec import Meta, Struct

from bus.interface import BusError
from edge import audit
from edge.asking import Answer, once
from edge.auth import Caller, HttpRequest, parts_of, require_csrf
from edge.cursors import Cursor, cursor_of, number_of
from edge.parts import Parts
from edge.problems import Problem, forbidden, log_unavailable, malformed, not_found
from edge.queries import sql
from edge.tokens import Access
from edge.webhooks import queue, secret_of
from schemas.ids import CommandId, derived_id
from schemas.limits import (
    PAGE_ROWS_MAX,
    WEBHOOK_OLD_SECRET_S,
    WEBHOOK_URL_CHARS_MAX,
    WEBHOOKS_PER_TENANT_MAX,
)
from schemas.webhooks import Kind, read_url

Url = Annotated[str, Meta(min_length=8, max_length=WEBHOOK_URL_CHARS_MAX)]
Description = Annotated[str, Meta(max_length=200)]
Kinds = Annotated[tuple[Kind, ...], Meta(min_length=1, max_length=20)]
State = Literal["active", "paused", "disabled"]
Status = Literal["pending", "held", "delivered", "dead"]


class NewWebhook(Struct, frozen=True, forbid_unknown_fields=True):
    """Where to, and what of."""

    url: Url
    kinds: Kinds
    description: Description = ""


class WebhookChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be different; what is None stays."""

    url: Url | None = None
    kinds: Kinds | None = None
    description: Description | None = None
    state: Literal["active", "paused"] | None = None


class Webhook(Struct, frozen=True):
    """A webhook. ``reason`` says why it is disabled: ``failing`` for days, or ``gone`` by its own word."""

    id: str
    url: str
    description: str
    kinds: tuple[Kind, ...]
    state: State
    reason: str
    created_by: str
    created_at: int
    last_sequence: int
    failing_since: int | None
    old_secret_until: int | None


class WebhookMade(Struct, frozen=True):
    """A new webhook, or one with a new secret; the secret is told this once."""

    webhook: Webhook
    secret: str


class Webhooks(Struct, frozen=True):
    """All of the tenant."""

    webhooks: tuple[Webhook, ...]


class Delivery(Struct, frozen=True):
    """Something told, or to be told. ``dead``: every attempt failed; ``held``: the webhook was not active.

    ``answer`` is the status of HTTP of the last attempt, 0 for none.
    """

    id: str
    sequence: int
    room: str
    kind: Kind
    at: int
    status: Status
    round: int
    attempts: int
    attempted_at: int | None
    answer: int | None
    error: str


class Deliveries(Struct, frozen=True):
    """A page, the latest first; ``cursor`` asks for the next one."""

    deliveries: tuple[Delivery, ...]
    cursor: str | None


class Replay(Struct, frozen=True, forbid_unknown_fields=True):
    """From where: beyond a ``sequence``, or since a time (Unix milliseconds). Exactly one."""

    after: Annotated[int, Meta(ge=0)] | None = None
    since: Annotated[int, Meta(ge=0)] | None = None


class Replayed(Struct, frozen=True):
    """How many deliveries begin anew."""

    deliveries: int


# --- the list ------------------------------------------------------------------------------------
@get("/webhooks")
async def list_webhooks(request: HttpRequest, access: Caller) -> Webhooks:
    """The webhooks of the asker's tenant."""
    parts = _administrator(request, access)
    rows = await parts.pool.fetch(sql("webhooks"), access.person.tenant, None)
    return Webhooks(tuple(_webhook(row) for row in rows))


@post("/webhooks", guards=[require_csrf])
async def create_webhook(
    request: HttpRequest, access: Caller, data: JSONBody[NewWebhook]
) -> Response[WebhookMade]:
    """Makes one; it is told what happens from now on."""
    parts = _administrator(request, access)
    _check(parts, data.url)

    async def act(command_id: CommandId) -> Answer:
        hook = derived_id("wh", access.person.tenant, access.person.id, command_id)
        after = await _last(parts)
        async with parts.pool.acquire() as connection, connection.transaction():
            await connection.execute(sql("lock_tenant"), access.person.tenant)
            known = await connection.fetchrow(sql("webhooks"), access.person.tenant, hook)
            count = await connection.fetchval(sql("count_webhooks"), access.person.tenant)
            if known is None and count >= WEBHOOKS_PER_TENANT_MAX:
                raise Problem(409, "limit_reached", "There are too many webhooks. Delete one first.")
            # Beyond what the follower has, or it would be told of what it may never see.
            followed = await connection.fetchval(sql("lock_webhook_position")) or 0
            await connection.execute(
                sql("add_webhook"),
                hook,
                access.person.tenant,
                data.url,
                data.description,
                sorted(set(data.kinds)),
                access.person.id,
                parts.clock(),
                max(after, followed),
            )
        await _audit(parts, access, "webhook.created", hook)
        row = await _find(parts, access, hook)
        return Answer(201, WebhookMade(_webhook(row), secret_of(parts.ring, hook, row["secret_version"])))

    return await once(request, act)


@get("/webhooks/{webhook:str}")
async def get_webhook(request: HttpRequest, access: Caller, webhook: FromPath[str]) -> Webhook:
    """One of them."""
    parts = _administrator(request, access)
    return _webhook(await _find(parts, access, webhook))


@patch("/webhooks/{webhook:str}", guards=[require_csrf])
async def change_webhook(
    request: HttpRequest, access: Caller, webhook: FromPath[str], data: JSONBody[WebhookChange]
) -> Webhook:
    """Changes it, pauses it, or switches it on again."""
    parts = _administrator(request, access)
    if data.url is not None:
        _check(parts, data.url)
    kinds = sorted(set(data.kinds)) if data.kinds is not None else None
    changed = await parts.pool.fetchval(
        sql("change_webhook"),
        access.person.tenant,
        webhook,
        data.url,
        data.description,
        kinds,
        data.state,
    )
    if changed is None:
        raise not_found()
    await _audit(parts, access, "webhook.changed", webhook)
    return _webhook(await _find(parts, access, webhook))


@delete("/webhooks/{webhook:str}", status_code=HTTP_204_NO_CONTENT, guards=[require_csrf])
async def delete_webhook(request: HttpRequest, access: Caller, webhook: FromPath[str]) -> None:
    """Ends it; what was not delivered never is."""
    parts = _administrator(request, access)
    if await parts.pool.fetchval(sql("delete_webhook"), access.person.tenant, webhook) is None:
        raise not_found()
    await _audit(parts, access, "webhook.deleted", webhook)


@post("/webhooks/{webhook:str}/rotate-secret", status_code=200, guards=[require_csrf])
async def rotate_secret(request: HttpRequest, access: Caller, webhook: FromPath[str]) -> WebhookMade:
    """A new secret; the old one signs too for another day. Of two requests at once one is refused."""
    parts = _administrator(request, access)
    row = await _find(parts, access, webhook)
    version = await parts.pool.fetchval(
        sql("rotate_webhook_secret"),
        access.person.tenant,
        webhook,
        row["secret_version"],
        parts.clock() + WEBHOOK_OLD_SECRET_S * 1000,
    )
    if version is None:
        raise Problem(409, "conflict", "Somebody else has just changed it. Look at it again.")
    await _audit(parts, access, "webhook.secret_rotated", webhook)
    return WebhookMade(_webhook(await _find(parts, access, webhook)), secret_of(parts.ring, webhook, version))


# --- deliveries ----------------------------------------------------------------------------------
@get("/webhooks/{webhook:str}/deliveries")
async def list_deliveries(
    request: HttpRequest,
    access: Caller,
    webhook: FromPath[str],
    *,
    cursor: Cursor = None,
    status: Annotated[Status | None, QueryParameter()] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_ROWS_MAX)] = 50,
) -> Deliveries:
    """What it was told, or not, in the last thirty days; ``status=dead`` are the dead letters."""
    parts = _administrator(request, access)
    await _find(parts, access, webhook)
    tenant, name = access.person.tenant, f"deliveries {webhook}"
    before = number_of(parts, name, tenant, cursor)
    rows = await parts.pool.fetch(sql("webhook_deliveries"), tenant, webhook, before, status, limit)
    found = tuple(Delivery(**dict(row)) for row in rows)
    is_full = len(found) == limit
    return Deliveries(found, cursor_of(parts, name, tenant, (found[-1].sequence,)) if is_full else None)


@get("/webhooks/{webhook:str}/deliveries/{delivery:str}")
async def get_delivery(
    request: HttpRequest, access: Caller, webhook: FromPath[str], delivery: FromPath[str]
) -> Delivery:
    """One of them."""
    parts = _administrator(request, access)
    row = await parts.pool.fetchrow(sql("webhook_delivery"), access.person.tenant, webhook, delivery)
    if row is None:
        raise not_found()
    return Delivery(**dict(row))


@post("/webhooks/{webhook:str}/deliveries/{delivery:str}/redeliver", status_code=200, guards=[require_csrf])
async def redeliver(
    request: HttpRequest, access: Caller, webhook: FromPath[str], delivery: FromPath[str]
) -> Replayed:
    """Tells one again, under the same ``webhook-id``."""
    parts = _administrator(request, access)
    begun = await _begin_again(parts, access, webhook, delivery=delivery)
    if not begun:
        raise not_found()
    return Replayed(begun)


@post("/webhooks/{webhook:str}/replay", status_code=200, guards=[require_csrf])
async def replay(
    request: HttpRequest, access: Caller, webhook: FromPath[str], data: JSONBody[Replay]
) -> Replayed:
    """Tells all again beyond a sequence or since a time, delivered or not, under the same ``webhook-id``."""
    parts = _administrator(request, access)
    if (data.after is None) == (data.since is None):
        raise malformed("Name one of `after` and `since`.")
    return Replayed(await _begin_again(parts, access, webhook, after=data.after, since=data.since))


async def _begin_again(
    parts: Parts,
    access: Access,
    webhook: str,
    *,
    delivery: str | None = None,
    after: int | None = None,
    since: int | None = None,
) -> int:
    row = await _find(parts, access, webhook)
    if row["state"] != "active":
        raise Problem(409, "webhook_not_active", "Switch the webhook on first.")
    begun = await parts.pool.fetch(
        sql("redeliver_webhook"), access.person.tenant, webhook, delivery, after, since
    )
    if begun:
        await _audit(parts, access, "webhook.replayed", webhook)
        try:
            await queue(parts)
        except BusError as error:  # The follower puts the jobs when the bus is back.
            raise log_unavailable() from error
    return len(begun)


# --- what they share -----------------------------------------------------------------------------
def _administrator(request: HttpRequest, access: Access) -> Parts:
    if "administer" not in access.person.capabilities:
        raise forbidden()
    return parts_of(request)


def _check(parts: Parts, url: str) -> None:
    try:
        read_url(url, parts.webhook_networks)
    except ValueError as error:
        raise Problem(422, "webhook_address", str(error)) from error


async def _find(parts: Parts, access: Access, webhook: str) -> asyncpg.Record:
    row = await parts.pool.fetchrow(sql("webhooks"), access.person.tenant, webhook)
    if row is None:
        raise not_found()
    return row


async def _last(parts: Parts) -> int:
    try:
        return await parts.bus.log.last_stream_seq()
    except BusError as error:
        raise log_unavailable() from error


async def _audit(parts: Parts, access: Access, what: str, webhook: str) -> None:
    fact = audit.Fact(
        what,
        parts.clock(),
        parts.edge,
        person=access.person.id,
        login=access.login,
        object=webhook,
    )
    try:
        await audit.record(parts.bus, access.person.tenant, fact)
    except BusError as error:
        raise log_unavailable() from error


def _webhook(row: asyncpg.Record) -> Webhook:
    return Webhook(
        row["id"],
        row["url"],
        row["description"],
        tuple(row["kinds"]),
        row["state"],
        row["reason"],
        row["created_by"],
        row["created_at"],
        row["last_sequence"],
        row["failing_since"],
        row["old_secret_until"],
    )


ROUTES = [
    list_webhooks,
    create_webhook,
    get_webhook,
    change_webhook,
    delete_webhook,
    rotate_secret,
    list_deliveries,
    get_delivery,
    redeliver,
    replay,
]
