"""GraphiQL as the product serves it, in a real browser that reaches nothing but this machine."""

from pathlib import Path

from playwright.async_api import Page

from tests.browser.page import Record
from tests.e2e.graphiql import open_with_token, run_the_example, shows
from tests.e2e.product import Product

NAMES = 60


async def test_the_example_shows_the_demo_campaign_live(
    tmp_path: Path, browser_page: Page, browser_record: Record
) -> None:
    async with Product(tmp_path / "fresh", bootstrap_token=None) as product:
        api = await product.serve("--demo", "--demo-names", str(NAMES))
        await open_with_token(browser_page, api.client.url, api.client.token)
        await run_the_example(browser_page)
        # Each frame takes the place of the one before. The first of these stays while slow hosts are waited for.
        await shows(browser_page, "DNS validation completed")
        await shows(browser_page, "running to completed")
        assert browser_record.complaints == []
        sockets = [url for url in browser_record.requests if url.startswith("ws://")]
        assert len(sockets) == 1
        await browser_page.goto("about:blank")
