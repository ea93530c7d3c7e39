"""What the protocols of proxies can carry as credentials."""

import pytest

from services.rules_proxies import check_credentials
from vocabulary.proxies import ProxyProtocol

HTTP, HTTPS = ProxyProtocol.HTTP, ProxyProtocol.HTTPS
SOCKS4, SOCKS5 = ProxyProtocol.SOCKS4, ProxyProtocol.SOCKS5


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


@pytest.mark.parametrize(
    ("protocol", "expected"), [(HTTP, []), (HTTPS, []), (SOCKS4, []), (SOCKS5, ["password"])]
)
def test_only_socks_5_needs_a_password_with_a_username(protocol: ProxyProtocol, expected: list[str]) -> None:
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


@pytest.mark.parametrize("username", [None, "u"])
def test_socks_4_has_no_password(username: str | None) -> None:
    assert broken(SOCKS4, username, "p") == ["password"]


def test_a_stored_password_stands_in_the_way_of_socks_4() -> None:
    [violation] = check_credentials(SOCKS4, "u", None, has_password=True)
    assert violation.message == "is not part of SOCKS4, which tells a user only"


@pytest.mark.parametrize(("username", "expected"), [("a:b", []), ("", ["username"]), ("a\0", ["username"])])
def test_a_socks_4_user_is_any_text_without_a_zero(username: str, expected: list[str]) -> None:
    assert broken(SOCKS4, username, None) == expected
