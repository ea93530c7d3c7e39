"""Every limit of a persona's configuration, just inside and just outside."""

import math

import msgspec
import pytest

from services.rules_personas import RESERVED_HEADERS, check_persona_config
from vocabulary.personas import (
    CookieMode,
    DnsPersonaConfig,
    Header,
    HttpPersonaConfig,
    PersonaConfig,
    ResolverStrategy,
    ResolverWeight,
    TlsVersion,
)

MANY = tuple(f"192.0.2.{number}:53" for number in range(1, 22))
DNS = DnsPersonaConfig(resolvers=("192.0.2.1:53",))
HTTP = HttpPersonaConfig(user_agent="Heliograph/1")


def broken(config: PersonaConfig, **values: object) -> list[tuple[tuple[str, ...], str | None]]:
    return [(v.path, v.limit) for v in check_persona_config(msgspec.structs.replace(config, **values))]


def test_the_defaults_are_legal() -> None:
    assert broken(DNS) == broken(HTTP) == []


@pytest.mark.parametrize(
    ("config", "field", "name", "inside", "outside", "limit"),
    [
        (DNS, "resolvers", "resolvers", [MANY[:20]], [(), MANY], "1..20"),
        (DNS, "concurrent_queries_per_domain", "concurrentQueriesPerDomain", [1, 2], [0, 3], "1..2"),
        (DNS, "query_delay_max_ms", "queryDelayMaxMs", [0, 60_000], [60_001], "0..60000"),
        (HTTP, "header_order", "headerOrder", [("accept",)], [("Accept",) * 51], "0..50"),
        (DNS, "query_timeout_seconds", "queryTimeoutSeconds", [0.001, 120], [0, -1, 120.1, math.nan], "0<..120"),
        (DNS, "attempts", "attempts", [1, 10], [0, 11], "1..10"),
        (DNS, "concurrency", "concurrency", [1, 1000], [0, 1001], "1..1000"),
        (DNS, "rate_per_second", "ratePerSecond", [0.01, 1e5], [0, 5e-324, 100_001, math.inf], "0.01..100000"),
        (DNS, "burst", "burst", [1, 10_000], [0, 10_001], "1..10000"),
        (HTTP, "concurrency", "concurrency", [1, 1000], [0, 1001], "1..1000"),
        (HTTP, "rate_per_second", "ratePerSecond", [0.01, 1e5], [0, 0.009, 100_001], "0.01..100000"),
        (HTTP, "burst", "burst", [1, 10_000], [0, 10_001], "1..10000"),
        (HTTP, "request_timeout_seconds", "requestTimeoutSeconds", [0.1, 120], [0, 121], "0<..120"),
        (HTTP, "max_redirects", "maxRedirects", [0, 20], [-1, 21], "0..20"),
        (HTTP, "max_body_bytes", "maxBodyBytes", [1024, 10 * 2**20], [1023, 10 * 2**20 + 1], "1024..10485760"),
        (HTTP, "user_agent", "userAgent", ["x", "x" * 512], ["", "  ", "x" * 513], "1..512"),
        (HTTP, "headers", "headers", [(Header("A", ""),) * 50], [(Header("A", ""),) * 51], "0..50"),
        (HTTP, "allowed_status_codes", "allowedStatusCodes", [(), (200,) * 500], [(200,) * 501], "0..500"),
    ],
)  # fmt: skip
def test_each_limit_is_held_at_both_ends(
    config: PersonaConfig, field: str, name: str, inside: list[object], outside: list[object], limit: str
) -> None:
    assert [broken(config, **{field: value}) for value in inside] == [[]] * len(inside)
    refused = [(("config", name), limit)]
    assert [broken(config, **{field: value}) for value in outside] == [refused] * len(outside)


def test_a_status_code_is_from_100_to_599() -> None:
    assert broken(HTTP, allowed_status_codes=(99, 100, 599, 600)) == [
        (("config", "allowedStatusCodes", "0"), "100..599"),
        (("config", "allowedStatusCodes", "3"), "100..599"),
    ]


@pytest.mark.parametrize("agent", ["a\nb", "a\0", "a\x7f", "\ud800"])
def test_a_user_agent_is_printable(agent: str) -> None:
    assert broken(HTTP, user_agent=agent) == [(("config", "userAgent"), None)]


@pytest.mark.parametrize("name", ["", "a b", "a:", "ä", "a\r\nB", "x" * 256])
def test_a_header_name_is_a_token(name: str) -> None:
    assert broken(HTTP, headers=(Header("Ok", "1"), Header(name, "1"))) == [
        (("config", "headers", "1", "name"), "1..255")
    ]


@pytest.mark.parametrize("name", sorted(RESERVED_HEADERS))
def test_headers_of_the_fetcher_are_refused_in_any_case(name: str) -> None:
    for header in (Header(name, "1"), Header(name.upper(), "1")):
        assert broken(HTTP, headers=(header,)) == [(("config", "headers", "0", "name"), None)]


def test_the_headers_that_would_break_a_request_are_reserved() -> None:
    assert {"host", "content-length", "connection", "user-agent", "transfer-encoding"} <= RESERVED_HEADERS


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\nb", "a\0b", "a\x1bb", "half \ud800", "x" * 4097])
def test_a_header_value_cannot_break_out(value: str) -> None:
    violations = broken(HTTP, headers=(Header("A", value),))
    assert {path for path, _ in violations} == {("config", "headers", "0", "value")}
    assert len(violations) == 1


def test_a_header_value_may_have_a_tab() -> None:
    assert broken(HTTP, headers=(Header("A", "a\tb é"),)) == []


