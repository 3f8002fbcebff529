"""Delivers webhooks: takes a job, asks the edge for the signed request, sends it, tells the end.

A failed attempt comes back with the job's own backoff (``JOB_BACKOFF_S``); after ``JOB_ATTEMPTS_MAX`` the
job is a dead letter in DLQ and the delivery is ``dead`` in its list. What could not be reported is tried
again: a receiver may hear the same ``webhook-id`` twice.
"""

import asyncio
from typing import TypeVar

import msgspec

from artifacts import outbound
from artifacts.outbound import OutboundError
from bus.interface import Bus, Job, Unavailable
from schemas import subjects, webhooks
from schemas.limits import JOB_ATTEMPTS_MAX, WEBHOOK_REQUEST_S, WEBHOOK_WORKERS
from schemas.webhooks import Network, Prepared, Report, WebhookJob

GONE = 410

T = TypeVar("T")


class NotDeliveredError(Exception):
    """The receiver did not take it."""


async def deliver(bus: Bus, networks: tuple[Network, ...]) -> None:
    """Delivers, a few at a time, until cancelled."""

    async def handle(job: Job) -> None:
        await attempt(bus, job, networks)

    async with asyncio.TaskGroup() as group:
        for _ in range(WEBHOOK_WORKERS):
            group.create_task(bus.jobs.work(webhooks.JOB, handle))


async def attempt(bus: Bus, job: Job, networks: tuple[Network, ...]) -> None:
    """One attempt. Raises NotDeliveredError, BusError: then it is tried again."""
    wanted = msgspec.json.decode(job.data, type=WebhookJob)
    prepared = await _ask(bus, subjects.hook(job.key.tenant, "prepare"), job.data, Prepared)
    if not prepared.url:
        return
    status, error = await _send(prepared, networks)
    delivered = 200 <= status < 300
    is_last = not delivered and (job.attempt >= JOB_ATTEMPTS_MAX or status == GONE)
    report = Report(wanted.delivery, status, error, is_last)
    await _ask(bus, subjects.hook(job.key.tenant, "report"), msgspec.json.encode(report), dict)
    if not delivered and status != GONE:
        raise NotDeliveredError(f"{wanted.delivery}: {error}")


async def _send(prepared: Prepared, networks: tuple[Network, ...]) -> tuple[int, str]:
    try:
        status = await outbound.post(prepared.url, prepared.headers, prepared.body.encode(), networks)
    except OutboundError as error:
        return 0, str(error)
    if 200 <= status < 300:
        return status, ""
    told = " Redirects are not followed." if 300 <= status < 400 else ""
    return status, f"The receiver answered {status}.{told}"


async def _ask(bus: Bus, subject: str, data: bytes, kind: type[T]) -> T:
    answer = await bus.core.request(subject, data, WEBHOOK_REQUEST_S)
    try:
        return msgspec.json.decode(answer, type=kind)
    except msgspec.DecodeError as error:
        raise Unavailable(f"{subject}: the edge could not answer.") from error
