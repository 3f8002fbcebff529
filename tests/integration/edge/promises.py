"""Holds an answer against what the API description promises of its route."""

import re
from functools import cache
from types import SimpleNamespace
from typing import Any

import httpx

from edge.app import create_app
from edge.openapi import document
from edge.site import Site

Json = dict[str, Any]


@cache
def described() -> Json:
    """The OpenAPI document. It depends on the routes and on nothing that runs."""
    parts: Any = SimpleNamespace(site=Site("http://127.0.0.1:1", is_secure=False))
    return document(create_app(parts), parts.site)


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Addresses without parameters first: ``/sessions/start`` is not a session."""
    paths = sorted(described()["paths"], key=lambda path: path.count("{"))
    return tuple((re.compile(re.sub(r"\{\w+\}", "[^/]*", path)), path) for path in paths)


def operation_of(method: str, path: str) -> Json | None:
    """What is described for a request; None for what is no route of the API."""
    for pattern, template in _patterns():
        operation: Json | None = described()["paths"][template].get(method.lower())
        if operation is not None and pattern.fullmatch(path):
            return operation
    return None


async def hold(response: httpx.Response) -> None:
    """Fails when a route answers what it does not promise."""
    operation = operation_of(response.request.method, response.request.url.path)
    if operation is None:
        return
    name, status = operation["operationId"], str(response.status_code)
    assert status in operation["responses"], f"{name} does not promise {status}"
    if response.status_code < 400 or response.request.method == "HEAD":
        return
    await response.aread()
    code = response.json()["code"]
    promised = operation["responses"][status]["content"]["application/problem+json"]["schema"]
    assert code in promised["allOf"][1]["properties"]["code"]["enum"], f"{name} does not promise {code}"
