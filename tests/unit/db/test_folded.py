"""All columns as one row are those of the rows: the same values of the same types, in the same order."""

import math
import sqlite3
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Boolean, Double, LargeBinary, Text, Uuid, bindparam, column, select, table
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.types import TypeEngine

from db import models
from db.folded import Columns, Unfolding, transposed
from db.models import Model
from db.plain_rows import PlainRows
from db.prepared import Prepared, Sent
from db.sqlite_reads import rows_of

MODELS = sorted((each.class_ for each in Model.registry.mappers), key=lambda each: each.__name__)
DIALECT = SQLiteDialect(paramstyle="qmark")
TYPES: Mapping[str, TypeEngine[Any]] = {
    "number": BigInteger(),
    "order": Double(),
    "text": Text(),
    "data": LargeBinary(),
    "flag": Boolean(),
    "ident": Uuid(),
}
THINGS = table("things", *(column(name, kind) for name, kind in TYPES.items()))
ALL = Prepared(
    select(*THINGS.columns).order_by(THINGS.c.number.desc(), THINGS.c.text).limit(bindparam("limit")),
    "limit",
    types=TYPES,
)
SENT = ALL.sent(DIALECT, {"limit": 1000})

Row = tuple[int | None, float | None, str | None, bytes | None, int | None, str | None]

rows = st.tuples(
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.floats(allow_nan=False),
    # SQLite keeps no text with half of a pair.
    st.none() | st.text(st.characters(exclude_categories=["Cs"])),
    st.none() | st.binary(),
    st.none() | st.integers(0, 1),
    st.none() | st.uuids().map(lambda ident: ident.hex),
)


@pytest.fixture(scope="module")
def raw() -> Iterator[sqlite3.Connection]:
    raw = sqlite3.connect(":memory:", isolation_level=None)
    raw.execute(
        'CREATE TABLE things (number BIGINT, "order" DOUBLE, text TEXT, data BLOB, flag BOOLEAN, ident CHAR(32))'
    )
    yield raw
    raw.close()


def put(raw: sqlite3.Connection, rows: Sequence[Row]) -> None:
    raw.execute("DELETE FROM things")
    raw.executemany("INSERT INTO things VALUES (?, ?, ?, ?, ?, ?)", rows)


def shown(columns: Columns) -> list[str]:
    """What tells minus zero from zero, and 1 from 1.0 and from True."""
    return [repr([*column]) for column in columns]


def plainly(raw: sqlite3.Connection, sent: Sent = SENT) -> Columns:
    """What the statement itself gives."""
    return transposed(rows_of(raw, sent), len(TYPES))


@given(found=st.lists(rows, max_size=8))
@example([(2**63 - 1, 0.1 + 0.2, 'a\0b"\\\n\u2028\x7f\x1f\U0001f600', b"\0\xff", 1, None)])
@example([(-(2**63), math.inf, "", b"", 0, None), (None, -0.0, None, None, None, "")])
@example([(1, 5e-324, "b", None, None, None), (1, 1.7976931348623157e308, "a", None, None, None)])
def test_whatever_is_stored(raw: sqlite3.Connection, found: list[Row]) -> None:
    put(raw, found)
    assert shown(read(raw)) == shown(plainly(raw))


@given(bits=st.lists(st.integers(0, 2**64 - 1), min_size=50, max_size=200))
def test_floating_point_numbers_are_exact(raw: sqlite3.Connection, bits: list[int]) -> None:
    numbers = (struct.unpack("<d", each.to_bytes(8, "little"))[0] for each in bits)
    put(raw, [(place, number, None, None, None, None) for place, number in enumerate(numbers)])
    assert shown(told(raw)) == shown(plainly(raw))


