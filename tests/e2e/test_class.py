"""A class as people live it: three browsers, real media, a recording that plays afterwards.

One long test, because it is one class: what it claims stands in the helpers' names. It prints the
times of joining, consuming and writing, and the CPU that browsers and services used.
"""

import asyncio
import contextlib
import statistics
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import psutil
import pytest

from tests.e2e.checker import check
from tests.e2e.film import Film, offsets, probe_errors, watch
from tests.e2e.line import Line, line
from tests.e2e.log import read_log
from tests.e2e.people import Person, cpu_seconds, person, playwright
from tests.e2e.running import running

Json = dict[str, Any]
MARKED = "Tess Teacher"  # Whose camera flashes while the microphone beeps.
RECORD_S = 20.0
SYNC_S = 0.08
LENGTH_S = 0.5


async def streams(who: Person, of: str, kind: str, source: str) -> list[Json]:
    """What a person receives of somebody: summaries of ``getStats``."""
    stats: dict[str, Json] = await who.debug("stats()")
    view: Json = await who.debug("view()")
    names = {p["id"]: p["display_name"] for p in view["participants"]}
    return [
        s
        for s in stats.values()
        if s["direction"] == "recv"
        and names.get(s["participant"]) == of
        and s["kind"] == kind
        and s["source"] == source
    ]


async def sees_picture(who: Person, of: str, source: str = "camera") -> Json:
    """At least one frame is decoded; a screen that stands still sends no more."""

    async def decoded() -> Json | None:
        found = await streams(who, of, "video", source)
        return found[0] if found and found[0].get("framesDecoded", 0) > 0 else None

    picture: Json = await who.until(f"the {source} of {of}", decoded)
    return picture


async def sees_moving_picture(who: Person, of: str) -> Json:
    """``framesDecoded`` grows and the picture has the camera's shape."""
    first = await sees_picture(who, of)

    async def grown() -> Json | None:
        now = await sees_picture(who, of)
        return now if now["framesDecoded"] >= first["framesDecoded"] + 10 else None

    later: Json = await who.until(f"{of} to move", grown)
    assert later["frameWidth"] * 9 == later["frameHeight"] * 16, later
    return later


async def hears_sound(who: Person, of: str) -> None:
    """``totalAudioEnergy`` grows."""

    async def energy() -> float:
        found = await streams(who, of, "audio", "microphone")
        return float(found[0].get("totalAudioEnergy", 0.0)) if found else 0.0

    before = await energy()

    async def louder() -> bool:
        return await energy() > before + 1e-6

    await who.until(f"the sound of {of}", louder)


async def join(who: Person) -> None:
    """Through the device check into the class."""
    await who.press("Join class")
    await who.see(who.tile(who.name))


async def first_remote_frame_ms(who: Person) -> float:
    """From the click on *Join class* to the first picture of somebody else."""

    async def marks() -> Json | None:
        timings: Json = await who.debug("timings")
        return timings if "first-remote-frame" in timings else None

    timings: Json = await who.until("the first remote frame", marks)
    return float(timings["first-remote-frame"] - timings["join-clicked"])


async def packets(who: Person, of: str) -> int:
    """Audio packets received from somebody so far."""
    found = await streams(who, of, "audio", "microphone")
    return int(found[0].get("packetsReceived", 0)) if found else 0


async def mute_stops_packets_at_the_node(host: Person, muted: Person, listener: Person) -> None:
    """After the host's mute the listener gets not one packet more, although the browser could send."""
    await host.press("People")
    await host.press(f"Mute {muted.name}")
    await muted.see(muted.button("Unmute microphone"))
    await listener.until("the mute to arrive", lambda: _is_muted(listener, muted.name))
    before = await packets(listener, muted.name)
    frames = await sees_moving_picture(listener, muted.name)  # Time passes, and the camera is still there.
    assert frames
    after = await packets(listener, muted.name)
    assert after - before <= 5, f"{after - before} packets of a muted microphone"  # What was on its way.


async def _is_muted(who: Person, of: str) -> bool:
    view: Json = await who.debug("view()")
    ids = {p["id"] for p in view["participants"] if p["display_name"] == of}
    return any(t["muted"] for t in view["tracks"] if t["participant"] in ids and t["source"] == "microphone")


async def chat_latencies_ms(sender: Person, reader: Person, count: int = 10) -> list[float]:
    """From pressing Enter on one page to the text on the other, by the machine's one clock."""
    taken = []
    for n in range(count):
        text = f"measure {n} of {count}"
        seen = asyncio.create_task(
            reader.page.evaluate(
                """(text) => new Promise((done) => {
                    const log = document.querySelector('[role=log]');
                    const look = () => log.textContent.includes(text) && (done(Date.now()), true);
                    if (look()) return;
                    const watcher = new MutationObserver(() => look() && watcher.disconnect());
                    watcher.observe(log, { childList: true, subtree: true, characterData: true });
                })""",
                text,
            )
        )
        box = sender.page.get_by_role("textbox", name="Message")
        await box.fill(text)
        sent = await sender.page.evaluate(
            """() => { window.__sent = 0;
                document.addEventListener('keydown', () => { window.__sent = Date.now(); },
                    { once: true, capture: true }); }"""
        )
        await box.press("Enter")
        arrived = await seen
        sent = await sender.page.evaluate("window.__sent")
        taken.append(float(arrived - sent))
    return taken


