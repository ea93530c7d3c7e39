"""Shards of work and the leases on them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from db.models.declarative import Model
from db.types import EnumText, UtcDateTime
from vocabulary.work import ShardKind, ShardStatus


class ShardRow(Model):
    """One part of a phase, offsets [lower, upper) of its campaign, one probe of a proxy, or one bulk operation.

    `holder` and `lease_until` are the lease. `fence` grows with each claim: a worker whose lease lapsed
    cannot write with the number that it was given, however late it wakes up. The counts are those of the
    domains of this shard, read from their table.
    """

    __tablename__ = "shards"
    __table_args__ = (
        Index(None, "status", "available_at"),
        Index(None, "status", "lease_until"),
        Index(None, "campaign_id", "kind", "status"),
        Index(None, "proxy_id", unique=True),
        Index(None, "bulk_id", unique=True),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    kind: Mapped[ShardKind] = mapped_column(EnumText(ShardKind))
    campaign_id: Mapped[UUID | None] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"))
    proxy_id: Mapped[UUID | None] = mapped_column(ForeignKey("proxies.id", ondelete="CASCADE"))
    bulk_id: Mapped[UUID | None] = mapped_column(ForeignKey("bulk_operations.id", ondelete="CASCADE"))
    lower: Mapped[int] = mapped_column(BigInteger, default=0)
    upper: Mapped[int] = mapped_column(BigInteger, default=0)
    status: Mapped[ShardStatus] = mapped_column(EnumText(ShardStatus))
    available_at: Mapped[datetime] = mapped_column(UtcDateTime)
    holder: Mapped[str | None] = mapped_column(String(64))
    fence: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    processed: Mapped[int] = mapped_column(BigInteger, default=0)
    succeeded: Mapped[int] = mapped_column(BigInteger, default=0)
    failed: Mapped[int] = mapped_column(BigInteger, default=0)
    last_error: Mapped[str | None] = mapped_column(Text)
