"""Every limit of a persona's configuration, just inside and just outside."""

import math

import msgspec
import pytest

from services.rules_personas import RESERVED_HEADERS, check_persona_config
from vocabulary.personas import DnsPersonaConfig, Header, HttpPersonaConfig, PersonaConfig

DNS = DnsPersonaConfig(resolvers=("192.0.2.1:53",))
HTTP = HttpPersonaConfig(user_agent="Heliograph/1")


def broken(config: PersonaConfig, **values: object) -> list[tuple[tuple[str, ...], str | None]]:
    return [(v.path, v.limit) for v in check_persona_config(msgspec.structs.replace(config, **values))]


def test_the_defaults_are_legal() -> None:
    assert broken(DNS) == broken(HTTP) == []


@pytest.mark.parametrize(
    ("config", "field", "name", "inside", "outside", "limit"),
    [
        (DNS, "resolvers", "resolvers", [("192.0.2.1:53",) * 20], [(), ("192.0.2.1:53",) * 21], "1..20"),
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
