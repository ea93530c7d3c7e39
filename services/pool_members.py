"""What joining and leaving pools means for proxies: what their rows, their events and their tests say of it."""

from collections.abc import Collection, Sequence
from uuid import UUID

from auth.principal import Principal
from db.models import ProxyPoolRow, ProxyRow, ShardRow
from db.repositories import pools
from db.repositories.proxies import state_of
from db.scope import EVERYTHING
from db.unit_of_work import UnitOfWork
from events.outbox import record
from events.pool_events import ProxyPoolUpdated
from events.proxy_events import ProxyChanged
from services.proxy_health import reschedule

Locked = Sequence[tuple[ProxyRow, ShardRow | None]]


def join(unit: UnitOfWork, caller: Principal, row: ProxyRow, pool_id: UUID) -> None:
    """Tell that a locked proxy has become a member."""
    row.pool_ids = (*row.pool_ids, pool_id)
    event = ProxyChanged(proxy=state_of(row), changed=("pools",))
    record(unit, event, actor=caller.actor, owner_id=row.owner_id)


def leave(unit: UnitOfWork, caller: Principal, row: ProxyRow, pool_id: UUID) -> None:
    """Tell that a locked proxy is no member any more."""
    row.pool_ids = tuple(ident for ident in row.pool_ids if ident != pool_id)
    event = ProxyChanged(proxy=state_of(row), changed=("pools",), left_pool_ids=(pool_id,))
    record(unit, event, actor=caller.actor, owner_id=row.owner_id)


async def leave_all(unit: UnitOfWork, caller: Principal, rows: Collection[ProxyRow]) -> None:
    """Take proxies that are about to be deleted out of their pools, and tell of it; the proxies are locked."""
    pool_ids = {ident for row in rows for ident in row.pool_ids}
    if not pool_ids:
        return
    found = await pools.lock(unit.session, pool_ids, EVERYTHING)
    await pools.drop_members(unit.session, pool_ids, [row.id for row in rows])
    counts = await pools.counts(unit.session, pool_ids)
    for pool in found:
        tell_updated(unit, caller, pool, ("members",), counts.get(pool.id, 0))


def tell_updated(
    unit: UnitOfWork, caller: Principal, pool: ProxyPoolRow, changed: tuple[str, ...], members: int
) -> None:
    """Count a change of a locked pool and record it."""
    pool.version += 1
    pool.updated_at = unit.now
    event = ProxyPoolUpdated(
        pool_id=pool.id, name=pool.name, member_count=members, version=pool.version, changed=changed
    )
    record(unit, event, actor=caller.actor, owner_id=pool.owner_id)


async def arrange_tests(unit: UnitOfWork, locked: Locked) -> None:
    """Let the next test of each of these proxies be when their pools say now."""
    await unit.session.flush()
    intervals = await pools.check_intervals(unit.session, [row.id for row, _ in locked])
    for row, probe in locked:
        if row.enabled and probe is not None and reschedule(row, probe, intervals.get(row.id), unit.now):
            unit.work = True
