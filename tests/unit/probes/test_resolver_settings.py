"""The finer settings of DNS personas, each shown to matter over real sockets."""

import asyncio
import ipaddress
from collections import Counter
from pathlib import Path

import dns.message
import dns.rcode
import pytest

from core.errors import ValidationFailed
from probes.addresses import AddressPolicy
from probes.resolver import Resolver
from probes.upstreams import FAILURES
from tests.unit.probes.loopback import DnsServer, answer, closed_port, describe, dns_server
from vocabulary.checks import CheckStatus, DnsReason
from vocabulary.persona_tests import DnsExchange
from vocabulary.personas import DnsPersonaConfig, ResolverStrategy, ResolverWeight

FAILOVER = ResolverStrategy.SEQUENTIAL_FAILOVER


def persona(*servers: DnsServer, **more: object) -> DnsPersonaConfig:
    values = {"query_timeout_seconds": 0.1, "rate_per_second": 1e6, "burst": 100, "attempts": 1} | more
    return DnsPersonaConfig(tuple(server.text for server in servers), **values)  # type: ignore[arg-type]


def both(query: dns.message.Message) -> bytes:
    kind, name = describe(query).split()
    return answer(query, f"{name} {kind} {'192.0.2.1' if kind == 'A' else '2001:db8::1'}")


def denying(query: dns.message.Message) -> bytes:
    return answer(query, rcode=dns.rcode.NXDOMAIN)


def failing(query: dns.message.Message) -> bytes:
    return answer(query, rcode=dns.rcode.SERVFAIL)


def silent(_: dns.message.Message) -> None:
    return None


@pytest.mark.effect("dns_persona.strategy", "dns_persona.weights")
async def test_a_heavy_resolver_is_asked_more_often() -> None:
    async with dns_server(both) as heavy, dns_server(both) as light:
        weights = (ResolverWeight(heavy.text, 99),)
        config = persona(heavy, light, strategy=ResolverStrategy.WEIGHTED_ROTATION, weights=weights)
        async with Resolver(config) as resolver:
            used = Counter([(await resolver.lookup("a.test")).resolver for _ in range(200)])
    # Of 200 draws of 99 in 100, fewer than 150 have a chance below 10 to the power of -50.
    assert used[heavy.text] > 150


@pytest.mark.effect("dns_persona.preferred_order")
async def test_the_preferred_resolver_comes_first() -> None:
    async with dns_server(both) as one, dns_server(both) as two:
        for preferred, first in ((), one), ((two.text,), two), ((two.text, one.text), two):
            async with Resolver(persona(one, two, strategy=FAILOVER, preferred_order=preferred)) as resolver:
                assert (await resolver.lookup("a.test")).resolver == first.text


@pytest.mark.effect("dns_persona.use_system_resolvers")
async def test_the_systems_resolvers_are_those_of_resolv_conf(tmp_path: Path) -> None:
    conf = tmp_path / "resolv.conf"
    conf.write_text("# a comment\nsearch example.test\nnameserver 127.77.0.9\nnameserver nonsense\n")
    mine = AddressPolicy([ipaddress.ip_network("127.0.0.0/8")])
    async with dns_server(silent) as mute:
        for uses, reason in (False, DnsReason.TIMEOUT), (True, DnsReason.ERROR):
            # Nothing listens on port 53 here, which is known at once and so is no time-out.
            config = persona(
                mute, strategy=FAILOVER, preferred_order=("127.77.0.9:53",), use_system_resolvers=uses
            )
            async with Resolver(config, mine, resolv_conf=conf) as resolver:
                trace: list[DnsExchange] = []
                assert (await resolver.lookup("a.test", trace)).reason is reason
                assert {one.resolver for one in trace} == {"127.77.0.9:53" if uses else mute.text}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nameserver 127.0.0.1\n", "is a loopback address"),
        ("search test\n", "names no resolver"),
        (None, "no resolv.conf"),
    ],
    ids=["refused", "empty", "absent"],
)
async def test_a_system_without_a_usable_resolver_is_refused(
    tmp_path: Path, text: str | None, message: str
) -> None:
    conf = tmp_path / "resolv.conf"
    if text is not None:
        conf.write_text(text)
    with pytest.raises(ValidationFailed, match=message) as caught:
        async with Resolver(DnsPersonaConfig(use_system_resolvers=True), AddressPolicy(), resolv_conf=conf):
            pass
    assert caught.value.violations[0].path == ("useSystemResolvers",)
    # Where a system has its resolver is nobody's business who may not use it.
    assert "127.0.0.1" not in str(caught.value)


@pytest.mark.effect("dns_persona.query_delay_min_ms", "dns_persona.query_delay_max_ms")
@pytest.mark.parametrize(
    ("low", "high", "least", "most"), [(0, 0, 0.0, 0.1), (60, 60, 0.18, 5), (0, 1, 0.0, 0.15)]
)
async def test_a_delay_comes_before_each_lookup(low: int, high: int, least: float, most: float) -> None:
    loop = asyncio.get_running_loop()
    async with (
        dns_server(both) as server,
        Resolver(persona(server, query_delay_min_ms=low, query_delay_max_ms=high)) as resolver,
    ):
        started = loop.time()
        for _ in range(3):
            assert (await resolver.lookup("a.test")).millis < 60
        taken = loop.time() - started
    assert least <= taken < most


