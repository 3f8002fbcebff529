"""Sockets: view, commands, events in order, resuming, and how sockets end."""

import socket

import msgspec
import pytest
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from bus.interface import Message
from edge.wires import AsgiWire
from schemas import subjects
from schemas.commands.tracks import PublishTrack
from schemas.envelope import Accepted, Actor, Commit, Envelope, Event, RecordedActor
from schemas.events.chat import MessagePosted
from schemas.ids import CommandId, MessageId, NodeId, ParticipantId, RoomId, RoomKey, TrackId
from schemas.media import MediaKind, Source
from schemas.registry import NodeRegistration
from schemas.signalling import Level, Levels, MediaAnswer, MediaRequest, Signal
from tests.integration.edge.conftest import DEMO, School, until
from tests.integration.edge.page import Line


async def test_a_page_sees_the_room_joins_and_what_is_said_comes_in_order(school: School) -> None:
    """The thin path: sign-in, room, hello, join, chat."""
    teacher = await school.browser(school.teacher)
    room = await school.room(teacher)
    student = await school.browser(school.student)
    async with teacher.page(room) as tess, student.page(room) as sam:
        assert tess.view["session"]["status"] == "live"
        assert tess.view["me"]["role"] is None
        await tess.accepted("join_session", display_name="Tess")
        await sam.accepted("join_session", display_name="Sam")
        await tess.until(lambda: tess.view["me"]["role"] == "host")
        await sam.until(lambda: sam.view["me"]["role"] == "speaker")
        for n in range(10):
            await (tess if n % 2 else sam).accepted("post_message", text=str(n))
        for line in (tess, sam):
            await line.came("chat.posted", 10)
            assert [e["data"]["text"] for e in line.of_type("chat.posted")] == [str(n) for n in range(10)]
            assert line.position > 0
        joined = sam.of_type("roster.joined")
        assert all(e["data"]["person"] == "" and e["actor"]["id"] == "" for e in joined)
        assert school.student.id in [e["data"]["person"] for e in tess.of_type("roster.joined")]


async def test_a_command_that_is_refused_says_why_and_shows_nothing(school: School) -> None:
    """By the rules, by the edge, and for what is not a command of browsers."""
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    room = await school.room(teacher)
    async with student.page(room) as sam:
        last = await school.bus.log.last_stream_seq()
        for name, data, code in (
            ("end_session", {}, "forbidden"),
            ("post_message", {"text": "x"}, "not_a_participant"),
            ("post_message", {"text": ""}, "malformed"),
            ("post_message", {"text": "x", "participant": "p1"}, "malformed"),
            ("lose_connection", {"participant": "p1", "connection": "c1"}, "unknown_command"),
            ("no_such_command", {}, "unknown_command"),
        ):
            answer = await sam.command(name, **data)
            assert (answer["accepted"], answer["code"]) == (False, code), name
        assert await school.bus.log.last_stream_seq() == last


async def test_a_repeated_command_has_one_effect_and_the_first_answer(school: School) -> None:
    """Also on another socket."""
    teacher = await school.browser(school.teacher)
    room = await school.room(teacher)
    async with teacher.page(room) as first:
        await first.accepted("join_session", display_name="Tess")
        answer = await first.command("post_message", "same-id", text="once")
        assert await first.command("post_message", "same-id", text="once") == answer
    async with teacher.page(room) as second:
        assert await second.command("post_message", "same-id", text="once") == answer
    assert (await school.types(room)).count("chat.posted") == 1


async def test_a_cut_line_resumes_without_hole_or_repeat(school: School) -> None:
    """On the same edge from its ring, on another from the log."""
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    room = await school.room(teacher)
    async with teacher.page(room) as tess, school.open_edge("edge-2") as second:
        await tess.accepted("join_session", display_name="Tess")
        async with student.page(room) as sam:
            await sam.accepted("join_session", display_name="Sam")
            await sam.until(lambda: sam.view["me"]["role"] == "speaker")
            position, connection = sam.position, sam.welcome["connection"]
            sam.socket.transport.abort()
        await tess.until(lambda: tess.of_type("roster.disconnected"))
        posted = [await tess.accepted("post_message", text=str(n)) for n in range(5)]
        for edge in (school.edge, second):
            student.url = edge.url
            async with student.page(room, resume_from=position, connection=connection) as back:
                assert back.welcome["resumed"] is True
                await back.came("chat.posted", 5)
                assert not any(f["t"] == "view" for f in back.frames)
                first = next(f for f in back.frames if f["t"] == "events")
                assert first["after"] == position
                assert [e["seq"] for e in back.events] == sorted({e["seq"] for e in back.events})
                assert [e["seq"] for e in back.of_type("chat.posted")] == posted
                connection = back.welcome["connection"]
                await reconnected(tess, connection)


