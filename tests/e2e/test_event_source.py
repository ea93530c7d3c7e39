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


# The token goes with what a page can send headers with; the EventSource has what it got for that.
SHARE = """
async ([token, query]) => {
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  const ticket = await (await fetch("/graphql", { method: "PUT", headers })).text();
  window.told = [];
  const source = new EventSource(`/graphql?token=${ticket}`);
  for (const name of ["next", "complete"])
    source.addEventListener(name, ({ data }) => window.told.push([name, JSON.parse(data).id]));
  const ask = async (operationId, query) => {
    const body = JSON.stringify({ query, extensions: { operationId } });
    return (await fetch(`/graphql?token=${ticket}`, { method: "POST", headers, body })).status;
  };
  return [await ask("question", "{ cursor }"), await ask("one", query), await ask("other", query)];
}
"""


async def test_several_operations_share_the_event_source_of_a_browser(
    tmp_path: Path, browser_page: Page
) -> None:
    """And nothing adds a token to its request: what was reserved is behind its address."""
    async with Product(tmp_path / "product") as product:
        api = await product.serve()
        await browser_page.goto(f"{api.client.url}/healthz")
        assert await browser_page.evaluate(SHARE, [api.client.token, QUERY]) == [202, 202, 202]
        await browser_page.wait_for_function("window.told.length >= 4", timeout=MILLISECONDS)
        await change(api.client, range(1))
        await browser_page.wait_for_function("window.told.length >= 6", timeout=MILLISECONDS)
        found = await browser_page.evaluate("window.told")
        assert [name for name, ident in found if ident == "question"] == ["next", "complete"]
        assert [[name for name, ident in found if ident == each] for each in ("one", "other")] == [
            ["next"] * 2
        ] * 2
        await browser_page.goto("about:blank")