def test_all_violations_of_both_ends_come_together() -> None:
    config = HttpPersonaConfig(user_agent="", headers=(Header("Host", "\n"),), max_redirects=-1, burst=0)
    assert [v.path[1:] for v in check_persona_config(config)] == [
        ("userAgent",),
        ("headers", "0", "name"),
        ("headers", "0", "value"),
        ("maxRedirects",),
        ("burst",),
    ]


WEIGHTED = ResolverStrategy.WEIGHTED_ROTATION
FAILOVER = ResolverStrategy.SEQUENTIAL_FAILOVER


def named(config: PersonaConfig, **values: object) -> list[str]:
    return [".".join(path[1:]) for path, _ in broken(config, **values)]


def test_a_resolver_is_named_once() -> None:
    assert named(DNS, resolvers=("192.0.2.1:53", "https://dns.test/q", "192.0.2.1:53")) == ["resolvers.2"]


def test_the_systems_resolvers_may_be_the_only_ones() -> None:
    assert named(DNS, resolvers=(), use_system_resolvers=True) == []


@pytest.mark.parametrize("strategy", sorted(set(ResolverStrategy) - {WEIGHTED}))
def test_weights_without_effect_are_refused(strategy: ResolverStrategy) -> None:
    weights = (ResolverWeight("192.0.2.1:53", 2),)
    assert named(DNS, strategy=strategy, weights=weights) == ["weights"]
    assert named(DNS, strategy=WEIGHTED, weights=weights) == []


@pytest.mark.parametrize(
    ("weights", "paths"),
    [
        ([("192.0.2.1:53", 1000)], []),
        ([("192.0.2.1:53", 0)], ["weights.0.weight"]),
        ([("192.0.2.1:53", 1001)], ["weights.0.weight"]),
        ([("192.0.2.9:53", 1)], ["weights.0.resolver"]),
        ([("192.0.2.1:53", 1), ("192.0.2.1:53", 2)], ["weights.1"]),
    ],
)
def test_a_weight_is_of_one_resolver(weights: list[tuple[str, int]], paths: list[str]) -> None:
    given = tuple(ResolverWeight(resolver, weight) for resolver, weight in weights)
    assert named(DNS, strategy=WEIGHTED, weights=given) == paths


def test_an_order_without_effect_is_refused() -> None:
    order = ("192.0.2.1:53",)
    random_ones = (ResolverStrategy.RANDOM_ROTATION, WEIGHTED)
    assert [named(DNS, strategy=one, preferred_order=order) for one in random_ones] == [
        ["preferredOrder"]
    ] * 2
    assert named(DNS, strategy=FAILOVER, preferred_order=order) == []


def test_an_order_names_resolvers_each_once() -> None:
    order = ("192.0.2.1:53", "192.0.2.9:53", "192.0.2.1:53")
    assert named(DNS, strategy=FAILOVER, preferred_order=order) == ["preferredOrder.1", "preferredOrder.2"]
    with_system = {"strategy": FAILOVER, "use_system_resolvers": True}
    assert named(DNS, preferred_order=("192.0.2.9:53",), **with_system) == []
    assert named(DNS, preferred_order=("nonsense",), **with_system) == ["preferredOrder.0"]


def test_the_least_delay_is_not_above_the_longest() -> None:
    assert named(DNS, query_delay_min_ms=2, query_delay_max_ms=1) == ["queryDelayMinMs"]
    assert named(DNS, query_delay_min_ms=-1) == ["queryDelayMinMs"]
    assert named(DNS, query_delay_min_ms=1, query_delay_max_ms=1) == []


def test_a_denial_is_confirmed_by_another_resolver() -> None:
    assert named(DNS, confirm_nxdomain=True) == ["confirmNxdomain"]
    assert named(DNS, confirm_nxdomain=True, use_system_resolvers=True) == []
    assert named(DNS, confirm_nxdomain=True, resolvers=MANY[:2]) == []


@pytest.mark.parametrize(
    ("agent", "is_honest"),
    [
        ("Heliograph/1", True),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", False),
        ("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36", False),
        ("chrome/1", False),
        ("Mozilla/5.0 (compatible; Heliograph/1; +https://example.org/bot)", True),
        ("Mozilla/5.0 (compatible; Heliograph/1; bot@example.org)", True),
    ],
)
def test_a_user_agent_is_no_disguise(agent: str, is_honest: bool) -> None:
    assert named(HTTP, user_agent=agent) == ([] if is_honest else ["userAgent"])


def test_an_order_of_headers_names_what_is_sent_each_once() -> None:
    order = ("Accept", "user-agent", "X-One", "Cookie", "Host", "ACCEPT")
    headers = (Header("x-one", "1"),)
    assert named(HTTP, headers=headers, header_order=order) == [
        "headerOrder.3",
        "headerOrder.4",
        "headerOrder.5",
    ]
    assert named(HTTP, header_order=("Cookie",), cookies=CookieMode.SESSION) == []


def test_a_cookie_header_and_cookies_of_sites_do_not_go_together() -> None:
    headers = (Header("cookie", "a=1"),)
    assert named(HTTP, headers=headers) == []
    for mode in (CookieMode.SESSION, CookieMode.PRESERVE):
        assert named(HTTP, headers=headers, cookies=mode) == ["headers.0.name"]


def test_the_oldest_version_is_not_above_the_newest() -> None:
    backwards = {"tls_min_version": TlsVersion.TLS13, "tls_max_version": TlsVersion.TLS12}
    assert named(HTTP, **backwards) == ["tlsMinVersion"]
