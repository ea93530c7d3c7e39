"""What the audit log may be narrowed to."""

from datetime import datetime

import strawberry

from db.queries import audit
from events.event import EntityType
from graph.filters import entity_key, id_of, or_none, values


@strawberry.input(
    description="Which entries. What is not given does not matter; what is given must all hold."
)
class AuditFilter:
    """Which entries."""

    actor_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Caused by this principal."
    )
    entity_type: EntityType | None = strawberry.field(
        default=strawberry.UNSET, description="About such a thing."
    )
    entity_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="About this thing, which may be gone."
    )
    kinds: list[str] | None = strawberry.field(
        default=strawberry.UNSET,
        description="Of one of these types of events, such as PrincipalDeactivated.",
    )
    since: datetime | None = strawberry.field(default=strawberry.UNSET, description="At this time or later.")
    until: datetime | None = strawberry.field(default=strawberry.UNSET, description="Before this time.")

    def wanted(self) -> audit.AuditFilter:
        """The same for the database."""
        entity_type, key = entity_key(self.entity_type, self.entity_id)
        return audit.AuditFilter(
            actor_id=id_of("actorId", self.actor_id, "Principal"),
            entity_type=entity_type,
            entity_id=key,
            kinds=values("kinds", self.kinds),
            since=or_none(self.since),
            until=or_none(self.until),
        )
