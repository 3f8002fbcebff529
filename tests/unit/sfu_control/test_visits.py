"""Who visits a breakout room publishes what the visit allows, whatever their role."""

from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from schemas.breakouts import VisitMode, VisitorPass
from schemas.commands.breakouts import DirectBreakout
from schemas.ids import GroupId, OpeningId, RoomId, RoomKey, SessionId, UserId, participant_id
from tests.unit.sfu_control import browser
from tests.unit.sfu_control.campus import KEY, SAM, SERVICE, TESS, Campus, campus
from tests.unit.sfu_control.test_service import Held, opened, published, until

PARENT = RoomKey(KEY.tenant, RoomId("parent"))
CHILD = DirectBreakout(
    title="Red",
    owner=UserId("tess"),
    parent=PARENT.room,
    session=SessionId("s1"),
    opening=OpeningId("o1"),
    group=GroupId("g1"),
    group_name="Red",
    members=(participant_id(PARENT, "sam"),),
)
MICROPHONE = {"kind": "audio", "source": "microphone"}


@pytest.fixture
def held() -> Held:
    return Held()


@pytest.fixture
async def school(held: Held) -> AsyncIterator[Campus]:
    async with campus(TESS, SAM, opener=held.open) as found:
        yield found


async def visits(school: Campus, mode: VisitMode, version: int) -> None:
    """The parent lets the owner in to do no more than this."""
    visitor = VisitorPass("tess", "Tess", mode)
    await school.says(SERVICE, replace(CHILD, visitors=(visitor,), version=version))


async def test_who_listens_publishes_nothing_and_who_speaks_a_microphone(school: Campus) -> None:
    send, _ = await opened(school, TESS)
    await visits(school, "listen", 1)
    assert await published(school, TESS, send) == "forbidden"
    await visits(school, "speak", 2)
    assert await published(school, TESS, send) == "forbidden", "not the camera"
    voice = await published(school, TESS, send, **MICROPHONE, rtpParameters=browser.microphone())
    await until(lambda: list(school.follower.state.tracks) == [voice])


async def test_who_turns_to_listening_is_heard_no_more(school: Campus, held: Held) -> None:
    send, _ = await opened(school, TESS)
    await visits(school, "visit", 1)
    camera = await published(school, TESS, send)
    assert held.forwarder.flowing == {camera}
    await visits(school, "listen", 2)
    await until(lambda: not held.forwarder.producers)
    sam, _ = await opened(school, SAM)
    assert await published(school, SAM, sam) != "forbidden", "the group goes on"
