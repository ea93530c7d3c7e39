"""From the rows of a list to what is told of them, without the objects that stand between.

What the driver gives is looked at once: a column is told as it is, or as the name of an enum's member, as a moment, or
as an id. Which column a field of a type is, is found by making one object of a row that is known
(`from_row` has to be marked by `straight`, which says that it takes each field as it is in a column). Whatever else is
selected, and whatever value is not as it should be, is for those who make objects.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from types import SimpleNamespace
from typing import Any, TypeVar
from uuid import UUID

from db.plain_rows import PlainRows, Rows, Stored
from graph import node_ids
from graph.compiling.leaves import Complete, NotPlain, Short
from graph.compiling.writing import Plain, columns_written

F = TypeVar("F", bound=Callable[..., Any])

KEPT = 10_000
"""Of each type's ids, and of the moments, as they are told: lists are asked for again and again, and all documents that
ask for them share these, or each would have some MB of its own."""

Told = Callable[[Sequence[Sequence[Any]]], list[dict[str, Any]]]


def straight(from_row: F) -> F:
    """Mark what takes each field as it is in a column of the row, whatever is in it, and `id` of its key."""
    from_row.is_straight = True  # type: ignore[attr-defined]
    return from_row


def with_straight_way(way: Callable[[Sequence[Plain]], Callable[[Any], Any]]) -> Callable[[F], F]:
    """Say of a resolver how what it gives can be told of its object at once, for the plain fields of the items."""

    def decorate(resolver: F) -> F:
        resolver.straight_way = way  # type: ignore[attr-defined]
        return resolver

    return decorate


class Straight:
    """What is selected of the objects of a list, by who makes them of which rows."""

    def __init__(self, plain: Sequence[Plain]) -> None:
        self._plain = plain
        self._known: dict[tuple[Any, str], Told | None] = {}

    def __repr__(self) -> str:
        return f"<Straight for {len(self._known)} kinds of rows>"

    def told(self, rows: Rows[Any], node: Any) -> list[dict[str, Any]]:
        """What is told of the rows of which `node` makes the objects.

        Raises:
            NotPlain: it takes the objects to know.
            Exception: whatever else is amiss with a value.
        """
        key = (node, rows.dialect.name)
        if key not in self._known:
            self._known[key] = _written(self._plain, node, rows)
        told = self._known[key]
        if told is None:
            raise NotPlain
        return told(rows.columns)


def _written(plain: Sequence[Plain], node: Any, rows: Rows[Any]) -> Told | None:
    if not getattr(node, "is_straight", False) or all(each.is_constant for each in plain):
        return None
    columns, places = _columns(node, rows.plain), list(rows.plain.types)
    names = [columns.get(each.attribute or "") for each in plain]
    if any(name is None and not each.is_constant for name, each in zip(names, plain, strict=True)):
        return None
    type_name = node.__self__.__name__
    fields = [
        each if name is None else _field(each, rows.plain.stored(name, rows.dialect), type_name)
        for name, each in zip(names, plain, strict=True)
    ]
    return columns_written(fields, [0 if name is None else places.index(name) for name in names])


def _columns(node: Any, plain: PlainRows[Any]) -> Mapping[str, str]:
    """Which column each attribute of the objects is."""
    row = SimpleNamespace(**{name: object() for name in plain.types})
    row.id = UUID(int=1)
    names = {id(value): name for name, value in vars(row).items()}
    made = node(row)
    return {
        name: "id" if name == "id" else names[id(value)]
        for name, value in vars(made).items()
        if id(value) in names or value == node_ids.encode(type(made).__name__, row.id)
    }


def _field(each: Plain, stored: Stored, type_name: str) -> Plain:
    """The same field, of the values that the driver has of its column."""
    if each.attribute == "id":
        return each._replace(short=None, complete=_idents(type_name))
    if stored.enum is not None:
        names = {member.value: each.complete(member) for member in stored.enum}
        return each._replace(
            short=Short("{x} in {names}", "{names}[x]", {"names": names}), complete=_null(each)
        )
    process = stored.process
    if process is None:
        return each
    if stored.is_moment:
        return each._replace(short=None, complete=_moment_or_null if _may_be_null(each) else _moment)

    def complete(value: Any) -> Any:
        return each.complete(process(value))

    return each._replace(short=None, complete=complete)


@cache
def _idents(type_name: str) -> Callable[[Any], str]:
    """What an id is told as of a key, which drivers have as text or as itself."""

    @lru_cache(KEPT)
    def ident(value: Any) -> str:
        return node_ids.encode(type_name, value if isinstance(value, UUID) else UUID(value))

    return ident


@lru_cache(KEPT)
def _moment(x: Any) -> str:
    """SQLite has its moments as text in UTC, with their microseconds; other drivers give Python's."""
    if isinstance(x, datetime) and x.tzinfo is not None:
        return x.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"
    if type(x) is not str or len(x) != 26 or x[10] != " ":
        raise NotPlain
    return f"{x[:10]}T{x[11:19] if x[19:] == '.000000' else x[11:]}Z"


@lru_cache(KEPT)
def _moment_or_null(x: Any) -> str | None:
    return None if x is None else _moment.__wrapped__(x)


def _may_be_null(each: Plain) -> bool:
    try:
        return each.complete(None) is None
    except Exception:  # noqa: BLE001  Whatever it says, it says no.
        return False


def _null(each: Plain) -> Complete:
    """What is told of null; any other value is for those who make objects."""

    def null(value: Any) -> Any:
        if value is not None:
            raise NotPlain
        return each.complete(None)

    return null