async def cut_line_resumes_without_reload(who: Person, writer: Person, cable: Line) -> None:
    """The page's sockets are reset; what is written meanwhile arrives without a reload."""
    await who.page.evaluate("window.__same_page = true")
    sockets = who.sockets
    assert cable.cut() > 0
    for n in range(3):
        await writer.write(f"while you were away {n}")
    await writer.until("the chat to be written", lambda: _has(writer, "while you were away 2"))
    assert not await _has(who, "while you were away"), "the line was not cut"
    cable.mend()
    await who.until("what was missed", lambda: _has(who, "while you were away 2"), 60.0)
    assert await who.page.evaluate("window.__same_page === true"), "the page was reloaded"
    assert who.sockets > sockets
    text = await who.messages()
    assert [text.count(f"while you were away {n}") for n in range(3)] == [1, 1, 1]


async def _has(who: Person, text: str) -> bool:
    return text in await who.messages()


async def fetch_recording(host: Person, room_url: str, folder: Path) -> Json:
    """Waits until the recording is ready, plays it on its page, and downloads all its files."""
    room = room_url.rsplit("/", 1)[-1]

    async def ready() -> Json | None:
        listed: Json = await host.page.evaluate(
            "async (room) => (await fetch(`/api/v1/rooms/${room}/recordings`)).json()", room
        )
        rows = listed["items"] if isinstance(listed, dict) else listed
        return rows[0] if rows and rows[0]["status"] == "ready" else None

    recording: Json = await host.until("the recording", ready, 120.0)
    await host.page.goto(room_url)
    await host.page.get_by_role("link", name="Watch the recording").first.click(timeout=30_000)
    playing = """() => {
        const film = document.querySelector('video');
        if (!film || film.readyState < 2) return 0;
        if (film.paused) film.play().catch(() => undefined);  // A load that still runs interrupts it.
        return film.currentTime > 1 ? film.duration : 0; }"""
    duration = await host.until("the film to play", lambda: host.page.evaluate(playing))
    assert abs(duration - recording["duration_ms"] / 1000) < LENGTH_S
    artifacts = [recording["composed"], *recording["tracks"]]
    for artifact in artifacts:
        link: Json = await host.page.evaluate(
            """async ([room, recording, artifact]) => {
                const csrf = document.cookie.match(/cw_csrf=([^;]+)/)[1];
                const answer = await fetch(
                    `/api/v1/rooms/${room}/recordings/${recording}/artifacts/${artifact}/link`,
                    { method: 'POST', headers: { 'X-CSRF-Token': csrf } });
                return answer.json(); }""",
            [room, recording["id"], artifact["artifact"]],
        )
        answer = await host.page.context.request.get(urljoin(room_url, link["url"]))
        assert answer.ok, f"{answer.status} for {artifact}"
        path = folder / artifact["artifact"]
        path.write_bytes(await answer.body())
        artifact["path"] = path
    return recording


def check_film(film: Film, seconds: float) -> None:
    """Both streams, right length, nothing that cannot be decoded."""
    assert probe_errors(film.path) == ""
    assert film.video_s is not None
    assert film.audio_s is not None
    assert abs(film.video_s - seconds) < LENGTH_S, film
    assert abs(film.audio_s - seconds) < LENGTH_S, film


def check_sync(flashes: tuple[float, ...], beeps: tuple[float, ...], what: str) -> None:
    """Marks of picture and sound coincide."""
    apart = offsets(flashes, beeps)
    assert len(apart) >= 5, f"{what}: {len(flashes)} flashes, {len(beeps)} beeps"
    middle = statistics.median(apart)
    print(f"{what}: sound {middle * 1000:+.0f} ms after picture, {len(apart)} marks")
    assert abs(middle) <= SYNC_S, f"{what}: {[round(a * 1000) for a in apart]}"


@contextlib.asynccontextmanager
async def evidence(people: list[Person]) -> AsyncIterator[None]:
    """When something fails, everybody's page is kept under ``var/``."""
    try:
        yield
    except BaseException:
        for who in people:
            await who.leave_evidence()
        raise


