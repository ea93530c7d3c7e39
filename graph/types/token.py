"""Tokens: everything but the token."""

from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry

from db.models import TokenRow
from graph import node_ids
from graph.context import Info
from graph.fields import resolved
from graph.types.node import Node
from graph.types.principal import Principal, owner_of
from vocabulary.access import Role


@strawberry.type(description="A bearer token, without the token itself, which was shown once.")
class Token(Node):
    """A bearer token, without the token itself."""

    owner_id: strawberry.Private[UUID]
    name: str = strawberry.field(description="What it is for.")
    role: Role = strawberry.field(description="What it may do, if its principal may.")
    created_at: datetime = strawberry.field(description="When it was made.")
    expires_at: datetime | None = strawberry.field(description="When it ends by itself; null if it does not.")
    revoked_at: datetime | None = strawberry.field(description="When it was revoked; null if it was not.")
    last_used_at: datetime | None = strawberry.field(
        description="When somebody came with it at last, or changed something over a connection that they had come "
        "with, to the minute: what follows within a minute is not told. Null if nobody ever did."
    )

    @resolved("Whose it is.")
    async def principal(self, info: Info) -> Principal:
        """Whose it is."""
        return await owner_of(info, self.owner_id)

    @classmethod
    def from_row(cls, row: TokenRow) -> Self:
        """The token of a row."""
        return cls(
            id=node_ids.encode("Token", row.id),
            owner_id=row.principal_id,
            name=row.name,
            role=row.role,
            created_at=row.created_at,
            expires_at=row.expires_at,
            revoked_at=row.revoked_at,
            last_used_at=row.last_used_at,
        )
