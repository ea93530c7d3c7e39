"""Who is asking."""

from datetime import datetime
from uuid import UUID

import msgspec

from db.scope import EVERYTHING, Scope
from vocabulary.access import Actor, ActorKind, Role


class Principal(msgspec.Struct, frozen=True):
    """Somebody who was recognised by a token.

    `role` is the lesser of the principal's and the token's. `expires_at` is when the token ends, so that
    whoever keeps a connection open can end it then.
    """

    id: UUID
    name: str
    role: Role
    token_id: UUID | None = None
    expires_at: datetime | None = None

    @property
    def actor(self) -> Actor:
        """The cause of the events of what they do."""
        return Actor(kind=ActorKind.PRINCIPAL, name=self.name, id=self.id)

    @property
    def scope(self) -> Scope:
        """What they may see: admins everything, others their own."""
        return scope_of(self.id, self.role)


def scope_of(principal_id: UUID, role: Role) -> Scope:
    """What somebody with a role may see."""
    return EVERYTHING if role is Role.ADMIN else Scope(owner_id=principal_id)
