"""Shards and the leases on them: claim, renew, release, and when something will be due.

A shard is open to a claim when it waits (READY and its time has come) or when the lease on it has lapsed, and when
its phase, if it has one, is IN_PROGRESS and not held back. So pausing a campaign touches no shard.

Each claim raises the fence. A worker that was asleep while its lease lapsed has the old number, and whatever it
writes is refused (`locked`). Times are the workers' own clocks, so machines that share a database must agree
within a fraction of a lease.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, insert, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute

from core.ids import new_id
from db.engine import Session
from db.models import PhaseRow, ShardRow
from db.repositories.domains import Slice
from vocabulary.campaigns import PhaseStatus
from vocabulary.work import ShardKind, ShardStatus


@dataclass(frozen=True)
class Claim:
    """A shard that a holder may work on until its lease lapses; `fence` is the number of this claim.

    `running_since` is that of its phase when the claim was made: if the phase has paused since then, and goes on,
    what the holder read at its beginning (personas, proxies) may be of yesterday.
    """

    id: UUID
    kind: ShardKind
    holder: str
    fence: int
    campaign_id: UUID | None = None
    proxy_id: UUID | None = None
    bulk_id: UUID | None = None
    within: range = range(0)
    running_since: datetime | None = None


@dataclass(frozen=True)
class Lease:
    """Who claims, from when and until when."""

    holder: str
    now: datetime
    until: datetime


@dataclass(frozen=True)
class Wanted:
    """What a holder is after: kinds of shards, but not those that it works on now."""

    kinds: Collection[ShardKind]
    held: Collection[UUID] = ()


async def add(
    session: Session, campaign_id: UUID, kind: ShardKind, slices: Sequence[Slice], now: datetime
) -> None:
    """Make shards of a phase, ready at once.

    Each is ready a microsecond after the one before, so that the index alone gives the order of the offsets.
    """
    tick = timedelta(microseconds=1)
    rows = [
        {
            "id": new_id(),
            "kind": kind,
            "campaign_id": campaign_id,
            "lower": part.lower,
            "upper": part.upper,
            "status": ShardStatus.READY,
            "available_at": now - (len(slices) - number) * tick,
        }
        for number, part in enumerate(slices)
    ]
    if rows:
        await (await session.connection()).execute(insert(ShardRow), rows)


async def claim(session: Session, lease: Lease, wanted: Wanted, limit: int) -> list[Claim]:
    """Take up to `limit` open shards, those that have waited longest first.

    Rows that another transaction holds are passed over, so claimers never wait for each other (PostgreSQL); on
    SQLite there is one writer at a time anyhow.
    """
    taken: list[tuple[ShardRow, datetime | None]] = []
    running_since = select(PhaseRow.running_since).where(_its_phase()).scalar_subquery()
    for condition, due in _open(wanted):
        oldest = select(ShardRow, running_since).where(condition, due <= lease.now).order_by(due, ShardRow.id)
        if len(taken) < limit:
            some = oldest.limit(limit - len(taken)).with_for_update(skip_locked=True, of=ShardRow)
            taken += await session.execute(some)
    for row, _ in taken:
        row.status = ShardStatus.LEASED
        row.holder = lease.holder
        row.fence += 1
        row.lease_until = lease.until
    await session.flush()
    return [_claim(row, since, lease.holder) for row, since in taken]


def _claim(row: ShardRow, running_since: datetime | None, holder: str) -> Claim:
    return Claim(
        id=row.id,
        kind=row.kind,
        holder=holder,
        fence=row.fence,
        campaign_id=row.campaign_id,
        proxy_id=row.proxy_id,
        bulk_id=row.bulk_id,
        within=range(row.lower, row.upper),
        running_since=running_since,
    )


async def renew(session: Session, lease: Lease, ids: Collection[UUID]) -> set[UUID]:
    """Move the end of this holder's leases, all at once; those that it has lost are not in the answer."""
    own = select(ShardRow.id).where(
        ShardRow.id.in_(ids), ShardRow.holder == lease.holder, ShardRow.status == ShardStatus.LEASED
    )
    # An update alone would lock them in any order. A write of results holds a shard of its campaign while it waits
    # for those of proxies, which it takes by the proxy's id (`proxy_use.py`); the end of a test holds that of its
    # proxy while it waits for bulk operations, and who holds one of these waits for its shard.
    is_behind_proxies = ShardRow.bulk_id.is_not(None)
    in_order = own.order_by(is_behind_proxies, ShardRow.proxy_id.is_not(None), ShardRow.proxy_id, ShardRow.id)
    kept = set((await session.execute(in_order.with_for_update())).scalars())
    renewed = update(ShardRow).where(ShardRow.id.in_(kept)).values(lease_until=lease.until)
    await session.execute(renewed.execution_options(synchronize_session=False))
    return kept


