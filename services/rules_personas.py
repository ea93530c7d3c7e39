"""The rules of personas (DOMAIN 1.7, 4.1). A setting that could have no effect as it is given is refused."""

import re
from collections.abc import Iterator

from core.errors import Violation
from services.rules_hosts import check_resolver
from services.rules_text import (
    Path,
    check_distinct,
    check_positive,
    check_range,
    check_size,
    check_text,
    has_controls,
)
from vocabulary.personas import (
    CookieMode,
    DnsPersonaConfig,
    Header,
    HttpPersonaConfig,
    PersonaConfig,
    ResolverStrategy,
    TlsVersion,
)

MAX_RESOLVERS = 20
MAX_TIMEOUT = 120
MAX_ATTEMPTS = 10
MAX_CONCURRENCY = 1000
# One in a hundred seconds: slower than this is no campaign, and a fraction near 0 has no interval at all.
MIN_RATE = 0.01
MAX_RATE = 100_000
MAX_BURST = 10_000
MAX_WEIGHT = 1000
MAX_DELAY_MS = 60_000
MAX_USER_AGENT = 512
MAX_HEADERS = 50
MAX_HEADER_NAME = 255
MAX_HEADER_VALUE = 4096
MAX_REDIRECTS = 20
MAX_STATUS_CODES = 500
MIN_BODY_BYTES = 1024
MAX_BODY_BYTES = 10 * 1024 * 1024

# Headers that are sent although the persona does not give them.
SENT_HEADERS = frozenset({"user-agent", "accept", "accept-encoding"})

# What only browsers say of themselves. A client may say it too, for some sites ask for it, if it then says who it is.
_BROWSER = re.compile(r"(?i)\b(mozilla|applewebkit|gecko|chrome|safari|firefox|edge?|opr|msie)/")
_CONTACT = re.compile(r"(?i)\+?https?://[^\s/)]+\.|[^\s@;(]+@[^\s@]+\.")

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
    yield from _check_resolvers(config, (*path, "resolvers"))
    yield from _check_weights(config, (*path, "weights"))
    yield from _check_preferred(config, (*path, "preferredOrder"))
    yield from _check_delays(config, path)
    yield from check_range(config.concurrent_queries_per_domain, (*path, "concurrentQueriesPerDomain"), 1, 2)
    if config.confirm_nxdomain and len(config.resolvers) < 2 and not config.use_system_resolvers:
        yield Violation(
            (*path, "confirmNxdomain"), "needs at least 2 resolvers, for another one confirms", "2.."
        )
    yield from check_positive(config.query_timeout_seconds, (*path, "queryTimeoutSeconds"), MAX_TIMEOUT)
    yield from check_range(config.attempts, (*path, "attempts"), 1, MAX_ATTEMPTS)


def _check_resolvers(config: DnsPersonaConfig, path: Path) -> Iterator[Violation]:
    least = 0 if config.use_system_resolvers else 1
    too_many = [*check_size(config.resolvers, path, least, MAX_RESOLVERS)]
    yield from too_many
    if not too_many:
        for index, resolver in enumerate(config.resolvers):
            yield from check_resolver(resolver, (*path, str(index)))
        yield from check_distinct(config.resolvers, path)


def _check_weights(config: DnsPersonaConfig, path: Path) -> Iterator[Violation]:
    if config.weights and config.strategy is not ResolverStrategy.WEIGHTED_ROTATION:
        yield Violation(path, f"have no effect with {config.strategy}, only with WEIGHTED_ROTATION")
        return
    for index, one in enumerate(config.weights):
        where = (*path, str(index))
        yield from _check_known(one.resolver, config, (*where, "resolver"))
        yield from check_range(one.weight, (*where, "weight"), 1, MAX_WEIGHT)
    yield from check_distinct([one.resolver for one in config.weights], path)


