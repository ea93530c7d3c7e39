"""From the rows of a list to what is told of them, without the objects that stand between.

What the driver gives is looked at once: a column is told as it is, or as the name of an enum's member, as a moment, or
as an id. Which column a field of a type is, is found by making one object of a row that is known
(`from_row` has to be marked by `straight`, which says that it takes each field as it is in a column). Whatever else is
selected, and whatever value is not as it should be, is for those who make objects.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, TypeVar
from uuid import UUID

from db.plain_rows import PlainRows, Rows, Stored
from graph import node_ids
from graph.compiling.leaves import Complete, NotPlain, Short
from graph.compiling.writing import Plain, rows_written

F = TypeVar("F", bound=Callable[..., Any])

KEPT_IDS = 10_000
_MOMENT = Short(
    'type({x}) is str and len(x) == 26 and x[10] == " "',
    'x[:10] + "T" + (x[11:19] if x[19:] == ".000000" else x[11:]) + "Z"',
    {},
)
"""SQLite has its moments in UTC, with their microseconds."""

Told = Callable[[Sequence[Any]], list[dict[str, Any]]]


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
        return told(rows.raw)


def _written(plain: Sequence[Plain], node: Any, rows: Rows[Any]) -> Told | None:
    if not getattr(node, "is_straight", False) or rows.dialect.name != "sqlite":
        return None
    columns = _columns(node, rows.plain)
    fields = [_field(each, columns, rows, node.__self__.__name__) for each in plain]
    found = [each for each in fields if each is not None]
    return rows_written(found) if len(found) == len(fields) else None


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


def _field(each: Plain, columns: Mapping[str, str], rows: Rows[Any], type_name: str) -> Plain | None:
    """The same field, read from a row of the driver's; None if it takes the object."""
    name = columns.get(each.attribute or "")
    if name is None:
        return each if each.is_constant else None
    found = each._replace(attribute=f"[{list(rows.plain.types).index(name)}]")
    if each.attribute == "id":
        return found._replace(short=None, complete=_ident(type_name))
    return _converted(found, rows.plain.stored(name, rows.dialect))


def _converted(each: Plain, stored: Stored) -> Plain:
    """A field whose column may have other values than Python."""
    if stored.enum is not None:
        names = {member.value: each.complete(member) for member in stored.enum}
        return each._replace(
            short=Short("{x} in {names}", "{names}[x]", {"names": names}), complete=_null(each)
        )
    if stored.is_moment:
        return each._replace(short=_MOMENT, complete=_null(each))
    process = stored.process
    if process is None:
        return each
    return each._replace(short=None, complete=lambda value: each.complete(process(value)))


def _ident(type_name: str) -> Callable[[str], str]:
    @lru_cache(KEPT_IDS)
    def ident(text: str) -> str:
        return node_ids.encode(type_name, UUID(text))

    return ident


def _null(each: Plain) -> Complete:
    """What is told of null; any other value is for those who make objects."""

    def null(value: Any) -> Any:
        if value is not None:
            raise NotPlain
        return each.complete(None)

    return null
