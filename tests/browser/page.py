"""A page that can reach nothing but this machine, and that remembers what went wrong on it."""

import ipaddress
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.async_api import ConsoleMessage, Page, Route, WebSocket, async_playwright, expect

from tests.browser.chromium import FLAGS, Chromium

# What is expected of a page comes when it comes; five seconds, the default, are short on a busy machine.
expect.set_options(timeout=30_000)


@dataclass
class Record:
    """What happened on a page that a test may want to know: `outside` must always stay empty."""

    outside: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    async def on_request(self, route: Route) -> None:
        url = route.request.url
        if not is_local(url):
            self.outside.append(url)
            await route.abort()
            return
        self.requests.append(url)
        await route.continue_()

    def on_websocket(self, socket: WebSocket) -> None:
        (self.requests if is_local(socket.url) else self.outside).append(socket.url)

    def on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.type}: {message.text}")

    def on_error(self, error: Exception) -> None:
        self.complaints.append(f"uncaught: {error}")


def is_local(url: str) -> bool:
    """Whether a URL stays on this machine."""
    parts = urlsplit(url)
    if parts.scheme in {"data", "blob", "about"}:
        return True
    try:
        return ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return parts.hostname == "localhost"


@asynccontextmanager
async def open_page(chromium: Chromium, record: Record) -> AsyncIterator[Page]:
    """Start a browser for one test, in the event loop of that test, with a profile of its own."""
    environment: dict[str, str | float | bool] = {**os.environ, **chromium.env}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium.program, headless=True, args=list(FLAGS), env=environment
        )
        context = await browser.new_context(
            service_workers="block", viewport={"width": 1280, "height": 800}, color_scheme="light"
        )
        await context.route("**/*", record.on_request)
        page = await context.new_page()
        page.on("websocket", record.on_websocket)
        page.on("console", record.on_console)
        page.on("pageerror", record.on_error)
        yield page
        await context.close()
        await browser.close()
