"""Those who ask."""

from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry

from core.errors import NotFound
from db.models import PrincipalRow
from graph import node_ids
from graph.context import Info
from graph.types.node import Node
from vocabulary.access import Role


@strawberry.type(description="Somebody, or some program, who may ask.")
class Principal(Node):
    """Somebody, or some program, who may ask."""

    name: str = strawberry.field(description="Unique.")
    role: Role = strawberry.field(description="What they may do, with a token that does not narrow it.")
    created_at: datetime = strawberry.field(description="When they were made.")
    deactivated_at: datetime | None = strawberry.field(
        description="Since when they may not ask; null if they may."
    )

    @classmethod
    def from_row(cls, row: PrincipalRow) -> Self:
        """The principal of a row."""
        return cls(
            id=node_ids.encode("Principal", row.id),
            name=row.name,
            role=row.role,
            created_at=row.created_at,
            deactivated_at=row.deactivated_at,
        )


async def owner_of(info: Info, owner_id: UUID) -> Principal:
    """The owner of something that the caller sees.

    Raises:
        NotFound: there is none, which a foreign key rules out.
    """
    row = await info.context.loaders.principal.load(owner_id)
    if row is None:
        raise NotFound("principal", str(owner_id))
    return Principal.from_row(row)
