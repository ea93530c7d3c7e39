"""Keyword sets and their rules."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from db.models.declarative import Model
from db.types import EnumText, UtcDateTime
from vocabulary.keywords import RuleType


class KeywordSetRow(Model):
    """A named list of rules."""

    __tablename__ = "keyword_sets"
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
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class KeywordRuleRow(Model):
    """One rule of a set, at its place in the list."""

    __tablename__ = "keyword_rules"

    set_id: Mapped[UUID] = mapped_column(ForeignKey("keyword_sets.id", ondelete="CASCADE"), primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    pattern: Mapped[str] = mapped_column(Text)
    rule_type: Mapped[RuleType] = mapped_column(EnumText(RuleType))
    is_case_sensitive: Mapped[bool]
    is_whole_word: Mapped[bool]
    category: Mapped[str | None] = mapped_column(String(255))
    context_chars: Mapped[int]
