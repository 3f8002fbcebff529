"""Pages in a room whose log was put away."""

from artifacts.archiver import put_away
from rooms.follower import load, save
from schemas.ids import RoomId, RoomKey
from schemas.subjects import ROOM_SNAPSHOT, room_kv_key
from tests.integration.edge.conftest import DEMO, School


async def test_a_room_goes_on_where_its_archive_ends(school: School) -> None:
    """With a snapshot and without, from an edge that never saw the room; a page also resumes into it."""
    teacher = await school.browser(school.teacher)
    room = await school.room(teacher)
    async with teacher.page(room) as tess:
        await tess.accepted("join_session", display_name="Tess")
        await tess.until(lambda: tess.view["me"]["role"] == "host")
        position, connection = tess.position, tess.welcome["connection"]
        for n in range(5):
            await tess.accepted("post_message", text=f"Message {n}")
        await tess.came("chat.posted", 5)
        key = RoomKey(DEMO, RoomId(room))
        await save(school.bus, await load(school.bus, key))
        await put_away(school.bus, key, (await load(school.bus, key)).stream_seq)
        last = await tess.accepted("post_message", text="And on")
        await tess.knows(last)
    await school.bus.bucket(ROOM_SNAPSHOT).delete(room_kv_key(key))
    async with school.open_edge("edge-2") as second:
        teacher.url = second.url
        async with teacher.page(room, resume_from=position, connection=connection) as back:
            assert back.welcome["resumed"] is True
            await back.came("chat.posted", 6)
            texts = [event["data"]["text"] for event in back.of_type("chat.posted")]
            assert texts == [*(f"Message {n}" for n in range(5)), "And on"]
            await back.accepted("post_message", text="And on")
            await back.came("chat.posted", 7)
