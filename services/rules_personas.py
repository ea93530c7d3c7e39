"""The rules of personas (DOMAIN 1.7, 4.1)."""

import re
from collections.abc import Iterator

from core.errors import Violation
from services.rules_hosts import check_resolver
from services.rules_text import (
    Path,
    check_positive,
    check_range,
    check_size,
    check_text,
    has_controls,
)
from vocabulary.personas import DnsPersonaConfig, Header, HttpPersonaConfig, PersonaConfig

MAX_RESOLVERS = 20
MAX_TIMEOUT = 120
MAX_ATTEMPTS = 10
MAX_CONCURRENCY = 1000
# One in a hundred seconds: slower than this is no campaign, and a fraction near 0 has no interval at all.
MIN_RATE = 0.01
MAX_RATE = 100_000
MAX_BURST = 10_000
MAX_USER_AGENT = 512
MAX_HEADERS = 50
MAX_HEADER_NAME = 255
MAX_HEADER_VALUE = 4096
MAX_REDIRECTS = 20
MAX_STATUS_CODES = 500
MIN_BODY_BYTES = 1024
MAX_BODY_BYTES = 10 * 1024 * 1024

# The token of RFC 9110, section 5.6.2.
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")

# What the fetcher or the connection decides; another value would break the request or contradict a field.
RESERVED_HEADERS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    }
)


def check_persona_config(config: PersonaConfig, path: Path = ("config",)) -> Iterator[Violation]:
    """Every broken rule of a configuration, of either kind."""
    match config:
        case DnsPersonaConfig():
            yield from _check_dns(config, path)
        case HttpPersonaConfig():
            yield from _check_http(config, path)
    yield from check_range(config.concurrency, (*path, "concurrency"), 1, MAX_CONCURRENCY)
    yield from check_range(config.rate_per_second, (*path, "ratePerSecond"), MIN_RATE, MAX_RATE)
    yield from check_range(config.burst, (*path, "burst"), 1, MAX_BURST)


def _check_dns(config: DnsPersonaConfig, path: Path) -> Iterator[Violation]:
    where = (*path, "resolvers")
    too_many = [*check_size(config.resolvers, where, 1, MAX_RESOLVERS)]
    yield from too_many
    if not too_many:
        for index, resolver in enumerate(config.resolvers):
            yield from check_resolver(resolver, (*where, str(index)))
    yield from check_positive(config.query_timeout_seconds, (*path, "queryTimeoutSeconds"), MAX_TIMEOUT)
    yield from check_range(config.attempts, (*path, "attempts"), 1, MAX_ATTEMPTS)


def _check_http(config: HttpPersonaConfig, path: Path) -> Iterator[Violation]:
    yield from _check_user_agent(config.user_agent, (*path, "userAgent"))
    yield from _check_headers(config.headers, (*path, "headers"))
    yield from check_positive(config.request_timeout_seconds, (*path, "requestTimeoutSeconds"), MAX_TIMEOUT)
    yield from check_range(config.max_redirects, (*path, "maxRedirects"), 0, MAX_REDIRECTS)
    yield from check_range(config.max_body_bytes, (*path, "maxBodyBytes"), MIN_BODY_BYTES, MAX_BODY_BYTES)
    yield from _check_status_codes(config.allowed_status_codes, (*path, "allowedStatusCodes"))


def _check_user_agent(value: str, path: Path) -> Iterator[Violation]:
    if not 1 <= len(value) <= MAX_USER_AGENT or not value.strip():
        yield Violation(path, f"must have 1 to {MAX_USER_AGENT} characters", f"1..{MAX_USER_AGENT}")
    elif not value.isprintable():
        yield Violation(path, "must have printable characters only")


def _check_status_codes(codes: tuple[int, ...], path: Path) -> Iterator[Violation]:
    too_many = [*check_size(codes, path, 0, MAX_STATUS_CODES)]
    yield from too_many
    if not too_many:
        for index, code in enumerate(codes):
            yield from check_range(code, (*path, str(index)), 100, 599)


def _check_headers(headers: tuple[Header, ...], path: Path) -> Iterator[Violation]:
    too_many = [*check_size(headers, path, 0, MAX_HEADERS)]
    yield from too_many
    if not too_many:
        for index, header in enumerate(headers):
            yield from _check_header_name(header.name, (*path, str(index), "name"))
            yield from _check_header_value(header.value, (*path, str(index), "value"))


def _check_header_name(name: str, path: Path) -> Iterator[Violation]:
    if not 1 <= len(name) <= MAX_HEADER_NAME or not _TOKEN.fullmatch(name):
        message = "must be letters, digits and !#$%&'*+-.^_`|~ (a token of RFC 9110)"
        yield Violation(path, message, f"1..{MAX_HEADER_NAME}")
    elif name.lower() in RESERVED_HEADERS:
        yield Violation(path, f"{name} is set by the fetcher and cannot be given here")


def _check_header_value(value: str, path: Path) -> Iterator[Violation]:
    broken = [*check_text(value, path, 0, MAX_HEADER_VALUE)]
    yield from broken
    if not broken and has_controls(value.replace("\t", "")):
        yield Violation(path, "must not contain line breaks or other control characters")
