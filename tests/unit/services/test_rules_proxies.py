"""What the protocols of proxies can carry as credentials."""

import pytest

from services.rules_proxies import check_credentials
from vocabulary.proxies import ProxyProtocol

HTTP, HTTPS, SOCKS5 = ProxyProtocol.HTTP, ProxyProtocol.HTTPS, ProxyProtocol.SOCKS5


def broken(protocol: ProxyProtocol, username: str | None, password: str | None) -> list[str]:
    has_password = password is not None
    found = check_credentials(protocol, username, password, has_password=has_password)
    return [violation.path[0] for violation in found]


@pytest.mark.parametrize("protocol", [HTTP, HTTPS, SOCKS5])
@pytest.mark.parametrize(
    ("username", "password"), [(None, None), ("u", "p"), ("u" * 255, "p" * 255), ("ü", "ß:")]
)
def test_good_credentials_have_no_violation(
    protocol: ProxyProtocol, username: str | None, password: str | None
) -> None:
    assert broken(protocol, username, password) == []


@pytest.mark.parametrize("protocol", [HTTP, HTTPS, SOCKS5])
@pytest.mark.parametrize("value", ["", "x" * 256, "a\0", "\ud800"])
def test_neither_is_empty_or_long_or_unstorable(protocol: ProxyProtocol, value: str) -> None:
    assert broken(protocol, value, value) == ["username", "password"]


@pytest.mark.parametrize("protocol", [HTTP, HTTPS, SOCKS5])
def test_a_password_needs_a_username(protocol: ProxyProtocol) -> None:
    assert broken(protocol, None, "p") == ["password"]


@pytest.mark.parametrize(("protocol", "expected"), [(HTTP, []), (HTTPS, []), (SOCKS5, ["password"])])
def test_only_socks_needs_a_password_with_a_username(protocol: ProxyProtocol, expected: list[str]) -> None:
    assert broken(protocol, "u", None) == expected


@pytest.mark.parametrize(
    ("protocol", "expected"), [(HTTP, ["username"]), (HTTPS, ["username"]), (SOCKS5, [])]
)
def test_a_colon_would_end_the_username_over_http(protocol: ProxyProtocol, expected: list[str]) -> None:
    assert broken(protocol, "a:b", "p") == expected


@pytest.mark.parametrize("protocol", [HTTP, HTTPS])
def test_control_characters_are_refused_over_http(protocol: ProxyProtocol) -> None:
    assert broken(protocol, "a\r\nb", "c\x7f") == ["username", "password"]


def test_socks_counts_bytes() -> None:
    assert broken(SOCKS5, "ü" * 127, "ü" * 128) == ["password"]


def test_a_stored_password_counts_as_one() -> None:
    assert [*check_credentials(SOCKS5, "u", None, has_password=True)] == []
    [violation] = check_credentials(HTTP, None, None, has_password=True)
    assert violation.path == ("password",)
