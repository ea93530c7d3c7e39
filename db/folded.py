"""All rows of a statement as one row, which SQLite gives in one step: a list of the values of each column.

`sqlite3` gives the interpreter's lock up several times for each row, and whoever waits for it is woken each time: fifty
rows that a thread reads while the event loop has something to do cost both of them more than SQLite. As one text of
JSON they are one row, made where nobody needs the lock.

What JSON does not have is told in another way: floating-point numbers with 18 digits after the first, which is more
than it takes to be exact (SQLite's own JSON has 15 in all), and bytes as hexadecimal digits. A statement has its rows
in this form only if it has a limit: SQLite keeps the order of what it puts together only from those. What cannot be
told this way at all, such as a text that is none, is an error, and then the statement is asked as it is.

A second row of nothing is there so that the statement is not at its end when its row is taken: as long as it is not
closed, whatever is read on the same connection is of the same state.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, cast

import msgspec
from sqlalchemy import Float, LargeBinary
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

Columns = Sequence[Sequence[Any]]
"""The values of each column, in the order of the rows."""
_CANNOT_BE_TOLD = frozenset({sqlite3.SQLITE_ERROR, sqlite3.SQLITE_TOOBIG})


class Folded(NamedTuple):
    """The text that gives one row, how it is decoded, and which columns in it are bytes, by their places."""

    text: str
    decode: Callable[[bytes], tuple[list[Any], ...]]
    bytes_at: Sequence[int]

    def columns(self, found: bytes) -> Columns:
        """The columns of what the statement itself would give.

        Raises:
            msgspec.DecodeError: it is no JSON, as an infinite number is none.
            UnicodeDecodeError: a text is in no encoding.
        """
        columns = self.decode(found)
        for place in self.bytes_at:
            columns[place][:] = [None if value is None else bytes.fromhex(value) for value in columns[place]]
        return columns


class Unfolding:
    """A statement that is asked for its columns; as long as it is not closed, it holds the state that it has read."""

    def __init__(self, raw: sqlite3.Connection, folded: Folded, values: Sequence[Any]) -> None:
        self._folded = folded
        self._values = values
        self._cursor = raw.cursor()
        self._is_told = True

    def __repr__(self) -> str:
        return f"<Unfolding of {self._folded.text}>"

    def ask(self) -> None:
        """Have SQLite make the row, in a thread.

        Raises:
            sqlite3.Error: whatever SQLite says, except that the columns cannot be told this way.
        """
        try:
            self._cursor.execute(self._folded.text, self._values)
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", None) not in _CANNOT_BE_TOLD:
                raise
            self._is_told = False

    def columns(self) -> Columns | None:
        """What was found, which is in memory; None if it cannot be told this way, and nothing is held."""
        try:
            if self._is_told:
                return self._folded.columns(self._cursor.fetchone()[0])
        except (msgspec.DecodeError, UnicodeDecodeError):
            self.close()
        return None

    def close(self) -> None:
        """Give the state up, which waits for no disk. Where a connection was closed meanwhile, nothing is held."""
        with suppress(sqlite3.ProgrammingError):
            self._cursor.close()


def folded(text: str, types: Mapping[str, TypeEngine[Any]], dialect: Dialect) -> Folded:
    """The same of a statement with a limit, whose columns have these names and types in this order."""
    told, values, bytes_at = [], [], []
    for place, (name, kind) in enumerate(types.items()):
        form, value = "{0}", cast("Any", Any)
        if isinstance(kind, Float):
            form, value = "CASE WHEN {0} IS NOT NULL THEN printf('%!.18e', {0}) END", float | None
        elif isinstance(kind, LargeBinary):
            form = "CASE WHEN {0} IS NOT NULL THEN hex({0}) END"
            bytes_at.append(place)
        told.append(f"json_group_array({form.format(dialect.identifier_preparer.quote(name))})")
        values.append(list[value])  # type: ignore[valid-type]
    # Numbers that are text are made numbers where the type says so.
    decoder = msgspec.json.Decoder(tuple[tuple(values)], strict=False)  # type: ignore[misc]
    # Of names of columns, and of a statement that has its values as parameters.
    one = f"SELECT CAST(json_array({', '.join(told)}) AS BLOB) FROM ({text}) UNION ALL SELECT NULL"  # noqa: S608
    return Folded(one, decoder.decode, bytes_at)


def transposed(rows: Sequence[Sequence[Any]], width: int) -> Columns:
    """The columns of rows of so many values, of which there may be none."""
    return list(zip(*rows, strict=True)) if rows else [()] * width
