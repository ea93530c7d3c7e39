"""Campaigns, their phases, and what each phase is configured to do."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from db.models.declarative import Model
from db.types import EnumText, Json, UtcDateTime
from vocabulary.campaigns import CampaignStatus, PatternType, PhaseKind, PhaseStatus


class CampaignRow(Model):
    """A campaign; its row is the lock that serialises all that changes it."""

    __tablename__ = "campaigns"
    __table_args__ = (
        Index(None, "owner_id", "created_at", "id"),
        Index(None, "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    name: Mapped[str] = mapped_column(String(255))
    status: Mapped[CampaignStatus] = mapped_column(EnumText(CampaignStatus))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PhaseRow(Model):
    """One phase. The counts are counted from the table of domains, shard by shard, never added up by hand."""

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
    tld: Mapped[str] = mapped_column(String(253))
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


class HttpConfigRow(Model):
    """How to fetch, and what to look for beside the keyword sets. The counts are as those of `DnsConfigRow`."""

    __tablename__ = "http_configs"

    campaign_id: Mapped[UUID] = mapped_column(
        ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True
    )
    persona_count: Mapped[int]
    keyword_set_count: Mapped[int]
    proxy_count: Mapped[int]
    ad_hoc_keywords: Mapped[tuple[str, ...]] = mapped_column(Json(tuple[str, ...]))
    batch_size: Mapped[int]
    retry_attempts: Mapped[int]
    http_port: Mapped[int]
    https_port: Mapped[int]


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
