"""Everything that is stored sealed: passwords of proxies, and lines of imports that are still to be done."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Column, ColumnElement, Table, and_, func, select, tuple_, update

from db.engine import Session
from db.models import BulkItemRow, Model, ProxyRow

Place = tuple[Any, ...]


class Store(NamedTuple):
    """A table and its column with sealed values."""

    table: Table
    column: Column[Any]

    @property
    def key(self) -> Sequence[Column[Any]]:
        """The primary key."""
        return [*self.table.primary_key]


class Found(NamedTuple):
    """Where a sealed value stands, and what it is."""

    place: Place
    sealed: bytes


def _store(model: type[Model], column: str) -> Store:
    table = model.metadata.tables[model.__tablename__]
    return Store(table, table.c[column])


STORES = (_store(ProxyRow, "password_sealed"), _store(BulkItemRow, "input_sealed"))


async def others(
    session: Session, store: Store, label: bytes, after: Place | None, most: int, *, skip_locked: bool
) -> Sequence[Found]:
    """The next values behind a place that do not begin with `label`, locked until the transaction ends.

    Args:
        session: a transaction that writes.
        store: where they are.
        label: how those begin that are not wanted.
        after: the place of the last one that was looked at; None for the first.
        most: how many at once.
        skip_locked: leave those out that somebody else has locked, and do not wait for them.
    """
    wanted = select(*store.key, store.column).where(store.column.is_not(None), ~_begins(store.column, label))
    if after is not None:
        wanted = wanted.where(tuple_(*store.key) > tuple_(*after))
    wanted = wanted.order_by(*store.key).limit(most).with_for_update(skip_locked=skip_locked)
    return [Found(tuple(row[:-1]), row[-1]) for row in (await session.execute(wanted)).all()]


async def put(session: Session, store: Store, found: Found, sealed: bytes) -> None:
    """Store another seal in a place that `others` has locked."""
    is_here = and_(*(column == value for column, value in zip(store.key, found.place, strict=True)))
    await session.execute(update(store.table).where(is_here).values({store.column: sealed}))


async def count(session: Session, label: bytes = b"") -> int:
    """How many values begin with `label`."""
    total = 0
    for store in STORES:
        wanted = select(func.count()).select_from(store.table).where(_begins(store.column, label))
        total += (await session.execute(wanted)).scalar_one()
    return total


def _begins(column: Column[Any], label: bytes) -> ColumnElement[bool]:
    """Both databases compare bytes one by one, and neither has LIKE for them with all drivers."""
    if not label:
        return column.is_not(None)
    return and_(column >= label, column < label[:-1] + bytes([label[-1] + 1]))
