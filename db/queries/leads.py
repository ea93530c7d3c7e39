"""What the domains of a campaign sum up to: tallies, buckets, key figures, and what a new scoring has moved.

Each is asked of many campaigns at once and is one statement for up to 100 of them. What looks at the domains is
bounded: it takes no more than `LOOKED` of each campaign, so that a large one costs no more than many.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import (
    Case,
    ColumnElement,
    Row,
    Select,
    Subquery,
    Text,
    and_,
    case,
    func,
    literal,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute

from db.engine import Session
from db.models import DomainRow, EventRow, TalliesRow
from db.queries.listing import PARTS_PER_STATEMENT
from vocabulary.checks import CheckStatus
from vocabulary.leads import Bucket, PageWarning, Rejection, Tallies

LOOKED = 100_000
MOVED_LOOKED = 20_000


class Figures(msgspec.Struct, frozen=True):
    """Key figures of a campaign's accepted pages that extraction has read, or of the first `LOOKED` of them.

    `warned` are pages with any warning; `median_gain` is of the pages that extra pages gained anything.
    """

    pages: int = 0
    with_keywords: int = 0
    average_richness: float = 0.0
    warned: int = 0
    stuffing: int = 0
    repetition: int = 0
    anchors: int = 0
    median_gain: float = 0.0


async def tallies(session: Session, ids: Sequence[UUID]) -> Mapping[UUID, Tallies]:
    """How many domains of these campaigns have each rejection that stands."""
    wanted = select(TalliesRow).where(TalliesRow.campaign_id.in_(ids))
    names = Tallies.__struct_fields__
    return {
        row.campaign_id: Tallies(*(getattr(row, name) for name in names))
        for row in (await session.execute(wanted)).scalars()
    }


async def newest(session: Session, ids: Sequence[UUID]) -> Mapping[UUID, tuple[int, int]]:
    """Position and tag of the newest event about each of these campaigns; one without any is missing."""
    positions = (
        select(func.max(EventRow.position))
        .where(EventRow.campaign_id.in_(ids))
        .group_by(EventRow.campaign_id)
    )
    wanted = select(EventRow.campaign_id, EventRow.position, EventRow.tag).where(
        EventRow.position.in_(positions)
    )
    return {
        ident: (position, tag) for ident, position, tag in await session.execute(wanted) if ident is not None
    }


async def pending(session: Session, ids: Sequence[UUID]) -> Mapping[UUID, int]:
    """How many domains of these campaigns are not decided on, counted one by one; 0 is missing."""
    wanted = (
        select(DomainRow.campaign_id, func.count())
        .where(DomainRow.campaign_id.in_(ids), DomainRow.rejection == Rejection.PENDING)
        .group_by(DomainRow.campaign_id)
    )
    return {row[0]: row[1] for row in await session.execute(wanted)}


async def buckets(session: Session, ids: Sequence[UUID]) -> Mapping[UUID, Mapping[Bucket, int]]:
    """How many domains of these campaigns are in each bucket; an empty bucket is missing."""

    def part(ident: UUID) -> Select[Any]:
        looked = _looked(ident, DomainRow.enrichment_status, LOOKED, DomainRow.bucket)
        return select(_named(ident), looked.c.bucket, func.count().label("domains")).group_by(looked.c.bucket)

    found: dict[UUID, dict[Bucket, int]] = {}
    async for row in _each(session, ids, part):
        if row.bucket is not None:
            found.setdefault(row.campaign, {})[Bucket(row.bucket)] = row.domains
    return found


async def figures(session: Session, ids: Sequence[UUID]) -> Mapping[UUID, Figures]:
    """The key figures of these campaigns."""
    gains = {row.campaign: float(row.gain or 0.0) async for row in _each(session, ids, _median_gain)}
    return {
        row.campaign: Figures(
            pages=row.pages,
            with_keywords=row.with_keywords or 0,
            average_richness=float(row.richness or 0.0),
            warned=row.warned or 0,
            stuffing=row.stuffing or 0,
            repetition=row.repetition or 0,
            anchors=row.anchors or 0,
            median_gain=gains.get(row.campaign, 0.0),
        )
        async for row in _each(session, ids, _summed)
    }


async def moved(session: Session, ids: Sequence[UUID]) -> Mapping[UUID, list[tuple[str, float, float]]]:
    """Name, score before and score now of domains that were scored anew, `MOVED_LOOKED` of each campaign at most."""

    def part(ident: UUID) -> Select[Any]:
        columns = (DomainRow.name, DomainRow.previous_score, DomainRow.score)
        again = DomainRow.previous_score.is_not(None)
        looked = _looked(ident, DomainRow.analysis_status, MOVED_LOOKED, *columns, where=again)
        return select(_named(ident), looked)

    found: dict[UUID, list[tuple[str, float, float]]] = {}
    async for row in _each(session, ids, part):
        found.setdefault(row.campaign, []).append((row.name, row.previous_score, row.score))
    return found


def _summed(ident: UUID) -> Select[Any]:
    columns = (DomainRow.keywords_unique, DomainRow.richness, DomainRow.has_warnings)
    warned = (_warned_of(warning).label(warning.value) for warning in PageWarning)
    rows = _looked(ident, DomainRow.extraction_status, LOOKED, *columns, *warned).c
    return select(
        _named(ident),
        func.count().label("pages"),
        func.sum(case((rows.keywords_unique > 0, 1), else_=0)).label("with_keywords"),
        func.avg(rows.richness).label("richness"),
        func.sum(case((rows.has_warnings, 1), else_=0)).label("warned"),
        *(func.sum(rows[warning.value]).label(warning.value.lower()) for warning in PageWarning),
    )


def _median_gain(ident: UUID) -> Select[Any]:
    """The mean of the one or two in the middle; without any there is no row of a number."""
    gain = DomainRow.microcrawl_gain
    looked = _looked(ident, DomainRow.extraction_status, LOOKED, gain, where=gain > 0)
    place = func.row_number().over(order_by=looked.c.microcrawl_gain).label("place")
    ranked = select(looked.c.microcrawl_gain, place, func.count().over().label("size")).subquery()
    half = ranked.c.size / 2.0
    return select(_named(ident), func.avg(ranked.c.microcrawl_gain).label("gain")).where(
        ranked.c.place >= half, ranked.c.place <= half + 1
    )


def _warned_of(warning: PageWarning) -> Case[int]:
    """1 for a page with this warning, else 0.

    The features are stored as JSON text that ends with the list of warnings, and quotes inside a string of it are
    escaped: so nothing that a page says can look like a member of that list.
    """
    text = type_coerce(DomainRow.features, Text)
    is_warned = and_(DomainRow.has_warnings, text.like(f'%"warnings":[%"{warning.value}"%'))
    return case((is_warned, 1), else_=0)


def _looked(
    ident: UUID,
    status: InstrumentedAttribute[CheckStatus],
    most: int,
    *columns: Any,
    where: ColumnElement[bool] | None = None,
) -> Subquery:
    """The first domains of a campaign that a phase has decided on, by offset."""
    wanted = select(*columns).where(DomainRow.campaign_id == ident, status == CheckStatus.OK)
    wanted = wanted if where is None else wanted.where(where)
    return wanted.order_by(DomainRow.offset).limit(most).subquery()


def _named(ident: UUID) -> ColumnElement[UUID]:
    return literal(ident, DomainRow.campaign_id.type).label("campaign")


async def _each(
    session: Session, ids: Sequence[UUID], part: Callable[[UUID], Select[Any]]
) -> AsyncIterator[Row[Any]]:
    """The rows of a statement for each campaign, as one statement for up to `PARTS_PER_STATEMENT` of them."""
    for start in range(0, len(ids), PARTS_PER_STATEMENT):
        parts = [select(part(ident).subquery()) for ident in ids[start : start + PARTS_PER_STATEMENT]]
        for row in await session.execute(union_all(*parts)):
            yield row
