"""Lists as keyset pages, many of them in one statement.

A page is what comes after a *key*: the values that the list is ordered by, the last of which is unique. So a
page costs the same however far down the list it is, and rows that come or go between two pages neither repeat
nor hide others, as they would with offsets.

Nested lists are asked for in batches (a page of domains for each of twenty campaigns). Each request becomes one
limited SELECT, and the batch one UNION ALL of them: every part walks its own index and stops at its limit, which
a window over the whole table would not, and unlike LATERAL it is SQL that SQLite and PostgreSQL both speak.

Invariants: all columns of a key have the same direction, so that one comparison of row values says "after";
every listing passes the scope into its conditions, so nothing of another owner can enter a page or a count.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Subquery,
    bindparam,
    func,
    literal,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, aliased
from sqlalchemy.types import TypeDecorator

from db.engine import Session
from db.models import Model
from db.plain_rows import PlainRows, Rows
from db.prepared import Prepared
from db.scope import Scope
from db.snapshot import Snapshot
from db.types import EnumText

R = TypeVar("R", bound=Model)
F = TypeVar("F")

Conditions = list[ColumnElement[bool]]
Columns = tuple[InstrumentedAttribute[Any], ...]

PREPARED = 100
_LIMIT = "rows_at_most"
PARTS_PER_STATEMENT = 20
"""To compile a part takes more than a millisecond, in which nobody else is served, and 40 KiB to keep it."""
ROWS_PER_STATEMENT = 1_010
"""So many rows are made in 20 ms: ten pages of the usual size, each with the row that tells whether there are more."""
INT32: Any = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
"""PostgreSQL fails on a greater number where it has a column of this size."""


class Wanted(msgspec.Struct, Generic[F], frozen=True):
    """A page that is asked for: `limit` rows after the key `after`, or from the beginning."""

    filter: F
    order: StrEnum
    descending: bool
    limit: int
    after: tuple[Any, ...] | None = None


@dataclass(frozen=True, eq=False)
class Listing(Generic[R, F]):
    """One kind of list: its rows, the conditions of a scope and a filter, and the key of each order."""

    model: type[R]
    conditions: Callable[[Scope, F], Conditions]
    keys: Mapping[StrEnum, Columns]

    def key(self, order: StrEnum, row: R) -> tuple[Any, ...]:
        """Where `row` stands in this order."""
        return tuple(getattr(row, column.key) for column in self.keys[order])

    def key_types(self, order: StrEnum) -> tuple[type, ...]:
        """The Python types of a key's values, for `msgspec.convert`: no others can be asked for."""
        return tuple(_python_type(column) for column in self.keys[order])

    async def pages(self, session: Session, scope: Scope, wanted: Sequence[Wanted[F]]) -> list[list[R]]:
        """The rows of each page, in the order of the requests; one statement for twenty of them, if they are small."""
        pages: list[list[R]] = []
        for part in _in_parts(wanted):
            if len(part) == 1:
                pages.append(await self._alone(session, scope, part[0]))
            else:
                pages += await self._together(session, scope, part)
        return pages

    async def counts(self, session: Session, scope: Scope, filters: Sequence[F]) -> list[int]:
        """How many rows each filter lets through; one statement for up to twenty of them."""
        counts: list[int] = []
        for start in range(0, len(filters), PARTS_PER_STATEMENT):
            parts = [
                select(literal(number).label("request"), func.count().label("rows"))
                .select_from(self.model)
                .where(*self.conditions(scope, one))
                for number, one in enumerate(filters[start : start + PARTS_PER_STATEMENT])
            ]
            found = {row.request: row.rows for row in await session.execute(union_all(*parts))}
            counts += [found[number] for number in range(len(parts))]
        return counts

    async def count_of(self, snapshot: Snapshot, scope: Scope, wanted: F) -> int:
        """How many rows a filter lets through, by a statement that is made once."""
        ((count,),) = await snapshot.rows(_counting(self, scope, wanted))
        return int(count)

    def count(self, scope: Scope, wanted: F) -> Select[Any]:
        """The statement that counts the rows which a filter lets through."""
        return select(func.count()).select_from(self.model).where(*self.conditions(scope, wanted))

    def page(self, scope: Scope, wanted: Wanted[F]) -> Select[Any]:
        """The statement of one page."""
        columns = self.keys[wanted.order]
        page = select(self.model).where(*self.conditions(scope, wanted.filter))
        if wanted.after is not None:
            end = list(map(_bound, columns, wanted.after))
            page = page.where(_beyond(columns, end, descending=wanted.descending))
        return page.order_by(*_directed(columns, descending=wanted.descending)).limit(wanted.limit)

    async def page_of(self, snapshot: Snapshot, scope: Scope, wanted: Wanted[F]) -> Rows[R]:
        """The rows of one page, by a statement that is made once for all pages of its shape."""
        prepared, values = self._asked(scope, wanted)
        return Rows(self.plain, await snapshot.columns(prepared, values), snapshot.dialect)

    async def _alone(self, session: Session, scope: Scope, wanted: Wanted[F]) -> list[R]:
        prepared, values = self._asked(scope, wanted)
        found = await session.execute(prepared.statement, values)
        return self.plain.read(found.all(), session.get_bind().dialect)

    def _asked(self, scope: Scope, wanted: Wanted[F]) -> tuple[Prepared, dict[str, Any]]:
        prepared = _prepared(self, scope, _shape(wanted), is_first=wanted.after is None)
        values: dict[str, Any] = {_LIMIT: wanted.limit}
        for number, value in enumerate(wanted.after or ()):
            values[_after(number)] = value
        return prepared, values

    def statement(self, scope: Scope, shape: Wanted[F], *, is_first: bool) -> Select[Any]:
        """The statement of all pages of this shape: how long one is, and after which key, are its parameters."""
        columns = self.keys[shape.order]
        page = select(*self.plain.columns).where(*self.conditions(scope, shape.filter))
        if not is_first:
            end = [bindparam(_after(number), type_=column.type) for number, column in enumerate(columns)]
            page = page.where(_beyond(columns, end, descending=shape.descending))
        return page.order_by(*_directed(columns, descending=shape.descending)).limit(
            bindparam(_LIMIT, type_=Integer())
        )

    @cached_property
    def plain(self) -> PlainRows[R]:
        """How its rows are selected and read."""
        return PlainRows(self.model)

    async def _together(self, session: Session, scope: Scope, wanted: Sequence[Wanted[F]]) -> list[list[R]]:
        parts = [self._part(scope, number, one) for number, one in enumerate(wanted)]
        rows = union_all(*parts).subquery()
        listed = select(aliased(self.model, rows), rows.c.request).order_by(rows.c.request, rows.c.place)
        pages: list[list[R]] = [[] for _ in wanted]
        for row, request in await session.execute(listed):
            pages[request].append(row)
        return pages

    def _part(self, scope: Scope, number: int, wanted: Wanted[F]) -> Select[Any]:
        """One page as a part of a union, whose order is not promised: so each row says its place."""
        page: Subquery = self.page(scope, wanted).subquery()
        columns = [page.c[column.expression.name] for column in self.keys[wanted.order]]
        place = func.row_number().over(order_by=_directed(columns, descending=wanted.descending))
        return select(page, literal(number).label("request"), place.label("place"))


