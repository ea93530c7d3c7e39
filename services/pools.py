"""Verbs on pools of proxies and their members.

A verb holds the turn of the pool's owner, then its proxies with the shards that test them, then the pool: so the
members cannot change under it, and whatever it changes of their health checks is arranged in the same transaction.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec

from auth.policy import require
from auth.principal import Principal
from core.errors import ValidationFailed, Violation
from core.ids import new_id
from db.models import ProxyPoolMemberRow, ProxyPoolRow, ProxyRow
from db.repositories import pools, proxy_lists, uses
from db.repositories.proxy_use import lock_with_probes
from db.unit_of_work import Database, UnitOfWork
from events.outbox import record
from events.pool_events import ProxyPoolCreated, ProxyPoolDeleted
from services.changes import apply, given
from services.once import Once, Request
from services.pool_members import Locked, arrange_tests, join, leave, tell_updated
from services.refusals import already_exists, found_or_refuse, in_use, refuse_any
from services.rules_pools import MAX_MEMBERS, check_proxy_ids, check_settings, check_weight
from services.rules_text import check_description, check_name, check_range
from services.versions import expect_version
from services.written import Written
from vocabulary.access import Role
from vocabulary.proxies import ProxyStrategy

_ABOUT_TESTS = frozenset({"enabled", "health_check_enabled", "health_check_interval_seconds"})


class PoolDraft(msgspec.Struct, frozen=True):
    """A pool to be made. See `ProxyPoolRow` for what the settings mean."""

    name: str
    description: str | None = None
    enabled: bool = True
    strategy: ProxyStrategy = ProxyStrategy.ROUND_ROBIN
    health_check_enabled: bool = True
    health_check_interval_seconds: int = 300
    max_retries: int = 3
    timeout_seconds: float = 30.0


class PoolPatch(msgspec.Struct, frozen=True):
    """What shall be different; what is UNSET stays, None removes."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType | None = msgspec.UNSET
    enabled: bool | msgspec.UnsetType = msgspec.UNSET
    strategy: ProxyStrategy | msgspec.UnsetType = msgspec.UNSET
    health_check_enabled: bool | msgspec.UnsetType = msgspec.UNSET
    health_check_interval_seconds: int | msgspec.UnsetType = msgspec.UNSET
    max_retries: int | msgspec.UnsetType = msgspec.UNSET
    timeout_seconds: float | msgspec.UnsetType = msgspec.UNSET


class MemberPatch(msgspec.Struct, frozen=True):
    """What shall be different about a member; `position` is its place in the order of failover, from 0."""

    weight: int | msgspec.UnsetType = msgspec.UNSET
    active: bool | msgspec.UnsetType = msgspec.UNSET
    position: int | msgspec.UnsetType = msgspec.UNSET


@dataclass(frozen=True)
class _Held:
    """A pool, its members in their order, and the proxies of the verb, all locked."""

    row: ProxyPoolRow
    members: list[ProxyPoolMemberRow]
    locked: Locked

    def proxies(self) -> dict[UUID, ProxyRow]:
        return {row.id: row for row, _ in self.locked}


