"""Proxies and pools of them."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column, validates

from db.models.declarative import Model
from db.types import EnumText, Json, UtcDateTime
from vocabulary.proxies import ProxyHealth, ProxyProtocol, ProxyStrategy

# Where one that was never tested stands in an order: behind the slowest, and longer ago than any.
SLOWEST_MS = 2**31 - 1
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class ProxyRow(Model):
    """A proxy. The password is sealed (`auth/sealing.py`) and never leaves the workers.

    `pool_ids` are the pools whose member it is, kept with the members so that each event can tell them. The two
    columns of orders follow `latency_ms` and `last_checked_at` and have no NULL, which SQLite and PostgreSQL sort
    at different ends and no comparison of keys passes.
    """

    __tablename__ = "proxies"
    __table_args__ = (
        UniqueConstraint("owner_id", "name"),
        UniqueConstraint("owner_id", "protocol", "host", "port"),
        Index(None, "owner_id", "latency_order_ms", "id"),
        Index(None, "owner_id", "checked_order_at", "id"),
        Index(None, "owner_id", "failure_rate", "id"),
        Index(None, "owner_id", "country_code", "name"),
        Index(None, "owner_id", "created_at", "id"),
        Index(None, "name", "id"),
        Index(None, "created_at", "id"),
        Index(None, "latency_order_ms", "id"),
        Index(None, "checked_order_at", "id"),
        Index(None, "failure_rate", "id"),
        Index(None, "country_code", "name"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(Text)
    protocol: Mapped[ProxyProtocol] = mapped_column(EnumText(ProxyProtocol))
    host: Mapped[str] = mapped_column(String(253))
    port: Mapped[int]
    username: Mapped[str | None] = mapped_column(String(255))
    password_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    enabled: Mapped[bool]
    health: Mapped[ProxyHealth] = mapped_column(EnumText(ProxyHealth))
    latency_ms: Mapped[int | None]
    last_checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    latency_order_ms: Mapped[int] = mapped_column(default=SLOWEST_MS)
    checked_order_at: Mapped[datetime] = mapped_column(UtcDateTime, default=LONG_AGO)
    last_error: Mapped[str | None] = mapped_column(Text)
    success_count: Mapped[int] = mapped_column(BigInteger, default=0)
    failure_count: Mapped[int] = mapped_column(BigInteger, default=0)
    consecutive_failures: Mapped[int] = mapped_column(default=0)
    failed_probes: Mapped[int] = mapped_column(default=0)
    failure_rate: Mapped[float] = mapped_column(default=0.0)
    country_code: Mapped[str | None] = mapped_column(String(2))
    city: Mapped[str | None] = mapped_column(String(255))
    provider: Mapped[str | None] = mapped_column(String(255))
    notes: Mapped[str | None] = mapped_column(Text)
    pool_ids: Mapped[tuple[UUID, ...]] = mapped_column(Json(tuple[UUID, ...]), default=())
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @validates("latency_ms")
    def _order_by_latency(self, _key: str, value: int | None) -> int | None:
        self.latency_order_ms = SLOWEST_MS if value is None else value
        return value

    @validates("last_checked_at")
    def _order_by_test(self, _key: str, value: datetime | None) -> datetime | None:
        self.checked_order_at = value or LONG_AGO
        return value


class ProxyPeriodRow(Model):
    """The uses of a proxy in one period of five minutes, so that its record can be told over a window of time."""

    __tablename__ = "proxy_periods"

    proxy_id: Mapped[UUID] = mapped_column(ForeignKey("proxies.id", ondelete="CASCADE"), primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    successes: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    latency_sum_ms: Mapped[int] = mapped_column(BigInteger, default=0)
    latency_count: Mapped[int] = mapped_column(default=0)


class ProxyPoolRow(Model):
    """Proxies that belong together, with the way in which one is taken and how they are kept healthy.

    `max_retries` is how many others are tried for one domain after one was at fault; `timeout_seconds` is the limit
    of reaching a proxy.
    """

    __tablename__ = "proxy_pools"
    __table_args__ = (
        UniqueConstraint("owner_id", "name"),
        Index(None, "owner_id", "created_at", "id"),
        Index(None, "name", "id"),
        Index(None, "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(Text)
    enabled: Mapped[bool]
    strategy: Mapped[ProxyStrategy] = mapped_column(EnumText(ProxyStrategy))
    health_check_enabled: Mapped[bool]
    health_check_interval_seconds: Mapped[int]
    max_retries: Mapped[int]
    timeout_seconds: Mapped[float]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ProxyPoolMemberRow(Model):
    """A proxy in a pool: its place (the order of failover) and its weight."""

    __tablename__ = "proxy_pool_members"
    __table_args__ = (Index(None, "pool_id", "ordinal", "proxy_id"),)

    pool_id: Mapped[UUID] = mapped_column(ForeignKey("proxy_pools.id", ondelete="CASCADE"), primary_key=True)
    proxy_id: Mapped[UUID] = mapped_column(
        ForeignKey("proxies.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    ordinal: Mapped[int]
    weight: Mapped[int] = mapped_column(default=1)
    active: Mapped[bool] = mapped_column(default=True)
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
