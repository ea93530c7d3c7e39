"""Personas."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from db.models.declarative import Model
from db.types import EnumText, Json, UtcDateTime
from vocabulary.personas import PersonaConfig, PersonaType


class PersonaRow(Model):
    """How a worker presents itself; `config` is the typed configuration of its kind."""

    __tablename__ = "personas"
    __table_args__ = (
        UniqueConstraint("owner_id", "persona_type", "name"),
        Index(None, "owner_id", "name", "id"),
        Index(None, "owner_id", "created_at", "id"),
        Index(None, "name", "id"),
        Index(None, "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    name: Mapped[str] = mapped_column(String(255))
    persona_type: Mapped[PersonaType] = mapped_column(EnumText(PersonaType))
    description: Mapped[str | None] = mapped_column(Text)
    enabled: Mapped[bool]
    version: Mapped[int] = mapped_column(default=1)
    config: Mapped[PersonaConfig] = mapped_column(Json(PersonaConfig))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
