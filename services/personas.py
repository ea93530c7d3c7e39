"""Verbs on personas."""

from uuid import UUID

import msgspec

from auth.principal import Principal
from db.unit_of_work import Database
from services.written import Written
from vocabulary.personas import PersonaConfig


class PersonaDraft(msgspec.Struct, frozen=True):
    """A persona to be made; the type of `config` is its type."""

    name: str
    config: PersonaConfig
    description: str | None = None
    enabled: bool = True


class PersonaPatch(msgspec.Struct, frozen=True):
    """What shall be different; what is UNSET stays, a description of None removes it."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    config: PersonaConfig | msgspec.UnsetType = msgspec.UNSET
    description: str | None | msgspec.UnsetType = msgspec.UNSET
    enabled: bool | msgspec.UnsetType = msgspec.UNSET


class Personas:
    """Making, changing and deleting personas."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, caller: Principal, draft: PersonaDraft) -> Written[UUID]:
        """Make a persona, owned by the caller."""
        raise NotImplementedError

    async def update(self, caller: Principal, persona_id: UUID, patch: PersonaPatch) -> Written[UUID]:
        """Change a persona."""
        raise NotImplementedError

    async def delete(self, caller: Principal, persona_id: UUID) -> Written[UUID]:
        """Delete a persona that no unfinished campaign uses."""
        raise NotImplementedError
