"""Rows that are only read: what a model has in its columns, as plain objects with the same attributes.

SQLAlchemy's own objects know the session that they are of and what was changed on them, which costs several times what
reading them does; a list of fifty needs none of it. So the driver's values are taken as they are and converted here,
a column at a time, to what the types of the columns (`db/types.py`) make of them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import starmap
from typing import Any, Generic, NamedTuple, TypeVar, cast, overload
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Float, Uuid, inspect, type_coerce
from sqlalchemy.engine import Dialect
from sqlalchemy.types import NullType, TypeEngine

from db.folded import Columns, transposed
from db.models import Model
from db.types import EnumText, UtcDateTime

R = TypeVar("R", bound=Model)

Convert = Callable[[Sequence[Any]], Iterable[Any]]


class Rows(Sequence[R]):
    """Rows of a list: their columns with the driver's values, and plain objects for whoever wants those.

    `plain` says which column is where, and `dialect` whose values they are.
    """

    __slots__ = ("_read", "columns", "dialect", "plain")

    def __init__(self, plain: "PlainRows[R]", columns: Columns, dialect: Dialect) -> None:
        self.plain = plain
        self.columns = columns
        self.dialect = dialect
        self._read: list[R] | None = None

    def __repr__(self) -> str:
        return f"<Rows {len(self)}>"

    def __len__(self) -> int:
        return len(self.columns[0])

    @overload
    def __getitem__(self, index: int) -> R: ...

    @overload
    def __getitem__(self, index: slice) -> "Rows[R]": ...

    def __getitem__(self, index: int | slice) -> "R | Rows[R]":
        if isinstance(index, slice):
            return Rows(self.plain, [column[index] for column in self.columns], self.dialect)
        return self._all()[index]

    def __iter__(self) -> Iterator[R]:
        return iter(self._all())

    def _all(self) -> list[R]:
        """The objects, made when they are first asked for.

        Raises:
            ValueError: a value is none of its column's type.
        """
        if self._read is None:
            self._read = self.plain.of(self.columns, self.dialect)
        return self._read


class Stored(NamedTuple):
    """How a driver has the values of a column: as Python's own, unless one of these says otherwise.

    `enum` is whose members' values they are, `is_moment` is said of those in UTC, which SQLite has as text, and
    `process` makes Python's of one.
    """

    enum: type[StrEnum] | None = None
    is_moment: bool = False
    process: Callable[[Any], Any] | None = None


class PlainRows(Generic[R]):
    """How the rows of one model are selected and read."""

    def __init__(self, model: type[R]) -> None:
        attributes = list(inspect(model).column_attrs)
        self.types: dict[str, TypeEngine[Any]] = {each.key: each.columns[0].type for each in attributes}
        """Of each attribute, in the order of the columns."""
        self._shape: Any = msgspec.defstruct(
            f"Plain{model.__name__}", [(each.key, Any) for each in attributes], frozen=True, gc=False
        )
        self._converts: dict[str, list[Convert | None]] = {}
        self.columns: list[ColumnElement[Any]] = [
            type_coerce(each.columns[0], NullType()).label(each.key) for each in attributes
        ]
        """What to select, and to give to `read` as it comes."""

    def stored(self, name: str, dialect: Dialect) -> Stored:
        """How the driver has the values of an attribute."""
        kind = self.types[name]
        if isinstance(kind, EnumText):
            return Stored(enum=kind.enum)
        if _convert(kind, dialect) is None:
            return Stored()
        process = kind.dialect_impl(dialect).result_processor(dialect, None)
        return Stored(is_moment=isinstance(kind, UtcDateTime), process=process)

    def read(self, rows: Sequence[Sequence[Any]], dialect: Dialect) -> list[R]:
        """The rows, which have the attributes of the model and none of its ties.

        Raises:
            ValueError: a value is none of its column's type.
        """
        return self.of(transposed(rows, len(self.types)), dialect)

    def of(self, columns: Columns, dialect: Dialect) -> list[R]:
        """The same of all columns; raises the same."""
        converts = self._converts.get(dialect.name)
        if converts is None:
            converts = self._converts[dialect.name] = [
                _convert(each, dialect) for each in self.types.values()
            ]
        values = [
            column if convert is None else convert(column)
            for column, convert in zip(columns, converts, strict=True)
        ]
        return cast("list[R]", list(starmap(self._shape, zip(*values, strict=True))))


def _convert(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    """What makes Python's values of a column's; None if they are those of the driver."""
    if isinstance(kind, EnumText):
        return _enum(kind.enum)
    if dialect.name == "sqlite" and isinstance(kind, UtcDateTime):
        return _moments
    if dialect.name == "sqlite" and isinstance(kind, Uuid):
        return _uuids
    if isinstance(kind, Float):
        # All drivers give floating-point numbers; SQLAlchemy would ask PostgreSQL's which kind of number it is.
        return None
    process = kind.dialect_impl(dialect).result_processor(dialect, None)
    return None if process is None else lambda column: map(process, column)


def _enum(enum: Callable[[str], Any]) -> Convert:
    known: dict[str | None, Any] = {member.value: member for member in cast("Iterable[Any]", enum)}
    known[None] = None

    def convert(column: Sequence[Any]) -> Iterable[Any]:
        try:
            return [known[value] for value in column]
        except KeyError as error:
            # It says what it is that is unknown.
            return [enum(error.args[0])]

    return convert


def _moments(column: Sequence[Any]) -> Iterable[datetime | None]:
    # SQLite forgets time zones, and all that is stored is in UTC.
    return [None if value is None else datetime.fromisoformat(f"{value}+00:00") for value in column]


def _uuids(column: Sequence[Any]) -> Iterable[UUID | None]:
    return msgspec.convert(column, list[UUID | None])
