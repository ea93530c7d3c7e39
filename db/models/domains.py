"""Generation spaces and ranges, and the domains that came of them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.declarative import Model
from db.types import EnumText, Json, UtcDateTime
from vocabulary.checks import CheckStatus, DnsReason, HttpReason, KeywordHit


class GenerationSpaceRow(Model):
    """How far a space has been enumerated, by anybody. It outlives every campaign, so no name comes twice."""

    __tablename__ = "generation_spaces"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    next_offset: Mapped[int] = mapped_column(BigInteger)
    total: Mapped[int] = mapped_column(BigInteger)


class GenerationRangeRow(Model):
    """The offsets [lower, upper) that a campaign reserved; those below `position` are enumerated."""

    __tablename__ = "generation_ranges"

    campaign_id: Mapped[UUID] = mapped_column(
        ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True
    )
    space_key: Mapped[str] = mapped_column(ForeignKey("generation_spaces.key"), index=True)
    lower: Mapped[int] = mapped_column(BigInteger)
    upper: Mapped[int] = mapped_column(BigInteger)
    position: Mapped[int] = mapped_column(BigInteger)


class DomainRow(Model):
    """A generated name and what its checks found. `offset` is its place in the space and its key."""

    __tablename__ = "domains"
    __table_args__ = (
        Index(None, "campaign_id", "name", unique=True),
        Index(None, "campaign_id", "dns_status", "offset"),
        Index(None, "campaign_id", "http_status", "offset"),
        Index(None, "campaign_id", "matched", "offset"),
    )

    campaign_id: Mapped[UUID] = mapped_column(
        ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True
    )
    offset: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(253))

    dns_status: Mapped[CheckStatus] = mapped_column(EnumText(CheckStatus), default=CheckStatus.PENDING)
    dns_reason: Mapped[DnsReason | None] = mapped_column(EnumText(DnsReason))
    dns_addresses: Mapped[tuple[str, ...]] = mapped_column(Json(tuple[str, ...]), default=())
    dns_resolver: Mapped[str | None] = mapped_column(String(255))
    dns_persona_id: Mapped[UUID | None]
    dns_attempts: Mapped[int] = mapped_column(default=0)
    dns_millis: Mapped[int | None]
    dns_checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    http_status: Mapped[CheckStatus] = mapped_column(EnumText(CheckStatus), default=CheckStatus.PENDING)
    http_reason: Mapped[HttpReason | None] = mapped_column(EnumText(HttpReason))
    http_status_code: Mapped[int | None]
    http_final_url: Mapped[str | None] = mapped_column(Text)
    http_title: Mapped[str | None] = mapped_column(Text)
    http_charset: Mapped[str | None] = mapped_column(String(64))
    http_content_hash: Mapped[str | None] = mapped_column(String(64))
    http_bytes: Mapped[int | None] = mapped_column(BigInteger)
    http_truncated: Mapped[bool] = mapped_column(default=False)
    http_detail: Mapped[str | None] = mapped_column(Text)
    http_persona_id: Mapped[UUID | None]
    http_proxy_id: Mapped[UUID | None]
    http_attempts: Mapped[int] = mapped_column(default=0)
    http_millis: Mapped[int | None]
    http_checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    matched: Mapped[bool] = mapped_column(default=False)
    hits: Mapped[tuple[KeywordHit, ...]] = mapped_column(Json(tuple[KeywordHit, ...]), default=())
