"""Webhooks: the schools' own systems are told what happened.

::

    EVT ──► follower ──► webhook_delivery + position (one transaction) ──► JOBS ──► worker (artifacts)
                                 ▲                                                    │ prepare, report
                                 └────────────────────────────────────────────────────┘

The follower runs in every edge and works in one, under a lease; the row of the position is locked by each
batch, so two that believe to hold the lease do no harm. A delivery without job gets one at the next look,
and so does one whose job was not heard of for ``WEBHOOK_LOST_S``: nothing is lost. A receiver may be told
twice, always under the same ``webhook-id``.

Signed after the Standard Webhooks specification (``webhook-id``, ``webhook-timestamp``,
``webhook-signature: v1,<base64 of HMAC-SHA256 over "<id>.<timestamp>.<body>">``), because libraries for
it exist in every language; it also binds the id, which a bare ``t=,v1=`` over the body does not. The
secrets lie nowhere: each is derived from the key ring, the webhook and its version. For a day after a
rotation both sign, one after the other, so a receiver changes over without loss.

A receiver that answers 410, or gave no success for ``WEBHOOK_FAILING_S``, is ``disabled``; what happens
meanwhile is ``held``, and told by a replay once an administrator has switched it on again.
"""

import asyncio
import base64
import hashlib
import hmac
import logging
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg
import msgspec
from msgspec import Struct

from bus.background import background
from bus.holes import Holes
from bus.interface import BusError, Log, Message, Stored
from edge.parts import Parts
from edge.queries import sql
from edge.tokens import KeyRing, derive_secret
from schemas import subjects, webhooks
from schemas.ids import RoomId, RoomKey, TenantId, derived_id
from schemas.limits import (
    EDGE_RETRY_S,
    WEBHOOK_FAILING_S,
    WEBHOOK_JOBS_AT_ONCE,
    WEBHOOK_KEPT_S,
    WEBHOOK_LOST_S,
    WEBHOOK_QUIET_COMMITS,
    WEBHOOK_SWEEP_S,
)
from schemas.webhooks import CloudEvent, Kind, Prepared, Report, WebhookJob

log = logging.getLogger(__name__)

LEASE = "webhooks"
GONE = 410

_TROUBLE = (OSError, TimeoutError, BusError, asyncpg.PostgresError, asyncpg.InterfaceError)


# --- signing -------------------------------------------------------------------------------------
def secret_of(ring: KeyRing, webhook: str, version: int) -> str:
    """The secret as a receiver keeps it: ``whsec_`` and 32 bytes in base64."""
    return "whsec_" + base64.b64encode(_key(ring, webhook, version)).decode()


def _key(ring: KeyRing, webhook: str, version: int) -> bytes:
    return hashlib.sha256(derive_secret(ring, "webhook", webhook, str(version)).encode()).digest()


def signature(key: bytes, delivery: str, timestamp: int, body: str) -> str:
    """One signature of the header."""
    mac = hmac.digest(key, f"{delivery}.{timestamp}.{body}".encode(), hashlib.sha256)
    return "v1," + base64.b64encode(mac).decode()


# --- following the log ---------------------------------------------------------------------------
async def follow(parts: Parts) -> None:
    """Turns events into deliveries and deliveries into jobs, for ever, in one edge of all."""
    while True:
        try:
            async with parts.bus.leases.hold(LEASE) as lease, background(_work(parts)):
                await lease.lost()
        except _TROUBLE as error:
            log.warning("webhooks stand still: %r", error)
        await asyncio.sleep(EDGE_RETRY_S)


