"""Verbs on personas."""

from collections.abc import Iterator
from uuid import UUID

import msgspec

from auth.policy import require
from auth.principal import Principal
from auth.shares import Shares
from core.errors import Violation
from core.ids import new_id
from db.models import PersonaRow
from db.repositories import personas, uses
from db.unit_of_work import Database, UnitOfWork
from events.outbox import record
from events.resource_events import PersonaCreated, PersonaDeleted, PersonaUpdated
from probes.addresses import AddressPolicy
from probes.trials import Trials
from services.changes import apply, given
from services.once import Once, Request
from services.persona_tests import PersonaTests
from services.refusals import already_exists, found_or_refuse, in_use, refuse_any
from services.rules_personas import check_persona_config
from services.rules_text import check_description, check_name
from services.versions import expect_version
from services.written import Written
from vocabulary.access import Role
from vocabulary.personas import DnsPersonaConfig, PersonaConfig, PersonaType


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
    description: str | msgspec.UnsetType | None = msgspec.UNSET
    enabled: bool | msgspec.UnsetType = msgspec.UNSET


class Personas:
    """Making, changing and deleting personas.

    Every verb raises Forbidden for a viewer and Unavailable if the database does not answer. Somebody else's
    persona is NotFound. `tests` tries them out, as `trials` lets it; without, on public addresses. `shares` says how
    many at a time.
    """

    def __init__(
        self, database: Database, trials: Trials | None = None, shares: Shares | None = None
    ) -> None:
        self._once = Once(database, UUID)
        self.tests = PersonaTests(database, trials or Trials(AddressPolicy()), shares or Shares())

    async def create(self, caller: Principal, draft: PersonaDraft, key: str | None = None) -> Written[UUID]:
        """Make a persona, owned by the caller.

        Raises:
            ValidationFailed: with every broken rule.
            Conflict: the caller has a persona of this type with this name (ALREADY_EXISTS), or as `Once.run` says.
        """
        require(caller, Role.OPERATOR)
        refuse_any(_check(draft))
        asked = Request("CREATE_PERSONA", draft)
        return await self._once.run(caller, asked, key, lambda unit: _add(unit, caller, draft))

    async def duplicate(
        self, caller: Principal, persona_id: UUID, name: str, key: str | None = None
    ) -> Written[UUID]:
        """Make a persona that is configured like another one, under a name of its own, owned by the caller.

        Raises:
            NotFound: there is no such persona.
            ValidationFailed: the name breaks a rule.
            Conflict: the caller has a persona of this type with this name (ALREADY_EXISTS), or as `Once.run` says.
        """
        require(caller, Role.OPERATOR)

        async def copied(unit: UnitOfWork) -> UUID:
            source = await _lock(unit, caller, persona_id)
            refuse_any(check_name(name))
            draft = PersonaDraft(name, source.config, source.description, source.enabled)
            return await _add(unit, caller, draft)

        asked = Request("DUPLICATE_PERSONA", (persona_id, name))
        return await self._once.run(caller, asked, key, copied)

    async def update(
        self,
        caller: Principal,
        persona_id: UUID,
        patch: PersonaPatch,
        expected_version: int | None = None,
        key: str | None = None,
    ) -> Written[UUID]:
        """Change a persona; its type stays. Workers use what they read when they claimed their shard.

        Raises:
            NotFound: there is no such persona.
            ValidationFailed: with every broken rule.
            Conflict: it is at another version than `expected_version` (VERSION_MISMATCH), or the owner has a
                persona of this type with this name (ALREADY_EXISTS), or as `Once.run` says.
        """
        require(caller, Role.OPERATOR)

        async def changed(unit: UnitOfWork) -> UUID:
            row = await _lock(unit, caller, persona_id)
            expect_version(row, expected_version)
            refuse_any(_check_patch(row, patch))
            await _change(unit, caller, row, patch)
            return persona_id

        asked = Request("UPDATE_PERSONA", (persona_id, patch, expected_version))
        return await self._once.run(caller, asked, key, changed)

    async def delete(self, caller: Principal, persona_id: UUID, key: str | None = None) -> Written[UUID]:
        """Delete a persona. Campaigns that have ended lose the link and keep their results.

        Raises:
            NotFound: there is no such persona.
            Conflict: a campaign that has not ended uses it (IN_USE), or as `Once.run` says.
        """
        require(caller, Role.OPERATOR)
        asked = Request("DELETE_PERSONA", persona_id)
        return await self._once.run(caller, asked, key, lambda unit: _remove(unit, caller, persona_id))