async def test_at_the_door_nothing_of_the_class_is_seen(school: School) -> None:
    """Before joining and after leaving: no people, no chat, no media; also not by resuming."""
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    room = await school.room(teacher)
    async with teacher.page(room) as tess, student.page(room) as sam:
        await tess.accepted("join_session", display_name="Tess")
        secret = await tess.accepted("post_message", text="for the class only")
        await sam.knows(secret)
        assert sam.view["participants"] == sam.view["messages"] == []
        assert sam.events == []
        await sam.accepted("join_session", display_name="Sam")
        await sam.until(lambda: len(sam.view["participants"]) == 2)
        assert [m["text"] for m in sam.view["messages"]] == ["for the class only"]
        await sam.accepted("leave_session")
        await sam.until(lambda: sam.view["participants"] == [])
        assert sam.view["messages"] == []
        position = sam.position
        after = await tess.accepted("post_message", text="after Sam")
        await sam.knows(after)
        assert sam.of_type("chat.posted") == []
        async with student.page(room, resume_from=position) as again:
            assert again.welcome["resumed"] is True
            await again.until(lambda: any(f.get("through", 0) >= after for f in again.frames))
            assert again.events == []
        await tess.accepted("end_session")
        await tess.came("lifecycle.session_ended")


async def test_a_person_is_in_one_class_at_a_time(school: School) -> None:
    """Refused by name of the other class; free again after leaving."""
    teacher = await school.browser(school.teacher)
    rooms = [await school.room(teacher), await school.room(teacher)]
    async with teacher.page(rooms[0]) as first, teacher.page(rooms[1]) as second:
        await first.accepted("join_session", display_name="Tess")
        refused = await second.command("join_session", display_name="Tess")
        assert refused["code"] == "in_another_class"
        assert "Physics" in refused["message"]
        await first.accepted("leave_session")
        await second.accepted("join_session", display_name="Tess")


async def test_a_position_from_the_future_gets_a_view(school: School) -> None:
    """A client that claims to know more than the log is set right."""
    teacher = await school.browser(school.teacher)
    room = await school.room(teacher)
    async with teacher.page(room, resume_from=99_999) as line:
        assert line.welcome["resumed"] is False
        assert line.view["seq"] < 100


async def test_a_second_page_of_the_same_person_replaces_the_first(school: School) -> None:
    """On one edge and across edges; the person stays in class throughout."""
    teacher = await school.browser(school.teacher)
    room = await school.room(teacher)
    async with school.open_edge("edge-2") as second, teacher.page(room) as first:
        await first.accepted("join_session", display_name="Tess")
        teacher.url = second.url
        async with teacher.page(room) as elsewhere:
            assert elsewhere.view["me"]["role"] == "host"
            code, closing = await first.ended()
            assert code == 4002
            assert closing is not None
            assert closing["retry_after_ms"] is None
            async with teacher.page(room):
                assert (await elsewhere.ended())[0] == 4002
    types = await school.types(room)
    assert types.count("roster.connected") == 2
    assert "roster.left" not in types


async def test_a_closed_page_is_told_to_the_log(school: School) -> None:
    """The participant is disconnected, in grace time, and back when the page is."""
    teacher = await school.browser(school.teacher)
    room = await school.room(teacher)
    async with teacher.page(room) as line:
        await line.accepted("join_session", display_name="Tess")
    await until(lambda: school.edge.parts.hub.connections == 0)
    await school.edge.parts.hub.settled()
    assert (await school.types(room))[-1] == "roster.disconnected"
    async with teacher.page(room) as line:
        await line.until(lambda: line.of_type("roster.connected"))


async def test_a_removed_person_is_closed_out(school: School) -> None:
    """And stays out until the class ends."""
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    room = await school.room(teacher)
    async with teacher.page(room) as tess:
        await tess.accepted("join_session", display_name="Tess")
        async with student.page(room) as sam:
            await sam.accepted("join_session", display_name="Sam")
            await tess.accepted("remove_participant", participant=sam.welcome["participant"])
            code, closing = await sam.ended()
            assert code == 4003
            assert closing is not None
            assert sam.of_type("roster.left")[-1]["data"]["reason"] == "removed"
        async with student.page(room) as again:
            assert (await again.command("join_session", display_name="Sam"))["code"] == "removed"


