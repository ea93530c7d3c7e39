"""What the tests of one principal may take of a whole API process: two slow pages leave the rest to others."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from core.clock import SystemClock
from core.settings import Settings, load
from tests.integration.waiting import until
from tests.servers.sqlite import migrated
from tests.unit.probes.loopback import Request, WebServer, page, web_server
from vocabulary.access import Role
from web.app import ApiProcess

KEYWORDS = """query ($url: String, $text: String) {
  testKeywords(input: { url: $url, text: $text, rules: [{ pattern: "lamp" }] }) {
    ... on TestKeywordsPayload { hits { count } }
  }
}"""
CREATE = """mutation {
  createPersona(input: { name: "p", config: { http: { userAgent: "Heliograph/1" } } }) {
    ... on CreatePersonaPayload { persona { id } }
  }
}"""
PERSONA = """mutation ($id: ID!, $url: String!) {
  testPersona(input: { id: $id, target: $url, idempotencyKey: "k" }) {
    ... on TestPersonaPayload { report { ... on HttpPersonaTest { status } } }
  }
}"""
FOUND = {"testKeywords": {"hits": [{"count": 1}]}}


class Client:
    """A token of somebody."""

    def __init__(self, api: ApiProcess, http: aiohttp.ClientSession, token: str) -> None:
        self._api, self._http = api, http
        self._headers = {"Authorization": f"Bearer {token}"}

    async def ask(self, query: str, **variables: str) -> dict[str, Any]:
        body = {"query": query, "variables": variables}
        async with self._http.post(f"{self._api.url}/graphql", json=body, headers=self._headers) as answer:
            found: dict[str, Any] = await answer.json()
            return found

    async def refused(self, query: str, **variables: str) -> dict[str, Any]:
        """The extensions of the one error."""
        (error,) = (await self.ask(query, **variables))["errors"]
        extensions: dict[str, Any] = error["extensions"]
        return extensions

    async def passed(self) -> float:
        """How often the process says that the limit was passed."""
        async with self._http.get(f"{self._api.url}/metrics") as answer:
            line = 'heliograph_limits_passed_total{limit="principalTests"} '
            return float((await answer.text()).partition(line)[2].partition("\n")[0])


class Slow:
    """A page that comes when it is let go."""

    def __init__(self) -> None:
        self.let_go = asyncio.Event()

    async def __call__(self, _: Request) -> bytes:
        await self.let_go.wait()
        return page("a lamp")


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
async def server(slow: Slow) -> AsyncIterator[WebServer]:
    async with web_server(slow) as server:
        yield server


@pytest.fixture
async def settings(tmp_path: Path, server: WebServer) -> Settings:
    return load(
        database_url=await migrated(tmp_path / "heliograph.db"),
        port=0,
        secret_key_file=tmp_path / "key",
        allowed_networks="127.0.0.1/32",
        allowed_ports=str(server.port),
    )


async def client_of(api: ApiProcess, http: aiohttp.ClientSession, name: str) -> Client:
    token, _ = await api.services.principals.create_token(name, f"token {name}", Role.OPERATOR)
    return Client(api, http, token)


@pytest.mark.effect("setting.principal_tests")
async def test_principal_tests(settings: Settings, server: WebServer, slow: Slow) -> None:
    url = f"http://127.0.0.1:{server.port}/"
    async with ApiProcess.open(settings, SystemClock()) as api, aiohttp.ClientSession() as http:
        for name in ("bob", "alice"):
            await api.services.principals.create(name, Role.OPERATOR)
        bob, alice = await client_of(api, http, "bob"), await client_of(api, http, "alice")
        ident = (await bob.ask(CREATE))["data"]["createPersona"]["persona"]["id"]
        under_way = [
            asyncio.ensure_future(bob.ask(KEYWORDS, url=url)),
            asyncio.ensure_future(bob.ask(PERSONA, id=ident, url=url)),
        ]
        await until(lambda: len(server.requests) == 2)
        for query, given in (KEYWORDS, {"text": "a lamp"}), (PERSONA, {"id": ident, "url": f"{url}other"}):
            extensions = await bob.refused(query, **given)
            assert extensions.pop("retryAfterSeconds") > 0
            told = {"code": "RATE_LIMITED", "limit": 2, "limitName": "principalTests", "retryable": True}
            assert extensions == told
        assert await bob.passed() == 2
        assert (await alice.ask(KEYWORDS, text="a lamp"))["data"] == FOUND
        slow.let_go.set()
        keywords, persona = await asyncio.gather(*under_way)
        assert keywords["data"] == FOUND
        assert persona["data"]["testPersona"]["report"] == {"status": "OK"}
        # There is room again, and nothing of a refusal is remembered.
        assert (await bob.ask(KEYWORDS, text="a lamp"))["data"] == FOUND


async def test_without_a_number_as_many_tests_run_as_there_are_places(
    settings: Settings, server: WebServer, slow: Slow
) -> None:
    url = f"http://127.0.0.1:{server.port}/"
    changed = settings.model_copy(update={"principal_tests": 0})
    async with ApiProcess.open(changed, SystemClock()) as api, aiohttp.ClientSession() as http:
        await api.services.principals.create("bob", Role.OPERATOR)
        bob = await client_of(api, http, "bob")
        under_way = [asyncio.ensure_future(bob.ask(KEYWORDS, url=url)) for _ in range(5)]
        await until(lambda: len(server.requests) == 5)
        slow.let_go.set()
        assert [found["data"] for found in await asyncio.gather(*under_way)] == [FOUND] * 5
        assert await bob.passed() == 0
