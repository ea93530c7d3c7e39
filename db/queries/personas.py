"""Personas for those who look at them."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
from sqlalchemy import select

from db.engine import Session
from db.models import PersonaRow
from db.queries.listing import Conditions, Listing, equals, holds
from db.queries.named import NamedOrderField
from db.scope import Scope
from vocabulary.personas import PersonaType


class PersonaFilter(msgspec.Struct, frozen=True):
    """Which personas; what is None does not matter."""

    persona_type: PersonaType | None = None
    enabled: bool | None = None
    search: str | None = None


def _conditions(scope: Scope, wanted: PersonaFilter) -> Conditions:
    return [
        scope.clause(PersonaRow.owner_id),
        *equals(PersonaRow.persona_type, wanted.persona_type),
        *equals(PersonaRow.enabled, wanted.enabled),
        *holds(PersonaRow.name, wanted.search),
    ]


PERSONAS: Listing[PersonaRow, PersonaFilter] = Listing(
    model=PersonaRow,
    conditions=_conditions,
    keys={
        NamedOrderField.NAME: (PersonaRow.name, PersonaRow.id),
        NamedOrderField.CREATED_AT: (PersonaRow.created_at, PersonaRow.id),
    },
)


async def by_ids(session: Session, scope: Scope, ids: Sequence[UUID]) -> Mapping[UUID, PersonaRow]:
    """The visible ones of these personas."""
    wanted = select(PersonaRow).where(PersonaRow.id.in_(ids), scope.clause(PersonaRow.owner_id))
    return {row.id: row for row in (await session.execute(wanted)).scalars()}
