"""Verbs on keyword sets."""

import asyncio
from collections.abc import Callable, Iterator
from typing import TypeVar
from uuid import UUID

import msgspec

from auth.policy import require
from auth.principal import Principal
from auth.shares import Shares
from core.errors import Violation
from core.ids import new_id
from db.models import KeywordSetRow
from db.repositories import keyword_sets, uses
from db.unit_of_work import Database, UnitOfWork
from events.outbox import record
from events.resource_events import KeywordSetCreated, KeywordSetDeleted, KeywordSetUpdated
from probes.addresses import AddressPolicy
from probes.trials import Trials
from services.changes import apply, given
from services.keyword_pages import KeywordPages
from services.keyword_tests import KeywordTests
from services.once import Once, Request
from services.refusals import already_exists, found_or_refuse, in_use, refuse_any
from services.rule_edits import RuleEdits, check_edits, check_places, edited
from services.rules_keywords import check_rules
from services.rules_text import check_description, check_name
from services.versions import expect_version
from services.written import Written
from vocabulary.access import Role
from vocabulary.keywords import KeywordRule

P = TypeVar("P")


class KeywordSetDraft(msgspec.Struct, frozen=True):
    """A keyword set to be made."""

    name: str
    rules: tuple[KeywordRule, ...]
    description: str | None = None
    enabled: bool = True


