"""Spaces, the ranges reserved in them, and the names that came of a range."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from db.engine import Session
from db.models import DomainRow, GenerationRangeRow, GenerationSpaceRow


@dataclass(frozen=True)
class Reservation:
    """The offsets [lower, upper) of a space that are one campaign's from now on."""

    lower: int
    upper: int

    @property
    def size(self) -> int:
        """How many offsets there are."""
        return self.upper - self.lower


async def left(session: Session, totals: Mapping[str, int]) -> dict[str, int]:
    """How many offsets of each of these spaces nobody has reserved yet; `totals` are their sizes by key.

    The rows of the spaces are made if need be. They are locked, by key, until the commit, so that campaigns with
    some of their spaces in common take turns.
    """
    found = {}
    for key in sorted(totals):
        await session.execute(_make_space(session, key, totals[key]))
        space = await _locked_space(session, key)
        found[key] = space.total - space.next_offset
    return found


async def reserve(session: Session, key: str, count: int) -> Reservation:
    """Take the next `count` offsets of a space that is locked (see `left`) and has as many."""
    space = await _locked_space(session, key)
    reserved = Reservation(space.next_offset, space.next_offset + count)
    space.next_offset = reserved.upper
    await session.flush()
    return reserved


async def _locked_space(session: Session, key: str) -> GenerationSpaceRow:
    wanted = select(GenerationSpaceRow).where(GenerationSpaceRow.key == key).with_for_update()
    wanted = wanted.execution_options(populate_existing=True)
    return (await session.execute(wanted)).scalar_one()


async def next_offset(session: Session, key: str) -> int:
    """Where the next reservation of a space begins; 0 of one that nobody has reserved anything of."""
    wanted = select(GenerationSpaceRow.next_offset).where(GenerationSpaceRow.key == key)
    return (await session.execute(wanted)).scalar_one_or_none() or 0


def _make_space(session: Session, key: str, total: int) -> sqlite.Insert | postgresql.Insert:
    values = {"key": key, "next_offset": 0, "total": total}
    if session.get_bind().dialect.name == "sqlite":
        return sqlite.insert(GenerationSpaceRow).values(values).on_conflict_do_nothing()
    return postgresql.insert(GenerationSpaceRow).values(values).on_conflict_do_nothing()


async def add_ranges(session: Session, rows: Sequence[GenerationRangeRow]) -> None:
    """Write down what a campaign reserved; nothing of it is enumerated yet."""
    session.add_all(rows)
    await session.flush()


async def ranges(session: Session, campaign_id: UUID) -> Sequence[GenerationRangeRow]:
    """What a campaign reserved of each space, in the order of its offsets; none before it began to generate."""
    wanted = select(GenerationRangeRow).where(GenerationRangeRow.campaign_id == campaign_id)
    return (await session.execute(wanted.order_by(GenerationRangeRow.ordinal))).scalars().all()


async def range_at(session: Session, campaign_id: UUID, within: range) -> GenerationRangeRow | None:
    """The range that lies at the offsets `within` of its campaign; None if the campaign is gone."""
    return (await session.execute(_at(campaign_id, within))).scalar_one_or_none()


async def locked_range(session: Session, campaign_id: UUID, within: range) -> GenerationRangeRow:
    """The range that lies at the offsets `within` of its campaign, locked."""
    wanted = _at(campaign_id, within).with_for_update().execution_options(populate_existing=True)
    return (await session.execute(wanted)).scalar_one()


def _at(campaign_id: UUID, within: range) -> Select[GenerationRangeRow]:
    return select(GenerationRangeRow).where(
        GenerationRangeRow.campaign_id == campaign_id,
        GenerationRangeRow.lower + GenerationRangeRow.shift == within.start,
        GenerationRangeRow.upper + GenerationRangeRow.shift == within.stop,
    )


async def add_names(
    session: Session, campaign_id: UUID, tld: str, names: Sequence[tuple[int, str]], at: datetime
) -> None:
    """Insert domains of one TLD. One that is there already is a defect and fails, for it would be counted twice."""
    rows = [
        {"campaign_id": campaign_id, "offset": offset, "name": name, "tld": tld, "checked_at": at}
        for offset, name in names
    ]
    if rows:
        await (await session.connection()).execute(insert(DomainRow), rows)


async def count_names(session: Session, campaign_id: UUID, lower: int, upper: int) -> int:
    """How many domains of a campaign have an offset in [lower, upper)."""
    wanted = select(func.count()).where(
        DomainRow.campaign_id == campaign_id, DomainRow.offset >= lower, DomainRow.offset < upper
    )
    return (await session.execute(wanted)).scalar_one()
