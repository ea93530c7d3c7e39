"""Lookups: verdict by response code, tries, strategies and limits, each setting shown to matter."""

import asyncio
import gc
import socket
import warnings
from collections import Counter
from collections.abc import Callable

import dns.flags
import dns.message
import dns.rcode
import pytest

from core.errors import ValidationFailed
from probes.addresses import AddressPolicy
from probes.dns_transport import UdpServer
from probes.resolver import Resolver
from tests.unit.probes.loopback import DnsServer, answer, closed_port, describe, dns_server
from vocabulary.checks import CheckStatus, DnsReason, DnsVerdict
from vocabulary.personas import DnsPersonaConfig, ResolverStrategy

FAILOVER = ResolverStrategy.SEQUENTIAL_FAILOVER


def persona(*servers: DnsServer | str, **more: object) -> DnsPersonaConfig:
    texts = tuple(server if isinstance(server, str) else server.text for server in servers)
    values = {"query_timeout_seconds": 0.1, "rate_per_second": 1e6, "burst": 100, "attempts": 1} | more
    return DnsPersonaConfig(resolvers=texts, **values)  # type: ignore[arg-type]


async def look_up(config: DnsPersonaConfig, name: str = "a.test") -> DnsVerdict:
    async with Resolver(config) as resolver:
        return await resolver.lookup(name)


def only(verdict: DnsVerdict) -> tuple[CheckStatus, DnsReason | None, tuple[str, ...]]:
    return verdict.status, verdict.reason, verdict.addresses


def both(query: dns.message.Message) -> bytes:
    """Answers A with 192.0.2.1 and AAAA with 2001:db8::1."""
    kind, name = describe(query).split()
    return answer(query, f"{name} {kind} {'192.0.2.1' if kind == 'A' else '2001:db8::1'}")


def code(rcode: dns.rcode.Rcode) -> object:
    return lambda query: answer(query, rcode=rcode)


def silent(_: dns.message.Message) -> None:
    return None


async def test_both_families_are_asked_and_a_comes_first() -> None:
    async with dns_server(both) as server:
        verdict = await look_up(persona(server))
    assert only(verdict) == (CheckStatus.OK, None, ("192.0.2.1", "2001:db8::1"))
    assert (verdict.resolver, verdict.attempts) == (server.text, 1)
    assert sorted(server.asked) == ["A a.test", "AAAA a.test"]


@pytest.mark.parametrize(
    ("rcode", "reason"),
    [
        (dns.rcode.NXDOMAIN, DnsReason.NXDOMAIN),
        (dns.rcode.NOERROR, DnsReason.NODATA),
        (dns.rcode.SERVFAIL, DnsReason.SERVFAIL),
        (dns.rcode.REFUSED, DnsReason.REFUSED),
        (dns.rcode.FORMERR, DnsReason.ERROR),
        (dns.rcode.NOTIMP, DnsReason.ERROR),
        (dns.rcode.YXDOMAIN, DnsReason.ERROR),
    ],
)
async def test_a_lookup_without_an_address_is_called_by_its_code(
    rcode: dns.rcode.Rcode, reason: DnsReason
) -> None:
    async with dns_server(code(rcode)) as server:  # type: ignore[arg-type]
        verdict = await look_up(persona(server))
    assert only(verdict) == (CheckStatus.ERROR, reason, ())


async def test_silence_is_a_timeout_after_all_tries() -> None:
    async with dns_server(silent) as server:
        verdict = await look_up(persona(server, attempts=3, query_timeout_seconds=0.03))
    assert only(verdict) == (CheckStatus.TIMEOUT, DnsReason.TIMEOUT, ())
    assert verdict.attempts == 3
    assert Counter(server.asked) == {"A a.test": 3, "AAAA a.test": 3}
    assert verdict.millis >= 90


