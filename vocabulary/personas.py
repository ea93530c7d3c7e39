"""Personas: how a worker presents itself and how hard it works. An identifiable client, never a disguise."""

from enum import StrEnum

import msgspec


class PersonaType(StrEnum):
    """What a persona is for."""

    DNS = "DNS"
    HTTP = "HTTP"


class ResolverStrategy(StrEnum):
    """Which resolver is asked: any at random (evenly or by weight), each in its turn, or the first that works."""

    RANDOM_ROTATION = "RANDOM_ROTATION"
    WEIGHTED_ROTATION = "WEIGHTED_ROTATION"
    ROUND_ROBIN = "ROUND_ROBIN"
    SEQUENTIAL_FAILOVER = "SEQUENTIAL_FAILOVER"


class CookieMode(StrEnum):
    """What becomes of the cookies that a site sets."""

    NONE = "NONE"
    """They are ignored."""
    SESSION = "SESSION"
    """They are sent back within one domain's fetch, so through its redirects, and forgotten then."""
    PRESERVE = "PRESERVE"
    """They are kept for the next fetch of the same domain by the same persona, in memory, within bounds."""


class TlsVersion(StrEnum):
    """Versions of TLS. Older ones are not offered: RFC 8996 retired them, and OpenSSL refuses them."""

    TLS12 = "TLS12"
    TLS13 = "TLS13"


class Header(msgspec.Struct, frozen=True):
    """One request header, sent as it is written, in the order of the list."""

    name: str
    value: str


class ResolverWeight(msgspec.Struct, frozen=True):
    """How often a resolver is the first to be asked, next to the others; one that has no weight has 1."""

    resolver: str
    weight: int


class DnsPersonaConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="dns"):
    """How lookups are made. `attempts` counts all tries of one query, for UDP loses some.

    `resolvers` are `host:port`, or `https://…` for DNS over HTTPS (RFC 8484); `use_system_resolvers` adds those of
    the worker's resolv.conf. `preferred_order` names those that come first when the strategy goes by order.
    `concurrent_queries_per_domain` is 2 to ask A and AAAA at once, 1 to ask one after the other. The delays are
    milliseconds before each lookup, drawn evenly between the two. `confirm_nxdomain` asks another resolver before
    a name is believed not to exist. `rate_per_second` and `burst` are lookups of domains, per process;
    `concurrency` is how many are under way.
    """

    resolvers: tuple[str, ...] = ()
    strategy: ResolverStrategy = ResolverStrategy.RANDOM_ROTATION
    query_timeout_seconds: float = 5.0
    attempts: int = 2
    concurrency: int = 10
    rate_per_second: float = 10.0
    burst: int = 5
    use_system_resolvers: bool = False
    weights: tuple[ResolverWeight, ...] = ()
    preferred_order: tuple[str, ...] = ()
    concurrent_queries_per_domain: int = 2
    query_delay_min_ms: int = 0
    query_delay_max_ms: int = 0
    confirm_nxdomain: bool = False


class HttpPersonaConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="http"):
    """How fetches are made. `allowed_status_codes` empty means any 2xx; sizes are decompressed bytes.

    `request_timeout_seconds` bounds one domain's fetch through all its redirects. `header_order` names headers in
    the order in which they are sent, after Host; those that it leaves out follow as they would without it. There
    is no setting for HTTP/2, because the client speaks 1.1 only.
    """

    user_agent: str
    headers: tuple[Header, ...] = ()
    request_timeout_seconds: float = 15.0
    follow_redirects: bool = True
    max_redirects: int = 7
    allowed_status_codes: tuple[int, ...] = ()
    max_body_bytes: int = 2 * 1024 * 1024
    verify_tls: bool = True
    concurrency: int = 5
    rate_per_second: float = 5.0
    burst: int = 3
    cookies: CookieMode = CookieMode.NONE
    header_order: tuple[str, ...] = ()
    tls_min_version: TlsVersion = TlsVersion.TLS12
    tls_max_version: TlsVersion = TlsVersion.TLS13


PersonaConfig = DnsPersonaConfig | HttpPersonaConfig
