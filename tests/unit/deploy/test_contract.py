"""The written contract is whole: every reference in it leads somewhere."""

import json
from collections.abc import Iterator
from typing import Any

from deploy.contract import ASYNCAPI, asyncapi, files, json_schema, protocol
from schemas.commands import COMMANDS
from schemas.events import EVENTS


def references(value: Any) -> Iterator[str]:
    """All ``$ref`` below."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "$ref":
                yield inner
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def resolved(document: Any, pointer: str) -> Any:
    """What a JSON pointer (RFC 6901) names."""
    for token in pointer.split("/")[1:]:
        document = document[token]
    return document


def test_every_reference_of_the_schemas_and_of_asyncapi_resolves() -> None:
    schema, api = json_schema(), asyncapi()
    for reference in {*references(schema), *references(api)}:
        path, _, pointer = reference.partition("#")
        document = schema if path or pointer.startswith("/$defs") else api
        assert resolved(document, pointer) is not None, reference


def test_every_command_and_event_has_a_schema_and_a_channel() -> None:
    assert set(json_schema()["names"]) >= {*COMMANDS, *EVENTS}
    channels = asyncapi()["channels"]
    assert set(channels["commands"]["messages"]) == set(COMMANDS)
    topics = {name.partition(".")[0] for name in EVENTS}
    assert set(channels["log"]["parameters"]["topic"]["enum"]) == topics


def test_writing_the_tables_twice_changes_nothing() -> None:
    page = "".join(f"<!-- {n} -->\nSTALE\n<!-- end of {n} -->\n" for n in TABLES)
    once = protocol(page)
    assert "STALE" not in once
    assert protocol(once) == once


TABLES = ("view", "permissions", "commands", "service commands", "events", "rejections")


def test_the_documents_are_json() -> None:
    assert json.loads(files()[ASYNCAPI])["asyncapi"] == "3.0.0"
