"""The domains of a campaign as work: how they are cut, which are left, and what their checks found.

The phases differ only in their columns and in who is due: DNS asks for all, each later one for those that were well
in the one before. So every function takes the phase. What a result becomes in columns is in `verdicts.py`, and
what takes it back in `taking_back.py`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, func, select, update
from sqlalchemy.orm import InstrumentedAttribute

from db.engine import Session
from db.models import DomainRow, Model
from vocabulary.campaigns import PhaseKind
from vocabulary.checks import CheckStatus
from vocabulary.domains import DomainChange

STATUS: Mapping[PhaseKind, InstrumentedAttribute[CheckStatus]] = {
    PhaseKind.DNS_VALIDATION: DomainRow.dns_status,
    PhaseKind.HTTP_KEYWORD_VALIDATION: DomainRow.http_status,
    PhaseKind.EXTRACTION: DomainRow.extraction_status,
    PhaseKind.ANALYSIS: DomainRow.analysis_status,
    PhaseKind.ENRICHMENT: DomainRow.enrichment_status,
}
"""What each phase has decided on a domain; the phase behind is for those that are OK."""


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


async def slices(
    session: Session, kind: PhaseKind, campaign_id: UUID, within: range, size: int
) -> list[Slice]:
    """Every domain of a range that is due in a phase, in slices of `size`."""
    number = func.row_number().over(order_by=DomainRow.offset) - 1
    due = [*_due(kind, campaign_id), *_in(within)]
    rows = select(DomainRow.offset, (number // size).label("part")).where(*due).subquery()
    first, last = func.min(rows.c.offset), func.max(rows.c.offset)
    wanted = select(first, last + 1, func.count()).group_by(rows.c.part).order_by(rows.c.part)
    return [Slice(*row) for row in await session.execute(wanted)]


async def changes(session: Session, campaign_id: UUID, offsets: Collection[int]) -> tuple[DomainChange, ...]:
    """What is known now of these domains, by offset."""
    columns = (
        DomainRow.offset,
        DomainRow.name,
        DomainRow.dns_status,
        DomainRow.dns_reason,
        DomainRow.http_status,
        DomainRow.http_reason,
        DomainRow.matched,
        DomainRow.score,
        DomainRow.is_parked,
        DomainRow.lead_status,
        DomainRow.rejection,
        DomainRow.analysis_status,
    )
    wanted = select(*columns).where(DomainRow.campaign_id == campaign_id, DomainRow.offset.in_(offsets))
    rows = await session.execute(wanted.order_by(DomainRow.offset))
    return tuple(_change(dict(row)) for row in rows.mappings())


def _change(row: Mapping[str, Any]) -> DomainChange:
    known = {name: value for name, value in row.items() if name != "analysis_status"}
    if row["analysis_status"] is not CheckStatus.OK:
        known |= {"score": None, "is_parked": None}
    return DomainChange(**known)


async def left(session: Session, kind: PhaseKind, campaign_id: UUID, within: range) -> list[Candidate]:
    """The domains of a shard that have no result yet, by offset."""
    wanted = (
        select(DomainRow.offset, DomainRow.name, DomainRow.dns_addresses)
        .where(*_due(kind, campaign_id), *_in(within), STATUS[kind] == CheckStatus.PENDING)
        .order_by(DomainRow.offset)
    )
    return [Candidate(*row) for row in await session.execute(wanted)]


async def pending(session: Session, kind: PhaseKind, campaign_id: UUID, offsets: Collection[int]) -> set[int]:
    """Those of `offsets` that have no result yet; it stays so while the campaign is locked."""
    wanted = select(DomainRow.offset).where(
        *_due(kind, campaign_id), DomainRow.offset.in_(offsets), STATUS[kind] == CheckStatus.PENDING
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
        domains.c[STATUS[kind].key] == CheckStatus.PENDING,
    )
    await (await session.connection()).execute(statement, [dict(result) for result in results])


async def tally(session: Session, kind: PhaseKind, campaign_id: UUID, within: range) -> Tally:
    """What a shard has and what of it is finished, counted from the table."""
    status = STATUS[kind]
    processed = func.count().filter(status != CheckStatus.PENDING)
    succeeded = func.count().filter(status == CheckStatus.OK)
    wanted = select(func.count(), processed, succeeded).where(*_due(kind, campaign_id), *_in(within))
    return Tally(*(await session.execute(wanted)).one())


def _due(kind: PhaseKind, campaign_id: UUID) -> list[ColumnElement[bool]]:
    own = [DomainRow.campaign_id == campaign_id]
    before = list(STATUS)[list(STATUS).index(kind) - 1] if kind is not PhaseKind.DNS_VALIDATION else None
    return own if before is None else [*own, STATUS[before] == CheckStatus.OK]


def _in(within: range) -> list[ColumnElement[bool]]:
    return [DomainRow.offset >= within.start, DomainRow.offset < within.stop]
