"""The domains of a campaign as work: how they are cut, which are left, and what their checks found.

The two checks differ only in their columns and in who is due: DNS asks for all, HTTP for those that resolved.
So every function takes the phase. What a verdict becomes in columns is in `verdicts.py`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, func, select, update
from sqlalchemy.orm import InstrumentedAttribute

from db.engine import Session
from db.models import DnsConfigRow, DomainRow, HttpConfigRow, Model
from vocabulary.campaigns import PhaseKind
from vocabulary.checks import CheckStatus

_STATUS: Mapping[PhaseKind, InstrumentedAttribute[CheckStatus]] = {
    PhaseKind.DNS_VALIDATION: DomainRow.dns_status,
    PhaseKind.HTTP_KEYWORD_VALIDATION: DomainRow.http_status,
}


@dataclass(frozen=True)
class Slice:
    """Offsets [lower, upper) with `size` pieces of work in them."""

    lower: int
    upper: int
    size: int


@dataclass(frozen=True)
class Tally:
    """How many domains a shard has, how many of them are finished, and how."""

    due: int
    processed: int
    succeeded: int

    @property
    def failed(self) -> int:
        """Finished, but not well."""
        return self.processed - self.succeeded


@dataclass(frozen=True)
class Candidate:
    """A domain that waits for a check; `addresses` is what DNS found, if it was asked."""

    offset: int
    name: str
    addresses: tuple[str, ...]


async def slices(session: Session, kind: PhaseKind, campaign_id: UUID) -> list[Slice]:
    """Every domain that is due in a phase, cut by the phase's batch size."""
    size = await _batch_size(session, kind, campaign_id)
    number = func.row_number().over(order_by=DomainRow.offset) - 1
    numbered = select(DomainRow.offset, (number // size).label("part")).where(*_due(kind, campaign_id))
    rows = numbered.subquery()
    first, last = func.min(rows.c.offset), func.max(rows.c.offset)
    wanted = select(first, last + 1, func.count()).group_by(rows.c.part).order_by(rows.c.part)
    return [Slice(*row) for row in await session.execute(wanted)]


async def _batch_size(session: Session, kind: PhaseKind, campaign_id: UUID) -> int:
    if kind is PhaseKind.DNS_VALIDATION:
        return (await session.get_one(DnsConfigRow, campaign_id)).batch_size
    return (await session.get_one(HttpConfigRow, campaign_id)).batch_size


async def left(session: Session, kind: PhaseKind, campaign_id: UUID, within: range) -> list[Candidate]:
    """The domains of a shard that have no result yet, by offset."""
    wanted = (
        select(DomainRow.offset, DomainRow.name, DomainRow.dns_addresses)
        .where(*_due(kind, campaign_id), *_in(within), _STATUS[kind] == CheckStatus.PENDING)
        .order_by(DomainRow.offset)
    )
    return [Candidate(*row) for row in await session.execute(wanted)]


async def pending(session: Session, kind: PhaseKind, campaign_id: UUID, offsets: Collection[int]) -> set[int]:
    """Those of `offsets` that have no result yet; it stays so while the campaign is locked."""
    wanted = select(DomainRow.offset).where(
        *_due(kind, campaign_id), DomainRow.offset.in_(offsets), _STATUS[kind] == CheckStatus.PENDING
    )
    return set((await session.execute(wanted)).scalars())


async def write(
    session: Session, kind: PhaseKind, campaign_id: UUID, results: Sequence[Mapping[str, object]]
) -> None:
    """Write results, each as its columns with `at_offset`, and only where there is none yet."""
    if not results:
        return
    # The table and not the model: many rows in one call, without the bookkeeping of loaded objects.
    domains = Model.metadata.tables[DomainRow.__tablename__]
    statement = update(domains).where(
        domains.c.campaign_id == campaign_id,
        domains.c.offset == bindparam("at_offset"),
        domains.c[_STATUS[kind].key] == CheckStatus.PENDING,
    )
    await (await session.connection()).execute(statement, [dict(result) for result in results])


async def tally(session: Session, kind: PhaseKind, campaign_id: UUID, within: range) -> Tally:
    """What a shard has and what of it is finished, counted from the table."""
    status = _STATUS[kind]
    processed = func.count().filter(status != CheckStatus.PENDING)
    succeeded = func.count().filter(status == CheckStatus.OK)
    wanted = select(func.count(), processed, succeeded).where(*_due(kind, campaign_id), *_in(within))
    return Tally(*(await session.execute(wanted)).one())


def _due(kind: PhaseKind, campaign_id: UUID) -> list[ColumnElement[bool]]:
    own = [DomainRow.campaign_id == campaign_id]
    return own if kind is PhaseKind.DNS_VALIDATION else [*own, DomainRow.dns_status == CheckStatus.OK]


def _in(within: range) -> list[ColumnElement[bool]]:
    return [DomainRow.offset >= within.start, DomainRow.offset < within.stop]