@pytest.mark.effect("dns_persona.attempts")
@pytest.mark.parametrize(("attempts", "status"), [(1, CheckStatus.TIMEOUT), (2, CheckStatus.OK)])
async def test_a_lost_packet_is_sent_again(attempts: int, status: CheckStatus) -> None:
    lost: set[str] = set()

    def lossy(query: dns.message.Message) -> bytes | None:
        if (key := describe(query)) not in lost:
            lost.add(key)
            return None
        return both(query)

    async with dns_server(lossy) as server:
        verdict = await look_up(persona(server, attempts=attempts))
    assert (verdict.status, verdict.attempts) == (status, attempts)


async def test_one_family_with_an_address_is_enough() -> None:
    def half(query: dns.message.Message) -> bytes | None:
        return both(query) if describe(query).startswith("A ") else None

    async with dns_server(half) as server:
        verdict = await look_up(persona(server, attempts=3))
    assert only(verdict) == (CheckStatus.OK, None, ("192.0.2.1",))
    assert verdict.attempts == 1


async def test_a_failure_of_one_family_is_not_taken_for_no_data() -> None:
    def half(query: dns.message.Message) -> bytes:
        broken = describe(query).startswith("AAAA")
        return answer(query, rcode=dns.rcode.SERVFAIL if broken else dns.rcode.NOERROR)

    async with dns_server(half) as server:
        assert (await look_up(persona(server))).reason is DnsReason.SERVFAIL


async def test_nxdomain_of_one_family_ends_the_lookup_at_once() -> None:
    def half(query: dns.message.Message) -> bytes | None:
        return answer(query, rcode=dns.rcode.NXDOMAIN) if describe(query).startswith("A ") else None

    async with dns_server(half) as server:
        verdict = await look_up(persona(server, query_timeout_seconds=30))
    assert (verdict.reason, verdict.attempts) == (DnsReason.NXDOMAIN, 1)


async def test_an_unreachable_server_is_a_failed_try_at_once() -> None:
    nobody = f"127.0.0.1:{closed_port(socket.SOCK_DGRAM)}"
    async with dns_server(both) as server, asyncio.timeout(5):
        config = persona(nobody, server, strategy=FAILOVER, attempts=2, query_timeout_seconds=30)
        verdict = await look_up(config)
        assert (verdict.status, verdict.resolver, verdict.attempts) == (CheckStatus.OK, server.text, 2)
        alone = await look_up(persona(nobody, query_timeout_seconds=30))
    assert only(alone) == (CheckStatus.ERROR, DnsReason.ERROR, ())


async def test_a_chain_of_aliases_is_followed_within_the_answer() -> None:
    def chain(query: dns.message.Message) -> bytes:
        lines = ["c.test CNAME d.test", "a.test CNAME b.test", "b.test CNAME c.test"]
        last = ["d.test A 192.0.2.7", "elsewhere.test A 192.0.2.8"]
        return answer(query, *lines, *(last if describe(query).startswith("A ") else []))

    async with dns_server(chain) as server:
        assert (await look_up(persona(server))).addresses == ("192.0.2.7",)


async def test_a_loop_of_aliases_is_no_data() -> None:
    async with dns_server(lambda q: answer(q, "a.test CNAME b.test", "b.test CNAME a.test")) as server:
        assert (await look_up(persona(server))).reason is DnsReason.NODATA


def cut(query: dns.message.Message) -> bytes:
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.TC
    return reply.to_wire()


async def test_a_truncated_answer_is_asked_again_over_tcp() -> None:
    async with dns_server(cut, tcp=both) as server:
        verdict = await look_up(persona(server, query_timeout_seconds=5))
    assert only(verdict) == (CheckStatus.OK, None, ("192.0.2.1", "2001:db8::1"))
    assert sorted(server.asked_tcp) == ["A a.test", "AAAA a.test"]


async def test_a_truncated_answer_without_tcp_is_an_error() -> None:
    async with dns_server(cut, tcp=silent) as server:
        assert (await look_up(persona(server, query_timeout_seconds=5))).reason is DnsReason.ERROR


