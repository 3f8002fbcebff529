"""What an operator sees and may do: the lines of ``deploy/RUNBOOK.md``, one after the other.

With the real nats CLI where one is or can be built, and by the same calls of nats-py elsewhere.
"""

import asyncio
import json
import os
import sys
from base64 import b64decode
from pathlib import Path
from typing import Any

import nats
import nats.errors
import pytest
from nats.aio.client import Client

from bus.users import USERS, server_config
from tests import stack
from tests.e2e.operator import Operator, api, cli, encoded, task, tasks
from tests.e2e.running import ROOT, Running, running

Json = dict[str, Any]


async def reported(_: Exception) -> None:
    """Permission violations also arrive here; the test looks at the requests instead."""


@pytest.mark.timeout(400)
async def test_an_operator_does_what_the_runbook_says(tmp_path: Path) -> None:
    """Every task that it names; and what an operator may not, it may not."""
    by_wire = await asyncio.to_thread(cli) is None
    print("by the wire" if by_wire else "by the nats CLI")
    with running(tmp_path / "var") as classwire:
        users = classwire.stack["users"]
        operator = Operator(classwire.stack["nats_url"], users, by_wire=by_wire)
        await watches_and_ends_a_class(operator, classwire)
        await is_well(operator)
        await finds_owner_and_nodes(operator)
        await replays_a_dead_letter(operator, classwire)
        await backs_up_and_restores(operator, tmp_path / "EVT")
        done = {"watch", "end", "health", "lag", "owner", "nodes", "letter", "backup", "restore"}
        assert set(tasks()) == done, "a task of the runbook that nobody does"
        await gives_a_school_eyes_on_its_log(classwire)
        ops = await connected(classwire, "ops")
        try:
            await asks_for_what_is_not_possible(ops, classwire)
        finally:
            await ops.close()


async def connected(classwire: Running, user: str) -> Client:
    """A connection of our own, to check by."""
    return await nats.connect(
        classwire.stack["nats_url"],
        user=user,
        password=classwire.stack["users"][user],
        inbox_prefix=f"_INBOX.{user}.check".encode(),
        error_cb=reported,
    )


async def ask(client: Client, classwire: Running, command: str, body: str = "{}") -> Json:
    """An operator's command and what became of it."""
    answer = await client.request(f"ctl.demo.{classwire.room}.{command}", body.encode(), timeout=15)
    decoded: Json = json.loads(answer.data)
    return decoded


async def watches_and_ends_a_class(operator: Operator, classwire: Running) -> None:
    """``nats sub 'live.>'`` shows readable JSON; ``nats req ctl.…`` takes effect and answers."""
    (watch,), (end,) = task("watch"), task("end")
    ops = await connected(classwire, "ops")
    try:
        watching = asyncio.create_task(operator.does(watch))
        started = await ask(ops, classwire, "start_session")
        assert started["outcome"] == "accepted", started
        title = 0
        while not watching.done():  # Until what the watcher asked for has reached the server.
            title += 1
            await ask(ops, classwire, "rename_room", json.dumps({"title": f"Room {title}"}))
        shown = await watching
        assert f"live.demo.{classwire.room}." in shown
        assert '"events":[{"type":' in shown
        again = await ask(ops, classwire, "start_session")
        assert (again["outcome"], again["code"]) == ("rejected", "session_live")
    finally:
        await ops.close()
    ended = json.loads(await operator.does(end, room=classwire.room))
    assert ended["outcome"] == "accepted", ended
    assert ended["events"][-1]["type"] == "lifecycle.session_ended"


async def is_well(operator: Operator) -> None:
    """Streams and durable subscriptions say how they are."""
    infos = [json.loads(await operator.does(line)) for line in task("health")]
    assert [info["config"]["name"] for info in infos] == ["EVT", "CMD", "DLQ"]
    assert infos[0]["state"]["messages"] > 0
    commands, webhooks = [json.loads(await operator.does(line)) for line in task("lag")]
    assert (commands["name"], webhooks["name"]) == ("rooms-3", "artifacts-webhook")
    assert (commands["num_pending"], webhooks["num_pending"]) == (0, 0)


async def finds_owner_and_nodes(operator: Operator) -> None:
    """Who decides for a partition, and which nodes forward media."""
    (owner,), (nodes,) = task("owner"), task("nodes")
    assert (await operator.does(owner)).strip().startswith("rooms-")
    node = json.loads(b64decode(json.loads(await operator.does(nodes))["data"]))
    assert not node.get("draining", False)


