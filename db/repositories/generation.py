"""Spaces, the ranges reserved in them, and the names that came of a range."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from sqlalchemy import func, insert, select
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

    @classmethod
    def next(cls, lower: int, total: int, count: int) -> Self:
        """The next `count` offsets from `lower` on (0: all that are left), cut to what is left of `total`."""
        left = total - lower
        return cls(lower, lower + (left if count == 0 else min(count, left)))


async def reserve(session: Session, key: str, total: int, count: int) -> Reservation:
    """Take the next `count` offsets of a space (0: all that are left), cut to what is left.

    The row of the space is made if need be, and stays locked until the commit.
    """
    await session.execute(_make_space(session, key, total))
    wanted = select(GenerationSpaceRow).where(GenerationSpaceRow.key == key).with_for_update()
    wanted = wanted.execution_options(populate_existing=True)
    space = (await session.execute(wanted)).scalar_one()
    reserved = Reservation.next(space.next_offset, space.total, count)
    space.next_offset = reserved.upper
    return reserved


async def next_offset(session: Session, key: str) -> int:
    """Where the next reservation of a space begins; 0 of one that nobody has reserved anything of."""
    wanted = select(GenerationSpaceRow.next_offset).where(GenerationSpaceRow.key == key)
    return (await session.execute(wanted)).scalar_one_or_none() or 0


def _make_space(session: Session, key: str, total: int) -> sqlite.Insert | postgresql.Insert:
    values = {"key": key, "next_offset": 0, "total": total}
    if session.get_bind().dialect.name == "sqlite":
        return sqlite.insert(GenerationSpaceRow).values(values).on_conflict_do_nothing()
    return postgresql.insert(GenerationSpaceRow).values(values).on_conflict_do_nothing()


async def add_range(session: Session, campaign_id: UUID, key: str, reserved: Reservation) -> None:
    """Write down what a campaign reserved; nothing of it is enumerated yet."""
    row = GenerationRangeRow(
        campaign_id=campaign_id,
        space_key=key,
        lower=reserved.lower,
        upper=reserved.upper,
        position=reserved.lower,
    )
    session.add(row)
    await session.flush()


async def locked_range(session: Session, campaign_id: UUID) -> GenerationRangeRow:
    """The range of a campaign, locked."""
    wanted = select(GenerationRangeRow).where(GenerationRangeRow.campaign_id == campaign_id).with_for_update()
    return (await session.execute(wanted.execution_options(populate_existing=True))).scalar_one()


async def position(session: Session, campaign_id: UUID) -> int | None:
    """Up to where the range of a campaign is enumerated; None if the campaign is gone."""
    wanted = select(GenerationRangeRow.position).where(GenerationRangeRow.campaign_id == campaign_id)
    return (await session.execute(wanted)).scalar_one_or_none()


async def add_names(session: Session, campaign_id: UUID, names: Sequence[tuple[int, str]]) -> None:
    """Insert domains. One that is there already is a defect and fails, for it would be counted twice."""
    if names:
        rows = [{"campaign_id": campaign_id, "offset": offset, "name": name} for offset, name in names]
        await (await session.connection()).execute(insert(DomainRow), rows)


async def count_names(session: Session, campaign_id: UUID, lower: int, upper: int) -> int:
    """How many domains of a campaign have an offset in [lower, upper)."""
    wanted = select(func.count()).where(
        DomainRow.campaign_id == campaign_id, DomainRow.offset >= lower, DomainRow.offset < upper
    )
    return (await session.execute(wanted)).scalar_one()