async def locked(session: Session, claim: Claim) -> ShardRow | None:
    """The shard, locked, if the claim on it still holds; else None, and nothing may be written for it."""
    wanted = select(ShardRow).where(
        ShardRow.id == claim.id,
        ShardRow.holder == claim.holder,
        ShardRow.fence == claim.fence,
        ShardRow.status == ShardStatus.LEASED,
    )
    wanted = wanted.with_for_update().execution_options(populate_existing=True)
    return (await session.execute(wanted)).scalar_one_or_none()


async def open_parts(session: Session, campaign_id: UUID, kinds: Collection[ShardKind]) -> list[range]:
    """The offsets of the shards of phases that are not done."""
    wanted = select(ShardRow.lower, ShardRow.upper).where(
        ShardRow.campaign_id == campaign_id, ShardRow.kind.in_(kinds), ShardRow.status != ShardStatus.DONE
    )
    return [range(lower, upper) for lower, upper in await session.execute(wanted)]


async def give_fresh_attempts(session: Session, campaign_id: UUID, kind: ShardKind, now: datetime) -> None:
    """Let every shard of a phase that is not done be tried as if it had never failed, from `now` on."""
    own = update(ShardRow).where(
        ShardRow.campaign_id == campaign_id, ShardRow.kind == kind, ShardRow.status != ShardStatus.DONE
    )
    own = own.execution_options(synchronize_session=False)
    await lock_open(session, campaign_id, [kind])
    await session.execute(own.values(attempts=0, last_error=None))
    waiting = own.where(ShardRow.status == ShardStatus.READY, ShardRow.available_at > now)
    await session.execute(waiting.values(available_at=now))


async def lock_open(session: Session, campaign_id: UUID, kinds: Collection[ShardKind]) -> None:
    """Lock what is not done of phases, in the order in which leases are renewed; then it may be changed in any."""
    wanted = select(ShardRow.id).where(
        ShardRow.campaign_id == campaign_id, ShardRow.kind.in_(kinds), ShardRow.status != ShardStatus.DONE
    )
    await session.execute(wanted.order_by(ShardRow.id).with_for_update())


async def remove(session: Session, campaign_id: UUID, kinds: Collection[ShardKind]) -> None:
    """Delete the shards of phases, whoever holds them: their claims do not hold any more."""
    await lock_open(session, campaign_id, kinds)
    gone = delete(ShardRow).where(ShardRow.campaign_id == campaign_id, ShardRow.kind.in_(kinds))
    await session.execute(gone.execution_options(synchronize_session=False))


def make_ready(row: ShardRow, at: datetime) -> None:
    """Let anybody claim a shard from `at` on."""
    row.status = ShardStatus.READY
    row.available_at = at
    row.holder = None
    row.lease_until = None


def make_done(row: ShardRow) -> None:
    """Let nobody claim a shard any more."""
    row.status = ShardStatus.DONE
    row.holder = None
    row.lease_until = None


async def next_due(session: Session, wanted: Wanted) -> datetime | None:
    """The next moment at which something is open to a claim, as far as is known; it may be past."""
    found: list[datetime] = []
    for condition, due in _open(wanted):
        first = select(due).where(condition).order_by(due).limit(1)
        found += [at for at in (await session.execute(first)).scalars() if at is not None]
    return min(found, default=None)


_Due = InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None]


def _open(wanted: Wanted) -> list[tuple[ColumnElement[bool], _Due]]:
    """The two ways to be open to a claim, with the moment from which on: each has an index of its own."""
    runs = exists().where(
        _its_phase(), PhaseRow.status == PhaseStatus.IN_PROGRESS, PhaseRow.is_held_back.is_(False)
    )
    # One that is in our hands is no work, though it may be open: its lease lapsed, or was taken from us.
    is_ours = ShardRow.id.in_(wanted.held)
    is_wanted = ShardRow.kind.in_(wanted.kinds) & or_(ShardRow.campaign_id.is_(None), runs) & ~is_ours
    waits = ShardRow.status == ShardStatus.READY
    # A lease under our own name lapses too, if the answer to the claim never reached us.
    leased = ShardRow.status == ShardStatus.LEASED
    return [(waits & is_wanted, ShardRow.available_at), (leased & is_wanted, ShardRow.lease_until)]


def _its_phase() -> ColumnElement[bool]:
    return (PhaseRow.campaign_id == ShardRow.campaign_id) & (PhaseRow.kind == ShardRow.kind)
