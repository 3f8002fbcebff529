"""What goes out on a socket: order, bounds, and one encoding for all."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame as WebSocketFrame
from websockets.frames import Opcode

from edge.outbox import Frame, Outbox
from schemas.limits import (
    ANSWERS_QUEUED_MAX,
    EVENTS_QUEUED_MAX,
    SIGNALS_QUEUED_MAX,
    WRITE_BUFFER_CLOSE_BYTES,
    WRITE_BUFFER_DROP_BYTES,
)


class FakeWire:
    """A line that takes so many frames and then is full."""

    def __init__(self, room: int = 0) -> None:
        self.room = room
        self.sent: list[bytes] = []
        self.on_writable: Callable[[], None] = lambda: None

    def write(self, frame: Frame) -> bool:
        if self.room == 0:
            return False
        self.room -= 1
        self.sent.append(frame.payload)
        return True

    def close(self, last: Frame, code: int, reason: str) -> None:
        """Not of interest here."""

    def drain(self, room: int = 1_000_000) -> None:
        """The peer has read."""
        self.room = room
        self.on_writable()


def f(text: str) -> Frame:
    return Frame(text.encode())


def test_a_free_line_takes_everything_at_once() -> None:
    """Nothing waits, nothing is reordered."""
    wire = FakeWire(10)
    box = Outbox(wire)
    box.signal(f("s"))
    assert box.events(f("e"), 1)
    assert box.answer(f("a"))
    assert wire.sent == [b"s", b"e", b"a"]


def test_a_full_line_sends_answers_first_then_events_in_order_then_signals() -> None:
    """Whatever the order in which they came."""
    wire = FakeWire()
    box = Outbox(wire)
    for n in range(2):
        box.signal(f(f"s{n}"))
        box.events(f(f"e{n}"), 1)
        box.answer(f(f"a{n}"))
    wire.drain(3)
    box.answer(f("a2"))
    wire.drain()
    assert wire.sent == [b"a0", b"a1", b"e0", b"a2", b"e1", b"s0", b"s1"]


def test_the_oldest_signals_are_dropped() -> None:
    """They would be out of date."""
    wire = FakeWire()
    box = Outbox(wire)
    for n in range(SIGNALS_QUEUED_MAX + 3):
        box.signal(f(str(n)))
    wire.drain()
    assert wire.sent == [str(n).encode() for n in range(3, SIGNALS_QUEUED_MAX + 3)]


def test_signals_are_not_kept_for_a_reader_that_is_far_behind() -> None:
    """Above the drop bound they are gone at once, answers are not."""
    wire = FakeWire()
    box = Outbox(wire)
    assert box.events(Frame(b"x" * WRITE_BUFFER_DROP_BYTES), 1)
    box.signal(f("lost"))
    assert box.answer(f("kept"))
    wire.drain()
    assert b"lost" not in wire.sent
    assert wire.sent[0] == b"kept"


def test_a_reader_that_is_too_slow_is_given_up() -> None:
    """By count of answers, by count of events, by bytes."""
    box = Outbox(FakeWire())
    assert all(box.answer(f("a")) for _ in range(ANSWERS_QUEUED_MAX))
    assert not box.answer(f("a"))
    box = Outbox(FakeWire())
    assert box.events(f("e"), EVENTS_QUEUED_MAX)
    assert box.events(f("e"), 1)
    assert not box.events(f("e"), 1)
    box = Outbox(FakeWire())
    assert box.events(Frame(b"x" * WRITE_BUFFER_CLOSE_BYTES), 1)
    assert not box.events(f("e"), 1)


def test_a_reader_that_catches_up_is_served_again() -> None:
    """What was counted is counted back."""
    wire = FakeWire()
    box = Outbox(wire)
    for _ in range(2):
        assert box.events(Frame(b"x" * (WRITE_BUFFER_CLOSE_BYTES // 2)), EVENTS_QUEUED_MAX // 2)
    assert not box.events(f("e"), 1)
    wire.drain()
    wire.room = 0
    assert box.events(f("e"), EVENTS_QUEUED_MAX)
    box.signal(f("s"))
    wire.drain()
    assert wire.sent[-2:] == [b"e", b"s"]


@given(st.lists(st.tuples(st.sampled_from("aes"), st.integers(0, 3)), max_size=60))
def test_events_are_never_reordered_or_lost(steps: list[tuple[str, int]]) -> None:
    """Whatever the line does in between."""
    wire = FakeWire()
    box = Outbox(wire)
    put: list[bytes] = []
    for n, (lane, room) in enumerate(steps):
        frame = f(f"{lane}{n}")
        match lane:
            case "a":
                box.answer(frame)
            case "e":
                box.events(frame, 1)
                put.append(frame.payload)
            case _:
                box.signal(frame)
        wire.drain(room)
    wire.drain()
    assert [sent for sent in wire.sent if sent.startswith(b"e")] == put


@given(st.sampled_from([0, 1, 125, 126, 127, 65_535, 65_536, 70_000]))
def test_a_frame_has_the_bytes_that_a_websocket_library_would_send(size: int) -> None:
    """RFC 6455 §5.2, for each form of length."""
    payload = b"x" * size
    assert Frame(payload).wire == WebSocketFrame(Opcode.TEXT, payload).serialize(mask=False)