async def test_a_new_role_brings_a_fresh_view(school: School) -> None:
    """With the permissions of the new role, right after its event."""
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    room = await school.room(teacher)
    async with teacher.page(room) as tess, student.page(room) as sam:
        await tess.accepted("join_session", display_name="Tess")
        await sam.accepted("join_session", display_name="Sam")
        participant = sam.welcome["participant"]
        await tess.accepted("change_role", participant=participant, role="co_host")
        await sam.until(lambda: sam.view["me"]["role"] == "co_host")
        assert "mute" in sam.view["me"]["permissions"]
        assert sam.of_type("roster.role_changed")
        await tess.accepted("change_role", participant=participant, role="viewer")
        await sam.until(lambda: sam.view["me"]["role"] == "viewer")
        assert "speak" not in sam.view["me"]["permissions"]
        assert sam.position > 0  # Every span began where the last one ended.


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("not json", 4006),
        ('{"t": "ping", "sent_at": 1}', 4006),
        ('{"t": "hello", "protocol": 99}', 4008),
        ('{"t": "hello", "protocol": 1, "extra": true}', 4006),
        ('{"t": "command", "id": "c1", "name": "x", "data": ' + "[" * 30_000 + "]" * 30_000 + "}", 4006),
        ('{"t": "hello", "protocol": 1, "connection": "c1\\n"}', 4006),
        (b'{"t": "hello", "protocol": 1}', 4006),
    ],
)
async def test_a_page_that_breaks_the_contract_is_told_and_closed(
    school: School, sent: str | bytes, code: int
) -> None:
    """With a last frame that says why."""
    teacher = await school.browser(school.teacher)
    room = await school.room(teacher, live=False)
    async with teacher.socket(room) as line:
        await line.socket.send(sent)
        ended, closing = await line.closed()
        assert ended == code
        assert closing is not None


async def test_strangers_and_rooms_that_do_not_exist_are_told_in_words(school: School) -> None:
    """On an accepted socket, because a page cannot read a refused handshake."""
    nobody, teacher = school.fresh_browser(), await school.browser(school.teacher)
    async with nobody.socket("any") as line:
        assert (await line.closed())[0] == 4004
    async with teacher.socket("none") as line:
        await line.send(t="hello", protocol=1)
        assert (await line.closed())[0] == 4010


async def test_a_flood_ends_only_the_flooder(school: School) -> None:
    """Beyond the burst the socket closes; others notice nothing."""
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    room = await school.room(teacher)
    async with teacher.page(room) as tess, student.page(room) as sam:
        for n in range(1_000):
            try:
                await sam.send(t="ping", sent_at=n)
            except Exception:  # noqa: BLE001 - closed in the middle of it
                break
        assert (await sam.ended())[0] == 4007
        await tess.accepted("join_session", display_name="Tess")


async def test_a_slow_reader_is_sent_to_resume_while_others_go_on(school: School) -> None:
    """Its queue is bounded; the class is not held up."""
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    room = await school.room(teacher)
    narrow = socket.create_connection(("127.0.0.1", int(student.url.rpartition(":")[2])))
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    narrow.setblocking(False)
    async with student.page(room) as sam:
        await sam.accepted("join_session", display_name="Sam")
    async with teacher.page(room) as tess, student.socket(room, max_queue=1, sock=narrow) as slow:
        await slow.hello()
        slow.socket.transport.pause_reading()
        connection = slow.welcome["connection"]
        viewer = next(v for v in school.edge.parts.hub.viewers if v.connection == connection)
        chatter = 0
        while viewer.closing is None:
            assert chatter < 200, "nothing bounds this reader"
            chatter += 1
            last = await append_chat(school, room)
            await tess.knows(last)
        assert viewer.closing == "too_slow"
        slow.socket.transport.resume_reading()
        code, closing = await slow.closed()
        assert code == 4001
        assert closing is not None
        assert slow.position < tess.position
        async with student.page(room, resume_from=slow.position) as back:
            await back.knows(tess.position)


