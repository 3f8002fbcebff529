"""Real browsers against a node with real packets: the page, bundled and served, and what it says."""

import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright

from schemas.envelope import Actor
from schemas.ids import TrackId
from tests.unit.sfu_control.campus import Campus

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
WEB_MODULES = ROOT / "edge" / "web" / "node_modules"
CHROMIUM = shutil.which("chromium")
ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@contextmanager
def page_url() -> Iterator[str]:
    """The bundled page, served on loopback: a secure context, so that devices may be used."""
    with TemporaryDirectory() as directory:
        subprocess.run(
            [
                WEB_MODULES / ".bin" / "esbuild",
                HERE / "page.js",
                "--bundle",
                "--format=iife",
                f"--outfile={directory}/page.bundle.js",
                "--log-level=warning",
            ],
            env={"NODE_PATH": str(WEB_MODULES), "PATH": "/usr/bin:/bin:/usr/local/bin"},
            check=True,
        )
        (Path(directory) / "index.html").write_text(
            "<!doctype html><title>media</title><body><script src=page.bundle.js></script>"
        )
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=directory))
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/index.html"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # The base class's name.
        pass


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A browser with a fake camera and microphone."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


async def open_page(browser: Browser, url: str, found: Campus, actor: Actor) -> Page:
    """A page of this person, with its transports made."""
    page = await browser.new_page()
    page.on("console", _print)
    page.on("pageerror", lambda error: print(f"{actor.id}: {error}"))

    async def ask(method: str, data: str) -> str:
        return await found.ask(actor, method, data)

    await page.expose_function("ask", ask)
    await page.goto(url)
    assert await page.evaluate("page.open()") == "Chrome111"
    return page


def _print(message: ConsoleMessage) -> None:
    print(message.text)


async def received(page: Page, track: TrackId | str) -> dict[str, Any]:
    """The browser's own statistics of one consumer."""
    report: dict[str, Any] = await page.evaluate(f"page.received({json.dumps(track)})")
    return report
