"""A name that has a good address when it is judged and another one when it is connected to (DNS rebinding).

A real DNS server answers with the public address first and with a private one ever after. The public network is
127.0.0.2, the only address that is allowed; behind it, on the same port, stands what must not be reached.
"""

import ipaddress
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

import dns.message
import pytest

from probes.addresses import AddressPolicy
from probes.fetch import Fetcher, Ports
from probes.keywords import Matcher
from probes.proxy_test import test_proxy as try_proxy
from probes.resolver import Resolver
from tests.unit.probes.doh_server import doh_server
from tests.unit.probes.loopback import (
    Authority,
    DnsServer,
    Request,
    WebServer,
    answer,
    closed_port,
    describe,
    dns_server,
    page,
    redirect,
    web_server,
)
from vocabulary.checks import CheckStatus, DnsReason, HttpReason
from vocabulary.personas import DnsPersonaConfig, HttpPersonaConfig
from vocabulary.proxies import ProxyEndpoint, ProxyProtocol

PUBLIC, PRIVATE = "127.0.0.2", "127.0.0.1"
POLICY = AddressPolicy([ipaddress.ip_network(f"{PUBLIC}/32")])
LOCAL = AddressPolicy([ipaddress.ip_network("127.0.0.0/8")])
CONFIG = HttpPersonaConfig("test", rate_per_second=1e6, burst=100)
REBOUND = "rebound.test"


class Stand(NamedTuple):
    """The resolver of a persona, and the two servers."""

    resolver: Resolver
    dns: DnsServer
    public: WebServer
    private: WebServer

    async def resolve(self, host: str) -> tuple[str, ...]:
        return tuple((await self.resolver.lookup(host)).addresses)

    @property
    def ports(self) -> Ports:
        return Ports(self.public.port, closed_port())


def rebinding() -> Callable[[dns.message.Message], bytes]:
    asked = 0

    def handle(query: dns.message.Message) -> bytes:
        nonlocal asked
        kind, name = describe(query).split()
        if kind != "A":
            return answer(query)
        asked += 1
        return answer(query, f"{name} A {PUBLIC if asked == 1 else PRIVATE}")

    return handle


@asynccontextmanager
async def standing(respond: Callable[[Request], bytes]) -> AsyncIterator[Stand]:
    async with (
        web_server(respond, host=PUBLIC) as public,
        web_server(lambda _: page("a secret"), host=PRIVATE, port=public.port) as private,
        dns_server(rebinding()) as server,
        # The resolver itself is on loopback; what it says is judged by the fetcher.
        Resolver(DnsPersonaConfig((server.text,)), LOCAL) as resolver,
    ):
        yield Stand(resolver, server, public, private)


async def test_a_domain_is_fetched_from_the_address_of_its_lookup_and_never_looked_up_again() -> None:
    async with standing(lambda _: page("good")) as stand:
        addresses = await stand.resolve(REBOUND)
        assert addresses == (PUBLIC,)
        async with Fetcher(CONFIG, stand.resolve, POLICY) as fetcher:
            for _ in range(3):
                verdict = await fetcher.fetch(REBOUND, addresses, stand.ports, Matcher([]))
                assert verdict.status is CheckStatus.OK
        assert stand.dns.asked.count(f"A {REBOUND}") == 1
        assert (len(stand.public.requests), stand.private.connections) == (3, 0)
        # The trap was set all the while.
        assert await stand.resolve(REBOUND) == (PRIVATE,)


async def test_the_host_of_a_redirect_is_connected_to_where_it_was_judged() -> None:
    def respond(request: Request) -> bytes:
        if request["host"].startswith(REBOUND):
            return page("good")
        return redirect(f"http://{REBOUND}:{request['host'].partition(':')[2]}/")

    async with standing(respond) as stand, Fetcher(CONFIG, stand.resolve, POLICY) as fetcher:
        verdict = await fetcher.fetch("a.test", [PUBLIC], stand.ports, Matcher([]))
        assert verdict.status is CheckStatus.OK
        assert stand.dns.asked.count(f"A {REBOUND}") == 1
        assert (len(stand.public.requests), stand.private.connections) == (2, 0)


async def test_a_redirect_back_to_a_name_is_judged_by_what_it_is_now() -> None:
    def respond(request: Request) -> bytes:
        return redirect(f"http://{REBOUND}:{request['host'].partition(':')[2]}/again")

    async with standing(respond) as stand, Fetcher(CONFIG, stand.resolve, POLICY) as fetcher:
        addresses = await stand.resolve(REBOUND)
        verdict = await fetcher.fetch(REBOUND, addresses, stand.ports, Matcher([]))
        assert (verdict.reason, verdict.detail) == (HttpReason.BLOCKED_ADDRESS, f"{REBOUND}: loopback")
        assert (len(stand.public.requests), stand.private.connections) == (1, 0)


async def test_a_proxy_is_connected_to_where_it_was_judged(names: dict[str, list[str]]) -> None:
    names[REBOUND] = [PUBLIC, PRIVATE]
    async with (
        web_server(lambda _: b"HTTP/1.1 407 No\r\n\r\n", host=PUBLIC) as public,
        web_server(lambda _: b"HTTP/1.1 407 No\r\n\r\n", host=PRIVATE, port=public.port) as private,
    ):
        proxy = ProxyEndpoint(ProxyProtocol.HTTP, REBOUND, public.port, "user", "secret")
        results = [await try_proxy(proxy, f"http://{PUBLIC}/", 5.0, POLICY, None) for _ in range(2)]
        assert (results[0].status_code, public.connections) == (407, 1)
        assert results[1].error == "PROXY_ERROR: the proxy's address is not allowed"
        assert private.connections == 0


async def test_a_proxy_is_asked_for_the_address_of_the_test_url_that_was_judged(
    names: dict[str, list[str]],
) -> None:
    names[REBOUND] = [PUBLIC, PRIVATE]
    async with web_server(lambda _: b"HTTP/1.1 502 No\r\n\r\n", host=PUBLIC) as server:
        proxy = ProxyEndpoint(ProxyProtocol.HTTP, PUBLIC, server.port, None, None)
        results = [await try_proxy(proxy, f"http://{REBOUND}/", 5.0, POLICY, None) for _ in range(2)]
    assert [request.line for request in server.requests] == [f"CONNECT {PUBLIC}:80 HTTP/1.1"]
    assert results[1].error == f"BLOCKED_ADDRESS: {REBOUND}: loopback"


@pytest.mark.parametrize("first", [PUBLIC, PRIVATE])
async def test_a_resolver_over_https_is_connected_to_where_it_was_judged(
    authority: Authority, names: dict[str, list[str]], first: str
) -> None:
    names["localhost"] = [first, PRIVATE]
    async with doh_server(answer, authority.context("localhost")) as private:
        config = DnsPersonaConfig((private.url(),), attempts=2)
        async with Resolver(config, POLICY, authority.file) as resolver:
            for _ in range(2):
                # Nobody listens at the public address; the next look finds the private one, and that is refused.
                assert (await resolver.lookup("a.test")).reason is DnsReason.ERROR
        assert (private.asked, private.connections) == ([], set())