async def test_without_our_protocol_class_everything_goes_by_asgi_send(school: School) -> None:
    """The fall-back: events in order, a slow reader sent away, closing frames, others not held up."""
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    room = await school.room(teacher)
    async with school.open_edge("edge-2", protocol=WebSocketsSansIOProtocol) as second:
        teacher.url = student.url = second.url
        narrow = socket.create_connection(("127.0.0.1", int(second.url.rpartition(":")[2])))
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        narrow.setblocking(False)
        async with student.page(room) as sam:
            await sam.accepted("join_session", display_name="Sam")
        async with teacher.page(room) as tess, student.socket(room, max_queue=1, sock=narrow) as slow:
            await tess.accepted("join_session", display_name="Tess")
            await tess.until(lambda: tess.view["me"]["role"] == "host")
            await slow.hello()
            slow.socket.transport.pause_reading()
            connection = slow.welcome["connection"]
            viewer = next(v for v in second.parts.hub.viewers if v.connection == connection)
            assert isinstance(viewer.wire, AsgiWire)
            for _ in range(200):
                await tess.knows(await append_chat(school, room))
                if viewer.closing is not None:
                    break
            assert viewer.closing == "too_slow"
            slow.socket.transport.resume_reading()
            await slow.closed()
            async with student.page(room, resume_from=slow.position) as back:
                await back.knows(tess.position)
                async with student.page(room):
                    assert (await back.ended())[0] == 4002
                    assert back.frames[-1]["code"] == "replaced"


async def append_chat(school: School, room: str) -> int:
    """Writes much at once, past the rules; returns the last seq."""
    key = RoomKey(DEMO, RoomId(room))
    stored = [s async for s in school.bus.log.read(key)][-1]
    said = MessagePosted(MessageId("m1"), ParticipantId("p1"), "Chatterbox", "x" * 2_000)
    seq = stored.commit.last_seq + 1
    actor = RecordedActor("service", "test")
    commit = Commit(seq, school.clock(), CommandId(f"c{seq}"), actor, (Event(said),) * 100)
    await school.bus.log.append(key, commit, topic="chat", expected_stream_seq=stored.stream_seq)
    return commit.last_seq


async def test_a_stopping_edge_sends_its_people_elsewhere_and_they_resume(school: School) -> None:
    """Closing frames come first, the log is told, and nothing is lost."""
    teacher = await school.browser(school.teacher)
    room = await school.room(teacher)
    async with school.open_edge("edge-2") as second:
        teacher.url = second.url
        page = teacher.page(room)
        line = await page.__aenter__()
        await line.accepted("join_session", display_name="Tess")
        await line.until(lambda: line.view["me"]["role"] == "host")
    code, closing = await line.ended()
    await page.__aexit__(None, None, None)
    assert code == 4000
    assert closing is not None
    assert 0 <= closing["retry_after_ms"] <= 2_000
    assert (await school.types(room))[-1] == "roster.disconnected"
    assert await school.bus.bucket(subjects.EDGE_LEASE).get("edge-2") is None
    teacher.url = school.edge.url
    async with teacher.page(room, resume_from=line.position) as back:
        assert back.welcome["resumed"] is True
        await back.until(lambda: back.of_type("roster.connected"))


async def test_an_edge_that_lost_the_bus_says_trouble_and_then_sends_everybody_away(school: School) -> None:
    """Before its lease can run out; when the bus is back, people may come again."""
    teacher = await school.browser(school.teacher)
    room = await school.room(teacher)
    async with teacher.page(room) as line:
        await school.memory.drop("edge-1")
        await line.until(lambda: [f for f in line.frames if f["t"] == "trouble"])
        code, closing = await line.ended()
        assert code == 4009
        assert closing is not None
        assert school.edge.parts.hub.unready() == "bus_lost"
    await school.memory.restore("edge-1")
    await until(lambda: school.edge.parts.hub.unready() is None)
    async with teacher.page(room) as line:
        await line.accepted("join_session", display_name="Tess")


async def test_media_requests_go_to_the_node_of_the_class(school: School) -> None:
    """Who asks is filled in by the edge; what cannot be is refused here."""
    teacher = await school.browser(school.teacher)
    room = await school.room(teacher)
    key = RoomKey(DEMO, RoomId(room))
    asked: list[MediaRequest] = []

    async def node(message: Message) -> bytes:
        asked.append(msgspec.json.decode(message.data, type=MediaRequest))
        return msgspec.json.encode(MediaAnswer(msgspec.Raw(b'{"hello":1}')))

    async with teacher.page(room) as tess:
        assert await media(tess, 0) == (False, "forbidden")
        await tess.accepted("join_session", display_name="Tess")
        assert await media(tess, 0) == (False, "no_node")
        await node_lives(school)
        await tess.until(lambda: tess.of_type("media.placed"))
        epoch = tess.of_type("media.placed")[-1]["data"]["epoch"]
        assert await media(tess, epoch + 1) == (False, "stale_epoch")
        assert await media(tess, epoch) == (False, "not_here")
        async with school.bus.core.serve("sfu.n1.*", node):
            assert await media(tess, epoch) == (True, {"hello": 1})
        assert await media(tess, epoch, "no_such_method") == (False, "malformed")
        (request,) = asked
        assert request.participant == tess.welcome["participant"]
        assert request.connection == tess.welcome["connection"]
        assert (request.key, request.epoch) == (key, epoch)
        assert request.seq <= tess.position


