"""GraphiQL on a server that keeps its schema to itself: it says so, and still runs what one types."""

from pathlib import Path

from playwright.async_api import Page, expect

from core.clock import SystemClock
from core.settings import load
from tests.browser.test_graphiql import RESPONSE, run
from tests.servers.sqlite import migrated
from web.app import ApiProcess

TOKEN = "a-token-of-the-test"


async def test_it_tells_that_introspection_is_turned_off(tmp_path: Path, browser_page: Page) -> None:
    settings = load(
        database_url=await migrated(tmp_path / "heliograph.db"),
        port=0,
        secret_key_file=tmp_path / "heliograph.key",
        bootstrap_token=TOKEN,
        introspection=False,
    )
    async with ApiProcess.open(settings, SystemClock()) as api:
        await browser_page.goto(f"{api.url}/graphql#token={TOKEN}")
        await expect(browser_page.locator(RESPONSE)).to_contain_text(
            "Introspection is turned off on this server"
        )
        await run(browser_page, "query Who { me { role } }")
        await expect(browser_page.locator(RESPONSE)).to_contain_text("ADMIN")
        await browser_page.goto("about:blank")
