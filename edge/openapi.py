"""The OpenAPI 3.1 document of the REST API, made of the routes themselves and of ``edge.contract``.

Litestar knows paths and parameters; bodies and answers are described by msgspec, exactly as it reads and
writes them; problems, keys, conditions and headers are the same for all routes and are added here. So a
route cannot be missing, and what it promises is what its types say.
"""

import inspect
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
from litestar import Litestar, Response
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.routes import HTTPRoute
from msgspec import Struct

from edge.auth import CSRF_HEADER, TAKES_BYTES
from edge.contract import by_status, codes_of, is_repeatable, name_of
from edge.examples import example_of
from edge.idempotency import KEY_HEADER, KEY_PATTERN
from edge.problems import Details, phrase_of
from edge.site import Site
from schemas.ids import TOKEN_PATTERN
from schemas.limits import CURSOR_CHARS_MAX, EXACT_INTEGER_MAX

Json = dict[str, Any]
PREFIX = "/api/v1"
CONFIG = OpenAPIConfig(title="Classwire", version="1", path="/api/schema", render_plugins=[])
"""For Litestar's own part; its pages are not served, for our policy of content would not let them run."""

_REF = "#/components/schemas/{name}"
_JSON, _PROBLEM = "application/json", "application/problem+json"
_TEXTS = {"csv": "text/csv", "text": "text/plain"}
_SUMMARY_END = re.compile(r"[.;:] ")
_OPEN_PATTERN = TOKEN_PATTERN.removesuffix(r"(?!\n)")  # Said again for those whose `$` is the very end.

TAGS = {
    "api_keys": "Keys for machines.",
    "analytics": "Attendance, engagement, quality and use.",
    "audit": "Who decided what about whom.",
    "boards": "Pages of whiteboards and slides.",
    "breakouts": "Groups of a class.",
    "consents": "Who agreed to being recorded; what was redacted.",
    "courses": "Courses and who takes part in them.",
    "files": "Files of a room.",
    "guest_links": "Links by which guests come.",
    "lobby": "Who waits at the door.",
    "login": "Signing in and out.",
    "logins": "Where one is signed in.",
    "members": "Lasting roles in a room.",
    "messages": "Chat and reactions after they were live.",
    "oidc": "Signing in at the school's own server.",
    "passwords": "Passwords, invitations, letters.",
    "policy": "What a tenant has decided for all its rooms.",
    "polls": "Polls and their results.",
    "providers": "A school's own sign-in servers.",
    "pulse": "How a class followed.",
    "questions": "Questions of a class.",
    "recordings": "Recordings, their artifacts and who watched.",
    "rooms": "Rooms.",
    "sessions": "Classes of a room: planned, running, over; the time table.",
    "studio": "What was on stage; shared notes.",
    "tenants": "Schools.",
    "tus": "Sending large files in parts (tus 1.0).",
    "users": "Accounts of a school.",
    "webhooks": "Telling other systems what happens.",
}


def document(app: Litestar, site: Site) -> Json:
    """The whole document."""
    base = app.openapi_schema.to_schema()
    handlers = {(path, method): handler for path, method, handler in routes(app)}
    schemas = _Schemas([handler for _, _, handler in routes(app)])
    paths = {
        path: {
            method: _operation(handlers[path, method], operation, schemas)
            for method, operation in item.items()
            if (path, method) in handlers
        }
        for path, item in base["paths"].items()
    }
    modules = sorted({name_of(handler).partition(".")[0] for handler in handlers.values()})
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Classwire",
            "version": "1",
            "summary": "Everything about classes that is not live.",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": TAGS.get(name, "")} for name in modules],
        "paths": {path: item for path, item in sorted(paths.items()) if item},
        "components": {
            "schemas": schemas.components,
            "headers": _HEADERS,
            "securitySchemes": _security(site),
        },
    }


_DESCRIPTION = """\
Times are Unix milliseconds. Lists are paged by opaque cursors. Errors are problem details (RFC 9457) with a
stable `code`. A write with an `Idempotency-Key` can be sent again safely. What is live goes over the
WebSocket of `/api/v1/rooms/{room}/live`."""


def routes(app: Litestar) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    """Every route of the API that is described: path, method in small letters, handler."""
    for route in app.routes:
        if not isinstance(route, HTTPRoute) or not route.path.startswith(PREFIX):
            continue
        for handler in route.route_handlers:
            for method in sorted(handler.http_methods):
                if method != "OPTIONS" and handler.resolve_include_in_schema():
                    yield re.sub(r":\w+\}", "}", route.path), method.lower(), handler


