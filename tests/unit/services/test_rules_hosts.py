"""Hosts, ports and resolvers that people type."""

import pytest

from services.rules_hosts import canonical_host, check_host, check_port, check_resolver


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("Proxy.Example.", "proxy.example"),
        ("localhost", "localhost"),
        ("192.0.2.1", "192.0.2.1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("a" * 63 + ".example", "a" * 63 + ".example"),
    ],
)
def test_a_host_has_one_form(text: str, canonical: str) -> None:
    assert canonical_host(text) == canonical
    assert [*check_host(text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        " proxy.example",
        ".",
        "a..b",
        "-a.example",
        "a_b.example",
        "http://proxy.example",
        "user@proxy.example",
        "proxy.example:80",
        "proxy.example/x",
        "a" * 64 + ".example",
        ".".join(["a" * 63] * 4),
        "1.2.3",
        "2130706433",
        "0x7f000001",
        "192.0.2.256",
        "fe80::1%eth0",
        "[192.0.2.1",
        "nul\0.example",
        "\ud800.example",
    ],
)
def test_what_is_no_host_is_refused(text: str) -> None:
    [violation] = check_host(text)
    assert violation.path == ("host",)


@pytest.mark.parametrize(
    ("port", "fine"), [(-1, False), (0, False), (1, True), (65535, True), (65536, False)]
)
def test_a_port_is_from_1_to_65535(port: int, fine: bool) -> None:
    assert [v.limit for v in check_port(port)] == ([] if fine else ["1..65535"])


@pytest.mark.parametrize("text", ["192.0.2.1:53", "[2001:db8::1]:5353", "127.0.0.1:65535"])
def test_a_resolver_is_an_address_and_a_port(text: str) -> None:
    assert [*check_resolver(text, ("x",))] == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "192.0.2.1",
        "192.0.2.1:0",
        "192.0.2.1:65536",
        "192.0.2.1:x",
        "2001:db8::1:53",
        "ns.example:53",
        "[192.0.2.1]:53",
        ":53",
    ],
)
def test_what_the_prober_cannot_read_is_no_resolver(text: str) -> None:
    [violation] = check_resolver(text, ("config", "resolvers", "0"))
    assert (violation.path, violation.limit) == (("config", "resolvers", "0"), "1..65535")
