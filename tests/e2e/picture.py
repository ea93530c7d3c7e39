"""`make picture`: takes the picture of GraphiQL that the README shows, of a demo that really runs.

`python -m tests.e2e.picture docs/graphiql.png`
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from tests.browser.chromium import find_chromium
from tests.browser.page import Record, open_page
from tests.e2e.graphiql import CAMPAIGN, open_with_token, run, shows
from tests.e2e.product import Product


async def take(target: Path) -> None:
    """Wait for the end of a demo campaign, and take the picture."""
    chromium = find_chromium()
    if chromium is None:
        sys.exit("No Chromium: run `make setup-dev`.")
    with tempfile.TemporaryDirectory(prefix="heliograph-picture-") as folder:
        async with (
            Product(Path(folder), bootstrap_token=None) as product,
            open_page(chromium, Record()) as page,
        ):
            api = await product.serve("--demo")
            await open_with_token(page, api.client.url, api.client.token)
            await run(page, CAMPAIGN, "Live")
            await shows(page, "running to completed")
            await page.screenshot(path=target)
            await page.goto("about:blank")


if __name__ == "__main__":
    asyncio.run(take(Path(sys.argv[1])))
