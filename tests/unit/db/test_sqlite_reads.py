"""Several statements of one snapshot are one turn of a thread, and whoever is cancelled leaves nothing behind."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Integer, bindparam, column, func, literal, select, table, text

from core.errors import Unavailable
from db import sqlite_reads
from db.engine import Engines
from db.prepared import Prepared
from tests.integration.waiting import until

THINGS = table("things", column("id", Integer))
COUNT = Prepared(select(func.count()).select_from(THINGS))


@pytest.fixture
async def engines(tmp_path: Path) -> AsyncIterator[Engines]:
    engines = Engines(f"sqlite+aiosqlite:///{tmp_path / 'a.db'}")
    async with engines.writing() as session:
        await session.execute(text("CREATE TABLE things (id INTEGER PRIMARY KEY)"))
    yield engines
    await engines.close()


async def add(engines: Engines) -> None:
    async with engines.writing() as session:
        await session.execute(text("INSERT INTO things DEFAULT VALUES"))


async def test_statements_of_one_snapshot_are_one_turn_and_are_counted(
    engines: Engines, turns: list[object]
) -> None:
    await engines.ask((COUNT, {}))
    turns.clear()
    before = engines.statements
    assert await engines.ask((COUNT, {}), (COUNT, {})) == [[(0,)], [(0,)]]
    assert len(turns) == 1
    assert engines.statements - before == 2


async def test_what_is_fresh_takes_no_turn(engines: Engines, turns: list[object]) -> None:
    assert await engines.ask((COUNT, {}), fresh=True) == [[(0,)]]
    turns.clear()
    for number in range(3):
        assert await engines.ask((COUNT, {}), (COUNT, {}), fresh=True) == [[(number,)], [(number,)]]
        assert turns == []
        await add(engines)
        turns.clear()


async def test_what_cannot_be_read_at_once_is_read_as_all_else(
    engines: Engines, turns: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    await engines.ask((COUNT, {}), fresh=True)
    await engines.ask((COUNT, {}))
    # As when another process tidies up behind one that was killed, and the file is nobody else's meanwhile.
    with monkeypatch.context() as patched:
        patched.setattr(sqlite_reads, "_read", busy_here(threading.get_ident()))
        turns.clear()
        assert await engines.ask((COUNT, {}), fresh=True) == [[(0,)]]
        assert len(turns) == 1
    assert await engines.ask((COUNT, {}), fresh=True) == [[(0,)]]


def busy_here(thread: int) -> Callable[..., Any]:
    """Read as ever, but in one thread the file is locked."""
    read = sqlite_reads._read

    def reading(*args: Any) -> Any:
        if threading.get_ident() == thread:
            raise sqlite3.OperationalError("database is locked")
        return read(*args)

    return reading


async def test_each_asking_sees_what_is_committed(engines: Engines) -> None:
    for number in range(3):
        assert await engines.ask((COUNT, {})) == [[(number,)]]
        await add(engines)


async def test_values_are_given_by_their_names(engines: Engines) -> None:
    for _ in range(3):
        await add(engines)
    above = Prepared(select(THINGS.c.id).where(THINGS.c.id > bindparam("place"), THINGS.c.id != 2), "place")
    assert await engines.ask((above, {"place": 1})) == [[(3,)]]


@pytest.mark.parametrize("fresh", [False, True], ids=["old", "fresh"])
async def test_a_failure_is_an_outage_and_the_next_asking_has_another_connection(
    engines: Engines, fresh: bool
) -> None:
    missing = Prepared(select(column("a")).select_from(table("missing")))
    with pytest.raises(Unavailable, match="no such table"):
        await engines.ask((COUNT, {}), (missing, {}), fresh=fresh)
    assert await engines.ask((COUNT, {}), fresh=fresh) == [[(0,)]]


async def test_whoever_is_cancelled_interrupts_the_statement(engines: Engines, turns: list[object]) -> None:
    await engines.ask((COUNT, {}))
    turns.clear()
    asking = asyncio.ensure_future(engines.ask((endless(), {})))
    await until(lambda: bool(turns))
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(10):
            await asking
    # No snapshot is held, in which the log could not be cut short.
    await add(engines)
    assert await engines.ask((COUNT, {})) == [[(1,)]]


async def test_those_that_ask_at_the_same_time_do_not_share_a_connection(engines: Engines) -> None:
    found = await asyncio.gather(*(engines.ask((COUNT, {})) for _ in range(20)))
    assert found == [[[(0,)]]] * 20


def endless() -> Prepared:
    """It counts without end."""
    numbers = select(literal(1).label("i")).cte("n", recursive=True)
    return Prepared(select(func.count()).select_from(numbers.union_all(select(numbers.c.i + 1))))