def type_of(config: PersonaConfig) -> PersonaType:
    """What a persona with this configuration is for."""
    return PersonaType.DNS if isinstance(config, DnsPersonaConfig) else PersonaType.HTTP


def _check(draft: PersonaDraft) -> Iterator[Violation]:
    yield from check_name(draft.name)
    yield from check_description(draft.description)
    yield from check_persona_config(draft.config)


def _check_patch(row: PersonaRow, patch: PersonaPatch) -> Iterator[Violation]:
    if patch.name is not msgspec.UNSET:
        yield from check_name(patch.name)
    if patch.description is not msgspec.UNSET:
        yield from check_description(patch.description)
    if patch.config is not msgspec.UNSET:
        if type_of(patch.config) is not row.persona_type:
            message = f"must be of type {row.persona_type}, for the type of a persona does not change"
            yield Violation(("config",), message, row.persona_type)
        yield from check_persona_config(patch.config)


async def _add(unit: UnitOfWork, caller: Principal, draft: PersonaDraft) -> UUID:
    row = _row(unit, caller, draft)
    await _refuse_taken(unit, row)
    await personas.add(unit.session, row)
    event = PersonaCreated(persona_id=row.id, name=row.name, persona_type=row.persona_type)
    record(unit, event, actor=caller.actor, owner_id=row.owner_id)
    return row.id


def _row(unit: UnitOfWork, caller: Principal, draft: PersonaDraft) -> PersonaRow:
    return PersonaRow(
        id=new_id(),
        owner_id=caller.id,
        name=draft.name.strip(),
        persona_type=type_of(draft.config),
        description=draft.description,
        enabled=draft.enabled,
        config=draft.config,
        version=1,
        created_at=unit.now,
        updated_at=unit.now,
    )


async def _lock(unit: UnitOfWork, caller: Principal, persona_id: UUID) -> PersonaRow:
    found = await personas.lock(unit.session, persona_id, caller.scope)
    return found_or_refuse(found, "persona", persona_id)


async def _remove(unit: UnitOfWork, caller: Principal, persona_id: UUID) -> UUID:
    row = await _lock(unit, caller, persona_id)
    user = await uses.release_persona(unit.session, persona_id)
    if user is not None:
        raise in_use("persona", user, caller.scope)
    await personas.remove(unit.session, persona_id)
    event = PersonaDeleted(persona_id=row.id, name=row.name, persona_type=row.persona_type)
    record(unit, event, actor=caller.actor, owner_id=row.owner_id)
    return persona_id


async def _change(unit: UnitOfWork, caller: Principal, row: PersonaRow, patch: PersonaPatch) -> None:
    values = given(patch)
    if patch.name is not msgspec.UNSET:
        values["name"] = patch.name.strip()
    with unit.session.no_autoflush:
        changed = apply(row, values)
        if "name" in changed:
            await _refuse_taken(unit, row)
    if not changed:
        return
    row.updated_at = unit.now
    row.version += 1
    event = PersonaUpdated(
        persona_id=row.id,
        name=row.name,
        persona_type=row.persona_type,
        changed=changed,
        version=row.version,
    )
    record(unit, event, actor=caller.actor, owner_id=row.owner_id)


async def _refuse_taken(unit: UnitOfWork, row: PersonaRow) -> None:
    if await personas.name_taken(unit.session, row.owner_id, row.persona_type, row.name):
        raise already_exists(f"A {row.persona_type} persona with this name", ("name",))