FORGERIES: dict[str, Callable[[dns.message.Message], bytes]] = {
    "wrong id": lambda query: bytes([both(query)[0] ^ 1]) + both(query)[1:],
    "other question": lambda query: both(dns.message.make_query("b.test", "A", id=query.id)),
    "no response": lambda query: query.to_wire(),
    "garbage": lambda _: b"\x00",
    "no question": lambda query: both(query)[:4] + b"\0\0" + both(query)[6:],
}


@pytest.mark.parametrize("kind", FORGERIES)
async def test_a_packet_that_does_not_fit_is_ignored(kind: str) -> None:
    async with dns_server(FORGERIES[kind]) as server:
        assert (await look_up(persona(server))).reason is DnsReason.TIMEOUT
    assert len(server.asked) == 2


async def test_a_broken_answer_is_an_error() -> None:
    async with dns_server(lambda q: both(q)[:-3]) as server:
        assert (await look_up(persona(server))).reason is DnsReason.ERROR


@pytest.mark.parametrize("name", ["", ".", "a..b", "a" * 64 + ".test", "bücher.test", "a." * 127 + "test"])
async def test_what_is_no_name_is_an_error_and_not_asked(name: str) -> None:
    async with dns_server(both) as server:
        verdict = await look_up(persona(server), name)
    assert only(verdict) == (CheckStatus.ERROR, DnsReason.ERROR, ())
    assert server.asked == []


async def test_failover_goes_on_after_a_failure_and_stays_with_the_first_otherwise() -> None:
    async with dns_server(both) as good, dns_server(silent) as bad:
        for first in (code(dns.rcode.SERVFAIL), code(dns.rcode.REFUSED), silent):
            bad.handler = first  # type: ignore[assignment]
            verdict = await look_up(persona(bad, good, strategy=FAILOVER, attempts=2))
            assert (verdict.status, verdict.resolver) == (CheckStatus.OK, good.text)
        asked = len(good.asked)
        for final in (code(dns.rcode.NXDOMAIN), code(dns.rcode.NOERROR), code(dns.rcode.FORMERR)):
            bad.handler = final  # type: ignore[assignment]
            verdict = await look_up(persona(bad, good, strategy=FAILOVER, attempts=2))
            assert (verdict.status, verdict.resolver) == (CheckStatus.ERROR, bad.text)
        assert len(good.asked) == asked


@pytest.mark.effect("dns_persona.strategy")
async def test_failover_uses_the_first_for_every_name() -> None:
    async with dns_server(both) as one, dns_server(both) as two:
        resolver = Resolver(persona(one, two, strategy=FAILOVER))
        async with resolver:
            for n in range(6):
                await resolver.lookup(f"a{n}.test")
    assert (len(one.asked), len(two.asked)) == (12, 0)


@pytest.mark.effect("dns_persona.strategy", "dns_persona.resolvers")
async def test_round_robin_takes_turns_across_lookups() -> None:
    async with dns_server(both) as one, dns_server(both) as two, dns_server(both) as three:
        config = persona(one, two, three, strategy=ResolverStrategy.ROUND_ROBIN)
        async with Resolver(config) as resolver:
            used = [(await resolver.lookup(f"a{n}.test")).resolver for n in range(6)]
    assert used == [one.text, two.text, three.text] * 2


@pytest.mark.effect("dns_persona.strategy")
async def test_random_rotation_uses_every_resolver() -> None:
    async with dns_server(both) as one, dns_server(both) as two:
        config = persona(one, two, strategy=ResolverStrategy.RANDOM_ROTATION)
        async with Resolver(config) as resolver:
            used = Counter([(await resolver.lookup("a.test")).resolver for _ in range(64)])
    # That one of two is never drawn in 64 has a chance of 2 to the power of -63.
    assert set(used) == {one.text, two.text}


async def test_an_answer_is_not_asked_of_the_same_resolver_twice() -> None:
    async with dns_server(code(dns.rcode.SERVFAIL)) as server:  # type: ignore[arg-type]
        verdict = await look_up(persona(server, attempts=5))
    assert (verdict.attempts, len(server.asked)) == (1, 2)