def _check_preferred(config: DnsPersonaConfig, path: Path) -> Iterator[Violation]:
    by_order = {ResolverStrategy.SEQUENTIAL_FAILOVER, ResolverStrategy.ROUND_ROBIN}
    if config.preferred_order and config.strategy not in by_order:
        allowed = "SEQUENTIAL_FAILOVER and ROUND_ROBIN"
        yield Violation(path, f"has no effect with {config.strategy}, only with {allowed}")
        return
    for index, resolver in enumerate(config.preferred_order):
        yield from _check_known(resolver, config, (*path, str(index)))
    yield from check_distinct(config.preferred_order, path)


def _check_known(resolver: str, config: DnsPersonaConfig, path: Path) -> Iterator[Violation]:
    """One of `resolvers`; one of the system's is not known before a worker reads it, and so may be any."""
    if resolver in config.resolvers:
        return
    if config.use_system_resolvers:
        yield from check_resolver(resolver, path)
    else:
        yield Violation(path, "must be one of resolvers, written as it is there")


def _check_delays(config: DnsPersonaConfig, path: Path) -> Iterator[Violation]:
    low, high = config.query_delay_min_ms, config.query_delay_max_ms
    yield from check_range(low, (*path, "queryDelayMinMs"), 0, MAX_DELAY_MS)
    yield from check_range(high, (*path, "queryDelayMaxMs"), 0, MAX_DELAY_MS)
    if low > high:
        yield Violation((*path, "queryDelayMinMs"), "must not be above queryDelayMaxMs", f"0..{high}")


def _check_http(config: HttpPersonaConfig, path: Path) -> Iterator[Violation]:
    yield from _check_user_agent(config.user_agent, (*path, "userAgent"))
    yield from _check_headers(config.headers, (*path, "headers"))
    yield from _check_order(config, (*path, "headerOrder"))
    yield from _check_cookies(config, path)
    if (config.tls_min_version, config.tls_max_version) == (TlsVersion.TLS13, TlsVersion.TLS12):
        yield Violation((*path, "tlsMinVersion"), "must not be above tlsMaxVersion", "..TLS12")
    yield from check_positive(config.request_timeout_seconds, (*path, "requestTimeoutSeconds"), MAX_TIMEOUT)
    yield from check_range(config.max_redirects, (*path, "maxRedirects"), 0, MAX_REDIRECTS)
    yield from check_range(config.max_body_bytes, (*path, "maxBodyBytes"), MIN_BODY_BYTES, MAX_BODY_BYTES)
    yield from _check_status_codes(config.allowed_status_codes, (*path, "allowedStatusCodes"))


def _check_user_agent(value: str, path: Path) -> Iterator[Violation]:
    if not 1 <= len(value) <= MAX_USER_AGENT or not value.strip():
        yield Violation(path, f"must have 1 to {MAX_USER_AGENT} characters", f"1..{MAX_USER_AGENT}")
    elif not value.isprintable():
        yield Violation(path, "must have printable characters only")
    elif _BROWSER.search(value) and not _CONTACT.search(value):
        message = (
            "must say who asks: one that looks like a browser's needs a contact in it, such as "
            "(compatible; Heliograph/1; +https://example.org/bot)"
        )
        yield Violation(path, message)


def _check_order(config: HttpPersonaConfig, path: Path) -> Iterator[Violation]:
    too_many = [*check_size(config.header_order, path, 0, MAX_HEADERS)]
    yield from too_many
    if too_many:
        return
    sent = SENT_HEADERS | {header.name.lower() for header in config.headers}
    if config.cookies is not CookieMode.NONE:
        sent |= {"cookie"}
    names = [name.lower() for name in config.header_order]
    for index, name in enumerate(names):
        if name not in sent:
            yield Violation(
                (*path, str(index)), "is not the name of a header that this persona sends after Host"
            )
    yield from check_distinct(names, path)


def _check_cookies(config: HttpPersonaConfig, path: Path) -> Iterator[Violation]:
    if config.cookies is CookieMode.NONE:
        return
    for index, header in enumerate(config.headers):
        if header.name.lower() == "cookie":
            where = (*path, "headers", str(index), "name")
            yield Violation(where, f"Cookie is the site's to set while cookies is {config.cookies}")


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