def _in_parts(wanted: Sequence[Wanted[F]]) -> list[list[Wanted[F]]]:
    """The pages that one statement asks for, and the next, in their order."""
    parts: list[list[Wanted[F]]] = []
    rows = 0
    for one in wanted:
        rows += one.limit
        if not parts or len(parts[-1]) == PARTS_PER_STATEMENT or rows > ROWS_PER_STATEMENT:
            parts.append([])
            rows = one.limit
        parts[-1].append(one)
    return parts


def _shape(wanted: Wanted[F]) -> Wanted[F]:
    return Wanted(wanted.filter, wanted.order, wanted.descending, 0)


@lru_cache(PREPARED)
def _prepared(listing: Listing[R, F], scope: Scope, shape: Wanted[F], *, is_first: bool) -> Prepared:
    """To put a statement together takes longer than to run it, and most pages are asked for again and again."""
    names = [] if is_first else [_after(number) for number in range(len(listing.keys[shape.order]))]
    return Prepared(
        listing.statement(scope, shape, is_first=is_first), _LIMIT, *names, types=listing.plain.types
    )


@lru_cache(PREPARED)
def _counting(listing: Listing[R, F], scope: Scope, wanted: F) -> Prepared:
    return Prepared(listing.count(scope, wanted))


def _after(number: int) -> str:
    return f"after_{number}"


def _beyond(columns: Columns, end: Sequence[Any], *, descending: bool) -> ColumnElement[bool]:
    place: Any = tuple_(*columns)
    beyond: ColumnElement[bool] = place < tuple_(*end) if descending else place > tuple_(*end)
    return beyond


def _directed(columns: Sequence[Any], *, descending: bool) -> list[ColumnElement[Any]]:
    return [column.desc() if descending else column.asc() for column in columns]


def _python_type(column: InstrumentedAttribute[Any]) -> Any:
    kind = column.type
    if isinstance(kind, EnumText):
        return kind.enum
    if isinstance(kind, Integer) and not isinstance(kind, BigInteger):
        return INT32
    return kind.impl_instance.python_type if isinstance(kind, TypeDecorator) else kind.python_type


def _bound(column: InstrumentedAttribute[Any], value: object) -> ColumnElement[Any]:
    return literal(value, column.type)


def holds(column: InstrumentedAttribute[str], text: str | None) -> Conditions:
    """That a name holds `text`, whatever the case of its letters; nothing if there is no text."""
    return [] if text is None else [column.icontains(text, autoescape=True)]


def among(column: InstrumentedAttribute[Any], values: Collection[object] | None) -> Conditions:
    """That a column is one of `values`; nothing if none were given, nobody if the list is empty."""
    return [] if values is None else [column.in_(values)]


def equals(column: InstrumentedAttribute[Any], value: object | None) -> Conditions:
    """That a column is `value`; nothing if there is none."""
    return [] if value is None else [column == value]