# --- one operation -------------------------------------------------------------------------------
def _operation(handler: HTTPRouteHandler, base: Json, schemas: "_Schemas") -> Json:
    name, about = name_of(handler), " ".join((handler.fn.__doc__ or "").split())
    operation: Json = {
        "operationId": name.replace(".", "_"),
        "tags": [name.partition(".")[0]],
        "summary": _SUMMARY_END.split(about, maxsplit=1)[0].rstrip(".") + ".",
        "description": about,
        "parameters": [*map(_parameter, base.get("parameters", ())), *_common_parameters(handler)],
        "responses": _responses(handler, schemas),
        "security": _needs(handler),
    }
    if body := _body(handler, schemas):
        operation["requestBody"] = body
    return operation


def _parameter(base: Json) -> Json:
    """Litestar's, with bounds for what stands in an address, and an example."""
    schema = _narrow(base["schema"])
    if schema.get("type") == "string" and "pattern" not in schema and "format" not in schema:
        schema |= {"pattern": _OPEN_PATTERN} if base["in"] == "path" else {"maxLength": CURSOR_CHARS_MAX}
    if schema.get("type") == "integer":  # Litestar leaves the bounds of what may be left away unsaid.
        schema = {"minimum": 0, "maximum": EXACT_INTEGER_MAX, **schema}
    described = {"description": base["description"]} if base.get("description") else {}
    return {
        "name": base["name"],
        "in": base["in"],
        "required": base.get("required", False),
        **described,
        "schema": schema,
        "example": example_of(schema, {}, base["name"]),
    }


def _narrow(schema: Json) -> Json:
    """A parameter is left away instead of being null; whole bounds are whole numbers."""
    kinds = [kind for kind in schema.get("oneOf", ()) if kind.get("type") != "null"]
    if len(kinds) == 1:
        schema = kinds[0]
    whole = ("minimum", "maximum")
    return {
        name: int(value) if name in whole else _open(value) if name == "pattern" else value
        for name, value in schema.items()
        if name != "examples"
    }


def _open(pattern: str) -> str:
    return pattern.removesuffix(r"(?!\n)")


def _common_parameters(handler: HTTPRouteHandler) -> list[Json]:
    found: list[Json] = []
    if is_repeatable(handler) and not handler.opt.get(TAKES_BYTES):
        found.append(
            _header(
                KEY_HEADER, "The same key again: the same answer again, done once.", "2f1c8a40", KEY_PATTERN
            )
        )
    if "precondition_failed" in codes_of(handler):
        found.append(_header("If-Match", "The ETag that was seen: 412 when it is another by now.", '"v3"'))
    if _is_conditional(handler):
        found.append(_header("If-None-Match", "An ETag: 304 when it is still the same.", '"4f9c2a"'))
    return found


def _header(name: str, description: str, example: str, pattern: str = "") -> Json:
    schema = {"type": "string", "maxLength": 200, **({"pattern": pattern} if pattern else {})}
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        "schema": schema,
        "example": example,
    }


def _is_conditional(handler: HTTPRouteHandler) -> bool:
    return "GET" in handler.http_methods


def _needs(handler: HTTPRouteHandler) -> list[dict[str, list[str]]]:
    if "access" not in handler.fn.__annotations__:
        return [{}]
    by_cookie: dict[str, list[str]] = {"cookie": []}
    return [
        by_cookie if set(handler.http_methods) <= {"GET", "HEAD"} else {**by_cookie, "csrf": []},
        {"key": []},
    ]


def _body(handler: HTTPRouteHandler, schemas: "_Schemas") -> Json | None:
    if handler.opt.get(TAKES_BYTES):
        return {"required": True, "content": {"application/octet-stream": {"schema": {}, "example": "…"}}}
    wanted = _types(handler).body
    if wanted is None:
        return None
    needs_body = inspect.signature(handler.fn).parameters["data"].default is inspect.Parameter.empty
    return {"required": needs_body, "content": {_JSON: schemas.media(wanted)}}


# --- answers -------------------------------------------------------------------------------------
def _responses(handler: HTTPRouteHandler, schemas: "_Schemas") -> Json:
    found: Json = {str(handler.status_code): _answer(handler, schemas)}
    if handler.opt.get(TAKES_BYTES):
        found["201"] = found[str(handler.status_code)]
    if _is_conditional(handler):
        found["304"] = {"description": "Still the same.", "headers": _refer(*_ALWAYS, "ETag")}
    for status, codes in by_status(codes_of(handler)).items():
        found[str(status)] = _problem(status, codes)
    return dict(sorted(found.items()))


