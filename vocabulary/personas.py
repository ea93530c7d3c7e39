"""Personas: how a worker presents itself and how hard it works. An identifiable client, never a disguise."""

from enum import StrEnum

import msgspec


class PersonaType(StrEnum):
    """What a persona is for."""

    DNS = "DNS"
    HTTP = "HTTP"


class ResolverStrategy(StrEnum):
    """Which resolver is asked: any of them at random, each in its turn, or the first that works."""

    RANDOM_ROTATION = "RANDOM_ROTATION"
    ROUND_ROBIN = "ROUND_ROBIN"
    SEQUENTIAL_FAILOVER = "SEQUENTIAL_FAILOVER"


class Header(msgspec.Struct, frozen=True):
    """One request header, sent as it is written, in the order of the list."""

    name: str
    value: str


class DnsPersonaConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="dns"):
    """How lookups are made. `resolvers` are `host:port`; `attempts` counts all tries of one query (UDP loses).

    `rate_per_second` and `burst` are lookups of domains, per process; `concurrency` is how many are under way.
    """

    resolvers: tuple[str, ...]
    strategy: ResolverStrategy = ResolverStrategy.RANDOM_ROTATION
    query_timeout_seconds: float = 5.0
    attempts: int = 2
    concurrency: int = 10
    rate_per_second: float = 10.0
    burst: int = 5


class HttpPersonaConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="http"):
    """How fetches are made. `allowed_status_codes` empty means any 2xx; sizes are decompressed bytes.

    `request_timeout_seconds` bounds one domain's fetch through all its redirects.
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


PersonaConfig = DnsPersonaConfig | HttpPersonaConfig
