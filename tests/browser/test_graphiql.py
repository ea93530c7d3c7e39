"""GraphiQL as a browser sees it: from this server alone, under its policy, with a live subscription."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import pytest
import strawberry
from aiohttp import ClientSession, web
from playwright.async_api import Page, expect
from strawberry.aiohttp.views import GraphQLView

from tests.browser.page import Record
from web.graphiql import CONTENT_SECURITY_POLICY, STATIC, add_assets, graphiql_page

TOKEN = "correct horse"
EDITOR = ".graphiql-query-editor .view-lines"
RESPONSE = ".result-window .view-lines"


@strawberry.type
class Query:
    @strawberry.field
    def who(self, info: strawberry.Info) -> str:
        request: web.Request = info.context["request"]
        return request.headers.get("Authorization", "nobody")


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def ticks(self, info: strawberry.Info) -> AsyncGenerator[str, None]:
        token = (info.context.get("connection_params") or {}).get("Authorization")
        beat: asyncio.Event = info.context["request"].app[BEAT]
        number = 0
        while True:
            number += 1
            yield f"tick {number} for {token}"
            await beat.wait()
            beat.clear()


BEAT = web.AppKey("beat", asyncio.Event)


def make_app() -> web.Application:
    schema = strawberry.Schema(Query, subscription=Subscription)
    view = GraphQLView[object, object](schema, graphql_ide=None)

    async def graphql(request: web.Request) -> web.StreamResponse:
        wants_page = request.method == "GET" and "text/html" in request.headers.get("Accept", "")
        return await (graphiql_page(request) if wants_page else view(request))

    app = web.Application()
    app[BEAT] = asyncio.Event()
    app.router.add_route("*", "/graphql", graphql)
    add_assets(app)
    return app


async def serve(app: web.Application, port: int = 0) -> web.AppRunner:
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return runner


@pytest.fixture
def app() -> web.Application:
    return make_app()


@pytest.fixture
async def runner(app: web.Application) -> AsyncIterator[web.AppRunner]:
    runner = await serve(app)
    yield runner
    await runner.cleanup()


@pytest.fixture
def url(runner: web.AppRunner) -> str:
    return f"http://127.0.0.1:{runner.addresses[0][1]}/graphql"


async def run(page: Page, operation: str) -> None:
    """Replace what the editor holds by a named operation, and run it."""
    await page.locator(EDITOR).click()
    await page.keyboard.press("Control+A")
    await page.keyboard.insert_text(operation)
    # GraphiQL reads an operation's name a moment after the typing, and runs the one whose name it knows.
    await expect(page.get_by_role("tab", selected=True)).to_have_text(operation.split()[1])
    await page.keyboard.press("Control+Enter")


async def test_a_query_and_a_live_subscription_run_with_the_token_of_the_link(
    app: web.Application, url: str, browser_page: Page, browser_record: Record
) -> None:
    await browser_page.goto(f"{url}#token={TOKEN.replace(' ', '%20')}")
    await expect(browser_page).to_have_title("Heliograph")
    await expect(browser_page.locator(EDITOR)).to_contain_text("Welcome to Heliograph")
    assert browser_page.url == url

    await run(browser_page, "query Who { who }")
    await expect(browser_page.locator(RESPONSE)).to_contain_text(f"Bearer {TOKEN}")

    await run(browser_page, "subscription Ticks { ticks }")
    await expect(browser_page.locator(RESPONSE)).to_contain_text(f"tick 1 for Bearer {TOKEN}")
    await expect(browser_page.get_by_role("status")).to_have_text("Subscriptions live")
    app[BEAT].set()
    await expect(browser_page.locator(RESPONSE)).to_contain_text("tick 2 for")
    assert browser_record.complaints == []
    assert len(browser_record.requests) > 10


async def test_a_subscription_waits_for_a_server_that_restarts(
    runner: web.AppRunner, url: str, browser_page: Page
) -> None:
    await browser_page.goto(f"{url}#token=tab")
    await run(browser_page, "subscription Ticks { ticks }")
    await expect(browser_page.locator(RESPONSE)).to_contain_text("tick 1")
    status = browser_page.get_by_role("status")
    port = runner.addresses[0][1]
    await runner.cleanup()
    await expect(status).to_have_text("Reconnecting…")

    app = make_app()
    again = await serve(app, port)
    await expect(status).to_have_text("Subscriptions live", timeout=20_000)
    app[BEAT].set()
    await expect(browser_page.locator(RESPONSE)).to_contain_text("tick 2")
    await again.cleanup()


async def test_a_typed_token_is_kept_for_the_tab_and_sent(url: str, browser_page: Page) -> None:
    await browser_page.goto(url)
    await browser_page.get_by_label("Token").fill("typed")
    async with browser_page.expect_navigation():
        await browser_page.get_by_role("button", name="Use").click()
    await expect(browser_page.get_by_label("Token")).to_have_value("typed")
    await run(browser_page, "query Who { who }")
    await expect(browser_page.locator(RESPONSE)).to_contain_text("Bearer typed")


async def test_the_header_editor_overrules_the_token(url: str, browser_page: Page) -> None:
    await browser_page.goto(f"{url}#token=tab")
    await browser_page.get_by_role("button", name="Headers").click()
    await browser_page.locator(".graphiql-editor-tool .view-lines:visible").click()
    await browser_page.keyboard.insert_text('{"authorization": "Bearer editor"}')
    await run(browser_page, "query Who { who }")
    await expect(browser_page.locator(RESPONSE)).to_contain_text("Bearer editor")
    await run(browser_page, "subscription Ticks { ticks }")
    await expect(browser_page.locator(RESPONSE)).to_contain_text("tick 1 for Bearer editor")


async def test_the_page_is_never_stored_and_its_files_for_ever(url: str) -> None:
    async with ClientSession() as session:
        async with session.get(url, headers={"Accept": "text/html"}) as page:
            assert page.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
            assert page.headers["Cache-Control"] == "no-store"
            assert page.headers["X-Content-Type-Options"] == "nosniff"
            assert page.headers["Referrer-Policy"] == "no-referrer"
        script = next((STATIC / "graphiql" / "files").glob("index-*.js")).name
        address = url.removesuffix("graphql") + f"assets/graphiql/files/{script}"
        for encoding in ("br", "gzip"):
            async with session.get(address, headers={"Accept-Encoding": encoding}) as answer:
                assert answer.headers["Content-Encoding"] == encoding
                assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
                assert answer.headers["Vary"] == "Accept-Encoding"
                assert answer.content_type in {"text/javascript", "application/javascript"}
        async with session.get(address, headers={"Accept-Encoding": "identity"}) as plain:
            assert "Content-Encoding" not in plain.headers


@pytest.mark.parametrize("path", ["graphiql/index.html", "graphiql/files/none.js", "..%2f..%2fgraphiql.py"])
async def test_nothing_but_the_built_files_is_served(url: str, path: str) -> None:
    async with (
        ClientSession() as session,
        session.get(url.removesuffix("graphql") + f"assets/{path}") as answer,
    ):
        assert answer.status == 404
        assert "Cache-Control" not in answer.headers