class Pools:
    """Making, changing and deleting pools, and moving proxies in and out of them.

    Every verb raises Forbidden for a viewer and Unavailable if the database does not answer. Somebody else's pool is
    NotFound. A pool has proxies of its own owner only. Those that take `expected_version` raise Conflict
    (VERSION_MISMATCH) if the pool is at another, and all of them as `Once.run` says of keys. The value is the id of the
    pool.
    """

    def __init__(self, database: Database) -> None:
        self._once = Once(database, UUID)

    async def create(self, caller: Principal, draft: PoolDraft, key: str | None = None) -> Written[UUID]:
        """Make a pool without members, owned by the caller.

        Raises:
            ValidationFailed: with every broken rule.
            Conflict: the caller has a pool with this name (ALREADY_EXISTS), or as `Once.run` says.
        """
        require(caller, Role.OPERATOR)
        refuse_any(_check(given(draft)))
        asked = Request("CREATE_PROXY_POOL", draft)
        return await self._once.run(caller, asked, key, lambda unit: _add(unit, caller, draft))

    async def update(
        self,
        caller: Principal,
        pool_id: UUID,
        patch: PoolPatch,
        expected_version: int | None = None,
        key: str | None = None,
    ) -> Written[UUID]:
        """Change a pool; campaigns follow it with their next shard, health checks at once.

        Raises:
            NotFound: there is no such pool.
            ValidationFailed: with every broken rule.
            Conflict: the owner has a pool with this name (ALREADY_EXISTS), or VERSION_MISMATCH.
        """
        require(caller, Role.OPERATOR)

        async def changed(unit: UnitOfWork) -> UUID:
            held = await _hold(unit, caller, pool_id, expected_version)
            refuse_any(_check(given(patch)))
            await _change(unit, caller, held, patch)
            return pool_id

        asked = Request("UPDATE_PROXY_POOL", (pool_id, patch, expected_version))
        return await self._once.run(caller, asked, key, changed)

    async def delete(self, caller: Principal, pool_id: UUID, key: str | None = None) -> Written[UUID]:
        """Delete a pool; its proxies stay. Campaigns that have ended lose the link.

        Raises:
            NotFound: there is no such pool.
            Conflict: a campaign that has not ended uses it (IN_USE).
        """
        require(caller, Role.OPERATOR)
        asked = Request("DELETE_PROXY_POOL", pool_id)
        return await self._once.run(caller, asked, key, lambda unit: _remove(unit, caller, pool_id))

    async def add_proxies(
        self,
        caller: Principal,
        pool_id: UUID,
        proxy_ids: Sequence[UUID],
        weight: int = 1,
        expected_version: int | None = None,
        key: str | None = None,
    ) -> Written[UUID]:
        """Add proxies behind the members that there are; one that is a member already stays as it is.

        Raises:
            NotFound: there is no such pool.
            ValidationFailed: a proxy is none of the owner's, the pool would be too large, or the weight is wrong.
            Conflict: VERSION_MISMATCH.
        """
        require(caller, Role.OPERATOR)

        async def added(unit: UnitOfWork) -> UUID:
            held = await _hold(unit, caller, pool_id, expected_version, proxy_ids[:MAX_MEMBERS])
            refuse_any([*check_proxy_ids(proxy_ids), *check_weight(weight)])
            await _put_in(unit, caller, held, proxy_ids, weight)
            return pool_id

        asked = Request("ADD_PROXIES_TO_POOL", (pool_id, proxy_ids, weight, expected_version))
        return await self._once.run(caller, asked, key, added)

    async def remove_proxies(
        self,
        caller: Principal,
        pool_id: UUID,
        proxy_ids: Sequence[UUID],
        expected_version: int | None = None,
        key: str | None = None,
    ) -> Written[UUID]:
        """Take proxies out of a pool; one that is no member stays where it is.

        Raises:
            NotFound: there is no such pool.
            ValidationFailed: the list is empty, too long, or names one twice.
            Conflict: VERSION_MISMATCH.
        """
        require(caller, Role.OPERATOR)

        async def removed(unit: UnitOfWork) -> UUID:
            held = await _hold(unit, caller, pool_id, expected_version)
            refuse_any(check_proxy_ids(proxy_ids))
            await _take_out(unit, caller, held, proxy_ids)
            return pool_id

        asked = Request("REMOVE_PROXIES_FROM_POOL", (pool_id, proxy_ids, expected_version))
        return await self._once.run(caller, asked, key, removed)

    async def set_member(
        self,
        caller: Principal,
        pool_id: UUID,
        proxy_id: UUID,
        patch: MemberPatch,
        expected_version: int | None = None,
        key: str | None = None,
    ) -> Written[UUID]:
        """Change how a member is taken: its weight, whether at all, and its place in the order.

        Raises:
            NotFound: there is no such pool.
            ValidationFailed: the proxy is no member, or a value is out of its range.
            Conflict: VERSION_MISMATCH.
        """
        require(caller, Role.OPERATOR)

        async def changed(unit: UnitOfWork) -> UUID:
            held = await _hold(unit, caller, pool_id, expected_version)
            member = next((one for one in held.members if one.proxy_id == proxy_id), None)
            if member is None:
                raise ValidationFailed.at(("proxyId",), "is no member of this pool")
            refuse_any(_check_member(patch, len(held.members)))
            await _set_member(unit, caller, held, member, patch)
            return pool_id

        asked = Request("SET_PROXY_POOL_MEMBER", (pool_id, proxy_id, patch, expected_version))
        return await self._once.run(caller, asked, key, changed)


async def _add(unit: UnitOfWork, caller: Principal, draft: PoolDraft) -> UUID:
    row = ProxyPoolRow(id=new_id(), owner_id=caller.id, version=1, created_at=unit.now, updated_at=unit.now)
    apply(row, {**given(draft), "name": draft.name.strip()})
    await _refuse_taken_name(unit, row)
    await pools.add(unit.session, row)
    event = ProxyPoolCreated(pool_id=row.id, name=row.name, member_count=0, version=row.version)
    record(unit, event, actor=caller.actor, owner_id=row.owner_id)
    return row.id


async def _change(unit: UnitOfWork, caller: Principal, held: _Held, patch: PoolPatch) -> None:
    values = given(patch)
    if patch.name is not msgspec.UNSET:
        values["name"] = patch.name.strip()
    with unit.session.no_autoflush:
        changed = apply(held.row, values)
        if "name" in changed:
            await _refuse_taken_name(unit, held.row)
    if changed:
        tell_updated(unit, caller, held.row, changed, len(held.members))
    if not _ABOUT_TESTS.isdisjoint(changed):
        await arrange_tests(unit, held.locked)


async def _remove(unit: UnitOfWork, caller: Principal, pool_id: UUID) -> UUID:
    held = await _hold(unit, caller, pool_id)
    user = await uses.release_pool(unit.session, pool_id)
    if user is not None:
        raise in_use("proxy pool", user, caller.scope)
    row = held.row
    event = ProxyPoolDeleted(
        pool_id=row.id, name=row.name, member_count=len(held.members), version=row.version
    )
    await pools.remove(unit.session, pool_id)
    for proxy in held.proxies().values():
        leave(unit, caller, proxy, pool_id)
    await arrange_tests(unit, held.locked)
    record(unit, event, actor=caller.actor, owner_id=row.owner_id)
    return pool_id


