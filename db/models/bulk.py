"""Bulk operations and their items."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from db.models.declarative import Model
from db.types import EnumText, UtcDateTime
from vocabulary.access import Role
from vocabulary.bulk import BulkItemStatus, BulkKind, BulkStatus


class BulkOperationRow(Model):
    """One verb on many things, in the name and with the role of whoever asked. The counts are of its items."""

    __tablename__ = "bulk_operations"
    __table_args__ = (Index(None, "owner_id", "created_at", "id"), Index(None, "created_at", "id"))

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    role: Mapped[Role] = mapped_column(EnumText(Role))
    kind: Mapped[BulkKind] = mapped_column(EnumText(BulkKind))
    status: Mapped[BulkStatus] = mapped_column(EnumText(BulkStatus))
    total: Mapped[int] = mapped_column(default=0)
    succeeded: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(Text)
    progress_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class BulkItemRow(Model):
    """One thing of a bulk operation. `input_sealed` is a line of an import, which may hold a password."""

    __tablename__ = "bulk_items"
    __table_args__ = (Index(None, "bulk_id", "status", "ordinal"), Index(None, "target_id", "status"))

    bulk_id: Mapped[UUID] = mapped_column(
        ForeignKey("bulk_operations.id", ondelete="CASCADE"), primary_key=True
    )
    ordinal: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    target_id: Mapped[UUID | None] = mapped_column(Uuid)
    label: Mapped[str] = mapped_column(Text)
    input_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    status: Mapped[BulkItemStatus] = mapped_column(EnumText(BulkItemStatus))
    code: Mapped[str | None] = mapped_column(String(64))
    message: Mapped[str | None] = mapped_column(Text)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