def test_shares_of_a_whole_are_exact(raw: sqlite3.Connection) -> None:
    shares = [100 * part / whole for whole in (3, 7, 365, 99_991) for part in range(0, whole, whole // 3)]
    put(raw, [(place, share, None, None, None, None) for place, share in enumerate(shares)])
    assert told(raw)[1] == shares[::-1]


def told(raw: sqlite3.Connection, sent: Sent = SENT) -> Columns:
    """The columns by that one row."""
    columns = told_if_it_can_be(raw, sent)
    assert columns is not None
    return columns


def told_if_it_can_be(raw: sqlite3.Connection, sent: Sent = SENT) -> Columns | None:
    assert sent.folded is not None
    asking = Unfolding(raw, sent.folded, sent.values)
    try:
        asking.ask()
        return asking.columns()
    finally:
        asking.close()


def read(raw: sqlite3.Connection) -> Columns:
    """The columns in one way or the other."""
    columns = told_if_it_can_be(raw)
    return plainly(raw) if columns is None else columns


@pytest.mark.parametrize("limit", [0, 1, 7, 100])
def test_the_order_is_that_of_the_statement(raw: sqlite3.Connection, limit: int) -> None:
    put(raw, [(place * 7919 % 101, None, str(place % 3), None, None, None) for place in range(100)])
    sent = ALL.sent(DIALECT, {"limit": limit})
    found = told(raw, sent)
    assert shown(found) == shown(plainly(raw, sent))
    assert found[0] == sorted((place * 7919 % 101 for place in range(100)), reverse=True)[:limit]


@pytest.mark.parametrize("wrong", ["x'00ff'", "CAST(x'ff41' AS TEXT)"], ids=["bytes", "no-encoding"])
def test_what_cannot_be_told_is_what_it_is_without(raw: sqlite3.Connection, wrong: str) -> None:
    put(raw, [(1, 0.5, "a", None, None, None)])
    raw.execute(f"UPDATE things SET text = {wrong}")
    assert told_if_it_can_be(raw) is None
    assert _outcome(raw, lambda: read(raw)) == _outcome(raw, lambda: plainly(raw))


def _outcome(raw: sqlite3.Connection, read: Callable[[], Columns]) -> list[str] | str:
    """What is read, or what is said of it."""
    try:
        return shown(read())
    except sqlite3.Error as error:
        return str(error)


def test_what_is_too_long_for_one_text_is_read_by_rows(raw: sqlite3.Connection) -> None:
    put(raw, [(place, None, "a" * 1000, None, None, None) for place in range(20)])
    limit = raw.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 10_000)
    try:
        assert [len(column) for column in read(raw)] == [20] * len(TYPES)
        assert told_if_it_can_be(raw) is None
    finally:
        raw.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, limit)


def test_a_statement_that_is_interrupted_is_not_asked_again(raw: sqlite3.Connection) -> None:
    put(raw, [(place, None, "a", None, None, None) for place in range(20)])
    asked: list[str] = []
    raw.set_trace_callback(asked.append)
    raw.set_progress_handler(lambda: 1, 1)
    try:
        with pytest.raises(sqlite3.OperationalError, match="interrupted"):
            read(raw)
        assert len(asked) == 1
    finally:
        raw.set_progress_handler(None, 0)
        raw.set_trace_callback(None)


def test_the_state_of_a_connection_that_is_closed_is_given_up() -> None:
    raw = sqlite3.connect(":memory:", isolation_level=None)
    raw.execute('CREATE TABLE things (number, "order", text, data, flag, ident)')
    assert SENT.folded is not None
    asking = Unfolding(raw, SENT.folded, SENT.values)
    asking.ask()
    raw.close()
    asking.close()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_the_columns_of_each_model_have_their_names(raw: sqlite3.Connection, model: type[Model]) -> None:
    """A name may be a word of SQL, and no row has more columns than a function takes."""
    plain = PlainRows(model)
    sent = Prepared(select(*plain.columns).limit(10), types=plain.types).sent(DIALECT, {})
    assert issubclass(model, models.Model)
    nothing = ", ".join(f'NULL AS "{name}"' for name in chain(plain.types))
    assert sent.folded is not None
    raw.execute(f"{sent.folded.text.partition(' FROM (')[0]} FROM (SELECT {nothing})").close()