@pytest.mark.browser
@pytest.mark.timeout(420)
async def test_a_class_is_held_recorded_and_watched_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Done when 2, 3 and 6 of the spine."""
    with running(tmp_path / "var") as classwire:
        port = int(classwire.url.rsplit(":", 1)[-1])
        async with playwright() as driver, line(port) as cable:
            host = await person(driver, MARKED, flashing=True)
            sam = await person(driver, "Sam Student", through=f"MAP localhost:{port} 127.0.0.1:{cable.port}")
            gaia = await person(driver, "Gaia Guest")
            people = [host, sam, gaia]
            processes = [psutil.Process(classwire.process.pid), psutil.Process()]
            room_url = f"{classwire.url}/r/{classwire.room}"
            began, used = time.monotonic(), cpu_seconds(processes)
            async with evidence(people):
                await host.enter_by_link(classwire.teacher_link, room_url)
                await host.press("Start class")
                await host.see(host.tile(host.name))
                await sam.enter_by_link(classwire.student_link, room_url)
                await join(sam)
                invite = await invite_link(host)
                await gaia.enter_as_guest(invite)
                await join(gaia)

                for who in people:
                    for other in people:
                        if other is not who:
                            await sees_moving_picture(who, other.name)
                            await hears_sound(who, other.name)
                joins = [await first_remote_frame_ms(who) for who in (sam, gaia)]
                consumes = [float((await who.debug("timings"))["consume-connected"]) for who in people]

                await host.press("Start recording")
                recorded_from = time.monotonic()
                await host.press("Share screen")
                for who in (sam, gaia):
                    await who.see(who.tile(f"Screen of {host.name}"))
                    await sees_picture(who, host.name, "screen")
                    await screen_is_the_large_picture(who, host.name)
                await host.press("Stop sharing")

                for who in people:
                    await who.press("Chat")
                for n in range(6):
                    await people[n % 3].write(f"line {n}")
                    for who in people:
                        await who.until(f"line {n}", lambda w=who, n=n: _has(w, f"line {n}"))
                for who in people:
                    text = await who.messages()
                    places = [text.index(f"line {n}") for n in range(6)]
                    assert places == sorted(places), f"{who.name} reads another order"
                chats = await chat_latencies_ms(sam, gaia)

                await mute_stops_packets_at_the_node(host, gaia, sam)
                await sam.press("Mute microphone")
                await asyncio.sleep(max(0.0, RECORD_S - (time.monotonic() - recorded_from)))
                await host.press("Stop recording")
                recorded_s = time.monotonic() - recorded_from

                await cut_line_resumes_without_reload(sam, gaia, cable)
                wall, used = time.monotonic() - began, cpu_seconds(processes) - used

                recording = await fetch_recording(host, room_url, tmp_path)
            for who in people:
                await who.browser.close()

        log = await read_log(classwire, classwire.room)
        assert check(log, [who.record for who in people]) == []
        with capsys.disabled():
            print()
            check_recording(recording, recorded_s)
            report(joins, consumes, chats, used / wall)


async def invite_link(host: Person) -> str:
    """What *Copy invite link* puts on the clipboard."""
    await host.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await host.press("Copy invite link")

    async def copied() -> str | None:
        text: str = await host.page.evaluate("navigator.clipboard.readText()")
        return text if "#guest=" in text else None

    link: str = await host.until("the invite link", copied)
    return link


async def screen_is_the_large_picture(who: Person, sharer: str) -> None:
    """The screen's tile covers more than every other tile together covers each."""
    boxes = {}
    for tile in await who.page.get_by_role("group").all():
        name = await tile.get_attribute("aria-label")
        if name and await tile.locator("video").count():
            box = await tile.bounding_box()
            boxes[name] = box["width"] * box["height"] if box else 0.0
    screen = boxes.pop(f"Screen of {sharer}")
    assert all(screen > 3 * other for other in boxes.values()), boxes


def check_recording(recording: Json, recorded_s: float) -> None:
    """The composed film and every track file are whole, and picture and sound belong together."""
    seconds = recording["duration_ms"] / 1000
    assert abs(seconds - recorded_s) < 1.5, (seconds, recorded_s)  # Clicks travel, too.
    film = watch(recording["composed"]["path"])
    check_film(film, seconds)
    assert (film.width, film.height) == (1280, 720)
    check_sync(film.flashes, film.beeps, "composed film")
    flashes: tuple[float, ...] = ()
    beeps: tuple[float, ...] = ()
    for track in recording["tracks"]:
        part = watch(track["path"])
        assert probe_errors(track["path"]) == "", track
        assert part.frames or part.audio_s, track
        offset = track["offset_ms"] / 1000
        length = max(part.video_s or 0.0, part.audio_s or 0.0)
        assert abs(length - track["duration_ms"] / 1000) < LENGTH_S, track
        assert offset + length < seconds + LENGTH_S, track
        if (track["display_name"], track["source"]) == (MARKED, "camera"):
            flashes = tuple(offset + at for at in part.flashes)
        if (track["display_name"], track["source"]) == (MARKED, "microphone"):
            beeps = tuple(offset + at for at in part.beeps)
    check_sync(flashes, beeps, "track files")


def report(joins: list[float], consumes: list[float], chats: list[float], cores: float) -> None:
    """The figures of this run."""
    print(f"join, click to first remote frame: median {statistics.median(joins):.0f} ms of {_rounded(joins)}")
    print(f"consume to connected: median {statistics.median(consumes):.0f} ms of {_rounded(consumes)}")
    print(f"chat, sent to seen: median {statistics.median(chats):.0f} ms of {_rounded(chats)}")
    print(f"CPU of everything, browsers included: {cores:.2f} cores on average")


def _rounded(values: list[float]) -> list[int]:
    return [round(value) for value in values]
