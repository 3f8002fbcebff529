"""People in real browsers: each has a Chromium process of their own and acts by accessible names."""

import asyncio
import contextlib
import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.async_api import (
    Browser,
    Error,
    Locator,
    Page,
    Playwright,
    WebSocket,
    async_playwright,
    expect,
)

from tests.e2e.checker import ClientRecord, Sent

Json = dict[str, Any]
PATIENCE_MS = 30_000

CHROMIUM = shutil.which("chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--use-fake-device-for-media-stream=fps=15",
    "--use-fake-ui-for-media-stream",
    "--auto-select-desktop-capture-source=Entire screen",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    "--disable-gpu",
]

# A camera and microphone whose picture flashes white while the sound beeps, once a second: what the
# recording must keep together. Everything else about the devices is Chromium's own.
FLASH_AND_BEEP = (Path(__file__).parent / "flash_and_beep.js").read_text()


@dataclass
class Person:
    """Somebody at a browser."""

    name: str
    browser: Browser
    page: Page
    record: ClientRecord = field(default_factory=lambda: ClientRecord(""))
    sockets: int = 0
    console: list[str] = field(default_factory=list)

    def listen(self, socket: WebSocket) -> None:
        """Keeps what the page is told and what it asks, for the judge."""
        asked: dict[str, str] = {}
        self.sockets += 1

        def sent(payload: str | bytes) -> None:
            frame = json.loads(payload)
            if frame["t"] == "command":
                asked[frame["id"]] = frame["name"]

        def received(payload: str | bytes) -> None:
            frame = json.loads(payload)
            match frame["t"]:
                case "welcome":
                    self.record.participant = frame["participant"]
                case "view" | "events":
                    self.record.frames.append(frame)
                    if frame["t"] == "view":
                        self.record.staff = frame["view"]["me"]["role"] in ("host", "co_host")
                case "answer":
                    self.record.sent.append(Sent(frame["id"], asked.get(frame["id"], ""), frame))

        socket.on("framesent", sent)
        socket.on("framereceived", received)

    def button(self, name: str) -> Locator:
        """A button by its exact accessible name."""
        return self.page.get_by_role("button", name=name, exact=True)

    def tile(self, name: str) -> Locator:
        """The picture of a person, or ``Screen of <name>``."""
        return self.page.get_by_role("group", name=name, exact=True)

    async def press(self, name: str) -> None:
        """Presses a button when it is there."""
        await self.button(name).click(timeout=PATIENCE_MS)

    async def enter_by_link(self, link: str, room_url: str) -> None:
        """Signs in by a one-time link and opens the room's page."""
        await self.page.goto(link)
        await self.page.wait_for_url(lambda url: "/signin" not in url, timeout=PATIENCE_MS)
        await self.page.goto(room_url)

    async def enter_as_guest(self, invite: str) -> None:
        """Opens an invite and gives a name."""
        await self.page.goto(invite)
        await self.page.get_by_role("textbox", name="Your name").fill(self.name, timeout=PATIENCE_MS)

    async def write(self, text: str) -> None:
        """Writes to the chat."""
        box = self.page.get_by_role("textbox", name="Message")
        await box.fill(text, timeout=PATIENCE_MS)
        await box.press("Enter")

    async def messages(self) -> str:
        """The chat as it stands on the page."""
        return await self.page.get_by_role("log", name="Chat messages").inner_text()

    async def debug(self, expression: str) -> Any:
        """Evaluates ``window.classwire.<expression>``."""
        return await self.page.evaluate(f"async () => await window.classwire.{expression}")

    async def until(self, what: str, probe: Any, timeout_s: float = 30.0) -> Any:
        """Polls an async probe until it gives something true."""
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout_s
        while True:
            found = await probe()
            if found:
                return found
            if loop.time() > until:
                raise AssertionError(f"{self.name} waited {timeout_s:.0f} s in vain for: {what}")
            await asyncio.sleep(0.05)

    async def leave_evidence(self) -> None:
        """A picture of the page and what it knows, under ``var/``."""
        stem = Path("var") / f"failed-{self.name.replace(' ', '-')}"
        stem.parent.mkdir(exist_ok=True)
        await self.page.screenshot(path=stem.with_suffix(".png"))
        with contextlib.suppress(Error):
            known = {
                "console": self.console,
                "state": await self.debug("state()"),
                "stats": await self.debug("stats()"),
                "view": await self.debug("view()"),
            }
            stem.with_suffix(".json").write_text(json.dumps(known, indent=1))

    async def see(self, locator: Locator) -> None:
        """Waits until it is visible."""
        await expect(locator).to_be_visible(timeout=PATIENCE_MS)


@contextlib.asynccontextmanager
async def playwright() -> AsyncIterator[Playwright]:
    """Playwright, or a skip where Chromium is not installed."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    async with async_playwright() as driver:
        yield driver


async def person(
    driver: Playwright, name: str, *, flashing: bool = False, width: int = 1024, through: str = ""
) -> Person:
    """Starts a browser process for somebody, if given ``through`` a line (a host resolver rule)."""
    rules = [f"--host-resolver-rules={through}"] if through else []
    browser = await driver.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, *rules])
    context = await browser.new_context(viewport={"width": width, "height": 640}, ignore_https_errors=True)
    page = await context.new_page()
    if flashing:
        await page.add_init_script(FLASH_AND_BEEP)
    somebody = Person(name, browser, page)
    page.on("websocket", somebody.listen)
    page.on("console", lambda message: somebody.console.append(message.text))
    page.on("pageerror", lambda error: somebody.console.append(str(error)))
    return somebody


def cpu_seconds(processes: list[psutil.Process]) -> float:
    """User and system time of processes and their children so far."""
    total = 0.0
    for process in processes:
        for each in [process, *process.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                times = each.cpu_times()
                total += times.user + times.system
    return total
