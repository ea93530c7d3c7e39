"""A browser's own `EventSource` resumes by Last-Event-ID, and nothing on the page helps it.

It can send no header of its own (README, "Not there yet"), so here the browser adds the token to each request of the
page, as a proxy before the server would.
"""

from pathlib import Path
from urllib.parse import quote

from playwright.async_api import Page

from bench.history import position_of
from tests.e2e.product import Product
from tests.e2e.test_fleet import change
from tests.servers.process import free_port

CHANGES = 5
MILLISECONDS = 40_000
QUERY = "subscription { activity { __typename } }"
# What a page has to do, and no more.
FOLLOW = """
(address) => {
  window.told = [];
  window.opened = 0;
  const source = new EventSource(address);
  source.addEventListener("open", () => window.opened++);
  source.addEventListener("next", (event) => window.told.push(event.lastEventId));
}
"""


async def told(page: Page, last: int) -> list[int]:
    """The positions of the page's events, once there are so many that the last can be there."""
    await page.wait_for_function("(count) => window.told.length >= count", arg=last, timeout=MILLISECONDS)
    return [position_of(cursor) for cursor in await page.evaluate("window.told")]


async def test_an_event_source_of_a_browser_outlives_its_server(tmp_path: Path, browser_page: Page) -> None:
    port = str(free_port())
    async with Product(tmp_path / "product") as product:
        doomed = await product.serve("--port", port)
        begun = await change(doomed.client, range(1))
        await browser_page.set_extra_http_headers(doomed.client.headers)
        await browser_page.goto(f"{doomed.client.url}/healthz")
        await browser_page.evaluate(FOLLOW, f"/graphql?query={quote(QUERY)}")
        # The snapshot, which is at the newest position, and what follows it.
        await told(browser_page, 1)
        await change(doomed.client, range(1, 1 + CHANGES))
        await told(browser_page, 1 + CHANGES)
        await doomed.process.kill()
        api = await product.serve("--port", port)
        last = await change(api.client, range(1 + CHANGES, 1 + 2 * CHANGES))
        assert await told(browser_page, 1 + 2 * CHANGES) == list(range(begun, last + 1))
        assert await browser_page.evaluate("window.opened") == 2
        await browser_page.goto("about:blank")
