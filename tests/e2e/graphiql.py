"""GraphiQL of a running product, driven as a person drives it."""

from playwright.async_api import Page, expect

EDITOR = ".graphiql-query-editor .view-lines"
RESPONSE = ".result-window .view-lines"
LIVE_MILLISECONDS = 60_000

# In one line, because the editor would indent what is indented already; the page makes it pretty.
CAMPAIGN = (
    "subscription Live { activity { __typename ... on ActivityAdded { cursor activity { at summary"
    " campaign { name status activity(first: 5) { nodes { summary } } } } } } }"
)


async def open_with_token(page: Page, url: str, token: str) -> None:
    """Follow the link that the start screen shows."""
    await page.goto(f"{url}/graphql#token={token}")
    await expect(page.locator(EDITOR)).to_contain_text("Welcome to Heliograph")
    assert page.url == f"{url}/graphql"


async def run_the_example(page: Page) -> None:
    """Run what the editor holds on the first visit."""
    await page.locator(EDITOR).click()
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("status")).to_have_text("Subscriptions live")


async def run(page: Page, document: str, name: str) -> None:
    """Replace what the editor holds by a document, make it pretty, and run its operation."""
    await page.locator(EDITOR).click()
    await page.keyboard.press("Control+A")
    await page.keyboard.insert_text(document)
    # GraphiQL reads an operation's name a moment after the typing, and runs the one whose name it knows.
    await expect(page.get_by_role("tab", selected=True)).to_have_text(name)
    await page.get_by_role("button", name="Prettify").click()
    await expect(page.locator(EDITOR).locator(".view-line").nth(5)).to_be_visible()
    await page.locator(EDITOR).click()
    await page.keyboard.press("Control+Home")
    await page.keyboard.press("Control+Enter")


async def shows(page: Page, text: str) -> None:
    """Wait until the answer on the page holds a text."""
    await expect(page.locator(RESPONSE)).to_contain_text(text, timeout=LIVE_MILLISECONDS)
