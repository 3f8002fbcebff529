"""The API keeps what its description promises, whatever is sent: schemathesis as teacher, member, stranger.

Some thirty seconds on an idle machine: every route is asked ten times, from fixed seeds, in a school with a
class that is running. ``make soak`` does the same for longer with chance.
"""

import ast
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from openapi_spec_validator import validate

from edge.contract import CODES, ROUTES, catalogue
from schemas.settings import Settings
from tests import stack
from tests.integration.edge import fuzz
from tests.integration.edge.conftest import School
from tests.integration.edge.furnished import furnish
from tests.integration.edge.promises import described

ROOT = Path(__file__).resolve().parents[3]
Json = dict[str, Any]


def operations() -> list[tuple[str, str, Json]]:
    """Every route that is described: method, path, operation."""
    return [
        (method, path, operation)
        for path, item in described()["paths"].items()
        for method, operation in item.items()
    ]


# --- the document --------------------------------------------------------------------------------
def test_the_description_is_openapi_3_1() -> None:
    """As the specification's own schema sees it."""
    assert described()["openapi"].startswith("3.1.")
    validate(described())


def test_every_route_is_described_completely() -> None:
    """Summary, tag, security, bounds of what stands in an address, an answer, problems with their codes."""
    known = {operation["operationId"] for _, _, operation in operations()}
    assert known == {name.replace(".", "_") for name in ROUTES}, (
        "edge.contract names each route, and no other"
    )
    tags = {tag["name"]: tag["description"] for tag in described()["tags"]}
    for method, path, operation in operations():
        name = operation["operationId"]
        assert len(operation["summary"]) > 5, name
        assert operation["description"], name
        assert all(tags[tag] for tag in operation["tags"]), f"edge.openapi.TAGS says nothing of {name}"
        assert operation["security"], name
        named = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
        assert named == set(re.findall(r"\{(\w+)\}", path)), name
        for parameter in operation["parameters"]:
            assert is_bounded(parameter["schema"]), (name, parameter)
        assert any(status < "400" for status in operation["responses"]), name
        for status, response in operation["responses"].items():
            assert "X-Request-Id" in response["headers"], name
            for kind, media in response.get("content", {}).items():
                assert "example" in media, (name, status)
                assert (kind == "application/problem+json") == (status >= "400"), (name, status)
        for media in operation.get("requestBody", {}).get("content", {}).values():
            assert "example" in media, name
        is_write = method not in {"get", "head"} and operation["security"] != [{}]
        takes_bytes = "application/octet-stream" in operation.get("requestBody", {}).get("content", {})
        keys = [p for p in operation["parameters"] if p["name"] == "Idempotency-Key"]
        assert bool(keys) == (is_write and not takes_bytes), name


def is_bounded(schema: Json) -> bool:
    """Whether a parameter cannot be arbitrarily large."""
    match schema.get("type"):
        case "string":
            return bool({"pattern", "maxLength", "enum", "format", "const"} & schema.keys())
        case "integer" | "number":
            return {"minimum", "maximum"} <= schema.keys()
        case "boolean":
            return True
        case "array":
            return "maxItems" in schema and is_bounded(schema["items"])
        case _:
            return "enum" in schema or "const" in schema


def test_every_example_is_what_its_schema_allows() -> None:
    """Also those of parameters."""
    components = {"components": described()["components"]}
    for _, _, operation in operations():
        shown = [(p["schema"], p["example"]) for p in operation["parameters"]]
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        shown += [(m["schema"], m["example"]) for body in bodies for m in body.get("content", {}).values()]
        for schema, example in shown:
            problems = list(Draft202012Validator({**components, **schema}).iter_errors(example))
            assert not problems, (operation["operationId"], example, problems[0].message)


# --- problems ------------------------------------------------------------------------------------
def test_every_problem_in_the_source_is_in_the_catalogue() -> None:
    """With the one status that it has."""
    for file in (ROOT / "edge").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != "Problem":
                continue
            status, code = node.args[:2]
            if isinstance(status, ast.Constant) and isinstance(code, ast.Constant):
                assert CODES[str(code.value)].status == status.value, (file.name, code.value)


def test_the_page_of_problems_is_up_to_date() -> None:
    """``python -m deploy.contract`` writes it."""
    assert (ROOT / "docs" / "api" / "problems.md").read_text() == catalogue()


def test_every_route_promises_only_known_codes() -> None:
    """And every code has an address in the catalogue."""
    assert {code for codes in ROUTES.values() for code in codes} <= CODES.keys()
    assert all(f"| `{code}` |" in catalogue() for code in CODES)


# --- conduct -------------------------------------------------------------------------------------
@pytest.fixture
def edge_settings(edge_settings: Settings, bucket: stack.Bucket) -> Settings:
    """With an object store: nothing is away in this school."""
    return msgspec.structs.replace(
        edge_settings,
        s3_endpoint=bucket.endpoint,
        s3_access_key=bucket.access_key,
        s3_secret_key=bucket.secret_key,
        s3_bucket=bucket.name,
    )


@pytest.mark.timeout(900)  # A thousand requests, and the machine may be busy with much else.
async def test_nothing_that_is_sent_gets_an_answer_that_was_not_promised(school: School) -> None:
    """No 5xx, no undeclared status or code, every body as its schema says."""
    wish = await furnish(school, {"teacher": 3, "member": 1, "stranger": 1})
    outcome = await fuzz.run(wish)
    assert not outcome.failures, "\n\n".join(outcome.failures)
    assert outcome.asked > 500
