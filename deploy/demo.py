"""Demo data: a school with a teacher, a student and a room, through the same doors that people use."""

import time

from msgspec import Struct

from bus import nats
from edge import identity
from schemas.commands.lifecycle import CreateRoom
from schemas.envelope import Accepted, Actor, Envelope, Rejected
from schemas.ids import CommandId, RoomId, RoomKey, TenantId
from schemas.rejections import Code
from schemas.settings import Settings

TENANT = TenantId("demo")
ROOM = RoomKey(TENANT, RoomId("demo-class"))
TITLE = "Demo class"
DEADLINE_MS = 30_000  # The partition's lease may still have to be taken.


class Demo(Struct, frozen=True):
    """What ``var/demo.json`` tells scripts."""

    url: str
    teacher_link: str
    student_link: str
    room: str


class DemoError(Exception):
    """The demo room was refused; the text says why."""


async def make(settings: Settings, url: str) -> Demo:
    """Makes what is missing, and new one-time links every time. ``settings`` are the edge's."""
    async with identity.open_pool(settings.postgres, connections_max=2) as pool:
        await identity.ensure_tenant(pool, TENANT, "Demo school")
        teacher = await identity.ensure_user(
            pool,
            TENANT,
            email="teacher@demo.test",
            display_name="Tess Teacher",
            capabilities=("teach", "administer"),
        )
        student = await identity.ensure_user(
            pool, TENANT, email="student@demo.test", display_name="Sam Student", capabilities=("learn",)
        )
        links = [await identity.create_sign_in_link(pool, person.id) for person in (teacher, student)]
    await _make_room(settings, teacher)
    teacher_link, student_link = (f"{url}/signin#token={token}" for token in links)
    return Demo(url=url, teacher_link=teacher_link, student_link=student_link, room=ROOM.room)


async def _make_room(settings: Settings, owner: identity.Person) -> None:
    actor = Actor(kind="user", id=owner.id, display_name=owner.display_name, capabilities=owner.capabilities)
    envelope = Envelope(
        key=ROOM,
        command=CreateRoom(title=TITLE),
        id=CommandId("demo-room"),
        actor=actor,
        deadline=int(time.time() * 1000) + DEADLINE_MS,
    )
    async with nats.connect(settings, "edge") as bus:
        outcome = await bus.commands.submit(envelope)
    match outcome:
        case Accepted() | Rejected(code=Code.ROOM_EXISTS):
            return
        case Rejected():
            raise DemoError(f"The demo room was refused: {outcome}")
