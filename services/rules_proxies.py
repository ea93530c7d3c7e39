"""The rules of proxies (DOMAIN 1.8, 4.1), and of what their protocols can carry as credentials."""

import re
from collections.abc import Iterator, Mapping

from core.errors import Violation
from services.rules_text import MAX_DESCRIPTION, MAX_NAME, Path, check_text, has_controls
from vocabulary.proxies import ProxyProtocol

MAX_CREDENTIAL = 255
_COUNTRY = re.compile("[A-Za-z]{2}")
_OVER_HTTP = frozenset({ProxyProtocol.HTTP, ProxyProtocol.HTTPS})


def check_credentials(
    protocol: ProxyProtocol, username: str | None, password: str | None, *, has_password: bool
) -> Iterator[Violation]:
    """User name and password together.

    `password` is the new one, if one is given; `has_password` says whether there will be one at all.
    """
    if protocol is ProxyProtocol.SOCKS4 and has_password:
        yield Violation(("password",), "is not part of SOCKS4, which tells a user only")
        return
    if username is None:
        if has_password:
            yield Violation(("password",), "needs a username")
    else:
        yield from _check_username(protocol, username)
        if protocol is ProxyProtocol.SOCKS5 and not has_password:
            yield Violation(("password",), "is needed with a username over SOCKS5 (RFC 1929)")
    if password is not None:
        yield from _check_credential(protocol, password, ("password",))


def _check_username(protocol: ProxyProtocol, username: str) -> Iterator[Violation]:
    yield from _check_credential(protocol, username, ("username",))
    if protocol in _OVER_HTTP and ":" in username:
        yield Violation(("username",), "must not contain a colon over HTTP (RFC 7617)")


def _check_credential(protocol: ProxyProtocol, value: str, path: Path) -> Iterator[Violation]:
    broken = [*check_text(value, path, 1, MAX_CREDENTIAL)]
    yield from broken
    if broken:
        return
    if protocol is ProxyProtocol.SOCKS5:
        if len(value.encode()) > MAX_CREDENTIAL:
            # RFC 1929 gives the length one octet.
            message = f"must have at most {MAX_CREDENTIAL} bytes in UTF-8"
            yield Violation(path, message, f"1..{MAX_CREDENTIAL}")
    elif protocol in _OVER_HTTP and has_controls(value):
        yield Violation(path, "must not contain control characters over HTTP (RFC 7617)")


def check_place(values: Mapping[str, object]) -> Iterator[Violation]:
    """Where a proxy is said to be and whose it is, as far as it is given: nothing that a worker looks at."""
    country = values.get("country_code")
    if isinstance(country, str) and not _COUNTRY.fullmatch(country):
        yield Violation(("countryCode",), "must be two letters from A to Z (ISO 3166-1)")
    for name, most in (("city", MAX_NAME), ("provider", MAX_NAME), ("notes", MAX_DESCRIPTION)):
        value = values.get(name)
        if isinstance(value, str):
            yield from check_text(value, (name,), 0, most)