@pytest.mark.effect("dns_persona.concurrent_queries_per_domain")
@pytest.mark.parametrize(("width", "first"), [(1, ["A a.test"]), (2, ["A a.test", "AAAA a.test"])])
async def test_the_families_are_asked_together_or_in_turn(width: int, first: list[str]) -> None:
    held: list[str] = []
    go_on = asyncio.Event()

    def holding(query: dns.message.Message) -> bytes | None:
        held.append(describe(query))
        return both(query) if go_on.is_set() else None

    async with dns_server(holding) as server:
        config = persona(server, concurrent_queries_per_domain=width, attempts=2, query_timeout_seconds=0.2)
        async with Resolver(config) as resolver:
            task = asyncio.ensure_future(resolver.lookup("a.test"))
            await server.until_asked(len(first))
            assert held == first
            go_on.set()
            verdict = await task
    assert verdict.status is CheckStatus.OK
    assert set(held) == {"A a.test", "AAAA a.test"}


async def test_in_turn_a_denial_ends_the_lookup_before_the_second_question() -> None:
    async with (
        dns_server(denying) as server,
        Resolver(persona(server, concurrent_queries_per_domain=1)) as resolver,
    ):
        assert (await resolver.lookup("a.test")).reason is DnsReason.NXDOMAIN
    assert server.asked == ["A a.test"]


@pytest.mark.effect("dns_persona.confirm_nxdomain")
async def test_a_name_that_one_resolver_denies_is_asked_of_another() -> None:
    async with dns_server(denying) as liar, dns_server(both) as good:
        for confirm, status, tries in (False, CheckStatus.ERROR, 1), (True, CheckStatus.OK, 2):
            async with Resolver(persona(liar, good, strategy=FAILOVER, confirm_nxdomain=confirm)) as resolver:
                verdict = await resolver.lookup("a.test")
            assert (verdict.status, verdict.attempts) == (status, tries)


@pytest.mark.parametrize(
    ("second", "reason"),
    [(denying, DnsReason.NXDOMAIN), (failing, DnsReason.NXDOMAIN), (answer, DnsReason.NODATA)],
    ids=["denies too", "fails", "knows the name"],
)
async def test_a_denial_stands_unless_another_knows_the_name(second: object, reason: DnsReason) -> None:
    async with (
        dns_server(denying) as one,
        dns_server(second) as two,  # type: ignore[arg-type]
        Resolver(persona(one, two, strategy=FAILOVER, confirm_nxdomain=True)) as resolver,
    ):
        verdict = await resolver.lookup("a.test")
    assert (verdict.reason, verdict.attempts) == (reason, 2)
    assert len(two.asked) >= 1


async def test_a_dead_resolver_is_passed_over_after_some_failures() -> None:
    async with dns_server(silent) as dead, dns_server(both) as good:
        config = persona(dead, good, strategy=FAILOVER, attempts=2, query_timeout_seconds=0.01)
        async with Resolver(config) as resolver:
            tries = [(await resolver.lookup(f"a{number}.test")).attempts for number in range(FAILURES + 3)]
    assert tries == [2] * FAILURES + [1] * 3
    assert len(dead.asked) == 2 * FAILURES


async def test_when_all_resolvers_are_dead_all_are_asked() -> None:
    async with dns_server(silent) as dead, Resolver(persona(dead, query_timeout_seconds=0.01)) as resolver:
        for number in range(FAILURES + 2):
            await resolver.lookup(f"a{number}.test")
        dead.handler = both
        config_is_kept = await resolver.lookup("b.test")
    assert config_is_kept.status is CheckStatus.OK


async def test_a_verdict_names_the_chain_of_aliases() -> None:
    def chained(query: dns.message.Message) -> bytes:
        kind, name = describe(query).split()
        chain = [f"{name} CNAME B.test", "b.test CNAME c_1.test"]
        return answer(query, *chain, *(["c_1.test A 192.0.2.7"] if kind == "A" else []))

    async with dns_server(chained) as server, Resolver(persona(server)) as resolver:
        verdict = await resolver.lookup("a.test")
    assert (verdict.addresses, verdict.cnames) == (("192.0.2.7",), ("b.test", "c_1.test"))


async def test_a_loop_of_aliases_names_each_once() -> None:
    loop = ["a.test CNAME b.test", "b.test CNAME a.test"]
    async with dns_server(lambda q: answer(q, *loop)) as server, Resolver(persona(server)) as resolver:
        verdict = await resolver.lookup("a.test")
    assert (verdict.reason, verdict.cnames) == (DnsReason.NODATA, ("b.test", "a.test"))


async def test_a_long_chain_is_cut() -> None:
    links = [f"a{n}.test CNAME a{n + 1}.test" for n in range(40)]
    async with dns_server(lambda q: answer(q, *links)) as server, Resolver(persona(server)) as resolver:
        assert len((await resolver.lookup("a0.test")).cnames) == 16


async def test_a_trace_holds_every_exchange() -> None:
    nobody = DnsServer(silent, None)
    nobody.port = closed_port()
    async with (
        dns_server(both) as good,
        Resolver(persona(nobody, good, strategy=FAILOVER, attempts=2)) as resolver,
    ):
        trace: list[DnsExchange] = []
        await resolver.lookup("a.test", trace)
    seen = sorted((one.resolver == good.text, one.record_type, one.reason, one.addresses) for one in trace)
    assert seen == [
        (False, "A", DnsReason.ERROR, ()),
        (False, "AAAA", DnsReason.ERROR, ()),
        (True, "A", None, ("192.0.2.1",)),
        (True, "AAAA", None, ("2001:db8::1",)),
    ]
