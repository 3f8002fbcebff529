"""Schemathesis against a running edge: every route, with what its schema allows and with what it does not.

In a process of its own (``python -m tests.integration.edge.fuzz``): it thinks more than it asks, and the
school that it asks must go on living. A ``Wish`` comes in on stdin, an ``Outcome`` goes out on stdout, JSON.
"""

import asyncio
import random
import re
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis.errors import Unsatisfiable
from msgspec import Struct
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi import checks

ROOT = Path(__file__).resolve().parents[3]
Json = dict[str, Any]
LEFT_OUT = frozenset(
    {
        "login_sign_out",
        "logins_end_login",
        "logins_sign_out_everywhere",
        "passwords_change_own_password",
        "users_change_user",
        "users_disable_user",
        "api_keys_revoke_api_key",
    }
)
"""These may take away the login or the rights under which all others are asked; tests of their own know
them."""


class Wish(Struct, frozen=True):
    """Whom to ask what: the description, the people's headers, and what there is to ask about.

    ``examples`` per route, person and mode; with a ``seed`` other ones than those of every run, for at most
    ``time_s``.
    """

    description: Json
    url: str
    people: dict[str, dict[str, str]]
    real: dict[str, str]
    examples: dict[str, int]
    seed: int | None = None
    time_s: float = 3_600.0


class Outcome(Struct, frozen=True):
    """How often was asked, and what was answered against the description."""

    asked: int
    failures: tuple[str, ...]


async def run(wish: Wish) -> Outcome:
    """Asks in a process of its own."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-W", "ignore", "-m", "tests.integration.edge.fuzz"),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        written, _ = await child.communicate(msgspec.json.encode(wish))
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    assert child.returncode == 0, "the process that asks has failed; see its stderr above"
    return msgspec.json.decode(written, type=Outcome)


def main() -> None:
    """The child."""
    wish = msgspec.json.decode(sys.stdin.buffer.read(), type=Wish)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Schemathesis remarks on what it could not generate.
        outcome = ask_everything(wish)
    sys.stdout.buffer.write(msgspec.json.encode(outcome))


def ask_everything(wish: Wish) -> Outcome:
    """Asks every route, as often well as badly. Blocks."""
    asker = _Asker(wish, requests.Session())
    schema = schemathesis.openapi.from_dict(wish.description)
    for operation in _operations(schema):
        for who, examples in wish.examples.items():
            asker.ask(operation, who, examples)
    return Outcome(asker.asked, tuple(sorted(asker.failures.values())))


def _operations(schema: Any) -> Iterator[Any]:
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.definition.raw["operationId"] not in LEFT_OUT:
            yield operation


class _Asker:
    """Counts, and keeps one failure of each kind."""

    def __init__(self, wish: Wish, session: Any) -> None:
        self.asked = 0
        self.failures: dict[tuple[str, str], str] = {}
        self._wish = wish
        self._session = session
        self._until = time.monotonic() + wish.time_s

    def ask(self, operation: Any, who: str, examples: int) -> None:
        """One route, as one person."""
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            self._ask_in(operation, mode, who, examples)

    def _ask_in(self, operation: Any, mode: GenerationMode, who: str, examples: int) -> None:
        chance = random.Random(f"{operation.label} {mode} {who} {self._wish.seed}")

        @settings(
            max_examples=examples,
            derandomize=self._wish.seed is None,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def asks(case: Any) -> None:
            if time.monotonic() < self._until:
                self._ask(case, who, chance)

        with suppress(Unsatisfiable):  # A route without parameters and body cannot be asked badly.
            (asks if self._wish.seed is None else seeded(self._wish.seed)(asks))()

    def _ask(self, case: Any, who: str, chance: random.Random) -> None:
        for name, value in self._wish.real.items():
            if name in (case.path_parameters or {}) and chance.random() < 0.8:
                case.path_parameters[name] = value
        self.asked += 1
        answer = case.call(
            base_url=self._wish.url, session=self._session, headers=self._wish.people[who], timeout=60
        )
        try:
            case.validate_response(
                answer,
                checks=[
                    not_a_server_error,
                    checks.status_code_conformance,
                    checks.content_type_conformance,
                    checks.response_headers_conformance,
                    checks.response_schema_conformance,
                ],
            )
        except (Failure, FailureGroup) as failure:
            causes = failure.exceptions if isinstance(failure, FailureGroup) else (failure,)
            for cause in causes:
                kind = (case.operation.label, re.sub(r"\s+", " ", str(cause))[:80])
                self.failures[kind] = f"{who}: {case.as_curl_command()[:1_500]}\n{answer.text[:300]}\n{cause}"


if __name__ == "__main__":
    main()
