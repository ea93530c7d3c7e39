"""The event log and its head."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, String, Text, literal_column
from sqlalchemy.orm import Mapped, mapped_column

from db.models.declarative import Model
from db.types import EnumText, UtcDateTime
from vocabulary.access import ActorKind

_CAUSED = literal_column("actor_kind") != literal_column("'WORKER'")


class EventRow(Model):
    """One event: the stream, the activity feed and the audit trail are all these rows.

    Nothing refers to other tables: an event outlives what it tells of.
    """

    __tablename__ = "event_log"
    __table_args__ = (
        Index(None, "campaign_id", "position"),
        Index(None, "owner_id", "position"),
        Index(None, "entity_type", "entity_id", "position"),
        Index(None, "feed", "position"),
        Index(None, "actor_id", "position"),
        # The audit log is a small part of a log that workers fill.
        Index("ix_event_log_caused", "position", sqlite_where=_CAUSED, postgresql_where=_CAUSED),
    )

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    type: Mapped[str] = mapped_column(String(64))
    version: Mapped[int]
    occurred_at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor_kind: Mapped[ActorKind] = mapped_column(EnumText(ActorKind))
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str] = mapped_column(String(255))
    owner_id: Mapped[UUID | None]
    entity_type: Mapped[str] = mapped_column(String(40))
    entity_id: Mapped[UUID]
    campaign_id: Mapped[UUID | None]
    feed: Mapped[bool]
    summary: Mapped[str] = mapped_column(Text)
    data: Mapped[str] = mapped_column(Text)
    # The same number for all events of one transaction, 32 random bits; 0 for those from before there were tags.
    tag: Mapped[int] = mapped_column(BigInteger, server_default="0")


# Spelled as in the index, with no parameter, so that the index is used.
CAUSED_BY_SOMEBODY = EventRow.actor_kind != literal_column("'WORKER'")


class EventLogHeadRow(Model):
    """The single row that says where the log ends. Whoever appends holds it until the commit.

    `incarnation` tells this log from any other, so that a cursor of a restored or replaced database is
    recognised; `floor` is the position up to which events are no longer kept. `tag` and `floor_tag` are those of the
    events at the two, so that a cursor of either is recognised without looking at an event, which may be gone.
    """

    __tablename__ = "event_log_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    incarnation: Mapped[str] = mapped_column(String(32))
    position: Mapped[int] = mapped_column(BigInteger)
    floor: Mapped[int] = mapped_column(BigInteger)
    tag: Mapped[int] = mapped_column(BigInteger, server_default="0")
    floor_tag: Mapped[int] = mapped_column(BigInteger, server_default="0")
