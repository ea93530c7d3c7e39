"""Entries of the audit log."""

from datetime import datetime
from typing import Self

import msgspec
import strawberry

from db.models import EventRow
from events.event import EntityType
from events.log import actor_of, cursor_of
from graph import node_ids
from graph.filters import entity_id
from graph.scalars import JSON, Cursor
from graph.types.campaign import Actor


@strawberry.type(
    description="Something that somebody caused, or the command line or the start of the server did."
)
class AuditEntry:
    """Something that somebody caused."""

    cursor: Cursor = strawberry.field(description="Its place in the event log.")
    at: datetime = strawberry.field(description="When it was committed.")
    actor: Actor = strawberry.field(description="Who caused it.")
    kind: str = strawberry.field(description="The type of event, such as PrincipalDeactivated.")
    entity_type: str = strawberry.field(description="The kind of thing that it happened to.")
    entity_id: strawberry.ID | None = strawberry.field(
        description="The thing, which may be gone; null if this server does not know its kind."
    )
    campaign_id: strawberry.ID | None = strawberry.field(
        description="The campaign that it belongs to, if any."
    )
    owner_id: strawberry.ID | None = strawberry.field(
        description="Whose thing it was; null if it was nobody's."
    )
    summary: str = strawberry.field(description="One sentence, without a full stop.")
    data: JSON = strawberry.field(description="All that the event says, as it is stored; never a secret.")

    @classmethod
    def from_row(cls, row: EventRow, incarnation: str) -> Self:
        """The entry of a row of the log with this incarnation; a newer version may have written it."""
        known = row.entity_type in EntityType.__members__
        return cls(
            cursor=Cursor(cursor_of(row, incarnation)),
            at=row.occurred_at,
            actor=Actor.from_actor(actor_of(row)),
            kind=row.type,
            entity_type=row.entity_type,
            entity_id=entity_id(EntityType(row.entity_type), row.entity_id) if known else None,
            campaign_id=None if row.campaign_id is None else node_ids.encode("Campaign", row.campaign_id),
            owner_id=None if row.owner_id is None else node_ids.encode("Principal", row.owner_id),
            summary=row.summary,
            data=JSON(msgspec.json.decode(row.data)),
        )
