"""Generation spaces and ranges, and the domains that came of them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.declarative import Model
from db.types import EnumText, Json, UtcDateTime
from vocabulary.checks import CheckStatus, DnsReason, HttpReason, KeywordHit
from vocabulary.leads import Bucket, LeadStatus, PageFeatures, ParkedVerdict, Rejection, ScoreBreakdown


class GenerationSpaceRow(Model):
    """How far a space has been enumerated, by anybody. It outlives every campaign, so no name comes twice."""

    __tablename__ = "generation_spaces"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    next_offset: Mapped[int] = mapped_column(BigInteger)
    total: Mapped[int] = mapped_column(BigInteger)


class GenerationRangeRow(Model):
    """The offsets [lower, upper) that a campaign reserved in the space of a TLD; those below `position` are done.

    A domain's offset in its campaign is its offset in the space plus `shift`, so that the ranges of several TLDs
    lie behind each other. The first is not shifted.
    """

    __tablename__ = "generation_ranges"

    campaign_id: Mapped[UUID] = mapped_column(
        ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True
    )
    ordinal: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    tld: Mapped[str] = mapped_column(String(253))
    space_key: Mapped[str] = mapped_column(ForeignKey("generation_spaces.key"), index=True)
    shift: Mapped[int] = mapped_column(BigInteger, default=0)
    lower: Mapped[int] = mapped_column(BigInteger)
    upper: Mapped[int] = mapped_column(BigInteger)
    position: Mapped[int] = mapped_column(BigInteger)


class DomainRow(Model):
    """A generated name and what each phase found. `offset` is its place in the campaign and its key.

    Columns that lists are ordered by are never null: a score of 0 means something only if `analysis_status` is OK.
    `checked_at` is when the last phase decided on it, or when it was generated.
    """

    __tablename__ = "domains"
    __table_args__ = (
        Index(None, "campaign_id", "name", unique=True),
        Index(None, "campaign_id", "dns_status", "offset"),
        Index(None, "campaign_id", "http_status", "offset"),
        Index(None, "campaign_id", "matched", "offset"),
        Index(None, "campaign_id", "extraction_status", "offset"),
        Index(None, "campaign_id", "analysis_status", "offset"),
        Index(None, "campaign_id", "enrichment_status", "offset"),
        Index(None, "campaign_id", "rejection", "offset"),
        Index(None, "campaign_id", "tld", "offset"),
        Index(None, "campaign_id", "score", "offset"),
        Index(None, "campaign_id", "richness", "offset"),
        Index(None, "campaign_id", "keywords_unique", "offset"),
        Index(None, "campaign_id", "microcrawl_gain", "offset"),
        Index(None, "campaign_id", "checked_at", "offset"),
        Index(None, "campaign_id", "http_content_hash"),
    )

    campaign_id: Mapped[UUID] = mapped_column(
        ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True
    )
    offset: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(253))
    tld: Mapped[str] = mapped_column(String(253))
    checked_at: Mapped[datetime] = mapped_column(UtcDateTime)

    dns_status: Mapped[CheckStatus] = mapped_column(EnumText(CheckStatus), default=CheckStatus.PENDING)
    dns_reason: Mapped[DnsReason | None] = mapped_column(EnumText(DnsReason))
    dns_addresses: Mapped[tuple[str, ...]] = mapped_column(Json(tuple[str, ...]), default=())
    dns_cnames: Mapped[tuple[str, ...]] = mapped_column(Json(tuple[str, ...]), default=())
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
    keywords_unique: Mapped[int] = mapped_column(default=0)

    extraction_status: Mapped[CheckStatus] = mapped_column(EnumText(CheckStatus), default=CheckStatus.PENDING)
    features: Mapped[PageFeatures | None] = mapped_column(Json(PageFeatures))
    richness: Mapped[float] = mapped_column(default=0.0)
    microcrawl_gain: Mapped[float] = mapped_column(default=0.0)
    has_warnings: Mapped[bool] = mapped_column(default=False)

    analysis_status: Mapped[CheckStatus] = mapped_column(EnumText(CheckStatus), default=CheckStatus.PENDING)
    score: Mapped[float] = mapped_column(default=0.0)
    previous_score: Mapped[float | None]
    breakdown: Mapped[ScoreBreakdown | None] = mapped_column(Json(ScoreBreakdown))
    is_parked: Mapped[bool] = mapped_column(default=False)
    parked: Mapped[ParkedVerdict | None] = mapped_column(Json(ParkedVerdict))

    enrichment_status: Mapped[CheckStatus] = mapped_column(EnumText(CheckStatus), default=CheckStatus.PENDING)
    lead_status: Mapped[LeadStatus] = mapped_column(EnumText(LeadStatus), default=LeadStatus.PENDING)
    rejection: Mapped[Rejection] = mapped_column(EnumText(Rejection), default=Rejection.PENDING)
    lead_reason: Mapped[str | None] = mapped_column(Text)
    bucket: Mapped[Bucket | None] = mapped_column(EnumText(Bucket))


class PageRow(Model):
    """What is kept of an accepted page, compressed: the material of extraction."""

    __tablename__ = "pages"

    campaign_id: Mapped[UUID] = mapped_column(
        ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True
    )
    offset: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(LargeBinary)
