"""What an operator with the nats CLI sees and may do, by the same wire calls (the CLI is not packaged)."""

import asyncio
import json
from pathlib import Path

import nats
import nats.errors
import pytest
from nats.aio.msg import Msg

from tests.e2e.running import running


async def reported(_: Exception) -> None:
    """Permission violations also arrive here; the test looks at the requests instead."""


@pytest.mark.timeout(180)
async def test_an_operator_watches_a_class_and_ends_it(tmp_path: Path) -> None:
    """``nats sub 'live.>'`` shows readable JSON; ``nats req ctl.…`` takes effect and answers."""
    with running(tmp_path / "var") as classwire:
        ops = await nats.connect(
            classwire.stack["nats_url"],
            user="ops",
            password=classwire.stack["users"]["ops"],
            inbox_prefix=b"_INBOX.ops.test",
            error_cb=reported,
        )
        try:
            seen: asyncio.Queue[Msg] = asyncio.Queue()
            await ops.subscribe("live.>", cb=seen.put)
            await ops.flush()
            await ops.flush()  # The first may overtake the subscription (bus-facts §0.3).

            async def ask(command: str, body: str = "{}") -> dict[str, object]:
                subject = f"ctl.demo.{classwire.room}.{command}"
                answer = await ops.request(subject, body.encode(), timeout=15)
                decoded: dict[str, object] = json.loads(answer.data)
                return decoded

            started = await ask("start_session")
            assert started["outcome"] == "accepted", started
            message = await asyncio.wait_for(seen.get(), 10)
            assert message.subject == f"live.demo.{classwire.room}.lifecycle"
            commit = json.loads(message.data)
            assert commit["events"][0]["type"] == "lifecycle.session_started"
            assert commit["actor"]["kind"] == "operator"
            assert message.headers is not None
            assert message.headers["ce-specversion"] == "1.0"

            again = await ask("start_session")
            assert again["outcome"] == "rejected"
            assert again["code"] == "session_live"

            ended = await ask("end_session")
            assert ended["outcome"] == "accepted"
            events = ended["events"]
            assert isinstance(events, list)
            assert events[-1]["type"] == "lifecycle.session_ended"

            unknown = await ask("fly_to_the_moon")
            assert unknown["code"] == "unknown_command"
            malformed = await ask("schedule_session", '{"title": ""}')
            assert malformed["code"] == "malformed"

            forged = f"class.demo.{classwire.room}.evt.lifecycle"
            with pytest.raises((nats.errors.NoRespondersError, nats.errors.TimeoutError)):
                await ops.request(forged, b"{}", timeout=1)
            after = await ask("end_session")
            assert after["code"] == "session_not_live", "a forged event took effect"
        finally:
            await ops.close()