async def _work(parts: Parts) -> None:
    async with background(_sweep(parts)):
        await parts.pool.execute(sql("begin_webhook_position"), await parts.bus.log.last_stream_seq())
        position: int = await parts.pool.fetchval(sql("webhook_position"))
        last = kept = position
        holes, archived = Holes(position), list[_Told]()
        async with parts.bus.log.follow_all(after_stream_seq=position) as batches:
            async for batch in batches:
                if holes.wants_archive(batch):
                    reached, archived = await _archived(parts.bus.log, last)
                    holes.filled(reached)
                holes.check(batch)
                last = batch[-1].stream_seq
                told = [found for stored in batch for found in _told(stored)]
                wanted = _in_order(told, [one for one in archived if one.stream_seq <= last])
                archived = [one for one in archived if one.stream_seq > last]
                if wanted or last - kept >= WEBHOOK_QUIET_COMMITS:
                    await _write(parts, wanted, last)
                    kept = last
                if wanted:
                    await queue(parts)


class _Told(Struct, frozen=True):
    key: RoomKey
    stream_seq: int
    seq: int
    at: int
    kind: Kind
    data: dict[str, str | int | bool]


def _told(stored: Stored) -> Iterable[_Told]:
    for offset, event in enumerate(stored.commit.events):
        found = webhooks.told(event.data)
        if found is not None:
            yield _Told(stored.key, stored.stream_seq, stored.commit.seq + offset, stored.commit.at, *found)


async def _archived(source: Log, after: int) -> tuple[dict[RoomKey, int], list[_Told]]:
    """What archived logs tell beyond a position, and how far each of them reaches. Only what schools are
    told is kept, which is a few events of each class. Raises Purged, Unavailable."""
    reached: dict[RoomKey, int] = {}
    told: list[_Told] = []
    for archived in await source.archives():
        if archived.last > after:
            reached[archived.key] = archived.last
            async for stored in source.read_archived(archived):
                if stored.stream_seq > after:
                    told += _told(stored)
    return reached, told


def _in_order(told: Sequence[_Told], archived: Sequence[_Told]) -> list[_Told]:
    """Both in the order of the stream; what lies in both once: a room's last commit stays when its log is
    put away."""
    known = {(one.stream_seq, one.seq): one for one in (*archived, *told)}
    return [known[place] for place in sorted(known)]


async def _write(parts: Parts, told: Sequence[_Told], through: int) -> None:
    """The deliveries of a batch, and the position behind it, together."""
    async with parts.pool.acquire() as connection, connection.transaction():
        position = await connection.fetchval(sql("lock_webhook_position"))
        if position >= through:
            return  # Another edge was faster.
        fresh = [one for one in told if one.stream_seq > position]
        tenants = sorted({one.key.tenant for one in fresh})
        hooks = await connection.fetch(sql("webhooks_of_tenants"), tenants) if tenants else []
        for hook in hooks:
            mine = [
                one
                for one in fresh
                if one.key.tenant == hook["tenant"]
                and one.stream_seq > hook["after_seq"]
                and one.kind in hook["kinds"]
            ]
            if mine:
                rows = [_row(hook, one, hook["last_sequence"] + n) for n, one in enumerate(mine, 1)]
                await connection.executemany(sql("add_webhook_delivery"), rows)
                await connection.execute(
                    sql("count_webhook_deliveries"), hook["id"], hook["last_sequence"] + len(mine)
                )
        await connection.execute(sql("advance_webhook_position"), through)


def _row(hook: asyncpg.Record, one: _Told, sequence: int) -> tuple[Any, ...]:
    body = CloudEvent(
        id=f"{one.key.room}.{one.seq}",
        source=f"/tenants/{one.key.tenant}/rooms/{one.key.room}",
        type=one.kind,
        time=datetime.fromtimestamp(one.at / 1000, UTC).isoformat(timespec="milliseconds"),
        sequence=str(sequence),
        data={"room": one.key.room, **one.data},
    )
    delivery = derived_id("wd", hook["id"], str(one.key), str(one.seq))
    status = "pending" if hook["state"] == "active" else "held"
    text = msgspec.json.encode(body).decode()
    return (delivery, hook["id"], sequence, one.key.tenant, one.key.room, one.kind, one.at, text, status)


