"""Verbs on scoring profiles. Which profile a campaign takes is a verb on the campaign."""

from collections.abc import Iterator
from uuid import UUID

import msgspec

from auth.policy import require
from auth.principal import Principal
from core.errors import Violation
from core.ids import new_id
from db.models import ScoringProfileRow
from db.repositories import scoring_profiles, uses
from db.scope import EVERYTHING
from db.unit_of_work import Database, UnitOfWork
from events.outbox import record
from events.scoring_events import ScoringProfileCreated, ScoringProfileDeleted, ScoringProfileUpdated
from leads.profiles import check_scoring
from services.changes import apply, given
from services.once import Once, Request
from services.refusals import already_exists, found_or_refuse, in_use, refuse_any
from services.rules_text import check_description, check_name, in_schema_words
from services.versions import expect_version
from services.written import Written
from vocabulary.access import Role
from vocabulary.leads import ScoringConfig


class ScoringProfileDraft(msgspec.Struct, frozen=True):
    """A scoring profile to be made."""

    name: str
    config: ScoringConfig
    description: str | None = None


class ScoringProfilePatch(msgspec.Struct, frozen=True):
    """What shall be different; what is UNSET stays, a description of None removes it. `config` replaces all of it."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    config: ScoringConfig | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType | None = msgspec.UNSET


class ScoringProfiles:
    """Making, changing and deleting scoring profiles.

    Every verb raises Forbidden for a viewer and Unavailable if the database does not answer. Somebody else's
    profile is NotFound.
    """

    def __init__(self, database: Database) -> None:
        self._once = Once(database, UUID)

    async def create(
        self, caller: Principal, draft: ScoringProfileDraft, key: str | None = None
    ) -> Written[UUID]:
        """Make a scoring profile, owned by the caller, at version 1.

        Raises:
            ValidationFailed: with every broken rule.
            Conflict: the caller has a profile with this name (ALREADY_EXISTS), or as `Once.run` says.
        """
        require(caller, Role.OPERATOR)
        refuse_any(_check(draft))
        asked = Request("CREATE_SCORING_PROFILE", draft)
        return await self._once.run(caller, asked, key, lambda unit: _add(unit, caller, draft))

    async def update(
        self,
        caller: Principal,
        profile_id: UUID,
        patch: ScoringProfilePatch,
        expected_version: int | None = None,
        key: str | None = None,
    ) -> Written[UUID]:
        """Change a profile: a new version. Campaigns take it when they are scored the next time.

        Raises:
            NotFound: there is no such profile.
            ValidationFailed: with every broken rule.
            Conflict: the profile is at another version than `expected_version` (VERSION_MISMATCH), or the owner has
                a profile with this name (ALREADY_EXISTS), or as `Once.run` says.
        """
        require(caller, Role.OPERATOR)
        refuse_any(_check_patch(patch))

        async def changed(unit: UnitOfWork) -> UUID:
            row = await _lock(unit, caller, profile_id)
            expect_version(row, expected_version)
            await _change(unit, caller, row, patch)
            return profile_id

        asked = Request("UPDATE_SCORING_PROFILE", (profile_id, patch, expected_version))
        return await self._once.run(caller, asked, key, changed)

    async def delete(self, caller: Principal, profile_id: UUID, key: str | None = None) -> Written[UUID]:
        """Delete a profile. Campaigns that have ended lose the link and keep their scores.

        Raises:
            NotFound: there is no such profile.
            Conflict: a campaign that has not ended uses it (IN_USE), or as `Once.run` says.
        """
        require(caller, Role.OPERATOR)
        asked = Request("DELETE_SCORING_PROFILE", profile_id)
        return await self._once.run(caller, asked, key, lambda unit: _remove(unit, caller, profile_id))


def _check(draft: ScoringProfileDraft) -> Iterator[Violation]:
    yield from check_name(draft.name)
    yield from check_description(draft.description)
    yield from in_schema_words(check_scoring(draft.config, ("config",)))


def _check_patch(patch: ScoringProfilePatch) -> Iterator[Violation]:
    if patch.name is not msgspec.UNSET:
        yield from check_name(patch.name)
    if patch.description is not msgspec.UNSET:
        yield from check_description(patch.description)
    if patch.config is not msgspec.UNSET:
        yield from in_schema_words(check_scoring(patch.config, ("config",)))


async def _add(unit: UnitOfWork, caller: Principal, draft: ScoringProfileDraft) -> UUID:
    row = _row(unit, caller, draft)
    await _refuse_taken(unit, row)
    await scoring_profiles.add(unit.session, row, draft.config)
    event = ScoringProfileCreated(profile_id=row.id, name=row.name)
    record(unit, event, actor=caller.actor, owner_id=row.owner_id)
    return row.id


def _row(unit: UnitOfWork, caller: Principal, draft: ScoringProfileDraft) -> ScoringProfileRow:
    return ScoringProfileRow(
        id=new_id(),
        owner_id=caller.id,
        name=draft.name.strip(),
        description=draft.description,
        version=1,
        created_at=unit.now,
        updated_at=unit.now,
    )


async def _lock(unit: UnitOfWork, caller: Principal, profile_id: UUID) -> ScoringProfileRow:
    found = await scoring_profiles.lock(unit.session, profile_id, caller.scope)
    return found_or_refuse(found, "scoring profile", profile_id)


async def _remove(unit: UnitOfWork, caller: Principal, profile_id: UUID) -> UUID:
    row = await _lock(unit, caller, profile_id)
    user = await uses.release_scoring_profile(unit.session, profile_id)
    if user is not None:
        raise in_use("scoring profile", user, caller.scope)
    await scoring_profiles.remove(unit.session, profile_id)
    event = ScoringProfileDeleted(profile_id=row.id, name=row.name)
    record(unit, event, actor=caller.actor, owner_id=row.owner_id)
    return profile_id


async def _change(
    unit: UnitOfWork, caller: Principal, row: ScoringProfileRow, patch: ScoringProfilePatch
) -> None:
    values = given(patch)
    values.pop("config", None)
    if patch.name is not msgspec.UNSET:
        values["name"] = patch.name.strip()
    with unit.session.no_autoflush:
        changed = apply(row, values)
        if "name" in changed:
            await _refuse_taken(unit, row)
        before = found_or_refuse(
            await scoring_profiles.newest(unit.session, row.id, EVERYTHING), "scoring profile", row.id
        )[1]
    config = before if patch.config is msgspec.UNSET else patch.config
    if config != before:
        changed = (*changed, "config")
    if not changed:
        return
    row.version += 1
    row.updated_at = unit.now
    await scoring_profiles.add_version(unit.session, row, config)
    event = ScoringProfileUpdated(profile_id=row.id, name=row.name, version=row.version, changed=changed)
    record(unit, event, actor=caller.actor, owner_id=row.owner_id)


async def _refuse_taken(unit: UnitOfWork, row: ScoringProfileRow) -> None:
    if await scoring_profiles.name_taken(unit.session, row.owner_id, row.name):
        raise already_exists("A scoring profile with this name", ("name",))
