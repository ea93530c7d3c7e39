"""Roles, and who did something."""

from enum import StrEnum
from uuid import UUID

import msgspec


class Role(StrEnum):
    """What somebody may do: look, work with their own things, or everything."""

    VIEWER = "VIEWER"
    OPERATOR = "OPERATOR"
    ADMIN = "ADMIN"

    @property
    def rank(self) -> int:
        """Greater may do more."""
        return list(Role).index(self)


class ActorKind(StrEnum):
    """Who caused an event: somebody with a token, a worker on its own, or the command line and the start."""

    PRINCIPAL = "PRINCIPAL"
    WORKER = "WORKER"
    SYSTEM = "SYSTEM"


class Actor(msgspec.Struct, frozen=True):
    """The cause of an event, by the name that it had then."""

    kind: ActorKind
    name: str
    id: UUID | None = None


SYSTEM = Actor(kind=ActorKind.SYSTEM, name="system")
WORKER = Actor(kind=ActorKind.WORKER, name="worker")