async def _sweep(parts: Parts) -> None:
    while True:
        await queue(parts)
        await parts.pool.execute(sql("forget_webhook_deliveries"), parts.clock() - WEBHOOK_KEPT_S * 1000)
        await asyncio.sleep(WEBHOOK_SWEEP_S)


async def queue(parts: Parts) -> None:
    """Puts a job for every delivery that has none. Raises BusError."""
    now = parts.clock()
    async with parts.pool.acquire() as connection, connection.transaction():
        rows = await connection.fetch(
            sql("take_unqueued_deliveries"), now - WEBHOOK_LOST_S * 1000, WEBHOOK_JOBS_AT_ONCE
        )
        for row in rows:
            await parts.bus.jobs.put(
                webhooks.JOB,
                RoomKey(TenantId(row["tenant"]), RoomId(row["room"])),
                msgspec.json.encode(WebhookJob(row["id"])),
                job_id=f"{row['id']}/{row['round']}/{now // (WEBHOOK_LOST_S * 1000)}",
            )
        await connection.execute(sql("mark_queued_deliveries"), [row["id"] for row in rows], now)


# --- answering the workers -----------------------------------------------------------------------
async def answering(parts: Parts) -> None:
    """Answers ``prepare`` and ``report``, for ever; the edges share the questions."""

    async def answer(message: Message) -> bytes:
        named = subjects.parse_hook(message.subject)
        try:
            match named:
                case (tenant, "prepare"):
                    job = msgspec.json.decode(message.data, type=WebhookJob)
                    return msgspec.json.encode(await prepare(parts, tenant, job.delivery))
                case (tenant, "report"):
                    await take_report(parts, tenant, msgspec.json.decode(message.data, type=Report))
                    return b"{}"
        except (msgspec.DecodeError, *_TROUBLE) as error:
            log.warning("%s: %r", message.subject, error)
        return b""  # Not JSON: the worker tries again.

    async with parts.bus.core.serve(subjects.HOOK_ALL, answer, queue="webhooks"):
        await asyncio.Event().wait()


async def prepare(parts: Parts, tenant: TenantId, delivery: str) -> Prepared:
    """The request to send now, signed; nothing if it is delivered, or not wanted any more."""
    row = await parts.pool.fetchrow(sql("prepare_delivery"), delivery, tenant)
    if row is None or row["status"] != "pending":
        return Prepared()
    if row["state"] != "active":
        await parts.pool.execute(sql("hold_delivery"), delivery)
        return Prepared()
    now, version = parts.clock(), row["secret_version"]
    versions = [version, version - 1] if (row["old_secret_until"] or 0) > now else [version]
    keys = [_key(parts.ring, row["webhook"], one) for one in versions]
    stamp = now // 1000
    headers = {
        "content-type": "application/cloudevents+json",
        "user-agent": "Classwire-Webhooks/1",
        "webhook-id": delivery,
        "webhook-timestamp": str(stamp),
        "webhook-signature": " ".join(signature(key, delivery, stamp, row["body"]) for key in keys),
    }
    return Prepared(row["url"], headers, row["body"])


async def take_report(parts: Parts, tenant: TenantId, report: Report) -> None:
    """Writes down how an attempt ended, and switches off what has failed for too long."""
    now, succeeded = parts.clock(), 200 <= report.status < 300
    async with parts.pool.acquire() as connection, connection.transaction():
        hook = await connection.fetchval(
            sql("report_delivery"),
            report.delivery,
            tenant,
            succeeded,
            report.last,
            now,
            report.status,
            report.error,
        )
        if hook is None:
            return
        if succeeded:
            await connection.execute(sql("webhook_succeeded"), hook)
            return
        limit = now - WEBHOOK_FAILING_S * 1000
        await connection.execute(sql("webhook_failed"), hook, now, limit, report.status == GONE)