class KeywordSetPatch(msgspec.Struct, frozen=True):
    """What shall be different; what is UNSET stays. `rules` replaces all of them, `edits` changes single ones."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    rules: tuple[KeywordRule, ...] | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType | None = msgspec.UNSET
    enabled: bool | msgspec.UnsetType = msgspec.UNSET
    edits: RuleEdits = RuleEdits()


class KeywordSets:
    """Making, changing and deleting keyword sets.

    Every verb raises Forbidden for a viewer and Unavailable if the database does not answer. Somebody else's
    keyword set is NotFound. `tests` tries rules out and `pages` fetches pages for that, as `trials` lets it; neither
    changes anything. Whoever uses either is counted by `shares` for as long as that takes.
    """

    def __init__(
        self, database: Database, trials: Trials | None = None, shares: Shares | None = None
    ) -> None:
        self._once = Once(database, UUID)
        self.shares = shares or Shares()
        self.tests = KeywordTests()
        self.pages = KeywordPages(database, trials or Trials(AddressPolicy()))

    async def create(
        self, caller: Principal, draft: KeywordSetDraft, key: str | None = None
    ) -> Written[UUID]:
        """Make a keyword set, owned by the caller.

        Raises:
            ValidationFailed: with every broken rule.
            Conflict: the caller has a keyword set with this name (ALREADY_EXISTS), or as `Once.run` says.
        """
        require(caller, Role.OPERATOR)
        refuse_any(await _apart(_check, draft))
        asked = Request("CREATE_KEYWORD_SET", draft)
        return await self._once.run(caller, asked, key, lambda unit: _add(unit, caller, draft))

    async def update(
        self,
        caller: Principal,
        set_id: UUID,
        patch: KeywordSetPatch,
        expected_version: int | None = None,
        key: str | None = None,
    ) -> Written[UUID]:
        """Change a keyword set. Workers use what they read when they claimed their shard.

        Raises:
            NotFound: there is no such keyword set.
            ValidationFailed: with every broken rule.
            Conflict: it is at another version than `expected_version` (VERSION_MISMATCH), or the owner has a
                keyword set with this name (ALREADY_EXISTS), or as `Once.run` says.
        """
        require(caller, Role.OPERATOR)
        # Many patterns take a while to compile, so they are looked at before anything is locked.
        broken = await _apart(_check_patch, patch)

        async def changed(unit: UnitOfWork) -> UUID:
            row = await _lock(unit, caller, set_id)
            expect_version(row, expected_version)
            rules = await keyword_sets.rules_of(unit.session, set_id)
            refuse_any([*broken, *check_places(len(rules), patch.edits)] if patch.edits else broken)
            await _change(unit, caller, row, rules, patch)
            return set_id

        asked = Request("UPDATE_KEYWORD_SET", (set_id, patch, expected_version))
        return await self._once.run(caller, asked, key, changed)

    async def delete(self, caller: Principal, set_id: UUID, key: str | None = None) -> Written[UUID]:
        """Delete a keyword set. Campaigns that have ended lose the link and keep their results.

        Raises:
            NotFound: there is no such keyword set.
            Conflict: a campaign that has not ended uses it (IN_USE), or as `Once.run` says.
        """
        require(caller, Role.OPERATOR)
        asked = Request("DELETE_KEYWORD_SET", set_id)
        return await self._once.run(caller, asked, key, lambda unit: _remove(unit, caller, set_id))


def _check(draft: KeywordSetDraft) -> Iterator[Violation]:
    yield from check_name(draft.name)
    yield from check_description(draft.description)
    yield from check_rules(draft.rules)


def _check_patch(patch: KeywordSetPatch) -> Iterator[Violation]:
    if patch.name is not msgspec.UNSET:
        yield from check_name(patch.name)
    if patch.description is not msgspec.UNSET:
        yield from check_description(patch.description)
    if patch.rules is not msgspec.UNSET:
        yield from check_rules(patch.rules)
        if patch.edits:
            message = "replaces all rules, and does not go with addRules, editRules and removeRules"
            yield Violation(("rules",), message)
    yield from check_edits(patch.edits)


async def _apart(check: Callable[[P], Iterator[Violation]], what: P) -> list[Violation]:
    """Every violation, found in a thread: a thousand patterns are compiled for it."""
    return await asyncio.to_thread(lambda: [*check(what)])


async def _add(unit: UnitOfWork, caller: Principal, draft: KeywordSetDraft) -> UUID:
    row = _row(unit, caller, draft)
    await _refuse_taken(unit, row)
    await keyword_sets.add(unit.session, row, draft.rules)
    event = KeywordSetCreated(keyword_set_id=row.id, name=row.name, rule_count=len(draft.rules))
    record(unit, event, actor=caller.actor, owner_id=row.owner_id)
    return row.id


def _row(unit: UnitOfWork, caller: Principal, draft: KeywordSetDraft) -> KeywordSetRow:
    return KeywordSetRow(
        id=new_id(),
        owner_id=caller.id,
        name=draft.name.strip(),
        description=draft.description,
        enabled=draft.enabled,
        version=1,
        created_at=unit.now,
        updated_at=unit.now,
    )


async def _lock(unit: UnitOfWork, caller: Principal, set_id: UUID) -> KeywordSetRow:
    found = await keyword_sets.lock(unit.session, set_id, caller.scope)
    return found_or_refuse(found, "keyword set", set_id)


async def _remove(unit: UnitOfWork, caller: Principal, set_id: UUID) -> UUID:
    row = await _lock(unit, caller, set_id)
    user = await uses.release_keyword_set(unit.session, set_id)
    if user is not None:
        raise in_use("keyword set", user, caller.scope)
    rules = await keyword_sets.rules_of(unit.session, set_id)
    await keyword_sets.remove(unit.session, set_id)
    event = KeywordSetDeleted(keyword_set_id=row.id, name=row.name, rule_count=len(rules))
    record(unit, event, actor=caller.actor, owner_id=row.owner_id)
    return set_id


async def _change(
    unit: UnitOfWork,
    caller: Principal,
    row: KeywordSetRow,
    rules: tuple[KeywordRule, ...],
    patch: KeywordSetPatch,
) -> None:
    values = {name: value for name, value in given(patch).items() if name not in {"rules", "edits"}}
    if patch.name is not msgspec.UNSET:
        values["name"] = patch.name.strip()
    with unit.session.no_autoflush:
        changed = apply(row, values)
        if "name" in changed:
            await _refuse_taken(unit, row)
    wanted = edited(rules, patch.edits) if patch.rules is msgspec.UNSET else patch.rules
    if wanted != rules:
        rules = wanted
        changed = (*changed, "rules")
        await keyword_sets.replace_rules(unit.session, row.id, rules)
    if not changed:
        return
    row.updated_at = unit.now
    row.version += 1
    event = KeywordSetUpdated(
        keyword_set_id=row.id, name=row.name, rule_count=len(rules), changed=changed, version=row.version
    )
    record(unit, event, actor=caller.actor, owner_id=row.owner_id)


async def _refuse_taken(unit: UnitOfWork, row: KeywordSetRow) -> None:
    if await keyword_sets.name_taken(unit.session, row.owner_id, row.name):
        raise already_exists("A keyword set with this name", ("name",))
