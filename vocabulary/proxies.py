"""Proxies: the protocols that work from end to end here, health, and what clients may see of one."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec


class ProxyProtocol(StrEnum):
    """How a proxy is spoken to: HTTP CONNECT in clear, the same inside TLS, SOCKS 4, or SOCKS 5 (RFC 1928, 1929)."""

    HTTP = "HTTP"
    HTTPS = "HTTPS"
    SOCKS4 = "SOCKS4"
    SOCKS5 = "SOCKS5"


class ProxyHealth(StrEnum):
    """A proxy is UNKNOWN until it was really tested; a new one is never HEALTHY."""

    UNKNOWN = "UNKNOWN"
    TESTING = "TESTING"
    HEALTHY = "HEALTHY"
    UNHEALTHY = "UNHEALTHY"


class ProxyStrategy(StrEnum):
    """Which proxy of several is taken: each in turn, any, by weight, the least used, or the first that works."""

    ROUND_ROBIN = "ROUND_ROBIN"
    RANDOM = "RANDOM"
    WEIGHTED = "WEIGHTED"
    LEAST_USED = "LEAST_USED"
    FAILOVER = "FAILOVER"


class ImportOutcome(StrEnum):
    """What became of one line of a list of proxies. DUPLICATE_IN_TEXT repeats an address of a line above it."""

    ADDED = "ADDED"
    WOULD_ADD = "WOULD_ADD"
    DUPLICATE_IN_TEXT = "DUPLICATE_IN_TEXT"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    INVALID = "INVALID"


class StatsWindow(StrEnum):
    """The time over which uses of proxies are counted, up to now."""

    LAST_HOUR = "LAST_HOUR"
    LAST_DAY = "LAST_DAY"
    LAST_WEEK = "LAST_WEEK"
    ALL_TIME = "ALL_TIME"


class ProxyState(msgspec.Struct, frozen=True):
    """All that a client may see of a proxy; the password is no part of it. `pool_ids` are those that it is in."""

    id: UUID
    owner_id: UUID
    name: str
    protocol: ProxyProtocol
    host: str
    port: int
    enabled: bool
    health: ProxyHealth
    has_credentials: bool
    created_at: datetime
    updated_at: datetime
    description: str | None = None
    username: str | None = None
    latency_ms: int | None = None
    last_checked_at: datetime | None = None
    last_error: str | None = None
    success_count: int = 0
    failure_count: int = 0
    consecutive_failures: int = 0
    country_code: str | None = None
    city: str | None = None
    provider: str | None = None
    notes: str | None = None
    pool_ids: tuple[UUID, ...] = ()
    version: int = 1


class ProxyEndpoint(msgspec.Struct, frozen=True):
    """What a worker needs to go through a proxy. `repr` hides the password.

    `reach_seconds` is how long it may take to reach it, if less than what whoever connects allows.
    """

    protocol: ProxyProtocol
    host: str
    port: int
    username: str | None = None
    password: str | None = None
    reach_seconds: float | None = None

    def __repr__(self) -> str:
        user = f"{self.username}:***@" if self.username is not None else ""
        return f"<ProxyEndpoint {self.protocol.lower()}://{user}{self.host}:{self.port}>"


class ProxyTestResult(msgspec.Struct, frozen=True):
    """What one real test through a proxy found: the address that the target saw, or why there is none."""

    success: bool
    duration_ms: int
    status_code: int | None = None
    returned_ip: str | None = None
    error: str | None = None