async def replays_a_dead_letter(operator: Operator, classwire: Running) -> None:
    """The letter is found with its reason, and its body is a job again, which a worker takes."""
    find, put = task("letter")
    subject, body = f"job.webhook.demo.{classwire.room}", b'{"delivery":"wdgone"}'
    worker = await connected(classwire, "artifacts")
    ops = await connected(classwire, "ops")
    try:
        headers = {"Cw-Error": "every worker that took it died"}
        await worker.request(f"dlq.{subject}", body, headers=headers, timeout=5)
        letter = json.loads(await operator.does(find))
        assert (letter["subject"], letter["data"]) == (f"dlq.{subject}", encoded(body))
        assert "every worker that took it died" in b64decode(letter["hdrs"]).decode()
        before = (await api(ops, "CONSUMER.INFO.JOBS.artifacts-webhook"))["ack_floor"]["stream_seq"]
        stored = json.loads(await operator.does(put, room=classwire.room, body=body.decode()))
        assert stored["stream"] == "JOBS"
        assert stored["seq"] > before
        async with asyncio.timeout(20):
            while (await api(ops, "STREAM.INFO.JOBS"))["state"]["messages"]:
                pass
    finally:
        await worker.close()
        await ops.close()


async def backs_up_and_restores(operator: Operator, directory: Path) -> None:
    """The log of one server is read on another; the bucket of secrets does not leave."""
    (backup,), (restore,), (health, *_) = task("backup"), task("restore"), task("health")
    await operator.does(backup, directory=str(directory))
    with pytest.raises((AssertionError, nats.errors.Error, TimeoutError)):
        await operator.does(backup.replace("EVT", "KV_secret"), directory=str(directory) + "-secret")
    there = json.loads(await operator.does(health))["state"]
    passwords = {user: f"p-{user}" for user in USERS}
    with (
        stack.server_directory() as other,
        stack.nats(other, authorization=server_config(passwords)) as server,
    ):
        elsewhere = Operator(server.url, passwords, by_wire=cli() is None)
        await elsewhere.does(restore, directory=str(directory))
        here = json.loads(await elsewhere.does(health))["state"]
        assert (here["messages"], here["last_seq"]) == (there["messages"], there["last_seq"])


async def tenant(classwire: Running, *words: str) -> tuple[int, str]:
    """``classwire tenant analytics``: its status, and what it printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.cli", "tenant", "analytics", *words),
        cwd=ROOT,
        env={**os.environ, "CLASSWIRE_VAR": str(classwire.var)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode()


async def gives_a_school_eyes_on_its_log(classwire: Running) -> None:
    """Credentials that work at once, stay the same, survive the server's end, and can be taken back."""
    status, printed = await tenant(classwire, "demo")
    assert status == 0, printed
    granted = json.loads(printed)
    assert await tenant(classwire, "demo") == (0, printed)
    assert (await tenant(classwire, "nowhere"))[0] == 1
    await asyncio.to_thread(classwire.kill_and_wait, "nats")
    school = await nats.connect(granted["servers"], user=granted["user"], password=granted["password"])
    log = await school.jetstream().pull_subscribe_bind(consumer=granted["durable"], stream=granted["stream"])
    messages = await log.fetch(50, timeout=5)
    assert {message.subject.split(".")[1] for message in messages} == {"demo"}
    ended, said = await tenant(classwire, "demo", "--end")
    assert ended == 0, said
    async with asyncio.timeout(10):
        while school.is_connected:  # noqa: ASYNC110 - the server ends it
            await asyncio.sleep(0.05)
    await school.close()


async def asks_for_what_is_not_possible(ops: Client, classwire: Running) -> None:
    """Unknown and malformed commands are answered; a forged event takes no effect."""
    assert (await ask(ops, classwire, "fly_to_the_moon"))["code"] == "unknown_command"
    assert (await ask(ops, classwire, "schedule_session", '{"title": ""}'))["code"] == "malformed"
    forged = f"class.demo.{classwire.room}.evt.lifecycle"
    with pytest.raises((nats.errors.NoRespondersError, nats.errors.TimeoutError)):
        await ops.request(forged, b"{}", timeout=1)
    after = await ask(ops, classwire, "end_session")
    assert after["code"] == "session_not_live", "a forged event took effect"
