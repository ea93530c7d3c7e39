"""The clients of personas in a worker: what outlives them, what they are given, and what makes one unusable."""

from contextlib import AsyncExitStack
from pathlib import Path

import dns.message
import pytest

from core.ids import new_id
from probes.addresses import AddressPolicy
from probes.fetch import Ports
from probes.keywords import Matcher
from tests.unit.probes.doh_server import doh_server
from tests.unit.probes.loopback import (
    LOCAL,
    Authority,
    Request,
    answer,
    closed_port,
    describe,
    page,
    web_server,
)
from vocabulary.checks import CheckStatus
from vocabulary.personas import CookieMode, DnsPersonaConfig, HttpPersonaConfig
from workers.personas import MAX_SHELVES, FetcherKey, PersonaClients, ResolverKey, Shelves


def at_home(query: dns.message.Message) -> bytes:
    kind, name = describe(query).split()
    return answer(query, *([f"{name} A 127.0.0.1"] if kind == "A" else []))


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def test_a_resolver_over_https_trusts_the_authorities_of_the_installation(authority: Authority) -> None:
    async with doh_server(at_home, authority.context("127.0.0.1")) as server:
        key = ResolverKey(new_id(), DnsPersonaConfig((server.url("127.0.0.1"),), query_timeout_seconds=5))
        for ca_file, status in (authority.file, CheckStatus.OK), (None, CheckStatus.ERROR):
            clients = PersonaClients(LOCAL, ca_file)
            async with AsyncExitStack() as stack:
                resolver = (await clients.resolvers(stack, [key]))[key.persona_id]
                assert (await resolver.lookup("a.test")).status is status
            await clients.close()


async def test_a_persona_that_may_not_ask_its_resolvers_is_left_out() -> None:
    clients = PersonaClients(AddressPolicy(), None)
    public = ResolverKey(new_id(), DnsPersonaConfig(("9.9.9.9:53",)))
    private = ResolverKey(new_id(), DnsPersonaConfig(("https://127.0.0.1/dns-query",)))
    async with AsyncExitStack() as stack:
        assert set(await clients.resolvers(stack, [public, private])) == {public.persona_id}
    await clients.close()


async def test_preserved_cookies_outlive_a_persona_that_is_changed() -> None:
    """Another configuration is another client, and the cookies are those of the persona."""
    seen: list[str | None] = []

    def setting(request: Request) -> bytes:
        seen.append(next((value for name, value in request.headers if name == "Cookie"), None))
        return page("hi", set_cookie="a=1")

    clients, ident = PersonaClients(LOCAL, None), new_id()
    async with web_server(setting) as http:
        ports = Ports(http.port, closed_port())
        for agent in ("One/1", "Two/1"):
            config = HttpPersonaConfig(agent, cookies=CookieMode.PRESERVE)
            async with AsyncExitStack() as stack:
                fetchers = await clients.fetchers(stack, [FetcherKey(ident, config, ())])
                await fetchers[ident].fetch("a.test", ["127.0.0.1"], ports, Matcher([]))
    await clients.close()
    assert seen == [None, "a=1"]


def test_the_shelves_are_of_so_many_personas() -> None:
    shelves = Shelves()
    first, ids = new_id(), [new_id() for _ in range(MAX_SHELVES)]
    kept = shelves.of(first, CookieMode.PRESERVE)
    for ident in ids[:-1]:
        shelves.of(ident, CookieMode.PRESERVE)
    assert shelves.of(first, CookieMode.PRESERVE) is kept
    for ident in ids:
        shelves.of(ident, CookieMode.PRESERVE)
    assert shelves.of(first, CookieMode.PRESERVE) is not kept