async def _put_in(
    unit: UnitOfWork, caller: Principal, held: _Held, proxy_ids: Sequence[UUID], weight: int
) -> None:
    known = {member.proxy_id for member in held.members}
    found = held.proxies()
    refuse_any(_check_owned(proxy_ids, found, held.row.owner_id))
    new = [found[ident] for ident in proxy_ids if ident not in known]
    refuse_any(check_range(len(known) + len(new), ("proxyIds",), 0, MAX_MEMBERS))
    start = 1 + max((member.ordinal for member in held.members), default=-1)
    for ordinal, proxy in enumerate(new, start):
        unit.session.add(_member(held.row.id, proxy.id, ordinal, weight, unit))
        join(unit, caller, proxy, held.row.id)
    if new:
        tell_updated(unit, caller, held.row, ("members",), len(known) + len(new))
        await arrange_tests(unit, held.locked)


async def _take_out(unit: UnitOfWork, caller: Principal, held: _Held, proxy_ids: Sequence[UUID]) -> None:
    gone = {member.proxy_id for member in held.members} & {*proxy_ids}
    await pools.drop_members(unit.session, [held.row.id], gone)
    for ident, proxy in held.proxies().items():
        if ident in gone:
            leave(unit, caller, proxy, held.row.id)
    if gone:
        tell_updated(unit, caller, held.row, ("members",), len(held.members) - len(gone))
        await arrange_tests(unit, held.locked)


async def _set_member(
    unit: UnitOfWork, caller: Principal, held: _Held, member: ProxyPoolMemberRow, patch: MemberPatch
) -> None:
    changed = apply(member, {name: value for name, value in given(patch).items() if name != "position"})
    if patch.position is not msgspec.UNSET:
        changed += _move(held.members, member, patch.position)
    if changed:
        tell_updated(unit, caller, held.row, ("members",), len(held.members))
    if "active" in changed:
        await arrange_tests(unit, held.locked)


async def _hold(
    unit: UnitOfWork,
    caller: Principal,
    pool_id: UUID,
    expected_version: int | None = None,
    others: Collection[UUID] = (),
) -> _Held:
    found = (await pools.get_many(unit.session, [pool_id], caller.scope)).get(pool_id)
    await proxy_lists.take_turn(unit.session, found_or_refuse(found, "proxy pool", pool_id).owner_id)
    members = await pools.members(unit.session, pool_id)
    locked = await lock_with_probes(unit.session, {*others, *(member.proxy_id for member in members)})
    row = next(iter(await pools.lock(unit.session, [pool_id], caller.scope)), None)
    expect_version(found_or_refuse(row, "proxy pool", pool_id), expected_version)
    # A proxy that was deleted before it was locked has taken its membership with it.
    there = {proxy.id for proxy, _ in locked}
    members = [member for member in members if member.proxy_id in there]
    return _Held(found_or_refuse(row, "proxy pool", pool_id), members, locked)


def _member(pool_id: UUID, proxy_id: UUID, ordinal: int, weight: int, unit: UnitOfWork) -> ProxyPoolMemberRow:
    return ProxyPoolMemberRow(
        pool_id=pool_id, proxy_id=proxy_id, ordinal=ordinal, weight=weight, active=True, added_at=unit.now
    )


def _move(members: list[ProxyPoolMemberRow], member: ProxyPoolMemberRow, position: int) -> tuple[str, ...]:
    """Put a member at a place in the order, and the others around it; the name of what changed, if it did."""
    before = [one.proxy_id for one in members]
    members.remove(member)
    members.insert(position, member)
    for ordinal, one in enumerate(members):
        one.ordinal = ordinal
    return () if before == [one.proxy_id for one in members] else ("position",)


def _check(values: dict[str, object]) -> Iterator[Violation]:
    if isinstance(name := values.get("name"), str):
        yield from check_name(name)
    if isinstance(description := values.get("description"), str):
        yield from check_description(description)
    yield from check_settings(values)


def _check_member(patch: MemberPatch, members: int) -> Iterator[Violation]:
    if patch.weight is not msgspec.UNSET:
        yield from check_weight(patch.weight)
    if patch.position is not msgspec.UNSET:
        yield from check_range(patch.position, ("position",), 0, members - 1)


def _check_owned(
    proxy_ids: Sequence[UUID], found: dict[UUID, ProxyRow], owner_id: UUID
) -> Iterator[Violation]:
    for index, ident in enumerate(proxy_ids):
        if ident not in found or found[ident].owner_id != owner_id:
            yield Violation(("proxyIds", str(index)), "is no proxy of the pool's owner")


async def _refuse_taken_name(unit: UnitOfWork, row: ProxyPoolRow) -> None:
    if await pools.name_taken(unit.session, row.owner_id, row.name):
        raise already_exists("A proxy pool with this name", ("name",))
