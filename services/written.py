"""What every verb gives back, and the transaction that it runs in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from db.repositories import event_log
from db.unit_of_work import Database, UnitOfWork

T = TypeVar("T")


@dataclass(frozen=True)
class Written(Generic[T]):
    """What was changed, and the position of the change's last event, which is the caller's cursor.

    A verb that found nothing to change recorded nothing; `position` is then where the log ended.
    """

    value: T
    position: int


@asynccontextmanager
async def transaction(database: Database, seconds: float | None = None) -> AsyncIterator[UnitOfWork]:
    """A unit of work whose `position`, once it is over, is the caller's cursor even if nothing was recorded.

    Args:
        database: where it takes place.
        seconds: how long it may take, if it may touch very many rows.

    Raises:
        Conflict: something with the same unique name or address was there first.
        Unavailable: the database does not answer.
    """
    async with database.write(seconds) as unit:
        yield unit
        if not unit.pending and unit.position == 0:
            unit.position = (await event_log.head(unit.session)).position
