"""DNS over HTTPS, against a real HTTPS server of the loopback interface."""

import asyncio
import ipaddress
from collections.abc import Callable

import dns.message
import dns.rcode
import pytest
from aiohttp import web

from core.errors import ValidationFailed
from probes.addresses import AddressPolicy
from probes.doh import MAX_ANSWER, MEDIA_TYPE, CheckedAddresses
from probes.resolver import Resolver
from tests.unit.probes.doh_server import doh_server, plain
from tests.unit.probes.loopback import LOCAL, Authority, answer, closed_port, describe
from vocabulary.checks import CheckStatus, DnsReason, DnsVerdict
from vocabulary.personas import DnsPersonaConfig

BOTH_LOOPBACKS = AddressPolicy([ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")])


def both(query: dns.message.Message) -> bytes:
    kind, name = describe(query).split()
    return answer(query, f"{name} {kind} {'192.0.2.1' if kind == 'A' else '2001:db8::1'}")


def persona(*resolvers: str, attempts: int = 1) -> DnsPersonaConfig:
    return DnsPersonaConfig(
        resolvers, query_timeout_seconds=5, rate_per_second=1e6, burst=100, attempts=attempts
    )


async def look_up(
    authority: Authority, url: str, policy: AddressPolicy = BOTH_LOOPBACKS, name: str = "a.test"
) -> DnsVerdict:
    async with Resolver(persona(url), policy, authority.file) as resolver:
        return await resolver.lookup(name)


@pytest.mark.effect("dns_persona.resolvers")
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_a_resolver_is_asked_over_https(authority: Authority, host: str) -> None:
    async with doh_server(both, authority.context("localhost", "127.0.0.1")) as server:
        verdict = await look_up(authority, server.url(host))
    assert (verdict.status, verdict.addresses) == (CheckStatus.OK, ("192.0.2.1", "2001:db8::1"))
    assert verdict.resolver == server.url(host)
    assert sorted(server.asked) == ["A a.test", "AAAA a.test"]
    assert server.ids == {0}
    assert server.heads[0]["Accept"] == MEDIA_TYPE
    assert server.heads[0]["User-Agent"] == "heliograph"


async def test_connections_are_kept(authority: Authority) -> None:
    async with (
        doh_server(both, authority.context("localhost")) as server,
        Resolver(persona(server.url()), BOTH_LOOPBACKS, authority.file) as resolver,
    ):
        for number in range(10):
            assert (await resolver.lookup(f"a{number}.test")).status is CheckStatus.OK
    assert len(server.asked) == 20
    assert len(server.connections) <= 2


@pytest.mark.parametrize(
    ("rcode", "reason"),
    [(dns.rcode.NXDOMAIN, DnsReason.NXDOMAIN), (dns.rcode.SERVFAIL, DnsReason.SERVFAIL)],
)
async def test_a_code_means_the_same_as_over_udp(
    authority: Authority, rcode: dns.rcode.Rcode, reason: DnsReason
) -> None:
    async with doh_server(lambda q: answer(q, rcode=rcode), authority.context("localhost")) as server:
        assert (await look_up(authority, server.url())).reason is reason


def too_large(packet: bytes) -> web.StreamResponse:
    return plain(packet + b"\0" * (MAX_ANSWER + 1))


BROKEN: dict[str, Callable[[bytes], web.StreamResponse]] = {
    "status": lambda packet: web.Response(body=packet, status=503, content_type=MEDIA_TYPE),
    "type": lambda packet: web.Response(body=packet, content_type="application/json"),
    "size": too_large,
    "redirect": lambda _: web.Response(status=302, headers={"Location": "/elsewhere"}),
    "garbage": lambda _: plain(b"\0" * 5),
    "another question": lambda _: plain(both(dns.message.make_query("b.test", "A", id=0))),
}


@pytest.mark.parametrize("kind", BROKEN)
async def test_what_is_no_dns_answer_is_no_answer(authority: Authority, kind: str) -> None:
    async with doh_server(both, authority.context("localhost")) as server:
        server.shape = BROKEN[kind]
        verdict = await look_up(authority, server.url())
    assert (verdict.status, verdict.reason) == (CheckStatus.ERROR, DnsReason.ERROR)
    assert sorted(server.asked) == ["A a.test", "AAAA a.test"]


async def test_an_answer_that_was_cut_is_an_error(authority: Authority) -> None:
    def cut(query: dns.message.Message) -> bytes:
        packet = bytearray(both(query))
        packet[2] |= 0x02
        return bytes(packet)

    async with doh_server(cut, authority.context("localhost")) as server:
        assert (await look_up(authority, server.url())).reason is DnsReason.ERROR


async def test_a_certificate_must_be_of_an_authority_that_is_trusted(authority: Authority) -> None:
    async with (
        doh_server(both, authority.context("localhost")) as server,
        Resolver(persona(server.url()), BOTH_LOOPBACKS) as resolver,
    ):
        assert (await resolver.lookup("a.test")).reason is DnsReason.ERROR
    assert server.asked == []


async def test_a_host_that_leads_into_a_refused_network_is_not_connected_to(authority: Authority) -> None:
    async with doh_server(both, authority.context("localhost")) as server:
        verdict = await look_up(authority, server.url(), AddressPolicy())
        assert (verdict.status, verdict.reason) == (CheckStatus.ERROR, DnsReason.ERROR)
        with pytest.raises(ValidationFailed, match="is a loopback address"):
            await look_up(authority, server.url("127.0.0.1"), AddressPolicy())
    assert server.asked == []


async def test_the_next_resolver_is_asked_when_nobody_answers(authority: Authority) -> None:
    nobody = f"https://127.0.0.1:{closed_port()}/dns-query"
    async with doh_server(both, authority.context("localhost")) as server:
        config = persona(nobody, server.url(), attempts=4)
        async with Resolver(config, BOTH_LOOPBACKS, authority.file) as resolver:
            for _ in range(8):
                verdict = await resolver.lookup("a.test")
                assert (verdict.status, verdict.resolver) == (CheckStatus.OK, server.url())


async def test_a_server_that_says_nothing_is_a_timeout(authority: Authority) -> None:
    stop = asyncio.Event()

    async def mute(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await stop.wait()
        writer.close()

    listener = await asyncio.start_server(mute, "127.0.0.1", 0)
    url = f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}/dns-query"
    config = DnsPersonaConfig((url,), query_timeout_seconds=0.05, attempts=1)
    async with Resolver(config, LOCAL, authority.file) as resolver:
        assert (await resolver.lookup("a.test")).reason is DnsReason.TIMEOUT
    stop.set()
    listener.close()
    await listener.wait_closed()


@pytest.mark.parametrize("host", ["a..b", "a" * 64 + ".example", "..."])
async def test_what_is_no_name_does_not_resolve(host: str) -> None:
    """Python refuses to ask for it by an error that nobody expects of a lookup."""
    with pytest.raises(OSError, match="no name of a host"):
        await CheckedAddresses(None).resolve(host)
