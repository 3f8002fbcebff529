"""CPU per forwarded packet of the Python forwarder, against the floor of plain protect and sendto.

Run it by hand: ``python -m tests.bench.bench_forwarder``. Both are measured in the same minute, on one
thread, without the event loop: datagrams are fed to ``receive`` and leave through a real UDP socket
(to sockets that nobody reads). Machines and minutes differ, so read the ratio.
"""

import os
import socket
import sys
import time
from collections.abc import Callable
from functools import partial

from pylibsrtp import Policy, Session

from sfu.duties import TICK_S
from sfu.forwarder import PythonForwarder
from sfu.ice import Address
from tests.unit.sfu.browser import PROFILES, Browser, Stream, audio_producer, consumer, video_producer, vp8

VIEWERS = (1, 3, 10, 50)
PACKETS_OUT = 20_000
ROUNDS = 5
PACKETS_PER_S = 100  # Of the publisher, in virtual time: a tick for every few packets, as in a class.


class Bench:
    """A forwarder whose datagrams leave through a real socket; nothing is read."""

    port = 0

    def __init__(self) -> None:
        self.out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sink.bind(("127.0.0.1", 0))
        self.to: Address = self.sink.getsockname()
        self.now = 1_000.0
        self.checks: list[tuple[bytes, Address]] = []
        self.forwarder = PythonForwarder(self, lambda _: None, now=lambda: self.now, wall=time.time)
        self.sent = 0

    def send(self, datagram: bytes, _address: Address) -> bool:
        self.out.sendto(datagram, self.to)
        self.sent += 1
        return True

    def close(self) -> None:
        self.out.close()
        self.sink.close()

    def join(self, name: str, port: int) -> tuple[Browser, Address]:
        browser, address = Browser(name), ("192.0.2.1", port)
        self.forwarder.add_transport(browser.config)
        self.forwarder.receive(browser.check(), address, self.now)
        self.forwarder.set_keys(name, browser.keys)
        self.checks.append((browser.check(), address))
        return browser, address

    def consent(self) -> None:
        for check, address in self.checks:
            self.forwarder.receive(check, address, self.now)


def forwarded(viewers: int, *, video: bool) -> float:
    """Microseconds of CPU per packet sent to a viewer, everything included."""
    bench = Bench()
    try:
        publisher, address = bench.join("publisher", 1)
        producer = video_producer("publisher", layers=1) if video else audio_producer("publisher")
        bench.forwarder.add_producer(producer)
        for number in range(viewers):
            bench.join(f"viewer{number}", 10 + number)
            bench.forwarder.add_consumer(consumer(producer, f"viewer{number}", ssrc=7_000 + 2 * number))
        bench.forwarder.tick(bench.now)
        stream = Stream(100, 96, mid="1", rid="r0") if video else Stream(5_000, 111, mid="0", step=960)
        body = bytes(1_100) if video else bytes(100)
        bench.forwarder.receive(publisher.seal(stream.packet(vp8(body, key=True))), address, bench.now)
        count = max(200, PACKETS_OUT // viewers)
        datagrams = [publisher.seal(stream.packet(vp8(body), number=n)) for n in range(1, count)]
        receive, tick, due = bench.forwarder.receive, bench.forwarder.tick, bench.now
        bench.sent = 0
        start = time.thread_time()
        for place, datagram in enumerate(datagrams):
            if place % (5 * PACKETS_PER_S) == 0:
                bench.consent()
            bench.now += 1 / PACKETS_PER_S
            receive(datagram, address, bench.now)
            if bench.now >= due:
                tick(bench.now)
                due += TICK_S
        cpu = time.thread_time() - start
        assert bench.sent >= (count - 1) * viewers, "the bench must forward everything"
        return cpu / bench.sent * 1e6
    finally:
        bench.close()


def floor(size: int) -> float:
    """Microseconds of CPU for protect and sendto, no logic."""
    key = os.urandom(28)
    policy = Policy(key=key, ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=PROFILES["AEAD_AES_128_GCM"])
    session = Session(policy=policy)
    stream = Stream(100, 96, mid="1")
    packets = [stream.packet(bytes(size)) for _ in range(PACKETS_OUT)]
    out, sink = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    with out, sink:
        sink.bind(("127.0.0.1", 0))
        to = sink.getsockname()
        start = time.thread_time()
        for packet in packets:
            out.sendto(session.protect(packet), to)
        return (time.thread_time() - start) / len(packets) * 1e6


def best(measure: Callable[[], float]) -> float:
    """The least disturbed of a few rounds."""
    return min(measure() for _ in range(ROUNDS))


def main() -> None:
    """Prints one table."""
    out = sys.stdout.write
    out("kind    viewers   us/packet   floor   times floor\n")
    for kind, video, size in (("video", True, 1_122), ("audio", False, 122)):
        for viewers in VIEWERS:
            base = best(partial(floor, size))
            cost = best(partial(forwarded, viewers, video=video))
            out(f"{kind:8}{viewers:7d}{cost:12.1f}{base:8.1f}{cost / base:14.2f}\n")


if __name__ == "__main__":
    main()