async def test_an_answer_outweighs_a_later_silence() -> None:
    async with dns_server(code(dns.rcode.SERVFAIL)) as failing, dns_server(silent) as mute:  # type: ignore[arg-type]
        verdict = await look_up(persona(failing, mute, strategy=FAILOVER, attempts=2))
    assert (verdict.reason, verdict.resolver, verdict.attempts) == (DnsReason.SERVFAIL, failing.text, 2)


@pytest.mark.effect("dns_persona.concurrency")
@pytest.mark.parametrize("limit", [1, 3])
async def test_concurrency_limits_what_is_under_way(limit: int) -> None:
    async with dns_server(silent) as server:
        resolver = Resolver(persona(server, concurrency=limit, query_timeout_seconds=0.05))
        async with resolver:
            pending = [asyncio.ensure_future(resolver.lookup(f"a{n}.test")) for n in range(6)]
            await server.until_asked(2 * limit)
            assert len(set(server.asked)) == 2 * limit
            await asyncio.gather(*pending)
    assert len(server.asked) == 12


@pytest.mark.effect("dns_persona.rate_per_second", "dns_persona.burst")
@pytest.mark.parametrize(("rate", "burst", "least"), [(20.0, 1, 0.34), (20.0, 5, 0.14), (1e5, 1, 0.0)])
async def test_rate_and_burst_space_the_lookups(rate: float, burst: int, least: float) -> None:
    loop = asyncio.get_running_loop()
    async with (
        dns_server(both) as server,
        Resolver(persona(server, rate_per_second=rate, burst=burst)) as resolver,
    ):
        started = loop.time()
        await asyncio.gather(*(resolver.lookup(f"a{n}.test") for n in range(8)))
        taken = loop.time() - started
    assert taken >= least
    if rate > 1000:
        assert taken < 0.14


@pytest.mark.effect("dns_persona.query_timeout_seconds")
async def test_the_time_limit_is_that_of_one_try() -> None:
    async with dns_server(silent) as server:
        quick = await look_up(persona(server, query_timeout_seconds=0.02))
        slow = await look_up(persona(server, query_timeout_seconds=0.2))
    assert 20 <= quick.millis < 200 <= slow.millis


async def test_a_cancelled_lookup_leaves_nothing_behind() -> None:
    async with dns_server(silent) as server:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            async with Resolver(persona(server, query_timeout_seconds=30, concurrency=1)) as resolver:
                task = asyncio.ensure_future(resolver.lookup("a.test"))
                await server.until_asked(2)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                assert resolver._rota is not None
                upstream = resolver._rota.members[0].upstream
                assert isinstance(upstream, UdpServer)
                assert "0 waiting" in repr(upstream._ports[0])
                server.handler = both
                assert (await resolver.lookup("b.test")).status is CheckStatus.OK
            gc.collect()


async def test_source_ports_change() -> None:
    async with dns_server(both) as server, Resolver(persona(server)) as resolver:
        for n in range(8):
            await resolver.lookup(f"a{n}.test")
    assert len(set(server.sources)) == 4


@pytest.mark.parametrize(
    "text", ["", "127.0.0.1", "dns.test:53", "127.0.0.1:0", "::1:53", "127.0.0.1:70000", "[127.0.0.1]:53"]
)
def test_a_resolver_that_is_no_address_and_port_is_refused(text: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        Resolver(persona(text))
    assert caught.value.violations[0].path == ("resolvers", "0")


def test_a_resolver_on_a_refused_address_is_refused() -> None:
    with pytest.raises(ValidationFailed, match="is a loopback address"):
        Resolver(persona("127.0.0.1:53"), AddressPolicy())
    with pytest.raises(ValidationFailed, match="at least one"):
        Resolver(persona())
    assert repr(Resolver(persona("[2001:4860:4860::8888]:53"), AddressPolicy())).endswith("::8888]:53>")