async def test_a_mute_by_the_host_reaches_everybody(school: School) -> None:
    """As an event, also for the muted person."""
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    room = await school.room(teacher)
    key = RoomKey(DEMO, RoomId(room))
    async with teacher.page(room) as tess, student.page(room) as sam:
        await tess.accepted("join_session", display_name="Tess")
        await sam.accepted("join_session", display_name="Sam")
        await node_lives(school)
        await sam.until(lambda: sam.of_type("media.placed"))
        epoch = sam.of_type("media.placed")[-1]["data"]["epoch"]
        track = PublishTrack(
            TrackId("t1"),
            ParticipantId(sam.welcome["participant"]),
            MediaKind.AUDIO,
            Source.MICROPHONE,
            "audio/opus",
            48_000,
            epoch,
        )
        await service(school, key, track)
        await tess.until(lambda: tess.of_type("track.published"))
        await tess.accepted("mute_track", track="t1")
        for line in (tess, sam):
            await line.came("track.muted")
            assert line.of_type("track.muted")[0]["data"]["by"] == tess.welcome["participant"]
        assert (await tess.command("unmute_track", track="t1"))["code"] == "forbidden"


async def test_signals_reach_those_they_are_meant_for(school: School) -> None:
    """From a node to all or to one, from a page to the others; never to people outside the class."""
    teacher, student = await school.browser(school.teacher), await school.browser(school.student)
    room = await school.room(teacher)
    key = RoomKey(DEMO, RoomId(room))
    async with teacher.page(room) as tess, student.page(room) as sam:
        await tess.accepted("join_session", display_name="Tess")
        await signal(school, key, "levels")
        await tess.until(lambda: kinds(tess) == ["levels"])
        assert kinds(sam) == []
        await sam.accepted("join_session", display_name="Sam")
        await tess.until(lambda: len(tess.of_type("roster.joined")) == 2)
        await signal(school, key, "layer", to=sam.welcome["participant"])
        await sam.send(t="signal", kind="typing", data={})
        await sam.send(t="signal", kind="levels", data={})  # Not a page's to send.
        await tess.until(lambda: kinds(tess) == ["levels", "typing"])
        await sam.until(lambda: kinds(sam) == ["layer"])
        await signal(school, key, "levels")
        await sam.until(lambda: kinds(sam) == ["layer", "levels"])
        typing = next(f for f in tess.frames if f["t"] == "signal" and f["kind"] == "typing")
        assert typing["sender"] == sam.welcome["participant"]


async def reconnected(line: Line, connection: str) -> None:
    """Waits until the last participant that came back did so on this socket."""

    def is_last() -> bool:
        came_back = line.of_type("roster.connected")
        return bool(came_back) and came_back[-1]["data"]["connection"] == connection

    await line.until(is_last)


async def media(line: Line, epoch: int, method: str = "open") -> tuple[bool, object]:
    """A media request's outcome: its data, or the code of its failure."""
    seen = len(line.frames)
    await line.send(t="media", id="q", method=method, epoch=epoch, data={})
    frames = await line.until(lambda: [f for f in line.frames[seen:] if f["t"] == "media_result"])
    return frames[0]["ok"], frames[0].get("data", frames[0].get("code"))


async def node_lives(school: School) -> None:
    """A media node is there for the rules, though nobody answers its requests yet."""
    node = NodeRegistration(NodeId("n1"), ("127.0.0.1",), 44_444, 0.1, 0, False, 1, school.clock())
    await school.bus.bucket(subjects.SFU_NODE).put("n1", msgspec.json.encode(node))


async def service(school: School, key: RoomKey, command: PublishTrack) -> None:
    """A command of one of our own processes."""
    actor = Actor("service", "n1")
    outcome = await school.bus.commands.submit(
        Envelope(key, command, CommandId(f"s{command.name}"), actor, school.clock() + 20_000)
    )
    assert isinstance(outcome, Accepted), outcome


async def signal(school: School, key: RoomKey, kind: str, to: str = "") -> None:
    """What a node says."""
    levels = Levels((Level(ParticipantId("p1"), 20),))
    body = Signal(msgspec.Raw(msgspec.json.encode(levels)), (ParticipantId(to),) if to else ())
    await school.bus.core.publish(subjects.signal(key, kind), msgspec.json.encode(body))


def kinds(line: Line) -> list[str]:
    """The kinds of the signals that came, in order."""
    return [f["kind"] for f in line.frames if f["t"] == "signal"]
