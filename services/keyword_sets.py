"""Verbs on keyword sets."""

from uuid import UUID

import msgspec

from auth.principal import Principal
from db.unit_of_work import Database
from services.written import Written
from vocabulary.keywords import KeywordRule


class KeywordSetDraft(msgspec.Struct, frozen=True):
    """A keyword set to be made."""

    name: str
    rules: tuple[KeywordRule, ...]
    description: str | None = None
    enabled: bool = True


class KeywordSetPatch(msgspec.Struct, frozen=True):
    """What shall be different; what is UNSET stays. `rules` replaces all of them."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    rules: tuple[KeywordRule, ...] | msgspec.UnsetType = msgspec.UNSET
    description: str | None | msgspec.UnsetType = msgspec.UNSET
    enabled: bool | msgspec.UnsetType = msgspec.UNSET


class KeywordSets:
    """Making, changing and deleting keyword sets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, caller: Principal, draft: KeywordSetDraft) -> Written[UUID]:
        """Make a keyword set, owned by the caller."""
        raise NotImplementedError

    async def update(self, caller: Principal, set_id: UUID, patch: KeywordSetPatch) -> Written[UUID]:
        """Change a keyword set."""
        raise NotImplementedError

    async def delete(self, caller: Principal, set_id: UUID) -> Written[UUID]:
        """Delete a keyword set that no unfinished campaign uses."""
        raise NotImplementedError
