"""All rows of a statement as one row, which SQLite gives in one step: a list of the values of each column.

`sqlite3` gives the interpreter's lock up several times for each row, and whoever waits for it is woken each time: fifty
rows that a thread reads while the event loop has something to do cost both of them more than SQLite. As one text of
JSON they are one row, made where nobody needs the lock.

What JSON does not have is told in another way: floating-point numbers with 20 digits after the first, more than it
takes to be exact (SQLite's own JSON has 15 in all), and bytes as hexadecimal digits. A statement has its rows in this
form only if it has a limit: SQLite keeps the order of what it puts together only from those. What cannot be told this
way at all, such as a text that is none, is an error, and then the statement is asked as it is.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Float, LargeBinary
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

Make = Callable[[str], Any]
Columns = Sequence[Sequence[Any]]
"""The values of each column, in the order of the rows."""


class Folded(NamedTuple):
    """The text that gives one row of so many columns, and which of them are to be made of text, by their places."""

    text: str
    width: int
    made: Sequence[tuple[int, Make]]

    def columns(self, found: str) -> Columns:
        """The columns of what the statement itself would give.

        Raises:
            msgspec.DecodeError: it is no JSON: a text is in no encoding, say.
        """
        columns: list[list[Any]] = msgspec.json.decode(found)
        for place, make in self.made:
            columns[place] = [None if value is None else make(value) for value in columns[place]]
        return columns


def folded(text: str, types: Mapping[str, TypeEngine[Any]], dialect: Dialect) -> Folded:
    """The same of a statement with a limit, whose columns have these names and types in this order."""
    told, made = [], []
    for place, (name, kind) in enumerate(types.items()):
        column = dialect.identifier_preparer.quote(name)
        form, make = _form(kind)
        told.append(f"json_group_array({form.format(column)})")
        if make is not None:
            made.append((place, make))
    # Of names of columns, and of a statement that has its values as parameters.
    return Folded(f"SELECT json_array({', '.join(told)}) FROM ({text})", len(told), made)  # noqa: S608


def transposed(rows: Sequence[Sequence[Any]], width: int) -> Columns:
    """The columns of rows of so many values, of which there may be none."""
    return list(zip(*rows, strict=True)) if rows else [()] * width


def _form(kind: TypeEngine[Any]) -> tuple[str, Make | None]:
    if isinstance(kind, Float):
        return "CASE WHEN {0} IS NOT NULL THEN printf('%!.20e', {0}) END", float
    if isinstance(kind, LargeBinary):
        return "CASE WHEN {0} IS NOT NULL THEN hex({0}) END", bytes.fromhex
    return "{0}", None
