"""The operator: does the lines of ``deploy/RUNBOOK.md``, by the real nats CLI where there is one.

``nats`` is looked for on the path and where Go puts what it builds; where Go is and the CLI is not, it is
built once. Where that cannot be done either, ``wire`` makes the same calls with nats-py: it understands
the few subcommands that the runbook uses, and fails on any other.
"""

import asyncio
import json
import os
import re
import shlex
import shutil
import subprocess
from base64 import b64encode
from functools import cache
from pathlib import Path
from typing import Any

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg

RUNBOOK = Path(__file__).parents[2] / "deploy" / "RUNBOOK.md"
MODULE = "github.com/nats-io/natscli/nats@latest"
BUILD_S = 240.0  # A first build on two cores; a registry that refuses says so in a second.
ANSWER_S = 20.0


@cache
def task(name: str) -> tuple[str, ...]:
    """The lines of one task, as the runbook has them."""
    block = re.search(rf"^```sh {name}\n(.*?)^```", RUNBOOK.read_text(), re.MULTILINE | re.DOTALL)
    assert block is not None, f"the runbook has no task {name}"
    return tuple(block[1].splitlines())


def tasks() -> list[str]:
    """The names of all tasks."""
    return re.findall(r"^```sh (\w+)$", RUNBOOK.read_text(), re.MULTILINE)


@cache
def cli() -> str | None:
    """The real CLI, if there is one or one can be built."""
    go = shutil.which("go")
    places = [shutil.which("nats")]
    if go is not None:
        home = subprocess.run(
            [go, "env", "GOPATH"], capture_output=True, text=True, check=True
        ).stdout.strip()
        built = Path(home) / "bin" / "nats"
        if not built.exists():
            subprocess.run([go, "install", MODULE], capture_output=True, timeout=BUILD_S, check=False)
        places.append(str(built) if built.exists() else None)
    return next((place for place in places if place), None)


class Operator:
    """Somebody at a terminal. ``users`` are the passwords by name."""

    def __init__(self, url: str, users: dict[str, str], *, by_wire: bool) -> None:
        self._url = url
        self._users = users
        self._by_wire = by_wire

    async def does(self, line: str, **values: str) -> str:
        """What a line of the runbook prints, with its ``<places>`` filled."""
        for place, value in values.items():
            line = line.replace(f"<{place}>", value)
        words = shlex.split(line)
        assert words[0] == "nats", line
        user, words = ("setup", words[3:]) if words[1:3] == ["--context", "setup"] else ("ops", words[1:])
        return await (self._wire(user, words) if self._by_wire else self._cli(user, words))

    async def _cli(self, user: str, words: list[str]) -> str:
        program = cli()
        assert program is not None
        who = ["--server", self._url, "--user", user, "--password", self._users[user]]
        process = await asyncio.create_subprocess_exec(
            program,
            *who,
            f"--inbox-prefix=_INBOX.{user}",
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "NO_COLOR": "1"},
        )
        async with asyncio.timeout(ANSWER_S):
            out, err = await process.communicate()
        assert process.returncode == 0, f"{words}: {out.decode()} {err.decode()}"
        return out.decode()

    async def _wire(self, user: str, words: list[str]) -> str:
        async def reported(_: Exception) -> None:
            """Refusals also arrive here; the requests are looked at instead."""

        client = await nats.connect(
            self._url,
            user=user,
            password=self._users[user],
            inbox_prefix=f"_INBOX.{user}.test".encode(),
            error_cb=reported,
        )
        try:
            async with asyncio.timeout(ANSWER_S):
                return await wire(client, words)
        finally:
            await client.close()


async def wire(client: Client, words: list[str]) -> str:
    """A subcommand of the CLI, in the calls that it makes."""
    match words:
        case ["sub", subject, "--count=1"]:
            heard: asyncio.Future[Msg] = asyncio.get_running_loop().create_future()

            async def hear(message: Msg) -> None:
                if not heard.done():
                    heard.set_result(message)

            await client.subscribe(subject, cb=hear)
            message = await heard
            return f"Received on {message.subject!r}\n{message.data.decode()}"
        case ["req", subject, body, "--raw"]:
            return (await client.request(subject, body.encode(), timeout=ANSWER_S)).data.decode()
        case ["stream", "info", stream, "--json"]:
            return json.dumps(await api(client, f"STREAM.INFO.{stream}"))
        case ["consumer", "info", stream, durable, "--json"]:
            return json.dumps(await api(client, f"CONSUMER.INFO.{stream}.{durable}"))
        case ["stream", "get", stream, "--last-for", subject, "--json"]:
            found = await api(client, f"STREAM.MSG.GET.{stream}", {"last_by_subj": subject})
            return json.dumps(found["message"])
        case ["kv", "get", bucket, key, "--raw"]:
            asked = f"$JS.API.DIRECT.GET.KV_{bucket}.$KV.{bucket}.{key}"
            return (await client.request(asked, b"", timeout=ANSWER_S)).data.decode()
        case ["stream", "backup", stream, directory]:
            return await backup(client, stream, Path(directory))
        case ["stream", "restore", directory]:
            return await restore(client, Path(directory))
        case _:
            raise AssertionError(f"nats {shlex.join(words)}: not in the runbook when this was written")


async def api(client: Client, subject: str, body: Any = None) -> dict[str, Any]:
    """A request to JetStream."""
    answer = await client.request(f"$JS.API.{subject}", json.dumps(body).encode() if body else b"", timeout=5)
    decoded: dict[str, Any] = json.loads(answer.data)
    assert "error" not in decoded, decoded
    return decoded


async def backup(client: Client, stream: str, directory: Path) -> str:
    """As ``nats stream backup``: the configuration, and the data as the server packs it."""
    chunks: asyncio.Queue[Msg] = asyncio.Queue()
    inbox = client.new_inbox()
    await client.subscribe(inbox, cb=chunks.put)
    begun = await api(client, f"STREAM.SNAPSHOT.{stream}", {"deliver_subject": inbox, "no_consumers": True})
    packed = b""
    while (chunk := await chunks.get()).data:
        packed += chunk.data
        if chunk.reply:
            await client.publish(chunk.reply)
    _keep(directory, packed, json.dumps({"config": begun["config"], "state": begun["state"]}))
    return "Received"


def _keep(directory: Path, packed: bytes, described: str) -> None:
    directory.mkdir(parents=True)
    (directory / "stream.tar.s2").write_bytes(packed)
    (directory / "backup.json").write_text(described)


async def restore(client: Client, directory: Path) -> str:
    """As ``nats stream restore``."""
    kept = json.loads((directory / "backup.json").read_text())
    begun = await api(client, f"STREAM.RESTORE.{kept['config']['name']}", kept)
    with (directory / "stream.tar.s2").open("rb") as file:
        while data := file.read(65_536):
            await client.request(begun["deliver_subject"], data, timeout=ANSWER_S)
    answer = json.loads((await client.request(begun["deliver_subject"], b"", timeout=ANSWER_S)).data)
    assert "error" not in answer, answer
    return "Restored"


def encoded(body: bytes) -> str:
    """A message's body as JetStream's JSON has it."""
    return b64encode(body).decode()
