"""Campaigns, their phases, and what each phase is configured to do."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Double, ForeignKey, Index, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from db.models.declarative import Model
from db.types import EnumText, Json, UtcDateTime
from vocabulary.campaigns import (
    CampaignMode,
    CampaignStatus,
    MicroCrawl,
    PatternType,
    PhaseKind,
    PhaseStatus,
)
from vocabulary.leads import ScoringConfig
from vocabulary.proxies import ProxyStrategy


class CampaignRow(Model):
    """A campaign; its row is the lock that serialises all that changes it."""

    __tablename__ = "campaigns"
    __table_args__ = (
        Index(None, "owner_id", "created_at", "id"),
        Index(None, "created_at", "id"),
        Index(None, "owner_id", "updated_at", "id"),
        Index(None, "owner_id", "name", "id"),
        Index(None, "owner_id", "status", "id"),
        Index(None, "owner_id", "percent", "id"),
        Index(None, "updated_at", "id"),
        Index(None, "name", "id"),
        Index(None, "status", "id"),
        Index(None, "percent", "id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    name: Mapped[str] = mapped_column(String(255))
    status: Mapped[CampaignStatus] = mapped_column(EnumText(CampaignStatus))
    mode: Mapped[CampaignMode] = mapped_column(EnumText(CampaignMode))
    version: Mapped[int] = mapped_column(default=1)
    control_phase: Mapped[PhaseKind | None] = mapped_column(EnumText(PhaseKind))
    percent: Mapped[float] = mapped_column(default=0.0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class TalliesRow(Model):
    """How many domains of a campaign have each rejection; moved in the transaction that moves a domain."""

    __tablename__ = "campaign_tallies"

    campaign_id: Mapped[UUID] = mapped_column(
        ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True
    )
    qualified: Mapped[int] = mapped_column(BigInteger, default=0)
    low_score: Mapped[int] = mapped_column(BigInteger, default=0)
    no_keywords: Mapped[int] = mapped_column(BigInteger, default=0)
    parked: Mapped[int] = mapped_column(BigInteger, default=0)
    dns_error: Mapped[int] = mapped_column(BigInteger, default=0)
    dns_timeout: Mapped[int] = mapped_column(BigInteger, default=0)
    http_error: Mapped[int] = mapped_column(BigInteger, default=0)
    http_timeout: Mapped[int] = mapped_column(BigInteger, default=0)
    keyword_hits: Mapped[int] = mapped_column(BigInteger, default=0)
    high_potential: Mapped[int] = mapped_column(BigInteger, default=0)


class PhaseRow(Model):
    """One phase. The counts are counted from the table of domains, shard by shard, never added up by hand.

    `total` is how many domains it may still have in the end: while the phase before it runs, that is what may yet
    come of it. `is_held_back` says that the phase behind it has enough to do, so that no shard of this one is begun.
    `ran_seconds` is how long it was in progress before `running_since`, which is null unless it is now.
    """

    __tablename__ = "campaign_phases"

    campaign_id: Mapped[UUID] = mapped_column(
        ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[PhaseKind] = mapped_column(EnumText(PhaseKind), primary_key=True)
    ordinal: Mapped[int]
    status: Mapped[PhaseStatus] = mapped_column(EnumText(PhaseStatus))
    total: Mapped[int] = mapped_column(BigInteger, default=0)
    processed: Mapped[int] = mapped_column(BigInteger, default=0)
    succeeded: Mapped[int] = mapped_column(BigInteger, default=0)
    failed: Mapped[int] = mapped_column(BigInteger, default=0)
    open_shards: Mapped[int] = mapped_column(default=0)
    is_held_back: Mapped[bool] = mapped_column(default=False)
    ran_seconds: Mapped[float] = mapped_column(Double, default=0.0)
    running_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    progress_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error_code: Mapped[str | None] = mapped_column(String(64))
    error_message: Mapped[str | None] = mapped_column(Text)


class GenerationConfigRow(Model):
    """What to enumerate."""

    __tablename__ = "generation_configs"

    campaign_id: Mapped[UUID] = mapped_column(
        ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True
    )
    pattern_type: Mapped[PatternType] = mapped_column(EnumText(PatternType))
    character_set: Mapped[str] = mapped_column(Text)
    constant: Mapped[str] = mapped_column(String(253))
    tlds: Mapped[tuple[str, ...]] = mapped_column(Json(tuple[str, ...]))
    prefix_length: Mapped[int]
    suffix_length: Mapped[int]
    count: Mapped[int] = mapped_column(BigInteger)


class DnsConfigRow(Model):
    """How to resolve. The count is of what was configured; what was deleted since an end is linked no more."""

    __tablename__ = "dns_configs"

    campaign_id: Mapped[UUID] = mapped_column(
        ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True
    )
    persona_count: Mapped[int]
    batch_size: Mapped[int]
    retry_attempts: Mapped[int]
    rotation_interval_seconds: Mapped[float] = mapped_column(default=0.0)
    speed_per_minute: Mapped[int] = mapped_column(default=0)


class HttpConfigRow(Model):
    """How to fetch, and what to look for beside the keyword sets. The counts are as those of `DnsConfigRow`.

    `had_pool` outlives a pool that was deleted since the campaign ended.
    """

    __tablename__ = "http_configs"

    campaign_id: Mapped[UUID] = mapped_column(
        ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True
    )
    persona_count: Mapped[int]
    keyword_set_count: Mapped[int]
    proxy_count: Mapped[int]
    ad_hoc_keywords: Mapped[tuple[str, ...]] = mapped_column(Json(tuple[str, ...]))
    pool_id: Mapped[UUID | None] = mapped_column(ForeignKey("proxy_pools.id"), index=True)
    had_pool: Mapped[bool] = mapped_column(default=False)
    strategy: Mapped[ProxyStrategy | None] = mapped_column(EnumText(ProxyStrategy))
    batch_size: Mapped[int]
    retry_attempts: Mapped[int]
    rotation_interval_seconds: Mapped[float] = mapped_column(default=0.0)
    speed_per_minute: Mapped[int] = mapped_column(default=0)
    micro_crawl: Mapped[MicroCrawl | None] = mapped_column(Json(MicroCrawl))
    http_port: Mapped[int]
    https_port: Mapped[int]


class AnalysisConfigRow(Model):
    """By which profile to score. `profile_version` and `scoring` are what the last analysis took, once it began."""

    __tablename__ = "analysis_configs"

    campaign_id: Mapped[UUID] = mapped_column(
        ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True
    )
    profile_id: Mapped[UUID | None] = mapped_column(ForeignKey("scoring_profiles.id"), index=True)
    profile_version: Mapped[int | None]
    scoring: Mapped[ScoringConfig | None] = mapped_column(Json(ScoringConfig))


class PhasePersonaRow(Model):
    """A persona that a phase uses, at its place in the order of trying."""

    __tablename__ = "phase_personas"

    campaign_id: Mapped[UUID] = mapped_column(
        ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[PhaseKind] = mapped_column(EnumText(PhaseKind), primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    persona_id: Mapped[UUID] = mapped_column(ForeignKey("personas.id"), index=True)


class CampaignKeywordSetRow(Model):
    """A keyword set that a campaign looks for."""

    __tablename__ = "campaign_keyword_sets"

    campaign_id: Mapped[UUID] = mapped_column(
        ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True
    )
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    keyword_set_id: Mapped[UUID] = mapped_column(ForeignKey("keyword_sets.id"), index=True)


class CampaignProxyRow(Model):
    """A proxy that a campaign fetches through."""

    __tablename__ = "campaign_proxies"

    campaign_id: Mapped[UUID] = mapped_column(
        ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True
    )
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    proxy_id: Mapped[UUID] = mapped_column(ForeignKey("proxies.id"), index=True)