def _answer(handler: HTTPRouteHandler, schemas: "_Schemas") -> Json:
    status, answer = handler.status_code, _types(handler).answer
    headers = _refer(*_ALWAYS, *(["ETag"] if _is_conditional(handler) else []))
    described: Json = {"description": phrase_of(status) + ".", "headers": headers}
    if answer is type(None):
        return described
    if answer in (bytes, str):
        ending = next(iter(handler.paths)).rpartition("/")[2].rpartition(".")[2]
        kind = {"schema": {"type": "string"}, "example": "name,role\nSam,speaker\n"}
        return {**described, "content": {_TEXTS.get(ending, "text/plain"): kind}}
    return {**described, "content": {_JSON: schemas.media(answer)}}


def _problem(status: int, codes: tuple[str, ...]) -> Json:
    waits = ["Retry-After"] if status in (429, 503) else []
    example = Details(
        type=f"urn:classwire:problem:{codes[0]}",
        title=phrase_of(status),
        status=status,
        detail="What happened, for people.",
        code=codes[0],
        request_id="5f0c1d2e3a4b5c6d",
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    )
    schema = {
        "allOf": [
            {"$ref": _REF.format(name="Problem")},
            {"properties": {"status": {"const": status}, "code": {"enum": list(codes)}}},
        ]
    }
    return {
        "description": f"{phrase_of(status)}: {', '.join(codes)}.",
        "headers": _refer(*_ALWAYS, *waits),
        "content": {_PROBLEM: {"schema": schema, "example": msgspec.to_builtins(example)}},
    }


_HEADERS: Json = {
    "X-Request-Id": {
        "description": "This request in the logs: what was sent in it, or a new one.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
    },
    "Traceparent": {
        "description": "W3C Trace Context: this request's span in the trace that it came with.",
        "schema": {"type": "string", "pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"},
    },
    "RateLimit-Policy": {
        "description": "How much is allowed: draft-ietf-httpapi-ratelimit-headers.",
        "schema": {"type": "string"},
    },
    "RateLimit": {"description": "What is left of it.", "schema": {"type": "string"}},
    "ETag": {"description": "Names this state of the resource.", "schema": {"type": "string"}},
    "Retry-After": {
        "description": "Ask again after so many seconds.",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    },
}
_ALWAYS = ("X-Request-Id", "Traceparent", "RateLimit-Policy", "RateLimit")


def _refer(*names: str) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _security(site: Site) -> Json:
    return {
        "cookie": {
            "type": "apiKey",
            "in": "cookie",
            "name": site.access_cookie,
            "description": "Set by the routes that sign in; ten minutes, then `POST /api/v1/login/refresh`.",
        },
        "csrf": {
            "type": "apiKey",
            "in": "header",
            "name": CSRF_HEADER,
            "description": f"Repeats the cookie `{site.csrf_cookie}`.",
        },
        "key": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "cw_…",
            "description": "An API key of a machine; its scopes say which resources it reaches.",
        },
    }


# --- types ---------------------------------------------------------------------------------------
class _Types(Struct, frozen=True):
    """What a handler reads and answers."""

    body: Any
    answer: Any


@cache
def _types(handler: HTTPRouteHandler) -> _Types:
    hints = get_type_hints(handler.fn, include_extras=True)
    body = hints.get("data")
    if body is not None:
        body = get_args(body)[0] if get_origin(body) is not None else body  # Annotated by JSONBody.
    answer = hints["return"]
    if get_origin(answer) is Response:
        (answer,) = get_args(answer)
    return _Types(body, answer)


class _Schemas:
    """The schemas of all bodies and answers, named once."""

    def __init__(self, handlers: list[HTTPRouteHandler]) -> None:
        kinds: list[Any] = [Details]
        for handler in handlers:
            types = _types(handler)
            kinds += [
                kind for kind in (types.body, types.answer) if kind not in (None, type(None), bytes, str)
            ]
        made, components = msgspec.json.schema_components(kinds, ref_template=_REF)
        self._of = {repr(kind): _tidied(schema) for kind, schema in zip(kinds, made, strict=True)}
        self.components: Json = {name: _tidied(schema) for name, schema in sorted(components.items())}
        self.components["Problem"] = self.components.pop("Details") | {"title": "Problem"}

    def media(self, kind: Any) -> Json:
        """A media type object with an example."""
        schema = self._of[repr(kind)]
        return {"schema": schema, "example": example_of(schema, self.components)}


def _tidied(schema: Any) -> Any:
    """Without what only Python's regular expressions need."""
    match schema:
        case dict():
            return {
                name: _open(value) if name == "pattern" and isinstance(value, str) else _tidied(value)
                for name, value in schema.items()
            }
        case list() | tuple():
            return [_tidied(value) for value in schema]
        case _:
            return schema
