"""The handshake on aiortc: what of aiortc is used, and that two ends agree."""

import asyncio
import inspect
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from aiortc import rtcdtlstransport as aio

from schemas.rtp import DtlsFingerprint, DtlsParameters
from sfu import dtls
from sfu.dtls import Certificate, DtlsLink, Turnstile, make_certificate
from sfu.errors import RemoteDtlsError
from sfu.interface import SrtpKeys

OURS, THEIRS = make_certificate(), make_certificate()


def test_aiortc_still_has_the_private_members_we_use() -> None:
    """A new aiortc without one of them must fail here, and not in a class."""
    for owner, names in dtls.PRIVATE_MEMBERS.items():
        for name in names:
            assert callable(getattr(owner, name)), f"{owner.__name__}.{name}"
    source = inspect.getsource(aio.RTCDtlsTransport)
    for name in (
        "self._ssl",
        "self._srtp_profiles",
        "self._role",
        "self.transport._recv",
        "self.transport._send",
    ):
        assert name in source, name
    assert list(inspect.signature(aio.RTCCertificate._create_ssl_context).parameters) == [
        "self",
        "srtp_profiles",
    ]
    assert list(inspect.signature(aio.RTCDtlsTransport._set_role).parameters) == ["self", "role"]


class Browser:
    """The other end: aiortc as the active client."""

    def __init__(self, certificate: Certificate, send: Callable[[bytes], None]) -> None:
        self.keys: list[SrtpKeys] = []
        self.pipe = dtls._Pipe(send, Turnstile())
        self.end = dtls._End(self.pipe, certificate, self.keys.append)
        self.end._set_role("client")

    async def start(self, remote: Certificate) -> None:
        await self.end.start(aio.RTCDtlsParameters(remote.getFingerprints()))

    async def stop(self) -> None:
        await self.end.stop()
        self.pipe.close()


class Pair:
    """A node's link and a browser, joined by a wire that can lose datagrams."""

    def __init__(self, *, lose: Callable[[int], bool] = lambda _: False) -> None:
        self.keys: list[SrtpKeys] = []
        self.sent = 0
        self.largest_bytes = 0
        self._lose = lose
        self.link = DtlsLink(OURS, Turnstile(), send=self._down, export=self.keys.append)
        self.browser = Browser(THEIRS, self._up)

    def _down(self, data: bytes) -> None:
        if self._carries(data):
            self.browser.pipe.put(data)

    def _up(self, data: bytes) -> None:
        if self._carries(data):
            self.link.receive(data)

    def _carries(self, data: bytes) -> bool:
        self.sent += 1
        self.largest_bytes = max(self.largest_bytes, len(data))
        return not self._lose(self.sent)

    async def connect(self, told: Certificate = THEIRS) -> asyncio.Task[None]:
        remote = DtlsParameters(told.parameters().fingerprints, "client")
        task = asyncio.create_task(self.link.run(remote))
        await self.browser.start(OURS)
        return task


async def test_both_ends_have_the_same_keys_the_other_way_round() -> None:
    pair = Pair()
    task = await pair.connect()
    [ours], [theirs] = pair.keys, pair.browser.keys
    assert (ours.send, ours.receive) == (theirs.receive, theirs.send)
    assert ours.send != ours.receive
    assert ours.profile == "AEAD_AES_128_GCM"
    assert len(ours.send) == 16 + 12
    await pair.browser.stop()
    await task


async def test_a_flight_fits_one_datagram() -> None:
    pair = Pair()
    task = await pair.connect()
    assert pair.largest_bytes <= 1_200
    await pair.browser.stop()
    await task


async def test_datagrams_that_come_before_the_parameters_wait() -> None:
    pair = Pair()
    browser = asyncio.create_task(pair.browser.start(OURS))
    while pair.sent == 0:  # noqa: ASYNC110  # The wire has no event.
        await asyncio.sleep(0)
    task = asyncio.create_task(pair.link.run(DtlsParameters(THEIRS.parameters().fingerprints, "client")))
    await browser
    assert pair.keys
    await pair.browser.stop()
    await task


async def test_a_wrong_certificate_gets_no_keys() -> None:
    pair = Pair()
    task = await pair.connect(told=make_certificate())
    with pytest.raises(RemoteDtlsError):
        await task
    assert pair.keys == []
    await pair.browser.stop()


async def test_one_wrong_fingerprint_among_right_ones_is_refused() -> None:
    pair = Pair()
    right = THEIRS.parameters().fingerprints
    remote = DtlsParameters((*right, DtlsFingerprint("sha-256", "00:11")), "client")
    task = asyncio.create_task(pair.link.run(remote))
    await pair.browser.start(OURS)
    with pytest.raises(RemoteDtlsError):
        await task
    assert pair.keys == []
    await pair.browser.stop()


async def test_a_browser_that_says_goodbye_ends_the_link() -> None:
    pair = Pair()
    task = await pair.connect()
    await pair.browser.stop()
    async with asyncio.timeout(2):
        await task
    assert pair.link.state == "closed"


async def test_a_node_that_closes_says_goodbye() -> None:
    pair = Pair()
    task = await pair.connect()
    pair.link.close()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    async with asyncio.timeout(2):
        while pair.browser.end.state != "closed":  # noqa: ASYNC110  # aiortc's end has none to await.
            await asyncio.sleep(0)
    await pair.browser.stop()


async def test_a_lost_flight_is_repeated() -> None:
    pair = Pair(lose=lambda number: number == 2)
    async with asyncio.timeout(5):
        task = await pair.connect()
    assert pair.keys
    await pair.browser.stop()
    await task


async def test_garbage_before_the_handshake_harms_nothing() -> None:
    pair = Pair()
    pair.link.receive(b"\x16" + bytes(40))
    pair.link.receive(b"\x3f")
    task = await pair.connect()
    assert pair.keys
    await pair.browser.stop()
    await task


async def test_a_silent_browser_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dtls, "DTLS_HANDSHAKE_S", 0.02)
    link = DtlsLink(OURS, Turnstile(), send=lambda _: None, export=lambda _: None)
    with pytest.raises(RemoteDtlsError, match="too long"):
        await link.run(DtlsParameters(THEIRS.parameters().fingerprints, "client"))


async def test_a_crowd_shakes_hands_without_holding_up_the_loop() -> None:
    """Both ends run here, so the node's share of the time is about half."""
    turnstile, crowd = Turnstile(), 50
    pairs = [Pair() for _ in range(crowd)]
    for pair in pairs:
        pair.link._pipe._turnstile = turnstile
        pair.browser.pipe._turnstile = turnstile
    lags: list[float] = []

    async def measure() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0)
            lags.append(time.perf_counter() - before)

    async def later(number: int, pair: Pair) -> asyncio.Task[None]:
        for _ in range(number):
            await asyncio.sleep(0)
        return await pair.connect()

    measuring = asyncio.create_task(measure())
    started = time.perf_counter()
    tasks = await asyncio.gather(*(later(n, p) for n, p in enumerate(pairs)))
    took = time.perf_counter() - started
    measuring.cancel()
    lags.sort()
    print(f"{crowd} handshakes, both ends: {took * 1000:.0f} ms, {took / crowd * 500:.2f} ms per end;")
    print(f"loop held up p99 {lags[-len(lags) // 100] * 1000:.1f} ms, max {lags[-1] * 1000:.1f} ms")
    assert all(p.keys for p in pairs)
    assert lags[len(lags) // 2] < 0.02, "the median turn of the loop is short"
    for pair in pairs:
        await pair.browser.stop()
    await asyncio.gather(*tasks)
