"""Scoring profiles and their versions."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from db.models.declarative import Model
from db.types import Json, UtcDateTime
from vocabulary.leads import ScoringConfig


class ScoringProfileRow(Model):
    """A named way to score; `version` is that of its newest configuration."""

    __tablename__ = "scoring_profiles"
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
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ScoringVersionRow(Model):
    """What a profile said at one version; it is never changed."""

    __tablename__ = "scoring_versions"

    profile_id: Mapped[UUID] = mapped_column(
        ForeignKey("scoring_profiles.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    config: Mapped[ScoringConfig] = mapped_column(Json(ScoringConfig))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
