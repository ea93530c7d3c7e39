"""Pages of other origins open no socket and change nothing; which are good is compared exactly, and can be said."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import WSServerHandshakeError

from core.clock import SystemClock
from core.errors import Misconfigured
from core.settings import load
from tests.servers.sqlite import migrated
from web.app import ApiProcess

TOKEN = "a-token-of-the-test"
PUBLIC = "https://heliograph.example"
OTHER = "http://10.0.0.1:8443"
MUTATION = 'mutation { createPrincipal(input: { name: "somebody", role: VIEWER }) { __typename } }'
FOREIGN = [
    "http://evil.example", "null", "{own}.evil.example", "https{rest}", "{own}/", "HTTP{rest}", "",
    "https://heliograph.example.evil.example", "https://heliograph.example:443", "http://heliograph.example",
    "https://evil.heliograph.example", "http://10.0.0.1",
]  # fmt: skip


class Served:
    """A server that is told two origins besides its own."""

    def __init__(self, url: str, client: aiohttp.ClientSession) -> None:
        self.url = url
        self.client = client

    def origin(self, text: str) -> str:
        return text.format(own=self.url, rest=self.url.removeprefix("http"))

    async def ask(self, query: str, origin: str | None) -> tuple[int, dict[str, object]]:
        headers = {"Authorization": f"Bearer {TOKEN}"} | ({} if origin is None else {"Origin": origin})
        async with self.client.post(f"{self.url}/graphql", json={"query": query}, headers=headers) as answer:
            return answer.status, await answer.json()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    place = tmp_path_factory.mktemp("origins")
    settings = load(
        database_url=await migrated(place / "heliograph.db"),
        port=0,
        secret_key_file=place / "key",
        bootstrap_token=TOKEN,
        allowed_origins=f"{PUBLIC}, {OTHER}",
    )
    async with ApiProcess.open(settings, SystemClock()) as api, aiohttp.ClientSession() as client:
        yield Served(api.url, client)


@pytest.mark.effect("setting.allowed_origins")
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("origin", [None, "{own}", PUBLIC, OTHER])
async def test_allowed_origins(served: Served, origin: str | None) -> None:
    given = None if origin is None else served.origin(origin)
    status, told = await served.ask(MUTATION, given)
    assert (status, "data" in told) == (200, True)
    socket = await served.client.ws_connect(
        f"{served.url}/graphql", protocols=["graphql-transport-ws"], origin=given
    )
    await socket.close()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("origin", FOREIGN)
async def test_a_page_of_another_origin_changes_nothing_and_opens_no_socket(
    served: Served, origin: str
) -> None:
    foreign = served.origin(origin)
    principals = "{ principals { totalCount } }"
    before = await served.ask(principals, None)
    status, told = await served.ask(MUTATION, foreign)
    assert (status, told["errors"]) == (
        403,
        [{"message": "This is not for pages of other origins.", "extensions": {"code": "FORBIDDEN"}}],
    )
    with pytest.raises(WSServerHandshakeError) as refused:
        await served.client.ws_connect(
            f"{served.url}/graphql", protocols=["graphql-transport-ws"], headers={"Origin": foreign}
        )
    assert refused.value.status == 403
    assert await served.ask(principals, None) == before


@pytest.mark.asyncio(loop_scope="module")
async def test_reading_does_nothing_and_no_page_of_another_origin_sees_the_answer(served: Served) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "Origin": "http://evil.example"}
    body = {"query": "{ __typename }"}
    async with served.client.post(f"{served.url}/graphql", json=body, headers=headers) as answer:
        assert answer.status == 200
        assert [name for name in answer.headers if name.startswith("Access-Control")] == []


@pytest.mark.asyncio(loop_scope="module")
async def test_no_answer_sets_a_cookie(served: Served) -> None:
    """So there is nothing that a browser would send along by itself: a page asks with a token, or is nobody."""
    html = {"Accept": "text/html"}
    for path, headers in (
        ("/", html),
        ("/graphql", html),
        ("/graphql?query={me{role}}", {}),
        ("/readyz", {}),
    ):
        async with served.client.get(f"{served.url}{path}", headers=headers) as answer:
            assert "Set-Cookie" not in answer.headers
    status, _ = await served.ask("{ me { role } }", None)
    assert status == 200
    assert len(served.client.cookie_jar) == 0


@pytest.mark.parametrize(
    "text",
    [
        "heliograph.example", "https://heliograph.example/", "https://Heliograph.example", "ftp://heliograph.example",
        "https://heliograph.example:443", "http://heliograph.example:80", "https://u:p@heliograph.example", "*",
        "https://*.example", "null", "https://", "https://heliograph.example?a", "https://a b", "http://[::1",
    ],
)  # fmt: skip
def test_what_no_browser_would_send_is_refused_at_the_start(text: str) -> None:
    with pytest.raises(Misconfigured, match="is no origin such as"):
        load(allowed_origins=f"{PUBLIC},{text}")


def test_origins_are_read_as_they_are_written() -> None:
    given = f"{PUBLIC}, {OTHER},http://[::1]:8000,"
    assert load(allowed_origins=given).allowed_origins == [PUBLIC, OTHER, "http://[::1]:8000"]
    assert load().allowed_origins == []
