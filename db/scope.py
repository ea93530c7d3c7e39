"""Whose rows may be read and written: one owner's, or everybody's."""

from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, true
from sqlalchemy.orm import InstrumentedAttribute


class Scope(msgspec.Struct, frozen=True):
    """What somebody may see. `owner_id` None sees everything, what belongs to nobody included."""

    owner_id: UUID | None

    def sees(self, owner_id: UUID | None) -> bool:
        """Whether something of this owner is visible; what has no owner is for those who see everything."""
        return self.owner_id is None or self.owner_id == owner_id

    def clause(
        self, column: InstrumentedAttribute[UUID] | InstrumentedAttribute[UUID | None]
    ) -> ColumnElement[bool]:
        """The condition on a column of owners that lets only visible rows through."""
        return true() if self.owner_id is None else column == self.owner_id


EVERYTHING = Scope(owner_id=None)
